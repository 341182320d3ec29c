"""The paper's enumeration: every product of faces, its critical points, and what files keep."""

import copy
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import combinations, combinations_with_replacement, pairwise, product

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem
from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.linear import dot
from reluenum.algebra.numbers import compare
from reluenum.engines.eliminated import products as eliminated
from reluenum.engines.eliminated.charts import graph_equations, graph_system
from reluenum.engines.eliminated.products import (
    EliminatedSolver,
    independent_blocks,
    owned_products,
    product_counts,
    prove_shared,
    read_product,
)
from reluenum.engines.eliminated.surrogate import paper_system
from reluenum.engines.reduced.outcomes import OutcomeKind, solve_support
from reluenum.errors import BackendError, TheoremViolationError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.geometry.supports import support_text
from reluenum.groebner.backends import open_backends
from tests.support.oracles import DIGITS, Data, Network, random_problem

CONVENTIONS = list(product(["sum", "mean"], ["none", "free", "ridge"]))

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")


@pytest.fixture(scope="module")
def engine():
    with open_backends("auto") as opened:
        yield opened


def faces_of(problem, *signs):
    return tuple(sorted(map(Arrangement.of(problem).face, signs)))


def covectors_on_a_line(problem):
    """The sign vectors of v = (b, c) by brute force: one v for every cell, ray and the origin."""
    inputs = sorted({row[0] for row in problem.inputs})
    middle = [(x + y) / 2 for x, y in pairwise(inputs)]
    kinks = sorted([inputs[0] - 1, *inputs, *middle, inputs[-1] + 1])
    units = [(s, -s * t) for s in (1, -1) for t in kinks] + [(0, 1), (0, -1), (0, 0)]
    values = [[b * row[0] + c for row in problem.inputs] for b, c in units]
    return {"".join("+" if z > 0 else "-" if z < 0 else "0" for z in row) for row in values}


@pytest.mark.parametrize(
    ("seed", "size", "special", "width"),
    [(1, 1, "", 3), (2, 3, "", 1), (3, 3, "", 2), (4, 4, "tie", 2), (5, 2, "", 4)],
)
def test_the_patterns_share_out_every_product_of_faces(seed, size, special, width):
    """Every multiset of sign vectors lies in the half-open cell of exactly one pattern."""
    problem = random_problem(seed, size, 1, width, "1", special)
    arrangement = Arrangement.of(problem)
    owned = Counter()
    for pattern in patterns(arrangement, width):
        for faces in owned_products(pattern, arrangement):
            columns = sorted(face.signs.replace("0", "+") for face in faces)
            assert columns == sorted(pattern.columns)
            owned[support_text(faces)] += 1
    signs = sorted(covectors_on_a_line(problem))
    assert owned == Counter("|".join(c) for c in combinations_with_replacement(signs, width))


def test_the_patterns_of_a_plane_share_out_every_product_of_faces():
    problem = random_problem(6, 4, 2, 2, "1", "line")
    arrangement = Arrangement.of(problem)
    owned = Counter(
        support_text(faces)
        for pattern in patterns(arrangement, 2)
        for faces in owned_products(pattern, arrangement)
    )
    everything = combinations_with_replacement(arrangement.faces, 2)
    assert owned == Counter(map(support_text, everything))


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_blocks_are_the_connected_components_of_units_that_share_a_data_point(chosen):
    problem = random_problem(7, 5, 1, 2, "1")
    live = Arrangement.of(problem).live_faces
    support = tuple(sorted({live[k % len(live)] for k in chosen}))
    blocks = independent_blocks(problem, support)
    assert sorted(face for block in blocks for face in block) == sorted(support)
    active = [{i for face in block for i in face.active} for block in blocks]
    assert all(not left & right for left, right in combinations(active, 2))
    for block in blocks:
        assert list(block) == sorted(block)
        for size in range(1, len(block)):
            for part in combinations(block, size):
                mine = {i for face in part for i in face.active}
                rest = {i for face in block if face not in part for i in face.active}
                assert mine & rest


@pytest.mark.parametrize("bias", ["free", "ridge"])
def test_an_output_bias_couples_all_units(bias):
    problem = random_problem(7, 4, 1, 2, "1", output_bias=bias)
    live = Arrangement.of(problem).live_faces
    assert independent_blocks(problem, live) == [live]


