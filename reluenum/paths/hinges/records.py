"""The document of an exact path: what other paths have, and the functions behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from flint import arb, ctx, fmpq, fmpq_poly

from reluenum.algebra.decimals import decimal_text
from reluenum.engines.hinges.route import ranked_shares
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import Shares
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.hinges import HingeGroup, HingeStratum
from reluenum.paths.hinges.branches import HingeBranch, HingeChange
from reluenum.paths.hinges.lists import component_at, shares_at
from reluenum.problem import Problem

FORMAT, VERSION = "reluenum-path", 1

EXACT = "exact"
"""What the completeness of such a path rests on: exact arithmetic, at all ridges."""

Record = dict[str, Any]


class ExactPath(Protocol):
    """What a document is made of; see `HingePath`."""

    problem: Problem
    high: fmpq

    @property
    def scale(self) -> fmpq:
        """Factor from the problem's own ridge to that of the sum of squares."""

    @property
    def branches(self) -> tuple[HingeBranch, ...]:
        """Components for as long as their kind stays."""

    @property
    def ridges(self) -> tuple[fmpq, ...]:
        """Those at which all branches that are there have a sample."""

    @property
    def events(self) -> Sequence[Any]:
        """What happens, by rising ridge; see `HingeEvent`."""

    def lowest_at(self, ridge: fmpq) -> tuple[int, ...]:
        """Return the branches with the least loss at a ridge of the sum of squares."""


def path_document(path: ExactPath) -> Record:
    """Return the text form of an exact path.

    Examples
    --------
    >>> from reluenum.paths.hinges.exact import hinge_path
    >>> from reluenum.problem import Problem
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> data = Problem.from_text([["0"], ["1"]], ["0", "1"], 1, "1/8", **free)
    >>> document = path_document(hinge_path(data, fmpq(1)))
    >>> document["ridges"]
    ['1/8', '1']
    >>> for branch in document["branches"]:
    ...     print(branch["interval"]["low"], branch["interval"]["high"], branch["loss_polynomial"])
    1/8 1/2 ['0', '2', '-2']
    1/8 1/2 ['0', '2', '-2']
    1/8 1/2 ['1/2', '0', '0']
    1/2 1 ['1/2', '0', '0']
    """
    writers = [_Writer(path, number) for number in range(len(path.branches))]
    least = {ridge: min(loss for loss in _losses_there(writers, ridge)) for ridge in path.ridges}
    return {
        "format": FORMAT,
        "version": VERSION,
        "software": installed_versions(),
        "problem": path.problem.to_document()
        | {"ridge": [str(path.problem.ridge), str(path.high)]},
        "completeness": EXACT,
        "ridges": [str(ridge) for ridge in path.ridges],
        "undecided": {},
        "branches": [writer.record(least) for writer in writers],
        "events": [_event_record(event, writers) for event in path.events],
    }


def _losses_there(writers: Iterable["_Writer"], ridge: fmpq) -> Iterator[fmpq]:
    """Yield the losses at a ridge, in the problem's own convention."""
    return (w.polynomial(ridge) for w in writers if w.branch.exists_at(ridge * w.path.scale))


class _Writer:
    """What is said of one branch."""

    def __init__(self, path: ExactPath, number: int) -> None:
        self.path, self.number, self.branch = path, number, (branch := path.branches[number])
        self.middle = (branch.low + branch.high) / 2 / path.scale
        self.component = component_at(path.problem, branch, self.middle)
        shares = shares_at(branch, self.middle * path.scale)
        self.stratum, self.share = ranked_shares(path.problem, shares)[0]
        self.units = [_unit(path, branch, self.share, self.stratum, g) for g in self.stratum.groups]

    @cached_property
    def polynomial(self) -> fmpq_poly:
        """The loss as a function of the ridge, both in the problem's own convention."""
        problem = self.path.problem
        sum_of_squares = _in_own_ridge(self.branch.loss, self.path.scale) + problem.scatter
        return sum_of_squares * problem.loss_scale

    @property
    def support(self) -> list[Record]:
        """What other branches have as well."""
        return [{"face": g.face, "sign": g.sign} for g in self.stratum.groups]

    @property
    def ridges(self) -> list[fmpq]:
        """The ridges of its samples: those of the path, its ends, the middle if there are none."""
        branch, scale = self.branch, self.path.scale
        ends = {branch.low / scale, branch.high / scale}
        asked = sorted(ends.union(self.path.ridges))
        return [r for r in asked if branch.exists_at(r * scale)] or [self.middle]

    def sample(self, ridge: fmpq, lowest: bool) -> Record:
        """Return the numbers at a ridge as texts."""
        loss = self.polynomial(ridge)
        squares = [sum(unit.values(), fmpq_poly())(ridge) for unit in self.units]
        kinks = [self._kink(unit, ridge) for unit in self.units]
        pairs = list(zip(self.stratum.groups, kinks, strict=True))
        return {
            "ridge": str(ridge),
            "loss": _rational_decimal(loss),
            "sum_a_squared": [_rational_decimal(square) for square in squares],
            "direction": [
                [_rational_decimal(fmpq(g.side)), _rational_decimal(-g.side * k)] for g, k in pairs
            ],
            "global_at_every_width": self.branch.kind.is_global,
            "m": _rational_decimal(self._intercept(ridge)),
            "global_at_width": lowest,
            "loss_exact": str(loss),
            "kink": [str(kink) for kink in kinks],
        }

    def _kink(self, unit: dict[fmpq, fmpq_poly], ridge: fmpq) -> fmpq:
        weights = {place: line(ridge) for place, line in unit.items()}
        total = sum(weights.values(), fmpq(0))
        return sum((place * weight for place, weight in weights.items()), fmpq(0)) / total

    def _intercept(self, ridge: fmpq) -> fmpq:
        """Return m: the fit at the smallest input, less what units add there."""
        hinges = self.branch.curve.hinges
        first, found = hinges.inputs[0], hinges.targets[0]
        found -= self.branch.curve.values[0](ridge * self.path.scale)
        for group, unit in zip(self.stratum.groups, self.units, strict=True):
            for place, line in unit.items():
                height = max(group.side * (first - place), fmpq(0))
                found -= group.sign * height * line(ridge)
        return found

    def record(self, least: Mapping[fmpq, fmpq]) -> Record:
        """Return the record of the branch; given are the least losses, where they are known."""
        branch, stratum, scale = self.branch, self.stratum, self.path.scale
        support = [
            {
                **entry,
                "multiplicity": group.multiplicity,
                "hinges": [
                    {"input": str(place), "weight": _texts(line, 1)} for place, line in unit.items()
                ],
            }
            for entry, group, unit in zip(self.support, stratum.groups, self.units, strict=True)
        ]
        return {
            "support": support,
            "interval": {
                "low": str(branch.low / scale),
                "high": str(branch.high / scale),
                "low_included": branch.has_low,
                "high_included": branch.has_high,
            },
            "dimension": stratum.dimension,
            "orbit_size": branch.kind.copies,
            "unbounded": self.component.is_unbounded,
            "on_boundary": self.component.on_boundary,
            "global_at_every_width": branch.kind.is_global,
            "zero_units": {
                "inactive": stratum.inactive,
                "active": stratum.active,
                "on_kink": stratum.on_kink,
            },
            "strata": len(branch.kind.strata),
            "loss_polynomial": _texts(self.polynomial, 2),
            "fit": self._fit(),
            "samples": [self.sample(r, self._is_lowest(r, least)) for r in self.ridges],
        }

    def _is_lowest(self, ridge: fmpq, least: Mapping[fmpq, fmpq]) -> bool:
        """Whether nothing has a smaller loss at a ridge."""
        if ridge in least:
            return self.polynomial(ridge) == least[ridge]
        return self.number in self.path.lowest_at(ridge * self.path.scale)

    def _fit(self) -> list[list[str]]:
        """Return the value of the network at each data point as a function of the ridge."""
        hinges, scale = self.branch.curve.hinges, self.path.scale
        triples = zip(hinges.inputs, hinges.targets, self.branch.curve.values, strict=True)
        fits = {x: _texts(_in_own_ridge(y - r, scale), 1) for x, y, r in triples}
        return [fits[x] for (x,) in self.path.problem.inputs]


