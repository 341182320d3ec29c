"""Arrays, frames, series and lists are read exactly, by their columns, or refused by place."""

import datetime
import subprocess
import sys
from array import array
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from reluenum import InputError, Names, Problem, enumerate_minima
from reluenum.algebra.scalars import exact_text, whole
from reluenum.datasets.families import random_data, teacher_data
from reluenum.engines.series import CertifiedSeries, GroebnerSeries
from reluenum.groebner.limits import Limits
from reluenum.optimisers.studies.runs import Descents
from reluenum.paths.path import ridge_path

EXACT = Problem.from_text([["-1/2", "0"], ["1/10", "3"]], ["1", "1/5"], 2, "1/100")


def arrays(X, y, width=2, ridge="1/100", **more):
    return Problem.from_arrays(X, y, width, ridge, **more)


def refusal(X, y=(1, 2), **more):
    with pytest.raises(InputError) as caught:
        arrays(X, y, **more)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


ROWS = [[-0.5, 0], [0.1, 3]]


@pytest.mark.parametrize(
    "X",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        (row for row in ROWS),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32),
        np.array([[np.longdouble("-0.5"), 0], [np.longdouble("0.1"), 3]]),
        np.asfortranarray(ROWS),
        np.array([["-1/2", "0"], ["1e-1", "3."]]),
        np.array([[Fraction(-1, 2), 0], [Decimal("0.1"), fmpq(3)]], dtype=object),
        np.ma.array(ROWS, mask=False),
        np.matrix(ROWS),
        list(np.array(ROWS, dtype=np.float32)),
        [pd.Series(row) for row in ROWS],
        pd.DataFrame(ROWS),
        pd.DataFrame({"a": np.array([-0.5, 0.1], dtype=np.float32), "b": [0, 3]}),
        pd.DataFrame({"a": pd.array([-0.5, 0.1], "Float32"), "b": pd.array([0, 3], "Int64")}),
        pa.table({"a": [-0.5, 0.1], "b": [0, 3]}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_tables_of_every_kind_give_the_same_problem(X):
    found = arrays(X, [1, 0.2])
    assert (found, found.digest) == (EXACT, EXACT.digest)


@pytest.mark.parametrize(
    "y",
    [
        [1, 0.2],
        [[1], [0.2]],
        np.array([1, 0.2]),
        np.array([[1], [0.2]], dtype=np.float16),
        pd.Series([1, 0.2], name="response"),
        pd.DataFrame({"response": [1, 0.2]}),
        ["1", "1/5"],
        range(1, 3),
    ],
    ids=str,
)
def test_targets_have_one_axis_or_one_column(y):
    expected = EXACT.targets if not isinstance(y, range) else (fmpq(1), fmpq(2))
    assert arrays(ROWS, y).targets == expected


@pytest.mark.parametrize("X", [[1, 2], np.array([1, 2]), pd.Series([1, 2]), ["1", "2"]], ids=str)
def test_one_axis_of_inputs_is_one_column(X):
    assert arrays(X, [1, 2]).inputs == ((fmpq(1),), (fmpq(2),))


def test_a_typed_array_of_python_has_the_precision_of_its_entries():
    single = array("f", [0.1, 0.2])
    for values in (single, memoryview(single)):
        assert arrays(values, [1, 2]).inputs == ((fmpq(1, 10),), (fmpq(1, 5),))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_float_is_the_shortest_decimal_that_gives_it_back_in_its_own_precision(value):
    for kind in (np.float32, np.float64):
        text = exact_text(kind(value))
        assert kind(text) == kind(value)
        assert Fraction(text) == Fraction(str(kind(value)))
        assert Fraction(exact_text(kind(value), binary=True)) == Fraction(float(value))


def test_a_float_may_be_taken_as_the_binary_fraction_that_it_is():
    assert arrays([0.1], [2], ridge=0.5).inputs == ((fmpq(1, 10),),)
    binary = arrays([0.1], [2], ridge=0.1, binary=True)
    assert binary.inputs == ((fmpq(*(0.1).as_integer_ratio()),),)
    assert binary.ridge == fmpq(*(0.1).as_integer_ratio())


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (float("nan"), "nan, which is not finite"),
        (np.float32("inf"), "inf, which is not finite"),
        (Decimal("NaN"), "NaN, which is not finite"),
        (None, "None of type NoneType"),
        (True, "the truth value True"),
        (np.False_, "the truth value False, not the number 0"),
        (1j, "the complex number 1j"),
        (np.complex64(1), "the complex number (1+0j)"),
        ("1,5", "'1,5' is not a finite decimal or fraction"),
        (b"1", "b'1' of type bytes"),
        (datetime.date(2020, 1, 2), "2020-01-02 of type date"),
        (np.datetime64("2020-01-02"), "2020-01-02 of type datetime64"),
        (pd.NA, "<NA> of type NAType"),
        (pd.NaT, "NaT of type NaTType"),
        (np.ma.masked, "a masked value"),
        (10**5000, "a number with thousands of digits"),
        (10**1001, "'1000000000"),
    ],
    ids=lambda value: str(value)[:30] if not isinstance(value, int) else "long",
)
def test_an_entry_that_is_no_finite_number_is_refused_by_row_and_column(entry, found):
    frame = pd.DataFrame({"age": [1, 3], "dose": pd.Series([2, entry], dtype=object)})
    for message, place in (
        (refusal([[1, 2], [3, entry]]), "X, row 1, column 1"),
        (refusal(frame), "X, row 1, column 'dose'"),
        (refusal([1, 2], [1, entry]), "y, row 1"),
    ):
        assert message.startswith(f"{place}: {found}")
        assert message.endswith("; expected a finite number")


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (np.array([True, False]), "the truth value True"),
        (np.array([1 + 0j, 2]), "the complex number (1+0j)"),
        (pd.to_datetime(["2020-01-02", "2020-01-03"]), "2020-01-02"),
        (pd.Categorical(["low", "high"]), "'low' is not a finite decimal"),
        (pd.array([None, 1], dtype="Int64"), "nan"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "a masked value"),
    ],
    ids=["bool", "complex", "datetime", "categorical", "missing", "masked"],
)
def test_columns_of_other_types_are_refused_at_their_first_entry(column, found):
    assert refusal(column).startswith(f"X, row 0: {found}")
    if not np.ma.isMaskedArray(column):
        message = refusal(pd.DataFrame({"dose": column}))
        assert message.startswith("X, row 0, column 'dose': ")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 2, 2)), "X: an array of shape (2, 2, 2); expected one or two axes"),
        (np.array(1.0), "X: an array of shape (); expected one or two axes"),
        ([[1, 2], [3]], "X, row 1: 1 numbers; expected 2, as in the rows before"),
        ([[1], 2], "X, row 1: 2 among rows; expected either rows or numbers"),
        ([1, [2]], "X, row 1: a row among numbers; expected either rows or numbers"),
        ([], "data: no rows"),
        (np.empty((0, 2)), "data: no rows"),
        (np.empty((2, 0)), "data: inputs of no or of unequal length"),
        (np.array([1.0, 2, 3]), "data: 3 inputs and 2 targets; expected one target for each"),
        ("12", "X: '12' of type str; expected an array, a frame or a list of rows"),
        (None, "X: None of type NoneType; expected an array"),
        (7, "X: 7 of type int; expected an array"),
        ({1, 2}, "X: {1, 2} of type set; expected an array"),
        ({"a": [1, 2]}, "X: a table with names (dict); expected an array"),
        ([{"a": 1}, {"a": 2}], "X, row 0: a table with names (dict); expected a list of numbers"),
        (sparse.eye_array(2), "X: a sparse matrix (dia_array); expected `.toarray()` of it"),
        (sparse.csr_matrix([[1.0], [2]]), "X: a sparse matrix (csr_matrix)"),
        (np.zeros(2, dtype=[("a", float)]), "X: a structured array; expected `pd.DataFrame"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else type(value).__name__,
)
def test_tables_of_a_wrong_shape_or_kind_are_refused_in_one_line(X, message):
    y = [] if message.startswith("data: no rows") else [1, 2]
    assert refusal(X, y).startswith(message)


