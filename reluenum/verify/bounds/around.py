"""Boxes that may hold a best network: it is a critical point of one polynomial."""

from dataclasses import dataclass
from itertools import product

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
        flat = all(
            not any(cone.heights[i])
            for g in groups
            if len(g) > 1
            for i in g
            for _, cone in self.cones
        )
        require(flat, "global: kinks of both layers at one site")
        signed = [sign * residual for residual in residuals]
        weights = [signed[i] if signs[i] == "+" else arb(0) for i in self.sites]
        kinks = [self.features[group[0]] for group in groups]
        pull = self.pulled(weights)
        gram = [[dot(one, other) for other in kinks] for one in kinks]
        multipliers = solved(gram, [-dot(one, pull) for one in kinks])
        for group, multiplier in zip(groups, multipliers, strict=True):
            total = sum((signed[i] for i in group), arb(0))
            require(total < multiplier < 0, "global: a kink of an upper unit may be none")
            weights[group[0]] = multiplier
        direction = [entry / self.fit.ridge for entry in self.pulled(weights)]
        sides = [dot(row, direction) for row in self.features]
        off = all(sides[i] < 0 for i in self.sites if signs[i] == "-")
        require(off, "global: an upper unit may have a kink")
        values = [sign * sides[i] if signs[i] == "+" else arb(0) for i in self.sites]
        return Unit(weights, direction, values, multipliers)

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
        part, cone, ridge = self.box.unit(j), self.box.cones[j], self.fit.ridge
        open_ = [k for k, high in enumerate(self.box.high[part]) if high > 0]
        place = {k: self.places[part][k] for k in open_}
        pulls = [
            {k: dot(unit.weights, [line[k] for line in cone.heights]) for k in open_}
            for unit in units
        ]
        form = [
            [
                ridge**2 * cone.products[a][b]
                - sum(
                    (t * pull[a] * pull[b] for t, pull in zip(squares, pulls, strict=True)), arb(0)
                )
                for b in open_
            ]
            for a in open_
        ]
        if owner is None:
            require(definite(form), "global: a dead first-layer unit may live")
            return [arb(0)] * self.fit.depth
        signs = self.stratum.first[owner]
        sides = {k: [dot(cone.rays[k], row) for row in self.fit.rows] for k in open_}
        along = [k for k in open_ if not any(sides[k][i] for i in self.sites if signs[i] == "0")]
        for k, line in zip(open_, form, strict=True):
            if k not in along:
                slope = ridge * sum((cone.products[k][m] * place[m] for m in open_), arb(0))
                for unit, square, pull in zip(units, squares, pulls, strict=True):
                    slope -= square * unit.direction[j] * pull[k]
                sure = slope > 0 or all(entry > 0 for entry in line)
                require(sure, "global: a kink of a first-layer unit may be none")
        rays = [cone.rays[k] for k in along]
        require(bool(rays), "global: a first-layer unit has no place")
        vector = [dot([place[k] for k in along], column) for column in zip(*rays, strict=True)]
        one = len(self.stratum.kernels[owner][0]) == 1
        tables = [sides[k] for k in along] if one else [[dot(vector, row) for row in self.fit.rows]]
        for table, i in product(tables, self.sites):
            right = signs[i] == "0" or (table[i] > 0 if signs[i] == "+" else table[i] < 0)
            require(right, "global: a first-layer unit may have a kink")
        return vector

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
