"""Documents of networks with two hidden layers, proved, and attacked."""

import itertools
import json
import math
import random

import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpz_poly

from reluenum import Problem
from reluenum.verify import CertificateError
from reluenum.verify.arithmetic.decimals import NUMBER_BITS
from reluenum.verify.deep.components import Network, least, mirrored, symmetries
from reluenum.verify.deep.document import DeepProof, Reader
from reluenum.verify.deep.exactly.fields import Exact
from reluenum.verify.deep.inner import total_squares
from reluenum.verify.deep.sides import Block
from reluenum.verify.deep.sites import Sites
from reluenum.verify.deep.strata import Stratum, realised
from reluenum.verify.deep.towers import Moved, State, Tower, Upper
from reluenum.verify.reals import RATIONAL, Algebraic
from tests.support.attacks import changed, lie, places, refused_components
from tests.support.checking import checked, refused
from tests.support.towers import tower_document

pytestmark = pytest.mark.seconds(20)

INPUTS = ["-17/100", "44/100", "-1", "-40/100", "-71/100"]
TARGETS = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]


def reference(size, hidden, ridge="1/100", **more):
    """The first points of the reference data."""
    return Problem.from_text([[x] for x in INPUTS[:size]], TARGETS[:size], hidden, ridge, **more)


CASES = {
    "narrow": reference(3, [1, 1]),
    "wide": reference(3, [2, 1]),
    "spare": reference(2, [3, 1], "1/10"),
    "mean": reference(3, [1, 1], loss="mean"),
    "equal inputs": Problem.from_text([["1"], ["-2"], ["1"]], ["3", "-1", "2"], [1, 1], "1/3"),
    "plane": Problem.from_text(
        [["1", "0"], ["0", "1"], ["-1", "2"]], ["1", "2", "-1"], [1, 1], "1/5"
    ),
    "constant": Problem.from_text([["0"], ["1"]], ["3", "2"], [1, 1], "4"),
    "zero": Problem.from_text([["0"], ["1"]], ["1", "-1"], [2, 1], "9"),
}


@pytest.fixture(scope="module")
def documents():
    return {name: tower_document(problem) for name, problem in CASES.items()}


# The mathematics.


def sites_of(problem):
    return Sites(json.loads(json.dumps(dict(problem.to_document()))))


@pytest.mark.parametrize("seed", range(3))
def test_every_network_is_on_a_stratum_that_is_enumerated(seed):
    """Also with kinks: a unit, or f, is moved so that it vanishes at a site."""
    draw, problem = random.Random(seed), reference(4, [2, 1])
    inputs, found = [float(fmpq_of(x)) for x in INPUTS[:4]], realised(sites_of(problem))
    seen = 0
    for _ in range(400):
        rows, f = [], np.zeros(4)
        for _ in range(2):
            slope, kink = draw.gauss(0, 1), draw.choice([None, 0, 1, 2, 3])
            bias = draw.gauss(0, 1) if kink is None else -slope * inputs[kink]
            z = np.array([slope * x + bias for x in inputs])
            z[[kink] if kink is not None else []] = 0
            rows.append("".join("+-0"[int(v <= 0) + int(v == 0)] for v in z))
            f += draw.gauss(0, 1) * np.maximum(z, 0)
        kink = draw.choice([None, 0, 1, 2, 3])
        f += draw.gauss(0, 1) if kink is None else -f[kink]
        upper = "".join("+-0"[int(v <= 1e-12) + int(abs(v) <= 1e-12)] for v in f)
        hidden = [zip(row, upper, strict=True) for row in rows]
        lower = {"".join("." if above == "-" else s for s, above in row) for row in hidden}
        if "+" in upper and len(lower) == 2 and all("+" in row for row in lower):
            assert f"{','.join(sorted(lower))}/{upper}" in found
            seen += 1
    assert seen > 60


def fmpq_of(text):
    whole, _, below = text.partition("/")
    return int(whole) / int(below or 1)


