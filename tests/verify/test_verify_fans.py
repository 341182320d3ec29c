"""Documents of widths (1, L), and the strata, points and enclosures that prove them."""

import copy
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb

from reluenum import Problem
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.layers import LayerEngine
from reluenum.verify.deep.sites import Sites
from reluenum.verify.fans import cover as cover_module
from reluenum.verify.fans.around import Around
from reluenum.verify.fans.components import _mark
from reluenum.verify.fans.cover import Cover
from reluenum.verify.fans.exclusions import Look
from reluenum.verify.fans.inner import Reduced
from reluenum.verify.fans.models import Model
from reluenum.verify.fans.shapes import Shape, Tables, charts
from reluenum.verify.fans.strata import Fan, kept, realised
from reluenum.verify.reals import CertificateError
from tests.support.checking import checked, refused

pytestmark = pytest.mark.seconds(20)

INPUTS = ["-17/100", "44/100", "-1", "-40/100"]
TARGETS = ["5/100", "102/100", "61/100", "-36/100"]


def reference(size, units=2, ridge="1/100", **more):
    return Problem.from_text(
        [[x] for x in INPUTS[:size]], TARGETS[:size], [1, units], ridge, **more
    )


def sites_of(problem):
    return Sites(json.loads(json.dumps(dict(problem.to_document()))))


def fans(size, **more):
    return kept(realised(sites_of(reference(size, **more))))


@cache
def five():
    """The strata of the reference of five points, whose targets add up to 0."""
    data = [[x] for x in [*INPUTS, "-71/100"]], [*TARGETS, "-132/100"]
    return kept(realised(sites_of(Problem.from_text(*data, [1, 2], "1/100"))))


@pytest.mark.parametrize(("size", "units"), [(2, 2), (3, 2), (4, 2), (3, 3)])
def test_the_strata_are_those_of_the_enumeration_by_layers(size, units):
    """Two programs that share nothing agree."""
    problem = reference(size, units)
    found = {stratum.text for stratum in strata(problem) if not stratum.lowest}
    assert found == set(kept(realised(sites_of(problem))))


def fractions(model):
    """The polynomial of a model, and its rest, as exact numbers."""
    return [Fraction(x) for x in model.terms.tolist()], Fraction(float(model.rest))


def value(model, d, e):
    powers = (1, d, e, d * d, d * e, e * e)
    return sum(c * x for c, x in zip(fractions(model)[0], powers, strict=True))


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_sums_products_and_inverses_of_models_are_right_up_to_their_rests(size):
    """Against exact arithmetic, at random places, for coefficients of all sizes."""
    draw = np.random.default_rng(1)
    for _ in range(40):
        one, two = (
            Model(draw.normal(size=6) * size ** draw.uniform(-1, 1, 6), np.array(rest))
            for rest in draw.uniform(0, 1e-3, 2)
        )
        d, e = (Fraction(x) for x in draw.uniform(-1, 1, size=2).tolist())
        near = Model(draw.normal(size=6) / 20 + [1, 0, 0, 0, 0, 0])
        for s, t in ((-1, 1), (1, 1)):  # whatever the functions are within their rests
            x = value(one, d, e) + s * fractions(one)[1]
            y = value(two, d, e) + t * fractions(two)[1]
            found = [(one * two, x * y), (one + two, x + y), (one - two, x - y)]
            found += [(one * 3.7, x * Fraction(3.7)), (near.inverse(), 1 / value(near, d, e))]
            for model, exact in found:
                assert abs(value(model, d, e) - exact) <= fractions(model)[1]
                low, high = map(float, model.span())
                assert low <= exact <= high
                assert float(model.distance()) <= abs(exact) <= float(model.size())


def test_sums_of_many_models_are_right_up_to_their_rests():
    draw = np.random.default_rng(2)
    model = Model(draw.normal(size=(6, 7, 3)), draw.uniform(0, 1e-9, (7, 3)))
    weights = draw.normal(size=(2, 7))
    mixed, d = model.mixed(weights), Fraction(3, 8)
    exact = [
        sum(Fraction(float(w)) * value(model[k, 1], d, d) for k, w in enumerate(row))
        for row in weights
    ]
    for k in range(2):
        assert abs(value(mixed[k, 1], d, d) - exact[k]) <= fractions(mixed[k, 1])[1]
    total = model[0:7, 2].sum()
    exact = sum(value(model[k, 2], d, d) for k in range(7))
    assert abs(value(total, d, d) - exact) <= fractions(total)[1]


