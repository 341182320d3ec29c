"""Exact ridge paths: events by hand, and the engine's list at, beside and between all events."""

import json
import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_poly

from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.route import HingeEngine
from reluenum.engines.hinges.states import Kind
from reluenum.errors import TooManySupportsError
from reluenum.figures import plot_path
from reluenum.paths.events import exact_document
from reluenum.paths.hinges.branches import ALONE, ONCE
from reluenum.paths.hinges.curves import curves_over
from reluenum.paths.hinges.exact import LOWEST, hinge_path, refuse_large_path
from reluenum.paths.hinges.turns import residual_at, turns_of
from reluenum.paths.path import read_path, ridge_path

pytestmark = pytest.mark.seconds(60)

FREE = {"output_bias": "free", "hidden_bias": "free"}

BESIDE = fmpq(1, 10**9)
"""Less than what is between two events of the examples."""


def posed(inputs, targets, width, ridge, **conventions):
    return Problem.from_text(
        [[str(x)] for x in inputs],
        list(map(str, targets)),
        width,
        str(ridge),
        **FREE,
        **conventions,
    )


def said(component):
    """All that a list says of a component, up to rounding."""
    strata = tuple(
        (
            stratum.dimension,
            *((stratum.inactive, stratum.active, stratum.on_kink)),
            *(
                (g.face, g.sign, g.side, g.multiplicity, g.square, g.kink, g.kinks)
                for g in stratum.groups
            ),
        )
        for stratum in component.strata
    )
    flags = component.global_at_width, component.global_at_every_width, component.is_unbounded
    numbers = component.exact_loss, component.intercept, component.orbit_size
    return str((numbers, flags, strata))


def listed(problem, ridge):
    """The list of the engine at one ridge."""
    landscape = HingeEngine().landscape(replace(problem, ridge=ridge))
    return Counter(map(said, landscape.components))


def ridges_near(path, drawn):
    """Ridges drawn at random, both ends, and all events with a ridge close to either side."""
    low, high = path.problem.ridge, path.high
    found = {low, high} | {low + (high - low) * share for share in drawn}
    for event in path.events:
        near = event.low, event.high, event.low - BESIDE, event.high + BESIDE
        found |= {ridge for ridge in near if low <= ridge <= high}
    return sorted(found)


def assert_complete(path, drawn):
    """The path has the list of the engine at many ridges."""
    for ridge in ridges_near(path, drawn):
        assert Counter(map(said, path.components_at(ridge))) == listed(path.problem, ridge), ridge


def random_problem(rng, kind):
    """Data without structure, or whole numbers with ties, or symmetric ones, or with weights."""
    count, width = rng.randint(2, 6), rng.choice((1, 2, 2))
    weights = None
    if kind == "random":
        inputs = [Fraction(rng.randint(-99, 99), rng.randint(1, 9)) for _ in range(count)]
        targets = [Fraction(rng.randint(-99, 99), rng.randint(1, 9)) for _ in range(count)]
    elif kind == "tied":
        inputs, targets = ([rng.randint(0, 3) for _ in range(count)] for _ in range(2))
    elif kind == "symmetric":
        half, sign = [rng.randint(-3, 3) for _ in range(count)], rng.choice((1, -1))
        inputs, targets = (
            range(count),
            [a + sign * b for a, b in zip(half, half[::-1], strict=True)],
        )
    else:
        inputs, targets = rng.sample(range(8), count), [rng.randint(-2, 3) for _ in range(count)]
        weights = [str(rng.randint(1, 4)) for _ in range(count)]
    low = Fraction(1, rng.randint(2, 64))
    given = {} if weights is None else {"weights": weights}
    loss = rng.choice(("sum", "mean"))
    problem = posed(inputs, targets, width, low, loss=loss, **given)
    return problem, problem.ridge * rng.randint(2, 200)


@pytest.mark.parametrize("kind", ["random", "tied", "symmetric", "weighted"])
def test_the_list_at_all_ridges_is_that_of_the_engine(kind):
    """Lemmas 110, 111 and 113: nothing is lost between events, and nothing happens there."""
    rng = random.Random(f"paths {kind}")
    for _ in range(6):
        problem, high = random_problem(rng, kind)
        drawn = [fmpq(rng.randint(0, 10**6), 10**6) ** 2 for _ in range(4)]
        assert_complete(hinge_path(problem, high), drawn)


