"""The landscape: connected components of local minima, up to permutation of the units.

Theorem D of docs/theory.md, including residuals whose squares are not unique.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, cmp_to_key
from itertools import combinations, pairwise
from math import factorial, prod
from typing import Any, Protocol, TypeVar

from flint import fmpq

from reluenum.algebraic import Number, compare
from reluenum.arrangement import Arrangement, Face
from reluenum.certify import CertifiedClass, certified_points, certify
from reluenum.decimals import Real, RootMultiple, decimal_text
from reluenum.evaluation import Evaluated, Network
from reluenum.merge import ResidualClass, StationarySet
from reluenum.minimality import Descent
from reluenum.moments import Moments
from reluenum.patterns import Counts, Support
from reluenum.problem import Problem
from reluenum.stationary import Outcome

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Group:
    """The neurons of a stratum that share a face.

    Parameters
    ----------
    face : Face
    sign : int
        Sign of their output weights.
    multiplicity : int
        How many there are.
    square : Number
        Sum of their a^2.
    direction : list of Number
        Their common v / |v|, in the coordinates (b, c).
    """

    face: Face
    sign: int
    multiplicity: int
    square: Number
    direction: list[Number]


@dataclass(frozen=True, eq=False)
class Stratum:
    """A part of a component on which every neuron keeps its face.

    Parameters
    ----------
    groups : tuple of Group
    zero_neurons : int
    polytope_dimension : int
        Dimension of the sums of squares that the faces can have.
    """

    groups: tuple[Group, ...]
    zero_neurons: int
    polytope_dimension: int

    @property
    def dimension(self) -> int:
        """Dimension of the stratum as a set of parameters."""
        return self.polytope_dimension + sum(group.multiplicity - 1 for group in self.groups)

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0."""
        return self.zero_neurons > 0 or any(group.face.zeros for group in self.groups)


@dataclass(frozen=True, eq=False)
class Parameters:
    """One network of a component, as exactly known real numbers.

    Parameters
    ----------
    weights : (L,) list of Real
        a.
    units : (L, d + 1) nested list of Real
        v = (b, c) of each neuron.
    bias : Real
        m, 0 without output bias.
    """

    weights: list[Real]
    units: list[list[Real]]
    bias: Real


@dataclass(frozen=True, eq=False)
class Component(Evaluated):
    """A connected component of the set of local minimisers, up to permutation.

    Parameters
    ----------
    problem : Problem
    loss : Number
    strata : tuple of Stratum
        The largest dimension first.
    global_at_every_width : bool
    global_at_width : bool or None
        None if that cannot be told because supports stayed undecided.
    orbit_size : int
        Number of components that permuting the units makes of this one.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=2, ridge=0.5)
    >>> (arc,) = enumerate_minima(problem)
    >>> arc.dimension, arc.on_boundary, arc.global_at_every_width
    (1, True, True)
    >>> round(float(arc.loss), 6), round(arc.loss_on([-1, 1], [0, 2]), 6)
    (1.289214, 1.289214)
    """

    problem: Problem
    loss: Number
    strata: tuple[Stratum, ...]
    global_at_every_width: bool
    global_at_width: bool | None
    orbit_size: int

    @property
    def dimension(self) -> int:
        """Dimension of the component (0: isolated)."""
        return max(stratum.dimension for stratum in self.strata)

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0 somewhere on the component."""
        return any(stratum.on_boundary for stratum in self.strata)

    @property
    def representative(self) -> Parameters:
        """A point of the first stratum; neurons that share a face share their square equally."""
        stratum = self.strata[0]
        point = self.loss.point
        zero = point.constant(0)
        weights: list[Real] = []
        units: list[list[Real]] = []
        for group in stratum.groups:
            share = group.square * fmpq(1, group.multiplicity)
            weights += [RootMultiple(point.constant(group.sign), share)] * group.multiplicity
            unit = [RootMultiple(entry, share) for entry in group.direction]
            units += [unit] * group.multiplicity
        weights += [zero] * stratum.zero_neurons
        units += [[zero] * (self.problem.dimension + 1)] * stratum.zero_neurons
        return Parameters(weights, units, self._bias(stratum))

    @cached_property
    def network(self) -> Network:
        """The representative in doubles, for inputs other than the data."""
        exact = self.representative
        units = [map(decimal_text, unit) for unit in exact.units]
        weights = map(decimal_text, exact.weights)
        return Network.of(self.problem, weights, units, decimal_text(exact.bias))

    def _bias(self, stratum: Stratum) -> Number:
        """Return the best output bias m; a free one varies with the squares (section 4)."""
        weighted = [[g.square * entry * g.sign for entry in g.direction] for g in stratum.groups]
        support = tuple(group.face for group in stratum.groups)
        bias = Moments.of(self.problem).bias(support, weighted)
        return self.loss.point.constant(0) + bias

    def __repr__(self) -> str:
        faces = " ".join(f"{g.face.signs}x{g.multiplicity}" for g in self.strata[0].groups)
        kind = "isolated" if self.dimension == 0 else f"dimension {self.dimension}"
        return f"Component(loss={float(self.loss.ball(64).mid()):.10g}, {kind}, {faces or 'zero'})"


class StationaryRow(Protocol):
    """What is known of the stationary points on a support, with or without zero units."""

    support: Support
    with_zero_units: bool

    @property
    def signs(self) -> tuple[int, ...]:
        """Sign of the output weights on each face."""

    @property
    def loss(self) -> Number:
        """The loss, in the problem's own convention."""

    @property
    def is_minimum(self) -> bool | None:
        """Whether they are local minima; None if that is not known."""

    @property
    def witness(self) -> Descent | None:
        """A checked descent if they are not."""


