"""The certified route for widths (L, 1, 1), against the algebraic one and against the theory."""

import random

import numpy as np
import pytest
from flint import arb, ctx

from reluenum import Problem, enumerate_minima
from reluenum.engines.checked import certified_layers
from reluenum.engines.deep.covers import constant_networks
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.layers import LayerEngine
from reluenum.engines.spires.branches import SpireBranch
from reluenum.engines.spires.inner import SpireInner
from reluenum.engines.spires.minimise import Doubles
from reluenum.engines.spires.route import SpireEngine, searched_spire
from reluenum.engines.spires.signs import is_excluded
from reluenum.engines.towers.batches import is_possible
from reluenum.engines.towers.lines import is_impossible
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS

REFERENCE = (
    [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]],
    ["5/100", "102/100", "61/100", "-36/100", "-132/100"],
)


def reference(n, hidden, ridge="1/100"):
    inputs, targets = REFERENCE
    return Problem.from_text(inputs[:n], targets[:n], hidden, ridge)


def whole(seed, n, dimension, hidden):
    """A random problem of whole numbers, often with ties and equal inputs."""
    drawing = random.Random(seed)
    inputs = [[drawing.randint(-2, 2) for _ in range(dimension)] for _ in range(n)]
    return Problem.from_text(inputs, [drawing.randint(-2, 2) for _ in range(n)], hidden, "1/30")


def spires(problem):
    return [stratum for stratum in strata(problem) if is_possible(stratum)]


def searched(problem, found):
    with DEFAULT_SETTINGS.open() as backends:
        return [searched_spire(problem, stratum, backends) for stratum in found]


def losses(networks):
    return sorted(network.loss.ball(64).str(15) for network in networks)


def test_the_reference_has_the_known_minima_and_both_routes_write_the_same():
    problem = reference(3, [1, 1, 1])
    proved = enumerate_minima(problem, engine="certified").document
    solved = enumerate_minima(problem).document
    assert proved["complete"]
    assert proved["completeness"] == "proved"
    assert (proved["enumeration"]["stationary"], len(proved["components"])) == (23, 8)
    for key in ("enumeration", "components"):
        assert proved[key] == solved[key]


@pytest.mark.parametrize(
    ("problem", "part"),
    [
        (reference(4, [1, 1, 1], "1/10"), slice(0, None, 16)),
        (whole(5, 3, 2, [1, 1, 1]), slice(0, None, 12)),
        (
            Problem.from_text([[0], [1], [1], [-2]], [1, 3, 2, -1], [1, 1, 1], "1/5"),
            slice(0, None, 4),
        ),
    ],
)
def test_both_routes_find_the_same_stationary_points_on_every_stratum(problem, part):
    found = spires(problem)[part]
    with DEFAULT_SETTINGS.open() as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in found]
    points = 0
    for one, outcome in zip(searched(problem, found), outcomes, strict=True):
        assert not one.reason
        if not outcome.reason:  # else the algebraic route says nothing
            networks = [point.network for point in one.judged]
            assert losses(networks) == losses(outcome.networks), one.stratum.text
            points += len(networks)
    assert points


def test_units_that_kinks_bind_to_each_other_start_to_live_together():
    # the saddle at U = 0.0082 is just above the last U at which both are zero
    problem = reference(3, [2, 1, 1])
    texts = ("++0,0+-/+00/+++", "+0+,0-+/0+0/+++", "++0,0-+/+00/+++", "+++,0+-/+00/+++")
    found = [DeepStratum.of_text(text) for text in texts]
    assert [len(one.judged) for one in searched(problem, found)] == [2, 2, 2, 0]
    (first, *_) = searched(problem, found[:1])
    points = {float(1 / p.network.squares[1][0]): p.verdict for p in first.judged}
    assert sorted(points) == pytest.approx([0.008207586, 3.619130665])
    assert points[min(points)] is DeepVerdict.FIRST_ORDER


def polynomial_root(U, V, G):
    """The only positive root of s^3 + U V s^2 - U s - G (Lemma D32)."""
    roots = np.roots([1, U * V, -U, -G])
    (found,) = roots[(abs(roots.imag) < 1e-9 * abs(roots)) & (roots.real > 0)].real
    return found


