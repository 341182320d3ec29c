"""A stationary point of a stratum: that it exists, its signs, and whether it is a local minimum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, ctx

from ..arithmetic.decimals import NUMBER_BITS
from ..arithmetic.matrices import contracted, identity
from ..reals import dot, require, sign
from .shapes import Chart, Shape
from .strata import Fan

STEPS, EXACT_BITS = 40, 190  # Newton steps, and the bits of a box


class Dual:
    """A number with its derivatives by all unknowns."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: arb, slopes: Sequence[arb]) -> None:
        self.value, self.slopes = value, slopes

    def __add__(self, other: "Dual | arb | int") -> "Dual":
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.slopes)
        pairs = zip(self.slopes, other.slopes, strict=True)
        return Dual(self.value + other.value, [a + b for a, b in pairs])

    __radd__ = __add__

    def __neg__(self) -> "Dual":
        return self * -1

    def __sub__(self, other: "Dual | arb | int") -> "Dual":
        return self + -other

    def __mul__(self, other: "Dual | arb | int") -> "Dual":
        if not isinstance(other, Dual):
            return Dual(self.value * other, [a * other for a in self.slopes])
        pairs = zip(self.slopes, other.slopes, strict=True)
        slopes = [a * other.value + self.value * b for a, b in pairs]
        return Dual(self.value * other.value, slopes)

    __rmul__ = __mul__

    def inverse(self) -> "Dual":
        """Return 1 / x."""
        found = 1 / self.value
        return Dual(found, [-a * found * found for a in self.slopes])


@dataclass(frozen=True)
class Seen:
    """What a unit above sees: a, the sum of rho, c_1, the height at its kink and its derivative."""

    along: Dual
    turned: Dual
    total: Dual
    scale: Dual
    features: list[Dual]
    height: Dual
    rise: arb