def some_tower():
    """A tower of two units, one with a kink, below an upper unit with a kink."""
    problem = reference(4, [2, 1], "1/10")
    sites = sites_of(problem)
    kinks = (s for _, s in sorted(realised(sites).items()) if s.zeros & ~s.group)
    stratum = next(s for s in kinks if len(s.lower) == 2 and "0" in s.text.partition("/")[0])
    return Tower(Upper(sites, stratum.upper), stratum.lower)


def test_gradient_and_hessian_are_those_of_the_reduced_loss():
    """Of ridge (X + sum T / X) + y' (D + M)^-1 y (Theorem D9), by differences."""
    tower = some_tower()

    def gradient(values):
        *squares, x = map(arb, values)
        return [float(p.mid()) for p in State(tower, squares, x).gradient()]

    def loss(values):
        *squares, x = map(arb, values)
        state = State(tower, squares, x)
        inner = sum((r * y for r, y in zip(state.rho, tower.means, strict=False)), arb(0))
        return state.ridge * (x + sum(squares, arb(0)) / x) + inner

    point, step = [0.3, 0.7, 1.1], 2.0**-60
    with ctx.workprec(300):
        slopes = gradient(point)
        second = State(tower, [arb(0.3), arb(0.7)], arb(1.1)).hessian().tolist()
        for k in range(3):
            ends = [[arb(v) + s * step * (j == k) for j, v in enumerate(point)] for s in (1, -1)]
            high, low = map(loss, ends)
            assert float(((high - low) / (2 * step)).mid()) == pytest.approx(slopes[k], rel=1e-12)
            *squares, x = ends[0]
            change = State(tower, squares, x).gradient()
            *squares, x = ends[1]
            back = State(tower, squares, x).gradient()
            for j in range(3):
                slope = (change[j] - back[j]) / (2 * step)
                assert float(slope.mid()) == pytest.approx(float(second[k][j].mid()), rel=1e-12)


def test_states_of_a_box_contain_those_of_its_points():
    """Woodbury's identity, in balls."""
    tower, draw = some_tower(), random.Random(1)
    centre = State(tower, [arb(0.3), arb(0.7)], arb(1.1))
    box = [arb(0.3, 0.02), arb(0.7, 0.03)], arb(1.1, 0.01)
    moved = Moved(centre, *box)
    for _ in range(50):
        squares = [arb(0.3 + draw.uniform(-1, 1) * 0.02), arb(0.7 + draw.uniform(-1, 1) * 0.03)]
        state = State(tower, squares, arb(1.1 + draw.uniform(-1, 1) * 0.01))
        for of in (lambda s: s.rho, lambda s: s.values.entries(), lambda s: s.hessian().entries()):
            pairs = zip(of(moved), of(state), strict=True)
            assert all(ball.overlaps(value) for ball, value in pairs)


def test_linear_forms_of_residuals_at_other_x_are_in_the_ball():
    """Lemma D56, around squares that are not the best; also with kinks, and units that are zero."""
    problem, checked, zero = reference(4, [2, 1]), 0, 0
    strata = sorted(realised(sites_of(problem)).items())
    for _, stratum in strata[::23]:
        with ctx.workprec(NUMBER_BITS):
            cover, start = Reader(stratum.sites).start(stratum), [arb(1)] * len(stratum.lower)
            squares = cover.sharpened(arb(3), start)
            state = cover.state(arb(3), [t * 1.01 for t in squares])
            forms = arb_mat([*state.system.stack.tolist(), *state.system.diagonal.tolist()])
            enclosures = Block(state, arb(2.9), arb(3.2)).ball.of(forms).values()
            for x in map(arb, (2.9, 3.0, 3.2)):
                better = cover.sharpened(x, squares)
                found = cover.state(x, better)
                if found.tower is not state.tower or cover.error(x, better) > 1e-9:
                    continue
                values = (forms * found.solution).entries()
                assert all(map(arb.overlaps, enclosures, values))
                checked += all(map(arb.is_finite, enclosures))
                zero += len(stratum.lower) > len(found.squares) and len(cover.upper.kinks) > 1
    assert checked > 40
    assert zero > 5


