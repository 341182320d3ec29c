"""Hinges at the inputs, as edges of a graph, and their exact tables (Lemma 82)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import Vector
from reluenum.outer import OuterPart
from reluenum.problem import Linear, Problem

SLOPE = 0
"""The number of the hinge that is a straight line."""

RIGHT, LEFT = 1, -1
"""The side on which a unit is active."""


@dataclass(frozen=True, eq=False)
class Hinges:
    """The hinges of inputs on a line, numbered, with what is summed over the data for each.

    With inputs x_0 < ... < x_(p-1) they are the straight line x, number 0, and for each input x_j
    between the first and the last one (x - x_j)_+, number j, and (x_j - x)_+, number p - 2 + j.
    Where a linear part absorbs straight lines, number 0 is nothing, and both of an input are one
    hinge, that of number j (Lemma 125).

    Parameters
    ----------
    inputs, weights, targets : (p,) tuple of fmpq
        The sites by increasing input; targets are means.
    ridge : fmpq
        Of the sum of squares.
    linear : Linear
        The linear part beside the units.

    Examples
    --------
    >>> data = Problem.from_text([[x] for x in "0123"], list("0101"), 2, "1/10")
    >>> hinges = Hinges.of(data)
    >>> hinges.count, [hinges.ends(edge) for edge in range(hinges.count)]
    (5, [(0, 3), (1, 3), (2, 3), (1, 0), (2, 0)])
    >>> hinges.gram[1, 2], hinges.gains[1]  # of (x - 1)_+ and (x - 2)_+
    (5/4, 1/2)
    """

    inputs: Vector
    weights: Vector
    targets: Vector
    ridge: fmpq
    linear: Linear = Linear.NONE

    @classmethod
    def of(cls, problem: Problem) -> "Hinges":
        """Return those of a problem whose inputs are on a line."""
        sites = problem.ascending
        inputs, weights = tuple(s.row[0] for s in sites), tuple(s.weight for s in sites)
        targets, ridge = tuple(s.mean for s in sites), problem.effective_ridge
        return cls(inputs, weights, targets, ridge, problem.linear)

    @property
    def size(self) -> int:
        """Number p of distinct inputs."""
        return len(self.inputs)

    @property
    def count(self) -> int:
        """Number of hinges."""
        return max(self.size - 1 if self.absorbs else 2 * self.size - 3, 0)

    @property
    def absorbs(self) -> bool:
        """Whether the linear part makes up for every straight line, so that units have no side."""
        return self.linear is Linear.FREE

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides to which units are active, one of them if it does not matter which."""
        return (RIGHT,) if self.absorbs else (RIGHT, LEFT)

    @property
    def single(self) -> range:
        """The hinges that one unit can be."""
        return range(1 if self.absorbs else 0, self.count)

    @cached_property
    def outer(self) -> OuterPart:
        """The output bias and the linear part: what is left of errors with the best of these."""
        ones = (fmpq(1),) * self.size
        if self.linear is Linear.NONE:
            return OuterPart.of([ones], self.weights, [fmpq(0)])
        ridge = fmpq(0) if self.absorbs else self.ridge
        return OuterPart.of([ones, self.inputs], self.weights, [fmpq(0), ridge])

    def number(self, side: int, place: int) -> int:
        """Return the hinge that is active on one side of an input; at either end it is the line."""
        if place in (0, self.size - 1):
            return SLOPE
        return place if side == RIGHT or self.absorbs else self.size - 2 + place

    def first(self, side: int) -> int:
        """Return the input behind which a straight line that grows to one side has its kink."""
        return 0 if side == RIGHT else self.size - 1

    def level(self, side: int, place: int) -> fmpq:
        """Return an input, which is the same for either side."""
        return self.inputs[place]

    def outside(self, side: int) -> tuple[fmpq | None, fmpq | None]:
        """Return the interval of the kinks of a straight line that grows to one side."""
        end = self.inputs[self.first(side)]
        return (None, end) if side == RIGHT else (end, None)

    def place(self, hinge: int) -> int:
        """Return the input of a hinge that is not the line."""
        return hinge if hinge < self.size - 1 else hinge - self.size + 2

    def ends(self, hinge: int) -> tuple[int, int]:
        """Return the two nodes of a hinge as an edge: 0 and p - 1 stand for left and right."""
        last = self.size - 1
        if hinge == SLOPE:
            return 0, last
        return self.place(hinge), last if hinge < last else 0

    def rank(self, edges: Iterable[int]) -> int:
        """Return how many of the hinges are independent, constants aside (Lemma 82)."""
        above = list(range(self.size))
        rank = 0
        for edge in edges:
            one, other = (_root_of(above, node) for node in self.ends(edge))
            rank += one != other
            above[one] = other
        return rank

    @cached_property
    def columns(self) -> fmpq_mat:
        """The values of each hinge at the inputs, (p, count)."""
        rows = []
        for k, x in enumerate(self.inputs):
            inner = self.inputs[1:-1]
            right = [x - knot if k > j else fmpq(0) for j, knot in enumerate(inner, start=1)]
            left = [knot - x if k < j else fmpq(0) for j, knot in enumerate(inner, start=1)]
            rows.append([x, *right] if self.absorbs else [x, *right, *left])
        return fmpq_mat(rows)

    @cached_property
    def centred(self) -> fmpq_mat:
        """What is left of columns, times the weights: what a residual is summed with."""
        table = self.columns.transpose().tolist()
        left = zip(*map(self.outer.residual, table), strict=True)
        rows = zip(self.weights, left, strict=True)
        return fmpq_mat([[w * entry for entry in row] for w, row in rows])

    @cached_property
    def gram(self) -> fmpq_mat:
        """The weighted inner products of hinges, constants aside, (count, count)."""
        return self.columns.transpose() * self.centred

    @cached_property
    def gains(self) -> list[fmpq]:
        """The weighted inner products of hinges and targets, constants aside."""
        return (self.centred.transpose() * fmpq_mat([[y] for y in self.targets])).entries()

    @cached_property
    def tails(self) -> tuple[list[list[fmpq]], list[fmpq]]:
        """For each gap behind x_j the sums over the inputs behind it: of `centred`, of targets.

        So the slope of p_r there is a difference of such sums.
        """
        errors = self.outer.residual(self.targets)
        rows, count = self.centred.entries(), self.count
        sums, target = [fmpq(0)] * count, fmpq(0)
        found: list[list[fmpq]] = []
        targets: list[fmpq] = []
        for k in range(self.size - 1, 0, -1):
            sums = [s + e for s, e in zip(sums, rows[k * count : (k + 1) * count], strict=True)]
            target += self.weights[k] * errors[k]
            found.append(sums)
            targets.append(target)
        return found[::-1], targets[::-1]

    def slopes(self, edges: Sequence[int], signs: Sequence[int]) -> list[fmpq]:
        """Return the factors of independent hinges with u = sign * ridge on each (Lemma 83)."""
        if not edges:
            return []
        square = fmpq_mat([[self.gram[e, f] for f in edges] for e in edges])
        pairs = zip(edges, signs, strict=True)
        wanted = [[self.gains[e] - sign * self.ridge] for e, sign in pairs]
        return square.solve(fmpq_mat(wanted)).entries()

    def residual(self, edges: Sequence[int], slopes: Sequence[fmpq]) -> list[fmpq]:
        """Return r = R (y - f) for the sum f of hinges with these factors."""
        table, count = self.columns.entries(), self.count
        errors = [
            y - sum((f * table[k * count + e] for e, f in zip(edges, slopes, strict=True)), fmpq(0))
            for k, y in enumerate(self.targets)
        ]
        return self.outer.residual(errors)


def _root_of(above: list[int], node: int) -> int:
    while above[node] != node:
        node = above[node]
    return node
