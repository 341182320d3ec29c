"""The data of inputs on a line, exactly: faces around the circle, linear forms on spans of sites.

An active set is a span of the ascending sites, and so is what two of them have in common. What is
needed of a residual are sums over spans, and those of 1, x, x^2, Ry and x Ry are differences of two
sums over the first sites. So nothing here takes longer for more data, but where faces are named.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..exact import Data, Face, Forms
from ..reals import dot
from ..residuals import Residual
from .line import actives, ascending

MOST_PRODUCTS = 1 << 16  # of forms with images, that are kept
DIGITS = 39  # signs that are packed into one number, which has 63 bits

Row = tuple[int, int, fmpq, fmpq]  # the form that is the sum of (v x + w) r over the sites i to j


class SpanForms(Forms):
    """Forms r -> sum of (v x + w) r over spans of sites."""

    def __init__(self, data: "LineData", rows: Sequence[Row]) -> None:
        self.data, self.rows = data, rows

    @cached_property
    def pulled(self) -> Forms:
        """The values at Ry."""
        found = []
        for i, j, v, w in self.rows:
            *_, pull, moved = self.data.sums_over(i, j)
            found.append(v * moved + w * pull)
        return Forms(fmpq_mat(len(found), 1, found))

    def over(self, face: "LineFace", bits: int | None) -> fmpq_mat | arb_mat:
        """Return the matrix that takes w to the values at R [A] X P w, A the active set.

        Exactly if bits is None, else enclosed with so many.
        """
        return self.data.products(self, face, bits)

    def product_with(self, face: "LineFace", bits: int | None) -> fmpq_mat | arb_mat:
        """Compute that matrix."""
        count, first, _, *_ = self.data.sums_over(*face.span)
        total = [first * self.data.share, count * self.data.share]
        found = []
        for i, j, v, w in self.rows:
            n, s, q, *_ = self.data.sums_over(max(i, face.span[0]), min(j, face.span[1]))
            own, own_first, *_ = self.data.sums_over(i, j)
            level = v * own_first + w * own
            found += [q * v + s * w - level * total[0], s * v + n * w - level * total[1]]
        exact = fmpq_mat(len(self.rows), 2, found) * face.flat.exact
        with ctx.workprec(bits or ctx.prec):
            return exact if bits is None else arb_mat(exact)

    def at(self, residual: Residual) -> list:
        """Return the values at a residual."""
        bits = residual.bits
        found = self.pulled.of(bits) * residual.one
        for face, vector in zip(residual.faces, residual.w, strict=True):
            found -= self.over(face, bits) * vector
        return residual.numbers(found)

    def _norms(self, bits: int, data: Data) -> list[arb]:
        with ctx.workprec(bits):
            squares = []
            for i, j, v, w in self.rows:
                n, s, q, *_ = self.data.sums_over(i, j)
                squares.append(v * v * q + 2 * v * w * s + w * w * n)
            return [arb(square).sqrt() for square in squares]

    def on_data(self, data: Data) -> list[fmpq]:
        """Return the values at Ry."""
        return self.pulled.exact.entries()

    @cached_property
    def touched(self) -> list[int]:
        """The rows of data on which each form depends, as masks."""
        found = []
        for i, j, v, w in self.rows:
            zero = self.data.site_at.get(-w / v) if v else None
            none = 0 if zero is None else self.data.mask(zero, zero + 1)
            found.append(self.data.mask(i, j) & ~none if v or w else 0)
        return found


class LineFace(Face):
    """A face on the circle: its active sites, from i to j, and the one where it is 0, if any."""

    def __init__(self, data: "LineData", span: tuple[int, int], kink: int | None) -> None:
        self.data, self.span, self.kink = data, span, kink

    @property
    def active(self) -> int:
        """The active set, as a mask."""
        return self.data.mask(*self.span)

    @property
    def zeros(self) -> int:
        """The zero set, as a mask."""
        return 0 if self.kink is None else self.data.mask(self.kink, self.kink + 1)

    @cached_property
    def text(self) -> str:
        """A sign for each data point."""
        return bytes(b"+-0"[sign] for sign in self.signs(self.data.ranks)).decode()

    def signs(self, ranks: np.ndarray) -> np.ndarray:
        """Return 0, 1, 2 for +, -, 0 on sites, which are given by their ranks."""
        inside = (self.span[0] <= ranks) & (ranks < self.span[1])
        return np.where(inside, 0, 1) + (ranks == (-1 if self.kink is None else self.kink))

    @cached_property
    def sides(self) -> Forms:
        """What is positive inside the face alone, in its flat.

        Of a cell the rows beside its ends, times their sign, of a ray a vector on it: what is known
        of u is known best along that.
        """
        (i, j), inputs = self.span, self.data.inputs
        if self.kink is not None:
            side = 1 if i > self.kink else -1
            return Forms(fmpq_mat([[side, -side * inputs[self.kink]]]))
        if j < len(inputs):
            chosen = [(inputs[j - 1], 1), (inputs[j], -1)]
        else:
            chosen = [(inputs[i], 1), (inputs[i - 1], -1) if i else (inputs[-1], 1)]
        return Forms(fmpq_mat([[side * x, side] for x, side in chosen]))

    @cached_property
    def flat(self) -> Forms:
        """The orthogonal projector onto the flat."""
        if self.kink is None:
            return Forms(fmpq_mat(2, 2, [1, 0, 0, 1]))
        x = self.data.inputs[self.kink]
        return Forms(fmpq_mat(2, 2, [1, -x, -x, x * x]) / (1 + x * x))

    @cached_property
    def u(self) -> SpanForms:
        """The map r -> u_F(r)."""
        return SpanForms(self.data, [(*self.span, *row) for row in self.flat.exact.tolist()])

    @cached_property
    def pull(self) -> list[fmpq]:
        """The vector u_F(Ry)."""
        return self.u.on_data(self.data)

    @cached_property
    def loads(self) -> fmpq_mat:
        """The vector u_F(1) as a row, none without output bias."""
        count, first, *_ = self.data.sums_over(*self.span)
        found = [dot(row, (first, count)) for row in self.flat.exact.tolist()]
        rows = self.data.inner.nrows()
        return fmpq_mat(rows, 2, found * rows)

    @cached_property
    def rays(self) -> SpanForms:
        """The forms -D_F(delta), delta the row of the kink and its opposite."""
        if self.kink is None:
            return SpanForms(self.data, [])
        (i, j), x, one = self.span, self.data.inputs[self.kink], fmpq(1)
        more = min(i, self.kink), max(j, self.kink + 1)
        return SpanForms(self.data, [(*more, x, one), (i, j, -x, -one)])

    def load(self, other: "LineFace", bits: int | None) -> Any:
        """Return the map w -> u_F(R [G] X P w)."""
        return self.u.over(other, bits)


class LineData(Data):
    """A problem with two or more distinct inputs on a line; `around` are faces on the circle.

    These are their places in the sorted list.
    """

    def _arrange(self, faces: float) -> None:
        """Go around the circle."""
        self.order = ascending(self)
        self.inputs = [self.rows[k][0] for k in self.order]
        size, rank = len(self.order), np.argsort(self.order)
        self.site_at = {x: k for k, x in enumerate(self.inputs)}
        self.ranks = rank[self.row_of]
        self._sums, self._masks = list(self._running()), [0]
        self.products = lru_cache(MOST_PRODUCTS)(SpanForms.product_with)
        for k in self.order:
            self._masks.append(self._masks[-1] | 1 << k)
        cells = actives(size)[1:-1]
        circle = [LineFace(self, cells[0], None)]
        for (i, j), (k, m) in pairwise(cells):
            kink = min(i, k) if i != k else min(j, m)
            circle += [LineFace(self, (max(i, k), min(j, m)), kink), LineFace(self, (k, m), None)]
        by_text = sorted_by(circle, self.ranks)
        self.faces, self.around = [circle[k] for k in by_text], np.argsort(by_text).tolist()
        self.columns = 2 * size

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each face, by its text."""
        return {face.text: place for place, face in enumerate(self.faces)}

    def opposite(self, place: int) -> int | None:
        """Return the place of the face -F, None if it has no active point."""
        return self._opposites[place]

    @cached_property
    def _opposites(self) -> dict[int, int | None]:
        half = 2 * len(self.order)
        turned = [*self.around[half:], *[None] * 3, *self.around[: half - 3]]
        return dict(zip(self.around, turned, strict=True))

    def _running(self) -> Iterable[list[fmpq]]:
        """Yield the sums over the first sites of 1, x, x^2, Ry and x Ry."""
        pulls = self.pulls.exact.entries()
        known = ((self.copies[k], self.rows[k][0], pulls[k]) for k in self.order)
        rows = ([c, c * x, c * x * x, y, x * y] for c, x, y in known)
        add = lambda one, other: [x + y for x, y in zip(one, other, strict=True)]  # noqa: E731
        return accumulate(rows, add, initial=[fmpq(0)] * 5)

    def sums_over(self, i: int, j: int) -> list[fmpq]:
        """Return the sums over the sites from i to j of 1, x, x^2, Ry and x Ry."""
        pairs = zip(self._sums[j], self._sums[min(i, j)], strict=True)
        return [x - y for x, y in pairs]

    def mask(self, i: int, j: int) -> int:
        """Return the rows of the sites from i to j, as a mask."""
        return self._masks[j] ^ self._masks[i]


def sorted_by(faces: Sequence[LineFace], ranks: np.ndarray) -> list[int]:
    """Return the order of the texts of faces, without the texts."""
    i, j = np.array([face.span for face in faces]).T
    kinks = np.array([-1 if face.kink is None else face.kink for face in faces])
    keys = []
    for start in range(0, len(ranks), DIGITS):
        key = np.zeros(len(faces), np.int64)
        for rank in ranks[start : start + DIGITS]:
            inside = (i <= rank) & (rank < j)
            key = 3 * key + np.where(inside, 0, 1) + (kinks == rank)
        keys.append(key)
    return np.lexsort(keys[::-1]).tolist()
