"""Exact numbers and the problem they pose: reading, refusing, relations between conventions."""

import pickle
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
from flint import fmpq
from hypothesis import example, given
from hypothesis import strategies as st

from reluenum import InputError, Loss, OutputBias, Problem
from reluenum.algebra.scalars import MAXIMAL_DIGITS, parse_rational
from reluenum.geometry.sizes import LARGEST_WIDTH, refuse_astronomical
from reluenum.problem import parse_ridge

NUMBER_LIKE = st.text(alphabet="0123456789+-./eE_ ", max_size=12)


def problem(**changes):
    fields = {
        "inputs": [["-1/2"], ["0"], ["0.75"]],
        "targets": ["1", "-2/3", "1e-1"],
        "width": 2,
        "ridge": "1/100",
    }
    return Problem.from_text(**(fields | changes))


def refusal(**changes):
    with pytest.raises(InputError) as caught:
        problem(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-17/100", fmpq(-17, 100)),
        ("0.1", fmpq(1, 10)),
        ("+.5", fmpq(1, 2)),
        ("5.", fmpq(5)),
        (" 15E-1\n", fmpq(3, 2)),
        ("-0", fmpq(0)),
        ("1e0000000002", fmpq(100)),
        ("4/8", fmpq(1, 2)),
    ],
)
def test_number_is_read_exactly(text, value):
    assert parse_rational(text) == value


@pytest.mark.parametrize("text", ["1e989", "1e-989", "1" * MAXIMAL_DIGITS])
def test_long_number_is_read(text):
    assert parse_rational(text) == fmpq(Fraction(text).numerator, Fraction(text).denominator)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "-", "nan", "inf", "-Infinity", "one", "1,5", "1/-2", "1.5/2", "1e1.5"),
        *("1 2", "0x10", "1_000", "٣", "½", "1/2/3", "--1", "\0", "e5", "1e"),
    ],
)
def test_text_that_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a finite decimal or fraction"):
        parse_rational(text)


@pytest.mark.parametrize(
    "text", ["1e999999999", "1e-999999999", "1e" + "9" * 5000, "1" * 10**6, "1/" + "3" * 5000]
)
def test_number_that_would_fill_the_memory_is_refused_in_a_short_message(text):
    with pytest.raises(ValueError, match="has more than 1000 digits") as caught:
        parse_rational(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("text", ["1/0", "0/0", "-1/000"])
def test_division_by_zero_is_refused(text):
    with pytest.raises(ValueError, match="divides by zero"):
        parse_rational(text)


@given(st.one_of(NUMBER_LIKE, st.fractions().map(str), st.decimals(allow_nan=False).map(str)))
def test_numbers_agree_with_those_of_the_standard_library(text):
    try:
        ours = parse_rational(text)
    except ValueError:
        return
    try:
        theirs = Fraction(text)
    except ValueError:
        return
    assert (int(ours.p), int(ours.q)) == (theirs.numerator, theirs.denominator)


@given(st.fractions())
def test_every_short_fraction_is_read(value):
    assert parse_rational(str(value)) == fmpq(value.numerator, value.denominator)


@given(st.one_of(st.text(), NUMBER_LIKE))
@example("1e" + "0" * 5000)
@example("\ud800")
def test_any_text_is_a_number_or_a_value_error_of_one_line(text):
    message = "no error"
    try:
        assert isinstance(parse_rational(text), fmpq)
    except ValueError as error:
        message = str(InputError("here", str(error), "a number"))
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", "0 is not positive"),
        ("-1/10", "-1/10 is not positive"),
        ("-0.0", "-0.0 is not positive"),
        ("nan", "'nan' is not a finite"),
        ("1/0", "divides by zero"),
        ("", "'' is not a finite"),
    ],
)
def test_ridge_that_is_not_positive_is_refused(text, found):
    with pytest.raises(InputError) as caught:
        parse_ridge(text)
    assert caught.value.where == "ridge"
    assert found in caught.value.found


