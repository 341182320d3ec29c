"""The data of a problem, exactly: the faces of their arrangement, moments and projectors."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from itertools import combinations
from math import comb, inf
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from .reals import LEVELS, dot, matched, rational, require

LONGEST_NUMBER = 2100  # characters: fractions of two numbers of 1000 digits have fewer
WIDEST = 1 << 16  # units: beyond this width even the counts of a document are too long
TOO_FEW = "certificate: far fewer records than such data have supports"

Support = tuple[int, ...]  # places of faces in the sorted list of live faces
Signs = tuple[int, int]  # of a sign vector: the rows where it is positive, and negative, as masks


def _is_table(x: Any) -> bool:
    rows = type(x) is list and len(x) > 0 and all(type(row) is list for row in x)
    return rows and all(len(row) == len(x[0]) > 0 for row in x)


PROBLEM = {
    "x": _is_table,
    "y": lambda y: type(y) is list,
    "width": lambda width: width == "all" or (type(width) is int and 0 < width <= WIDEST),
    "ridge": ...,
    "loss": frozenset(("sum", "mean")),
    "output_bias": frozenset(("none", "free", "ridge")),
}


def kept(method: Callable) -> Callable:
    """Keep what a method says of a mask: exactly if bits is None, else enclosed with so many."""
    name = method.__name__

    @wraps(method)
    def found(self: "Data", mask: int, bits: int | None) -> Any:
        place = (name, mask, bits)
        if place not in self._kept:
            exact = method(self, mask) if bits is None else found(self, mask, None)
            with ctx.workprec(bits or LEVELS[0]):
                self._kept[place] = exact if bits is None else _enclosed(exact)
        return self._kept[place]

    return found


def _enclosed(exact: Any) -> Any:
    return [_enclosed(entry) for entry in exact] if isinstance(exact, list | tuple) else arb(exact)


@dataclass(frozen=True)
class Face:
    """A face: its text, active set and zero set (as masks), and its non-zero signs (i, sign).

    The text has a sign for each data point, the others are of distinct rows.
    """

    text: str
    active: int
    zeros: int
    signs: tuple[tuple[int, int], ...]


class Data:
    """The problem as exact numbers, and all that depends on it alone.

    Data points with equal inputs are on the same side of every unit. So `rows` are distinct, masks
    are sets of them, and what is summed over data points is summed over equal ones first.

    Those that have many more live faces than `faces` are refused before the work.
    """

    def __init__(self, problem: dict[str, Any], faces: int | None = None) -> None:
        matched(problem, PROBLEM, "problem")
        require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
        number, row_of = distinct(problem["x"])
        self.rows = [[*row, fmpq(1)] for row in number]
        self.targets = [short(entry, "problem y") for entry in problem["y"]]
        self.size, self.depth, self.width = len(row_of), len(self.rows[0]), problem["width"]
        self.scale = fmpq(1, self.size) if problem["loss"] == "mean" else fmpq(1)
        self.ridge = short(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        self.bias = problem["output_bias"]
        shares = {"none": 0, "free": fmpq(1, self.size), "ridge": 1 / (self.size + self.ridge)}
        self.share = fmpq(shares[self.bias])  # R = I - share * 1 1' (Lemma 1)
        self.everything = (1 << len(self.rows)) - 1
        self._kept: dict[tuple, Any] = {}
        self._load(row_of)
        self._arrange(row_of, faces)
        self.rank = row_space(self.rows).nrows()

    def _load(self, row_of: list[int]) -> None:
        """Sum up, for each distinct row, xt and (Ry)_i xt over its data points."""
        mean = sum(self.targets) * self.share
        residual = [target - mean for target in self.targets]  # R y
        self.energy = dot(self.targets, residual)  # y' R y
        copies, pulls = Counter(row_of), [fmpq(0)] * len(self.rows)
        for k, value in zip(row_of, residual, strict=True):
            pulls[k] += value
        rows = enumerate(self.rows)
        self._loads = fmpq_mat([[*(copies[k] * x for x in row), pulls[k]] for k, row in rows])

    def _arrange(self, row_of: list[int], faces: int | None) -> None:
        """Enumerate the faces. Of one and its opposite one is live, unless both are the same."""
        budget = inf if faces is None else min(2_000_000 + 2000 * faces**2, 10**9)
        most = inf if faces is None else 2 * faces + 1
        signs = covectors(cocircuits(dict(enumerate(self.rows)), budget), len(self.rows), most)
        live = (self._face(*pair, row_of) for pair in signs if pair[0])
        self.faces = sorted(live, key=lambda face: face.text)
        self.place_of = {face.text: place for place, face in enumerate(self.faces)}
        self.columns = sum(plus | minus == self.everything for plus, minus in signs)
        units = len(self.rows) if self.width == "all" else self.width
        self.largest = min(units, len(self.faces))
        self.supports = supports_of(len(self.faces), self.largest)

    def _face(self, plus: int, minus: int, row_of: list[int]) -> Face:
        signs = [(plus >> i & 1) - (minus >> i & 1) for i in range(len(self.rows))]
        text = "".join("0+-"[signs[k]] for k in row_of)
        walls = tuple((i, sign) for i, sign in enumerate(signs) if sign)
        return Face(text, plus, self.everything & ~(plus | minus), walls)

    def opposite(self, place: int) -> int | None:
        """Return the place of the face -F, None if it has no active point."""
        return self.place_of.get(self.faces[place].text.translate(str.maketrans("+-", "-+")))

    def texts(self, support: Support) -> list[str]:
        """Return the texts of the faces of a support."""
        return [self.faces[place].text for place in support]

    def name(self, support: Support) -> str:
        """Return the text of a support."""
        return "|".join(self.texts(support))

    def _inside(self, mask: int) -> list[list[fmpq]]:
        """Return the rows, with zeros in place of those that are not in a mask."""
        return [[x * (mask >> i & 1) for x in row] for i, row in enumerate(self.rows)]

    @kept
    def moments(self, mask: int) -> tuple[list[list], list]:
        """Return the sums of xt xt' and of (Ry) xt over the data points with rows of a mask."""
        sums = (fmpq_mat(self._inside(mask)).transpose() * self._loads).tolist()
        return [row[:-1] for row in sums], [row[-1] for row in sums]

    @kept
    def projector(self, zeros: int) -> list[list]:
        """Return the orthogonal projector onto the part of a flat in the row space (Lemma 5)."""
        return (self._onto(self.everything) - self._onto(zeros)).tolist()

    def _onto(self, mask: int) -> fmpq_mat:
        """Return the orthogonal projector onto the span of the rows of a mask."""
        basis = row_space(self._inside(mask))
        return basis.transpose() * (basis * basis.transpose()).solve(basis)

    def spreads(self, mask: int, zeros: int, bits: int) -> list[arb]:
        """Return the norms of the rows of r -> P sum_mask r_i xt_i, P the projector of `zeros`."""
        place = ("spreads", mask, zeros, bits)
        if place not in self._kept:
            projector, gram = fmpq_mat(self.projector(zeros, None)), self.moments(mask, None)[0]
            variances = projector * fmpq_mat(gram) * projector
            self._kept[place] = [arb(variances[j, j]).sqrt() for j in range(self.depth)]
        return self._kept[place]

    def coupling(self, one: int, other: int, bits: int | None) -> list[list]:
        """Return K = sum over one & other of xt xt' - share * s_one s_other', s sums of xt."""
        gram = self.moments(one & other, bits)[0]
        # The last coordinate of xt is 1: the last row of the moments is the sum.
        left, right = self.moments(one, bits)[0][-1], self.moments(other, bits)[0][-1]
        return [
            [x - self.share * s * t for x, t in zip(row, right, strict=True)]
            for row, s in zip(gram, left, strict=True)
        ]

    @kept
    def rays(self, zeros: int) -> list[tuple[int, list[fmpq]]]:
        """Return the rays of Lemma 13 of some rows, and which rows are positive on each."""
        rows = {i: row for i, row in enumerate(self.rows) if zeros >> i & 1}
        return [(plus, ray) for (plus, _), ray in cocircuits(rows).items()] if rows else []


