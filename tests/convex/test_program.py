"""The convex program: solved, certified twice, and the same answer as that of exact signs."""

import copy
import csv
import json
import math
import sys

import numpy as np
import pytest

from docs.make import convex as pages
from reluenum import Problem, enumerate_minima
from reluenum.cli import main
from reluenum.convex import program as convex
from reluenum.convex.comparison import Agreed, compare_with_program, convex_document
from reluenum.convex.program import convex_optimum
from reluenum.documents.results import to_json
from reluenum.errors import IncompleteRunError, MissingExtraError, SolverError
from reluenum.views.convex import convex_csv
from scripts import convex_agreed
from tests.support.oracles import random_problem
from tests.support.workflow import ROOT, Folder

pytestmark = pytest.mark.seconds(5)

PAGE = (ROOT / "docs/convex.md").read_text(encoding="utf-8")

SIZES = [(2, 1), (3, 1), (4, 1), (5, 1), (7, 1), (2, 2), (3, 2), (4, 2), (5, 2), (6, 1)]

RIDGES = ["1/100", "1/10", "1"]


def instance(seed):
    """One of thirty: all sizes with all ridges, both losses, all biases, widths 1 to 3."""
    size, dimension = SIZES[seed % 10]
    return random_problem(
        seed,
        size,
        dimension,
        width=1 + (seed // 10 + seed) % 3,
        ridge=RIDGES[seed // 3 % 3],
        loss=["sum", "mean"][seed % 2],
        output_bias=["none", "free", "ridge"][seed % 3],
    )


def certified(problem):
    return enumerate_minima(problem, engine="certified").document


# The acceptance criterion.


@pytest.mark.slow
def test_a_minimum_is_global_at_every_width_if_and_only_if_its_loss_is_the_convex_value():
    """Theorem F(3)."""
    verdicts = []
    for seed in range(30):
        problem = instance(seed)
        optimum, document = convex_optimum(problem), certified(problem)
        losses = [float(c["loss"]) for c in document["components"]]
        flags = [c["global_at_every_width"] for c in document["components"]]
        assert flags == [math.isclose(v, optimum.value, rel_tol=1e-6) for v in losses], seed
        assert min(losses) >= optimum.dual_bound * (1 - 1e-12)
        verdicts.append(compare_with_program(optimum, document).verdict)
    assert set(verdicts) == {Agreed.REACHED, Agreed.ABOVE}
    assert verdicts.count(Agreed.REACHED) == 17


# Values known by hand.


def test_one_point():
    """p_r(v) = r relu(v . (1, 1)) is steepest along (1, 1): |r| = 1/sqrt 2, and 2 r y - r^2."""
    optimum = convex_optimum(Problem.from_text([["1"]], ["3"], 1, "1"))
    assert optimum.value == pytest.approx(3 * 2**0.5 - 1 / 2, rel=1e-9)
    assert optimum.residual == pytest.approx([0.5**0.5], rel=1e-7)
    assert (optimum.cells, optimum.units) == (1, 1)


@pytest.mark.parametrize(("ridge", "value"), [("1", 1.5), ("2", 2), ("3", 2)])
def test_a_constant_on_two_points(ridge, value):
    """The unit (0, 1) is active on both, r = (t, t) with 2 t = ridge: 2 ridge - ridge^2 / 2.

    From ridge 2 on no unit pays, and the loss is |y|^2.
    """
    optimum = convex_optimum(Problem.from_text([["-1"], ["1"]], ["1", "1"], 1, ridge))
    assert optimum.value == pytest.approx(value, rel=1e-9)


def test_the_mean_loss_is_a_share_of_the_sum_with_a_larger_ridge():
    data = [["-1"], ["1"]], ["1", "1"]
    mean = convex_optimum(Problem.from_text(*data, 1, "1/2", loss="mean"))
    assert mean.value == pytest.approx(1.5 / 2, rel=1e-9)


def test_a_free_bias_fits_a_constant_and_leaves_nothing():
    problem = Problem.from_text([["-1"], ["1"]], ["1", "1"], 1, "1", output_bias="free")
    optimum = convex_optimum(problem)
    assert (optimum.value, optimum.dual_bound, optimum.units) == (0, 0, 0)
    assert compare_with_program(optimum, certified(problem)).verdict is Agreed.REACHED


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("inputs", "target"), [([-1, -1], 3), ([1, 1], -3), ([2, 0], "1/3")])
def test_what_a_free_linear_part_fits_leaves_no_unit_and_no_loss_below_zero(inputs, target):
    kinds = {"linear": "free", "output_bias": "ridge"}
    optimum = convex_optimum(Problem.from_text([inputs], [target], 1, "1", **kinds))
    assert (optimum.value, optimum.units) == (pytest.approx(0, abs=1e-12), 0)
    assert optimum.value >= 0


def test_equal_inputs_are_one_wall():
    once = convex_optimum(Problem.from_text([["0"], ["1"]], ["1", "-1"], 1, "1/10"))
    twice = Problem.from_text([["0"], ["1"], ["0"], ["1"]], ["1", "-1", "1", "-1"], 1, "1/5")
    assert convex_optimum(twice).value == pytest.approx(2 * once.value, rel=1e-8)


# The certificates.


@pytest.mark.parametrize("seed", [4, 8, 27])
def test_both_certificates_bound_the_slope_in_random_directions(seed):
    """Theorems C(5) and F(4)."""
    problem = instance(seed)
    optimum = convex_optimum(problem)
    assert optimum.is_tight
    assert 0 <= optimum.violation < 1e-6
    rows = np.array([[float(x) for x in row] for row in problem.rows])
    units = np.random.default_rng(0).standard_normal((20_000, rows.shape[1]))
    units /= np.linalg.norm(units, axis=1)[:, None]
    slopes = np.abs(np.maximum(units @ rows.T, 0) @ optimum.residual)
    slopes /= float(problem.effective_ridge)
    assert slopes.max() <= optimum.steepness * (1 + 1e-12)
    assert slopes.max() <= (1 + optimum.violation) * (1 + 1e-12)
    assert slopes.max() > 0.99 * optimum.steepness


def same(answer):
    return answer


def lie(monkeypatch, vectors=same, multipliers=same, status=same):
    """Let the solver return something else."""
    honest, lies = convex._solve, (vectors, multipliers, status)

    def solve(program):
        return tuple(told(answer) for told, answer in zip(lies, honest(program), strict=True))

    monkeypatch.setattr(convex, "_solve", solve)


def test_a_wrong_solution_shows_in_the_gap_whatever_the_solver_says(monkeypatch):
    problem = instance(4)
    honest = convex_optimum(problem)
    lie(monkeypatch, vectors=lambda w: 1.01 * w, status=lambda _: "optimal")
    found = convex_optimum(problem)
    assert found.value > honest.value
    assert found.dual_bound < honest.value
    assert not found.is_tight
    assert compare_with_program(found, certified(problem)).verdict is Agreed.UNSOLVED


def test_wrong_multipliers_show_in_the_violation(monkeypatch):
    lie(monkeypatch, multipliers=lambda alpha: 0 * alpha)
    assert convex_optimum(instance(4)).violation > 0.01


def test_a_solver_without_a_solution_is_an_error(monkeypatch):
    monkeypatch.setattr("cvxpy.Problem.solve", lambda self, **_: None)
    with pytest.raises(SolverError, match=r"^CLARABEL ended with status None: rescale the data"):
        convex_optimum(instance(0))


@pytest.mark.parametrize("package", ["cvxpy", "clarabel"])
def test_a_missing_extra_is_an_instruction(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=f"^{package} is not installed; `pip install 'relu"):
        convex_optimum(instance(0))


# Documents that lie.


REACHED, NOT_REACHED = instance(1), instance(0)


@pytest.fixture(scope="module")
def reached():
    return convex_optimum(REACHED), certified(REACHED)


@pytest.fixture(scope="module")
def not_reached():
    return convex_optimum(NOT_REACHED), certified(NOT_REACHED)


def changed(document, index, **entries):
    lying = copy.deepcopy(document)
    lying["components"][index] |= entries
    return lying


def test_a_lost_flag_is_noticed(reached):
    optimum, document = reached
    lying = changed(document, 0, global_at_every_width=False)
    assert compare_with_program(optimum, lying).verdict is Agreed.NO_FLAG


def test_an_invented_flag_is_noticed(not_reached):
    optimum, document = not_reached
    lying = changed(document, 0, global_at_every_width=True)
    assert compare_with_program(optimum, lying).verdict is Agreed.FLAG_ABOVE


def test_a_flag_on_another_component_is_noticed(reached):
    optimum, document = reached
    lying = changed(document, -1, global_at_every_width=True)
    assert float(lying["components"][-1]["loss"]) > optimum.value
    assert compare_with_program(optimum, lying).verdict is Agreed.FLAG_ABOVE


def test_a_loss_that_no_network_has_is_noticed(not_reached):
    optimum, document = not_reached
    lying = changed(document, 0, loss=str(0.999 * optimum.value))
    assert compare_with_program(optimum, lying).verdict is Agreed.BELOW


def test_minima_of_other_data_are_refused(reached, not_reached):
    with pytest.raises(IncompleteRunError, match="those of other data, or at another ridge"):
        compare_with_program(reached[0], not_reached[1])


def test_an_empty_list_is_refused(reached):
    optimum, document = reached
    with pytest.raises(IncompleteRunError, match="lists no component"):
        compare_with_program(optimum, document | {"components": []})


def test_a_loss_that_is_no_number_is_refused(reached):
    optimum, document = reached
    with pytest.raises(ValueError, match="'nan' is not a finite decimal"):
        compare_with_program(optimum, changed(document, 0, loss="nan"))


# Command line and workflow.


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,y\n-1,0.2\n1/3,-1\n0.75,1e0\n")
    given = ["minima", "data.csv", "--ridge", "1/10", "--engine", "certified"]
    assert main([*given, "--width", "all", "--output", "all.json"]) == 0
    return ["convex", "data.csv", "--ridge", "1/10"]


def test_the_command_prints_a_document_and_compares(data, capsys):
    assert main(data) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["version"]) == ("reluenum-convex", 1)
    assert "width" not in document["problem"]
    assert main([*data, "--minima", "all.json", "--output", "out.json"]) == 0
    with open("out.json") as file:
        written = json.load(file)
    assert written.pop("minima")["verdict"] == Agreed.REACHED
    assert written == document


