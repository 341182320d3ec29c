"""The inner minimiser as a function of X in an interval, by interval Newton (rules r, s and z)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

from flint import arb, arb_mat, fmpq

from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.towers.batches import kink_basis, projected_sites
from reluenum.problem import Problem

INFLATION = 4
"""By how much a box is larger than a first Newton step from its centre."""


@dataclass(frozen=True, eq=False)
class Inner:
    """The inner problem of one stratum, in balls.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
    """

    problem: Problem
    stratum: DeepStratum

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Sites at which the upper unit is positive."""
        return self.stratum.active(1, 0)

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """These, and a site for each of a basis of its kinks."""
        return (*self.active, *kink_basis(self.problem, self.stratum))

    @cached_property
    def columns(self) -> list[arb_mat]:
        """C_j of each unit on the sites that are seen."""
        found = []
        for row in self.stratum.layers[0]:
            sites = projected_sites(self.problem, row)
            found.append(arb_mat([list(sites[i]) for i in self.seen]).transpose())
        return found

    @cached_property
    def grams(self) -> list[arb_mat]:
        """C_j'C_j."""
        return [C.transpose() * C for C in self.columns]

    @cached_property
    def fixed(self) -> arb_mat:
        """The part of the matrix that depends on neither T nor X."""
        ridge, sites = self.problem.effective_ridge, self.problem.sites
        size = len(self.seen)
        entries = [[fmpq(0)] * size for _ in range(size)]
        for k, i in enumerate(self.active):
            entries[k][k] = ridge / sites[i].count
        return arb_mat(entries)

    @cached_property
    def targets(self) -> arb_mat:
        """The means of the active sites, 0 at kinks."""
        means, size = self.problem.means, len(self.seen)
        return arb_mat(size, 1, [means[i] for i in self.active] + [0] * (size - len(self.active)))

    @cached_property
    def ones(self) -> arb_mat:
        """A column of ones."""
        return arb_mat(len(self.seen), 1, [1] * len(self.seen))

    def at(self, X: arb, T: Sequence[arb]) -> "Inner.State":
        """Solve for the residual; X and T may be intervals."""
        matrix = self.fixed + self.ones * self.ones.transpose() * X
        for square, gram in zip(T, self.grams, strict=True):
            matrix += gram * square
        return State(self, X, T, matrix)


@dataclass(frozen=True, eq=False)
class State:
    """Residual and derivatives at some X and T.

    Parameters
    ----------
    inner : Inner
    X : arb
    T : sequence of arb
    matrix : arb_mat
        Of which the residual is the solution.

    Raises
    ------
    ZeroDivisionError
        When something is asked for and the matrix cannot be inverted.
    """

    inner: Inner
    X: arb
    T: Sequence[arb]
    matrix: arb_mat

    @cached_property
    def rho(self) -> arb_mat:
        """Residual times count over ridge, multipliers over ridge."""
        return self.matrix.solve(self.inner.targets)

    @cached_property
    def duals(self) -> list[arb_mat]:
        """The vectors u_j."""
        return [C * self.rho for C in self.inner.columns]

    @cached_property
    def bias(self) -> arb:
        """B / X."""
        return (self.inner.ones.transpose() * self.rho)[0, 0]

    @cached_property
    def excess(self) -> list[arb]:
        """X |u_j|^2 - 1."""
        return [self.X * (u.transpose() * u)[0, 0] - 1 for u in self.duals]

    @property
    def gap(self) -> arb:
        """E = X^2 - sum T - B^2."""
        return self.X * self.X * (1 - self.bias * self.bias) - sum(self.T, start=arb(0))

    @cached_property
    def _moved(self) -> list[arb_mat]:
        """Minus the derivatives of rho by T_j, and last by X."""
        pulls = [C.transpose() * u for C, u in zip(self.inner.columns, self.duals, strict=True)]
        pulls.append(self.inner.ones * self.bias)
        size = self.matrix.nrows()
        entries = [[pull[k, 0] for pull in pulls] for k in range(size)]
        found = self.matrix.solve(arb_mat(entries))
        return [
            arb_mat(size, 1, [found[k, j] for k in range(size)]) for j in range(len(pulls))
        ]

    @cached_property
    def slopes(self) -> list[list[arb]]:
        """Derivatives of each excess by T_1..T_m, and last by X."""
        rows = []
        for C, u in zip(self.inner.columns, self.duals, strict=True):
            pull = u.transpose() * C
            row = [-2 * self.X * (pull * moved)[0, 0] for moved in self._moved]
            row[-1] += (u.transpose() * u)[0, 0]
            rows.append(row)
        return rows

    @cached_property
    def gap_slopes(self) -> list[arb]:
        """Derivatives of E by T_1..T_m, and last by X."""
        ones, X, bias = self.inner.ones.transpose(), self.X, self.bias
        row = [2 * X * X * bias * (ones * moved)[0, 0] - 1 for moved in self._moved]
        row[-1] += 1 + 2 * X * (1 - bias * bias)
        return row


