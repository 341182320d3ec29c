"""Data sets: exact CSV files, the built-in reference, random and teacher data."""

import csv
import io
import random
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from flint import fmpq

from reluenum.errors import InputError
from reluenum.problem import Vector, parse_rational

Data = tuple[tuple[Vector, ...], Vector]
"""Inputs, (n, d), and targets, (n,)."""

LARGEST_FILE = 50_000_000
"""Bytes; larger data could not be enumerated anyway, and must not exhaust the memory."""

LARGEST_GENERATED = 1_000_000
"""Entries of a generated data set."""


def read_csv(path: str | Path) -> Data:
    """Read a data set exactly.

    Parameters
    ----------
    path : str or Path
        A header with the columns `x1..xd` (or `x`) and `y` in any order; decimals, exponents
        or fractions below it.

    Raises
    ------
    InputError
        Naming file, line and column of the first thing that cannot be used.
    """
    try:
        if Path(path).stat().st_size > LARGEST_FILE:
            raise InputError(str(path), "a file too large", f"at most {LARGEST_FILE} bytes")
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(str(path), error.strerror or "unreadable", "a readable file") from error
    except ValueError as error:
        raise InputError(str(path), "not UTF-8 text", "a CSV file in UTF-8") from error
    return parse_csv(text, str(path))


