"""Interval Newton: boxes in which a square system is proved to have one solution."""

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, arb_mat, ctx

from reluenum.algebra.polynomials import PolynomialSystem, Terms

CERTIFICATION_BITS = (128, 256, 512, 1024)
"""Precisions at which interval Newton is tried on an approximate solution."""


def certified_box(
    system: PolynomialSystem,
    approximation: Callable[[int], Sequence[arb]],
    precisions_tried: Sequence[int] = CERTIFICATION_BITS,
    sizes: Sequence[arb] | None = None,
) -> list[arb] | None:
    """Return a box that holds exactly one solution of a square system, or None.

    Parameters
    ----------
    system : PolynomialSystem
    approximation : callable
        From a precision in bits to balls near a solution.
    precisions_tried : sequence of int
    sizes : (N,) sequence of arb, optional
        How large unknowns are, nearly; 1 if it is not said.

    Notes
    -----
    If the interval Newton image of a box lies in its interior, the box holds exactly one
    solution, and the image holds it too (Lemma 18). At a simple solution this succeeds at some
    precision.
    """
    for bits in precisions_tried:
        with ctx.workprec(2 * bits):
            centre = [arb(ball).mid() for ball in approximation(bits)]
            floor, width = arb(2) ** -(bits // 4), arb(2) ** -(bits // 3)
            least = [floor * size for size in sizes or [arb(1)] * len(centre)]
            reach = (abs(c) + small for c, small in zip(centre, least, strict=True))
            box = [c + arb(0, r * width) for c, r in zip(centre, reach, strict=True)]
            try:
                image = newton(system, centre, box)
            except ZeroDivisionError:
                continue
            if all(old.contains_interior(new) for old, new in zip(box, image, strict=True)):
                return image
    return None


def newton(system: PolynomialSystem, centre: Sequence[arb], box: Sequence[arb]) -> list[arb]:
    """Return centre - J(box)^-1 F(centre) at the current precision.

    Parameters
    ----------
    system : PolynomialSystem
        Square, in N variables.
    centre : (N,) sequence of arb
        Inside the box; of radius 0 for a proof.
    box : (N,) sequence of arb

    Raises
    ------
    ZeroDivisionError
        If the interval Jacobian cannot be inverted.
    """
    values = arb_mat([[evaluated(terms, centre)] for terms in system.terms])
    jacobian = arb_mat([[evaluated(terms, box) for terms in row] for row in system.jacobian_terms])
    step = jacobian.solve(values)
    return [c - step[j, 0] for j, c in enumerate(centre)]


def evaluated(terms: Terms, values: Sequence[Any], constant: Callable[[Any], Any] = arb) -> Any:
    """Return the value of a polynomial given as coefficients and factors (variable numbers).

    Parameters
    ----------
    terms : sequence of (fmpz, tuple of int)
    values : sequence
        Balls, or elements of a field.
    constant : callable
        Makes such an element of an integer.
    """
    total = constant(0)
    for coefficient, factors in terms:
        term = constant(coefficient)
        for j in factors:
            term *= values[j]
        total += term
    return total


POLISHING_STEPS = 12
"""Newton steps from an approximate solution; from a good one, three reach 200 digits."""


def polished(system: PolynomialSystem, start: Sequence[arb]) -> list[arb]:
    """Return a solution of a square system near a start, as far as the precision goes.

    The answer is an approximation: `certified_box` proves what it is worth.
    """
    point = list(start)
    for _ in range(POLISHING_STEPS):
        try:
            step = newton(system, point, point)
        except ZeroDivisionError:
            break
        moved = [ball.mid() for ball in step]
        if not all(ball.is_finite() for ball in moved):
            break
        change = max(abs(new - old) / (1 + abs(new)) for new, old in zip(moved, point, strict=True))
        point = moved
        if change < arb(2) ** (8 - ctx.prec):
            break
    return point
