"""Components of minima with hidden biases that are not penalised, for inputs on a line (Lemma 86).

Everything is rational but the sizes of units, which are roots of rational numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from flint import fmpq

from reluenum.algebra.decimals import Real, RootMultiple, decimal_text
from reluenum.algebra.numbers import Number, rational_point
from reluenum.landscape.components import Parameters
from reluenum.landscape.evaluation import Evaluated, Network
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class HingeGroup:
    """The units of a stratum with one sign of a whose kinks are at one input, or in one gap.

    Parameters
    ----------
    face : str
        Their signs at the data points.
    sign, side : int
        Of a, and of b.
    multiplicity : int
        How many there are.
    square : fmpq
        Sum of their a^2, in the middle of the stratum.
    kink : fmpq
        Where they bend there.
    kinks : (2,) tuple of fmpq or None
        The smallest closed interval that holds all kinks they can have; None where it has no end.
    """

    face: str
    sign: int
    side: int
    multiplicity: int
    square: fmpq
    kink: fmpq
    kinks: tuple[fmpq | None, fmpq | None]

    @property
    def exact(self) -> tuple[Number, list[Number]]:
        """The sum of their a^2, and (b, c) / |b|, as other groups have it."""
        constant = rational_point().constant
        vector = [constant(fmpq(self.side)), constant(-self.side * self.kink)]
        return constant(self.square), vector

    @property
    def is_unbounded(self) -> bool:
        """Whether their kinks can be as far away as one likes."""
        return None in self.kinks

    @property
    def key(self) -> tuple:
        """What groups of a stratum are sorted by."""
        return self.face, -self.sign, -self.side


class StratumGroup(Protocol):
    """The units of a stratum that are alike."""

    face: str
    sign: int
    multiplicity: int

    @property
    def exact(self) -> tuple[Number, list[Number]]:
        """The sum of their a^2, and (b, c) / |b|."""

    @property
    def is_unbounded(self) -> bool:
        """Whether their hidden biases can be as large as one likes."""

    @property
    def key(self) -> tuple:
        """What groups of a stratum are sorted by."""


@dataclass(frozen=True, eq=False)
class HingeStratum:
    """A part of a component on which every unit keeps its face.

    Parameters
    ----------
    groups : tuple of StratumGroup
    inactive, active, on_kink : int
        Numbers of units with a = b = 0, by their hidden bias: c < 0, c > 0, c = 0.
    dimension : int
    """

    groups: tuple[StratumGroup, ...]
    inactive: int
    active: int
    on_kink: int
    dimension: int

    @property
    def zero_neurons(self) -> int:
        """Number of units with a = b = 0."""
        return self.inactive + self.active + self.on_kink

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0."""
        return self.on_kink > 0 or any("0" in group.face for group in self.groups)

    @property
    def is_unbounded(self) -> bool:
        """Whether some hidden bias can be as large as one likes."""
        return self.zero_neurons > 0 or any(group.is_unbounded for group in self.groups)

    @property
    def unsized(self) -> tuple[tuple[int, int], ...]:
        """How many units are 0, each number with a hidden bias that these can have."""
        return (self.inactive, -1), (self.active, 1), (self.on_kink, 0)

    @property
    def key(self) -> tuple:
        """What strata of one dimension are sorted by."""
        groups = tuple(group.key for group in self.groups)
        return self.zero_neurons, self.on_kink, self.active, groups


class FreeComponent(Evaluated):
    """A mixin: a component where hidden biases are free, by its `strata`, the largest first."""

    problem: Problem
    strata: tuple[HingeStratum, ...]
    exact_intercept: Number
    exact_linear: Sequence[Number] = ()
    loss_text: str

    @property
    def dimension(self) -> int:
        """Dimension of the component (0: isolated)."""
        return self.strata[0].dimension

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0 somewhere on the component."""
        return any(stratum.on_boundary for stratum in self.strata)

    @property
    def is_unbounded(self) -> bool:
        """Whether it is: hidden biases of affine units and of units that are 0 are free."""
        return any(stratum.is_unbounded for stratum in self.strata)

    @property
    def representative(self) -> Parameters:
        """The middle of the first stratum; units that are alike share their square equally."""
        weights: list[Real] = []
        units: list[list[Real]] = []
        for group in self.strata[0].groups:
            total, vector = group.exact
            square = total / group.multiplicity
            weights += [RootMultiple(total.point.constant(group.sign), square)] * group.multiplicity
            units += [[RootMultiple(entry, square) for entry in vector]] * group.multiplicity
        constant = rational_point().constant
        for number, offset in self.strata[0].unsized:
            weights += [constant(0)] * number
            flat = [constant(0)] * self.problem.dimension
            units += [[*flat, constant(offset)]] * number
        return Parameters(weights, units, self.exact_intercept, [*self.exact_linear])

    @cached_property
    def network(self) -> Network:
        """The representative in doubles, for inputs other than the data."""
        exact = self.representative
        units = [map(decimal_text, unit) for unit in exact.units]
        weights = map(decimal_text, exact.weights)
        linear = map(decimal_text, exact.linear)
        return Network.of(self.problem, weights, units, decimal_text(exact.bias), [*linear])

    def __repr__(self) -> str:
        faces = " ".join(f"{g.face}x{g.multiplicity}" for g in self.strata[0].groups)
        kind = "isolated" if self.dimension == 0 else f"dimension {self.dimension}"
        return f"{type(self).__name__}(loss={self.loss_text}, {kind}, {faces or 'zero'})"


@dataclass(frozen=True, eq=False, repr=False)
class HingeComponent(FreeComponent):
    """A connected component of the set of local minimisers, up to permutation.

    And up to mirror images, where a free linear part makes up for these (Lemma 128).

    Parameters
    ----------
    problem : Problem
    exact_loss : fmpq
        In the problem's own convention.
    intercept : fmpq
        m, in the middle of the first stratum.
    slopes : tuple of fmpq
        The linear part there, if there is one.
    strata : tuple of HingeStratum
        The largest dimension first.
    global_at_every_width, global_at_width : bool
    orbit_size : int
        Number of components that permuting the units makes of this one.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> problem = Problem.from_arrays([0, 1, 2], [0, 0, 1], width=1, ridge=0.125, **free)
    >>> best, *_ = enumerate_minima(problem)
    >>> best.exact_loss, best.strata[0].groups[0].kink, best.predict([2]).round(6).tolist()
    (7/32, 5/6, [0.875])
    """

    problem: Problem
    exact_loss: fmpq
    intercept: fmpq
    slopes: tuple[fmpq, ...]
    strata: tuple[HingeStratum, ...]
    global_at_every_width: bool
    global_at_width: bool
    orbit_size: int

    @cached_property
    def loss(self) -> Number:
        """The loss, as other components have it."""
        return rational_point().constant(self.exact_loss)

    @property
    def exact_intercept(self) -> Number:
        """The intercept, as other components have it."""
        return rational_point().constant(self.intercept)

    @property
    def exact_linear(self) -> tuple[Number, ...]:
        """The linear part, as other components have it."""
        return tuple(map(rational_point().constant, self.slopes))

    @property
    def loss_text(self) -> str:
        """The loss as a fraction."""
        return str(self.exact_loss)


def ranked_hinges(found: Iterable[HingeComponent]) -> tuple[HingeComponent, ...]:
    """Sort components by loss, then by their first strata, and settle which are global."""
    ordered = sorted(found, key=lambda c: (c.exact_loss, -c.dimension, c.strata[0].key))
    return tuple(replace(c, global_at_width=c.exact_loss == ordered[0].exact_loss) for c in ordered)
