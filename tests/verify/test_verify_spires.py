"""Documents of networks with three hidden layers, proved, and attacked."""

import json
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import Problem
from reluenum.verify import CertificateError
from reluenum.verify.arithmetic.decimals import NUMBER_BITS
from reluenum.verify.deep.lists import gaps
from reluenum.verify.deep.sites import Sites
from reluenum.verify.deep.strata import faces_of
from reluenum.verify.spires.constants import Pair, constants, roots
from reluenum.verify.spires.cover import Cover
from reluenum.verify.spires.document import SpireProof
from reluenum.verify.spires.inner import highest, levels, polished, reach, vanishing
from reluenum.verify.spires.lines import impossible
from reluenum.verify.spires.strata import kept, realised
from reluenum.verify.spires.systems import Frame, Moved, State
from tests.support.attacks import changed, lie, refused_components
from tests.support.checking import checked, refused
from tests.support.spires import certified_document, record_of, spire_document

pytestmark = pytest.mark.seconds(30)

INPUTS = ["-17/100", "44/100", "-1", "-40/100", "-71/100"]
TARGETS = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]


def reference(size, hidden, ridge="1/100", **more):
    """The first points of the reference data."""
    return Problem.from_text([[x] for x in INPUTS[:size]], TARGETS[:size], hidden, ridge, **more)


CASES = {
    "narrow": reference(3, [1, 1, 1]),
    "mean": reference(3, [1, 1, 1], loss="mean"),
    "spare": reference(2, [2, 1, 1], "1/10"),
    "plane": Problem.from_text([["1", "0"], ["0", "1"]], ["1", "-2"], [1, 1, 1], "1/5"),
    "equal inputs": Problem.from_text(
        [["1"], ["-2"], ["1"], ["0"]], ["3", "-1", "2", "5"], [1, 1, 1], "1/3"
    ),
    "two constants": Problem.from_text([["0"], ["1"]], ["9", "8"], [1, 1, 1], "1/2"),
    "zero": Problem.from_text([["0"], ["1"]], ["1", "-1"], [1, 1, 1], "9"),
}


def sites_of(problem):
    return Sites(json.loads(json.dumps(dict(problem.to_document()))))


def with_records(problem):
    found = kept(realised(sites_of(problem)))
    tops = {text: float(arb(highest(spire)).upper()) for text, spire in found.items()}
    return spire_document(problem, [record_of(found[text], tops[text]) for text in sorted(found)])


@pytest.fixture(scope="module")
def documents():
    return {name: with_records(problem) for name, problem in CASES.items()}


# The mathematics.


def row(values):
    return "".join("+-0"[int(v <= 1e-12) + int(abs(v) <= 1e-12)] for v in values)


