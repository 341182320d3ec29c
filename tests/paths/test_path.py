"""Ridge paths: events found by hand, and lists on both sides of every event by another engine."""

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from reluenum.datasets.families import reference_data, to_csv
from reluenum.documents.minima import stationary_document
from reluenum.documents.seals import read_json
from reluenum.figures import plot_path
from reluenum.geometry.supports import StratumKey, faces_in
from reluenum.groebner.backends import open_backends
from reluenum.paths.grids import grid, parse_range
from reluenum.paths.path import SHARPNESS, _changes, _kind, minima_at, ridge_path
from reluenum.problem import parse_ridge
from tests.support.oracles import reference_problem

pytestmark = pytest.mark.seconds(30)


def by_groebner(problem):
    """The locally minimal supports, from the other engine."""
    points = stationary_document(enumerate_minima(problem))["points"]
    found = set()
    for point in points:
        if point["minimum"] and (not point["zero_neurons"] or not point["support"]):
            found.add(branch(*zip(faces_in(point["support"]), point["signs"], strict=True)))
    return found


def branch(*units):
    """What a minimum with one unit on each of these faces keeps while it moves."""
    return StratumKey.of((face, sign, 1) for face, sign in units)


def sample_of(problem):
    with open_backends() as backends:
        return minima_at(problem, backends)


def test_the_minima_at_a_ridge_are_those_of_the_other_engine():
    for ridge in ("1/10", "3/10", "1"):
        problem = reference_problem(2, ridge)
        sample = sample_of(problem)
        assert set(sample.minima) == by_groebner(problem)
        assert (sample.ridge, sample.undecided) == (problem.ridge, 0)


def test_one_point_loses_its_unit_at_the_ridge_computed_by_hand():
    """|u(Ry)| = |y| |xt| = 2 * 5/4: below this ridge the unit lives, from there on it does not."""
    problem = Problem.from_text([["3/4"]], ["2"], 1, "1")
    path = ridge_path(problem, fmpq(4), points=3)
    (event,) = path.events
    assert event.low <= fmpq(5, 2) <= event.high
    assert event.high - event.low <= SHARPNESS * event.low
    assert event.changes == (("a unit dies", branch(("+", 1)), branch()),)
    (alive, first), (dead, second) = path.segments()
    assert (alive, dead) == (branch(("+", 1)), branch())
    assert first[0].ridge == 1
    assert second[-1].ridge == 4


def test_samples_tell_the_output_bias_of_problems_that_have_one():
    """The free bias of the zero network is the mean of y; the ridge's is sum y / (n + ridge)."""
    for bias, expected in (("free", "1.5"), ("ridge", "0.25")):
        problem = Problem.from_text([["0"], ["1"]], ["1", "2"], 1, "10", output_bias=bias)
        (zero_network,) = sample_of(problem).texts.values()
        assert zero_network["m"] == expected
    assert "m" not in next(iter(sample_of(reference_problem(1, "1")).texts.values()))


@pytest.fixture(scope="module")
def stretch():
    """The reference where one minimum reaches a boundary and two others vanish."""
    problem = reference_problem(2, "13/100")
    return problem, ridge_path(problem, fmpq(16, 100), points=4)


def test_events_are_narrow_ordered_and_between_different_proved_lists(stretch):
    _, path = stretch
    assert path.undecided == 0
    assert len(path.events) == 3
    samples = {sample.ridge: sample for sample in path.samples}
    for event in path.events:
        assert event.high - event.low <= SHARPNESS * event.low
        before, after = samples[event.low].minima, samples[event.high].minima
        gone = {b for _, b, _ in event.changes if b is not None}
        new = {a for _, _, a in event.changes if a is not None}
        assert set(before) - gone == set(after) - new
        assert gone | new
    assert all(one.high <= other.low for one, other in pairwise(path.events))
    assert [event.changes[0][0] for event in path.events] == [
        "a unit reaches a boundary",
        "disappears",
        "a unit reaches a boundary",
    ]


def test_both_sides_of_an_event_agree_with_the_other_engine(stretch):
    problem, path = stretch
    samples = {sample.ridge: sample for sample in path.samples}
    for ridge in (path.events[1].low, path.events[1].high):
        there = Problem(problem.inputs, problem.targets, 2, ridge)
        assert set(samples[ridge].minima) == by_groebner(there)


def test_nothing_happens_between_events(stretch):
    problem, path = stretch
    for left, right in pairwise(path.samples):
        if set(left.minima) == set(right.minima):
            middle = sample_of(
                Problem(problem.inputs, problem.targets, 2, (left.ridge + right.ridge) / 2)
            )
            assert set(middle.minima) == set(left.minima)


def test_segments_hold_every_sample_once(stretch):
    _, path = stretch
    seen = [(key, s.ridge) for key, run in path.segments() for s in run]
    expected = [(key, s.ridge) for s in path.samples for key in s.minima]
    assert sorted(seen) == sorted(expected)


@pytest.mark.slow
def test_a_dense_grid_of_enumerations_agrees_with_the_events_of_the_reference():
    """On both sides of each of the 17 events, and at ridges between, by whole documents."""
    problem = reference_problem(2, "1/1000")
    path = ridge_path(problem, fmpq(1), points=21)
    assert len(path.events) == 17
    by_ridge = {sample.ridge: set(sample.minima) for sample in path.samples}
    ridges = [parse_ridge(ridge) for ridge in grid(Fraction(1, 1000), Fraction(1), 101)]
    ridges += [
        end
        for event in path.events
        for end in (event.low * fmpq(999, 1000), event.high * fmpq(1001, 1000))
    ]
    for ridge in ridges:
        last = max(known for known in by_ridge if known <= ridge)
        expected = by_ridge[last]
        assert supports(reference_problem(2, str(ridge))) == expected


