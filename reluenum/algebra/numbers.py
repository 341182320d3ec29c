"""Real algebraic numbers at an isolated solution of a polynomial system.

A solution is held by a box in which interval Newton proves that the system has exactly one (Lemma
18). Any rational function of its coordinates is a `Number`: it can be enclosed to every precision,
and its sign is decided by these enclosures or, should it be exactly 0, by exact arithmetic in the
number field of the solution (docs/theory.md, section 9.4).
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from flint import arb, ctx, fmpq, fmpz_poly

from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box, evaluated, newton
from reluenum.algebra.numberfield import (
    FieldElement,
    RealField,
    ball_sign,
    precisions,
    rationals,
    real_roots,
)
from reluenum.algebra.parametrisation import Parametrisation, Root, parse_fraction
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import TheoremViolationError

BALLS_BEFORE_EXACT = 3
"""How many precisions are tried before a sign is decided in the number field."""


class IsolatedPoint:
    """The only solution of a square polynomial system in a box.

    Parameters
    ----------
    system : PolynomialSystem
        As many equations as variables; none for the rational point without coordinates.
    box : sequence of arb
        Proved to hold exactly one solution (`certified_box`).
    claim : Root, or a function from the point to one, or None
        The same solution in terms of one algebraic number, as an algebra system gives it; it is
        checked exactly before it is used. A function is called when the claim is first needed;
        None stands for a rational point.
    """

    def __init__(
        self,
        system: PolynomialSystem,
        box: Sequence[arb],
        claim: Root | Callable[[Self], Root] | None,
    ) -> None:
        self.system = system
        self._claim = claim
        self._boxes: dict[int, list[arb]] = {0: list(box)}

    @cached_property
    def claim(self) -> Root | None:
        """The same solution in terms of one algebraic number, not yet checked."""
        return self._claim(self) if callable(self._claim) else self._claim

    @property
    def is_claimed(self) -> bool:
        """Whether the claim is known already, or not needed."""
        return not callable(self._claim) or "claim" in self.__dict__

    def balls(self, bits: int) -> list[arb]:
        """Return enclosures of the coordinates with radii of at most about 2^-bits."""
        if bits not in self._boxes:
            box = self._boxes[max(known for known in self._boxes if known < bits)]
            with ctx.workprec(2 * bits + 64):
                target = arb(2) ** -bits
                while any(ball.rad() > target * (1 + abs(ball.mid())) for ball in box):
                    step = newton(self.system, [ball.mid() for ball in box], box)
                    box = [new.intersection(old) for new, old in zip(step, box, strict=True)]
            self._boxes[bits] = box
        return self._boxes[bits]

    @cached_property
    def coordinates(self) -> list["Number"]:
        """The coordinates as numbers."""
        return [Coordinate(self, j) for j in range(len(self._boxes[0]))]

    def constant(self, value: fmpq | int) -> "Number":
        """Return a rational number as a number at this point."""
        return Number(self, _identity, (fmpq(value),))

    @cached_property
    def field(self) -> RealField:
        """The number field of the point."""
        if self.claim is None:
            return rationals()
        return RealField(self.claim.parametrisation.chi, self.claim.index)

    @cached_property
    def elements(self) -> list[FieldElement]:
        """The coordinates as elements of the field, checked exactly against the system.

        Raises
        ------
        TheoremViolationError
            If the claimed algebraic point is not the point in the box.
        """
        if self.claim is None:
            return []
        parametrisation = self.claim.parametrisation
        scale = FieldElement(self.field, parametrisation.denominator).inverse()
        found = [FieldElement(self.field, n) * scale for n in parametrisation.numerators]
        values = (
            evaluated(terms, found, lambda n: self.field(fmpq(n))) for terms in self.system.terms
        )
        solves = all(value.is_zero() for value in values)
        inside = any(
            all(box.contains(e.ball(bits)) for box, e in zip(self._boxes[0], found, strict=True))
            for bits in (2**k for k in range(8, 16))
        )
        if not (solves and inside):
            raise TheoremViolationError(
                "an algebraic point is not the solution that its box isolates"
            )
        return found

    def __reduce__(self) -> tuple:
        """Pickle what `from_document` reads, and the claim also if nobody has asked for it yet."""
        claim = self.__dict__.get("claim", self._claim)
        if not self.system.variables:
            return IsolatedPoint, (self.system, [], claim)
        return _certified_again, (self.system, *self._recertified(), claim)

    def to_document(self) -> dict[str, Any]:
        """Return a text form: a centre for `from_document` to certify again, and the claim."""
        if not self.system.variables:
            return {}
        bits, centre = self._recertified()
        record: dict[str, Any] = {"bits": bits, "centre": [str(entry) for entry in centre]}
        if self.claim is not None:
            record["chi_denominator_numerators"] = self.claim.parametrisation.to_text()
            record["root"] = self.claim.index
        return record

    def _recertified(self) -> tuple[int, list[fmpq]]:
        """Return a centre from which the point can be certified anew, and the precision."""
        for bits in CERTIFICATION_BITS:
            with ctx.workprec(bits):
                centre = [exact_value((+ball).mid()) for ball in self.balls(bits)]
            if certified_box(self.system, lambda _, c=centre: list(map(arb, c)), [bits]):
                return bits, centre
        raise TheoremViolationError("a certified point cannot be certified again")

    @classmethod
    def from_document(cls, system: PolynomialSystem, record: dict[str, Any]) -> Self:
        """Read a point back and certify it anew.

        Raises
        ------
        TheoremViolationError
            If interval Newton does not prove a solution around the recorded centre.
        """
        if not system.variables:
            return cls(system, [], None)
        centre = [parse_fraction(text) for text in record["centre"]]
        if len(centre) != len(system.variables) or record["bits"] not in CERTIFICATION_BITS:
            raise ValueError("a recorded centre does not fit its system")
        texts = record["chi_denominator_numerators"]
        claim = Root(Parametrisation.from_text(texts), record["root"])
        return _certified_again(system, record["bits"], centre, claim)


def _certified_again(
    system: PolynomialSystem,
    bits: int,
    centre: Sequence[fmpq],
    claim: Root | Callable[[IsolatedPoint], Root],
) -> IsolatedPoint:
    """Prove that there is a solution around a recorded centre, and return it."""
    box = certified_box(system, lambda _: list(map(arb, centre)), [bits])
    if box is None:
        raise TheoremViolationError("there is no isolated solution at a recorded centre")
    return IsolatedPoint(system, box, claim)


def rational_point() -> IsolatedPoint:
    """Return the point without coordinates, whose numbers are the rationals."""
    return IsolatedPoint(PolynomialSystem((), ()), [], None)


def _operators(operation: Callable) -> tuple[Callable, Callable]:
    """Return the methods of an operation with a number on its left, and on its right."""
    return (
        lambda number, other: _combined(number.point, operation, number, other),
        lambda number, other: _combined(number.point, operation, other, number),
    )


class Number:
    """A rational function of the coordinates of an isolated point, evaluated when asked.

    Parameters
    ----------
    point : IsolatedPoint
    operation : callable
        Of balls, or of exact elements: one of + - * / or the identity.
    operands : tuple of Number or fmpq
    """

    __slots__ = ("_balls", "_exact", "operands", "operation", "point")

    def __init__(self, point: IsolatedPoint, operation: Callable, operands: tuple) -> None:
        self.point, self.operation, self.operands = point, operation, operands
        self._balls: dict[int, arb] = {}
        self._exact: FieldElement | None = None

    def __reduce__(self) -> tuple:
        """Pickle the steps to the number one after the other; nested, they could be too deep."""
        places: dict[int, int] = {}
        steps: list[Number | tuple[Callable, tuple[int | fmpq, ...]]] = []
        for number in self._unknown(lambda known: id(known) in places):
            places[id(number)] = len(steps)
            steps.append(number._step(places))
        return _from_steps, (self.point, steps)

    def _step(self, places: Mapping[int, int]) -> Any:
        """Return the operation, and operands by their places or as rational numbers."""
        operands = (places[id(o)] if isinstance(o, Number) else fmpq(o) for o in self.operands)
        return self.operation, tuple(operands)

    def ball(self, bits: int) -> arb:
        """Return an enclosure from coordinates known to about the given number of bits."""
        if bits not in self._balls:
            with ctx.workprec(bits + 32):
                self._evaluate(bits)
        return self._balls[bits]

    def _evaluate(self, bits: int) -> None:
        """Find the balls that are needed, operands first: most time of an exact proof goes here."""
        waiting = [self]
        while waiting:
            number = waiting[-1]
            operands = [o for o in number.operands if isinstance(o, Number)]
            if unknown := [operand for operand in operands if bits not in operand._balls]:
                waiting += unknown
            else:
                waiting.pop()
                if bits not in number._balls:
                    number._balls[bits] = number._ball(bits)

    def _unknown(self, is_known: Callable[["Number"], bool]) -> Iterator["Number"]:
        """Yield what has to be evaluated, operands first; a sum over all data nests deeply."""
        waiting = [self]
        while waiting:
            operands = (o for o in waiting[-1].operands if isinstance(o, Number))
            if is_known(waiting[-1]):
                waiting.pop()
            elif unknown := [operand for operand in operands if not is_known(operand)]:
                waiting += unknown
            else:
                yield waiting.pop()

    def _ball(self, bits: int) -> arb:
        values = [o._balls[bits] if isinstance(o, Number) else arb(o) for o in self.operands]
        return self.operation(*values)

    def exact(self) -> FieldElement:
        """Return the number as an element of the point's field."""
        if self._exact is None:
            for number in self._unknown(lambda known: known._exact is not None):
                number._exact = number._exactly()
        return self._exact

    def _exactly(self) -> FieldElement:
        field = self.point.field
        values = [o.exact() if isinstance(o, Number) else field(o) for o in self.operands]
        return self.operation(*values)

    def sign(self) -> int:
        """Return the exact sign, -1, 0 or 1 (Lemma 16)."""
        for tried, bits in enumerate(precisions()):
            if tried == BALLS_BEFORE_EXACT and self.exact().is_zero():
                return 0
            if settled := ball_sign(self.ball(bits)):
                return settled
        raise AssertionError("unreachable: precisions() never ends")

    def is_zero(self) -> bool:
        """Decide exactly whether the number is 0."""
        return self.sign() == 0

    __add__, __radd__ = _operators(operator.add)
    __sub__, __rsub__ = _operators(operator.sub)
    __mul__, __rmul__ = _operators(operator.mul)
    __truediv__, __rtruediv__ = _operators(operator.truediv)

    def __neg__(self) -> "Number":
        return Number(self.point, operator.neg, (self,))

    def __lt__(self, other: "Number") -> bool:
        return compare(self, other) < 0

    def __gt__(self, other: "Number") -> bool:
        return compare(self, other) > 0

    def __float__(self) -> float:
        """Return the nearest double, or one of two that are nearly as near."""
        balls = (arb(0) if self.is_zero() else self.ball(bits) for bits in precisions())
        middle = exact_value(next(ball for ball in balls if ball.rel_accuracy_bits() > 60).mid())
        return int(middle.p) / int(middle.q)

    def __repr__(self) -> str:
        return f"Number({self.ball(64).str(15, radius=False)})"


