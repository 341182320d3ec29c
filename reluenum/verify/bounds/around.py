"""Boxes that may hold a best network: it is a critical point of one polynomial."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from flint import arb, arb_mat, fmpq

from ..reals import CertificateError, dot, require
from .boxes import Row
from .critical import Stratum, Upper
from .leaves import Leaf


@dataclass(frozen=True)
class Unit:
    """An upper unit of length 1: what makes its gradient, itself, what it adds, multipliers."""

    weights: list[arb]
    direction: list[arb]
    values: list[arb]
    multipliers: list[arb]


class Around:
    """The best networks of a box, whose loss is at most a given one, in balls."""

    def __init__(self, stratum: Stratum, leaf: Leaf, upper: fmpq) -> None:
        self.stratum, self.leaf, self.fit, self.box = stratum, leaf, leaf.fit, leaf.box
        self.room = (upper - leaf.dual_bound).max(arb(0)).upper()
        self.places = [
            arb(low).union(arb(high)) for low, high in zip(self.box.low, self.box.high, strict=True)
        ]
        self.sites = range(self.fit.size)
        self.features = [
            [
                *(dot(cone.heights[i], self.places[self.box.unit(j)]) for j, cone in self.cones),
                arb(1),
            ]
            for i in self.sites
        ]

    @property
    def cones(self) -> list:
        """The cones with the numbers of their units."""
        return [*enumerate(self.box.cones)]

    def critical(self) -> list[arb]:
        """Enclose the arguments of the polynomial at which the best networks of the box are."""
        self.tell_rows()
        residuals = self.residuals()
        units = [self.unit(unit, residuals) for unit in self.stratum.upper]
        squares = self.squares(units, residuals)
        places = self.coordinates(units, squares)
        kinks = [multiplier for unit in units for multiplier in unit.multipliers]
        return [*places, *residuals, *kinks, *squares]

    def tell_rows(self) -> None:
        """Claim B10: no unit has other signs than those of the stratum, but for its kinks.

        The others gain less than the ridge for all residuals as near to the dual point as `room`.
        """
        lengths = [dot(row, row) * n for row, n in zip(self.features, self.fit.copies, strict=True)]
        for (sign, mask), gain in self.leaf.row_gains.items():
            inside = sum((lengths[i] for i in self.sites if mask >> i & 1), arb(0))
            most = self.leaf.share * gain + (self.room * inside).sqrt()
            known = any(fits((sign, mask), unit) for unit in self.stratum.upper)
            require(known or most < self.fit.ridge, "global: a unit may have other signs")

    def residuals(self) -> list[arb]:
        """Claim B10: the squares of their distances to the dual point, over n, sum up to `room`."""
        found = []
        for line, n in zip(self.leaf.residual, self.fit.copies, strict=True):
            reach = self.leaf.share * sum(map(abs, line[1:]), fmpq(0)) + (n * self.room).sqrt()
            found.append(self.leaf.share * line[0] + reach * arb(0, 1))
        return found

    def unit(self, unit: Upper, residuals: list[arb]) -> Unit:
        """Claim B11: with the signs of an upper unit, but for its kinks, there is one direction."""
        sign, signs = unit
        groups = self.stratum.kinks(signs)
        require(all(map(self.is_flat, groups)), "global: kinks of both layers at one site")
        signed = [sign * residual for residual in residuals]
        weights = kept(signed, signs)
        multipliers = self.multipliers(groups, signed, self.pulled(weights))
        for group, multiplier in zip(groups, multipliers, strict=True):
            weights[group[0]] = multiplier
        direction = [entry / self.fit.ridge for entry in self.pulled(weights)]
        sides = [dot(row, direction) for row in self.features]
        off = all(sides[i] < 0 for i in self.sites if signs[i] == "-")
        require(off, "global: an upper unit may have a kink")
        return Unit(weights, direction, kept([sign * side for side in sides], signs), multipliers)

    def is_flat(self, group: list[int]) -> bool:
        """Whether the first layer is 0 in all of the box at the sites of a kink with several."""
        rows = (cone.heights[i] for i in group for _, cone in self.cones)
        return len(group) == 1 or not any(map(any, rows))

    def multipliers(self, groups: list[list[int]], signed: list[arb], pull: list[arb]) -> list[arb]:
        """Return the multipliers with which an upper unit is 0 at its kinks, strict ones."""
        kinks = [self.features[group[0]] for group in groups]
        gram = [[dot(one, other) for other in kinks] for one in kinks]
        found = solved(gram, [-dot(one, pull) for one in kinks])
        totals = (sum((signed[i] for i in group), arb(0)) for group in groups)
        strict = all(total < x < 0 for total, x in zip(totals, found, strict=True))
        require(strict, "global: a kink of an upper unit may be none")
        return found

    def pulled(self, weights: list[arb]) -> list[arb]:
        """Return the sum of features with weights."""
        return [dot(weights, column) for column in zip(*self.features, strict=True)]

    def squares(self, units: list[Unit], residuals: list[arb]) -> list[arb]:
        """Claim B12: outputs tell the squares of upper units, which are positive."""
        fit = self.fit
        outputs = [y - r / n for y, r, n in zip(fit.means, residuals, fit.copies, strict=True)]
        middles = [[arb(entry.mid()) for entry in unit.values] for unit in units]
        gram = [[dot(middle, unit.values) for unit in units] for middle in middles]
        squares = solved(gram, [dot(middle, outputs) for middle in middles])
        require(all(square > 0 for square in squares), "global: an upper unit may be dead")
        return squares

    def coordinates(self, units: list[Unit], squares: list[arb]) -> list[arb]:
        """Claim B13: each first-layer unit is dead, or has the signs of a unit of the stratum."""
        live = range(len(self.stratum.first))
        reason = "global: too few first-layer units"
        for owners in product((*live, None), repeat=self.fit.below):
            if {*live} <= {*owners}:
                try:
                    pairs = enumerate(owners)
                    vectors = [self.vector(j, owner, units, squares) for j, owner in pairs]
                    return [c for k in live for c in self.together(k, owners, vectors)]
                except CertificateError as error:
                    reason = str(error)
        raise CertificateError(reason)

    def vector(self, j: int, owner: int | None, units: list[Unit], squares: list[arb]) -> list[arb]:
        """Enclose a first-layer vector: where it has kinks, slopes off its flat are positive."""
        form = self.form(j, units, squares)
        if owner is None:
            require(definite(list(form.values())), "global: a dead first-layer unit may live")
            return [arb(0)] * self.fit.depth
        rays = {k: self.box.cones[j].rays[k] for k in form if self.stays(j, k, owner)}
        for k in form.keys() - rays:
            steep = self.is_steep(j, k, form[k], units, squares)
            require(steep, "global: a kink of a first-layer unit may be none")
        require(bool(rays), "global: a first-layer unit has no place")
        place = self.places[self.box.unit(j)]
        columns = zip(*rays.values(), strict=True)
        vector = [dot([place[k] for k in rays], column) for column in columns]
        one = len(self.stratum.kernels[owner][0]) == 1
        right = all(self.is_right(owner, v) for v in (rays.values() if one else [vector]))
        require(right, "global: a first-layer unit may have a kink")
        return vector

    def opened(self, j: int) -> list[int]:
        """Return the rays of a cone that have a part in the box."""
        return [k for k, high in enumerate(self.box.high[self.box.unit(j)]) if high > 0]

    def pulls(self, j: int, units: list[Unit]) -> list[list[arb]]:
        """Return for each upper unit its gradient by the coordinate of each ray of a cone."""
        columns = [*zip(*self.box.cones[j].heights, strict=True)]
        return [[dot(unit.weights, column) for column in columns] for unit in units]

    def form(self, j: int, units: list[Unit], squares: list[arb]) -> dict[int, list[arb]]:
        """Return the form of a dead unit's growth, a line for each ray in the box."""
        products, rays, pulls = self.box.cones[j].products, self.opened(j), self.pulls(j, units)
        weights = [*zip(squares, pulls, strict=True)]

        def entry(a: int, b: int) -> arb:
            bend = sum((square * pull[a] * pull[b] for square, pull in weights), arb(0))
            return self.fit.ridge**2 * products[a][b] - bend

        return {a: [entry(a, b) for b in rays] for a in rays}

    def is_steep(
        self, j: int, k: int, row: list[arb], units: list[Unit], squares: list[arb]
    ) -> bool:
        """Whether the loss grows along a ray: as its row of the form is positive, or its slope."""
        place, line = self.places[self.box.unit(j)], self.box.cones[j].products[k]
        found = self.fit.ridge * sum((line[m] * place[m] for m in self.opened(j)), arb(0))
        terms = zip(units, squares, self.pulls(j, units), strict=True)
        lower = sum((t * unit.direction[j] * pull[k] for unit, t, pull in terms), arb(0))
        return found > lower or all(entry > 0 for entry in row)

    def stays(self, j: int, k: int, owner: int) -> bool:
        """Whether a ray is in the flat of a first-layer unit."""
        ray, signs = self.box.cones[j].rays[k], self.stratum.first[owner]
        pairs = zip(self.fit.rows, signs, strict=True)
        return not any(dot(ray, row) for row, side in pairs if side == "0")

    def is_right(self, owner: int, vector: Sequence[Any]) -> bool:
        """Whether a vector has the signs of a first-layer unit where that has no kinks."""
        pairs = zip(self.fit.rows, self.stratum.first[owner], strict=True)
        sides = ((dot(vector, row), side) for row, side in pairs if side != "0")
        return all(x > 0 if side == "+" else x < 0 for x, side in sides)

    def together(self, owner: int, owners: tuple, vectors: list[list[arb]]) -> list[arb]:
        """Return coordinates of a unit; parts on one ray are one unit of their total length."""
        basis, free = self.stratum.kernels[owner]
        parts = [vector for vector, one in zip(vectors, owners, strict=True) if one == owner]
        if len(parts) == 1:
            return [parts[0][k] for k in free]
        require(len(basis) == 1, "global: first-layer units in one flat")
        total = sum((part[free[0]] ** 2 for part in parts), arb(0)).sqrt()
        site = self.stratum.first[owner].index("+")
        return [total if dot(basis[0], self.fit.rows[site]) > 0 else -total]


def kept(values: list[arb], signs: str) -> list[arb]:
    """Return values at the sites where a unit is on, and 0 at the others."""
    pairs = zip(values, signs, strict=True)
    return [value if side == "+" else arb(0) for value, side in pairs]


def fits(row: Row, unit: Upper) -> bool:
    """Whether a row has the signs of an upper unit, but for its kinks."""
    sign, mask = row
    sides = enumerate(unit[1])
    return sign == unit[0] and all(
        side == "0" or (side == "+") == bool(mask >> i & 1) for i, side in sides
    )


def solved(matrix: list[list[arb]], right: list[arb]) -> list[arb]:
    """Enclose the solution of a linear system."""
    if not right:
        return []
    try:
        return arb_mat(matrix).solve(arb_mat([[entry] for entry in right])).entries()
    except ZeroDivisionError as error:
        raise CertificateError("global: a matrix may be singular") from error


def definite(form: list[list[arb]]) -> bool:
    """Whether all symmetric matrices in an enclosure are positive definite: their pivots are."""
    while form:
        (pivot, *line), *rest = form
        if not pivot > 0:
            return False
        form = [
            [entry - first * other / pivot for entry, other in zip(row, line, strict=True)]
            for first, *row in rest
        ]
    return True
