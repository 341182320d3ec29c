"""Lists with a tree of boxes: honest ones are proved, changed ones are not."""

import base64
import copy
import hashlib
import json
import zlib
from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from reluenum import Problem
from reluenum.verify.boxes import tree as tree_of_boxes
from reluenum.verify.boxes.cover import hold, settled
from reluenum.verify.boxes.joint import holds
from reluenum.verify.boxes.line import actives
from reluenum.verify.boxes.spans import LineData
from reluenum.verify.boxes.sums import UNSURE, inner, loads, numbers, pull
from reluenum.verify.boxes.tree import Limits, Tree, box_of, children, parts_of, read_nodes, roots
from reluenum.verify.exact import Data
from reluenum.verify.reals import CertificateError
from reluenum.verify.residuals import Ball
from reluenum.verify.trees import batches
from tests.support.boxes import boxed, certified, good_supports, problem_of
from tests.support.checking import checked, refused
from tests.support.trees import content_of, records_of, said, with_records, with_tree

pytestmark = pytest.mark.seconds(240)  # most of them once, to compile the checker of boxes


@pytest.mark.parametrize("seed", range(24))
def test_random_lists_are_proved(seed, tmp_path):
    problem = problem_of(seed)
    document = boxed(problem)
    report = checked(document, tmp_path)
    assert report.boxes == document["certificate"]["boxes"]
    assert f"{report.boxes} boxes" in report.summary
    assert report.components == len(document["components"])


@pytest.fixture(scope="module")
def honest():
    return boxed(problem_of(4, width=2, size=6))


def leaf_bytes(document):
    """The places of the bytes of leaves in a tree."""
    problem, content = document["problem"], np.frombuffer(content_of(document), np.uint8)
    live = 4 * len({tuple(x) for x in problem["x"]}) - 3
    place, open_, places = 0, roots(live, problem["width"])[::-1], []
    while len(open_):
        piece = read_nodes(content, place, open_, Limits(1, 1, 1))
        places += [place] * len(piece.leaves)
        place, open_ = piece.place, piece.open
    return places


@pytest.fixture
def in_threes(monkeypatch):
    """Few boxes at a time, so that threads have something to share."""
    monkeypatch.setattr(tree_of_boxes, "SIZES", batches.SIZES._replace(nodes=3))
    monkeypatch.setattr(batches, "AHEAD", 5)


def test_a_proof_does_not_depend_on_the_number_of_threads(honest, tmp_path, in_threes):
    answers = [said(honest, tmp_path / "minima.json", jobs) for jobs in (1, 2, 3)]
    report, told = answers[0]
    assert report.startswith("proved")
    assert answers == 3 * [(report, told)]
    boxes = honest["certificate"]["boxes"]
    assert len(told) > 20
    assert told == sorted(told)
    assert told[-1] == (boxes, boxes)


def test_nor_does_a_refusal(honest, tmp_path, in_threes):
    """Of trees with one byte changed. Some are true as well: nodes are cut elsewhere."""
    content, draw = content_of(honest), np.random.default_rng(0)
    refusals = Counter()
    for place in draw.integers(0, len(content), 16).tolist():
        changed = bytearray(content)
        changed[place] ^= int(draw.integers(1, 4))
        document = with_tree(honest, changed)
        one, other = (said(document, tmp_path / "minima.json", jobs) for jobs in (1, 2))
        assert one == other
        refusals[one[0].partition(" (")[0].partition(": 1 comp")[0]] += 1
    assert refusals.total() - refusals["proved"] > 8
    assert len(refusals) > 2


@pytest.mark.parametrize("jobs", [2, 3])
def test_no_leaf_with_a_minimum_is_left_out_by_threads(jobs, tmp_path, in_threes):
    """Each of the leaves of a list with several minima, called empty, with its record dropped."""
    document = boxed(problem_of(8, width=2, size=6))
    records, content = records_of(document), content_of(document)
    minima = [k for k, record in enumerate(records) if record["verdict"] == "minimum"]
    leaves = leaf_bytes(document)
    assert len(leaves) == len(records)
    assert minima
    for k in minima:
        changed = bytearray(content)
        changed[leaves[k]] = 0
        damaged = with_records(with_tree(document, changed), records[:k] + records[k + 1 :])
        damaged["certificate"]["records"] -= 1
        words, _ = said(damaged, tmp_path / "minima.json", jobs)
        assert "not seen that minima are in none" in words


