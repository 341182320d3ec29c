"""A batch of a sweep: its records and documents in archives, and its rows of the tables."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pandas as pd

from reluenum.basins.disconnectivity import disconnectivity
from reluenum.datasets.families import to_csv
from reluenum.documents.archive import members_of, read_archive, write_archive
from reluenum.documents.files import write_text
from reluenum.documents.parquet import write_frame
from reluenum.documents.results import to_json
from reluenum.documents.seals import parsed_json
from reluenum.engines.choice import engine_for
from reluenum.engines.series import series_of
from reluenum.errors import BackendError
from reluenum.experiments.checks import proved
from reluenum.experiments.instances import batch_instances
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import basin_rows, radius_rows, step_tables
from reluenum.experiments.steps import problem_of
from reluenum.groebner.backends import Settings
from reluenum.paths.stability.radii import stability
from reluenum.problem import Problem
from reluenum.views.components import minima_csv
from reluenum.views.sweep_tables import BASINS, RADII, examined_kind, frame

DOCUMENT = "minima.json"
"""Name of a document within the folder of its instance."""


@dataclass
class Step:
    """What the examination of one size adds to a batch.

    Parameters
    ----------
    records : dict
        The records of that size by series, for larger sizes.
    documents : dict
        The documents of the width of that size by name of the instance.
    seconds : dict
        Wall time of records and document, by name of the instance.
    """

    records: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)


def examine_size(
    spec: Mapping[str, Any],
    size: int | list[int],
    earlier: Sequence[Path],
    settings: Settings,
    certificates: bool,
) -> Step:
    """Examine the supports of one size of every data set of a batch, and list the minima.

    Parameters
    ----------
    spec : dict
        See `reluenum.experiments.instances.Batch`.
    size : int or list of int
        Also the width of the documents, or those of several hidden layers.
    earlier : sequence of Path
        The archives of records of all smaller sizes, by size.
    settings : Settings
    certificates : bool
        Whether documents of the certified engine keep their certificates.

    Raises
    ------
    IncompleteRunError
        If an archive is damaged, or of another batch.
    InputError
        If a data set cannot be read.
    """
    instances = batch_instances(spec, size)
    names = [series_name(instance) for instance in instances]
    known = zip(*(members_of(path, names) for path in earlier), strict=True) if earlier else ()
    step = Step()
    for instance, name, records in zip(instances, names, known or [()] * len(names), strict=True):
        series = series_of(problem_of(instance), spec["engine"], settings)
        start = perf_counter()
        step.records[name] = series.examine(size, records)
        middle = perf_counter()
        document = series.document(size, [*records, step.records[name]])
        end = perf_counter()
        if not certificates:
            document.pop("certificate", None)
        step.documents[instance_name(instance)] = document
        step.seconds[instance_name(instance)] = (middle - start, end - middle)
    return step


def examine_batch(
    spec: Mapping[str, Any],
    size: int | list[int],
    earlier: Sequence[Path],
    settings: Settings,
    certificates: bool,
    force: bool,
    outputs: Mapping[str, Path],
) -> None:
    """Examine a batch (see `examine_size`), and write archives and rows of tables.

    The files are `records` and `documents`, and `instances`, `components` and `times`.

    Raises
    ------
    TooManySupportsError
        If an instance is astronomical, unless forced.
    """
    if not force:
        refuse_large(spec, size)
    step = examine_size(spec, size, earlier, settings, certificates)
    tables = step_tables(batch_instances(spec, size), step.documents, step.seconds)
    undecided = tables["instances"]["undecided"].sum()
    kind = examined_kind(tables["instances"])
    logging.info("%d data sets, %d %s undecided", len(step.documents), undecided, kind)
    for name, table in tables.items():
        write_frame(outputs[name], table)
    write_archive(outputs["documents"], document_members(step.documents))
    write_archive(outputs["records"], step.records)


def refuse_large(spec: Mapping[str, Any], size: int | list[int]) -> None:
    """Refuse a batch with an astronomical instance, by the limit of its engine.

    Raises
    ------
    TooManySupportsError
    """
    for instance in batch_instances(spec, size):
        problem = problem_of(instance)
        engine_for(problem, spec["engine"]).refuse_astronomical(problem)


def series_name(instance: Mapping[str, Any]) -> str:
    """Return what tells the data sets of a batch apart."""
    return f"seed{instance['parameters'].get('seed', '_given')}"


def document_members(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Return documents as members of an archive: a folder for each instance."""
    return {
        f"{name}/{DOCUMENT}": to_json(document).encode() for name, document in documents.items()
    }


def read_documents(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the documents of an archive with the names of their instances.

    Raises
    ------
    IncompleteRunError
        If the archive is damaged.
    """
    for member, content in read_archive(path).items():
        yield member.removesuffix(f"/{DOCUMENT}"), parsed_json(content, path)


def basins_of_batch(path: Path, settings: Settings) -> pd.DataFrame:
    """Return the rows that the disconnectivity graphs of an archive of documents give.

    Parameters
    ----------
    path : Path
    settings : Settings

    Returns
    -------
    DataFrame
        With the columns `sweep_tables.BASINS`; none of an instance with undecided supports, or
        where the backends do not tell which of two losses is larger.
    """
    rows: list[dict[str, Any]] = []
    for name, document in read_documents(path):
        if not document["complete"]:
            continue
        try:
            rows += basin_rows(name, disconnectivity(document, settings))
        except BackendError as error:
            logging.warning("%s: no tree: %s", name, error)
    return frame(rows, BASINS)


def radii_of_batch(path: Path, settings: Settings) -> pd.DataFrame:
    """Return the rows that the stability of an archive of documents gives.

    Parameters
    ----------
    path : Path
    settings : Settings

    Returns
    -------
    DataFrame
        With the columns `sweep_tables.RADII`; none of an instance with undecided supports.
    """
    rows: list[dict[str, Any]] = []
    for name, document in read_documents(path):
        if document["complete"]:
            rows += radius_rows(name, stability(document, settings=settings))
    return frame(rows, RADII)


def unfold(path: Path, folder: Path) -> list[str]:
    """Give every instance of an archive a folder of its own, and return their names.

    Parameters
    ----------
    path : Path
        An archive of documents.
    folder : Path
        Gets a folder for each, with `minima.json`, `minima.csv` and `data.csv`.
    """
    names = []
    for name, document in read_documents(path):
        home = folder / name
        home.mkdir(parents=True, exist_ok=True)
        problem = Problem.from_document(document["problem"])
        write_text(home / "data.csv", to_csv(problem.inputs, problem.targets, problem.weights))
        write_text(home / "minima.csv", minima_csv(document))
        write_text(home / DOCUMENT, to_json(document))
        names.append(name)
    return names


def checked(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of every instance of an archive, and what its certificate proves.

    Raises
    ------
    IncompleteRunError
        If a certificate does not prove its document. One that claims no completeness is told of.
    """
    with TemporaryDirectory(prefix="reluenum-") as folder:
        for name, document in read_documents(path):
            file = Path(folder, DOCUMENT)
            file.write_text(to_json(document), encoding="utf-8")
            yield name, proved(file, name, attrgetter("summary"))
