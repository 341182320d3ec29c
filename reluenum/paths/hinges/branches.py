"""Components as long as their kind stays, and how they go on at a ridge where something changes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from flint import fmpq, fmpq_poly

from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.states import Kind
from reluenum.paths.hinges.curves import Curve, constant_curve, curves_over
from reluenum.paths.hinges.turns import (
    ComponentKind,
    CurvePiece,
    LineFlow,
    Support,
    limit_states,
    lister,
    pieces_of,
)

ONCE = "is global at this ridge only"
"""What is said of a component that is global at every width at one ridge, and not beside it."""

ALONE = "is there at this ridge only"
"""What is said of components that go on as none in either direction."""


@dataclass(frozen=True, eq=False)
class HingeBranch:
    """A component over all ridges of an interval on which its kind and its curve stay.

    Parameters
    ----------
    curve : Curve
        Its residual.
    kind : ComponentKind
    flows : mapping
        The weights of each vertex, by its hinges, as functions of the ridge of the sum of squares.
    low, high : fmpq
        The ends of the interval, ridges of the sum of squares.
    has_low, has_high : bool
        Whether these belong to it.
    """

    curve: Curve
    kind: ComponentKind
    flows: Mapping[Support, LineFlow]
    low: fmpq
    high: fmpq
    has_low: bool
    has_high: bool

    @property
    def is_point(self) -> bool:
        """Whether it is at one ridge only."""
        return self.low == self.high

    def exists_at(self, ridge: fmpq) -> bool:
        """Say whether the component is there at a ridge."""
        above = self.low < ridge or (self.has_low and self.low == ridge)
        return above and (ridge < self.high or (self.has_high and self.high == ridge))

    @cached_property
    def loss(self) -> fmpq_poly:
        """The sum-of-squares loss at the sites, as a function of the ridge (Lemma 110)."""
        h = self.curve.hinges
        triples = zip(h.weights, self.curve.values, h.targets, strict=True)
        return sum((w * r * (2 * y - r) for w, r, y in triples), fmpq_poly())


@dataclass(frozen=True)
class HingeChange:
    """How components go on at a ridge: those before, there and after, by their branches.

    Parameters
    ----------
    kind : str
    before, there, after : tuple of int
        Numbers of branches, ascending.
    """

    kind: str
    before: tuple[int, ...]
    there: tuple[int, ...]
    after: tuple[int, ...]


Node = tuple[tuple, ComponentKind]
"""A component at a ridge: ridge and residual, and what it keeps."""


@dataclass(frozen=True, eq=False)
class HingeBranches:
    """All branches over an interval of ridges of the sum of squares, and their changes.

    Parameters
    ----------
    low, high : fmpq
    found : tuple of HingeBranch
    changes : mapping of fmpq to tuple of HingeChange
        By rising ridge.
    """

    low: fmpq
    high: fmpq
    found: tuple[HingeBranch, ...]
    changes: Mapping[fmpq, tuple[HingeChange, ...]]

    @classmethod
    def over(
        cls, hinges: Hinges, width: int, low: fmpq, high: fmpq, progress: bool = False
    ) -> "HingeBranches":
        """Find them.

        Parameters
        ----------
        hinges : Hinges
            Their ridge does not matter.
        width : int
        low, high : fmpq
            The interval of ridges, of the sum of squares.
        progress : bool
            Whether to show a bar on standard error.

        Examples
        --------
        >>> from reluenum.problem import Problem
        >>> data = Problem.from_text([["0"], ["1"]], ["0", "1"], 1, "1/8")
        >>> found = HingeBranches.over(Hinges.of(data), 1, fmpq(1, 8), fmpq(1))
        >>> for branch in found.found:
        ...     print(branch.low, branch.high, branch.loss, branch.kind.is_global)
        1/8 1/2 (-2)*x^2 + 2*x True
        1/8 1/2 (-2)*x^2 + 2*x True
        1/8 1/2 1/2 False
        1/2 1 1/2 True
        >>> [(str(ridge), change.kind) for ridge, (change,) in found.changes.items()]
        [('1/2', 'merge')]
        """
        curves, pieces = _curves_with_minima(hinges, width, low, high, progress)
        return cls(low, high, *_Tracks(curves, pieces, low, high).followed())


def _curves_with_minima(
    hinges: Hinges, width: int, low: fmpq, high: fmpq, progress: bool
) -> tuple[list[Curve], list[list[CurvePiece]]]:
    """Return the curves that have minima somewhere, each cut also where it meets another one."""
    kinds_of = lister(width)
    curves, pieces = [], []
    for curve in curves_over(hinges, width, low, high, progress):
        found = pieces_of(curve, kinds_of)
        if any(piece.kinds for piece in found):
            curves.append(curve)
            pieces.append(found)
    meetings: dict[int, set[fmpq]] = defaultdict(set)
    for (k, one), (j, other) in combinations(enumerate(curves), 2):
        if _overlap(one, other) and (ridge := one.meets(other)) is not None:
            for number in (k, j):
                meetings[number].add(ridge)
    for number, ridges in meetings.items():
        known = {piece.stretch[0] for piece in pieces[number] if piece.is_point}
        if not ridges <= known:
            pieces[number] = pieces_of(curves[number], kinds_of, ridges)
    return curves, pieces


def _overlap(one: Curve, other: Curve) -> bool:
    return any(a <= d and c <= b for a, b in one.stretches for c, d in other.stretches)


class _Tracks:
    """Curves with their pieces, from which branches and changes are read."""

    def __init__(
        self, curves: Sequence[Curve], pieces: Sequence[Sequence[CurvePiece]], low: fmpq, high: fmpq
    ) -> None:
        self.curves, self.pieces, self.ends = curves, pieces, (low, high)
        self.places: dict[fmpq, list[tuple[int, int]]] = defaultdict(list)
        for k, track in enumerate(pieces):
            for place, piece in enumerate(track):
                if piece.is_point:
                    self.places[piece.stretch[0]].append((k, place))
        self.residuals = {
            (k, place): (ridge, *map(str, curves[k].at(ridge)))
            for ridge, found in self.places.items()
            for k, place in found
        }
        self.branches: list[HingeBranch] = []
        self.points: dict[Node, int] = {}
        self.between: dict[tuple[int, int, ComponentKind], int] = {}

    def followed(self) -> tuple[tuple[HingeBranch, ...], dict[fmpq, tuple[HingeChange, ...]]]:
        """Return branches in order, and what happens."""
        runs = [run for k in range(len(self.curves)) for run in self._runs(k)]
        long = [
            run for run in runs if len(run[1]) > 1 or not self._piece(run[0], run[1][0]).is_point
        ]
        for run in long:
            self._add(*run)
        for k, run, kind in runs:
            node = self.residuals.get((k, run[0])), kind
            if len(run) == 1 and node[0] is not None and node not in self.points:
                self._add(k, run, kind)
        order = sorted(range(len(self.branches)), key=self._rank)
        place = {number: index for index, number in enumerate(order)}
        changes = {}
        for ridge in sorted(self.places):
            found = sorted(
                (self._named(ridge, *change, place) for change in self._changes(ridge)),
                key=lambda change: (change.before, change.there, change.after),
            )
            if found:
                changes[ridge] = tuple(found)
        return tuple(self.branches[number] for number in order), changes

    def _piece(self, k: int, place: int) -> CurvePiece:
        return self.pieces[k][place]

    def _rank(self, number: int) -> tuple:
        """Return what branches are sorted by: where they begin, then their loss there."""
        branch = self.branches[number]
        loss = branch.loss
        return (
            branch.low,
            not branch.has_low,
            branch.high,
            loss(branch.low),
            loss(branch.high),
            number,
        )

    def _runs(self, k: int) -> Iterator[tuple[int, list[int], ComponentKind]]:
        """Yield consecutive pieces of a curve that have one kind of component."""
        running: dict[ComponentKind, list[int]] = {}
        last = None
        for place, piece in enumerate(self.pieces[k]):
            joined = last is not None and last.stretch[1] == piece.stretch[0]
            kinds = dict.fromkeys(piece.kinds)
            for kind in list(running):
                if not joined or kind not in kinds:
                    yield k, running.pop(kind), kind
            for kind in kinds:
                running.setdefault(kind, []).append(place)
            last = piece
        for kind, run in running.items():
            yield k, run, kind

    def _add(self, k: int, run: Sequence[int], kind: ComponentKind) -> None:
        """Add the branch of consecutive pieces."""
        first, last = self._piece(k, run[0]), self._piece(k, run[-1])
        number, curve = len(self.branches), self.curves[k]
        if len(run) == 1 and first.is_point:
            curve = constant_curve(curve, first.stretch[0])
        flows = next((p for place in run if not (p := self._piece(k, place)).is_point), first).flows
        within = {support for stratum in kind.strata for support in stratum.supports}
        self.branches.append(
            HingeBranch(
                curve,
                kind,
                {support: flows[support] for support in within},
                first.stretch[0],
                last.stretch[1],
                first.is_point,
                last.is_point,
            )
        )
        for place in run:
            if self._piece(k, place).is_point:
                self.points[self.residuals[k, place], kind] = number
            else:
                self.between[k, place, kind] = number

    def _changes(self, ridge: fmpq) -> Iterator[tuple[set[int], set[int], set[int]]]:
        """Yield the branches before, at and after a ridge that go on as one another there."""
        places = self.places[ridge]
        residuals = [self.residuals[key] for key in places]
        if len(set(residuals)) == len(places) and all(self._is_quiet(*key) for key in places):
            return
        links: dict[tuple, set[tuple]] = defaultdict(set)
        for key, residual in zip(places, residuals, strict=True):
            piece = self._piece(*key)
            for kind in piece.kinds:
                links["there", self.points[residual, kind]]
            for side, step in (("before", -1), ("after", 1)):
                if (beside := self._beside(key, step)) is None:
                    continue
                for kind in beside.kinds:
                    one = side, self.between[key[0], key[1] + step, kind]
                    links[one]
                    for stratum in kind.strata:
                        states = limit_states(
                            stratum, beside.flows, ridge, self.curves[key[0]].hinges
                        )
                        if (owner := piece.owners.get(states)) is not None:
                            other = "there", self.points[residual, owner]
                            links[one].add(other)
                            links[other].add(one)
        for part in _connected(links):
            found = tuple(
                {number for side, number in part if side == asked}
                for asked in ("before", "there", "after")
            )
            first, last = int(ridge == self.ends[0]), 3 - int(ridge == self.ends[1])
            sides = {frozenset(numbers) for numbers in found[first:last]}
            if len(sides) > 1 or len(found[1]) > 1:
                yield found

    def _is_quiet(self, k: int, place: int) -> bool:
        """Whether nothing changes on a curve at one of its points."""
        kinds = self._piece(k, place).kinds
        beside = [self._beside((k, place), step) for step in (-1, 1)]
        if not kinds and not any(piece is not None and piece.kinds for piece in beside):
            return True
        ridge = self._piece(k, place).stretch[0]
        return all(
            (piece is None and ridge == end) or (piece is not None and piece.kinds == kinds)
            for piece, end in zip(beside, self.ends, strict=True)
        )

    def _beside(self, key: tuple[int, int], step: int) -> CurvePiece | None:
        """Return the piece before or after a point of a curve."""
        k, place = key[0], key[1] + step
        if not 0 <= place < len(self.pieces[k]):
            return None
        piece, ridge = self._piece(k, place), self._piece(*key).stretch[0]
        return piece if not piece.is_point and ridge in piece.stretch else None

    def _named(
        self,
        ridge: fmpq,
        before: set[int],
        there: set[int],
        after: set[int],
        place: Mapping[int, int],
    ) -> HingeChange:
        """Return a change with its kind and the numbers of branches in their order."""
        earlier = before if ridge > self.ends[0] else there
        later = after if ridge < self.ends[1] else there
        kind = self._kind(earlier, later, there)
        numbers = (tuple(sorted(place[n] for n in found)) for found in (before, there, after))
        return HingeChange(kind, *numbers)

    def _kind(self, before: set[int], after: set[int], there: set[int]) -> str:
        """Return what happens to branches as the ridge grows."""
        if not before or not after:
            alone = not before and not after
            return ALONE if alone else "appears" if after else "disappears"
        if len(before) > 1 or len(after) > 1:
            if len(after) == 1:
                return "merge"
            return "splits" if len(before) == 1 else "meet"
        (one,), (other,) = before, after
        earlier, later = self.branches[one].kind, self.branches[other].kind
        beside = earlier.is_global or later.is_global
        if not beside and any(self.branches[number].kind.is_global for number in there):
            return ONCE
        return change_between(earlier, later)


def change_between(before: ComponentKind, after: ComponentKind) -> str:
    """Return what happens to a component that goes on as another one, by their living units.

    Where only its vertices change, where its kinks reach to is another function of the ridge.
    """
    earlier, later = _living(before), _living(after)
    if not before.is_global and after.is_global:
        return "becomes global"
    if before.is_global and not after.is_global:
        return "ceases to be global"
    if earlier > later:
        return "a unit dies"
    if earlier < later:
        return "a unit is born"
    kinds = [{state.kind for state in states} for states in (earlier - later, later - earlier)]
    if kinds == [{Kind.GAP}, {Kind.KINK}]:
        return "a unit reaches a boundary"
    if kinds == [{Kind.KINK}, {Kind.GAP}]:
        return "a unit leaves a boundary"
    states = [[stratum.states for stratum in kind.strata] for kind in (before, after)]
    return "vertices change" if before != after and states[0] == states[1] else "goes over"


def _living(kind: ComponentKind) -> set:
    """Return what living units of a component are, in any stratum."""
    return {state for stratum in kind.strata for state in stratum.states if state.is_living}


def _connected(links: Mapping[tuple, Iterable[tuple]]) -> Iterator[set[tuple]]:
    """Yield the connected parts of a graph."""
    left = dict.fromkeys(links)
    while left:
        part = [next(iter(left))]
        del left[part[0]]
        for node in part:
            for other in links[node]:
                if other in left:
                    del left[other]
                    part.append(other)
        yield set(part)
