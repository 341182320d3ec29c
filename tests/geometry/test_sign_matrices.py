"""All sign matrices and their certificates, against cells, counts of the paper and brute force."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
from flint import fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reluenum.algebra.linear import row_space
from reluenum.errors import InputError, TheoremViolationError, TooManySupportsError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts, Pattern, patterns
from reluenum.geometry.sign_matrices import (
    SIGN_MATRIX_LIMIT,
    Circuit,
    Refutation,
    SignMatrices,
    SignMatrix,
    circuits,
    decide_columns,
    refuse_astronomical_matrices,
    refute,
    refute_all,
    sign_matrices,
)
from reluenum.problem import Problem
from tests.support.oracles import reference_problem

FLIPPED = str.maketrans("+-", "-+")

numbers = st.one_of(
    st.integers(-1, 2).map(Fraction), st.fractions(-3, 3, max_denominator=5)
)  # integers make coincident and collinear points likely


def point_sets(largest):
    return st.integers(1, 3).flatmap(
        lambda d: st.lists(st.tuples(*[numbers] * d), min_size=1, max_size=largest)
    )


def rows_of(points):
    return [
        (*(fmpq(Fraction(x).numerator, Fraction(x).denominator) for x in p), fmpq(1))
        for p in points
    ]


def line(size, width):
    return Problem.from_text([[k] for k in range(size)], ["0"] * size, width, "1")


def is_zero_combination(column, refutation, points):
    """The certificate once more, in fractions, without the package."""
    weights = dict(zip(refutation.indices, refutation.multipliers, strict=True))
    homogeneous = [(*map(Fraction, point), Fraction(1)) for point in points]
    return all(
        sum({"+": 1, "-": -1}[column[i]] * w * homogeneous[i][j] for i, w in weights.items()) == 0
        for j in range(len(homogeneous[0]))
    )


def minimal_dependent_sets(rows):
    """Circuits by their definition: dependent, but not without any one of the elements."""

    def dependent(chosen):
        return len(row_space([rows[i] for i in chosen])) < len(chosen)

    return [
        chosen
        for size in range(1, len(rows) + 1)
        for chosen in combinations(range(len(rows)), size)
        if dependent(chosen) and not any(map(dependent, combinations(chosen, size - 1)))
    ]


def test_the_instance_of_the_paper_has_924_refuted_and_100_realisable_matrices():
    problem = reference_problem(2, "1/100")
    found = refute_all(Geometry.of(problem))
    assert (found.examined, found.refuted, found.realisable) == (1024, 924, 100)
    assert found.up_to_permutation == 55
    assert len(found.refuted_columns) == 2**5 - 10


def test_the_record_of_the_paper_s_instance_holds_every_certificate():
    problem = reference_problem(2, "1/100")
    record = refute_all(Geometry.of(problem)).to_document()
    assert {key: record[key] for key in list(record)[:4]} == {
        "examined": "1024",
        "refuted": "924",
        "realisable": 100,
        "up_to_permutation": 55,
    }
    columns = [entry["column"] for entry in record["refuted_columns"]]
    assert columns == sorted(set(columns))
    assert len(columns) == 22
    # Inputs -0.17, 0.44, -1, -0.4, -0.71 are sorted by the order 2, 4, 3, 0, 1.
    assert all(sum(c[i] != c[j] for i, j in ((2, 4), (4, 3), (3, 0), (0, 1))) >= 2 for c in columns)
    for entry in record["refuted_columns"]:
        certificate = Refutation(
            tuple(map(int, entry["multipliers"])), tuple(map(int, entry["multipliers"].values()))
        )
        assert certificate.holds(entry["column"], problem.rows)


def test_three_inputs_on_a_line_have_one_circuit_that_refutes_two_columns():
    rows = rows_of([(0,), (1,), (3,)])
    assert circuits(rows) == (Circuit((0, 1, 2), (2, -3, 1)),)
    verdicts = decide_columns(rows)
    certificate = Refutation((0, 1, 2), (2, 3, 1))
    assert list(verdicts) == ["+++", "++-", "+-+", "+--", "-++", "-+-", "--+", "---"]
    assert {column for column, verdict in verdicts.items() if verdict} == {"+-+", "-+-"}
    assert verdicts["+-+"] == verdicts["-+-"] == certificate


def test_a_repeated_input_is_a_circuit_of_two_elements():
    rows = rows_of([(2, 5), (0, 0), (2, 5)])
    assert circuits(rows) == (Circuit((0, 2), (1, -1)),)
    assert refute("+--", circuits(rows)) == refute("-++", circuits(rows))
    assert refute("+--", circuits(rows)) == Refutation((0, 2), (1, 1))
    assert refute("+-+", circuits(rows)) is None


def test_all_inputs_equal_leave_only_the_constant_columns():
    verdicts = decide_columns(rows_of([(Fraction(1, 3),)] * 4))
    assert [column for column, verdict in verdicts.items() if verdict is None] == ["++++", "----"]


def test_the_corners_of_a_square_cannot_be_separated_by_diagonals():
    rows = rows_of([(0, 0), (0, 1), (1, 0), (1, 1)])
    assert circuits(rows) == (Circuit((0, 1, 2, 3), (1, -1, -1, 1)),)
    refuted = [column for column, verdict in decide_columns(rows).items() if verdict]
    assert refuted == ["+--+", "-++-"]


def test_collinear_points_of_the_plane_have_a_circuit_of_three_elements():
    rows = rows_of([(0, 0), (1, 1), (2, 2), (0, 1)])
    assert circuits(rows) == (Circuit((0, 1, 2), (1, -2, 1)),)


def test_independent_inputs_have_no_circuit_and_every_column():
    rows = rows_of([(0, 0), (1, 0), (0, 1)])
    assert circuits(rows) == ()
    assert set(decide_columns(rows).values()) == {None}
    assert circuits(rows_of([(7,)])) == ()


@settings(max_examples=40)
@given(point_sets(6))
@example([(0, 0), (1, 1), (2, 2), (0, 1), (0, 1)])
def test_circuits_are_the_minimal_dependent_sets_with_their_coprime_dependency(points):
    """Lemma 7a(c)."""
    rows = rows_of(points)
    found = circuits(rows)
    assert [circuit.indices for circuit in found] == minimal_dependent_sets(rows)
    for circuit in found:
        assert 2 <= len(circuit.indices) <= len(points[0]) + 2
        assert circuit.coefficients[0] > 0
        assert 0 not in circuit.coefficients
        column = ["+"] * len(points)
        for i, coefficient in zip(circuit.indices, circuit.coefficients, strict=True):
            column[i] = "+" if coefficient > 0 else "-"
        assert is_zero_combination(column, circuit.refutation, points)


@settings(max_examples=60)
@given(point_sets(6))
@example([(0, 0), (0, 1), (1, 0), (1, 1)])
@example([(0,), (0,), (1,), (1,)])
@example([(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3), (0, 0, 1)])
def test_the_columns_without_certificate_are_the_cells_of_the_arrangement(points):
    """Lemma 7a."""
    rows = rows_of(points)
    verdicts = decide_columns(rows)
    assert list(verdicts) == sorted(map("".join, product("+-", repeat=len(points))))
    realisable = tuple(column for column, verdict in verdicts.items() if verdict is None)
    assert realisable == Arrangement(rows).columns


@settings(max_examples=60)
@given(point_sets(6))
@example([(0, 0), (0, 1), (1, 0), (1, 1)])
def test_every_certificate_holds_and_none_does_with_one_sign_flipped(points):
    rows = rows_of(points)
    for column, refutation in decide_columns(rows).items():
        if refutation is None:
            continue
        assert refutation.holds(column, rows)
        assert is_zero_combination(column, refutation, points)
        assert refutation.holds(column.translate(FLIPPED), rows)
        for i in refutation.indices:
            flipped = column[:i] + column[i].translate(FLIPPED) + column[i + 1 :]
            assert not refutation.holds(flipped, rows)


@settings(max_examples=150)
@given(point_sets(7), st.data())
def test_the_column_of_a_unit_is_never_refuted(points, data):
    size = len(points[0]) + 1
    unit = data.draw(st.lists(numbers, min_size=size, max_size=size))
    values = [sum(x * w for x, w in zip((*p, 1), unit, strict=True)) for p in points]
    column = "".join("+" if value >= 0 else "-" for value in values)
    assert refute(column, circuits(rows_of(points))) is None


@settings(max_examples=60)
@given(point_sets(5), st.data())
def test_no_combination_refutes_the_column_of_a_unit(points, data):
    """Also if the multipliers come from elsewhere: `holds` accepts no wrong certificate."""
    rows = rows_of(points)
    column = data.draw(st.sampled_from(Arrangement(rows).columns))
    indices = data.draw(st.sets(st.integers(0, len(points) - 1)).map(sorted).map(tuple))
    some = st.lists(st.integers(-2, 3), min_size=len(indices), max_size=len(indices)).map(tuple)
    assert not Refutation(indices, data.draw(some)).holds(column, rows)


def test_a_certificate_needs_positive_multipliers_and_the_right_ones():
    rows = rows_of([(0,), (1,), (2,)])
    certificate = Refutation((0, 1, 2), (1, 2, 1))
    assert certificate.holds("+-+", rows)
    assert not certificate.holds("+-+", rows_of([(0,), (1,), (3,)]))
    assert not replace(certificate, multipliers=(1, 1, 1)).holds("+-+", rows)
    assert not replace(certificate, multipliers=(0, 0, 0)).holds("+-+", rows)
    assert not Refutation((0, 1, 2), (1, -2, 1)).holds("+++", rows)
    assert not Refutation((0, 1, 2), (1, -2, 1)).holds("---", rows)
    assert not Refutation((), ()).holds("+-+", rows)


def test_matrices_come_in_lexicographic_order_with_the_unit_that_is_refuted():
    verdicts = decide_columns(rows_of([(0,), (1,), (3,)]))
    certificate = Refutation((0, 1, 2), (2, 3, 1))
    matrices = list(sign_matrices(verdicts, 2))
    assert len(matrices) == 2 ** (3 * 2)
    assert [m.columns for m in matrices] == sorted(product(verdicts, repeat=2))
    by_columns = {m.columns: m for m in matrices}
    assert by_columns["+++", "---"] == SignMatrix(("+++", "---"), None, None)
    assert by_columns["+++", "-+-"] == SignMatrix(("+++", "-+-"), 1, certificate)
    assert by_columns["+-+", "-+-"] == SignMatrix(("+-+", "-+-"), 0, certificate)


@settings(max_examples=20)
@given(point_sets(4), st.integers(1, 2))
def test_the_realisable_matrices_are_the_orbits_of_the_patterns(points, width):
    arrangement = Arrangement(rows_of(points))
    matrices = sign_matrices(decide_columns(arrangement.rows), width)
    realisable = [m.columns for m in matrices if m.refutation is None]
    assert len(set(realisable)) == len(realisable)
    orbits = {Pattern(tuple(sorted(columns))) for columns in realisable}
    assert orbits == set(patterns(arrangement, width))
    assert sum(len(set(permutations(orbit.columns))) for orbit in orbits) == len(realisable)


@settings(max_examples=20)
@given(point_sets(4), st.integers(1, 2))
@example([(0,), (0,), (1,)], 3)
def test_examining_finds_the_counts_and_a_certificate_for_every_other_column(points, width):
    problem = Problem.from_text(points, ["0"] * len(points), width, "1")
    arrangement = Arrangement.of(problem)
    found, counts = refute_all(Geometry.of(problem)), Counts.of(Geometry.of(problem))
    assert found.examined == counts.sign_matrices == found.refuted + found.realisable
    assert found.realisable == counts.realisable_patterns
    assert found.up_to_permutation == counts.patterns_up_to_permutation
    assert len(found.refuted_columns) + len(arrangement.columns) == 2 ** len(points)
    assert all(refutation.holds(c, problem.rows) for c, refutation in found.refuted_columns)


def test_one_point_refutes_nothing():
    problem = line(1, 2)
    assert refute_all(Geometry.of(problem)) == SignMatrices(4, 0, 4, 3, ())


def forged(problem, arrangement):
    """A geometry with an arrangement that is not its problem's."""
    geometry = Geometry(problem)
    vars(geometry)["arrangement"] = arrangement
    return geometry


