"""What one further unit of the first layer gains beside any kinks, and copies beside flat ones."""

import json
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpq

from reluenum import Problem
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.batches import TowerBatch
from reluenum.engines.towers.inner import minimal_T
from reluenum.engines.towers.shadows import is_overshadowed, shaded_squares
from reluenum.verify.arithmetic.decimals import NUMBER_BITS
from reluenum.verify.deep.document import DeepProof
from reluenum.verify.deep.exactly.shadows import impossible, overshadowed, shaded
from reluenum.verify.deep.further.cones import grows
from reluenum.verify.deep.further.dead import harmless
from reluenum.verify.deep.further.leeway import Answer, Face, Leeway
from reluenum.verify.deep.further.several import Bounds, Capped, add_up
from reluenum.verify.deep.sides import implied
from reluenum.verify.deep.sites import Sites
from reluenum.verify.deep.strata import Stratum, faces_of
from reluenum.verify.deep.towers import Upper
from reluenum.verify.reals import CertificateError, dot
from tests.support.checking import checked
from tests.support.towers import tower_document

pytestmark = pytest.mark.seconds(60)


def of(inputs, targets, ridge, hidden=(2, 1)):
    return Problem.from_text([[str(x)] for x in inputs], list(map(str, targets)), hidden, ridge)


SPECIAL = {
    "a kink at 0 in a group": of([1, -2, 0], [-1, 1, -3], "1/10"),
    "several sites": of([3, 2, 1], [0, -3, 2], "1/10"),
    "several sites and fractions": of(
        ["-1", "37/50", "31/50"], ["-22/25", "1/5", "43/100"], "1/100"
    ),
    "mirrored": of([1, -1], [-3, 2], "1/10"),
    "a slope is exactly 0": of([-1, 1], [0, 2], "1/10"),
    "a unit gains what it costs, and a kink is free": of([1, -1, 1], [-1, 3, -1], "1"),
    "the same below a constant": of([-1, 0], [-1, -2], "1"),
    "a multiplier is 0 for all data": of([1, -2, -1], [0, -2, -3], "1/3"),
    "a group whose multiplier is elsewhere": of([-2, 1, -1], [2, 3, -3], "1/2"),
    "a double zero of E": of([-1, -1, 1], [-1, -3, 0], "3"),
    "third order below a constant": of([-1, -1], [2, 2], "3"),
    "another one": of([1, 2], [3, 0], "1"),
    "several units may gain what they cost": of([-3, -3, 3], [4, 1, -4], "1", (3, 1)),
    "one unit gains with every split of a group": of([1, -2, -3], [-2, 3, 1], "1", (3, 1)),
    "beside a double zero": of([0, 1, -1], [4, 0, -4], "3"),
    "several units beside a group with a nested kink": of([1, -1, 2], [-1, 2, -3], "1", (3, 1)),
    "a group with D > 0": of([3, 1, -2, -3], [1, -2, -1, 4], "2", (1, 1)),
    "two units gain, one does not": of([2, -3, 3, 1], [3, 4, -3, -4], "1/10", (1, 1)),
    "several gain what they cost, but there is one": of([-1, 0, 1], [3, -1, 3], "2", (1, 1)),
}

GROUPS = ["a kink at 0 in a group", "several sites", "mirrored"]


@cache
def document_of(name):
    return tower_document(SPECIAL[name])


@cache
def minima_of(name):
    with ctx.workprec(NUMBER_BITS):
        proof = DeepProof(document_of(name))
        proof.read()
    return proof.minima


@pytest.mark.parametrize("name", [*GROUPS[:2], "a group with D > 0"])
def test_gains_that_add_up_bound_what_several_units_gain_together(name):
    """Lemma D74: at all corners, for any units, with slopes of kinks in their ranges."""
    draw = np.random.default_rng(4)
    bounds = [
        Bounds(leeway, corner)
        for leeway in map(Leeway, minima_of(name))
        for corner in leeway.corners
        if not leeway.zero.plain
    ]
    assert len(bounds) > 1
    for bound in bounds:
        with ctx.workprec(NUMBER_BITS):
            thirds = {site: bound.end(site, {}) / 3 for site in bound.above}
            ends = {key: bound.end(key, thirds) for key in bound.keys}
            shares = {key: fmpq(round(float(arb(end)) * 1000), 1700) for key, end in ends.items()}
            assert bound.fits(shares | thirds)
            for _ in range(20):
                units = [(rational(draw.normal(size=2)), draw.choice([1, -1])) for _ in range(3)]
                total, most = gained_together(bound, shares | thirds, units)
                assert total < most + 1e-20


