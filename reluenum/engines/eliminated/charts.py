"""Coordinates in which the surrogate's critical points are few and its equations small.

A living unit is v = rho w with one pre-activation of w equal to 1 or -1, so rho > 0 on the whole
open face; the signs of (a, v) drop out, and with them a factor 2^L of solutions. Two systems have
the same solutions off the denominator of the surrogate (docs/theory.md, section 13):

- `charted_system`: the numerators of the gradient, in (kappa, tau), kappa = 1 / rho^2;
- `graph_system`: the same with the eliminated weights as further unknowns, q = a rho and
  gamma = a / rho, which clears the denominator without saturation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import Ordering, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx

from reluenum.algebra.linear import Vector, combine, dot
from reluenum.algebra.polynomials import PolynomialSystem, integral, ring
from reluenum.engines.eliminated.surrogate import Surrogate, surrogate
from reluenum.geometry.arrangement import Face, signed_rows
from reluenum.geometry.supports import Support
from reluenum.landscape.equations import errors_of, face_gradient
from reluenum.problem import Problem


@dataclass(frozen=True)
class Chart:
    """Coordinates (rho, tau) of a face with a point i off 0: v = rho (origin + sum tau_j e_j).

    Parameters
    ----------
    frame : tuple of vectors
        A basis of the flat: the first one, the origin of the chart, has the sign of point i as
        its pre-activation there, the others 0.
    """

    frame: tuple[Vector, ...]

    @classmethod
    def of(cls, problem: Problem, face: Face) -> "Chart":
        """Return the chart of a face, not the origin's, at its first active point if it has one."""
        signs = face.sign_values
        side, point = (1, signs.index(1)) if 1 in signs else (-1, signs.index(-1))
        values = [side * dot(problem.rows[point], vector) for vector in face.basis]
        pivot = next(k for k, value in enumerate(values) if value != 0)
        origin = tuple(entry / values[pivot] for entry in face.basis[pivot])
        tangents = [
            tuple(entry - value * shift for entry, shift in zip(vector, origin, strict=True))
            for k, (vector, value) in enumerate(zip(face.basis, values, strict=True))
            if k != pivot
        ]
        return cls((origin, *tangents))

    @property
    def tangents(self) -> int:
        """Number of coordinates tau."""
        return len(self.frame) - 1

    def unit(self, tau: Sequence) -> list:
        """Return w = origin + sum tau_j e_j, over any ring that contains Q."""
        return list(combine([1, *tau], self.frame))

    def coordinates(self, vector: Sequence) -> list:
        """Return the coordinates of the orthogonal projection of a vector onto the flat."""
        frame = fmpq_mat([list(entry) for entry in self.frame])
        dual = (frame * frame.transpose()).inv() * frame
        return [dot(row, vector) for row in dual.tolist()]


def graph_variables(charts: Sequence[Chart]) -> tuple[str, ...]:
    """Return the unknowns of `graph_system`: q of every unit, then tau, then gamma."""
    taus = [f"t{k}_{j}" for k, chart in enumerate(charts) for j in range(chart.tangents)]
    units = range(len(charts))
    return (*(f"q{k}" for k in units), *taus, *(f"g{k}" for k in units))


def graph_unknowns(charts: Sequence[Chart], values: Sequence) -> tuple[list, list[list], list]:
    """Split values of `graph_variables` into q, tau of each unit, and gamma."""
    size = len(charts)
    taus, used = [], size
    for chart in charts:
        taus.append(list(values[used : used + chart.tangents]))
        used += chart.tangents
    return list(values[:size]), taus, list(values[used:])


@dataclass(frozen=True)
class UnitEquations:
    """The equations of one unit, over Q, in the unknowns of all units.

    Parameters
    ----------
    leading : fmpq_mpoly
        alpha_0, the coordinate of P g along the origin of the chart.
    collinear : tuple of fmpq_mpoly
        alpha_j - tau_j alpha_0: P g is parallel to w.
    scaled : fmpq_mpoly
        alpha_0 gamma - Lambda.
    balanced : fmpq_mpoly
        gamma^2 - |w|^2.
    """

    leading: fmpq_mpoly
    collinear: tuple[fmpq_mpoly, ...]
    scaled: fmpq_mpoly
    balanced: fmpq_mpoly

    @property
    def all(self) -> tuple[fmpq_mpoly, ...]:
        """Everything that vanishes."""
        return (*self.collinear, self.scaled, self.balanced)


