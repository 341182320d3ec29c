"""Dead units: whether a further one lowers the loss."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...reals import dot, require, sign
from ..points import Zero
from ..sites import Row
from ..strata import Face
from ..towers import State
from .constants import inside
from .leeway import OPEN, Leeway
from .several import add_up


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
