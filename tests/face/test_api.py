"""A list of minima for people: a sequence that predicts, is shown, copied and read back."""

import copy
import json
import pickle
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from itertools import chain
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from flint import fmpq
from matplotlib.text import Text as MplText

from reluenum import (
    InputError,
    Landscape,
    Names,
    Problem,
    RecordedLandscape,
    ReluenumError,
    enumerate_minima,
    read_landscape,
)
from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numbers import compare, exact_value
from reluenum.datasets.families import random_data
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.certified.spool import Task, surveyed

DOSES = pd.DataFrame({"dose": [0, 0.5, 1, 1.5, 2]})

ANSWERS = pd.Series([0.1, 0, 0.2, 0.9, 1.6], name="response")


def problem(**more):
    fields = {"width": 2, "ridge": 0.01}
    return Problem.from_arrays(DOSES, ANSWERS, **fields | more)


@pytest.fixture(scope="module")
def landscape():
    return enumerate_minima(problem(), engine="certified")


@pytest.fixture(scope="module")
def plane():
    X = pd.DataFrame({"dose": [0, 1, 2, 1], "age $": [0, 0, 1, 3]})
    return enumerate_minima(Problem.from_arrays(X, [0, 1, 0, 2], 1, 0.1))


# Sequences ----------------------------------------------------------------------------------------


def test_a_landscape_is_the_sequence_of_its_components(landscape):
    parts = landscape.components
    assert len(landscape) == len(parts) > 2
    assert list(landscape) == list(parts)
    assert landscape[0] is landscape[np.int64(0)] is parts[0]
    assert landscape[-1] is parts[-1]
    assert landscape[1:] == parts[1:]
    assert list(reversed(landscape)) == list(reversed(parts))
    assert parts[1] in landscape
    assert landscape.index(parts[1]) == 1


@pytest.mark.parametrize("place", [1.0, "1", None])
def test_a_component_has_a_whole_number(landscape, place):
    with pytest.raises(TypeError):
        landscape[place]
    with pytest.raises(IndexError):
        landscape[len(landscape)]


# Networks on other inputs -------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["sum", "mean"])
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_the_loss_on_the_data_is_the_loss_of_the_component(loss, bias):
    for component in enumerate_minima(problem(width=1, loss=loss, output_bias=bias)):
        exact = float(component.loss.ball(64).mid())
        assert component.loss_on(DOSES, ANSWERS) == pytest.approx(exact, rel=1e-12)
        network, fit = component.network, component.loss_on(DOSES, ANSWERS, penalty=False)
        assert fit + network.penalty == pytest.approx(exact, rel=1e-12)
        squares = (ANSWERS.to_numpy() - component.predict(DOSES)) ** 2
        assert fit == pytest.approx(squares.mean() if loss == "mean" else squares.sum())


