"""A network with several hidden layers by one backend, on record."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from reluenum.crosscheck.recording import Part, measured_parts, result_in
from reluenum.documents.minima import minima_document
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.formulations import REDUCED
from reluenum.engines.layers import Examined, LayerEngine, examined_outcome
from reluenum.errors import InputError
from reluenum.groebner.backends import Backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.problem import Problem


def measure_layers(
    problem: Problem, formulation: str, backend: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Solve every stratum of a problem through one backend and record every system.

    Parameters
    ----------
    problem : Problem
    formulation : str
        That of one hidden layer without elimination: the equations of strata have its name.
    backend : str
        A key of `BACKENDS`.
    limits : Limits
        Of the backend on one system.

    Returns
    -------
    dict
        As `measure` does; `support` is the text of a stratum, `pattern` the signs of its last
        layer.

    Raises
    ------
    InputError
        If there is no such formulation of several hidden layers, or no such backend.
    """
    if formulation != REDUCED.name:
        found = f"{formulation} with {len(problem.hidden)} hidden layers"
        raise InputError("formulation", found, f"{REDUCED.name}, or the certified engine")
    joined = lambda found: result_in(minima_document(LayerEngine().joined(problem, found)))  # noqa: E731
    return measured_parts(problem, formulation, backend, limits, _stratum_parts(problem), joined)


def _stratum_parts(problem: Problem) -> Iterator[Part]:
    for stratum in strata(problem):
        pattern = ",".join(stratum.layers[-1]).replace("0", "+")
        place = {"pattern": pattern, "support": stratum.text}
        yield f"stratum {stratum.text}", place, partial(_examined_stratum, problem, stratum)


def _examined_stratum(problem: Problem, stratum: DeepStratum, backends: Backends) -> Examined:
    return examined_outcome(solve_stratum(problem, stratum, backends))
