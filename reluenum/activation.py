"""The activation of the hidden units: a slope below 0, and another one above.

FLINT and NumPy are loaded where slopes are computed with; to plan an experiment, nobody needs them.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING, Any

from reluenum.algebra.scalars import ratio, shown
from reluenum.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from flint import fmpq

LARGEST_SLOPE = 1 << 26
"""Whole numbers over the common denominator of both slopes are smaller: doubles hold products."""

NAMED = {(0, 1): "relu", (-1, 1): "abs"}
"""Slopes that have a name."""

EXPECTED = "relu, abs, leaky:A (slopes A and 1) or slopes:A,B (below and above 0)"


@dataclass(frozen=True)
class Activation:
    """The function phi(t) = below min(t, 0) + above max(t, 0).

    Parameters
    ----------
    slopes : (Fraction, Fraction)
        Below and above 0; they differ.

    Raises
    ------
    InputError
        If they are equal, or too long.

    Examples
    --------
    >>> Activation.of("leaky:0.1"), Activation.of("slopes:-1,1"), Activation.of("leaky:0").text
    (Activation("leaky:1/10"), Activation("abs"), 'relu')
    >>> import numpy as np
    >>> Activation.of("slopes:-1/3,2").values(np.array([-3.0, 3.0])).tolist()
    [1.0, 6.0]
    """

    slopes: tuple[Fraction, Fraction]

    def __post_init__(self) -> None:
        if self.slopes[0] == self.slopes[1]:
            found = f"slopes that are both {shown(self.slopes[0])}"
            raise InputError("activation", found, "two different ones: it would be linear")
        if max(map(abs, self.wholes)) >= LARGEST_SLOPE:
            found = f"slopes {', '.join(map(shown, self.slopes))}"
            raise InputError("activation", found, "slopes of at most 7 digits")

    @classmethod
    def of(cls, given: Any) -> "Activation":
        """Read an activation from its text; one that has been read is returned.

        Raises
        ------
        InputError
            If it is none.
        """
        return given if isinstance(given, cls) else cls(read_slopes(given))

    @cached_property
    def text(self) -> str:
        """The one text that documents have."""
        below, above = self.slopes
        if self.slopes in NAMED:
            return NAMED[self.slopes]
        return f"leaky:{below}" if above == 1 else f"slopes:{below},{above}"

    @property
    def is_relu(self) -> bool:
        """Whether it is max(t, 0)."""
        return self.slopes == (0, 1)

    @property
    def is_even(self) -> bool:
        """Whether phi(-t) = phi(t): a unit and its negative are the same (Lemma 63)."""
        return self.slopes[0] == -self.slopes[1]

    @cached_property
    def below(self) -> "fmpq":
        """The slope below 0."""
        return _exact_slope(self.slopes[0])

    @cached_property
    def above(self) -> "fmpq":
        """The slope above 0."""
        return _exact_slope(self.slopes[1])

    @cached_property
    def bend(self) -> "fmpq":
        """What the slope is larger above 0 than below: phi(t) = below t + bend max(t, 0)."""
        return self.above - self.below

    @cached_property
    def denominator(self) -> int:
        """The common denominator of the slopes."""
        return lcm(*(slope.denominator for slope in self.slopes))

    @cached_property
    def wholes(self) -> tuple[int, int]:
        """The slopes as whole numbers over it."""
        below, above = (int(slope * self.denominator) for slope in self.slopes)
        return below, above

    def slope(self, sign: int) -> "fmpq":
        """Return the slope on a side of 0."""
        return self.above if sign > 0 else self.below

    def at(self, height: Any) -> Any:
        """Return the value at a rational, or a ball, of which it encloses what both sides give."""
        if not hasattr(height, "max"):
            return height * self.slope(1 if height > 0 else -1)
        above = height.max(height * 0)
        return above if self.is_relu else height * self.below + above * self.bend

    def values(self, heights: "np.ndarray") -> "np.ndarray":
        """Return the values at doubles."""
        import numpy as np

        if self.is_relu:
            return np.maximum(heights, 0)
        return heights * self.derivatives(heights)

    def derivatives(self, heights: "np.ndarray") -> "np.ndarray":
        """Return the slopes at doubles: that below 0 at 0, too; of relu as truth values."""
        import numpy as np

        if self.is_relu:
            return heights > 0
        below, above = map(float, self.slopes)
        return np.where(heights > 0, above, below)

    def __repr__(self) -> str:
        return f'Activation("{self.text}")'


@dataclass(frozen=True)
class Units:
    """The hidden units of a network: which of them can be stationary, and which are the same.

    Parameters
    ----------
    activation : Activation
    absorbed : bool
        Whether a linear part makes up for linear functions of a unit: only the kink of the
        activation counts then, which is even (Lemma 76).

    Examples
    --------
    >>> relu, kink = Units(RELU), Units(RELU, absorbed=True)
    >>> [signs for signs in ("++", "-+", "--") if relu.answers(signs)]
    ['++', '-+']
    >>> [signs for signs in ("+-", "++", "-+") if kink.answers(signs) and kink.represents(signs)]
    ['+-']
    """

    activation: Activation
    absorbed: bool = False

    @property
    def is_even(self) -> bool:
        """Whether a unit and its negative are the same (Lemmas 63 and 76)."""
        return self.absorbed or self.activation.is_even

    def answers(self, signs: str) -> bool:
        """Whether units with some signs answer to a data point: others are not stationary."""
        if self.absorbed:
            return "+" in signs and "-" in signs
        below, above = self.activation.slopes
        return (above != 0 and "+" in signs) or (below != 0 and "-" in signs)

    def represents(self, signs: str) -> bool:
        """Whether a face is meant when it or its opposite is, if their units are the same.

        Of the two it is the one whose first sign that is not 0 is + (Lemma 63); else every face
        stands for itself.
        """
        return not (self.is_even and signs.lstrip("0").startswith("-"))


def read_slopes(text: Any) -> tuple[Fraction, Fraction]:
    """Read the slopes below and above 0 from the text of an activation.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> [str(slope) for slope in read_slopes("leaky:1/10")]
    ['1/10', '1']
    """
    named = {name: (Fraction(below), Fraction(above)) for (below, above), name in NAMED.items()}
    if not isinstance(text, str):
        raise InputError("activation", shown(text), EXPECTED)
    if text in named:
        return named[text]
    kind, mark, rest = text.partition(":")
    numbers = [*rest.split(","), *(["1"] if kind == "leaky" else [])]
    if not mark or kind not in ("leaky", "slopes") or len(numbers) != 2:
        raise InputError("activation", shown(text), EXPECTED)
    try:
        below, above = (Fraction(*ratio(number)) for number in numbers)
    except ValueError as error:
        raise InputError("activation", f"{shown(text)}: {error}", EXPECTED) from error
    return below, above


def _exact_slope(slope: Fraction) -> "fmpq":
    from flint import fmpq

    return fmpq(slope.numerator, slope.denominator)


RELU = Activation((Fraction(0), Fraction(1)))
"""The activation that a problem has by default."""

USUAL = Units(RELU)
"""Units of a problem by default."""
