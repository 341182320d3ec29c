"""Dead units of layer 1 beside live ones."""

from collections.abc import Sequence

from ..deep.strata import Face
from ..reals import require
from .points import Zero


def harmless(zero: Zero, faces: Sequence[Face]) -> bool:
    """Not yet."""
    require(False, f"{zero.spire.text}: whether a dead unit is harmless is not clear")
    return bool(faces)
