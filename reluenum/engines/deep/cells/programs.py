"""Linear programs in doubles; what follows from their solutions is proved elsewhere."""

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
    best = _optimum(
        np.append(np.zeros(ways), -1.0),
        A_ub=np.vstack(
            [np.hstack([-change, share]), np.hstack([cuts, np.ones((len(room), 1))])],
        ),
        b_ub=above,
        bounds=[*free, (None, 1)],
    )
    if best.status != 0 or best.x[-1] < -NEGLIGIBLE:
        return None
    if best.x[-1] > NEGLIGIBLE:
        return best.x[:-1], True
    best = _optimum(
        np.append(np.zeros(ways), -np.ones(count)),
        A_ub=np.vstack(
            [np.hstack([-change, np.eye(count)]), np.hstack([cuts, np.zeros((len(room), count))])],
        ),
        b_ub=above + NEGLIGIBLE,
        bounds=[*free, *[(0, SMALL)] * count],
    )
    return (best.x[:ways], False) if best.status == 0 else None


def widest_multipliers(rows: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """Return multipliers, multipliers @ rows = slope, of which the least one is largest.

    None if that is not positive.
    """
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
    count, rank = rows.shape
    best = _optimum(
        np.append(goal, 0.0),
        A_ub=np.hstack([-rows, np.zeros((count, 1))]),
        b_ub=np.zeros(count),
        bounds=[(-1, 1)] * rank + [(0, 0)],
    )
    inner = _optimum(
        np.append(np.zeros(rank), -1.0),
        A_ub=np.hstack([-rows, np.ones((count, 1))]),
        b_ub=np.zeros(count),
        bounds=[(-1, 1)] * rank + [(None, 1)],
    )
    if best.status != 0 or inner.status != 0 or best.fun >= 0 or inner.x[-1] <= 0:
        return None
    for share in (2.0**-k for k in range(1, 30)):
        towards = (1 - share) * best.x[:-1] + share * inner.x[:-1]
        exact = np.array([arb(dyadic(x)) for x in towards], dtype=object)
        if slope @ exact < 0:
            return towards if all(entry > 0 for entry in inwards @ exact) else None
    return None
