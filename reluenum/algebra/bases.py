"""From the Groebner basis of a zero-dimensional ideal to a parametrisation of its points.

Quotient algebra, separating linear form, shape position (docs/theory.md, section 9.1).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, count, islice
from operator import le
from typing import Self

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_mpoly, fmpz_mpoly_vec, fmpz_poly

from reluenum.algebra.parametrisation import Parametrisation
from reluenum.algebra.polynomials import PolynomialSystem, normalised, ring

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

    @cached_property
    def dimension(self) -> int:
        """Dimension of the complex solution set; -1 if it is empty."""
        return krull_dimension(self.leading, len(self.variables))

    @cached_property
    def staircase(self) -> tuple[Exponents, ...]:
        """Monomials outside the leading ideal, ascending: a basis of the quotient algebra.

        Raises
        ------
        ValueError
            If the ideal is not zero-dimensional.
        """
        if self.dimension > 0:
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


def krull_dimension(leading: Iterable[Exponents], variables: int) -> int:
    """Return the dimension of the solution set of an ideal from its leading monomials.

    It is the number of variables without the fewest that meet every leading monomial; -1 if one
    of these is 1.
    """
    supports = {frozenset(j for j, e in enumerate(m) if e) for m in leading}
    minimal = [s for s in supports if not any(other < s for other in supports)]
    for size in range(variables + 1):
        for chosen in map(set, combinations(range(variables), size)):
            if all(chosen & support for support in minimal):
                return variables - size
    return -1


def divides(divisor: Exponents, monomial: Exponents) -> bool:
    """Whether one monomial divides another."""
    return all(map(le, divisor, monomial))


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
    """Return the shape position along a form, or None if its powers do not span (Lemma 15)."""
    names = len(quotient.basis.variables)
    coordinates = [quotient.normal_form({_shifted((0,) * names, j): 1}) for j in range(names)]
    return _by_powers(quotient.multiplication(form), coordinates)


def _by_powers(matrix: fmpq_mat, elements: Sequence[list[fmpq]]) -> Parametrisation | None:
    """Write elements of an algebra as polynomials in one of them, or return None if it has others.

    Row k of the matrix is the product of the one and the k-th vector of a basis that starts with 1.
    """
    degree = matrix.nrows()
    power = fmpq_mat(1, degree, [1] + [0] * (degree - 1))
    powers = []
    for _ in range(degree + 1):
        powers.append(power.tolist()[0])
        power = power * matrix
    krylov = fmpq_mat(powers[:degree]).transpose()
    try:
        solution = krylov.solve(fmpq_mat([*elements, powers[degree]]).transpose())
    except ZeroDivisionError:
        return None
    columns = solution.transpose().tolist()
    chi = fmpq_poly([*(-entry for entry in columns[-1]), 1])
    return Parametrisation(chi.numer(), fmpq_poly([1]), tuple(map(fmpq_poly, columns[:-1])))


def canonical(parametrisation: Parametrisation) -> Parametrisation:
    """Return the one parametrisation that every parametrisation of the same points has.

    It goes along the first of `linear_forms` that separates the points; chi is squarefree and
    primitive with positive leading coefficient, the denominator 1, and the numerators are reduced.

    Parameters
    ----------
    parametrisation : Parametrisation
        Different roots of its chi give different points.

    Raises
    ------
    ValueError
        If they do not, or there is none.
    """
    if parametrisation.chi.degree() < 1:
        raise ValueError("a parametrisation of no points")
    modulus = fmpq_poly(_squarefree(parametrisation.chi))
    inverse = parametrisation.denominator.xgcd(modulus)[1] % modulus
    values = [n * inverse % modulus for n in parametrisation.numerators]
    for form in islice(linear_forms(len(values)), _enough_forms(len(values), modulus.degree())):
        element = sum((c * v for c, v in zip(form, values, strict=True)), start=fmpq_poly([]))
        rows = [element]
        for _ in range(modulus.degree() - 1):
            rows.append(rows[-1] * fmpq_poly([0, 1]) % modulus)
        matrix = fmpq_mat([_coordinates(row, modulus) for row in rows])
        if found := _by_powers(matrix, [_coordinates(v, modulus) for v in values]):
            return found
    raise ValueError("different roots do not give different points")


def _enough_forms(variables: int, points: int) -> int:
    """Return how many of `linear_forms` surely separate so many points (Lemma 15).

    Two different points have equal values of the k-th moment form for fewer k than variables.
    """
    return variables + (variables - 1) * points * (points - 1) // 2 + 1


def _coordinates(polynomial: fmpq_poly, modulus: fmpq_poly) -> list[fmpq]:
    """Return the coefficients of a reduced polynomial, with zeros up to the modulus's degree."""
    return [polynomial[k] for k in range(modulus.degree())]


def _squarefree(polynomial: fmpz_poly) -> fmpz_poly:
    """Return the product of the irreducible factors of a polynomial that is no constant."""
    return polynomial / polynomial.gcd(polynomial.derivative())


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
        unit = [0] * len(basis.variables)
        terms = {}
        for power, coefficient in enumerate(_squarefree(minimal).coeffs()):
            unit[j] = power
            terms[tuple(unit)] = coefficient
        found.append(target.from_dict(terms))
    return found


def radical_system(basis: GroebnerBasis) -> PolynomialSystem:
    """Return generators of the radical of a zero-dimensional ideal (Lemma 15)."""
    return PolynomialSystem(basis.variables, (*basis.polynomials, *minimal_polynomials(basis)))


@dataclass(frozen=True)
class Solutions:
    """The complex solutions of a polynomial system.

    Parameters
    ----------
    dimension : int
        Of the solution set; -1: there is none.
    degree : int or None
        How many there are, with multiplicity (dimension of the quotient algebra); None if there
        are infinitely many.
    parametrisation : Parametrisation, optional
        Present if and only if there are finitely many, and some.
    engine: str
        Which backend says so, if several were asked.
    """

    dimension: int
    degree: int | None
    parametrisation: Parametrisation | None = None
    engine: str = field(default="", compare=False)

    @classmethod
    def of_dimension(cls, dimension: int) -> Self:
        """Return what there is to say about no solutions, or infinitely many."""
        return cls(dimension, 0 if dimension < 0 else None)

    def without(self, variables: int) -> Self:
        """Return the projection that forgets the first so many variables, functions of others."""
        if self.parametrisation is None or variables == 0:
            return self
        return replace(self, parametrisation=self.parametrisation.without(variables))


def solutions(system: PolynomialSystem, basis_of: Callable[..., GroebnerBasis]) -> Solutions:
    """Solve a system by Groebner bases.

    Parameters
    ----------
    system : PolynomialSystem
    basis_of : callable
        From a system to the reduced basis of an ideal with its solutions, with or without the
        Rabinowitsch variable; asked again for the radical of an awkward ideal.
    """
    basis = basis_of(system)
    if basis.dimension != 0:
        return Solutions.of_dimension(basis.dimension)
    found = find_shape(basis, len(basis.variables) + FORMS_BEFORE_RADICAL)
    found = found or find_shape(basis_of(radical_system(basis)), None)
    extra = len(basis.variables) - len(system.variables)
    return Solutions(0, basis.degree, found).without(extra)
