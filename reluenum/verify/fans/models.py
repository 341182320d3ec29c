"""Functions of two parameters of a box: a quadratic polynomial, and a ball for what it lacks."""

from collections.abc import Sequence

from flint import arb, arb_mat

EITHER, SQUARE = arb(0, 1), arb(0.5, 0.5)  # the values of a coordinate, and of its square
TERMS = 6  # 1, d, e, d^2, d e, e^2


class Model:
    """A function of (d, e) in [-1, 1]^2, as balls for the coefficients of 1, d, e, d^2, de, e^2.

    For each place there are numbers in the balls with which it is the value of the function.

    Examples
    --------
    >>> d = Model.of(arb(3), arb(1))
    >>> (d * d * d).range().contains(64), (d * d - d * 6).range().upper() < -7.9
    (True, True)
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Sequence[arb]) -> None:
        self.terms = terms

    @staticmethod
    def of(value: arb, first: arb | int = 0, second: arb | int = 0) -> "Model":
        """Return value + first d + second e."""
        return Model([arb(value), arb(first), arb(second), arb(0), arb(0), arb(0)])

    def __add__(self, other: "Model") -> "Model":
        return Model([a + b for a, b in zip(self.terms, other.terms, strict=True)])

    def __sub__(self, other: "Model") -> "Model":
        return Model([a - b for a, b in zip(self.terms, other.terms, strict=True)])

    def __mul__(self, other: "Model | arb | int") -> "Model":
        if not isinstance(other, Model):
            return Model([a * other for a in self.terms])
        a, b, c, p, q, r = self.terms
        x, y, z, s, t, u = other.terms
        one, two = abs(b) + abs(c), abs(p) + abs(q) + abs(r)
        three, four = abs(y) + abs(z), abs(s) + abs(t) + abs(u)
        rest = (one * four + two * (three + four)).upper()
        return Model(
            [
                a * x + arb(0, rest),
                a * y + b * x,
                a * z + c * x,
                a * s + b * y + p * x,
                a * t + b * z + c * y + q * x,
                a * u + c * z + r * x,
            ]
        )

    def shifted(self, number: arb | int) -> "Model":
        """Return the function plus a number."""
        return Model([self.terms[0] + number, *self.terms[1:]])

    def middle(self) -> "Model":
        """Return the function without the radii of its coefficients."""
        return Model([x.mid() for x in self.terms])

    def range(self) -> arb:
        """Return a ball with all values."""
        a, b, c, p, q, r = self.terms
        return a + b * EITHER + c * EITHER + q * EITHER + p * SQUARE + r * SQUARE

    def size(self) -> arb:
        """Return a bound of all values."""
        return abs(self.range()).upper()


def total(models: Sequence[Model]) -> Model:
    """Return a sum of functions."""
    found = models[0]
    for model in models[1:]:
        found = found + model
    return found


def weighted(numbers: Sequence[arb], models: Sequence[Model]) -> Model:
    """Return a sum of functions with weights."""
    return total([model * number for number, model in zip(numbers, models, strict=True)])


def combined(matrix: arb_mat, models: Sequence[Model]) -> list[Model]:
    """Return the product of a matrix and a column of functions."""
    found = matrix * arb_mat([model.terms for model in models])
    return [Model(row) for row in found.tolist()]
