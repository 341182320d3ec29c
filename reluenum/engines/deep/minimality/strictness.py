"""Multipliers that are 0, and whether they do harm (Lemmas D12, D13 and D44)."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from flint import ctx

from reluenum.algebra.forms import is_positive_definite
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.engines.deep.cells.jets import Jets, jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.multipliers import cell_multipliers, linear_columns
from reluenum.engines.deep.minimality.faces import kernel_of_dependent
from reluenum.engines.deep.minimality.outlook import Outlook

MOST_KINKS = 12
"""Dependent kinks of which all cells are looked at."""


def is_tame(around: Surroundings, layer: int) -> bool:
    """Whether multipliers of a strict local minimum that are 0 do no harm (Lemma D44).

    Kinks of the layer itself (from 0) are strict to one side at least, and independent.
    """
    if around.is_strict:
        return True
    own = (pair for k, pair in zip(around.kinks, around.slopes, strict=True) if k.layer == layer)
    if not all(any(s.sign() > 0 for s in pair) for pair in own):
        return False
    if not (around.is_independent or _is_definite(around)):
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        return not layer or Outlook(jets(around, bits), layer, False).has_independent_kinks()


def _is_definite(around: Surroundings) -> bool:
    """Whether the multipliers of dependent kinks show a strict minimum (Lemma D12(a))."""
    if any(slope.sign() < 0 for pair in around.slopes for slope in pair):
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        forms = critical_forms(jets(around, bits))
        return all(found is not None and is_positive_definite(found[1]) for found in forms)


def strict_kinks(around: Surroundings) -> list[int]:
    """Return the kinks that are strict to both sides, given that no slope is negative."""
    return [k for k, pair in enumerate(around.slopes) if all(slope.sign() for slope in pair)]


def critical_forms(local: Jets) -> Iterator[tuple[np.ndarray, np.ndarray] | None]:
    """Yield, for each cell of kinks that leave at no cost, directions and the form on them.

    Other kinks vanish in these directions: (size, k) and (k, k) arrays of arb, or None if the rank
    of their gradients is in doubt.
    """
    held = strict_kinks(local.around)
    free = [[side for side in (0, 1) if not pair[side].sign()] for pair in local.around.slopes]
    for sides in product(*(sides or [0] for sides in free)):
        cell = tuple(map(bool, sides))
        kernel = kernel_of_dependent(local.gradients(cell)[held])
        yield None if kernel is None else (kernel, kernel.T @ local.hessian(cell) @ kernel)


def open_sides(around: Surroundings, layer: int, unit: int) -> dict[int, str]:
    """Return the sites at which a unit (from 0) leaves its kink at no cost, and to which side."""
    return {
        site: side
        for kink, slopes in zip(around.kinks, around.slopes, strict=True)
        if (kink.layer, kink.unit) == (layer, unit)
        for slope, side in zip(slopes, "-+", strict=True)
        if slope.sign() == 0
        for site in kink.sites
    }


def is_strict_in_cells(around: Surroundings, layer: int) -> bool:
    """Whether every cell around dependent kinks has positive multipliers.

    And the kinks of each unit of a layer (from 0) are independent, so that first order is strict
    for copies of it, too (Lemma D13).
    """
    if around.is_independent or len(around.kinks) > MOST_KINKS:
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        local = jets(around, bits)
        if not Outlook(local, layer, split=False).has_independent_kinks():
            return False
        columns, everything = linear_columns(local), range(len(around.kinks))
        cells = product((False, True), repeat=len(around.kinks))
        return all(cell_multipliers(local, c, columns, everything) is not None for c in cells)