def test_text_integers_fractions_and_decimals_give_the_same_problem():
    other = problem(
        inputs=[[Fraction(-1, 2)], [0], [Decimal("0.75")]],
        targets=[np.int64(1), fmpq(-2, 3), "1/10"],
        ridge=Decimal("0.01"),
    )
    assert other == problem()
    assert other.digest == problem().digest


@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.float32(0.5), float("nan")])
@pytest.mark.parametrize(
    ("field", "values", "where"),
    [
        ("inputs", lambda x: [["1"], [x], ["2"]], "inputs[1][0]"),
        ("targets", lambda x: ["1", "2", x], "targets[2]"),
        ("ridge", lambda x: x, "ridge"),
    ],
)
def test_floats_are_refused_by_place(number, field, values, where):
    assert refusal(**{field: values(number)}) == (
        f"{where}: the float {number}; expected exact text such as '1/10' or '0.1'; "
        "`Problem.from_arrays` reads floats"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": [], "targets": []}, "data: no rows; expected at least one data point"),
        ({"targets": ["1"]}, "data: 3 inputs and 1 targets; expected one target for each input"),
        ({"inputs": [["1"], ["1", "2"], ["3"]]}, "data: inputs of no or of unequal length"),
        ({"inputs": [[], [], []]}, "data: inputs of no or of unequal length"),
        ({"inputs": ["12", "34", "56"]}, "inputs[0]: '12'; expected a list of d numbers"),
        ({"inputs": [1, 2, 3]}, "inputs[0]: 1; expected a list of d numbers"),
        ({"inputs": [["1"], ["x"], ["2"]]}, "inputs[1][0]: 'x' is not a finite decimal"),
        (
            {"inputs": [["1"], [True], ["2"]]},
            "inputs[1][0]: the truth value True, not the number 1; e",
        ),
        ({"width": 0}, "width: 0; expected a whole number >= 1"),
        ({"width": -3}, "width: -3; expected a whole number >= 1"),
        ({"width": 1.5}, "width: 1.5; expected a whole number >= 1"),
        ({"width": "2"}, "width: '2'; expected a whole number >= 1"),
        ({"width": True}, "width: True; expected a whole number >= 1"),
        ({"ridge": 0}, "ridge: 0 is not positive; expected a positive number"),
        ({"ridge": "-1/10"}, "ridge: -1/10 is not positive; expected a positive number"),
        ({"loss": "average"}, "loss: 'average'; expected one of sum, mean"),
        ({"output_bias": None}, "output_bias: None; expected one of none, free, ridge"),
    ],
)
def test_bad_field_is_refused_by_name(changes, message):
    assert refusal(**changes).startswith(message)


def test_numbers_that_are_not_exact_do_not_get_around_the_reader():
    with pytest.raises(InputError, match="no fmpq; expected those that `from_text` makes"):
        Problem(((0.5,),), (fmpq(1),), 1, fmpq(1))


def test_input_error_is_one_printable_line_and_survives_a_pickle():
    error = InputError("a\nb\x1b[31m\udcff", "two\r\nlines", "one")
    assert str(error) == "a b\\x1b[31m\\udcff: two lines; expected one"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_document_gives_the_problem_back():
    mine = problem(loss="mean", output_bias="ridge")
    assert Problem.from_document(mine.to_document()) == mine
    assert mine.to_document()["x"] == [["-1/2"], ["0"], ["3/4"]]


def test_digest_is_that_of_the_canonical_text_and_tells_every_field_apart():
    text = (
        '{"loss": "sum", "output_bias": "none", "ridge": "1/2", "width": 1, "x": [["1"]], '
        '"y": ["2"]}'
    )
    tiny = Problem.from_text([["1"]], ["2"], width=1, ridge="1/2")
    assert tiny.digest == sha256(text.encode()).hexdigest()
    changes = [
        {"targets": ["1", "-2/3", "1/11"]},
        {"inputs": [["-1/2"], ["0.75"], ["0"]]},
        {"width": 3},
        {"ridge": "1/99"},
        {"loss": "mean"},
        {"output_bias": "free"},
    ]
    digests = {problem(**change).digest for change in ({}, *changes)}
    assert len(digests) == 7


