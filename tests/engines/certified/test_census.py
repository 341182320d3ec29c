"""The certified engine ends with what the Groebner engine ends with, to the last digit."""

from functools import cache

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.engines.certified.blocks import block_bounds
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.errors import BackendError
from reluenum.groebner.backends import AutomaticBackends
from tests.support.oracles import (
    CONVENTIONS,
    RIDGES,
    by_any_route,
    drawn,
    random_problem,
    reference_problem,
)


@cache
def both(problem):
    return enumerate_minima(problem), enumerate_minima(problem, engine="certified")


def assert_same(problem):
    groebner, certified = both(problem)
    assert groebner.is_complete
    found = certified.document
    assert found["certificate"]["records"] == groebner.counts.supports_examined
    assert sum(found["decided_by"].values()) == groebner.counts.supports_examined
    assert by_any_route(found) == by_any_route(groebner.document)


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("width", [1, 2])
def test_the_reference_has_the_same_document(width, ridge):
    assert_same(reference_problem(width, ridge))


@pytest.mark.parametrize("seed", range(120))
def test_random_instances_have_the_same_document(seed):
    assert_same(drawn(seed))


def test_the_random_instances_are_varied_and_some_need_exact_zeros():
    problems = [drawn(seed) for seed in range(120)]
    assert {p.dimension for p in problems} == {1, 2}
    assert {p.width for p in problems} == {1, 2, 3}
    assert {(str(p.loss), str(p.output_bias)) for p in problems} == {
        tuple(c.values()) for c in CONVENTIONS
    }
    stages = [both(problem)[1].document["decided_by"] for problem in problems]
    assert sum(stage["exact"] > 0 for stage in stages) >= 5


def test_theorem_examples_have_the_same_document():
    one = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 3, "1")
    two = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")
    assert_same(one)
    assert_same(two)


def test_a_ridge_at_a_transition_is_decided_exactly():
    """At n = 1 the zero network is the only minimum iff |y| |xt| <= ridge; here they are equal."""
    for ridge, components in (("5/2", 1), ("2499/1000", 1), ("2501/1000", 1)):
        problem = Problem.from_text([["3/4"]], ["2"], 1, ridge)
        assert_same(problem)
        assert len(both(problem)[1].components) == components
    at_transition = both(Problem.from_text([["3/4"]], ["2"], 1, "5/2"))[1]
    assert at_transition.components[0].strata[0].groups == ()


def test_blocks_of_any_size_cover_all_supports_once():
    for total, size, per_block in ((7, 3, 4), (7, 3, 35), (5, 5, 10), (9, 1, 2)):
        bounds = block_bounds(total, size, per_block)
        numbers = [number for start, stop in bounds for number in range(start, stop)]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "dimension", "width"), [(40, 1, 2), (12, 1, 3), (9, 2, 2)], ids=str
)
def test_nearly_all_supports_of_random_data_are_decided_in_double_precision(size, dimension, width):
    problem = random_problem(5, size, dimension, width, "1/100")
    document = enumerate_minima(problem, engine="certified").document
    total = document["enumeration"]["supports_examined"]
    assert document["enumeration"]["undecided"] == 0
    assert document["decided_by"]["double"] >= 0.999 * total


@pytest.mark.parametrize("exact", [False, True])
def test_without_an_answer_of_a_backend_the_list_is_shorter_and_says_so(exact, monkeypatch):
    """Every kind of question is asked in vain: what is 0, what is equal, which polynomial."""
    incomplete = 0
    for seed in range(20, 70):
        problem = drawn(seed)
        task = Task(problem, problem.width)
        expected = prove(task, surveyed(task), exact=exact).document
        with monkeypatch.context() as patched:
            patched.setattr(AutomaticBackends, "solutions", no_answer)
            found = prove(task, surveyed(task), exact=exact).document
        assert found["complete"] is not ("undecided" in found)
        if found["complete"]:
            assert found["components"] == expected["components"]
            continue
        incomplete += 1
        for component in found["components"]:
            assert component["global_at_width"] is not True or component["global_at_every_width"]
            (same,) = (
                other
                for other in expected["components"]
                if other | {"global_at_width": None} == component | {"global_at_width": None}
            )
            assert component["global_at_width"] in (None, same["global_at_width"])
    assert incomplete >= 3


def no_answer(engine, system):
    raise BackendError("nobody", "no answer")
