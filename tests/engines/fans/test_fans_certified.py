"""The certified route for widths (1, L), against the algebraic one and against differences."""

from itertools import pairwise

import numpy as np
import pytest

from reluenum import Problem
from reluenum.algebra.balls import Balls
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.fans.barriers import Barrier, comparison_scales
from reluenum.engines.fans.branches import (
    LocalEquations,
    ParameterBoxes,
    branch_over,
    improved_start,
    start_of,
)
from reluenum.engines.fans.cover import all_boxes, boxes_covered
from reluenum.engines.fans.inner import features, inner_minimisers
from reluenum.engines.fans.looks import Look
from reluenum.engines.fans.route import FanEngine, examine_fans
from reluenum.engines.fans.shapes import Fan, FanBatch
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS


def reference(n, ridge="1/100"):
    inputs = [["-17/100"], ["44/100"], ["-1"], ["-40/100"]]
    return Problem.from_text(
        inputs[:n], ["5/100", "102/100", "61/100", "-36/100"][:n], [1, 2], ridge
    )


def fans(problem, turning):
    """All fans with two upper units that are not excluded."""
    found = [Fan(problem, s) for s in strata(problem) if s.widths == (1, 2)]
    return [fan for fan in found if fan.is_turning == turning and not fan.is_excluded]


def examined(problem, wanted):
    with DEFAULT_SETTINGS.open() as backends:
        return list(examine_fans(problem, wanted, backends))


def reduced(batch, index, s, k, T):
    """The reduced function at one choice of all_boxes, from its definition."""
    seen = features(batch, index, np.array([s]), np.array([k]))
    matrix = np.diag(batch.diagonal.mid[index[0]])
    for m in range(batch.width):
        one, two = seen.first[0, m], seen.second[0, m]
        matrix = matrix + T[m] * seen.scale[0, m] * np.outer(one, one)
        matrix = matrix + T[m] * seen.free[0, m] * np.outer(two, two)
    y = batch.targets.mid[index[0]]
    square = np.polynomial.polynomial.polyval(k, batch.square.mid[index[0]])
    return s * square + sum(T) + y @ np.linalg.solve(matrix, y)


def level(batch, index, s, k):
    """G = sum P^2 / T of the inner minimiser."""
    start = np.zeros((1, batch.width))
    T, rho = inner_minimisers(batch, index, np.array([s]), np.array([k]), start)
    seen = features(batch, index, np.array([s]), np.array([k]))
    a = np.einsum("bmi,bi->bm", seen.first, rho)
    return float((T * (seen.scale * a) ** 2).sum())


def test_the_minimum_of_three_points_with_a_kink_below_is_found_and_no_other():
    problem = reference(3)
    found = examined(problem, [fan.stratum for fan in fans(problem, turning=False)])
    judged = [point for one in found for point in one.judged]
    assert not any(one.failed for one in found)
    assert len(judged) == 16
    minima = [point for point in judged if point.verdict is DeepVerdict.MINIMUM]
    assert [round(float(point.network.loss), 10) for point in minima] == [0.0642949211]
    assert minima[0].signs == (("+0+",), ("+-+", "0+-"))


@pytest.mark.parametrize(
    "text", ["+0+/+-+,0+-", "0+-/+0+,0+0", "+0+/+++,--+", "+-+/++0,+0+", "++-/+0+,0+-"]
)
def test_both_routes_find_the_same_stationary_points(text):
    problem = reference(3)
    stratum = DeepStratum.of_text(text)
    with DEFAULT_SETTINGS.open() as backends:
        algebraic = solve_stratum(problem, stratum, backends)
    (one,) = examined(problem, [stratum])
    assert not one.failed
    assert sorted(float(w.loss) for w in one.networks) == pytest.approx(
        sorted(float(w.loss) for w in algebraic.networks), rel=1e-14
    )


@pytest.mark.parametrize("turning", [False, True])
def test_gradients_are_those_of_the_reduced_function(turning):
    batch = FanBatch(fans(reference(4), turning)[::7])
    for place in range(len(batch)):
        index, p = np.array([place]), np.array([[0.7, 0.31 if turning else 0.0]])
        T, rho = inner_minimisers(batch, index, p[:, 0], p[:, 1], np.ones((1, 2)))
        live = T > 0
        box = ParameterBoxes(index, p, p)
        x = improved_start(batch, box, start_of(batch, box, T, rho), live)
        here = LocalEquations(batch, index, Balls.exact(p), Balls.exact(x), live)
        gradient, T, h = here.gradient.mid[0], here.T.mid[0], 1e-5
        by_s = [reduced(batch, index, 0.7 + e, p[0, 1], T) for e in (h, -h)]
        assert gradient[0] == pytest.approx((by_s[0] - by_s[1]) / 2 / h, rel=1e-5, abs=1e-5)
        if turning:
            by_k = [reduced(batch, index, 0.7, p[0, 1] + e, T) for e in (h, -h)]
            assert gradient[1] == pytest.approx((by_k[0] - by_k[1]) / 2 / h, rel=1e-5, abs=1e-5)