def test_the_command_fails_on_a_disagreement(data, capsys):
    with open("all.json") as file:
        lying = changed(json.load(file), 0, global_at_every_width=False)
    with open("all.json", "w") as file:
        file.write(to_json(lying))
    assert main([*data, "--minima", "all.json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["minima"]["agrees"] is False
    assert printed.err.startswith("reluenum: all.json: value reached without a flag: lowest loss")


def test_the_command_fails_if_the_program_is_not_solved(data, monkeypatch, capsys):
    lie(monkeypatch, vectors=lambda w: 1.01 * w)
    assert main(data) == 1
    assert "below the value: too far" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ridge", "0"], "--ridge: 0 is not positive; expected"),
        (["--loss", "average"], "--loss: 'average'; expected one of sum, mean"),
        (["--minima", "data.csv"], "--minima: data.csv is not a complete JSON document"),
        (["--minima", "none.json"], "--minima: none.json: No such file"),
        (["--ridge", "1", "--minima", "all.json"], "--minima: the minima are those of other data"),
    ],
)
def test_bad_input_is_named(data, options, message, capsys):
    assert main([*data, *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"reluenum: {message}")


def test_the_command_says_how_to_get_the_extra(data, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    assert main(data) == 1
    assert capsys.readouterr().err == (
        "reluenum: cvxpy is not installed; `pip install 'reluenum[convex]'` adds it\n"
    )


def test_the_last_rule_fails_and_names_the_instance(reached, not_reached, tmp_path):
    good = convex_document(reached[0], compare_with_program(*reached))
    lying = changed(not_reached[1], 0, global_at_every_width=True)
    bad = convex_document(not_reached[0], compare_with_program(not_reached[0], lying))
    table = tmp_path / "convex.csv"
    table.write_text(convex_csv({"good": good, "bad": bad}))
    with pytest.raises(IncompleteRunError, match=r"disagree in bad \(flagged above the value\)"):
        convex_agreed.main(table, tmp_path / "convex.txt")
    assert not (tmp_path / "convex.txt").exists()
    table.write_text(convex_csv({"good": good}))
    convex_agreed.main(table, tmp_path / "convex.txt")
    assert (tmp_path / "convex.txt").read_text() == "good: value reached and flagged\n"


def test_the_first_rows_of_the_page_are_what_is_computed():
    table = [line for line in PAGE.splitlines() if line.startswith("|")]
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    assert len(rows) == 90
    assert all(row[header.index("agree")] == "yes" for row in rows)
    for row, computed in zip(rows, pages.rows_of(0), strict=False):
        assert dict(zip(header, row, strict=True)) == computed.cells()


@pytest.mark.slow
def test_the_workflow_compares_every_instance(tmp_path):
    entry = {"csv": "small.csv", "width": 3, "ridge": "1/100"}
    config = {"experiment": "small", "datasets": [entry], "solve": {"engine": "certified"}}
    Folder(tmp_path, config).succeed("convex_all")
    with open(tmp_path / "results/small/convex.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["instance"], row["agrees"]) == ("small-L3-ridge1_100", "True")
    assert float(row["lowest_loss"]) == pytest.approx(float(row["value"]), rel=1e-9)
    told = (tmp_path / "results/small/convex.txt").read_text()
    assert told == f"small-L3-ridge1_100: {Agreed.REACHED}\n"
