"""Boxes of cones (Theorem H): exact cuts, the minima of other engines, a tree to be followed."""

import base64
import io
import json
import random
import zlib
from collections import Counter
from itertools import combinations, product

import numpy as np
import pyarrow.parquet as pq
import pytest
from flint import fmpz_mat

from reluenum.documents.minima import minima_document
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.certified.prove import CertifiedEngine
from reluenum.engines.choice import engine_for
from reluenum.engines.cones.growth import Pile, root_boxes
from reluenum.engines.cones.parts import COUNT, CROSSED, CUT_DOWN, CUT_UP, MANY, PARTS, SIGN
from reluenum.engines.cones.rays import base_of, rays_of, sites_in_order
from reluenum.engines.cones.route import ConeEngine, DirectionEngine
from reluenum.engines.cones.search import follow_cones
from reluenum.engines.trees.tree import EXCLUDE, LEAF, OPEN
from reluenum.errors import InputError
from reluenum.geometry.arrangement import Arrangement, cocircuits, site_signs
from reluenum.geometry.geometry import Geometry
from reluenum.problem import Problem
from tests.support.searches import whole_search

pytestmark = pytest.mark.seconds(40)

RIDGES = ("1/1000", "1/100", "1/10", "1/2", "2")
BIASES = ("none", "free", "ridge")


def scattered(rng, size, dimension):
    inputs = [[f"{rng.uniform(-1, 1):.3f}" for _ in range(dimension)] for _ in range(size)]
    return inputs, [f"{rng.uniform(-1.5, 1.5):.3f}" for _ in range(size)]


def whole(rng, size, dimension):
    """Small whole numbers: repeated inputs, many on a line."""
    inputs = [[rng.randint(-1, 1) for _ in range(dimension)] for _ in range(size)]
    return inputs, [rng.randint(-2, 2) for _ in range(size)]


def grid(rng, size, dimension):
    """Points of a small grid, with ties and mirror images."""
    inputs = rng.sample(list(product(range(3), repeat=dimension)), size)
    return inputs, [rng.choice([-1, 0, 1]) for _ in range(size)]


KINDS = [scattered, whole, grid]


def instance(kind, seed, size=5, dimension=2, width=2):
    rng = random.Random(seed)
    while True:
        inputs, targets = kind(rng, size, dimension)
        ridge, bias = rng.choice(RIDGES), rng.choice(BIASES)
        loss = rng.choice(["sum", "mean"])
        problem = Problem.from_text(inputs, targets, width, ridge, loss, bias)
        if len(base_of(problem)) > dimension:
            return problem


def face_signs(problem):
    """The signs, at the sites in order, of all faces but the origin."""
    order = sites_in_order(problem)
    faces = (np.array(site_signs(problem, face)) for face in Arrangement.of(problem).faces)
    return [signs[order] for signs in faces if signs.any()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "dimension"), [(7, 2), (6, 3), (6, 4)])
def test_rays_are_those_of_the_arrangement(kind, size, dimension):
    problem = instance(kind, 1, size, dimension)
    rays = rays_of(problem)
    rows = [problem.sites[k].row for k in sites_in_order(problem)]
    found = {"".join("0+-"[sign] for sign in row) for row in rays.signs.tolist()}
    assert found == set(cocircuits(rows))
    assert len(rays.signs) == len(found)
    assert np.array_equal(rays.signs[::2], -rays.signs[1::2])
    scale = np.abs(rays.unit @ rays.rows.T)
    assert (scale[rays.signs == 0] < 1e-12).all()
    assert (np.sign(rays.unit @ rays.rows.T)[rays.signs != 0] == rays.signs[rays.signs != 0]).all()
    for k, chosen in enumerate(sorted(combinations(range(len(rows)), dimension), key=colex)):
        line = rays.lines[k]
        integers = [[int(e * 10**6) for e in rows[i]] for i in chosen]
        assert (line >= 0) == (fmpz_mat(integers).rank() == dimension)
        assert line < 0 or (rays.signs[2 * line, list(chosen)] == 0).all()


def colex(chosen):
    return chosen[::-1]


def statuses(faces):
    """Statuses of all sites on some faces, from the faces."""
    faces = np.array(faces)
    up, down, level = ((faces > 0).any(0), (faces < 0).any(0), (faces == 0).any(0))
    weak = np.where(level, 1, 2)
    return np.where(up & down, CROSSED, weak * (up.astype(int) - down))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "dimension"), [(7, 2), (6, 3), (6, 4)])
