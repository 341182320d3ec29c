"""Several further units beside any kinks: what they gain is at most a sum (Lemma D74)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain, product
from operator import itemgetter
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat

from ...arithmetic.decimals import NUMBER_BITS
from ...reals import require, sign
from ..exactly.probes import Probe
from ..sites import Row
from ..towers import State
from .leeway import OPEN, Answer, Corner, Face, Kink, Leeway, Tie

CUTS, ROOM, BITS = 60, 1e-6, 40  # steps, by how much gains have to be smaller, and of a share
Key = Kink | int  # a kink below, or a site of one above
Shares = Mapping[Key, fmpq]  # slopes with which they count as linear


class Capped(Face):
    """A part of a face on which what a unit gains at most is linear, for given shares."""

    def __init__(self, face: Face, shares: Shares) -> None:
        super().__init__(face.answer, face.marks)
        self.shares = shares

    def parts(self, state: State | Probe) -> Iterator[list[Any]]:
        """Yield what the gain is a sum of."""
        yield from ([factor * x for x in line] for factor, line in self.fixed(state))
        yield from ([self.shares[key] * x for x in line] for key, line in self.shared())

    def fixed(self, state: State | Probe) -> Iterator[tuple[Any, Sequence[fmpq]]]:
        """Yield forms of v with their factors, as far as shares do not change these."""
        pulls = [*chain.from_iterable(state.gammas), state.total]
        for pull, line in zip(pulls, self.answer.moves.tolist(), strict=True):
            yield pull, [-x for x in line]
        leeway, side = self.answer.leeway, self.zero.sides[0]
        for i in (i for i in leeway.seen if i not in self.shares):
            df = self._change(i)
            if leeway.upper[0] >> i & 1:
                yield state.residual[i], df
            elif side * self.marks.get(df, 0) > 0:
                yield self.zero.sites.totals[i], df

    def shared(self) -> Iterator[tuple[Key, Sequence[fmpq]]]:
        """Yield the other forms, each with the kink whose share is its factor."""
        for key in self.shares:
            if isinstance(key, int):
                yield key, self._change(key)
            else:
                j, i = key
                yield key, self.answer.along(self.zero.form(i, {j}, 0), None)

    def _change(self, i: int) -> tuple[fmpq, ...]:
        """Return f at a site as a form of v, kinks below without a share being on or off."""
        return self.answer.along(self.answer.leeway.form(i, self.on - self.shares.keys()), i)


class Gap(Answer):
    """How a corner answers to what copies of a unit add to f where they leave a kink."""

    def __init__(self, leeway: Leeway, kink: Kink, corner: Corner) -> None:
        self.leeway, self.sites = leeway, leeway.sites
        side = leeway.zero.sides[kink[0] + 1]
        self.shifts = {i: [fmpq(side * (i == kink[1]))] for i in leeway.seen}
        self.moves = fmpq_mat(list(corner)) * fmpq_mat([self.shifts[i] for i in leeway.seen])

    def faces(self) -> Iterator[Face]:
        """Yield the only one, v > 0."""
        yield Face(self, {form: (form[0] > 0) - (form[0] < 0) for form in self.kinks if form[0]})


class Bounds:
    """What shares of a corner have to be: between 0 and the slope of a kink that is positive."""

    def __init__(self, leeway: Leeway, corner: Corner, tie: Tie | None = None) -> None:
        self.leeway, self.zero, self.corner, self.tie = leeway, leeway.zero, corner, tie
        side, totals = self.zero.sides[0], leeway.sites.totals
        self.above = [i for i in leeway.above if side * totals[i] < 0]
        keys = [*self.above, *(kink for kink in leeway.below if self._costs(*kink))]
        self.known = self._tight(keys)
        self.keys = [key for key in keys if key not in self.known]

    def _tight(self, keys: Sequence[Key]) -> Shares:
        """Return the shares without which the bound of a unit in a tie is above its gain."""
        gone = self._turned(keys, -1)
        gone |= {key for key in keys if not isinstance(key, int) and key[1] in gone}
        whole = {i: self.end(i, {}) for i in self._turned(self.above, 1)}
        return dict.fromkeys(gone, fmpq(0)) | whole

    def _turned(self, keys: Sequence[Key], side: int) -> set[Key]:
        """Return the kinks that a unit in a tie, if this corner is its best, moves to one side."""
        return {key for key in keys if any(face.kink(key) == side for face in self.tied)}

    @cached_property
    def tied(self) -> list[Face]:
        """The part of the face of a tie on which this corner is the best one, if it is."""
        if self.tie is None:
            return []
        answer = Answer(self.leeway, self.tie.row, self.tie.side, self.corner)
        return [face for face in answer.faces() if self._gain(face) == 0]

    def _gain(self, face: Face) -> int | None:
        gain = face.known()
        return self.zero.settled(face.gain) if gain is None else gain

    def _is_tied(self, answer: Answer) -> bool:
        """Whether it is about the unit that gains what it costs."""
        tie, gap = self.tie, isinstance(answer, Gap)
        return tie is not None and not gap and (answer.row, answer.side) == (tie.row, tie.side)

    def _costs(self, j: int, i: int) -> bool:
        """Whether the loss grows of itself as a kink below becomes positive."""
        if self.leeway.upper[0] >> i & 1:
            return self.zero.sides[j + 1] * self.zero.sign(lambda s: s.residual[i]) < 0
        alike, total = self.zero.sides[j + 1] == self.zero.sides[0], self.leeway.sites.totals[i]
        clear = alike or i in self.above or total == 0
        require(clear, f"{self.zero.stratum.text}: {OPEN}")
        return alike and i in self.above

    def end(self, key: Key, shares: Mapping[Key, Any]) -> Any:
        """Return the end of the range of a share that is not 0."""
        if isinstance(key, int):
            return self.leeway.sites.totals[key]
        return shares[key[1]] if key[1] in self.above else self.zero.state.residual[key[1]]

    def fits(self, shares: Shares) -> bool:
        """Whether all shares are in their ranges."""
        pairs = ((x, self.end(key, shares)) for key, x in shares.items())
        return all(
            x == 0 or (sign(x * end) == 1 and sign(1 - x / end) in (0, 1)) for x, end in pairs
        )

    @property
    def rising(self) -> list[Face]:
        """The same without that of a tie."""
        return [face for face in self.faces if not self._is_tied(face.answer)]

    @cached_property
    def faces(self) -> list[Face]:
        """The parts of all faces that matter, and what copies add at kinks."""
        gaps = (Gap(self.leeway, kink, self.corner) for kink in self.leeway.below)
        pairs = product(self.leeway.rows, (1, -1))
        units = (
            Answer(self.leeway, row, side, self.corner)
            for row, side in pairs
            if not self._is_attached(row, side)
        )
        return [face for answer in (*gaps, *units) for face in answer.faces()]

    def _is_attached(self, row: Row, side: int) -> bool:
        """Whether units of a face count as copies of a live one, but for its kinks."""
        zero = self.zero
        kinks = (sum(1 << i for i in zero.zeros(j)) for j in range(len(zero.stratum.lower)))
        pairs = zip(zero.stratum.lower, kinks, zero.sides[1:], strict=True)
        return any((row[0] & ~k, row[1] & ~k) == live and s == side for live, k, s in pairs)

    def holds(self, shares: Shares) -> bool:
        """Claim 83: with shares in their ranges, units and gaps gain less than they cost.

        Face by face for units that are not copies of a live one but for its kinks, and for what
        copies add at each kink (Lemma D74).
        """
        faces = (Capped(face, shares) for face in self.faces)
        return self.fits(shares) and all(map(self._holds, faces))

    def _holds(self, face: Capped) -> bool:
        if isinstance(face.answer, Gap):
            with ctx.workprec(NUMBER_BITS):
                return sign(face.best(self.zero.state)[0]) == -1
        return self._gain(face) in ((0, -1) if self._is_tied(face.answer) else (-1,))


class Search:
    """The search of shares in doubles, which proves nothing: ever smaller ellipsoids, by cuts."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.keys, self.state = bounds, bounds.keys, bounds.zero.state
        self.cost = _double(self.state.ridge / self.state.x.sqrt())
        ends = dict(enumerate(bounds.leeway.sites.totals)) | bounds.known
        self.ends = np.array([_double(bounds.end(key, ends)) for key in self.keys])
        shares = dict.fromkeys(self.keys, fmpq(0)) | bounds.known
        self.forms = [self._form(Capped(face, shares)) for face in bounds.rising]
        self.forms += map(self._range, range(len(self.keys)))

    def _range(self, k: int) -> tuple[np.ndarray, ...]:
        """Return how far a share is below 0, and beyond its end."""
        key, side, lines = self.keys[k], np.sign(self.ends[k]), np.zeros((len(self.keys), 2))
        lines[k] = -side, side
        nested = not isinstance(key, int) and key[1] in self.keys
        if nested:
            lines[self.keys.index(key[1]), 1] = -side
        return np.array([0.0, 0.0 if nested else -abs(self.ends[k])]), lines, None

    def _form(self, face: Capped) -> tuple[np.ndarray, ...]:
        """Return the best direction, affine in shares, and the forms that are positive there."""
        lines = dict(face.shared())
        terms = chain(face.fixed(self.state), ((x, lines[k]) for k, x in self.bounds.known.items()))
        fixed = sum(_double(x) * _doubles([line])[0] for x, line in terms)
        flat = np.eye(len(fixed)) - (_doubles(face.away) if face.away else 0)
        free = _doubles([lines[key] for key in self.keys]).reshape(-1, len(fixed))
        marked = [[x * mark for x in row] for row, mark in face.marks.items() if mark]
        inside = None if isinstance(face.answer, Gap) else _doubles(marked)
        return flat @ fixed, free @ flat, inside

    def found(self) -> Shares | None:
        """Return shares with which nothing gains, nearly; None if none are found."""
        count, size = len(self.keys), max(2, len(self.keys))
        place, shape = np.append(self.ends / 2, np.zeros(size - count)), np.eye(size)
        shape[range(count), range(count)] = self.ends**2 * size / 4
        for _ in range(CUTS * size * size):
            excess, slope = max(
                map(partial(self.excess, place[:count]), self.forms), key=itemgetter(0)
            )
            if excess < -ROOM * self.cost:
                found = dict(zip(self.keys, map(_dyadic, place), strict=False))
                return found | self.bounds.known
            slope = np.append(slope, np.zeros(size - count))
            if not (length := slope @ shape @ slope) > 0:
                break
            step = shape @ slope / np.sqrt(length)
            place = place - step / (size + 1)
            shape = (shape - np.outer(step, step) * 2 / (size + 1)) * size**2 / (size**2 - 1)
        return None

    def excess(self, shares: np.ndarray, form: tuple[np.ndarray, ...]) -> tuple[float, np.ndarray]:
        """Return what is gained too much, or how far shares are off, and its slope."""
        fixed, lines, inside = form
        best = fixed + shares @ lines
        if inside is None:
            k = int(np.argmax(best))
            return best[k], lines[:, k]
        if (inside @ best < ROOM * self.cost).any():
            return -self.cost, lines[:, 0]
        length = np.sqrt(best @ best)
        return length - self.cost, lines @ best / length if length else lines[:, 0]


