"""What a backend is asked and answers, on record; recording changes no answer."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from flint import fmpq_poly

from reluenum.algebra.bases import Solutions, canonical
from reluenum.algebra.numberfield import real_roots
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.errors import BackendError, InputError, ReluenumError
from reluenum.groebner.backends import BACKENDS, Backends, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.versions import installed_versions
from reluenum.problem import Problem

FORMAT, VERSION = "reluenum-measurement", 1

WARM_UP = PolynomialSystem(("x",), (ring(("x",)).gen(0) - 1,))
"""Solved before the clock starts, so that no system pays for starting a helper process."""


Part = tuple[str, Mapping[str, str], Callable[[Backends], Any]]
"""What failures call some systems, their `pattern` and `support`, and what solves them."""


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


def measurement_header(
    problem: Problem, formulation: str, backend: str, backends: Backends
) -> dict[str, Any]:
    """Return what a measurement says of its problem, and of how it was made."""
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


def result_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a measurement takes from a document of minima."""
    key = "signs" if "hidden" in document["problem"] else "support"
    left = document.get("undecided", ())
    return {
        "enumeration": document["enumeration"],
        "components": document["components"],
        "undecided": [entry[key] for entry in left],
        "failures": [],
    }


def no_result(failures: Sequence[str]) -> dict[str, Any]:
    """Return the same without a list of minima, and why there is none."""
    return {"enumeration": None, "components": None, "undecided": [], "failures": list(failures)}


def measured_parts(
    problem: Problem,
    formulation: str,
    backend: str,
    limits: Limits,
    parts: Iterable[Part],
    joined: Callable[[list[Any]], Mapping[str, Any]],
) -> dict[str, Any]:
    """Solve all parts of a problem through one backend, and record every system.

    Parameters
    ----------
    problem : Problem
    formulation, backend : str
    limits : Limits
        Of the backend on one system.
    parts : iterable of Part
    joined : callable
        Takes what was solved, if nothing failed, to the result of the measurement.

    Returns
    -------
    dict
        As `measure` does.
    """
    with RecordingBackends.of(backend, limits) as backends:
        started = time.perf_counter()
        solved, failures, places = [], [], []
        for name, place, solve in parts:
            try:
                solved.append(solve(backends))
            except ReluenumError as error:
                failures.append(f"{name}: {error}")
            places += [place] * (len(backends.asked) - len(places))
        result = no_result(failures) if failures else joined(solved)
        seconds = time.perf_counter() - started
        return {
            **measurement_header(problem, formulation, backend, backends),
            "systems": [
                {**place, **asked.to_document()}
                for place, asked in zip(places, backends.asked, strict=True)
            ],
            **result,
            "seconds": seconds,
        }