def test_a_block_around_a_stationary_point_is_never_excluded(documents):
    """Lemma D56, from any T: units that are zero in it, or squares far from the best."""
    document, draw, points = documents["wide"], random.Random(3), 0
    reader = Reader(Sites(document["problem"]))
    strata = realised(reader.sites)
    for text, items in document["certificate"]["strata"]:
        _, zeros = reader.cover(strata[text], items)
        for zero in (zero for zero in zeros if zero.sides is not None):
            cover, middle = reader.start(zero.stratum), zero.state.x.mid()
            for _ in range(20):
                x = middle * arb(draw.lognormvariate(0, 0.3))
                best = [t.mid() for t in zero.state.squares]
                squares = [t * arb(draw.choice([0, 1, 1, 1.3])) for t in best]
                low, high = middle.min(x) * 0.999, middle.max(x) * 1.001
                block = Block(cover.state(x, squares), low, high)
                assert not block.excludes(zero.stratum)
            points += 1
    assert points > 10


def test_the_level_is_enclosed_from_any_squares_and_grows():
    """G(X) of the inner minimiser by the duality gap (Theorem D9), monotone (Theorem D15)."""
    tower, draw, levels = some_tower(), random.Random(2), []
    for x in (0.1, 0.3, 1.0, 3.0, 10.0):
        tried = [[arb(draw.expovariate(1)) for _ in range(2)] for _ in range(40)]
        balls = [total_squares(State(tower, squares, arb(x))) for squares in tried]
        for ball in balls[1:]:
            assert ball.overlaps(balls[0])
        levels.append((max(b.lower() for b in balls), min(b.upper() for b in balls)))
    assert all(low <= high for (low, _), (_, high) in itertools.pairwise(levels))


TEN = Problem.from_text(
    [[x] for x in (*INPUTS, "97/100", "7/10", "-37/100", "9/10", "3/10")],
    [*TARGETS, "1/20", "47/50", "-6/25", "3/4", "-17/100"],
    [2, 1],
    "1/100",
)
"""The reference, and five random points."""


def rows_of(*texts):
    """Signs as the checker holds them."""
    return tuple(
        tuple(sum((mark == sign) << i for i, mark in enumerate(text)) for sign in "+-")
        for text in texts
    )


@pytest.mark.parametrize("place", ["8.267998e-5", "8.268e-5", "8.2685e-5", "8.27e-5"])
def test_units_that_begin_at_one_x_are_followed(place):
    """A kink ties two units, so one alone is no minimiser: G is told from squares far away."""
    sites = sites_of(TEN)
    (upper,), lower = rows_of("+0++++-+0+"), rows_of("+++++-.+-+", "++-+-+.+++")
    cover = Reader(sites).start(Stratum(sites, upper, lower))
    with ctx.workprec(128):
        x, start = arb(place), [arb("5.8e-8"), arb("6.2e-8")]
        squares = cover.together(x, start)
        assert min(squares) > 0
        assert total_squares(cover.state(x, squares)).rad() < x * x / 1000
        low, high = cover.step(x, [start])
        assert low < high


# What is true is proved.


@pytest.mark.parametrize("name", CASES)
def test_honest_documents_are_proved(name, documents, tmp_path):
    report = checked(documents[name], tmp_path)
    assert report.components == len(documents[name]["components"])
    assert str(report).startswith(f"proved: {report.components} components from ")
    assert f"hidden {', '.join(map(str, CASES[name].hidden))}" in str(report)


def test_two_units_below_one_at_four_points_are_proved(tmp_path):
    """Kinks tie squares that vanish together, and some points are no minima along fans of kinks."""
    report = checked(tower_document(reference(4, [2, 1], "1/10")), tmp_path)
    assert (report.components, report.verdicts["points"]) == (8, 66)


def test_the_losses_are_those_of_an_independent_prototype(tmp_path):
    document = tower_document(reference(5, [1, 1]))
    checked(document, tmp_path)
    assert [component["loss"][:12] for component in document["components"]] == [
        *("2.2851589940", "2.2932399816", "2.9473728952", "2.9679916172"),
        *("2.9773966992", "3.1122348660", "3.2160264716", "3.287"),
    ]


