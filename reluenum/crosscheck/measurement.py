"""One problem in one formulation by one backend: every polynomial system on record.

The record says of every system what was asked, what was found and how long it took, or why it was
not finished; and which list of minima it all came to. Recording changes no answer.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from flint import fmpq_poly

from reluenum.algebra.bases import Solutions, canonical
from reluenum.algebra.numberfield import real_roots
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.documents.minima import minima_document
from reluenum.documents.results import read_step
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.eliminated.charts import charted_system, graph_system
from reluenum.engines.formulations import Formulation
from reluenum.engines.formulations import formulation as named_formulation
from reluenum.errors import BackendError, InputError, ReluenumError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import owner, patterns
from reluenum.geometry.supports import Support, support_text, supports
from reluenum.groebner.backends import BACKENDS, Backends, Settings, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.equations import stationarity_system
from reluenum.problem import Problem

FORMAT, VERSION = "reluenum-measurement", 1

NUMERATORS = "eliminated, numerators"
"""The paper's own systems: numerators of the surrogate's gradient, without its denominator."""

CERTIFIED = "certified"
"""The certified engine, which asks no system of polynomials."""

Measurement = Mapping[str, Any]
"""The record of `measure`, as JSON has it."""

SYSTEMS: Mapping[str, Callable[[Problem, Support], PolynomialSystem]] = {
    "reduced": stationarity_system,
    "eliminated": graph_system,
}
"""What each formulation asks an engine about a support."""

WARM_UP = PolynomialSystem(("x",), (ring(("x",)).gen(0) - 1,))
"""Solved before the clock starts, so that no system pays for starting a helper process."""


@dataclass(frozen=True)
class Asked:
    """One question to an engine, and its answer.

    Parameters
    ----------
    system : PolynomialSystem
    seconds : float
        Wall time until the answer.
    found : Solutions, optional
        None if the engine did not finish.
    reason : str
        Why it did not.
    """

    system: PolynomialSystem
    seconds: float
    found: Solutions | None = None
    reason: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return the record of the system and of what was found."""
        answer = {"reason": self.reason} if self.found is None else description(self.found)
        return {
            "system": fingerprint(self.system),
            "variables": list(self.system.variables),
            "inequations": len(self.system.nonzero),
            **answer,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class RecordingBackends(Backends):
    """An engine that answers as it would, and remembers what it was asked.

    Parameters
    ----------
    asked : list of Asked
        Grows with every system.
    """

    asked: list[Asked] = field(default_factory=list)

    @classmethod
    def of(cls, backend: str, limits: Limits = DEFAULT_LIMITS) -> "RecordingBackends":
        """Return an engine of one backend, warmed up.

        Raises
        ------
        InputError
            If there is no backend of that name (`auto` is several).
        BackendError
            If it is not installed; the reason says how to get it.
        """
        if backend not in BACKENDS:
            raise InputError("backend", repr(backend), f"one of {', '.join(BACKENDS)}")
        backends = open_backends(backend, limits)
        with suppress(BackendError):
            backends.solutions(WARM_UP)
        return cls(backends.backends, backends.limits)

    def solutions(self, system: PolynomialSystem) -> Solutions:
        """Solve a system, exactly as an `Backends` does."""
        started = time.perf_counter()
        try:
            found = super().solutions(system)
        except BackendError as error:
            seconds = time.perf_counter() - started
            self.asked.append(Asked(system, seconds, reason=error.reason))
            raise
        self.asked.append(Asked(system, time.perf_counter() - started, found))
        return found


def fingerprint(system: PolynomialSystem) -> str:
    """Return the sha256 of a system as text: variables, equations, inequations."""
    lines = [",".join(system.variables), *map(str, system.polynomials), "nonzero"]
    return sha256("\n".join([*lines, *map(str, system.nonzero)]).encode()).hexdigest()


def description(found: Solutions) -> dict[str, Any]:
    """Return what two engines have to agree on.

    Returns
    -------
    dict
        `dimension`; `degree`, the number of complex solutions with multiplicity (None: infinitely
        many); `real`, the number of real ones without multiplicity; `points`, the sha256 of their
        canonical parametrisation; `vanishing`, the variables that are 0 at some solution, as
        numbers from 0.
    """
    answer = {"dimension": found.dimension, "degree": found.degree}
    if found.parametrisation is None:
        none = 0 if found.dimension < 0 else None
        return {**answer, "real": none, "points": None, "vanishing": []}
    try:
        points = canonical(found.parametrisation)
    except (ArithmeticError, LookupError, ValueError) as error:
        return {**answer, "real": None, "points": f"unusable: {error}", "vanishing": []}
    modulus = fmpq_poly(points.chi)
    return {
        **answer,
        "real": len(real_roots(points.chi)),
        "points": sha256(json.dumps(points.to_text()).encode()).hexdigest(),
        "vanishing": [
            j for j, n in enumerate(points.numerators) if n == 0 or n.gcd(modulus).degree() > 0
        ],
    }


def measure(
    problem: Problem, formulation: str, backend: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Solve every pattern of a problem through one backend and record every system.

    Parameters
    ----------
    problem : Problem
    formulation : str
        A key of `FORMULATIONS`, or `CERTIFIED`.
    backend : str
        A key of `BACKENDS`; `auto` for `CERTIFIED`.
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
    if formulation == CERTIFIED:
        return measure_certified(problem, limits)
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
            **_measurement_header(problem, formulation, backend, backends),
            "systems": systems,
            **result,
            "seconds": seconds,
        }


def measure_certified(problem: Problem, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Run the certified engine on a problem: no systems, only minima.

    Returns
    -------
    dict
        A measurement of the formulation `CERTIFIED` by `auto`.
    """
    with open_backends("auto", limits) as backends:
        head = _measurement_header(problem, CERTIFIED, "auto", backends)
    started = time.perf_counter()
    try:
        result = _result_in(certify_problem(problem, Settings(limits=limits)).document)
    except ReluenumError as error:
        result = _no_result([str(error)])
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
            **_measurement_header(problem, NUMERATORS, backend, backends),
            "systems": systems,
            **_no_result([]),
            "seconds": sum(asked.seconds for asked in backends.asked),
        }


def _measurement_header(
    problem: Problem, formulation: str, backend: str, backends: Backends
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "problem_sha256": problem.digest,
        "problem": problem.to_document(),
        "software": installed_versions(),
        "formulation": formulation,
        "backend": backend,
        "engines": backends.versions(),
        "limits": {"seconds": backends.limits.seconds, "megabytes": backends.limits.megabytes},
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
        return _no_result(failures)
    try:
        landscape = route.certify(route.merge(geometry, outcomes), geometry)
        document = minima_document(landscape)
    except ReluenumError as error:
        return _no_result([str(error)])
    return _result_in(document)


def _result_in(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "enumeration": document["enumeration"],
        "components": document["components"],
        "undecided": [entry["support"] for entry in document.get("undecided", ())],
        "failures": [],
    }


def _no_result(failures: Sequence[str]) -> dict[str, Any]:
    return {"enumeration": None, "components": None, "undecided": [], "failures": list(failures)}


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
