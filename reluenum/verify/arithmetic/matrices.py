"""Matrices of balls, and systems of equations."""

from collections.abc import Callable, Sequence

from flint import arb, arb_mat


def identity(size: int) -> arb_mat:
    """Return the identity matrix."""
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def column(numbers: Sequence[arb]) -> arb_mat:
    """Return numbers as a column."""
    return arb_mat([[x] for x in numbers])


def pivots_of(matrix: arb_mat) -> list[arb]:
    """Return the pivots of a symmetric matrix, all positive iff it is positive definite."""
    rows, pivots = matrix.tolist(), []
    for k in range(len(rows)):
        pivots.append(rows[k][k])
        for row in rows[k + 1 :]:
            factor = row[k] / rows[k][k]
            for j in range(k, len(rows)):
                row[j] -= factor * rows[k][j]
    return pivots


def eliminated(rows: list[list]) -> list:
    """Solve a positive definite system, given with its right-hand side, over any field."""
    for k in range(len(rows)):
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k:
                rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]


def contracted(
    values: Sequence[arb],
    sizes: Sequence[arb],
    value: arb_mat,
    inverse: arb_mat,
    slopes: Callable[[Sequence[arb]], arb_mat],
) -> list[arb] | None:
    """Return a box with exactly one zero of equations (interval Newton); None if it is not seen.

    It is inside a box around `values`, where the equations have `value`. `slopes` are their
    derivatives in a box, of which `inverse` is nearly the inverse.
    """
    box = [v + size for v, size in zip(values, sizes, strict=True)]
    left = (identity(len(box)) - inverse * slopes(box)) * column(sizes)
    image = (column(values) - inverse * value + left).entries()
    return image if all(map(arb.contains_interior, box, image)) else None


def tracked(
    middle: Sequence[arb],
    box: Sequence[arb],
    gradient: Sequence[arb],
    hessian: arb_mat,
    inverse: arb_mat,
    shift: arb,
) -> list[arb]:
    """Return the image of a box under Krawczyk's operator, for all values of a parameter.

    The equations have `gradient` in the middle of the box, at a parameter from which the others are
    `shift` away; `hessian` has their derivatives in the box, that by the parameter in the last row
    and column, and `inverse` is nearly the inverse of the rest of it.
    """
    rows = hessian.tolist()[: len(box)]
    steps = arb_mat([[t - c] for t, c in zip(box, middle, strict=True)])
    left = (identity(len(box)) - inverse * arb_mat([row[:-1] for row in rows])) * steps
    along = inverse * column([row[-1] for row in rows]) * shift
    moved = (inverse * column(gradient) + along - left).entries()
    return [t - d for t, d in zip(middle, moved, strict=True)]