def test_the_level_of_the_inner_minimiser_does_not_decrease_with_the_scale():
    batch = FanBatch(
        fans(reference(4), turning=False)[::9] + fans(reference(4), turning=True)[::40]
    )
    for place in range(len(batch)):
        index = np.array([place])
        levels = [level(batch, index, s, 0.4) for s in np.geomspace(1e-4, 30, 25)]
        assert all(b >= a - 1e-9 * (1 + a) for a, b in pairwise(levels))


@pytest.mark.parametrize("turning", [False, True])
def test_enclosures_over_boxes_hold_the_minimisers_inside(turning):
    batch = FanBatch(fans(reference(4), turning)[::11])
    count = len(batch)
    low = np.tile([0.5, 0.3 if turning else 0.0], (count, 1))
    high = low + np.array([0.01, 1e-4 if turning else 0.0])
    boxes = ParameterBoxes(np.arange(count), low, high)
    middle = boxes.middle
    T, rho = inner_minimisers(batch, boxes.index, middle[:, 0], middle[:, 1], np.ones((count, 2)))
    live = T > 0
    x = improved_start(batch, boxes, start_of(batch, boxes, T, rho), live)
    with np.errstate(all="ignore"):
        branch = branch_over(batch, boxes, x, live)
    assert branch.proved.sum() > count / 2
    for corner in (low, high):
        here = ParameterBoxes(boxes.index, corner, corner)
        T, rho = inner_minimisers(batch, here.index, corner[:, 0], corner[:, 1], T)
        y = improved_start(batch, here, start_of(batch, here, T, rho), live)
        inside = np.abs(y - branch.local.x.mid) <= branch.local.x.rad * (1 + 1e-9) + 1e-9
        assert inside[branch.proved & ((T > 0) == live).all(1)].all()


@pytest.mark.parametrize("turning", [False, True])
def test_boxes_of_a_fan_fill_all_of_its_range(turning):
    batch = FanBatch(fans(reference(3), turning)[22:24])
    tasks, cover = all_boxes(batch)
    boxes_covered(batch, tasks, cover)
    top = batch.highest / batch.least.mid
    for place in range(len(batch)):
        sides = [
            high - low
            for k, low, high, _ in (*cover.closed, *cover.zeros, *cover.failed)
            if k == place
        ]
        area = sum(side[0] * (side[1] if turning else 1) for side in sides)
        assert area == pytest.approx(top[place], rel=1e-9)


OPEN = "++-/++-,0-+"
"""A fan with a free direction that holds a minimum of the reference data, three points."""


@pytest.fixture(scope="module")
def known():
    """This fan, and s, k of its stationary point by the algebraic route."""
    batch = FanBatch([Fan(reference(3), DeepStratum.of_text(OPEN))])
    with DEFAULT_SETTINGS.open() as backends:
        (network,) = solve_stratum(batch.problem, batch.fans[0].stratum, backends).networks
    ((weight,),), (bias,) = network.weights[0], network.biases[0]
    v = np.sqrt(float(network.squares[0][0])) * np.array([float(weight), float(bias)])
    first, last = (np.array([float(x) for x in ray]) for ray in batch.fans[0].rays)
    one, two = (v[0] * ray[1] - v[1] * ray[0] for ray in (first, last))
    k = one / (one - two)
    return batch, np.sum(v**2) / np.sum((first + k * (last - first)) ** 2), k


def minimisers(batch, s, k):
    """T and what the residuals are seen as: a, b, a^k and the features there."""
    index, ones = np.zeros(len(s), dtype=int), np.ones((len(s), batch.width))
    T, rho = inner_minimisers(batch, index, s, k, ones)
    seen = features(batch, index, s, k)
    sums = [np.einsum("bmi,bi->bm", part, rho) for part in (seen.first, seen.second, seen.slope)]
    return T, rho, seen, sums


def test_a_stationary_point_is_below_what_comparison_networks_exclude(known):
    """Lemma D34."""
    batch, s, k = known
    scales = np.geomspace(1e-3, 30, 200)
    for width in (1e-1, 1e-2, 1e-3):
        ends = np.array([max(k - width, 0)]), np.array([min(k + width, 1)])
        assert comparison_scales(batch, np.array([0]), *ends, scales[None])[0] > s
    (reached,) = comparison_scales(batch, np.array([0]), *ends, scales[None])
    assert reached < 4 * s


def test_a_stationary_point_is_below_what_directions_of_descent_exclude(known):
    """Lemma D35."""
    batch, s, k = known
    for width in (1 / 8, 1 / 64):
        barrier = Barrier(batch.fans[0], max(k - width, 0), min(k + width, 1))
        assert barrier.scale(np.geomspace(1e-3, 30, 50)) > s


