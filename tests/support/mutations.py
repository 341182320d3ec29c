"""Documents with trees of cones, changed at random: lies, and now and then another true tree."""

import copy
import hashlib
import json
from itertools import accumulate

from reluenum.verify.cones.tree import CUT_ABOVE, CUT_BELOW, EXCLUDED, LEAF
from tests.support.boxes import number
from tests.support.trees import content_of, records_of, with_records, with_tree


def nodes_of(document):
    """The nodes of a tree in preorder, as bytes."""
    content, nodes, place = bytes(content_of(document)), [], 0
    while place < len(content):
        end = place + 1
        if content[place] in (CUT_BELOW, CUT_ABOVE):
            end += 1
            while content[end] > 127:
                end += 1
            end += 1
        nodes.append(content[place:end])
        place = end
    return nodes


def with_nodes(document, nodes):
    """The document with other nodes, as many as it says then; its tree is sealed again."""
    document = with_tree(document, b"".join(nodes))
    document["certificate"]["boxes"] = document["enumeration"]["boxes"] = len(nodes)
    return document


def without_records(document, gone):
    """The document without some records, as many as it says then."""
    records = [record for k, record in enumerate(records_of(document)) if k not in gone]
    document = with_records(document, records)
    document["certificate"]["records"] = document["enumeration"]["leaves"] = len(records)
    return document


def places_of(nodes, *kinds):
    return [k for k, node in enumerate(nodes) if node[0] in kinds]


def site_of(node):
    """The site of a cut."""
    return sum((byte & 127) << 7 * k for k, byte in enumerate(node[2:]))


def with_cut(document, draw, change):
    """The document with another cut: `change` makes its three numbers from those of an old one."""
    nodes = nodes_of(document)
    k = draw.choice(places_of(nodes, CUT_BELOW, CUT_ABOVE))
    kind, part, site = change(nodes[k][0], nodes[k][1], site_of(nodes[k]))
    nodes[k] = bytes([kind, part]) + number(max(site, 0))
    return with_nodes(document, nodes)


def leaf_at(document, draw, minimal):
    """A leaf, with a minimum or without: its number and that of its node, if there is one."""
    found = [
        (k, place)
        for k, (place, record) in enumerate(
            zip(places_of(nodes_of(document), LEAF), records_of(document), strict=True)
        )
        if (record["verdict"] == "minimum") == minimal
    ]
    return draw.choice(found) if found else None


def leaf_called_empty(document, draw, minimal=True):
    chosen = leaf_at(document, draw, minimal)
    if chosen is None:
        return document
    nodes = nodes_of(document)
    nodes[chosen[1]] = bytes([EXCLUDED])
    return without_records(with_nodes(document, nodes), {chosen[0]})


def leaf_dropped(document, draw):
    k, place = leaf_at(document, draw, True)
    nodes = nodes_of(document)
    return without_records(with_nodes(document, nodes[:place] + nodes[place + 1 :]), {k})


def box_dropped(document, draw):
    nodes = nodes_of(document)
    k = draw.choice(places_of(nodes, EXCLUDED))
    return with_nodes(document, nodes[:k] + nodes[k + 1 :])


def box_called_leaf(document, draw):
    nodes = nodes_of(document)
    nodes[draw.choice(places_of(nodes, EXCLUDED))] = bytes([LEAF])
    return with_nodes(document, nodes)


def cut_called_empty(document, draw):
    """With all that was below it, for a part of one unit."""
    nodes = nodes_of(document)
    k = draw.choice(places_of(nodes, CUT_BELOW, CUT_ABOVE))
    open_ = list(accumulate(1 if node[0] > LEAF else -1 for node in nodes[k:]))
    end = k + 1 + next((n for n, value in enumerate(open_) if value < 0), len(open_))
    leaves = sum(node[0] == LEAF for node in nodes[:k])
    gone = {leaves + n for n in range(sum(node[0] == LEAF for node in nodes[k:end]))}
    return without_records(
        with_nodes(document, [*nodes[:k], bytes([EXCLUDED]), *nodes[end:]]), gone
    )


