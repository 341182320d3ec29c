"""Components of minima with hidden biases that are not penalised, for inputs of any dimension.

As `hinges` has them for inputs on a line; here numbers are algebraic (Lemma 97).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cmp_to_key

from flint import fmpq

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numbers import Number, compare
from reluenum.landscape.hinges import FreeComponent, HingeStratum
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
    def exact(self) -> tuple[Number, list[Number]]:
        """The sum of their a^2, and (b, c) / |b|."""
        return self.square, [*self.direction, self.offset]

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


@dataclass(frozen=True, eq=False, repr=False)
class CreaseComponent(FreeComponent):
    """A connected component of the set of local minimisers, up to permutation.

    Parameters
    ----------
    problem : Problem
    loss : Number
        In the problem's own convention.
    intercept : Number
        m, in the middle of the first stratum.
    slopes : list of Number
        The linear part there, if there is one.
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
    slopes: list[Number]
    strata: tuple[HingeStratum, ...]
    global_at_every_width: bool
    global_at_width: bool | None
    orbit_size: int

    @property
    def exact_intercept(self) -> Number:
        """The intercept."""
        return self.intercept

    @property
    def exact_linear(self) -> list[Number]:
        """The linear part."""
        return self.slopes

    @property
    def loss_text(self) -> str:
        """The loss in ten digits."""
        return decimal_text(self.loss, 10)


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