class Coordinate(Number):
    """A coordinate of an isolated point."""

    __slots__ = ("index",)

    def __reduce__(self) -> tuple:
        return Coordinate, (self.point, self.index)

    def _step(self, places: Mapping[int, int]) -> Number:
        return self

    def __init__(self, point: IsolatedPoint, index: int) -> None:
        super().__init__(point, _identity, ())
        self.index = index

    def _ball(self, bits: int) -> arb:
        return self.point.balls(bits)[self.index]

    def _exactly(self) -> FieldElement:
        return self.point.elements[self.index]


def _from_steps(point: IsolatedPoint, steps: Sequence[Any]) -> Number:
    """Return the number that the last step ends with."""
    numbers: list[Number] = []
    for step in steps:
        if not isinstance(step, Number):
            operation, operands = step
            found = (numbers[o] if isinstance(o, int) else o for o in operands)
            step = Number(point, operation, tuple(found))
        numbers.append(step)
    return numbers[-1]


def _identity(value: Any) -> Any:
    return value


def _combined(point: IsolatedPoint, operation: Callable, left: Any, right: Any) -> Number:
    """Join two operands; trivial sums and products with 0 and 1 are not recorded."""
    if isinstance(left, Number) and isinstance(right, Number):
        if left.point is not right.point:
            raise ValueError("numbers at different points can only be compared")
        return Number(point, operation, (left, right))
    value, other = (right, left) if isinstance(left, Number) else (left, right)
    if not isinstance(value, fmpq | int):
        return NotImplemented
    divides = operation is operator.truediv and value is right
    if value == 0:
        if divides:
            raise ZeroDivisionError("a number is divided by 0")
        if operation in (operator.mul, operator.truediv):
            return point.constant(0)
        if operation is operator.add or value is right:
            return other
    if value == 1 and (operation is operator.mul or divides):
        return other
    return Number(point, operation, (left, right))


def compare(left: Number, right: Number) -> int:
    """Return the sign of left - right, also for numbers at different points (Lemma 16).

    Two equal numbers have the same minimal polynomial and lie on the same root of it; balls of
    rising precision separate all others.
    """
    if left is right:
        return 0
    if left.point is right.point:
        return (left - right).sign()
    shared: fmpz_poly | None = None
    for tried, bits in enumerate(precisions()):
        with ctx.workprec(bits + 32):
            if settled := ball_sign(left.ball(bits) - right.ball(bits)):
                return settled
            if tried == BALLS_BEFORE_EXACT:
                minimal = left.exact().minimal_polynomial()
                shared = minimal if minimal == right.exact().minimal_polynomial() else None
            if shared is not None:
                both = left.ball(bits).union(right.ball(bits))
                if sum(root.overlaps(both) for root in real_roots(shared)) == 1:
                    return 0
    raise AssertionError("unreachable: precisions() never ends")


def exact_value(ball: arb) -> fmpq:
    """Return the value of a ball of radius 0."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)
