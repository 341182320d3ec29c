"""Exact data: the problem, the faces of its arrangement, and moments of active sets."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations
from math import comb, inf
from operator import add, mul
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat, fmpz

LEVELS = (96, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Working precisions in bits; the first one encloses a record as it stands.

A radius has half the digits of its precision: the last one tells numbers of 1000 digits apart.
"""


LONGEST_NUMBER = 2100
"""Characters of a number of the problem: fractions of two numbers of 1000 digits have fewer."""

WIDEST = 1 << 16
"""Beyond this width even the counts of a document are too long."""

Support = tuple[int, ...]
"""Places of the faces in the sorted list of live faces."""


TOO_FEW = "certificate: far fewer records than such data have supports"


class CertificateError(ValueError):
    """The certificate does not prove the document; the text says where it fails."""


def require(condition: bool, text: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise CertificateError(text)


def dot(left: Sequence, right: Sequence) -> Any:
    """Return the inner product over any ring."""
    return reduce(add, map(mul, left, right))


def applied(matrix: Sequence[Sequence], vector: Sequence) -> list:
    """Return matrix * vector over any ring."""
    return [reduce(add, map(mul, row, vector)) for row in matrix]


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


def cocircuits(
    rows: Sequence[Sequence[fmpq]], budget: float = inf
) -> dict[tuple[int, int], list[fmpq]]:
    """Return the rays of an arrangement in the span of its rows (Lemma 6), by sign vector.

    A sign vector is a pair of bit masks: the rows on which it is positive, and negative.

    Parameters
    ----------
    rows : sequence of sequences of fmpq
    budget : float
        So many multiplications may be done.
    """
    depth = len(rows[0])
    require(len(rows) * depth * depth <= budget, TOO_FEW)
    basis = row_space(rows)
    rank = basis.nrows()
    inner = (fmpq_mat(rows) * basis.transpose()).tolist()
    require(comb(len(rows), rank - 1) * len(rows) * rank <= budget, TOO_FEW)
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


def covectors(
    rays: Iterable[tuple[int, int]], size: int, most: float = inf
) -> set[tuple[int, int]]:
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
                require(len(found) <= most, TOO_FEW)
    return found


def distinct(inputs: Sequence[Sequence[Any]]) -> tuple[dict[tuple, int], list[int]]:
    """Return the distinct inputs of a problem, numbered, and the number of each data point's."""
    long = any(len(str(entry)) > LONGEST_NUMBER for row in inputs for entry in row)
    require(not long, f"problem: a number of more than {LONGEST_NUMBER} characters")
    every = [tuple(rational(entry, "problem x") for entry in row) for row in inputs]
    number = {row: k for k, row in enumerate(dict.fromkeys(every))}
    return number, [number[row] for row in every]


@dataclass(frozen=True)
class Face:
    """A face: its text, active set and zero set (as masks), and its non-zero signs (i, sign).

    The text has a sign for each data point, the others are of distinct rows.
    """

    text: str
    active: int
    zeros: int
    signs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, positive: int, negative: int, row_of: Sequence[int]) -> "Face":
        """Return the face with a sign vector, given the number of the row of each data point."""
        size = max(row_of) + 1
        short = [
            "+" if positive >> i & 1 else "-" if negative >> i & 1 else "0" for i in range(size)
        ]
        signs = tuple((i, 1 if s == "+" else -1) for i, s in enumerate(short) if s != "0")
        text = "".join(map(short.__getitem__, row_of))
        return cls(text, positive, (1 << size) - 1 & ~(positive | negative), signs)