def test_the_record_of_every_stratum_covers_all_squares_of_the_weights_above_the_second_layer():
    problem = reference(3, [1, 1, 1])
    for one in searched(problem, spires(problem)[::4]):
        inner, intervals = SpireInner(problem, one.stratum), []
        doubles, size = Doubles(inner), len(inner.units)
        for item in one.items:
            if len(item) == size + 4:
                intervals.append(item[:2])
                continue
            U, V = item[0], 1 / item[-1]
            second = doubles.biases[0] @ (doubles.basis.T @ doubles.minimal(U)[0])
            G = sum(item[1:-1]) + second * second
            intervals.append(sorted((U, polynomial_root(U, V, G) ** 2)))
        reached = 0.0
        for low, high in sorted(intervals):
            assert low <= reached * (1 + 1e-6), one.stratum.text
            reached = max(reached, high)
        assert reached >= inner.highest * (1 - 1e-6)


def branch_at(inner, U):
    linear, choices = Doubles(inner).minimal(U)
    found = (SpireBranch.over(inner.space(dead), U, U, linear) for dead in choices)
    return next(branch for branch in found if branch and branch.is_minimal)


def test_steps_never_pass_a_zero_of_the_outer_equation():
    # Lemma D32 on a grid: E_2 keeps its sign between U and the square of the root
    problem = reference(4, [1, 1, 1])
    checked = 0
    with ctx.workprec(128):
        for stratum in spires(problem)[::15]:
            inner = SpireInner(problem, stratum)
            grid = np.geomspace(inner.lowest, inner.highest, 12)
            branches = [branch_at(inner, U) for U in grid]
            for U, branch in zip(grid, branches, strict=True):
                at = branch.whole
                end = polynomial_root(U, 1 / float(at.top), float(at.level)) ** 2
                for other, seen in zip(grid, branches, strict=True):
                    if min(U, end) < other < max(U, end):
                        assert seen.gap_sign == branch.gap_sign != 0
                        checked += 1
    assert checked > 50


def test_all_units_of_the_first_layer_are_zero_up_to_the_lowest_square():
    # Lemma D33
    problem = reference(3, [2, 1, 1])
    with ctx.workprec(128):
        for stratum in spires(problem)[::5]:
            inner = SpireInner(problem, stratum)
            space = inner.space(inner.units)
            for U in (inner.lowest, inner.lowest / 30):
                branch = SpireBranch.over(space, U, U, [0.0] * inner.chain.size)
                assert branch.is_minimal


def test_a_branch_over_an_interval_holds_the_minimisers_at_all_its_points():
    problem = reference(5, [1, 1, 1])
    checked = 0
    with ctx.workprec(128):
        for stratum in spires(problem)[::25]:
            inner = SpireInner(problem, stratum)
            U = (inner.lowest * inner.highest**3) ** 0.25
            branch = branch_at(inner, U)
            wide = SpireBranch.over(branch.space, U / 1.2, U * 1.2, branch.linear)
            if wide is None:
                continue
            forms = [wide.values(inner.inputs), [wide.gap], wide.excess]
            for other in (U / 1.2, U / 1.05, U * 1.1, U * 1.2):
                point = SpireBranch.over(branch.space, other, other, branch.linear)
                values = [point.values(inner.inputs), [point.gap], point.excess]
                for around, inside in zip(forms, values, strict=True):
                    assert all(a.overlaps(b) for a, b in zip(around, inside, strict=True))
                slope = (point.middle.frame.centre - branch.middle.frame.centre).entries()
                assert all(x.is_finite() for x in slope)
                checked += 1
    assert checked > 30


