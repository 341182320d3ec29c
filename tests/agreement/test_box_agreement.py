"""The campaign that holds boxes of directions against the certified engine, in small."""

import copy
from io import StringIO

import pandas as pd
import pytest
from flint import fmpq

from benchmarks import box_agreement
from benchmarks.box_agreement import drawn_problem, findings, in_both, problems, table, transitions
from benchmarks.findings import Finding, Kind, contradicted, differing, gone_through
from reluenum import Problem, enumerate_minima
from reluenum.documents.minima import minima_document
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.certified.prove import CertifiedEngine

pytestmark = pytest.mark.seconds(30)


@pytest.mark.parametrize(("seed", "special"), [(3, False), (6, False), (3, True), (4, True)])
def test_both_engines_make_one_list_which_is_proved(seed, special):
    assert findings(drawn_problem(seed, special)[1]) == []


def test_instances_have_all_dimensions_widths_positions_and_conventions():
    found = problems(range(1, 200))
    every = [*found.values()]
    assert {(p.dimension, p.width) for p in every} == {(d, w) for d in (1, 2, 3) for w in (1, 2, 3)}
    assert {name.split()[0] for name in found} == {
        *box_agreement.POSITIONS,
        "scattered",
        "reference",
    }
    assert {(str(p.loss), str(p.output_bias)) for p in every} == {
        (loss, bias) for loss in ("sum", "mean") for bias in ("none", "free", "ridge")
    }
    assert {fmpq(1, 1000), fmpq(2)} <= {p.ridge for p in every}
    assert all(p.dimension == 1 for name, p in found.items() if name.startswith("tied"))


def test_positions_are_what_they_say():
    found = {name: p for name, p in problems(range(1, 120)).items() if "reference" not in name}
    for name, problem in found.items():
        rows, (position, _) = [tuple(row) for row in problem.inputs], name.split()
        values = {x for row in rows for x in row} | set(problem.targets)
        if position == "whole":
            assert all(x.q == 1 for x in values)
        if position == "level":
            assert len(set(problem.targets)) <= 2
        if position == "lattice":
            assert all(x.q == 1 for x in values)
            assert len(set(rows)) == len(rows)
        if position == "mirrored":
            assert {abs(y) for y in problem.targets[: len(rows) // 2]} == {
                abs(y) for y in problem.targets[(len(rows) + 1) // 2 :]
            }
    assert any(len(set(p.inputs)) < len(p.inputs) for p in found.values())


def test_below_a_transition_there_is_a_unit_and_above_there_is_none():
    """Of the largest one: then the zero network is a minimum, and the only one."""
    points = [[fmpq(0)], [fmpq(3, 4)], [fmpq(4, 3)]], [fmpq(1), fmpq(-1), fmpq(2)]
    largest = transitions(points)[-1]
    losses = {}
    for ridge in (largest * fmpq(9, 10), largest * 2):
        problem = Problem(tuple(map(tuple, points[0])), tuple(points[1]), 1, ridge)
        found = CertifiedEngine().landscape(problem).written["components"]
        losses[ridge > largest] = [len(c["strata"][0]["support"]) for c in found]
    assert 1 in losses[False]
    assert losses[True] == [0]


# The comparison bites.


def test_a_list_that_lacks_a_component_and_one_with_another_flag_differ():
    problem = drawn_problem(9, False)[1]
    ours = minima_document(BranchEngine().landscape(problem))
    theirs = enumerate_minima(problem, engine="certified").document
    assert differing([in_both(ours), in_both(theirs)], box_agreement.ROUTE) == []
    for change in (
        lambda document: document["components"].pop(),
        lambda document: document["components"][0].update(orbit_size=99),
        lambda document: document["enumeration"].update(supports=1),
        lambda document: document["enumeration"].update(locally_minimal=0),
    ):
        changed = copy.deepcopy(dict(ours))
        change(changed)
        (finding,) = differing([in_both(changed), in_both(theirs)], box_agreement.ROUTE)
        assert finding.kind is Kind.DIFFERENT


def test_a_list_that_the_checker_refuses_is_told(monkeypatch):
    monkeypatch.setattr(box_agreement, "refusal", lambda document: "not seen")
    (finding,) = findings(drawn_problem(9, False)[1])
    assert finding == (Kind.REFUSED, "verify: not seen")


def raising(problem):
    raise ValueError("no")


def test_what_fails_is_told_with_its_data_and_the_campaign_goes_on(capsys):
    instances = {f"scattered {k}": drawn_problem(k, False)[1] for k in (3, 9)}
    found = gone_through(instances, raising, 60)
    assert found == {name: [Finding(Kind.FAILED, "ValueError: no")] for name in instances}
    assert contradicted(found)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 instances: 2 failed"
    assert '"instance": "scattered 3", "x": [["' in lines[0]
    told = pd.read_csv(StringIO(table(instances, found)))
    assert told[["instances", "settled", "failed"]].values.tolist() == [[1, 0, 1]] * 2
    assert sorted(told["not_settled"]) == sorted(instances)