@pytest.mark.parametrize("name", [GROUPS[0], "several units beside a group with a nested kink"])
def test_a_kink_below_has_no_slope_where_the_kink_above_it_has_none(name):
    """Lemma D74: eta is between 0 and nu, and therefore 0 if nu is."""
    pairs = [
        (bound, kink)
        for leeway in map(Leeway, minima_of(name))
        if not leeway.zero.plain
        for bound in [Bounds(leeway, leeway.corners[0])]
        for kink in bound.keys
        if not isinstance(kink, int) and kink[1] in bound.above
    ]
    assert pairs
    for bound, (j, i) in pairs:
        end = bound.end(i, {})
        for nu, eta, fits in [(end, end, True), (end, end * 2, False), (end, -end, False)]:
            assert bound.fits({i: nu, (j, i): eta}) is fits
        for eta in (0, end, -end):
            assert bound.fits({i: fmpq(0), (j, i): eta * fmpq(1)}) is (eta == 0)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_units_beside_a_group_that_has_no_split_may_be_dead(width):
    """Lemma D74: with D > 0 at a site there are no multipliers between D and 0."""
    (zero,) = minima_of("a group with D > 0")
    zero.sites.hidden = [width, 1]
    assert harmless(zero, faces_of(zero.sites))


def test_several_units_beside_a_group_may_gain_what_they_cost_in_one_direction():
    """Lemma D74(c): at the corner where one does, the bound is what it gains."""
    name = "several units beside a group with a nested kink"
    (zero,) = [zero for zero in minima_of(name) if not zero.plain]
    leeway = Leeway(zero)
    gains, ties = leeway.gains()
    assert gains == {0, -1}
    assert add_up(leeway, ties)
    assert not add_up(leeway)


def test_two_units_lower_the_loss_together_where_one_alone_does_not():
    """Lemma D74: N of a sum may exceed the sum of N. The checker proves one, and no more.

    Units with the opposite slopes 2 - x and x - 2 pull f down at 1 and 3, while the bias lifts it
    at 2, where the target is positive.
    """
    (zero,) = (z for z in minima_of("two units gain, one does not") if not z.plain)
    zero.sites.hidden = [2, 1]
    assert harmless(zero, faces_of(zero.sites))
    zero.sites.hidden = [3, 1]
    with pytest.raises(CertificateError, match="whether a dead unit is harmless is not clear"):
        harmless(zero, faces_of(zero.sites))
    assert [height_at(zero, x) for x in (2, 3, 1)] == [0, 0, 0]
    start = loss_with(zero, 0, [])
    for step in (1e-3, 1e-4):
        down, up = (-1, np.array([-step, 2 * step])), (-1, np.array([step, -2 * step]))
        assert loss_with(zero, step, [down, up]) < start - step
        for units in ([down], [up]):
            assert all(loss_with(zero, lift * step, units) > start for lift in (-1, 0, 0.5, 1, 2))


def height_at(zero, x, bias=0, units=()):
    """f at an input, its bias being moved and units (side, v) added; a > 0, one unit is alive."""
    (weights,), side = zero.state.weights, zero.sides[1]
    live = [(side, np.array([side * float(w.mid()) for w in weights]))]
    added = sum(s * max(v @ [x, 1], 0) for s, v in [*live, *units])
    return max(float(zero.state.bias.mid()) + bias + added, 0)


