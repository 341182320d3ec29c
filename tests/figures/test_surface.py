"""Maps of functions of two inputs are exact, have every kink, and show all components."""

import numpy as np
import pytest

from reluenum import figures
from reluenum.api import enumerate_minima
from reluenum.errors import InputError
from reluenum.figures.reading import data, direction, fitted_values
from reluenum.figures.surface import linear_pieces
from reluenum.problem import Problem
from tests.support.drawings import artists, shown

INPUTS = [["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"], ["-1", "1/2"]]

TARGETS = ["1", "-1", "0", "2", "1"]


@pytest.fixture(scope="module")
def plane():
    problem = Problem.from_text(INPUTS, TARGETS, 2, "1/10")
    return enumerate_minima(problem, engine="certified").document


def test_contours_are_exact_as_a_function_is_linear_on_every_piece(plane):
    random = np.random.default_rng(0)
    for component in plane["components"]:
        lines = [direction(group) for group in component["strata"][0]["support"]]
        cut = linear_pieces([-1.5, -0.5], [1.5, 1.5], lines)
        places = np.column_stack([cut.x, cut.y])
        heights = fitted_values(component, places)
        for corners in cut.triangles:
            share = random.dirichlet(np.ones(3))
            inside = fitted_values(component, share @ places[corners][None])
            assert inside == pytest.approx(share @ heights[corners], abs=1e-9)


def test_pieces_fill_the_rectangle():
    lines = [np.array([1.0, 1, -1]), np.array([1.0, -1, 0]), np.array([0.0, 0, 1])]
    cut = linear_pieces([0, 0], [1, 1], lines)
    sides = np.stack([np.column_stack([cut.x, cut.y])[cut.triangles[:, k]] for k in range(3)])
    first, second = sides[1] - sides[0], sides[2] - sides[0]
    areas = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    assert areas.sum() == pytest.approx(1)


def test_every_component_has_a_panel_with_the_kinks_of_its_units(plane):
    figure = figures.plot_surface(plane)
    lines = artists(figure, r"component-\d+-kink-\d+")
    for rank, component in enumerate(plane["components"], start=1):
        for k, group in enumerate(component["strata"][0]["support"], start=1):
            slope, offset = direction(group)[:2], direction(group)[2]
            places = shown(lines[f"component-{rank}-kink-{k}"])
            assert slope @ places + offset == pytest.approx(0, abs=1e-9)


def test_the_points_have_the_colours_of_their_targets(plane):
    (points,) = artists(figures.plot_surface(plane), "data").values()
    inputs, targets = data(plane)
    assert np.asarray(points.get_offsets()).tolist() == inputs.tolist()
    assert np.asarray(points.get_array()).tolist() == targets.tolist()


def test_a_list_of_one_component_and_an_empty_one_are_drawn(plane):
    one = {**plane, "components": plane["components"][:1]}
    assert len(figures.plot_surface(one).axes) == 2  # the map and its scale of colours
    assert figures.plot_surface({**plane, "components": []}).axes


def test_inputs_on_a_line_are_refused():
    line = Problem.from_text([["0"], ["1"]], ["0", "1"], 1, "1/10")
    with pytest.raises(InputError, match="inputs: 1 coordinates; expected 2, to draw a surface"):
        figures.plot_surface(enumerate_minima(line).document)
