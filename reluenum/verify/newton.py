"""Newton steps towards the point that w stands for. They prove nothing: any w gives a ball."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from flint import arb, arb_mat, ctx, fmpq

from .reals import LEVELS, applied, norm
from .shapes import CertificateError

if TYPE_CHECKING:
    from .residuals import Residual

NEWTON_STEPS = 4
"""Newton steps at each further precision."""

NEARNESS = fmpq(1, 1000)
"""Newton steps may move w by this fraction: a record has to be useful, not only repairable."""

Vectors = list[list[arb]]


def polished(residual: "Residual", bits: int) -> Vectors:
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


def _aligned(residual: "Residual") -> Vectors:
    """Return w with the directions of u, which for a short unit are known much better."""
    turned = []
    for face, w in zip(residual.faces, residual.w, strict=True):
        u = residual.u(face)
        scale = norm(w) / norm(u)
        turned.append([x * scale for x in u] if scale.is_finite() else w)
    return turned


def _moved(residual: "Residual", w: Vectors) -> Vectors:
    """Return what some Newton steps on the flats make of w."""
    for _ in range(NEWTON_STEPS):
        # A part of w across its flat would be scaled by 1 - Lambda / |w|: it must not be there.
        w = _middles(map(applied, residual.flats, _middles(w)))
        try:
            w = newton_step(residual.at(residual.bits, w))
        except ZeroDivisionError:
            break  # a ball around this w proves little, but nothing wrong
    return w


def _middles(w: Iterable[list[arb]]) -> Vectors:
    return [[x.mid() for x in vector] for vector in w]


def newton_step(residual: "Residual") -> Vectors:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints."""
    data, bits, faces = residual.data, residual.bits, residual.faces
    units = [[x / norm(w) for x in w] for w in residual.w]
    bends = [_bend(unit, data.ridge / norm(w)) for unit, w in zip(units, residual.w, strict=True)]
    one = _diagonal([_identity(data.depth)] * len(faces))
    flat = _diagonal(residual.flats)
    coupled = _matrix([[data.coupling(f.active, g.active, bits) for g in faces] for f in faces])
    pulls = chain.from_iterable(residual.fitted(face.active) for face in faces)
    slopes = [[x - data.ridge * y] for x, y in zip(pulls, chain(*units), strict=True)]
    hessian = flat * (coupled + _diagonal(bends)) * flat + one - flat
    step = hessian.mid().solve((flat * arb_mat(slopes)).mid()).entries()
    moved = [(x + dx).mid() for x, dx in zip(chain(*residual.w), step, strict=True)]
    return [moved[k : k + data.depth] for k in range(0, len(moved), data.depth)]


def _bend(unit: list[arb], weight: arb) -> list[list[arb]]:
    """Return weight * (I - unit unit')."""
    return [
        [weight * (one - x * y) for one, y in zip(row, unit, strict=True)]
        for row, x in zip(_identity(len(unit)), unit, strict=True)
    ]


def _identity(size: int) -> list[list[int]]:
    return [[int(i == j) for j in range(size)] for i in range(size)]


def _matrix(blocks: list[list[list[list]]]) -> arb_mat:
    """Return a matrix from its blocks."""
    return arb_mat([list(chain(*rows)) for row in blocks for rows in zip(*row, strict=True)])


def _diagonal(parts: list[list[list]]) -> arb_mat:
    """Return a matrix from square blocks on its diagonal."""
    nought = [[0] * len(parts[0])] * len(parts[0])
    places = range(len(parts))
    return _matrix([[parts[k] if j == k else nought for j in places] for k in places])
