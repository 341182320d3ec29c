"""Lists by boxes of directions with a lie in each, whose checksums and counts are right again.

Usage: `./run -- python -m tests.support.box_lies 500`. Each of so many changed documents has to be
refused, or still prove the list that it was made from: a tree can be cut elsewhere, and a record
can say the same with other numbers. Prints what is neither, and writes docs/data/box_lies.csv.
"""

import copy
import json
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

from benchmarks.box_agreement import drawn_problem
from reluenum.documents.files import write_text
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.checked import refusal
from reluenum.verify.boxes.spans import LineData
from reluenum.verify.boxes.tree import (
    CUT,
    EXCLUDED,
    LEAF,
    SHRUNK,
    Part,
    box_of,
    children,
    parts_of,
    roots,
)
from tests.support.boxes import number
from tests.support.trees import content_of, records_of, with_records, with_tree

OUTPUT = Path(__file__).parents[2] / "docs/data/box_lies.csv"


SAME, WRONG = "the same list", "another list is proved"


class Mark(NamedTuple):
    """A node: its box, its kind, and where its bytes begin and end, with those below it."""

    box: list[Part]
    kind: int
    start: int
    stop: int


def value_at(content, place):
    """The number at a place, and the place after it."""
    value, shift = 0, 0
    while content[place] >= 128:
        value, shift, place = value + (content[place] - 128 << shift), shift + 7, place + 1
    return value + (content[place] << shift), place + 1


def below(content, box, place, found):
    """Add the marks of the tree below a box; return the place after it."""
    start, kind = place, content[place]
    slot = len(found)
    found.append(None)
    place += 1
    if kind == SHRUNK:
        smaller = []
        for sign, low, high, units in box:
            less, place = value_at(content, place)
            more, place = value_at(content, place)
            smaller.append((sign, low + less, high - more, units))
        place = below(content, smaller, place, found)
    elif kind == CUT:
        length, stop = value_at(content, place + 1)
        for child in children(box_of(box), content[place], length):
            stop = below(content, parts_of(child), stop, found)
        place = stop
    found[slot] = Mark(box, kind, start, place)
    return place


class Document:
    """A document, the nodes of its tree, and the faces of its leaves."""

    def __init__(self, document):
        self.document, self.content = document, bytes(content_of(document))
        self.records, data = records_of(document), LineData(document["problem"])
        self.marks, place = [], 0
        for root in roots(len(data.faces), document["problem"]["width"]):
            place = below(self.content, parts_of(root), place, self.marks)
        assert place == len(self.content)
        self.leaves = [mark for mark in self.marks if mark.kind == LEAF]
        self.texts = {place: text for text, place in data.place_of.items()}
        self.around = data.around
        verdicts = [record["verdict"] for record in self.records]
        self.minima = [k for k, verdict in enumerate(verdicts) if verdict == "minimum"]

    def support(self, k):
        """The signed faces of a leaf."""
        return {(self.texts[self.around[low]], sign) for sign, low, *_ in self.leaves[k].box}

    def within(self, mark):
        """The numbers of the leaves below a node."""
        return [k for k, leaf in enumerate(self.leaves) if mark.start <= leaf.start < mark.stop]

    def rewritten(self, mark, content, lost=()):
        """The document with other bytes instead of a node and those below, without some leaves."""
        return self.counted(self.content[: mark.start] + content + self.content[mark.stop :], lost)

    def counted(self, content, lost=()):
        """The document with another tree, and without the records of some leaves."""
        kept = [record for k, record in enumerate(self.records) if k not in lost]
        found = with_records(with_tree(self.document, content), kept)
        if not kept:
            found["certificate"]["data"] = ""
        found["certificate"]["records"] = found["enumeration"]["leaves"] = len(kept)
        found.pop("decided_by", None)
        nodes = nodes_in(content, found["problem"])
        found["certificate"]["boxes"] = found["enumeration"]["boxes"] = nodes
        return found

    def unlisted(self, document, lost):
        """A document without the components on some leaves, and with the right number of them."""
        gone = [self.support(k) for k in lost if k in self.minima]
        kept = [c for c in document["components"] if not any(map(gone.__contains__, on(c)))]
        document["components"] = kept
        document["enumeration"]["locally_minimal"] -= len(gone)
        return document


