"""Data sets as textbooks have them: whole and half numbers, symmetry, ties, exact transitions.

`python tests/support/textbook.py FIRST LAST` proves as many instances as one likes, and prints
those whose certificate is refused; the tests do a part of that.
"""

import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from math import comb, isqrt
from operator import mul
from pathlib import Path

from reluenum import Problem
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import AtWidth, EveryWidth
from reluenum.engines.series import CertifiedSeries
from reluenum.geometry.arrangement import Arrangement
from reluenum.verify import CertificateError, verify

MOST_SUPPORTS = 2500
"""Larger instances are drawn again."""

ALL = "all"

PYTHAGOREAN = [Fraction(*pair) for pair in ((0, 1), (3, 4), (-3, 4), (4, 3), (-4, 3), (5, 12))]
"""Inputs x for which |(x, 1)| is rational, and with it many transitions of the path."""


@dataclass(frozen=True)
class Instance:
    """A problem, and whether it is asked at its own or at every width."""

    kind: str
    problem: Problem
    every_width: bool

    @property
    def supports(self) -> int:
        """How many supports have a record."""
        faces = len(Arrangement.of(self.problem).live_faces)
        return sum(comb(faces, size) for size in range(1, self.problem.width + 1))


def instance(number: int) -> Instance:
    """Return one of the instances, always the same for a number."""
    generator = random.Random(number)
    while True:
        found = _drawn(generator)
        if found.supports <= MOST_SUPPORTS:
            return found


def _drawn(generator: random.Random) -> Instance:
    kind = generator.choice(list(KINDS))
    inputs, targets = KINDS[kind](generator)
    width = generator.choice([1, 2, 2, 3, 3, 4, ALL, ALL])
    ridge = Fraction(generator.choice(["1/100", "1/10", "1/4", "1/2", "1", "2"]))
    loss = generator.choice(["sum", "sum", "mean"])
    bias = generator.choice(["none", "none", "free", "ridge"])
    if kind == "transition":
        loss, bias = "sum", generator.choice(["none", "free"])
        ridge = generator.choice([ridge, *_transitions(inputs, targets, bias == "free")])
        if generator.random() < 0.3:
            ridge *= 1 + Fraction(generator.choice([-1, 1]), 10 ** generator.randint(9, 20))
    fixed = 1 if width == ALL else width
    problem = Problem.from_text(inputs, targets, fixed, ridge, loss=loss, output_bias=bias)
    return Instance(kind, problem, width == ALL)


def _grid(generator: random.Random) -> tuple[list, list]:
    dimension, size = generator.choice([1, 2, 2, 3]), generator.randint(1, 6)
    inputs = [[generator.randint(-1, 1) for _ in range(dimension)] for _ in range(size)]
    return inputs, [generator.randint(-1, 1) for _ in inputs]


def _line(generator: random.Random) -> tuple[list, list]:
    size = generator.randint(1, 6)
    return [[generator.randint(-3, 3)] for _ in range(size)], [
        generator.randint(-2, 2) for _ in range(size)
    ]


def _halves(generator: random.Random) -> tuple[list, list]:
    dimension, size = generator.choice([1, 1, 2]), generator.randint(1, 5)
    half = [Fraction(k, 2) for k in range(-3, 4)]
    inputs = [[generator.choice(half) for _ in range(dimension)] for _ in range(size)]
    return inputs, [generator.choice(half) for _ in inputs]


def _xor(generator: random.Random) -> tuple[list, list]:
    low = generator.choice([0, -1])
    return [list(x) for x in product((low, 1), repeat=2)], generator.choice(
        [[0, 1, 1, 0], [-1, 1, 1, -1], [1, 0, 0, 0], [0, 1, 1, 1]]
    )


def _hat(generator: random.Random) -> tuple[list, list]:
    size, shift = generator.randint(3, 6), generator.randint(0, 3)
    hat = [min(k, size - 1 - k) for k in range(size)]
    bowl = [abs(k - shift) for k in range(size)]
    return [[k - shift] for k in range(size)], generator.choice([hat, bowl])


def _step(generator: random.Random) -> tuple[list, list]:
    size, low = generator.randint(2, 6), generator.choice([0, -1])
    edge = generator.randint(1, size - 1)
    return [[k] for k in range(size)], [1 if k >= edge else low for k in range(size)]


