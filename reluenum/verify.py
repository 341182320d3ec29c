"""Prove from a certificate that a document of minima is complete and right.

This module imports nothing of the package: it enumerates the faces, encloses every residual and
derives every entry of the document itself, so that the solver need not be trusted. It reads in
the order of the proof: exact data and faces, real numbers, residuals (exact, or in the ball of
Lemma 8), what a residual says of a face, the records, the landscape, the document. The format is
described in docs/certificate.md; theorems are those of docs/theory.md.
"""

import base64
import hashlib
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property
from itertools import chain, combinations
from math import comb, factorial, prod
from operator import mul
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from flint import arb, arb_mat, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

LEVELS = (96, 128, 256, 512, 1024)
"""Working precisions in bits; the first one encloses a record as it stands."""

NUMBER_BITS = 256
"""Precision from which the decimals of a document are computed."""

NEWTON_STEPS = 4
"""Newton steps at each further precision."""

NEARNESS = fmpq(1, 1000)
"""Newton steps may move w by this fraction: a record has to be useful, not only repairable."""

DIGITS = 30
"""Significant digits of the decimals of a document."""

Support = tuple[int, ...]
"""Places of the faces in the sorted list of live faces."""


class CertificateError(ValueError):
    """The certificate does not prove the document; the text says where it fails."""


@dataclass(frozen=True)
class Report:
    """What was checked in a document that has been proved.

    Parameters
    ----------
    records : int
    verdicts : dict
        Number of records with each verdict.
    components : int
    polished, exact : int
        Residuals that needed Newton steps, and those that have an exact description.
    """

    records: int
    verdicts: dict[str, int]
    components: int
    polished: int
    exact: int

    def __str__(self) -> str:
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        return (
            f"proved: {self.components} components from {self.records} records ({verdicts}); "
            f"{self.polished} residuals polished, {self.exact} exact"
        )


