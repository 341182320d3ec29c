"""Multipliers of the inequalities of a cell (Lemmas D12 and D26)."""

from collections.abc import Mapping, Sequence

import numpy as np
from flint import arb, arb_mat, fmpq

from reluenum.algebra.forms import doubles, dyadic, matrix_of, pivots_of
from reluenum.algebra.polynomials import determinant
from reluenum.engines.deep.cells.jets import Jets
from reluenum.engines.deep.cells.kinks import Cell
from reluenum.engines.deep.cells.programs import NEGLIGIBLE, widest_multipliers


def linear_columns(local: Jets) -> list[int]:
    """Return parameters, among those in which forms are linear, that basic kinks are regular in."""
    off = (False,) * len(local.around.kinks)
    linear = [k for layer in local.around.linear for k in layer]
    basic = doubles(local.gradients(off)[list(local.around.basic)][:, linear])
    return [linear[k] for k in pivots_of(basic)[: len(basic)]]


def linearised(local: Jets, cell: Cell, columns: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return gradients of a cell's inequalities and half that of the loss, (K, B) and (B,)."""
    pairs = zip(local.around.slopes, cell, strict=True)
    slopes = np.array([pair[on].ball(local.bits) for pair, on in pairs], dtype=object)
    sides = np.array([[1 if on else -1] for on in cell])
    inwards = local.gradients(cell)[:, columns] * sides
    return inwards, slopes @ inwards


def cell_multipliers(
    local: Jets, cell: Cell, columns: Sequence[int], support: Sequence[int]
) -> tuple[np.ndarray, list[int]] | None:
    """Return multipliers of a cell, positive on a support and 0 elsewhere; None if unproved.

    Parameters
    ----------
    local : Jets
    cell : Cell
    columns : sequence of int
        As of `linear_columns`.
    support : sequence of int

    Returns
    -------
    (K,) array of arb, list of int
        nu with nu @ inwards = slope, and a basis of the support.
    """
    inwards, slope = linearised(local, cell, columns)
    support = list(support)
    rows = doubles(inwards[support])
    weights = widest_multipliers(rows, doubles(slope))
    if weights is None:
        return None
    rank = int(np.linalg.matrix_rank(rows, tol=NEGLIGIBLE))
    order = pivots_of((rows * weights[:, None]).T)
    solved, fixed = [support[k] for k in order[:rank]], order[rank:]
    chosen = pivots_of(doubles(inwards[solved]))[:rank]
    found = np.full(len(inwards), arb(0), dtype=object)
    exact = {support[k]: dyadic(weights[k]) for k in fixed}
    found[list(exact)] = [arb(value) for value in exact.values()]
    rest = (slope - found @ inwards)[chosen]
    try:
        matrix = arb_mat(inwards[np.ix_(solved, chosen)].T.tolist())
        found[solved] = matrix_of(matrix.solve(arb_mat([[entry] for entry in rest])))[:, 0]
    except ZeroDivisionError:
        return None
    if not all(found[k] > 0 for k in support):
        return None
    if rank < len(slope) and not _solves(local, cell, columns, exact, solved, chosen):
        return None
    return found, solved


def _solves(
    local: Jets,
    cell: Cell,
    columns: Sequence[int],
    fixed: Mapping[int, fmpq],
    solved: Sequence[int],
    chosen: Sequence[int],
) -> bool:
    """Whether multipliers solve all equations exactly, given that they solve the chosen ones."""
    around = local.around
    linear = [k for layer in around.linear for k in layer]
    weights = [[row[:-1] for row in layer] for layer in around.network.rows[:-1]]
    forms = np.array(around.forms(cell, weights, around.network.point.constant), dtype=object)
    signs = np.array([[1 if on else -1] for on in cell])
    rows = forms[:, [linear.index(k) for k in columns]] * signs
    slopes = np.array([pair[on] for pair, on in zip(around.slopes, cell, strict=True)])
    for k, value in fixed.items():
        slopes[k] = slopes[k] - value
    system = np.vstack([rows[solved], [slopes @ rows]])
    others = [c for c in range(rows.shape[1]) if c not in chosen]
    minors = (determinant(system[:, [*chosen, c]].tolist()) for c in others)
    return all(minor.sign() == 0 for minor in minors)
