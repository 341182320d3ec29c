"""Lists with a tree of cones: honest ones are proved, changed ones are not."""

import base64
import copy
import hashlib
import json
import zlib
from collections import Counter
from itertools import product

import numpy as np
import pytest

from reluenum import Problem
from reluenum.verify.cones.arrangement import ANY, NEGATIVE, POSITIVE, ZERO, ascending, within
from reluenum.verify.cones.centre import holds
from reluenum.verify.cones.cover import hold
from reluenum.verify.cones.tables import tables
from reluenum.verify.cones.tree import (
    PIECES,
    Part,
    Tree,
    empty_stack,
    orthants,
    pieces,
    roots,
    with_box,
    with_children,
)
from reluenum.verify.exact import Data, cocircuits, covectors
from tests.support.boxes import certified, good_supports
from tests.support.checking import checked, refused
from tests.support.cones import (
    base_of,
    boxes_of,
    coned,
    pile_of,
    problem_of,
    random_box,
    settled,
    signs_of,
)
from tests.support.machine_code import ways
from tests.support.trees import content_of, records_of, said, with_records, with_tree

pytestmark = pytest.mark.seconds(300)  # most of them once, to compile the checker of cones

SETS = (POSITIVE, NEGATIVE, ZERO, POSITIVE | ZERO, NEGATIVE | ZERO, ANY)


def data_of(problem):
    return Data(json.loads(json.dumps(dict(problem.to_document()))))


@pytest.mark.parametrize("seed", range(8))
def test_random_lists_are_proved(seed, tmp_path):
    """Theorem H with the roots of Lemma 55."""
    document = coned(problem_of(seed, size=5 if seed % 5 == 4 else None))
    report = checked(document, tmp_path)
    assert report.boxes == document["certificate"]["boxes"]
    assert report.components == len(document["components"])


@pytest.mark.parametrize("seed", range(20))
def test_no_box_around_a_minimum_is_excluded(seed):
    """Whatever the box, and however degenerate the data (Lemmas 53, 54, Lemma 56, Lemma 57)."""
    document, data, _ = certified(problem_of(seed, width=2, size=4 if seed % 5 == 4 else 5))
    problem, base = tables(data), base_of(data)
    draw = np.random.default_rng(seed)
    for sides in good_supports(document):
        units = [(sign, signs_of(data, place)) for place, sign in sides.items()]
        boxes = [random_box(draw, problem[0], units, base) for _ in range(80)]
        assert not any(settled(problem, box) for box in boxes)


def test_boxes_of_several_units_are_among_those():
    """Two units of one sign in one part, and parts of one sign: hulls of groups are tried."""
    found = Counter()
    for seed in range(0, 20, 2):
        document, data, _ = certified(problem_of(seed, width=2, size=5, dimension=2))
        problem, base = tables(data), base_of(data)
        draw = np.random.default_rng(seed)
        for sides in good_supports(document):
            if sorted(sides.values()) in ([1, 1], [-1, -1]):
                units = [(sign, signs_of(data, place)) for place, sign in sides.items()]
                boxes = [random_box(draw, problem[0], units, base) for _ in range(20)]
                assert not any(settled(problem, box) for box in boxes)
                found.update(len(box) for box in boxes)
    assert min(found[1], found[2]) > 5


@pytest.fixture(scope="module")
def honest():
    return coned(problem_of(0, width=2, size=6, dimension=2))


def leaf_bytes(document):
    """The places of the bytes of leaves in a tree."""
    places = []

    class Told(Tree):
        def leaf(self, box):
            places.append(int(self.counts[0]) - 1)
            super().leaf(box)

    certificate, data = document["certificate"], Data(document["problem"])
    arrangement, _ = tables(data)
    counts = certificate["boxes"], certificate["records"]
    tree = Told(bytes(content_of(document)), arrangement, *counts)
    assert all(tree.read(orthants(arrangement, certificate["base"]), data.width))
    return places


def test_no_leaf_with_a_minimum_can_be_called_empty(honest, tmp_path):
    records, content = records_of(honest), content_of(honest)
    minima = [k for k, record in enumerate(records) if record["verdict"] == "minimum"]
    places = leaf_bytes(honest)
    assert len(minima) > 1
    for k in minima:
        changed = bytearray(content)
        changed[places[k]] = 0
        damaged = with_records(with_tree(honest, changed), records[:k] + records[k + 1 :])
        damaged["certificate"]["records"] -= 1
        refused(damaged, tmp_path, "not seen that it holds no minimum")


