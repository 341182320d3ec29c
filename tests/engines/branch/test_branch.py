"""Boxes of directions (Theorem H): the minima of other engines, and a tree that can be followed."""

import base64
import hashlib
import io
import json
import random
import subprocess
import sys
import zlib

import numpy as np
import pyarrow.parquet as pq
import pytest

from reluenum.documents.minima import minima_document
from reluenum.engines import checked
from reluenum.engines.branch.circle import circle_numbers, circle_of
from reluenum.engines.branch.growth import roots
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.branch.search import CUT, SHRINK
from reluenum.engines.certified.prove import CertifiedEngine
from reluenum.engines.choice import engine_for, engine_of
from reluenum.engines.trees.tree import EXCLUDE, LEAF
from reluenum.errors import InputError
from reluenum.geometry.geometry import Geometry
from reluenum.problem import Problem
from reluenum.verify import CertificateError
from reluenum.verify.boxes.tree import Tree
from tests.support.searches import whole_search

pytestmark = pytest.mark.seconds(5)

RIDGES = ("1/1000", "1/100", "1/10", "1/2", "2")
BIASES = ("none", "free", "ridge")


def scattered(rng, size):
    inputs = [f"{rng.uniform(-1, 1):.3f}" for _ in range(size)]
    return inputs, [f"{rng.uniform(-1.5, 1.5):.3f}" for _ in range(size)]


def repeated(rng, size):
    inputs = [rng.randint(-2, 2) for _ in range(size - 2)] + [-3, 3]
    return inputs, [rng.randint(-2, 2) for _ in range(size)]


