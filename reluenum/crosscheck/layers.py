"""A network with several hidden layers by one backend, on record."""

import time
from typing import Any

from reluenum.crosscheck.recording import (
    RecordingBackends,
    measurement_header,
    no_result,
    result_in,
)
from reluenum.documents.minima import minima_document
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.formulations import REDUCED
from reluenum.engines.layers import LayerEngine, examined_outcome
from reluenum.errors import InputError, ReluenumError
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
    with RecordingBackends.of(backend, limits) as backends:
        started = time.perf_counter()
        examined, failures, places = [], [], []
        for stratum in strata(problem):
            try:
                examined.append(examined_outcome(solve_stratum(problem, stratum, backends)))
            except ReluenumError as error:
                failures.append(f"stratum {stratum.text}: {error}")
            pattern = ",".join(stratum.layers[-1]).replace("0", "+")
            place = {"pattern": pattern, "support": stratum.text}
            places += [place] * (len(backends.asked) - len(places))
        result = no_result(failures)
        if not failures:
            result = result_in(minima_document(LayerEngine().joined(problem, examined)))
        seconds = time.perf_counter() - started
        return {
            **measurement_header(problem, formulation, backend, backends),
            "systems": [
                place | asked.to_document()
                for place, asked in zip(places, backends.asked, strict=True)
            ],
            **result,
            "seconds": seconds,
        }
