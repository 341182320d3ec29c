"""The root boxes: orthants of independent sites, in which every minimum of a width lies."""

from itertools import combinations_with_replacement

import numpy as np

from reluenum.engines.cones.groups import COUNT, MANY, PARTS, SIGN
from reluenum.engines.cones.parts import settle_weak, status_at
from reluenum.engines.cones.rays import Rays
from reluenum.engines.cones.search import Boxes


def orthant(sky: Rays, number: int) -> tuple[np.ndarray, list[int]]:
    """Return the statuses and the rays of an orthant: base site e is < 0 if bit e is set."""
    signs = np.where(number >> np.arange(len(sky.base)) & 1, -1, 1)
    at_base = sky.signs[:, sky.base] * signs
    rays = np.flatnonzero((at_base >= 0).all(axis=1) & ((at_base > 0).sum(axis=1) == 1))
    status = np.array([status_at.py_func(sky, rays, len(rays), i) for i in range(len(sky.target))], np.int8)
    status[sky.base[signs < 0]] = -2
    settle_weak.py_func(sky, status, rays, len(rays), np.zeros(sky.zeros.shape[1], np.uint64))
    return status, rays.tolist()


def root_boxes(sky: Rays, width: int) -> Boxes:
    """Return the root boxes of a width, the first one last."""
    count = 1 << len(sky.base)
    orthants = [orthant(sky, number) for number in range(count)]
    chosen = [
        units
        for size in range(1, width + 1)
        for units in combinations_with_replacement(range(2 * count), size)
    ]
    info, states, edges = (
        np.zeros((len(chosen), PARTS, 3), dtype=np.int64),
        np.zeros((len(chosen), PARTS, len(sky.target)), dtype=np.int8),
        np.zeros((len(chosen), PARTS, sky.most), dtype=np.int32),
    )
    for place, units in enumerate(reversed(chosen)):
        for part, number in enumerate(sorted(set(units))):
            status, rays = orthants[number % count]
            info[place, part, SIGN] = 1 if number < count else -1
            info[place, part, MANY] = units.count(number)
            info[place, part, COUNT] = len(rays)
            states[place, part] = status
            edges[place, part, : len(rays)] = rays
    return Boxes(info, states, edges, np.full(len(chosen), 1 / len(chosen)))
