"""The route for widths (1, L), against the algebraic one and against differences."""

from itertools import pairwise

import numpy as np
import pytest

from reluenum import Problem
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.fans.cells import CORNERS, all_cells, candidates, halves, is_empty
from reluenum.engines.fans.inner import FanPlaces, centred, minimisers
from reluenum.engines.fans.reduced import along_minimisers, derivatives
from reluenum.engines.fans.route import FanEngine, examine_fans
from reluenum.engines.fans.search import gradient_zeros, searched
from reluenum.engines.fans.shapes import Fan, FanBatch
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS


def reference(n, ridge="1/100", units=2):
    inputs = [["-17/100"], ["44/100"], ["-1"], ["-40/100"]]
    return Problem.from_text(
        inputs[:n], ["5/100", "102/100", "61/100", "-36/100"][:n], [1, units], ridge
    )


def fans(problem, turning, units=2):
    """All fans with so many upper units that are not excluded."""
    found = [Fan(problem, s) for s in strata(problem) if s.widths == (1, units)]
    return [fan for fan in found if fan.is_turning == turning and not fan.is_excluded]


def examined(problem, wanted):
    with DEFAULT_SETTINGS.open() as backends:
        return list(examine_fans(problem, wanted, backends))


def scattered(batch, each=6):
    """FanPlaces of all fans of a batch: index, and log s with k."""
    draw = np.random.default_rng(0)
    index = np.arange(len(batch)).repeat(each)
    bottom, top = batch.ends[index].T
    k = np.where(batch.turning[index], draw.uniform(0.02, 0.98, len(index)), 0.0)
    return index, np.stack([draw.uniform(np.maximum(bottom, -4), top), k], 1)


def places_of(batch, index, where):
    return FanPlaces.of(batch, index, np.exp(where[:, 0]), where[:, 1])


def inner(batch, index, where):
    """The places, and the inner minimisers there."""
    places = places_of(batch, index, where)
    return places, minimisers(places, batch.highest[index, None] * np.ones((1, batch.width)) / 10)


def reduced(batch, index, s, k, T):
    """The reduced function at one place, from its definition."""
    seen = FanPlaces.of(batch, np.array([index]), np.array([s]), np.array([k]))
    y = batch.targets[index]
    square = np.polynomial.polynomial.polyval(k, batch.square[index])
    return s * square + sum(T) + y @ np.linalg.solve(seen.matrix(T[None])[0], y)


