"""The inner minimiser as a function of X in an interval, by interval Newton."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import mul
from typing import Self

from flint import arb, arb_mat

from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.batches import Combinations, projected_sites
from reluenum.problem import Problem

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

POLISHING = 3
"""Newton steps to a centre, from doubles."""


@dataclass(frozen=True, eq=False)
class Inner:
    """The inner problem of one stratum, in balls.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
    largest : int
        The unit with the largest T_j.
    """

    problem: Problem
    stratum: DeepStratum
    largest: int = 0

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Sites at which the upper unit is positive."""
        return self.stratum.active(1, 0)

    @cached_property
    def kinks(self) -> Combinations:
        """The kinks of the upper unit."""
        return Combinations.of(self.problem, self.stratum, self.largest)

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """The active sites, and a basis of all kinks."""
        return (*self.active, *self.kinks.sites)

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

    @cached_property
    def equations(self) -> list[list[arb]]:
        """Coefficients of all u_j, and of B / X, at active sites and in combinations of kinks."""
        active = len(self.active)
        rows = self.forms.transpose().tolist()
        mixed = arb_mat([list(vector) for vector in self.kinks.vectors]) * arb_mat(rows[active:])
        return rows[:active] + mixed.tolist() if len(rows) > active else rows

    def spread(self, values: Sequence[arb]) -> list[arb]:
        """Return a value of each unit for all rows of its C_j, and one of the bias."""
        size = self.problem.dimension + 1
        return [*(value for value in values[:-1] for _ in range(size)), values[-1]]

    def scales(
        self, X: arb, T: Sequence[arb], ratios: Sequence[arb], faint: Sequence[arb]
    ) -> list[tuple[list[arb], arb]]:
        """Return by what units and bias count in the equations, and what they are divided by.

        First for active sites: T_j and X; then for each combination of kinks, where these are
        divided by the sum of those that take part; without the bias only ratios of T_j matter, and
        if all of them are 0, any will do: those of `faint`.
        """
        both, units = [*T, X], [*ratios, arb(0)]
        found = [(both, arb(1))]
        for span in self.kinks.spans:
            if sum(span) == 1:
                found.append(([arb(takes) for takes in span], arb(1)))
                continue
            pairs = zip(both if span[-1] else units, span, strict=True)
            part = [value if takes else arb(0) for value, takes in pairs]
            if all(value == 0 for value in part):
                pairs = zip(faint, span[:-1], strict=True)
                part = [*(value if takes else arb(0) for value, takes in pairs), arb(0)]
            total = _total(part)
            found.append(([value / total for value in part], total))
        return found

    @cached_property
    def targets(self) -> arb_mat:
        """The means of the active sites, 0 at kinks."""
        means, size = self.problem.means, len(self.seen)
        return arb_mat(size, 1, [means[i] for i in self.active] + [0] * (size - len(self.active)))

    def at(
        self,
        X: arb,
        T: Sequence[arb],
        ratios: Sequence[arb] | None = None,
        faint: Sequence[arb] | None = None,
    ) -> "Centre":
        """Solve for the residual at numbers X and T; of those that are 0, ratios may be given.

        Raises
        ------
        ZeroDivisionError
            If its matrix cannot be inverted.
        """
        size, active = len(self.seen), len(self.active)
        ratios = T if ratios is None else ratios
        faint = ratios if faint is None else faint
        scales = [self.spread(values) for values, _ in self.scales(X, T, ratios, faint)]
        weights = [scales[max(0, k - active + 1)] for k in range(size)]
        scaled = [[*map(mul, *row)] for row in zip(self.equations, weights, strict=True)]
        matrix = (arb_mat(scaled) * self.forms).tolist()
        ridge, sites = self.problem.effective_ridge, self.problem.sites
        for k, i in enumerate(self.active):
            matrix[k][k] += ridge / sites[i].count
        both = [
            [*(arb(i == k) for i in range(size)), y] for k, (y,) in enumerate(self.targets.tolist())
        ]
        solved = arb_mat(matrix).solve(arb_mat(both)).tolist()
        inverse = arb_mat([row[:-1] for row in solved])
        rho = arb_mat(size, 1, [row[-1] for row in solved])
        return Centre(self, faint, scales, inverse, rho, self.forms * inverse, self.forms * rho)


