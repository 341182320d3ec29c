"""Measurements of one problem, compared: no two of them may contradict each other.

The backends are compared system by system, the formulations by their lists of minima. What a
backend did not finish is counted as such; it is neither agreement nor disagreement.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from reluenum.crosscheck.measurement import (
    NUMERATORS,
    Measurement,
    Run,
    is_complete,
    run_of,
    unfinished,
)
from reluenum.errors import IncompleteRunError


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


def compare_measurements(measurements: Iterable[Measurement]) -> Agreement:
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


Answers = Mapping[Any, Collection[Run]]
"""Who gives which answer to one question; who asks it twice counts once."""


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
    answers: dict[str, dict[Any, dict[Run, None]]] = defaultdict(lambda: defaultdict(dict))
    places: dict[str, str] = {}
    for measurement in measurements:
        for system in measurement["systems"]:
            places.setdefault(system["system"], _place(measurement["formulation"], system))
            if "reason" not in system:
                answers[system["system"]][_answer_of_run(system)][run_of(measurement)] = None
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


def _answer_of_run(system: Mapping[str, Any]) -> tuple:
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
    given: dict[str, dict[Any, dict[Run, None]]] = defaultdict(lambda: defaultdict(dict))
    graph_forms = ((m, s) for m in graphs for s in m["systems"] if not s["inequations"])
    charted = ((m, s) for m in numerators for s in m["systems"])
    for measurement, system in (*graph_forms, *charted):
        if system["support"] and "reason" not in system and _is_regular(system):
            answer = (system["dimension"], system["degree"], system["real"], None)
            given[system["support"]][answer][run_of(measurement)] = None
    for support, answers in given.items():
        formulations = {run[0] for runs in answers.values() for run in runs}
        if len(answers) > 1 and len(formulations) > 1:
            yield _disagreement(f"support {support}", answers, _answer_text)


def _is_regular(system: Mapping[str, Any]) -> bool:
    """Whether no q and no kappa vanishes at a solution."""
    return not any(system["variables"][j][0] in "qk" for j in system["vanishing"])


def _compared_results(measurements: Sequence[Measurement]) -> Iterator[Disagreement]:
    """Compare the lists of minima of all complete runs, and what they have counted.

    An engine that excludes boxes knows minima only.
    """
    every = [m for m in measurements if "boxes" not in m["enumeration"]]
    for runs, keys in ((every, ("enumeration", "components")), (measurements, ("components",))):
        given: dict[str, list[Run]] = defaultdict(list)
        for measurement in runs:
            given[json.dumps({key: measurement[key] for key in keys})].append(run_of(measurement))
        if len(given) > 1:
            yield _disagreement("minima", given, _result_text)
            return


def _result_text(result: str) -> str:
    found = json.loads(result)
    digest = sha256(result.encode()).hexdigest()[:8]
    text, counts = f"{len(found['components'])} components", found.get("enumeration")
    if counts is not None and counts["stationary"] is not None:
        text += f", {counts['stationary']} stationary and"
        text += f" {counts['locally_minimal']} locally minimal supports"
    return f"{text} ({digest})"
