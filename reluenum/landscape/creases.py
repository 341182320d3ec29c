"""Components of minima with hidden biases that are not penalised, for inputs of any dimension.

As `hinges` has them for inputs on a line; here numbers are algebraic (Lemma 97).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, cmp_to_key

from flint import fmpq

from reluenum.algebra.decimals import Real, RootMultiple, decimal_text
from reluenum.algebra.numbers import Number, compare, rational_point
from reluenum.landscape.components import Parameters
from reluenum.landscape.evaluation import Evaluated, Network
from reluenum.landscape.hinges import HingeStratum
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class CreaseGroup:
    """The units of a stratum with one sign of a and one direction that bend at the same sites.

    Or between the same ones.

    Parameters
    ----------
    face : str
        Their signs at the data points.
    sign : int
        Of a.
    multiplicity : int
        How many there are.
    square : Number
        Sum of their a^2, in the middle of the stratum.
    direction : (d,) list of Number
        b / |b|.
    offset : Number
        c / |b| there.
    offsets : (2,) tuple of Number or None
        The smallest closed interval that holds all c / |b| they can have; None where it has no end.
    """

    face: str
    sign: int
    multiplicity: int
    square: Number
    direction: list[Number]
    offset: Number
    offsets: tuple[Number | None, Number | None]

    @property
    def is_unbounded(self) -> bool:
        """Whether their biases can be as large as one likes."""
        return None in self.offsets

    @property
    def key(self) -> tuple:
        """What groups of a stratum are sorted by."""
        return self.face, -self.sign

    def response(self, row: Iterable[fmpq]) -> Number:
        """Return the values of the units at an input, summed."""
        height = sum((x * b for x, b in zip(row, self.direction, strict=True)), self.offset)
        return height * self.square * self.sign


@dataclass(frozen=True, eq=False)
class CreaseComponent(Evaluated):
    """A connected component of the set of local minimisers, up to permutation.

    Parameters
    ----------
    problem : Problem
    loss : Number
        In the problem's own convention.
    intercept : Number
        m, in the middle of the first stratum.
    strata : tuple of HingeStratum
        The largest dimension first; their groups are `CreaseGroup`.
    global_at_every_width : bool
    global_at_width : bool or None
        None if that stayed open.
    orbit_size : int
        Number of components that permuting the units makes of this one.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> corners = [[0, 0], [1, 0], [0, 1]]
    >>> problem = Problem.from_arrays(corners, [0, 0, 1], width=1, ridge=0.125, **free)
    >>> best, *_ = enumerate_minima(problem)
    >>> best, best.is_unbounded, best.strata[1].groups[0].face
    (CreaseComponent(loss=0.2206666078, dimension 1, +++x1), True, '+0+')
    """

    problem: Problem
    loss: Number
    intercept: Number
    strata: tuple[HingeStratum, ...]
    global_at_every_width: bool
    global_at_width: bool | None
    orbit_size: int

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
        constant = rational_point().constant
        stratum = self.strata[0]
        weights: list[Real] = []
        units: list[list[Real]] = []
        for group in stratum.groups:
            square = group.square / group.multiplicity
            one = group.square.point.constant(group.sign)
            weights += [RootMultiple(one, square)] * group.multiplicity
            unit = [RootMultiple(entry, square) for entry in (*group.direction, group.offset)]
            units += [unit] * group.multiplicity
        for number, offset in stratum.unsized:
            weights += [constant(0)] * number
            unit = [constant(0)] * self.problem.dimension
            units += [[*unit, constant(offset)]] * number
        return Parameters(weights, units, self.intercept, [])

    @cached_property
    def network(self) -> Network:
        """The representative in doubles, for inputs other than the data."""
        exact = self.representative
        units = [map(decimal_text, unit) for unit in exact.units]
        weights = map(decimal_text, exact.weights)
        return Network.of(self.problem, weights, units, decimal_text(exact.bias))

    def __repr__(self) -> str:
        faces = " ".join(f"{g.face}x{g.multiplicity}" for g in self.strata[0].groups)
        kind = "isolated" if self.dimension == 0 else f"dimension {self.dimension}"
        loss = decimal_text(self.loss, 10)
        return f"CreaseComponent(loss={loss}, {kind}, {faces or 'zero'})"


def ranked_creases(found: Iterable[CreaseComponent], complete: bool) -> tuple[CreaseComponent, ...]:
    """Sort components by loss, then by their first strata, and settle which are global.

    Parameters
    ----------
    found : iterable of CreaseComponent
    complete : bool
        Whether no component can be missing.
    """
    ordered = sorted(found, key=cmp_to_key(_before))
    best = ordered[0]
    return tuple(_settled(component, best, complete) for component in ordered)


def _before(left: CreaseComponent, right: CreaseComponent) -> int:
    """Compare by loss, exactly, then by the first stratum."""
    if unequal := compare(left.loss, right.loss):
        return unequal
    one, other = ((-c.dimension, c.strata[0].key) for c in (left, right))
    return int(one > other) - int(one < other)


def _settled(component: CreaseComponent, best: CreaseComponent, complete: bool) -> CreaseComponent:
    """Settle whether a component is global at the width, if that is known."""
    lowest = compare(component.loss, best.loss) == 0
    known = complete or best.global_at_every_width or not lowest
    return replace(component, global_at_width=lowest if known else None)
