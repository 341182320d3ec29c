"""The document of basins: all of it follows from the data and the list."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from flint import fmpq

from ..arithmetic.decimals import interval
from ..reals import CertificateError, dot, matched, rational, require, told
from .document import exact_text
from .line import Line
from .merging import Merging, Region
from .places import Graph, Point, fit, points_of
from .units import Unit

NOWHERE = dict.fromkeys(("barrier", "depth", "joins", "height", "merge"))
EXACT = ("barrier", "depth", "height")


def numbers(name: str, value: fmpq) -> dict[str, Any]:
    """Claim 341: a loss, or a height, stands as a decimal of 30 digits and as a fraction."""
    return {name: exact_text(value), f"{name}_exact": str(value)}


Kinks = frozenset[tuple[int, int, int]]  # signs of a and b, and inputs


class Listed:
    """A component of the list, and the nodes in its closure."""

    def __init__(self, graph: Graph, line: Line, index: int, record: Any) -> None:
        self.index, self.record = index, record
        self.loss = rational(record["loss_exact"], "loss_exact")
        self.nodes = list(self._inside(graph, [_cells(line, each) for each in record["strata"]]))
        self.leaves: list[Region] = []

    def _inside(self, graph: Graph, strata: Sequence[Sequence[Kinks]]) -> Iterator[int]:
        """Claim 342: these have its loss, and units in the closed cells of one of its strata.

        For there the loss is convex, and least at the minima (Lemma 118).
        """
        for node, (point, _) in enumerate(graph.nodes):
            if point.loss == self.loss:
                units = [_ends(unit) for unit in point.units]
                if any(_held(units, cells) for cells in strata):
                    yield node


def _ends(unit: Unit) -> Kinks:
    """Return the kinks at inputs of which a unit is a mean."""
    places = (unit.place, unit.place + 1)[: 1 + (unit.kind == "gap")]
    return frozenset((unit.sign, unit.side, place) for place in places)


def _cells(line: Line, stratum: Any) -> list[Kinks]:
    """Return those of the living units of a stratum."""
    found = []
    for group in stratum["support"]:
        side = 1 if rational(group["direction"][0], "direction") > 0 else -1
        places = _around(line, rational(group["kink"], "kink"), side)
        found += [frozenset((group["sign"], side, k) for k in places)] * group["multiplicity"]
    return found


def _around(line: Line, kink: fmpq, side: int) -> set[int]:
    """Return the inputs next to a kink; of a straight line that where it begins to bend."""
    before = [place for place, x in enumerate(line.x) if x <= kink]
    behind = [place for place, x in enumerate(line.x) if x >= kink]
    if before and behind:
        return {before[-1], behind[0]}
    return {0 if side > 0 else line.size - 1}


def _held(units: Sequence[Kinks], cells: Sequence[Kinks]) -> bool:
    """Whether different cells hold the units."""
    if not units:
        return True
    rest = ([*cells[:k], *cells[k + 1 :]] for k, cell in enumerate(cells) if units[0] <= cell)
    return any(_held(units[1:], others) for others in rest)


class Basins:
    """The tree of a list, and what a document has to say of it."""

    def __init__(self, line: Line, document: Any) -> None:
        self.line, self.document = line, document
        self.graph = Graph(points_of(line), line.width, document["labelled"])
        self.tree = Merging(self.graph)
        records = document["minima"]["components"]
        self.listed = [Listed(self.graph, line, *pair) for pair in enumerate(records)]
        self._give_leaves()
        self.leaves = self._numbered_leaves(document["leaves"])
        self.of_leaf = {
            id(leaf): component.index for component in self.listed for leaf in component.leaves
        }
        self.number = {id(leaf): number for number, leaf in enumerate(self.leaves)}

    def _give_leaves(self) -> None:
        """Claim 343: each leaf belongs to one component of the list, and has all points of that.

        A component with points that are in no leaf is no basin (Lemma 118).
        """
        owners = [component for component in self.listed for _ in self._own(component)]
        require(len(owners) == len(self.tree.leaves), "leaves and components are not one to one")

    def _own(self, component: Listed) -> list[Region]:
        """Give a component its leaves."""
        nodes = set(component.nodes)
        require(len(nodes) > 0, f"component {component.index}: no point is in it")
        component.leaves = [leaf for leaf in self.tree.leaves if not nodes.isdisjoint(leaf.least)]
        inside = {node for leaf in component.leaves for node in leaf.least}
        whole = not component.leaves or inside == nodes
        require(whole, f"component {component.index} is not all of a leaf")
        return component.leaves

    def _numbered_leaves(self, records: Any) -> list[Region]:
        """Claim 344: leaves stand in the order of the list.

        If units have names and a component has several leaves, each is told by the faces of its
        units at one of its points.
        """
        require(type(records) is list, "leaves: no list")
        found = []
        for component in self.listed:
            left = list(component.leaves)
            for _ in component.leaves:
                require(len(found) < len(records), "leaves: some are missing")
                several = self.graph.labelled and len(component.leaves) > 1
                leaf = self._told_by(left, records[len(found)]) if several else left[0]
                self._leaf(component, records[len(found)], several)
                left.remove(leaf)
                found.append(leaf)
        require(len(found) == len(records), "leaves: there are more than basins")
        return found

    def _leaf(self, component: Listed, record: Any, several: bool) -> None:
        """Require that a record is that of a leaf; units are told if there are several."""
        named = {"units": ... if several else None} if self.graph.labelled else {}
        matched(record, {"component": component.index} | named, "leaf")

    def _told_by(self, leaves: Sequence[Region], record: Any) -> Region:
        """Return the leaf with a point whose units have these faces."""
        for leaf in leaves:
            for node in leaf.least:
                faces = [unit and unit.face(self.line) for unit in self.graph.nodes[node][1]]
                if record["units"] == faces:
                    return leaf
        raise CertificateError("leaves: units are those of no further leaf")

    def first(self, region: Region) -> int:
        """Return the leaf of least loss in a component, the first of the document."""
        return min(self.number[id(leaf)] for leaf in region.leaves)

    def lowest(self, region: Region) -> int:
        """Return the basin of that leaf."""
        return self.of_leaf[id(self.leaves[self.first(region)])]

    def check(self) -> None:
        """Claim 345: merges and components are those of the tree, each once and right."""
        self._number_merges(self.document["merges"])
        for number, record in enumerate(self.document["merges"]):
            with told(f"merge {number}"):
                self._merge(self.merges[number], record)
        expected = [self._component(component) for component in self.listed]
        matched(self.document["components"], expected, "components")

    def _number_merges(self, records: Any) -> None:
        """Claim 346: a merge is told by the leaves that it joins; they are sorted by loss."""
        left = {self._names(region): region for region in self.tree.merges}
        self.merges: list[Region] = []
        for number, record in enumerate(records):
            names = frozenset().union(*map(self._below, record["children"]))
            require(names in left, f"merges: number {number} does not take place")
            self.merges.append(left.pop(names))
        require(not left, f"merges: {len(left)} are missing")
        losses = [self._level(region) for region in self.merges]
        require(losses == sorted(losses), "merges: not sorted by loss")
        self.place = {id(region): number for number, region in enumerate(self.merges)}

    def _below(self, child: Any) -> frozenset[int]:
        """Return the leaves of a child, a leaf or an earlier merge."""
        if "leaf" in child:
            return frozenset([child["leaf"]])
        require(child["merge"] < len(self.merges), "merges: a child comes later")
        return self._names(self.merges[child["merge"]])

    def _names(self, region: Region) -> frozenset[int]:
        return frozenset(self.number[id(leaf)] for leaf in region.leaves)

    def _level(self, region: Region) -> fmpq:
        return self.graph.nodes[region.passes[0]][0].loss

    def _merge(self, region: Region, record: Any) -> None:
        """Claim 347: the child with the lowest minimum is the last one, and so on."""
        children = sorted(region.children, key=lambda child: -self.first(child))
        met, level = record["passes"], self._level(region)
        passes = [self._pass(point) for point in self._points(region.passes)]
        require(len(met) == len(passes), "passes: number")
        require(_texts(met) == _texts(passes), "passes: one is missing")
        expected = {
            **numbers("loss", level),
            "loss_interval": interval(record["loss"]),
            "event": met[0]["event"],
            "basins": [self.lowest(child) for child in children],
            "children": [self._child(child) for child in children],
            "passes": ...,
            "paths": lambda paths: len(paths) == len(children) - 1,
        }
        matched(record, expected, "record")
        for child, path in zip(children, record["paths"], strict=False):
            self._path(path, self.first(child), self.first(children[-1]), level)

    def _points(self, nodes: Sequence[int]) -> list[Point]:
        return list(
            {id(point): point for point, _ in (self.graph.nodes[k] for k in nodes)}.values()
        )

    def _child(self, region: Region) -> dict[str, int]:
        if region.children:
            return {"merge": self.place[id(region)]}
        return {"leaf": self.number[id(region)]}

    def _support(self, point: Point) -> list[dict[str, Any]]:
        return [
            {"face": unit.face(self.line), "sign": unit.sign, "side": unit.side}
            for unit in point.units
        ]

    def _pass(self, point: Point) -> dict[str, Any]:
        """Claim 348: at a pass a unit is zero, or one crosses the data points at its kink."""
        found = {"support": self._support(point), "event": "death", "unit": None, "points": None}
        if len(point.units) == self.line.width:
            unit = point.crossing()
            require(unit is not None, "passes: no unit descends")
            place = point.units[unit].place
            crossed = [k for k, own in enumerate(self.line.place_of, start=1) if own == place]
            found |= {"event": "kink", "unit": unit, "points": crossed}
        return found

    def _path(self, record: Any, start: int, stop: int, most: fmpq) -> None:
        """Claim 349: a path leads from leaf to leaf, no corner is above the level (Lemma 43).

        Each corner is a point of the graph, neighbours are in one product of cells, unit by unit.
        """
        matched(record, {"from": start, "to": stop, "points": ...}, "path")
        corners = [self._corner(corner, most) for corner in record["points"]]
        for one, other in pairwise(corners):
            pairs = zip(one, other, strict=True)
            require(
                all(fit(*pair) for pair in pairs), "path: neighbours are in no product of cells"
            )
        for units, leaf in ((corners[0], start), (corners[-1], stop)):
            node = self.graph.number[self._key(units)]
            require(node in self.leaves[leaf].least, "path: its ends are not in the leaves")

    def _key(self, units: Sequence[Unit | None]) -> tuple:
        return tuple(units) if self.graph.labelled else tuple(sorted(filter(None, units)))

    def _corner(self, record: Any, most: fmpq) -> list[Unit | None]:
        """Return the units of a corner, after checking what it says and how high it is."""
        states, units = [], []
        for unit in record["units"]:
            matched(unit, {"sign": {1, 0, -1}.__contains__, "z": ...}, "path: unit")
            require(type(unit["sign"]) is int and len(unit["z"]) == 2, "path: unit")
            state = unit["sign"], *(rational(x, "path: z") for x in unit["z"])
            states.append(state)
            units.append(_unit(self.line, *state))
        require(len(units) == self.line.width, "path: number of units")
        key = self._key(units)
        require(key in self.graph.number, "path: a corner is no point of the graph")
        point = self.graph.nodes[self.graph.number[key]][0]
        expected = {"support": self._support(point), **numbers("loss", point.loss), "units": ...}
        matched(record, expected, "corner")
        require(loss_of(self.line, states) == point.loss, "path: a corner is not its point")
        require(point.loss <= most, "path: a corner is higher than the level")
        return units

    def _component(self, component: Listed) -> dict[str, Any]:
        """Claim 350: what the tree says of a component (Lemma 118)."""
        loss, loss_exact = component.record["loss"], component.record["loss_exact"]
        found = {"index": component.index, "loss": loss, "basin": bool(component.leaves)}
        found |= {"leads_to": [], "leaves": len(component.leaves)} | NOWHERE
        if component.leaves:
            return found | {f"{name}_exact": None for name in EXACT} | self._heights(component)
        below = sorted({self.lowest(region) for region in self._open(component)})
        found |= {"joins": below[0], "leads_to": below, "barrier": loss}
        zeros = dict.fromkeys(("depth", "depth_exact", "height", "height_exact"), "0")
        return found | zeros | {"barrier_exact": loss_exact}

    def _open(self, component: Listed) -> Iterator[Region]:
        """Yield what the points of a component touch below; some do, if it is no basin."""
        for node in component.nodes:
            yield from self.tree.touched[node]

    def _heights(self, component: Listed) -> dict[str, Any]:
        """Return where a basin first meets a lower one, and where any other one."""
        lost, met, found = [], [], {}
        for leaf in component.leaves:
            region = leaf.parent
            met += [region] * (region is not None)
            while region is not None and self._least(region) == component.loss:
                region = region.parent
            lost += [region] * (region is not None)
        if lost:
            region = min(lost, key=lambda region: self.place[id(region)])
            level = self._level(region)
            found |= numbers("barrier", level) | numbers("depth", level - component.loss)
            found |= {"joins": self.lowest(region)}
        if met:
            region = min(met, key=lambda region: self.place[id(region)])
            found |= numbers("height", self._level(region) - component.loss)
            found |= {"merge": self.place[id(region)]}
        return found

    def _least(self, region: Region) -> fmpq:
        return min(self.graph.nodes[leaf.least[0]][0].loss for leaf in region.leaves)


def _texts(records: Sequence[Any]) -> list[str]:
    """Return records in any order, as text: 1 and true are equal, but not there."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def _unit(line: Line, sign: int, slope: fmpq, offset: fmpq) -> Unit | None:
    """Return what a unit is, by its state; None if it is zero."""
    if sign == 0:
        require(slope == offset == 0, "path: a unit without sign is not zero")
        return None
    require(slope != 0, "path: a unit has no kink")
    kink, side = -offset / slope, 1 if slope > 0 else -1
    before = sum(x <= kink for x in line.x) - 1
    require(line.x[0] <= kink <= line.x[-1], "path: a kink is outside of the data")
    return Unit("kink" if line.x[before] == kink else "gap", sign, side, before)


def loss_of(line: Line, states: Sequence[tuple[int, fmpq, fmpq]]) -> fmpq:
    """Return the least loss of networks whose units have these states (Lemma 114)."""
    values = [
        y - sum((s * max(slope * x + offset, fmpq(0)) for s, slope, offset in states), fmpq(0))
        for x, y in zip(line.x, line.y, strict=True)
    ]
    left = line.centred(values)
    squares = dot(line.w, [value * value for value in left])
    sizes = sum((abs(slope) for _, slope, _ in states), fmpq(0))
    return (squares + line.scatter + 2 * line.ridge * sizes) * line.scale


def tree_of(document: Any) -> str:
    """Return what is proved of the tree of a list that is proved."""
    line = Line(document["problem"])
    basins = Basins(line, document)
    basins.check()
    paths = sum(len(region.children) - 1 for region in basins.tree.merges)
    labels = "labelled" if document["labelled"] else "up to permutation"
    sizes = f"{len(basins.leaves)} leaves, {len(basins.merges)} merges, {paths} paths"
    points = len({id(point) for point, _ in basins.graph.nodes})
    return f"{sizes}, {points} stationary points, {labels}, all rational"
