"""Whole enumerations of the reference instance: every formulation and backend, and both engines.

What `reluenum minima` does, without starting a process; all take turns, so that ratios are those
of one run.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.clock import Progress, TimeUp, ratio, spread, time_limit, turns
from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.engines.formulations import FORMULATIONS
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts
from reluenum.groebner.backends import BACKENDS
from reluenum.problem import parse_ridge

BASE = ("reduced", "auto")
"""Whose time every other time is divided by."""

CERTIFIED = ("certified", "auto")
"""The certified engine, which has no formulations."""

ALL_RUNS = (BASE, CERTIFIED, ("eliminated", "auto"), *product(FORMULATIONS, BACKENDS))
"""Formulation and backend of every way to enumerate."""


@dataclass(frozen=True)
class Case:
    """A width of the reference instance, and who enumerates it.

    Parameters
    ----------
    width : int
    runs : tuple of pairs of str
        Formulation and backend; `BASE` comes first.
    limit : float
        Seconds after which a run is ended.
    share : float
        Seconds into which further rounds have to fit.
    """

    width: int
    runs: tuple[tuple[str, str], ...]
    limit: float
    share: float


def enumerated(problem: Problem, run: tuple[str, str], limit: float) -> tuple[float, bool]:
    """Return the seconds of an enumeration, and whether it came to its end with all decided."""
    formulation, backend = run
    engine = {"engine": "certified"} if run == CERTIFIED else {"formulation": formulation}
    started = time.perf_counter()
    try:
        with time_limit(limit):
            complete = enumerate_minima(problem, backend, **engine).is_complete
    except TimeUp:
        complete = False
    return time.perf_counter() - started, complete


def reference_times(
    cases: Sequence[Case], rounds: int, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Yield a record for each width and way to enumerate.

    Yields
    ------
    dict
        Size of the enumeration; `seconds` of what finished within the `limit`, None for what did
        not; `ratio` to `BASE`.
    """
    for case in cases:
        problem = Problem(*reference_data(), case.width, parse_ridge("1/100"))
        counts = Counts.of(Geometry.of(problem))
        taken: dict[tuple[str, str], list[float]] = {run: [] for run in case.runs}
        left = set(case.runs)
        for _ in turns(rounds, case.share):
            for run in [run for run in case.runs if run in left]:
                seconds, complete = enumerated(problem, run, case.limit)
                taken[run].append(seconds)
                left -= set() if complete else {run}
        progress(f"reference instance, width {case.width}: {len(left)} of {len(taken)} finished")
        for run, seconds in taken.items():
            yield {
                "width": case.width,
                "sign_matrices": counts.sign_matrices,
                "patterns": counts.patterns_up_to_permutation,
                "supports": counts.supports_examined,
                "formulation": run[0],
                "backend": run[1],
                "limit": case.limit,
                "seconds": spread(seconds) if run in left else None,
                "ratio": ratio(seconds, taken[BASE]) if {run, BASE} <= left else None,
            }
