"""Inner functions of the checker, compiled so that tests can call them, and kept on disk."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
from numba import njit

from reluenum.verify.boxes.lasso import (
    error_of,
    flats_of,
    gap_ball,
    off_cell,
    seen_vacant,
    slope_in,
)
from reluenum.verify.boxes.sums import slope
from reluenum.verify.cones.directions import ways_off
from reluenum.verify.trees.machine import UNDER_ALL, RoomCache


class KeptBeside(RoomCache):
    """Machine code that is valid as long as no file of a room has changed, nor this one."""

    def __init__(self, function: Callable, room: str) -> None:
        super().__init__(function)
        folders = UNDER_ALL, UNDER_ALL.with_name(room)
        paths = [Path(__file__), *(path for f in folders for path in sorted(f.glob("*.py")))]
        self.seal = sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def kept(room: str) -> Callable:
    """Compile a function that calls those of a room of the checker, once for all runs."""

    def compiled(function: Callable) -> Callable:
        found = njit(function, error_model="numpy", no_cfunc_wrapper=True)
        found._cache = KeptBeside(function, room)
        return found

    return compiled


@kept("boxes")
def seen_with(table, box, given):
    """The lasso of a box, the ball that follows from vectors, what it says, and the verdict.

    It tells of columns and of slopes.
    """
    flats = flats_of(table, box)
    w = given[: len(flats.right)]
    ball = gap_ball(table, flats, w)
    duals, slopes = np.empty((len(w), 2)), np.empty((len(table.rays), 2, 2))
    for k in range(len(w)):
        duals[k, 0] = ball.tau * ball.duals[k]
        duals[k, 1] = error_of(ball, k, flats.gram[k, k], flats.gram_size[k, k])
    for e in range(1, len(table.rays) - 1):
        for side in range(2):
            slopes[e, side] = slope_in(table, flats, w, ball, slope(table, e, side))
    return flats, ball, duals, slopes, seen_vacant(table, box, flats, w)


@kept("boxes")
def cell_with(table, box, ball):
    """What a ball says of a cell."""
    return off_cell(table, flats_of(table, box), ball, box[0], 0)


@kept("cones")
def ways(table, above, below):
    """Steps off some hyperplanes."""
    return ways_off(table, (above, below))