@pytest.mark.parametrize("turning", [False, True])
def test_gradients_are_those_of_the_reduced_function(turning):
    batch, step, T = FanBatch(fans(reference(4), turning)[::9]), 1e-6, np.array([0.7, 0.3])
    for index in range(len(batch)):
        at = [0.7, 0.31, *T] if turning else [0.7, 0.0, *T]
        places = FanPlaces.of(batch, np.array([index]), np.array(at[:1]), np.array(at[1:2]))
        (gradient,) = derivatives(batch, places, T[None]).gradient
        for place, entry in enumerate([*gradient[2:], *gradient[:2]]):
            if place != 1 or turning:
                ends = [np.array(at) for _ in range(2)]
                ends[0][place] += step
                ends[1][place] -= step
                high, low = (reduced(batch, index, *x[:2], x[2:]) for x in ends)
                assert entry == pytest.approx((high - low) / 2 / step, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("turning", [False, True])
def test_second_derivatives_are_those_of_the_gradient(turning):
    batch, step = FanBatch(fans(reference(4), turning)[::5]), 1e-6
    index, where = scattered(batch, 1)
    T = np.random.default_rng(1).uniform(0.1, 1, (len(index), 2))
    at = np.concatenate([T, np.exp(where[:, :1]), where[:, 1:]], 1)

    def gradient(x):
        return derivatives(batch, FanPlaces.of(batch, index, *x[:, 2:].T), x[:, :2]).gradient

    known = derivatives(batch, FanPlaces.of(batch, index, *at[:, 2:].T), T).hessian
    for place in range(4 if turning else 3):
        moved = step * at[:, 2:3] * np.eye(4)[place]
        found = (gradient(at + moved) - gradient(at - moved)) / (2 * moved[:, place : place + 1])
        assert known[:, place] == pytest.approx(found, rel=1e-4, abs=1e-4 * np.abs(known).max())


@pytest.mark.parametrize("turning", [False, True])
def test_slopes_along_the_minimisers_are_differences(turning):
    batch, step = FanBatch(fans(reference(4), turning)[::3]), 1e-6
    index, where = scattered(batch)
    places, T = inner(batch, index, where)
    here = along_minimisers(batch, places, T)
    for side in range(2 if turning else 1):
        there, U = inner(batch, index, where + step * np.eye(2)[side])
        same = ((T > 0) == (U > 0)).all(1)
        found = (along_minimisers(batch, there, U).values - here.values) / step
        off = np.abs(found - here.slopes[..., side]) / (1 + np.abs(found))
        off[(T == 0).any(1), 2:4] = 0  # these go on as if units could have T < 0
        assert np.quantile(off[same], 0.98) < 1e-3
        assert same.mean() > 0.9


def test_derivatives_go_on_smoothly_where_a_unit_dies():
    """Across a place at which T of one unit becomes 0: without kinks, unlike the true ones."""
    texts = ("++-+/++0+", "+-++/++0+", "++++/++0+")
    batch = FanBatch([Fan(reference(4), DeepStratum.of_text(text)) for text in texts])
    index = np.arange(len(batch))
    low, high = batch.ends.T
    for _ in range(35):
        middle = (low + high) / 2
        _, T = inner(batch, index, np.stack([middle, 0 * middle + 0.3], 1))
        alive = (T > 0).any(1)
        low, high = np.where(alive, low, middle), np.where(alive, middle, high)
    step, found = 1e-6, []
    for s in (low - step / 2, low + step / 2):
        places, T = inner(batch, index, np.stack([s, 0 * s + 0.3], 1))
        found.append((T > 0, along_minimisers(batch, places, T)))
    (before, here), (after, there) = found
    born = after[:, 0] & ~before[:, 0]
    assert born.all()
    change = (there.values - here.values)[born, 2:4] / step
    for end in (here, there):
        assert end.slopes[born, 2:4, 0] == pytest.approx(change, rel=0.05, abs=1e-2)


@pytest.mark.parametrize("units", [2, 3])
def test_the_inner_minimisers_are_such_by_two_methods(units):
    """|Gamma| is 1 for units that live, and at most 1 for the others (Theorem D22)."""
    problem = reference(3, units=units)
    for turning in (False, True):
        batch = FanBatch(fans(problem, turning, units))
        places, T = inner(batch, *scattered(batch))
        values = []
        for found in (T, centred(places)):
            rho = np.linalg.solve(places.matrix(found), places.targets[..., None])[..., 0]
            excess = places.lengths(rho) - 1
            assert np.quantile(np.where(found > 0, abs(excess), excess).max(1), 0.98) < 1e-6
            values.append(found.sum(1) + (places.targets * rho).sum(1))
        assert values[1] == pytest.approx(values[0], rel=1e-4)


def test_the_level_of_the_inner_minimiser_does_not_decrease_with_the_scale():
    """G = sum P^2 / T (Theorem D22)."""
    batch = FanBatch(fans(reference(4), False)[::9] + fans(reference(4), True)[::40])
    for fan in range(len(batch)):
        s = np.geomspace(1e-4, 30, 25)
        where = np.stack([np.log(s), np.full(25, 0.4)], 1)
        places, T = inner(batch, np.full(25, fan), where)
        a = derivatives(batch, places, T).along
        levels = (T * (s[:, None] * places.damping * a) ** 2).sum(1)
        assert all(b >= a - 1e-9 * (1 + a) for a, b in pairwise(levels))


def test_halves_of_cells_fill_them_and_know_their_corners():
    batch = FanBatch(fans(reference(3), True)[::20])
    cells = all_cells(batch)
    found = halves(batch, cells)
    assert found.size.prod(1).sum() == pytest.approx(cells.size.prod(1).sum())
    for place, corner in enumerate(CORNERS):
        where = found.low + found.size * corner
        places, T = inner(batch, found.index, where)
        there = along_minimisers(batch, places, T).values
        off = np.abs(there - found.values[:, place]) / (1 + np.abs(there))
        assert np.quantile(off.max(1), 0.98) < 1e-6


def test_no_cell_around_a_stationary_point_is_taken_for_empty():
    """Of points and of 15 halvings towards each, with the tests that close cells."""
    batch = FanBatch(fans(reference(3), True))
    found = searched(batch)
    wanted = [(fan, point) for fan, points in enumerate(found.points) for point in points]
    assert len(wanted) == 11
    assert not any(found.left)
    cells = all_cells(batch)
    for _ in range(15):
        kept = np.zeros(len(cells), dtype=bool)
        for fan, point in wanted:
            place = np.array([np.log(point.s), point.k])
            held = ((cells.low <= place) & (place <= cells.high)).all(1) & (cells.index == fan)
            assert held.any()
            kept |= held
        cells = cells[kept]
        assert not is_empty(batch, cells).any()
        assert not candidates(batch, cells)[1].any()
        cells = halves(batch, cells)


def test_newton_ends_where_the_gradient_vanishes():
    batch = FanBatch(fans(reference(3), True))
    index, where = scattered(batch, 4)
    where, T, good = gradient_zeros(batch, index, where, inner(batch, index, where)[1])
    places = places_of(batch, index, where)[good]
    known = derivatives(batch, places, T[good])
    assert good.sum() > 10
    assert np.abs(known.gradient).max(1) == pytest.approx(0, abs=1e-6)


def test_the_minimum_of_three_points_with_a_kink_below_is_found_and_no_other():
    problem = reference(3)
    found = examined(problem, [fan.stratum for fan in fans(problem, turning=False)])
    judged = [point for one in found for point in one.judged]
    assert not any(one.reason for one in found)
    assert len(judged) == 16
    minima = [point for point in judged if point.verdict is DeepVerdict.MINIMUM]
    assert [round(float(point.network.loss), 10) for point in minima] == [0.0642949211]
    assert minima[0].signs == (("+0+",), ("+-+", "0+-"))


@pytest.mark.parametrize(
    "text",
    [
        "+0+/+-+,0+-",
        "0+-/+0+,0+0",
        "+0+/+++,--+",
        "+-+/++0,+0+",
        "++-/+0+,0+-",
        "++-/++-,0-+",
        "+++/+++",
    ],
)
def test_both_routes_find_the_same_stationary_points(text):
    problem = reference(3)
    stratum = DeepStratum.of_text(text)
    with DEFAULT_SETTINGS.open() as backends:
        algebraic = solve_stratum(problem, stratum, backends)
    (one,) = examined(problem, [stratum])
    assert not one.reason
    assert sorted(float(w.loss) for w in one.networks) == pytest.approx(
        sorted(float(w.loss) for w in algebraic.networks), rel=1e-14
    )


def test_a_list_of_three_points_is_that_of_the_algebraic_route():
    """Found once by computer algebra: 34 points and a constant network, 8 minima."""
    found = FanEngine().landscape(reference(3))
    assert not found.undecided
    assert len(found.points) == 36
    assert len(found.components) == 8


def test_a_direction_stays_in_its_face():
    for fan in fans(reference(4), turning=True):
        for k in (0.1, 0.5, 0.9):
            for (start, slope), sign in zip(fan.heights, fan.row, strict=True):
                height = float(start) + k * float(slope)
                assert sign == "." or (height > 0) == (sign == "+")


def test_upper_rows_with_the_same_plus_signs_are_not_both_live():
    problem = reference(3)
    assert Fan(problem, DeepStratum.of_text("+0+/++-,++0")).is_excluded
    assert not Fan(problem, DeepStratum.of_text("+0+/+-+,0+-")).is_excluded


def test_a_fan_without_anything_to_fit_holds_no_stationary_point():
    """Lemma D23: the sum of T is at most 0."""
    problem = Problem.from_text([["0"], ["1"], ["2"]], ["0", "0", "1"], [1, 2], "1/10")
    (found,) = examined(problem, [DeepStratum.of_text("++-/++-,0+-")])
    assert Fan(problem, found.stratum).is_excluded
    assert not found.networks


def test_a_restricted_landscape_claims_nothing_about_other_strata():
    asked = (DeepStratum.of_text("+0+/+-+,0+-"),)
    landscape = FanEngine(asked).landscape(reference(3))
    assert [round(float(c.loss), 10) for c in landscape.components] == [0.0642949211]
    assert landscape.undecided == ()


def test_what_could_not_be_proved_is_told(monkeypatch):
    monkeypatch.setattr("reluenum.engines.fans.zeros.certified_box", lambda *_: None)
    (one,) = examined(reference(3), [DeepStratum.of_text("+0+/+-+,0+-")])
    assert one.networks == []
    assert one.reason.startswith("what is stationary near s = ")


def test_other_widths_and_inputs_in_a_plane_are_refused():
    plane = Problem.from_text([["0", "1"], ["1", "0"]], ["1", "2"], [1, 2], "1")
    tower = Problem.from_text([["0"], ["1"]], ["1", "2"], [2, 1], "1")
    for problem in (plane, tower):
        with pytest.raises(InputError, match="hidden layers 1,L and inputs on a line"):
            FanEngine().landscape(problem)
