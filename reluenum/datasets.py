"""Data sets: exact CSV files, the built-in reference, random and teacher data."""

import csv
import io
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from flint import fmpq

from reluenum.errors import InputError, quoted
from reluenum.problem import Problem, Vector, parse_rational
from reluenum.scalars import whole

Data = tuple[tuple[Vector, ...], Vector]
"""Inputs, (n, d), and targets, (n,)."""

LARGEST_FILE = 1_000_000
"""Bytes; larger data could not be enumerated anyway, and must not exhaust the memory."""

LARGEST_GENERATED = 100_000
"""Numbers in a generated data set, for the same reason."""

LARGEST_HIDDEN = 1000
"""Hidden units of a teacher."""

LARGEST_DENOMINATOR = 10**9
"""Beyond this, 53 random bits would not be uniform on the multiples."""

_WEIGHT_DENOMINATOR = 1000
"""Common denominator of the teacher's weights and of the noise before it is scaled."""

_COLUMNS = "the columns x1..xd (or x) and y, separated by commas"
_NUMBER = "a decimal, exponent or fraction"


def read_csv(path: str | Path) -> Data:
    """Read a data set exactly.

    Parameters
    ----------
    path : str or Path
        A UTF-8 file (with or without byte order mark): a header with the columns `x1..xd` (or
        `x`) and `y` in any order, then decimals, exponents or fractions. Empty lines are skipped.

    Returns
    -------
    inputs : (n, d) nested tuple of fmpq
    targets : (n,) tuple of fmpq

    Raises
    ------
    InputError
        Naming file, row (its number in the file) and column of the first thing that cannot be
        used.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), reason, "a readable CSV file") from error
    if len(content) > LARGEST_FILE:
        raise InputError(str(path), "a file too large", f"at most {LARGEST_FILE} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, row {row}", "not UTF-8 text", "a CSV file in UTF-8") from error
    return parse_csv(text, str(path))


def parse_csv(text: str, name: str) -> Data:
    r"""Read a data set from the text of a CSV file, as `read_csv` does.

    Parameters
    ----------
    text : str
    name : str
        Stands for the file in errors.

    Examples
    --------
    >>> parse_csv("x,y\n-0.5,1/3\n", "mine")
    (((-1/2,),), (1/3,))
    """
    (first, header), *rows = _rows(text, name)
    order = _column_order([cell.strip() for cell in header], f"{name}, row {first}")
    if not rows:
        raise InputError(name, "no rows below the header", "at least one data point")
    inputs, targets = [], []
    for row, cells in rows:
        if len(cells) != len(header):
            found = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
            expected = f"{len(header)}, one for each column of the header"
            raise InputError(f"{name}, row {row}", found, expected)
        *point, target = (
            _cell(cells[k], f"{name}, row {row}, column {column}") for column, k in order.items()
        )
        inputs.append(tuple(point))
        targets.append(target)
    return tuple(inputs), tuple(targets)


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty lines, at least the header, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, row = [], 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                rows.append((row, cells))
            row = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}, row {row}", str(error), "cells separated by commas") from error
    if not rows:
        raise InputError(name, "an empty file", f"a header with {_COLUMNS}")
    return rows


def _column_order(header: Sequence[str], where: str) -> dict[str, int]:
    """Return where the columns stand that make a row of data: those of the inputs, then y."""
    present = Counter(header)
    for column, times in present.items():
        if not re.fullmatch(r"x|x[1-9][0-9]{0,5}|y", column, re.ASCII):
            raise InputError(where, f"unknown column {quoted(column)}", _COLUMNS)
        if times > 1:
            raise InputError(where, f"column {column} twice", _COLUMNS)
    dimension = len(header) - 1
    names = ["x"] if dimension == 1 and "x" in present else _input_names(dimension)
    for column in ("y", *names):
        if column not in present:
            raise InputError(where, f"no column {column}", _COLUMNS)
    if not names:
        raise InputError(where, "no column of inputs", _COLUMNS)
    positions = {column: k for k, column in enumerate(header)}
    return {column: positions[column] for column in (*names, "y")}


def _input_names(dimension: int) -> list[str]:
    return [f"x{k}" for k in range(1, dimension + 1)]


def _cell(text: str, where: str) -> fmpq:
    """Read one cell."""
    if not text.strip():
        raise InputError(where, "an empty cell", _NUMBER)
    try:
        return parse_rational(text)
    except ValueError as error:
        raise InputError(where, str(error), _NUMBER) from error


def to_csv(inputs: tuple[Vector, ...], targets: Vector) -> str:
    """Return the CSV text of a data set; `parse_csv` reads exactly the same data back.

    Examples
    --------
    >>> print(to_csv(((fmpq(-1, 2),),), (fmpq(1, 3),)), end="")
    x,y
    -1/2,1/3
    """
    dimension = len(inputs[0])
    names = ["x"] if dimension == 1 else _input_names(dimension)
    lines = [",".join([*names, "y"])]
    for row, target in zip(inputs, targets, strict=True):
        lines.append(",".join(str(entry) for entry in (*row, target)))
    return "\n".join(lines) + "\n"


def reference_data() -> Data:
    """Return the instance of Fukasaku, Kabata and Okuno (arXiv:2508.17783): n = 5, d = 1."""
    source = files("reluenum").joinpath("data/reference.csv")
    return parse_csv(source.read_text(encoding="utf-8"), "reference.csv")


def random_data(n: int, d: int = 1, seed: int = 0, denominator: int = 100) -> Data:
    """Return points with coordinates and targets uniform on the fractions k/denominator in [-1, 1].

    Parameters
    ----------
    n, d : int
        Number of points and dimension of an input.
    seed : int
        Equal parameters give equal data on every machine; a larger n only appends points.
    denominator : int
        Common denominator; a small one makes ties and repeated inputs likely.

    Raises
    ------
    InputError
        If a parameter is no whole number, or too small or too large.
    """
    n, d, seed, denominator = _check(n=n, d=d, seed=seed, denominator=denominator)
    draw = random.Random(f"{seed} targets")
    return _inputs(n, d, seed, denominator), tuple(_uniform(draw, denominator) for _ in range(n))


def teacher_data(
    n: int,
    d: int = 1,
    seed: int = 0,
    denominator: int = 100,
    hidden: int = 2,
    noise: str = "1/10",
) -> Data:
    """Return the inputs of `random_data` with the noisy outputs of a random ReLU network.

    Parameters
    ----------
    n, d, seed, denominator : int
        As in `random_data`; outputs are rounded to the nearest multiple of 1/denominator.
    hidden : int
        Hidden units of the teacher. Its weights are uniform on [-1, 1], and each unit is 0 on a
        hyperplane through a uniform point of the cube of the inputs.
    noise : str
        Half the width of the uniform noise on each output, as exact text.

    Raises
    ------
    InputError
        As in `random_data`, or if the noise is negative or no exact number.
    """
    n, d, seed, denominator, hidden = _check(
        n=n, d=d, seed=seed, denominator=denominator, hidden=hidden
    )
    amplitude = _amplitude(noise)
    draw = random.Random(f"{seed} teacher")
    units = [
        [[_uniform(draw, _WEIGHT_DENOMINATOR) for _ in range(k)] for k in (d, d, 1)]
        for _ in range(hidden)
    ]
    draw = random.Random(f"{seed} noise")
    inputs = _inputs(n, d, seed, denominator)
    targets = []
    for row in inputs:
        value = amplitude * _uniform(draw, _WEIGHT_DENOMINATOR)
        for slopes, kink, (weight,) in units:
            terms = (v * (x - k) for v, x, k in zip(slopes, row, kink, strict=True))
            value += weight * max(sum(terms, start=fmpq(0)), fmpq(0))
        targets.append(fmpq((value * denominator + fmpq(1, 2)).floor(), denominator))
    return inputs, tuple(targets)


def _inputs(n: int, d: int, seed: int, denominator: int) -> tuple[Vector, ...]:
    draw = random.Random(f"{seed} inputs")
    return tuple(tuple(_uniform(draw, denominator) for _ in range(d)) for _ in range(n))


def _uniform(draw: random.Random, denominator: int) -> fmpq:
    """Draw a fraction in [-1, 1] with the given denominator.

    Of all methods of `Random`, only `random` promises the same numbers in later versions of
    Python. They are multiples of 2^-53, so nothing is rounded here.
    """
    bits = int(draw.random() * 2**53)
    return fmpq((bits * (2 * denominator + 1) >> 53) - denominator, denominator)


def _check(**parameters: Any) -> list[int]:
    """Read parameters; those that are no whole numbers, or too small or too large, are refused."""
    largest = {"hidden": LARGEST_HIDDEN, "denominator": LARGEST_DENOMINATOR}
    found = {
        name: whole(value, name, 0 if name == "seed" else 1, largest.get(name))
        for name, value in parameters.items()
    }
    if (numbers := found["n"] * (found["d"] + 1)) > LARGEST_GENERATED:
        raise InputError("n", f"{numbers} numbers", f"at most {LARGEST_GENERATED} = n (d + 1)")
    return list(found.values())


def _amplitude(noise: Any) -> fmpq:
    """Read the noise, exactly."""
    expected = 'a decimal or fraction >= 0, as exact text such as "1/10"'
    if isinstance(noise, float):
        raise InputError("noise", f"the float {noise}", expected)
    try:
        amplitude = parse_rational(str(noise))
    except ValueError as error:
        raise InputError("noise", str(error), expected) from error
    if amplitude < 0:
        raise InputError("noise", str(noise), expected)
    return amplitude


FAMILIES: Mapping[str, Callable[..., Data]] = {
    "reference": reference_data,
    "random": random_data,
    "teacher": teacher_data,
}
"""What a configuration and the command line can name; the signatures say what each takes."""


def dataset(family: str, **parameters: Any) -> Data:
    """Return a data set of a family.

    Raises
    ------
    InputError
        If there is no such family, or it does not take the parameters.

    Examples
    --------
    >>> dataset("random", n=2, denominator=4)
    (((3/4,), (-1/2,)), (1/2, 1/4))
    """
    if family not in FAMILIES:
        raise InputError("family", repr(family), f"one of {', '.join(FAMILIES)}")
    accepted = signature(FAMILIES[family]).parameters
    for name in parameters:
        if name not in accepted:
            expected = f"only {', '.join(accepted)}" if accepted else "no parameter"
            raise InputError(f"family {family}", f"unknown parameter {name!r}", expected)
    for name, parameter in accepted.items():
        if parameter.default is Parameter.empty and name not in parameters:
            raise InputError(f"family {family}", f"no {name}", f"a value of {name}")
    return FAMILIES[family](**parameters)


def posed(instance: Mapping[str, Any]) -> Problem:
    """Return the problem that an instance of an experiment poses, its data read or generated.

    Parameters
    ----------
    instance : dict
        See `reluenum.experiment.instances`.

    Raises
    ------
    InputError
        If the data cannot be read.
    """
    if instance["data"] is not None:
        inputs, targets = instance["data"]["x"], instance["data"]["y"]
    elif instance["csv"] is not None:
        inputs, targets = read_csv(instance["csv"])
    else:
        inputs, targets = dataset(instance["family"], **instance["parameters"])
    return Problem.from_text(
        inputs,
        targets,
        instance["width"],
        instance["ridge"],
        instance["loss"],
        instance["output_bias"],
    )
