"""What narrow intervals of X hold: nothing, or one zero of E, which is a point of the stratum."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nextafter, sqrt

from flint import arb, ctx

from reluenum.algebra.newton import certified_box, polished
from reluenum.engines.towers.newton import Branch, Inner, is_violated

BITS = 96
"""Precision of interval Newton over intervals of X."""

SPLITS = 24
"""How often an interval is halved before it is given up."""

BORDER = 1e-7
"""T_j / X^2 below which it is first tried with T_j = 0."""


@dataclass(eq=False)
class Search:
    """The search of some intervals of one stratum.

    Parameters
    ----------
    inner : Inner
    steps, blocks : lists
        For the record: (X, T), and (low, high, X, T).
    zeros : list of (float, list of float)
        X and T of the zeros of E at which no sign is violated.
    failed : list of (float, float)
        Intervals that stay open.
    """

    inner: Inner
    steps: list = field(default_factory=list)
    blocks: list = field(default_factory=list)
    zeros: list = field(default_factory=list)
    failed: list = field(default_factory=list)

    def examine(self, low: float, high: float, start: Sequence[float], depth: int = 0) -> None:
        """Close an interval, or halve it."""
        with ctx.workprec(BITS):
            middle = sqrt(low * high)
            X = arb(low).union(arb(high))
            for units in self._choices(middle, start):
                branch = Branch.over(self.inner, X, units, start)
                if branch is not None and self._closed(branch, low, high):
                    return
        if depth == SPLITS:
            self.failed.append((low, high))
            return
        self.examine(low, middle, start, depth + 1)
        self.examine(middle, high, start, depth + 1)

    def _choices(self, X: float, start: Sequence[float]) -> list[tuple[int, ...]]:
        """Return which units may have T_j > 0, the likeliest first."""
        every = tuple(range(len(start)))
        live = tuple(j for j in every if start[j] > BORDER * X * X)
        return [live] if live == every else [live, every]

    def _closed(self, branch: Branch, low: float, high: float) -> bool:
        """Whether an interval is closed; if so, it is recorded."""
        centre = [float(square.mid()) for square in branch.state.T]
        record = (low, high, sqrt(low * high), centre)
        if is_violated(self.inner, branch):
            self.blocks.append(record)
            return True
        if len(branch.units) < len(centre) or branch.gap_drift.contains(0):
            return False
        ends = [self._gap(X, branch) for X in (low, high)]
        if None in ends:
            return False
        if ends[0] != ends[1]:
            self.zeros.append(record)
        self.blocks.append(record)
        return True

    def _gap(self, X: float, branch: Branch) -> int | None:
        """Return the sign of E at one end."""
        return None
