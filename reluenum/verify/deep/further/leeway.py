"""What one further unit of the first layer gains beside any kinks, and copies (Lemma D70).

A unit adds its values to f, at the sites where it is on. Kinks answer: they move to where the loss
falls most. That is a corner, at which as many of them as are independent stay.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from itertools import chain, combinations, product
from math import inf
from operator import or_
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from ...arithmetic.decimals import NUMBER_BITS
from ...exact import cocircuits, covectors, onto
from ...reals import dot, require, sign
from ..exactly.probes import Probe, is_null, probes
from ..points import Zero, moved, together
from ..sites import Row
from ..strata import Stratum
from ..towers import State, Tower, Upper, narrowed
from .cones import grows

OPEN = "whether a dead unit is harmless is not clear"
Form = list[fmpq]
Kink = tuple[int, int]  # a unit of the first layer, and a site
Shifted = tuple[tuple[fmpq, ...], int | None]  # a form, and a site whose shift is added to it
Corner = tuple[tuple[fmpq, ...], ...]  # a matrix


@dataclass(frozen=True)
class Tie:
    """A unit that gains what it costs: its row, and the signs of kinks at a corner, by number.

    It shifts f by `side` times its values.
    """

    row: Row
    side: int
    signs: Row


class Leeway:
    """The kinks of a point as forms of (w, B), in all cells of the kinks of the first layer."""

    def __init__(self, zero: Zero) -> None:
        self.zero, self.sites, self.upper = zero, zero.sites, zero.stratum.upper
        self.seen = self.sites.inside(zero.stratum.relevant)
        units = range(len(zero.stratum.lower))
        self.below = [(j, i) for j in units for i in zero.zeros(j)]
        self.above = zero.state.tower.upper.kinks

    @cached_property
    def forms(self) -> list[Shifted]:
        """All kinks as forms, each with the site at which a shift is added to it, if one is."""
        lower = {(self.zero.form(i, {j}, 0), None) for j, i in self.below}
        upper = {(form, i) for i in self.above for form in self.zero.cells(i)}
        return [*sorted(lower), *sorted(upper)]

    @cached_property
    def corners(self) -> list[Corner]:
        """Claim 162: where kinks can answer best: (w, B) by the shift of each site, in columns.

        So many independent forms stay 0 there that all are known.
        """
        if not self.forms:
            return [((fmpq(0),) * len(self.seen),) * self._size]
        rank = fmpq_mat([list(form) for form, _ in self.forms]).rank()
        found = {self._corner(chosen) for chosen in combinations(self.forms, rank)}
        return sorted(found - {()})

    def _corner(self, chosen: Sequence[Shifted]) -> Corner:
        """Return the answer for which some kinks stay 0; nothing if they depend on each other."""
        rows = fmpq_mat([list(form) for form, _ in chosen])
        if rows.rank() < len(chosen):
            return ()
        inverse = rows.transpose() * (rows * rows.transpose()).inv()
        places = fmpq_mat([[-(site == i) for i in self.seen] for _, site in chosen])
        return tuple(map(tuple, (inverse * places).tolist()))

    @property
    def _size(self) -> int:
        return len(self.zero.stratum.lower) * self.sites.depth + 1

    def gains(self) -> tuple[set[int], list[Tie]]:
        """Claim 163: the signs of what a unit of any face gains more than it costs (Lemma D70).

        Those that are 0 are in ties; -1 stands for a best direction off its face, too.
        """
        found, ties = set(), []
        for face in self.faces():
            gain = face.known()
            gain = self.zero.settled(face.gain) if gain is None else gain
            found.add(gain)
            ties += [face.tie] if gain == 0 else []
        return found, ties

    @cached_property
    def rows(self) -> list[Row]:
        """The signs of units that are on somewhere."""
        rays = cocircuits({i: self.sites.rows[i] for i in self.seen})
        return [row for row in sorted(covectors(rays, self.sites.size, inf)) if row[0]]

    def faces(self) -> Iterator["Face"]:
        """Yield the parts of all faces but the live ones, on which some corner is linear."""
        free = [row for row in self.rows if row not in self.zero.stratum.lower]
        for row, side, corner in product(free, (1, -1), self.corners):
            yield from Answer(self, row, side, corner).faces()

    @cached_property
    def copies(self) -> bool | None:
        """Claim 164: units may have copies (Lemma D70): gaps raise the loss to first order.

        A gap is what copies on both sides of a kink add to f there. None if one costs nothing.
        """
        signs = set()
        for ray in self._gapped():
            d, gap = ray[: self._size], ray[self._size :]
            if any(gap) and min(gap) >= 0:
                shifts = {i: dot(self._gap(i), gap) for i in self.seen}
                signs.add(self.zero.slope_sign(d, shifts))
        return False if -1 in signs else None if 0 in signs else True

    def _gapped(self) -> Iterable[Form]:
        """Return the rays of the arrangement of all kinks and gaps, (w, B) first."""
        count, size = len(self.below), self._size
        nothing = [fmpq(0)] * count
        rows = [[fmpq(k == size + n) for k in range(size + count)] for n in range(count)]
        rows += [[*form, *(nothing if i is None else self._gap(i))] for form, i in self.forms]
        return cocircuits(dict(enumerate(rows))).values() if rows else ()

    def _gap(self, site: int) -> Form:
        """Return what the gap of each kink below adds to f at a site."""
        return [fmpq(self.zero.sides[j + 1] * (i == site)) for j, i in self.below]

    def bent(self, ties: Sequence[Tie]) -> bool:
        """Claim 165: whether units that gain what they cost raise the loss by curvature.

        Of each face on its own, with kinks that cost nothing: the Hessian of the reduced loss of
        the stratum beside, the unit being one of it with T = 0, is positive on T >= 0. If it is not
        and only one way leads there, the loss falls (Lemma D70). So it is of all sets of as many
        faces as there may be further units (Lemma D46, Lemma D73).
        """
        free = [self._signs(d) for d in self.zero.flat_rays.values()]
        rows = sorted({tie.row for tie in ties})
        spare = min(len(rows), self.sites.hidden[0] - len(self.zero.stratum.lower))
        sets = (some for count in range(spare) for some in combinations(rows, count + 1))
        return all(self._rises(some, ties, free) for some in sets)

    def _rises(self, further: Sequence[Row], ties: Sequence[Tie], free: Sequence[Row]) -> bool:
        """Return whether units of some faces that gain what they cost raise the loss together."""
        ways = {tie.signs for tie in ties if tie.row in further}
        cells = (cell for cell in together([*ways, *free]) if ways & cell)
        return all(self._grows(further, cell) for cell in cells)

    def _signs(self, d: Form) -> Row:
        values = [dot(form, d) for form, _ in self.forms]
        return tuple(
            sum(1 << k for k, value in enumerate(values) if value * side > 0) for side in (1, -1)
        )

    def _grows(self, further: Sequence[Row], cell: Collection[Row]) -> bool:
        """Return whether the loss grows in a cell; if it does not, require that it falls."""
        stratum, x = self.beside(cell), self.zero.state.x
        with ctx.workprec(NUMBER_BITS):
            rows = (*stratum.lower, *further)
            tower = Tower(narrowed(Upper(self.sites, stratum.upper), rows), rows)
            squares = [*self.zero.state.squares, *[x * 0] * len(further)]
            units = range(len(stratum.lower), len(rows))
            found = grows(State(tower, squares, x).hessian(), units, len(further))
        clear = found == 1 or (found == -1 and len(cell) == 1)
        require(clear, f"{self.zero.stratum.text}: {OPEN}")
        return found == 1

    def beside(self, cell: Iterable[Row]) -> Stratum:
        """Return the stratum into which rays of a cell lead."""
        plus, minus = map(partial(reduce, or_), zip((0, 0), *cell, strict=True))
        signs = {key: (plus >> k & 1) - (minus >> k & 1) for k, key in enumerate(self.forms)}
        (side, *sides), below = self.zero.sides, self.zero.stratum.lower
        moves = {(j, i): sides[j] * signs[self.zero.form(i, {j}, 0), None] for j, i in self.below}
        lower = (
            moved(row, {i: move for (k, i), move in moves.items() if k == j})
            for j, row in enumerate(below)
        )
        on = {kink for kink, move in moves.items() if move > 0}
        kinks = {i: side * signs[self.form(i, on), i] for i in self.above}
        return Stratum(self.sites, moved(self.upper, kinks), tuple(lower))

    def form(self, i: int, on: Collection[Kink]) -> tuple[fmpq, ...]:
        """Return f at a site as a form of (w, B), with some kinks below on."""
        bit, rows = 1 << i, enumerate(self.zero.stratum.lower)
        return self.zero.form(i, {j for j, row in rows if row[0] & bit or (j, i) in on}, 1)


class Answer:
    """How a corner answers to units of a face: all that moves is linear in their vector v.

    f is shifted by `side` times v . x where the unit is on.
    """

    def __init__(self, leeway: Leeway, row: Row, side: int, corner: Corner) -> None:
        self.leeway, self.row, self.side, self.sites = leeway, row, side, leeway.sites
        rows, seen = self.sites.rows, leeway.seen
        nothing = [fmpq(0)] * self.sites.depth
        self.shifts = {i: [side * x for x in rows[i]] if row[0] >> i & 1 else nothing for i in seen}
        table = fmpq_mat([list(line) for line in corner])
        self.moves = table * fmpq_mat([self.shifts[i] for i in seen])

    def along(self, form: Sequence[fmpq], site: int | None) -> tuple[fmpq, ...]:
        """Return a form of (w, B), with the shift of a site, as one of v."""
        found = (fmpq_mat([list(form)]) * self.moves).entries()
        return tuple(
            found
            if site is None
            else (x + y for x, y in zip(found, self.shifts[site], strict=True))
        )

    @cached_property
    def kinks(self) -> list[tuple[fmpq, ...]]:
        """All kinks as forms of v."""
        return [self.along(*form) for form in self.leeway.forms]

    def faces(self) -> Iterator["Face"]:
        """Yield the parts of the face on which no kink changes its sign."""
        rows = [tuple(self.sites.rows[i]) for i in self.leeway.seen]
        rows += sorted({form for form in self.kinks if any(form)} - {*rows})
        wanted = [(self.row[0] >> i & 1) - (self.row[1] >> i & 1) for i in self.leeway.seen]
        rays = cocircuits({k: list(row) for k, row in enumerate(rows)})
        for plus, minus in covectors(rays, len(rows), inf):
            marks = [(plus >> k & 1) - (minus >> k & 1) for k in range(len(rows))]
            if marks[: len(wanted)] == wanted:
                yield Face(self, dict(zip(rows, marks, strict=True)))


class Face:
    """A part of a face on which what a unit gains is linear; `marks` are the signs of forms."""

    def __init__(self, answer: Answer, marks: dict[tuple[fmpq, ...], int]) -> None:
        self.answer, self.marks, self.zero = answer, marks, answer.leeway.zero
        zeros = [list(row) for row, mark in marks.items() if not mark]
        self.away = onto(zeros).tolist() if zeros else []

    @property
    def signs(self) -> Row:
        """The signs of all kinks, by number."""
        marks = [self.marks.get(form, 0) for form in self.answer.kinks]
        return tuple(sum(1 << k for k, m in enumerate(marks) if m == s) for s in (1, -1))

    @property
    def tie(self) -> Tie:
        """What is known of a unit of it that gains what it costs."""
        return Tie(self.answer.row, self.answer.side, self.signs)

    def kink(self, key: Kink | int) -> int:
        """Return the sign that a kink has, 1 if its unit is on, of a site that of f."""
        zero, along = self.zero, self.answer.along
        if isinstance(key, int):
            return zero.sides[0] * self.marks.get(
                along(self.answer.leeway.form(key, self.on), key), 0
            )
        return zero.sides[key[0] + 1] * self._mark(zero.form(key[1], {key[0]}, 0))

    def gain(self, state: State) -> int | None:
        """Return the sign of what the best direction gains more than it costs; -1 off the face."""
        u = self.best(state)
        fits = {sign(dot(row, u) * mark) for row, mark in self.marks.items() if mark}
        excess = sign(dot(u, u) * state.x - self.zero.sites.ridge * self.zero.sites.ridge)
        outside = -1 in fits or 0 in fits or excess == -1
        return -1 if outside else None if None in fits else excess

    def known(self) -> int | None:
        """Return the same in balls, or whatever T and X are: forms of the residual may be 0.

        The best direction is as long as a live one if it is for all residuals.
        """
        with ctx.workprec(NUMBER_BITS):
            found, u = self.gain(self.zero.state), self.best(self.zero.state)
        tower = self.zero.state.tower
        doubtful = (row for row, mark in self.marks.items() if mark and sign(dot(row, u)) is None)
        if found is None and any(is_null(tower, partial(self._along, row)) for row in doubtful):
            return -1
        return 0 if found is None and self._is_tied(u) else found

    def _along(self, row: Sequence[fmpq], probe: Probe) -> fmpq:
        return dot(row, self.best(probe))

    def _is_tied(self, u: list[arb]) -> bool:
        """Whether the best direction is in the face, and as long as a live one."""
        clear = all(sign(dot(row, u) * mark) == 1 for row, mark in self.marks.items() if mark)
        still, *columns = map(self.best, probes(self.zero.state.tower))
        table = fmpq_mat(columns)
        squares = table * table.transpose()
        maps = self.zero.state.tower.maps
        return clear and not any(still) and squares in [m.transpose() * m for m in maps]

    def best(self, state: State | Probe) -> list[Any]:
        """Return the best direction, but for what leads away from a flat."""
        u = [sum(parts[1:], parts[0]) for parts in zip(*self.parts(state), strict=True)]
        return [x - dot(row, u) for x, row in zip(u, self.away, strict=True)] if self.away else u

    def parts(self, state: State | Probe) -> Iterator[list[Any]]:
        """Yield what the gain, a form of v, is a sum of: the slope of claim 74, turned."""
        pulls = [*chain.from_iterable(state.gammas), state.total]
        pairs = zip(pulls, self.answer.moves.tolist(), strict=True)
        yield from ([pull * -x for x in line] for pull, line in pairs)
        leeway, totals = self.answer.leeway, self.zero.sites.totals
        for i in leeway.seen:
            df = self.answer.along(leeway.form(i, self.on), i)
            if leeway.upper[0] >> i & 1:
                yield [state.residual[i] * x for x in df]
            elif self.zero.sides[0] * self.marks.get(df, 0) > 0:
                yield [totals[i] * x for x in df]

    @cached_property
    def on(self) -> set[Kink]:
        """The kinks of the first layer that become positive."""
        form, sides = self.zero.form, self.zero.sides[1:]
        pairs = self.answer.leeway.below
        return {(j, i) for j, i in pairs if sides[j] * self._mark(form(i, {j}, 0)) > 0}

    def _mark(self, form: Sequence[fmpq]) -> int:
        return self.marks.get(self.answer.along(form, None), 0)
