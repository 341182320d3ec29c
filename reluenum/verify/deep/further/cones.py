"""Quadratic forms of units that gain what they cost, as far as their squares are not negative."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from flint import arb, arb_mat

from ...reals import dot, sign
from ..inner import pivots_of


def grows(hessian: arb_mat, units: Sequence[int], most: int) -> int | None:
    """Return 1 if the loss grows of second order where some T = 0 become positive, -1 if it falls.

    At most so many of them do. Minimised over all else the Hessian is a form of these T >= 0. If it
    is positive where one more of them is 0, it is so on T > 0 if its determinant is positive, or a
    cofactor of the last row is negative; else it is not at these cofactors (Lemma D73). None if
    balls do not tell.
    """
    form = _minimised(hessian, units)
    if form is None:
        return None
    signs = {_on_face(part) for part in _faces(form, most)}
    return -1 if -1 in signs else None if None in signs else 1


def _minimised(hessian: arb_mat, units: Sequence[int]) -> list[list[arb]] | None:
    """Return the form of some of its arguments, of all others a minimum; None if it has none."""
    table, rest = hessian.tolist(), [k for k in range(hessian.nrows()) if k not in units]
    found, across = ([[table[i][j] for j in units] for i in rows] for rows in (units, rest))
    if not rest:
        return found
    inner, mixed = arb_mat([[table[i][j] for j in rest] for i in rest]), arb_mat(across)
    if not all(pivot > 0 for pivot in pivots_of(inner)):
        return None
    return (arb_mat(found) - mixed.transpose() * inner.solve(mixed)).tolist()


def _faces(form: Sequence[Sequence[arb]], most: int) -> Iterator[list[list[arb]]]:
    """Yield the principal submatrices, small ones first."""
    for count in range(1, min(most, len(form)) + 1):
        for chosen in combinations(range(len(form)), count):
            yield [[form[i][j] for j in chosen] for i in chosen]


def _on_face(part: list[list[arb]]) -> int | None:
    """Return the sign of a form on T > 0, if it is positive where some of them are 0."""
    size = len(part)
    minors = (arb_mat([row[:j] + row[j + 1 :] for row in part[:-1]]) for j in range(size - 1))
    last = arb_mat([row[:-1] for row in part[:-1]]).det() if size > 1 else arb(1)
    cofactors = [m.det() * (-1) ** (size - 1 + j) for j, m in enumerate(minors)] + [last]
    if dot(cofactors, part[-1]) > 0 or any(c < 0 for c in cofactors):
        return 1
    ray = [arb(c.mid()).max(0) for c in cofactors]
    return -1 if sign(dot(ray, [dot(row, ray) for row in part])) == -1 else None