def test_a_block_without_a_point_settles_the_product_as_its_system_would(engine):
    """Lemma 23."""
    problem = random_problem(9, 4, 1, 2, "1/3")
    solver = EliminatedSolver(problem, engine)
    settled = 0
    for support in combinations(Arrangement.of(problem).live_faces, 2):
        if len(independent_blocks(problem, support)) == 1:
            continue
        found = solver.support(support)
        if not found.points:
            whole = engine.solutions(graph_system(problem, support))
            assert (found.dimension, found.degree) == (whole.dimension, whole.degree)
            settled += 1
    assert settled > 0


@pytest.mark.parametrize("how", CONVENTIONS)
def test_every_repetition_adds_a_dimension(how, engine):
    """Krull dimensions of the systems with all units, against those of Lemma 22(a)."""
    problem = random_problem(4, 2, 1, 3, "1/3", loss=how[0], output_bias=how[1])
    solver = EliminatedSolver(problem, engine)
    dimensions = set()
    for face in Arrangement.of(problem).live_faces:
        for faces in ((face,) * 2, (face,) * 3):
            found = solver.product(faces)
            assert (
                found.critical.dimension == engine.solutions(graph_system(problem, faces)).dimension
            )
            assert found.multiplicities == (len(faces),)
            dimensions.add(found.critical.dimension)
    assert {1, 2} <= dimensions
    twice, once = Arrangement.of(problem).live_faces[:2]
    mixed = solver.product(tuple(sorted([twice, twice, once])))
    whole = engine.solutions(graph_system(problem, mixed.faces))
    assert mixed.critical.dimension == whole.dimension
    assert sorted(mixed.multiplicities) == [1, 2]


def test_units_on_one_face_that_did_not_share_their_points_would_be_noticed(monkeypatch):
    problem = random_problem(4, 3, 1, 2, "1/3")
    faces = faces_of(problem, "+++", "+++")
    prove_shared(problem, faces)

    def spoiled(problem, faces):
        units = list(graph_equations(problem, faces))
        scaled = units[-1].scaled + units[-1].leading
        units[-1] = type(units[-1])(
            units[-1].leading, units[-1].collinear, scaled, units[-1].balanced
        )
        return tuple(units) if len(faces) > 1 else graph_equations(problem, faces)

    monkeypatch.setattr(eliminated, "graph_equations", spoiled)
    with pytest.raises(TheoremViolationError, match=r"units of \+\+\+\|\+\+\+ do not share"):
        prove_shared(problem, faces)


def test_units_that_see_no_point_are_never_critical(engine):
    """Lemma 22(c)."""
    problem = random_problem(4, 3, 1, 2, "1/3")
    solver = EliminatedSolver(problem, engine)
    dead = [f for f in Arrangement.of(problem).faces if not f.active and "-" in f.signs]
    assert len(dead) == 3
    for face in dead:
        assert engine.solutions(paper_system(problem, [face])).dimension == -1
        for faces in ((face,), faces_of(problem, face.signs, "+++")):
            found = solver.product(faces).critical
            assert (found.dimension, found.degree, found.points) == (-1, 0, ())
            assert not found.reason


def test_zero_units_leave_the_critical_points_of_the_others(engine):
    """Lemma 22(b)."""
    problem = random_problem(4, 3, 1, 3, "1/3")
    solver = EliminatedSolver(problem, engine)
    for face in Arrangement.of(problem).live_faces:
        found = solver.product(faces_of(problem, "000", face.signs, "000"))
        assert found.zeros == 2
        assert found.critical is solver.support((face,))
    nothing = solver.product(faces_of(problem, "000", "000", "000"))
    (point,) = nothing.critical.points
    assert (nothing.zeros, nothing.multiplicities, nothing.critical.dimension) == (3, (), 0)
    assert (point.loss - sum(y * y for y in problem.targets)).is_zero()


class Refusing:
    """An engine that gives up on one system."""

    def __init__(self, engine, refused):
        self.engine, self.refused = engine, refused

    def solutions(self, system):
        if system == self.refused:
            raise BackendError("refusing", "out of patience")
        return self.engine.solutions(system)


def test_a_product_whose_engine_fails_is_undecided_and_says_why(engine):
    problem = random_problem(4, 3, 1, 2, "1/3")
    refused, other = (Arrangement.of(problem).live_faces[k] for k in (0, 1))
    solver = EliminatedSolver(problem, Refusing(engine, graph_system(problem, (refused,))))
    outcomes = [solver.product(faces) for faces in ((refused,), (refused, refused), (other,))]
    assert [o.critical.reason for o in outcomes] == ["refusing: out of patience"] * 2 + [""]
    assert outcomes[0].critical.points == ()
    assert product_counts(outcomes)["undecided"] == 2
    record = outcomes[0].to_document()
    assert record["reason"] == "refusing: out of patience"
    again = read_product(Geometry.of(problem), record)
    assert again.critical.reason == "refusing: out of patience"