@dataclass(frozen=True, eq=False)
class Centre:
    """The residual at one X and T, and how it changes.

    Parameters
    ----------
    inner : Inner
    faint : sequence of arb
        Ratios of those T_j that are 0.
    scales : list of lists of arb
        Of the coefficients in the equations of active sites, then in those of kinks.
    inverse : arb_mat
    rho : arb_mat
    pulled : arb_mat
        The forms times the inverse.
    dual : arb_mat
        All u_j, one after the other, and B / X.
    """

    inner: Inner
    faint: Sequence[arb]
    scales: list[list[arb]]
    inverse: arb_mat
    rho: arb_mat
    pulled: arb_mat
    dual: arb_mat

    @cached_property
    def response(self) -> list[list[arb]]:
        """How u and B / X answer to their own coefficients at active sites."""
        active = len(self.inner.active)
        pulled = arb_mat([row[:active] for row in self.pulled.tolist()])
        return (pulled * arb_mat(self.inner.equations[:active])).tolist()

    def over(self, X: arb, T: Sequence[arb], ratios: Sequence[arb] | None = None) -> "State":
        """Enclose the same for X, T and ratios of T in intervals.

        If the equations change by D, the dual vector is (1 + pulled D)^-1 times that of the centre
        (Woodbury): what is large in the inverse is never multiplied by what is not small.
        """
        inner = self.inner
        scales = inner.scales(X, T, T if ratios is None else ratios, self.faint)
        moved = [
            [new - old for new, old in zip(inner.spread(now), before, strict=True)]
            for (now, _), before in zip(scales, self.scales, strict=True)
        ]
        matrix = [[x * m for x, m in zip(row, moved[0], strict=True)] for row in self.response]
        active, pulled = len(inner.active), self.pulled.tolist()
        for k, change in enumerate(moved[1:], start=active):
            change = list(map(mul, inner.equations[k], change))
            if any(x != 0 for x in change):
                for i, line in enumerate(matrix):
                    matrix[i] = [x + pulled[i][k] * c for x, c in zip(line, change, strict=True)]
        for i, line in enumerate(matrix):
            line[i] += 1
        size = len(matrix)
        unit = arb_mat(size, size, [arb(i == j) for i in range(size) for j in range(size)])
        answer = arb_mat(matrix).solve(unit, algorithm="precond")
        dual = [u for (u,) in (answer * self.dual).tolist()]
        sums = [total for _, total in scales[1:]]
        return State(self, X, T, moved, sums, answer, dual)


@dataclass(frozen=True, eq=False)
class State:
    """Residual and derivatives for X and T in intervals.

    Parameters
    ----------
    centre : Centre
    X : arb
    T : sequence of arb
    moved : list of lists of arb
        By how much the scales differ from those of the centre.
    sums : list of arb
        By which the equations of kinks are divided.
    answer : arb_mat
        (1 + pulled D)^-1.
    dual : list of arb
        All u_j, one after the other, and B / X.
    """

    centre: Centre
    X: arb
    T: Sequence[arb]
    moved: list[list[arb]]
    sums: list[arb]
    answer: arb_mat
    dual: list[arb]

    @cached_property
    def rho(self) -> arb_mat:
        """Residual times count over ridge, multipliers over ridge."""
        inner, active = self.centre.inner, len(self.centre.inner.active)
        change = [
            _total(
                x * m * u
                for x, m, u in zip(row, self.moved[max(0, k - active + 1)], self.dual, strict=True)
            )
            for k, row in enumerate(inner.equations)
        ]
        return self.centre.rho - self.centre.inverse * arb_mat(len(change), 1, change)

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
    def _drifts(self) -> list[tuple[arb_mat, arb_mat]]:
        """Derivatives of u and B / X, by T_1..T_m and X, and by ratios of T in some equations.

        An equation of kinks that one unit alone takes part in does not change with its T; others
        hold, so that dividing them by another sum changes nothing.
        """
        inner, active = self.centre.inner, len(self.centre.inner.active)
        answered, found = self.answer * self.centre.pulled, []
        for unit, block in enumerate(self.blocks):
            smooth, sharp = [], []
            for k, row in enumerate(inner.equations):
                part = -_total(map(mul, row[block], self.dual[block]))
                span = inner.kinks.spans[k - active] if k >= active else ()
                if span and (not span[unit] or sum(span) == 1):
                    part = arb(0)
                elif span:
                    part /= self.sums[k - active]
                parted = span and not span[-1]
                smooth.append(arb(0) if parted else part)
                sharp.append(part if parted else arb(0))
            size = len(smooth)
            found.append((answered * arb_mat(size, 1, smooth), answered * arb_mat(size, 1, sharp)))
        return found

    def turned(self, chart: "TowerChart") -> "Slopes":
        """Return the derivatives in the coordinates of a chart, and by X."""
        columns = [[x for (x,) in drift.tolist()] for drift in chart.pulled(self._drifts)]
        bias = self._drifts[-1]
        columns.append([x for (x,) in (bias[0] + bias[1]).tolist()])
        excess = [
            [
                2 * self.X * _total(map(mul, self.dual[self.blocks[j]], column[self.blocks[j]]))
                for column in columns
            ]
            for j in chart.units
        ]
        for row, j in zip(excess, chart.units, strict=True):
            row[-1] += self.norms[j]
        gap = [-2 * self.X * self.X * self.bias * column[-1] for column in columns]
        gap = [x - m for x, m in zip(gap, (*chart.masses, 0), strict=True)]
        gap[-1] += 2 * self.X * (1 - self.norms[-1])
        return Slopes(excess, gap)

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


