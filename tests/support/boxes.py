"""Documents with trees of boxes, made from those with a record of every support."""

import base64
import hashlib
import json
import zlib
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from flint import ctx

from reluenum import Problem, enumerate_minima
from reluenum.verify.boxes.cover import settled
from reluenum.verify.boxes.spans import LineData
from reluenum.verify.boxes.sums import numbers
from reluenum.verify.boxes.tree import children, parts_of, roots
from reluenum.verify.document import _list
from reluenum.verify.exact import Data
from reluenum.verify.reals import LEVELS


def problem_of(seed, width=None, size=None):
    """Random data; whole numbers, repeated inputs among them, if the seed is odd."""
    draw = np.random.default_rng(seed)
    width = width or int(draw.integers(1, 4))
    size = size or int(draw.integers(2, 8 if width < 3 else 6))
    if seed % 2:
        x = [[str(v)] for v in draw.integers(-2, 3, size)]
        x[0] = ["-3"]
        y = [str(v) for v in draw.integers(-2, 3, size)]
    else:
        x = [[f"{v}/97"] for v in draw.integers(-97, 98, size)]
        y = [f"{v}/100" for v in draw.integers(-150, 150, size)]
    ridge = str(draw.choice(["1/1000", "1/100", "1/10", "1/2", "2"]))
    bias = str(draw.choice(["none", "free", "ridge"]))
    loss = str(draw.choice(["sum", "mean"]))
    return Problem.from_text(x, y, width, ridge, loss=loss, output_bias=bias)


def certified(problem):
    """The document of the certified engine, and its records by support (places of faces)."""
    document = json.loads(json.dumps(enumerate_minima(problem, engine="certified").document))
    table = pq.read_table(BytesIO(base64.b64decode(document["certificate"]["data"])))
    data = Data(document["problem"])
    supports = (
        support
        for size in range(1, data.largest + 1)
        for support in combinations(range(len(data.faces)), size)
    )
    records = dict(zip(supports, table.to_pylist(), strict=True))
    return document, data, records


def good_supports(document):
    """The signs of good vertex supports, by place, from the document of the certified engine."""
    with ctx.workprec(LEVELS[0]):
        _, _, proof = _list(document, Path(), None)
    for group in proof.vertices:
        for support in group.minimal:
            yield {place: group.sides[place] for place in support}


def grown(data, width):
    """Nodes of a tree in preorder, as bytes, and the leaves: boxes cut in two as long as needed.

    All supports to which that leads are leaves, so that there are records of each kind.
    """
    table, live = numbers(data), 4 * len(data.rows) - 3
    content, leaves, nodes = bytearray(), [], 0
    for root in roots(live, width):
        open_ = [root]
        while open_:
            box = open_.pop()
            nodes += 1
            (empty,), (smaller,) = settled(table, box[None], np.zeros_like(box)[None])
            if empty and not is_support(box):
                content.append(0)
                continue
            smaller = box if empty else smaller
            if (smaller != box).any():
                content.append(3)
                for old, new in zip(parts_of(box), parts_of(smaller), strict=True):
                    content += number(new[1] - old[1]) + number(old[2] - new[2])
            lengths = smaller[:, 2] - smaller[:, 1]
            place = int(lengths.argmax())
            if lengths[place] == 1:
                content.append(1)
                leaves.append(parts_of(smaller))
                continue
            half = int(lengths[place]) // 2
            content += bytes([2, place]) + number(half)
            open_.extend(children(smaller, place, half)[::-1])
    return bytes(content), leaves, nodes


def is_support(box):
    """Whether all parts of a box are single faces with one unit, no face twice."""
    parts = parts_of(box)
    single = all(high == low + 1 and units == 1 for _, low, high, units in parts)
    return single and len({low for _, low, _, _ in parts}) == len(parts)


def number(value):
    """A number, seven bits a byte."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def side_of(data, place, w):
    """The sign s for which s w lies in a face (nearly)."""
    row = data.faces[place].sides.exact.tolist()[0]
    return 1 if sum(float(x) * y for x, y in zip(row, w, strict=True)) > 0 else -1


def record_of(sides, data, records):
    """The record of a leaf, from those of all supports."""
    depth, support = data.depth, tuple(sorted(sides))
    while support and records[support]["verdict"] == "reducible":
        k = records[support]["face"]
        support = support[:k] + support[k + 1 :]
    found = records[support] if support else {"w": []}
    parts = {face: found["w"][depth * k : depth * (k + 1)] for k, face in enumerate(support)}
    w = [x for face in sides for x in parts.get(face, [0.0] * depth)]
    faces, verdict, k = list(sides), found.get("verdict"), found.get("face")
    if len(support) < len(sides) and verdict != "leaves":
        return {"verdict": "reducible", "face": -1, "w": w}
    if verdict != "leaves":
        wrong = [f for f in faces if side_of(data, f, parts[f]) != sides[f]]
        if wrong:
            return {"verdict": "leaves", "face": faces.index(wrong[0]), "w": w}
    place = -1 if verdict == "minimum" else faces.index(support[k])
    return {"verdict": verdict, "face": place, "w": w}


def packed(records, heading):
    """The bytes of a Parquet file of records."""
    columns = [
        pa.array([r["verdict"] for r in records]).dictionary_encode(),
        pa.array([r["face"] for r in records], pa.int32()),
        pa.array([r["w"] for r in records], pa.list_(pa.float64())),
    ]
    fields = list(zip(("verdict", "face", "w"), (c.type for c in columns), strict=True))
    schema = pa.schema(fields, metadata={"reluenum": json.dumps(heading)})
    sink = BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink)
    return sink.getvalue()


def named(sides, entry, depth):
    """The supports of the residuals that a record gives: of all faces, and of those with w."""
    w = entry["w"]
    yield tuple(sorted(sides))
    yield tuple(sorted(f for k, f in enumerate(sides) if any(w[depth * k : depth * (k + 1)])))


def sealed(found, leaves, tree, name):
    """A document with a tree instead of the records of all supports.

    `found` is what `certified` returns, `leaves` the signs of faces, `tree` its bytes and how many
    nodes it has, `name` the format and what else its certificate says.
    """
    (document, data, records), (content, nodes) = found, tree
    entries = [record_of(sides, data, records) for sides in leaves]
    digest = document["certificate"]["problem_sha256"]
    heading = {"format": name["format"], "version": 1, "problem_sha256": digest}
    known = {
        support
        for sides, entry in zip(leaves, entries, strict=True)
        for support in named(sides, entry, data.depth)
    }
    exact = [
        entry
        for entry in document["certificate"]["exact"]
        if tuple(data.place_of[text] for text in entry["support"].split("|")) in known
    ]
    document["certificate"] = (
        heading
        | name
        | {
            "boxes": nodes,
            "tree": base64.b64encode(zlib.compress(content)).decode(),
            "sha256": hashlib.sha256(content).hexdigest(),
            "records": len(leaves),
            "data": base64.b64encode(packed(entries, heading)).decode() if entries else "",
            "exact": exact,
        }
    )
    counts = document["enumeration"]
    del counts["stationary"]
    counts |= {"supports": counts.pop("supports_examined"), "boxes": nodes, "leaves": len(leaves)}
    document.pop("decided_by", None)
    return document


def boxed(problem):
    """A document with a tree of boxes."""
    found = certified(problem)
    content, leaves, nodes = grown(found[1], problem.width)
    places = LineData(found[0]["problem"]).around
    sides = [{places[low]: sign for sign, low, _, _ in leaf} for leaf in leaves]
    return sealed(found, sides, (content, nodes), {"format": "reluenum-boxes"})
