"""Patterns and supports, against the counts of the paper and brute force over sign matrices."""

from collections import Counter
from itertools import combinations, permutations, product
from math import comb

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum.errors import InputError, TooManySupportsError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts, Pattern, owned_supports, owner, patterns
from reluenum.geometry.sizes import SUPPORT_LIMIT, refuse_astronomical
from reluenum.geometry.supports import count_supports, support_text, supports
from reluenum.problem import Problem

REFERENCE_INPUTS = ["-0.17", "0.44", "-1", "-0.4", "-0.71"]

widths = st.integers(1, 3)

inputs = st.integers(1, 2).flatmap(
    lambda d: st.lists(st.tuples(*[st.integers(-1, 1)] * d), min_size=1, max_size=3)
)


def arrangement_of(points):
    return Arrangement([(*map(fmpq, point), fmpq(1)) for point in points])


def line(size, width):
    return Problem.from_text([[k] for k in range(size)], ["0"] * size, width, "1")


def test_the_instance_of_the_paper_has_1024_100_55_patterns_and_153_supports():
    problem = Problem.from_text([[x] for x in REFERENCE_INPUTS], ["0"] * 5, 2, "1/100")
    arrangement = Arrangement.of(problem)
    assert Counts.of(Geometry.of(problem)) == Counts(1024, 100, 55, 153)
    assert len(list(patterns(arrangement, 2))) == 55
    assert len(list(supports(arrangement, 2))) == 153


@settings(max_examples=25)
@given(inputs, widths)
def test_every_support_is_owned_by_exactly_one_pattern(points, width):
    """Lemma 7."""
    arrangement = arrangement_of(points)
    owned = {
        pattern: list(owned_supports(pattern, arrangement))
        for pattern in patterns(arrangement, width)
    }
    found = Counter(support for group in owned.values() for support in group)
    assert found == Counter(supports(arrangement, width))
    assert all(
        owner(support, width) == pattern for pattern, group in owned.items() for support in group
    )


@settings(max_examples=25)
@given(inputs, widths)
def test_the_owner_of_a_support_covers_each_of_its_faces(points, width):
    arrangement = arrangement_of(points)
    for support in supports(arrangement, width):
        pattern = owner(support, width)
        assert len(pattern.columns) == width
        assert set(pattern.columns) == {face.signs.replace("0", "+") for face in support}
        assert list(pattern.columns) == sorted(pattern.columns)


def test_a_pattern_with_a_dead_column_owns_nothing():
    arrangement = arrangement_of([(0,), (1,)])
    assert list(owned_supports(Pattern(("++", "--")), arrangement)) == []
    assert list(owned_supports(Pattern(("--", "--")), arrangement)) == []


def test_one_pattern_owns_its_cell_its_boundaries_and_their_pairs():
    arrangement = arrangement_of([(0,), (1,)])
    owned = {support_text(s) for s in owned_supports(Pattern(("++", "++")), arrangement)}
    assert owned == {"++", "+0", "0+", "++|+0", "++|0+", "+0|0+"}
    mixed = {support_text(s) for s in owned_supports(Pattern(("++", "+-")), arrangement)}
    assert mixed == {"++|+-", "+-|+0", "+-|0+"}


@settings(max_examples=25)
@given(inputs, widths)
def test_orbits_of_the_patterns_fill_all_realisable_sign_matrices(points, width):
    arrangement = arrangement_of(points)
    matrices = set(product(arrangement.columns, repeat=width))
    orbits = [set(permutations(pattern.columns)) for pattern in patterns(arrangement, width)]
    assert set().union(*orbits) == matrices
    assert sum(map(len, orbits)) == len(matrices)


@settings(max_examples=25)
@given(inputs, widths)
def test_the_counts_are_what_enumeration_gives(points, width):
    problem = Problem.from_text(points, ["0"] * len(points), width, "1")
    arrangement = Arrangement.of(problem)
    assert Counts.of(Geometry.of(problem)) == Counts(
        len(set(product("+-", repeat=len(points) * width))),
        len(arrangement.columns) ** width,
        len(list(patterns(arrangement, width))),
        len(list(supports(arrangement, width))),
    )


@pytest.mark.parametrize("faces", range(5))
@pytest.mark.parametrize("width", range(1, 7))
def test_supports_are_counted_as_sets(faces, width):
    sets = [c for size in range(1, width + 1) for c in combinations(range(faces), size)]
    assert count_supports(faces, width) == len(sets)


def test_supports_are_distinct_live_faces_by_size():
    found = list(supports(arrangement_of([(0,), (1,)]), 9))
    assert len(found) == 2**5 - 1
    assert [len(s) for s in found] == sorted(len(s) for s in found)
    assert all(len(set(s)) == len(s) and list(s) == sorted(s) for s in found)
    assert all(face.active for s in found for face in s)


def test_a_problem_of_moderate_size_is_not_refused():
    refuse_astronomical(line(20, 3))


def test_an_astronomical_problem_is_refused_with_the_number_of_its_supports():
    expected = sum(comb(4 * 100 + 1, size) for size in (1, 2, 3))
    with pytest.raises(TooManySupportsError, match=rf"width 3 with n = 100.* {expected} supports"):
        refuse_astronomical(line(100, 3))
    with pytest.raises(InputError, match=f"at most {SUPPORT_LIMIT}; .*--force"):
        refuse_astronomical(line(100, 3))


def test_numbers_too_long_for_a_float_are_written_as_powers_of_ten():
    with pytest.raises(TooManySupportsError, match=r"up to 10\^\d+\.\d supports"):
        refuse_astronomical(line(1000, 500))


def test_the_limit_can_be_chosen():
    problem = line(2, 1)
    refuse_astronomical(problem, limit=9)
    with pytest.raises(TooManySupportsError, match="9 supports"):
        refuse_astronomical(problem, limit=8)


@settings(max_examples=40)
@given(inputs, widths)
def test_a_problem_is_never_estimated_smaller_than_it_is(points, width):
    problem = Problem.from_text(points, ["0"] * len(points), width, "1")
    exact = Counts.of(Geometry.of(problem)).supports_examined
    with pytest.raises(TooManySupportsError):
        refuse_astronomical(problem, limit=exact - 1)


def test_texts_join_faces_and_columns_with_a_bar():
    arrangement = arrangement_of([(0,), (1,)])
    assert support_text((arrangement.face("+0"), arrangement.face("0+"))) == "+0|0+"
    assert str(Pattern(("++", "+-"))) == "++|+-"
