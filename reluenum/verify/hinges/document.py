"""The document: its components are those that follow from the data."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

from flint import fmpq

from ..arithmetic.decimals import NUMBER_BITS, Texts, interval, nearest
from ..document import OPTIONAL, PROVED, UNCHECKED, Report
from ..reals import dot, matched, rational, require, told
from .joined import Component, components
from .line import LINE, Line
from .sets import number_of_sets, residuals
from .strata import Stratum, strata_of
from .units import DEAD, Residual, Unit

Group = tuple[Unit, int]  # a unit, and how many are like it


def heading(document: dict[str, Any]) -> None:
    """Claim 260: the certificate is about the problem; nothing else is said but what is proved."""
    optional = {key: OPTIONAL[key] for key in ("software",) if key in document}
    shape = dict.fromkeys(PROVED, ...) | {"completeness": "certificate"}
    matched(document, shape | optional, "document")
    digest = hashlib.sha256(json.dumps(document["problem"], sort_keys=True).encode()).hexdigest()
    expected = {"format": "reluenum-hinges", "version": 1, "problem_sha256": digest}
    matched(document["certificate"], expected, "certificate")


def exact_text(value: fmpq, square: fmpq | int = 1) -> Texts:
    """Claim 261: a decimal is value * sqrt(square), rounded to 30 digits; 0 is 0."""
    if value == 0:
        return frozenset("0")
    found = nearest(value, square, NUMBER_BITS)
    require(found is not None, "a number is too close to the middle of two decimals")
    return found


@dataclass(frozen=True)
class Minima:
    """A component of minima with one residual."""

    residual: Residual
    strata: list[Stratum]
    copies: int

    @property
    def loss(self) -> fmpq:
        """Claim 262: the loss is 2 r.y - |r|^2, and what no network fits (Lemma 83).

        Less the penalty of a linear part (Lemma 126).
        """
        residual, line = self.residual, self.residual.line
        fitted = 2 * dot(residual.pull, line.y) - residual.square - line.ridge * residual.slope**2
        return (fitted + line.scatter) * line.scale

    def record(self, names: Sequence[tuple], given: Any, best: fmpq) -> dict[str, Any]:
        """Claim 263: what a document has to say of it, its strata in the order of the document.

        Squares and kinks in the middle of strata are those of the document, if they are possible.
        """
        known = {name(stratum): stratum for stratum in self.strata}
        strata = [known[key] for key in names]
        records = [stratum_record(*pair) for pair in zip(strata, given["strata"], strict=True)]
        kinds = {unit.kind for stratum in strata for unit in stratum.units}
        return {
            "dimension": records[0]["dimension"],
            "loss": exact_text(self.loss),
            "loss_exact": str(self.loss),
            "loss_interval": interval(given["loss"]),
            "on_boundary": not kinds.isdisjoint(("kink", "zero")),
            "global_at_width": self.loss == best,
            "global_at_every_width": self.residual.is_global,
            "orbit_size": self.copies,
            "unbounded": not kinds.isdisjoint(("line", *DEAD)),
            "strata": records,
            "representative": representative(strata[0], given["strata"][0]),
        }


def groups_of(stratum: Stratum) -> list[Group]:
    """Return the living units, each with its number, in the order of the document."""
    line = stratum.fit.line
    living = [unit.shown(line) for unit in stratum.units if unit.kind not in DEAD]
    units = sorted(set(living), key=lambda unit: (unit.face(line), -unit.sign))
    return [(unit, living.count(unit)) for unit in units]


def zeros_of(stratum: Stratum) -> dict[str, int]:
    """Return the numbers of dead units."""
    kinds = [unit.kind for unit in stratum.units]
    return {
        key: kinds.count(kind)
        for key, kind in zip(("inactive", "active", "on_kink"), DEAD, strict=True)
    }


def name(stratum: Stratum) -> tuple:
    """Return what tells a stratum from others: faces, signs and numbers of units."""
    line = stratum.fit.line
    groups = ((unit.face(line), unit.sign, count) for unit, count in groups_of(stratum))
    return (*groups, *zeros_of(stratum).values())


def name_of(record: Any) -> tuple:
    """Return the same of a stratum of the document."""
    keys = ("face", "sign", "multiplicity")
    groups = (tuple(group[key] for key in keys) for group in record["support"])
    return (*groups, *(record["zero_units"][key] for key in ("inactive", "active", "on_kink")))


def stratum_record(stratum: Stratum, given: Any) -> dict[str, Any]:
    """Return what the document has to say of a stratum."""
    groups, zeros = groups_of(stratum), zeros_of(stratum)
    middle(stratum, given)
    return {
        "dimension": stratum.dimension,
        "support": [
            group_record(stratum, *pair) for pair in zip(groups, given["support"], strict=True)
        ],
        "zero_neurons": sum(zeros.values()),
        "zero_units": zeros,
    }


def group_record(stratum: Stratum, group: Group, given: Any) -> dict[str, Any]:
    """Return what it has to say of units that are alike."""
    (unit, count), (square, kink) = group, numbers(given)
    ends = stratum.kinks(unit)
    return {
        "face": unit.face(stratum.fit.line),
        "sign": unit.sign,
        "multiplicity": count,
        "sum_a_squared": exact_text(square),
        "sum_a_squared_exact": str(square),
        "direction": [exact_text(fmpq(unit.side)), exact_text(-unit.side * kink)],
        "kink": str(kink),
        "kinks": [None if end is None else str(end) for end in ends],
    }


def numbers(given: Any) -> tuple[fmpq, fmpq]:
    """Return the sum of squares and the kink of a group, as the document says."""
    square = rational(given["sum_a_squared_exact"], "sum_a_squared_exact")
    return square, rational(given["kink"], "kink")


def middle(stratum: Stratum, given: Any) -> None:
    """Claim 264: squares and kinks of a stratum are those of a network in it (Lemma 83)."""
    fit, parts = stratum.fit, dict.fromkeys(stratum.held, fmpq(0))
    for (unit, _), record in zip(groups_of(stratum), given["support"], strict=True):
        square, kink = numbers(record)
        require(square > 0, "a square is not positive")
        for knot, part in shares(fit.line, unit, kink):
            require(part > 0, f"kink: {kink} is not where the face says")
            parts[knot] += square * part
    signed = {knot: part * fit.residual.signs[knot] for knot, part in parts.items()}
    left = {place: signed.get((-1, place), fmpq(0)) for place in fit.bends}
    sums = [left[place] + signed.get((1, place), fmpq(0)) for place in fit.bends]
    require(sums == list(fit.bends.values()), "squares and kinks do not fit the targets")
    if fit.line.linear == "free":
        return
    slope = signed.get(LINE, fmpq(0)) - sum(left.values(), fmpq(0))
    require(slope == fit.first, "squares and kinks do not fit the first slope")


def shares(line: Line, unit: Unit, kink: fmpq) -> list[tuple]:
    """Return the knots of a unit with their shares of the square, positive if the kink is right."""
    knots, ends = unit.knots(line), [line.x[place] for place in unit.inputs(line.size)]
    if unit.kind == "gap":
        low, high = ends
        return list(
            zip(knots, [(high - kink) / (high - low), (kink - low) / (high - low)], strict=True)
        )
    outside = unit.side * (ends[0] - kink) > 0
    return [(knots[0], fmpq(outside if unit.kind == "line" else kink == ends[0]))]


def representative(stratum: Stratum, given: Any) -> dict[str, Any]:
    """Claim 265: the network in the middle of the first stratum; units that are alike are equal."""
    line, errors = stratum.fit.line, list(stratum.fit.line.y)
    a, slopes, offsets = [], [], []
    for (unit, count), record in zip(groups_of(stratum), given["support"], strict=True):
        square, kink = numbers(record)
        a += [exact_text(fmpq(unit.sign), square / count)] * count
        slopes += [[exact_text(fmpq(unit.side), square / count)]] * count
        offsets += [exact_text(-unit.side * kink, square / count)] * count
        heights = (max(unit.side * (x - kink), fmpq(0)) for x in line.x)
        pairs = zip(errors, heights, strict=True)
        errors = [error - unit.sign * square * height for error, height in pairs]
    for number, text in zip(zeros_of(stratum).values(), ("-1", "1", "0"), strict=True):
        a += [frozenset("0")] * number
        slopes += [[frozenset("0")]] * number
        offsets += [text] * number
    bias, slope = line.outer(errors)
    found = {"a": a, "B": slopes, "c": offsets, "m": exact_text(bias)}
    return found if line.linear == "none" else {**found, "beta": [exact_text(slope)]}


def enumeration(line: Line, locally_minimal: int) -> dict[str, Any]:
    """Claim 266: the counts: two cells for each input, sets of cells, residuals of minima."""
    cells, width = 2 * line.size, line.width
    return {
        "sign_matrices": str(2 ** (line.points * width)),
        "realisable_patterns": cells**width,
        "patterns_up_to_permutation": comb(cells + width - 1, width),
        "supports_examined": number_of_sets(line),
        "stationary": None,
        "locally_minimal": locally_minimal,
        "undecided": 0,
    }


def found_on(line: Line) -> list[Minima]:
    """Claim 267: the components are those of the strata of all residuals (Lemma 86)."""
    found = []
    for values in residuals(line):
        residual = Residual(line, values)
        strata = strata_of(residual)
        found += [Minima(residual, *part) for part in _components(residual, strata)]
    return found


def _components(residual: Residual, strata: Sequence[Stratum]) -> Iterator[Component]:
    return components(residual, strata) if strata else iter(())


def check(found: Sequence[Minima], records: Any) -> None:
    """Claim 268: the document lists these components, each once and right, sorted by loss."""
    require(type(records) is list, "components: no list")
    best = min(component.loss for component in found)
    left = {frozenset(map(name, component.strata)): component for component in found}
    previous = best
    for number, record in enumerate(records):
        with told(f"component {number}"):
            names = [name_of(stratum) for stratum in record["strata"]]
            require(len(set(names)) == len(names), "a stratum stands twice")
            component = left.pop(frozenset(names), None)
            require(
                component is not None, "there is no component of these strata, or no further one"
            )
            require(component.loss >= previous, "not sorted by loss")
            matched(record, component.record(names, record, best), "record")
            keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
            require(keys == sorted(keys), "order of strata")
            previous = component.loss
    require(not left, f"components: {len(left)} are missing")


def proof_of(document: dict[str, Any]) -> Report:
    """Prove a list of minima that claims to be complete."""
    heading(document)
    line = Line(document["problem"])
    found = found_on(line)
    locally_minimal = len({id(component.residual) for component in found})
    matched(document["enumeration"], enumeration(line, locally_minimal), "enumeration")
    check(found, document["components"])
    problem = document["problem"]
    weight = f" of weight {line.total}" if "weights" in problem else ""
    also = "" if line.linear == "none" else f", linear part {line.linear}"
    return HingeReport(
        problem=f"n = {line.points}{weight}, d = 1, width {line.width}, "
        f"ridge {line.ridge * line.scale}, loss {problem['loss']}, output bias free, "
        f"hidden bias free{also}",
        digest=hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest(),
        compared=False,
        unchecked=tuple(key for key in UNCHECKED if key in document),
        verdicts={"residuals": locally_minimal},
        components=len(found),
        polished=0,
        exact=len(found),
    )


@dataclass(frozen=True)
class HingeReport(Report):
    """What was checked in a document about hidden biases without penalty."""

    @property
    def summary(self) -> str:
        """What was proved, in one line."""
        return f"proved: {self.components} components from {self.records} residuals, all rational"