def loss_with(zero, bias, units):
    """The loss, least over T, at the same X."""
    sites, x, ridge = zero.sites, float(zero.state.x.mid()), float(arb(zero.sites.ridge))
    rows = [(float(arb(r[0])), float(arb(y))) for r, y in zip(sites.rows, sites.means, strict=True)]
    fit = sum((y - height_at(zero, place, bias, units)) ** 2 for place, y in rows)
    lengths = [np.linalg.norm(v) for _, v in units]
    lengths += [np.linalg.norm([float(w.mid()) for w in ws]) for ws in zero.state.weights]
    level = float(zero.state.bias.mid()) + bias
    return fit + ridge * (2 * sum(lengths) / x**0.5 + level**2 / x + x)


def gained_together(bound, shares, units):
    """What units gain together at a corner, and the sum of what each gains at most."""
    leeway, rows, most = bound.leeway, bound.leeway.sites.rows, 0
    total = dict.fromkeys(leeway.seen, fmpq(0))
    for v, side in units:
        heights = {i: dot(rows[i], v) for i in leeway.seen}
        row = tuple(sum(1 << i for i, h in heights.items() if h * s > 0) for s in (1, -1))
        answer = Answer(leeway, row, int(side), bound.corner)
        values = {form: dot(form, v) for form in answer.kinks}
        face = Face(answer, {form: (x > 0) - (x < 0) for form, x in values.items()})
        most += sum(dot(part, v) for part in Capped(face, shares).parts(leeway.zero.state))
        total = {i: total[i] + int(side) * max(h, fmpq(0)) for i, h in heights.items()}
    way = [dot(line, [total[i] for i in leeway.seen]) for line in bound.corner]
    return -leeway.zero.slope(leeway.zero.state, way, total), most


def test_a_form_on_few_units_is_positive_unless_an_eigenvector_says_otherwise():
    """Lemma D73: with Kaplan's criterion, a positive eigenvector of a face with a value <= 0."""
    draw, seen = np.random.default_rng(2), set()
    for _ in range(150):
        table = draw.integers(-3, 4, size=(4, 4))
        table = table + table.T + 3 * np.eye(4, dtype=int)
        for most in (1, 2, 4):
            found = grows(arb_mat(table.tolist()), range(4), most)
            values = [lowest(table[np.ix_(c, c)]) for c in faces_up_to(most)]
            seen.add((most, found))
            if found is None:
                assert min(map(abs, values)) < 1e-9
            else:
                assert min(values) * found > 1e-9
    assert seen >= {(most, sign) for most in (1, 2, 4) for sign in (1, -1)}


def faces_up_to(most):
    return [list(c) for k in range(most) for c in combinations(range(4), k + 1)]


def lowest(part):
    """The least eigenvalue with a positive eigenvector, if there is one."""
    values, vectors = np.linalg.eigh(part)
    fits = (abs(v).min() > 1e-9 and abs(v.sum()) > abs(v).sum() - 1e-9 for v in vectors.T)
    return min((x for x, fit in zip(values, fits, strict=True) if fit), default=np.inf)


def rational(numbers):
    return [fmpq(round(1000 * x), 1000) for x in numbers]


@pytest.mark.parametrize("name", GROUPS)
def test_what_a_unit_gains_is_what_the_loss_falls_at_best(name):
    """Lemma D70(a): no answer of the kinks is better than the best corner."""
    draw = np.random.default_rng(1)
    for zero in minima_of(name):
        leeway = Leeway(zero)
        size = len(leeway.corners[0])
        for _ in range(3):
            shifts = dict(zip(leeway.seen, rational(draw.normal(size=9)), strict=False))
            ways = [
                [sum(x * shifts[i] for x, i in zip(row, leeway.seen, strict=True)) for row in c]
                for c in leeway.corners
            ]
            with ctx.workprec(NUMBER_BITS):
                best = max(-zero.slope(zero.state, way, shifts) for way in ways)
                for _ in range(20):
                    way = rational(draw.normal(size=size) * 2)
                    assert -zero.slope(zero.state, way, shifts) < best + 1e-20


