"""Subsets by number, against itertools."""

from itertools import combinations, islice

import numpy as np
import pytest

from reluenum.errors import TooManySupportsError
from reluenum.geometry.subsets import Subsets


@pytest.mark.parametrize("total", range(1, 9))
def test_rows_and_numbers_are_those_of_combinations(total):
    for size in range(total + 1):
        expected = list(combinations(range(total), size))
        subsets = Subsets(total, size)
        rows = subsets.rows(0, subsets.count)
        assert list(map(tuple, rows.tolist())) == expected
        assert subsets.numbers(rows).tolist() == list(range(subsets.count))


def test_any_slice_can_be_taken():
    expected = list(combinations(range(12), 5))
    subsets = Subsets(12, 5)
    for start, stop in ((0, 1), (17, 60), (790, 792), (791, 10**9), (792, 800)):
        rows = subsets.rows(start, stop)
        assert list(map(tuple, rows.tolist())) == expected[start:stop]


def test_large_numbers_are_exact():
    subsets = Subsets(397, 3)
    assert subsets.count == 10349790
    last = subsets.rows(subsets.count - 1, subsets.count)
    assert last.tolist() == [[394, 395, 396]]
    middle = subsets.rows(7_654_321, 7_654_324)
    assert subsets.numbers(middle).tolist() == [7_654_321, 7_654_322, 7_654_323]
    assert (np.diff(middle, axis=1) > 0).all()


def test_more_than_2_to_the_62_subsets_are_refused():
    with pytest.raises(TooManySupportsError, match=r"more than 2\^62 supports of size 40"):
        Subsets(400, 40)


@pytest.mark.parametrize(("total", "size"), [(70, 68), (300, 299), (64, 63), (100_000, 2), (66, 3)])
def test_rows_of_large_totals_are_the_first_and_last_combinations(total, size):
    subsets = Subsets(total, size)
    first = subsets.rows(0, 40)
    assert list(map(tuple, first.tolist())) == list(islice(combinations(range(total), size), 40))
    last = subsets.rows(subsets.count - 1, subsets.count)
    assert last.tolist() == [list(range(total - size, total))]
    for start in range(0, subsets.count, subsets.count // 7 + 1):
        rows = subsets.rows(start, start + 3)
        assert subsets.numbers(rows).tolist() == list(range(start, start + len(rows)))


def test_the_largest_numbers_are_exact():
    """C(65, 32) is just below 2^62, C(66, 33) just above."""
    subsets = Subsets(65, 32)
    assert subsets.count == 3609714217008132870 < 2**62
    for start in (0, 1, 2**53 + 1, subsets.count // 3, subsets.count - 2):
        rows = subsets.rows(start, start + 2)
        assert subsets.numbers(rows).tolist() == [start, start + 1]
        assert list(map(tuple, rows.tolist())) == sorted(map(tuple, rows.tolist()))
    with pytest.raises(TooManySupportsError, match="66 faces"):
        Subsets(66, 33)