def test_a_prediction_is_the_sum_over_the_units():
    X, y = random_data(4, 2, seed=1)
    for component in enumerate_minima(Problem.from_text(X, y, 1, "1/10", output_bias="free")):
        exact = component.representative
        (a,), ((b1, b2, c),), m = (
            [float(w.ball(64).mid()) for w in exact.weights],
            [[float(w.ball(64).mid()) for w in unit] for unit in exact.units],
            float(exact.bias.ball(64).mid()),
        )
        found = component.predict([["1/3", 2], [-5, 0.25]])
        expected = [a * max(b1 * s + b2 * t + c, 0) + m for s, t in ((1 / 3, 2), (-5, 0.25))]
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1, 2]], "X: rows of 2 numbers; expected 1, as in the data"),
        ([1, None], "X, row 1: None of type NoneType; expected a finite number"),
        (["1e400"], "X, row 0: '1e400', which no double holds; expected a finite number"),
        (pd.DataFrame({"age": [1]}), "X: the columns age; expected those of the data, in their"),
        ({"dose": [1]}, "X: a table with names (dict)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(landscape, X, message):
    with pytest.raises(InputError) as caught:
        landscape[0].predict(X)
    assert str(caught.value).startswith(message)


def test_a_row_that_is_not_in_a_list_is_refused_with_what_to_write(plane):
    message = "X: rows of 1 numbers; expected 2, as in the data (a single row is [[...]])"
    for row in ([1, 2], np.array([1, 2]), pd.Series({"dose": 1, "age": 2})):
        with pytest.raises(InputError) as caught:
            plane[0].predict(row)
        assert str(caught.value) == message
    assert plane[0].predict([[1, 2]]).shape == (1,)


def test_other_data_need_a_target_for_each_input(landscape):
    with pytest.raises(InputError, match="2 inputs and 1 targets"):
        landscape[0].loss_on([1, 2], [1])
    with pytest.raises(InputError, match="0 inputs and 0 targets"):
        landscape[0].loss_on([], [])
    assert landscape[0].predict([]).shape == (0,)


# Pages, tables, figures ---------------------------------------------------------------------------


class Text(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_a_notebook_shows_a_table_and_a_small_figure(landscape):
    page = landscape._repr_html_()
    assert Text(page).tags.count("tr") == 1 + len(landscape)
    figure = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert figure.tag.endswith("svg")
    assert 50 < float(figure.get("width").removesuffix("pt")) < 600
    assert "script" not in page
    assert page == landscape._repr_html_()


def test_a_notebook_says_what_it_leaves_out_and_what_is_undecided():
    few = enumerate_minima(problem(width=1)).document
    many = Landscape.from_document(few | {"components": few["components"] * 20})
    page = many._repr_html_()
    assert len(many) > 12
    assert Text(page).tags.count("tr") == 1 + 12
    assert f"and {len(many) - 12} more" in page
    assert "Fits of the best 3" in page
    hurried = enumerate_minima(problem(), backend="sympy", seconds=1e-9)
    assert "supports undecided: list not complete" in hurried._repr_html_()


def drawn(figure):
    return {text.get_text() for text in figure.findobj(MplText)}


def test_figures_and_tables_are_labelled_by_the_names_of_columns(landscape, plane):
    assert {"dose", "response, fitted"} <= drawn(landscape.figures()["fits"])
    assert "$b$ (dose)" in drawn(landscape.figures()["units"])
    for name in ("fits", "units"):
        assert {"dose", r"age \$"} <= drawn(plane.figures()[name])
    assert list(landscape.units().columns) == ["component", "unit", "face", "a", "b_dose", "c"]
    assert list(plane.units().columns[-3:]) == ["b_dose", "b_age $", "c"]
    assert "dose" not in to_json(landscape.document)
    plain = enumerate_minima(Problem.from_text([["1"], ["2"]], ["0", "1"], 1, "1/10"))
    assert "b_x" in plain.units().columns
    assert "$f(x)$" in drawn(plain.figures()["fits"])


def test_the_table_of_units_has_the_weights_of_the_document(landscape):
    units = landscape.units()
    for number, record in enumerate(landscape.document["components"], start=1):
        rows = units[units["component"] == number]
        network = record["representative"]
        assert rows["a"].tolist() == network["a"]
        assert [[b] for b in rows["b_dose"]] == network["B"]
        assert rows["c"].tolist() == network["c"]
        assert sum(rows["face"] == "") == record["strata"][0]["zero_neurons"]


# Copies -------------------------------------------------------------------------------------------

PROBLEMS = {
    "isolated and arcs": problem(),
    "a segment of squares": Problem.from_text(
        [["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free"
    ),
    "the zero network": Problem.from_text([["-1"], ["1"]], ["0", "0"], 2, "1"),
    "ties": Problem.from_text([["-1"], ["0"], ["1"]], ["1", "0", "1"], 2, "1/100"),
}

WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}


@pytest.mark.parametrize("engine", ["groebner", "certified", "eliminated"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_copies_keep_everything(name, engine):
    route = {"formulation": engine} if engine == "eliminated" else {"engine": engine}
    found = enumerate_minima(PROBLEMS[name], **route)
    for way, copied in WAYS.items():
        other = copied(found)
        vars(other).pop("document", None)  # made anew, of the copied numbers
        assert to_json(other.document) == to_json(found.document), way
        assert other.problem == found.problem
        assert other.problem.names == found.problem.names
        assert len(other.points) == len(found.points)
        assert all(compare(a.loss, b.loss) == 0 for a, b in zip(other, found, strict=True))


def test_a_copied_component_predicts_the_same(landscape):
    for copied in WAYS.values():
        other = copied(landscape[1])
        assert other.predict([0.3]) == landscape[1].predict([0.3])


def test_a_number_of_many_steps_is_copied():
    found = enumerate_minima(Problem.from_text([["1"]] * 1500, ["2"] * 1500, 1, "1/10"))
    (component,) = pickle.loads(pickle.dumps(found))
    assert compare(component.loss, found[0].loss) == 0
    assert compare(component.representative.bias, found[0].representative.bias) == 0


# Documents ----------------------------------------------------------------------------------------


def test_a_document_is_read_back_with_exact_data_and_enclosed_decimals(landscape, tmp_path):
    landscape.save(tmp_path / "minima.json")
    found = read_landscape(tmp_path / "minima.json")
    assert isinstance(found, RecordedLandscape)
    assert found.problem == landscape.problem
    assert (len(found), found.is_complete, found.every_width) == (len(landscape), True, False)
    for recorded, component in zip(found, landscape, strict=True):
        low, high = recorded.loss_interval
        assert isinstance(recorded.loss, Decimal)
        assert low <= Fraction(recorded.loss) <= high
        exact = exact_value(component.loss.ball(200).mid())
        assert low <= Fraction(int(exact.p), int(exact.q)) <= high
        for name in ("dimension", "on_boundary", "global_at_width", "global_at_every_width"):
            assert getattr(recorded, name) == getattr(component, name)
        assert recorded.orbit_size == component.orbit_size
        assert len(recorded.strata) == len(component.strata)
        assert (recorded.predict(DOSES) == component.predict(DOSES)).all()
        assert recorded.loss_on(DOSES, ANSWERS) == component.loss_on(DOSES, ANSWERS)
    assert found.frame().equals(landscape.frame())
    found.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "minima.json").read_bytes()


def test_a_read_list_is_shown_copied_and_named_like_a_computed_one(landscape, tmp_path):
    landscape.save(tmp_path / "minima.json")
    names = Names(("dose",), "response")
    found = read_landscape(tmp_path / "minima.json", names)
    assert found._repr_html_() == landscape._repr_html_()
    assert found.units().equals(landscape.units())
    for copied in WAYS.values():
        assert copied(found)[0].loss == found[0].loss
    assert repr(found).startswith(f"RecordedLandscape of {landscape.problem!r}: {len(found)} comp")
    again = Landscape.from_document(json.loads(to_json(landscape.document)))
    assert [c.loss for c in again] == [c.loss for c in found]


def test_names_that_do_not_fit_are_no_fault_of_the_document(landscape, tmp_path):
    landscape.save(tmp_path / "minima.json")
    for names, message in (
        (Names(("dose", "age")), "names: ('dose', 'age'); expected one name for each input"),
        (("dose", "response"), "names: ('dose', 'response'); expected `Names(inputs, target)`"),
    ):
        with pytest.raises(InputError) as caught:
            read_landscape(tmp_path / "minima.json", names)
        assert str(caught.value) == message


def test_exact_numbers_have_a_nearest_double(landscape):
    for component in landscape:
        record = component.representative
        for number in (component.loss, *record.weights, *chain(*record.units)):
            assert float(number) == float(decimal_text(number))
    assert sorted(landscape, key=lambda c: float(c.loss)) == list(landscape)
    third = landscape[0].loss.point.constant(fmpq(1, 3))
    assert [float(third), float(third - third), float(third * third - third)] == [1 / 3, 0, -2 / 9]


def test_truth_values_of_a_table_choose_rows(landscape):
    frame = landscape.frame()
    assert frame[frame["global_at_width"]]["index"].tolist() == [1]
    assert frame[~frame["global_at_width"]]["index"].tolist() == list(range(2, len(landscape) + 1))


def test_what_is_unknown_in_a_table_stays_unknown(landscape):
    first, *others = landscape.document["components"]
    open_question = [first | {"global_at_width": None}, *others]
    found = Landscape.from_document(landscape.document | {"components": open_question})
    assert found.frame()["global_at_width"][0] is None


def test_a_notebook_shows_radii_with_their_words(landscape):
    page = landscape.stability()._repr_html_()
    assert page.count('aria-label="') == 1
    assert f"{len(landscape)}, loss" in page
    assert ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6]) is not None


def test_what_is_no_problem_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"problem: 'data.csv' of type str; expected a Problem"):
        enumerate_minima("data.csv")


def test_a_list_for_every_width_is_read_back():
    small = EveryWidth.largest(Problem.from_text([["-1"], ["1"]], ["0", "2"], 1, "1/2"))
    task = Task(small, small.width)
    document = prove(task, surveyed(task), EveryWidth).document
    found = Landscape.from_document(document)
    assert found.every_width
    assert found.problem.width == 2
    assert [len(c.network.weights) for c in found] == [c.record["width_min"] for c in found]
    assert "<svg" in found._repr_html_()
    assert len(found.units()) == sum(len(c.network.weights) for c in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("problem"),
        lambda d: d.pop("components"),
        lambda d: d.update(format="other"),
        lambda d: d.update(components=[7]),
        lambda d: d["components"][0].pop("representative"),
        lambda d: d["components"][0].update(loss="a"),
        lambda d: d["components"][0].update(loss_interval=["1"]),
        lambda d: d["problem"].update(ridge="0"),
        lambda d: d["components"][0]["representative"].update(c=[]),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(landscape, change):
    document = json.loads(to_json(landscape.document))
    change(document)
    with pytest.raises(ReluenumError, match="the document is") as caught:
        Landscape.from_document(document)
    assert len(str(caught.value).splitlines()) == 1
