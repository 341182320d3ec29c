"""The Python interface with several hidden layers: landscapes, their records, refusals."""

import json
import pickle

import numpy as np
import pytest

from reluenum import InputError, Landscape, Problem, enumerate_minima, read_landscape
from reluenum.basins.disconnectivity import disconnectivity
from reluenum.convex.program import convex_optimum
from reluenum.documents.minima import in_one_layer, read_minima
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.choice import engine_for, engine_of
from reluenum.engines.series import SERIES
from reluenum.landscape.landscape import Completeness
from reluenum.paths.path import ridge_path
from reluenum.views.instances import summary_frame

DATA = {"X": [-0.17, 0.44, -1.0], "y": [0.05, 1.02, 0.61], "ridge": 0.01}

REFUSAL = "network: hidden layers of widths 1, 1; expected one hidden layer"


@pytest.fixture(scope="module")
def deep():
    return Problem.from_arrays(**DATA, width=[1, 1])


@pytest.fixture(scope="module")
def landscape(deep):
    return enumerate_minima(deep)


def test_a_landscape_is_a_sequence_of_deep_components(landscape):
    best, *others = landscape
    assert landscape.is_complete
    assert len(others) == 5
    assert landscape[0] is best
    assert landscape[:2] == (best, others[0])
    assert repr(best) == "DeepComponent(loss=0.1903250016, isolated, 0+-/+++)"
    assert best.loss_on(DATA["X"], DATA["y"]) == pytest.approx(0.190325001635275, abs=1e-14)
    assert best.predict(DATA["X"]).shape == (3,)


def test_a_landscape_survives_its_pickle(landscape):
    again = pickle.loads(pickle.dumps(landscape))
    assert to_json(again.document) == to_json(landscape.document)


def test_a_document_is_read_back_with_the_views_of_the_landscape(landscape, tmp_path):
    landscape.save(tmp_path / "minima.json")
    found = read_landscape(tmp_path / "minima.json")
    assert found.problem == landscape.problem
    assert (found.is_complete, found.every_width, len(found)) == (True, False, len(landscape))
    inputs = np.linspace(-2, 2, 9)
    for one, other in zip(found, landscape, strict=True):
        assert (one.dimension, one.orbit_size) == (other.dimension, other.orbit_size)
        assert (one.on_boundary, one.global_at_width) == (other.on_boundary, other.global_at_width)
        assert one.global_at_every_width is None
        assert one.loss_interval[0] <= one.loss <= one.loss_interval[1]
        np.testing.assert_array_equal(one.predict(inputs), other.predict(inputs))
    assert found.frame().equals(landscape.frame())
    assert found.units().equals(landscape.units())
    assert Landscape.from_document(found.document).document == landscape.document


def test_tables_have_a_row_for_each_component_and_each_unit(landscape):
    frame, units = landscape.frame(), landscape.units()
    assert frame["signs"].tolist()[0] == "(0+-) x1 / (+++) x1"
    assert frame["boundary_by_layer"].tolist()[0] == "[True, False]"
    assert len(units) == 2 * len(landscape)
    assert units[["component", "layer", "unit"]].to_numpy().tolist()[:3] == [
        [1, 1, 1],
        [1, 2, 1],
        [2, 1, 1],
    ]
    summary = summary_frame({"mine": landscape.document}).iloc[0]
    examined = landscape.document["enumeration"]["strata_examined"]
    counts = summary[["width", "supports_examined", "components"]].tolist()
    assert counts == ["1,1", examined, 6]
    assert "0.190325" in landscape._repr_html_()


@pytest.mark.parametrize("supports", [["0+-/+++"], ("0+-/+++", "+0+/++-")])
def test_supports_restrict_the_list_to_the_signs_that_are_given(landscape, deep, supports):
    found = enumerate_minima(deep, supports=supports)
    assert (found.is_complete, found.completeness) == (False, Completeness.RESTRICTED)
    losses = [c["loss"] for c in landscape.document["components"]]
    assert [c["loss"] for c in found.document["components"]] == losses[: len(supports)]


@pytest.mark.parametrize(
    ("supports", "message"),
    [
        ("0+-/+++", "supports: 0+-/+++ of type str; expected a list of texts"),
        ([], "supports: none; expected a text such as"),
        ([3], "supports[0]: 3; expected a text such as"),
        (["+++/+++", "++"], "supports[1]: rows of 1 layers; expected one for each of 2 hidden"),
    ],
)
def test_what_is_no_list_of_signs_is_refused_by_its_place(deep, supports, message):
    with pytest.raises(InputError) as caught:
        enumerate_minima(deep, supports=supports)
    assert str(caught.value).replace("'", "").startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formulation": "eliminated"}, "formulation: eliminated with 2 hidden layers; expected"),
        ({"all_patterns": True}, "all_patterns: True with 2 hidden layers; expected False"),
        ({"engine": "newton"}, "engine: 'newton'; expected one of groebner, certified"),
        ({"backend": "magma"}, "backend: 'magma'; expected one of auto"),
        ({"jobs": 0}, "jobs: 0; expected a whole number >= 1"),
    ],
)
def test_what_does_not_go_with_depth_is_refused(deep, arguments, message):
    with pytest.raises(InputError) as caught:
        enumerate_minima(deep, **arguments)
    assert str(caught.value).startswith(message)


def test_supports_belong_to_several_hidden_layers():
    with pytest.raises(InputError, match="supports: given with one hidden layer"):
        engine_for(Problem.from_arrays(**DATA, width=1), "groebner", supports=[("here", "+++")])


@pytest.mark.parametrize(
    "asked",
    [
        engine_of("groebner").landscape,
        engine_of("certified").landscape,
        convex_optimum,
        lambda problem: ridge_path(problem, "1/10", 3),
        lambda problem: SERIES["groebner"](problem).examine(1, []),
        lambda problem: SERIES["certified"](problem).examine(1, []),
        lambda problem: certify_problem(problem, question=EveryWidth),
    ],
)
def test_what_knows_one_hidden_layer_refuses_several(deep, asked):
    with pytest.raises(InputError) as caught:
        asked(deep)
    assert str(caught.value) == REFUSAL


def test_a_document_is_refused_where_one_hidden_layer_is_expected(landscape, tmp_path):
    landscape.save(tmp_path / "minima.json")
    for asked in (
        lambda: landscape.basins(),
        lambda: disconnectivity(landscape.document),
        lambda: in_one_layer(landscape.document),
        lambda: read_minima(tmp_path / "minima.json"),
    ):
        with pytest.raises(InputError) as caught:
            asked()
        assert str(caught.value) == REFUSAL
    assert read_minima(tmp_path / "minima.json", deep=True) == json.loads(
        to_json(landscape.document)
    )