def box_cut(document, draw):
    """A box that holds nothing is cut once more, as if one part had one unit."""
    nodes, sites = nodes_of(document), len(document["problem"]["x"])
    k = draw.choice(places_of(nodes, EXCLUDED))
    cut = bytes([draw.choice([CUT_BELOW, CUT_ABOVE]), 0]) + number(draw.randrange(sites))
    nodes[k : k + 1] = [cut, bytes([EXCLUDED]), bytes([EXCLUDED])]
    return with_nodes(document, nodes)


def records_swapped(document, draw):
    records = records_of(document)
    k = draw.randrange(len(records) - 1)
    records[k], records[k + 1] = records[k + 1], records[k]
    return with_records(document, records)


def record_changed(document, draw):
    records = records_of(document)
    record = draw.choice([record for record in records if record["verdict"] == "minimum"])
    if draw.random() < 0.5:
        record["verdict"] = "reducible"
    else:
        record["w"][draw.randrange(len(record["w"]))] *= -1.5
    return with_records(document, records)


def nodes_swapped(document, draw):
    nodes = nodes_of(document)
    k = draw.choice([k for k in range(len(nodes) - 1) if nodes[k][0] != nodes[k + 1][0]])
    nodes[k], nodes[k + 1] = nodes[k + 1], nodes[k]
    return with_nodes(document, nodes)


def changed_at(document, key, value):
    document = copy.deepcopy(document)
    document["certificate"][key] = value
    return document


def base_changed(document, draw):
    base, sites = list(document["certificate"]["base"]), len(document["problem"]["x"])
    if draw.random() < 0.5:
        base = base[1:] + base[:1]
    else:
        base[draw.randrange(len(base))] = draw.randrange(sites)
    return changed_at(document, "base", base)


def count_changed(document, draw):
    key = draw.choice(["boxes", "records"])
    return changed_at(document, key, document["certificate"][key] + draw.choice([-1, 1]))


def seal_kept(document, draw):
    return changed_at(
        leaf_called_empty(document, draw), "sha256", document["certificate"]["sha256"]
    )


def other_problem(document, draw):
    """One target is another one; the certificate says that it is about this problem."""
    document = copy.deepcopy(document)
    document["problem"]["y"][draw.randrange(len(document["problem"]["y"]))] = "3/7"
    text = json.dumps(document["problem"], sort_keys=True).encode()
    document["certificate"]["problem_sha256"] = hashlib.sha256(text).hexdigest()
    return with_records(document, records_of(document))


LIES = {
    "a leaf with a minimum is called empty": leaf_called_empty,
    "a leaf is dropped": leaf_dropped,
    "a box is dropped": box_dropped,
    "a box is called a leaf": box_called_leaf,
    "two records are swapped": records_swapped,
    "a record is changed": record_changed,
    "a count is changed": count_changed,
    "the seal is that of the old tree": seal_kept,
    "the problem is another one": other_problem,
}
"""Changes after which nothing is proved."""

CHANGES = {
    "a leaf without a minimum is called empty": lambda d, draw: leaf_called_empty(d, draw, False),
    "a cut is called empty": cut_called_empty,
    "a cut is at another site": lambda d, draw: with_cut(
        d, draw, lambda kind, part, site: (kind, part, site + draw.choice([-1, 1]))
    ),
    "a cut is of the other kind": lambda d, draw: with_cut(
        d, draw, lambda kind, part, site: (kind ^ 1, part, site)
    ),
    "another part is cut": lambda d, draw: with_cut(
        d, draw, lambda kind, part, site: (kind, part ^ 1, site)
    ),
    "a box is cut once more": box_cut,
    "two nodes are swapped": nodes_swapped,
    "the base is another one": base_changed,
}
"""Changes after which a tree may still be a proof: boxes are others, the minima are the same."""
