"""Critical points of the polynomial of a stratum in balls: that there is one at most, and where."""

import numpy as np
from flint import arb, ctx

from reluenum.convex.deep.lagrange import BITS, Lagrangian

SPARE = 1.1
"""Covers the rounding of a few doubles, all positive, and what a checker encloses less sharply."""

STEPS = 12


def balls_of(table: object) -> np.ndarray:
    """Return numbers as balls."""
    return np.vectorize(arb, otypes=[object])(np.array(table, dtype=object))


def doubles_of(balls: np.ndarray) -> np.ndarray:
    """Return the midpoints of balls."""
    return np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)


def hull(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return balls around two enclosures."""
    return np.array([a.union(b) for a, b in zip(one, other, strict=True)], dtype=object)


def is_regular(lagrangian: Lagrangian, x: np.ndarray) -> bool:
    """Whether there is at most one critical point in an enclosure (q,): Lemma D69.

    With C about the inverse of the Hessian H, |1 - C H| d < d for some d > 0.
    """
    _, hessian = lagrangian.derivatives(x)
    try:
        inverse = np.linalg.inv(doubles_of(hessian))
    except np.linalg.LinAlgError:
        return False
    rest = balls_of(inverse) @ hessian - balls_of(np.eye(len(x)))
    sizes = np.vectorize(lambda ball: float(ball.abs_upper()) * SPARE, otypes=[float])(rest)
    if not np.isfinite(sizes).all():
        return False
    scale = np.linalg.solve(np.eye(len(x)) - sizes, np.ones(len(x)))
    return bool((scale > 0).all() and (sizes @ scale < scale).all())


def sharpened(lagrangian: Lagrangian, x: np.ndarray) -> np.ndarray:
    """Enclose the critical point of a regular enclosure to many digits, by Newton's method."""
    with ctx.workprec(BITS):
        for _ in range(STEPS):
            middle = np.array([ball.mid() for ball in x], dtype=object)
            _, hessian = lagrangian.derivatives(x)
            inverse = balls_of(np.linalg.inv(doubles_of(hessian)))
            moved = middle - inverse @ lagrangian.derivatives(middle)[0]
            found = moved + (balls_of(np.eye(len(x))) - inverse @ hessian) @ (x - middle)
            x = np.array([new.intersection(old) for new, old in zip(found, x, strict=True)])
        return x
