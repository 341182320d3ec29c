"""Records of one size serve every width, by both engines, and foreign ones are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import random_data
from reluenum.documents.results import to_json
from reluenum.engines.series import SERIES
from reluenum.errors import IncompleteRunError
from reluenum.verify import verify


def series(engine, n=3, seed=0, ridge="1/100", denominator=4, **conventions):
    inputs, targets = random_data(n, seed=seed, denominator=denominator)
    problem = Problem.from_text(inputs, targets, 1, ridge, **conventions)
    return SERIES[engine](problem)


def records(one, sizes):
    found = []
    for size in range(1, sizes + 1):
        found.append(one.examine(size, found))
    return found


@pytest.mark.parametrize("engine", SERIES)
@settings(max_examples=8)
@given(
    seed=st.integers(0, 10**6),
    ridge=st.sampled_from(["1/1000", "1/20", "1"]),
    output_bias=st.sampled_from(["none", "free", "ridge"]),
    loss=st.sampled_from(["sum", "mean"]),
)
def test_every_width_is_as_if_it_were_asked_for_alone(engine, seed, ridge, output_bias, loss):
    one = series(engine, 3, seed, ridge, output_bias=output_bias, loss=loss)
    found = records(one, 2)
    for width in (1, 2):
        alone = enumerate_minima(one.problem.with_width(width), engine=engine).document
        assert without_certificate(one.document(width, found[:width])) == without_certificate(alone)


def without_certificate(document):
    return {key: value for key, value in document.items() if key != "certificate"}


@pytest.mark.parametrize("seed", range(12))
def test_the_checker_accepts_every_width_also_of_degenerate_data(seed, tmp_path):
    one = series("certified", 4, seed, "1/20", 2)
    found = records(one, 3)
    for width in (1, 2, 3):
        path = tmp_path / f"{width}.json"
        path.write_text(to_json(one.document(width, found[:width])))
        assert verify(path)


def test_a_certificate_of_generic_data_is_the_same_byte_for_byte():
    one = series("certified", 5, 1)
    found = records(one, 3)
    for width in (1, 2, 3):
        alone = enumerate_minima(one.problem.with_width(width), engine="certified").document
        assert one.document(width, found[:width]) == alone
    assert alone["certificate"]["records"] == alone["enumeration"]["supports_examined"]


@pytest.mark.parametrize("engine", SERIES)
def test_a_width_beyond_all_faces_has_no_further_supports(engine):
    one = series(engine, 1)
    found = records(one, 3)
    document = one.document(3, found)
    assert document["enumeration"]["supports_examined"] == 1
    assert document == enumerate_minima(one.problem.with_width(3), engine=engine).document


@pytest.mark.parametrize("engine", SERIES)
def test_records_of_another_problem_are_refused(engine):
    foreign = records(series(engine, 3, 1), 1)
    with pytest.raises(IncompleteRunError, match="another problem"):
        series(engine, 3, 2).document(1, foreign)


@pytest.mark.parametrize("engine", SERIES)
def test_damaged_records_are_refused(engine):
    one = series(engine)
    (record,) = records(one, 1)
    with pytest.raises(IncompleteRunError, match="damaged"):
        one.document(1, [record[:-7]])


@pytest.mark.parametrize("engine", SERIES)
def test_missing_records_are_refused(engine):
    one = series(engine)
    with pytest.raises(IncompleteRunError, match=r"missing|no outcome"):
        one.document(2, records(one, 1))


def test_records_do_not_depend_on_the_run():
    for engine in SERIES:
        assert records(series(engine), 2) == records(series(engine), 2)
