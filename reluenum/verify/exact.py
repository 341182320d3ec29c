"""Exact data: the problem, the faces of its arrangement, and moments of active sets."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, wraps
from itertools import chain, combinations
from math import comb, inf
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from .reals import LEVELS, dot
from .shapes import rational, require

LONGEST_NUMBER = 2100
"""Characters of a number of the problem: fractions of two numbers of 1000 digits have fewer."""

WIDEST = 1 << 16
"""Beyond this width even the counts of a document are too long."""

TOO_FEW = "certificate: far fewer records than such data have supports"

Signs = tuple[int, int]
"""A sign vector: the masks of the rows on which it is positive, and negative."""

Support = tuple[int, ...]
"""Places of the faces in the sorted list of live faces."""


@dataclass(frozen=True)
class Face:
    """A face: its text, active set and zero set (as masks), and its non-zero signs (i, sign).

    The text has a sign for each data point, the others are of distinct rows.
    """

    text: str
    active: int
    zeros: int
    signs: tuple[tuple[int, int], ...]


def kept(method: Callable) -> Callable:
    """Keep what a method says of a mask: exactly without `bits`, else enclosed with so many."""

    @wraps(method)
    def found(self: "Data", mask: int, bits: int | None = None) -> Any:
        key = (method.__name__, mask, bits)
        if key not in self.kept:
            exact = method(self, mask) if bits is None else found(self, mask)
            with ctx.workprec(bits or LEVELS[0]):
                self.kept[key] = exact if bits is None else _enclosed(exact)
        return self.kept[key]

    return found


def _enclosed(exact: Any) -> Any:
    return [_enclosed(entry) for entry in exact] if isinstance(exact, list | tuple) else arb(exact)


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
        _require_shape(problem)
        number, row_of = distinct(problem["x"])
        self.rows = [[*row, fmpq(1)] for row in number]
        self.targets = [rational(entry, "problem y") for entry in problem["y"]]
        self.size, self.width, self.depth = len(row_of), problem["width"], len(self.rows[0])
        self.scale = fmpq(1, self.size) if problem["loss"] == "mean" else fmpq(1)
        self.ridge = rational(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        self.bias = problem["output_bias"]
        self.share = {  # R = I - share * 1 1' (Lemma 1)
            "none": fmpq(0),
            "free": fmpq(1, self.size),
            "ridge": 1 / (self.size + self.ridge),
        }[self.bias]
        mean = sum(self.targets) * self.share
        residual = [target - mean for target in self.targets]  # R y
        self.energy = dot(self.targets, residual)  # y' R y
        # Of each distinct row: as many times xt as it has data points, and the sum of (Ry)_i.
        self.loads = fmpq_mat(len(self.rows), self.depth + 1)
        for k, value in zip(row_of, residual, strict=True):
            for j, entry in enumerate((*self.rows[k], value)):
                self.loads[k, j] += entry
        self.kept: dict[tuple, Any] = {}
        self.everything = (1 << len(self.rows)) - 1
        # Of a face and its opposite, one has an active point, unless both are the same.
        budget = inf if faces is None else min(2_000_000 + 2000 * faces**2, 10**9)
        most = inf if faces is None else 2 * faces + 1
        signs = covectors(cocircuits(dict(enumerate(self.rows)), budget), len(self.rows), most)
        live = (self._face(*pair, row_of) for pair in signs if pair[0])
        self.faces = sorted(live, key=lambda face: face.text)
        self._place_of = {(face.active, face.zeros): k for k, face in enumerate(self.faces)}
        self.columns = sum(plus | minus == self.everything for plus, minus in signs)
        most_units = len(self.rows) if self.width == "all" else self.width
        self.largest = min(most_units, len(self.faces))
        self.supports = supports_of(len(self.faces), self.largest)

    def _face(self, plus: int, minus: int, row_of: Sequence[int]) -> Face:
        """Return the face with a sign vector, given the number of the row of each data point."""
        signs = [(plus >> i & 1) - (minus >> i & 1) for i in range(len(self.rows))]
        text = "".join("0+-"[signs[k]] for k in row_of)
        walls = tuple((i, s) for i, s in enumerate(signs) if s)
        return Face(text, plus, self.everything & ~(plus | minus), walls)

    def _inside(self, mask: int) -> list[list[fmpq]]:
        """Return the rows, with zeros in place of those that are not in a mask."""
        return [[x * (mask >> i & 1) for x in row] for i, row in enumerate(self.rows)]

    @kept
    def moments(self, mask: int) -> tuple[list[list], list]:
        """Return the sums of xt xt' and of (Ry) xt over the data points with rows of a mask."""
        sums = (fmpq_mat(self._inside(mask)).transpose() * self.loads).tolist()
        return [row[:-1] for row in sums], [row[-1] for row in sums]

    @kept
    def projector(self, zeros: int) -> list[list]:
        """Return the orthogonal projector onto the part of a flat in the row space (Lemma 5)."""
        return (self._onto(self.everything) - self._onto(zeros)).tolist()

    def _onto(self, mask: int) -> fmpq_mat:
        """Return the orthogonal projector onto the span of the rows of a mask."""
        basis = row_space(self._inside(mask))
        return basis.transpose() * (basis * basis.transpose()).solve(basis)

    @cached_property
    def rank(self) -> int:
        """Dimension of the row space."""
        return row_space(self.rows).nrows()

    def spreads(self, mask: int, zeros: int, bits: int) -> list[arb]:
        """Return the norms of the rows of r -> P sum_mask r_i xt_i, P the projector of `zeros`."""
        key = ("spreads", mask, zeros, bits)
        if key not in self.kept:
            projector = fmpq_mat(self.projector(zeros))
            variances = projector * fmpq_mat(self.moments(mask)[0]) * projector
            self.kept[key] = [arb(variances[j, j]).sqrt() for j in range(self.depth)]
        return self.kept[key]

    def coupling(self, one: int, other: int, bits: int | None) -> list[list]:
        """Return K = sum over one & other of xt xt' - share * s_one s_other', s sums of xt."""
        gram = self.moments(one & other, bits)[0]
        # The last coordinate of xt is 1: the last row of the moments is the sum.
        left, right = self.moments(one, bits)[0][-1], self.moments(other, bits)[0][-1]
        return [
            [x - self.share * s * t for x, t in zip(row, right, strict=True)]
            for row, s in zip(gram, left, strict=True)
        ]

    def rays_around(self, face: Face) -> list[tuple[int, list[fmpq]]]:
        """Return the rays of Lemma 13, each with the active set next to the face along it."""
        key = ("rays", face.zeros)
        if key not in self.kept:
            zeros = {i: row for i, row in enumerate(self.rows) if face.zeros >> i & 1}
            rays = cocircuits(zeros) if zeros else {}
            self.kept[key] = [(positive, ray) for (positive, _), ray in rays.items()]
        return [(face.active | more, ray) for more, ray in self.kept[key]]

    def opposite(self, place: int) -> int | None:
        """Return the place of the face -F, None if it has no active point."""
        face = self.faces[place]
        active = self.everything & ~(face.active | face.zeros)
        return self._place_of.get((active, face.zeros))

    def name(self, support: Support) -> str:
        """Return the text of a support."""
        return "|".join(self.faces[place].text for place in support)