@dataclass(frozen=True, eq=False)
class Branch:
    """The inner minimiser for all X of an interval: T_j = 0 but on some units, the rest in a box.

    Parameters
    ----------
    state : State
        At the whole interval and box.
    units : tuple of int
        Those with T_j in the box; of them X |u_j|^2 = 1.
    """

    state: State
    units: tuple[int, ...]

    @classmethod
    def over(
        cls, inner: Inner, X: arb, units: Sequence[int], start: Sequence[float]
    ) -> Self | None:
        """Enclose it by interval Newton from an approximation at the middle; None if that fails."""
        size = len(inner.columns)
        middle = X.mid()

        def placed(values: Sequence[arb]) -> list[arb]:
            T = [arb(0)] * size
            for unit, value in zip(units, values, strict=True):
                T[unit] = value
            return T

        if not units:
            return cls(inner.at(X, placed([])), ())
        try:
            centre = [arb(start[unit]) for unit in units]
            for _ in range(3):
                centre = [c.mid() for c in _solved(inner.at(middle, placed(centre)), units, centre)]
            point = inner.at(middle, placed(centre))
            drift = inner.at(X, placed(centre))
            values = [
                e + row[-1] * (X - middle)
                for e, row in zip(
                    (point.excess[u] for u in units),
                    (drift.slopes[u] for u in units),
                    strict=True,
                )
            ]
            step = _step(point, units, values)
            box = [c + s * INFLATION / 2 for c, s in zip(centre, step, strict=True)]
            box = [b + arb(0, abs(b).upper() * arb(2) ** -40) for b in box]
            for _ in range(4):
                state = inner.at(X, placed(box))
                image = [c + s for c, s in zip(centre, _step(state, units, values), strict=True)]
                if all(b.contains_interior(i) for b, i in zip(box, image, strict=True)):
                    return cls(inner.at(X, placed(image)), tuple(units))
                box = [
                    (b.union(i) - b.mid()) * arb("1.2") + b.mid()
                    for b, i in zip(box, image, strict=True)
                ]
        except ZeroDivisionError:
            return None
        return None

    @cached_property
    def drift(self) -> list[arb]:
        """Derivatives of the T_j of `units` by X."""
        rates = [self.state.slopes[unit][-1] for unit in self.units]
        return _step(self.state, self.units, rates) if self.units else []

    @cached_property
    def gap_drift(self) -> arb:
        """dE / dX along the branch."""
        slopes = self.state.gap_slopes
        parts = (slopes[unit] * rate for unit, rate in zip(self.units, self.drift, strict=True))
        return sum(parts, start=slopes[-1])


def _step(state: State, units: Sequence[int], values: Sequence[arb]) -> list[arb]:
    """Return minus the inverse of d(excess)/dT, on some units, times values."""
    slopes = arb_mat([[state.slopes[i][j] for j in units] for i in units])
    found = slopes.solve(arb_mat(len(units), 1, [-value for value in values]))
    return [found[k, 0] for k in range(len(units))]


def _solved(state: State, units: Sequence[int], centre: Sequence[arb]) -> list[arb]:
    step = _step(state, units, [state.excess[unit] for unit in units])
    return [c + s for c, s in zip(centre, step, strict=True)]


def is_violated(inner: Inner, branch: Branch) -> bool:
    """Whether surely, for all X of a branch, some sign is not that of the stratum (rules r, s)."""
    state, stratum = branch.state, inner.stratum
    rest = set(range(len(state.T))) - set(branch.units)
    if any(state.excess[unit] < 0 for unit in rest):
        return all(state.excess[unit] <= 0 for unit in rest)
    sides = []
    for row, u in zip(stratum.layers[0], state.duals, strict=True):
        claims = {
            sign: [z * (1 if sign == "+" else -1) for z in _heights(inner, u, row, sign)]
            for sign in "+-"
        }
        signs = {ball_sign(z) for z in chain.from_iterable(claims.values())} - {None}
        if {1, -1} <= signs:
            return True
        sides.append(1 if 1 in signs else -1 if -1 in signs else 0)
    return not _output_signs(inner, state, sides)


def _heights(inner: Inner, u: arb_mat, row: str, sign: str) -> list[arb]:
    """Return xt_i . u at the sites where a row has a sign."""
    sites = zip(inner.problem.sites, row, strict=True)
    rows = [list(site.row) for site, shown in sites if shown == sign]
    return [z for (z,) in (arb_mat(rows) * u).tolist()] if rows else []


def _output_signs(inner: Inner, state: State, sides: Sequence[int]) -> set[int]:
    """Return the signs that the output weight may have: f is of that sign where the stratum has +.

    Where it has -, f as computed is of the other sign.
    """
    upper = inner.stratum.layers[1][0]
    possible = {1, -1}
    weights = [u * square for u, square in zip(state.duals, state.T, strict=True)]
    for site, sign in zip(inner.problem.sites, upper, strict=True):
        if sign == "0" or not possible:
            continue
        total, row = state.bias * state.X, arb_mat(1, len(site.row), list(site.row))
        place = inner.problem.sites.index(site)
        for w, side, lower in zip(weights, sides, inner.stratum.layers[0], strict=True):
            z = (row * w)[0, 0]
            if lower[place] == "+":
                total += z
            elif lower[place] == ".":
                total += _relu(z * side) * side if side else z.union(arb(0))
        if (found := ball_sign(total)) is not None:
            possible.discard(-found if sign == "+" else found)
    return possible


def _relu(z: arb) -> arb:
    return z if z > 0 else arb(0) if z < 0 else z.union(arb(0))