def test_behind_a_barrier_no_minimiser_has_the_signs_of_the_fan():
    """Lemma D35."""
    batch = FanBatch([Fan(reference(3), DeepStratum.of_text("+++/+++,++-"))])
    low, high = 1 / 16, 1 / 8
    reached = Barrier(batch.fans[0], low, high).scale(np.geomspace(1e-4, 70, 60))
    assert reached < 0.1
    k, s = np.linspace(low, high, 12), np.geomspace(reached, 70, 12)
    k, s = (part.ravel() for part in np.meshgrid(k, s))
    T, _, seen, (a, b, _) = minimisers(batch, s, k)
    heights = batch.heights.mid[0]
    values = (seen.scale * a)[..., None] * (heights[:, 0] + k[:, None, None] * heights[:, 1])
    values += b[..., None]
    wanted = np.where(batch.upper[0] == "+", 1, -1) * values
    right = ((wanted > 0).all(2) | (wanted < 0).all(2)).all(1)
    assert not (right & (T > 0).all(1)).any()


@pytest.mark.parametrize("unit", [0, 1])
def test_residuals_are_near_those_without_a_unit_that_hardly_wants_to_live(known, unit):
    """Lemma D36: the minimiser with all T > 0, against the one with one T = 0."""
    batch, s, k = known
    index = np.array([0])
    for factor in np.geomspace(0.3, 3, 12):
        p = np.array([[s * factor, k]])
        box = ParameterBoxes(index, p, p)
        T, rho = inner_minimisers(batch, index, p[:, 0], p[:, 1], np.ones((1, 2)))
        if (T <= 0).any():
            continue
        live = np.arange(2)[None] != unit
        x = start_of(batch, box, T * live, rho)
        look = Look.near(batch, box, x, live, 12)
        if not look.branch.proved[0] or (look.branch.centre.T.mid < 0).any():
            continue
        delta = rho - look.branch.centre.rho.mid
        squares = (batch.diagonal.mid * delta**2).sum()
        assert 0 < 2 * squares <= look.spread[0] ** 2 * (1 + 1e-9)


def test_pulls_of_a_stationary_point_are_on_both_sides_and_fit_its_scale(known):
    """Lemma D37."""
    batch, s, k = known
    T, rho, seen, (a, b, turned) = minimisers(batch, np.array([s]), np.array([k]))
    terms = batch.square.mid[0]
    E, slope = terms[0] + k * terms[1] + k * k * terms[2], terms[1] + 2 * k * terms[2]
    assert seen.scale * a**2 + seen.free * b**2 == pytest.approx(np.ones((1, 2)), rel=1e-9)
    shifts = batch.shifts.mid[0]
    eta, turn = shifts[:, 0] + k * shifts[:, 1], shifts[:, 1]
    d = 1 / (1 + s * eta**2)
    sides = a[0] * (2 * E * (turned[0] - s * d * eta * turn * a[0]) - slope * d * a[0])
    assert sides.min() < 0 < sides.max()
    assert (T[0] * d * sides).sum() == pytest.approx(0, abs=1e-6 * abs(sides).max())
    total = (batch.targets.mid * rho).sum() - (batch.diagonal.mid * rho**2).sum()
    assert total == pytest.approx(T.sum(), rel=1e-9)
    pulls = (a[0] * d) ** 2 * total
    assert pulls.min() <= E * (1 + 1e-9)
    assert pulls.max() >= E * (1 - 1e-9)


def test_units_that_see_the_same_at_an_end_are_told():
    fan = Fan(reference(3), DeepStratum.of_text("++-/++0,0+-"))
    assert fan.seen_alike(0) == ((0, 1), (1, 0))
    assert fan.seen_alike(1) == ()


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


def test_a_restricted_landscape_claims_nothing_about_other_strata():
    asked = (DeepStratum.of_text("+0+/+-+,0+-"),)
    landscape = FanEngine(asked).landscape(reference(3))
    assert [round(float(c.loss), 10) for c in landscape.components] == [0.0642949211]
    assert landscape.undecided == ()


def test_other_widths_and_inputs_in_a_plane_are_refused():
    plane = Problem.from_text([["0", "1"], ["1", "0"]], ["1", "2"], [1, 2], "1")
    tower = Problem.from_text([["0"], ["1"]], ["1", "2"], [2, 1], "1")
    for problem in (plane, tower):
        with pytest.raises(InputError, match="hidden layers 1,L and inputs on a line"):
            FanEngine().landscape(problem)


def test_what_is_not_known_is_not_near():
    """Lemma D36: an enclosure that overflows says nothing of a stationary point's residuals."""
    batch = FanBatch([Fan(reference(3), DeepStratum.of_text(OPEN))])
    box = ParameterBoxes(np.array([0]), np.array([[0.0, 0.0]]), np.array([[1e6, 1.0]]))
    with np.errstate(all="ignore"):
        look = Look.near(batch, box, np.ones((1, 13)), np.array([[True, False]]), 0)
        assert look.spread[0] > 1e3
        assert not look.impossible[0]