def _mirror(generator: random.Random) -> tuple[list, list]:
    right = generator.sample(range(1, 5), generator.randint(1, 3))
    values, sign = [generator.randint(-2, 2) for _ in right], generator.choice([1, -1])
    middle = generator.choice([[], [0]])
    centre = [generator.randint(-2, 2) if sign == 1 else 0 for _ in middle]
    inputs = [[x] for x in (*right, *middle, *(-x for x in right))]
    return inputs, [*values, *centre, *(sign * y for y in values)]


def _equal(generator: random.Random) -> tuple[list, list]:
    inputs: list = []
    for _ in range(generator.randint(2, 6)):
        again = inputs and generator.random() < 0.5
        inputs.append(generator.choice(inputs) if again else [generator.randint(-1, 2)])
    return inputs, [generator.randint(-2, 2) for _ in inputs]


def _constant(generator: random.Random) -> tuple[list, list]:
    inputs, _ = generator.choice([_grid, _line])(generator)
    return inputs, [generator.choice([0, 0, 1, -1, 2])] * len(inputs)


def _cube(generator: random.Random) -> tuple[list, list]:
    dimension, size = generator.choice([2, 3]), generator.randint(2, 4)
    inputs = [[generator.choice([-1, 1]) for _ in range(dimension)] for _ in range(size)]
    return inputs, [generator.randint(0, 1) for _ in inputs]


def _pythagorean(generator: random.Random) -> tuple[list, list]:
    inputs = generator.sample(PYTHAGOREAN, generator.randint(1, 4))
    return [[x] for x in inputs], [generator.randint(-2, 2) for _ in inputs]


KINDS = {
    "grid": _grid,
    "line": _line,
    "halves": _halves,
    "XOR": _xor,
    "hat": _hat,
    "step": _step,
    "mirror": _mirror,
    "equal": _equal,
    "constant": _constant,
    "cube": _cube,
    "transition": _pythagorean,
}


def _transitions(inputs: list, targets: list, free: bool) -> list[Fraction]:
    """Return rational ridges at which |u_G| = Lambda at R y or at a residual r_{F}, F, G rays.

    On a ray u_F = (h_F . r) e_F with h_F = ([i in A] xt_i . e_F)_i, so that r_{F} = R (y - c h_F)
    with h_F . r = s Lambda, and h_G . r is linear in Lambda.
    """
    rows = [[*row, Fraction(1)] for row in inputs]
    rays = []
    for x, *_ in inputs:
        length = _root(1 + x * x)
        for turn in (1, -1):
            unit = [turn / length, -turn * x / length]
            rays.append([max(Fraction(0), _dot(row, unit)) for row in rows])
    shift = (lambda v: [e - sum(v) / len(v) for e in v]) if free else list
    fitted = shift([Fraction(y) for y in targets])
    found = [abs(_dot(h, fitted)) for h in rays]
    for (h, g), s, t in product(permutations(rays, 2), (1, -1), (1, -1)):
        if norm := _dot(h, shift(h)):
            share = _dot(g, shift(h)) / norm
            if slope := t - s * share:
                found.append((_dot(g, fitted) - share * _dot(h, fitted)) / slope)
    return sorted({ridge for ridge in found if ridge > 0})


def _dot(left: list, right: list) -> Fraction:
    return sum(map(mul, left, right), Fraction(0))


def _root(square: Fraction) -> Fraction:
    root = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    assert root * root == square
    return root


def documents(found: Instance) -> Iterator[tuple[str, dict]]:
    """Yield the documents of an instance: as a single run and, if it has a width, as a series."""
    question = EveryWidth if found.every_width else AtWidth
    yield "single", certify_problem(found.problem, question=question).document
    if not found.every_width:
        series = CertifiedSeries(found.problem)
        records: list[bytes] = []
        for size in range(1, found.problem.width + 1):
            records.append(series.examine(size, records))
        yield "series", series.document(found.problem.width, records)


def refusals(numbers: Iterable[int], folder: Path) -> Iterator[str]:
    """Yield a line for each instance of which a document is incomplete, or not proved."""
    for number in numbers:
        found = instance(number)
        for mode, document in documents(found):
            path = folder / "minima.json"
            path.write_text(to_json(document))
            try:
                verify(path)
            except CertificateError as error:
                yield f"{number} ({found.kind}, {mode}): {found.problem!r}: {error}"


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        for line in refusals(range(first, last), Path(scratch)):
            print(line, flush=True)