def require(condition: bool, text: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise CertificateError(text)


# Exact data: rows, faces, moments.


def dot(left: Sequence, right: Sequence) -> Any:
    """Return the inner product over any ring."""
    return sum(map(mul, left, right))


def applied(matrix: Sequence[Sequence], vector: Sequence) -> list:
    """Return matrix * vector over any ring."""
    return [sum(map(mul, row, vector)) for row in matrix]


def rational(value: Any, where: str) -> fmpq:
    """Read an integer or the text of a fraction."""
    text = str(value) if type(value) in (int, str) else ""
    match = re.fullmatch(r"(-?[0-9]+)(?:/(0*[1-9][0-9]*))?", text, re.ASCII)
    require(match is not None, f"{where}: {str(value)[:40]!r} is no fraction")
    return fmpq(fmpz(match[1]), fmpz(match[2] or "1"))


def places(mask: int) -> Iterator[int]:
    """Yield the places of the bits of a mask."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def row_space(rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
    """Return a basis of the span of rows, as the rows of a matrix."""
    echelon, rank = fmpq_mat(rows).rref()
    return fmpq_mat(echelon.tolist()[:rank])


def cocircuits(rows: Sequence[Sequence[fmpq]]) -> dict[tuple[int, int], list[fmpq]]:
    """Return the rays of an arrangement in the span of its rows (Lemma 6), by sign vector.

    A sign vector is a pair of bit masks: the rows on which it is positive, and negative.
    """
    basis = row_space(rows)
    rank = basis.nrows()
    inner = (fmpq_mat(rows) * basis.transpose()).tolist()
    rays = {}
    for chosen in combinations(inner, rank - 1):
        # The minors of rank - 1 rows are orthogonal to them, and 0 if the rows are dependent.
        minors = [[x for row in chosen for x in row[:j] + row[j + 1 :]] for j in range(rank)]
        line = [(-1) ** j * fmpq_mat(rank - 1, rank - 1, m).det() for j, m in enumerate(minors)]
        if not any(line):
            continue
        values = [dot(row, line) for row in inner]
        positive = sum(1 << i for i, value in enumerate(values) if value > 0)
        negative = sum(1 << i for i, value in enumerate(values) if value < 0)
        ray = [dot(column, line) for column in basis.transpose().tolist()]
        rays[positive, negative] = ray
        rays[negative, positive] = [-entry for entry in ray]
    return rays


def covectors(rays: Iterable[tuple[int, int]], size: int) -> set[tuple[int, int]]:
    """Return the sign vectors of all faces: the compositions of cocircuits (Lemma 6)."""
    rays = list(rays)

    @cache
    def restricted(zeros: int) -> set[tuple[int, int]]:
        return {(positive & zeros, negative & zeros) for positive, negative in rays}

    found = {(0, 0)}
    frontier = [(0, 0)]
    while frontier:
        positive, negative = frontier.pop()
        for more, less in restricted((1 << size) - 1 & ~(positive | negative)):
            composed = (positive | more, negative | less)
            if composed not in found:
                found.add(composed)
                frontier.append(composed)
    return found


@dataclass(frozen=True)
class Face:
    """A face: its text, active set and zero set (as masks), and its non-zero signs (i, sign)."""

    text: str
    active: int
    zeros: int
    signs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, positive: int, negative: int, size: int) -> "Face":
        """Return the face with a sign vector."""
        text = "".join(
            "+" if positive >> i & 1 else "-" if negative >> i & 1 else "0" for i in range(size)
        )
        signs = tuple((i, 1 if s == "+" else -1) for i, s in enumerate(text) if s != "0")
        return cls(text, positive, (1 << size) - 1 & ~(positive | negative), signs)


class Data:
    """The problem as exact numbers, and all that depends on it alone.

    Parameters
    ----------
    problem : dict
        The record of the document.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        keys = {"x", "y", "width", "ridge", "loss", "output_bias"}
        require(type(problem) is dict and set(problem) == keys, "problem: wrong keys")
        x, y, width = problem["x"], problem["y"], problem["width"]
        require(type(x) is list and type(y) is list and len(x) == len(y) > 0, "problem: x, y")
        require(all(type(row) is list and len(row) == len(x[0]) > 0 for row in x), "problem: x")
        require(width == "all" or (type(width) is int and 0 < width < 1 << 20), "problem: width")
        require(problem["loss"] in ("sum", "mean"), "problem: loss")
        require(problem["output_bias"] in ("none", "free", "ridge"), "problem: output_bias")
        self.size, self.width = len(y), width
        self.rows = [[*(rational(entry, "problem x") for entry in row), fmpq(1)] for row in x]
        self.targets = [rational(entry, "problem y") for entry in y]
        self.scale = fmpq(1, self.size) if problem["loss"] == "mean" else fmpq(1)
        self.ridge = rational(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        shares = {
            "none": fmpq(0),
            "free": fmpq(1, self.size),
            "ridge": 1 / (self.size + self.ridge),
        }
        self.has_bias = problem["output_bias"] != "none"
        self.share = shares[problem["output_bias"]]  # R = I - share * 1 1' (Lemma 1)
        mean = sum(self.targets) * self.share
        self.residual = [target - mean for target in self.targets]  # R y
        self.energy = dot(self.targets, self.residual)  # y' R y
        signs = covectors(cocircuits(self.rows), self.size)
        faces = [Face.of(*pair, self.size) for pair in signs if pair[0]]
        self.faces = sorted(faces, key=lambda face: face.text)
        self._place_of = {(face.active, face.zeros): k for k, face in enumerate(self.faces)}
        self.columns = sum(
            positive | negative == (1 << self.size) - 1 for positive, negative in signs
        )
        self.largest = min(self.size if width == "all" else width, len(self.faces))
        self._cache: dict[tuple, Any] = {}

    def _at(self, key: tuple, bits: int | None, compute: Callable[[], Any]) -> Any:
        """Return a cached exact value (nested lists), or its enclosure with so many bits."""
        place = (*key, bits)
        if place not in self._cache:
            exact = compute() if bits is None else self._at(key, None, compute)
            with ctx.workprec(bits or LEVELS[0]):
                self._cache[place] = exact if bits is None else _enclosed(exact)
        return self._cache[place]

    def moments(self, mask: int, bits: int | None) -> tuple[list[list], list]:
        """Return the sums of xt xt' and of (Ry) xt over the rows of a mask."""

        def compute() -> tuple[list[list], list]:
            rows = fmpq_mat([[*self.rows[i], self.residual[i]] for i in places(mask)])
            gram = (
                (rows.transpose() * rows).tolist()
                if mask
                else [[fmpq(0)] * (self.depth + 1)] * self.depth
            )
            return [row[:-1] for row in gram[: self.depth]], [row[-1] for row in gram[: self.depth]]

        return self._at(("moments", mask), bits, compute)

    @property
    def depth(self) -> int:
        """Number d + 1 of coordinates of a unit."""
        return len(self.rows[0])

    def projector(self, zeros: int, bits: int | None) -> list[list]:
        """Return the orthogonal projector onto the part of a flat in the row space (Lemma 5)."""

        def span(mask: int) -> fmpq_mat:
            if not mask:
                return fmpq_mat(self.depth, self.depth)
            basis = row_space([self.rows[i] for i in places(mask)])
            return basis.transpose() * (basis * basis.transpose()).solve(basis)

        everything = (1 << self.size) - 1
        return self._at(
            ("projector", zeros), bits, lambda: (span(everything) - span(zeros)).tolist()
        )

    def spreads(self, mask: int, zeros: int, bits: int) -> list[arb]:
        """Return the norms of the rows of r -> P sum_mask r_i xt_i, P the projector of `zeros`."""
        key = ("spread", mask, zeros, bits)
        if key not in self._cache:
            projector = fmpq_mat(self.projector(zeros, None))
            variances = projector * fmpq_mat(self.moments(mask, None)[0]) * projector
            self._cache[key] = [arb(variances[j, j]).sqrt() for j in range(self.depth)]
        return self._cache[key]

    def coupled(self, one: int, other: int, vector: Sequence, bits: int | None) -> list:
        """Return K * vector, K = sum over one & other of xt xt' - share * s_one s_other'."""
        result = applied(self.moments(one & other, bits)[0], vector)
        if self.share:
            # The last coordinate of xt is 1: the last row of the moments is their sum s.
            shift = dot(self.moments(other, bits)[0][-1], vector) * self.share
            result = [
                x - shift * s for x, s in zip(result, self.moments(one, bits)[0][-1], strict=True)
            ]
        return result

    def rays_around(self, face: Face) -> list[tuple[int, list[fmpq]]]:
        """Return the rays of Lemma 13, each with the active set next to the face along it."""
        key = ("rays", face.zeros)
        if key not in self._cache:
            zeros = list(places(face.zeros))
            rays = cocircuits([self.rows[i] for i in zeros]) if zeros else {}
            self._cache[key] = [
                (sum(1 << zeros[k] for k in places(positive)), ray)
                for (positive, _), ray in rays.items()
            ]
        return [(face.active | more, ray) for more, ray in self._cache[key]]

    def opposite(self, place: int) -> int | None:
        """Return the place of the face -F, None if it has no active point."""
        face = self.faces[place]
        active = (1 << self.size) - 1 & ~(face.active | face.zeros)
        return self._place_of.get((active, face.zeros))

    def name(self, support: Support) -> str:
        """Return the text of a support."""
        return "|".join(self.faces[place].text for place in support)


def _enclosed(exact: Any) -> Any:
    if isinstance(exact, list | tuple):
        return [_enclosed(entry) for entry in exact]
    return arb(exact)


# Real numbers: rationals, balls, and elements of a number field.


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.index, self.modulus = chi, index, fmpq_poly(chi)
        self._balls: dict[int, arb] = {}

    def ball(self, bits: int) -> arb:
        """Return an enclosure; FLINT isolates the roots and marks the real ones."""
        if bits not in self._balls:
            with ctx.workprec(bits):
                roots = [root.real for root, _ in self.chi.complex_roots() if root.imag == 0]
            roots.sort(key=lambda root: root.mid())
            require(self.index < len(roots), f"chi has only {len(roots)} real roots")
            self._balls[bits] = roots[self.index]
        return self._balls[bits]


class Algebraic:
    """A polynomial in a root: an element of its number field."""

    __slots__ = ("poly", "root")

    def __init__(self, root: Root, poly: Any) -> None:
        self.root, self.poly = root, fmpq_poly(poly) % root.modulus

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> "Algebraic":
        value = other.poly if isinstance(other, Algebraic) else fmpq_poly([other])
        return Algebraic(self.root, operation(self.poly, value))

    def __add__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x - y)

    def __rsub__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: y - x)

    def __mul__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x * y)

    def __truediv__(self, other: Any) -> "Algebraic":
        if isinstance(other, Algebraic):
            return self * Algebraic(other.root, other.poly.xgcd(other.root.modulus)[1])
        return self * (1 / fmpq(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with so many bits."""
        with ctx.workprec(bits):
            return arb_poly(self.poly.coeffs())(self.root.ball(bits))

    def sign(self) -> int:
        """Return the sign: 0 means 0 modulo chi."""
        bits = 0 if self.poly == 0 else 96
        while bits:
            if found := sign(self.ball(bits)):
                return found
            bits *= 2
        return 0

    def minimal_polynomial(self) -> fmpz_poly:
        """Return the primitive irreducible polynomial of which this is a root."""
        degree = self.root.modulus.degree()
        powers = [self * Algebraic(self.root, [0] * k + [1]) for k in range(degree)]
        matrix = fmpq_mat([[power.poly[k] for k in range(degree)] for power in powers])
        return matrix.charpoly().numer().factor()[1][0][0]


def sign(value: Any) -> int | None:
    """Return the sign of a real number, None if its ball does not tell."""
    if isinstance(value, Algebraic):
        return value.sign()
    return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None


def enclosure(value: Any, bits: int) -> arb:
    """Return a ball around a real number."""
    return value.ball(bits) if isinstance(value, Algebraic) else arb(value)


def norm(vector: Sequence[arb]) -> arb:
    """Return the Euclidean norm."""
    return dot(vector, vector).sqrt()


# Residuals.


class Residual:
    """The exact residual r = R(y - sum_l [A_l] X w_l), w_l in the flat of face l.

    Parameters
    ----------
    data : Data
    faces : sequence of Face
    w : list of vectors
        Over Q or a number field; over balls with `bits`.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list], bits: int | None = None):
        self.data, self.faces, self.w, self.bits = data, faces, w, bits

    def fitted(self, mask: int) -> list:
        """Return sum_mask (Re)_i xt_i."""
        total = self.data.moments(mask, self.bits)[1]
        for face, w in zip(self.faces, self.w, strict=True):
            shift = self.data.coupled(mask, face.active, w, self.bits)
            total = [t - s for t, s in zip(total, shift, strict=True)]
        return total

    def gradient(self, mask: int) -> list:
        """Return sum_mask r_i xt_i."""
        return self.fitted(mask)

    def u(self, face: Face) -> list:
        """Return u_F(r)."""
        return applied(self.data.projector(face.zeros, self.bits), self.gradient(face.active))


