"""The solutions of a system by the roots of one polynomial."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from flint import arb, arb_poly, ctx, fmpq, fmpq_poly, fmpz, fmpz_poly

from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.algebra.numberfield import real_roots


@dataclass(frozen=True)
class Parametrisation:
    """Solutions x_j = numerators[j](t) / denominator(t), where chi(t) = 0.

    Parameters
    ----------
    chi : fmpz_poly
    denominator : fmpq_poly
        Not 0 at any root of chi.
    numerators : tuple of fmpq_poly
        One per variable.
    """

    chi: fmpz_poly
    denominator: fmpq_poly
    numerators: tuple[fmpq_poly, ...]
    _points: dict[int, list[list[arb]]] = field(default_factory=dict, compare=False, repr=False)

    def real_points(self, bits: int) -> list[list[arb]]:
        """Return enclosures of all real solutions, ascending in t, with the given precision.

        For a squarefree chi; computed once for each precision.
        """
        if bits not in self._points:
            polynomials = [p.coeffs() for p in (self.denominator, *self.numerators)]
            with ctx.workprec(bits):
                rows = [
                    [arb_poly(coefficients)(root) for coefficients in polynomials]
                    for root in real_roots(self.chi)
                ]
                self._points[bits] = [[v / values[0] for v in values[1:]] for values in rows]
        return self._points[bits]

    def without(self, variables: int) -> Self:
        """Return the projection that forgets the first so many variables."""
        return type(self)(self.chi, self.denominator, self.numerators[variables:])

    def __reduce__(self) -> tuple:
        return Parametrisation.from_text, (self.to_text(),)

    def to_text(self) -> list[list[str]]:
        """Return the coefficients of chi, denominator and numerators as text."""
        return [
            [str(c) for c in polynomial.coeffs()]
            for polynomial in (self.chi, self.denominator, *self.numerators)
        ]

    @classmethod
    def from_text(cls, texts: Sequence[Sequence[str]]) -> Self:
        """Read the coefficients back."""
        chi, *others = ([parse_fraction(c) for c in text] for text in texts)
        denominator, *numerators = map(fmpq_poly, others)
        return cls(fmpq_poly(chi).numer(), denominator, tuple(numerators))


@dataclass(frozen=True)
class Root:
    """One real solution of a parametrisation whose chi is irreducible.

    Parameters
    ----------
    parametrisation : Parametrisation
    index : int
        Which real root of chi, counted from 0 in ascending order.
    """

    parametrisation: Parametrisation
    index: int

    def balls(self, bits: int) -> list[arb]:
        """Return enclosures of the coordinates, computed with the given precision."""
        return self.parametrisation.real_points(bits)[self.index]


def real_solutions(parametrisation: Parametrisation) -> list[Root]:
    """Return the real solutions, one irreducible factor of chi after the other."""
    found = []
    for factor, _ in sorted(parametrisation.chi.factor()[1], key=lambda pair: pair[0].coeffs()):
        reduced = Parametrisation(
            factor,
            parametrisation.denominator % fmpq_poly(factor),
            tuple(n % fmpq_poly(factor) for n in parametrisation.numerators),
        )
        found += [Root(reduced, k) for k in range(len(reduced.real_points(CERTIFICATION_BITS[0])))]
    return found


def parse_fraction(text: str) -> fmpq:
    """Read an integer or a fraction p/q of any length."""
    numerator, _, denominator = text.partition("/")
    return fmpq(fmpz(numerator), fmpz(denominator or "1"))
