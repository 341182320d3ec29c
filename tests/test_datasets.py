"""CSV files are read exactly or refused by row and column; generated data are reproducible."""

from fractions import Fraction
from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from reluenum import InputError
from reluenum.datasets import (
    FAMILIES,
    LARGEST_FILE,
    dataset,
    parse_csv,
    random_data,
    read_csv,
    reference_data,
    teacher_data,
    to_csv,
)

HALF = fmpq(1, 2)
POINTS = (((fmpq(-1), HALF), (fmpq(1, 3), fmpq(0))), (fmpq(1, 5), fmpq(100)))


def refusal(text, tmp_path):
    """Write a file, read it, and return the message without its path."""
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_csv(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(str(path))
    return message.removeprefix(str(path)).lstrip(":, ")


@pytest.mark.parametrize(
    "text",
    [
        "x1,x2,y\n-1,1/2,0.2\n1/3,0,1e2\n",
        "x1,x2,y\r\n-1,1/2,0.2\r\n1/3,0,1e2\r\n",
        "x1,x2,y\r-1,1/2,0.2\r1/3,0,1e2",
        "y,x2,x1\n0.2,1/2,-1\n1e2,0,1/3",
        "\ufeffx1,x2,y\n-1,1/2,0.2\n1/3,0,1e2\n\n \n\n",
        '"x1", x2 ,"y"\n\n"-1","1/2",0.2\n" 1/3\n",0,1e2\n',
    ],
    ids=["plain", "windows", "old mac", "other order", "mark and empty lines", "quoted"],
)
def test_file_is_read_exactly(text, tmp_path):
    (tmp_path / "mine.csv").write_bytes(text.encode())
    assert read_csv(tmp_path / "mine.csv") == POINTS
    assert read_csv(str(tmp_path / "mine.csv")) == POINTS


@pytest.mark.parametrize("header", ["x,y", "x1,y"])
def test_one_dimension_has_either_name(header):
    assert parse_csv(f"{header}\n1/2,3\n", "mine") == (((HALF,),), (fmpq(3),))


def test_repeated_points_are_kept():
    assert parse_csv("x,y\n1/2,3\n0.5,3\n", "mine") == (((HALF,), (HALF,)), (fmpq(3), fmpq(3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\nnan,3\n", "row 3, column x: 'nan' is not a finite decimal or fraction; "),
        ("x,y\n1,-inf\n", "row 2, column y: '-inf' is not a finite decimal or fraction; "),
        ("x,y\n1,2\n3, \n", "row 3, column y: an empty cell; expected a decimal, exponent or"),
        ("x,y\n1,2\n,\n", "row 3, column x: an empty cell"),
        ("x,y\none,2\n", "row 2, column x: 'one' is not a finite decimal or fraction"),
        ("x,y\n1,1/0\n", "row 2, column y: '1/0' divides by zero"),
        ("x,y\n1,1e999999999\n", "row 2, column y: '1e999999999' has more than 1000 digits"),
        (f"x,y\n1,{'7' * 5000}\n", f"row 2, column y: '{'7' * 37}...' has more than 1000 digits"),
        ("x,y\n1,\0\n", "row 2, column y: '\\x00' is not a finite decimal"),
        ('x,y\n"0,5",1\n', "row 2, column x: '0,5' is not a finite decimal or fraction"),
        ("x1,x2,y\n1,2,3\n4,5\n", "row 3: 2 cells; expected 3, one for each column of the header"),
        ("x,y\n1,2,\n", "row 2: 3 cells; expected 2, one for each column of the header"),
        ("x,y\n1\n", "row 2: 1 cell; expected 2"),
        ('x,y\n\n"1\n",2\n\n5,z\n', "row 6, column y: 'z' is not a finite"),
        ("x1;y\n1;2\n", "row 1: unknown column 'x1;y'; expected the columns x1..xd (or x) and y"),
        ("0.5,1\n1,2\n", "row 1: unknown column '0.5'"),
        ("x,Y\n1,2\n", "row 1: unknown column 'Y'"),
        ("x,y,weight\n1,2,3\n", "row 1: unknown column 'weight'"),
        ("x,y,\n1,2,\n", "row 1: unknown column ''"),
        ("x01,y\n1,2\n", "row 1: unknown column 'x01'"),
        (f"{'q' * 999},y\n1,2\n", f"row 1: unknown column '{'q' * 37}...'"),
        ("x1,x2\n1,2\n", "row 1: no column y; expected the columns x1..xd (or x) and y"),
        ("y\n1\n", "row 1: no column of inputs; expected the columns"),
        ("x1,x3,y\n1,2,3\n", "row 1: no column x2; expected the columns"),
        ("x,x1,y\n1,2,3\n", "row 1: no column x2; expected the columns"),
        ("x0,y\n1,2\n", "row 1: unknown column 'x0'"),
        ("x2,y\n1,2\n", "row 1: no column x1; expected the columns"),
        ("x1,x1,y\n1,2,3\n", "row 1: column x1 twice; expected the columns"),
        ("x,y,y\n1,2,3\n", "row 1: column y twice; expected the columns"),
        ("x,y\n", "no rows below the header; expected at least one data point"),
        ("\n\nx,y\n\n", "no rows below the header; expected at least one data point"),
        ("", "an empty file; expected a header with the columns"),
        ("\ufeff \n\n", "an empty file; expected a header with the columns"),
        (b"x,y\n1,2\n\xff,3\n", "row 3: not UTF-8 text; expected a CSV file in UTF-8"),
        ("x,y\n1,2\n".encode("utf-16"), "row 1: not UTF-8 text; expected a CSV file in UTF-8"),
        ('x,y\n"1,2\n3,4\n', "row 2: unexpected end of data; expected cells separated by commas"),
        ("x,y\n" + "1," * 10**5, "row 2: 100001 cells; expected 2"),
        (f"x,y\n1,{'1' * 200_000}", "row 2: field larger than field limit"),
        (b"\0" * (LARGEST_FILE + 1), f"a file too large; expected at most {LARGEST_FILE} bytes"),
    ],
)
def test_bad_file_is_refused_by_row_and_column(text, message, tmp_path):
    assert refusal(text, tmp_path).startswith(message)


def test_wide_header_is_refused_at_once(tmp_path):
    header = ",".join(f"x{k}" for k in range(1, 100_001) if k != 777)
    assert refusal(f"{header},y\n", tmp_path).startswith("row 1: no column x777;")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("missing.csv", "No such file or directory"),
        (".", "Is a directory"),
        ("n" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_path_that_is_no_file_is_refused(name, found, tmp_path):
    with pytest.raises(InputError) as caught:
        read_csv(f"{tmp_path}/{name}")
    assert str(caught.value).endswith(f": {found}; expected a readable CSV file")


def test_endless_file_does_not_fill_the_memory():
    if not Path("/dev/zero").exists():
        pytest.skip("needs an endless file")
    with pytest.raises(InputError, match="a file too large"):
        read_csv("/dev/zero")


rationals = st.fractions().map(lambda value: fmpq(value.numerator, value.denominator))


@st.composite
def data(draw):
    dimension = draw(st.integers(1, 3))
    point = st.tuples(*[rationals] * dimension)
    rows = draw(st.lists(st.tuples(point, rationals), min_size=1, max_size=5))
    return tuple(row for row, _ in rows), tuple(target for _, target in rows)


@given(data())
def test_text_of_data_is_read_back_exactly(mine):
    assert parse_csv(to_csv(*mine), "mine") == mine


@given(st.text(alphabet='xy12,"\n\r /.e-\ufeff\0'))
def test_any_text_is_data_or_an_input_error(text):
    try:
        inputs, targets = parse_csv(text, "mine")
    except InputError:
        return
    assert len(inputs) == len(targets) >= 1


def test_reference_is_the_instance_of_the_article():
    inputs, targets = reference_data()
    assert [Fraction(int(x.p), int(x.q)) * 100 for (x,) in inputs] == [-17, 44, -100, -40, -71]
    assert [Fraction(int(y.p), int(y.q)) * 100 for y in targets] == [5, 102, 61, -36, -132]


GENERATED = [
    ("random", {"n": 30, "d": 2, "seed": 5, "denominator": 3}),
    ("random", {"n": 7}),
    ("teacher", {"n": 30, "d": 3, "seed": 1, "denominator": 7, "hidden": 4, "noise": "1/3"}),
    ("teacher", {"n": 7}),
]


@pytest.mark.parametrize(("family", "parameters"), GENERATED)
def test_generated_data_have_their_sizes_and_denominators(family, parameters):
    inputs, targets = dataset(family, **parameters)
    denominator = parameters.get("denominator", 100)
    assert len(inputs) == len(targets) == parameters["n"]
    assert {len(row) for row in inputs} == {parameters.get("d", 1)}
    assert all(abs(entry) <= 1 for row in inputs for entry in row)
    numbers = [*targets, *(entry for row in inputs for entry in row)]
    assert {(entry * denominator).q for entry in numbers} == {1}


@pytest.mark.parametrize(("family", "parameters"), GENERATED)
def test_seed_decides_the_data_and_a_larger_size_only_appends(family, parameters):
    inputs, targets = dataset(family, **parameters)
    assert dataset(family, **parameters) == (inputs, targets)
    assert dataset(family, **parameters | {"seed": 99}) != (inputs, targets)
    more_inputs, more_targets = dataset(family, **parameters | {"n": parameters["n"] + 3})
    assert (more_inputs[:-3], more_targets[:-3]) == (inputs, targets)


def test_random_numbers_are_those_that_python_promises_to_keep():
    # The first numbers of random.Random("0 inputs").random() are 0.870..., 0.316..., 0.541...
    inputs, _ = random_data(3)
    assert inputs == ((fmpq(74, 100),), (fmpq(-37, 100),), (fmpq(8, 100),))


def test_random_numbers_reach_every_multiple_about_equally_often():
    inputs, targets = random_data(2500, d=1, denominator=2)
    found = [x for (x,) in inputs] + list(targets)
    shares = [found.count(fmpq(k, 2)) / 5000 for k in range(-2, 3)]
    assert all(abs(share - 0.2) < 0.03 for share in shares)


def test_teacher_has_the_inputs_of_the_random_data_and_a_network_behind_its_outputs():
    inputs, clean = teacher_data(60, d=2, seed=4, denominator=10**6, hidden=1, noise="0")
    assert inputs == random_data(60, d=2, seed=4, denominator=10**6)[0]
    assert len(set(clean)) > 2
    # One unit without noise: all outputs have its sign, and they are 0 where it is not active.
    assert len({target > 0 for target in clean if target != 0}) == 1
    _, noisy = teacher_data(60, d=2, seed=4, denominator=10**6, hidden=1, noise="1/50")
    differences = [abs(p - q) for p, q in zip(clean, noisy, strict=True)]
    assert 0 < max(differences) <= fmpq(1, 50) + fmpq(1, 10**6)


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("fourier", {}, "family: 'fourier'; expected one of reference, random, teacher"),
        ("reference", {"n": 5}, "family reference: unknown parameter 'n'; expected no parameter"),
        ("random", {"n": 5, "hiden": 2}, "family random: unknown parameter 'hiden'; expected only"),
        ("teacher", {"d": 2}, "family teacher: no n; expected a value of n"),
        ("random", {"n": 0}, "n: 0; expected a whole number >= 1"),
        ("random", {"n": "5"}, "n: '5'; expected a whole number >= 1"),
        ("random", {"n": True}, "n: True; expected a whole number >= 1"),
        ("random", {"n": 2.0}, "n: 2.0; expected a whole number >= 1"),
        ("random", {"n": 3, "d": 0}, "d: 0; expected a whole number >= 1"),
        ("random", {"n": 3, "seed": -1}, "seed: -1; expected a whole number >= 0"),
        ("random", {"n": 3, "denominator": 0}, "denominator: 0; expected a whole number >= 1"),
        ("random", {"n": 3, "denominator": 10**10}, "denominator: 10000000000; expected a whole"),
        ("random", {"n": 10**9}, "n: 2000000000 numbers; expected at most 100000 = n (d + 1)"),
        ("teacher", {"n": 3, "hidden": 10**9}, "hidden: 1000000000; expected a whole number <="),
        ("teacher", {"n": 3, "noise": 0.1}, "noise: the float 0.1; expected a decimal or fraction"),
        (
            "teacher",
            {"n": 3, "noise": "-1/10"},
            "noise: -1/10; expected a decimal or fraction >= 0",
        ),
        ("teacher", {"n": 3, "noise": "loud"}, "noise: 'loud' is not a finite decimal"),
    ],
)
def test_bad_family_or_parameter_is_refused_by_name(family, parameters, message):
    with pytest.raises(InputError) as caught:
        dataset(family, **parameters)
    assert str(caught.value).startswith(message)


def test_every_family_is_a_function_of_its_own_name():
    assert {name: make.__name__ for name, make in FAMILIES.items()} == {
        name: f"{name}_data" for name in FAMILIES
    }
