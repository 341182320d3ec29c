"""The contract's JSON document: writing, reading, and never half a file."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flint import fmpz

from reluenum.algebra.decimals import decimal_text, enclosing_interval
from reluenum.documents.deep import (
    deep_component_record,
    deep_enumeration,
    deep_point_record,
    deep_undecided_records,
)
from reluenum.documents.faces import LIST
from reluenum.documents.files import replaced_file, write_text
from reluenum.documents.hinges import crease_component_record, hinge_component_record
from reluenum.documents.results import to_json
from reluenum.documents.seals import check_kind, read_json
from reluenum.errors import IncompleteRunError
from reluenum.geometry.patterns import Counts
from reluenum.geometry.supports import support_text
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.components import Component, Stratum
from reluenum.landscape.landscape import CertifiedLandscape, StationaryRow, Tally, Undecided
from reluenum.problem import OutputBias, refuse_layers

FORMAT = LIST

VERSION = 1

BASINS = "reluenum-basins", 1
"""Format and version of a document of basins, which has the list of minima inside."""

BY_BOXES, BY_CONES = "reluenum-boxes", "reluenum-cones"
"""Formats of certificates that cover directions by boxes, for inputs on a line and others, and
have records of what is left only."""


def header(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first records of a document of minima."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "software": installed_versions(),
        "problem": dict(problem),
    }


def minima_document(landscape: CertifiedLandscape) -> dict[str, Any]:
    """Return the document of a landscape, as the contract describes it."""
    record, enumeration, left = component_record, _enumeration, undecided_records
    if landscape.problem.upper:
        record, enumeration, left = deep_component_record, deep_enumeration, deep_undecided_records
    if landscape.problem.has_free_hidden_bias:
        on_line = landscape.problem.dimension == 1
        record = hinge_component_record if on_line else crease_component_record
    document: dict[str, Any] = {
        **header(landscape.problem.to_document()),
        "enumeration": {
            **enumeration(landscape.counts, landscape.tally),
            "undecided": len(landscape.undecided),
        },
        "complete": landscape.is_complete,
        "completeness": landscape.completeness.value,
        "components": [record(component) for component in landscape.components],
    }
    if landscape.sign_matrices is not None:
        document["sign_matrices"] = dict(landscape.sign_matrices)
    document |= left(landscape.undecided)
    if landscape.stages is not None:
        document["decided_by"] = dict(landscape.stages)
    if landscape.certificate is not None:
        document["certificate"] = dict(landscape.certificate)
    return document


def _enumeration(counts: Counts, tally: Tally) -> dict[str, Any]:
    supports = counts.supports_examined
    examined: dict[str, Any] = {"supports_examined": supports, "stationary": tally.stationary}
    if tally.boxes is not None:
        examined = {"supports": supports, "boxes": tally.boxes, "leaves": tally.leaves}
    return {
        "sign_matrices": str(fmpz(counts.sign_matrices)),
        "realisable_patterns": counts.realisable_patterns,
        "patterns_up_to_permutation": counts.patterns_up_to_permutation,
        **examined,
        "locally_minimal": tally.locally_minimal,
    }


def component_record(component: Component) -> dict[str, Any]:
    """Return the record of a component."""
    problem, representative = component.problem, component.representative
    inputs = problem.dimension
    units = [[decimal_text(entry) for entry in unit] for unit in representative.units]
    record: dict[str, Any] = {
        "dimension": component.dimension,
        "loss": decimal_text(component.loss),
        "loss_interval": [str(end) for end in enclosing_interval(component.loss)],
        "on_boundary": component.on_boundary,
        "global_at_width": component.global_at_width,
        "global_at_every_width": component.global_at_every_width,
        "orbit_size": component.orbit_size,
        "strata": [_stratum_record(stratum) for stratum in component.strata],
        "representative": {
            "a": [decimal_text(weight) for weight in representative.weights],
            "B": [unit[:inputs] for unit in units],
            **({"c": [unit[inputs] for unit in units]} if problem.has_hidden_bias else {}),
        },
    }
    if problem.has_linear:
        record["representative"]["beta"] = list(map(decimal_text, representative.linear))
    if problem.output_bias is not OutputBias.NONE:
        record["representative"]["m"] = decimal_text(representative.bias)
    return record


def _stratum_record(stratum: Stratum) -> dict[str, Any]:
    return {
        "dimension": stratum.dimension,
        "support": [
            {
                "face": group.face.signs,
                "sign": group.sign,
                "multiplicity": group.multiplicity,
                "sum_a_squared": decimal_text(group.square),
                "direction": [decimal_text(entry) for entry in group.direction],
            }
            for group in stratum.groups
        ],
        "zero_neurons": stratum.zero_neurons,
    }


def undecided_records(undecided: Sequence[Undecided]) -> dict[str, Any]:
    """Return what a document says of supports that stayed undecided, nothing without any."""
    records = [{"support": support_text(u.support), "reason": u.reason} for u in undecided]
    return {"undecided": records} if records else {}


def stationary_document(landscape: CertifiedLandscape) -> dict[str, Any]:
    """Return every stationary point with its verdict and, if rejected, its witness."""
    record = deep_point_record if landscape.problem.upper else _point_record
    return {
        **header(landscape.problem.to_document()),
        "format": "reluenum-stationary",
        "points": [record(point) for point in landscape.points],
    }


def _point_record(point: StationaryRow) -> dict[str, Any]:
    witness = point.witness
    return {
        "support": support_text(point.support),
        "signs": list(point.signs),
        "zero_neurons": point.with_zero_units,
        "loss": decimal_text(point.loss),
        "minimum": point.is_minimum,
        "descent": None if witness is None else witness.to_document(),
    }


def read_minima(path: str | Path, deep: bool = False) -> dict[str, Any]:
    """Read a document of minima, be it that inside a document of basins.

    Parameters
    ----------
    path : str or Path
    deep : bool
        Whether it may be about several hidden layers.

    Raises
    ------
    IncompleteRunError
        If the file is none, or of another version.
    InputError
        If it is about several hidden layers and must not be.
    """
    document = check_listed(read_json(path), path)
    return document if deep else in_one_layer(document)


def check_listed(document: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    """Return the list of minima that a document is, or has inside.

    Raises
    ------
    IncompleteRunError
        If there is none, or one of another version.
    """
    found = listed_minima(document)
    check_kind(found, (FORMAT, VERSION), path)
    return found


def in_one_layer(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document of minima that is about one hidden layer.

    Raises
    ------
    InputError
        If it is about several.
    """
    refuse_layers(document["problem"].get("hidden", [1]))
    return document


