"""The certified route for widths (L, 1), against the algebraic one and against sweeps."""

import random

import numpy as np
import pytest
from flint import arb, ctx, fmpq_mat

from reluenum import Problem
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.batches import (
    Combinations,
    TowerBatch,
    by_first_width,
    is_possible,
    projected_sites,
)
from reluenum.engines.towers.cover import all_intervals, cover_towers, lowest
from reluenum.engines.towers.enclosures import Conditions, in_balls, level
from reluenum.engines.towers.inner import minimal_T, values
from reluenum.engines.towers.newton import Inner, InnerBranch
from reluenum.engines.towers.route import TowerEngine, examine
from reluenum.errors import InputError, TooManySupportsError
from reluenum.groebner.backends import DEFAULT_SETTINGS

REFERENCE = (
    [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]],
    ["5/100", "102/100", "61/100", "-36/100", "-132/100"],
)


def reference(n, hidden, ridge="1/100"):
    inputs, targets = REFERENCE
    return Problem.from_text(inputs[:n], targets[:n], hidden, ridge)


def towers(problem):
    return [stratum for stratum in strata(problem) if is_possible(stratum)]


def examined(problem):
    with DEFAULT_SETTINGS.open() as backends:
        return list(examine(problem, towers(problem), backends))


def drawn(seed, n, dimension, hidden, whole=False):
    """A random problem: of whole numbers often with ties and equal inputs."""
    drawing = random.Random(seed)
    top, parts = (2, 1) if whole else (97, 100)
    inputs = [[f"{drawing.randint(-top, top)}/{parts}" for _ in range(dimension)] for _ in range(n)]
    targets = [f"{drawing.randint(-top, top)}/{parts}" for _ in range(n)]
    return Problem.from_text(inputs, targets, hidden, "1/30")


@pytest.mark.parametrize(
    ("ridge", "stationary", "losses"),
    [
        (
            "1/100",
            56,
            "2.2851589941 2.2932399817 2.9473728952 2.9679916173 2.9773966993 3.1122348660 "
            "3.2160264716",
        ),
        ("1/10", 36, "2.6205021112 2.6822296765 3.1269466515 3.2036387495"),
    ],
)
def test_the_reference_has_the_known_stationary_points_and_minima(ridge, stationary, losses):
    found = examined(reference(5, [1, 1], ridge))
    assert not any(one.failed for one in found)
    judged = [point for one in found for point in one.judged]
    assert len(judged) == stationary
    minima = [p.network.loss for p in judged if p.verdict is DeepVerdict.MINIMUM]
    assert sorted(f"{float(loss):.10f}" for loss in minima) == losses.split()


@pytest.mark.parametrize(
    "problem",
    [
        reference(3, [1, 1]),
        drawn(2, 3, 2, [1, 1]),
        drawn(3, 3, 1, [1, 1], whole=True),
        Problem.from_text([[0], [1], [1], [-2]], [1, 3, 2, -1], [1, 1], "1/5"),
        Problem.from_text([[-3], [0], [2]], [4, -3, -2], [2, 1], "4/5"),  # singular Newton steps
    ],
)
def test_both_routes_find_the_same_stationary_points_on_every_stratum(problem):
    with DEFAULT_SETTINGS.open() as backends:
        for one in examined(problem):
            outcome = solve_stratum(problem, one.stratum, backends)
            if outcome.reason:
                continue  # infinitely many solutions: the algebraic route says nothing
            assert not one.failed, one.stratum.text
            expected = sorted(str(n.loss.ball(64).str(15)) for n in outcome.networks)
            assert sorted(str(n.loss.ball(64).str(15)) for n in one.networks) == expected


def batches(problem):
    return [TowerBatch.of(problem, same) for same in by_first_width(towers(problem)).values()]


def test_the_record_of_every_stratum_covers_all_squares_of_the_output_weight():
    problem = reference(3, [2, 1])
    for one in examined(problem):
        batch, reached, intervals = TowerBatch.of(problem, [one.stratum]), 0.0, []
        for item in one.items:
            if len(item) == len(one.stratum.layers[0]) + 1:
                X, T = np.array(item[:1]), np.array([item[1:]])
                below, above = level(in_balls(batch, np.array([0]), X, T))
                end = below[0] if below[0] > X[0] ** 2 else above[0]
                low, high = sorted((item[0], float(np.sqrt(end))))
            else:
                low, high = item[:2]
            intervals.append((low, high))
        for low, high in sorted(intervals):
            assert low <= reached * (1 + 1e-8), one.stratum.text
            reached = max(reached, high)
        assert reached >= batch.highest.max()


def test_squares_of_first_and_second_layer_grow_with_that_of_the_output_weight():
    # Theorem D15: G(X) = sum T + B^2 is nondecreasing, also where units are zero
    for batch in batches(reference(4, [2, 1])):
        index = np.arange(0, len(batch), 7)
        before = np.zeros(len(index))
        for X in np.geomspace(1e-3, 30, 9):
            at = np.full(len(index), X)
            start = np.zeros((len(index), batch.faces.shape[1]))
            low, high = level(in_balls(batch, index, at, minimal_T(batch, index, at, start)))
            assert (high >= before).all()
            before = np.maximum(before, low)