def parse_csv(text: str, name: str) -> Data:
    """Read a data set from the text of a CSV file; `name` stands for it in errors."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}", str(error), "a CSV row") from error
    if not rows:
        raise InputError(name, "an empty file", "a header x1..xd,y and at least one row")
    header = [cell.strip() for cell in rows[0][1]]
    order = _column_order(header, name)
    if len(rows) == 1:
        raise InputError(name, "no rows below the header", "at least one data point")
    inputs, targets = [], []
    for line, row in rows[1:]:
        if len(row) != len(header):
            expected = f"{len(header)}, one for each column of the header"
            raise InputError(f"{name}, line {line}", f"{len(row)} cells", expected)
        values = [_cell(row[j], f"{name}, line {line}, column {header[j]}") for j in order]
        inputs.append(tuple(values[:-1]))
        targets.append(values[-1])
    return tuple(inputs), tuple(targets)


def _column_order(header: list[str], name: str) -> list[int]:
    """Return the positions of the columns x1..xd, y."""
    expected = "the columns x1..xd (or x) and y"
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{name}, header", f"column {column!r} twice", expected)
    if "y" not in header:
        raise InputError(f"{name}, header", "no column y", expected)
    dimension = len(header) - 1
    names = ["x"] if "x" in header else [f"x{k}" for k in range(1, dimension + 1)]
    for column in names:
        if column not in header:
            raise InputError(f"{name}, header", f"no column {column}", expected)
    for column in header:
        if column not in (*names, "y"):
            raise InputError(f"{name}, header", f"unknown column {column!r}", expected)
    if not names:
        raise InputError(f"{name}, header", "no column of inputs", expected)
    return [header.index(column) for column in (*names, "y")]


def _cell(text: str, where: str) -> fmpq:
    """Read one cell."""
    if not text.strip():
        raise InputError(where, "an empty cell", "a decimal or fraction")
    try:
        return parse_rational(text)
    except ValueError as error:
        raise InputError(where, str(error), "a decimal or fraction") from error


def to_csv(inputs: tuple[Vector, ...], targets: Vector) -> str:
    """Return the CSV text of a data set; `parse_csv` reads exactly the same data back."""
    dimension = len(inputs[0])
    names = ["x"] if dimension == 1 else [f"x{k}" for k in range(1, dimension + 1)]
    lines = [",".join([*names, "y"])]
    for row, target in zip(inputs, targets, strict=True):
        lines.append(",".join(str(entry) for entry in (*row, target)))
    return "\n".join(lines) + "\n"


def reference_data() -> Data:
    """Return the instance of Fukasaku, Kabata and Okuno: n = 5, d = 1."""
    source = files("reluenum").joinpath("data/reference.csv")
    return parse_csv(source.read_text(encoding="utf-8"), "reference.csv")


def random_data(n: int, d: int = 1, seed: int = 0, denominator: int = 100) -> Data:
    """Return n points with coordinates and targets uniform on {-1, ..., 1} / denominator steps.

    Parameters
    ----------
    n, d : int
        Number of points and dimension of the inputs.
    seed : int
        Equal seeds give equal data, on every machine.
    denominator : int
        Common denominator; a small one makes ties and repeated inputs likely.
    """
    _check_sizes(n=n, d=d, denominator=denominator)
    draw = random.Random(f"reluenum random {n} {d} {seed} {denominator}")
    inputs = tuple(tuple(_grid_point(draw, denominator) for _ in range(d)) for _ in range(n))
    return inputs, tuple(_grid_point(draw, denominator) for _ in range(n))


def teacher_data(
    n: int,
    d: int = 1,
    seed: int = 0,
    denominator: int = 100,
    hidden: int = 2,
    noise: str = "1/10",
) -> Data:
    """Return inputs as in `random_data` with the noisy outputs of a random ReLU network.

    Parameters
    ----------
    n, d, seed, denominator : int
        As in `random_data`; outputs are rounded to the denominator.
    hidden : int
        Hidden units of the teacher; its weights are uniform on [-1, 1].
    noise : str
        Half the width of the uniform noise on each output.
    """
    _check_sizes(n=n, d=d, denominator=denominator, hidden=hidden)
    try:
        amplitude = parse_rational(str(noise))
    except ValueError as error:
        raise InputError("noise", str(error), "a decimal or fraction") from error
    draw = random.Random(f"reluenum teacher {n} {d} {seed} {denominator} {hidden}")
    inputs = tuple(tuple(_grid_point(draw, denominator) for _ in range(d)) for _ in range(n))
    units = [
        (_grid_point(draw, 1000), [_grid_point(draw, 1000) for _ in range(d + 1)])
        for _ in range(hidden)
    ]
    targets = []
    for row in inputs:
        value = amplitude * _grid_point(draw, 1000)
        for weight, unit in units:
            pre = sum((v * x for v, x in zip(unit, (*row, fmpq(1)), strict=True)), fmpq(0))
            value += weight * max(pre, fmpq(0))
        targets.append(fmpq((value * denominator + fmpq(1, 2)).floor(), denominator))
    return inputs, tuple(targets)


def _grid_point(draw: random.Random, denominator: int) -> fmpq:
    return fmpq(draw.randint(-denominator, denominator), denominator)


def _check_sizes(**sizes: int) -> None:
    """Refuse sizes that are no whole numbers >= 1, or that are absurdly large."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InputError(name, repr(size), "a whole number >= 1")
    if sizes["n"] * sizes["d"] > LARGEST_GENERATED:
        raise InputError("n", f"{sizes['n']} points", f"at most {LARGEST_GENERATED} coordinates")


FAMILIES: Mapping[str, Callable[..., Data]] = {
    "reference": reference_data,
    "random": random_data,
    "teacher": teacher_data,
}


def dataset(family: str, **parameters: Any) -> Data:
    """Return a data set of a family.

    Raises
    ------
    InputError
        If there is no such family, or it does not take the parameters.

    Examples
    --------
    >>> dataset("random", n=2, seed=1, denominator=4) == dataset(
    ...     "random", n=2, seed=1, denominator=4
    ... )
    True
    """
    if family not in FAMILIES:
        raise InputError("family", repr(family), f"one of {', '.join(FAMILIES)}")
    make = FAMILIES[family]
    known = make.__code__.co_varnames[: make.__code__.co_argcount]
    for name in parameters:
        if name not in known:
            raise InputError(
                f"family {family}", f"the parameter {name!r}", f"some of {known or 'none'}"
            )
    if "n" in known and "n" not in parameters:
        raise InputError(f"family {family}", "no n", "the number n of points")
    return make(**parameters)
