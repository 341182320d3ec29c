"""`reluenum descend`: what optimisers find, explained by a list of minima."""

import argparse
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from reluenum.cli.exits import DECIDED, FAILED, UNDECIDED, stopped
from reluenum.cli.options import (
    add_bar,
    chosen,
    progress_of,
    reading,
    whole_number,
    writable,
    writable_figure,
    write,
)
from reluenum.errors import InputError

NAMES = (
    *("gd", "sgd", "adam", "lbfgs"),
    *("torch-gd", "torch-sgd", "torch-adam", "torch-lbfgs"),
)
"""The optimisers, for the help; those of PyTorch need the extra `torch`."""

MOST_STARTS = 100_000


def add_descend(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", metavar="MINIMA.json", help="a document that `reluenum minima` wrote")
    add("--starts", metavar="N", default="100", help="random starts (default: 100)")
    add("--optimisers", metavar="A,B", help=f"out of {', '.join(NAMES)} (default: the first four)")
    add("--steps", metavar="N", help="steps of every run (default: the usual number of each)")
    add("--seed", metavar="S", default="0", help="seed of the starts (default: 0)")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add("--table", metavar="FILE.csv", help="write a row for each run there")
    add("--figure", metavar="FILE.svg", help="draw where the runs end there (svg, png, pdf)")
    add("--force", action="store_true", help="start however many supports there are")
    add_bar(parser)


def run_descend(options: argparse.Namespace) -> int:
    """Run optimisers, explain their end points, and write document, table and figure."""
    from reluenum.documents.minima import read_minima
    from reluenum.documents.results import to_json
    from reluenum.optimisers import OPTIMISERS
    from reluenum.optimisers.studies.runs import LOCAL, Descents, descents

    optimisers = LOCAL
    if options.optimisers is not None:
        optimisers = tuple(chosen("--optimisers", options.optimisers, list(OPTIMISERS)))
    settings = Descents(
        optimisers,
        whole_number(options.starts, "--starts", most=MOST_STARTS),
        whole_number(options.seed, "--seed", least=0),
        None if options.steps is None else whole_number(options.steps, "--steps"),
    )
    output = writable(options.output, options.file)
    table = writable(options.table, options.file, "--table")
    figure = writable_figure(options.figure, options.file)
    with reading(options.file, "a document of `reluenum minima`"):
        minima = read_minima(options.file, deep=True)
        _check_document(minima, options.file, options.force)
    document = descents(minima, settings, progress=progress_of(options))
    write(output, to_json(document))
    _write_views(document, table, figure)
    return _conclusion(document)


def _check_document(minima: Mapping[str, Any], file: str, force: bool) -> None:
    """Refuse a document about all widths, and one that is damaged, before any work is done."""
    from reluenum.documents.labels import layers_label, support_label
    from reluenum.geometry.sizes import CERTIFIED_SUPPORT_LIMIT as SUPPORT_LIMIT
    from reluenum.geometry.sizes import refuse_astronomical
    from reluenum.optimisers.deep_explain import listed_points
    from reluenum.optimisers.explain import listed_components
    from reluenum.problem import Problem

    if minima["problem"].get("width") == "all":
        raise InputError("FILE", f"{file} is about every width", "one about one width")
    problem = Problem.from_document(minima["problem"])
    deep = bool(problem.upper)
    if not (force or deep):
        refuse_astronomical(problem, SUPPORT_LIMIT)
    (listed_points if deep else listed_components)(minima["components"])
    for component in minima["components"]:
        whole_number(str(component["dimension"]), "dimension", least=0)
        if deep:
            layers_label(component["layers"])
        else:
            support_label(component["strata"][0]["support"])
        ranks = {component["on_boundary"], component["global_at_width"], minima["complete"]}
        if not (ranks <= {True, False, None} and isfinite(float(component["loss"]))):
            raise ValueError


def _write_views(document: Mapping[str, Any], table: Path | None, figure: Path | None) -> None:
    """Write a table and a figure of the runs."""
    if table is not None:
        from reluenum.views.optimisers import runs_csv

        write(table, runs_csv(document))
    if figure is not None:
        from reluenum.figures import plot_basins, save_figure

        save_figure(plot_basins(document), figure.with_suffix(""), [figure.suffix[1:]])


def _conclusion(document: Mapping[str, Any]) -> int:
    """Say in one line if an end point is a minimum that the list lacks, or unexplained."""
    from reluenum.optimisers.studies.runs import missing, unexplained

    if lacking := missing(document):
        reason = "" if document["complete"] else " (which does not claim to be complete)"
        return stopped(f"end points at minima missing from the list{reason}: {lacking}", FAILED)
    if riddles := unexplained(document):
        return stopped(
            f"unexplained end points, with reasons in the document: {riddles}", UNDECIDED
        )
    return DECIDED