def test_no_subtree_with_a_minimum_can_be_left_out(honest):
    """The roots of each good support, called empty, one after the other."""
    data = Data(honest["problem"])
    problem = tables(data)
    tops = list(roots(orthants(problem[0], honest["certificate"]["base"]), data.width))
    held = set()
    for sides in good_supports(honest):
        units = [(sign, signs_of(data, place)) for place, sign in sides.items()]
        (number,) = (k for k, box in enumerate(tops) if holds_units(box, units))
        held.add(number)
    assert held
    for number in held:
        with pytest.raises(ValueError, match="not seen that it holds no minimum"):
            hold(problem, iter([pile_of([tops[number]])]))


def holds_units(box, units):
    """Whether units can be dealt to the parts of a box whose parts of one sign are disjoint."""

    def lies_in(face, cone):
        bits = np.array([NEGATIVE, ZERO, POSITIVE])[np.array(face) + 1]
        return (cone.allowed & bits).all()

    counts = [sum(s == part.sign and lies_in(f, part.cone) for s, f in units) for part in box]
    return counts == [part.units for part in box] and sum(counts) == len(units)


def test_a_tree_with_another_byte_is_refused_or_true_as_well(honest, tmp_path):
    """Sites and parts of cuts, and kinds of nodes: a true tree holds the same minima."""
    content, draw = content_of(honest), np.random.default_rng(0)
    refused_ones = 0
    for place in draw.integers(0, len(content), 24).tolist():
        changed = bytearray(content)
        changed[place] ^= int(draw.integers(1, 4))
        words, _ = said(with_tree(honest, changed), tmp_path / "minima.json", 1)
        refused_ones += not words.startswith("proved")
    assert refused_ones > 12


def test_the_seal_the_base_and_the_records_are_checked(honest, tmp_path):
    document = copy.deepcopy(honest)
    document["certificate"]["sha256"] = "0" * 64
    refused(document, tmp_path, "sha256")
    content, records = content_of(honest), records_of(honest)
    refused(with_tree(honest, content[:-1]), tmp_path, "fewer bytes than nodes")
    refused(with_tree(honest, content + b"\0"), tmp_path, "more bytes than nodes")
    refused(with_tree(honest, bytes([7]) + content), tmp_path, "without meaning")
    refused(with_records(honest, records[:-1]), tmp_path, "records")
    refused(with_records(honest, [records[1], records[0], *records[2:]]), tmp_path, "record")
    for base in ([0, 1], [0, 1, 1], [0, 1, 99], [0, 1, True], "012", None, [5, 4, 3]):
        document = copy.deepcopy(honest)
        document["certificate"]["base"] = base
        refused(document, tmp_path)
    for count in (-(10**30), 0, 10**30):
        document = copy.deepcopy(honest)
        document["certificate"]["boxes"] = count
        refused(document, tmp_path, "boxes")
    for key in ("base", "boxes", "tree"):
        document = copy.deepcopy(honest)
        del document["certificate"][key]
        refused(document, tmp_path, key)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem.from_text([["0", "0"], ["1", "0"], ["0", "1"]], ["0", "1", "2"], 5, "1"), "width"),
        (Problem.from_text([["0"], ["1"], ["2"]], ["0", "1", "2"], 1, "1"), "on a line"),
        (Problem.from_text([["0", "0"], ["1", "1"]], ["0", "1"], 1, "1"), "hyperplane"),
    ],
)
def test_other_problems_are_refused(honest, problem, text, tmp_path):
    document = copy.deepcopy(honest)
    document["problem"] = json.loads(json.dumps(dict(problem.to_document())))
    text_of = json.dumps(document["problem"], sort_keys=True).encode()
    document["certificate"]["problem_sha256"] = hashlib.sha256(text_of).hexdigest()
    refused(with_records(document, []), tmp_path, text if text != "hyperplane" else None)


def test_a_proof_does_not_depend_on_the_number_of_threads(honest, tmp_path):
    answers = [said(honest, tmp_path / "minima.json", jobs) for jobs in (1, 2)]
    assert answers[0] == answers[1]
    assert answers[0][0].startswith("proved")


# Cones, exactly.


def all_faces(data):
    """The signs of sites on all faces but the zero vector."""
    order, rays = ascending(data), cocircuits(dict(enumerate(data.rows)))
    for plus, minus in covectors(rays, len(data.rows), 1 << 20):
        if plus | minus:
            yield [(plus >> k & 1) - (minus >> k & 1) for k in order]