def dotted(signs, above):
    return "".join("." if up in "-." else s for s, up in zip(signs, above, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_every_network_is_on_a_stratum_that_is_enumerated(seed):
    """Also with kinks: each unit is moved so that it vanishes at a site, or not."""
    draw, found = random.Random(seed), realised(sites_of(reference(4, [1, 1, 1])))
    below, seen = np.array([float(Fraction(x)) for x in INPUTS[:4]]), 0
    for _ in range(400):
        rows, value = [], below
        for _ in range(3):
            z, kink = draw.gauss(0, 1) * value, draw.choice([None, 0, 1, 2, 3])
            z = z + (draw.gauss(0, 1) if kink is None else -z[kink])
            rows.append(row(z))
            value = np.maximum(z, 0)
        middle = dotted(rows[1], rows[2])
        lower = dotted(rows[0], middle)
        if all("+" in signs for signs in (lower, middle, rows[2])):
            assert f"{lower}/{middle}/{rows[2]}" in found
            seen += 1
    assert seen > 40


def some_frame():
    """One unit with a kink, below units of layers 2 and 3 with kinks."""
    found = kept(realised(sites_of(reference(4, [1, 1, 1], "1/10"))))
    rows = {text: text.split("/") for text in sorted(found)}
    return Frame(found[next(text for text in rows if all("0" in r for r in rows[text]))])


def test_gradient_and_hessian_are_those_of_the_reduced_loss():
    """Of ridge (U_3 + U_2 / U_3 + T / U_2) + rho.y (Lemma D17), by differences."""
    frame = some_frame()

    def state(values):
        *squares, third, second = map(arb, values)
        return State(frame.system((0,)), squares, third, second)

    def loss(values):
        *squares, third, second = map(arb, values)
        penalty = third + second / third + sum(squares, arb(0)) / second
        inner = zip(state(values).rho, frame.means, strict=False)
        return state(values).ridge * penalty + sum((r * y for r, y in inner), arb(0))

    point, step = [0.3, 0.7, 1.1], arb(2) ** -60
    with ctx.workprec(300):
        slopes, second = state(point).gradient(), state(point).hessian()
        for k in range(3):
            ends = [[arb(v) + s * step * (j == k) for j, v in enumerate(point)] for s in (1, -1)]
            high, low = map(loss, ends)
            assert abs((high - low) / (2 * step) - slopes[k]) < 1e-12
            high, low = (state(end).gradient() for end in ends)
            for j in range(3):
                assert abs((high[j] - low[j]) / (2 * step) - second[k, j]) < 1e-12


def test_states_of_a_box_contain_those_of_its_points():
    """Woodbury's identity, in balls."""
    frame, draw = some_frame(), random.Random(1)
    centre = State(frame.system((0,)), [arb(0.3)], arb(0.7), arb(1.1))
    moved = Moved(centre, [arb(0.3, 0.02)], arb(0.7, 0.03), arb(1.1, 0.01))
    for _ in range(50):
        t, third, second = (
            arb(v + draw.uniform(-1, 1) * r) for v, r in ((0.3, 0.02), (0.7, 0.03), (1.1, 0.01))
        )
        state = State(frame.system((0,)), [t], third, second)
        for of in (lambda s: s.rho, lambda s: s.values.entries(), lambda s: s.hessian().entries()):
            pairs = zip(of(moved), of(state), strict=True)
            assert all(ball.overlaps(value) for ball, value in pairs)


def test_the_levels_are_enclosed_from_any_squares():
    """G and V of the inner minimiser, by the duality gap of any T and U_3."""
    frame, draw = some_frame(), random.Random(2)
    with ctx.workprec(96):
        for u in (0.01, 0.1, 1.0, 10.0):
            best = levels(polished(frame, arb(u), [arb(u)], arb(u).sqrt()))
            assert all(ball.rad() < 1e-10 for ball in best)
            for _ in range(30):
                third = arb(u).sqrt() * (1 + draw.expovariate(1))
                state = State(frame.system((0,)), [arb(draw.expovariate(1))], third, arb(u))
                assert all(map(arb.overlaps, levels(state), best))


def side_of(frame, u):
    level, third = levels(polished(frame, u, [u], u.sqrt()))
    return u * u * third - level


def test_one_value_excludes_an_interval():
    """Lemma D18: E_2 keeps its sign as far as a step reaches."""
    found, tried = kept(realised(sites_of(reference(3, [1, 1, 1], "1/10")))), 0
    for spire in found.values():
        frame = Frame(spire)
        for u in map(arb, (0.003, 0.1, 3.0)):
            excess, end = side_of(frame, u), reach(u, *levels(polished(frame, u, [u], u.sqrt())))
            for share in (0.1, 0.5, 0.9, 0.999):
                inside = side_of(frame, (u + (end - u) * share).mid())
                assert not inside * excess < 0
            tried += end != u
    assert tried > 50


def test_small_parameters_leave_no_unit_alive():
    """The crude bound of w = 0 is no sharper than the truth."""
    found = kept(realised(sites_of(reference(4, [1, 1, 1], "1/10"))))
    for spire in list(found.values())[::5]:
        frame, top = Frame(spire), arb(1)
        while not vanishing(frame, top):
            top = top / 2
        for u in (top, top / 2, top / 16):
            state = polished(frame, u, [arb(0)], u.sqrt())
            assert all(length * u < state.ridge * state.ridge for length in state.lengths)


def test_gaps_are_what_intervals_leave():
    ends = [(1, 2), (4, 5), (0, 1), (4, 9)]
    intervals = [(arb(a), arb(b)) for a, b in ends]
    assert list(gaps(intervals, arb(0), arb(10))) == [(2, 4), (9, 10)]
    assert list(gaps(intervals, arb(5), arb(8))) == []


@pytest.mark.parametrize(
    ("total", "ridge", "number"),
    [("17", "1/2", 1), ("2", "1/2", 0), ("4", "2", 0), ("9", "7", 1), ("9", "701/100", 2)],
)
def test_constant_networks_of_two_layers_are_stationary(total, ridge, number):
    """The derivatives of the loss in their weights and biases vanish."""
    problem = Problem.from_text([["0"], ["1"]], [total, "0"], [1, 1, 1], ridge)
    with ctx.workprec(NUMBER_BITS):
        sites = sites_of(problem)
        found = roots(sites)
        assert len(found) == number
        for a in found:
            pair = Pair(sites, a)
            pull = sum(sites.totals, fmpq(0)) - 2 * pair.value
            for slope, weight in ((a * a, a), (a * pair.c, pair.c), (a, arb(1))):
                assert abs(pull * slope - sites.ridge * weight) < 1e-30


def test_constants_are_those_of_the_algebraic_route(documents):
    for name in ("two constants", "equal inputs"):
        sites = sites_of(CASES[name])
        found = list(constants(sites, faces_of(sites)))
        assert len(found) == 2
        listed = {component["loss"][:20] for component in documents[name]["components"]}
        for constant in found:
            text = constant.network.loss.str(25, radius=False)[:20]
            assert (text in listed) == constant.minimum


# What is true is proved.


@pytest.mark.parametrize("name", CASES)
def test_honest_documents_are_proved(name, documents, tmp_path):
    report = checked(documents[name], tmp_path)
    assert report.components == len(documents[name]["components"])
    assert f"hidden {', '.join(map(str, CASES[name].hidden))}" in str(report)


@pytest.mark.parametrize(
    ("inputs", "targets", "ridge"),
    [
        ([[-1], [-1], [1]], [-1, -3, 0], "3"),  # a unit is as long as one that is 0 (Lemma D62)
        ([["1/100"], ["16/25"]], ["-21/25", "21/25"], "1/30"),  # multipliers at an end of a range
    ],
)
def test_ties_of_two_units_do_not_stand_in_the_way(inputs, targets, ridge, tmp_path):
    """The second one: a dead unit beside kinks of layers 2 and 3 at the same site (Lemma D44)."""
    document = with_records(Problem.from_text(inputs, targets, [2, 1, 1], ridge))
    assert checked(document, tmp_path).components == len(document["components"])


def test_kinks_between_units_on_lines_exclude_what_no_ball_does():
    """In +0,0+/+0/++ the mirror images have |Gamma_j| of one size; at 2 and -1 they have not."""
    texts = {}
    for inputs in ([[-1], [1]], [[-1], [2]]):
        problem = Problem.from_text(inputs, [-2, 0], [2, 1, 1], 3)
        found = kept(realised(sites_of(problem)))
        texts[inputs[1][0]] = {text for text in found if impossible(Frame(found[text]))}
    assert "+0,0+/+0/++" in texts[1] - texts[2]


@pytest.fixture(scope="module")
def certified():
    return certified_document(CASES["narrow"])


def test_documents_of_the_certified_engine_are_proved(certified, documents, tmp_path):
    assert checked(certified, tmp_path).verdicts["points"] == 22
    assert certified["components"] == documents["narrow"]["components"]


def test_units_that_kinks_tie_vanish_together(tmp_path):
    """f at a kink is of one unit and the bias, at another of both units and the bias."""
    found = kept(realised(sites_of(reference(3, [2, 1, 1], "1/10"))))
    spire = found["+++,0+-/+00/+++"]
    cover = Cover(spire)
    with ctx.workprec(96):
        cover.read(record_of(spire, float(arb(highest(spire)).upper()))[1])
        states = [cover.state(arb(u), ([arb(u)] * 2, arb(u).sqrt())) for u in (0.1, 1.0)]
    assert [len(state.system.active) for state in states] == [0, 2]


def test_minima_without_slope_along_a_ray_are_told_by_second_derivatives():
    """Kinks of two layers on the same sites: section D6, structural equality."""
    problem, seen = CASES["equal inputs"], 0
    for text in ("-+0/0+0/+0+", "-+0/0+0/0+0", "+-0/+00/+++"):
        spire = kept(realised(sites_of(problem)))[text]
        cover = Cover(spire)
        with ctx.workprec(96):
            cover.read(record_of(spire, float(arb(highest(spire)).upper()))[1])
        points = [zero for zero in cover.zeros if zero.sides and zero.tight]
        seen += sum(len(zero.tight) for zero in points)
        assert any(zero.minimum for zero in points) == (text[0] == "-")
    assert seen >= 4


# Whatever is changed is refused.


@pytest.mark.parametrize("name", ["narrow", "spare", "two constants"])
def test_no_entry_of_a_component_can_be_changed(name, documents):
    """Every number, sign and flag of every component is proved, not only read."""
    refused_components(SpireProof(documents[name]), documents[name]["components"])


def test_no_count_key_or_stratum_can_be_changed(documents, tmp_path):
    document = documents["narrow"]
    strata = document["certificate"]["strata"]
    for key, value in document["enumeration"].items():
        refused(changed(document, ("enumeration", key), lie(value)), tmp_path, key)
    for k in (0, 1, len(strata) // 2, len(strata) - 1):
        dropped = strata[:k] + strata[k + 1 :]
        refused(changed(document, ("certificate", "strata"), dropped), tmp_path, "no stratum")
    for wrong in ([*strata, strata[-1]], strata[::-1], [*strata, ["x/y/z", []]], {}):
        refused(changed(document, ("certificate", "strata"), wrong), tmp_path, "certificate")
    refused(changed(document, ("completeness",), "certificate"), tmp_path)
    refused(document | {"extra": 1}, tmp_path, "unknown entry")


def test_no_interval_can_be_missing_or_malformed(documents, tmp_path):
    """What an interval says of T is a hint: a wrong one costs time, and proves nothing else."""
    document = documents["narrow"]
    low, high, u, t, third = document["certificate"]["strata"][7][1][0]
    for wrong in (
        *(
            [],
            None,
            [[]],
            [[low, high, u, t]],
            [[low, high, u, t, 0.0]],
            [[low, high, u, -1.0, third]],
        ),
        *([[low, high / 4, u / 4, t, third]], [[1e-9, high, u, t, third]], [[u, t, third]]),
        *(
            [[low, high, 2 * high, t, third]],
            [[low, "9", u, t, third]],
            [[low, 1e300, u, t, third]],
        ),
        [[low, high / 8, high / 8, t, third], [high / 7, high, u, t, third]],
    ):
        way = ("certificate", "strata", 7, 1)
        refused(changed(document, way, wrong), tmp_path, "stratum")
    parts = [[low, u / 2, u / 3, 5.0, third], [u / 3, high, u, t, 1e-3]]
    checked(changed(document, ("certificate", "strata", 7, 1), parts), tmp_path)


def test_no_part_of_the_range_can_be_left_out(certified):
    """Of the records of the engine: the first interval, the last ones, all in the middle."""
    found = kept(realised(sites_of(CASES["narrow"])))
    with ctx.workprec(96):
        for text, items in certified["certificate"]["strata"][::3]:
            items = sorted(items, key=lambda item: item[-3 if len(item) == 3 else 2])
            third = len(items) // 3
            for wrong in (items[1:], items[:-third], items[:third] + items[-third:]):
                with pytest.raises(CertificateError, match="nothing closes"):
                    Cover(found[text]).read(wrong)


def test_no_datum_can_be_changed(documents, tmp_path):
    for way, value in (
        *((("problem", "ridge"), "1/101"), (("problem", "y", 1), "103/100")),
        *((("problem", "x", 0, 0), "-18/100"), (("problem", "hidden"), [2, 1, 1])),
        *((("problem", "hidden"), [1, 1]), (("problem", "loss"), "mean")),
    ):
        refused(changed(documents["narrow"], way, value), tmp_path)


def test_signs_at_sites_that_do_not_matter_are_the_true_ones(documents):
    """Of a minimum, from its weights in the document."""
    for component in documents["narrow"]["components"]:
        net, values = component["representative"], [[float(Fraction(x))] for x in INPUTS[:3]]
        for matrix, biases, units in zip(net["W"], net["b"], component["layers"], strict=True):
            weights, shift = np.array(matrix, dtype=float), np.array(biases, dtype=float)
            z = np.array(values) @ weights.T + shift
            assert [row(column) for column in z.T][: len(units)] == [u["signs"] for u in units]
            values = np.maximum(z, 0)
