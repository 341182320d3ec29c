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
    possible = {"weights": ..., "linear": frozenset(("free", "ridge"))}
    given = {k: v for k, v in possible.items() if type(problem) is dict and k in problem}
    matched(problem, PROBLEM | given | {"output_bias": "free", "hidden_bias": "free"}, "problem")
    require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
    require(problem["width"] != "all", "problem: every width")
    require(problem["width"] <= MOST_UNITS, f"problem: more than {MOST_UNITS} units")
    require(len(problem["x"][0]) == 1, "problem: inputs are not on a line")


class Line:
    """The distinct inputs in ascending order, with weights, mean targets and the ridge.

    A knot is a kink at one of the inputs between the first and the last, of a unit active to its
    right (1) or left (-1), or the straight line. `columns` are their values at the inputs.

    With a free linear part straight lines, and sides, do not matter: all units are taken to be
    active to the right, and the line, which stays a knot, is none of any unit.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        on_a_line(problem)
        number, site = distinct(problem["x"])
        order = sorted(range(len(number)), key=list(number).__getitem__)
        rank = {k: place for place, k in enumerate(order)}
        self.place_of = [rank[k] for k in site]
        self.x = sorted(x for (x,) in number)
        self.width, self.points, self.size = problem["width"], len(site), len(self.x)
        self.linear = problem.get("linear", "none")
        self._sum_up(weights_of(problem), [short(entry, "problem y") for entry in problem["y"]])
        self.scale = 1 / self.total if problem["loss"] == "mean" else fmpq(1)
        self.ridge = short(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        inner = range(1, self.size - 1)
        line = [LINE] * (self.size > 1)
        self.knots = [*line, *((side, j) for side in self.sides for j in inner)]
        self.number = {knot: k for k, knot in enumerate(self.knots)}

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides to which units are active; where they do not matter, one."""
        return (1,) if self.linear == "free" else (1, -1)

    def _sum_up(self, weights: Sequence[fmpq], targets: Sequence[fmpq]) -> None:
        """Add up weights and targets at each input, and what no network fits (Lemma 1a)."""
        self.w, sums, squares = summed(self.place_of, weights, targets)
        self.y = [total / weight for total, weight in zip(sums, self.w, strict=True)]
        self.total = sum(self.w, fmpq(0))
        self.scatter = squares - dot(sums, self.y)

    def knot(self, side: int, place: int) -> Knot:
        """Return the knot at an input; at the ends of the data, where all are active, the line."""
        if not 0 < place < self.size - 1:
            return LINE
        return (1 if self.linear == "free" else side), place

    def column(self, knot: Knot) -> list[fmpq]:
        """Return the values at the inputs."""
        side, place = knot
        if knot == LINE:
            return self.x
        return [max(side * (x - self.x[place]), fmpq(0)) for x in self.x]

    def centred(self, values: Sequence[fmpq]) -> list[fmpq]:
        """Claim 236: what the best output bias and linear part leave of numbers (Lemma 74).

        The mean is taken off, then what fits best of the inputs less their mean.
        """
        mean = dot(self.w, values) / self.total
        slope, middle = self.slope_of(values), dot(self.w, self.x) / self.total
        return [v - mean - slope * (x - middle) for v, x in zip(values, self.x, strict=True)]

    def slope_of(self, values: Sequence[fmpq]) -> fmpq:
        """Return the linear part that fits numbers best, 0 without one, or with one input."""
        if self.linear == "none" or self.size == 1:
            return fmpq(0)
        heavy, ridge = self._tilted, self.ridge if self.linear == "ridge" else fmpq(0)
        return dot(heavy, values) / (dot(heavy, self.x) + ridge)

    @cached_property
    def _tilted(self) -> list[fmpq]:
        """The inputs less their mean, weighted."""
        middle = dot(self.w, self.x) / self.total
        return [w * (x - middle) for w, x in zip(self.w, self.x, strict=True)]

    def outer(self, values: Sequence[fmpq]) -> tuple[fmpq, fmpq]:
        """Claim 237: the output bias and the linear part that fit numbers best (Lemma 74).

        With one input and both of them free these are not unique; then the shortest pair counts.
        """
        mean, middle = (dot(self.w, each) / self.total for each in (values, self.x))
        if self.linear == "free" and self.size == 1:
            mean /= 1 + middle**2
            return mean, mean * middle
        slope = self.slope_of(values)
        return mean - slope * middle, slope

    @cached_property
    def columns(self) -> list[list[fmpq]]:
        """The columns of all knots."""
        return [self.column(knot) for knot in self.knots]

    @cached_property
    def pulls(self) -> list[fmpq]:
        """The weighted sums of each column with what is left of the targets."""
        level = [w * y for w, y in zip(self.w, self.centred(self.y), strict=True)]
        return [dot(column, level) for column in self.columns]

    @cached_property
    def table(self) -> list[list[fmpq]]:
        """The weighted sums of products of columns, of one of which only what is left counts."""
        heavy = [
            [w * value for w, value in zip(self.w, self.centred(column), strict=True)]
            for column in self.columns
        ]
        return (fmpq_mat(heavy) * fmpq_mat(self.columns).transpose()).tolist()


def doubles(knots: Sequence[Knot]) -> int:
    """Return how many inputs have knots of both sides, the straight line counting as one."""
    places = [place for side, place in knots if side]
    return len(places) - len(set(places)) + (LINE in knots)


def rank(knots: Sequence[Knot]) -> int:
    """Return how many of different knots are independent, constants aside (Lemma 82)."""
    return len(knots) - max(doubles(knots) - 1, 0)