def _require_shape(problem: Any) -> None:
    """Require the keys and types of the record of a problem, and numbers of a possible length."""
    keys = {"x", "y", "width", "ridge", "loss", "output_bias"}
    require(type(problem) is dict and set(problem) == keys, "problem: wrong keys")
    x, y, width = problem["x"], problem["y"], problem["width"]
    require(type(x) is list and type(y) is list and len(x) == len(y) > 0, "problem: x, y")
    require(all(type(row) is list and len(row) == len(x[0]) > 0 for row in x), "problem: x")
    require(width == "all" or (type(width) is int and 0 < width <= WIDEST), "problem: width")
    require(problem["loss"] in ("sum", "mean"), "problem: loss")
    require(problem["output_bias"] in ("none", "free", "ridge"), "problem: output_bias")
    _require_short((*y, problem["ridge"]))


def _require_short(numbers: Iterable[Any]) -> None:
    long = any(len(str(entry)) > LONGEST_NUMBER for entry in numbers)
    require(not long, f"problem: a number of more than {LONGEST_NUMBER} characters")


def distinct(inputs: Sequence[Sequence[Any]]) -> tuple[dict[tuple, int], list[int]]:
    """Return the distinct inputs of a problem, numbered, and the number of each data point's."""
    _require_short(chain.from_iterable(inputs))
    every = [tuple(rational(entry, "problem x") for entry in row) for row in inputs]
    number = {row: k for k, row in enumerate(dict.fromkeys(every))}
    return number, [number[row] for row in every]


