"""Dead units: whether a further one lowers the loss, and networks whose first layer is dead."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from ...exact import onto
from ...points import NUMBER_BITS
from ...reals import dot, require, sign
from ..points import Zero
from ..sites import Row, Sites
from ..strata import Face
from ..towers import State
from .leeway import Leeway, constant_bends


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
    one unit gains there, none may be dead; if not, one may, and for several the kinks have to be
    independent. Units that gain what they cost are asked of corners, too.
    """
    leeway, alone = Leeway(zero), zero.sites.hidden[0] == len(zero.stratum.lower) + 1
    if not zero.plain and (alone or 1 in leeway.gains()[0]):
        return bends(leeway)
    require(zero.independent, f"{zero.stratum.text}: dead units beside dependent kinks")
    free = unlike(zero, faces)
    if any(lifts(zero, row) for row in free):
        return False
    require_split(zero)
    signs = {zero.settled(partial(_gain, zero, row)) for row in free}
    return bends(leeway) if zero.plain and 0 in signs else _settled(zero, signs)


def unlike(zero: Zero, faces: Sequence[Face]) -> list[Row]:
    """Return the relevant signs of faces that are on somewhere and not those of a live unit."""
    relevant = zero.stratum.relevant
    rows = {(f.row[0] & relevant, f.row[1] & relevant) for f in faces}
    return sorted(row for row in rows - set(zero.stratum.lower) if row[0])


def bends(leeway: Leeway) -> bool:
    """Return whether units cost more than they gain, or raise the loss by curvature.

    If several are spare, kinks are independent, and no group has several sites (Lemma D70).
    """
    gains, ties = leeway.gains()
    return 1 not in gains and leeway.bent(ties)


def _settled(zero: Zero, gains: set[int]) -> bool:
    """Return whether nothing gains, and require that this is clear."""
    clear = gains <= {-1} or (zero.plain and 1 in gains)
    require(clear, f"{zero.stratum.text}: whether a dead unit is harmless is not clear")
    return gains <= {-1}


def _gain(zero: Zero, row: Row, state: State) -> int | None:
    """Return the sign of what a unit of a face gains more than it costs; -1 if u is not in it."""
    sites = zero.sites
    u = gained(zero, row, multipliers(zero, state))
    excess = sign(dot(u, u) * state.x - sites.ridge * sites.ridge)
    side = False if excess == -1 else inside(sites, row, u, zero.stratum.relevant)
    return excess if side else -1 if side is False else None


def lifts(zero: Zero, row: Row) -> bool:
    """Claim 83: a dead unit of a face gains that makes f positive at sites of a group, B fixed.

    There the residual is that of f = 0; u_F or -u_F, by the sign of the output weight, is in F.
    Of a group of one site this is no question of its own.
    """
    if len(zero.grouped) < 2:
        return False
    sites, side = zero.sites, zero.sides[0]
    with ctx.workprec(NUMBER_BITS):
        rho = zero.state.residual | {i: arb(sites.totals[i]) for i in zero.grouped}
        u = gained(zero, row, rho)
    seen = sites.inside((row[0] | row[1]) & zero.stratum.relevant)
    fits = (sign(side * dot(sites.rows[i], u)) == (1 if row[0] >> i & 1 else -1) for i in seen)
    return sign(dot(u, u) * zero.state.x - sites.ridge * sites.ridge) == 1 and all(fits)


def gained(zero: Zero, row: Row, rho: dict[int, Any]) -> list[Any]:
    """Return u_F: the multipliers times the active inputs, inside the flat of a face."""
    table = zero.state.tower.upper.gamma(row).tolist()
    return [dot(rho.values(), [line[i] for i in rho]) for line in table]


def require_split(zero: Zero) -> None:
    """Require that the multiplier of a group can be split, each part strictly inside its range."""
    group, side, units = zero.grouped, zero.sides[0], range(len(zero.stratum.lower))
    bare = not any(set(zero.zeros(j)) & set(group) for j in units)
    losing = all(side * zero.sites.totals[i] < 0 for i in group)
    fine = len(group) < 2 or (bare and losing)
    require(fine, f"{zero.stratum.text}: dead units split a group")


def multipliers(zero: Zero, state: State) -> dict[int, Any]:
    """Claim 84: multipliers site by site: that of a group is split, each strictly inside its range.

    With one split that works no number of dead units lowers the loss (Lemma D19). If some unit
    gains with it, another split may do.
    """
    group, totals = zero.grouped, zero.sites.totals
    if len(group) < 2:
        return state.residual
    total = sum((totals[i] for i in group), fmpq(0))
    return state.residual | {i: shared(group, state) * (totals[i] / total) for i in group}


def shared(group: Sequence[int], state: State) -> Any:
    """Return the multiplier of a group."""
    return next(state.residual[i] for i in group if i in state.residual)
