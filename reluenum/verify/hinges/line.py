"""The data on a line, exactly, and what is summed over them for kinks at the inputs."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat

from ..exact import PROBLEM, distinct, short, summed, weights_of
from ..reals import dot, matched, require

LINE = (0, 0)
"""Stands for the straight line, in the place of a kink."""

MOST_UNITS = 1 << 10

Knot = tuple[int, int]  # side on which units are active, and the place of an input; or LINE


def on_a_line(problem: Any) -> None:
    """Claim 235: inputs are numbers, and neither hidden biases nor the output bias are penalised.

    Then the infimum is attained (Lemma 80).
    """
    given = {key: ... for key in ("weights",) if type(problem) is dict and key in problem}
    matched(problem, PROBLEM | given | {"output_bias": "free", "hidden_bias": "free"}, "problem")
    require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
    require(problem["width"] != "all", "problem: every width")
    require(problem["width"] <= MOST_UNITS, f"problem: more than {MOST_UNITS} units")
    require(len(problem["x"][0]) == 1, "problem: inputs are not on a line")


class Line:
    """The distinct inputs in ascending order, with weights, mean targets and the ridge.

    A knot is a kink at one of the inputs between the first and the last, of a unit active to its
    right (1) or left (-1), or the straight line. `columns` are their values at the inputs.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        on_a_line(problem)
        number, site = distinct(problem["x"])
        order = sorted(range(len(number)), key=list(number).__getitem__)
        rank = {k: place for place, k in enumerate(order)}
        self.place_of = [rank[k] for k in site]
        self.x = sorted(x for (x,) in number)
        self.width, self.points, self.size = problem["width"], len(site), len(self.x)
        self._sum_up(weights_of(problem), [short(entry, "problem y") for entry in problem["y"]])
        self.scale = 1 / self.total if problem["loss"] == "mean" else fmpq(1)
        self.ridge = short(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        inner = range(1, self.size - 1)
        line = [LINE] * (self.size > 1)
        self.knots = [*line, *((side, j) for side in (1, -1) for j in inner)]
        self.number = {knot: k for k, knot in enumerate(self.knots)}

    def _sum_up(self, weights: Sequence[fmpq], targets: Sequence[fmpq]) -> None:
        """Add up weights and targets at each input, and what no network fits (Lemma 1a)."""
        self.w, sums, squares = summed(self.place_of, weights, targets)
        self.y = [total / weight for total, weight in zip(sums, self.w, strict=True)]
        self.total = sum(self.w, fmpq(0))
        self.scatter = squares - dot(sums, self.y)

    def knot(self, side: int, place: int) -> Knot:
        """Return the knot at an input; at the ends of the data, where all are active, the line."""
        return (side, place) if 0 < place < self.size - 1 else LINE

    def column(self, knot: Knot) -> list[fmpq]:
        """Return the values at the inputs."""
        side, place = knot
        if knot == LINE:
            return self.x
        return [max(side * (x - self.x[place]), fmpq(0)) for x in self.x]

    def centred(self, values: Sequence[fmpq]) -> list[fmpq]:
        """Return numbers less their weighted mean."""
        mean = dot(self.w, values) / self.total
        return [value - mean for value in values]

    @cached_property
    def columns(self) -> list[list[fmpq]]:
        """The columns of all knots."""
        return [self.column(knot) for knot in self.knots]

    @cached_property
    def pulls(self) -> list[fmpq]:
        """The weighted sums of each column with the targets less their mean."""
        level = [w * y for w, y in zip(self.w, self.centred(self.y), strict=True)]
        return [dot(column, level) for column in self.columns]

    @cached_property
    def table(self) -> list[list[fmpq]]:
        """The weighted sums of products of columns, less their means."""
        pairs = [(column, dot(self.w, column)) for column in self.columns]
        heavy = [
            [w * (value - total / self.total) for w, value in zip(self.w, column, strict=True)]
            for column, total in pairs
        ]
        return (fmpq_mat(heavy) * fmpq_mat(self.columns).transpose()).tolist()


def doubles(knots: Sequence[Knot]) -> int:
    """Return how many inputs have knots of both sides, the straight line counting as one."""
    places = [place for side, place in knots if side]
    return len(places) - len(set(places)) + (LINE in knots)


def rank(knots: Sequence[Knot]) -> int:
    """Return how many of different knots are independent, constants aside (Lemma 82)."""
    return len(knots) - max(doubles(knots) - 1, 0)
