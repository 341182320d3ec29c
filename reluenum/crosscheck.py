"""The same problem by every formulation and every backend: measured, then compared.

A *measurement* solves one problem in one formulation through one backend and keeps a record of
every polynomial system on the way. `compare` lays measurements side by side: the backends system
by system, the formulations by their lists of minima. What a backend did not finish is counted as
such; it is neither agreement nor disagreement.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from flint import fmpq_poly

from reluenum.arrangement import Arrangement
from reluenum.charts import charted_system, graph_system
from reluenum.document import minima_document, read_json
from reluenum.errors import BackendError, IncompleteRunError, InputError, ReluenumError
from reluenum.formulations import Formulation
from reluenum.formulations import formulation as named_formulation
from reluenum.groebner import (
    BACKENDS,
    DEFAULT_LIMITS,
    Engine,
    Limits,
    installed_versions,
    open_engine,
)
from reluenum.numberfield import real_roots
from reluenum.patterns import Support, owner, patterns, support_text, supports
from reluenum.problem import Problem
from reluenum.realpoints import Solutions, canonical
from reluenum.stationarity import PolynomialSystem, ring, stationarity_system

FORMAT, VERSION = "reluenum-measurement", 1

NUMERATORS = "eliminated, numerators"
"""The paper's own systems: numerators of the surrogate's gradient, without its denominator."""

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
class RecordingEngine(Engine):
    """An engine that answers as it would, and remembers what it was asked.

    Parameters
    ----------
    asked : list of Asked
        Grows with every system.
    """

    asked: list[Asked] = field(default_factory=list)

    @classmethod
    def of(cls, backend: str, limits: Limits = DEFAULT_LIMITS) -> "RecordingEngine":
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
        engine = open_engine(backend, limits)
        with suppress(BackendError):
            engine.solutions(WARM_UP)
        return cls(engine.backends, engine.limits)

    def solutions(self, system: PolynomialSystem) -> Solutions:
        """Solve a system, exactly as an `Engine` does."""
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
        A key of `FORMULATIONS`.
    backend : str
        A key of `BACKENDS`.
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
    route, arrangement = named_formulation(formulation), Arrangement.of(problem)
    name = _names_of_supports(problem, arrangement, SYSTEMS.get(formulation))
    with RecordingEngine.of(backend, limits) as engine:
        started = time.perf_counter()
        solve = route.solver(problem, arrangement, engine)
        outcomes, failures, origin = [], [], []
        for pattern in patterns(arrangement, problem.width):
            try:
                outcomes += solve(pattern)
            except ReluenumError as error:
                failures.append(f"pattern {pattern}: {error}")
            origin += [str(pattern)] * (len(engine.asked) - len(origin))
        result = _result(problem, arrangement, route, outcomes, failures)
        seconds = time.perf_counter() - started
        systems = [
            {
                "pattern": pattern,
                "support": name(asked.system, pattern),
                **asked.to_document(),
            }
            for pattern, asked in zip(origin, engine.asked, strict=True)
        ]
        return {
            **_header(problem, formulation, backend, engine),
            "systems": systems,
            **result,
            "seconds": seconds,
        }


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
    with RecordingEngine.of(backend, limits) as engine:
        systems = []
        for support in supports(arrangement, problem.width):
            with suppress(BackendError):
                engine.solutions(charted_system(problem, support))
            pattern = str(owner(support, problem.width))
            record = engine.asked[-1].to_document()
            systems.append({"pattern": pattern, "support": support_text(support), **record})
        return {
            **_header(problem, NUMERATORS, backend, engine),
            "systems": systems,
            **_no_result([]),
            "seconds": sum(asked.seconds for asked in engine.asked),
        }


def _header(problem: Problem, formulation: str, backend: str, engine: Engine) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "problem_sha256": problem.digest,
        "problem": problem.to_document(),
        "software": installed_versions(),
        "formulation": formulation,
        "backend": backend,
        "engines": engine.versions(),
        "limits": {"seconds": engine.limits.seconds, "megabytes": engine.limits.megabytes},
    }


def _names_of_supports(
    problem: Problem,
    arrangement: Arrangement,
    write: Callable[[Problem, Support], PolynomialSystem] | None,
) -> Callable[[PolynomialSystem, str], str]:
    """Return a function that names the support whose equations a system has, or says nothing.

    Symmetric data give several supports the same equations; one that the pattern owns is preferred.
    """
    known: dict[str, list[Support]] = defaultdict(list)
    for support in supports(arrangement, problem.width) if write else ():
        known[fingerprint(write(problem, support))].append(support)

    def name(system: PolynomialSystem, pattern: str) -> str:
        found = known.get(fingerprint(replace(system, nonzero=())), [])
        owned = [s for s in found if str(owner(s, problem.width)) == pattern]
        return support_text((owned or found or [()])[0])

    return name


def _result(
    problem: Problem,
    arrangement: Arrangement,
    route: Formulation,
    outcomes: Sequence[Any],
    failures: Sequence[str],
) -> dict[str, Any]:
    """Return what all outcomes together amount to."""
    if failures:
        return _no_result(failures)
    try:
        landscape = route.certify(route.merge(problem, arrangement, outcomes), arrangement)
        document = minima_document(landscape)
    except ReluenumError as error:
        return _no_result([str(error)])
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
    record = read_json(path)
    if record.get("format") != FORMAT or record.get("version") != VERSION:
        raise IncompleteRunError(f"{path} is not a file of kind {FORMAT}, version {VERSION}")
    return record


# Comparing.

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


@dataclass(frozen=True)
class Disagreement:
    """Measurements that contradict each other.

    Parameters
    ----------
    text : str
        Where, who, and what each says.
    runs : frozenset of Run
        Those outside the strict majority; all of them if there is none.
    """

    text: str
    runs: frozenset[Run]


@dataclass(frozen=True)
class Agreement:
    """What a comparison of measurements comes to.

    Parameters
    ----------
    measurements : tuple of Measurement
    disagreements : tuple of Disagreement
        None if all agree wherever they finished.
    """

    measurements: tuple[Measurement, ...]
    disagreements: tuple[Disagreement, ...]

    @cached_property
    def suspects(self) -> frozenset[Run]:
        """Runs that contradict others."""
        return frozenset(run for found in self.disagreements for run in found.runs)

    def verdict(self, measurement: Measurement) -> str:
        """Return `agree`, `DISAGREE` or `not finished`."""
        if run_of(measurement) in self.suspects:
            return "DISAGREE"
        return "not finished" if unfinished(measurement) else "agree"

    @property
    def not_finished(self) -> list[str]:
        """A line for every run that did not finish all systems, with the reasons."""
        return [_unfinished_text(m, left) for m in self.measurements if (left := unfinished(m))]

    @property
    def undecided(self) -> list[str]:
        """A line for every run that solved all systems and still left supports undecided."""
        return [
            f"{' by '.join(run_of(m))}: undecided although every system was solved: "
            f"{', '.join(m['undecided'])}"
            for m in self.measurements
            if m["undecided"] and not unfinished(m)
        ]

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "runs": {" by ".join(run_of(m)): self.verdict(m) for m in self.measurements},
            "disagreements": [found.text for found in self.disagreements],
            "not_finished": self.not_finished,
            "undecided": self.undecided,
        }


def _unfinished_text(measurement: Measurement, left: Sequence[Mapping[str, Any]]) -> str:
    reasons = Counter(system["reason"] for system in left)
    listed = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
    count = f"{len(left)} of {len(measurement['systems'])} systems"
    return f"{' by '.join(run_of(measurement))}: not finished: {count}: {listed}"


def compare(measurements: Iterable[Measurement]) -> Agreement:
    """Compare measurements of one problem.

    Within a formulation, wherever two backends finished a system: dimension, degree, number of
    real solutions and the solutions themselves. Among all runs that decided every support:
    `enumeration` and `components`. Between `NUMERATORS` and `eliminated`, by support: dimension,
    degree and number of real solutions, unless some q or kappa vanishes (`_compared_forms`).

    Raises
    ------
    IncompleteRunError
        If there is none, or they are of different problems, or a run is there twice.
    """
    listed = tuple(measurements)
    _check_comparable(listed)
    by_formulation: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in listed:
        by_formulation[measurement["formulation"]].append(measurement)
    found = [
        *(Disagreement(_failure_text(m), frozenset([run_of(m)])) for m in listed if m["failures"]),
        *(d for runs in by_formulation.values() for d in _compared_systems(runs)),
        *(d for runs in by_formulation.values() for d in _compared_undecided(runs)),
        *_compared_forms(by_formulation["eliminated"], by_formulation[NUMERATORS]),
        *_compared_results([m for m in listed if is_complete(m)]),
    ]
    return Agreement(listed, tuple(found))


def _check_comparable(measurements: Sequence[Measurement]) -> None:
    if not measurements:
        raise IncompleteRunError("there is no measurement to compare")
    first = measurements[0]
    for other in measurements[1:]:
        if other["problem_sha256"] != first["problem_sha256"]:
            one, two = (" by ".join(run_of(m)) for m in (first, other))
            raise IncompleteRunError(f"{one} and {two} were measured on different problems")
    run, count = Counter(map(run_of, measurements)).most_common(1)[0]
    if count > 1:
        raise IncompleteRunError(f"there are {count} measurements of {' by '.join(run)}")


def _failure_text(measurement: Measurement) -> str:
    first, *others = measurement["failures"]
    more = f" (and {len(others)} more)" if others else ""
    return f"{' by '.join(run_of(measurement))}: {first}{more}"


Answers = Mapping[Any, Sequence[Run]]
"""Who gives which answer to one question."""


def _disagreement(place: str, answers: Answers, text: Callable[[Any], str]) -> Disagreement:
    """Say who answers what, and single out those outside the strict majority."""
    total = sum(map(len, answers.values()))
    odd = [run for runs in answers.values() if 2 * len(runs) <= total for run in runs]
    mixed = len({formulation for runs in answers.values() for formulation, _ in runs}) > 1
    says = (
        f"{', '.join(' by '.join(run) if mixed else run[1] for run in runs)}: {text(answer)}"
        for answer, runs in answers.items()
    )
    return Disagreement(f"{place}: {'; '.join(says)}", frozenset(odd))


def _compared_systems(measurements: Sequence[Measurement]) -> Iterator[Disagreement]:
    """Compare the backends of one formulation system by system."""
    answers: dict[str, dict[Any, list[Run]]] = defaultdict(lambda: defaultdict(list))
    places: dict[str, str] = {}
    for measurement in measurements:
        for system in measurement["systems"]:
            places.setdefault(system["system"], _place(measurement["formulation"], system))
            if "reason" not in system:
                answers[system["system"]][_answer(system)].append(run_of(measurement))
    for system, given in answers.items():
        if len(given) > 1:
            yield _disagreement(places[system], given, _answer_text)
    if any(unfinished(m) or m["failures"] for m in measurements):
        return  # A run that lacks an answer asks other questions.
    asked = {run_of(m): {system["system"] for system in m["systems"]} for m in measurements}
    for system, place in places.items():
        given = defaultdict(list)
        for run, systems in asked.items():
            given[system in systems].append(run)
        if len(given) > 1:
            yield _disagreement(place, given, lambda was: "asked" if was else "not asked")


def _place(formulation: str, system: Mapping[str, Any]) -> str:
    where = f"support {system['support']}" if system["support"] else f"pattern {system['pattern']}"
    return f"{formulation}, {where}, system {system['system'][:8]}"


def _answer(system: Mapping[str, Any]) -> tuple:
    return tuple(system[key] for key in ("dimension", "degree", "real", "points"))


def _answer_text(answer: tuple) -> str:
    dimension, degree, real, points = answer
    if dimension < 0:
        return "no solution"
    if dimension > 0:
        return f"infinitely many solutions (dimension {dimension})"
    kept = points[:8] if points and not points.startswith("unusable") else points
    return f"{degree} complex and {real} real solutions ({kept})"


def _compared_undecided(measurements: Sequence[Measurement]) -> Iterator[Disagreement]:
    """Compare which supports stayed undecided although every system was finished."""
    given: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for measurement in measurements:
        if not unfinished(measurement) and measurement["enumeration"] is not None:
            given[tuple(sorted(measurement["undecided"]))].append(run_of(measurement))
    if len(given) > 1:
        place = f"{measurements[0]['formulation']}, undecided supports"
        yield _disagreement(place, given, lambda supports: ", ".join(supports) or "none")


def _compared_forms(
    graphs: Sequence[Measurement], numerators: Sequence[Measurement]
) -> Iterator[Disagreement]:
    """Compare the numbers of solutions of the surrogate's two systems, support by support.

    kappa = gamma / q with the same tau is one-to-one between the solutions with q != 0 of the one
    and those with kappa != 0 of the other, as long as the best output weights are unique there;
    supports with a solution beyond that are left out.
    """
    given: dict[str, dict[Any, list[Run]]] = defaultdict(lambda: defaultdict(list))
    graph_forms = ((m, s) for m in graphs for s in m["systems"] if not s["inequations"])
    charted = ((m, s) for m in numerators for s in m["systems"])
    for measurement, system in (*graph_forms, *charted):
        if system["support"] and "reason" not in system and _is_regular(system):
            answer = (system["dimension"], system["degree"], system["real"], None)
            given[system["support"]][answer].append(run_of(measurement))
    for support, answers in given.items():
        formulations = {run[0] for runs in answers.values() for run in runs}
        if len(answers) > 1 and len(formulations) > 1:
            yield _disagreement(f"support {support}", answers, _answer_text)


def _is_regular(system: Mapping[str, Any]) -> bool:
    """Whether no q and no kappa vanishes at a solution."""
    return not any(system["variables"][j][0] in "qk" for j in system["vanishing"])


def _compared_results(measurements: Sequence[Measurement]) -> Iterator[Disagreement]:
    """Compare the lists of minima of all complete runs."""
    given: dict[str, list[Run]] = defaultdict(list)
    for measurement in measurements:
        result = {key: measurement[key] for key in ("enumeration", "components")}
        given[json.dumps(result)].append(run_of(measurement))
    if len(given) > 1:
        yield _disagreement("minima", given, _result_text)


def _result_text(result: str) -> str:
    found = json.loads(result)
    digest = sha256(result.encode()).hexdigest()[:8]
    counts = found["enumeration"]
    return (
        f"{len(found['components'])} components, {counts['stationary']} stationary and "
        f"{counts['locally_minimal']} locally minimal supports ({digest})"
    )