def enclosed(fan, box, beyond):
    """The enclosures over one box, and the inner problem at places in it."""
    tables = Tables([(Shape(fan), charts(fan)[0])])
    rows, boxes = np.array([0]), np.array([box])
    place = Reduced(tables, rows, boxes[:, :2].mean(1), boxes[:, 2:].mean(1))
    guess = place.guesses(np.ones((1, tables.width)))
    squares, alive = (
        (guess.continued, guess.alive) if beyond else (guess.squares, guess.squares > 0)
    )
    return tables, Around(tables, rows, boxes, squares, alive, beyond)


@pytest.mark.parametrize("text", ["++-/++-,0-+", "+-+/+0+,0+-", "++-/+++,--+", "+++/+++,0+-"])
@pytest.mark.parametrize("beyond", [True, False])
def test_one_guess_encloses_the_minimiser_at_every_vector_of_a_box(text, beyond):
    """The inner minimum at places of a box, against the bounds (Lemmas D38, D53)."""
    draw, sides = np.random.default_rng(2), np.array([0.6, 0.63, 0.5, 0.53])
    tables, around = enclosed(fans(3)[text], sides, beyond)
    assert np.isfinite(around.distance).all()
    place = draw.uniform(sides[::2], sides[1::2], size=(20, 2))
    rows = np.zeros(20, int)
    inner = Reduced(tables, rows, *place.T)
    squares = inner.minimised(np.ones((20, tables.width)))
    rho, live = inner.at(squares).rho, (squares > 0).all(1)
    assert live.any() or not beyond
    d, e = ((place - sides[::2]) / (sides[1::2] - sides[::2]) * 2 - 1).T
    powers = np.array([d**0, d, e, d * d, d * e, e * e])
    share = np.einsum("tm,tb->bm", around.share.terms[:, 0], powers)
    share = share if beyond else np.maximum(share, 0)
    moved = (squares - share)[live if beyond else slice(None)]
    assert (moved >= around.low[0] - 1e-7).all()
    assert (moved <= around.high[0] + 1e-7).all()
    off = rho - np.einsum("ti,tb->bi", around.residuals.terms[:, 0], powers)
    off = off[live if beyond else slice(None)]
    assert (np.abs(off) <= around.reach[0] * around.distance[0] + 1e-6).all()
    assert (squares.sum(1) <= around.ceiling[0] + 1e-7).all()


def test_bounds_hold_on_the_way_from_a_guess_to_the_minimum():
    """Lemma D53 and Lemma D72 at random guesses, some of them with a negative T."""
    draw, size, negative = np.random.default_rng(3), 3, 0
    for _ in range(60):
        tables, _ = enclosed(fans(3)["+++/+++,0+-"], [0.5, 0.6, 0.3, 0.4], True)
        place = Reduced(tables, np.array([0]), *draw.uniform(0.1, 1, (2, 1)))
        best = place.minimised(np.ones((1, 2)))
        if not (best > 0).all():
            continue
        start = best * draw.uniform(-0.03, 1.5, size=(1, 2))
        rho = place.at(start).rho + draw.normal(size=(1, size)) / 10
        flat = place.columns[0].reshape(-1, size)
        kernels = [c.T @ c for c in place.columns[0]]
        plus = np.diag(place.weights[0]) + sum(
            t * k for t, k in zip(np.maximum(start[0], 0), kernels, strict=True)
        )
        norms = [np.linalg.eigvals(np.linalg.inv(plus) @ k).real.max() for k in kernels]
        theta = float(np.maximum(-start[0], 0) @ norms)
        if theta >= 1:
            continue
        negative += (start < 0).any()
        table = np.diag(place.weights[0]) + flat.T @ (flat * np.repeat(start[0], 2)[:, None])
        omega, t = place.means[0] - table @ rho[0], (best - start)[0]
        epsilon = np.array([rho[0] @ k @ rho[0] - 1 for k in kernels])
        for tau in (0.1, 0.5, 1):
            delta = place.at(start + tau * (best - start)).rho[0] - rho[0]
            bound = tau * t @ epsilon + 2 * delta @ omega
            assert (1 - theta) * delta @ plus @ delta <= bound + 1e-9 * (1 + abs(bound))
            moved = sum(x * k for x, k in zip(tau * t, kernels, strict=True))
            assert delta @ (table + moved) @ delta <= bound + 1e-9 * (1 + abs(bound))
            w = draw.normal(size=size)
            grown = zip(np.maximum(tau * t, 0), kernels, strict=True)
            length = w @ (plus + sum(x * k for x, k in grown)) @ w
            change = abs(w @ moved @ rho[0] - w @ omega)
            assert change <= np.sqrt(max(bound, 0) * length) * (1 + 1e-9) + 1e-9
    assert negative


