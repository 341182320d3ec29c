"""Figures draw networks with their activation."""

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.figures import plot_fits
from reluenum.figures.explorer import explorer_page
from reluenum.figures.fits import curve
from reluenum.figures.reading import activation_in, fitted_values
from reluenum.figures.surface import plot_surface
from reluenum.paths.path import ridge_path
from tests.support.drawings import artists, shown
from tests.support.oracles import random_problem

pytestmark = pytest.mark.seconds(10)


@pytest.fixture(scope="module")
def landscape():
    problem = random_problem(3, 4, 1, 2, "1/20", activation="leaky:-1/4")
    return enumerate_minima(problem, engine="certified")


def test_curves_have_the_slopes_on_both_sides(landscape):
    document, places = landscape.document, np.linspace(-9, 9, 37)
    phi = activation_in(document)
    assert phi.text == "leaky:-1/4"
    for component, listed in zip(document["components"], landscape, strict=True):
        expected = listed.network.predict(places)
        assert np.allclose(fitted_values(component, places[:, None], phi), expected)
        positions, values, _ = curve(component, -9, 9, phi)
        assert np.allclose(np.interp(places, positions, values), expected)


def test_fits_are_drawn_through_them(landscape):
    drawn = artists(plot_fits(landscape.document), "component-1-curve")
    x, y = shown(drawn["component-1-curve"])
    assert np.allclose(y, landscape[0].network.predict(x))


def test_surfaces_are_drawn():
    problem = random_problem(3, 4, 2, 1, "1/20", activation="abs")
    figure = plot_surface(enumerate_minima(problem, engine="certified").document)
    assert artists(figure, "component-1-kink.*")


def test_the_explorer_knows_the_slopes():
    data = [["-1"], ["0"], ["2"]], ["1", "0", "1"]
    pages = {
        name: explorer_page(
            ridge_path(Problem.from_text(*data, 1, "1/10", activation=name), "1", 2).to_document()
        )
        for name in ("relu", "leaky:1/4")
    }
    assert '"slopes":[0.25,1.0]' in pages["leaky:1/4"]
    assert "activation: leaky:1/4)." in pages["leaky:1/4"]
    assert '"slopes":' not in pages["relu"]
    assert "activation:" not in pages["relu"]