@pytest.mark.parametrize("seed", range(6))
def test_signs_on_cones_are_those_of_their_faces(seed):
    """Lemma 55, against all faces, for random conditions in an orthant and cuts of it."""
    data = data_of(problem_of(seed, size=6))
    (arrangement, _), draw = tables(data), np.random.default_rng(seed)
    faces, base = np.array(list(all_faces(data))), base_of(data)
    bits = np.array([NEGATIVE, ZERO, POSITIVE])[faces + 1]
    seen = Counter()
    for cone in orthants(arrangement, base) * 8:
        while True:
            site = int(draw.integers(len(cone.allowed)))
            for signs in SETS:
                allowed = cone.allowed.copy()
                allowed[site] &= signs
                inside = ((bits & allowed) > 0).all(axis=1)
                found, whole = within(arrangement, allowed), np.bitwise_or.reduce(bits[inside])
                assert (found is None) == (not inside.any())
                assert found is None or found.found.tolist() == whole.tolist()
                seen[found is None] += 1
            kind = list(PIECES)[int(draw.integers(2))]
            good, *halves = pieces(arrangement, cone, site, kind)
            if not good:
                break
            cone = halves[int(draw.integers(2))]
            direct = within(arrangement, cone.allowed)
            assert sorted(cone.rays) == sorted(direct.rays)
            if cone.is_face:
                break
    assert min(seen.values()) > 20


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_roots_and_children_hold_every_support_once(seed):
    """All pairs of signed faces (Theorem H, Lemma 55)."""
    data = data_of(problem_of(seed, width=2, size=4))
    arrangement, _ = tables(data)
    faces, draw = list(all_faces(data)), np.random.default_rng(seed)
    tops = list(roots(orthants(arrangement, base_of(data)), 2))
    for _ in range(60):
        one, other = draw.integers(len(faces), size=2).tolist()
        signs = draw.choice([-1, 1], 2).tolist()
        units = [(signs[0], faces[one]), (signs[1], faces[other])]
        units = units[: 1 + ((signs[0], one) != (signs[1], other))]
        (box,) = (box for box in tops if holds_units(box, units))
        for place, site, kind in product(range(len(box)), range(len(faces[0])), PIECES):
            good, *halves = pieces(arrangement, box[place].cone, site, kind)
            if good:
                stack = with_box(empty_stack(len(faces[0])), box)
                children = boxes_of(with_children(stack, place, *halves))
                assert sum(holds_units(child, units) for child in children) == 1


def test_a_leaf_is_one_face_with_one_unit_each(honest):
    data = Data(honest["problem"])
    arrangement, _ = tables(data)
    cone = orthants(arrangement, base_of(data))[0]
    tree = Tree(b"", arrangement, 9, 9)
    with pytest.raises(ValueError, match="more than one support"):
        tree.leaf((Part(1, 1, cone),))
    allowed = np.array([NEGATIVE, ZERO, POSITIVE], np.uint8)[np.array(next(all_faces(data))) + 1]
    face = within(arrangement, allowed)
    with pytest.raises(ValueError, match="a face twice"):
        tree.leaf((Part(1, 1, face), Part(-1, 1, face)))
    with pytest.raises(ValueError, match="more than one support"):
        tree.leaf((Part(1, 2, face),))
    tree.leaf((Part(1, 1, face),))
    assert len(tree.leaves) == 1


def test_bounds_need_a_positive_guess():
    """Lemma 51: z > a + M z says nothing if z is not positive."""
    half, base = np.array([[0.5]]), np.array([0.1])
    assert holds(half, base, np.array([1.0]))
    assert not holds(half, base, np.array([0.1]))
    assert not holds(np.array([[2.0]]), base, np.array([-1.0]))
    assert not holds(half, np.array([np.nan]), np.array([1.0]))
    assert not holds(half, base, np.array([np.inf]))


def test_a_damaged_tree_is_refused(honest, tmp_path):
    for content in (b"no zlib", zlib.compress(b"\0")[:-1] + b"?"):
        document = copy.deepcopy(honest)
        document["certificate"]["tree"] = base64.b64encode(content).decode()
        refused(document, tmp_path, "the tree is damaged")


def test_a_way_off_leaves_one_hyperplane_and_no_other():
    """Also of inputs that are close, so that steps from one to the other are short."""
    inputs = [["0", "0"], ["1", "1"], ["1001/1000", "1"], ["-1", "1/2"]]
    table = tables(data_of(Problem.from_text(inputs, ["1", "2", "-1", "0"], 2, "1/10")))[1]
    places = [k for k, row in enumerate(table.rows) if row[1] / row[2] == 1]
    above = np.zeros(4)
    assert len(ways(table, above, above)) == 0
    above[places] = -0.5
    found = ways(table, above, np.zeros(4))
    heights = found @ table.rows[places].T
    assert len(found) == 2 * len(places) == 4
    assert np.allclose((found**2).sum(axis=1), 1)
    assert ((abs(heights) > 1e-6).sum(axis=1) == 1).all()
    assert Counter(np.sign(heights[abs(heights) > 1e-6])) == {1.0: 2, -1.0: 2}
    above[:] = -0.5  # more sites than a vector has numbers
    assert len(ways(table, above, np.zeros(4))) == 0