class Ball(Residual):
    """The ball of Lemma 8 around r_S: centre tau R e(w), a point of C_S, for any w in the flats.

    Parameters
    ----------
    w : list of vectors
        Exact balls; their projections onto the flats are used. The working precision is `bits`.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list[arb]], bits: int):
        flats = [data.projector(face.zeros, bits) for face in faces]
        w = [applied(flat, vector) for flat, vector in zip(flats, w, strict=True)]
        super().__init__(data, faces, w, bits)
        ridge, error, slack = arb(data.ridge), arb(data.energy), arb(0)
        gradients = [self.fitted(face.active) for face in faces]
        norms = [norm(applied(flat, g)) for flat, g in zip(flats, gradients, strict=True)]
        tau = arb(1)
        if not all(length <= ridge for length in norms):
            tau = (ridge / max(length.upper() for length in norms)).lower()
            tau = tau if tau < 1 else arb(1).mid()
        for face, g, vector in zip(faces, gradients, w, strict=True):
            error -= dot(data.moments(face.active, bits)[1], vector) + dot(g, vector)
            slack += ridge * norm(vector) - tau * dot(g, vector)
        gap = ((1 - tau) * (1 - tau) * error + 2 * slack).upper()
        self.tau, self.radius = tau, gap.sqrt()
        # The dual value of r_S, which is the loss at a stationary point, is in [P - gap, P].
        self.loss = arb(error + 2 * ridge * sum(map(norm, w)), gap)
        # With all norms finite, tau |u_l| <= Lambda holds by the choice of tau.
        if not (self.radius.is_finite() and all(length.is_finite() for length in norms)):
            self.radius = self.loss = arb("inf")

    def gradient(self, mask: int, zeros: int = 0) -> list:
        """Return P sum_mask r_i xt_i, P the projector of `zeros`: enclosed, or exactly.

        Without output bias r_i = y_i where no face is active.
        """
        if not self.data.share and not any(mask & face.active for face in self.faces):
            return applied(self.data.projector(zeros, None), self.data.moments(mask, None)[1])
        centre = applied(self.data.projector(zeros, self.bits), self.fitted(mask))
        spreads = self.data.spreads(mask, zeros, self.bits)
        return [arb(self.tau * c, s * self.radius) for c, s in zip(centre, spreads, strict=True)]

    def u(self, face: Face) -> list:
        """Return an enclosure of u_F(r_S)."""
        return self.gradient(face.active, face.zeros)


def newton_step(ball: Residual) -> list[list[arb]]:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints."""
    data, bits, depth = ball.data, ball.bits, ball.data.depth
    flats = [arb_mat(data.projector(face.zeros, bits)) for face in ball.faces]
    blocks: list[list[arb]] = []
    right: list[list[arb]] = []
    for k, (face, w) in enumerate(zip(ball.faces, ball.w, strict=True)):
        weight = data.ridge / norm(w)
        unit = [entry / norm(w) for entry in w]
        u = (flats[k] * arb_mat([[g] for g in ball.fitted(face.active)])).entries()
        right += [[x - data.ridge * y] for x, y in zip(u, unit, strict=True)]
        row = []
        for j, other in enumerate(ball.faces):
            columns = [data.coupled(face.active, other.active, c, bits) for c in _identity(depth)]
            block = flats[k] * arb_mat(columns).transpose() * flats[j]
            if j == k:
                bend = [
                    [weight * (int(p == q) - unit[p] * unit[q]) for q in range(depth)]
                    for p in range(depth)
                ]
                block = (
                    block
                    + flats[k] * arb_mat(bend) * flats[k]
                    + arb_mat(_identity(depth))
                    - flats[k]
                )
            row.append(block.tolist())
        blocks += [list(chain(*parts)) for parts in zip(*row, strict=True)]
    step = arb_mat(blocks).mid().solve(arb_mat(right).mid()).entries()
    moved = [x + dx for x, dx in zip(chain(*ball.w), step, strict=True)]
    return [[x.mid() for x in moved[k : k + depth]] for k in range(0, len(moved), depth)]


def _identity(size: int) -> list[list[int]]:
    return [[int(i == j) for j in range(size)] for i in range(size)]


