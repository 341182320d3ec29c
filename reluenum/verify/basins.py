"""The merge tree of a list (Theorem G): a graph of points, with losses, grown from level to level.

Sets of its nodes are the bits of integers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, cmp_to_key, reduce
from itertools import pairwise, permutations
from math import factorial, perm
from operator import and_, or_
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from .arithmetic.decimals import NUMBER_BITS, Texts, interval, nearest
from .exact import Data, Support
from .groups import gathered, of_like_loss
from .landscape import Landscape, is_rigid
from .points import Points, loss_order
from .reals import LEVELS, CertificateError, dot, matched, norm, rational, require, sign, told
from .records import Proof, read_descriptions
from .residuals import Residual

MOST_PLACES = 1 << 22  # units of all nodes of a labelled graph

KEYS = ("format", "version", "problem", "labelled", "components", "leaves", "merges", "minima")
NOWHERE = dict.fromkeys(("barrier", "depth", "joins", "height", "merge"))

Unit = tuple[int, int] | None  # the place of its face and the sign of its output weight; or zero
Units = tuple[Unit, ...]


def one_list(document: dict[str, Any], shape: dict[str, Any]) -> None:
    """Claim 35: the document is about the problem of the list inside, and says nothing else."""
    minima = document["minima"]
    require(type(minima) is dict, "minima: no list")
    every = minima["problem"]["width"] == "all"
    shape = shape | dict.fromkeys(KEYS, ...) | ({"every_width": ...} if every else {})
    shape |= {"exact": ...} if "exact" in document else {}
    shape |= {"version": 1, "problem": minima["problem"], "format": "reluenum-basins"}
    matched(document, shape | {"labelled": {False, not every}.__contains__}, "document")
    require(type(document["labelled"]) is bool, "document: labelled")


def stationary_points(landscape: Landscape, proof: Proof, exact: Any) -> list[Points]:
    """Claim 36: the points are the vertex supports, minima or not, and the zero network (Lemma 37).

    Their losses are those of claim 23; further exact descriptions are those of claim 6.
    """
    cores = {s: core for group in landscape.groups for s, core in group.vertices.items()}
    for support, residual in read_descriptions(proof.data, exact).items():
        new = support in cores and not cores[support].exact
        require(new, f"exact: {'|'.join(proof.data.texts(support))} needs no description")
        cores[support].exact = residual
    zero = [] if () in cores else [Points(proof.zero, ())]
    return zero + [Points(group, s) for group in landscape.groups for s in group.vertices]


def compatible(data: Data, one: Unit, other: Unit) -> bool:
    """Claim 37: one closed signed cell holds both: one is 0, or no sign is opposite (Lemma 65).

    If units and their negatives are the same, it may also be that no sign is (Lemma 64).
    """
    if one is None or other is None:
        return True
    (left, s), (right, t) = (data.faces[one[0]], one[1]), (data.faces[other[0]], other[1])
    both = ~(left.zeros | right.zeros)
    fits = not (left.active ^ right.active) & both
    if data.even:
        everything = (1 << len(data.rows)) - 1
        fits |= not (left.active ^ right.active ^ everything) & both
    return s == t and fits


class Graph:
    """The points, with their units in places if these have names, else in the order of faces."""

    def __init__(self, points: list[Points], labelled: bool) -> None:
        self.data, self.labelled, self.width = points[0].data, labelled, points[0].data.width
        self.points = {p.support: p for p in points}
        sizes = [perm(self.width, len(p.support)) * self.width if labelled else 1 for p in points]
        require(sum(sizes) <= MOST_PLACES, "the graph is too large")
        self.of: dict[Support, list[int]] = {}
        self.nodes: list[tuple[Points, Units]] = []
        for p in points:
            placed = list(self._placed(p))
            self.of[p.support] = list(range(len(self.nodes), len(self.nodes) + len(placed)))
            self.nodes += [(p, units) for units in placed]
        self.number = {units: node for node, (_, units) in enumerate(self.nodes)}
        self.near = cache(self._near)

    def _placed(self, points: Points) -> Iterator[Units]:
        """Yield the ways to place the units of a point."""
        living = tuple((face, points.group.sides[face]) for face in points.support)
        if not self.labelled:
            yield living
            return
        for places in permutations(range(self.width), len(living)):
            unit_at = dict(zip(places, living, strict=True))
            yield tuple(unit_at.get(place) for place in range(self.width))

    @cached_property
    def holders(self) -> dict[int, dict[Unit, int]]:
        """The nodes with a unit at a place."""
        found: dict[int, dict[Unit, int]] = defaultdict(lambda: defaultdict(int))
        for node, (_, units) in enumerate(self.nodes):
            for place, unit in enumerate(units):
                found[place][unit] |= 1 << node
        return found

    @cached_property
    def up_to(self) -> list[int]:
        """The nodes with so many living units or less."""
        sizes = [len(units) for _, units in self.nodes]
        counts = range(max(sizes) + 1)
        return [sum(1 << node for node, m in enumerate(sizes) if m <= k) for k in counts]

    def _near(self, place: int, unit: Unit) -> int:
        """Return the nodes with a unit at a place that fits another one."""
        held = self.holders[place].items()
        return reduce(or_, (bits for u, bits in held if compatible(self.data, unit, u)), 0)

    def neighbours(self, node: int) -> int:
        """Claim 38: two points are joined if some product of closed signed cells contains both.

        Units without names may be matched in any way (Corollary G.1, Lemma 42).
        """
        units, everything = self.nodes[node][1], self.up_to[-1]
        if self.labelled:
            living = ((place, unit) for place, unit in enumerate(units) if unit)
            return reduce(and_, (self.near(*pair) for pair in living), everything)
        found = 0
        for taken, bits in self._matched(units, everything).items():
            # Of m and n units, at least m + n - L have to be matched with each other.
            most = self.width - len(units) + taken.bit_count()
            found |= bits & self.up_to[min(most, len(self.up_to) - 1)] if most >= 0 else 0
        return found

    def _matched(self, units: Units, everything: int) -> dict[int, int]:
        """Return, by sets of places, the nodes whose units there match as many of these."""
        reached, places = {0: everything}, range(len(self.up_to) - 1)
        for unit in units:
            for taken, bits in list(reached.items()):
                for place in (k for k in places if not taken >> k & 1):
                    key = taken | 1 << place
                    if matching := bits & self.near(place, unit):
                        reached[key] = reached.get(key, 0) | matching
        return reached


@dataclass(eq=False)
class Branch:
    """A component of a sublevel set: a leaf of the tree, or what a merge makes."""

    leaves: frozenset[int]
    lowest: list[int]  # its leaves of least loss
    nodes: int
    children: list["Branch"] = field(default_factory=list)  # that with the lowest minimum last
    passes: list[Points] = field(default_factory=list)
    level: int = 0  # merges of equal loss have equal levels
    number: int = 0  # in the document, of a leaf or a merge
    parent: "Branch | None" = None


Contacts = dict[int, list[Branch]]  # what nodes touch that has less loss


@dataclass(eq=False)
class Joined:
    """Nodes of one level that are joined there, with their neighbours."""

    contacts: Contacts
    near: int

    @property
    def below(self) -> list[Branch]:
        """The components of less loss that become one."""
        return list(dict.fromkeys(b for touched in self.contacts.values() for b in touched))

    def meets(self, other: "Joined") -> bool:
        """Whether some nodes are neighbours, or touch one component."""
        near = any(self.near >> node & 1 for node in other.contacts)
        return near or not {*self.below}.isdisjoint(other.below)

    @classmethod
    def of(cls, parts: list["Joined"]) -> "Joined":
        """Return nodes that are joined as one."""
        contacts = {node: touched for p in parts for node, touched in p.contacts.items()}
        return cls(contacts, reduce(or_, (p.near for p in parts)))


class Tree:
    """The merge tree, of which the leaves are known: `leaf` says in which one a node is."""

    def __init__(self, graph: Graph, leaf: dict[int, int]) -> None:
        self.graph, self.leaf = graph, leaf
        self.start = {number: node for node, number in leaf.items()}
        self.merges: list[Branch] = []
        self.met: dict[int, Branch] = {}  # where a leaf first meets another one
        self.lost: dict[int, Branch] = {}  # where it first meets a lower one
        self.opens: dict[int, list[int]] = {}  # the lowest leaves of what a node touches
        self._at: dict[int, Branch] = {}
        self._seen: set[int] = set()
        self._reached = self._level = 0
        for near in of_like_loss(list(graph.points.values()), lambda p: p.core.loss()):
            for alike in of_like_loss(near, Points.loss_ball) if len(near) > 1 else [near]:
                self._reach(alike)
        require(self._seen == set(self.start), "leaves: one of them is no component")

    def _reach(self, points: list[Points]) -> None:
        """Claim 39: where nothing merges, losses need no order; elsewhere it is proved (Lemma 45).

        Points whose balls are apart are in order; those of others may be equal by claim 26.
        """
        groups = self._groups(points)
        if all(len(self._born(group)) + len(group.below) == 1 for group in groups):
            for group in groups:
                self._add(group)
            return
        for level in levels(points):
            self._level += 1
            for group in self._groups(level):
                self._add(group)

    def _groups(self, points: list[Points]) -> list[Joined]:
        """Return the nodes of some points as they are joined when their level is reached."""
        nodes = [node for p in points for node in self.graph.of[p.support]]
        near = {node: self.graph.neighbours(node) for node in nodes}
        parts = [Joined({node: self._touched(bits)}, bits) for node, bits in near.items()]
        return gathered(parts, Joined.meets, Joined.of)

    def _touched(self, near: int) -> list[Branch]:
        """Return the components that hold some of these nodes."""
        found: list[Branch] = []
        left = near & self._reached
        while left:
            found.append(self.component((left & -left).bit_length() - 1))
            left &= ~found[-1].nodes
        return found

    def component(self, node: int) -> Branch:
        """Return the component of a node that has been reached."""
        branch = self._at[node]
        while branch.parent:
            branch = branch.parent
        return branch

    def _born(self, group: Joined) -> set[int]:
        return {self.leaf[node] for node in group.contacts if node in self.leaf}

    def _add(self, group: Joined) -> None:
        """Claim 40: where nodes of one level are joined, the components that they touch become one.

        If they touch none, they are a leaf (Corollary G.1).
        """
        born, below = self._born(group), group.below
        require(len(born) == (not below), "a component appears that is not exactly one leaf")
        if born:
            require(born.isdisjoint(self._seen), "a leaf is several components")
            self._seen |= born
            branch = Branch(frozenset(born), [*born], 0, number=min(born))
        else:
            branch = below[0] if len(below) == 1 else self._merged(group)
        for node, touched in group.contacts.items():
            branch.nodes |= 1 << node
            self._at[node] = branch
            alone = [branch] if len(born) + len(below) == 1 else []  # of like loss, not told apart
            self.opens[node] = [b.lowest[0] for b in touched or alone]
        self._reached |= branch.nodes

    def _merged(self, group: Joined) -> Branch:
        """Return what the components become that the nodes of a level join."""
        children = sorted(group.below, key=lambda child: -child.lowest[0])
        lowest = self._lowest(children)
        leaves = frozenset().union(*(child.leaves for child in children))
        nodes = reduce(or_, (child.nodes for child in children))
        branch = Branch(leaves, lowest, nodes, children, self._passes(group), self._level)
        for child in children:
            child.parent = branch
            self.lost |= dict.fromkeys({*child.lowest} - {*lowest}, branch)
            self.met |= {} if child.children else {child.number: branch}
        self.merges.append(branch)
        return branch

    def _lowest(self, children: list[Branch]) -> list[int]:
        """Claim 41: the lowest minima are those of the last child, and of others if as low."""
        points = [self.graph.nodes[self.start[child.lowest[0]]][0] for child in children]
        orders = [loss_order(p, points[-1]) for p in points]
        require(min(orders) == 0, "components: not sorted by loss")
        least = (child for child, order in zip(children, orders, strict=True) if order == 0)
        return sorted(leaf for child in least for leaf in child.lowest)

    def _passes(self, group: Joined) -> list[Points]:
        """Claim 42: the passes touch several components, or if none does, one (Lemma 39)."""
        most = min(2, max(map(len, group.contacts.values())))
        found = {self.graph.nodes[n][0] for n, b in group.contacts.items() if len(b) >= most}
        return sorted(found, key=lambda points: points.support)


def levels(points: list[Points]) -> list[list[Points]]:
    """Split points by their losses, which are in order or equal."""
    ordered = sorted(points, key=cmp_to_key(loss_order))
    steps = [loss_order(*pair) != 0 for pair in pairwise(ordered)]
    cuts = [0, *(k for k, step in enumerate(steps, 1) if step), len(ordered)]
    return [ordered[start:stop] for start, stop in pairwise(cuts)]


def gap(top: Points, bottom: Points) -> Texts:
    """Return the texts of the difference of two losses."""
    for bits in LEVELS[LEVELS.index(NUMBER_BITS) :]:
        with ctx.workprec(bits):
            ball = top.loss_ball(bits) - bottom.loss_ball(bits)
        if found := nearest(ball, 1, bits):
            return found
    raise CertificateError(f"the height of {top.core.name} is not known well enough")


class Listed:
    """A component of the list: its number, its record, its points, and the nodes of these."""

    def __init__(self, landscape: Landscape, graph: Graph, index: int, record: Any) -> None:
        supports = [[group["face"] for group in s["support"]] for s in record["strata"]]
        place_of = landscape.data.place_of
        kinds = [landscape.minimal[tuple(sorted(map(place_of.get, s)))] for s in supports]
        vertices = dict.fromkeys(sorted(v for points in kinds for v in points.inside))
        self.index, self.record, self.isolated = index, record, record["dimension"] == 0
        self.points = graph.points[next(iter(vertices))]
        self.nodes = [node for vertex in vertices for node in graph.of[vertex]]

    @property
    def leaves(self) -> list[list[int]]:
        """Claim 43: a component is a basin iff it is isolated or global (Lemma 40).

        Of labelled units, each order of an isolated one is a leaf.
        """
        if not self.isolated and not self.record["global_at_every_width"]:
            return []
        return [[node] for node in self.nodes] if self.isolated else [self.nodes]


class Basins:
    """The tree of a list with a width, and what a document has to say of it."""

    def __init__(self, landscape: Landscape, points: list[Points], document: Any) -> None:
        self.graph = Graph(points, document["labelled"])
        records = document["minima"]["components"]
        self.listed = [Listed(landscape, self.graph, *pair) for pair in enumerate(records)]
        self.leaves = [(c, nodes) for c in self.listed for nodes in c.leaves]
        leaf = {node: number for number, (_, nodes) in enumerate(self.leaves) for node in nodes}
        self.tree = Tree(self.graph, leaf)

    def check(self, document: Any) -> None:
        """Claim 44: leaves, merges and components are those of the tree, each once and right."""
        expected = [self._leaf(*leaf) for leaf in self.leaves]
        matched(document["leaves"], expected, "leaves")
        merges = self._numbered(document["merges"])
        for branch, record in zip(merges, document["merges"], strict=True):
            with told(f"merge {branch.number}"):
                self._merge(branch, record)
        heights = [self._component(component) for component in self.listed]
        matched(document["components"], heights, "components")

    def _leaf(self, component: Listed, nodes: list[int]) -> dict[str, Any]:
        if not self.graph.labelled:
            return {"component": component.index}
        faces = [
            unit and self.graph.data.faces[unit[0]].text for unit in self.graph.nodes[nodes[0]][1]
        ]
        return {"component": component.index, "units": faces if component.isolated else None}

    def _numbered(self, records: Any) -> list[Branch]:
        """Claim 45: a merge is told by the leaves that it joins; they are sorted by loss."""
        left, found = {branch.leaves: branch for branch in self.tree.merges}, []
        for number, record in enumerate(records):
            leaves: set[int] = set()
            for child in record["children"]:
                leaves |= {child["leaf"]} if "leaf" in child else found[child["merge"]].leaves
            require(frozenset(leaves) in left, f"merges: number {number} does not take place")
            found.append(left.pop(frozenset(leaves)))
            found[-1].number = number
        require(not left, f"merges: {len(left)} are missing")
        losses = [branch.level for branch in found]
        require(losses == sorted(losses), "merges: not sorted by loss")
        return found

    def _basin(self, leaf: int) -> int:
        return self.leaves[leaf][0].index

    def _merge(self, branch: Branch, record: Any) -> None:
        """Require that a record is that of a merge."""
        top = branch.passes[0]
        expected = {
            "loss": top.texts(top.loss),
            "loss_interval": lambda ends: ends == interval(record["loss"]),
            "event": self._event(top),
            "basins": [self._basin(child.lowest[0]) for child in branch.children],
            "children": [{"merge" if c.children else "leaf": c.number} for c in branch.children],
            "passes": [
                self._pass(points, found["unit"])
                for points, found in zip(branch.passes, record["passes"], strict=True)
            ],
            "paths": lambda paths: len(paths) == len(branch.children) - 1,
        }
        matched(record, expected, "record")
        for child, path in zip(branch.children, record["paths"], strict=False):
            ends = child.lowest[0], branch.children[-1].lowest[0]
            self._path(path, *ends, rational(record["loss_interval"][1], "loss_interval"))

    def _event(self, points: Points) -> str:
        return "death" if len(points.support) < self.graph.width else "kink"

    def _pass(self, points: Points, unit: Any) -> dict[str, Any]:
        """Claim 46: at a pass a unit is zero, or one descends and crosses its zeros (Lemma 39)."""
        expected = {"support": self._support(points), "event": self._event(points)}
        if expected["event"] == "death":
            return expected | {"unit": None, "points": None}
        require(type(unit) is int and 0 <= unit < len(points.support), "passes: unit")
        face = points.support[unit]
        falls = points.core.ask(Residual.descends, face, points.group.sides[face])
        require(falls, "passes: the unit does not descend")
        zeros = [i + 1 for i, c in enumerate(self.graph.data.faces[face].text) if c == "0"]
        return expected | {"unit": unit, "points": zeros}

    def _support(self, points: Points) -> list[dict[str, Any]]:
        faces, sides = self.graph.data.faces, points.group.sides
        return [{"face": faces[k].text, "sign": sides[k]} for k in points.support]

    def _path(self, record: Any, start: int, stop: int, most: fmpq) -> None:
        """Claim 47: a path leads from leaf to leaf, H being at most the level (Lemma 43).

        Each corner is on the faces of a point of the graph, the first and the last one in the
        leaves, and neighbours are in one product of closed signed cells, unit by unit.
        """
        matched(record, {"from": start, "to": stop, "points": ...}, "path")
        corners = [self._corner(corner, most) for corner in record["points"]]
        for one, other in pairwise(corners):
            pairs = zip(one, other, strict=True)
            fits = all(compatible(self.graph.data, *pair) for pair in pairs)
            require(fits, "path: neighbours are in no product of cells")
        ends = [self.tree.leaf.get(self._node(corners[k])) for k in (0, -1)]
        require(ends == [start, stop], "path: its ends are not in the leaves")

    def _node(self, units: Units) -> int:
        """Return the node with these units."""
        living = units if self.graph.labelled else tuple(sorted(filter(None, units)))
        require(living in self.graph.number, "path: a corner is near no stationary point")
        return self.graph.number[living]

    def _corner(self, record: Any, most: fmpq) -> Units:
        """Return the units of a corner, after checking what it says and how high it is."""
        data, units, states = self.graph.data, [], []
        for unit in record["units"]:
            matched(unit, {"sign": {1, 0, -1}.__contains__, "z": ...}, "path: unit")
            require(type(unit["sign"]) is int and len(unit["z"]) == data.depth, "path: unit")
            states.append((unit["sign"], [rational(x, "path: z") for x in unit["z"]]))
            units.append(_signed_face(data, *states[-1]))
        require(len(units) == self.graph.width, "path: number of units")
        points = self.graph.nodes[self._node(tuple(units))][0]
        loss = points.texts(points.loss)
        matched(record, {"support": self._support(points), "loss": loss, "units": ...}, "corner")
        require(is_at_most(data, states, most), "path: a corner is higher than the level")
        return tuple(units)

    def _component(self, component: Listed) -> dict[str, Any]:
        """Claim 48: what the tree says of a component (Corollary 40.1)."""
        own = [k for k, (c, _) in enumerate(self.leaves) if c is component]
        record = component.record
        found = {"index": component.index, "loss": record["loss"], "basin": bool(own)}
        found |= {"leads_to": [], "leaves": len(own)}
        if not own:
            opens = {
                self._basin(leaf) for node in component.nodes for leaf in self.tree.opens[node]
            }
            found |= {"barrier": record["loss"], "depth": "0", "height": "0", "merge": None}
            return found | {"joins": min(opens), "leads_to": sorted(opens)}
        return found | NOWHERE | self._heights(component, own)

    def _heights(self, component: Listed, own: list[int]) -> dict[str, Any]:
        """Return where a basin first meets a lower one, and where any other one."""
        found: dict[str, Any] = {}
        for meets, name in ((self.tree.lost, "depth"), (self.tree.met, "height")):
            branches = [meets[leaf] for leaf in own if leaf in meets]
            for first in sorted(branches, key=lambda branch: branch.number)[:1]:
                top = first.passes[0]
                found[name] = gap(top, component.points)
                if name == "height":
                    found["merge"] = first.number
                else:
                    found |= {"barrier": top.texts(top.loss), "joins": self._basin(first.lowest[0])}
        return found


def _signed_face(data: Data, side: int, z: list[fmpq]) -> Unit:
    """Return the face on which a unit is, with its sign, None for a zero unit."""
    if side == 0:
        require(not any(z), "path: a unit without sign is not zero")
        return None
    signs = [sign(dot(row, z)) for row in data.rows]
    text = "".join("0+-"[signs[k]] for k in data.row_of)
    require(text in data.place_of, "path: a unit is not active")
    return data.place_of[text], side


def is_at_most(data: Data, states: list[tuple[int, list[fmpq]]], most: fmpq) -> bool:
    """Whether H = e'Re + 2 Lambda sum |z_l| is, at unit states, times 1/n for the mean loss."""
    values = [sum((s * data.output(row, z) for s, z in states), fmpq(0)) for row in data.rows]
    pulled = dot(data.pulls.exact.entries(), values)
    total = data.heavy.transpose() * fmpq_mat([[x] for x in values])
    (shared,) = (total.transpose() * data.inner * total).entries()
    squares = dot(data.copies, [x * x for x in values]) - shared
    left = most / data.scale - (data.energy - 2 * pulled + squares)
    for bits in LEVELS[LEVELS.index(NUMBER_BITS) :]:
        with ctx.workprec(bits):
            lengths = sum((norm(list(map(arb, z))) for _, z in states), arb(0))
            if found := sign(left - 2 * data.ridge * lengths):
                return found > 0
    return False


