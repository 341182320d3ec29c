"""From the Groebner basis of a zero-dimensional ideal to a parametrisation of its points.

Quotient algebra, separating linear form, shape position (docs/theory.md, section 9).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_mpoly, fmpz_mpoly_vec, fmpz_poly

from reluenum.algebraic import Parametrisation
from reluenum.stationarity import PolynomialSystem, normalised, ring

Exponents = tuple[int, ...]

FORMS_BEFORE_RADICAL = 3
"""Linear forms tried on top of the single variables before an ideal is made radical."""


@dataclass(frozen=True)
class GroebnerBasis:
    """A reduced Groebner basis in the graded reverse lexicographic order.

    It is unique for an ideal, so every engine must return the same one.

    Parameters
    ----------
    variables : tuple of str
    polynomials : tuple of fmpz_mpoly
        Primitive, leading coefficients positive, ascending by leading monomial.
    """

    variables: tuple[str, ...]
    polynomials: tuple[fmpz_mpoly, ...]

    @classmethod
    def of(cls, variables: Sequence[str], polynomials: Sequence[fmpz_mpoly]) -> "GroebnerBasis":
        """Put the elements of a reduced basis into canonical form."""
        ordered = sorted(
            (normalised(p) for p in polynomials), key=lambda p: grevlex_key(p.monomial(0))
        )
        return cls(tuple(variables), tuple(ordered))

    @cached_property
    def leading(self) -> tuple[Exponents, ...]:
        """Leading monomials."""
        return tuple(p.monomial(0) for p in self.polynomials)

    @property
    def is_unit(self) -> bool:
        """Whether the ideal is everything: no solution, not even a complex one."""
        return any(not any(monomial) for monomial in self.leading)

    @property
    def is_zero_dimensional(self) -> bool:
        """Whether there are finitely many complex solutions."""
        pure = {
            next(j for j, e in enumerate(m) if e) for m in self.leading if sum(map(bool, m)) == 1
        }
        return self.is_unit or len(pure) == len(self.variables)

    @cached_property
    def staircase(self) -> tuple[Exponents, ...]:
        """Monomials outside the leading ideal, ascending: a basis of the quotient algebra.

        Raises
        ------
        ValueError
            If the ideal is not zero-dimensional.
        """
        if not self.is_zero_dimensional:
            raise ValueError("the quotient of a positive-dimensional ideal has no finite basis")
        found: set[Exponents] = set()
        frontier = [(0,) * len(self.variables)]
        while frontier:
            monomial = frontier.pop()
            if monomial in found or any(divides(lead, monomial) for lead in self.leading):
                continue
            found.add(monomial)
            frontier += [_shifted(monomial, j) for j in range(len(monomial))]
        return tuple(sorted(found, key=grevlex_key))

    @property
    def degree(self) -> int:
        """Dimension of the quotient: complex solutions counted with multiplicity."""
        return len(self.staircase)


def grevlex_key(exponents: Exponents) -> tuple:
    """Return a sort key: ascending keys are ascending monomials in degree reverse lex order."""
    return (sum(exponents), tuple(-e for e in reversed(exponents)))


def divides(divisor: Exponents, monomial: Exponents) -> bool:
    """Whether one monomial divides another."""
    return all(d <= m for d, m in zip(divisor, monomial, strict=True))


def _shifted(exponents: Exponents, variable: int) -> Exponents:
    """Multiply a monomial by a variable."""
    return (*exponents[:variable], exponents[variable] + 1, *exponents[variable + 1 :])


class Quotient:
    """The finite-dimensional algebra Q[x]/I of a zero-dimensional ideal.

    Parameters
    ----------
    basis : GroebnerBasis
        Of a zero-dimensional ideal that is not everything.
    """

    def __init__(self, basis: GroebnerBasis) -> None:
        self.basis = basis
        self._position = {m: k for k, m in enumerate(basis.staircase)}
        # FLINT's reduction loses a scalar factor; an extra, smallest variable carries it along.
        self._ring = ring((*basis.variables, "_"))
        self._divisors = fmpz_mpoly_vec(
            [self._lift(p.to_dict()) for p in basis.polynomials], self._ring
        )
        self._tag = self._ring.gens()[-1]

    def _lift(self, terms: dict) -> fmpz_mpoly:
        return self._ring.from_dict({(*exponents, 0): c for exponents, c in terms.items()})

    def normal_form(self, terms: dict) -> list[fmpq]:
        """Return the coordinates of a polynomial (exponents to integers) in the quotient."""
        reduced = (self._lift(terms) + self._tag).reduction_primitive_part(self._divisors).to_dict()
        tag = (*([0] * len(self.basis.variables)), 1)
        scale = reduced.pop(tag)
        vector = [fmpq(0)] * len(self._position)
        for exponents, coefficient in reduced.items():
            vector[self._position[exponents[:-1]]] = fmpq(coefficient, scale)
        return vector

    def multiplication(self, form: Sequence[int]) -> fmpq_mat:
        """Return the matrix whose row k is (linear form) * (k-th basis monomial)."""
        rows = []
        for monomial in self.basis.staircase:
            terms = {_shifted(monomial, j): c for j, c in enumerate(form) if c}
            rows.append(self.normal_form(terms))
        return fmpq_mat(rows)


def shape_position(quotient: Quotient, form: Sequence[int]) -> Parametrisation | None:
    """Return the shape position along a linear form, or None if its powers do not span."""
    matrix = quotient.multiplication(form)
    degree = quotient.basis.degree
    power = fmpq_mat(1, degree, [1] + [0] * (degree - 1))
    powers = []
    for _ in range(degree + 1):
        powers.append(power.tolist()[0])
        power = power * matrix
    krylov = fmpq_mat(powers[:degree]).transpose()
    names = len(quotient.basis.variables)
    targets = [quotient.normal_form({_shifted((0,) * names, j): 1}) for j in range(names)]
    try:
        solution = krylov.solve(fmpq_mat([*targets, powers[degree]]).transpose())
    except ZeroDivisionError:
        return None
    columns = solution.transpose().tolist()
    chi = fmpq_poly([*(-entry for entry in columns[-1]), 1])
    return Parametrisation(chi.numer(), fmpq_poly([1]), tuple(map(fmpq_poly, columns[:-1])))


def linear_forms(variables: int) -> Iterator[list[int]]:
    """Yield candidates for a separating form: single variables (last first), then moment curves.

    Among sum_j k^j x_j, k = 1, 2, ..., all but finitely many separate any finite set.
    """
    for j in reversed(range(variables)):
        yield [int(k == j) for k in range(variables)]
    for k in count(1):
        yield [k**j for j in range(variables)]


def find_shape(basis: GroebnerBasis, attempts: int | None) -> Parametrisation | None:
    """Return a shape position along one of the first so many forms, or None (None: no limit)."""
    quotient = Quotient(basis)
    for tried, form in enumerate(linear_forms(len(basis.variables))):
        if attempts is not None and tried >= attempts:
            return None
        if shape := shape_position(quotient, form):
            return shape
    raise AssertionError("unreachable: linear_forms() never ends")


def minimal_polynomials(basis: GroebnerBasis) -> list[fmpz_mpoly]:
    """Return the squarefree part of the minimal polynomial of each variable (Seidenberg)."""
    quotient = Quotient(basis)
    target = ring(basis.variables)
    found = []
    for j in range(len(basis.variables)):
        form = [int(k == j) for k in range(len(basis.variables))]
        minimal = quotient.multiplication(form).minpoly().numer()
        squarefree = (
            minimal / minimal.gcd(minimal.derivative()) if minimal.degree() > 1 else minimal
        )
        unit = [0] * len(basis.variables)
        terms = {}
        for power, coefficient in enumerate(fmpz_poly(squarefree).coeffs()):
            unit[j] = power
            terms[tuple(unit)] = coefficient
        found.append(target.from_dict(terms))
    return found


def radical_system(basis: GroebnerBasis) -> PolynomialSystem:
    """Return generators of the radical of a zero-dimensional ideal (Seidenberg's lemma 92)."""
    return PolynomialSystem(basis.variables, (*basis.polynomials, *minimal_polynomials(basis)))


@dataclass(frozen=True)
class Solutions:
    """The complex solutions of a polynomial system.

    Parameters
    ----------
    dimension : int
        -1: none; 0: finitely many; 1: infinitely many.
    parametrisation : Parametrisation, optional
        Present if and only if there are finitely many, and some.
    """

    dimension: int
    parametrisation: Parametrisation | None = None


def solutions(system: PolynomialSystem, basis_of: Callable[..., GroebnerBasis]) -> Solutions:
    """Solve a system by Groebner bases.

    Parameters
    ----------
    system : PolynomialSystem
    basis_of : callable
        From a system to its reduced basis; asked again for the radical of an awkward ideal.
    """
    basis = basis_of(system)
    if basis.is_unit:
        return Solutions(-1)
    if not basis.is_zero_dimensional:
        return Solutions(1)
    found = find_shape(basis, len(basis.variables) + FORMS_BEFORE_RADICAL)
    return Solutions(0, found or find_shape(basis_of(radical_system(basis)), None))
