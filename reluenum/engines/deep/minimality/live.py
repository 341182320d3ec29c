"""Whether a network without dead units is a local minimum (Lemmas D12, D19, D20 and D26)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

import numpy as np
from flint import arb, ctx

from reluenum.algebra.forms import (
    doubles,
    dyadic,
    is_positive_definite,
    is_positive_on_quadrant,
    kernel_of,
)
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.deep.cells.jets import Jets, jets
from reluenum.engines.deep.cells.kinks import Cell, Surroundings
from reluenum.engines.deep.cells.multipliers import cell_multipliers, linear_columns, linearised
from reluenum.engines.deep.cells.programs import positive_multipliers, way_down
from reluenum.engines.deep.cells.witnesses import Move
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.errors import TheoremViolationError

MOST_CELLS = 2**14
"""Cells around a network with dependent kinks that are looked at."""


class DeepVerdict(StrEnum):
    """What a stationary deep network is.

    Examples
    --------
    >>> list(map(str, DeepVerdict))
    ['minimum', 'first order', 'second order', 'undecided']
    """

    MINIMUM = "minimum"
    FIRST_ORDER = "first order"
    SECOND_ORDER = "second order"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class Finding:
    """A verdict with its reason, and for a rejected network a way down.

    Parameters
    ----------
    verdict : DeepVerdict
    reason : str
    move : Move or None
    """

    verdict: DeepVerdict
    reason: str
    move: Move | None = None


def examine_live_part(network: ScaledNetwork) -> Finding:
    """Decide whether a network with its live units only is a strict local minimum.

    Strict up to the rotations of groups of rank two and more.
    """
    around = Surroundings(network)
    if not around.is_independent and 2 ** len(around.kinks) > MOST_CELLS:
        reason = f"{len(around.kinks)} dependent kinks, too many cells"
        return Finding(DeepVerdict.UNDECIDED, reason)
    found = Finding(DeepVerdict.UNDECIDED, "gradients of kinks that may be dependent")
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            found = _attempt(jets(around, bits))
        if found.verdict is not DeepVerdict.UNDECIDED:
            break
    return found


def _attempt(local: Jets) -> Finding:
    """Decide at one precision."""
    around = local.around
    if not all(entry.contains(0) for entry in local.stationarity()):
        raise TheoremViolationError("a network is not stationary with the multipliers it has")
    off = (False,) * len(around.kinks)
    basic = local.gradients(off)[list(around.basic)]
    linear = [k for layer in around.linear for k in layer]
    kernel = kernel_of(basic, None if around.is_independent else linear)
    if kernel is None:
        return Finding(DeepVerdict.UNDECIDED, "gradients of kinks that may be dependent")
    if around.is_independent:
        found = _first_order(local)
    else:
        columns = linear_columns(local)
        found, loose = _in_cells(local, columns)
    found = found or _second_order(local, off, kernel, around.basic, "on the stratum")
    if found:
        return found
    return _critical(local) if around.is_independent else _degenerate(local, loose, columns)


def _first_order(local: Jets) -> Finding | None:
    """Return a descent of first order, if there is one, where kinks are independent."""
    slopes = local.around.slopes
    worst = min(
        (
            (float(slope.ball(local.bits).mid()), place, bool(side))
            for place, pair in enumerate(slopes)
            for side, slope in enumerate(pair)
            if slope.sign() < 0
        ),
        default=None,
    )
    if worst is None:
        return None
    slope, place, side = worst
    cell = tuple(side if k == place else False for k in range(len(slopes)))
    others = sum(abs(float(pair[0].ball(local.bits).mid())) for pair in slopes)
    inwards = np.full(len(slopes), -min(0.1, -slope / (2 * others + 1)))
    inwards[place] = 1 if side else -1
    direction = np.linalg.pinv(doubles(local.gradients(cell))) @ inwards
    kink = local.around.kinks[place]
    sign = "+" if side else "-"
    reason = f"unit {kink.unit + 1} of layer {kink.layer + 1} leaves its kink to {sign}"
    return Finding(DeepVerdict.FIRST_ORDER, reason, Move(cell, direction))


def _second_order(
    local: Jets,
    cell: Cell,
    kernel: np.ndarray,
    held: Sequence[int],
    where: str,
    both: bool = True,
    adjoints: Sequence[np.ndarray] | None = None,
) -> Finding | None:
    """Return a verdict if the form on a kernel is not positive definite, None if it is.

    Parameters
    ----------
    local : Jets
    cell : Cell
    kernel : (size, k) array of arb
        A basis of the directions.
    held : sequence of int
        The kinks that stay along them.
    where : str
        For the reason.
    both : bool
        Whether each direction is one of descent if the form is negative on it.
    adjoints : sequence of arrays, optional
        Those of the multipliers of the Lagrangian.
    """
    full = local.hessian(cell, adjoints) + _rotations(local)
    form = kernel.T @ full @ kernel
    if is_positive_definite(form):
        return None
    values, vectors = np.linalg.eigh(doubles(form)) if form.size else (np.zeros(0), None)
    if values.size and values[0] < 0 and both:
        vector = np.array([arb(dyadic(x)) for x in vectors[:, 0]], dtype=object)
        if ball_sign(vector @ form @ vector) < 0:
            reason = f"negative curvature {where}"
            kept = tuple((place, local.around.kinks[place].sites[0]) for place in held)
            move = Move(cell, doubles(kernel @ vector), kept)
            return Finding(DeepVerdict.SECOND_ORDER, reason, move)
    return Finding(DeepVerdict.UNDECIDED, f"a form that may be degenerate {where}")


def _critical(local: Jets) -> Finding:
    """Decide by the critical cones of the cells in which a multiplier is 0 (Lemma D12)."""
    around = local.around
    signs = [[slope.sign() for slope in pair] for pair in around.slopes]
    free = [[side for side in (False, True) if pair[side] == 0] for pair in signs]
    loose = [place for place, sides in enumerate(free) if sides]
    for cell in product(*(sides or [False] for sides in free)) if loose else ():
        tight = [place for place in range(len(free)) if place not in loose]
        gradients = local.gradients(cell)
        kernel = kernel_of(gradients[tight])
        if kernel is None:
            return Finding(DeepVerdict.UNDECIDED, "gradients of kinks that may be dependent")
        where = "on a critical cone"
        found = _second_order(local, cell, kernel, tight, where, both=len(loose) == 1)
        sides = np.array([1 if cell[k] else -1 for k in loose])
        if found is not None and not (
            len(loose) == 2
            and is_positive_on_quadrant(
                local.hessian(cell) + _rotations(local),
                gradients[tight],
                gradients[loose] * sides[:, None],
            )
        ):
            return _inside(found, gradients[loose], [cell[k] for k in loose])
    return Finding(DeepVerdict.MINIMUM, "strict" if not loose else "strict on critical cones")


def _inside(found: Finding, gradients: np.ndarray, sides: Sequence[bool]) -> Finding:
    """Turn a direction of descent into its cell: a form is the same for opposite directions."""
    if found.move is None:
        return found
    towards = doubles(gradients) @ found.move.direction
    sign = 1 if (towards[0] >= 0) == sides[0] else -1
    move = replace(found.move, direction=sign * found.move.direction)
    return replace(found, move=move)


def _in_cells(local: Jets, columns: Sequence[int]) -> tuple[Finding | None, list[Cell]]:
    """Return a descent of first order, if there is one, and cells without strict multipliers.

    Parameters
    ----------
    local : Jets
    columns : sequence of int
        Parameters which kinks take all their values by.
    """
    around, loose = local.around, []
    for cell in product((False, True), repeat=len(around.kinks)):
        inwards, slope = linearised(local, cell, columns)
        if cell_multipliers(local, cell, columns, range(len(cell))) is not None:
            continue
        towards = way_down(inwards, slope)
        if towards is not None:
            direction = np.zeros(local.size)
            direction[columns] = towards
            move = Move(cell, direction)
            reason = "into a cell of dependent kinks"
            return Finding(DeepVerdict.FIRST_ORDER, reason, move), []
        loose.append(cell)
    return None, loose


def _degenerate(local: Jets, loose: Sequence[Cell], columns: Sequence[int]) -> Finding:
    """Decide about cells of dependent kinks in which some multipliers have to be 0 (Lemma D12)."""
    for cell in loose:
        inwards, slope = linearised(local, cell, columns)
        support = positive_multipliers(doubles(inwards), doubles(slope))
        found = cell_multipliers(local, cell, columns, support) if support else None
        kernel = None if found is None else kernel_of(local.gradients(cell)[found[1]])
        if kernel is None:
            reason = "a cell of dependent kinks without strict multipliers"
            return Finding(DeepVerdict.UNDECIDED, reason)
        adjoints = local.adjoints_with(cell, 2 * found[0])
        where = "on a critical cone of dependent kinks"
        worse = _second_order(local, cell, kernel, (), where, both=False, adjoints=adjoints)
        if worse is not None:
            return worse
    critical = " or on its critical cone" if loose else ""
    return Finding(DeepVerdict.MINIMUM, f"strict in every cell{critical}")


def _rotations(local: Jets) -> np.ndarray | arb:
    """Return the sum of the squares of the rotations of groups, along which nothing changes.

    A group of rank two or more is turned into itself by O(rank) (Lemma D7); the form is
    degenerate there, and definite across if it is so with these squares added.
    """
    total = np.full((local.size, local.size), arb(0), dtype=object)
    for rotation in rotations(local):
        total += np.outer(rotation, rotation)
    return total


def rotations(local: Jets) -> Iterator[np.ndarray]:
    """Yield the tangents of the rotations of two units of one row into each other."""
    network = local.around.network
    for layer, rows in enumerate(network.stratum.layers):
        for unit, other in _equal_pairs(rows):
            ratio = (
                local.ball(network.squares[layer][other] / network.squares[layer][unit])
            ).sqrt()
            tangent = np.full(local.size, arb(0), dtype=object)
            width = local.weights[layer].shape[1]
            ours, theirs = local.starts[layer][unit], local.starts[layer][other]
            tangent[ours : ours + width] += ratio * local.weights[layer][other]
            tangent[theirs : theirs + width] -= local.weights[layer][unit] / ratio
            for above, start in enumerate(local.starts[layer + 1]):
                weights = local.weights[layer + 1][above]
                tangent[start + unit] += weights[other] / ratio
                tangent[start + other] -= weights[unit] * ratio
            yield tangent


def _equal_pairs(rows: Sequence[str]) -> list[tuple[int, int]]:
    return [(i, j) for j in range(len(rows)) for i in range(j) if rows[i] == rows[j]]
