"""Lower bounds of the loss in a box, by a dual point."""

from functools import cached_property, reduce
from itertools import product
from typing import Any

from flint import arb, arb_mat, fmpq, fmpz

from ..reals import dot, require
from .boxes import Box, Row
from .fit import Fit


class Leaf:
    """A box with a dual point: residuals r + R e for -1 <= e <= 1, and multipliers of signs."""

    def __init__(self, fit: Fit, box: Box, text: str, digits: int) -> None:
        self.fit, self.box, self.axes = fit, box, len(box.low)
        residuals, _, pushes = text.partition("|")
        table = [[fmpz(entry) for entry in line.split(" ")] for line in residuals.split(";")]
        fits = len(table) == fit.size and all(len(line) == self.axes + 1 for line in table)
        require(fits, "a dual point of another shape")
        unit = fmpq(1, fmpz(10) ** digits)
        self.residual = [[unit * entry for entry in line] for line in table]
        self.pushes = dict(_pushes(entry, unit, fit) for entry in filter(None, pushes.split(";")))
        self.center = [(a + b) / 2 for a, b in zip(box.low, box.high, strict=True)]
        self.radius = [(b - a) / 2 for a, b in zip(box.low, box.high, strict=True)]

    def bound(self) -> arb:
        """Claim B9: all networks of the box have at least this loss, scatter left out."""
        surely = arb(self.fit.ridge * self.box.shortest())
        return self.dual_bound.max(surely)

    @cached_property
    def dual_bound(self) -> arb:
        """What the dual point proves."""
        return self.objective(self.share)

    @cached_property
    def share(self) -> arb:
        """A number by which the dual point is feasible: no unit gains more than the ridge."""
        highest = self.gains()
        level = [line[0] for line in self.residual]
        energy = dot(level, [r / n for r, n in zip(level, self.fit.copies, strict=True)])
        best = arb(dot(level, self.fit.means) / energy) if energy else arb(0)
        share = best if best * highest <= self.fit.ridge else (self.fit.ridge / highest).lower()
        return share.mid() if share > 0 else arb(0)

    def gains(self) -> arb:
        """Claim B7: the largest gain of an upper unit of any row in the box."""
        return reduce(arb.max, self.row_gains.values(), arb(0))

    @cached_property
    def row_gains(self) -> dict[Row, arb]:
        """The largest gain of an upper unit of each row in the box.

        Its gradient q(e) = sum of (active r(e) + sides pushes) (h(e), 1) is of degree two in e.
        """
        rows, axes = self.box.rows(self.fit.size), range(1, self.axes + 1)
        if not rows:
            return {}
        features = [arb_mat(table) for table in self.features()]
        weights = [arb_mat([self.weights(row, k) for row in rows]) for k in range(self.axes + 1)]
        level = weights[0] * features[0]
        first = [weights[k] * features[0] + weights[0] * features[k] for k in axes]
        second = [[weights[k] * features[m] for m in axes] for k in axes]
        tables = [level, first, second]
        return {
            row: _largest(*_line(tables, f)).upper().sqrt().upper() for f, row in enumerate(rows)
        }

    def features(self) -> list[list[list[fmpq]]]:
        """Return (h, 1) at each site: in the middle, then its changes along each axis."""
        tables = [[[] for _ in range(self.fit.size)] for _ in range(self.axes + 1)]
        for j, cone in enumerate(self.box.cones):
            part = self.box.unit(j)
            for i, height in enumerate(cone.heights):
                tables[0][i].append(dot(height, self.center[part]))
                for k in range(self.axes):
                    inside = part.start <= k < part.stop
                    change = height[k - part.start] * self.radius[k] if inside else fmpq(0)
                    tables[k + 1][i].append(change)
        for k, table in enumerate(tables):
            for line in table:
                line.append(fmpq(k == 0))
        return tables

    def weights(self, row: Row, k: int) -> list[fmpq]:
        """Return what a row multiplies the features with: in the middle, or along an axis."""
        sign, mask = row
        found = [sign * self.residual[i][k] * (mask >> i & 1) for i in range(self.fit.size)]
        for site, push in self.pushes.get(row, ()) if k == 0 else ():
            found[site] += push if mask >> site & 1 else -push
        return found

    def objective(self, share: arb) -> arb:
        """Claim B8: the least of 2 r.y - sum r^2 / n + ridge |V|^2 for -1 <= e <= 1.

        The better of two bounds: of the sum, and with the least |V|^2, at the lower corner, apart.
        """
        square = self.dual(share)
        apart = least(square) + self.fit.ridge * self.box.shortest()
        for j, cone in enumerate(self.box.cones):
            places = [(k, k % self.fit.depth) for k in range(len(self.center))[self.box.unit(j)]]
            moves = [(0, self.center[k], ray) for k, ray in places]
            moves += [(k + 1, self.radius[k], ray) for k, ray in places]
            for (a, one, ray), (b, other, with_) in product(moves, moves):
                square[a][b] += self.fit.ridge * cone.products[ray][with_] * one * other
        return apart.max(least(square))

    def dual(self, share: arb) -> list[list[arb]]:
        """Return the symmetric matrix of 2 r.y - sum r^2 / n in (1, e), for a share of r."""
        axes, counts = range(self.axes + 1), self.fit.copies
        columns = [[line[k] for line in self.residual] for k in axes]
        parts = [[r / n for r, n in zip(column, counts, strict=True)] for column in columns]
        square = [[-(share**2) * dot(columns[k], parts[m]) for m in axes] for k in axes]
        for k in axes:
            gain = share * dot(columns[k], self.fit.means)
            square[0][k] += gain
            square[k][0] += gain
        return square


