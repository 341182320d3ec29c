"""Newton steps towards the point that w stands for. They prove nothing: any w gives a ball."""

from collections.abc import Iterable
from itertools import chain

from flint import arb, arb_mat, ctx, fmpq

from .reals import LEVELS, CertificateError, applied, norm
from .residuals import Residual

NEWTON_STEPS = 4  # at each further precision
NEARNESS = fmpq(1, 1000)  # they may move w by this part of it: a record has to be useful

Vectors = list[list[arb]]


def polished(residual: Residual, bits: int) -> Vectors:
    """Return w after Newton steps, with more bits than these if they move it too far.

    Of a short unit, a precision that does not show |u| - Lambda has steps of rounding alone.
    """
    for precision in (level for level in LEVELS if level >= bits):
        with ctx.workprec(precision):
            rough = residual.at(precision)
            for start in (rough.w, _aligned(rough)):
                w = _moved(rough, start)
                moved = norm([x - y for x, y in zip(chain(*w), chain(*rough.w), strict=True)])
                if not moved > norm(list(chain(*w))) * NEARNESS:
                    return w
    raise CertificateError("w is far from the point that it stands for")


def _aligned(residual: Residual) -> Vectors:
    """Return w with the directions of u, which for a short unit are known much better."""
    turned = []
    for face, w in zip(residual.faces, residual.w, strict=True):
        u = residual.u(face)
        scale = norm(w) / norm(u)
        turned.append([x * scale for x in u] if scale.is_finite() else w)
    return turned


def _moved(residual: Residual, w: Vectors) -> Vectors:
    """Return what some Newton steps on the flats make of w.

    A part of w across its flat would be scaled by 1 - Lambda / |w|: it must not be there.
    """
    for _ in range(NEWTON_STEPS):
        w = _middles(map(applied, residual.flats, _middles(w)))
        try:
            w = newton_step(residual.at(residual.bits, w))
        except ZeroDivisionError:
            break  # a ball around this w proves little, but nothing wrong
    return w


def _middles(w: Iterable[list[arb]]) -> Vectors:
    return [[x.mid() for x in vector] for vector in w]


def newton_step(residual: Residual) -> Vectors:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints."""
    data, faces, depth = residual.data, residual.faces, residual.data.depth
    one, flats = _identity(depth), list(map(arb_mat, residual.flats))
    hessian, slopes = [], []
    for k, (face, w, flat) in enumerate(zip(faces, residual.w, flats, strict=True)):
        weight, unit = data.ridge / norm(w), arb_mat([[x / norm(w)] for x in w])
        pull = arb_mat([[x] for x in residual.fitted(face.active)])
        coupled = (arb_mat(data.coupling(face.active, g.active, residual.bits)) for g in faces)
        row = [flat * block * other for block, other in zip(coupled, flats, strict=True)]
        row[k] += weight * flat * (one - unit * unit.transpose()) * flat + one - flat
        hessian.append(row)
        slopes.append([flat * pull - data.ridge * unit])
    step = _joined(hessian).mid().solve(_joined(slopes).mid()).entries()
    moved = [(x + dx).mid() for x, dx in zip(chain(*residual.w), step, strict=True)]
    return [moved[k : k + depth] for k in range(0, len(moved), depth)]


def _identity(size: int) -> arb_mat:
    return arb_mat([[int(i == j) for j in range(size)] for i in range(size)])


def _joined(blocks: list[list[arb_mat]]) -> arb_mat:
    """Return a matrix from its blocks."""
    tables = ([block.tolist() for block in row] for row in blocks)
    return arb_mat([list(chain(*rows)) for row in tables for rows in zip(*row, strict=True)])