def random_box(draw, units, faces):
    """A box that holds some units: parts from one unit or several neighbours, as they come."""
    parts = []
    for side in (1, -1):
        own, groups, last = sorted(face for sign, face in units if sign == side), [], 0
        for face in own:
            if groups and draw.random() < 0.5:
                groups[-1].append(face)
            else:
                groups.append([face])
        for group, after in zip(groups, [*groups[1:], [faces]], strict=False):
            room = draw.integers(0, 2 ** draw.integers(0, 6), 2)
            low = max(last, group[0] - int(room[0]))
            last = min(after[0], group[-1] + 1 + int(room[1]))
            parts.append((side, low, last, len(group)))
    return box_of(parts)


@pytest.mark.parametrize("seed", range(40))
def test_no_box_around_a_minimum_is_excluded_nor_shrunk_beyond_it(seed):
    """Whatever the box, and however degenerate the data."""
    document, data, _ = certified(problem_of(seed))
    table, draw = numbers(data), np.random.default_rng(seed)
    places = LineData(document["problem"]).around
    around = {place: face for face, place in enumerate(places)}
    for sides in good_supports(document):
        units = [(side, around[place]) for place, side in sides.items()]
        boxes = np.array([random_box(draw, units, len(places)) for _ in range(60)])
        empty, left = settled(table, boxes, np.zeros_like(boxes))
        assert not any(empty)
        for box in left:
            for side, face in units:
                assert any(s == side and low <= face < high for s, low, high, _ in parts_of(box))


def test_the_bytes_of_a_tree_are_those_that_were_sealed(honest, tmp_path):
    document = copy.deepcopy(honest)
    document["certificate"]["sha256"] = "0" * 64
    refused(document, tmp_path, "sha256")
    packed_twice = base64.b64encode(zlib.compress(bytes(content_of(honest))) + b"more").decode()
    document = copy.deepcopy(honest)
    document["certificate"]["tree"] = packed_twice
    refused(document, tmp_path, "too long, or cut")


def test_a_tree_has_neither_more_nor_fewer_bytes_than_nodes(honest, tmp_path):
    content = content_of(honest)
    refused(with_tree(honest, content[:-1]), tmp_path, "fewer bytes than nodes")
    refused(with_tree(honest, content + b"\0"), tmp_path, "more bytes than nodes")
    refused(with_tree(honest, bytes([7]) + content), tmp_path, "without meaning")


def test_no_leaf_can_be_called_empty(honest, tmp_path):
    """A box with a minimum is not seen to be empty, so its whole subtree cannot be left out."""
    content = bytes(len(list(roots(1, 2))))
    refused(with_tree(honest, content), tmp_path, "not seen that minima are in")


def test_no_face_with_a_unit_of_a_minimum_can_be_taken_away(tmp_path):
    """A shrink that leaves it out is refused, whichever it is, one that keeps it is not."""
    problem = problem_of(8, width=1, size=6)
    document, data, _ = certified(problem)
    table, places = numbers(data), LineData(document["problem"]).around
    live, around = len(places), {place: face for face, place in enumerate(places)}
    (side, face), *_ = [
        (side, around[place]) for s in good_supports(document) for place, side in s.items()
    ]
    box = box_of([(side, 0, live, 1)])
    for low, high in ((face + 1, live), (0, face)):
        smaller = box_of([(side, low, high, 1)])
        with pytest.raises(CertificateError, match="not seen"):
            hold(table, iter([(box[None], smaller[None], np.zeros(1, dtype=int))]))


