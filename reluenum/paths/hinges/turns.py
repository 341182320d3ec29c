"""The ridges at which anything can change for one curve, and its minima at and between them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product

from flint import fmpq, fmpq_poly

from reluenum.engines.hinges.flows import Flows
from reluenum.engines.hinges.hinges import LEFT, RIGHT
from reluenum.engines.hinges.joined import components_in
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import Shares, strata_with
from reluenum.paths.hinges.curves import Curve, Stretch, alternating, cut, root_of

States = tuple[HingeState, ...]
Support = frozenset[int]
LineFlow = Mapping[int, fmpq_poly]
"""Hinges with their weights as functions of the ridge."""


@dataclass(frozen=True)
class StratumKind:
    """What a stratum keeps while the ridge varies.

    Parameters
    ----------
    states : tuple of HingeState
        One a unit.
    supports : tuple of frozenset of int
        The hinges of each vertex that the units can have.
    """

    states: States
    supports: tuple[Support, ...]


@dataclass(frozen=True)
class ComponentKind:
    """What a component keeps while the ridge varies.

    Parameters
    ----------
    strata : tuple of StratumKind
    copies : int
        Number of components of labelled networks.
    is_global : bool
        Whether it is global at every width.
    """

    strata: tuple[StratumKind, ...]
    copies: int
    is_global: bool


@dataclass(frozen=True, eq=False)
class CurvePiece:
    """The minima of a curve at one ridge, or between two at which something can change.

    Parameters
    ----------
    stretch : Stretch
        One number twice, or the ends of an open interval.
    kinds : tuple of ComponentKind
        The components.
    flows : mapping
        The weights of each vertex, by its hinges; functions of the ridge between two, else numbers.
    """

    stretch: Stretch
    kinds: tuple[ComponentKind, ...]
    flows: Mapping[Support, LineFlow]

    @property
    def is_point(self) -> bool:
        """Whether it is one ridge."""
        return self.stretch[0] == self.stretch[1]

    @cached_property
    def owners(self) -> dict[States, ComponentKind]:
        """The component of each stratum."""
        return {stratum.states: kind for kind in self.kinds for stratum in kind.strata}


Lister = Callable[[HingeResidual, Mapping[Support, object]], tuple[ComponentKind, ...]]


def lister(width: int) -> Lister:
    """Return a function that joins strata to components, and remembers what it has joined."""
    known: dict[tuple, tuple[ComponentKind, ...]] = {}

    def kinds_of(
        residual: HingeResidual, flows: Mapping[Support, object]
    ) -> tuple[ComponentKind, ...]:
        within = frozenset(e for state in residual.states for e in state.edges(residual.hinges))
        supports = frozenset(support for support in flows if support <= within)
        asked = residual.states, supports
        if asked not in known:
            parts = sorted((dict.fromkeys(sorted(s), fmpq(1)) for s in supports), key=tuple)
            found = components_in(list(strata_with(residual, width, parts)))
            known[asked] = tuple(
                ComponentKind(tuple(map(_kind_of, part)), copies, residual.is_global)
                for part, copies in found
            )
        return known[asked]

    return kinds_of


def _kind_of(share: Shares) -> StratumKind:
    return StratumKind(share.states, tuple(frozenset(flow) for flow in share.vertices))


def pieces_of(curve: Curve, kinds_of: Lister, meetings: Iterable[fmpq] = ()) -> list[CurvePiece]:
    """Return the minima of a curve at each turn and between neighbouring ones (Lemma 111).

    Parameters
    ----------
    curve : Curve
    kinds_of : function
        From `lister`.
    meetings : iterable of fmpq
        Further ridges to look at.
    """
    found = []
    for low, high in curve.stretches:
        points = {low, high} | {ridge for ridge in meetings if low < ridge < high}
        points |= {ridge for ridge in turns_of(curve) if low < ridge < high}
        for left, right in alternating(sorted(points)):
            if left == right:
                found.append(_at(curve, left, kinds_of))
            else:
                found += _pieces_between(curve, left, right, kinds_of)
    return found


def turns_of(curve: Curve) -> set[fmpq]:
    """Return where a hinge becomes tight or ceases to be, or the fit to bend at an input."""
    ridge = fmpq_poly([0, 1])
    lines = [line for u in curve.sums for line in (u - ridge, u + ridge)]
    rises = curve.rises
    lines += [after - before for before, after in pairwise(rises)]
    return {root for line in lines if (root := root_of(line)) is not None}


def residual_at(curve: Curve, ridge: fmpq) -> HingeResidual:
    """Return the residual of a curve at a ridge."""
    return HingeResidual(replace(curve.hinges, ridge=ridge), curve.at(ridge))


def _at(curve: Curve, ridge: fmpq, kinds_of: Lister) -> CurvePiece:
    residual = residual_at(curve, ridge)
    flows = {
        frozenset(flow): {edge: fmpq_poly([weight]) for edge, weight in flow.items()}
        for flow in Flows(residual).vertices
    }
    return CurvePiece((ridge, ridge), kinds_of(residual, flows), flows)


def _pieces_between(curve: Curve, low: fmpq, high: fmpq, kinds_of: Lister) -> Iterator[CurvePiece]:
    """Yield the pieces strictly between two neighbouring turns.

    The hinges that are tight are the same, and so are the ways to put each bend of the fit on one
    side; what then is left for the line, or for a place with both sides, can still change its sign.
    """
    middle = residual_at(curve, (low + high) / 2)
    candidates = list(_candidates(curve, middle))
    left = [rest for _, rests in candidates for rest in rests]
    for stretch in cut((low, high), iter(left)):
        if stretch[0] != stretch[1]:
            ridge = (stretch[0] + stretch[1]) / 2
            residual = residual_at(curve, ridge)
            flows = {}
            for factors, _ in candidates:
                weights = _vertex_weights(factors, residual, ridge)
                if weights is not None:
                    flows[frozenset(weights)] = weights
            yield CurvePiece(stretch, kinds_of(residual, flows), flows)
        elif low < stretch[0] < high:
            yield _at(curve, stretch[0], kinds_of)


def _vertex_weights(
    factors: LineFlow, residual: HingeResidual, ridge: fmpq
) -> dict[int, fmpq_poly] | None:
    """Return the weights of hinges with these factors, None if some would not be positive."""
    signs = residual.signs
    used = {edge: factor for edge, factor in factors.items() if factor}
    if all(factor(ridge) * signs.get(edge, 0) > 0 for edge, factor in used.items()):
        return {edge: used[edge] * signs[edge] for edge in sorted(used)}
    return None


def _candidates(
    curve: Curve, residual: HingeResidual
) -> Iterator[tuple[LineFlow, tuple[fmpq_poly, ...]]]:
    """Yield the factors that hinges of forests can have, and those whose signs are not known.

    The forests are those of `Flows`: one hinge at each bend, and the line or one place with both.
    """
    hinges, tight, rises = residual.hinges, residual.signs, curve.rises
    bends = {j: rises[j] - rises[j - 1] for j in range(1, hinges.size - 1)}
    ridge = residual.hinges.ridge
    first = rises[0] if rises else fmpq_poly()

    def choices(without: int = 0) -> Iterator[tuple[dict[int, fmpq_poly], fmpq_poly]]:
        bent = [(j, bend) for j, bend in bends.items() if bend and j != without]
        sides = [
            [
                side
                for side in (RIGHT, LEFT)
                if tight.get(hinges.number(side, j), 0) * bend(ridge) > 0
            ]
            for j, bend in bent
        ]
        for chosen in product(*sides):
            places = list(zip(chosen, bent, strict=True))
            factors = {hinges.number(side, j): bend for side, (j, bend) in places}
            yield factors, sum((bend for side, (_, bend) in places if side == LEFT), first)

    for factors, rest in choices():
        yield {**factors, 0: rest}, (rest,)
    for j, bend in bends.items():
        right, left = hinges.number(RIGHT, j), hinges.number(LEFT, j)
        if right in tight and left in tight:
            for factors, rest in choices(j):
                yield {**factors, left: -rest, right: bend + rest}, (rest, bend + rest)


def limit_states(
    stratum: StratumKind, flows: Mapping[Support, LineFlow], ridge: fmpq, hinges
) -> States:
    """Return what most units of a stratum become as the ridge tends to an end (Lemma 113).

    Parameters
    ----------
    stratum : StratumKind
    flows : mapping
        The weights of its vertices as functions of the ridge.
    ridge : fmpq
        The end.
    hinges : Hinges
    """
    left = {e for s in stratum.supports for e, weight in flows[s].items() if weight(ridge)}
    return tuple(sorted(_limit_state(state, left, hinges) for state in stratum.states))


def _limit_state(state: HingeState, left: set[int], hinges) -> HingeState:
    """Return what a unit becomes if only these hinges keep a weight."""
    if not state.is_living:
        return state
    pairs = zip(state.knots(hinges), state.edges(hinges), strict=True)
    knots = [knot for knot, edge in pairs if edge in left]
    if len(knots) == len(state.knots(hinges)):
        return state
    if knots:
        return HingeState(Kind.KINK, state.sign, state.side, knots[0])
    return HingeState(Kind.ACTIVE if state.kind == Kind.LINE else Kind.ZERO)
