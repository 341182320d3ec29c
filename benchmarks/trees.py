"""Merge trees: what they take after the list of minima, which is the larger part of the work."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.clock import Progress, ratio, spread, turns
from benchmarks.ladders import Rung
from reluenum import enumerate_minima


def trees(
    rungs: Sequence[Rung], rounds: int, share: float, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Yield what list and tree take in one process, and what the tree has.

    Yields
    ------
    dict
        `list` and `tree` in seconds, `ratio` of the tree to the list.
    """
    for rung in rungs:
        taken: dict[str, list[float]] = {"list": [], "tree": []}
        for _ in turns(rounds, share):
            started = time.perf_counter()
            landscape = enumerate_minima(rung.problem(), engine="certified")
            listed = time.perf_counter()
            found = landscape.basins()
            taken["list"].append(listed - started)
            taken["tree"].append(time.perf_counter() - listed)
        progress(f"merge tree at n = {rung.n}, d = {rung.d}, L = {rung.width}")
        yield {
            "n": rung.n,
            "d": rung.d,
            "width": rung.width,
            "components": len(found.components),
            "basins": len(found.leaves),
            "merges": len(found.merges),
            "deaths": sum(merge["event"] == "death" for merge in found.merges),
            **{stage: spread(times) for stage, times in taken.items()},
            "ratio": ratio(taken["tree"], taken["list"]),
        }