OTHERS = {"reducible": "minimum"}
CHANGES = {
    "another verdict": lambda r: r.update(verdict=OTHERS.get(r["verdict"], "reducible"), face=-1),
    "undecided": lambda r: r.update(verdict="undecided", face=-1, w=[]),
    "far away": lambda r: r.update(w=[100 * x + 1 for x in r["w"]]),
    "too short": lambda r: r.update(w=r["w"][:-1]),
    "no number": lambda r: r.update(w=[float("nan")] * len(r["w"])),
    "a face out of range": lambda r: r.update(face=9),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_record_can_be_changed(honest, change, tmp_path):
    for k in range(0, len(records_of(honest)), 3):
        records = records_of(honest)
        CHANGES[change](records[k])
        refused(with_records(honest, records), tmp_path, f"record {k} |records")


def lies_of(document):
    """Yield changed documents, each of which leaves a minimum out or says what is not true."""
    content, records = content_of(document), records_of(document)
    for k, (place, record) in enumerate(zip(leaf_bytes(document), records, strict=True)):
        if record["verdict"] != "minimum":
            continue
        other = with_records(document, records[:k] + records[k + 1 :])
        other = with_tree(other, content[:place] + b"\0" + content[place + 1 :])
        other["certificate"]["records"] -= 1
        yield "a leaf with a minimum is called empty", other
        yield "it is a leaf no more", with_records(document, records[:k] + records[k + 1 :])
        for n in (n for n in range(len(records)) if records[n]["w"] != record["w"]):
            swapped = list(records)
            swapped[k], swapped[n] = records[n], record
            yield "two leaves are swapped", with_records(document, swapped)
        for change in CHANGES.values():
            wrong = copy.deepcopy(records)
            change(wrong[k])
            yield "a record is changed", with_records(document, wrong)
    for place in range(len(content)):
        for value in {0, 1, 2, 3, content[place] + 1} - {content[place]}:
            yield (
                "a byte is changed",
                with_tree(document, [*content[:place], value, *content[place + 1 :]]),
            )


@pytest.mark.parametrize("seed", range(2, 8))
def test_what_is_accepted_has_all_minima(seed, tmp_path):
    """Of a tree that is still a proof after a change the leaves with minima are the same."""
    document, draw = boxed(problem_of(seed, width=2, size=4)), np.random.default_rng(seed)
    lies = list(lies_of(document))
    minima = [r for r in records_of(document) if r["verdict"] == "minimum"]
    for k in draw.permutation(len(lies))[:20]:
        kind, lie = lies[k]
        if kind != "a byte is changed":
            refused(lie, tmp_path)
            continue
        try:
            checked(lie, tmp_path)
        except CertificateError:
            continue
        assert len(leaf_bytes(lie)) >= len(minima)


def test_every_leaf_has_a_record(honest, tmp_path):
    records = records_of(honest)
    refused(with_records(honest, records[:-1]), tmp_path, "records")
    refused(with_records(honest, records[::-1]), tmp_path, "record")


def test_counts_and_keys_are_checked(honest, tmp_path):
    for key, value in {"boxes": 1, "records": 1, "version": 2, "problem_sha256": "0"}.items():
        document = copy.deepcopy(honest)
        document["certificate"][key] = value
        refused(document, tmp_path, key)
    document = copy.deepcopy(honest)
    document["certificate"]["note"] = "more"
    refused(document, tmp_path, "unknown entry 'note'")
    for key in ("supports", "boxes", "leaves", "locally_minimal"):
        document = copy.deepcopy(honest)
        document["enumeration"][key] += 1
        refused(document, tmp_path, key)
    document = copy.deepcopy(honest)
    document["enumeration"]["stationary"] = 3
    refused(document, tmp_path, "stationary")


def test_components_are_those_of_the_leaves(honest, tmp_path):
    document = copy.deepcopy(honest)
    del document["components"][0]
    refused(document, tmp_path, "strata")
    document = copy.deepcopy(honest)
    document["components"][0]["loss"] = "1"
    refused(document, tmp_path, "loss")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem.from_text([["0"], ["1"]], ["0", "1"], 5, "1"), "widths"),
        (Problem.from_text([["0", "1"], ["1", "1"]], ["0", "1"], 1, "1"), "on a line"),
        (Problem.from_text([["1"], ["1"]], ["0", "1"], 1, "1"), "two distinct"),
        (Problem.from_text([["0"], [f"1/{10**40}"]], ["0", "1"], 2, "1"), "too small"),
    ],
)
def test_other_problems_are_refused(honest, problem, text, tmp_path):
    document = copy.deepcopy(honest)
    document["problem"] = json.loads(json.dumps(dict(problem.to_document())))
    text_of = json.dumps(document["problem"], sort_keys=True).encode()
    document["certificate"]["problem_sha256"] = hashlib.sha256(text_of).hexdigest()
    refused(with_records(document, records_of(honest)), tmp_path, text)


def test_basins_need_all_stationary_points(honest, tmp_path):
    refused({"format": "reluenum-basins", "minima": honest}, tmp_path, "stationary")


def test_data_without_minima_have_a_tree_without_leaves(tmp_path):
    inputs, targets = ["-3", "-1", "0", "1", "4"], ["1/10", "-1/10", "1/10", "0", "1/20"]
    problem = Problem.from_text([[x] for x in inputs], targets, 1, "9")
    document = boxed(problem)
    assert document["certificate"]["records"] == 0
    assert checked(document, tmp_path).records == 0