def listed_minima(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list of minima inside a document of basins; another document as it is."""
    inside = (document.get("format"), document.get("version")) == BASINS
    found = document.get("minima") if inside else document
    return dict(found) if isinstance(found, Mapping) else {}


def certificate_path(output: Path) -> Path:
    """Return where the certificate of a document goes if it is large."""
    return output.with_name(f"{output.name.removesuffix('.json')}.certificate.parquet")


def write_minima(path: Path, document: Mapping[str, Any], folder: Path | None = None) -> None:
    """Write a document of minima, or of basins; a certificate beside it goes along.

    Parameters
    ----------
    path : Path
    document : dict
    folder : Path, optional
        Where the file of its certificate lies, if it is not inside.

    Raises
    ------
    IncompleteRunError
        If that file is missing.
    """
    listed = document.get("minima", document)
    certificate = listed.get("certificate", {})
    if folder is not None and "file" in certificate:
        source, beside = folder / Path(certificate["file"]).name, certificate_path(path)
        if source.resolve() != beside.resolve():
            _copy(source, beside)
        listed = {**listed, "certificate": {**certificate, "file": beside.name}}
        document = {**document, "minima": listed} if "minima" in document else listed
    write_text(path, to_json(document))


def _copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    if not source.is_file():
        raise IncompleteRunError(f"{source}, the certificate: No such file or directory")
    with replaced_file(target) as temporary:
        shutil.copyfile(source, temporary)


ALL = "all"
"""What stands for the width."""
