"""The inner minimiser as a function of X in an interval, by interval Newton (rules r, s and z)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import mul
from typing import Self

from flint import arb, arb_mat, fmpq

from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.towers.batches import kink_bases, projected_sites
from reluenum.problem import Problem

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

FLOOR = arb(2) ** -37
"""A small T_j in units of X, for multipliers that are free at T_j = 0."""

POLISHING = 3
"""Newton steps to a centre, from doubles."""


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
    def bases(self) -> list[tuple[int, ...]]:
        """Kinks that are a basis, for each set of units with T_j > 0 by its bits."""
        return kink_bases(self.problem, self.stratum)

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """The active sites, and a basis of all kinks."""
        return (*self.active, *self.bases[-1])

    @cached_property
    def columns(self) -> list[arb_mat]:
        """C_j of each unit on the sites that are seen."""
        found = []
        for row in self.stratum.layers[0]:
            sites = projected_sites(self.problem, row)
            found.append(arb_mat([list(sites[i]) for i in self.seen]).transpose())
        return found

    @cached_property
    def forms(self) -> arb_mat:
        """All C_j, one below the other, and last a row of ones."""
        rows = [row for C in self.columns for row in C.tolist()]
        return arb_mat([*rows, [arb(1)] * len(self.seen)])

    def scales(self, X: arb, T: Sequence[arb]) -> list[arb]:
        """Return T_j for each row of C_j, and X."""
        size = self.problem.dimension + 1
        return [*(square for square in T for _ in range(size)), X]

    @cached_property
    def targets(self) -> arb_mat:
        """The means of the active sites, 0 at kinks."""
        means, size = self.problem.means, len(self.seen)
        return arb_mat(size, 1, [means[i] for i in self.active] + [0] * (size - len(self.active)))

    def _kept(self, T: Sequence[arb]) -> list[bool]:
        """Return whether each site that is seen is active or among a basis, given which T are 0."""
        live = sum(1 << j for j, square in enumerate(T) if square != 0)
        return [i in self.active or i in self.bases[live] for i in self.seen]

    def at(self, X: arb, T: Sequence[arb], faint: Sequence[float] = ()) -> "Centre":
        """Solve for the residual at numbers X and T.

        Kinks that depend on others as long as some T_j are 0 keep multipliers that are nearly
        those of small T_j, of which `faint` tells the ratios.

        Raises
        ------
        ZeroDivisionError
            If its matrix cannot be inverted.
        """
        kept = self._kept(T)
        if all(kept):
            return self._at(X, T, kept, self.targets)
        least = X * FLOOR
        small = [
            square if square != 0 else least.max(arb(other))
            for square, other in zip(T, faint or [0.0] * len(T), strict=True)
        ]
        near = self._at(X, small, [True] * len(kept), self.targets).rho.tolist()
        right = [
            [y if keeps else free.mid()]
            for (y,), (free,), keeps in zip(self.targets.tolist(), near, kept, strict=True)
        ]
        return self._at(X, T, kept, arb_mat(right))

    def _at(self, X: arb, T: Sequence[arb], kept: Sequence[bool], right: arb_mat) -> "Centre":
        forms, scales, size = self.forms, self.scales(X, T), len(self.seen)
        ridge, sites = self.problem.effective_ridge, self.problem.sites
        columns = [
            [x if keeps else arb(0) for x in row]
            for row, keeps in zip(forms.transpose().tolist(), kept, strict=True)
        ]
        scaled = [[x * s for x, s in zip(row, scales, strict=True)] for row in columns]
        matrix = (arb_mat(scaled) * forms).tolist()
        for k, (i, keeps) in enumerate(zip(self.seen, kept, strict=True)):
            matrix[k][k] += (ridge / sites[i].count if k < len(self.active) else 0) if keeps else 1
        both = [[*row, y] for row, (y,) in zip(columns, right.tolist(), strict=True)]
        solved = arb_mat(matrix).solve(arb_mat(both)).tolist()
        pulled = arb_mat([row[:-1] for row in solved])
        rho = arb_mat(size, 1, [row[-1] for row in solved])
        return Centre(self, scales, pulled, rho, forms * pulled, forms * rho)


@dataclass(frozen=True, eq=False)
class Centre:
    """The residual at one X and T, and how it changes: with H its matrix and C all forms.

    Parameters
    ----------
    inner : Inner
    scales : list of arb
        Of the forms: T_j or X.
    pulled : arb_mat
        H^-1 C', without the rows of kinks whose multipliers are given.
    rho : arb_mat
    response : arb_mat
        C H^-1 C'.
    dual : arb_mat
        C rho.
    """

    inner: Inner
    scales: list[arb]
    pulled: arb_mat
    rho: arb_mat
    response: arb_mat
    dual: arb_mat

    def over(self, X: arb, T: Sequence[arb]) -> "State":
        """Enclose the same for X and T in intervals.

        If the scales move by the diagonal D, the dual vector is (1 + C H^-1 C' D)^-1 times that
        of the centre (Woodbury), and so is the response: nothing large is subtracted.
        """
        moved = [s - c for s, c in zip(self.inner.scales(X, T), self.scales, strict=True)]
        size = len(moved)
        rows = self.response.tolist()
        matrix = [
            [x * m + (i == j) for j, (x, m) in enumerate(zip(row, moved, strict=True))]
            for i, row in enumerate(rows)
        ]
        right = [[*row, u] for row, (u,) in zip(rows, self.dual.tolist(), strict=True)]
        solved = arb_mat(matrix).solve(arb_mat(right), algorithm="precond").tolist()
        dual = [row[-1] for row in solved]
        return State(self, X, T, moved, dual, [row[:-1] for row in solved])


@dataclass(frozen=True, eq=False)
class State:
    """Residual and derivatives for X and T in intervals.

    Parameters
    ----------
    centre : Centre
    X : arb
    T : sequence of arb
    moved : list of arb
        By how much the scales differ from those of the centre.
    dual : list of arb
        All u_j, one after the other, and B / X.
    response : list of lists of arb
    """

    centre: Centre
    X: arb
    T: Sequence[arb]
    moved: list[arb]
    dual: list[arb]
    response: list[list[arb]]

    @cached_property
    def rho(self) -> arb_mat:
        """Residual times count over ridge, multipliers over ridge."""
        change = [m * u for m, u in zip(self.moved, self.dual, strict=True)]
        return self.centre.rho - self.centre.pulled * arb_mat(len(change), 1, change)

    @cached_property
    def blocks(self) -> list[slice]:
        """Where each u_j stands in `dual`, and last the bias."""
        size = (len(self.dual) - 1) // len(self.T)
        starts = range(0, len(self.dual) - 1, size)
        return [*(slice(k, k + size) for k in starts), slice(len(self.dual) - 1, len(self.dual))]

    @property
    def duals(self) -> list[arb_mat]:
        """The vectors u_j."""
        return [arb_mat([[x] for x in self.dual[block]]) for block in self.blocks[:-1]]

    @property
    def bias(self) -> arb:
        """B / X."""
        return self.dual[-1]

    @cached_property
    def _products(self) -> list[list[arb]]:
        """u_j' (response between j and k) u_k, the bias last."""
        return [
            [_form(self.response, self.dual, one, two) for two in self.blocks]
            for one in self.blocks
        ]

    @cached_property
    def norms(self) -> list[arb]:
        """|u_j|^2, and the square of the bias."""
        return [_total(x * x for x in self.dual[block]) for block in self.blocks]

    @cached_property
    def excess(self) -> list[arb]:
        """X |u_j|^2 - 1."""
        return [self.X * norm - 1 for norm in self.norms[:-1]]

    @property
    def gap(self) -> arb:
        """E = X^2 - sum T - B^2."""
        return self.X * self.X - self.level

    @property
    def level(self) -> arb:
        """G = sum T + B^2."""
        return self.X * self.X * self.norms[-1] + _total(self.T)

    @cached_property
    def slopes(self) -> list[list[arb]]:
        """Derivatives of each excess by T_1..T_m, and last by X."""
        rows = [[-2 * self.X * x for x in row] for row in self._products[:-1]]
        for row, norm in zip(rows, self.norms, strict=False):
            row[-1] += norm
        return rows

    @cached_property
    def gap_slopes(self) -> list[arb]:
        """Derivatives of E by T_1..T_m, and last by X."""
        row = [2 * self.X * self.X * x - 1 for x in self._products[-1]]
        row[-1] += 1 + 2 * self.X * (1 - self.norms[-1])
        return row


def _total(values: Iterable[arb]) -> arb:
    return sum(values, start=arb(0))


def _form(matrix: list[list[arb]], vector: list[arb], one: slice, two: slice) -> arb:
    rows = zip(matrix[one], vector[one], strict=True)
    return _total(x * _total(map(mul, row[two], vector[two])) for row, x in rows)


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

        try:
            centre = [arb(start[unit]) for unit in units]
            for _ in range(POLISHING if units else 0):
                here = inner.at(middle, placed(centre), start).over(middle, placed(centre))
                step = _step(here, units, [here.excess[unit] for unit in units])
                centre = [(c + s).mid() for c, s in zip(centre, step, strict=True)]
            expansion = inner.at(middle, placed(centre), start)
            point = expansion.over(middle, placed(centre))
            state = expansion.over(X, placed(centre))
            values = [point.excess[j] + state.slopes[j][-1] * (X - middle) for j in units]
            box = centre
            for _ in range(ATTEMPTS if units else 0):
                image = [c + s for c, s in zip(centre, _step(state, units, values), strict=True)]
                if all(b.contains_interior(i) for b, i in zip(box, image, strict=True)):
                    return cls(expansion.over(X, placed(image)), tuple(units))
                box = [_wider(b.union(i)) for b, i in zip(box, image, strict=True)]
                state = expansion.over(X, placed(box))
        except ZeroDivisionError:
            return None
        return None if units else cls(state, ())

    @property
    def is_minimal(self) -> bool:
        """Whether this surely is the inner minimiser over T >= 0."""
        state = self.state
        rest = set(range(len(state.T))) - set(self.units)
        return all(state.T[j] >= 0 for j in self.units) and all(state.excess[j] <= 0 for j in rest)

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


def _wider(ball: arb) -> arb:
    middle = ball.mid()
    return middle + (ball - middle) * INFLATION + arb(0, abs(middle) * arb(2) ** -40)


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
        signs = {ball_sign(z) for z in chain.from_iterable(claims.values())} - {0}
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
        if found := ball_sign(total):
            possible.discard(-found if sign == "+" else found)
    return possible


def _relu(z: arb) -> arb:
    return z if z > 0 else arb(0) if z < 0 else z.union(arb(0))