@pytest.mark.parametrize("size", [2, 3])
def test_kinked_first_layers_are_closed_and_their_points_are_those_of_the_algebraic_route(size):
    kinked = {text: fan for text, fan in fans(size).items() if fan.kinks}
    asked = tuple(map(DeepStratum.of_text, kinked))
    points = LayerEngine(asked).landscape(reference(size)).points
    expected = [(float(str(point.loss)[7:20]), point.is_minimum) for point in points]
    cover = Cover(list(kinked.values()))
    cover.read()
    zeros = [zero for zeros in cover.zeros for zero in zeros if zero.sides is not None]
    found = [(float(zero.loss), zero.minimum) for zero in zeros]
    assert [minimal for _, minimal in sorted(found)] == [m for _, m in sorted(expected)]
    assert sorted(x for x, _ in found) == pytest.approx(sorted(x for x, _ in expected))


def test_open_first_layers_are_closed_with_the_point_that_they_have():
    """Of the reference at n = 3 one of these has a minimum: the best one but one."""
    texts = ("++-/++-,--+", "++-/++0,-+-", "++-/++-,0-+")
    cover = Cover([fans(3)[text] for text in texts])
    cover.read()
    real = [[zero for zero in zeros if zero.sides is not None] for zeros in cover.zeros]
    assert [len(zeros) for zeros in real] == [0, 0, 1]
    assert real[2][0].minimum
    assert float(real[2][0].loss) == pytest.approx(0.0738873792, abs=1e-10)


def test_what_units_see_balances_at_a_stationary_point():
    """The numbers of Lemmas D54 and D55 add up to 0 with the weights T, at one with two units."""
    cover = Cover([fans(3)["++-/++-,0-+"]])
    cover.read()
    (zero,) = cover.zeros[0]
    *_, s, k, seen = zero.system.seen(zero.values)
    pairs = zip(zero.system.chart.start, zero.system.chart.turn, strict=True)
    e = np.array([float(a) + float(k.value) * float(t) for a, t in pairs])
    turn = np.array([float(t) for t in zero.system.chart.turn])
    shape, squares = zero.system.shape, [float(square) for square in zero.squares]
    rho = np.array([float(x) for x in zero.values[: len(shape.active)]])
    means, weights = (np.array([float(x) for x in row]) for row in (shape.means, shape.weights))
    total = means @ rho - weights @ rho**2
    assert total == pytest.approx(sum(squares))
    numbers = []
    for unit in seen:
        u = float((unit.scale.value / s.value * unit.along.value).mid())
        bend = float((s.value * unit.height.value * unit.rise).mid())
        lean = float(unit.turned.value.mid()) - bend * u
        balanced = u * (e @ e * lean - e @ turn * u)
        numbers.append([balanced, total * u * u - e @ e, total * u * lean - e @ turn])
    for row in np.transpose(numbers):
        assert min(row) < 0 < max(row)
        assert squares @ row == pytest.approx(0, abs=1e-12 * np.abs(row).sum())


