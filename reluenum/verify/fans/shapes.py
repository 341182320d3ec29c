"""What the equations of a stratum need of the data, and the boxes of first-layer vectors.

The vector is (beta / alpha) e(k), e(k) = start + k turn with k in [0, 1]; alpha or beta is 1. Where
the break of the unit is near the inputs the first entry of e is 1 or -1, so that units above
can keep their functions while k moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from flint import arb, arb_mat, ctx, fmpq

from .models import Model
from .strata import Fan, rays

WIDE, TALL = arb(1.2), arb(1.5)
BEYOND = 4  # how far from the inputs, in sizes of these, a break is treated as infinity

Vector = tuple[fmpq, fmpq]


@dataclass(frozen=True)
class Chart:
    """Directions start + k turn of the first-layer vector, k in [0, 1]."""

    start: Vector
    turn: Vector

    @property
    def turning(self) -> bool:
        """Whether k matters."""
        return any(self.turn)

    @property
    def shortest(self) -> fmpq:
        """A lower bound of the square of the length of e: that of an entry that is constant."""
        if not self.turning:
            return self.start[0] ** 2 + self.start[1] ** 2
        (fixed,) = (s for s, t in zip(self.start, self.turn, strict=True) if not t)
        return fixed * fixed


def charts(fan: Fan) -> list[Chart]:
    """Claim 126: charts that cover all directions of the first-layer vector."""
    ends = rays(fan)
    if len(ends) == 1:
        return [Chart(ends[0], (fmpq(0), fmpq(0)))]
    low, high = ends  # by first entries, which are 1 or -1
    if low[0] == high[0]:
        return [_between(low, high)]
    far = 1 + BEYOND * max(abs(row[0]) for row in fan.sites.rows)
    cuts = [(fmpq(-1), far), (fmpq(1), far)]
    middle = _between(*((x / far, y / far) for x, y in cuts))
    return [_between(low, cuts[0]), middle, _between(cuts[1], high)]


def _between(one: Vector, other: Vector) -> Chart:
    return Chart(one, (other[0] - one[0], other[1] - one[1]))


class Shape:
    """A stratum in numbers: what the units above see of a first-layer vector."""

    def __init__(self, fan: Fan) -> None:
        self.fan, sites = fan, fan.sites
        self.active = fan.active
        self.inputs = [sites.rows[i][0] for i in range(sites.size)]
        self.units = range(len(fan.upper))
        self.masks = [[row[i] == "+" for i in self.active] for row in fan.upper]
        self.free = ["0" not in row for row in fan.upper]
        self.kink = [
            next((i for i in fan.plus if row[i] == "0"), None) for row in fan.upper
        ]  # None for a group, where the height is 0
        self.balls = cache(self._balls)

    def _balls(self, bits: int) -> tuple[list[arb], list[arb], arb]:
        """Return ridge / copies and the targets at active sites, and the ridge, at a precision."""
        ridge, sites = self.fan.sites.ridge, self.fan.sites
        with ctx.workprec(bits):
            weights = [arb(ridge / sites.copies[i]) for i in self.active]
            return weights, [arb(sites.means[i]) for i in self.active], arb(ridge)

    @property
    def weights(self) -> list[arb]:
        """The ridge over the number of copies, at each active site."""
        return self.balls(ctx.prec)[0]

    @property
    def means(self) -> list[arb]:
        """The targets at the active sites."""
        return self.balls(ctx.prec)[1]

    @property
    def ridge(self) -> arb:
        """The effective ridge."""
        return self.balls(ctx.prec)[2]

    @cached_property
    def diagonal(self) -> arb_mat:
        """The weights as a matrix, approximately."""
        size = len(self.active)
        return arb_mat([[self.weights[i] * (i == j) for j in range(size)] for i in range(size)])

    @cached_property
    def targets(self) -> arb_mat:
        """The targets as a column, approximately."""
        return arb_mat([[y] for y in self.means])

    @cached_property
    def most(self) -> fmpq:
        """Claim 127: no sum of T at a stationary point is larger (Lemma D23)."""
        sites = self.fan.sites
        squares = (sites.totals[i] * sites.means[i] for i in self.active)
        return sum(squares, fmpq(0)) / (4 * sites.ridge)

    def is_plus(self, site: int) -> bool:
        """Whether the first-layer unit is positive at a site."""
        return self.fan.row[site] == "+"

    def duals(self, vector: Sequence[arb], unit: int) -> list[list[arb]]:
        """Return Gamma of a unit above as rows of linear forms of rho, at one vector."""

        def height(i: int | None) -> arb:
            seen = i is not None and self.is_plus(i)
            return vector[0] * self.inputs[i] + vector[1] if seen else arb(0)

        kink, mask = height(self.kink[unit]), self.masks[unit]
        scale = 1 if self.free[unit] else (1 + kink * kink).rsqrt()
        pairs = zip(self.active, mask, strict=True)
        rows = [[(height(i) - kink) * scale if on else arb(0) for i, on in pairs]]
        return [*rows, [arb(on) for on in mask]] if self.free[unit] else rows


@dataclass(frozen=True)
class Box:
    """First-layer vectors: of a chart, alpha (or beta: a tail) and k in intervals."""

    chart: Chart
    tail: bool
    scale: tuple[arb, arb]
    angle: tuple[arb, arb]

    @cached_property
    def models(self) -> tuple[Model, Model]:
        """The scale and k as functions of the place in the box."""
        (low, high), (left, right) = self.scale, self.angle
        one = Model.of((low + high) / 2, (high - low) / 2)
        return one, Model.of((left + right) / 2, 0, (right - left) / 2)

    @property
    def middle(self) -> list[arb]:
        """The vector in the middle."""
        scale, angle = (model.terms[0].mid() for model in self.models)
        factor = scale if self.tail else 1 / scale
        pairs = zip(self.chart.start, self.chart.turn, strict=True)
        return [factor * (start + angle * turn) for start, turn in pairs]

    def halves(self, side: int) -> list["Box"]:
        """Return two boxes that it consists of, cut across the scale (0) or k (1)."""
        low, high = self.angle if side else self.scale
        wide = not side and low > 0 and high > 2 * low
        cut = ((low * high).sqrt() if wide else (low + high) / 2).mid()
        ends = [(low, cut), (cut, high)]
        if side:
            return [Box(self.chart, self.tail, self.scale, pair) for pair in ends]
        return [Box(self.chart, self.tail, pair, self.angle) for pair in ends]

    @property
    def wide(self) -> bool:
        """Whether steps along the scale may be worth it."""
        return bool(self.scale[1] > WIDE * self.scale[0])

    @property
    def is_column(self) -> bool:
        """Whether there are many values of the scale above an interval of k."""
        low, high = self.scale
        return bool(self.chart.turning and not self.tail and high > TALL * low)

    def edge(self, end: int) -> "Box":
        """Return the vectors at one end of the scale."""
        return Box(self.chart, self.tail, (self.scale[end],) * 2, self.angle)

    def beyond(self, end: int, ratio: arb) -> "Box | None":
        """Return what is left if s is excluded as far as s sqrt(ratio), which is beyond one end."""
        low, high = self.scale
        factor = ratio.max(arb(0)).sqrt().sqrt()  # of the scale, alpha = 1 / sqrt(s) or beta
        if self.tail:
            cut = self.scale[end] * factor
        else:
            cut = self.scale[end] / factor if factor > 0 else high
        if end == 0:
            cut = cut.lower().max(low)
            return Box(self.chart, self.tail, (cut, high), self.angle) if cut < high else None
        cut = cut.upper().min(high)
        return Box(self.chart, self.tail, (low, cut), self.angle) if low < cut else None
