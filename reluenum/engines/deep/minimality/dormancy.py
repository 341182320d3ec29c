"""Whether a dead unit of a layer stays dead."""

from collections.abc import Sequence

import numpy as np
from flint import ctx, fmpq

from reluenum.algebra.forms import doubles
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.engines.deep.cells.jets import jets
from reluenum.engines.deep.cells.kinks import Cut, Surroundings
from reluenum.engines.deep.cells.witnesses import DeepDescent, Growth, descent
from reluenum.engines.deep.minimality.corners import Corners, corners_of
from reluenum.engines.deep.minimality.growths import Dormancy, growing, scanned
from reluenum.engines.deep.minimality.outlook import Outlook, equal_inputs, same_inputs
from reluenum.engines.deep.minimality.strictness import is_strict_in_cells, is_tame
from reluenum.engines.deep.minimality.sums import add_up
from reluenum.engines.deep.systems.networks import ScaledNetwork, sum_of

MOST_CUTS = 12
"""How often the shares of multipliers are adapted."""


def dormancy(network: ScaledNetwork, layer: int) -> Dormancy:
    """Decide what a dead unit of a layer (from 1) does (Lemmas D2, D3, D44 to D46, Theorem D14).

    Parameters
    ----------
    network : ScaledNetwork
        A strict local minimum in its live parameters.
    layer : int
        Live, or the highest dead one.
    """
    around, layer = Surroundings(network), layer - 1
    if not network.output:
        return _of_zero_network(around, layer)
    found, corners = _by_multipliers(around, layer), corners_of(network, layer)
    if corners is None or found.harmless is False:
        return found
    if found.harmless and (around.is_strict or not corners.is_nested):
        return found
    return _by_corners(around, corners)


def _by_corners(around: Surroundings, corners: Corners) -> Dormancy:
    """Decide about one further unit of widths (m, 1) by where kinks move best (Lemma D70)."""
    network, stays = corners.network, corners.one_more()
    if corners.growths:
        move = corners.growths[0].move(around)
        return Dormancy(False, "a dead unit grows, and kinks move with it", move)
    if stays is False:
        return Dormancy(False, "a dead unit that gains what it costs grows by curvature")
    if stays is None:
        return Dormancy(None, "a dead unit in a direction where its gain is lambda")
    if not corners.copies():
        return Dormancy(None, "a copy of a unit beside a kink that costs nothing")
    if network.problem.hidden[0] == len(network.biases[0]) + 1:
        return Dormancy(True, "one dead unit stays dead, whatever kinks do")
    if not add_up(corners):
        return Dormancy(None, "dead units beside a group, or beside dependent kinks")
    return Dormancy(True, "dead units stay dead, whatever kinks do")


def _by_multipliers(around: Surroundings, layer: int) -> Dormancy:
    """Decide by multipliers of the kinks, which are chosen once for all cells."""
    network = around.network
    reason = _obstacle(around, layer)
    found = Dormancy(None, reason) if reason else _scanned(around, layer, split=False)
    if found.harmless is False or not around.kinks:
        return found
    spare = [
        width - len(units)
        for width, units in zip(network.problem.hidden, network.biases, strict=True)
    ]
    is_simple = around.is_strict or around.is_independent
    strict = is_tame(around, layer) if is_simple else is_strict_in_cells(around, layer)
    if found.harmless and strict and sum(spare) <= 1:
        return found
    split = _by_splits(network, layer, [k for k, count in enumerate(spare) if count or k == layer])
    if split is not None:
        return split
    if not strict:
        return Dormancy(None, "a dead unit beside a kink whose first order is not strict")
    if found.harmless is None:
        return found
    return Dormancy(None, "dead units beside a group, or beside dependent kinks")


def _by_splits(network: ScaledNetwork, layer: int, wide: Sequence[int]) -> Dormancy | None:
    """Decide by multipliers that the sites of groups share (Lemma D45); None if they do not tell.

    The shares are adapted to directions in which they let a unit grow, if this layer is the only
    one (from 0) with spare units: one choice has to serve all. Where shares leave no choice, a
    growth counts if a network below is found along it.
    """
    parts, cuts = tuple(same_inputs(network, min(wide))), list[Cut]()
    for _ in range(MOST_CUTS if len(wide) == 1 else 1):
        around = Surroundings(network, parts, tuple(cuts))
        if not is_tame(around, layer):
            return None
        found = _scanned(around, layer, split=True)
        if found.harmless:
            return found
        if found.move is None or found.move.growth is None:
            return None
        cuts.append(_cut_of(around, found.move.growth))
    return found if descent(around, found.move, found.reason) else None


def _cut_of(around: Surroundings, growth: Growth) -> Cut:
    """Return the direction of a growth as what multipliers shall not allow."""
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        outlook = Outlook(jets(around, bits), growth.layer, split=True)
        rows = doubles(outlook.rows)[[outlook.places.index(s) for s in outlook.twins]]
        scales = [1.0]
        if not outlook.is_last:
            scales = [float(outlook.scale(growth.layer + 1, m).mid()) for m in range(outlook.above)]
    gains = np.maximum(growth.incoming.astype(float) @ rows.T, 0)
    weights = (growth.outgoing.astype(float).T / scales).T @ gains
    return Cut(growth.layer + 1, weights, float(around.network.problem.effective_ridge))


def grown_dead_unit(network: ScaledNetwork, layer: int) -> DeepDescent | None:
    """Return a network below, with a unit of a layer (from 1) that was dead; None if none is known.

    That of a network of which `harmless` says that it is not.
    """
    found = dormancy(network, layer)
    return descent(Surroundings(network), found.move, found.reason) if found.move else None


def _scanned(around: Surroundings, layer: int, split: bool) -> Dormancy:
    """Scan all faces, at rising precision."""
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            found = scanned(Outlook(jets(around, bits), layer, split))
        if found.harmless is not None:
            break
    return found


def _of_zero_network(around: Surroundings, layer: int) -> Dormancy:
    """Decide about the zero network: |sum y| <= lambda, equality included (Lemma D2)."""
    force = sum_of(((r, 1) for r in around.residuals), fmpq(0))
    if abs(force) <= around.network.problem.effective_ridge:
        return Dormancy(True, "the zero network holds the sum of the targets")
    sign = 1.0 if force > 0 else -1.0
    growth = Growth(layer, np.array([[1.0]]), np.array([[sign]]))
    return Dormancy(False, "a constant grows out of the zero network", growing((), (), growth))


def _obstacle(around: Surroundings, layer: int) -> str:
    """Return why kinks leave the form N of a dead unit of a layer unknown, '' if they do not."""
    network = around.network
    twins, above = same_inputs(network, layer), equal_inputs(network, layer + 1)
    for place, kink in enumerate(around.kinks):
        if kink.layer > layer + 1 and place not in around.basic:
            return "a dead unit below dependent kinks"
        between = network.signs[layer + 1 : kink.layer]
        reached = any(
            all(any(row[s] in "+0" for row in rows) for rows in between) for s in kink.sites
        )
        split = len({twins[s] for s in kink.sites}) > 1
        if split and reached and kink.layer > layer + 1:
            return "a dead unit that splits a group two layers above"
    here = {p: k for p, k in enumerate(around.kinks) if k.layer == layer + 1}
    groups = {(kink.unit, above[kink.sites[0]]) for kink in here.values()}
    return "" if len(groups) == len({*here} & {*around.basic}) else "a dead unit below a flat piece"