def test_units_that_are_equal_at_an_end_are_told_apart_by_their_residuals():
    """At k = 0 both are one, and beside it T is not known singly (Lemma D55)."""
    fan = fans(4)["+-++/+0++,0-++"]
    cover = Cover([fan])
    cover.read()
    (zero,) = cover.zeros[0]
    assert float(zero.k) == pytest.approx(0.9946, abs=1e-4)
    rows, boxes = np.array([0]), np.array([[0.0465, 0.0471, 0, 1e-4]])  # s = .00219, S = 0
    tables = Tables([(Shape(fan), charts(fan)[0])])
    place = Reduced(tables, rows, boxes[:, :2].mean(1), boxes[:, 2:].mean(1))
    squares = cover.merged(rows, place.minimised(np.ones((1, 2))))
    with np.errstate(all="ignore"):
        look = Look(Around(tables, rows, boxes, squares, squares > 0, False))
        assert look.pooled.all()
        assert not (look.slanted | look.unequal | look.idle).any()


def test_a_minimiser_is_found_where_the_gains_hardly_fall():
    """One unit sees nearly constant heights: |Gamma|^2 is .98 where T is ten times too large."""
    fan = five()["+++++/+++++"]
    tables = Tables([(Shape(fan), charts(fan)[1])])
    place = Reduced(tables, np.zeros(5, int), np.full(5, 8.1233), np.full(5, 0.11816))
    found = place.minimised(np.array([[1e-4], [2e-3], [2e-2], [0.1], [10]]))
    assert place.at(found).lengths == pytest.approx(1)
    assert found == pytest.approx(0.0024, rel=0.1)


def test_a_guess_that_is_far_too_large_excludes_nothing():
    """An upper bound that is negative is still rounded upwards."""
    problem = Problem.from_text([["1"]], ["10"], [1, 1], "1/10")
    cover, draw = Cover([kept(realised(sites_of(problem)))["+/+"]]), np.random.default_rng(0)
    cover.read()
    zero = max(cover.zeros[0], key=lambda found: float(found.s.mid()))
    rho, square = float(zero.s.sqrt().mid()), float(zero.squares[0].mid())
    with np.errstate(all="ignore"):
        for far in 10.0 ** draw.uniform(0, 40, 200):
            box, living = np.array([[rho * (1 - 1e-9), rho * (1 + 1e-9), 0, 0]]), np.array([[True]])
            around = Around(
                cover.tables, np.array([0]), box, np.array([[square * far]]), living, True
            )
            assert not Look(around).excluded[0]


def test_a_sign_that_is_not_clear_is_no_zero():
    assert [_mark(arb(x), False) for x in (1, -1, 0)] == ["+", "-", "0"]
    assert _mark(arb(0, 1), True) == "0"
    with pytest.raises(CertificateError, match="is not clear"):
        _mark(arb(0, 1), False)


@pytest.mark.parametrize("target", ["1e-50", "1e50"])
def test_data_that_products_of_doubles_would_lose_are_refused(target):
    problem = Problem.from_text([["1"], ["2"]], [target, "0"], [1, 2], "1")
    with pytest.raises(CertificateError, match="too large, or too near to 0"):
        Cover([kept(realised(sites_of(problem)))["+0/+0"]])


def test_a_box_that_stays_open_is_refused(monkeypatch):
    monkeypatch.setattr(cover_module, "DEEPEST", 3)
    with pytest.raises(CertificateError, match=r"stratum \+\+-/\+\+-,0-\+: a box stays open"):
        Cover([fans(3)["++-/++-,0-+"]]).read()


def test_strata_together_and_alone_give_the_same_points():
    some = [fan for fan in fans(2).values() if fan.kinks]
    together = Cover(some)
    together.read()
    for k, fan in enumerate(some):
        alone = Cover([fan])
        alone.read()
        assert len(alone.zeros[0]) == len(together.zeros[k])
        for one, other in zip(alone.zeros[0], together.zeros[k], strict=True):
            assert all(a.overlaps(b) for a, b in zip(one.values, other.values, strict=True))


def boxed(problem):
    """A document by the algebraic route, in the form of the certified one, without boxes."""
    document = json.loads(to_json(minima_document(LayerEngine().landscape(problem))))
    texts = sorted(stratum.text for stratum in strata(problem) if not stratum.lowest)
    certificate = {"rule": "boxes", "strata": [[text, []] for text in texts]}
    return document | {"completeness": "proved", "certificate": certificate}


@pytest.mark.parametrize("units", [2, 3])
def test_a_constant_that_its_units_share_is_proved(units, tmp_path):
    """One input: the first layer is dead in the only minimum."""
    report = checked(boxed(reference(1, units, "1/100")), tmp_path)
    assert report.components == 1


