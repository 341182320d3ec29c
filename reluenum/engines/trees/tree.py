"""What a search of boxes ends with."""

from dataclasses import dataclass
from typing import Any

EXCLUDE, LEAF, OPEN = 0, 1, 4
"""Bytes of a tree, those of cuts aside; the last one stands for a box that was not looked at."""

Leaf = tuple[tuple[int, ...], tuple[Any, ...]]
"""Signs and faces."""


@dataclass(frozen=True, eq=False)
class BoxTree:
    """A tree of boxes, looked at or open.

    Parameters
    ----------
    content : bytes
        The nodes in preorder (docs/certificate.md).
    leaves : list of (tuple of int, tuple)
        Signs and faces of the leaves, in order.
    boxes : int
        Number of nodes, open ones aside.
    open : int
        How many boxes were not looked at.
    share : float
        Of all supports, with signs, those in the open boxes.
    """

    content: bytes
    leaves: list[Leaf]
    boxes: int
    open: int = 0
    share: float = 0.0
