"""Whether further units can share the direction of one (Lemma D13)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from reluenum.algebra.forms import doubles, is_positive_definite, kernel_of, matrix_of
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.engines.deep.cells.jets import jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.minimality.corners import corners_of
from reluenum.engines.deep.minimality.live import DeepVerdict, examine_live_part
from reluenum.engines.deep.minimality.outlook import Outlook
from reluenum.engines.deep.minimality.strictness import is_strict_in_cells, is_tame, open_sides
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum


def shareable(network: ScaledNetwork, layer: int) -> tuple[bool | None, ...]:
    """Return for each row of a layer (from 1) whether more units can share it.

    As `sharing` says; where it cannot tell, two units are made of one, in equal parts, and that
    network is examined. How large the parts are plays no role, if the kinks of the unit itself
    are strict (Lemma D13); otherwise it remains open.
    """
    rows = tuple(dict.fromkeys(network.stratum.layers[layer - 1]))
    corners = corners_of(network, layer - 1)
    linked = corners and (corners.is_nested or not Surroundings(network).is_independent)
    if linked and ((copies := corners.copies()) is not False or len(rows) == 1):
        return (copies,) * len(rows)
    return tuple(
        _survives_sharing(network, layer - 1, row) if known is None else known
        for row, known in zip(rows, sharing(network, layer), strict=True)
    )


def _survives_sharing(network: ScaledNetwork, layer: int, row: str) -> bool | None:
    """Decide by examining the network with two units in place of one."""
    unit = network.stratum.layers[layer].index(row)
    around = Surroundings(network)
    own = [k.layer == layer and k.unit == unit for k in around.kinks]
    if any(s.sign() <= 0 for pair, o in zip(around.slopes, own, strict=True) if o for s in pair):
        return None
    verdict = examine_live_part(with_twin(network, layer, unit)).verdict
    return None if verdict is DeepVerdict.UNDECIDED else verdict is DeepVerdict.MINIMUM


def sharing(network: ScaledNetwork, layer: int) -> tuple[bool | None, ...]:
    """Return for each row of a layer (from 1) whether more units can share it (Lemma D13).

    They can if the other singular values of the row's matrix are below lambda, they cannot if
    one is above; None if it cannot be told. Under one unit there are no others.
    """
    around = Surroundings(network)
    rows = dict.fromkeys(network.stratum.layers[layer - 1])
    above = len(network.biases[layer]) if layer < network.depth else 1
    if above == 1 and (is_tame(around, layer - 1) or is_strict_in_cells(around, layer - 1)):
        return (True,) * len(rows)
    if not is_tame(around, layer - 1):
        return (None,) * len(rows)
    return tuple(_row_shared(around, layer - 1, row) for row in rows)


def _row_shared(around: Surroundings, layer: int, row: str) -> bool | None:
    """Decide about one row by deflating the singular values that are lambda."""
    units = [j for j, text in enumerate(around.network.stratum.layers[layer]) if text == row]
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            outlook = Outlook(jets(around, bits), layer, split=False)
            signs = around.network.signs[layer][units[0]]
            turned = open_sides(around, layer, units[0])
            seen = [turned.get(s, signs[s]) for s in outlook.places]
            zeros, active = ([c for c, s in enumerate(seen) if s == sign] for sign in "0+")
            flat = kernel_of(outlook.rows[zeros])
            if flat is None:
                continue
            matrix = outlook.weights[active].T @ outlook.rows[active] @ flat
            outgoing = outlook.outgoing[:, units]
            square = matrix_of(arb_mat((flat.T @ flat).tolist()).inv())
            inverse = matrix_of(arb_mat((outgoing.T @ outgoing).tolist()).inv())
            rest = outlook.ridge**2 * outgoing @ inverse @ outgoing.T
            form = matrix @ square @ matrix.T - rest
            bound = np.diag(np.full(len(form), outlook.ridge**2))
            if is_positive_definite(bound - form):
                return True
            _, vectors = np.linalg.eigh(doubles(form))
            top = np.array([arb(entry) for entry in vectors[:, -1]], dtype=object)
            if top @ (form - bound) @ top > 0:
                return False if around.is_independent else None
    return None


def with_twin(network: ScaledNetwork, layer: int, unit: int) -> ScaledNetwork:
    """Return the same function with two units in place of one, each 1 / sqrt 2 of it.

    Parameters
    ----------
    network : ScaledNetwork
    layer, unit : int
        From 0.
    """
    half = fmpq(1, 2)

    def doubled(entries: tuple) -> tuple:
        return (*entries[: unit + 1], *entries[unit:])

    def halved(row: tuple) -> tuple:
        return (*row[:unit], row[unit] * half, row[unit] * half, *row[unit + 1 :])

    def at(parts: tuple, place: int, change: Callable[[tuple], tuple]) -> tuple:
        return (*parts[:place], change(parts[place]), *parts[place + 1 :])

    weights = at(network.weights, layer, doubled)
    last = layer + 1 == network.depth
    if not last:
        weights = at(weights, layer + 1, lambda rows: tuple(map(halved, rows)))
    multipliers = {}
    for (level, j, sites), value in network.multipliers.items():
        here = level - 1 == layer
        part = value * half if here and j == unit else value
        multipliers[level, j + (here and j > unit), sites] = part
        if here and j == unit:
            multipliers[level, j + 1, sites] = part
    return replace(
        network,
        stratum=DeepStratum(at(network.stratum.layers, layer, doubled)),
        weights=weights,
        biases=at(network.biases, layer, doubled),
        output=halved(network.output) if last else network.output,
        squares=at(network.squares, layer, halved),
        multipliers=multipliers,
    )