class Core:
    """A residual r_S, as sharp as a question about it needs.

    Parameters
    ----------
    data : Data
    support : Support
        S; a support that is reduced to it has the same residual.
    w : list of vectors
        The record; empty for the zero network.
    exact : Residual, optional
        The exact description.
    """

    __slots__ = ("balls", "data", "exact", "support", "tests", "ties")

    def __init__(self, data: Data, support: Support, w: list, exact: Residual | None) -> None:
        self.data, self.support, self.exact = data, support, exact
        self.balls = {}
        if support:
            self.balls[LEVELS[0]] = Ball(data, [data.faces[k] for k in support], w, LEVELS[0])
        self.tests: dict[Any, Any] = {}
        self.ties: dict[int, int] = {}

    def stationary(self, sides: dict[int, int]) -> None:
        """Take note that S is essential and stationary: then its faces are tight, exactly.

        By Lemma 29, on a line, two pairs of opposite faces with equal sides make every face of S
        tight together with its opposite, on the same side.
        """
        self.ties = dict(sides)
        opposite = self.data.opposite
        paired = [place for place in sides if sides.get(opposite(place)) == sides[place]]
        if self.data.depth == 2 and len(paired) >= 4:
            ties = {opposite(place): side for place, side in sides.items()}
            self.ties |= {place: side for place, side in ties.items() if place is not None}

    def residuals(self, least: int) -> Iterator[Residual]:
        """Yield ever sharper forms; the exact one, if there is one, instead of the sharpest."""
        for bits in LEVELS if self.support else ():
            if bits < least or (self.exact and bits > max(least, LEVELS[1])):
                continue
            if bits not in self.balls:
                self.balls[bits] = self._polished(bits)
            yield self.balls[bits]
        if self.exact:
            yield self.exact

    def _polished(self, bits: int) -> Ball:
        ball: Residual = self.balls[max(known for known in self.balls if known < bits)]
        w = [[x.mid() for x in vector] for vector in ball.w]
        with ctx.workprec(bits):
            for _ in range(NEWTON_STEPS):
                try:
                    w = newton_step(Residual(self.data, ball.faces, w, bits))
                except ZeroDivisionError:
                    break  # a ball around this w proves little, but nothing wrong
            pairs = list(zip(chain(*w), chain(*ball.w), strict=True))
            moved, length = norm([x - y for x, y in pairs]), norm([x for x, _ in pairs])
            require(not moved > length * NEARNESS, "w is far from the point that it stands for")
            return Ball(self.data, ball.faces, w, bits)

    def settle(self, question: Callable[[Residual], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        name = self.data.name(self.support) or "the zero network"
        raise CertificateError(f"the residual of {name} is not known well enough: {text}")

    def loss(self) -> arb:
        """Return an enclosure of the loss at a stationary point with this residual."""
        return self.settle(lambda r: r.loss if r.loss.is_finite() else None, "its loss")

    # What a residual says of a face.

    def excess(self, place: int) -> int:
        """Return the sign of |u_F(r)| - Lambda."""
        if place in self.ties:
            return 0
        face = self.data.faces[place]
        if place not in self.tests:
            self.tests[place] = self.settle(
                lambda r: _excess(r, face), f"is |u| at most the ridge on {face.text}?"
            )
        return self.tests[place]

    def side(self, place: int) -> int:
        """Return s = 1 or -1 if s u_F(r) lies in the face, and 0 if neither does."""
        face = self.data.faces[place]
        return self.settle(lambda r: _side(r, face), f"does u lie in {face.text}?")

    def standing(self, place: int) -> tuple[int, int]:
        """Return (excess, side) of a face, or (-1, 0) if it is neither tight nor exceeding."""
        if place in self.ties:
            return 0, self.ties[place]
        face = self.data.faces[place]
        return self.settle(
            lambda r: _standing(r, face), f"is the dual constraint of {face.text} tight?"
        )

    def descends(self, place: int, side: int) -> bool:
        """Whether D_F < 0 on one of the rays around a face (Theorem B, Lemma 13)."""
        face = self.data.faces[place]

        def question(residual: Residual) -> bool | None:
            signs = [
                sign(dot(residual.gradient(active), ray) * side)
                for active, ray in self.data.rays_around(face)
            ]
            return True if 1 in signs else None if None in signs else False

        key = ("descends", place)
        if key not in self.tests:
            self.tests[key] = self.settle(question, f"does a unit on {face.text} descend?")
        return self.tests[key]


def same_residual(one: Core, other: Core) -> bool:
    """Whether r_S = r_T: each satisfies the constraints of the other.

    For then each of the two projections of Ry is as close to it as the other one.
    """
    faces = one.data.faces
    for left, right in zip(one.residuals(0), other.residuals(0), strict=False):
        signs = [_excess(left, faces[place]) for place in other.support]
        signs += [_excess(right, faces[place]) for place in one.support]
        if 1 in signs or None not in signs:
            return 1 not in signs
    return all(one.excess(k) <= 0 for k in other.support) and all(
        other.excess(k) <= 0 for k in one.support
    )


def _standing(residual: Residual, face: Face) -> tuple[int, int] | None:
    excess = _excess(residual, face)
    side = None if excess == -1 else _side(residual, face)
    if excess == -1 or side == 0:
        return -1, 0
    return None if excess is None or side is None else (excess, side)


def _excess(residual: Residual, face: Face) -> int | None:
    u = residual.u(face)
    return sign(dot(u, u) - residual.data.ridge**2)


def _side(residual: Residual, face: Face) -> int | None:
    u, found, open_signs = residual.u(face), 0, False
    rows = residual.data.rows
    for i, expected in face.signs:
        value = sign(dot(u, rows[i]))
        if value is None:
            open_signs = True
        elif value == 0 or found == -value * expected:
            return 0
        else:
            found = value * expected
    return None if open_signs else found


# The certificate.


@dataclass(eq=False)
class Group:
    """All stationary supports with one residual (Lemmas 11 and 12).

    Parameters
    ----------
    core : Core
        Of one of them, with an exact description if there is one.
    sides : dict
        The sign of the output weights on each tight face.
    vertices : list of Support
    """

    core: Core
    sides: dict[int, int]
    vertices: list[Support] = field(default_factory=list)

    @cached_property
    def is_global(self) -> bool:
        """Whether the residual is global at every width (Theorem C, Lemma 14)."""
        if any(self.core.descends(*pair) for pair in self.sides.items()):
            return False
        faces, first = self.core.data.faces, next(self.core.residuals(0))
        others = [k for k in range(len(faces)) if k not in self.sides]
        if any((_standing(first, faces[k]) or (0, 0))[0] > 0 for k in others):
            return False
        return all(self.core.standing(k)[0] <= 0 for k in others)

    @classmethod
    def joined(cls, groups: "Sequence[Group]") -> "Group":
        """Return groups with one residual as one."""
        core = next((group.core for group in groups if group.core.exact), groups[0].core)
        sides = {place: side for group in groups for place, side in group.sides.items()}
        return cls(core, sides, [vertex for group in groups for vertex in group.vertices])

    def supports(self, largest: int) -> list[Support]:
        """Return the unions of vertices with at most so many faces, smaller ones first."""
        found = set(self.vertices)
        frontier = list(found)
        while frontier:
            one = frontier.pop()
            for other in self.vertices:
                union = tuple(sorted({*one, *other}))
                if len(union) <= largest and union not in found:
                    found.add(union)
                    frontier.append(union)
        return sorted(found, key=lambda support: (len(support), support))

    def is_minimal(self, support: Support) -> bool:
        """Whether its points without zero units are local minima (Theorems B and C)."""
        if not support:
            return self.is_global
        return not any(self.core.descends(k, self.sides[k]) for k in support)


def read_descriptions(data: Data, entries: Any) -> dict[Support, Residual]:
    """Read the exact descriptions and check each by substitution (Theorem A)."""
    require(type(entries) is list, "certificate: `exact` is no list")
    place_of = {face.text: place for place, face in enumerate(data.faces)}
    found = {}
    for entry in entries:
        keys = {"support", "chi", "root", "coordinates"}
        require(type(entry) is dict and set(entry) == keys, "certificate: exact: wrong keys")
        where = f"exact description of {entry['support']!r:.200}"
        lists = [entry["chi"], entry["coordinates"], *entry["coordinates"]]
        require(all(type(part) is list for part in lists), f"{where}: a polynomial is no list")
        texts = str(entry["support"]).split("|")
        require(all(text in place_of for text in texts), f"{where}: no support")
        support = tuple(place_of[text] for text in texts)
        require(sorted(set(support)) == list(support), f"{where}: not sorted")
        require(support not in found, f"{where}: given twice")
        faces = [data.faces[place] for place in support]
        chi = fmpq_poly([rational(c, f"{where}: chi") for c in entry["chi"]])
        factors = chi.numer().factor()[1]
        irreducible = len(factors) == 1 and factors[0][1] == 1
        require(chi.denom() == 1 and irreducible, f"{where}: chi is not irreducible over Z")
        index = entry["root"]
        require(type(index) is int and index >= 0, f"{where}: root is no index")
        root = Root(factors[0][0], index)
        polys = [[rational(c, where) for c in poly] for poly in entry["coordinates"]]
        require(all(len(p) <= chi.degree() for p in polys), f"{where}: degrees")
        numbers = [Algebraic(root, p) for p in polys]
        cut = len(support) * data.depth
        require(len(numbers) == cut + len(support), f"{where}: wrong number of coordinates")
        omegas = [numbers[k : k + data.depth] for k in range(0, cut, data.depth)]
        root.ball(LEVELS[0])
        pairs = list(zip(omegas, numbers[cut:], strict=True))
        residual = Residual(data, faces, [[s * x for x in omega] for omega, s in pairs])
        for face, (omega, square) in zip(faces, pairs, strict=True):
            equations = [x - data.ridge * y for x, y in zip(residual.u(face), omega, strict=True)]
            equations.append(dot(omega, omega) - fmpq(1))
            solved = all(value.poly == 0 for value in equations)
            require(solved and square.sign() > 0, f"{where}: does not solve (1)-(2)")
        found[support] = residual
    return found


def read_records(source: BinaryIO, digest: str) -> tuple[int, Iterator[tuple[Any, Any, Any]]]:
    """Return how many records a Parquet file holds, and the records."""
    parquet = pq.ParquetFile(source)
    schema = parquet.schema_arrow
    require(schema.names == ["verdict", "face", "w"], "records: wrong columns")
    verdict, face, w = schema.types
    text = verdict.value_type if pa.types.is_dictionary(verdict) else verdict
    require(pa.types.is_string(text) or pa.types.is_large_string(text), "records: type of verdict")
    require(face == pa.int32(), "records: type of face")
    lists = pa.types.is_list(w) or pa.types.is_large_list(w)
    require(lists and w.value_type == pa.float64(), "records: type of w")
    metadata = json.loads((schema.metadata or {}).get(b"reluenum", b"null"))
    require(metadata == _heading(digest), "records: metadata do not fit the document")

    def records() -> Iterator[tuple[Any, Any, Any]]:
        for batch in parquet.iter_batches(batch_size=4096):
            yield from zip(*(batch.column(k).to_pylist() for k in range(3)), strict=True)

    return parquet.metadata.num_rows, records()


def _heading(digest: str) -> dict[str, Any]:
    return {"format": "reluenum-certificate", "version": 1, "problem_sha256": digest}


class Proof:
    """The records, checked one by one, and the stationary points that they leave.

    Parameters
    ----------
    data : Data
    descriptions : dict
        Exact residuals by support.
    """

    def __init__(self, data: Data, descriptions: dict[Support, Residual]) -> None:
        self.data, self.descriptions = data, dict(descriptions)
        zero = Core(data, (), [], Residual(data, [], []))
        self.cores: dict[Support, Core] = {(): zero}
        self.verdicts: Counter[str] = Counter()
        self.polished = 0
        self.zero = Group(zero, {}, [()])
        self.vertices: list[tuple[Core, dict[int, int]]] = []

    def read(self, records: Iterable[tuple[Any, Any, Any]]) -> None:
        """Check every record; their number is that of the supports."""
        everything = range(len(self.data.faces))
        sizes = range(1, self.data.largest + 1)
        supports = chain.from_iterable(combinations(everything, size) for size in sizes)
        for number, (support, record) in enumerate(zip(supports, records, strict=True)):
            try:
                core = self._checked(support, *record)
            except CertificateError as error:
                text = f"record {number} ({self.data.name(support)}, {record[0]!r:.40}): {error}"
                raise CertificateError(text) from error
            self.verdicts[record[0]] += 1
            if len(support) < self.data.largest:
                self.cores[support] = core
        require(not self.descriptions, "an exact description belongs to no record with a point")

    def _checked(self, support: Support, verdict: Any, place: Any, w: Any) -> Core:
        """Return the residual of a support, if the claim of its record is true."""
        require(verdict in ("reducible", "leaves", "descends", "minimum"), "proves nothing")
        within = type(place) is int and (0 <= place < len(support))
        require(place == -1 if verdict == "minimum" else within, f"face {place!r} is out of range")
        if verdict == "reducible":
            require(not w, "a reducible support has no w")
            core = self.cores[support[:place] + support[place + 1 :]]
            require(core.excess(support[place]) <= 0, "the face exceeds the bound")
            return core
        depth = self.data.depth
        require(type(w) is list and len(w) == len(support) * depth, "w has a wrong length")
        require(all(type(x) is float and abs(x) < float("inf") for x in w), "w is not finite")
        vectors = [list(map(arb, w[k : k + depth])) for k in range(0, len(w), depth)]
        core = Core(self.data, support, vectors, self.descriptions.pop(support, None))
        if verdict == "leaves":
            require(core.side(support[place]) == 0, "u does not leave the face")
        else:
            self._stationary(core, verdict, place)
        self.polished += len(core.balls) > 1
        return core

    def _stationary(self, core: Core, verdict: str, place: int) -> None:
        """Check that a support is essential, stationary, and a minimum or not; group it."""
        support = core.support
        for k, face in enumerate(support):
            smaller = self.cores[support[:k] + support[k + 1 :]]
            require(smaller.excess(face) > 0, f"face {k} is not essential")
        sides = {face: core.side(face) for face in support}
        require(all(sides.values()), "u leaves a face")
        core.stationary(sides)
        if verdict == "descends":
            face = support[place]
            require(core.descends(face, sides[face]), "no ray descends")
        else:
            require(not any(core.descends(*pair) for pair in sides.items()), "a ray descends")
        self.vertices.append((core, sides))

    def grouped(self) -> list[Group]:
        """Return the residuals of the stationary points; the zero network's if it is a minimum.

        Vertices with one residual have equal losses. It matters only for those whose union is a
        support to be counted (Lemma 12), and for the residual that is global at every width, of
        which there is one (Theorem C).
        """
        largest = self.data.size + 1 if self.data.width == "all" else self.data.largest
        losses = [core.loss() for core, _ in self.vertices]
        order = sorted(range(len(losses)), key=lambda k: losses[k].lower())
        alike: list[list[int]] = []
        top = None
        for k in order:
            if top is None or losses[k].lower() > top:
                alike.append([])
                top = losses[k].upper()
            alike[-1].append(k)
            top = top.max(losses[k].upper())
        groups = [self.zero] * self.zero.is_global
        for chosen in alike:
            same: list[Group] = []
            for core, sides in (self.vertices[k] for k in chosen):
                near = [
                    group
                    for group in same
                    if any(len({*v, *core.support}) <= largest for v in group.vertices)
                    and same_residual(group.core, core)
                ]
                same = [group for group in same if group not in near]
                same.append(Group.joined([*near, Group(core, sides, [core.support])]))
            groups += same
        best = [group for group in groups if group.is_global]
        others = [group for group in groups if not group.is_global]
        return [*others, Group.joined(best)] if best else others


# The landscape: numbers, components, counts.


def eliminated(rows: list[list]) -> tuple[list, int]:
    """Solve a Gram system, given with its right-hand side; return solution and rank.

    Where the rank is less than the size, only the rank is meant.
    """
    rank = 0
    for k in range(len(rows)):
        if sign(rows[k][k]) == 0:
            continue  # of a positive semidefinite matrix, then the whole row is 0
        rank += 1
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k:
                rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows], rank


@dataclass
class Numbers:
    """The numbers of the points on a support: s = sum a^2 and v / |v| by face, loss and bias."""

    squares: dict[int, Any]
    directions: dict[int, list]
    loss: Any
    bias: Any


class Points:
    """The stationary points of a group on a support.

    Parameters
    ----------
    group : Group
    support : Support
    """

    def __init__(self, group: Group, support: Support) -> None:
        self.group, self.support, self.data = group, support, group.core.data
        self.inside = [vertex for vertex in group.vertices if set(vertex) <= set(support)]
        self._numbers: dict[int | None, Numbers] = {}

    def _gram(self, residual: Residual, vertex: Support) -> list[list]:
        """Return the matrix z' R z with the right-hand side of which q is the solution."""
        data, faces = self.data, [self.data.faces[place] for place in vertex]
        u = [residual.u(face) for face in faces]
        return [
            [
                *(
                    dot(one, data.coupled(f.active, g.active, other, residual.bits))
                    for g, other in zip(faces, u, strict=True)
                ),
                dot(data.moments(f.active, residual.bits)[1], one) - data.ridge**2,
            ]
            for f, one in zip(faces, u, strict=True)
        ]

    @property
    def dimension(self) -> int:
        """Dimension of the polytope of squares (Theorem A).

        A vertex has independent responses, two vertices leave room for one dimension at least.
        """
        room = len(self.support) - max(map(len, self.inside))
        if room == 0 or (room == 1 and len(self.inside) > 1):
            return room
        exact = self.group.core.exact
        require(exact is not None, f"{self.data.name(self.support)}: no exact description")
        return len(self.support) - eliminated(self._gram(exact, self.support))[1]

    def numbers(self, residual: Residual) -> Numbers:
        """Return the numbers; the middle of the vertices where the squares are not unique."""
        if residual.bits not in self._numbers:
            data = self.data
            q = dict.fromkeys(self.support, 0)
            for vertex in self.inside:
                for place, value in zip(
                    vertex, eliminated(self._gram(residual, vertex))[0], strict=True
                ):
                    q[place] = q[place] + value / len(self.inside)
            u = {place: residual.u(data.faces[place]) for place in self.support}
            loss, bias = data.energy, sum(data.targets)
            for place in self.support:
                gram, moment = data.moments(data.faces[place].active, residual.bits)
                loss = loss + q[place] * (data.ridge**2 - dot(moment, u[place]))
                bias = bias - q[place] * dot(gram[-1], u[place])
            self._numbers[residual.bits] = Numbers(
                {place: q[place] * data.ridge for place in self.support},
                {
                    place: [x * (self.group.sides[place] / data.ridge) for x in u[place]]
                    for place in self.support
                },
                loss * data.scale,
                bias * data.share,
            )
        return self._numbers[residual.bits]

    def texts(
        self, pick: Callable[[Numbers], Any], square: Callable[[Numbers], Any] = lambda _: 1
    ) -> frozenset[str]:
        """Return the texts that a document may have for pick * sqrt(square).

        That is one, or two for a number that lies between two decimals as far as is known.
        """

        def question(residual: Residual) -> frozenset[str] | None:
            numbers = self.numbers(residual)
            factor, radicand = pick(numbers), square(numbers)
            if sign(factor) == 0:
                return frozenset("0")
            for bits in [residual.bits] if residual.bits else [NUMBER_BITS << k for k in range(8)]:
                with ctx.workprec(bits):
                    ball = enclosure(factor, bits) * enclosure(radicand, bits).sqrt()
                    if found := roundings(ball):
                        return found
            return None

        return self.group.core.settle(question, "a decimal of the document", NUMBER_BITS)


def rational_end(ball: arb) -> fmpq:
    """Return an exact ball as a rational."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def roundings(ball: arb) -> frozenset[str] | None:
    """Return the decimal texts nearest to the numbers of a small ball, None if it is not small."""
    if not ball.is_finite() or sign(ball) is None:
        return None
    ends = [rational_end(end) for end in (ball.lower(), ball.upper())]
    size = max(map(abs, ends))
    exponent = len(str(size.p)) - len(str(size.q)) - 1
    while size >= fmpq(10) ** exponent:
        exponent += 1
    unit = fmpq(10) ** (exponent - DIGITS)
    if ends[1] - ends[0] > unit / 2**20:
        return None
    return frozenset(decimal_text((e / unit - fmpq(1, 2)).ceil(), exponent - DIGITS) for e in ends)


def decimal_text(mantissa: fmpz, exponent: int) -> str:
    """Return the canonical text of mantissa * 10^exponent."""
    kept = str(abs(mantissa)).rstrip("0")
    exponent += len(str(abs(mantissa))) - len(kept)
    value = Decimal((int(mantissa < 0), tuple(map(int, kept)), exponent))
    return format(value, "f") if -10 <= value.adjusted() < DIGITS else str(value)


def interval(text: str) -> list[str]:
    """Return the ends of the interval one unit of the last digit to either side of a decimal."""
    value = Decimal(text)
    unit = fmpq(10) ** (value.adjusted() + 1 - DIGITS) if value else fmpq(0)
    middle = fmpq(*value.as_integer_ratio())
    return [str(middle - unit), str(middle + unit)]


def loss_order(one: Points, other: Points) -> int:
    """Compare two losses exactly."""
    if one.group is other.group:
        return 0
    cores = one.group.core, other.group.core
    for pair in zip(*(core.residuals(NUMBER_BITS) for core in cores), strict=False):
        if found := _ball_order(one, other, *pair):
            return found
    text = "the losses of {} and {} look equal, and no exact description says whether they are"
    names = [core.data.name(core.support) for core in cores]
    require(all(core.exact for core in cores), text.format(*names))
    losses = [p.numbers(p.group.core.exact).loss for p in (one, other)]
    minimal, theirs = (loss.minimal_polynomial() for loss in losses)
    bits = LEVELS[-1]
    while True:
        with ctx.workprec(bits):
            balls = [loss.ball(bits) for loss in losses]
            if found := sign(balls[0] - balls[1]):
                return found
            roots = [root.real for root, _ in minimal.complex_roots() if root.imag == 0]
            near = [[k for k, root in enumerate(roots) if root.overlaps(ball)] for ball in balls]
            if minimal == theirs and near[0] == near[1] and len(near[0]) == 1:
                return 0
        bits *= 2


def _ball_order(one: Points, other: Points, left: Residual, right: Residual) -> int | None:
    bits = min(residual.bits or LEVELS[-1] for residual in (left, right))
    with ctx.workprec(bits):
        losses = [p.numbers(r).loss for p, r in ((one, left), (other, right))]
        return sign(enclosure(losses[0], bits) - enclosure(losses[1], bits))


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write a total as an ordered sum of so many positive integers."""
    if parts == 0:
        yield from [()] * (total == 0)
        return
    for cuts in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in zip((0, *cuts), (*cuts, total), strict=True))


