"""Textbook data: whole numbers, symmetry and exact transitions never make a certificate refused."""

import base64
import io
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import comb

import pyarrow.parquet as pq
import pytest
from flint import arb, ctx

from reluenum import Problem
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import certify_problem, prove
from reluenum.engines.certified.questions import AtWidth, EveryWidth
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.landscape.components import components_of
from reluenum.verify import verify
from reluenum.verify.exact import Data
from reluenum.verify.landscape import Landscape
from reluenum.verify.reals import LEVELS
from reluenum.verify.records import Proof, read_descriptions
from tests.support.oracles import reference_problem
from tests.support.textbook import instance, refusals

pytestmark = pytest.mark.seconds(45)

XOR = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]

CORNERS = [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "1"]]

ALL = "all"

NUMBERS = [number for number in range(121) if number != 114]
"""Number 114 has six million supports at every width: a minute, which `make textbook` takes."""


@pytest.mark.parametrize("first", range(0, 120, 15))
def test_no_certificate_of_textbook_data_is_refused(first, tmp_path):
    assert list(refusals(NUMBERS[first : first + 15], tmp_path)) == []


def test_the_instances_are_of_every_kind():
    drawn = [instance(number) for number in range(400)]
    assert {found.kind for found in drawn} == {
        *("grid", "line", "halves", "XOR", "hat", "step"),
        *("mirror", "equal", "constant", "cube", "transition"),
    }
    assert {len(found.problem.targets) for found in drawn} >= set(range(1, 7))
    assert {found.problem.dimension for found in drawn} == {1, 2, 3}