@pytest.fixture(scope="module")
def listed():
    return boxed(reference(2))


def test_a_list_without_anything_to_fit_is_proved(tmp_path):
    problem = Problem.from_text([["1"], ["2"], ["-1"]], ["0"] * 3, [1, 2], "1/10")
    assert checked(boxed(problem), tmp_path).components == 1


def test_a_list_with_two_inputs_is_proved(listed, tmp_path):
    report = checked(listed, tmp_path)
    assert (report.components, report.verdicts["points"]) == (2, 4)


def test_a_list_without_one_of_its_minima_is_refused(listed, tmp_path):
    short = copy.deepcopy(listed)
    del short["components"][1]
    refused(short, tmp_path, "missing|components")


def test_a_list_with_a_moved_point_or_another_flag_is_refused(listed, tmp_path):
    moved = copy.deepcopy(listed)
    network = moved["components"][0]["representative"]
    network["W"][0][0][0] = "1/3"
    refused(moved, tmp_path, "representative")
    changed = copy.deepcopy(listed)
    changed["components"][0]["on_boundary"] ^= True
    refused(changed, tmp_path, "on_boundary")


def test_a_document_is_refused_without_a_stratum_or_with_another_number(tmp_path):
    document = boxed(reference(1))
    short = copy.deepcopy(document)
    short["certificate"]["strata"] = short["certificate"]["strata"][1:]
    refused(short, tmp_path, "no stratum")
    for place in ("stationary", "locally_minimal", "strata_examined"):
        wrong = copy.deepcopy(document)
        wrong["enumeration"][place] += 1
        refused(wrong, tmp_path, place)
    wrong = copy.deepcopy(document)
    wrong["components"] = []
    refused(wrong, tmp_path, "missing")
    wrong = copy.deepcopy(document)
    wrong["components"][0]["representative"]["w"][0] = "1"
    refused(wrong, tmp_path, "representative")
    refused(document | {"certificate": {"rule": "blocks", "strata": []}}, tmp_path, "rule")


@pytest.mark.parametrize("start", [[0.0119, 8.2e-5], [0.0119, 0], [1, 1], [1e-6, 30]])
def test_a_minimiser_is_found_from_any_start_where_a_step_would_pass_zero(start):
    """The targets have the mean 0: |Gamma|^2 of the first falls to .99 and no further."""
    tables = Tables([(Shape(five()["+++++/+++++,++-0-"]), charts(five()["+++++/+++++"])[1])])
    place = Reduced(tables, np.zeros(1, int), np.full(1, 8.97047), np.full(1, 0.11820054))
    found = place.minimised(np.array([start], float))
    assert found[0] == pytest.approx([0.00575143, 0], rel=1e-4)
    assert place.at(found).lengths[0, 0] == pytest.approx(1)


def test_births_of_units_whose_targets_have_the_mean_0_are_closed_by_few_boxes():
    """It took ten and twenty times as many without Lemma D72 and the T that are held there."""
    texts = ("+++++/+++++,0+---", "+++++/+++++", "++-+-/+++++,++-0-")
    cover = Cover([five()[text] for text in texts])
    cover.read()
    assert cover.zeros == [[], [], []]
    assert cover.counts.sum() < 15_000


def constructed(row, upper, squares, seed):
    """Five sites, data and a place at which a stratum has a stationary point with given T.

    rho and the place solve |Gamma| = 1 for all units and both equations of the first-layer
    vector, by Gauss-Newton; then the targets are H rho (Theorem D22).
    """
    draw, squares = np.random.default_rng(seed), np.array([squares], float)
    data = [[x] for x in [*INPUTS, "-71/100"]], ["1"] * 5
    fan = Fan(sites_of(Problem.from_text(*data, [1, 2], "1/100")), row, upper)
    chart = charts(fan)[0]
    tables = Tables([(Shape(fan), chart)])
    left = at = np.full(7, np.inf)
    while not (np.abs(left).max() < 1e-10 and at[5] > 0.01 and 0.02 < at[6] < 0.98):
        at = np.concatenate([draw.normal(size=5) * 3, draw.uniform(0.3, 1, size=2)])
        at[5] *= 1.5 * np.sqrt(squares.sum())
        for _ in range(20):
            left, slopes = equations(tables, squares[0], at)
            at = at - np.linalg.pinv(slopes) @ left if np.isfinite(slopes).all() else at
    *rho, root, k = at
    inner = Reduced(tables, np.array([0]), np.array([root]), np.array([k]))
    means = np.linalg.inv(inner.inverse(squares)[0]) @ rho
    targets = [str(Fraction(float(y))) for y in means]
    fan = Fan(sites_of(Problem.from_text(data[0], targets, [1, 2], "1/100")), row, upper)
    return fan, root, k