@dataclass
class Component:
    """What the document has to say of a component: its strata as (support, counts, zero units)."""

    group: Group
    strata: list[tuple[Support, tuple[int | None, ...], int]]
    orbit_size: int


class Landscape:
    """The components that follow from the records (Theorem D), compared with the document.

    Parameters
    ----------
    proof : Proof
    """

    def __init__(self, proof: Proof) -> None:
        self.data, self.groups, self.width = proof.data, proof.grouped(), proof.data.width
        self._points: dict[Support, Points] = {}
        self.supports = {
            support: group for group in self.groups for support in group.supports(self.data.largest)
        }
        self.minimal = [s for s, group in self.supports.items() if group.is_minimal(s)]
        self.components = list(self._every_width() if self.width == "all" else self._at_width())

    def points(self, support: Support) -> Points:
        """Return the points on a stationary support."""
        if support not in self._points:
            self._points[support] = Points(self.supports[support], support)
        return self._points[support]

    def _every_width(self) -> Iterator[Component]:
        for support in self.minimal:
            strata = [(support, (None,) * len(support), 0)]
            yield Component(self.supports[support], strata, factorial(len(support)))

    def _at_width(self) -> Iterator[Component]:
        width, best = self.width, [s for s in self.minimal if self.supports[s].is_global]
        for support in self.minimal:
            if not self.supports[support].is_global:
                for counts in compositions(width, len(support)):
                    orbit = factorial(width) // prod(map(factorial, counts))
                    yield Component(self.supports[support], [(support, counts, 0)], orbit)
        for part in joined(best):
            strata = [
                (support, counts, width - living)
                for support in part
                for living in range(len(support), width + 1)
                for counts in compositions(living, len(support))
            ]
            yield Component(
                self.supports[part[0]], strata, factorial(width) if rigid([part], width) else 1
            )

    def check(self, records: Any) -> None:
        """Compare the components of a document with those expected."""
        require(type(records) is list, "components: no list")
        expected = {
            self._name(*s): component for component in self.components for s in component.strata
        }
        used: list[Component] = []
        leader: Points | None = None
        if self.width != "all":
            leader = self._leader()
        previous: Points | None = None
        for number, record in enumerate(records):
            where = f"component {number}"
            try:
                names = [_name_of(stratum) for stratum in record["strata"]]
                component = expected.get(names[0])
            except (AttributeError, IndexError, KeyError, TypeError):
                raise CertificateError(f"{where}: strata are malformed") from None
            require(component is not None, f"{where}: no stratum {names[0]} of local minima")
            require(not any(component is other for other in used), f"{where}: listed twice")
            used.append(component)
            strata = {self._name(*s): s for s in component.strata}
            complete = len(names) == len(strata) and set(names) == set(strata)
            require(complete, f"{where}: its strata are not those of the component")
            points = self.points(strata[names[0]][0])
            expectation = self._record(component, [strata[name] for name in names], leader)
            if "loss_minimal_polynomial" in record:
                expectation["loss_minimal_polynomial"] = self._polynomial(points)
            matched(record, expectation, where)
            require(record["loss_interval"] == interval(record["loss"]), f"{where}: loss_interval")
            keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
            require(keys == sorted(keys), f"{where}: order of strata")
            if previous is not None:
                forms = [next(p.group.core.residuals(NUMBER_BITS)) for p in (previous, points)]
                require(_ball_order(previous, points, *forms) != 1, f"{where}: not sorted by loss")
            previous = points
        missing = [c for c in self.components if not any(c is other for other in used)]
        name = missing and self.data.name(missing[0].strata[0][0])
        require(not missing, f"components: {len(missing)} missing, one of them on {name!r}")

    def _name(self, support: Support, counts: Sequence[int | None], zeros: int) -> tuple:
        faces = (self.data.faces[place].text for place in support)
        return (*zip(faces, counts, strict=True), zeros)

    def _leader(self) -> Points:
        """Return points of least loss among the components of the width."""
        supports = [component.strata[0][0] for component in self.components]
        found = self.points(supports[0])
        for support in supports:
            points = self.points(support)
            if points.group.is_global:
                return points
            forms = [next(p.group.core.residuals(NUMBER_BITS)) for p in (points, found)]
            if _ball_order(points, found, *forms) == -1:
                found = points
        return found

    def _record(self, component: Component, strata: list, leader: Points | None) -> dict[str, Any]:
        """Return what a component's record must be; decimals as sets of texts."""
        group, points = component.group, self.points(strata[0][0])
        loss = points.texts(lambda n: n.loss)
        parts = [self._stratum(*stratum) for stratum in strata]
        zero = any(zeros for *_, zeros in strata)
        walls = any(self.data.faces[place].zeros for support, *_ in strata for place in support)
        best: bool | None = None
        if leader is not None and not leader.group.is_global:
            order = loss_order(points, leader)
            require(order >= 0, "two losses are too close to tell which one is least")
            best = order == 0
        elif leader is not None:
            best = group.is_global
        record = {
            "dimension": max(part["dimension"] for part in parts),
            "loss": loss,
            "loss_interval": ...,
            "on_boundary": zero or walls,
            "global_at_width": best,
            "global_at_every_width": group.is_global,
            "orbit_size": component.orbit_size,
            "strata": parts,
            "representative": self._representative(*strata[0]),
        }
        return record | ({"width_min": len(strata[0][0])} if leader is None else {})

    def _polynomial(self, points: Points) -> list[str]:
        """Return the coefficients of the minimal polynomial of a loss."""
        exact = points.group.core.exact
        require(exact is not None, f"{self.data.name(points.support)}: no exact description")
        loss = points.numbers(exact).loss
        if isinstance(loss, Algebraic):
            return [str(c) for c in loss.minimal_polynomial().coeffs()]
        return [str(-loss.p), str(loss.q)]

    def _stratum(
        self, support: Support, counts: Sequence[int | None], zeros: int
    ) -> dict[str, Any]:
        points = self.points(support)
        return {
            "dimension": points.dimension + sum(count - 1 for count in counts if count),
            "support": [
                {
                    "face": self.data.faces[place].text,
                    "sign": points.group.sides[place],
                    "multiplicity": count,
                    "sum_a_squared": points.texts(lambda n, p=place: n.squares[p]),
                    "direction": [
                        points.texts(lambda n, p=place, j=j: n.directions[p][j])
                        for j in range(self.data.depth)
                    ],
                }
                for place, count in zip(support, counts, strict=True)
            ],
            "zero_neurons": zeros,
        }

    def _representative(
        self, support: Support, counts: Sequence[int | None], zeros: int
    ) -> dict[str, Any]:
        points = self.points(support)
        nought = frozenset("0")
        weights, units = [], []
        for place, count in zip(support, (count or 1 for count in counts), strict=True):
            share = lambda n, p=place, c=count: n.squares[p] / fmpq(c)  # noqa: E731
            side = points.group.sides[place]
            weights += [points.texts(lambda _, s=side: s, share)] * count
            unit = [
                points.texts(lambda n, p=place, j=j: n.directions[p][j], share)
                for j in range(self.data.depth)
            ]
            units += [unit] * count
        weights += [nought] * zeros
        units += [[nought] * self.data.depth] * zeros
        record = {
            "a": weights,
            "B": [unit[:-1] for unit in units],
            "c": [unit[-1] for unit in units],
        }
        return record | ({"m": points.texts(lambda n: n.bias)} if self.data.has_bias else {})

    def enumeration(self) -> dict[str, Any]:
        """Return the counts of the document."""
        columns, width, data = self.data.columns, self.width, self.data
        fixed = width != "all"
        return {
            "sign_matrices": str(fmpz(2) ** (data.size * width)) if fixed else None,
            "realisable_patterns": columns**width if fixed else None,
            "patterns_up_to_permutation": comb(columns + width - 1, width) if fixed else None,
            "supports_examined": number_of_supports(data),
            "stationary": len([support for support in self.supports if support]),
            "locally_minimal": len([support for support in self.minimal if support]),
            "undecided": 0,
        }

    def every_width(self) -> dict[str, Any]:
        """Return what a document for every width says of them (Corollary D.1)."""
        data, top = self.data, self.data.size + 1
        best = next(group for group in self.groups if group.is_global)
        worse = [group for group in self.groups if not group.is_global]
        # A support of n + 1 faces has no record, but may be a union of smaller ones.
        valid = [s for group in worse for s in group.supports(top) if group.is_minimal(s)]
        not_global = Counter(map(len, valid))
        stationary, minimal = Counter(map(len, self.supports)), Counter(map(len, self.minimal))
        nodes = best.supports(top)
        parts = {
            width: joined([s for s in nodes if len(s) <= width]) for width in range(1, top + 1)
        }
        connected_from = top + 1
        while connected_from > 1:
            classes = parts[connected_from - 1]
            if len(classes) != 1 or (rigid(classes, connected_from - 1) and connected_from > 2):
                break
            connected_from -= 1
        return {
            "by_size": [
                {
                    "size": size,
                    "examined": comb(len(data.faces), size),
                    "stationary": stationary[size],
                    "locally_minimal": minimal[size],
                    "not_global": not_global[size],
                }
                for size in range(1, data.largest + 1)
            ],
            "global": {
                "supports": [
                    [data.faces[place].text for place in s] for s in sorted(best.vertices)
                ],
                "smallest": min(map(len, best.vertices)),
                "connected_from": connected_from,
            },
            "widths": [
                {
                    "width": width,
                    "components": len(parts[width])
                    + sum(not_global[m] * comb(width - 1, m - 1) for m in range(1, width + 1)),
                }
                for width in range(1, top + 1)
            ],
        }