def test_no_unit_of_the_first_layer_can_live_below_the_lowest_square():
    # with w = 0 all |u_j| stay below 1 / sqrt(X)
    for batch in batches(reference(4, [2, 1])):
        index, nothing = np.arange(len(batch)), np.zeros(batch.faces.shape)
        for part in (1 - 1e-9, 0.5, 0.1):
            X = lowest(batch) * part
            T = minimal_T(batch, index, X, nothing)
            size = np.linalg.norm(values(batch, index, X, nothing, np.ones(T.shape)).dual, axis=2)
            alone = batch.kinks.sum(1) < 2  # else multipliers are shared out
            assert (np.sqrt(X)[:, None] * size < 1)[alone].all()
            assert (T == 0)[alone].all()


def test_a_ball_around_a_residual_holds_that_at_other_squares():
    # Theorem D16, against interval Newton in many digits
    problem = reference(5, [1, 1])
    batch = TowerBatch.of(problem, towers(problem))
    index = np.arange(0, len(batch), 5)
    X = np.full(len(index), 3.0)
    at = in_balls(batch, index, X, minimal_T(batch, index, X, np.ones((len(index), 1))))
    checked = 0
    for ratio in (0.8, 0.99, 1.25):
        square = at.gap(np.full(len(index), ratio), 1.0)
        for place, k in enumerate(index):
            inner = Inner(problem, batch.strata[k])
            with ctx.workprec(96):
                other = arb(3) / arb(ratio) ** 2
                branch = InnerBranch.over(inner, other, (0,), at.T[place].tolist())
                if branch is None or not branch.is_minimal:
                    continue
                rho = [float(x) for (x,) in branch.state.rho.tolist()]
            distance = sum(
                (
                    float(batch.ridge.mid)
                    * (ratio * at.shrink[place] * at.rho.mid[place, i] - r) ** 2
                )
                for i, r in zip(inner.seen, rho, strict=True)
                if i in inner.active
            )
            assert distance <= square[place] * (1 + 1e-9)
            checked += 1
    assert checked > 30


def test_a_sweep_of_the_outer_equation_sees_as_many_zeros_as_are_proved():
    # E = X^2 - G(X) on 500 points: a sign change for each simple zero
    problem = reference(4, [1, 1])
    batch = TowerBatch.of(problem, towers(problem))
    count, index = 500, np.arange(len(batch))
    grid = np.geomspace(lowest(batch), batch.highest.max(1), count)
    T, signs = np.zeros((len(batch), 1)), []
    for X in grid:
        T = minimal_T(batch, index, X, T)
        low, high = level(in_balls(batch, index, X, T))
        signs.append(np.where(high < X * X, 1, np.where(low > X * X, -1, 0)))
    for one, column in zip(examined(problem), np.array(signs).T, strict=True):
        told = column[column != 0]
        assert len(one.networks) <= (told[1:] != told[:-1]).sum() <= 3


def test_combinations_of_kinks_have_only_the_units_they_name_and_span_all_kinks():
    problem = reference(4, [2, 1])
    stratum = DeepStratum.of([["++--", "0-++"], ["+00+"]])
    found = Combinations.of(problem, stratum)
    forms = {}
    for site in found.sites:
        units = [projected_sites(problem, row)[site] for row in stratum.layers[0]]
        forms[site] = [*units, (1,)]
    for vector, span in zip(found.vectors, found.spans, strict=True):
        for part, takes in enumerate(span):
            columns = zip(*(forms[site][part] for site in found.sites), strict=True)
            mixed = [sum(w * x for w, x in zip(vector, c, strict=True)) for c in columns]
            assert takes or not any(mixed)
    assert found.spans == ((True, True, False), (True, True, True))
    assert fmpq_mat([list(vector) for vector in found.vectors]).rank() == 2


def test_a_row_and_its_boundary_are_never_alive_together():
    # Lemma D27
    assert not is_possible(DeepStratum.of([["+++", "++0"], ["+++"]]))
    assert not is_possible(DeepStratum.of([["+-+", "+-0"], ["++0"]]))
    assert is_possible(DeepStratum.of([["+-0", "+0-"], ["+++"]]))


def test_intervals_that_balls_close_hold_no_known_point():
    problem = reference(5, [1, 1])
    found = [one for one in examined(problem) if one.networks]
    for one in found[:8]:
        squares = [float(1 / network.squares[1][0]) for network in one.networks]
        batch = TowerBatch.of(problem, [one.stratum])
        cover = cover_towers(batch, all_intervals(batch), 1.01)
        for _, low, high, *_ in cover.blocks:
            assert not any(low <= X <= high for X in squares)