def test_orthants_partition_the_faces(kind, size, dimension):
    problem = instance(kind, 2, size, dimension, 1)
    rays, faces = rays_of(problem), face_signs(problem)
    boxes, owners = root_boxes(rays, 1), Counter()
    for info, status in zip(boxes.info[::-1, 0], boxes.status[::-1, 0], strict=True):
        own = [face for face in faces if agrees(face, status)]
        owners.update(tuple(face) for face in own)
        assert np.array_equal(statuses(own), status)
        assert info[MANY] == 1
    assert set(owners.values()) == {2}  # with either sign
    assert len(owners) == len(faces)


def agrees(face, status):
    """Whether a face has signs that a part with some statuses may have."""
    allowed = {-2: [-1], -1: [-1, 0], 0: [0], 1: [0, 1], 2: [1], CROSSED: [-1, 0, 1]}
    return all(sign in allowed[s] for sign, s in zip(face, status.tolist(), strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "dimension"), [(7, 2), (6, 3), (6, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_cuts_are_exact(kind, size, dimension, seed):
    """Pieces have the statuses that their faces have, whatever is cut, down to single faces."""
    rng = random.Random(seed)
    problem = instance(kind, seed, size, dimension, 1)
    rays, faces = rays_of(problem), face_signs(problem)
    roots = Pile(root_boxes(rays, 1))
    for _ in range(20):
        k = rng.randrange(len(roots))
        pile = roots[k : k + 1]
        left = [face for face in faces if agrees(face, pile.boxes.status[0, 0])]
        while True:
            status = pile.boxes.status[-1, 0]
            assert np.array_equal(statuses(left), status)
            extreme = pile.boxes.rays[-1, 0, : pile.boxes.info[-1, 0, COUNT]]
            assert len(set(extreme.tolist())) == len(extreme)
            for ray in extreme:
                assert agrees(rays.signs[ray], np.where(abs(status) == 2, status // 2, status))
            open_ = [i for i, s in enumerate(status.tolist()) if s == CROSSED or abs(s) == 1]
            if not open_:
                assert len(left) == 1
                break
            site = rng.choice(open_)
            kinds = {1: [CUT_UP], -1: [CUT_DOWN], CROSSED: [CUT_UP, CUT_DOWN]}
            cut = rng.choice(kinds[int(status[site])])
            first = [
                face for face in left if face[site] > 0 or (cut == CUT_DOWN and not face[site])
            ]
            second = [face for face in left if not any(face is other for other in first)]
            assert first
            assert second
            # The child that has the unit in the second piece comes first.
            stop = rng.choice([[OPEN], [EXCLUDE, OPEN]])
            content = np.array([cut, 0, site, *stop], dtype=np.uint8)
            *_, boxes = follow_cones(rays, content, 0, pile.boxes)
            pile, left = Pile(boxes), second if len(stop) == 1 else first


def same_lists(problem):
    ours = minima_document(ConeEngine().landscape(problem))
    theirs = CertifiedEngine().landscape(problem).written
    assert ours["components"] == theirs["components"]
    assert ours["complete"] is theirs["complete"] is True
    counts = set(ours["enumeration"]) - {"supports", "boxes", "leaves"}
    assert all(ours["enumeration"][key] == theirs["enumeration"][key] for key in counts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_minima_are_those_of_the_certified_engine(kind, seed):
    same_lists(instance(kind, seed))


@pytest.mark.parametrize("kind", KINDS)
def test_so_they_are_in_three_dimensions(kind):
    same_lists(instance(kind, 3, 5, 3))


@pytest.mark.parametrize("kind", [scattered, whole])
def test_so_they_are_with_three_units(kind):
    same_lists(instance(kind, 2, 4, 2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_so_they_are_of_many_instances(kind):
    for seed in range(10, 40):
        same_lists(instance(kind, seed, 7))


def numbers(content, place):
    """The number at a place of a tree, and the place after it."""
    value, shift = 0, 0
    while content[place] >= 128:
        value, shift, place = value + (content[place] - 128 << shift), shift + 7, place + 1
    return value + (content[place] << shift), place + 1


def followed(content, place, box, leaves):
    """Follow the tree below a box, a list of (sign, faces, multiplicity); return where it ends."""
    kind = content[place]
    if kind == EXCLUDE:
        return place + 1
    if kind == LEAF:
        assert all(len(faces) == many == 1 for _, faces, many in box)
        leaves.append([(sign, faces[0]) for sign, faces, _ in box])
        return place + 1
    assert kind in (CUT_UP, CUT_DOWN)
    chosen = content[place + 1]
    site, place = numbers(content, place + 2)
    sign, faces, many = box[chosen]
    first = [f for f in faces if f[site] > 0 or (kind == CUT_DOWN and f[site] == 0)]
    second = [f for f in faces if f[site] < 0 or (kind == CUT_UP and f[site] == 0)]
    assert first
    assert second
    for j in range(many + 1):
        halves = [(sign, first, j), (sign, second, many - j)]
        parts = [part for part in halves if part[2]]
        place = followed(content, place, [*box[:chosen], *parts, *box[chosen + 1 :]], leaves)
    return place


@pytest.mark.parametrize("kind", KINDS)
def test_a_tree_is_followed_to_its_leaves(kind):
    problem = instance(kind, 1, 6)
    rays = rays_of(problem)
    faces = [tuple(face.tolist()) for face in face_signs(problem)]
    tree, place, leaves = whole_search(ConeEngine(), problem), 0, []
    roots = root_boxes(rays, 2)
    for info, status in zip(roots.info[::-1], roots.status[::-1], strict=True):
        box = [
            (info[k, SIGN], [f for f in faces if agrees(f, status[k])], info[k, MANY])
            for k in range(PARTS)
            if info[k, MANY]
        ]
        place = followed(tree.content, place, box, leaves)
    assert place == len(tree.content)
    told = [
        [
            (sign, tuple(np.frombuffer(face, np.int8).tolist()))
            for sign, face in zip(*leaf, strict=True)
        ]
        for leaf in tree.leaves
    ]
    assert told == leaves


def test_the_certificate_has_a_record_for_each_leaf():
    problem = instance(whole, 5, 6)
    found = ConeEngine().landscape(problem)
    record = dict(found.certificate)
    assert record["format"] == "reluenum-cones"
    content = zlib.decompress(base64.b64decode(record["tree"]))
    tree = whole_search(ConeEngine(), problem)
    assert content == tree.content
    table = pq.read_table(io.BytesIO(base64.b64decode(record["data"])))
    assert json.loads(table.schema.metadata[b"reluenum"])["problem_sha256"] == problem.digest
    assert (record["boxes"], record["records"]) == (tree.boxes, len(tree.leaves))
    rows = [[float(e) for e in problem.sites[k].row] for k in sites_in_order(problem)]
    assert np.linalg.matrix_rank(np.array(rows)[record["base"]]) == 3
    minima = 0
    for (sides, faces), row in zip(tree.leaves, table.to_pylist(), strict=True):
        if row["verdict"] == "minimum":
            minima += 1
            heights = np.array(row["w"]).reshape(-1, 3) @ np.array(rows).T
            for side, face, height in zip(sides, faces, heights, strict=True):
                signs = np.frombuffer(face, np.int8) * side
                assert (abs(height[signs == 0]) < 1e-9).all()
                assert (height * signs)[signs != 0].min() > 0
    assert minima


def test_the_engine_is_that_of_the_dimension():
    line = Problem.from_text([["0"], ["1"], ["3"]], ["0", "2", "1"], 1, "1/2")
    found = DirectionEngine().landscape(line)
    assert found.certificate == BranchEngine().landscape(line).certificate
    plane = instance(scattered, 0, 4, 2, 1)
    assert DirectionEngine().landscape(plane).certificate["format"] == "reluenum-cones"


@pytest.mark.parametrize(
    ("inputs", "width", "words"),
    [
        ([[0, 1], [1, 0], [2, -1]], 1, "dimension 2 that span 1"),
        ([[0, 1, 0], [1, 0, 0], [2, 2, 0]], 1, "dimension 3 that span 2"),
        ([[0, 1], [1, 0], [2, 2]], 5, "width 5"),
    ],
)
def test_what_it_cannot_do_is_refused(inputs, width, words):
    problem = Problem.from_text(inputs, [1, 0, 2], width, 1)
    with pytest.raises(InputError, match=words):
        engine_for(problem, "branch").refuse_astronomical(problem)


def test_leaves_have_the_numbers_of_live_faces():
    problem = instance(whole, 4, 6)
    tree, geometry = whole_search(ConeEngine(), problem), Geometry.of(problem)
    faces, order = geometry.arrangement.live_faces, sites_in_order(problem)
    assert tree.leaves
    for (_, signs), (_, places) in zip(
        tree.leaves, ConeEngine().placed_leaves(geometry, tree), strict=True
    ):
        for own, place in zip(signs, places, strict=True):
            expected = np.array(site_signs(problem, faces[place]), dtype=np.int8)[order]
            assert np.array_equal(np.frombuffer(own, np.int8), expected)