@pytest.mark.parametrize(
    ("inputs", "targets", "width", "ridge", "conventions"),
    [
        pytest.param(["-1", "1", "3"], [2, 0, 2], 2, "1/100", {}, id="valley"),
        pytest.param(["-1", "0", "1"], [0, 1, 1], ALL, "1/100", {}, id="ramp, every width"),
        pytest.param(XOR, [0, 1, 1, 0], 4, "1/100", {}, id="XOR", marks=pytest.mark.slow),
        pytest.param(CORNERS, [0, 1, 1, 0], 3, "1/100", {}, id="XOR of signs"),
        pytest.param(["-1", "0", "1"], [1, 0, 1], ALL, "1/10", {}, id="absolute value"),
        pytest.param(["-1", "1", "-2"], [-2, 2, -1], 2, "1/100", {"loss": "mean"}, id="mean loss"),
        pytest.param(["3/4"], [2], 1, "24999999/10000000", {}, id="unit of length 1e-4"),
        pytest.param(
            ["3/4", "1/2", "-1"], [2, 1, 1], 2, f"{3 * 10**20 - 1}/{10**20}", {}, id="small units"
        ),
        pytest.param(
            ["-2", "-1", "1", "2"],
            [2, -1, Fraction(1 - 10**150, 10**150), 2],
            2,
            "1/10",
            {},
            id="losses that differ by 1e-150",
        ),
        pytest.param(
            [[f"1.{19 * '0'}1", f"1.{19 * '0'}1", -1], [f"0.{20 * '9'}", 1, -1], [-1, -1, -1]],
            [1, 0, 0],
            2,
            "1/2",
            {"output_bias": "ridge"},
            id="nearly equal inputs",
        ),
        pytest.param(
            [*"012345"], [0, 0, 0, 1, 1, 1], 2, "1/100", {"output_bias": "free"}, id="step"
        ),
        pytest.param(["3/4"], [2], 1, f"{25 * 10**79 - 1}/{10**80}", {}, id="unit of length 1e-40"),
        pytest.param(
            ["-4/3", "3/4"],
            [Fraction(10**120 + 3, 10**120), Fraction(10**120 + 1, 10**120 // 2)],
            3,
            "5/2",
            {},
            id="unit of length 1e-60",
        ),
        pytest.param(
            ["-2", f"{2 * 10**40 + 1}/{10**40}"],
            [0, -2],
            2,
            "1/4",
            {"output_bias": "free"},
            id="residuals that nearly agree",
        ),
        pytest.param(
            ["2", "5", "-2", "-5", "0"],
            [2, 0, 2, 0, -2],
            ALL,
            "1/2",
            {"output_bias": "ridge"},
            id="a zero on one vertex, described on another with its residual",
        ),
    ],
)
def test_known_ties_are_proved(inputs, targets, width, ridge, conventions, tmp_path):
    rows = [[x] if isinstance(x, str) else x for x in inputs]
    fixed = 1 if width == ALL else width
    problem = Problem.from_text(rows, targets, fixed, ridge, **conventions)
    path = tmp_path / "minima.json"
    question = EveryWidth if width == ALL else AtWidth
    path.write_text(to_json(certify_problem(problem, question=question).document))
    verify(path)


@pytest.mark.parametrize("exponent", [-20, -12, 12, 20])
@pytest.mark.parametrize("scaled", ["targets", "inputs", "both"])
def test_no_scale_of_the_data_is_refused(exponent, scaled, tmp_path):
    """(a, v) -> (c a, c v) carries targets c^2 y and ridge c^2 lambda to y and lambda."""
    factor = f"e{exponent}"
    x, y = (factor if scaled in (kind, "both") else "" for kind in ("inputs", "targets"))
    ridge = "1" + (
        factor if scaled == "targets" else f"e{2 * exponent}" if scaled == "both" else ""
    )
    problem = Problem.from_text(
        [[f"1{x}"], [f"-2{x}"], [f"0.5{x}"]], [f"1{y}", f"3{y}", f"-2{y}"], 2, ridge
    )
    path = tmp_path / "minima.json"
    task = Task(problem, 2)
    path.write_text(to_json(prove(task, surveyed(task)).document))
    verify(path)


def test_radii_shrink_with_the_square_root_of_the_precision():
    """The gap of Lemma 8 is quadratic in the error of w: what is left is rounding, squared."""
    task = Task(reference_problem(2, "1/100"), 2)
    document = prove(task, surveyed(task)).document
    proof = Proof(Data(document["problem"]), {})
    with ctx.workprec(LEVELS[0]):
        proof.read(_records(document))
    for core in proof.cores.values():
        for bits in (256, 512) if core.support else ():
            ball = next(core.residuals(bits))
            assert ball.radius < arb(2) ** (8 - bits // 2)


# Unions of any size: three pairs of opposite edges of a regular tetrahedron.

TETRAHEDRON = Problem.from_text(
    [["2", "2", "2"], ["2", "-2", "-2"], ["-2", "2", "-2"], ["-2", "-2", "2"]], [1] * 4, 2, "1"
)


@pytest.fixture(scope="module")
def tetrahedron():
    task = Task(TETRAHEDRON, 2)
    return prove(task, surveyed(task))


def test_valid_supports_have_more_faces_than_there_are_data(tetrahedron):
    """The residual (1, 1, 1, 1) / sqrt 20 makes the six cells with two + tight, and all good.

    Its vertex supports are the three perfect matchings of the data; any union of them is valid.
    """
    group = next(
        group
        for group in tetrahedron.answer.found.classes
        if not group.is_global and group.valid_unions(6)
        if len(group.stationary.vertices) == 3
    )
    supports = group.valid_unions(6)
    assert Counter(map(len, supports)) == {2: 3, 4: 3, 6: 1}
    assert sorted(face.signs for face in supports[-1]) == sorted(
        ["++--", "+-+-", "+--+", "-++-", "-+-+", "--++"]
    )
    for width in range(2, 8):
        counted = sum(comb(width - 1, len(support) - 1) for support in supports)
        wide = TETRAHEDRON.with_width(width)
        at_width = replace(group, stationary=replace(group.stationary, problem=wide))
        assert len(list(components_of(wide, at_width))) == counted
    assert sum(comb(5, len(support) - 1) for support in supports) == 46


def test_solver_and_checker_count_unions_of_any_size(tetrahedron):
    found = EveryWidth(tetrahedron.answer.found)
    sizes = found.not_global
    assert sizes[6] >= 1
    data = Data(tetrahedron.document["problem"])
    proof = Proof(data, read_descriptions(data, tetrahedron.document["certificate"]["exact"]))
    proof.read(_records(tetrahedron.document))
    data.width = ALL
    counted = Landscape(proof)
    assert sizes == Counter(map(len, counted.minimal))
    by_size = found.to_document()["every_width"]["by_size"]
    assert {row["size"]: row["not_global"] for row in by_size if row["not_global"]} == sizes
    assert [row["size"] for row in by_size if row["examined"] == 0] == [s for s in sizes if s > 2]


def _records(document):
    content = base64.b64decode(document["certificate"]["data"])
    return (tuple(row.values()) for row in pq.read_table(io.BytesIO(content)).to_pylist())


def test_documents_of_every_width_count_what_single_widths_list():
    problem = Problem.from_text([["-1"], ["0"], ["1"]], [0, 1, 1], 3, "1/100")
    task = Task(problem, 3)
    every = prove(task, surveyed(task), EveryWidth).document
    for row in every["every_width"]["widths"]:
        single = Task(problem.with_width(row["width"]), row["width"])
        document = prove(single, surveyed(single)).document
        assert len(document["components"]) == row["components"]