@pytest.mark.parametrize("y", [[[1, 2]], np.ones((1, 2)), np.ones((2, 2)), [[], []]], ids=str)
def test_targets_of_several_columns_are_refused(y):
    assert "expected one for each row of the inputs" in refusal([1, 2], y)


def test_rows_that_are_labelled_differently_are_not_paired_in_silence():
    X, y = pd.DataFrame({"x": [1, 2]}), pd.Series([5, 6], index=[1, 0])
    assert refusal(X, y).startswith("X and y: rows with different labels")
    assert arrays(X, y.to_numpy()).targets == (5, 6)
    assert refusal(X, pd.Series([5, 6, 7])).startswith("data: 2 inputs and 3 targets")


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (pd.DataFrame({"1": [5], "2": [6]}), ["1", "2"]),
        (pd.DataFrame([[5, 6]], columns=pd.MultiIndex.from_tuples([(1, 2), (3, 4)])), [1, 2]),
        ([["1"], ["2"]], pd.DataFrame({"1": [5], "2": [6]})),
        ({"1": [5], "2": [6]}, ["1", "2"]),
        ([["1"], ["2"]], {"1": 5, "2": 6}),
        ([["1"], ["2"]], {"1", "2"}),
        (pa.table({"1": [5], "2": [6]}), ["1", "2"]),
        ([{"1": 5}, {"2": 6}], ["1", "2"]),
    ],
)
def test_a_table_is_never_read_as_its_column_names(X, y):
    with pytest.raises(InputError, match=r"a table with names|of type set"):
        Problem.from_text(X, y, 1, "1")


