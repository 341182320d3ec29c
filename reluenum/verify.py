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
from functools import cache
from itertools import chain, combinations, pairwise
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
        require(width == "all" or (type(width) is int and width > 0), "problem: width")
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
        """Return the orthogonal projector onto the flat of a zero set."""

        def compute() -> list[list]:
            identity = fmpq_mat(
                self.depth,
                self.depth,
                [int(i == j) for i in range(self.depth) for j in range(self.depth)],
            )
            if not zeros:
                return identity.tolist()
            basis = row_space([self.rows[i] for i in places(zeros)])
            turned = basis.transpose()
            return (identity - turned * (basis * turned).solve(basis)).tolist()

        return self._at(("projector", zeros), bits, compute)

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
        gap = (1 - tau) * (1 - tau) * error + 2 * slack
        self.tau, self.radius = tau, gap.upper().sqrt()
        sound = all(length.is_finite() and tau * length.upper() <= ridge for length in norms)
        if not (sound and self.radius.is_finite()):
            self.radius = arb("inf")

    def _widened(self, centre: list[arb], spreads: list[arb]) -> list[arb]:
        return [arb(self.tau * c, s * self.radius) for c, s in zip(centre, spreads, strict=True)]

    def gradient(self, mask: int) -> list[arb]:
        """Return an enclosure of sum_mask r_i xt_i."""
        return self._widened(self.fitted(mask), self.data.spreads(mask, 0, self.bits))

    def u(self, face: Face) -> list[arb]:
        """Return an enclosure of u_F(r_S)."""
        centre = applied(self.data.projector(face.zeros, self.bits), self.fitted(face.active))
        return self._widened(centre, self.data.spreads(face.active, face.zeros, self.bits))