# The tree.


def test_roots_and_children_hold_every_support_once():
    """All signed supports of up to three of seven faces, by cuts in all places."""
    signed = [(sign, face) for sign in (1, -1) for face in range(7)]
    supports = [s for size in (1, 2, 3) for s in combinations(signed, size)]

    def lies_in(support, box):
        box = parts_of(box)
        counts = [
            sum(sign == part[0] and part[1] <= face < part[2] for sign, face in support)
            for part in box
        ]
        return counts == [units for *_, units in box] and sum(counts) == len(support)

    tops = list(roots(7, 3))
    for support in supports:
        found = [box for box in tops if lies_in(support, box)]
        assert len(found) == 1
        for place, length in product(range(len(parts_of(found[0]))), range(1, 7)):
            assert sum(lies_in(support, box) for box in children(found[0], place, length)) == 1


def test_a_tree_is_not_read_beyond_what_the_document_counts():
    leaves, cuts = bytes([2, 0, 1]), bytes([2, 0, 1] * 9)
    with pytest.raises(ValueError, match="more boxes in the tree"):
        list(Tree(cuts, 4, 0).read(5, 1))
    with pytest.raises(ValueError, match="more leaves than records"):
        list(Tree(leaves + bytes([1, 1]), 9, 1).read(2, 1))
    with pytest.raises(ValueError, match="nothing is taken away"):
        list(Tree(bytes([3, 0, 0, 0]), 9, 9).read(5, 1))


DAMAGED = {
    "fewer bytes than nodes": [],
    "more bytes than nodes": [0, 0, 0],
    "a byte without meaning": [4],
    "a cut of no part": [2, 1, 1],
    "a cut outside of a part": [2, 0, 5],
    "a number has no end": [2, 0, *[255] * 5, 1],
    "a part without faces": [3, 2, 3],
    "nothing is taken away": [3, 0, 0],
    "a leaf with more than one support": [1],
}


@pytest.mark.parametrize("text", DAMAGED)
def test_each_byte_of_a_tree_has_a_meaning(text):
    """Of five faces and one unit, whose roots are two boxes with one part."""
    with pytest.raises(CertificateError, match=text):
        list(Tree(bytes(DAMAGED[text]), 9, 9).read(5, 1))


def test_a_leaf_has_no_face_twice():
    """Of one face and two units: the fourth root has both signs."""
    with pytest.raises(CertificateError, match="a leaf with a face twice"):
        list(Tree(bytes([0, 0, 0, 1]), 9, 9).read(1, 2))


def test_nodes_are_read_a_few_at_a_time(honest, monkeypatch):
    """As well as all at once: the same claims and leaves, also where a piece ends in a node."""
    certificate, width = honest["certificate"], honest["problem"]["width"]
    live = 4 * len({tuple(x) for x in honest["problem"]["x"]}) - 3
    found = []
    for nodes in (1, 7, 10**4):
        monkeypatch.setattr(tree_of_boxes, "SIZES", batches.SIZES._replace(nodes=nodes))
        tree = Tree(bytes(content_of(honest)), certificate["boxes"], certificate["records"])
        claims = [np.concatenate(part) for part in zip(*tree.read(live, width), strict=True)]
        found.append([*map(np.ndarray.tolist, (*claims, np.concatenate(tree.found)))])
        assert tree.nodes == certificate["boxes"]
    assert found[0] == found[1] == found[2]


def test_a_damaged_tree_is_refused(honest, tmp_path):
    for content in (b"no zlib", zlib.compress(b"\0")[:-1] + b"?"):
        document = copy.deepcopy(honest)
        document["certificate"]["tree"] = base64.b64encode(content).decode()
        refused(document, tmp_path, "the tree is damaged")


def test_numbers_of_a_tree_end():
    with pytest.raises(ValueError, match="no end"):
        list(Tree(bytes([2, 0, *[255] * 9]), 1, 0).read(5, 1))


@pytest.mark.parametrize("seed", range(8))
def test_faces_around_the_circle_are_those_of_the_arrangement(seed):
    """In the same order, with the same maps, by other means."""
    document = json.loads(json.dumps(dict(problem_of(seed, size=7).to_document())))
    data, line = Data(document), LineData(document)
    assert sorted(line.around) == list(range(len(data.faces)))
    assert (data.columns, data.supports) == (line.columns, line.supports)
    assert data.place_of == line.place_of
    for place, (one, other) in enumerate(zip(data.faces, line.faces, strict=True)):
        assert (one.text, one.active, one.zeros) == (other.text, other.active, other.zeros)
        assert data.opposite(place) == line.opposite(place)
        assert (one.flat.exact, one.pull, one.loads) == (other.flat.exact, other.pull, other.loads)
    assert len(actives(5)) == 11