def supports(problem):
    """The supports of all strata of all components, from the certified engine's document."""
    document = enumerate_minima(problem, engine="certified").document
    return {
        branch(*((group["face"], group["sign"]) for group in stratum["support"]))
        for component in document["components"]
        for stratum in component["strata"]
    }


@pytest.mark.slow
def test_the_reference_at_large_ridges_ends_at_the_zero_network():
    problem = reference_problem(2, "3/5")
    path = ridge_path(problem, fmpq(1), points=5)
    assert path.undecided == 0
    changes = [[kind for kind, _, _ in event.changes] for event in path.events]
    assert changes == [
        ["a unit reaches a boundary"],
        ["disappears"],
        ["disappears"],
        ["a unit dies"],
    ]
    assert [key for key, run in path.segments() if run[-1].ridge == 1] == [branch()]
    for event in path.events:
        there = Problem(problem.inputs, problem.targets, 2, event.high)
        assert set(sample_of(there).minima) == by_groebner(there)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((("+-", 1),), (("+0", 1),), "a unit reaches a boundary"),
        ((("+0", 1),), (("++", 1),), "a unit leaves a boundary"),
        ((("+0", 1), ("0+", -1)), (("+0", 1),), "a unit dies"),
        ((("+0", 1),), (("+0", 1), ("0+", -1)), "a unit is born"),
        ((("+-", 1),), (("+0", -1),), None),
        ((("+-", 1),), (("-+", 1),), None),
        ((("+-", 1), ("-+", 1)), (("+0", 1), ("0+", 1)), None),
    ],
)
def test_steps_from_one_branch_to_another_have_names(before, after, kind):
    assert _kind(branch(*before), branch(*after)) == kind


def test_what_does_not_go_over_appears_or_disappears():
    one, other, third = branch(("+-", 1)), branch(("-+", 1)), branch(("+0", 1))
    assert list(_changes([one], [other])) == [("disappears", one, None), ("appears", None, other)]
    assert list(_changes([one, other], [third, other])) == [
        ("a unit reaches a boundary", one, third)
    ]
    assert list(_changes([one], [one])) == []


def test_grids_are_short_exact_decimals_with_exact_ends():
    ridges = grid(Fraction(1, 1000), Fraction(10, 3), 30)
    assert (ridges[0], ridges[-1], len(ridges)) == (Fraction(1, 1000), Fraction(10, 3), 30)
    assert all(one < other for one, other in pairwise(ridges))
    ratios = [float(b / a) for a, b in pairwise(ridges)]
    assert max(ratios) / min(ratios) < 1.03
    assert all(ridge.denominator <= 10**6 for ridge in ridges[1:-1])


@pytest.mark.parametrize("text", ["1/10", "1:1/10", "1/10:1/10", ":1", "1:", "0:1", "a:b"])
def test_intervals_have_a_positive_lower_and_a_larger_upper_end(text):
    with pytest.raises(InputError):
        parse_range(text)


def test_the_command_writes_document_and_figure(tmp_path, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "path.json"
    data.write_text(to_csv(*reference_data()))
    given = ["path", str(data), "--width", "1", "--ridge", "3/10:1", "--points", "3"]
    assert main([*given, "--output", str(output), "--figure", str(tmp_path / "path.svg")]) == 0
    assert capsys.readouterr().out == ""
    document = read_json(output)
    assert document["format"] == "reluenum-path"
    assert document["problem"]["ridge"] == ["3/10", "1"]
    assert document["undecided"] == {}
    assert {e["changes"][0]["kind"] for e in document["events"]} >= {"a unit dies", "disappears"}
    assert (tmp_path / "path.svg").read_text().startswith("<?xml")
    lines = plot_path(document).axes[0].get_lines()
    assert len(lines) >= 2 * len(document["branches"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--ridge", "1"], "--ridge: '1'"),
        (["--points", "1"], "--points: '1'"),
        (["--figure", "path.gif"], "--figure: 'path.gif'"),
        (["--figure", "no/path.svg"], "--figure: no/path.svg is in no existing folder"),
        (["--width", "all"], "--width: 'all'"),
    ],
)
def test_bad_options_are_refused_in_one_line(change, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(to_csv(*reference_data()))
    assert main(["path", "data.csv", "--width", "1", "--ridge", "1/10:1", *change]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert len(errors.splitlines()) == 1


def test_undecided_ridges_are_named_and_the_exit_code_is_three(tmp_path, capsys, monkeypatch):
    from reluenum.engines.certified.escalation import Escalation
    from reluenum.errors import BackendError

    def fail(self, support, vectors):
        raise BackendError("escalation", "no engine here")

    monkeypatch.setattr(Escalation, "point", fail)
    data = tmp_path / "data.csv"
    data.write_text("x,y\n-1,1\n0,2\n1,1\n")
    output = tmp_path / "path.json"
    given = ["path", str(data), "--width", "2", "--ridge", "1/2:1", "--points", "2"]
    assert main([*given, "--output", str(output)]) == 3
    document = read_json(output)
    assert document["undecided"]
    assert "undecided" in capsys.readouterr().err
    assert any("undecided" in text.get_text() for text in plot_path(document).texts) or (
        plot_path(document)._suptitle is not None
    )


def test_ridges_of_a_path_are_parsed_exactly():
    assert parse_range("0.001:10") == (Fraction(1, 1000), Fraction(10))