def short(value: Any, where: str) -> fmpq:
    """Read a number of the problem."""
    text = f"problem: a number of more than {LONGEST_NUMBER} characters"
    require(len(str(value)) <= LONGEST_NUMBER, text)
    return rational(value, where)


def distinct(inputs: Sequence[Sequence[Any]]) -> tuple[dict[tuple, int], list[int]]:
    """Return the distinct inputs of a problem, numbered, and the number of each data point's."""
    every = [tuple(short(entry, "problem x") for entry in row) for row in inputs]
    number = {row: k for k, row in enumerate(dict.fromkeys(every))}
    return number, [number[row] for row in every]


def supports_of(faces: int, largest: int, most: float = inf) -> int:
    """Return the number of supports of up to so many faces, or a number beyond `most`."""
    total = 0
    for size in range(1, min(faces, largest) + 1):
        total += comb(faces, size)
        if total > most:
            break
    return total


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
    rank, inner = basis.ncols(), fmpq_mat(rows) * basis
    require(comb(size, rank - 1) * size * rank <= budget, TOO_FEW)
    rays: dict[Signs, list[fmpq]] = {}
    for chosen in combinations(inner.tolist(), rank - 1):
        line = _normal(chosen, rank)
        values = dict(zip(numbered, (inner * line).entries(), strict=True))
        plus = sum(1 << i for i, value in values.items() if value > 0)
        minus = sum(1 << i for i, value in values.items() if value < 0)
        if plus | minus:  # not if the chosen rows are dependent
            ray = (basis * line).entries()
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
