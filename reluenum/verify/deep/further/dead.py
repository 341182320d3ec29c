"""Dead units: whether a further one lowers the loss, and networks whose first layer is dead."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flint import fmpq, fmpq_mat

from ...exact import onto
from ...reals import dot, require, sign
from ..points import Zero
from ..sites import Row, Sites
from ..strata import Face
from ..towers import State
from .leeway import OPEN, Leeway, constant_bends
from .several import add_up


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


def harmless(zero: Zero, faces: Sequence[Face]) -> bool:
    """Claim 82: further units of the first layer may be dead (Theorem D14): no direction gains.

    On each face of the relevant sites but the live ones |a| |u_F| < ridge, or u_F is in neither
    F nor -F; if on one of them it is larger, inside, a dead unit lowers the loss. Beside kinks that
    are dependent, or a group of several sites, the corners of all kinks are asked (Lemma D70): if
    one unit gains there, none may be dead; if not, one may, and several if gains add up (claim 84).
    Units that gain what they cost are asked of corners, too.
    """
    leeway, alone = Leeway(zero), zero.sites.hidden[0] == len(zero.stratum.lower) + 1
    if zero.plain:
        signs = {zero.settled(partial(_gain, zero, row)) for row in unlike(zero, faces)}
        require(None not in signs or 1 in signs, f"{zero.stratum.text}: {OPEN}")
        gains, ties = leeway.gains() if 0 in signs else (signs, [])
        return 1 not in gains and leeway.bent(ties)
    gains, ties = leeway.gains()
    require(alone or 1 in gains or add_up(leeway, ties), f"{zero.stratum.text}: {OPEN}")
    return 1 not in gains and leeway.bent(ties)


def unlike(zero: Zero, faces: Sequence[Face]) -> list[Row]:
    """Return the relevant signs of faces that are on somewhere and not those of a live unit."""
    relevant = zero.stratum.relevant
    rows = {(f.row[0] & relevant, f.row[1] & relevant) for f in faces}
    return sorted(row for row in rows - set(zero.stratum.lower) if row[0])


def _gain(zero: Zero, row: Row, state: State) -> int | None:
    """Return the sign of what a unit of a face gains more than it costs; -1 if u is not in it."""
    sites = zero.sites
    u = gained(zero, row, state.residual)
    excess = sign(dot(u, u) * state.x - sites.ridge * sites.ridge)
    side = False if excess == -1 else inside(sites, row, u, zero.stratum.relevant)
    return excess if side else -1 if side is False else None


def gained(zero: Zero, row: Row, rho: dict[int, Any]) -> list[Any]:
    """Return u_F: the multipliers times the active inputs, inside the flat of a face."""
    table = zero.state.tower.upper.gamma(row).tolist()
    return [dot(rho.values(), [line[i] for i in rho]) for line in table]
