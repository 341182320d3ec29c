"""One problem in one formulation by one backend: every polynomial system on record.

The record says of every system what was asked, what was found and how long it took, or why it was
not finished; and which list of minima it all came to. Recording changes no answer.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.crosscheck import EMBEDDED, LISTS
from reluenum.crosscheck.free import embedded_in_a_plane, free_result, measure_creases
from reluenum.crosscheck.recording import (
    FORMAT,
    VERSION,
    RecordingBackends,
    fingerprint,
    measurement_header,
    no_result,
    result_in,
)
from reluenum.documents.minima import minima_document
from reluenum.documents.results import read_step
from reluenum.engines.choice import engine_for
from reluenum.engines.creases.route import CreaseEngine
from reluenum.engines.eliminated.charts import charted_system, graph_system
from reluenum.engines.formulations import Formulation
from reluenum.engines.formulations import formulation as named_formulation
from reluenum.errors import BackendError, InputError, ReluenumError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import owner, patterns
from reluenum.geometry.supports import Support, support_text, supports
from reluenum.groebner.backends import Settings, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.landscape.equations import stationarity_system
from reluenum.problem import Problem

NUMERATORS = "eliminated, numerators"
"""The paper's own systems: numerators of the surrogate's gradient, without its denominator."""

Measurement = Mapping[str, Any]
"""The record of `measure`, as JSON has it."""

SYSTEMS: Mapping[str, Callable[[Problem, Support], PolynomialSystem]] = {
    "reduced": stationarity_system,
    "eliminated": graph_system,
}
"""What each formulation asks an engine about a support."""


def measure(
    problem: Problem, formulation: str, backend: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Solve every pattern of a problem through one backend and record every system.

    Parameters
    ----------
    problem : Problem
    formulation : str
        A key of `FORMULATIONS`, or one of `LISTS`.
    backend : str
        A key of `BACKENDS`; `auto` for `LISTS`.
    limits : Limits
        Of the backend on one system.

    Returns
    -------
    dict
        `systems`, one record each; `enumeration` and `components` of the minima's document, None
        after a failure; `undecided`, the supports that are; `failures`, what contradicted a
        theorem; `seconds`, from the first pattern to the last component.

    Raises
    ------
    InputError
        If formulation or backend are unknown.
    BackendError
        If the backend is not installed; the reason says how to get it.
    """
    if formulation in LISTS:
        return measure_list(problem, formulation, limits)
    if problem.upper:
        from reluenum.crosscheck.layers import measure_layers  # slow to import

        return measure_layers(problem, formulation, backend, limits)
    if problem.has_free_hidden_bias:
        return measure_creases(problem, formulation, backend, limits)
    route, geometry = named_formulation(formulation), Geometry.of(problem)
    name = _names_of_supports(geometry, SYSTEMS.get(formulation))
    with RecordingBackends.of(backend, limits) as backends:
        started = time.perf_counter()
        solve = route.solver(geometry, backends)
        outcomes, failures, origin = [], [], []
        for pattern in patterns(geometry.arrangement, problem.width):
            try:
                outcomes += solve(pattern)
            except ReluenumError as error:
                failures.append(f"pattern {pattern}: {error}")
            origin += [str(pattern)] * (len(backends.asked) - len(origin))
        result = _result(geometry, route, outcomes, failures)
        seconds = time.perf_counter() - started
        systems = [
            {"pattern": pattern, "support": name(asked.system, pattern), **asked.to_document()}
            for pattern, asked in zip(origin, backends.asked, strict=True)
        ]
        return {
            **measurement_header(problem, formulation, backend, backends),
            "systems": systems,
            **result,
            "seconds": seconds,
        }


def refuse_unmeasurable(problem: Problem) -> None:
    """Refuse a problem that is too large for the slowest way to solve it, one system a support.

    Raises
    ------
    TooManySupportsError
    """
    slowest = CreaseEngine() if problem.has_free_hidden_bias else engine_for(problem, "groebner")
    slowest.refuse_astronomical(problem)