def _unit(
    path: ExactPath, branch: HingeBranch, share: Shares, stratum: HingeStratum, group: HingeGroup
) -> dict[fmpq, fmpq_poly]:
    """Return the weights of a group at the places of its hinges, as functions of the ridge.

    In the middle of the vertices, each hinge being shared equally, as in lists of minima.
    """
    state = next(s for s in share.states if _has_state(path, s, group, share))
    kind = next(s for s in branch.kind.strata if s.states == share.states)
    hinges, edges = share.residual.hinges, share.edges
    found = {}
    for knot, edge in zip(state.knots(hinges), state.edges(hinges), strict=True):
        flows = (branch.flows[s].get(edge, fmpq_poly()) for s in kind.supports)
        line = sum(flows, fmpq_poly()) * group.multiplicity / (len(kind.supports) * edges[edge])
        place = hinges.level(state.side, knot)
        if state.kind == Kind.LINE:
            place -= state.side * (hinges.inputs[-1] - hinges.inputs[0])
        found[place] = _in_own_ridge(line, path.scale)
    return found


def _has_state(path: ExactPath, state: HingeState, group: HingeGroup, share: Shares) -> bool:
    """Whether a state is that of a group."""
    if (state.sign, state.side) != (group.sign, group.side):
        return False
    hinges = share.residual.hinges
    if state.kind == Kind.LINE:
        return "-" not in group.face and "0" not in group.face
    zeros = {x for (x,), s in zip(path.problem.inputs, group.face, strict=True) if s == "0"}
    if state.kind == Kind.KINK:
        return zeros == {hinges.inputs[state.place]}
    left, right = (hinges.inputs[state.place + k] for k in (0, 1))
    return not zeros and left < group.kink < right


def _event_record(event: Any, writers: Sequence[_Writer]) -> Record:
    return {
        "low": str(event.low),
        "high": str(event.high),
        "changes": [_change_record(change, writers) for change in event.changes],
        "ridge": str(event.ridge) if event.is_rational else None,
        "number": event.number,
    }


def _change_record(change: HingeChange, writers: Sequence[_Writer]) -> Record:
    def first(numbers: Iterable[int]) -> list[Record] | None:
        return next((writers[number].support for number in numbers), None)

    return {
        "kind": change.kind,
        "before": first(change.before),
        "after": first(change.after),
        "branches": {
            "before": list(change.before),
            "at": list(change.there),
            "after": list(change.after),
        },
    }


def _in_own_ridge(polynomial: fmpq_poly, scale: fmpq) -> fmpq_poly:
    """Return the polynomial in the problem's own ridge."""
    return polynomial(fmpq_poly([0, scale]))


def _texts(polynomial: fmpq_poly, degree: int) -> list[str]:
    """Return coefficients as texts, the constant first."""
    return [str(polynomial[k]) for k in range(degree + 1)]


@dataclass(frozen=True)
class _Rational:
    """A rational number, for its decimal."""

    value: fmpq

    def is_zero(self) -> bool:
        return not self.value

    def ball(self, bits: int) -> arb:
        with ctx.workprec(bits):
            return arb(self.value)


def _rational_decimal(value: fmpq) -> str:
    return decimal_text(_Rational(value))