class Shifting:
    """An engine whose first coordinate is wrong by a thousandth."""

    def __init__(self, engine):
        self.engine = engine

    def solutions(self, system):
        found = self.engine.solutions(system)
        if found.parametrisation is None:
            return found
        claimed = found.parametrisation
        first, *others = claimed.numerators
        shifted = (first + claimed.denominator * fmpq(1, 1000), *others)
        return replace(found, parametrisation=replace(claimed, numerators=shifted, _points={}))


def test_a_root_that_cannot_be_certified_leaves_the_product_undecided(engine):
    problem = random_problem(34, 3, 1, 2, "1/5")
    face = next(
        face
        for face in Arrangement.of(problem).live_faces
        if EliminatedSolver(problem, engine).support((face,)).points
    )
    found = EliminatedSolver(problem, Shifting(engine)).support((face,))
    assert found.points == ()
    assert found.reason == "a critical point is not simple"


def test_a_curve_of_critical_points_on_another_face_is_none_of_the_product(engine):
    """Example 1: the units of +- at the critical points lie on +0."""
    found = EliminatedSolver(EXAMPLE_1, engine).support(faces_of(EXAMPLE_1, "+-", "+0"))
    assert (found.dimension, found.degree, found.points, found.reason) == (-1, 0, (), "")


def test_counts_tell_products_with_and_without_critical_points_apart(engine):
    solver = EliminatedSolver(EXAMPLE_1, engine)
    outcomes = [solver.product((face,)) for face in Arrangement.of(EXAMPLE_1).faces]
    # Critical points on the faces +0, 0+ and 00 by hand (section 10 of the theory), no others.
    assert product_counts(outcomes) == {
        "critical points": 3,
        "no critical point": len(outcomes) - 3,
        "undecided": 0,
    }


def test_a_curve_of_critical_points_inside_leaves_no_simple_one(engine):
    """Example 2: the squares of +0 and 0+ share 25/18 in every proportion."""
    found = EliminatedSolver(EXAMPLE_2, engine).support(faces_of(EXAMPLE_2, "+0", "0+"))
    assert (found.dimension, found.degree, found.points, found.reason) == (1, None, (), "")


@pytest.mark.parametrize(
    ("problem", "largest"),
    [
        *(
            (random_problem(34, 3, 1, 2, "1/5", loss=loss, output_bias=bias), 2)
            for loss, bias in CONVENTIONS
        ),
        (random_problem(35, 4, 1, 2, "1/3", "tie"), 2),
        (random_problem(36, 4, 2, 1, "1/10"), 1),
        (random_problem(37, 5, 2, 1, "1/10", "line", output_bias="free"), 1),
        (EXAMPLE_1, 2),
    ],
    ids=repr,
)
def test_critical_points_are_exactly_the_stationary_points_of_the_other_formulation(
    problem, largest, engine
):
    solver, stationary = EliminatedSolver(problem, engine), 0
    live = Arrangement.of(problem).live_faces
    for support in (s for size in range(1, largest + 1) for s in combinations(live, size)):
        expected = solve_support(problem, support, engine)
        found = solver.support(support)
        assert not found.reason
        assert expected.verdict is not OutcomeKind.UNDECIDED
        if expected.verdict is not OutcomeKind.STATIONARY:
            assert found.points == ()
            continue
        (point,) = found.points
        assert point.signs == expected.point.signs
        for mine, theirs in [
            (point.loss, expected.point.loss),
            (point.bias, expected.point.bias),
            *zip(point.squares, expected.point.squares, strict=True),
            *zip(point.residual, expected.point.residual, strict=True),
            *(
                pair
                for rows in zip(point.directions, expected.point.directions, strict=True)
                for pair in zip(*rows, strict=True)
            ),
        ]:
            assert compare(mine, theirs) == 0
        stationary += 1
    assert stationary > 0


