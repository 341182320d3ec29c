"""The bytes of a tree."""

import numpy as np

from ..reals import CertificateError
from .machine import inlined
from .numbers import Array

LONGEST = 5  # bytes of a number


@inlined
def next_byte(content: Array, place: int) -> tuple[int, int]:
    """Return a byte, and the place after it."""
    if place >= len(content):
        raise CertificateError("tree: fewer bytes than nodes")
    return np.int64(content[place]), place + 1


@inlined
def next_number(content: Array, place: int) -> tuple[int, int]:
    """Return a number, seven bits a byte, the lowest ones first, and the place after it."""
    value = np.int64(0)
    for shift in range(0, 7 * LONGEST, 7):
        byte, place = next_byte(content, place)
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise CertificateError("tree: a number has no end")
