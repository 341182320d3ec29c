"""What the equations of a stratum need of the data, for one stratum and for many charts at once.

A first-layer vector is sqrt(s) e(k) with e(k) = start + k turn and k in [0, 1]: a chart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from flint import arb, ctx, fmpq

from ..reals import require
from .models import UP, Array, Model
from .strata import Fan, rays

Vector = tuple[fmpq, fmpq]

READ = 2.0**-52  # what a number loses when it becomes a double, as a part of it
LARGEST, SMALLEST = fmpq(10) ** 40, fmpq(10) ** -40  # of numbers that are not 0
CUT = fmpq(9, 16)  # where wide charts are cut: any place will do


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
        """A lower bound of |e|^2: of the line through both ends."""
        (a, b), (c, d) = self.start, self.turn
        return (a * d - b * c) ** 2 / (c * c + d * d) if self.turning else a * a + b * b


def charts(fan: Fan) -> list[Chart]:
    """Claim 132: charts that cover all directions of the first-layer vector."""
    ends = [tuple(x / max(map(abs, ray)) for x in ray) for ray in rays(fan)]
    if len(ends) == 1:
        return [Chart(ends[0], (fmpq(0), fmpq(0)))]
    (a, b), (c, d) = ends
    if a * c + b * d > 0:
        return [_between(*ends)]
    middle = (CUT * a + (1 - CUT) * c, CUT * b + (1 - CUT) * d)
    return [_between(ends[0], middle), _between(middle, ends[1])]


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
    def most(self) -> fmpq:
        """Claim 133: no sum of T at a stationary point is larger (Lemma D23)."""
        sites = self.fan.sites
        squares = (sites.totals[i] * sites.means[i] for i in self.active)
        return sum(squares, fmpq(0)) / (4 * sites.ridge)

    def is_plus(self, site: int) -> bool:
        """Whether the first-layer unit is positive at a site."""
        return self.fan.row[site] == "+"

    def heights(self, vector: Vector) -> list[fmpq]:
        """Return the heights at all sites as forms of the vector: 0 where it is not positive."""
        pairs = enumerate(self.inputs)
        return [vector[0] * x + vector[1] if self.is_plus(i) else fmpq(0) for i, x in pairs]


def number(x: fmpq) -> float:
    """Return the nearest double; what it becomes in products must not be lost."""
    fits = x == 0 or SMALLEST < abs(x) < LARGEST
    require(fits, "a number of the data is too large, or too near to 0, for proofs in doubles")
    return int(x.p) / int(x.q)


class Tables:
    """Charts as arrays: first index the chart, then units above (filled up) and sites (all).

    `heights`, `kinks` (of the heights) and `features` are pairs: at k = 0, and the change to k = 1.
    """

    def __init__(self, places: Sequence[tuple[Shape, Chart]]) -> None:
        self.places = list(places)
        width = max(len(shape.units) for shape, _ in places)
        rows = [_row(shape, chart, width) for shape, chart in places]
        self.columns = {key: np.array([row[key] for row in rows], float) for key in rows[0]}
        self.alive = self.columns["alive"] > 0
        self.turning = np.array([chart.turning for _, chart in places])
        self.sites, self.width = len(places[0][0].inputs), width

    def __getattr__(self, name: str) -> Array:
        try:
            return self.__dict__["columns"][name]
        except KeyError:
            raise AttributeError(name) from None

    def model(self, name: str, rows: Array) -> Model:
        """Return numbers that do not depend on k."""
        return Model.of(self.columns[name][rows], READ)

    def affine(self, name: str, rows: Array, k: Model) -> Model:
        """Return numbers that depend on k."""
        start, change = self.columns[name][rows, 0], self.columns[name][rows, 1]
        wide = k[(slice(None), *[None] * (start.ndim - 1))]
        return wide * Model.of(change, READ) + Model.of(start, READ)


def _row(shape: Shape, chart: Chart, width: int) -> dict[str, list]:
    """Return the numbers of one chart."""
    fan = shape.fan
    upper = [*fan.upper, *["." * len(shape.inputs)] * (width - len(fan.upper))]
    return {
        "start": list(map(number, chart.start)),
        "turn": list(map(number, chart.turn)),
        "mask": [[mark == "+" for mark in row] for row in upper],
        "free": ["0" not in row for row in upper],
        "alive": [k < len(fan.upper) for k in range(width)],
        "most": number(shape.most) * UP,
        "shortest": number(chart.shortest) / UP,
        "radius": np.sqrt(number(shape.most / chart.shortest)) * UP,
        "twins": _twins(shape, width),
        **_heights(shape, chart, upper),
        **_sites(shape, upper),
    }


def _heights(shape: Shape, chart: Chart, upper: list[str]) -> dict[str, list]:
    """Return heights at the start of a chart and their changes: of sites, kinks, and features."""
    at = shape.kink + [None] * (len(upper) - len(shape.kink))
    ends = [shape.heights(v) for v in (chart.start, chart.turn)]
    kinks = [[fmpq(0) if i is None else heights[i] for i in at] for heights in ends]
    return {
        "heights": [list(map(number, heights)) for heights in ends],
        "kinks": [list(map(number, kink)) for kink in kinks],
        "features": [_features(*pair, upper) for pair in zip(ends, kinks, strict=True)],
    }


def _features(heights: Sequence[fmpq], kinks: list[fmpq], upper: list[str]) -> list[list[float]]:
    """Return the heights of sites at which units are on above their kinks, 0 at others."""
    return [
        [number(h - kink) if mark == "+" else 0.0 for h, mark in zip(heights, row, strict=True)]
        for row, kink in zip(upper, kinks, strict=True)
    ]


def _sites(shape: Shape, upper: list[str]) -> dict[str, list]:
    """Return the data, and the signs of units at the sites that are looked at."""
    fan, data, sites = shape.fan, shape.fan.sites, range(len(shape.inputs))
    sides, looked = {"+": 1, "-": -1, "0": 0, ".": 0}, [mark != "." for mark in fan.row]
    rows = [zip(row, looked, strict=True) for row in upper]
    return {
        "sides": [[sides[mark] * look for mark, look in row] for row in rows],
        "means": [number(data.means[i]) if i in fan.active else 0 for i in sites],
        "weights": [number(data.ridge / data.copies[i]) if i in fan.active else 1 for i in sites],
    }


def _twins(shape: Shape, width: int) -> Array:
    """Return a table: units whose group is their kink, with a unit and its kink (claim 139).

    Both are positive at the same sites but this one, where the first is positive.
    """
    found, upper = np.zeros((width, width, len(shape.inputs))), shape.fan.upper
    for u, v in ((u, v) for u in shape.units for v in shape.units):
        site = shape.kink[v]
        if not shape.free[u] and shape.kink[u] is None and site is not None:
            others = [i for i in range(len(shape.inputs)) if i != site]
            same = all((upper[u][i] == "+") == (upper[v][i] == "+") for i in others)
            found[u, v, site] = same and upper[u][site] == "+"
    return found
