"""Dead units of layer 1 beside live ones."""

from collections.abc import Sequence
from itertools import product

from flint import arb, ctx, fmpq_mat

from ..arithmetic.decimals import NUMBER_BITS
from ..deep.further.constants import inside
from ..deep.sites import Row
from ..deep.strata import Face
from ..reals import dot, require, sign
from .points import Zero


def harmless(zero: Zero, faces: Sequence[Face]) -> bool:
    """Claim 124: further units of layer 1 may be dead (Theorem D14): no direction gains.

    On each face of the relevant sites but the live ones root(U_2) |u_F| < ridge, or u_F is in
    neither F nor -F; if on one of them it is larger, inside, a dead unit lowers the loss.
    """
    spire, sites, relevant = zero.spire, zero.sites, zero.spire.relevant
    require(is_plain(zero), f"{spire.text}: whether a dead unit is harmless is not clear")
    rows = {(face.row[0] & relevant, face.row[1] & relevant) for face in faces}
    with ctx.workprec(NUMBER_BITS):
        for row in sorted(row for row in rows - set(spire.lower) if row[0]):
            u = gained(zero, row)
            excess = sign(dot(u, u) * zero.state.second - sites.ridge * sites.ridge)
            side = False if excess == -1 else inside(sites, row, u, relevant)
            if side is not False:
                clear = side and excess == 1
                require(clear, f"{spire.text}: whether a dead unit is harmless is not clear")
                return False
    return True


def is_plain(zero: Zero) -> bool:
    """Claim 125: kinks are single sites with independent gradients, strict ones in layer 1.

    Multipliers of the layers above may be at an end of their range (Lemma D44): with independent
    kinks, each of those of layer 1 is strict if no ray without slope moves it.
    """
    spire, sites, block = zero.spire, zero.sites, zero.state.frame.block
    zeros = [spire.zeros(row) for row in spire.lower]
    lower = [fmpq_mat([sites.rows[i] for i in found]) for found in zeros if found]
    free = all(table.rank() == table.nrows() for table in lower)
    single = all(len(kink.places) == 1 for kink in spire.kinks)
    moved = (
        dot(sites.rows[i], ray[block(j)])
        for (_, ray), (j, found) in product(zero.tight, enumerate(zeros))
        for i in found
    )
    return free and single and len(zero.state.system.basis) == len(spire.kinks) and not any(moved)


def gained(zero: Zero, row: Row) -> list[arb]:
    """Return u_F: the multipliers of layer 2 times the active inputs, inside the flat of a face."""
    spire, system, sites = zero.spire, zero.state.system, zero.sites
    kinks = (spire.kinks[k] for k in system.basis)
    places = [(3, i) for i in system.frame.positive] + [(k.layer, k.places[0]) for k in kinks]
    found = [arb(0)] * sites.depth
    for (layer, i), r in zip(places, zero.state.rho, strict=True):
        passed = layer == 2 or spire.middle[0] >> i & 1
        if passed and row[0] >> i & 1:
            found = [x + r * y for x, y in zip(found, spire.flat_input(row, i), strict=True)]
    return found