@dataclass(frozen=True)
class Slopes:
    """Derivatives by the coordinates of a chart, and last by X.

    Parameters
    ----------
    excess : list of lists of arb
        Of X |u_j|^2 - 1 for each unit of the chart.
    gap : list of arb
        Of E.
    """

    excess: list[list[arb]]
    gap: list[arb]


@dataclass(frozen=True)
class TowerChart:
    """Coordinates of those T_j that are not 0: themselves, or their sum and all ratios but one.

    Parameters
    ----------
    inner : Inner
    units : tuple of int
    values : list of arb
        The coordinates.
    """

    inner: Inner
    units: tuple[int, ...]
    values: list[arb]

    @classmethod
    def of(cls, inner: Inner, units: Sequence[int], T: Sequence[arb]) -> Self:
        """Return the coordinates of some T, of which those of `units` count."""
        found = cls(inner, tuple(units), [T[unit] for unit in units])
        if not found.is_polar:
            return found
        total = _total(found.values)
        ratios = [value / total for value in found.values[:-1]]
        return cls(inner, tuple(units), [value.mid() for value in (total, *ratios)])

    @cached_property
    def is_polar(self) -> bool:
        """Whether several units take part in an equation in which the bias does not."""
        return any(
            not span[-1] and sum(span[unit] for unit in self.units) > 1
            for span in self.inner.kinks.spans
        )

    def moved(self, values: Sequence[arb]) -> Self:
        """Return the same chart with other values."""
        return type(self)(self.inner, self.units, list(values))

    @property
    def ratios(self) -> list[arb]:
        """The T_j of all units up to a common factor."""
        parts = [*self.values[1:], 1 - _total(self.values[1:])] if self.is_polar else self.values
        return self._placed(parts)

    @property
    def T(self) -> list[arb]:
        """All T_j."""
        if not self.is_polar:
            return self._placed(self.values)
        return [self.values[0] * ratio for ratio in self.ratios]

    @property
    def masses(self) -> list[int]:
        """Derivatives of the sum of T."""
        return [1, *[0] * (len(self.units) - 1)] if self.is_polar else [1] * len(self.units)

    def pulled(self, drifts: Sequence[tuple[arb_mat, arb_mat]]) -> list[arb_mat]:
        """Turn derivatives by T, in smooth and sharp parts, into those by the coordinates."""
        if not self.is_polar:
            return [drifts[unit][0] + drifts[unit][1] for unit in self.units]
        total, ratios = self.values[0], self.ratios
        along = [drifts[unit][0] * total + drifts[unit][1] for unit in self.units]
        radial = sum(
            (drifts[unit][0] * ratios[unit] for unit in self.units[1:]),
            start=drifts[self.units[0]][0] * ratios[self.units[0]],
        )
        return [radial, *(column - along[-1] for column in along[:-1])]

    def _placed(self, values: Sequence[arb]) -> list[arb]:
        found = [arb(0)] * len(self.inner.columns)
        for unit, value in zip(self.units, values, strict=True):
            found[unit] = value
        return found


def _total(values: Iterable[arb]) -> arb:
    return sum(values, start=arb(0))


