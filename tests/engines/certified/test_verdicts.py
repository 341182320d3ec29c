"""Every verdict of the batches, against exact decisions one support at a time."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from flint import arb, ctx

from reluenum.algebra.balls import Balls
from reluenum.datasets.families import dataset
from reluenum.engines.certified.blocks import Knowledge
from reluenum.engines.certified.escalation import Escalation, Stage
from reluenum.engines.certified.projections import project
from reluenum.engines.certified.search import search
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.engines.certified.survey import Surveyor
from reluenum.engines.certified.verdicts import Verdict, antipodal, judged_residuals
from reluenum.engines.reduced.completeness import KnownResiduals
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.subsets import Subsets
from reluenum.groebner.backends import open_backends
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.points import face_sign
from reluenum.landscape.witnesses import descent_ray
from reluenum.problem import Problem, parse_rational, parse_ridge
from tests.support.oracles import drawn, random_problem, reference_problem

CASES = [
    reference_problem(2, "1/100"),
    random_problem(3, 4, 1, 2, "1/5", "tie", output_bias="free"),
    random_problem(4, 3, 2, 2, "1/5", output_bias="ridge", loss="mean"),
    Problem.from_text([["-1"], ["0"], ["1"]], ["1", "2", "1"], 2, "1/2"),
    Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1"),
    *(drawn(seed) for seed in (3, 8, 9, 21, 27, 40)),
]


def claims(problem):
    """(support, kind, face) of every record."""
    frames = Geometry.of(problem).frames
    for block in surveyed(Task(problem, problem.width)):
        rows = Subsets(len(frames.faces), block.size).rows(
            block.start, block.start + len(block.kind)
        )
        for row, kind, face in zip(rows, block.kind, block.face, strict=True):
            yield tuple(frames.faces[f] for f in row), Verdict(int(kind)), int(face)


@pytest.mark.parametrize("problem", CASES, ids=repr)
def test_every_record_says_what_exact_arithmetic_finds(problem):
    """Vertex supports are the essential ones inside their faces (Corollary E.1)."""
    arrangement = Geometry.of(problem).arrangement
    known = KnownResiduals(problem)
    seen = Counter()
    with open_backends("auto") as engine:
        for support, kind, face in claims(problem):
            seen[kind] += 1
            if kind is Verdict.REDUCIBLE:
                inner = tuple(f for k, f in enumerate(support) if k != face)
                point = known._points[inner]
                assert dual_excess(point, support[face]).sign() <= 0
                assert known.reduce(support)
                continue
            if known.reduce(support):  # leaves its faces, whether it is reducible or not
                assert kind is Verdict.LEAVES
                point = known._points[support]
            else:
                point = solve_support(problem, support, engine).point
                known.record(point)
            if kind is Verdict.LEAVES:
                vector = point.projected_gradient(support[face])
                assert face_sign(problem, support[face], vector) == 0
                continue
            assert point.is_stationary
            falling = [
                descent_ray(arrangement, point, f, sign) is not None
                for f, sign in zip(support, point.signs, strict=True)
            ]
            assert kind is (Verdict.DESCENDS if any(falling) else Verdict.MINIMUM)
            assert face == -1 if kind is Verdict.MINIMUM else falling[face]
    assert Verdict.UNDECIDED not in seen


def seven_points(size):
    problem = Problem(*dataset("random", n=7, seed=1, denominator=1000), 7, parse_ridge("1/100"))
    arrangement, frames = Geometry.of(problem).arrangement, Geometry.of(problem).frames
    return (
        problem,
        arrangement,
        frames,
        list(
            block for block in surveyed(Task(problem.with_width(size), size)) if block.size == size
        ),
    )


def assert_zero(ball):
    assert ball.contains(0)
    assert abs(ball) < arb(10) ** -50


def assert_vanishes(problem, point):
    """The sum of r_i xt_i is 0 to 50 digits."""
    with ctx.workprec(256):
        residual = [number.ball(256) for number in point.residual]
        for j in range(problem.dimension + 1):
            terms = (r * x[j] for r, x in zip(residual, problem.rows, strict=True))
            assert_zero(sum(terms, start=arb(0)))


def assert_tight(problem, point, face):
    """|u_F| is the ridge to 50 digits."""
    with ctx.workprec(256):
        u = [entry.ball(256) for entry in point.projected_gradient(face)]
        assert_zero(sum((x * x for x in u), start=arb(0)) - problem.effective_ridge**2)


def test_opposite_faces_tie_in_generic_data():
    """Lemma 29: with two pairs of opposite faces the total residual moment is 0."""
    problem, _, frames, blocks = seven_points(5)
    tied = 0
    with open_backends("flint") as engine:
        escalation = Escalation(Geometry.of(problem), engine)
        for block in blocks:
            stationary = np.isin(block.kind, (Verdict.DESCENDS, Verdict.MINIMUM))
            rows = Subsets(len(frames.faces), 5).rows(block.start, block.start + len(block.kind))
            solved = rows[(block.kind != Verdict.REDUCIBLE) & (block.kind != Verdict.UNDECIDED)]
            places = {tuple(row): k for k, row in enumerate(solved)}
            for row in rows[stationary]:
                support = tuple(frames.faces[f] for f in row)
                point = escalation.point(support, block.vectors[places[tuple(row)]])
                signs = dict(zip(map(int, row), point.signs, strict=True))
                paired = [f for f in signs if signs.get(int(frames.opposite[f])) == signs[f]]
                if len(paired) >= 4:
                    assert_vanishes(problem, point)
                    others = {int(frames.opposite[f]) for f in signs} - {-1, *signs}
                    for other in others:
                        assert_tight(problem, point, frames.faces[other])
                    tied += len(others)
    assert tied >= 5


def test_the_antipodal_rule_needs_two_pairs_with_known_signs():
    problem = reference_problem(2, "1/100")
    frames = Geometry.of(problem).frames
    pairs = Subsets(len(frames.faces), 2).rows(0, 10**9)
    assert not antipodal(frames, project(frames, pairs)).any()


def test_what_is_not_solved_is_not_judged():
    problem = reference_problem(2, "1/100")
    frames = Geometry.of(problem).frames
    found = project(frames, Subsets(len(frames.faces), 1).rows(0, 17))
    nothing = Balls(found.dual.mid, np.full_like(found.dual.rad, np.inf))
    with np.errstate(all="ignore"):
        kind, _ = judged_residuals(frames, replace(found, dual=nothing, radius=np.full(17, np.inf)))
    assert (kind == Verdict.UNDECIDED).all()


HARD = ("++-+--+", "+--+---", "-++-+++", "--+-++-")


@pytest.mark.parametrize("start", [1.0, 1e-6, 1e4])
def test_a_search_in_high_precision_ends_at_the_point_of_a_hard_support(start):
    problem, arrangement, _, _ = seven_points(1)
    support = tuple(sorted(arrangement.face(signs) for signs in HARD))
    found = search(problem, support, [start] * 4)
    squares = sorted(float(entry) for entry in found[-4:])
    assert squares == pytest.approx(
        [0.013315838112301937, 0.729618854402546, 3.326809498726364, 9.501797626128116], rel=1e-12
    )


def test_a_hard_support_is_decided_without_the_groebner_engine():
    problem, arrangement, _, _ = seven_points(1)
    support = tuple(sorted(arrangement.face(signs) for signs in HARD))
    with open_backends("flint") as engine:
        escalation = Escalation(Geometry.of(problem), engine)
        point = escalation.point(support, np.full((4, 2), np.nan))
        kind, _ = escalation.judge(point)
    assert kind is Verdict.LEAVES
    assert not point.isolated.is_claimed


def test_stages_are_counted_in_the_order_of_their_cost():
    assert Stage.DOUBLE < Stage.BALLS < Stage.EXACT


def test_knowledge_of_the_empty_support_is_exact():
    problem = Problem.from_text([["3/4"]], ["2"], 1, "5/2")
    frames = Geometry.of(problem).frames
    known = Knowledge.of_nothing(problem, frames)
    assert known.signs.tolist() == [[0]]
    larger = Knowledge.of_nothing(Problem.from_text([["3/4"]], ["2"], 1, "12/5"), frames)
    assert larger.signs.tolist() == [[1]]


def test_blocks_of_a_surveyor_do_not_depend_on_where_they_are_cut():
    problem = drawn(9)
    frames = Geometry.of(problem).frames
    with open_backends("auto") as engine:
        surveyor = Surveyor(frames, Escalation(Geometry.of(problem), engine), 2)
        start = Knowledge.of_nothing(problem, frames)
        total = len(frames.faces)
        known = start.extended([surveyor.block(start, 0, total)])
        count = Subsets(total, 2).count
        whole = surveyor.block(known, 0, count)
        parts = [surveyor.block(known, k, min(k + 5, count)) for k in range(0, count, 5)]
    for name in ("kind", "face", "stage", "vectors"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name))
    finds = [find.to_document() for part in parts for find in part.finds]
    assert finds == [find.to_document() for find in whole.finds]


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25])
def test_every_record_of_varied_instances_says_what_exact_arithmetic_finds(seed):
    """Ties, lines, mirrored, sparse and coarse data, under all conventions."""
    test_every_record_says_what_exact_arithmetic_finds(
        drawn(seed).with_width(min(2, drawn(seed).width))
    )


@pytest.mark.parametrize("shift", ["0", f"1/{10**400}"])
def test_rays_beyond_all_doubles_are_no_padding(shift):
    """Nearly equal data have equal verdicts, or none, however long the integers on their rays."""
    problem = random_problem(0, 4, 1, 1, "1/20")
    inputs = [[str(x + (3 + k) * parse_rational(shift))] for k, (x,) in enumerate(problem.inputs)]
    other = Problem.from_text(inputs, problem.targets, 1, problem.ridge)
    kinds = []
    for each in (problem, other):
        with np.errstate(all="ignore"):
            frames = Geometry.of(each).frames
            found = project(frames, Subsets(len(frames.faces), 1).rows(0, 10**9))
            kinds.append(judged_residuals(frames, found)[0])
    expected, actual = kinds
    assert ((actual == expected) | (actual == Verdict.UNDECIDED)).all()
