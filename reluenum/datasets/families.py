"""Data sets: data files, the built-in reference, random and teacher data."""

import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib.resources import files
from inspect import Parameter, signature
from math import floor
from typing import TYPE_CHECKING, Any

from reluenum.algebra.scalars import parse_rational, ratio, whole
from reluenum.datasets.datafiles import Data, input_names, parse_csv
from reluenum.errors import InputError

if TYPE_CHECKING:
    from reluenum.algebra.linear import Vector

REFERENCE = files("reluenum.datasets").joinpath("reference.csv")
"""The points of Fukasaku, Kabata and Okuno."""

LARGEST_GENERATED = 100_000
"""Numbers in a generated data set; larger data could not be enumerated anyway."""

LARGEST_HIDDEN = 1000
"""Hidden units of a teacher."""

LARGEST_DENOMINATOR = 10**9
"""Beyond this, 53 random bits would not be uniform on the multiples."""

_WEIGHT_DENOMINATOR = 1000
"""Common denominator of the teacher's weights and of the noise before it is scaled."""


def to_csv(inputs: tuple["Vector", ...], targets: "Vector", weights: "Vector" = ()) -> str:
    r"""Return the CSV text of a data set; `parse_points` reads exactly the same data back.

    It has a column of weights if some are not 1.

    Examples
    --------
    >>> print(to_csv(*parse_csv("x,y\n-0.5,1/3\n", "mine")), end="")
    x,y
    -1/2,1/3
    """
    dimension = len(inputs[0])
    names = ["x"] if dimension == 1 else input_names(dimension)
    column = [(weight,) for weight in weights] if any(weight != 1 for weight in weights) else []
    lines = [",".join([*names, "y", *(["w"] if column else [])])]
    for row, target, weight in zip(inputs, targets, column or [()] * len(targets), strict=True):
        lines.append(",".join(str(entry) for entry in (*row, target, *weight)))
    return "\n".join(lines) + "\n"


def reference_data() -> Data:
    """Return the instance of Fukasaku, Kabata and Okuno (arXiv:2508.17783): n = 5, d = 1."""
    return parse_csv(REFERENCE.read_text(encoding="utf-8"), "reference.csv")


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
    n, d, seed, denominator = _checked_parameters(n=n, d=d, seed=seed, denominator=denominator)
    draw = random.Random(f"{seed} targets")
    targets = [_uniform(draw, denominator) for _ in range(n)]
    return _exact_data(_inputs(n, d, seed, denominator), targets)


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
    n, d, seed, denominator, hidden = _checked_parameters(
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
            value += weight * max(sum(terms, start=Fraction(0)), Fraction(0))
        targets.append(Fraction(floor(value * denominator + Fraction(1, 2)), denominator))
    return _exact_data(inputs, targets)


def _exact_data(inputs: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]) -> Data:
    return tuple(map(_vector, inputs)), _vector(targets)


def _vector(entries: Sequence[Fraction]) -> "Vector":
    return tuple(parse_rational(str(entry)) for entry in entries)


def _inputs(n: int, d: int, seed: int, denominator: int) -> list[list[Fraction]]:
    draw = random.Random(f"{seed} inputs")
    return [[_uniform(draw, denominator) for _ in range(d)] for _ in range(n)]


def _uniform(draw: random.Random, denominator: int) -> Fraction:
    """Draw a fraction in [-1, 1] with the given denominator.

    Of all methods of `Random`, only `random` promises the same numbers in later versions of
    Python. They are multiples of 2^-53, so nothing is rounded here.
    """
    bits = int(draw.random() * 2**53)
    return Fraction((bits * (2 * denominator + 1) >> 53) - denominator, denominator)


def _checked_parameters(**parameters: Any) -> list[int]:
    """Read parameters; those that are no whole numbers, or too small or too large, are refused."""
    largest = {"hidden": LARGEST_HIDDEN, "denominator": LARGEST_DENOMINATOR}
    found = {
        name: whole(value, name, 0 if name == "seed" else 1, largest.get(name))
        for name, value in parameters.items()
    }
    if (numbers := found["n"] * (found["d"] + 1)) > LARGEST_GENERATED:
        raise InputError("n", f"{numbers} numbers", f"at most {LARGEST_GENERATED} = n (d + 1)")
    return list(found.values())


def _amplitude(noise: Any) -> Fraction:
    """Read the noise, exactly."""
    expected = 'a decimal or fraction >= 0, as exact text such as "1/10"'
    if isinstance(noise, float):
        raise InputError("noise", f"the float {noise}", expected)
    try:
        amplitude = Fraction(*ratio(str(noise)))
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
