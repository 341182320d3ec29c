"""The numbers behind events: by hand, and against full enumerations on both sides of them."""

from fractions import Fraction

import pytest
from flint import arb, ctx, fmpq, fmpz_poly

from reluenum import Problem, enumerate_minima
from reluenum.cli import main
from reluenum.datasets.families import reference_data, to_csv
from reluenum.documents.minima import stationary_document
from reluenum.documents.seals import read_json
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import StratumKey, faces_in
from reluenum.groebner.backends import Backends, open_backends
from reluenum.groebner.flint import FlintBackend
from reluenum.groebner.limits import Limits
from reluenum.paths.events import Turn, exact_document, turn, turn_of_change
from reluenum.paths.path import RidgePath, minima_at, ridge_path
from tests.support.oracles import reference_problem

pytestmark = pytest.mark.seconds(30)

ROOT_OF_2 = "1.41421356237309504880168872421"


def events_of(problem, high, points=2):
    return exact_document(ridge_path(problem, fmpq(high), points))["events"]


def by_groebner(problem, ridge):
    """The locally minimal supports at another ridge, from the other engine."""
    there = Problem(
        problem.inputs, problem.targets, problem.width, ridge, problem.loss, problem.output_bias
    )
    found = set()
    for point in stationary_document(enumerate_minima(there))["points"]:
        if point["minimum"] and (not point["zero_neurons"] or not point["support"]):
            faces = faces_in(point["support"])
            found.add(tuple(sorted(zip(faces, point["signs"], strict=True))))
    return found


def as_branch(record):
    return None if record is None else tuple((unit["face"], unit["sign"]) for unit in record)


def check(event):
    """The number is a root of an irreducible polynomial, which changes its sign in the bracket."""
    low, high = Fraction(event["low"]), Fraction(event["high"])
    number = event["number"]
    coefficients = [int(c) for c in number["minimal_polynomial"]]
    content, factors = fmpz_poly(coefficients).factor()
    assert (abs(content), [multiplicity for _, multiplicity in factors]) == (1, [1])

    def polynomial(value):
        return sum(c * value**k for k, c in enumerate(coefficients))

    assert polynomial(low) * polynomial(high) <= 0
    value = Fraction(number["decimal"])
    unit = value / 10**29
    assert low - unit <= value <= high + unit
    assert polynomial(value - unit) * polynomial(value + unit) < 0


def check_by_groebner(problem, event):
    """Full enumerations 1e-12 below and above the number differ as the event says."""
    value = Fraction(event["number"]["decimal"])
    below, above = (value * (1 + Fraction(sign, 10**12)) for sign in (-1, 1))
    before, after = (by_groebner(problem, fmpq(v.numerator, v.denominator)) for v in (below, above))
    gone = {as_branch(c["before"]) for c in event["changes"]} - {None}
    new = {as_branch(c["after"]) for c in event["changes"]} - {None}
    assert (before - after, after - before) == (gone, new)


@pytest.mark.parametrize(
    ("inputs", "targets", "convention", "polynomial", "decimal"),
    [
        (["3/4"], ["2"], {}, ["-5", "2"], "2.5"),
        (["1"], ["1"], {}, ["-2", "0", "1"], ROOT_OF_2),
        (["1", "1"], ["1", "1"], {"loss": "mean"}, ["-2", "0", "1"], ROOT_OF_2),
        (
            ["1"],
            ["1"],
            {"output_bias": "ridge"},
            ["-1", "2", "1"],
            "0.41421356237309504880168872421",
        ),
    ],
)
def test_the_last_unit_dies_where_the_hand_says(inputs, targets, convention, polynomial, decimal):
    """|u(Ry)| = Lambda: 2 * 5/4, sqrt(2), 2 sqrt(2) = 2 ridge, sqrt(2) ridge / (1 + ridge).

    Beyond it the square is negative, which Lemma 31 excludes.
    """
    problem = Problem.from_text([[x] for x in inputs], targets, 1, "1/5", **convention)
    (event,) = events_of(problem, 3)
    face = "+" * len(inputs)
    assert event["number"] == {
        "minimal_polynomial": polynomial,
        "decimal": decimal,
        "condition": f"the sum of a^2 on {face} is 0",
    }
    assert [change["number"] for change in event["changes"]] == [event["number"]]
    check(event)