@pytest.mark.parametrize("name", GROUPS)
def test_the_gain_on_a_face_is_the_slope_at_its_corner(name):
    """Lemma D70: it is linear in the vector of the unit where no kink changes its sign."""
    seen = 0
    for zero in minima_of(name):
        leeway, everything = Leeway(zero), zero.stratum.relevant
        rows = [(everything, 0), (1 & everything, 2 & everything), (2 & everything, 1 & everything)]
        for row in (row for row in rows if row[0]):
            for side in (1, -1):
                for corner in leeway.corners:
                    for face in Answer(leeway, row, side, corner).faces():
                        seen += same_gain(face, zero)
    assert seen > 20


def same_gain(face, zero):
    """Compare a face's form with the slope, at a vector inside the face if one is found."""
    draw, answer = np.random.default_rng(3), face.answer
    for _ in range(20):
        v = rational(draw.normal(size=2))
        values = {row: sum(x * y for x, y in zip(row, v, strict=True)) for row in face.marks}
        if all((value > 0) - (value < 0) == face.marks[row] for row, value in values.items()):
            way = [sum(x * y for x, y in zip(r, v, strict=True)) for r in answer.moves.tolist()]
            shifts = {
                i: sum(x * y for x, y in zip(r, v, strict=True)) for i, r in answer.shifts.items()
            }
            with ctx.workprec(NUMBER_BITS):
                parts = face.parts(zero.state)
                gain = sum(x * y for part in parts for x, y in zip(part, v, strict=True))
                assert abs(gain + zero.slope(zero.state, way, shifts)) < 1e-20
            return True
    return False


@pytest.mark.parametrize("name", SPECIAL)
def test_wide_lists_of_special_data_are_proved(name, tmp_path):
    document = document_of(name)
    assert document["complete"]
    assert checked(document, tmp_path).components == len(document["components"])


@pytest.mark.parametrize(("upper", "is_impossible"), [((2, 0), True), ((3, 0), False)])
def test_units_that_a_kink_binds_on_lines_of_mirrored_inputs_cannot_live(upper, is_impossible):
    """Lemma D62: with a kink at -1, and without one."""
    sites = DeepProof(document_of("mirrored")).sites
    assert impossible(Upper(sites, upper), [(1, 0), (2, 0)]) is is_impossible


SHADOWS = [
    ([3, -1, 0, 1], [-4, -2, -4, 2], "++++,+-++,-+0-/0+00"),
    ([-3, 1, 3, -2], [1, -2, -3, 3], "++--,+---,-++-/+00-"),
    ([-2, -1, 2], [-1, -2, 2], "++-,-++,--+/00+"),
]
BESIDE_A_KINK = ([0, -3, -1, 3], [2, 3, 3, -3], "++++,+-++,+--+/000+")
"""The unit that is not in a shadow is on at a kink, and 0 there at the minimum."""


@pytest.mark.parametrize(("inputs", "targets", "text"), [*SHADOWS, BESIDE_A_KINK])
def test_units_in_the_shadow_of_others_are_zero_at_the_minimum_for_every_x(inputs, targets, text):
    """Lemma D75: those that are on at a kink, as descent over T says, too."""
    problem, stratum = of(inputs, targets, "1/3", (3, 1)), DeepStratum.of_text(text)
    assert is_overshadowed(problem, stratum)
    lower, (upper,) = stratum.layers
    bound = [any(s == "0" and x == "+" for x, s in zip(row, upper, strict=True)) for row in lower]
    bound = [*bound[:-1], False] if all(bound) else bound
    batch, places = TowerBatch.of(problem, [stratum]), np.geomspace(0.01, 10, 9)
    found = minimal_T(batch, np.zeros(9, dtype=int), places, np.zeros((9, 3)))
    assert found.max() > 0.1
    assert (found[:, bound] < 1e-6 * places[:, None]).all()


@pytest.mark.parametrize(("inputs", "targets", "text"), SHADOWS)
def test_the_checker_sees_shadows_if_all_of_both_kinds_are_there(inputs, targets, text):
    sites = sites_of(of(inputs, targets, "1"))
    upper, units = masks_of(sites, inputs, DeepStratum.of_text(text))
    assert overshadowed(upper, units)
    held = sum(1 << i for i in upper.kinks)
    assert not overshadowed(upper, [row for row in units if not row[0] & held])