class Data:
    """The problem as exact numbers, and all that depends on it alone.

    Data points with equal inputs are on the same side of every unit. So `rows` are distinct, masks
    are sets of them, and what is summed over data points is summed over equal ones first.

    Parameters
    ----------
    problem : dict
        The record of the document.
    faces : int, optional
        How many live faces there are to be. Data that have many more are refused before the work.
    """

    def __init__(self, problem: dict[str, Any], faces: int | None = None) -> None:
        keys = {"x", "y", "width", "ridge", "loss", "output_bias"}
        require(type(problem) is dict and set(problem) == keys, "problem: wrong keys")
        x, y, width = problem["x"], problem["y"], problem["width"]
        require(type(x) is list and type(y) is list and len(x) == len(y) > 0, "problem: x, y")
        require(all(type(row) is list and len(row) == len(x[0]) > 0 for row in x), "problem: x")
        require(width == "all" or (type(width) is int and 0 < width <= WIDEST), "problem: width")
        require(problem["loss"] in ("sum", "mean"), "problem: loss")
        require(problem["output_bias"] in ("none", "free", "ridge"), "problem: output_bias")
        long = any(len(str(entry)) > LONGEST_NUMBER for entry in (*y, problem["ridge"]))
        require(not long, f"problem: a number of more than {LONGEST_NUMBER} characters")
        self.size, self.width = len(y), width
        number, row_of = distinct(x)
        self.rows = [[*row, fmpq(1)] for row in number]
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
        # Of each distinct row: as many times xt as it has data points, and the sum of (Ry)_i.
        self._loads = [[fmpq(0)] * (len(row) + 1) for row in self.rows]
        for k, value in zip(row_of, self.residual, strict=True):
            entries = zip(self._loads[k], (*self.rows[k], value), strict=True)
            self._loads[k] = [load + entry for load, entry in entries]
        self.everything = (1 << len(self.rows)) - 1
        # Of a face and its opposite, one has an active point, unless both are the same.
        budget = inf if faces is None else min(2_000_000 + 2000 * faces**2, 10**9)
        most = inf if faces is None else 2 * faces + 1
        signs = covectors(cocircuits(self.rows, budget), len(self.rows), most)
        live = [Face.of(*pair, row_of) for pair in signs if pair[0]]
        self.faces = sorted(live, key=lambda face: face.text)
        self._place_of = {(face.active, face.zeros): k for k, face in enumerate(self.faces)}
        self.columns = sum(positive | negative == self.everything for positive, negative in signs)
        self.largest = min(len(self.rows) if width == "all" else width, len(self.faces))
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
        """Return the sums of xt xt' and of (Ry) xt over the data points with rows of a mask."""

        def compute() -> tuple[list[list], list]:
            rows, loads = (
                fmpq_mat([table[i] for i in places(mask)]) for table in (self.rows, self._loads)
            )
            sums = (
                (rows.transpose() * loads).tolist()
                if mask
                else [[fmpq(0)] * (self.depth + 1)] * self.depth
            )
            return [row[:-1] for row in sums], [row[-1] for row in sums]

        return self._at(("moments", mask), bits, compute)

    @property
    def depth(self) -> int:
        """Number d + 1 of coordinates of a unit."""
        return len(self.rows[0])

    @property
    def rank(self) -> int:
        """Dimension of the row space, the trace of the projector onto it."""
        projector = self.projector(0, None)
        return int(sum(projector[j][j] for j in range(self.depth)).p)

    def projector(self, zeros: int, bits: int | None) -> list[list]:
        """Return the orthogonal projector onto the part of a flat in the row space (Lemma 5)."""

        def span(mask: int) -> fmpq_mat:
            if not mask:
                return fmpq_mat(self.depth, self.depth)
            basis = row_space([self.rows[i] for i in places(mask)])
            return basis.transpose() * (basis * basis.transpose()).solve(basis)

        return self._at(
            ("projector", zeros), bits, lambda: (span(self.everything) - span(zeros)).tolist()
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
        active = self.everything & ~(face.active | face.zeros)
        return self._place_of.get((active, face.zeros))

    def name(self, support: Support) -> str:
        """Return the text of a support."""
        return "|".join(self.faces[place].text for place in support)


def _enclosed(exact: Any) -> Any:
    if isinstance(exact, list | tuple):
        return [_enclosed(entry) for entry in exact]
    return arb(exact)