class System:
    """The equations of a stratum in rho, T, s and k (Theorem D22)."""

    def __init__(self, shape: Shape, chart: Chart) -> None:
        self.shape, self.chart = shape, chart
        self.sites, self.units = len(shape.active), len(shape.units)
        self.size = self.sites + self.units + 1 + chart.turning

    def seen(self, values: Sequence[arb]) -> tuple[list[Dual], list[Dual], Dual, Dual, list[Seen]]:
        """Return rho, T, s, k and what the units above see."""
        slopes = [[arb(i == j) for j in range(self.size)] for i in range(self.size)]
        numbers = [Dual(v, row) for v, row in zip(values, slopes, strict=True)]
        rho, shares = numbers[: self.sites], numbers[self.sites : self.sites + self.units]
        s, nothing = numbers[self.sites + self.units], Dual(arb(0), [arb(0)] * self.size)
        k = numbers[-1] if self.chart.turning else nothing
        heights = [self._height(i, k, nothing) for i in range(len(self.shape.inputs))]
        return (
            rho,
            shares,
            s,
            k,
            [self._unit(u, rho, s, heights, nothing) for u in self.shape.units],
        )

    def _height(self, i: int, k: Dual, nothing: Dual) -> tuple[Dual, arb]:
        if not self.shape.is_plus(i):
            return nothing, arb(0)
        (a, b), (c, d), x = self.chart.start, self.chart.turn, self.shape.inputs[i]
        return k * arb(c * x + d) + arb(a * x + b), arb(c * x + d)

    def _unit(self, u: int, rho: list[Dual], s: Dual, heights: list, nothing: Dual) -> Seen:
        kink, mask = self.shape.kink[u], self.shape.masks[u]
        height, rise = (nothing, arb(0)) if kink is None else heights[kink]
        pairs = zip(self.shape.active, mask, strict=True)
        parts = [(heights[i][0] - height, heights[i][1] - rise, on) for i, on in pairs]
        features = [feature * int(on) for feature, _, on in parts]
        along = sum((f * r for f, r in zip(features, rho, strict=True)), nothing)
        turns = zip(parts, rho, strict=True)
        turned = sum((r * (turn * int(on)) for (_, turn, on), r in turns), nothing)
        total = sum((r for r, on in zip(rho, mask, strict=True) if on), nothing)
        scale = s * (s * height * height + 1).inverse()
        return Seen(along, turned, total, scale, features, height, rise)

    def equations(self, values: Sequence[arb]) -> list[Dual]:
        """Return what vanishes: those of rho, and the derivatives of the reduced function."""
        shape, chart = self.shape, self.chart
        rho, shares, s, k, seen = self.seen(values)
        found = [r * w + -y for r, w, y in zip(rho, shape.weights, shape.means, strict=True)]
        e = [k * arb(t) + arb(a) for a, t in zip(chart.start, chart.turn, strict=True)]
        by_s = e[0] * e[0] + e[1] * e[1]
        by_k = s * 2 * (e[0] * arb(chart.turn[0]) + e[1] * arb(chart.turn[1]))
        by_T = []
        for u, (share, unit) in enumerate(zip(shares, seen, strict=True)):
            pull, free = unit.scale * unit.along, shape.free[u]
            for i, on in enumerate(shape.masks[u]):
                if on:
                    found[i] = found[i] + share * pull * unit.features[i]
                    found[i] = found[i] + share * unit.total if free else found[i]
            length = pull * unit.along + unit.total * unit.total if free else pull * unit.along
            by_T.append(-length + 1)
            ratio = (s * unit.height * unit.height + 1).inverse() * unit.along
            by_s = by_s - share * ratio * ratio
            by_k = by_k - share * pull * (unit.turned - pull * unit.height * unit.rise) * 2
        return [*found, *by_T, by_s, *([by_k] if chart.turning else [])]

    def table(self, values: Sequence[arb]) -> tuple[arb_mat, arb_mat]:
        """Return the equations as a column, and the matrix of their derivatives."""
        found = self.equations(values)
        return arb_mat([[f.value] for f in found]), arb_mat([list(f.slopes) for f in found])

    def zero(self, start: Sequence[arb]) -> list[arb] | None:
        """Claim 145: there is one zero in the box of what is returned (interval Newton)."""
        with ctx.workprec(NUMBER_BITS):
            try:
                values = self._polished(start)
                value, slopes = self.table(values)
                inverse = slopes.inv().mid()
            except ZeroDivisionError:
                return None
            sizes = [arb(0, abs(v) * arb(2) ** -EXACT_BITS) for v in values]
            return contracted(values, sizes, value, inverse, lambda box: self.table(box)[1])

    def _polished(self, start: Sequence[arb]) -> list[arb]:
        """Return what Newton's method comes to."""
        values, tiny = [v.mid() for v in start], arb(2) ** -(EXACT_BITS + 20)
        for _ in range(STEPS):
            value, slopes = self.table(values)
            step = slopes.solve(value).mid().entries()
            values = [(v - d).mid() for v, d in zip(values, step, strict=True)]
            if all(abs(d) <= abs(v) * tiny for v, d in zip(values, step, strict=True)):
                break
        return values

    def injective(self, box: Sequence[arb]) -> bool:
        """Claim 146: in a box there is one zero at most: its derivatives are nearly one matrix."""
        try:
            inverse = self.table([x.mid() for x in box])[1].inv().mid()
        except ZeroDivisionError:
            return False
        off = identity(self.size) - inverse * self.table(box)[1]
        sizes = [x.rad() for x in box]
        rows = zip(off.tolist(), sizes, strict=True)
        return all(dot([abs(x) for x in row], sizes) < size or not size > 0 for row, size in rows)