def on_a_wall(first):
    """On x = 0, 1 with y = first, 1 the unit on ++ reaches the wall of x = 1 at sqrt(2).

    There w = (1, -1) / sqrt(2), and (1 + q K) w = y-moments / Lambda with K = [[1, 1], [1, 2]] is
    (1, -1 - q) = sqrt(2) / Lambda (1, first + 1): q = -first - 2.
    """
    return Problem.from_text([["0"], ["1"]], [first, "1"], 1, "7/5")


def test_a_unit_reaches_a_wall_where_the_hand_says():
    (event,) = events_of(on_a_wall("-3"), fmpq(3, 2))
    (change,) = event["changes"]
    assert change["kind"] in ("a unit reaches a boundary", "a unit leaves a boundary")
    assert {as_branch(change["before"]), as_branch(change["after"])} == {
        (("++", -1),),
        (("+0", -1),),
    }
    assert event["number"]["minimal_polynomial"] == ["-2", "0", "1"]
    assert event["number"]["decimal"] == ROOT_OF_2
    check(event)


@pytest.mark.parametrize(
    ("second", "condition"),
    [("-1.5000006", "the sum of a^2 on +0 is 0"), ("-1.4999994", "the sum of a^2 on 0+ is 0")],
)
def test_of_two_conditions_that_fail_the_first_has_the_word(second, condition):
    """Orthogonal rows: the squares vanish at 2 * 5/4 and |second| * 5/3, on either side of it."""
    problem = Problem.from_text([["-3/4"], ["4/3"]], ["2", second], 2, "2.499998")
    branch = StratumKey.of([("+0", 1, 1), ("0+", -1, 1)])
    with open_backends() as engine:
        alive = minima_at(problem, engine)
        found = turn(Geometry.of(problem), branch, alive, fmpq(2500002, 10**6), engine)
    assert found.condition == condition
    expected = ["-5", "2"] if "+0" in condition else ["-2499999", "1000000"]
    assert found.to_document()["minimal_polynomial"] == expected


def test_example_1_has_the_numbers_of_the_text():
    """Orthogonal rows: units die on their own, at |y_i| |xt_i| = 5/3 and 5/2."""
    problem = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "8/5")
    third, half = events_of(problem, fmpq(13, 5), 3)
    assert [change["kind"] for change in third["changes"]] == ["disappears", "disappears"]
    assert third["number"]["minimal_polynomial"] == ["-5", "3"]
    assert half["number"]["minimal_polynomial"] == ["-5", "2"]


def test_squares_that_are_not_unique_have_a_reason_and_the_others_a_number():
    """Example 2 of docs/theory.md: both units, and each of them, until |u| = 12/5."""
    problem = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "2", output_bias="free")
    (event,) = events_of(problem, 3)
    assert event["number"] is None
    assert "may not be unique" in event["reason"]
    numbers = {as_branch(c["before"]): c["number"] for c in event["changes"]}
    assert numbers.pop((("+0", 1), ("0+", -1))) is None
    assert [n["minimal_polynomial"] for n in numbers.values()] == [["-12", "5"]] * 2


@pytest.fixture(scope="module")
def stretch():
    """The reference where minima reach a boundary and two others vanish."""
    problem = reference_problem(2, "13/100")
    path = ridge_path(problem, fmpq(16, 100), points=4)
    return problem, path, exact_document(path)