# Whole numbers, by which something is exactly 0.

COINCIDENCES = {
    "a nested kink at the origin": ([[3], [0], [-3]], [-2, -1, 1], [1, 1], "1/3"),
    "a kink at orthogonal inputs": ([[1, 0], [-1, -3]], [-3, 2], [1, 1], "1/30"),
    "a weight": ([[-2], [2]], [3, 3], [1, 1], "1/3"),
    "the square of a unit": ([[-1], [3]], [1, 0], [1, 1], "1/2"),
    "a sign of the upper unit": ([[1, 0], [1, 3], [-1, 0]], [0, 3, 0], [1, 1], "2"),
    "what pulls a unit": ([[2], [0], [-2], [0]], [1, -1, 1, -1], [1, 1], "2"),
    "the difference of two losses": ([[-1], [-2], [-3]], [0, -2, 0], [1, 1], "1/10"),
    "the gain of a unit under a constant": ([[2], [-2]], [-2, -2], [1, 1], "3/2"),
    "the gain of a dead unit": ([[-2], [3]], [2, -3], [2, 1], "3/2"),
    "a target in a group of kinks": ([[1], [2], [-2]], [-2, 0, 3], [2, 1], "2"),
}


@pytest.mark.parametrize("name", COINCIDENCES)
def test_what_is_exactly_0_does_not_stand_in_the_way(name, tmp_path):
    inputs, targets, hidden, ridge = COINCIDENCES[name]
    document = tower_document(Problem.from_text(inputs, targets, hidden, ridge))
    assert document["complete"]
    assert checked(document, tmp_path).components == len(document["components"])


def zeros_of(problem):
    """Yield the stationary points to which the records of a document lead."""
    document = tower_document(problem)
    proof = DeepProof(document)
    reader = Reader(proof.sites)
    for text, items in document["certificate"]["strata"]:
        _, zeros = reader.cover(proof.realised[text], items)
        yield from (zero for zero in zeros if zero.sides)


def test_a_point_is_a_root_of_the_polynomial_that_the_theory_has_for_it():
    """Example D1: u = sqrt X solves 2 u^4 - 2 sqrt 2 u + 7/5 = 0 at either stationary point."""
    problem = Problem.from_text([[1], [-2]], [2, -3], [1, 1], "7/5")
    with ctx.workprec(NUMBER_BITS):
        found = [zero for zero in zeros_of(problem) if zero.stratum.text == "+-/+0"]
        found.sort(key=lambda zero: float(zero.state.x.mid()))
        assert [zero.minimum for zero in found] == [False, True]
        for zero in found:
            assert zero.exact.x.minimal_polynomial() == fmpz_poly([49, -200, 140, 0, 100])
            assert zero.exact.stationary
            assert zero.sign(lambda state: state.bias) == 0
            beside = Exact(zero.exact.tower, zero.exact.squares, zero.exact.x + 1)
            assert not beside.stationary


def test_slopes_are_those_of_the_loss_at_fixed_squares():
    """One-sided differences of the loss along the rays of the arrangement of all kinks."""
    rays = 0
    with ctx.workprec(300):
        found = zeros_of(reference(4, [2, 1], "1/10"))
        zeros = [z for z in found if z._rays and "0" in z.stratum.text.partition("/")[0]]
        for zero in zeros[:6]:
            for ray in zero._rays.values():
                step = arb(2) ** -60
                change = (loss_beside(zero, ray, step) - loss_beside(zero, ray, 0)) / (2 * step)
                assert abs(zero.slope(zero.state, ray) - change) < arb(2) ** -30
                rays += 1
    assert rays > 20


