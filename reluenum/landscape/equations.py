"""The polynomial system whose solutions are the stationary points on a support.

Section 4 of docs/theory.md, in scaled unknowns: the unit vector w_l = u_l / Lambda that every
neuron of face l is parallel to, and s_l = sum of a^2 over the neurons on that face, so that
f(x) = sum_l s_l w_l . (x, 1) over the active faces. The system is

    Lambda w_l = P_l sum_{i in A_l} r_i row_i,    |w_l|^2 = 1,    r = R (y - f).

With slopes below and above 0 a point counts by its slope (Lemma 59).
"""

from collections.abc import Sequence
from itertools import accumulate

from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import dot
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.geometry.arrangement import Face, answering_sites
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import Support
from reluenum.problem import Problem


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


def errors_of(
    problem: Problem, support: Sequence[Face], directions: Sequence, squares: Sequence
) -> list:
    """Return the mean of y - f (before the output bias) on each site, over any ring.

    Parameters
    ----------
    problem : Problem
    support : (m,) sequence of Face
        They may repeat.
    directions : (m, d + 1) nested sequence
        w_l: v / |v| up to the sign of a, say.
    squares : (m,) sequence
        s_l: sums of a^2, if so; what counts is that a v adds up to s_l w_l on each face.
    """
    errors: list = list(problem.means)
    for face, direction, square in zip(support, directions, squares, strict=True):
        for k, slope in answering_sites(problem, face):
            output = square * dot(direction, problem.sites[k].row)
            errors[k] = errors[k] - (output if slope == 1 else output * slope)
    return errors


def face_gradient(problem: Problem, face: Face, residual: Sequence) -> list:
    """Return g_F = sum_{i active} r_i row_i, a point times its slope, over any ring.

    Parameters
    ----------
    problem : Problem
    face : Face
    residual : sequence
        The mean of r on each site.
    """
    sums, sites = problem.weighted(residual), answering_sites(problem, face)
    values = [sums[k] if slope == 1 else sums[k] * slope for k, slope in sites]
    rows = [problem.sites[k].row for k, _ in sites]
    return [dot(values, [row[j] for row in rows]) for j in range(problem.coordinates)]


def stationarity_system(problem: Problem, support: Support) -> PolynomialSystem:
    """Return the system of a support, equations (1) and (2) of docs/theory.md.

    Stationary points are the solutions with positive squares and units in their faces (Lemma 2).

    Returns
    -------
    PolynomialSystem
        Square: as many equations as unknowns, of degree at most 2.
    """
    coefficients = _Coefficients(problem, support)
    equations = [e for place in range(len(support)) for e in coefficients.of_face(place)]
    return PolynomialSystem.of_coefficients(variables_of(support), equations)


class _Coefficients:
    """The system of a support as coefficients of monomials in `variables_of(support)`."""

    def __init__(self, problem: Problem, support: Support) -> None:
        self.problem, self.support = problem, support
        self.bases = [fmpq_mat([list(vector) for vector in face.basis]) for face in support]
        self.starts = [*accumulate((face.dimension for face in support), initial=0)]

    def of_face(self, place: int) -> list[dict[tuple[int, ...], fmpq]]:
        """Return (1) in the directions of the flat of a face, and (2)."""
        face, basis, moments = self.support[place], self.bases[place], Moments.of(self.problem)
        pulls = (basis * fmpq_mat([[entry] for entry in moments.response(face)])).entries()
        metric, own = (basis * basis.transpose()).tolist(), range(*self.starts[place : place + 2])
        length = {self._monomial(): fmpq(-1)}
        equations = []
        for row, pull, j in zip(metric, pulls, own, strict=True):
            equation = {self._monomial(): pull}
            for entry, k in zip(row, own, strict=True):
                equation[self._monomial(k)] = -self.problem.effective_ridge * entry
                square = self._monomial(j, k)
                length[square] = length.get(square, 0) + entry
            equations.append(equation)
        for m, other in enumerate(self.support):
            gram = basis * fmpq_mat([*map(list, moments.gram(face, other))])
            rows = (gram * self.bases[m].transpose()).tolist()
            for equation, row in zip(equations, rows, strict=True):
                for k, entry in enumerate(row, self.starts[m]):
                    equation[self._monomial(k, self.starts[-1] + m)] = -entry
        return [*equations, length]

    def _monomial(self, *unknowns: int) -> tuple[int, ...]:
        """Return the exponents of a product of unknowns, given by their numbers."""
        exponents = [0] * (self.starts[-1] + len(self.support))
        for j in unknowns:
            exponents[j] += 1
        return tuple(exponents)