def test_a_whole_interval_around_a_point_is_never_closed():
    problem = reference(5, [1, 1])
    one = next(one for one in examined(problem) if one.networks)
    batch = TowerBatch.of(problem, [one.stratum])
    X = np.array([float(1 / one.networks[0].squares[1][0])]) * 1.1
    at = in_balls(batch, np.array([0]), X, minimal_T(batch, np.array([0]), X, np.ones((1, 1))))
    assert not Conditions.of(at).closed(X / 1.21, X).any()


def test_ten_points_start_without_being_asked_twice_and_a_hundred_do_not():
    few, many = (drawn(1, size, 1, [2, 1]) for size in (10, 100))
    TowerEngine().refuse_astronomical(few)
    with pytest.raises(TooManySupportsError):
        TowerEngine().refuse_astronomical(many)


def test_other_widths_are_refused_in_one_line():
    with pytest.raises(InputError, match=r"engine: certified with hidden 1,2"):
        TowerEngine().landscape(reference(3, [1, 2]))


TEN = (
    (
        *REFERENCE[0],
        *([f"{x}/100"] for x in (-65, 46, 96, -83, -34)),
    ),
    (*REFERENCE[1], *(f"{y}/100" for y in (-70, 123, 100, 111, 64))),
)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        # units whose columns are nearly parallel
        ("+++++++.++,+0++++-.++/++++++0-++", 0),
        ("++-+--++-+,++-+0+++-+/+++++0++++", 2),
        # two kinks above; sum T = 0 and E = 0 nearly at the same X
        ("+-++++--++,--++++--++/0++++++++0", 0),
        # three units of which two are zero, and combinations of kinks with these alone
        ("++++++++,+++++++-,+-++++--/00+++++0", 0),
        # which combinations of kinks are a basis depends on who is zero
        ("++++++--,++0+++++,------0+/+0++++00", 0),
        # units that come to life just where E is zero
        ("++-+0+++,++-0--++,-0----++/+0++++00", 1),
    ],
)
def test_eight_and_ten_points_leave_no_stratum_open(text, points):
    stratum = DeepStratum.of_text(text)
    inputs, targets = (values[: stratum.size] for values in TEN)
    problem = Problem.from_text(inputs, targets, [len(stratum.layers[0]), 1], "1/100")
    with DEFAULT_SETTINGS.open() as backends:
        (one,) = examine(problem, [stratum], backends)
    assert not one.failed
    assert len(one.networks) == points


def test_every_linear_form_of_the_residual_is_enclosed_at_other_squares():
    # Lemmas D30 and D56, against interval Newton in many digits; two kinks of the upper unit or
    # more, and units that are zero
    problem, checked, dead = reference(5, [2, 1]), 0, 0
    several = [s for s in towers(problem) if len(s.kinks(1, 0)) > 1 and len(s.layers[0]) == 2]
    batch = TowerBatch.of(problem, several)
    for k in range(0, len(several), 5):
        index, X = np.array([k]), np.array([3.0])
        at = in_balls(batch, index, X, minimal_T(batch, index, X, np.ones((1, 2))))
        live = tuple(np.flatnonzero(at.T[0]).tolist())
        if not live or at.free[0]:
            continue
        conditions = Conditions.of(at)
        for ratio in (0.8, 0.99, 1.1):
            with ctx.workprec(96):
                inner = Inner(problem, several[k], int(at.T[0].argmax()))
                branch = InnerBranch.over(inner, arb(3) / arb(ratio) ** 2, live, at.T[0].tolist())
                if branch is None or not branch.is_minimal:
                    continue
                rho = np.zeros(at.rho.shape[1])
                rho[list(inner.seen)] = [float(x) for (x,) in branch.state.rho.tolist()]
                duals = [float(x) for u in branch.state.duals for (x,) in u.tolist()]
            q = np.array([ratio])
            for forms, true in ((at.own, rho), (conditions.duals, duals)):
                slack = forms.slack(at, q, q)
                assert (np.abs(forms.value(q).mid[0] - true) <= slack[0] * (1 + 1e-9) + 1e-9).all()
                checked += 1
            dead += len(live) < 2
    assert checked > 40
    assert dead > 5


def test_the_inner_minimiser_satisfies_its_conditions_from_any_start():
    # sqrt(X) |u_j| is 1 where T_j > 0 and at most 1 elsewhere (Theorem D9)
    problem = Problem.from_text(*TEN, [2, 1], "1/100")
    batch = TowerBatch.of(problem, [DeepStratum.of_text("++++++0-++,+0++++--++/++0+++++++")])
    for X in (2.165e-5, 3.934e-3, 2.625, 9.638):
        for start in ([0.0, 0.0], [3.0, 0.0], [0.0, 1e-3], [50.0, 50.0]):
            one, at = np.array([0]), np.array([X])
            T = minimal_T(batch, one, at, np.array([start]))
            size = np.sqrt(X) * np.linalg.norm(values(batch, one, at, T, T).dual, axis=2)
            assert (size < 1 + 1e-6).all()
            assert (size > 1 - 1e-6)[T > 0].all()
