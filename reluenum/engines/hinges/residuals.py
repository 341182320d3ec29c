"""What follows from one residual: the hinges that are tight, and what units can be (Lemma 83)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from reluenum.engines.hinges.hinges import LEFT, RIGHT, SLOPE, Hinges
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.problem import Linear


@dataclass(frozen=True, eq=False)
class HingeResidual:
    """A residual r of sum 0, as exact numbers, and the function p_r of each side.

    Parameters
    ----------
    hinges : Hinges
    values : (p,) list of fmpq
        r at the sites.

    Examples
    --------
    >>> from reluenum.problem import Problem
    >>> data = Problem.from_text([[x] for x in "012"], list("101"), 2, "1/8")
    >>> hinges = Hinges.of(data)
    >>> edges, signs = (1, 2), (1, 1)
    >>> slopes = hinges.slopes(edges, signs)
    >>> slopes, hinges.residual(edges, slopes)
    ([5/8, 5/8], [1/8, -1/4, 1/8])
    >>> best = HingeResidual(hinges, hinges.residual(edges, slopes))
    >>> best.heights[RIGHT], best.heights[LEFT], best.largest
    ([0, 1/8, 0], [0, 1/8, 0], 1/8)
    """

    hinges: Hinges
    values: Sequence[fmpq]

    @cached_property
    def forces(self) -> list[fmpq]:
        """The residual times the weights."""
        return [w * r for w, r in zip(self.hinges.weights, self.values, strict=True)]

    @cached_property
    def derivatives(self) -> list[fmpq]:
        """The slope of p_r before all inputs, in each gap, and behind them: p + 1 numbers."""
        sums, found = fmpq(0), [fmpq(0)]
        for force in self.forces:
            sums += force
            found.append(sums)
        return found

    @cached_property
    def tilt(self) -> fmpq:
        """The sum u of r x: what a straight line is summed to."""
        inputs = self.hinges.inputs
        return sum((f * x for f, x in zip(self.forces, inputs, strict=True)), fmpq(0))

    @property
    def slope(self) -> fmpq:
        """The linear part as far as it is penalised, 0 otherwise (Lemma 74)."""
        return self.tilt / self.hinges.ridge if self.hinges.linear is Linear.RIDGE else fmpq(0)

    @property
    def square(self) -> fmpq:
        """The loss of a sum of squares but for that of the units: errors, and the linear part."""
        errors = sum((f * r for f, r in zip(self.forces, self.values, strict=True)), fmpq(0))
        return errors + self.hinges.ridge * self.slope**2

    @cached_property
    def heights(self) -> dict[int, list[fmpq]]:
        """The values of p_r for kinks at the inputs, of units active to the right, to the left."""
        value, right, inputs = self.tilt, [self.tilt], self.hinges.inputs
        for k in range(1, len(inputs)):
            value += self.derivatives[k] * (inputs[k] - inputs[k - 1])
            right.append(value)
        return {RIGHT: right, LEFT: [value - self.tilt for value in right]}

    @cached_property
    def largest(self) -> fmpq:
        """M(r), the largest |p_r| of all units with |b| = 1 (Lemma 85)."""
        return max(abs(value) for values in self.heights.values() for value in values)

    @property
    def is_global(self) -> bool:
        """Whether M(r) is the ridge at most: what is stationary is global at every width."""
        return self.largest <= self.hinges.ridge

    def sign(self, side: int, place: int) -> int:
        """Return the sign of p_r at an input if it is tight there, else 0."""
        value = self.heights[side][place]
        return 0 if abs(value) != self.hinges.ridge else (1 if value > 0 else -1)

    @cached_property
    def signs(self) -> dict[int, int]:
        """The tight hinges, each with the sign of its factor."""
        inner = range(1, self.hinges.size - 1)
        found = {self.hinges.number(side, j): self.sign(side, j) for side in (1, -1) for j in inner}
        if self.hinges.count:
            found[SLOPE] = self.sign(RIGHT, 0)
        return {edge: sign for edge, sign in found.items() if sign}

    @cached_property
    def states(self) -> tuple[HingeState, ...]:
        """What the units of a local minimum with this residual can be."""
        return tuple(sorted([*self._kinks(), *self._gaps(), *self._lines(), *self._zeros()]))

    def _places(self, side: int) -> range:
        """Return the inputs at which a unit that is active to one side can have its kink."""
        last = self.hinges.size - 1
        return range(last) if side == RIGHT else range(1, last + 1)

    def _kinks(self) -> Iterator[HingeState]:
        """Yield the kinks at inputs that are local maxima of s p_r (Lemma 84)."""
        for side in self.hinges.sides:
            for place in self._places(side):
                sign = self.sign(side, place)
                before, behind = (sign * self.derivatives[place + k] for k in (0, 1))
                if sign and before >= 0 >= behind:
                    yield HingeState(Kind.KINK, sign, side, place)

    def _gaps(self) -> Iterator[HingeState]:
        """Yield the gaps in which s p_r is the ridge."""
        for side in self.hinges.sides:
            for place in self._places(side)[:-1]:
                sign = self.sign(side, place)
                if sign and self.sign(side, place + 1) == sign:
                    yield HingeState(Kind.GAP, sign, side, place)

    def _lines(self) -> Iterator[HingeState]:
        """Yield the straight lines, of either sign."""
        if self.hinges.count and (tilt := self.sign(RIGHT, 0)):
            for sign in (1, -1):
                yield HingeState(Kind.LINE, sign, sign * tilt)

    def _zeros(self) -> Iterator[HingeState]:
        """Yield what a unit without size can be, up to mirror images (Lemmas 85 and 127)."""
        yield HingeState(Kind.INACTIVE)
        if abs(self.tilt) <= self.hinges.ridge and not self.hinges.absorbs:
            yield HingeState(Kind.ACTIVE)
        if self.is_global:
            yield HingeState(Kind.ZERO)