def test_a_certificate_that_is_checked_on_other_rows_is_an_error():
    other = Arrangement(rows_of([(0,), (1,), (1,)]))
    with pytest.raises(TheoremViolationError, match=r"does not refute the column \+-\+"):
        refute_all(forged(line(3, 2), other))


def test_other_numbers_of_matrices_than_counted_are_an_error(monkeypatch):
    problem = line(3, 2)
    monkeypatch.setattr(Counts, "of", lambda *_: Counts(64, 36, 20, 5))
    message = r"\(64, 36, 21\) sign matrices where .*permutation=20"
    with pytest.raises(TheoremViolationError, match=message):
        refute_all(Geometry.of(problem))


def test_a_cell_too_many_or_too_few_is_an_error():
    problem = line(3, 1)
    for columns in (("+++",), tuple(map("".join, product("+-", repeat=3)))):
        arrangement = Arrangement(problem.rows)  # not the one that is shared
        arrangement.columns = columns
        with pytest.raises(TheoremViolationError, match="neither a cell nor a certificate"):
            refute_all(forged(problem, arrangement))


def test_a_progress_bar_is_shown_when_asked_for(capsys):
    problem = line(3, 2)
    refute_all(Geometry.of(problem))
    assert capsys.readouterr().err == ""
    refute_all(Geometry.of(problem), progress=True)
    assert "64/64" in capsys.readouterr().err


def test_astronomically_many_matrices_are_refused_with_their_number():
    message = r"width 3 with n = 100: 2\^300 sign matrices.* at most 1048576; .*--force"
    with pytest.raises(TooManySupportsError, match=message):
        refuse_astronomical_matrices(line(100, 3))
    with pytest.raises(InputError):
        refuse_astronomical_matrices(line(1, 10**15))


def test_the_limit_is_the_largest_number_of_matrices_that_is_not_refused():
    assert SIGN_MATRIX_LIMIT == 2**20
    refuse_astronomical_matrices(line(20, 1))
    refuse_astronomical_matrices(line(5, 4))
    with pytest.raises(TooManySupportsError):
        refuse_astronomical_matrices(line(11, 2))
    refuse_astronomical_matrices(line(2, 2), limit=16)
    with pytest.raises(TooManySupportsError):
        refuse_astronomical_matrices(line(2, 2), limit=15)
