import numpy as np
from ..trees.machine import compiled
from .arrangement import Array
from .hulls import Box as Compiled
from .rules import empty
from .tables import Tables


@compiled
def settle(table: Tables, counts: Array, numbers: Array, found: Array, first: Array, rays: Array) -> Array:
    """Return which of boxes surely hold no minimum."""
    out, k = np.empty(len(counts), np.bool_), 0
    for n in range(len(counts)):
        m = k + counts[n]
        start = first[k]
        box = Compiled(numbers[k:m, 0], numbers[k:m, 1], found[k:m], first[k:m+1] - start, rays[start:first[m]])
        out[n] = empty(table, box)
        k = m
    return out


def arrays_of(boxes):
    parts = [part for box in boxes for part in box]
    counts = np.array([len(box) for box in boxes])
    numbers = np.array([(part.sign, part.units) for part in parts])
    found = np.array([part.cone.found for part in parts])
    first = np.cumsum([0, *(len(part.cone.rays) for part in parts)])
    rays = np.concatenate([part.cone.rays for part in parts])
    return counts, numbers, found, first, rays


def settled(table, boxes):
    return settle(table, *arrays_of(boxes)).tolist()
