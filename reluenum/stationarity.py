"""The polynomial system whose solutions are the stationary points on a support.

Section 4 of docs/theory.md, in scaled unknowns: the unit vector w_l = u_l / Lambda that every
neuron of face l is parallel to, and s_l = sum of a^2 over the neurons on that face, so that
f(x) = sum_l s_l w_l . (x, 1) over the active faces. The system is

    Lambda w_l = P_l sum_{i in A_l} r_i row_i,    |w_l|^2 = 1,    r = R (y - f).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import (
    Ordering,
    fmpq,
    fmpq_mpoly,
    fmpq_mpoly_ctx,
    fmpz,
    fmpz_mpoly,
    fmpz_mpoly_ctx,
    fmpz_mpoly_vec,
)

from reluenum.arrangement import Face, active_sites
from reluenum.linear import dot
from reluenum.moments import Moments
from reluenum.patterns import Support
from reluenum.problem import Problem

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
        variables = range(len(self.variables))
        return [[_factored(p.derivative(j)) for j in variables] for p in self.polynomials]

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


def ring(variables: tuple[str, ...]) -> fmpz_mpoly_ctx:
    """Return the polynomial ring over Z with the graded reverse lexicographic order."""
    return fmpz_mpoly_ctx.get(variables, Ordering.degrevlex)


def integral(polynomial: fmpq_mpoly, target: fmpz_mpoly_ctx) -> fmpz_mpoly:
    """Return the primitive integral multiple of a polynomial, leading coefficient positive."""
    terms = polynomial.to_dict()
    denominator = 1
    for coefficient in terms.values():
        denominator = coefficient.q.lcm(denominator)
    scaled = {exponents: (value * denominator).p for exponents, value in terms.items()}
    return normalised(target.from_dict(scaled))


def normalised(polynomial: fmpz_mpoly) -> fmpz_mpoly:
    """Return the primitive part with a positive leading coefficient."""
    if polynomial.is_zero():
        return polynomial
    primitive = polynomial.primitive()[1]
    return -primitive if primitive.leading_coefficient() < 0 else primitive


def variables_of(support: Support) -> tuple[str, ...]:
    """Return the unknowns: coordinates w of each unit vector in its flat, then the squares s."""
    directions = [f"w{k}_{j}" for k, face in enumerate(support) for j in range(face.dimension)]
    return (*directions, *(f"s{k}" for k in range(len(support))))


def unknowns(support: Support, values: Sequence) -> tuple[list[list], list]:
    """Split values of `variables_of(support)` into unit vectors and squares.

    Parameters
    ----------
    support : Support
    values : sequence of elements of any ring that contains Q

    Returns
    -------
    directions : list of (d + 1,) lists
        w_l in the coordinates (b, c).
    squares : list
        s_l.
    """
    directions, used = [], 0
    for face in support:
        coordinates = values[used : used + face.dimension]
        directions.append([dot(coordinates, column) for column in zip(*face.basis, strict=True)])
        used += face.dimension
    return directions, list(values[used:])


def weighted_directions(directions: Sequence, squares: Sequence) -> list[list]:
    """Return s_l w_l, that is a v summed over the neurons of each face, over any ring."""
    return [
        [square * entry for entry in direction]
        for direction, square in zip(directions, squares, strict=True)
    ]


def errors_of(problem: Problem, support: Support, directions: Sequence, squares: Sequence) -> list:
    """Return the mean of y - f (before the output bias) on each site, over any ring."""
    errors: list = list(problem.means)
    for face, direction, square in zip(support, directions, squares, strict=True):
        for k in active_sites(problem, face):
            errors[k] = errors[k] - square * dot(direction, problem.sites[k].row)
    return errors


def face_gradient(problem: Problem, face: Face, residual: Sequence) -> list:
    """Return g_F = sum_{i active} r_i row_i, over any ring, from the mean of r on each site."""
    sums, active = problem.weighted(residual), active_sites(problem, face)
    values, rows = [sums[k] for k in active], [problem.sites[k].row for k in active]
    return [dot(values, [row[j] for row in rows]) for j in range(problem.dimension + 1)]


def stationarity_system(problem: Problem, support: Support) -> PolynomialSystem:
    """Return the system of a support, equations (1) and (2) of docs/theory.md.

    Stationary points are the solutions with positive squares and units in their faces (Lemma 2).

    Returns
    -------
    PolynomialSystem
        Square: as many equations as unknowns, of degree at most 2.
    """
    names = variables_of(support)
    context = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
    directions, squares = unknowns(support, context.gens())
    moments, weighted = Moments.of(problem), weighted_directions(directions, squares)
    equations = []
    for face, direction in zip(support, directions, strict=True):
        gradient = moments.gradient(face, support, weighted)
        slack = [g - problem.effective_ridge * w for g, w in zip(gradient, direction, strict=True)]
        equations += [dot(slack, vector) for vector in face.basis]
        equations.append(dot(direction, direction) - 1)
    return PolynomialSystem.of(names, [context.constant(fmpq(0)) + e for e in equations])


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