def on(component):
    """The signed faces of each stratum of a component."""
    for stratum in component["strata"]:
        yield {(group["face"], group["sign"]) for group in stratum["support"]}


def lengths(box):
    """How many faces each part of a box has."""
    return [high - low for _, low, high, _ in box]


def nodes_in(content, problem):
    """How many boxes a tree has; 1 if it is none any more."""
    live = 4 * len({tuple(row) for row in problem["x"]}) - 3
    found, place = [], 0
    try:
        for root in roots(live, problem["width"]):
            place = below(content, parts_of(root), place, found)
    except Exception:  # of any kind: it is refused
        return 1
    return sum(mark.kind != SHRUNK for mark in found)


# Changes ---------------------------------------------------------------------------------------


def a_leaf_called_empty(draw, honest):
    k = draw.randrange(len(honest.leaves))
    return honest.rewritten(honest.leaves[k], bytes([EXCLUDED]), [k])


def a_minimum_called_empty(draw, honest):
    k = draw.choice(honest.minima)
    return honest.rewritten(honest.leaves[k], bytes([EXCLUDED]), [k])


def a_minimum_called_empty_and_unlisted(draw, honest):
    k = draw.choice(honest.minima)
    return honest.unlisted(honest.rewritten(honest.leaves[k], bytes([EXCLUDED]), [k]), [k])


def a_box_called_empty_and_unlisted(draw, honest):
    """With all that is below it."""
    cut = [mark for mark in honest.marks if mark.kind == CUT and honest.within(mark)]
    mark = draw.choice(cut or honest.leaves)
    lost = honest.within(mark)
    return honest.unlisted(honest.rewritten(mark, bytes([EXCLUDED]), lost), lost)


def a_box_shrunk_away_from_its_leaves(draw, honest):
    """By one end of a part: what is left is called empty, what was in it is unlisted."""
    wide = [m for m in honest.marks if m.kind != SHRUNK and max(lengths(m.box)) > 1]
    mark = draw.choice([m for m in wide if honest.within(m)] or wide)
    sizes = lengths(mark.box)
    part = draw.choice([k for k, size in enumerate(sizes) if size > 1])
    less, end = draw.randrange(1, sizes[part]), draw.randrange(2)
    numbers = [[0, 0] for _ in mark.box]
    numbers[part][end] = less
    content = bytes([SHRUNK, *(b for pair in numbers for n in pair for b in number(n)), EXCLUDED])
    lost = honest.within(mark)
    return honest.unlisted(honest.rewritten(mark, content, lost), lost)


def a_shrink_that_takes_more(draw, honest):
    mark = draw.choice([mark for mark in honest.marks if mark.kind == SHRUNK] or honest.marks)
    changed = bytearray(honest.content)
    changed[mark.start + 1 + draw.randrange(2 * len(mark.box))] += 1
    return honest.counted(bytes(changed))


def a_cut_moved(draw, honest):
    mark = draw.choice([mark for mark in honest.marks if mark.kind == CUT] or honest.marks)
    changed = bytearray(honest.content)
    changed[mark.start + 2] = max(0, changed[mark.start + 2] + draw.choice((-2, -1, 1, 2)))
    return honest.counted(bytes(changed))


def a_rule_changed(draw, honest):
    mark = draw.choice(honest.marks)
    changed = bytearray(honest.content)
    changed[mark.start] = draw.choice([kind for kind in range(5) if kind != mark.kind])
    return honest.counted(bytes(changed))


def a_byte_changed(draw, honest):
    changed = bytearray(honest.content)
    changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return honest.counted(bytes(changed))


def two_records_swapped(draw, honest):
    records = list(honest.records)
    first, second = draw.choice(honest.minima), draw.randrange(len(records))
    records[first], records[second] = records[second], records[first]
    return with_records(honest.document, records)


def two_nodes_swapped(draw, honest):
    """A leaf and a node that is empty, or another leaf, with those below."""
    one = draw.choice(honest.leaves)
    other = draw.choice([m for m in honest.marks if m.stop <= one.start or m.start >= one.stop])
    first, second = sorted((one, other), key=lambda mark: mark.start)
    old = honest.content
    parts = (
        old[: first.start],
        old[second.start : second.stop],
        old[first.stop : second.start],
        old[first.start : first.stop],
        old[second.stop :],
    )
    return honest.counted(b"".join(parts))


