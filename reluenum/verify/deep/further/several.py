"""Several further units beside any kinks: what they gain is at most a sum (Lemma D74)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import product
from operator import itemgetter
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat

from ...points import NUMBER_BITS
from ...reals import require, sign
from ..exactly.probes import Probe
from ..sites import Row
from ..towers import State
from .leeway import OPEN, Answer, Corner, Face, Kink, Leeway

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
        pulls = [*(-x for gamma in state.gammas for x in gamma), -state.total]
        yield from zip(pulls, self.answer.moves.tolist(), strict=True)
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

    def __init__(self, leeway: Leeway, corner: Corner) -> None:
        self.leeway, self.zero, self.corner = leeway, leeway.zero, corner
        side, totals = self.zero.sides[0], leeway.sites.totals
        self.above = [i for i in leeway.above if side * totals[i] < 0]
        self.keys = [*self.above, *(kink for kink in leeway.below if self._costs(*kink))]

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
        return self.fits(shares) and all(
            map(self._holds, map(partial(Capped, shares=shares), self.faces))
        )

    def _holds(self, face: Capped) -> bool:
        if isinstance(face.answer, Gap):
            with ctx.workprec(NUMBER_BITS):
                return sign(face.best(self.zero.state)[0]) == -1
        gain = face.known()
        return (self.zero.settled(face.gain) if gain is None else gain) == -1


class Search:
    """The search of shares in doubles, which proves nothing: ever smaller ellipsoids, by cuts."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.keys, self.state = bounds, bounds.keys, bounds.zero.state
        self.cost = _double(self.state.ridge / self.state.x.sqrt())
        ends = bounds.leeway.sites.totals
        self.ends = np.array([_double(bounds.end(key, ends)) for key in self.keys])
        nothing = dict.fromkeys(self.keys, fmpq(0))
        self.forms = [self._form(Capped(face, nothing)) for face in bounds.faces]
        self.forms += map(self._range, range(len(self.keys)))

    def _range(self, k: int) -> tuple[np.ndarray, ...]:
        """Return how far a share is below 0, and beyond its end."""
        key, side, lines = self.keys[k], np.sign(self.ends[k]), np.zeros((len(self.keys), 2))
        lines[k] = -side, side
        nested = not isinstance(key, int) and key[1] in self.bounds.above
        if nested:
            lines[self.keys.index(key[1]), 1] = -side
        return np.array([0.0, 0.0 if nested else -abs(self.ends[k])]), lines, None

    def _form(self, face: Capped) -> tuple[np.ndarray, ...]:
        """Return the best direction, affine in shares, and the forms that are positive there."""
        fixed = sum(_double(x) * _doubles([line])[0] for x, line in face.fixed(self.state))
        flat = np.eye(len(fixed)) - (_doubles(face.away) if face.away else 0)
        lines = _doubles([line for _, line in face.shared()]).reshape(-1, len(fixed))
        marked = [[x * mark for x in row] for row, mark in face.marks.items() if mark]
        inside = None if isinstance(face.answer, Gap) else _doubles(marked)
        return flat @ fixed, lines @ flat, inside

    def found(self) -> Shares | None:
        """Return shares with which nothing gains, nearly; None if none are found."""
        count, size = len(self.keys), max(2, len(self.keys))
        place, shape = np.append(self.ends / 2, np.zeros(size - count)), np.eye(size)
        shape[range(count), range(count)] = self.ends**2 * size / 4
        for _ in range(CUTS * size):
            excess, slope = max(
                map(partial(self.excess, place[:count]), self.forms), key=itemgetter(0)
            )
            if excess < -ROOM * self.cost:
                return dict(zip(self.keys, map(_dyadic, place), strict=False))
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
        if (inside @ best < 0).any():
            return -self.cost, lines[:, 0]
        length = np.sqrt(best @ best)
        return length - self.cost, lines @ best / length if length else lines[:, 0]


def _dyadic(x: float) -> fmpq:
    return fmpq(round(x * 2**BITS), 2**BITS)


def _double(x: fmpq | arb) -> float:
    return float(arb(x).mid())


def _doubles(table: Sequence[Sequence[fmpq]]) -> np.ndarray:
    return np.array([list(map(_double, line)) for line in table])


def add_up(leeway: Leeway) -> bool:
    """Claim 84: several further units gain less than they cost, whatever kinks do (Lemma D74).

    For each corner there are slopes with which kinks count as linear, so that gains of units add up
    to what all gain together, or more.
    """
    for corner in leeway.corners:
        bounds = Bounds(leeway, corner)
        shares = Search(bounds).found()
        if shares is None or not bounds.holds(shares):
            return False
    return True