def row_space(rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
    """Return a basis of the span of rows, as the rows of a matrix."""
    echelon, rank = fmpq_mat(rows).rref()
    return fmpq_mat(rank, echelon.ncols(), echelon.entries()[: rank * echelon.ncols()])


def cocircuits(numbered: dict[int, list[fmpq]], budget: float = inf) -> dict[Signs, list[fmpq]]:
    """Return the rays of an arrangement in the span of its rows (Lemma 6), by sign vector.

    So many multiplications may be done.
    """
    rows = list(numbered.values())
    size, depth = len(rows), len(rows[0])
    require(size * depth * depth <= budget, TOO_FEW)
    basis = row_space(rows).transpose()
    rank = basis.ncols()
    inner = fmpq_mat(rows) * basis
    require(comb(size, rank - 1) * size * rank <= budget, TOO_FEW)
    rays: dict[Signs, list[fmpq]] = {}
    for chosen in combinations(inner.tolist(), rank - 1):
        line = _normal(chosen, rank)
        values, ray = (inner * line).entries(), (basis * line).entries()
        if any(ray):  # not if the chosen rows are dependent
            plus = sum(1 << i for i, value in zip(numbered, values, strict=True) if value > 0)
            minus = sum(1 << i for i, value in zip(numbered, values, strict=True) if value < 0)
            rays[plus, minus], rays[minus, plus] = ray, [-entry for entry in ray]
    return rays


def _normal(rows: Sequence[Sequence[fmpq]], rank: int) -> fmpq_mat:
    """Return the minors of rank - 1 rows, a column orthogonal to them, 0 if they are dependent."""
    parts = [[x for row in rows for x in row[:j] + row[j + 1 :]] for j in range(rank)]
    minors = [(-1) ** j * fmpq_mat(rank - 1, rank - 1, part).det() for j, part in enumerate(parts)]
    return fmpq_mat(rank, 1, minors)


def covectors(rays: Iterable[Signs], size: int, most: float = inf) -> set[Signs]:
    """Return the sign vectors of all faces: the compositions of cocircuits (Lemma 6)."""
    rays = list(rays)

    @cache
    def restricted(zeros: int) -> set[Signs]:
        return {(plus & zeros, minus & zeros) for plus, minus in rays}

    found, frontier = {(0, 0)}, [(0, 0)]
    while frontier:
        plus, minus = frontier.pop()
        for more, less in restricted((1 << size) - 1 & ~(plus | minus)):
            composed = (plus | more, minus | less)
            if composed not in found:
                found.add(composed)
                frontier.append(composed)
                require(len(found) <= most, TOO_FEW)
    return found


def supports_of(faces: int, largest: int, most: float = inf) -> int:
    """Return the number of supports of up to so many faces, or a number beyond `most`."""
    total = 0
    for size in range(1, min(faces, largest) + 1):
        total += comb(faces, size)
        if total > most:
            break
    return total
