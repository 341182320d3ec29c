"""Data points with equal inputs: the same landscape, and hardly any more work."""

import json
import random
import sys
from fractions import Fraction
from itertools import product

import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem, enumerate_minima
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.geometry import arrangement
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.sizes import refuse_astronomical
from reluenum.problem import alike
from reluenum.verify import verify
from reluenum.verify.exact import Data
from reluenum.views.facts import facts

SQUARE = [(0, 0), (1, 0), (0, 1), (1, 1)]

LINE = [(-1,), (0,), (2,)]

BIASES = ("none", "free", "ridge")

CONVENTIONS = list(product(("sum", "mean"), BIASES))


def repeated(inputs, targets, copies, width=2, ridge="1/10", loss="sum", output_bias="none"):
    """Every row so many times, and the ridge with it: the same network has as many times the loss.

    The mean loss of all copies is that of the rows, so that its ridge stays.
    """
    ridge = Fraction(ridge) * (copies if loss == "sum" else 1)
    return Problem.from_text(inputs * copies, targets * copies, width, ridge, loss, output_bias)


def without_losses(document, size):
    """The components with the signs of the first data points, and the losses apart."""
    components = json.loads(json.dumps(document["components"]))
    losses = [Fraction(component.pop("loss")) for component in components]
    for component in components:
        del component["loss_interval"]
        for stratum in component["strata"]:
            for group in stratum["support"]:
                whole, part = group["face"], group["face"][:size]
                assert whole == part * (len(whole) // size)
                group["face"] = part
    return components, losses


@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
@pytest.mark.parametrize(
    ("inputs", "targets", "engine"),
    [
        ([*LINE, (0,)], ["1", "-2", "1/2", "3"], "certified"),
        ([*LINE, (0,)], ["1", "-2", "1/2", "3"], "groebner"),
        (SQUARE[:3], ["1", "-1", "1/2"], "certified"),
    ],
)
def test_copies_of_all_rows_have_the_landscape_of_the_rows(
    inputs, targets, engine, loss, output_bias
):
    copies = 7
    found, losses = [], []
    for problem in (
        repeated(inputs, targets, count, 2, "1/10", loss, output_bias) for count in (1, copies)
    ):
        landscape = enumerate_minima(problem, engine=engine)
        assert landscape.is_complete
        components, values = without_losses(landscape.document, len(inputs))
        counts = landscape.document["enumeration"] | {"sign_matrices": None}
        found.append((components, counts))
        losses.append(values)
    assert found[0] == found[1]
    for one, all_of_them in zip(*losses, strict=True):
        factor = copies if loss == "sum" else 1
        assert abs(all_of_them - factor * one) <= factor * one / 10**28


@pytest.mark.parametrize("output_bias", BIASES)
def test_targets_matter_only_by_their_mean_at_an_input_but_for_the_loss(output_bias):
    inputs = [(0,), (1,), (1,), (3,), (0,), (1,)]
    targets = [fmpq(1), fmpq(2), fmpq(-1), fmpq(2, 3), fmpq(-2), fmpq(5)]
    means = [fmpq(-1, 2) if x == 0 else fmpq(2) if x == 1 else fmpq(2, 3) for (x,) in inputs]
    scatter = sum((y - m) ** 2 for y, m in zip(targets, means, strict=True))
    documents = [
        enumerate_minima(
            Problem.from_text(inputs, values, 2, "1/5", "sum", output_bias), engine="certified"
        ).document
        for values in (targets, means)
    ]
    (found, losses), (expected, least) = (without_losses(d, len(inputs)) for d in documents)
    assert found == expected
    for loss, other in zip(losses, least, strict=True):
        assert abs(loss - other - Fraction(str(scatter))) < Fraction(1, 10**25)


@settings(max_examples=30)
@given(
    st.integers(1, 2).flatmap(
        lambda d: st.lists(st.tuples(*[st.integers(-2, 2)] * d), min_size=1, max_size=4)
    ),
    st.randoms(use_true_random=False),
)
def test_faces_are_those_of_the_distinct_rows_with_a_sign_for_each_row(inputs, generator):
    rows = [tuple(map(fmpq, (*x, 1))) for x in dict.fromkeys(inputs)]
    places = [*range(len(rows)), *(generator.randrange(len(rows)) for _ in range(5))]
    generator.shuffle(places)
    whole, distinct = Arrangement([rows[k] for k in places]), Arrangement(rows)

    def expanded(face):
        return "".join(face.signs[k] for k in places)

    assert sorted(map(expanded, distinct.faces)) == [face.signs for face in whole.faces]
    for face in distinct.faces:
        other = whole.face(expanded(face))
        assert {tuple(ray): expanded(beyond) for ray, beyond in distinct.around(face)} == {
            tuple(ray): beyond.signs for ray, beyond in whole.around(other)
        }


def test_the_checker_sums_over_all_data_points_of_an_input():
    generator = random.Random(3)
    inputs = [generator.choice(SQUARE) for _ in range(30)]
    targets = [Fraction(generator.randint(-9, 9), 4) for _ in inputs]
    problem = Problem.from_text(inputs, targets, 1, "1/7", "mean", "ridge")
    data = Data(problem.to_document())
    assert [face.text for face in data.faces] == [
        face.signs for face in Arrangement.of(problem).live_faces
    ]
    assert len(data.rows) == len(SQUARE)
    share = fmpq(1) / (problem.size + problem.effective_ridge)
    centre = sum(problem.targets, fmpq(0)) * share
    for face in data.faces:
        active = [i for i, sign in enumerate(face.text) if sign == "+"]
        count = len(active)
        table = fmpq_mat([problem.rows[i] for i in active]).transpose()
        sums = table * fmpq_mat(count, 1, [1] * count)
        gram = table * table.transpose() - sums * sums.transpose() * share
        response = table * fmpq_mat(count, 1, [problem.targets[i] - centre for i in active])
        flat = face.flat.exact
        assert face.pull == (flat * response).entries()
        assert face.u.exact * face.image.exact == flat * gram * flat


def test_hyperplanes_are_combined_as_often_however_often_rows_are_repeated(monkeypatch):
    tried = []
    original = arrangement.orthogonal_part
    monkeypatch.setattr(
        arrangement, "orthogonal_part", lambda *args: tried.append(args) or original(*args)
    )
    counts = []
    for copies in (1, 1000):
        tried.clear()
        problem = repeated(SQUARE, ["1", "0", "0", "1"], copies)
        assert len(problem.sites) == 4
        assert len(Arrangement.of(problem).live_faces) == 41
        counts.append((len(tried), max(len(rows) for _, rows in tried)))
    assert counts[0] == counts[1]


def calls(function):
    """How many functions are called, Python's and those in C: work that no load changes."""
    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


CALLS_PER_ROW = 300
"""Reading a row, writing it, and a sign of each face: nothing that depends on supports."""


@pytest.mark.parametrize(
    ("engine", "inputs", "width"),
    [
        ("certified", SQUARE, 1),
        ("certified", LINE, 2),
        ("groebner", SQUARE[:3], 1),
        ("groebner", LINE, 1),
    ],
)
def test_each_further_row_costs_a_constant(engine, inputs, width, tmp_path):
    targets = ["1/2", "-1", "3/4", "2"][: len(inputs)]
    work = []
    sizes = (10, 60, 110)
    for copies in (2, *sizes):  # the first run fills caches

        def enumerate_all(copies=copies):
            problem = repeated(inputs, targets, copies, width, output_bias="free")
            found = enumerate_minima(problem, backend="flint", engine=engine)
            found.save(tmp_path / "minima.json")

        parts = [calls(enumerate_all)]
        if engine == "certified":
            parts.append(calls(lambda: verify(tmp_path / "minima.json")))
        work.append(parts)
    rows = (sizes[1] - sizes[0]) * len(inputs)
    for _, few, more, most in zip(*work, strict=True):
        assert more - few < CALLS_PER_ROW * rows
        assert abs((most - more) - (more - few)) < 0.2 * (more - few) + 0.02 * few


def test_counts_of_thousands_of_digits_are_written_and_checked(tmp_path):
    problem = repeated([(0,), (1,)], ["1", "-1"], 1800, width=4)
    landscape = enumerate_minima(problem, engine="certified")
    count = landscape.document["enumeration"]["sign_matrices"]
    assert len(count) > sys.get_int_max_str_digits()
    assert int(count[-6:]) == pow(2, problem.size * problem.width, 10**6)
    landscape.save(tmp_path / "minima.json")
    assert verify(tmp_path / "minima.json").components == len(landscape.components)
    assert next(
        fact for fact in facts(landscape.document) if "sign matrices" in fact.statement
    ).holds


def test_every_width_of_copies_is_that_of_the_rows():
    """No vertex support has more faces than there are distinct inputs: larger ones are left."""
    documents = []
    for copies in (1, 400):
        problem = repeated([(0,), (1,), (3,)], ["1", "-2", "2"], copies, 1, "1/5", "mean", "free")
        problem = EveryWidth.largest(problem)
        refuse_astronomical(problem)
        task = Task(problem, problem.width)
        documents.append(prove(task, surveyed(task), EveryWidth).document)
    (found, losses), (expected, least) = (without_losses(d, 3) for d in reversed(documents))
    assert (found, losses) == (expected, least)
    few, many = (document["every_width"] for document in documents)
    assert [row["size"] for row in few["by_size"]] == [1, 2, 3]
    assert all(few[key] == many[key] for key in ("by_size", "widths"))


def test_places_of_equal_rows_are_grouped():
    assert alike("abcabb") == [[0, 3], [1, 4, 5], [2]]
    assert alike([]) == []
