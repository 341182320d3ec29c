"""Linear programs in doubles; what follows from their solutions is proved elsewhere.

Those of a few kinks are solved by going through all corners: SciPy takes long to be loaded.
"""

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from flint import arb

from reluenum.algebra.forms import doubles, dyadic

NEGLIGIBLE = 1e-9
"""In doubles, what is taken for 0 before it is proved."""

SMALL = 1e-5
"""Multipliers that can be as large are positive ones, as doubles see it."""

CUT_SHARE = 0.01
"""How much multipliers count where room for dead units is looked for."""

MOST_CORNERS = 256
"""Sets of rows that are all tried before a linear program is asked."""


def _optimum(costs: np.ndarray, **constraints: Any) -> Any:
    """Minimise by scipy, which takes long to import and is not always needed."""
    from scipy.optimize import linprog

    return linprog(costs, **constraints)


def strictest_shares(
    slopes: np.ndarray, change: np.ndarray, room: np.ndarray
) -> tuple[np.ndarray, bool] | None:
    """Return shares of relations for which slopes are as large as possible; None if negative.

    Parameters
    ----------
    slopes : (S,) array
        Without any relation.
    change : (S, R) array
        What the relations add to them.
    room : (C, 1 + R) array
        Of each cut without a relation, then with each of them.

    Returns
    -------
    (R,) array, bool
        And whether all slopes are positive. If they cannot be at once, as many as possible are.
    """
    count, ways = change.shape
    free, above = [(None, None)] * ways, np.append(slopes, room[:, 0])
    cuts = room[:, :1] - room[:, 1:]
    share = np.full((count, 1), CUT_SHARE if len(room) else 1)
    last = np.append(np.zeros(ways), 1.0)
    bounded = np.vstack(
        [np.hstack([-change, share]), np.hstack([cuts, np.ones((len(room), 1))]), last]
    )
    best = highest_point(bounded, np.append(above, 1.0))
    if best is None or best[-1] < -NEGLIGIBLE:
        return None
    if best[-1] > NEGLIGIBLE:
        return best[:-1], True
    best = _optimum(
        np.append(np.zeros(ways), -np.ones(count)),
        A_ub=np.vstack(
            [np.hstack([-change, np.eye(count)]), np.hstack([cuts, np.zeros((len(room), count))])],
        ),
        b_ub=above + NEGLIGIBLE,
        bounds=[*free, *[(0, SMALL)] * count],
    )
    return (best.x[:ways], False) if best.status == 0 else None


def highest_point(rows: np.ndarray, sides: np.ndarray) -> np.ndarray | None:
    """Return the point with the largest last entry among those with rows x <= sides, if any.

    Parameters
    ----------
    rows : (K, B) array
    sides : (K,) array

    Examples
    --------
    >>> highest_point(np.array([[1.0, 1.0], [-1.0, 0.0]]), np.array([1.0, 0.0])).tolist()
    [0.0, 1.0]
    """
    if (corners := _corners(rows)) is not None:
        chosen, inverses = corners
        points = (inverses @ sides[chosen][:, :, None])[:, :, 0]
        points = points[(points @ rows.T < sides + NEGLIGIBLE).all(axis=1)]
        return points[np.argmax(points[:, -1])] if len(points) else None
    costs = np.append(np.zeros(rows.shape[1] - 1), -1.0)
    best = _optimum(costs, A_ub=rows, b_ub=sides, bounds=(None, None))
    return best.x if best.status == 0 else None