def graph_equations(problem: Problem, faces: Sequence[Face]) -> tuple[UnitEquations, ...]:
    """Return the equations of every unit in the ring of `graph_variables` (Lemma 21).

    Parameters
    ----------
    problem : Problem
    faces : sequence of Face
        Living ones, each of which answers to a point; they may repeat.
    """
    charts = [Chart.of(problem, face) for face in faces]
    context = fmpq_mpoly_ctx.get(graph_variables(charts), Ordering.degrevlex)
    zero = context.constant(0)
    weights, taus, slopes = graph_unknowns(charts, context.gens())
    units = [
        [zero + entry for entry in chart.unit(tau)] for chart, tau in zip(charts, taus, strict=True)
    ]
    residual = problem.residual(errors_of(problem, faces, units, weights))
    found = []
    for face, chart, unit, tau, slope in zip(faces, charts, units, taus, slopes, strict=True):
        alpha = chart.coordinates(face_gradient(problem, face, residual))
        leading, *others = (zero + entry for entry in alpha)
        collinear = tuple(entry - t * leading for entry, t in zip(others, tau, strict=True))
        scaled = leading * slope - problem.effective_ridge
        found.append(UnitEquations(leading, collinear, scaled, slope * slope - dot(unit, unit)))
    return tuple(found)


def graph_system(problem: Problem, faces: Sequence[Face]) -> PolynomialSystem:
    """Return the critical points of the surrogate together with their output weights.

    Returns
    -------
    PolynomialSystem
        Square, of degree at most 3.
    """
    units = graph_equations(problem, faces)
    names = graph_variables([Chart.of(problem, face) for face in faces])
    collinear = [equation for unit in units for equation in unit.collinear]
    scaled, balanced = [unit.scaled for unit in units], [unit.balanced for unit in units]
    return PolynomialSystem.of(names, [*collinear, *scaled, *balanced])


def inside_system(problem: Problem, faces: Sequence[Face]) -> PolynomialSystem:
    """Return `graph_system` off the hyperplanes xi_il = 0 that do not contain a unit's face.

    As the paper does it; needed only where `graph_system` has infinitely many solutions.
    """
    system = graph_system(problem, faces)
    context = fmpq_mpoly_ctx.get(system.variables, Ordering.degrevlex)
    charts = [Chart.of(problem, face) for face in faces]
    _, taus, _ = graph_unknowns(charts, context.gens())
    target = ring(system.variables)
    planes = [
        integral(context.constant(0) + dot(chart.unit(tau), row), target)
        for face, chart, tau in zip(faces, charts, taus, strict=True)
        for row, _ in signed_rows(problem, face)
    ]
    distinct = {str(plane): plane for plane in planes if not plane.is_constant()}
    return replace(system, nonzero=tuple(distinct.values()))


def charted_system(problem: Problem, support: Support) -> PolynomialSystem:
    """Return the numerators of the surrogate's gradient, off its denominator, in (kappa, tau).

    The derivatives that turn a unit factor: the numerator of its output weight divides them, and
    it vanishes at no solution (Lemma 20).
    """
    charts = [Chart.of(problem, face) for face in support]
    found = surrogate(problem, support, [chart.frame for chart in charts])
    names = (
        *(f"k{k}" for k in range(len(charts))),
        *(f"t{k}_{j}" for k, chart in enumerate(charts) for j in range(chart.tangents)),
    )
    context = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
    equations = [
        _in_chart(equation, charts, context)
        for k in range(len(charts))
        for equation in _radial_and_turning(found, k)
    ]
    return PolynomialSystem.of(names, equations, [_in_chart(found.denominator, charts, context)])


def _radial_and_turning(found: Surrogate, k: int) -> list[fmpq_mpoly]:
    """Return the numerators of one unit's gradient, the turning ones without their factor."""
    frame = fmpq_mat([list(vector) for vector in found.frames[k]])
    names = [f"v{k}_{j}" for j in range(len(found.frames[k]))]
    top, bottom = found.value.numerator, found.value.denominator
    slopes = [top.derivative(n) * bottom - top * bottom.derivative(n) for n in names]
    raised = [dot(row, slopes) for row in (frame * frame.transpose()).inv().tolist()]
    if found.weights[k].is_zero():
        return raised[:1]  # 2 Lambda rho, which vanishes nowhere
    unit = [top.context().gens()[found.variables.index(name)] for name in names]
    turning = [
        (raised[j] * unit[0] - raised[0] * unit[j]) / found.weights[k] for j in range(1, len(names))
    ]
    return [raised[0], *turning]


def _in_chart(
    polynomial: fmpq_mpoly, charts: Sequence[Chart], context: fmpq_mpoly_ctx
) -> fmpq_mpoly:
    """Write a polynomial in the coordinates v in the chart, up to a power of each rho.

    Changing the sign of (a, v) of a unit changes the surrogate nowhere, so that the degrees in
    one unit's coordinates are all even or all odd, and rho occurs through kappa = 1 / rho^2.
    """
    terms = polynomial.to_dict()
    sizes = [len(chart.frame) for chart in charts]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    degrees = {e: [sum(e[b : b + n]) for b, n in zip(starts, sizes, strict=True)] for e in terms}
    highest = [max(column) for column in zip(*degrees.values(), strict=True)]
    return context.from_dict(
        {
            (
                *((high - low) // 2 for high, low in zip(highest, degrees[e], strict=True)),
                *(x for b, n in zip(starts, sizes, strict=True) for x in e[b + 1 : b + n]),
            ): coefficient
            for e, coefficient in terms.items()
        }
    )