class Zero:
    """A zero of the equations: a stationary point, if it has the signs of the stratum."""

    def __init__(self, fan: Fan, system: System, values: Sequence[arb]) -> None:
        self.fan, self.system, self.values = fan, system, list(values)
        self.sites, shape = fan.sites, system.shape
        self.rho = dict(zip(shape.active, self.values, strict=False))
        self.squares = self.values[system.sites : system.sites + system.units]
        self.s = self.values[system.sites + system.units]
        self.k = self.values[-1] if system.chart.turning else arb(0)

    def __reduce__(self) -> tuple:
        """Send the numbers that enclose the point."""
        return restored, (self.fan, self.system.chart, self.values)

    @cached_property
    def vector(self) -> list[arb]:
        """The incoming vector of the first-layer unit."""
        chart, root = self.system.chart, self.s.sqrt()
        pairs = zip(chart.start, chart.turn, strict=True)
        return [root * (arb(a) + self.k * arb(t)) for a, t in pairs]

    @cached_property
    def linear(self) -> list[arb]:
        """The pre-activation of the first-layer unit at each site, exactly 0 at a kink."""
        values = (self.vector[0] * arb(row[0]) + self.vector[1] for row in self.sites.rows)
        return [arb(0) if i in self.fan.kinks else value for i, value in enumerate(values)]

    @cached_property
    def units(self) -> list[tuple[arb, arb]]:
        """W_m and b_m, divided by w_m."""
        seen = self.system.seen(self.values)[-1]
        found = []
        for unit, free in zip(seen, self.system.shape.free, strict=True):
            pull = unit.scale.value * unit.along.value
            bias = unit.total.value if free else -pull * unit.height.value
            found.append((pull / self.s.sqrt(), bias))
        return found

    @cached_property
    def sides(self) -> tuple[int, ...] | None:
        """Claim 147: signs of the output weights with which this is stationary; None without."""
        with ctx.workprec(NUMBER_BITS):
            if any(square < 0 for square in self.squares) or self.s < 0:
                return None
            values = [
                self._fits(v, mark) for v, mark in zip(self.linear, self.fan.row, strict=True)
            ]
            known = [self._side(k) for k in self.system.shape.units]
        if False in values or 0 in known:
            return None
        sure = None not in (*values, *known) and all(t > 0 for t in (*self.squares, self.s))
        require(sure, "a sign is exactly 0, or nearly")
        return tuple(known)

    @staticmethod
    def _fits(value: arb, mark: str) -> bool | None:
        """Whether a pre-activation has a sign."""
        if mark in ".0":
            return True
        wanted = value if mark == "+" else -value
        return True if wanted > 0 else False if wanted < 0 else None

    def _side(self, unit: int) -> int | None:
        """Return the sign of w_m with which all signs are right, 0 if there is none."""
        weight, bias = self.units[unit]
        found = set()
        for value, mark in zip(self.linear, self.fan.upper[unit], strict=True):
            if mark != "0":
                seen = sign(weight * value.max(arb(0)) + bias)
                found.add(seen if seen is None or mark == "+" else -seen)
        if {1, -1} <= found or 0 in found:
            return 0
        return None if None in found else found.pop()

    @cached_property
    def minimum(self) -> bool:
        """Claim 148: this is a strict local minimum, or surely none (Lemmas D12, D20, D26).

        The kinks are independent: one at most for each unit. The Hessian of the reduced function
        has the signature of that of the Lagrangian on the stratum (Theorem D22).
        """
        with ctx.workprec(NUMBER_BITS):
            conditions = [*self._pivots(), *self._upper(), *self._first()]
            if any(x < 0 for x in conditions):
                return False
            sure = all(x > 0 for x in conditions)
        require(sure, f"{self.fan.text}: whether this is a local minimum is not clear")
        return True

    def _pivots(self) -> list[arb]:
        """Return the pivots of the Hessian of the reduced function by T, s and k."""
        slopes, n = self.system.table(self.values)[1].tolist(), self.system.sites
        corner = arb_mat([row[:n] for row in slopes[:n]])
        right = arb_mat([row[n:] for row in slopes[:n]])
        below = arb_mat([row[:n] for row in slopes[n:]])
        hessian = (arb_mat([row[n:] for row in slopes[n:]]) - below * corner.solve(right)).tolist()
        found = []
        while hessian:
            (pivot, *row), *rest = hessian
            found.append(pivot)
            if not pivot > 0:
                break
            hessian = [
                [x - line[0] * y / pivot for x, y in zip(line[1:], row, strict=True)]
                for line in rest
            ]
        return found

    @cached_property
    def outputs(self) -> list[arb]:
        """The output weights."""
        pairs = zip(self.sides, self.squares, strict=True)
        return [side * square.sqrt() for side, square in pairs]

    def residual(self, site: int) -> arb:
        """Return r: ridge rho where f counts, the target elsewhere."""
        if site in self.rho:
            return self.system.shape.ridge * self.rho[site]
        return arb(self.sites.totals[site])

    def kink(self, unit: int) -> arb:
        """Claim 149: the multiplier of the kink of a unit above, or of its group."""
        row, w = self.fan.upper[unit], self.outputs[unit]
        pulled = sum((self.residual(i) for i, mark in enumerate(row) if mark == "+"), arb(0))
        return w * (self.system.shape.ridge * self.units[unit][1] - pulled)

    def _upper(self) -> Iterator[arb]:
        """Claim 150: numbers that are positive iff D < mu < 0 at kinks above, a group as one."""
        for k, row in enumerate(self.fan.upper):
            zeros = [i for i, mark in enumerate(row) if mark == "0"]
            if zeros:
                mu, most = self.kink(k), self.outputs[k] * sum(map(self.residual, zeros), arb(0))
                yield -mu
                yield mu - most

    def _first(self) -> Iterator[arb]:
        """Claim 151: the same for a kink of the first-layer unit, on the rays of all cells."""
        for site in self.fan.kinks:
            found = self._below(site)
            yield -found
            for k, row in enumerate(self.fan.upper):
                w = self.outputs[k]
                weight = self.units[k][0] * w
                if row[site] == "+":
                    found = found - weight * w * self.residual(site)
                elif row[site] == "0":
                    found += self._nested(k, site, weight)
            yield found

    def _nested(self, unit: int, site: int, weight: arb) -> arb:
        """Return the least derivative at a group above a kink that becomes positive, by b."""
        w, mu = self.outputs[unit], self.kink(unit)
        others = sum((self.residual(i) for i in self.fan.group if i != site), arb(0)) * w
        own = self.residual(site) * w
        at_zero = -own * weight.max(arb(0))
        return at_zero.min(-mu * weight - others * (-weight).max(arb(0)))

    def _below(self, site: int) -> arb:
        """Return the multiplier of the kink of the first-layer unit."""
        rows, pulled = self.sites.rows, arb(0)
        for i in self.fan.plus:
            flow = arb(0)
            for k, row in enumerate(self.fan.upper):
                w = self.outputs[k]
                weight = self.units[k][0] * w
                if row[i] == "+":
                    flow += weight * w * self.residual(i)
                elif row[i] == "0":
                    flow += weight * self.kink(k)
            pulled += flow * arb(dot(rows[i], rows[site]))
        return -pulled / arb(dot(rows[site], rows[site]))

    @cached_property
    def loss(self) -> arb:
        """Claim 152: the loss is ridge (|v|^2 + sum T + y . rho), and the squares where f is 0."""
        sites, shape = self.sites, self.system.shape
        with ctx.workprec(NUMBER_BITS):
            fit = sum((self.rho[i] * arb(sites.means[i]) for i in shape.active), arb(0))
            total = shape.ridge * (dot(self.vector, self.vector) + sum(self.squares, fit))
            return (total + sites.unfitted(shape.active)) * sites.scale


def restored(fan: Fan, chart: Chart, values: list[arb]) -> Zero:
    """Return a point that was sent."""
    return Zero(fan, System(Shape(fan), chart), values)
