"""Functions of two parameters on many boxes at once: quadratic polynomials, and what they lack.

Each is an array of doubles. What rounding and truncation may change is bounded by a number that is
rounded up: a sum of m products of doubles is off by at most m 2^-53 (1 + 2^-50) of the sum of their
sizes, and TINY covers what is too small for a double.
"""

import numpy as np

Array = np.ndarray

ROUNDED = 2.0**-50  # of sizes: eight roundings, as many as coefficients of a product need
UP, TINY = 1 + 2.0**-44, 1e-300  # for numbers >= 0 that are computed in less than 500 roundings


def root(x: Array) -> Array:
    """Return an upper bound of the square root of upper bounds, 0 for negative ones."""
    return np.sqrt(np.maximum(x, 0)) * UP


def product(one: Array, other: Array) -> Array:
    """Return the product of polynomials, cut at degree 2: the coefficients come first."""
    a, b, c, p, q, r = one
    x, y, z, s, t, u = other
    return np.stack(
        [
            a * x,
            a * y + b * x,
            a * z + c * x,
            a * s + b * y + p * x,
            a * t + b * z + c * y + q * x,
            a * u + c * z + r * x,
        ]
    )


class Model:
    """Functions of (d, e) in [-1, 1]^2: `terms` of 1, d, e, d^2, d e, e^2, up to at most `rest`.

    Parameters
    ----------
    terms : array of shape (6, ...)
    rest : array of shape (...) or None
        None if the polynomials are exact.

    Examples
    --------
    >>> d = Model(np.array([3.0, 1, 0, 0, 0, 0]))
    >>> least, most = (d * d * d).span()
    >>> bool(least <= 8 and 64 <= most < 66)
    True
    """

    __slots__ = ("rest", "terms")

    def __init__(self, terms: Array, rest: Array | None = None) -> None:
        self.terms = terms
        self.rest = np.zeros(terms.shape[1:]) if rest is None else rest

    @staticmethod
    def of(value: Array, slack: float = 0.0) -> "Model":
        """Return constants, known up to some of their sizes."""
        terms = np.zeros((6, *np.shape(value)))
        terms[0] = value
        return Model(terms, slack * np.abs(value) + (TINY if slack else 0))

    @staticmethod
    def between(low: Array, high: Array, side: int) -> "Model":
        """Return what goes from low to high with d (1) or e (2)."""
        terms = np.zeros((6, *low.shape))
        terms[0], terms[side] = (low + high) / 2, (high - low) / 2
        return Model(terms, ROUNDED * (np.abs(low) + np.abs(high)))

    def __getitem__(self, key: tuple) -> "Model":
        return Model(self.terms[:, *key], self.rest[key])

    def __add__(self, other: "Model | float") -> "Model":
        if not isinstance(other, Model):
            other = Model.of(np.broadcast_to(float(other), self.rest.shape))
        terms = self.terms + other.terms
        return Model(terms, _up(self.rest + other.rest + ROUNDED * _sizes(terms)))

    def __sub__(self, other: "Model") -> "Model":
        return self + Model(-other.terms, other.rest)

    def __mul__(self, other: "Model | Array | float") -> "Model":
        if not isinstance(other, Model):
            terms = self.terms * other
            return Model(terms, _up(self.rest * np.abs(other) + ROUNDED * _sizes(terms)))
        (a, b, c, *more), (x, y, z, *most) = np.abs(self.terms), np.abs(other.terms)
        one, two, three, four = b + c, sum(more), y + z, sum(most)
        size, length = a + one + two, x + three + four
        cut = one * four + two * (three + four)
        rest = self.rest * (length + other.rest) + size * (other.rest + ROUNDED * length)
        return Model(product(self.terms, other.terms), _up(cut + rest))

    def sum(self) -> "Model":
        """Return the sums along the last axis."""
        sizes = self.terms.shape[-1] * ROUNDED * _sizes(self.terms)
        return Model(self.terms.sum(-1), _up((self.rest + sizes).sum(-1)))

    def mixed(self, weights: Array) -> "Model":
        """Return weights @ functions."""
        sizes = self.terms.shape[-2] * ROUNDED * _sizes(self.terms)
        return Model(weights @ self.terms, _up(np.abs(weights) @ (self.rest + sizes)))

    def inverse(self) -> "Model":
        """Return 1 / x: c (1 + r + r^2 + ...) with r = 1 - c x, infinitely unsure if |r| >= 1."""
        c = 1 / self.terms[0]
        r = self * -c + 1.0
        found, size = ((r + 1.0) * r + 1.0) * c, r.size()
        rest = np.abs(c) * size * size * size / np.where(size < 1, 1 - size, 0)
        return Model(found.terms, _up(found.rest + np.where(size < 1, rest, np.inf)))

    def span(self) -> tuple[Array, Array]:
        """Return bounds of all values, from below and from above."""
        a, b, c, p, q, r = self.terms
        sizes = _sizes(self.terms)
        room = _up(np.abs(b) + np.abs(c) + np.abs(q) + self.rest + ROUNDED * (sizes + self.rest))
        low = a + np.minimum(p, 0) + np.minimum(r, 0) - room
        return low, a + np.maximum(p, 0) + np.maximum(r, 0) + room

    def size(self) -> Array:
        """Return bounds of the sizes of all values."""
        low, high = self.span()
        return np.maximum(-low, high)

    def distance(self) -> Array:
        """Return lower bounds of the sizes of all values."""
        low, high = self.span()
        return np.maximum(np.maximum(low, -high), 0)


def _up(x: Array) -> Array:
    return x * UP + TINY


def _sizes(terms: Array) -> Array:
    return np.abs(terms).sum(0)
