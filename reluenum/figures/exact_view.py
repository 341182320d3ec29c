"""What the explorer draws of an exact path: every branch at every stop of the slider, in fractions.

Between two events everything is a polynomial in the ridge, so the slider can stop anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log10, sqrt
from typing import Any

from flint import fmpq, fmpq_poly

from reluenum.algebra.decimals import double_of
from reluenum.algebra.scalars import parse_rational
from reluenum.figures.explored import (
    Record,
    algebraic_number,
    drawn_ridge,
    name_families,
)
from reluenum.paths.hinges.exact import LOWEST

FEWEST_DRAWN, MOST_DRAWN, IN_A_DECADE = 17, 241, 24
"""Points at which the curve of a branch is drawn."""


def exact_view(document: Record) -> dict[str, Any]:
    """Return what the page draws of an exact path.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-path`, with the completeness `exact`.
    """
    problem, branches = document["problem"], document["branches"]
    stops = _stops(document)
    places = {str(stop): number for number, stop in enumerate(stops)}
    inputs = [parse_rational(x) for (x,) in problem["x"]]
    segments = [_exact_segment(_DrawnBranch(branch, inputs), stops) for branch in branches]
    _mark_least(segments, len(stops))
    changes = [
        [_exact_change(change) for change in event["changes"]] for event in document["events"]
    ]
    name_families(segments, dict(_goings_on(document["events"])))
    for segment in segments:
        for sample in segment["samples"]:
            del sample["exact_loss"]
    return {
        "problem": {
            **{key: problem[key] for key in ("x", "y", "weights", "width") if key in problem},
            "output_bias": problem["output_bias"],
            "inputs": [[double_of(x)] for x in inputs],
            "targets": [double_of(parse_rational(y)) for y in problem["y"]],
            "bent": True,
        },
        "ridges": [{**drawn_ridge(str(stop)), "undecided": 0} for stop in stops],
        "segments": segments,
        "trees": [None] * len(stops),
        "events": [
            {
                "low": places[event["low"]],
                "high": places[event["high"]],
                "changes": group,
                **(algebraic_number(event) if event["ridge"] is None else {"number": None}),
            }
            for event, group in zip(document["events"], changes, strict=True)
        ],
    }


def _stops(document: Record) -> list[fmpq]:
    """Return the ridges of the slider: those of the path, events, the middle of each branch."""
    texts = {*document["ridges"]}
    texts |= {event[end] for event in document["events"] for end in ("low", "high")}
    found = {str(ridge): ridge for ridge in map(parse_rational, texts)}
    for branch in document["branches"]:
        low, high = _interval_ends(branch["interval"])
        found[str((low + high) / 2)] = (low + high) / 2
    return sorted(found.values())


def _interval_ends(interval: Record) -> tuple[fmpq, fmpq]:
    return parse_rational(interval["low"]), parse_rational(interval["high"])


class _DrawnBranch:
    """A branch, with its numbers at any ridge where it is."""

    def __init__(self, record: Record, inputs: Sequence[fmpq]) -> None:
        self.record, self.first = record, inputs[0]
        self.low, self.high = _interval_ends(record["interval"])
        self.loss = _polynomial_with(record["loss_polynomial"])
        self.fit = _polynomial_with(record["fit"][0])
        self.signs = [int(group["sign"]) for group in record["support"]]
        self.sides = [int(vector[0]) for vector in record["samples"][0]["direction"]]
        self.hinges = [
            [(parse_rational(h["input"]), _polynomial_with(h["weight"])) for h in group["hinges"]]
            for group in record["support"]
        ]

    def exists_at(self, ridge: fmpq) -> bool:
        """Say whether the branch is there at a ridge."""
        interval = self.record["interval"]
        return (
            self.low < ridge < self.high
            or (ridge == self.low and interval["low_included"])
            or (ridge == self.high and interval["high_included"])
        )

    def sample(self, ridge: fmpq) -> dict[str, Any]:
        """Return the numbers at a ridge, as texts and to draw."""
        loss, bias = self.loss(ridge), self.fit(ridge)
        squares, kinks = [], []
        for sign, side, hinges in zip(self.signs, self.sides, self.hinges, strict=True):
            weights = [(place, line(ridge)) for place, line in hinges]
            square = sum((weight for _, weight in weights), fmpq(0))
            squares.append(square)
            kinks.append(sum((place * weight for place, weight in weights), fmpq(0)) / square)
            bias -= sign * square * max(side * (self.first - kinks[-1]), fmpq(0))
        sizes = [sqrt(double_of(square)) for square in squares]
        pairs = zip(self.sides, sizes, map(double_of, kinks), strict=True)
        return {
            "exact_loss": loss,
            "loss": str(loss),
            "height": double_of(loss),
            "squares": [*map(str, squares)],
            "sizes": sizes,
            "kinks": [*map(str, kinks)],
            "vectors": [[side * size, -side * size * kink] for side, size, kink in pairs],
            "bias": str(bias),
            "level": double_of(bias),
            "everywhere": bool(self.record["global_at_every_width"]),
        }

    def curve(self) -> dict[str, list[float]]:
        """Return ridges and losses that draw the branch, up to its ends."""
        low, high = double_of(self.low), double_of(self.high)
        number = min(max(FEWEST_DRAWN, int(IN_A_DECADE * log10(high / low))), MOST_DRAWN)
        steps = [low * (high / low) ** (k / (number - 1)) for k in range(number)]
        ridges = [low, *steps[1:-1], high] if low < high else [low]
        factors = [double_of(factor) for factor in reversed(self.loss.coeffs())]
        return {"x": ridges, "y": [_double_value(factors, ridge) for ridge in ridges]}


def _polynomial_with(texts: Sequence[str]) -> fmpq_poly:
    return fmpq_poly([*map(parse_rational, texts)])


def _double_value(factors: Sequence[float], ridge: float) -> float:
    """Return the value of a polynomial in doubles, the leading coefficient being first."""
    value = 0.0
    for factor in factors:
        value = value * ridge + factor
    return value


def _exact_segment(branch: _DrawnBranch, stops: Sequence[fmpq]) -> dict[str, Any]:
    """Return a branch at all stops at which it is, which are consecutive ones."""
    there = [number for number, stop in enumerate(stops) if branch.exists_at(stop)]
    record, support = branch.record, branch.record["support"]
    return {
        "faces": [entry["face"] for entry in support],
        "signs": branch.signs,
        "units": [int(entry["multiplicity"]) for entry in support],
        "gaps": [[double_of(place) for place, _ in hinges] for hinges in branch.hinges],
        "dead": [*_dead_in_words(record["zero_units"])],
        "isolated": record["dimension"] == 0,
        "first": there[0],
        "samples": [branch.sample(stops[number]) for number in there],
        "curve": branch.curve(),
    }


def _dead_in_words(zeros: Mapping[str, int]) -> Iterator[str]:
    """Yield what is said of units that are dead."""
    for key, offset in (("inactive", "c < 0"), ("active", "c > 0"), ("on_kink", "c = 0")):
        if number := int(zeros[key]):
            yield f"{number} dead unit{'s' if number > 1 else ''}, {offset}"


def _mark_least(segments: Sequence[dict[str, Any]], stops: int) -> None:
    """Mark the minima that are lowest at their stop."""
    present: list[list[dict[str, Any]]] = [[] for _ in range(stops)]
    for segment in segments:
        for number, sample in enumerate(segment["samples"], segment["first"]):
            present[number].append(sample)
    for samples in present:
        lowest = min((sample["exact_loss"] for sample in samples), default=None)
        for sample in samples:
            sample["lowest"] = sample["exact_loss"] == lowest


def _exact_change(change: Record) -> dict[str, Any]:
    """Return what happens, with all segments before, there and after."""
    sides = {side: [int(k) for k in change["branches"][side]] for side in ("before", "at", "after")}
    return {"kind": change["kind"], "sides": sides, "lowest": change["kind"] == LOWEST}


def _goings_on(events: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Yield segments with those that they go on as: where one goes on as one.

    Some are at one ridge only, and stand between others.
    """
    for event in events:
        for change in event["changes"]:
            if change["kind"] != LOWEST:
                sides = [change["branches"][side] for side in ("before", "at", "after")]
                alone = [side[0] for side in sides if len(side) == 1]
                if all(len(side) <= 1 for side in sides):
                    chain = [*dict.fromkeys(alone)]
                    yield from pairwise(chain)