def widest_multipliers(rows: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """Return positive multipliers, multipliers @ rows = slope, far from 0; None without any.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> widest_multipliers(rows, np.array([2.0, 3.0])).tolist()
    [1.0, 2.0, 1.0]
    >>> widest_multipliers(rows, np.array([2.0, -3.0]))
    """
    if (corners := _corners(rows)) is not None:
        found = _mean_multipliers(rows, slope, *corners)
        return None if found is None or (found <= NEGLIGIBLE).any() else found
    count, rank = rows.shape
    best = _optimum(
        np.append(np.zeros(count), -1.0),
        A_ub=np.hstack([-np.eye(count), np.ones((count, 1))]),
        b_ub=np.zeros(count),
        A_eq=np.hstack([rows.T, np.zeros((rank, 1))]),
        b_eq=slope,
        bounds=[(None, None)] * count + [(None, 1)],
    )
    return best.x[:-1] if best.status == 0 and best.x[-1] > 0 else None


def positive_multipliers(rows: np.ndarray, slope: np.ndarray) -> list[int]:
    """Return the rows that can have positive multipliers at once, if any can."""
    if (corners := _corners(rows)) is not None:
        found = _mean_multipliers(rows, slope, *corners)
        return [] if found is None else np.flatnonzero(found > NEGLIGIBLE).tolist()
    count, rank = rows.shape
    found = _optimum(
        np.concatenate([np.zeros(count), -np.ones(count)]),
        A_ub=np.hstack([-np.eye(count), np.eye(count)]),
        b_ub=np.zeros(count),
        A_eq=np.hstack([rows.T, np.zeros((rank, count))]),
        b_eq=slope,
        bounds=[(0, None)] * count + [(0, SMALL)] * count,
    )
    return [k for k in range(count) if found.x[count + k] > SMALL / 2] if found.status == 0 else []


def way_down(inwards: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """Return where a cell leads down: eta with inwards eta > 0 and slope . eta < 0, or None.

    Parameters
    ----------
    inwards : (K, B) array of arb
    slope : (B,) array of arb

    Returns
    -------
    (B,) array, or None
        Both are proved.
    """
    rows, goal = doubles(inwards), doubles(slope)
    steepest, inner = _ways(rows, goal)
    if goal @ steepest >= 0 or (rows @ inner <= 0).any():
        return None
    for share in (2.0**-k for k in range(1, 30)):
        towards = (1 - share) * steepest + share * inner
        exact = np.array([arb(dyadic(x)) for x in towards], dtype=object)
        if slope @ exact < 0:
            return towards if all(entry > 0 for entry in inwards @ exact) else None
    return None


def _ways(rows: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how a cone, rows eta >= 0, leads down most steeply, and to its inside; 0 if not."""
    count, rank = rows.shape
    if (corners := _corners(rows)) is not None:
        rays = np.concatenate(corners[1].transpose(0, 2, 1))
        rays = rays[(rays @ rows.T > -NEGLIGIBLE).all(axis=1)]
        rays = np.vstack([rays / abs(rays).max(axis=1, keepdims=True), np.zeros(rank)])
        return rays[np.argmin(rays @ goal)], rays.mean(axis=0)
    box = [(-1, 1)] * rank
    best = _optimum(goal, A_ub=-rows, b_ub=np.zeros(count), bounds=box)
    inner = _optimum(
        np.append(np.zeros(rank), -1.0),
        A_ub=np.hstack([-rows, np.ones((count, 1))]),
        b_ub=np.zeros(count),
        bounds=[*box, (None, 1)],
    )
    nowhere = np.zeros(rank)
    return [nowhere if found.status else found.x[:rank] for found in (best, inner)]


def _corners(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the sets of B independent rows, (S, B), and their inverses; None without or of many.

    An inverse has the rays of the cone, rows eta >= 0, that its rows but one span, as columns, and
    with the slope the multipliers of its rows.
    """
    count, rank = rows.shape
    if count < rank or comb(count, rank) > MOST_CORNERS:
        return None
    chosen = np.array([*combinations(range(count), rank)], dtype=int)
    chosen = chosen[abs(np.linalg.det(rows[chosen])) > NEGLIGIBLE]
    return (chosen, np.linalg.inv(rows[chosen])) if len(chosen) else None


def _mean_multipliers(
    rows: np.ndarray, slope: np.ndarray, chosen: np.ndarray, inverses: np.ndarray
) -> np.ndarray | None:
    """Return multipliers >= 0 that are positive where any are; None if there are none.

    They are the mean of the corners of all, with the edges that have no end added: there a row has
    no positive share in those of a corner.
    """
    corners = np.zeros((len(chosen), len(rows)))
    np.put_along_axis(corners, chosen, slope @ inverses, axis=1)
    corners = corners[(corners > -NEGLIGIBLE).all(axis=1)]
    if not len(corners):
        return None
    found, shares = corners.mean(axis=0), rows @ inverses
    for corner, row in np.argwhere((shares < NEGLIGIBLE).all(axis=2)):
        found[row] += 1
        found[chosen[corner]] -= shares[corner, row]
    return found