def joined(supports: Sequence[Support]) -> list[list[Support]]:
    """Split supports into the classes that inclusion generates."""
    classes: list[list[Support]] = []
    for support in supports:
        near = [
            c for c in classes if any(set(s) <= set(support) or set(support) <= set(s) for s in c)
        ]
        classes = [c for c in classes if not any(c is other for other in near)]
        classes.append([*chain(*near), support])
    return classes


def rigid(classes: list[list[Support]], width: int) -> bool:
    """Whether the only class is one support of as many faces as the width (Theorem D)."""
    return len(classes) == 1 and len(classes[0]) == 1 and len(classes[0][0]) == width


def number_of_supports(data: Data) -> int:
    """Return the number of supports that have a record."""
    return sum(comb(len(data.faces), size) for size in range(1, data.largest + 1))


def _name_of(stratum: dict[str, Any]) -> tuple:
    groups = ((group["face"], group["multiplicity"]) for group in stratum["support"])
    name = (*groups, stratum["zero_neurons"])
    hash(name)
    return name


def matched(found: Any, expected: Any, where: str) -> None:
    """Require that a part of the document is as expected; a set holds the texts that may stand."""
    if expected is ...:
        return
    if isinstance(expected, frozenset):
        require(type(found) is str and found in expected, f"{where}: {found!r:.60} is wrong")
        return
    require(type(found) is type(expected), f"{where}: {found!r:.60} has a wrong type")
    if isinstance(expected, dict):
        require(found.keys() == expected.keys(), f"{where}: keys are not {', '.join(expected)}")
        for key, value in expected.items():
            matched(found[key], value, f"{where}: {key}")
    elif isinstance(expected, list):
        require(len(found) == len(expected), f"{where}: wrong length")
        for k, (mine, value) in enumerate(zip(found, expected, strict=True)):
            matched(mine, value, f"{where}: {k}")
    else:
        require(found == expected, f"{where}: {found!r:.60} should be {expected!r:.60}")