@dataclass(frozen=True)
class Tally:
    """How many supports, the zero network aside, have stationary points, and minima.

    Parameters
    ----------
    stationary, locally_minimal : int
    """

    stationary: int
    locally_minimal: int

    @classmethod
    def of(cls, points: Iterable[StationaryRow]) -> "Tally":
        """Count the rows without zero units."""
        living = [point for point in points if not point.with_zero_units]
        return cls(len(living), sum(bool(point.is_minimum) for point in living))


class Completeness(StrEnum):
    """What the completeness of a list rests on, by the route that found it."""

    CERTIFICATE = "certificate"
    """The certified engine: on a certificate, which `reluenum verify` proves."""

    THEOREM_E = "theorem E"
    """The Groebner engine, reduced formulation: on Theorem E, checked support by support."""

    ENGINE = "engine"
    """The eliminated formulation: on the Groebner basis program, which must lose no solution."""

    @property
    def words(self) -> str:
        """What follows "the list is complete"."""
        return {
            Completeness.CERTIFICATE: "by its certificate",
            Completeness.THEOREM_E: "by Theorem E",
            Completeness.ENGINE: "if the Groebner basis program lost no solution",
        }[self]


@dataclass(frozen=True, eq=False)
class CertifiedLandscape:
    """Every local minimum of a problem, and everything that was examined to find them.

    Parameters
    ----------
    problem : Problem
    counts : Counts
    tally : Tally
    points : tuple of StationaryRow
        All stationary points with their verdicts; none from the certified engine, whose
        certificate has them.
    components : tuple of Component
        Sorted by loss.
    undecided : tuple of Outcome
        Supports that no backend finished; when there is one, the list is not complete.
    completeness : Completeness
        What the list rests on when it is complete.
    sign_matrices : mapping, optional
        The record of going through all sign matrices, if that was asked for.
    stages : mapping, optional
        How many supports were decided in double precision, by balls of higher precision, exactly,
        if the certified engine did it.
    certificate : mapping, optional
        The record of its certificate.
    """

    problem: Problem
    counts: Counts
    tally: Tally
    points: tuple[StationaryRow, ...]
    components: tuple[Component, ...]
    undecided: tuple[Outcome, ...]
    completeness: Completeness
    sign_matrices: Mapping[str, Any] | None = None
    stages: Mapping[str, int] | None = None
    certificate: Mapping[str, Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every support was decided; what that rests on, `completeness` says."""
        return not self.undecided

    def __repr__(self) -> str:
        number = len(self.components)
        isolated = sum(component.dimension == 0 for component in self.components)
        undecided = f"{len(self.undecided)} supports UNDECIDED"
        known = f"complete {self.completeness.words}" if self.is_complete else undecided
        lines = [
            f"Landscape of {self.problem!r}: {number} component{'s' if number != 1 else ''} "
            f"of local minima, {isolated} isolated; {known}"
        ]
        return "\n  ".join([*lines, *map(repr, self.components)])


def landscape(stationary: StationarySet, arrangement: Arrangement) -> CertifiedLandscape:
    """Certify the stationary points of a problem and join its minima into components."""
    problem = stationary.problem
    classes = certify(stationary, arrangement)
    complete = not stationary.undecided
    found = [component for group in classes for component in components_of(problem, group)]
    points = tuple(certified_points(classes, problem.width))
    return CertifiedLandscape(
        problem,
        Counts.of(problem, arrangement),
        Tally.of(points),
        points,
        ranked(found, complete),
        stationary.undecided,
        Completeness.THEOREM_E,
    )


def ranked(found: Iterable[Component], complete: bool) -> tuple[Component, ...]:
    """Sort components by loss and settle which are global at the width.

    Parameters
    ----------
    found : iterable of Component
    complete : bool
        Whether no component can be missing.
    """
    ordered = by_loss(found)
    return tuple(_with_global_flag(component, ordered[0], complete) for component in ordered)


def by_loss(found: Iterable[Component]) -> list[Component]:
    """Sort components by loss, and those of equal loss by their faces."""
    return sorted(found, key=cmp_to_key(_order))


def _order(left: Component, right: Component) -> int:
    """Compare by loss, exactly, then by the text of the first stratum."""
    texts = [
        [(g.face.signs, -g.multiplicity) for g in component.strata[0].groups]
        for component in (left, right)
    ]
    return compare(left.loss, right.loss) or (texts[0] > texts[1]) - (texts[0] < texts[1])


def _with_global_flag(component: Component, best: Component, complete: bool) -> Component:
    """Settle whether a component is global at the width."""
    if best.global_at_every_width or complete:
        return replace(component, global_at_width=compare(component.loss, best.loss) == 0)
    lowest = compare(component.loss, best.loss) == 0
    return replace(component, global_at_width=None if lowest else False)


def components_of(problem: Problem, group: CertifiedClass) -> Iterator[Component]:
    """Yield the components of one residual class."""
    if group.is_global:
        yield from _global_components(problem, group)
        return
    for support in group.minimal_supports:
        for multiplicities in positive_compositions(problem.width, len(support)):
            stratum = stratum_of(group.stationary, support, multiplicities, 0)
            orbit = factorial(problem.width) // prod(map(factorial, multiplicities))
            yield _component(problem, group, [stratum], orbit)


def _global_components(problem: Problem, group: CertifiedClass) -> Iterator[Component]:
    """Yield the components of a dual feasible class: supports joined by inclusion."""
    for supports in connected(group.stationary.supports):
        strata = [
            stratum_of(group.stationary, support, multiplicities, problem.width - living)
            for support in supports
            for living in range(len(support), problem.width + 1)
            for multiplicities in positive_compositions(living, len(support))
        ]
        rigid = len(supports) == 1 and len(supports[0]) == problem.width
        yield _component(problem, group, strata, factorial(problem.width) if rigid else 1)


def component_on(problem: Problem, group: CertifiedClass, support: Support) -> Component:
    """Return the minima with one unit on each face of a support, at the width of its size."""
    stratum = stratum_of(group.stationary, support, (1,) * len(support), 0)
    return _component(problem, group, [stratum], factorial(len(support)))


def _component(
    problem: Problem, group: CertifiedClass, strata: Sequence[Stratum], orbit: int
) -> Component:
    return Component(
        problem, group.stationary.loss, largest_first(strata), group.is_global, None, orbit
    )


def largest_first(strata: Iterable[Stratum]) -> tuple[Stratum, ...]:
    """Return strata in the order of the document."""
    return tuple(sorted(strata, key=lambda stratum: (-stratum.dimension, stratum.zero_neurons)))


def stratum_of(
    stationary: ResidualClass, support: Support, multiplicities: Sequence[int], zeros: int
) -> Stratum:
    """Return the stratum of a residual with so many units on each face, and so many zero ones."""
    groups = tuple(
        Group(face, stationary.signs[face], multiplicity, square, stationary.direction(face))
        for face, multiplicity, square in zip(
            support, multiplicities, stationary.squares(support), strict=True
        )
    )
    return Stratum(groups, zeros, stationary.polytope_dimension(support))


def joined(items: Sequence[Item], related: Callable[[Item, Item], bool]) -> list[list[Item]]:
    """Split items into the classes that a symmetric relation generates, in their order."""
    classes: list[list[Item]] = []
    for item in items:
        touched = [group for group in classes if any(related(item, other) for other in group)]
        classes = [group for group in classes if group not in touched]
        classes.append([*(other for group in touched for other in group), item])
    return classes


def connected(supports: Sequence[Support]) -> list[list[Support]]:
    """Split the supports of a dual feasible residual into those that inclusions join."""
    return joined(supports, _nested)


def _nested(left: Support, right: Support) -> bool:
    """Whether one support contains the other."""
    return set(left) <= set(right) or set(right) <= set(left)


def positive_compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write `total` as an ordered sum of so many positive integers."""
    if parts == 0 or total < parts:
        if parts == total:
            yield ()
        return
    for cuts in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in pairwise((0, *cuts, total)))
