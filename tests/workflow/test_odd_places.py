"""Facts that an earlier draft of the code got wrong: numbers, files and bounds in odd places."""

from fractions import Fraction
from itertools import product

import pytest
from flint import fmpq, fmpq_poly, fmpz_poly

from reluenum.algebra.decimals import RootMultiple, decimal_text
from reluenum.algebra.newton import certified_box
from reluenum.algebra.numbers import IsolatedPoint, compare, rational_point
from reluenum.algebra.parametrisation import Parametrisation, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.api import enumerate_minima
from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import REDUCED
from reluenum.engines.reduced.outcomes import read_outcome, solve_pattern, solve_support
from reluenum.errors import IncompleteRunError
from reluenum.experiments.steps import (
    PROBLEM,
    problem_document,
    read_problem,
    read_solved,
    solved_document,
)
from reluenum.geometry.arrangement import Arrangement, face_bound
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.groebner.text import parse_polynomial
from reluenum.landscape.components import positive_compositions
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")

T, ONE = fmpq_poly([0, 1]), fmpq_poly([1])


def test_example_2_at_width_one_has_two_global_points_with_different_biases():
    found = enumerate_minima(EXAMPLE_2.with_width(1))
    biases = [c.representative.bias.exact().polynomial[0] for c in found.components]
    assert sorted(biases) == [-1, 1]


@pytest.mark.parametrize(
    "problem",
    [
        EXAMPLE_2.with_width(1),
        EXAMPLE_2,
        Problem.from_text([["2"], ["-2"]], ["3", "0"], 1, "1/10", "mean", "free"),
        Problem.from_text([["-2"], ["-1"], ["2"]], ["3", "-3", "1"], 1, "1/10", "sum", "free"),
    ],
    ids=lambda problem: f"n={problem.size} L={problem.width} {problem.loss}",
)
def test_the_representative_attains_the_loss_with_a_free_bias(problem):
    for component in enumerate_minima(problem).document["components"]:
        point = component["representative"]
        weights = [Fraction(a) for a in point["a"]]
        units = [
            [*map(Fraction, row), Fraction(c)]
            for row, c in zip(point["B"], point["c"], strict=True)
        ]
        fit = Fraction(0)
        for row, target in zip(problem.rows, problem.targets, strict=True):
            response = Fraction(point["m"])
            for a, v in zip(weights, units, strict=True):
                response += a * max(
                    sum(x * Fraction(str(y)) for x, y in zip(v, row, strict=True)), 0
                )
            fit += (Fraction(str(target)) - response) ** 2
        penalty = sum(a * a for a in weights) + sum(e * e for unit in units for e in unit)
        total = fit * Fraction(str(problem.loss_scale)) + Fraction(str(problem.ridge)) * penalty
        assert float(total) == pytest.approx(float(component["loss"]), rel=1e-12)


@pytest.mark.parametrize("chi", [[-1, 0, 10**60], [-2 * 10**100, 0, 1]], ids=["tiny", "huge"])
def test_points_of_any_scale_survive_their_text_form(chi):
    names = ("x",)
    x = parse_polynomial("x", names)
    system = PolynomialSystem(names, (chi[2] * x**2 + chi[0],))
    for root in real_solutions(Parametrisation(fmpz_poly(chi), ONE, (T,))):
        box = certified_box(system, root.balls)
        assert box is not None
        point = IsolatedPoint(system, box, root)
        again = IsolatedPoint.from_document(system, point.to_document())
        assert compare(point.coordinates[0], again.coordinates[0]) == 0


@pytest.mark.parametrize(
    ("inputs", "targets", "ridge"),
    [
        (["1000", "2000", "4000"], ["1000", "-2000", "3000"], "1/10"),
        (["-1", "1/3", "2"], ["1", "-2", "3"], "1e-12"),
    ],
    ids=["thousands", "small ridge"],
)
def test_what_one_process_solves_survives_the_way_through_a_file(inputs, targets, ridge):
    problem = Problem.from_text([[x] for x in inputs], targets, 2, ridge)
    arrangement = Arrangement.of(problem)
    with open_backends("flint") as engine:
        for support in supports(arrangement, 2):
            outcome = solve_support(problem, support, engine)
            again = read_outcome(Geometry.of(problem), outcome.to_document())
            assert again.verdict is outcome.verdict