def mirrored(rng, size):
    half = list(range(1, size // 2 + 1))
    values, sign = [rng.randint(-2, 2) for _ in half], rng.choice([1, -1])
    return [*half, *(-x for x in half)], [*values, *(sign * y for y in values)]


def instance(kind, seed, largest=6, width=2):
    rng = random.Random(seed)
    inputs, targets = kind(rng, rng.randint(4, largest))
    ridge, bias = rng.choice(RIDGES), rng.choice(BIASES)
    loss = rng.choice(["sum", "mean"])
    return Problem.from_text([[x] for x in inputs], targets, width, ridge, loss, bias)


def same_lists(problem):
    ours = minima_document(BranchEngine().landscape(problem))
    theirs = CertifiedEngine().landscape(problem).written
    assert ours["components"] == theirs["components"]
    assert ours["complete"] is theirs["complete"] is True
    counts, every = ours["enumeration"], theirs["enumeration"]
    assert counts.pop("supports") == every.pop("supports_examined")
    assert counts.pop("leaves") < counts.pop("boxes")
    del every["stationary"]
    assert counts == every


@pytest.mark.parametrize("kind", [scattered, repeated, mirrored])
@pytest.mark.parametrize("seed", range(4))
def test_minima_are_those_of_the_certified_engine(kind, seed):
    same_lists(instance(kind, seed))


@pytest.mark.parametrize("kind", [scattered, repeated])
def test_so_they_are_with_three_units(kind):
    same_lists(instance(kind, 7, 5, 3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [scattered, repeated, mirrored])
def test_so_they_are_of_many_instances(kind):
    for seed in range(10, 40):
        same_lists(instance(kind, seed, 9))


def test_slopes_that_are_0_are_not_taken_for_more():
    """Of a free bias: what all data give together is 0, but for what rounding leaves of it."""
    inputs, targets = [0] * 5 + [1] * 5 + [3] * 3 + [1] * 4, [1] * 5 + [-1] * 5 + [2] * 3 + [0] * 4
    same_lists(Problem.from_text([[x] for x in inputs], targets, 2, "1/10", "mean", "free"))


def numbers(stream):
    """The numbers at the next bytes, seven bits a byte."""
    while True:
        value, shift = 0, 0
        while (byte := stream.read(1)[0]) >= 128:
            value, shift = value + (byte - 128 << shift), shift + 7
        yield value + (byte << shift)


def followed(stream, box):
    """Follow the tree below a box; yield its nodes, with the leaves."""
    byte = stream.read(1)[0]
    while byte == SHRINK:
        given = numbers(stream)
        box = [(s, lo + next(given), hi - next(given), many) for s, lo, hi, many in box]
        assert all(lo < hi for _, lo, hi, _ in box)
        byte = stream.read(1)[0]
    assert byte in (EXCLUDE, LEAF, CUT)
    yield box if byte == LEAF else None
    if byte == CUT:
        place = stream.read(1)[0]
        first = next(numbers(stream))
        sign, lo, hi, many = box[place]
        assert 0 < first < hi - lo
        for j in range(many + 1):
            halves = [(sign, lo, lo + first, j), (sign, lo + first, hi, many - j)]
            parts = [part for part in halves if part[3]]
            yield from followed(stream, [*box[:place], *parts, *box[place + 1 :]])


def test_a_tree_is_followed_to_its_leaves():
    problem = instance(scattered, 2)
    circle = circle_of(problem)
    tree = whole_search(BranchEngine(), problem)
    stream = io.BytesIO(tree.content)
    nodes = [node for root in roots(circle.faces, 2) for node in followed(stream, root)]
    assert stream.read() == b""
    assert len(nodes) == tree.boxes
    leaves = [box for box in nodes if box is not None]
    assert leaves
    assert all((hi - lo, many) == (1, 1) for box in leaves for _, lo, hi, many in box)
    told = [(tuple(s for s, *_ in box), tuple(lo for _, lo, *_ in box)) for box in leaves]
    assert told == tree.leaves


def test_a_box_is_a_leaf_only_if_all_parts_are_single_faces():
    """Also where a guess of what is to be cut is no number, as in boxes of this problem."""
    draw = np.random.default_rng(0)
    targets = [f"{v}/100" for v in draw.integers(-150, 150, 50).tolist()]
    inputs = [[f"{2 * k - 49}/50"] for k in range(50)]
    found = whole_search(BranchEngine(), Problem.from_text(inputs, targets, 3, "1/100"))
    tree = Tree(found.content, found.boxes, len(found.leaves))
    claims = sum(len(boxes) for boxes, *_ in tree.read(197, 3))
    assert 0 < claims < tree.nodes == found.boxes
    assert tree.leaves == len(found.leaves)


def test_the_certificate_has_a_record_for_each_leaf_in_the_order_of_its_parts():
    problem = instance(scattered, 2)
    found = BranchEngine().landscape(problem)
    record = dict(found.certificate)
    content = zlib.decompress(base64.b64decode(record["tree"]))
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    table = pq.read_table(io.BytesIO(base64.b64decode(record["data"])))
    assert json.loads(table.schema.metadata[b"reluenum"])["problem_sha256"] == problem.digest
    tree = whole_search(BranchEngine(), problem)
    assert (record["boxes"], record["records"]) == (tree.boxes, len(tree.leaves))
    live = Geometry.of(problem).arrangement.live_faces
    signs = {int(k): face for k, face in zip(circle_numbers(problem, live), live, strict=True)}
    minima = 0
    for (sides, faces), row in zip(tree.leaves, table.to_pylist(), strict=True):
        if row["verdict"] != "minimum":
            continue
        minima += 1
        for k, (side, face) in enumerate(zip(sides, faces, strict=True)):
            for i, sign in enumerate(signs[face].signs):
                height = row["w"][2 * k] * float(problem.inputs[i][0]) + row["w"][2 * k + 1]
                expected = {"+": 1, "-": -1, "0": 0}[sign] * side
                assert abs(height) < 1e-9 if expected == 0 else height * expected > 0
    assert minima


def test_zero_may_be_the_only_minimum():
    problem = Problem.from_text([[x] for x in (-9, -3, -1, 0, 1, 3, 9)], [0] * 7, 1, 1)
    found = BranchEngine().landscape(problem)
    assert found.certificate["records"] == 0
    assert found.certificate["data"] == ""
    same_lists(problem)


@pytest.mark.parametrize("kind", [scattered, repeated])
def test_a_list_is_called_complete_if_the_checker_has_followed_its_tree(kind):
    assert engine_of("branch").landscape(instance(kind, 5)).is_complete


def test_otherwise_it_is_not(monkeypatch):
    def refuses(*_, **__):
        raise CertificateError("a box: not seen")

    monkeypatch.setattr(checked, "verify", refuses)
    found = engine_of("branch").landscape(instance(scattered, 5))
    assert not found.is_complete
    (left,) = found.undecided
    assert left.reason.startswith("all leaves were decided, but the checker did not prove the list")
    assert minima_document(found)["enumeration"]["undecided"] == 1


@pytest.mark.parametrize(
    ("inputs", "width", "words"),
    [
        ([[1], [1], [1]], 1, "1 distinct inputs"),
        ([[0], [1], [2]], 5, "width 5"),
        ([[0], [1], [2]], [2, 1], "2 hidden layers"),
    ],
)
def test_what_it_cannot_do_is_refused(inputs, width, words):
    problem = Problem.from_text(inputs, [1, 0, 2], width, 1)
    with pytest.raises(InputError, match=words):
        engine_for(problem, "branch").refuse_astronomical(problem)


def test_it_has_no_tree_of_basins():
    from reluenum.basins.disconnectivity import disconnectivity

    document = minima_document(BranchEngine().landscape(instance(scattered, 5)))
    with pytest.raises(InputError, match="no saddles"):
        disconnectivity(document)


ONCE = """
import sys
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.trees.growth import grown_tree
from reluenum.problem import Problem

search = BranchEngine().search(Problem.from_text([["-1"], ["1"]], ["0", "2"], 1, "1/2"))
print(grown_tree(search, search.roots()).content.hex(), "numba.np.linalg" in sys.modules)
"""


def test_machine_code_is_loaded_without_what_compiles():
    """The second process finds what the first one has compiled, if that was not there already."""
    command = [sys.executable, "-c", ONCE]
    first, second = (
        subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        for _ in range(2)
    )
    assert second == [first[0], "False"]