def loss_beside(zero, ray, step):
    """The loss at the (w, B) of a point, and a step along a ray; kinks are 0 at the point."""
    state, sites, (side, *sides) = zero.state, zero.sites, zero.sides
    depth, relevant = sites.depth, zero.stratum.relevant
    vectors = [
        [w + step * d for w, d in zip(ws, ray[j * depth : (j + 1) * depth], strict=True)]
        for j, ws in enumerate(state.weights)
    ]
    bias = state.bias + step * ray[-1]
    loss = state.ridge * bias * bias / state.x
    for vector, square in zip(vectors, state.squares, strict=True):
        loss += state.ridge * sum((w * w for w in vector), arb(0)) / square
    for i in sites.inside(relevant):
        f = bias
        for s, vector, (plus, minus) in zip(sides, vectors, zero.stratum.lower, strict=True):
            z = sum((x * w for x, w in zip(sites.rows[i], vector, strict=True)), arb(0))
            if plus >> i & 1 or (not minus >> i & 1 and s * z > 0):
                f += z
        if not zero.stratum.upper[0] >> i & 1:
            f = f if side * f > arb(2) ** -90 else arb(0)
        loss += sites.copies[i] * (sites.means[i] - f) ** 2
    return loss


# Whatever is changed is refused.


@pytest.mark.parametrize("name", ["narrow", "wide", "spare", "constant"])
def test_no_component_can_be_changed_missing_doubled_or_out_of_order(name, documents):
    """Every number, sign and flag of every component is proved, not only read."""
    refused_components(DeepProof(documents[name]), documents[name]["components"])


def test_no_stratum_of_a_component_is_missing_doubled_or_out_of_order(documents, tmp_path):
    strata = documents["spare"]["components"][0]["strata"]
    assert len(strata) > 1
    for way in (strata[:-1], strata[1:], [*strata, strata[0]], strata[::-1], []):
        refused(changed(documents["spare"], ("components", 0, "strata"), way), tmp_path)


def test_no_other_entry_of_the_document_can_be_changed(documents, tmp_path):
    document, tried = documents["narrow"], 0
    rest = {k: v for k, v in document.items() if k not in ("components", "certificate", "software")}
    for way, value in places(rest):
        refused(changed(document, way, lie(value)), tmp_path)
        tried += 1
    for key in document:
        if key != "software":
            refused({k: v for k, v in document.items() if k != key}, tmp_path)
            tried += 1
    for way, value in (
        (("problem", "hidden"), [2, 1]),
        (("problem", "hidden"), [1, 1, 1]),
        (("problem", "hidden"), [1, 2]),
        (("problem", "hidden"), [1]),
        (("problem", "hidden"), 1),
        (("problem", "output_bias"), "free"),
        (("problem", "loss"), "mean"),
        (("problem", "ridge"), "1/99"),
        (("problem", "ridge"), "0"),
        (("problem", "width"), 1),
        (("completeness",), "exact basis"),
        (("complete",), False),
        (("undecided",), []),
        (("note",), "all minima are global"),
        (("certificate", "rule"), "steps"),
        (("certificate", "note"), None),
    ):
        refused(changed(document, way, value), tmp_path)
        tried += 1
    assert tried > 40


def test_no_stratum_and_no_interval_is_missing(documents, tmp_path):
    for name in ("narrow", "plane"):
        document = documents[name]
        strata = document["certificate"]["strata"]
        for k, (text, items) in enumerate(strata):
            place = ("certificate", "strata")
            refused(changed(document, place, strata[:k] + strata[k + 1 :]), tmp_path, "no stratum")
            refused(changed(document, place, strata[: k + 1] + strata[k:]), tmp_path, "sorted")
            refused(changed(document, (*place, k, 0), "+++/---"), tmp_path)
            refused(changed(document, (*place, k, 1), items[1:]), tmp_path, GAP)
            units = text.count(",") + 1
            highest = max(item[-units - 1] for item in items)
            left = [item for item in items if item[-units - 1] < highest]
            refused(changed(document, (*place, k, 1), left), tmp_path, GAP)


def test_intervals_that_claim_too_much_are_refused(documents, tmp_path):
    """A block over all X, w = 0 too far, and steps at points that are no minimisers."""
    document, wrong = documents["narrow"], 0
    for k, (text, items) in enumerate(document["certificate"]["strata"]):
        m, way = text.count(",") + 1, ("certificate", "strata", k, 1)
        high = 2 * max(number for item in items for number in item)
        if len(items) > 3:
            refused(changed(document, way, [[0.0, high, high / 2, *[1.0] * m]]), tmp_path, "block")
            refused(changed(document, way, [[0.0, high, high, *[0.0] * m]]), tmp_path, "block")
            zeros = [[*item[:-m], *[0.0] * m] for item in items]
            refused(changed(document, way, zeros), tmp_path, "block|nothing closes")
            wrong += 3
    assert wrong > 20