EXAMPLES = {
    ("A", 1): ("01", "01", ["1/2"]),
    ("C", 1): ("012", "101", ["1/3"]),
    ("D", 1): ("0123", "0101", ["2/7", "1/2", "1"]),
    ("F", 1): ("0134", "1001", ["1/2"]),
}
"""Data of section 24.5, and the rational events up to the ridge 4, by hand."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_events_of_small_examples_are_those_computed_by_hand(name):
    """The units a^2 = (<e,Ry> - ridge) / <e,Re> die at <e,Ry>; lines by section 24.8."""
    inputs, targets, expected = EXAMPLES[name]
    path = hinge_path(posed(inputs, targets, name[1], "1/100"), fmpq(4))
    assert [str(event.ridge) for event in path.events if event.is_rational] == expected
    assert_complete(path, [fmpq(k, 13) ** 3 for k in range(1, 13)])


def test_the_worked_example_of_the_theory_is_right_to_the_last_number():
    path = hinge_path(posed("0123", "0101", 1, "1/100"), fmpq(4))
    crossing, everywhere, death, constant = path.events
    assert crossing.number["minimal_polynomial"] == ["2", "-14", "17"]
    assert crossing.low < fmpq(1839421561054460, 10**16) < crossing.high
    assert {change.kind for change in crossing.changes} == {LOWEST}
    assert {change.kind for change in everywhere.changes} == {"becomes global"}
    assert [(c.kind, len(c.before), c.there, c.after) for c in death.changes] == [
        ("disappears", 1, (), ())
    ] * 2
    (merge,) = constant.changes
    assert (merge.kind, len(merge.before), merge.there == merge.after) == ("merge", 3, True)
    line, kink = fmpq_poly([fmpq(4, 5), fmpq(2, 5), fmpq(-1, 5)]), fmpq_poly([fmpq(2, 3)])
    kink += fmpq_poly([0, fmpq(4, 3), fmpq(-4, 3)])
    losses = Counter(str(branch.loss) for branch in path.branches)
    assert losses == {str(line): 4, str(kink): 2, "1": 2}


def test_one_gap_is_left_and_reached_at_the_ridges_computed_by_hand():
    """E, L = 1: the kink slides from the second gap over x_2 into the first one, at 1/3.

    At x_2 it has e = (0, 0, 1, 2), <e,Re> = 11/4, <e,Ry> = 4, a^2 = 4/11 (4 - ridge), and
    P(x_3) = r_4 = (2 + 5 ridge)/11: the ridge itself at 1/3 only, where also P(x_1) = u = 1/3.
    """
    path = hinge_path(posed("0123", "0013", 1, "1/100"), fmpq(1))
    (event,) = path.events
    assert event.ridge == fmpq(1, 3)
    (change,) = event.changes
    before, there, after = (
        path.branches[k] for (k,) in (change.before, change.there, change.after)
    )
    assert (before.has_high, there.is_point, after.has_low) == (False, True, False)
    (unit,) = path.components_at("1/3")[0].strata[0].groups
    assert (unit.face, unit.square, unit.kink) == ("-0++", fmpq(4, 3), 1)


def test_losses_are_concave_along_a_branch_with_the_penalty_as_derivative():
    """Lemma 110(3), and the least loss is concave over the whole interval."""
    rng = random.Random("concave")
    for kind in ("random", "symmetric"):
        problem, high = random_problem(rng, kind)
        path = hinge_path(problem, high)
        for branch in path.branches:
            if branch.is_point:
                continue
            ridge = (branch.low + branch.high) / 2
            component = [
                sum(g.square for g in c.strata[0].groups)
                for c in path.components_at(ridge / path.scale)
                if c.exact_loss
                == (branch.loss(ridge) + path.problem.scatter) * path.problem.loss_scale
            ]
            assert branch.loss.derivative()(ridge) / 2 in component
            assert branch.loss[2] <= 0
        ridges = [problem.ridge + (high - problem.ridge) * fmpq(k, 40) for k in range(41)]
        least = [min(c.exact_loss for c in path.components_at(ridge)) for ridge in ridges]
        bends = zip(least, least[1:], least[2:], strict=False)
        assert all(a + c <= 2 * b for a, b, c in bends)


def ends_as_none(branch, ridge):
    """Say for each stratum whether a unit dies with its kink, or a kink leaves its gap."""
    hinges, residual = branch.curve.hinges, residual_at(branch.curve, ridge)
    for stratum in branch.kind.strata:
        flows = [branch.flows[support] for support in stratum.supports]
        left = {edge for flow in flows for edge, weight in flow.items() if weight(ridge)}
        bent = [state for state in stratum.states if state.kind in (Kind.KINK, Kind.GAP)]
        dies = any(left.isdisjoint(state.edges(hinges)) for state in bent)
        kinks = [
            replace(state, kind=Kind.KINK, place=knot)
            for state in bent
            if state.kind == Kind.GAP
            for knot, edge in zip(state.knots(hinges), state.edges(hinges), strict=True)
            if left & set(state.edges(hinges)) == {edge}
        ]
        yield dies, any(kink not in residual.states for kink in kinks)


def test_minima_without_a_limit_have_a_unit_that_dies_or_leaves_its_gap():
    """Lemma 113(2): p_r is larger than the ridge where a component ends as none."""
    rng, seen = random.Random("limits"), 0
    for kind in ("random", "tied", "symmetric", "weighted") * 4:
        problem, high = random_problem(rng, kind)
        path = hinge_path(problem, high)
        for event in path.events:
            for change in event.changes:
                assert change.kind != ALONE
                sides = {"disappears": change.before, "appears": change.after}
                for number in sides.get(change.kind, ()):
                    branch, ridge = path.branches[number], event.ridge * path.scale
                    assert not change.there
                    assert residual_at(branch.curve, ridge).largest > ridge
                    assert all(map(any, ends_as_none(branch, ridge)))
                    seen += 1
    assert seen > 10


def test_a_living_unit_leaves_its_gap_where_the_theory_says():
    """The last example of section 24.8: no unit dies, and the minimum is gone."""
    path = hinge_path(posed("0123", "0237", 1, "1/10"), fmpq(3))
    leaves = path.events[0]
    assert leaves.ridge == fmpq(2, 3)
    (change,) = leaves.changes
    assert (change.kind, change.there, change.after) == ("disappears", (), ())
    (number,) = change.before
    branch = path.branches[number]
    assert branch.loss + path.problem.scatter == fmpq_poly([2, 8, -2])
    assert [value(fmpq(2, 3)) for value in branch.curve.values] == [-1, 1, fmpq(-2, 3), fmpq(2, 3)]
    (flow,) = branch.flows.values()
    assert sum(weight(fmpq(2, 3)) for weight in flow.values()) == fmpq(8, 3)
    assert list(ends_as_none(branch, fmpq(2, 3))) == [(False, True)]
    assert_complete(path, [fmpq(k, 7) for k in range(1, 7)])


def test_a_minimum_that_is_global_at_one_ridge_has_an_event_of_its_own():
    """The engine says at 1/2 alone that one more component is global at every width."""
    path = hinge_path(posed(range(5), [6, 8, 3, 6, 7], 2, "2/5"), fmpq(3, 5))
    (event,) = [e for e in path.events if ONCE in {change.kind for change in e.changes}]
    assert event.ridge == fmpq(1, 2)

    def number(ridge):
        components = HingeEngine().landscape(replace(path.problem, ridge=ridge)).components
        return sum(c.global_at_every_width for c in components)

    assert number(fmpq(1, 2)) == 1
    assert not any(number(fmpq(1, 2) + side * BESIDE) for side in (-1, 1))


def test_vertices_can_change_while_the_list_goes_on():
    inputs = ["-998/67", "-961/83", "-957/91", "11/17", "-242/85", "656"]
    targets = ["-9500", "584000/63", "-37/1680", "432500/39", "-201/20", "-645/56"]
    path = hinge_path(posed(inputs, targets, 2, "25100"), fmpq(25115))
    (event,) = path.events
    (change,) = event.changes
    before, after = (path.branches[k].kind for (k,) in (change.before, change.after))
    assert change.kind == "vertices change"
    assert [s.states for s in before.strata] == [s.states for s in after.strata]
    assert [set(s.supports) for s in before.strata] != [set(s.supports) for s in after.strata]
    assert_complete(path, [])


def test_curves_meet_at_turns_only():
    """Lemma 112, on data with many equal distances."""
    problem, met = posed(range(5), [0, 2, 1, 2, 0], 2, "1/50"), 0
    curves = curves_over(Hinges.of(problem), 2, problem.ridge, fmpq(4))
    turns = [turns_of(curve) for curve in curves]
    for k, one in enumerate(curves):
        for j, other in enumerate(curves[:k]):
            if (ridge := one.meets(other)) is not None:
                assert ridge in turns[k] | turns[j]
                met += 1
    assert met > 3


def outline(path):
    """What a path says of all ridges, without directions."""
    branches = Counter(
        (b.low, b.high, b.has_low, b.has_high, str(b.loss), b.kind.is_global, b.kind.copies)
        for b in path.branches
    )
    events = [
        (str(e.number["minimal_polynomial"]), sorted(c.kind for c in e.changes))
        for e in path.events
    ]
    return branches, events


@pytest.mark.parametrize("kind", ["random", "tied"])
def test_shifts_and_mirror_images_have_the_same_path(kind):
    rng = random.Random(f"invariance {kind}")
    problem, high = random_problem(rng, kind)
    inputs, targets = [x for (x,) in problem.inputs], problem.targets
    rest = {"loss": problem.loss.value}
    known = outline(hinge_path(problem, high))
    for x, y in (
        ([x + 7 for x in inputs], [y - 3 for y in targets]),
        ([-x for x in inputs], targets),
        (inputs, [-y for y in targets]),
        (inputs[::-1], targets[::-1]),
    ):
        other = posed(x, y, problem.width, problem.ridge, **rest)
        assert outline(hinge_path(other, high)) == known


def test_twice_the_inputs_and_targets_have_four_times_the_ridges():
    """With t x and t y the ridge t^2 has the same networks, up to the size of f."""
    rng = random.Random("scaling")
    problem, high = random_problem(rng, "random")
    twice = posed(
        [2 * x for (x,) in problem.inputs],
        [2 * y for y in problem.targets],
        problem.width,
        4 * problem.ridge,
        loss=problem.loss.value,
    )
    one, other = hinge_path(problem, high), hinge_path(twice, 4 * high)
    ends = [[(b.low, b.high, b.loss(b.low)) for b in path.branches] for path in (one, other)]
    assert sorted((4 * a, 4 * b, 4 * c) for a, b, c in ends[0]) == sorted(ends[1])


def test_the_document_is_written_and_read_and_says_the_same_in_numbers(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n0,0\n1,1\n2,0\n3,1\n2,1/2\n")
    output, figure = tmp_path / "path.json", tmp_path / "path.svg"
    command = ["path", str(tmp_path / "data.csv"), "--width", "2", "--ridge", "1/50:2"]
    command += ["--hidden-bias", "free", "--output-bias", "free", "--points", "5", "--quiet"]
    assert main([*command, "--output", str(output), "--figure", str(figure)]) == 0
    document = read_path(output)
    assert document["completeness"] == "exact"
    assert figure.stat().st_size > 1000
    problem = Problem.from_document(document["problem"] | {"ridge": "1/50"})
    path = ridge_path(problem, "2", points=5)
    assert json.loads(json.dumps(path.to_document())) == {
        key: value for key, value in document.items() if key != "seal"
    }
    assert exact_document(path) == path.to_document()
    for ridge in document["ridges"]:
        found = Counter()
        for branch in document["branches"]:
            samples = [s for s in branch["samples"] if s["ridge"] == ridge]
            found.update((s["loss_exact"], s["global_at_width"]) for s in samples)
        components = path.components_at(ridge)
        assert found == Counter((str(c.exact_loss), c.global_at_width) for c in components)


def test_polynomials_of_the_document_have_the_values_of_its_samples_and_of_the_list():
    problem = posed("01234", ["0", "2", "1", "5/2", "0"], 2, "1/40", loss="mean")
    path = ridge_path(problem, "1", points=7)
    for branch in path.to_document()["branches"]:
        for sample in branch["samples"]:
            ridge = Fraction(sample["ridge"])

            def at(texts, ridge=ridge):
                return sum(Fraction(text) * ridge**k for k, text in enumerate(texts))

            assert at(branch["loss_polynomial"]) == Fraction(sample["loss_exact"])
            fit = [at(line) for line in branch["fit"]]
            value = [Fraction(sample["m"])] * 5
            sizes = zip(branch["support"], sample["kink"], strict=True)
            for group, kink in sizes:
                weights = {Fraction(h["input"]): at(h["weight"]) for h in group["hinges"]}
                square, place = sum(weights.values()), Fraction(kink)
                assert sum(x * w for x, w in weights.items()) == square * place
                side = 1 if group["face"][-1] == "+" and group["face"][0] != "+" else -1
                if set(group["face"]) == {"+"}:
                    side = 1 if place < 0 else -1
                for k in range(5):
                    value[k] += group["sign"] * square * max(side * (k - place), 0)
            assert [float(v) for v in value] == pytest.approx([float(f) for f in fit], abs=1e-12)


def test_what_has_no_exact_path_is_refused_in_a_line(tmp_path, capsys):
    (tmp_path / "plane.csv").write_text("x1,x2,y\n0,0,0\n1,0,1\n0,1,1\n")
    (tmp_path / "line.csv").write_text("x,y\n0,0\n1,1\n")

    def refused(file, *more):
        command = ["path", str(tmp_path / file), "--width", "1", "--ridge", "1/9:1"]
        command += ["--hidden-bias", "free", "--output-bias", "free", *more]
        assert main(command) == 2
        return capsys.readouterr().err

    assert "free with 2 columns of inputs" in refused("plane.csv")
    assert "activation abs" in refused("line.csv", "--activation", "abs")
    assert "linear" in refused("line.csv", "--linear", "free")
    assert "--basins" in refused("line.csv", "--basins")
    assert "--traps" in refused("line.csv", "--traps", str(tmp_path / "traps.svg"))
    path = ridge_path(posed("01", "01", 1, "1/9"), "1", points=2)
    with pytest.raises(InputError, match="from 1/9 to 1"):
        path.components_at(2)
    with pytest.raises(InputError, match="2 columns"):
        hinge_path(Problem.from_text([["0", "1"], ["1", "0"]], ["0", "1"], 1, "1", **FREE), fmpq(2))
    with pytest.raises(InputError, match="above the lower end"):
        hinge_path(posed("01", "01", 1, "1/9"), fmpq(1, 9))
    with pytest.raises(TooManySupportsError, match="for a path"):
        refuse_large_path(posed(range(60), range(60), 3, "1"))


def test_a_figure_of_a_wide_interval_is_near_the_curve_everywhere():
    """Between two points that are drawn the loss of the example grows by less than 1/40."""
    document = hinge_path(posed("01", "01", 1, "1e-40"), fmpq(10) ** 40).to_document()
    above, _ = plot_path(document).axes[:2]
    steps = [max(abs(np.diff(line.get_ydata())), default=0) for line in above.lines]
    assert 0 < max(steps) < 1 / 40


def test_a_figure_of_an_exact_path_has_a_line_for_each_branch():
    document = ridge_path(posed("0123", "0101", 1, "1/100"), "4", points=3).to_document()
    above, _ = plot_path(document).axes[:2]
    drawn = [line for line in above.get_lines() if len(line.get_xdata()) == 49]
    assert len(drawn) == 2 * len(document["branches"])


def test_constant_data_and_single_points_have_a_constant_path():
    for inputs, targets in (("0", "1"), ("00", "12"), ("01", "11")):
        path = hinge_path(posed(inputs, targets, 2, "1/7"), fmpq(3))
        (branch,) = path.branches
        assert (branch.has_low, branch.has_high, path.events) == (True, True, ())
        assert_complete(path, [fmpq(1, 3)])


def test_the_list_at_one_ridge_is_what_the_list_command_says():
    problem = posed("0123", "0101", 2, "1/100")
    path = ridge_path(problem, "1", points=2)
    minima = enumerate_minima(replace(problem, ridge=fmpq(1, 10)))
    losses = sorted(component.exact_loss for component in minima)
    assert sorted(c.exact_loss for c in path.components_at("0.1")) == losses
