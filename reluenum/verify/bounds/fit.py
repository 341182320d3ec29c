"""The problem of a document of bounds, and the loss of its network."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpz

from ..exact import PROBLEM, WIDEST, distinct, ridge_of, short, summed
from ..reals import dot, matched, require

MOST_SITES, MOST_UNITS = 12, 8
DECIMAL = re.compile(r"-?[0-9]{1,200}(?:\.[0-9]{1,200})?", re.ASCII)

Vector = tuple[fmpq, ...]


def decimal(text: Any, where: str) -> fmpq:
    """Read a decimal."""
    require(type(text) is str and bool(DECIMAL.fullmatch(text)), f"{where}: {text!r:.60} is wrong")
    whole, _, digits = text.partition(".")
    return fmpq(fmpz(whole + digits), fmpz(10) ** len(digits))


def _two_widths(hidden: Any) -> bool:
    whole = type(hidden) is list and all(type(width) is int for width in hidden)
    return whole and len(hidden) == 2 and all(0 < width <= WIDEST for width in hidden)


class Fit:
    """The problem on its distinct inputs, with sums of squares and the effective ridge."""

    def __init__(self, problem: Any) -> None:
        shape = {key: value for key, value in PROBLEM.items() if key != "width"}
        matched(problem, shape | {"hidden": _two_widths, "output_bias": "none"}, "problem")
        require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
        number, place = distinct(problem["x"])
        self.rows = [(*row, fmpq(1)) for row in number]
        self.size, self.depth = len(self.rows), len(self.rows[0])
        require(self.size <= MOST_SITES, f"problem: more than {MOST_SITES} distinct inputs")
        self.below, self.above = problem["hidden"]
        require(self.below <= MOST_UNITS, f"problem: more than {MOST_UNITS} first-layer units")
        targets = [short(entry, "problem y") for entry in problem["y"]]
        self.points = len(targets)
        self.scale, self.ridge = ridge_of(problem, fmpq(self.points))
        self.copies, totals, squares = summed(place, [fmpq(1)] * self.points, targets)
        self.means = [total / copies for total, copies in zip(totals, self.copies, strict=True)]
        self.energy = dot(totals, self.means)
        self.scatter = squares - self.energy

    def loss(self, network: Any) -> fmpq:
        """Claim B1: the loss of the network of the document, exactly, scatter left out."""
        lower, upper, (output,) = self.layers(network)
        found = self.ridge * sum((dot(row, row) for row in (*lower, *upper, output)), fmpq(0))
        for row, mean, copies in zip(self.rows, self.means, self.copies, strict=True):
            inside = [*through(lower, row), fmpq(1)]
            found += copies * (mean - dot(output[:-1], through(upper, inside))) ** 2
        return found

    def layers(self, network: Any) -> list[list[Vector]]:
        """Read the units (W, b) of each layer; the last one is the output, with a bias of 0."""
        widths = (self.depth - 1, self.below, self.above, 1)
        parts = [*zip(network["W"], network["b"], strict=True), ([network["w"]], ["0"])]
        units = ([(*row, b) for row, b in zip(*part, strict=True)] for part in parts)
        found = [
            [tuple(decimal(text, "network") for text in row) for row in part] for part in units
        ]
        shapes = [{(len(layer), len(row)) for row in layer} for layer in found]
        fits = shapes == [{(width, inputs + 1)} for inputs, width in pairwise(widths)]
        require(fits, "network: wrong widths")
        return found


def through(units: list[Vector], inputs: Sequence[fmpq]) -> list[fmpq]:
    """Return what units make of inputs with a 1 behind them."""
    return [max(dot(unit, inputs), fmpq(0)) for unit in units]