def test_repr_names_sizes_and_conventions():
    assert repr(problem()) == (
        "Problem(n=3, d=1, width=2, ridge=1/100, loss=sum, output_bias=none)"
    )


def test_width_changes_nothing_else():
    wider = problem().with_width(5)
    assert wider == problem(width=5)
    assert (wider.size, wider.dimension) == (3, 1)


@pytest.mark.parametrize("bias", OutputBias)
def test_mean_loss_is_the_sum_with_n_times_the_ridge_divided_by_n(bias):
    mean = problem(loss="mean", output_bias=bias)
    total = problem(ridge="3/100", output_bias=bias)
    assert mean.effective_ridge == total.effective_ridge
    assert mean.outer == total.outer
    assert mean.loss_scale == fmpq(1, 3) * total.loss_scale


def errors(size):
    return st.lists(st.fractions(max_denominator=50), min_size=size, max_size=size).map(
        lambda values: [fmpq(v.numerator, v.denominator) for v in values]
    )


def inner(left, right):
    return sum((p * q for p, q in zip(left, right, strict=True)), start=fmpq(0))


@pytest.mark.parametrize("bias", OutputBias)
@pytest.mark.parametrize("loss", Loss)
@given(left=errors(3), right=errors(3))
def test_residual_map_is_symmetric(bias, loss, left, right):
    residual = problem(loss=loss, output_bias=bias).residual
    assert inner(left, residual(right)) == inner(residual(left), right)


@given(values=errors(3))
def test_residual_map_without_bias_is_the_identity_and_with_a_free_one_a_projection(values):
    assert problem().residual(values) == values
    free = problem(output_bias="free")
    centred = free.residual(values)
    assert sum(centred, start=fmpq(0)) == 0
    assert free.residual(centred) == centred


@pytest.mark.parametrize("bias", ["free", "ridge"])
@pytest.mark.parametrize("loss", Loss)
@given(values=errors(3), other=st.fractions(max_denominator=50))
def test_residual_map_takes_the_best_output_bias(bias, loss, values, other):
    mine = problem(loss=loss, output_bias=bias)
    best = values[0] - mine.residual(values)[0]
    penalty = mine.effective_ridge if bias == "ridge" else fmpq(0)

    def cost(m):
        return sum(((e - m) ** 2 for e in values), start=penalty * m**2)

    assert cost(best) <= cost(fmpq(other.numerator, other.denominator))


def test_ordinary_problems_are_not_refused():
    refuse_astronomical(problem())
    refuse_astronomical(problem(width=LARGEST_WIDTH, inputs=[["1"]], targets=["1"]))


@pytest.mark.parametrize(
    ("size", "dimension", "width", "found"),
    [
        (12, 1, 9, "supports to solve"),
        (10_000, 1, 3, "supports to solve"),
        (300, 300, 2, "supports to solve"),
        (1, 1, 10**9, "too many ways to share it"),
        (12, 1, 10**30, "too many ways to share it"),
    ],
)
def test_astronomical_problem_is_refused_at_once(size, dimension, width, found):
    rows = [[str(k**j) for j in range(1, dimension + 1)] for k in range(1, size + 1)]
    if dimension == 300:
        rows = [["1" if j == k else "0" for j in range(300)] for k in range(300)]
    large = Problem.from_text(rows, ["1"] * size, width, "1")
    with pytest.raises(InputError, match=found) as caught:
        refuse_astronomical(large)
    assert caught.value.where == f"width {width} with n = {size}"
    assert "--force" in caught.value.expected