def entry_with_point(document):
    return next(o for o in document["outcomes"] if "point" in o)


DAMAGES = {
    "no digest": lambda d: d.pop("problem_sha256"),
    "no outcomes": lambda d: d.pop("outcomes"),
    "no patterns": lambda d: d.pop("patterns"),
    "no support": lambda d: entry_with_point(d).pop("support"),
    "no verdict": lambda d: entry_with_point(d).pop("verdict"),
    "unknown verdict": lambda d: entry_with_point(d).update(verdict="maybe"),
    "unknown face": lambda d: entry_with_point(d).update(support="+++"),
    "no point": lambda d: entry_with_point(d).pop("point"),
    "no claim": lambda d: entry_with_point(d)["point"].pop("root"),
    "short centre": lambda d: entry_with_point(d)["point"].update(centre=["1"]),
    "garbled centre": lambda d: entry_with_point(d)["point"].update(centre=["1/0", "x", "2"]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_solved_file_is_an_incomplete_run(tmp_path, damage):
    arrangement, path = Arrangement.of(EXAMPLE_1), tmp_path / "solved.json"
    batch = list(patterns(arrangement, 2))
    with open_backends("flint") as engine:
        outcomes = [o for p in batch for o in solve_pattern(Geometry.of(EXAMPLE_1), p, engine)]
        document = solved_document(EXAMPLE_1, REDUCED, batch, outcomes, engine)
    DAMAGES[damage](document)
    write_sealed(path, document)
    with pytest.raises(IncompleteRunError, match=r"solved\.json"):
        read_solved(path, Geometry.of(EXAMPLE_1), REDUCED)


def test_a_problem_file_without_problem_is_an_incomplete_run(tmp_path):
    path = tmp_path / "problem.json"
    document = problem_document(EXAMPLE_1)
    del document["problem"]
    assert document["format"] == PROBLEM
    write_sealed(path, document)
    with pytest.raises(IncompleteRunError, match=r"problem\.json"):
        read_problem(path)


def number(value):
    fraction = Fraction(value)
    return rational_point().constant(fmpq(fraction.numerator, fraction.denominator))


@pytest.mark.parametrize(
    ("value", "text"), [("1e-40", "1E-40"), ("-3e-200", "-3E-200"), ("7e90", "7E+90")]
)
def test_texts_with_an_exponent_have_no_trailing_zeros(value, text):
    assert decimal_text(number(value)) == text


def test_the_text_of_a_number_does_not_depend_on_how_it_was_computed():
    root = RootMultiple(number(-1), number("1e-80"))
    assert decimal_text(root) == decimal_text(number("-1e-40"))
    assert decimal_text(number("1/3") * fmpq(3, 4), 1) == decimal_text(number("1/4"), 1)


@pytest.mark.parametrize(("size", "dimension"), [(1, 1), (1, 3), (2, 2), (3, 3)])
def test_the_face_bound_is_attained_by_few_points_too(size, dimension):
    rows = [tuple(fmpq(t) ** k for k in (*range(1, dimension + 1), 0)) for t in range(size)]
    faces = {face.signs for face in Arrangement(rows).faces}
    assert faces == set(map("".join, product("+-0", repeat=size)))
    assert face_bound(size, dimension) == 3**size


def test_sums_over_a_thousand_points_do_not_exceed_the_depth_of_recursion():
    found = enumerate_minima(Problem.from_text([["1"]] * 1500, ["2"] * 1500, 1, "1/10"))
    assert found.is_complete
    assert [c.strata[0].groups[0].face.signs for c in found.components] == ["+" * 1500]


def test_nothing_is_no_sum_of_one_positive_number():
    assert list(positive_compositions(0, 1)) == []


@pytest.mark.parametrize("text", ["x^", "x^-1", "x^+2"])
def test_powers_without_a_whole_exponent_are_no_polynomials(text):
    with pytest.raises(ValueError, match="invalid"):
        parse_polynomial(text, ("x", "y"))


def test_numbers_of_different_fields_do_not_mix():
    from reluenum.algebra.numberfield import RealField

    root_2 = RealField(fmpz_poly([-2, 0, 1]), 1)(T)
    root_3 = RealField(fmpz_poly([-3, 0, 1]), 1)(T)
    with pytest.raises((TypeError, ValueError, AssertionError)):
        root_2 - root_3  # now 0: sqrt(2) - sqrt(3) "vanishes"