@dataclass(frozen=True, eq=False)
class InnerBranch:
    """The inner minimiser for all X of an interval: T_j = 0 but on some units, the rest in a box.

    Parameters
    ----------
    state : State
        At the whole interval and box.
    chart : Chart
        With the box; on its units X |u_j|^2 = 1.
    """

    state: State
    chart: TowerChart

    @property
    def units(self) -> tuple[int, ...]:
        """Those with T_j in the box."""
        return self.chart.units

    @classmethod
    def over(
        cls, inner: Inner, X: arb, units: Sequence[int], start: Sequence[float]
    ) -> Self | None:
        """Enclose it by interval Newton from an approximation at the middle; None if that fails."""
        middle = X.mid()
        chart = TowerChart.of(inner, units, list(map(arb, start)))
        faint = _faint(start)
        try:
            for _ in range(POLISHING if units else 0):
                here = inner.at(middle, chart.T, chart.ratios, faint)
                here = here.over(middle, chart.T, chart.ratios)
                step = _chart_step(here.turned(chart), [here.excess[unit] for unit in units])
                chart = chart.moved(
                    [(c + s).mid() for c, s in zip(chart.values, step, strict=True)]
                )
            expansion = inner.at(middle, chart.T, chart.ratios, faint)
            point = expansion.over(middle, chart.T, chart.ratios)
            state = expansion.over(X, chart.T, chart.ratios)
            if not units:
                return cls(state, chart)
            slopes, moved = state.turned(chart), X - middle
            values = [
                point.excess[j] + row[-1] * moved
                for j, row in zip(units, slopes.excess, strict=True)
            ]
            box = chart
            for _ in range(ATTEMPTS):
                step = _chart_step(state.turned(box), values)
                image = [c + s for c, s in zip(chart.values, step, strict=True)]
                if all(b.contains_interior(i) for b, i in zip(box.values, image, strict=True)):
                    box = box.moved(image)
                    return cls(expansion.over(X, box.T, box.ratios), box)
                pairs = zip(box.values, image, strict=True)
                box = box.moved([_wider(b.union(i)) for b, i in pairs])
                state = expansion.over(X, box.T, box.ratios)
        except ZeroDivisionError:
            pass
        return None

    @property
    def is_convex(self) -> bool:
        """Whether the inner problem surely is convex on the box and all T >= 0.

        Its matrix is positive definite for T >= 0, and nowhere singular on the box, so that one
        common point is enough.
        """
        if self.chart.is_polar and len(self.units) > 2:
            return all(square.mid() >= 0 for square in self.state.T)
        return not any(square < 0 for square in self.state.T)

    @property
    def is_minimal(self) -> bool:
        """Whether this surely is the inner minimiser over T >= 0."""
        state = self.state
        rest = set(range(len(state.T))) - set(self.units)
        return all(state.T[j] >= 0 for j in self.units) and all(state.excess[j] <= 0 for j in rest)

    @cached_property
    def gap_drift(self) -> arb:
        """dE / dX along the branch."""
        slopes = self.state.turned(self.chart)
        rates = _chart_step(slopes, [row[-1] for row in slopes.excess]) if self.units else []
        return _total([*map(mul, slopes.gap, rates), slopes.gap[-1]])


def _faint(start: Sequence[float]) -> list[arb]:
    """Return ratios of those T_j that are 0."""
    return [arb(max(T, 1e-300)) for T in start]


def _chart_step(slopes: Slopes, values: Sequence[arb]) -> list[arb]:
    """Return minus the inverse of d(excess)/d(coordinates) times values."""
    matrix = arb_mat([row[:-1] for row in slopes.excess])
    found = matrix.solve(arb_mat(len(values), 1, [-value for value in values]))
    return [step for (step,) in found.tolist()]


def _wider(ball: arb) -> arb:
    middle = ball.mid()
    return middle + (ball - middle) * INFLATION + arb(0, abs(middle) * arb(2) ** -40)


def is_violated(inner: Inner, branch: InnerBranch) -> bool:
    """Whether surely, for all X of a branch, some unit is zero or some sign wrong."""
    state, stratum = branch.state, inner.stratum
    rest = set(range(len(state.T))) - set(branch.units)
    if not all(state.excess[unit] <= 0 for unit in rest):
        return False
    if any(state.excess[unit] < 0 for unit in rest):
        return True
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