GAP = "nothing closes|no list"

HOSTILE = [
    *(None, True, "1", [], {}, [0.5], -1.0, 1e300, 1e-300, -1e300, 10**400, 2**70),
    *(math.nan, math.inf, -math.inf),
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: f"{value!r:.12}")
def test_hostile_values_end_in_one_line(value, documents, tmp_path):
    document = documents["narrow"]
    strata = document["certificate"]["strata"]
    k = max(range(len(strata)), key=lambda k: len(strata[k][1]))
    way = ("certificate", "strata", k, 1)
    block = max(range(len(strata[k][1])), key=lambda j: len(strata[k][1][j]))
    for place, other in (
        (("certificate",), value),
        (("certificate", "strata"), value),
        (("certificate", "strata", k), value),
        (("certificate", "strata", k, 0), value),
        (way, value),
        ((*way, 0), value),
        ((*way, block, 0), value),
        *(
            ((*way, k, 1), value) for k in (0, block) if value != 2**70
        ),  # an end beyond all X is true
        ((*way, 0, 2), value),
        (("components", 0), value),
        (("components", 0, "strata"), value),
        (("components", 0, "loss"), value),
        (("components", 0, "layers", 0, 0, "signs"), value),
        (("enumeration",), value),
        (("problem",), value),
        (("problem", "hidden"), value),
        (("problem", "hidden", 0), value),
        (("problem", "x", 0), value),
        (("problem", "y", 0), value),
        (("problem", "ridge"), value),
    ):
        with pytest.raises(CertificateError) as error:
            checked(changed(document, place, other), tmp_path)
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 1000


# Symmetries of the data.


@pytest.mark.parametrize(
    ("inputs", "targets", "count"),
    [
        ([[-2], [-1], [1], [2]], [3, -1, -1, 3], 2),
        ([[-2], [-1], [1], [2]], [3, -1, 1, -3], 2),
        ([[-2], [-1], [1], [2]], [3, -1, 1, 3], 1),
        ([[-2], [-1], [2]], [3, -1, 3], 1),
        ([[1], [-1], [1]], [3, 2, -1], 1),  # means 1 and 2, and other numbers of points
        ([[1, 0], [0, 1], [-1, 0], [0, -1]], [1, 1, 1, 1], 8),
        ([[1, 0], [0, 1], [-1, 0], [0, -1]], [1, -1, 1, -1], 8),
        ([[0], [1]], [0, 0], 2),  # the identity, which also turns all targets
    ],
)
def test_symmetries_are_isometries_that_keep_or_turn_the_targets(inputs, targets, count):
    found = list(symmetries(sites_of(Problem.from_text(inputs, targets, [1, 1], "1/3"))))
    assert len(found) == count
    assert tuple(range(len(set(map(tuple, inputs))))) in found


def test_minima_whose_losses_a_symmetry_makes_equal_are_told_by_their_signs():
    problem = Problem.from_text([[-2], [2]], [3, -3], [1, 1], "1/3")
    proof = DeepProof(tower_document(problem))
    with ctx.workprec(NUMBER_BITS):
        proof.read()
        networks = [component.network for component in proof.components()]
        best = least(networks)
        signs = sorted(network.signs for network in best)
        assert signs == [[["+-"], ["+0"]], [["-+"], ["0+"]]]
        one, other = best
        assert mirrored(one, other, networks)
        assert not mirrored(one, networks[-1], networks)
        half = Algebraic(RATIONAL, [1]) / 2
        twin = Network(one.sites, other.layers, other.output, other.loss, lambda: half)
        assert not mirrored(one, other, [*networks, twin])
        with pytest.raises(CertificateError, match="look equal"):
            least([*networks, twin])
