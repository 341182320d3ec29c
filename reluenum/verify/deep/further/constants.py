"""Networks whose first layer is dead, or all of them."""

from collections.abc import Sequence

from flint import fmpq, fmpq_mat

from ...exact import onto
from ...reals import dot, sign
from ..sites import Row, Sites
from ..strata import Face
from .cones import constant_bends


def zero_is_minimal(sites: Sites) -> bool:
    """Claim 79: the zero network is a strict local minimum iff |sum y| <= ridge (Lemma D2)."""
    return abs(sum(sites.totals, fmpq(0))) <= sites.ridge


def level(sites: Sites) -> fmpq:
    """Claim 80: the value of the constant network; 0 if there is none (Lemma D3)."""
    total = sum(sites.totals, fmpq(0))
    excess = abs(total) - sites.ridge
    return excess * (1 if total > 0 else -1) / sites.points if excess > 0 else fmpq(0)


def constant_is_minimal(sites: Sites, faces: Sequence[Face]) -> bool:
    """Claim 81: it is a local minimum iff no unit of the first layer gains more than it costs.

    That is |w| |u_F(r)| < ridge, |w|^2 being its value, on each face F with u_F(r) in F or -F
    (Lemma D3). Units that gain what they cost raise the loss by curvature, or one lowers it.
    """
    value, ties = level(sites), []
    pairs = zip(sites.totals, sites.copies, strict=True)
    residual = [total - copies * value for total, copies in pairs]
    for face in faces:
        u = pull(sites, face.row, residual)
        excess = abs(value) * dot(u, u) - sites.ridge * sites.ridge
        if excess >= 0 and inside(sites, face.row, u):
            if excess > 0:
                return False
            ties.append(face.row)
    return not ties or constant_bends(sites, ties, abs(value))


def pull(sites: Sites, row: Row, residual: Sequence[fmpq]) -> list[fmpq]:
    """Return u_F(r): the sum of r x over active sites, inside the flat of a face."""
    zeros = [sites.rows[i] for i in sites.inside(sites.everything & ~row[0] & ~row[1])]
    u = fmpq_mat(sites.depth, 1, [fmpq(0)] * sites.depth)
    for i in sites.inside(row[0]):
        u += fmpq_mat(sites.depth, 1, [residual[i] * x for x in sites.rows[i]])
    return (u - onto(zeros) * u if zeros else u).entries()


def inside(sites: Sites, row: Row, u: Sequence, relevant: int = -1) -> bool | None:
    """Whether a vector or its opposite has the signs of a row; None if that is not known."""
    found = set()
    for i in sites.inside((row[0] | row[1]) & relevant):
        value = sign(dot(sites.rows[i], u))
        found.add(value if value is None or row[0] >> i & 1 else -value)
        if 0 in found or found >= {1, -1}:
            return False
    return None if None in found else True
