"""Going through all corners finds what linear programs find."""

import numpy as np
import pytest
from flint import arb

from reluenum.engines.deep.cells import programs


@pytest.fixture
def ways(monkeypatch):
    """Let a function be asked in both ways, by corners and by SciPy."""

    def asked(function, *given):
        found = []
        for most in (256, 0):
            monkeypatch.setattr(programs, "MOST_CORNERS", most)
            found.append(function(*given))
        return found

    return asked


def cones(count):
    """Draw gradients of kinks in a cell and a slope, both of few values, so often degenerate."""
    draw = np.random.default_rng(3)
    for _ in range(count):
        rank = draw.integers(1, 4)
        rows = draw.integers(-2, 3, size=(rank + draw.integers(3), rank)).astype(float)
        yield rows, draw.integers(-1, 3, size=len(rows)) @ rows


def balls(numbers):
    return np.array([arb(x) for x in numbers.ravel()], dtype=object).reshape(numbers.shape)


def test_positive_multipliers_are_found_where_there_are_any(ways):
    found = []
    for rows, slope in cones(60):
        corners, program = ways(programs.widest_multipliers, rows, slope)
        assert (corners is None) == (program is None)
        found.append(corners is not None)
        if corners is not None:
            assert corners.min() > 0
            np.testing.assert_allclose(corners @ rows, slope, atol=1e-9)
        assert len(set(map(str, ways(programs.positive_multipliers, rows, slope)))) == 1
    assert 10 < sum(found) < 50


def test_a_cell_leads_down_where_multipliers_cannot_be_found(ways):
    found = []
    for rows, slope in cones(60):
        downs = ways(programs.way_down, balls(rows), balls(slope))
        assert (downs[0] is None) == (downs[1] is None)
        found.append(downs[0] is not None)
        for down in downs[: 2 * found[-1]]:
            assert (rows @ down > 0).all()
            assert slope @ down < 0
    assert 5 < sum(found) < 50


def test_shares_of_relations_make_the_least_slope_as_large(ways):
    draw = np.random.default_rng(4)
    for _ in range(30):
        change, slopes = draw.normal(size=(5, 2)), draw.normal(size=5)
        corners, program = ways(programs.strictest_shares, slopes, change, np.zeros((0, 3)))
        assert (corners is None) == (program is None)
        if corners is not None:
            least = [(slopes + change @ shares).min() for shares, _ in (corners, program)]
            assert min(least[0], 1) == pytest.approx(min(least[1], 1), abs=1e-8)
