"""All first-layer vectors of a stratum, in boxes without stationary points or with a known one."""

from collections.abc import Iterator
from itertools import chain

from flint import arb, ctx

from ..reals import require
from .around import Around, Guess, guessed
from .points import System, Zero
from .shapes import Box, Chart, Shape, charts
from .strata import Fan

BITS, DEEPEST, SMALL = (
    64,
    80,
    6,
)  # precision; how often boxes are halved, before a point is looked for
FAINT, RARE = arb(2) ** -20, arb(0.05)  # of the sum of T: where a dead unit begins; nearly dead
TURNED = arb(0.3)  # change with k over which no step is tried
MARGIN, WORTH = arb(1.05), arb(1.1)  # above the sum of T; what is worth a try
CLOSE = arb(0.8)  # G / s^2 |e|^2 from which on a step is not worth it
NEAR = 3  # sizes of a box within which a zero is looked for
LONG = 256  # ratio of the sides of a box
FAR = arb(32)  # the scale alpha beyond which beta counts


class Cover:
    """The stationary points of a stratum, by bisection of all first-layer vectors."""

    def __init__(self, fan: Fan) -> None:
        self.fan, self.shape = fan, Shape(fan)
        self.zeros: list[Zero] = []
        self.count = 0

    def read(self) -> None:
        """Claim 143: every box is free of stationary points, or holds one that is known."""
        with ctx.workprec(BITS):
            for chart in charts(self.fan):
                for box in self.roots(chart):
                    self.close(box)

    def roots(self, chart: Chart) -> Iterator[Box]:
        """Claim 144: two boxes hold all vectors that count: |v|^2 is at most the sum of T."""
        whole = (arb(0), arb(1)) if chart.turning else (arb(0), arb(0))
        if self.shape.most == 0:
            return
        least = (arb(chart.shortest) / arb(self.shape.most)).sqrt().lower()
        if least < FAR:
            yield Box(chart, False, (least, FAR), whole)
        yield Box(chart, True, (arb(0), (1 / FAR).min(1 / least)), whole)

    def close(self, box: Box) -> None:
        """Close a box, in parts if need be."""
        most = arb(self.shape.most)
        left = [(box, [most] * len(self.shape.units), 0)]
        while left:
            box, start, depth = left.pop()
            require(depth < DEEPEST, f"a box at depth {depth} is open")
            less = self.shrunk(box, start)
            if less is None:
                continue
            box, here = less, self.guessed(less, start)
            side = self.open(box, here, depth)
            if side is not None:
                left += [(half, self.squares(here), depth + 1) for half in box.halves(side)]

    def guessed(self, box: Box, start: list[arb]) -> Guess:
        """Return the guess in the middle of a box."""
        self.count += 1
        return guessed(self.shape, box, start, self.shape.units)

    def squares(self, guess: Guess) -> list[arb]:
        """Return where the next guess begins."""
        least = arb(self.shape.most) * FAINT
        return [guess.squares.get(k, arb(0)).max(least) for k in self.shape.units]

    def shrunk(self, box: Box, start: list[arb]) -> Box | None:
        """Return what is left of a box beside what the vectors at its ends exclude."""
        if box.wide and not box.tail:
            box = self.topped(box, start)
        for end in (0, 1):
            while box is not None and box.wide and not box.tail:
                found = self.step(box, start, end)
                if found is None:
                    break
                box, start = found
        return box

    def topped(self, box: Box, start: list[arb]) -> Box | None:
        """Claim 145: large s are left out: |v|^2 is at most the sum of T (Lemma D38)."""
        total = sum(self.guessed(box.edge(0), start).squares.values(), arb(0))
        if not total > 0:
            return box
        scale = (box.chart.shortest / (total * MARGIN)).sqrt().mid().min(box.scale[1])
        if not scale > WORTH * box.scale[0]:
            return box
        edge = Box(box.chart, False, (scale, scale), box.angle)
        around = self.around(edge, self.guessed(edge, start))
        if around is None or not around.usable or not around.heavy:
            return box
        left = (scale, box.scale[1])
        return Box(box.chart, False, left, box.angle) if scale < box.scale[1] else None

    def step(self, box: Box, start: list[arb], end: int) -> tuple[Box | None, list[arb]] | None:
        """Claim 146: G < s^2 |e|^2 excludes from sqrt(G) / |e| to s, and > above (Theorem D22).

        Return a box without what its end excludes, None if that is little.
        """
        edge = box.edge(end)
        here = self.guessed(edge, start)
        around = self.around(edge, here)
        if around is None or not around.usable:
            return None
        ratio = around.ratio
        larger = (end == 0) != box.tail  # alpha is to grow: G < s^2 |e|^2 is to be shown
        ratio = ratio.upper() if larger else ratio.lower()
        if not box.scale[end] > 0 or not (ratio < CLOSE if larger else ratio > 1 / CLOSE):
            return None
        return box.beyond(end, ratio), self.squares(here)

    def open(self, box: Box, here: Guess, depth: int) -> int | None:
        """Return across which side a box is to be cut, None if it is closed."""
        first = self.around(box, here)
        others = (self.around(box, guess) for guess in self.guesses(box, here, first))
        for around in chain([first], others):
            if around is not None and around.usable and self.closed(around, depth):
                return None
        return self.wider(box) if first is None else self.across(first)

    def closed(self, around: Around, depth: int) -> bool:
        """Whether nothing unknown is over a box."""
        return around.excluded() or (depth >= SMALL and self.known(around))

    def around(self, box: Box, guess: Guess) -> Around | None:
        """Return what a guess tells of a box, None if that is nothing."""
        try:
            return Around(self.shape, box, guess)
        except ZeroDivisionError:
            return None

    def guesses(self, box: Box, here: Guess, first: Around | None) -> Iterator[Guess]:
        """Yield guesses without units that die in a box, or are nearly dead."""
        total = sum(here.squares.values(), arb(0))
        rare = ({k} for k, square in here.squares.items() if square < total * RARE)
        for gone in chain([dying(first)], rare):
            if gone:
                start = [here.squares.get(j, arb(0)) for j in self.shape.units]
                others = [j for j in here.squares if j not in gone]
                yield guessed(self.shape, box, start, others)

    def known(self, around: Around) -> bool:
        """Claim 147: one zero at most is over a box, and it is found (Lemma D38)."""
        place = around.newton
        if place is None or not all(abs(x) < NEAR for x in place):
            return False
        system = System(self.shape, around.box.chart)
        box = around.enclosure()
        if not all(x.is_finite() for x in box) or not system.injective(box):
            return False
        zero = system.zero(around.values(place))
        if zero is None:
            return False
        if not system.injective([x.union(z) for x, z in zip(box, zero, strict=True)]):
            return False
        self.add(Zero(self.fan, system, zero))
        return True

    def add(self, zero: Zero) -> None:
        """Keep a zero, once; one beyond the ends of its chart is another's, or nobody's."""
        if zero.k < 0 or zero.k > 1:
            return
        same = [z for z in self.zeros if z.system.chart == zero.system.chart and _meet(z, zero)]
        hulls = ([a.union(b) for a, b in zip(z.values, zero.values, strict=True)] for z in same)
        require(all(map(zero.system.injective, hulls)), "two points look equal")
        self.zeros += [] if same else [zero]

    def shape_of(self, box: Box) -> int | None:
        """Return the side along which a box extends much more, if there is one."""
        (low, high), (left, right) = box.scale, box.angle
        wide, tall = (high - low) / high, right - left
        if not box.chart.turning or wide > LONG * tall:
            return 0
        return 1 if tall > LONG * wide else None

    def wider(self, box: Box) -> int:
        """Return the side along which a box extends more."""
        (low, high), (left, right) = box.scale, box.angle
        return int(bool(box.chart.turning and right - left > 2 * (high - low) / high))

    def across(self, around: Around) -> int:
        """Return the side along which the guess changes more."""
        fixed, turned = self.shape_of(around.box), around.bent(1)
        if fixed is not None:
            return fixed
        return int(bool(turned > (TURNED if around.box.is_column else around.bent(0))))


def dying(around: Around | None) -> set[int]:
    """Return the units that are not positive all over a box."""
    units = around.live if around is not None else ()
    return {unit.number for unit in units if not unit.share.range() >= 0}


def _meet(one: Zero, other: Zero) -> bool:
    """Whether two boxes overlap."""
    return all(a.overlaps(b) for a, b in zip(one.values, other.values, strict=True))
