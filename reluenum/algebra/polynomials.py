"""Polynomial systems with rational coefficients: what is handed to a backend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import Ordering, fmpq, fmpq_mpoly, fmpz, fmpz_mpoly, fmpz_mpoly_ctx, fmpz_mpoly_vec

from reluenum.algebra.linear import common_denominator

Terms = list[tuple[fmpz, tuple[int, ...]]]


@dataclass(frozen=True)
class PolynomialSystem:
    """Equations and inequations over Z in named variables, in the degree reverse lex order.

    Its solutions are V(polynomials) without V(product of nonzero).

    Parameters
    ----------
    variables : tuple of str
    polynomials : tuple of fmpz_mpoly
        What must vanish. Primitive, in `ring(variables)`.
    nonzero : tuple of fmpz_mpoly
        What must not vanish.
    """

    variables: tuple[str, ...]
    polynomials: tuple[fmpz_mpoly, ...]
    nonzero: tuple[fmpz_mpoly, ...] = ()

    @classmethod
    def of(
        cls,
        variables: Sequence[str],
        polynomials: Iterable[fmpq_mpoly],
        nonzero: Iterable[fmpq_mpoly] = (),
    ) -> "PolynomialSystem":
        """Clear the denominators of rational polynomials."""
        target = ring(tuple(variables))
        return cls(
            tuple(variables),
            tuple(integral(p, target) for p in polynomials),
            tuple(integral(p, target) for p in nonzero),
        )

    @classmethod
    def of_coefficients(
        cls, variables: Sequence[str], polynomials: Iterable[Mapping[tuple[int, ...], fmpq]]
    ) -> "PolynomialSystem":
        """Clear the denominators of polynomials that are given by exponents and coefficients.

        Examples
        --------
        >>> half = PolynomialSystem.of_coefficients(["x"], [{(2,): fmpq(1, 2), (0,): fmpq(-1)}])
        >>> half.to_text()
        ['x^2-2']
        """
        target = ring(tuple(variables))
        return cls(tuple(variables), tuple(_cleared(terms, target) for terms in polynomials))

    @cached_property
    def vector(self) -> fmpz_mpoly_vec:
        """The polynomials as a FLINT vector."""
        return fmpz_mpoly_vec(list(self.polynomials), ring(self.variables))

    @cached_property
    def rabinowitsch(self) -> "PolynomialSystem":
        """The same solutions by equations alone: with t * product(nonzero) = 1, t a new variable.

        The new variable comes first, so the solutions lose nothing when they lose it again. A
        system without inequations is returned as it is.
        """
        if not self.nonzero:
            return self
        name = "t"
        while name in self.variables:
            name += "t"
        target = ring((name, *self.variables))
        product = target.gen(0)
        for polynomial in self.nonzero:
            product = product * _lifted(polynomial, target)
        polynomials = [_lifted(p, target) for p in self.polynomials]
        return PolynomialSystem((name, *self.variables), (*polynomials, normalised(product - 1)))

    @property
    def extra_variables(self) -> int:
        """How many variables `rabinowitsch` adds."""
        return len(self.rabinowitsch.variables) - len(self.variables)

    @cached_property
    def terms(self) -> list[Terms]:
        """Each polynomial as a list of coefficients and factors (variable numbers)."""
        return [_factored(p) for p in self.polynomials]

    @cached_property
    def jacobian_terms(self) -> list[list[Terms]]:
        """The Jacobian matrix, in the form of `terms`."""
        return [_differentiated(terms, len(self.variables)) for terms in self.terms]

    def __reduce__(self) -> tuple:
        parts = ([p.to_dict() for p in part] for part in (self.polynomials, self.nonzero))
        return _system, (self.variables, *parts)

    def to_text(self) -> list[str]:
        """Return each polynomial as text, e.g. `3*x^2*y - 1`, without blanks."""
        return [str(p).replace(" ", "") for p in self.polynomials]


def _system(variables: tuple[str, ...], *parts: Iterable[dict]) -> PolynomialSystem:
    """Return a system from the terms of its polynomials."""
    target = ring(variables)
    return PolynomialSystem(variables, *(tuple(map(target.from_dict, part)) for part in parts))


def _lifted(polynomial: fmpz_mpoly, target: fmpz_mpoly_ctx) -> fmpz_mpoly:
    """Return a polynomial in a ring with one more variable, the first."""
    return target.from_dict({(0, *e): c for e, c in polynomial.to_dict().items()})


def _factored(polynomial: fmpz_mpoly) -> Terms:
    """Return the terms of a polynomial with their monomials as repeated variable numbers."""
    return [
        (coefficient, tuple(j for j, e in enumerate(exponents) for _ in range(e)))
        for exponents, coefficient in polynomial.to_dict().items()
    ]


def _differentiated(terms: Terms, variables: int) -> list[Terms]:
    """Return the derivatives of a polynomial by each of its variables, in the same form."""
    found: list[Terms] = [[] for _ in range(variables)]
    for coefficient, factors in terms:
        for place, j in enumerate(factors):
            if j not in factors[:place]:
                rest = factors[:place] + factors[place + 1 :]
                found[j].append((coefficient * factors.count(j), rest))
    return found


def ring(variables: tuple[str, ...]) -> fmpz_mpoly_ctx:
    """Return the polynomial ring over Z with the graded reverse lexicographic order."""
    return fmpz_mpoly_ctx.get(variables, Ordering.degrevlex)


def integral(polynomial: fmpq_mpoly, target: fmpz_mpoly_ctx) -> fmpz_mpoly:
    """Return the primitive integral multiple of a polynomial, leading coefficient positive."""
    return _cleared(polynomial.to_dict(), target)


def _cleared(terms: Mapping[tuple[int, ...], fmpq], target: fmpz_mpoly_ctx) -> fmpz_mpoly:
    denominator = common_denominator(terms.values())
    scaled = {exponents: (value * denominator).p for exponents, value in terms.items()}
    return normalised(target.from_dict(scaled))


def normalised(polynomial: fmpz_mpoly) -> fmpz_mpoly:
    """Return the primitive part with a positive leading coefficient."""
    if polynomial.is_zero():
        return polynomial
    primitive = polynomial.primitive()[1]
    return -primitive if primitive.leading_coefficient() < 0 else primitive


def simple_points_system(system: PolynomialSystem) -> PolynomialSystem:
    """Return the system of the simple isolated solutions: Jacobian determinant non-zero.

    It is zero-dimensional for any square system and keeps every stationary point with independent
    responses (Corollary 9.1 of docs/theory.md).
    """
    jacobian = [[p.derivative(name) for name in system.variables] for p in system.polynomials]
    slack = ring(system.variables).constant(0) + determinant(jacobian)
    return replace(system, nonzero=(*system.nonzero, normalised(slack)))


def determinant(matrix: Sequence[Sequence]):
    """Return a determinant over a commutative ring (Laplace expansion, shared minors)."""
    minors = {(): 1}
    for row in matrix:
        extended: dict[tuple[int, ...], object] = {}
        for columns, minor in minors.items():
            for j, entry in enumerate(row):
                if j in columns or entry == 0:
                    continue
                chosen = tuple(sorted((*columns, j)))
                term = entry * minor
                if (len(chosen) - 1 - chosen.index(j)) % 2:
                    term = -term
                extended[chosen] = extended[chosen] + term if chosen in extended else term
        minors = extended
    return minors.get(tuple(range(len(matrix))), 0)