def of_every_width(landscape: Landscape, minima: Any) -> dict[str, Any]:
    """Claim 49: of all widths at once, basins are counted (Corollary 40.2)."""
    records, best = minima["components"], minima["every_width"]["global"]
    spans = [_span(record) for record in records]
    ends = Counter(span[1] for span in spans if span)
    rows = [_width(width, ends[width], parts) for width, parts in landscape.parts.items()]
    sizes = list(map(len, best["supports"]))
    bounds = {"smallest": min(sizes), "largest": max(sizes)}
    components = [
        {"index": k, "loss": record["loss"], "basin": span is not None, "widths": span}
        for k, (record, span) in enumerate(zip(records, spans, strict=True))
    ]
    every = {
        "widths": rows,
        "last_trap": max(filter(None, ends), default=0),
        "connected_from": {
            "up_to_permutation": _single_from(rows, "basins"),
            "labelled": _single_from(rows, "labelled"),
        },
        "global": bounds | {"connected_from": best["connected_from"]},
    }
    return {"components": components, "leaves": [], "merges": [], "every_width": every}


def _span(record: Any) -> list[int | None] | None:
    """Return the first and the last width at which a support of the list is a basin."""
    if record["global_at_every_width"]:
        return [record["width_min"], None]
    return [record["width_min"]] * 2 if record["dimension"] == 0 else None