@pytest.mark.parametrize("how", CONVENTIONS)
def test_the_loss_of_a_critical_point_is_that_of_its_network(how, engine):
    """rho^2 = q / gamma, a = gamma rho, v = rho w, in decimals and from the definition."""
    problem = random_problem(34, 3, 1, 2, "1/5", loss=how[0], output_bias=how[1])
    solver, data = EliminatedSolver(problem, engine), Data(problem)
    live = Arrangement.of(problem).live_faces
    checked = 0
    for support in [*combinations(live, 1), *combinations(live, 2)]:
        for point in solver.support(support).points:
            with localcontext(prec=DIGITS):
                weights, units = [], []
                for q, gamma, unit in zip(point.weights, point.slopes, point.units, strict=True):
                    rho = Decimal(decimal_text(q / gamma)).sqrt()
                    weights.append(Decimal(decimal_text(gamma)) * rho)
                    units.append([rho * Decimal(decimal_text(entry)) for entry in unit])
                network = data.with_best_bias(Network(weights, units))
                assert abs(data.loss(network) - Decimal(decimal_text(point.loss))) < Decimal(
                    "1e-25"
                )
                assert abs(network.m - Decimal(decimal_text(point.bias))) < Decimal("1e-25")
            checked += 1
    assert checked > 2


def test_directions_are_unit_vectors_inside_the_faces(engine):
    problem = random_problem(34, 3, 1, 2, "1/5")
    solver = EliminatedSolver(problem, engine)
    for support in combinations(Arrangement.of(problem).live_faces, 2):
        for point in solver.support(support).points:
            for face, direction in zip(support, point.directions, strict=True):
                assert (dot(direction, direction) - 1).is_zero()
                signs = [dot(direction, row).sign() for row in problem.rows]
                assert signs == list(face.sign_values)


# Files.


@pytest.fixture(scope="module")
def recorded(engine):
    """A problem, its arrangement and an outcome with a critical point on two faces."""
    problem = random_problem(34, 3, 1, 2, "1/5")
    solver = EliminatedSolver(problem, engine)
    live = Arrangement.of(problem).live_faces
    outcome = next(
        outcome
        for support in combinations(live, 2)
        if (outcome := solver.product(support)).critical.points
        and outcome.critical.points[0].isolated.claim.parametrisation.chi.degree() > 1
    )
    return problem, outcome


def test_what_is_read_is_what_was_written(recorded):
    problem, outcome = recorded
    record = json.loads(json.dumps(outcome.to_document()))
    again = read_product(Geometry.of(problem), record)
    assert again.faces == outcome.faces
    assert again.to_document() == outcome.to_document()
    assert compare(again.critical.points[0].loss, outcome.critical.points[0].loss) == 0


def test_a_point_moved_away_is_refused(recorded):
    problem, outcome = recorded
    record = copy.deepcopy(outcome.to_document())
    centre = record["points"][0]["centre"]
    centre[0] = f"{int(centre[0].split('/')[0]) + 10**60}/{centre[0].split('/')[1]}"
    with pytest.raises(TheoremViolationError, match="no isolated solution at a recorded centre"):
        read_product(Geometry.of(problem), record)


def test_a_point_on_the_faces_of_another_product_is_refused(recorded):
    problem, outcome = recorded
    refused = 0
    for other in combinations(Arrangement.of(problem).live_faces, 2):
        if other == outcome.faces:
            continue
        record = copy.deepcopy(outcome.to_document())
        record["faces"] = support_text(other)
        with pytest.raises((TheoremViolationError, ValueError)):
            read_product(Geometry.of(problem), record)
        refused += 1
    assert refused > 10


def test_a_solution_outside_its_faces_is_refused(engine):
    """The critical point of +0 also solves the system of +-, at which xi_1 = 0."""
    Arrangement.of(EXAMPLE_1)
    (face,) = faces_of(EXAMPLE_1, "+-")
    system = graph_system(EXAMPLE_1, (face,))
    solver = EliminatedSolver(EXAMPLE_1, engine)
    assert solver.support((face,)).points == ()
    point = rational_solution(engine, system)
    record = {"faces": "+-", "dimension": 0, "degree": 2, "points": [point.to_document()]}
    with pytest.raises(TheoremViolationError, match=r"point on \+- is not inside"):
        read_product(Geometry.of(EXAMPLE_1), record)


def rational_solution(engine, system):
    """The solution of a system with q gamma > 0, certified."""
    for root in eliminated.real_solutions(engine.solutions(system).parametrisation):
        balls = root.balls(128)
        if balls[0] * balls[-1] > 0:
            box = eliminated.certified_box(system, root.balls)
            return eliminated.IsolatedPoint(system, box, root)
    raise AssertionError("no real solution")


def test_faces_that_do_not_exist_are_refused(recorded):
    problem, outcome = recorded
    record = {**outcome.to_document(), "faces": "+?+|+++"}
    with pytest.raises(KeyError):
        read_product(Geometry.of(problem), record)
