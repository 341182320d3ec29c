"""Quadratic forms of units that gain what they cost, as far as their squares are not negative."""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations

from flint import arb, arb_mat, ctx, fmpq

from ...arithmetic.decimals import NUMBER_BITS
from ...arithmetic.matrices import pivots_of
from ...reals import require, sign
from ..exactly.folds import is_double, third
from ..sites import Row, Sites
from ..towers import State, Tower, Upper

CONSTANT = "the constant network is a local minimum"


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
    faces = chain.from_iterable(
        combinations(range(len(units)), count) for count in range(1, most + 1)
    )
    signs = {_on_face(form, face) for face in faces}
    return -1 if -1 in signs else None if None in signs else 1


def _minimised(hessian: arb_mat, units: Sequence[int]) -> arb_mat | None:
    """Return the form of some of its arguments, of all others a minimum; None if it has none."""
    rest = [k for k in range(hessian.nrows()) if k not in units]
    found = _part(hessian, units, units)
    if not rest:
        return found
    inner, mixed = _part(hessian, rest, rest), _part(hessian, rest, units)
    convex = all(pivot > 0 for pivot in pivots_of(inner))
    return found - mixed.transpose() * inner.solve(mixed) if convex else None


def _part(form: arb_mat, rows: Iterable[int], columns: Sequence[int]) -> arb_mat:
    """Return some rows and columns of a matrix, of which there may be none."""
    table = [[form[i, j] for j in columns] for i in rows]
    return arb_mat(table) if columns and table else arb_mat(0, 0)


def _on_face(form: arb_mat, face: Sequence[int]) -> int | None:
    """Return the sign of a form on T > 0 of some units, if it is positive where some are 0."""
    part, last = _part(form, face, face), _last_cofactors(form, face)
    if (part * last.transpose())[len(face) - 1, 0] > 0 or any(c < 0 for c in last.entries()):
        return 1
    ray = arb_mat([[arb(c.mid()).max(0) for c in last.entries()]])
    return -1 if (ray * part * ray.transpose())[0, 0] < 0 else None


def _last_cofactors(form: arb_mat, face: Sequence[int]) -> arb_mat:
    """Return the cofactors of the last row of a principal submatrix, as a row."""
    *others, _ = face
    minors = (_part(form, others, [k for k in face if k != j]).det() for j in face)
    return arb_mat([[m * (-1) ** (len(others) + k) for k, m in enumerate(minors)]])


def constant_bends(sites: Sites, rows: Sequence[Row], square: fmpq) -> bool:
    """Claim 166: whether units below a constant that gain what they cost raise the loss.

    They do if the Hessian of the reduced loss is positive on T >= 0 for as many of them as there
    may be units; else the loss falls (Lemma D46, Lemma D73). Where it is singular the third
    derivative decides, if there is one face, and an open one (Lemma D71).
    """
    upper, x = Upper(sites, (sites.everything, 0)), arb(square)
    if len(rows) == 1 and rows[0][0] | rows[0][1] == sites.everything:
        tower = Tower(upper, rows)
        if is_double(tower, [fmpq(0)], square):
            return _third_bends(State(tower, [arb(0)], x))
    with ctx.workprec(NUMBER_BITS):
        state = State(Tower(upper, rows), [arb(0)] * len(rows), x)
        found = grows(state.hessian(), range(len(rows)), sites.hidden[0])
    require(found is not None, f"whether {CONSTANT} is not clear")
    return found == 1


def _third_bends(state: State) -> bool:
    """Return whether a unit that is on or off at all sites raises the loss of third order."""
    with ctx.workprec(NUMBER_BITS):
        speed = -state.hessian()[0, 1] / state.hessian()[0, 0]
        bends = sign(third(state) * speed)
    require(bends in (1, -1), f"whether {CONSTANT} is not clear")
    return bends == 1
