"""What one further unit of the first layer gains beside a group, and copies beside flat kinks."""

from types import SimpleNamespace

import numpy as np
import pytest

from reluenum import Problem
from reluenum.verify.deep.dead import Shift, Single
from tests.support.checking import checked
from tests.support.towers import tower_document

pytestmark = pytest.mark.seconds(6)

GRID = np.linspace(-2.5, 2.5, 501)


def relu(x):
    return np.maximum(x, 0)


def pressed(pull, price, most, shifts):
    """Lambda of Theorem D14(c) on a grid: of a group, and the kink of a unit below at site 0."""
    moved, kink = GRID[:, None], GRID[None, :]
    plain = sum(d * relu(moved + x) for d, x in zip(most[1:], shifts[1:], strict=True))
    nested = most[0] * relu(moved + relu(kink) + shifts[0])
    return pull * moved + price * kink - plain - nested


def test_what_a_unit_gains_is_what_the_loss_falls_at_best():
    """Theorem D14(c): the largest form is the least Lambda, with its sign turned."""
    draw, seen = np.random.default_rng(2), 0
    while seen < 40:
        most, pull, price = draw.normal(size=3) - 0.5, -draw.random(), -draw.random()
        still = pressed(pull, price, most, np.zeros(3))
        if still.min() < -1e-9:  # first order is not strict
            continue
        values, side = draw.uniform(-1, 1, 3), int(draw.choice([1, -1]))
        pairs = [(0, 1), (0, 2), (1, 2)]
        order = {(i, k): int(np.sign(values[i] - values[k])) for i, k in pairs}
        signs = {i: int(np.sign(x)) for i, x in enumerate(values)}
        single = object.__new__(Single)
        single.side, single.group, single.seen, single.nested = 1, [0, 1, 2], [0, 1, 2], [(0, 0)]
        single.zero = SimpleNamespace(sides=(1, 1))
        single.sites = SimpleNamespace(totals=most)
        single._price = lambda j, site, state, price=price: price
        forms = single._forms(Shift(signs, order, side), SimpleNamespace(residual={0: pull}))
        gain = max(sum(x * values[i] for i, x in form.items()) for form in forms)
        least = -pressed(pull, price, most, side * relu(values)).min()
        assert least - 1e-9 <= gain <= least + 0.03 * (1 + np.abs(most).sum())
        seen += 1


@pytest.mark.parametrize(
    ("inputs", "targets", "ridge"),
    [
        ([3, 2, 1], [0, -3, 2], "1/10"),  # dead units tell the sites of a group apart
        (["-1", "37/50", "31/50"], ["-22/25", "1/5", "43/100"], "1/100"),
        ([-1, 1], [0, 2], "1/10"),  # a slope is exactly 0
    ],
)
def test_wide_lists_of_special_data_are_proved(inputs, targets, ridge, tmp_path):
    problem = Problem.from_text([[str(x)] for x in inputs], list(map(str, targets)), [2, 1], ridge)
    document = tower_document(problem)
    assert document["complete"]
    assert checked(document, tmp_path).components == len(document["components"])
