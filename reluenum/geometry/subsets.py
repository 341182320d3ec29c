"""Subsets of a fixed size, numbered in lexicographic order, by the thousand.

The order is that of `itertools.combinations`; a support's number says which it is, so that it need
not be written down, and jobs can start anywhere.
"""

from math import comb

import numpy as np

from reluenum.errors import TooManySupportsError

_LARGEST = 2**62


class Subsets:
    """All subsets of `size` elements of {0, ..., total - 1}.

    Parameters
    ----------
    total, size : int

    Raises
    ------
    TooManySupportsError
        If they are too many for 64-bit numbers.

    Examples
    --------
    >>> Subsets(4, 2).rows(2, 5).tolist()
    [[0, 3], [1, 2], [1, 3]]
    >>> Subsets(4, 2).numbers(np.array([[1, 2]])).tolist()
    [3]
    """

    def __init__(self, total: int, size: int) -> None:
        self.total, self.size = total, size
        self.count = comb(total, size)
        if self.count > _LARGEST:
            raise TooManySupportsError(
                f"{total} faces", f"more than 2^62 supports of size {size}", "a smaller width"
            )
        self._binomials = np.array(
            [[min(comb(c, j), _LARGEST) for j in range(size + 1)] for c in range(total + 1)],
            dtype=np.int64,
        )

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Return the subsets with numbers from `start` to `stop` - 1, (stop - start, size)."""
        return self.members(np.arange(start, min(stop, self.count), dtype=np.int64))

    def members(self, numbers: np.ndarray) -> np.ndarray:
        """Return the subsets with some numbers, (B, size); the inverse of `numbers`."""
        left = self.count - 1 - numbers
        found = np.empty((len(left), self.size), dtype=np.int64)
        for place, chosen in enumerate(range(self.size, 0, -1)):
            column = self._binomials[:, chosen]
            element = np.searchsorted(column, left, side="right") - 1
            found[:, place] = self.total - 1 - element
            left = left - column[element]
        return found

    def numbers(self, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of subsets, each given by its ascending elements."""
        chosen = np.arange(self.size, 0, -1)
        return self.count - 1 - self._binomials[self.total - 1 - rows, chosen].sum(axis=1)