def _dyadic(x: float) -> fmpq:
    return fmpq(round(x * 2**BITS), 2**BITS)


def _double(x: fmpq | arb) -> float:
    return float(arb(x).mid())


def _doubles(table: Sequence[Sequence[fmpq]]) -> np.ndarray:
    return np.array([list(map(_double, line)) for line in table])


def add_up(leeway: Leeway, ties: Sequence[Tie] = ()) -> bool:
    """Claim 84: several further units gain less than they cost, whatever kinks do (Lemma D74).

    For each corner there are slopes with which kinks count as linear, so that gains of units add up
    to what all gain together, or more. Units of one direction may gain what they cost.
    """
    tied = {(tie.row, tie.side) for tie in ties}
    if len(tied) > 1 or not all(_is_line(leeway, row) for row, _ in tied):
        return False
    for corner in leeway.corners:
        bounds = Bounds(leeway, corner, next(iter(ties), None))
        shares = Search(bounds).found()
        if shares is None or not bounds.holds(shares):
            return False
    return True


def _is_line(leeway: Leeway, row: Row) -> bool:
    """Whether the units of a face are multiples of one."""
    zeros = [leeway.sites.rows[i] for i in leeway.seen if not (row[0] | row[1]) >> i & 1]
    return bool(zeros) and fmpq_mat(zeros).rank() == leeway.sites.depth - 1