def a_verdict_changed(draw, honest):
    records = copy.deepcopy(honest.records)
    record = records[draw.choice(honest.minima)]
    verdict, face = draw.choice([("reducible", -1), ("reducible", 0), ("leaves", 0)])
    record |= {"verdict": verdict, "face": face}
    return with_records(honest.document, records)


def a_verdict_changed_and_unlisted(draw, honest):
    records, k = copy.deepcopy(honest.records), draw.choice(honest.minima)
    verdict, face = draw.choice([("reducible", -1), ("reducible", 0), ("leaves", 0)])
    records[k] |= {"verdict": verdict, "face": face}
    return honest.unlisted(with_records(honest.document, records), [k])


def vectors_changed(draw, honest):
    """By an amount between one that matters and one that does not."""
    records = copy.deepcopy(honest.records)
    record = draw.choice([record for record in records if record["w"]])
    size = 10.0 ** -draw.randrange(0, 18)
    record["w"] = [x * (1 + draw.uniform(-size, size)) for x in record["w"]]
    return with_records(honest.document, records)


def a_count_changed(draw, honest):
    changed = copy.deepcopy(honest.document)
    keys = [("certificate", key) for key in ("boxes", "records")]
    keys += [("enumeration", key) for key in ("supports", "boxes", "leaves", "locally_minimal")]
    room, key = draw.choice(keys)
    changed[room][key] += draw.choice((-1, 1))
    return changed


def a_component_lost(draw, honest):
    changed = copy.deepcopy(honest.document)
    return honest.unlisted(changed, [draw.choice(honest.minima)])


def a_component_twice(draw, honest):
    changed = copy.deepcopy(honest.document)
    place = draw.randrange(len(changed["components"]))
    changed["components"].insert(place, copy.deepcopy(changed["components"][place]))
    return changed


CHANGES = (
    a_leaf_called_empty,
    a_minimum_called_empty,
    a_minimum_called_empty_and_unlisted,
    a_box_called_empty_and_unlisted,
    a_box_shrunk_away_from_its_leaves,
    a_shrink_that_takes_more,
    a_cut_moved,
    a_rule_changed,
    a_byte_changed,
    two_records_swapped,
    two_nodes_swapped,
    a_verdict_changed,
    a_verdict_changed_and_unlisted,
    vectors_changed,
    a_count_changed,
    a_component_lost,
    a_component_twice,
)


# The campaign ----------------------------------------------------------------------------------


def honest_documents():
    """Yield documents on lines with some minima, of random and of special positions in turn."""
    for seed in range(3, 3000, 3):  # inputs on a line
        problem = drawn_problem(seed, bool(seed % 2))[1]
        found = BranchEngine().landscape(problem)
        if found.is_complete and found.certificate["records"] > 2:
            document = Document(dict(found.written))
            if document.minima:
                yield document


def judged(changed, honest):
    """What becomes of a changed document: its refusal, or whether it proves the same list."""
    text = refusal(changed)
    if text:
        return text
    same = [changed["components"], minimal_in(changed)] == [
        honest.document["components"],
        minimal_in(honest.document),
    ]
    return "" if same else WRONG


def minimal_in(document):
    return document["enumeration"]["locally_minimal"]


def main():
    """Change so many documents, each change as often as the others."""
    count, draw, documents = int(sys.argv[1]), random.Random(1), honest_documents()
    told, reasons = defaultdict(Counter), Counter()
    for turn in tqdm(range(count), disable=None):
        if turn % len(CHANGES) == 0:
            honest = next(documents)
        change = CHANGES[turn % len(CHANGES)]
        changed = change(draw, honest)
        said = judged(changed, honest) if changed != honest.document else "nothing changed"
        verdict = {"": SAME, "nothing changed": said, WRONG: said}.get(said, "refused")
        told[change.__name__.replace("_", " ")][verdict] += 1
        reasons[re.sub(r"[^a-z]*[0-9+-].*", "", said) if "not seen" not in said else "a box"] += 1
        if said == WRONG:
            print(change.__name__, json.dumps(changed), flush=True)
    table = pd.DataFrame(told).T.fillna(0).astype(int).rename_axis("change")
    write_text(OUTPUT, table.to_csv())
    print(table, table.sum(), *reasons.most_common(), sep="\n")
    return int(WRONG in table)


if __name__ == "__main__":
    sys.exit(main())