def test_a_zero_unit_excludes_only_where_it_surely_is_zero():
    # Lemma D31: E_2 has one sign on the space of w = 0, which says nothing where w is not 0
    problem = reference(3, [2, 1, 1])
    inner = SpireInner(problem, DeepStratum.of_text("++0,0+-/+00/+++"))
    with ctx.workprec(128):
        space, nothing = inner.space((0, 1)), [0.0] * inner.chain.size
        assert is_excluded(SpireBranch.over(space, 0.0015, 0.002, nothing))
        beyond = SpireBranch.over(space, 0.0085, 0.0085, nothing)
        assert beyond.gap_sign == 1
        assert not is_excluded(beyond)


def test_the_certified_engine_is_chosen_by_the_widths():
    assert isinstance(certified_layers(reference(3, [2, 1, 1])), SpireEngine)
    with pytest.raises(InputError, match="certified with hidden layers of widths 1,1,1,1"):
        certified_layers(reference(3, [1, 1, 1, 1]))
    with pytest.raises(InputError, match=r"engine: certified with hidden 1,2"):
        SpireEngine().landscape(reference(3, [1, 2]))


def test_a_restricted_search_says_so():
    problem = reference(3, [1, 1, 1])
    asked = tuple(spires(problem)[:3])
    found = certified_layers(problem, asked).landscape(problem)
    assert found.certificate is None
    points = LayerEngine(asked).landscape(problem)
    assert [c.loss.ball(64).str(15) for c in found.components] == [
        c.loss.ball(64).str(15) for c in points.components
    ]


def test_the_gap_and_its_slope_agree_with_differences():
    problem = reference(4, [1, 1, 1])
    with ctx.workprec(256):
        for stratum in spires(problem)[::30]:
            inner = SpireInner(problem, stratum)
            U, step = (inner.lowest * inner.highest**2) ** (1 / 3), 1e-6
            branch = branch_at(inner, U)
            ends = [
                SpireBranch.over(branch.space, V, V, branch.linear).gap
                for V in (U * (1 - step), U * (1 + step))
            ]
            slope = (ends[1] - ends[0]) / (arb(1 + step) / (1 - step)).log()
            assert float(slope) == pytest.approx(float(branch.gap_drift), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("ridge", "expected"), [("12", 1), ("241/20", 2), ("61/5", 0), ("1", 1)])
def test_constant_networks_are_counted_without_solving_for_them(ridge, expected):
    # Lemma D3(4): roots a > 1 of 3 a^4 - 15 a + ridge
    problem = Problem.from_text([[0], [1], [2]], [5, 5, 5], [1, 1, 1], ridge)
    roots = np.roots([3, 0, 0, -15, float(problem.effective_ridge)])
    real = roots.real[abs(roots.imag) < 1e-9]
    assert (real > 1 + 1e-9).sum() == expected == constant_networks(problem, 1)


def test_a_branch_never_crosses_the_point_where_a_unit_is_zero():
    # flats of one dimension: the second derivative does not see that |w| has a corner
    problem = reference(3, [2, 1, 1])
    inner = SpireInner(problem, DeepStratum.of_text("++0,0-+/+00/+++"))
    with ctx.workprec(128):
        linear, _ = Doubles(inner).minimal(0.0114)
        live = inner.space(())
        assert SpireBranch.over(live, 0.0114, 0.0114, linear)
        assert SpireBranch.over(live, 0.0077, 0.0077, linear) is None


@pytest.mark.parametrize(
    ("problem", "empty"),
    [
        (Problem.from_text([[-1], [-1], [1]], [-1, -3, 0], [2, 1, 1], 3), 5),
        (Problem.from_text([[-1], [0], [1]], [1, -2, 1], [2, 1, 1], "1/3"), 8),
        (Problem.from_text([[1, 0], [0, 1], [-1, 0]], [1, -2, 0], [2, 1], "1/5"), 4),
        (Problem.from_text([[-1], [2]], [1, -2], [2, 1, 1], "1/3"), 8),
    ],
)
def test_kinks_that_bind_units_on_lines_of_one_length_leave_strata_empty(problem, empty):
    # Lemma D62, against the algebraic route
    found = [s for s in spires(problem) if is_impossible(Chain(problem, s))]
    assert len(found) == empty
    with DEFAULT_SETTINGS.open() as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in found]
    assert not any(outcome.reason or outcome.networks for outcome in outcomes)