def measure_list(problem: Problem, engine: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Run an engine of `LISTS` on a problem: no systems, only minima.

    Returns
    -------
    dict
        A measurement of it by `auto`.

    Raises
    ------
    InputError
        If it is none for the problem.
    """
    with open_backends("auto", limits) as backends:
        head = measurement_header(problem, engine, "auto", backends)
    posed, name = problem, engine
    if engine == EMBEDDED:
        posed, name = embedded_in_a_plane(problem), "certified"
    way, settings = engine_for(posed, name), Settings(limits=limits)
    started = time.perf_counter()
    try:
        found = way.landscape(posed, settings)
        if problem.has_free_hidden_bias:
            result = free_result(found, problem.dimension)
        else:
            result = result_in(minima_document(found))
    except InputError:
        raise
    except ReluenumError as error:
        result = no_result([str(error)])
    return {**head, "systems": [], **result, "seconds": time.perf_counter() - started}


def measure_numerators(
    problem: Problem, backend: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Solve the paper's own systems of a problem through one backend: all supports, no minima.

    The variables are kappa and tau, the denominator must not vanish (`charts.charted_system`).
    Only solving is timed, not writing the systems down.

    Returns
    -------
    dict
        A measurement of the formulation `NUMERATORS`.
    """
    arrangement = Arrangement.of(problem)
    with RecordingBackends.of(backend, limits) as backends:
        systems = []
        for support in supports(arrangement, problem.width):
            with suppress(BackendError):
                backends.solutions(charted_system(problem, support))
            pattern = str(owner(support, problem.width))
            record = backends.asked[-1].to_document()
            systems.append({"pattern": pattern, "support": support_text(support), **record})
        return {
            **measurement_header(problem, NUMERATORS, backend, backends),
            "systems": systems,
            **no_result([]),
            "seconds": sum(asked.seconds for asked in backends.asked),
        }


def _names_of_supports(
    geometry: Geometry,
    write: Callable[[Problem, Support], PolynomialSystem] | None,
) -> Callable[[PolynomialSystem, str], str]:
    """Return a function that names the support whose equations a system has, or says nothing.

    Symmetric data give several supports the same equations; one that the pattern owns is preferred.
    """
    known: dict[str, list[Support]] = defaultdict(list)
    for support in supports(geometry.arrangement, geometry.problem.width) if write else ():
        known[fingerprint(write(geometry.problem, support))].append(support)

    def name(system: PolynomialSystem, pattern: str) -> str:
        found = known.get(fingerprint(replace(system, nonzero=())), [])
        owned = [s for s in found if str(owner(s, geometry.problem.width)) == pattern]
        return support_text((owned or found or [()])[0])

    return name


def _result(
    geometry: Geometry,
    route: Formulation,
    outcomes: Sequence[Any],
    failures: Sequence[str],
) -> dict[str, Any]:
    """Return what all outcomes together amount to."""
    if failures:
        return no_result(failures)
    try:
        landscape = route.certify(route.merge(geometry, outcomes), geometry)
        document = minima_document(landscape)
    except ReluenumError as error:
        return no_result([str(error)])
    return result_in(document)


def read_measurement(path: str | Path) -> Measurement:
    """Read what `measure` recorded.

    Raises
    ------
    IncompleteRunError
        If the file holds something else.
    """
    return read_step(path, (FORMAT, VERSION))


Run = tuple[str, str]
"""A formulation and a backend."""


def run_of(measurement: Measurement) -> Run:
    """Return the formulation and the backend of a measurement."""
    return measurement["formulation"], measurement["backend"]


def unfinished(measurement: Measurement) -> list[Mapping[str, Any]]:
    """Return the systems that the backend did not finish."""
    return [system for system in measurement["systems"] if "reason" in system]


def is_complete(measurement: Measurement) -> bool:
    """Whether a measurement has a list of minima and every support is decided."""
    counts = measurement["enumeration"]
    return counts is not None and counts["undecided"] == 0
