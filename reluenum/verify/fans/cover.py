"""All first-layer vectors of strata, in boxes without stationary points or with a known one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx

from ..reals import require
from .around import Around
from .exclusions import Look
from .inner import Guesses, Reduced
from .models import UP, Array, Model, root
from .points import System, Zero
from .shapes import Shape, Tables, charts
from .strata import Fan

BITS, DEEPEST, SMALL = 64, 100, 6  # precision; how often boxes are halved; before a point is sought
MOST_BOXES = 1 << 19  # of one stratum: beyond, it is given up
TOGETHER = 1024  # boxes that are looked at together
NEAR, CLOSE = 3.0, 0.1  # sizes of a box within which a zero is looked for; D at which it is
STEP, WORTH = 1.2, 0.3  # ratio G / s^2 |e|^2 from which a step is tried; what it is to be worth
THIN = 1.02  # ratio of the ends of s^(1/2) below which no step is tried
FLAT, LITTLE = 4096, 0.2  # ratio of the sides of a box; sqrt(s) to which sides are compared
FEWEST = 1e-6  # part of the bound of T with which a guess begins


@dataclass(frozen=True)
class Open:
    """Boxes that are not closed: their charts, ends, T to begin with, and how often halved."""

    rows: Array
    boxes: Array
    start: Array
    depth: Array

    def part(self, pick: Array | slice) -> "Open":
        """Return some of them."""
        return Open(*(x[pick] for x in (self.rows, self.boxes, self.start, self.depth)))

    @staticmethod
    def joined(parts: Sequence["Open"]) -> "Open":
        """Return all of them."""
        names = ("rows", "boxes", "start", "depth")
        return Open(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Cover:
    """The stationary points of strata, by bisection of all first-layer vectors.

    `zeros` are those of each stratum, `counts` the numbers of boxes.
    """

    def __init__(self, fans: Sequence[Fan]) -> None:
        self.fans, shapes = list(fans), list(map(Shape, fans))
        self.places = [(k, c) for k, shape in enumerate(shapes) for c in charts(shape.fan)]
        self.tables = Tables([(shapes[k], chart) for k, chart in self.places])
        self.owner = np.array([k for k, _ in self.places])
        self.zeros: list[list[Zero]] = [[] for _ in fans]
        self.counts = np.zeros(len(self.fans), int)

    def read(self) -> None:
        """Claim 153: every box is free of stationary points, or holds one that is known."""
        first = self.roots()
        waiting = [first] if len(first.rows) else []
        with np.errstate(all="ignore"):
            while waiting:
                found = waiting.pop()
                while waiting and len(found.rows) < TOGETHER:
                    found = Open.joined([found, waiting.pop()])
                waiting += [found.part(slice(TOGETHER, None))] if len(found.rows) > TOGETHER else []
                left = self.smaller(found.part(slice(TOGETHER)))
                waiting += [left] if len(left.rows) else []

    def roots(self) -> Open:
        """Claim 154: a box holds all vectors that count: |v|^2 is at most the sum of T."""
        tables, count = self.tables, len(self.places)
        ends = np.zeros((count, 4))
        ends[:, 1], ends[:, 3] = tables.radius, tables.turning
        start = np.ones((count, tables.width))
        rows = np.flatnonzero([shape.most > 0 for shape, _ in tables.places])
        return Open(np.arange(count), ends, start, np.zeros(count, int)).part(rows)

    def smaller(self, found: Open) -> Open:
        """Close boxes, and cut those that stay open."""
        self.counts += np.bincount(self.owner[found.rows], minlength=len(self.fans))
        deep = (found.depth >= DEEPEST) | (self.counts[self.owner[found.rows]] > MOST_BOXES)
        for k in self.owner[found.rows[deep]][:1]:
            require(False, f"stratum {self.fans[k].text}: a box stays open")
        low, high, left, right = found.boxes.T
        middle = Reduced(self.tables, found.rows, (low + high) / 2, (left + right) / 2)
        guess = middle.guesses(found.start)
        first = Around(self.tables, found.rows, found.boxes, guess.continued, guess.alive, True)
        look = Look(first)
        closed = self.closed(found, guess, look)
        for k in np.flatnonzero(~closed & (found.depth >= SMALL) & self.promising(look)):
            closed[k] = self.known(look, k)
        least = self.tables.most[found.rows][:, None] * FEWEST
        start = np.maximum(guess.squares, least)
        rest = Open(found.rows, found.boxes, start, found.depth + 1).part(~closed)
        return self.cut(rest, self.turned(look)[~closed], self.edges(look)[:, ~closed])

    def closed(self, found: Open, guess: Guesses, look: Look) -> Array:
        """Claim 155: boxes that are excluded, by minimisers over T >= 0 if not by the look at them.

        Where one of two units that are equal somewhere has the T of both, and where the T that
        become negative in the box are held as they are in the middle, more may be known.
        """
        closed, squares = look.excluded.copy(), guess.squares
        live, held = squares > 0, look.around.lacking > 0
        twins = self.tables.twins[found.rows].any((1, 2, 3))
        moved = self.merged(found.rows, squares)
        for again, tried, alive in (
            ((guess.alive != live).any(1), squares, live),
            (twins, moved, moved > 0),
            (held.any(1), squares, live & ~held),
        ):
            pick = np.flatnonzero(~closed & again)
            if len(pick):
                closed[pick] |= self.plain(found.part(pick), tried[pick], alive[pick]).excluded
        return closed

    def plain(self, found: Open, squares: Array, alive: Array) -> Look:
        """Return what minimisers over T >= 0 say; the T of some units follow them over a box."""
        return Look(Around(self.tables, found.rows, found.boxes, squares, alive, False))

    def merged(self, rows: Array, squares: Array) -> Array:
        """Return T with the first of two units that are equal where a height is 0 for both."""
        found, twins = squares.copy(), self.tables.twins[rows].any(3)
        for u, v in np.argwhere(twins.any(0)):
            moved = np.where(twins[:, u, v], found[:, v], 0)
            found[:, u] += moved
            found[:, v] -= moved
        return found

    def edges(self, look: Look) -> Array:
        """Return G / s^2 |e|^2 at both ends of s, approximately."""
        terms, length = look.slopes[0][0].terms, look.around.length.terms[0]
        return np.stack([1 - (terms[0] + side * terms[1] + terms[3]) / length for side in (-1, 1)])

    def cut(self, rest: Open, turned: Array, edges: Array) -> Open:
        """Return what is left of boxes beside what the vectors at their ends exclude, or halves."""
        boxes = rest.boxes.copy()
        wide = boxes[:, 1] > THIN * boxes[:, 0]
        for end, tried in enumerate((edges[0] > STEP, edges[1] * STEP < 1)):
            pick = np.flatnonzero(wide & tried & (boxes[:, end] > 0))
            if len(pick):
                boxes[pick] = self.step(rest.part(pick), boxes[pick], end)
        left = boxes[:, 0] < boxes[:, 1]
        before, after = (np.log(b[:, 1] / np.maximum(b[:, 0], 1e-3)) for b in (rest.boxes, boxes))
        shorter = after < (1 - WORTH) * before
        rest = Open(rest.rows, boxes, rest.start, rest.depth)
        return Open.joined([rest.part(left & shorter), *self.halves(rest, turned, left & ~shorter)])

    def step(self, rest: Open, boxes: Array, end: int) -> Array:
        """Claim 156: G < s^2 |e|^2 excludes from sqrt(G) / |e| to s, and > above (Theorem D22)."""
        thin, found = boxes.copy(), boxes.copy()
        thin[:, 1 - end] = thin[:, end]
        place = Reduced(self.tables, rest.rows, thin[:, 0], (thin[:, 2] + thin[:, 3]) / 2)
        at = Open(rest.rows, thin, rest.start, rest.depth)
        squares = place.minimised(rest.start)
        below, above = self.plain(at, squares, squares > 0).ratio
        if end:
            factor = np.where(above < 1, np.sqrt(root(np.maximum(above, 0))) * UP, 1)
        else:
            factor = np.where(below > 1, np.sqrt(np.sqrt(below)) / UP, 1)
        cut = thin[:, end] * factor
        found[:, end] = np.maximum(cut, boxes[:, 0]) if end else np.minimum(cut, boxes[:, 1])
        return found

    def halves(self, rest: Open, turned: Array, pick: Array) -> list[Open]:
        """Return two halves of boxes, cut across s or k."""
        rest, turned = rest.part(pick), turned[pick]
        low, high, left, right = rest.boxes.T
        wide, tall = (high - low) / (high + LITTLE), right - left
        side = np.where(wide > FLAT * tall, 0, np.where(tall > FLAT * wide, 2, 2 * turned))
        place = np.arange(len(side))
        middle = (rest.boxes[place, side] + rest.boxes[place, side + 1]) / 2
        one, two = rest.boxes.copy(), rest.boxes.copy()
        one[place, side + 1], two[place, side] = middle, middle
        return [Open(rest.rows, half, rest.start, rest.depth) for half in (one, two)]

    def turned(self, look: Look) -> Array:
        """Return which boxes change more with k: T, |Gamma|^2 and the slopes."""
        a, found = look.around, []
        for side in (0, 1):
            share, excess, *slopes = (
                np.abs(m.terms[1 + side]) + 2 * np.abs(m.terms[3 + 2 * side]) + np.abs(m.terms[4])
                for m in (a.share, a.excess, *(slope for slope, _ in look.slopes))
            )
            bent = share.sum(1) / (np.abs(a.share.terms[0]).sum(1) + 1e-9) + excess.sum(1)
            for bend, (slope, _) in zip(slopes, look.slopes, strict=True):
                bent = bent + bend / (np.abs(slope.terms[:3]).sum(0) + 1e-12)
            found.append(np.nan_to_num(bent))
        return (found[1] > found[0]) & self.tables.turning[look.rows]

    def promising(self, look: Look) -> Array:
        """Return which boxes are worth looking for a zero."""
        return (np.abs(look.newton) < NEAR).all(1) & (look.around.distance < CLOSE)

    def known(self, look: Look, k: int) -> bool:
        """Claim 157: one zero at most is over a box, and it is found (Lemma D53)."""
        owner, chart = self.places[look.rows[k]]
        system = System(self.tables.places[look.rows[k]][0], chart)
        with ctx.workprec(BITS):
            box = enclosure(look.around, k, system)
            if not all(x.is_finite() for x in box) or not system.injective(box):
                return False
            zero = system.zero(place(look, k, system))
            if zero is None:
                return False
            if not system.injective([x.union(z) for x, z in zip(box, zero, strict=True)]):
                return False
            self.add(owner, Zero(self.fans[owner], system, zero))
        return True

    def add(self, owner: int, zero: Zero) -> None:
        """Keep a zero, once; one beyond the ends of its chart is another's, or nobody's."""
        if zero.k < 0 or zero.k > 1:
            return
        zeros = self.zeros[owner]
        same = [z for z in zeros if z.system.chart == zero.system.chart and _meet(z, zero)]
        hulls = ([a.union(b) for a, b in zip(z.values, zero.values, strict=True)] for z in same)
        require(all(map(zero.system.injective, hulls)), "two points look equal")
        zeros += [] if same else [zero]


def _meet(one: Zero, other: Zero) -> bool:
    """Whether two boxes overlap."""
    return all(a.overlaps(b) for a, b in zip(one.values, other.values, strict=True))


def enclosure(around: Around, k: int, system: System) -> list[arb]:
    """Return a box with rho, T, s and k of all stationary points over one of the boxes."""
    active, units = system.shape.active, system.shape.units
    rooms = around.reach[k] * around.distance[k] * UP
    low, high = around.residuals.span()
    ends = [(low[k, i] - rooms[i], high[k, i] + rooms[i]) for i in active]
    low, high = around.share.span()
    ends += [(low[k, m] + around.low[k, m], high[k, m] + around.high[k, m]) for m in units]
    found = [_ball(*pair) for pair in ends]
    least, most, left, right = map(arb, around.boxes[k].tolist())
    found.append((least * least).union(most * most))
    return [*found, left.union(right)] if system.chart.turning else found


def _ball(low: float, high: float) -> arb:
    """Return a ball with all numbers between two doubles, and one rounding of each."""
    room = arb(0, (abs(low) + abs(high)) * (UP - 1))
    return arb(float(low)).union(arb(float(high))) + room


def place(look: Look, k: int, system: System) -> list[arb]:
    """Return the guess for rho, T, s and k where both slopes vanish, approximately."""
    around, (d, e) = look.around, look.newton[k]
    powers = np.array([1, d, e, d * d, d * e, e * e])

    def at(model: Model, *entry: int) -> float:
        return float(powers @ model.terms[(slice(None), k, *entry)])

    found = [at(around.residuals, i) for i in system.shape.active]
    found += [at(around.share, m) for m in system.shape.units]
    found.append(at(around.rho) ** 2)
    return [arb(x) for x in ([*found, at(around.k)] if system.chart.turning else found)]
