"""The data of a deep problem, exactly: distinct inputs with counts and mean targets."""

from collections.abc import Collection
from typing import Any

from flint import fmpq, fmpq_mat

from ..exact import PROBLEM, WIDEST, distinct, ridge_of, short, summed
from ..reals import dot, matched, require

Row = tuple[int, int]  # of signs: the sites where it is positive, and negative, as masks

MOST_SITES = 64  # a list of strata of more would be beyond any document


def _widths(hidden: Any) -> bool:
    """Whether these are the widths of a network that is proved: one unit in all layers but one.

    That is the first layer, or the second of two.
    """
    whole = type(hidden) is list and all(type(width) is int for width in hidden)
    fine = whole and all(0 < width <= WIDEST for width in hidden)
    return fine and (hidden[1:] in ([1], [1, 1]) or (hidden[:1] == [1] and len(hidden) == 2))


DEEP = {key: shape for key, shape in PROBLEM.items() if key != "width"} | {
    "hidden": _widths,
    "output_bias": "none",
}


class Sites:
    """The problem on its distinct inputs.

    Equal inputs are told apart by no network: of their targets `means` and `copies` matter, and
    `scatter`, the part of the loss that no network changes.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        matched(problem, DEEP, "problem")
        require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
        number, self.row_of = distinct(problem["x"])
        self.size = len(number)
        require(self.size <= MOST_SITES, f"problem: more than {MOST_SITES} distinct inputs")
        self.rows = [[*row, fmpq(1)] for row in number]
        self.depth, self.hidden = len(self.rows[0]), problem["hidden"]
        self.points = len(self.row_of)
        self.loss = problem["loss"]
        self.scale, self.ridge = ridge_of(problem, fmpq(self.points))
        self._sum_up([short(entry, "problem y") for entry in problem["y"]])
        self.everything = (1 << self.size) - 1

    def _sum_up(self, targets: list[fmpq]) -> None:
        """Sum the targets of each site."""
        ones = [fmpq(1)] * self.points
        self.copies, self.totals, self.energy = summed(self.row_of, ones, targets)
        pairs = zip(self.totals, self.copies, strict=True)
        self.means = [total / copies for total, copies in pairs]
        self.scatter = self.energy - dot(self.totals, self.means)

    def unfitted(self, fitted: Collection[int]) -> fmpq:
        """Return the squares of the targets as far as f does nothing about them at other sites."""
        rest = (k for k in range(self.size) if k not in fitted)
        return sum((self.totals[k] * self.means[k] for k in rest), self.scatter)

    def pull(self, mask: int, side: int) -> fmpq:
        """Return the sum of y^2 over the data at sites of a mask whose means have a sign."""
        pairs = ((self.totals[i], self.means[i]) for i in self.inside(mask))
        return sum((t * y for t, y in pairs if side * y > 0), fmpq(0))

    def inside(self, mask: int) -> list[int]:
        """Return the sites of a mask."""
        return [i for i in range(self.size) if mask >> i & 1]

    def text(self, row: Row, relevant: int | None = None) -> str:
        """Return the signs of a row at all sites, `.` where they are not relevant."""
        seen = self.everything if relevant is None else relevant
        marks = ("." if not seen >> i & 1 else _mark(row, i) for i in range(self.size))
        return "".join(marks)

    def at_points(self, row: Row) -> str:
        """Return the signs of a row at all data points."""
        return "".join(_mark(row, i) for i in self.row_of)

    def table(self, columns: list[list[fmpq]]) -> fmpq_mat:
        """Return a matrix of the height of an input with a 1, given by its columns."""
        entries = [column[k] for k in range(self.depth) for column in columns]
        return fmpq_mat(self.depth, len(columns), entries)


def _mark(row: Row, site: int) -> str:
    return "0+-"[(row[0] >> site & 1) - (row[1] >> site & 1)]