def least(square: list[list[arb]]) -> arb:
    """Return a lower bound of (1, e) square (1, e) for -1 <= e <= 1, square being symmetric."""
    value, axes = square[0][0], range(1, len(square))
    for k in axes:
        value -= 2 * abs(square[0][k]) + (-square[k][k]).max(arb(0))
        value -= sum((abs(square[k][m]) for m in axes if m != k), arb(0))
    return value


def _line(table: Any, f: int) -> Any:
    """Return a row of a matrix, or of each in nested lists of them."""
    if isinstance(table, list):
        return [_line(part, f) for part in table]
    return [table[f, c] for c in range(table.ncols())]


def _largest(level: list[arb], first: list[list[arb]], second: list[list[list[arb]]]) -> arb:
    """Bound |level + sum first e + sum second e e|^2 for -1 <= e <= 1.

    Terms up to degree two are summed with their signs, those beyond by the triangle inequality.
    """
    size = len(first)
    square = [[-dot(level, level)] + [-dot(level, line) for line in first]]
    square += [[entry] + [arb(0)] * size for entry in square[0][1:]]
    for k, m in product(range(size), repeat=2):
        both = dot(level, second[k][m]) + dot(level, second[m][k])
        square[k + 1][m + 1] = -dot(first[k], first[m]) - both
    linear, bend = _reach(first), _reach([line for lines in second for line in lines])
    return -least(square) + 2 * linear * bend + bend**2


def _reach(lines: list[list[arb]]) -> arb:
    """Bound the length of a sum of vectors, each times a number between -1 and 1."""
    sums = [sum(map(abs, column), arb(0)) for column in zip(*lines, strict=True)]
    return dot(sums, sums).upper().sqrt()


def _pushes(entry: str, unit: fmpq, fit: Fit) -> tuple[Row, list[tuple[int, fmpq]]]:
    """Return the row that an entry is of, and the multipliers of signs at its sites."""
    name, *some = entry.split(" ")
    row = (-1 if name.startswith("-") else 1, int(name.removeprefix("-")))
    pairs = [part.split(":") for part in some]
    found = [(int(site), unit * fmpz(push)) for site, push in pairs]
    good = all(0 <= site < fit.size and push >= 0 for site, push in found)
    require(good, "a multiplier is negative")
    return row, found