def test_the_checker_sees_a_shadow_of_a_unit_that_is_zero_at_the_kinks():
    inputs, targets, text = BESIDE_A_KINK
    upper, units = masks_of(sites_of(of(inputs, targets, "1")), inputs, DeepStratum.of_text(text))
    assert overshadowed(upper, units)
    assert not overshadowed(upper, units[:2])


def sites_of(problem):
    return Sites(json.loads(json.dumps(dict(problem.to_document()))))


def masks_of(sites, inputs, stratum):
    """The signs of the upper unit, and relevant ones of the others, in the order of the checker."""
    rows = [sites.rows.index([fmpq(x), fmpq(1)]) for x in inputs]

    def mask(text):
        pairs = list(zip(rows, text, strict=True))
        return tuple(sum(1 << i for i, s in pairs if s == mark) for mark in "+-")

    lower, (signs,) = stratum.layers
    upper = Upper(sites, mask(signs))
    relevant = upper.relevant
    return upper, [(plus & relevant, minus & relevant) for plus, minus in map(mask, lower)]


NARROW = [
    ([3, -1, 0, 1], [-4, -2, -4, 2], "+-++,+--+,-+0-/0+0+", 0.00250031),
    ([1, -2, -3, 0], [3, -4, 1, -2], "+--0,-+++,-++-/+0+0", 0.00111114),
]


@pytest.mark.parametrize(("inputs", "targets", "text", "x"), NARROW)
def test_units_are_in_the_shadow_of_others_in_a_narrow_interval(inputs, targets, text, x):
    """Lemma D75: where they all begin, one as long as it may be; not at any X."""
    problem, stratum = of(inputs, targets, "1/10", (3, 1)), DeepStratum.of_text(text)
    squares = shaded_squares(problem, stratum, x, x * 1.00001)
    assert sum(square > 0 for square in squares) == 1
    assert shaded_squares(problem, stratum, x, 1000 * x) is None
    sites = sites_of(problem)
    upper, rows = masks_of(sites, inputs, stratum)
    given = dict(zip(rows, map(arb, squares), strict=True))
    with ctx.workprec(128):
        assert shaded(upper, given, arb(x), arb(x), arb(x * 1.00001))
        assert not shaded(upper, given, arb(x), arb(x), arb(1000 * x))


LINE = ([["-1", "0"], ["2", "0"], ["2", "-8"], ["2", "8"]], ["1/4", "-1/100", "-1/5", "-1/5"])


@pytest.mark.parametrize("last", [False, True])
def test_units_that_one_unit_spoils_are_spoilt_by_several(last):
    """Lemma D70(c): beside three kinks on a line a unit gains, whatever the order of the points."""
    inputs, targets = LINE
    if last:
        inputs, targets = ([*part[:1], *part[2:], part[1]] for part in LINE)
    document = tower_document(Problem.from_text(inputs, targets, (1, 1), "1/10"))
    with ctx.workprec(NUMBER_BITS):
        proof = DeepProof(document)
        proof.read()
        (zero,) = [zero for zero in proof.minima if zero.stratum.text == "-+++/+000"]
        for width in (2, 3, 4):
            proof.sites.hidden = [width, 1]
            assert not harmless(zero, proof.faces)


def test_f_is_zero_where_kinks_imply_it():
    """Three inputs on a line, f = 0 at two of them: it is 0 at the third if units are on there."""
    inputs, targets = LINE
    document = tower_document(Problem.from_text(inputs, targets, (1, 1), "1/10"))
    sites = DeepProof(document).sites
    rows = [tuple(row[:2]) for row in sites.rows]
    away, *line = (rows.index(tuple(fmpq(int(x)) for x in row)) for row in inputs)
    plus = 1 << away | 1 << line[0] | 1 << line[2]
    stratum = Stratum(sites, (1 << away, 1 << line[1]), ((plus, 0),))
    assert implied(stratum, line[1], [1])
    assert not implied(stratum, line[1], [-1])
    assert not implied(stratum, away, [1])
