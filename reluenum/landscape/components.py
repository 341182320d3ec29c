"""The landscape: connected components of local minima, up to permutation of the units.

Theorem D of docs/theory.md, including residuals whose squares are not unique.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import combinations, pairwise
from math import factorial, prod
from typing import TypeVar

from flint import fmpq

from reluenum.algebra.decimals import Real, RootMultiple, decimal_text
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.algebra.numbers import Number, compare
from reluenum.geometry.arrangement import Face
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import StratumKey, Support
from reluenum.landscape.evaluation import Evaluated, Network
from reluenum.landscape.judged import CertifiedClass
from reluenum.landscape.residuals import ResidualClass
from reluenum.problem import Problem

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class FaceGroup:
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
    groups : tuple of FaceGroup
    zero_neurons : int
    polytope_dimension : int
        Dimension of the sums of squares that the faces can have.
    """

    groups: tuple[FaceGroup, ...]
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

    @property
    def key(self) -> StratumKey:
        """What identifies it."""
        groups = ((group.face.signs, group.sign, group.multiplicity) for group in self.groups)
        return StratumKey.of(groups, self.zero_neurons)


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
    linear : (d,) list of Real
        beta, empty without linear part.
    """

    weights: list[Real]
    units: list[list[Real]]
    bias: Real
    linear: list[Real]


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
        Number of components that permuting the units makes of this one, and, if units with v and
        -v are the same, changing these signs (Lemmas 63 and 76).

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
        units += [[zero] * (self.problem.coordinates)] * stratum.zero_neurons
        bias, *linear = self._outer(stratum)
        return Parameters(weights, units, bias, linear)

    @cached_property
    def network(self) -> Network:
        """The representative in doubles, for inputs other than the data."""
        exact = self.representative
        units = [map(decimal_text, unit) for unit in exact.units]
        weights = map(decimal_text, exact.weights)
        linear = map(decimal_text, exact.linear)
        return Network.of(self.problem, weights, units, decimal_text(exact.bias), linear)

    def _outer(self, stratum: Stratum) -> list[Number]:
        """Return the best output bias m and linear part; free ones vary with the squares."""
        weighted = [[g.square * entry * g.sign for entry in g.direction] for g in stratum.groups]
        support = tuple(group.face for group in stratum.groups)
        bias, linear = self.problem.parted(Moments.of(self.problem).outer(support, weighted))
        return [self.loss.point.constant(0) + entry for entry in (bias, *linear)]

    def __repr__(self) -> str:
        faces = " ".join(f"{g.face.signs}x{g.multiplicity}" for g in self.strata[0].groups)
        kind = "isolated" if self.dimension == 0 else f"dimension {self.dimension}"
        return f"Component(loss={float(self.loss.ball(64).mid()):.10g}, {kind}, {faces or 'zero'})"


def by_loss(found: Iterable[Component]) -> list[Component]:
    """Sort components by loss, and those of equal loss by their faces."""
    nearly = sorted(found, key=lambda component: float(component.loss.ball(FIRST_BITS).mid()))
    return sorted(nearly, key=cmp_to_key(_order))  # compares what is sorted once, not again


def _order(left: Component, right: Component) -> int:
    """Compare by loss, exactly, then by the text of the first stratum."""
    if unequal := compare(left.loss, right.loss):
        return unequal
    texts = [
        [(g.face.signs, -g.multiplicity) for g in component.strata[0].groups]
        for component in (left, right)
    ]
    return (texts[0] > texts[1]) - (texts[0] < texts[1])


def components_of(problem: Problem, group: CertifiedClass) -> Iterator[Component]:
    """Yield the components of one residual class."""
    if group.is_global:
        yield from _global_components(problem, group)
        return
    for support in group.minimal_supports:
        for multiplicities in positive_compositions(problem.width, len(support)):
            stratum = stratum_of(group.stationary, support, multiplicities, 0)
            orbit = labelled_copies(problem, problem.width) // prod(map(factorial, multiplicities))
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
        yield _component(
            problem, group, strata, labelled_copies(problem, problem.width) if rigid else 1
        )


def component_on(problem: Problem, group: CertifiedClass, support: Support) -> Component:
    """Return the minima with one unit on each face of a support, at the width of its size.

    Parameters
    ----------
    problem : Problem
        Of any width; a component remembers it for its data.
    group : CertifiedClass
    support : Support
        One of its `minimal_supports`.
    """
    stratum = stratum_of(group.stationary, support, (1,) * len(support), 0)
    return _component(problem, group, [stratum], labelled_copies(problem, len(support)))


def labelled_copies(problem: Problem, units: int) -> int:
    """Return how many networks are one of so many different units, in another order or mirrored."""
    return factorial(units) * (2**units if problem.units.is_even else 1)


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
    """Return a stratum of the points with one residual.

    Parameters
    ----------
    stationary : ResidualClass
    support : Support
        m faces, a union of supports of vertices.
    multiplicities : (m,) sequence of int
        How many units each face has, at least one.
    zeros : int
        How many units are 0.
    """
    groups = tuple(
        FaceGroup(face, stationary.signs[face], multiplicity, square, stationary.direction(face))
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
