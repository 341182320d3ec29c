"""Free hidden biases by one backend, on record; and what every engine says of inputs on a line."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flint import fmpq

from reluenum.crosscheck.recording import Part, measured_parts, result_in
from reluenum.documents.hinges import crease_component_record, hinge_component_record
from reluenum.documents.minima import minima_document, undecided_records
from reluenum.documents.results import to_json
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.route import crease_landscape, crease_systems
from reluenum.engines.formulations import REDUCED
from reluenum.errors import InputError
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.landscape.hinges import HingeComponent
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

KEPT = (
    *("dimension", "loss", "loss_interval", "on_boundary", "global_at_width"),
    *("global_at_every_width", "orbit_size", "unbounded"),
)
"""What records of components of all engines have to agree on, besides their strata."""


def measure_creases(
    problem: Problem, formulation: str, backend: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Solve every support of creases through one backend and record every system.

    Parameters
    ----------
    problem : Problem
        With free hidden biases, and inputs of any dimension.
    formulation : str
        That of penalised biases without elimination: the equations of creases have its name.
    backend : str
        A key of `BACKENDS`.
    limits : Limits
        Of the backend on one system.

    Returns
    -------
    dict
        As `measure` does; `support` has the signs of creases, `pattern` the same with units at
        their bends counted as active.

    Raises
    ------
    InputError
        If there is no such formulation of free hidden biases, or no such backend.
    """
    if formulation != REDUCED.name:
        found = f"{formulation} with hidden_bias free"
        raise InputError("formulation", found, f"{REDUCED.name}, or the certified engine")
    creases = Creases(problem)
    joined = lambda solved: free_result(crease_landscape(creases, solved))  # noqa: E731
    return measured_parts(problem, formulation, backend, limits, _crease_parts(creases), joined)


def _crease_parts(creases: Creases) -> Iterator[Part]:
    for one in crease_systems(creases, creases.problem.width):
        text = "|".join(crease.face.signs for crease in one.support)
        place = {"pattern": text.replace("0", "+"), "support": text}
        yield f"support {text}", place, one.solved


def free_result(landscape: CertifiedLandscape, columns: int | None = None) -> dict[str, Any]:
    """Return what a measurement takes from a list of minima with free hidden biases.

    Engines for inputs on a line choose other networks to stand for a component, and count other
    sets; so of these only what does not depend on it is kept.

    Parameters
    ----------
    landscape : CertifiedLandscape
    columns : int, optional
        Of the inputs that are meant, if those of the landscape have been embedded.
    """
    if (columns or landscape.problem.dimension) > 1:
        return result_in(minima_document(landscape))
    components = [_in_common(_record_of(one)) for one in landscape.components]
    left = undecided_records(landscape.undecided).get("undecided", ())
    return {
        "enumeration": {
            "stationary": None,
            "locally_minimal": landscape.tally.locally_minimal,
            "undecided": len(landscape.undecided),
        },
        "components": sorted(components, key=lambda c: (Decimal(c["loss"]), to_json(c))),
        "undecided": [entry["support"] for entry in left],
        "failures": [],
    }


def _record_of(component: Any) -> dict[str, Any]:
    """Return the record of a component, of whichever engine."""
    if isinstance(component, HingeComponent):
        return hinge_component_record(component)
    return crease_component_record(component)


def _in_common(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what does not depend on the engine, in an order that does not either."""
    strata = [_stratum_in_common(stratum) for stratum in record["strata"]]
    return {key: record[key] for key in KEPT} | {"strata": sorted(strata, key=to_json)}


def _stratum_in_common(stratum: Mapping[str, Any]) -> dict[str, Any]:
    """Return the units of a stratum, with their sizes where these are no choice."""
    keys = ["face", "sign", "multiplicity"]
    keys += ["sum_a_squared"] if stratum["dimension"] == 0 else []
    units = [{key: unit[key] for key in keys} for unit in stratum["support"]]
    return {**stratum, "support": sorted(units, key=to_json)}


def embedded_in_a_plane(problem: Problem) -> Problem:
    """Return the problem whose inputs have a further column of zeros.

    It has the same minima, and another engine.

    Raises
    ------
    InputError
        If hidden biases are penalised, or inputs have several columns already.

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> posed = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5, **free)
    >>> embedded_in_a_plane(posed).inputs
    ((0, 0), (1, 0))
    """
    if not problem.has_free_hidden_bias or problem.dimension > 1:
        found = "embedded" if problem.has_free_hidden_bias else "embedded with penalised biases"
        raise InputError("formulation", found, "inputs on a line, and hidden_bias free")
    return replace(problem, inputs=tuple((*row, fmpq(0)) for row in problem.inputs), names=None)