def test_numbers_of_the_reference_lie_in_their_brackets(stretch):
    _, path, document = stretch
    for event, record in zip(path.events, document["events"], strict=True):
        check(record)
        assert [c["number"]["decimal"] for c in record["changes"]] == [
            record["number"]["decimal"]
        ] * len(event.changes)
    degrees = [len(e["number"]["minimal_polynomial"]) - 1 for e in document["events"]]
    assert degrees == [2, 2, 8]


def test_numbers_are_all_that_is_added(stretch):
    _, path, document = stretch
    plain = path.to_document()
    for event in document["events"]:
        for record in (event, *event["changes"]):
            assert record.keys() & {"number", "reason"} == {"number"}
    stripped = [
        {
            **{k: v for k, v in event.items() if k != "number"},
            "changes": [
                {k: v for k, v in change.items() if k != "number"} for change in event["changes"]
            ],
        }
        for event in document["events"]
    ]
    assert plain == {**document, "events": stripped}


@pytest.mark.slow
@pytest.mark.parametrize("place", [1, 2])
def test_full_enumerations_differ_as_close_to_the_number_as_1e_12(stretch, place):
    """Lemma 32."""
    problem, _, document = stretch
    check_by_groebner(problem, document["events"][place])


@pytest.mark.parametrize("convention", [{}, {"output_bias": "ridge"}])
def test_a_small_instance_changes_exactly_at_the_numbers(convention):
    problem = Problem.from_text([["0"], ["2"]], ["1", "-3"], 1, "1/10", **convention)
    events = events_of(problem, 9, 6)
    assert events
    for event in events:
        check(event)
        check_by_groebner(problem, event)


def test_without_time_there_is_a_reason(stretch, monkeypatch):
    _, path, _ = stretch
    monkeypatch.setattr(FlintBackend, "within_effort", staticmethod(lambda system: None))
    last = RidgePath(path.problem, path.samples, path.events[-1:])
    (event,) = exact_document(last, Limits(seconds=1e-9))["events"]
    assert event["number"] is None
    assert "not solved within 1e-09 s" in event["reason"]
    assert [change["number"] for change in event["changes"]] == [None]


def test_a_branch_that_does_not_change_has_no_number(stretch):
    problem, path, _ = stretch
    alive, other = path.samples[:2]
    branch = next(b for b in alive.minima if b.groups and b in other.minima)
    found = turn(Geometry.of(problem), branch, alive, other.ridge, Backends(()))
    assert isinstance(found, str)
    assert found


def test_the_zero_network_alone_has_no_number(stretch):
    problem, path, _ = stretch
    given = (Geometry.of(problem), path.samples[:2], None, StratumKey(()))
    found = turn_of_change(*given, Backends(()))
    assert found == "the zero network alone has no unit that changes"


def test_numbers_are_known_to_any_precision(stretch):
    problem, path, _ = stretch
    event = path.events[0]
    samples = {sample.ridge: sample for sample in path.samples}
    _, before, after = event.changes[0]
    pair = (samples[event.low], samples[event.high])
    with open_backends() as engine:
        found = turn_of_change(Geometry.of(problem), pair, before, after, engine)
    assert isinstance(found, Turn)
    with ctx.workprec(2000):
        value = found.ridge.ball(1000)
        assert value.rad() < arb(2) ** -900
        assert found.polynomial(value).contains(0)


def test_the_command_adds_numbers_when_asked(tmp_path):
    data, output = tmp_path / "data.csv", tmp_path / "path.json"
    data.write_text(to_csv(*reference_data()))
    given = ["path", str(data), "--width", "1", "--ridge", "8/10:9/10", "--points", "2"]
    assert main([*given, "--output", str(output)]) == 0
    plain = read_json(output)["events"]
    assert main([*given, "--output", str(output), "--exact"]) == 0
    exact = read_json(output)["events"]
    assert len(exact) == len(plain) > 0
    for event, exact_event in zip(plain, exact, strict=True):
        assert exact_event.keys() - event.keys() == {"number"}
        check(exact_event)