def test_names_of_columns_are_kept_and_are_no_part_of_problem_or_document():
    frame = pd.DataFrame(ROWS, columns=["dose", "age"])
    named = arrays(frame, pd.Series([1, 0.2], name="response"))
    assert named.names == Names(("dose", "age"), "response")
    assert named.with_width(3).names == named.names
    assert (named, hash(named), named.digest) == (EXACT, hash(EXACT), EXACT.digest)
    assert named.to_document() == EXACT.to_document()
    assert "dose" not in repr(named)
    assert arrays(frame, [1, 0.2]).names == Names(("dose", "age"), "y")
    assert arrays(ROWS, pd.Series([1, 0.2], name="u")).names == Names(("x1", "x2"), "u")
    assert arrays(pd.DataFrame(ROWS), [1, 0.2]).names is None
    assert EXACT.names is None
    with pytest.raises(InputError, match=r"names: \('a',\); expected one name for each input"):
        replace(EXACT, names=Names(("a",)))


@pytest.mark.parametrize("value", [2, np.int64(2), np.uint8(2), np.array(2), fmpq(2).p], ids=repr)
def test_whole_numbers_of_every_kind_are_read(value):
    assert whole(value, "n") == 2
    assert type(whole(value, "n")) is int


@pytest.mark.parametrize(
    "value", [2.0, np.float64(2), "2", None, True, np.True_, Fraction(2), 0, -1, 1j, [2]], ids=repr
)
def test_what_is_no_positive_whole_number_is_refused(value):
    with pytest.raises(InputError, match=r"^n: .*; expected a whole number >= 1$"):
        whole(value, "n")


TWO = np.int64(2)


def test_whole_numbers_of_numpy_do_everywhere_what_those_of_python_do():
    two = Problem.from_text([["1"], ["-1"]], ["1", "2"], TWO, "1")
    assert type(two.width) is int
    assert two == two.with_width(np.uint8(2))
    assert two.digest == Problem.from_text([["1"], ["-1"]], ["1", "2"], 2, "1").digest
    assert random_data(TWO, TWO, TWO, np.int32(10**9)) == random_data(2, 2, 2, 10**9)
    assert teacher_data(TWO, hidden=TWO) == teacher_data(2, hidden=2)
    assert Limits(np.float32(0.5), np.int64(100)) == Limits(0.5, 100)
    assert Descents(starts=TWO, seed=np.int64(0), steps=TWO) == Descents(starts=2, steps=2)
    path = ridge_path(two.with_width(1), np.float64(2.0), np.int64(2))
    assert path.to_document() == ridge_path(two.with_width(1), fmpq(2), 2).to_document()
    for series in (CertifiedSeries(two), GroebnerSeries(two)):
        record = series.examine(np.int64(1), [])
        assert record == series.examine(1, [])
        assert series.document(np.int64(1), [record]) == series.document(1, [record])
    found = enumerate_minima(two, seconds=np.float32(60), jobs=np.int64(1), megabytes=np.int64(999))
    assert found.is_complete


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("jobs", 0, "jobs: 0; expected a whole number >= 1"),
        ("jobs", 2.0, "jobs: 2.0; expected a whole number >= 1"),
        ("seconds", float("nan"), "seconds: nan; expected a number > 0"),
        ("seconds", "1", "seconds: '1'; expected a number > 0"),
        ("megabytes", None, "megabytes: None; expected a whole number >= 1"),
    ],
)
def test_options_that_are_no_numbers_are_refused_by_name(option, value, message):
    with pytest.raises(InputError) as caught:
        enumerate_minima(EXACT, **{option: value})
    assert str(caught.value) == message


def test_light_modules_import_neither_numpy_nor_pandas():
    code = "import sys, reluenum.problem as p; print({'numpy', 'pandas'} & set(sys.modules))"
    # The package imports everything; its modules one by one do not.
    code = (
        "import sys, types; package = types.ModuleType('reluenum'); "
        f"package.__path__ = [{str(next(iter(__import__('reluenum').__path__)))!r}]; "
        f"sys.modules['reluenum'] = package; {code}"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