def _single_from(rows: list[dict[str, int]], key: str) -> int:
    return 1 + max((row["width"] for row in rows if row[key] != 1), default=0)


def _width(width: int, isolated: int, parts: list[list[Support]]) -> dict[str, int]:
    """Return the numbers of basins of a width."""
    copies = [factorial(width) if is_rigid(part, width) else 1 for part in parts]
    return {
        "width": width,
        "basins": isolated + len(parts),
        "isolated": isolated,
        "global": len(parts),
        "labelled": isolated * factorial(width) + sum(copies),
    }


def tree_of(document: Any, landscape: Landscape, proof: Proof) -> str:
    """Return what is proved of the tree of a list that is proved."""
    if landscape.width == "all":
        for key, expected in of_every_width(landscape, document["minima"]).items():
            matched(document[key], expected, key)
        return "numbers of every width"
    points = stationary_points(landscape, proof, document.get("exact", []))
    basins = Basins(landscape, points, document)
    basins.check(document)
    paths = sum(len(branch.children) - 1 for branch in basins.tree.merges)
    labels = "labelled" if document["labelled"] else "up to permutation"
    sizes = f"{len(basins.leaves)} leaves, {len(basins.tree.merges)} merges, {paths} paths"
    return f"{sizes}, {len(points)} stationary points, {labels}"