def equations(tables, squares, place):
    """What vanishes at a stationary point, by the formulas of Theorem D22, and its derivatives."""

    def value(place):
        rho, root, k = place[:5], *place[5:]
        heights, turns = tables.features[0]
        eta, rise = tables.kinks[0]
        kinks, along = eta + k * rise, (heights + k * turns) @ rho
        kappa, second = 1 + (root * kinks) ** 2, tables.free[0] * (tables.mask[0] @ rho)
        u = along / kappa
        lean = turns @ rho - root**2 * kinks * rise * u
        e = tables.start[0] + k * tables.turn[0]
        gains = root**2 * along**2 / kappa + second**2 - 1
        return np.array([*gains, e @ e - squares @ u**2, e @ tables.turn[0] - squares @ (u * lean)])

    steps = np.eye(7) * 1e-6
    slopes = [(value(place + step) - value(place - step)) / 2e-6 for step in steps]
    return value(place), np.array(slopes).T


BORN = [("0-+++", (2, 1e-7)), ("++-0-", (2, 1e-7)), ("--+++", (2, 1e-7)), ("--+++", (1e-6, 0.5))]


@pytest.mark.parametrize(("row", "squares"), [*BORN, ("--+++", (1, 2))])
def test_no_box_with_a_stationary_point_in_it_is_excluded(row, squares):
    """By no guess, good or bad, followed, continued, moved or held (Lemma D72); T is enclosed.

    The point has no signs of its own, so `torn` is not asked.
    """
    draw, looked = np.random.default_rng(4), 0
    for seed in range(2):
        fan, at, k = constructed("+++++", ("+++++", row), squares, seed)
        tables = Tables([(Shape(fan), charts(fan)[0])])
        sizes = 10 ** draw.uniform(-7, -0.5, size=(60, 2))
        share = draw.uniform(0, 1, size=(60, 2))
        low = np.maximum([at, k] - sizes * share, 0)
        high = np.minimum([at, k] + sizes * (1 - share), [np.inf, 1])
        boxes = np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], axis=1)
        rows = np.zeros(60, int)
        place = Reduced(tables, rows, boxes[:, :2].mean(1), boxes[:, 2:].mean(1))
        guess = place.guesses(np.ones((60, 2)))
        best, any_ = guess.squares, 10 ** draw.uniform(-6, 1, size=(60, 2))
        for tried, alive, beyond in (
            (guess.continued, guess.alive, True),
            (best, best > 0, False),
            (best, np.zeros((60, 2), bool), False),
            (best, (best > 0) & draw.integers(0, 2, (60, 2)), False),
            (np.where(draw.integers(0, 2, (60, 2)), best, any_), best > 0, False),
        ):
            with np.errstate(all="ignore"):
                around = Around(tables, rows, boxes, tried, alive > 0, beyond)
                look = Look(around)
                found = look.far | look.idle | look.unequal | look.balanced
                assert not (found | look.slanted | look.pooled).any()
            middle, half = (high + low) / 2, (high - low) / 2
            d, e = (([at, k] - middle) / half).T
            powers = np.array([d**0, d, e, d * d, d * e, e * e])
            t = np.einsum("tbm,tb->bm", around.share.terms, powers)
            moved = np.array(squares) - (t if beyond else np.maximum(t, 0))
            sure = np.isfinite(around.low + around.high)
            looked += (sure & (np.abs(moved) > 1e-6)).sum()
            assert (~sure | (moved >= around.low - 1e-9)).all()
            assert (~sure | (moved <= around.high + 1e-9)).all()
    assert looked > 100