@pytest.mark.parametrize("seed", range(6))
def test_linear_forms_over_spans_are_those_over_all_sites(seed):
    """At a residual, on the image of a face, their norms, and on which rows they depend."""
    draw = np.random.default_rng(seed)
    document = json.loads(json.dumps(dict(problem_of(seed, size=7).to_document())))
    data, line = Data(document), LineData(document)
    chosen = draw.choice(len(data.faces), min(3, len(data.faces)), replace=False).tolist()
    vectors = [arb_mat([[x] for x in draw.uniform(-1, 1, 2).tolist()]) for _ in chosen]
    with ctx.workprec(256):
        here, there = (Ball(d, [d.faces[k] for k in chosen], vectors, 256) for d in (data, line))
        assert here.loss.overlaps(there.loss)
        for one, other in zip(data.faces, line.faces, strict=True):
            assert one.u.touched == other.u.touched
            for mine, theirs in (
                (here.u(one), there.u(other)),
                (one.u.norms(256, data), other.u.norms(256, line)),
            ):
                assert all(arb(x).overlaps(arb(y)) for x, y in zip(mine, theirs, strict=True))
            assert here.side(one) == there.side(other)
            assert here.excess(one) == there.excess(other)
            assert [here.descends(one, s) for s in (1, -1)] == [
                there.descends(other, s) for s in (1, -1)
            ]
            for k in chosen:
                assert one.load(data.faces[k], None) == other.load(line.faces[k], None)


# Sums and their errors.


def exactly(data):
    """Sites, copies and sums of Ry as fractions."""
    order = sorted(range(len(data.rows)), key=lambda k: data.rows[k][0])
    of = lambda x: Fraction(int(x.p), int(x.q))  # noqa: E731
    rows = [(data.rows[k][0], data.copies[k], data.pulls.exact[k, 0]) for k in order]
    return [tuple(map(of, row)) for row in rows]


@pytest.mark.parametrize("seed", range(6))
def test_inner_products_are_right_up_to_their_sizes(seed):
    """Against exact arithmetic, for vectors that are doubles."""
    data = Data(json.loads(json.dumps(dict(problem_of(seed, size=7).to_document()))))
    table, sites, draw = numbers(data), exactly(data), np.random.default_rng(seed)
    share, count = Fraction(int(data.share.p), int(data.share.q)), len(sites)
    for _ in range(60):
        (i, j), (k, m) = np.sort(draw.integers(0, count + 1, (2, 2))).tolist()
        one, other = ((*ends, *draw.uniform(-1, 1, 2).tolist()) for ends in ((i, j), (k, m)))
        value = lambda f, n: (  # noqa: E731
            Fraction(f[2]) * sites[n][0] + Fraction(f[3]) if f[0] <= n < f[1] else Fraction(0)
        )
        sums = [sum(value(f, n) * sites[n][1] for n in range(count)) for f in (one, other)]
        both = sum(value(one, n) * value(other, n) * sites[n][1] for n in range(count))
        pairs = [
            (inner(table.sums, one, other), both - share * sums[0] * sums[1]),
            (pull(table.sums, one), sum(value(one, n) * sites[n][2] for n in range(count))),
        ]
        for (found, size), right in pairs:
            assert abs(Fraction(found) - right) <= Fraction(UNSURE * size) / 4


def test_loads_are_known_for_all_boundaries():
    data = Data(json.loads(json.dumps(dict(problem_of(2, size=5).to_document()))))
    table = numbers(data)
    assert loads(table).shape == (2 * len(data.rows), 6)


def test_bounds_need_a_positive_guess():
    """Lemma 51: z > a + M z says nothing if z is not positive."""
    good = np.array([[0.5, 0.0, 0.1], [0.1, 0.2, 0.1]])
    assert holds(good, np.array([1.0, 1.0]))
    assert not holds(good, np.array([0.1, 0.1]))
    wild = np.array([[2.0, 0.0, 0.1], [0.0, 0.5, 0.1]])
    assert not holds(wild, np.array([-1.0, 1.0]))
    assert not holds(np.array([[np.nan, 0.1]]), np.array([1.0]))
    assert not holds(np.array([[0.0, 0.1]]), np.array([np.inf]))