# The document.


def verify(path: str | Path) -> Report:
    """Prove a document of minima from its certificate.

    Parameters
    ----------
    path : str or Path
        The JSON document. A certificate in a file of its own lies beside it.

    Returns
    -------
    Report

    Raises
    ------
    CertificateError
        If the document is malformed, incomplete or wrong, or the certificate does not prove it.
    OSError
        If the document cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        with ctx.workprec(LEVELS[0]):
            return _proved(
                json.loads(content, object_pairs_hook=_without_doubles), Path(path).parent
            )
    except CertificateError:
        raise
    except (
        pa.ArrowException,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:  # whatever else goes wrong, nothing has been proved
        raise CertificateError(f"malformed: {type(error).__name__}: {error}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)


def _proved(document: Any, folder: Path) -> Report:
    require(type(document) is dict, "the document is no JSON object")
    matched(document.get("format"), "reluenum-minima", "format")
    matched(document.get("version"), 1, "version")
    require(document.get("complete") is True, "the document claims no completeness")
    require(type(document.get("certificate")) is dict, "the document has no certificate")
    data = Data(document["problem"])
    certificate = document["certificate"]
    text = json.dumps(document["problem"], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = "data" if "data" in certificate else "file"
    keys = {"format", "version", "problem_sha256", "records", "sha256", "exact", place}
    require(set(certificate) == keys, "certificate: wrong keys")
    for key, value in _heading(digest).items():
        matched(certificate[key], value, f"certificate: {key}")
    with _source(certificate[place], place, folder) as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
        matched(certificate["sha256"], found, "certificate: sha256")
        count, records = read_records(source, digest)
        expected = number_of_supports(data)
        require(count == expected, f"certificate: {count} records for {expected} supports")
        matched(certificate["records"], count, "certificate: records")
        descriptions = read_descriptions(data, certificate["exact"])
        exact = len(descriptions)
        proof = Proof(data, descriptions)
        proof.read(records)
    landscape = Landscape(proof)
    matched(document.get("enumeration"), landscape.enumeration(), "enumeration")
    landscape.check(document.get("components"))
    if data.width == "all":
        matched(document.get("every_width"), landscape.every_width(), "every_width")
    return Report(count, dict(proof.verdicts), len(landscape.components), proof.polished, exact)


def _source(value: Any, place: str, folder: Path) -> BinaryIO:
    """Return the bytes of the Parquet file, whether inside or beside the document."""
    require(type(value) is str, f"certificate: {place} is no text")
    if place == "data":
        return io.BytesIO(base64.b64decode(value, validate=True))
    plain = value not in ("", ".", "..") and not set(value) & set("/\\:\0")
    require(plain, f"certificate: {value!r:.60} is no name of a file beside the document")
    require((folder / value).is_file(), f"certificate: there is no file {value!r:.60}")
    return (folder / value).open("rb")


def main(argv: Sequence[str] | None = None) -> int:
    """Print whether a document is proved; return 0 if so, 1 if not, 2 if there is none."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 1:
        print("usage: python -m reluenum.verify FILE", file=sys.stderr)
        return 2
    try:
        print(verify(arguments[0]))
    except CertificateError as error:
        print(f"not proved: {error}")
        return 1
    except OSError as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
