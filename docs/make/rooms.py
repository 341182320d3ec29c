"""Draw docs/images/rooms.svg: the rooms of the package and who imports from whom, by the source.

`make docs` runs it. A room stands above all that it imports from; an arrow is left out where others
lead the same way. Numbers are counts of modules.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from docs.make.prose import ROOT
from reluenum.documents.files import write_text
from reluenum.figures.words import described

PACKAGE, PLAN = ROOT / "reluenum", ROOT / "docs/architecture.md"
PICTURE = ROOT / "docs/images/rooms.svg"

FACE = ("__init__", "__main__")
"""Modules at the top that import whatever is asked for, and are no room."""

HEIGHT, LEVEL, GAP, MARGIN = 34, 84, 22, 24
"""Of a box, from one level to the next, between boxes, and around all, in pixels."""

STIFFNESS = 8.0
"""How much more a bend than a box insists on its place, so that long arrows are nearly straight."""

SWEEPS = 60
"""Times that the order of a level follows that of its neighbours."""

FILLS = ("#e8eef7", "#e3f2ec", "#fbf1dc", "#f7e6e6", "#ede7f6", "#e5f3f8")
"""Of the levels, from below, again and again."""

Edges = Mapping[str, set[str]]
"""From each room to others."""


@dataclass(eq=False)
class Node:
    """A place in a level: a room, or a bend of an arrow that passes by.

    Parameters
    ----------
    name : str
        Of the room; empty for a bend.
    level : int
        0 at the bottom.
    width : float
        In pixels.
    x : float
        Of its middle.
    """

    name: str
    level: int
    width: float
    x: float = 0.0


def rooms() -> list[str]:
    """Return the rooms of the plan, docs/architecture.md, from those that others need upwards."""
    return re.findall(r"^\| `([a-z_/]+?)/?` \|", PLAN.read_text(encoding="utf-8"), re.MULTILINE)


def room_of(module: Sequence[str], known: Iterable[str]) -> str:
    """Return the room of a module: the innermost of its folders that is one.

    Examples
    --------
    >>> room_of(["engines", "reduced", "outcomes"], ["engines", "engines/reduced"])
    'engines/reduced'
    """
    folders = ["/".join(module[:depth]) for depth in range(len(module), 0, -1)]
    return next(folder for folder in folders if folder in known)


def modules() -> dict[tuple[str, ...], Path]:
    """Return the modules of the package but for its face; `__init__` is that of its room."""
    paths = PACKAGE.rglob("*.py")
    found = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in paths}
    return {parts: path for parts, path in found.items() if parts[0] not in FACE}


def imports() -> Edges:
    """Return from which rooms each room imports, at the top of a module or when it is called."""
    known = rooms()
    edges: dict[str, set[str]] = {room: set() for room in known}
    for parts, path in modules().items():
        room = room_of(parts, known)
        targets = _imported(ast.parse(path.read_text(encoding="utf-8")))
        edges[room] |= {room_of(target, known) for target in targets} - {room}
    return edges


def _imported(tree: ast.AST) -> Iterator[list[str]]:
    """Yield what a module imports from the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package, *inside = (node.module or "").split(".")
            if package == PACKAGE.name:
                yield from ([*inside, alias.name] for alias in node.names)


def levels(edges: Edges) -> dict[str, int]:
    """Return the level of each room: one more than the highest that it imports from.

    Raises
    ------
    ValueError
        If rooms import in a circle.
    """
    found: dict[str, int] = {}
    while len(found) < len(edges):
        ready = [room for room in edges if room not in found and edges[room] <= found.keys()]
        if not ready:
            raise ValueError(f"a circle of imports: {sorted(edges.keys() - found.keys())}")
        found |= {
            room: 1 + max((found[other] for other in edges[room]), default=-1) for room in ready
        }
    return found


def reduced(edges: Edges) -> Edges:
    """Return the arrows that do not follow from others.

    Examples
    --------
    >>> reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    {'a': {'b'}, 'b': {'c'}, 'c': set()}
    """
    return {room: targets - _beyond(edges, targets) for room, targets in edges.items()}


def _beyond(edges: Edges, rooms: set[str]) -> set[str]:
    """Return the rooms from which some rooms import, directly or not."""
    found: set[str] = set()
    waiting = [other for room in rooms for other in edges[room]]
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting += edges[room]
    return found


class Layout:
    """Rooms and arrows in the plane.

    Parameters
    ----------
    edges : dict
        Without circles.
    sizes : dict
        How many modules a room has.
    """

    def __init__(self, edges: Edges, sizes: Mapping[str, int]) -> None:
        heights, self.sizes = levels(edges), sizes
        boxes = {r: Node(r, heights[r], 8.3 * len(label(r, sizes)) + 24) for r in sorted(edges)}
        self.rows: list[list[Node]] = [[] for _ in range(max(heights.values()) + 1)]
        for box in boxes.values():
            self.rows[box.level].append(box)
        self.arrows: list[list[Node]] = []
        for room, targets in sorted(reduced(edges).items()):
            for target in sorted(targets):
                bends = [Node("", k, 8) for k in range(heights[room] - 1, heights[target], -1)]
                for bend in bends:
                    self.rows[bend.level].append(bend)
                self.arrows.append([boxes[room], *bends, boxes[target]])
        self._order()
        self._place()

    def _order(self) -> None:
        """Bring the nodes of each level into an order with few crossings."""
        steps = [step for arrow in self.arrows for step in pairwise(arrow)]
        best, crossed = [list(row) for row in self.rows], self.crossings()
        for sweep in range(SWEEPS):
            upwards = sweep % 2 == 0
            for row in self.rows if upwards else reversed(self.rows):
                places = {node: k for other in self.rows for k, node in enumerate(other)}
                near: dict[Node, list[int]] = {node: [] for node in row}
                for high, low in steps:
                    here, there = (high, low) if upwards else (low, high)
                    if here in near:
                        near[here].append(places[there])
                wanted = {node: _mean(near[node], places[node]) for node in row}
                row.sort(key=wanted.__getitem__)
            if self.crossings() < crossed:
                best, crossed = [list(row) for row in self.rows], self.crossings()
        self.rows = best

    def crossings(self) -> int:
        """Return how many pairs of arrows cross."""
        places = {node: k for row in self.rows for k, node in enumerate(row)}
        steps = [
            (high.level, places[high], places[low])
            for arrow in self.arrows
            for high, low in pairwise(arrow)
        ]
        return sum(
            level == other and (a - c) * (b - d) < 0
            for k, (level, a, b) in enumerate(steps)
            for other, c, d in steps[:k]
        )

    def _place(self) -> None:
        """Move boxes towards their neighbours and bends below each other, in their order."""
        near: dict[Node, list[Node]] = {node: [] for row in self.rows for node in row}
        for arrow in self.arrows:
            for high, low in pairwise(arrow):
                near[high].append(low)
                near[low].append(high)
            near |= {bend: arrow for bend in arrow[1:-1]}
        for sweep in range(SWEEPS):
            for row in self.rows if sweep % 2 else reversed(self.rows):
                wanted = [_mean([other.x for other in near[node]], node.x) for node in row]
                weights = [1 if node.name else STIFFNESS for node in row]
                places = spread(wanted, [node.width for node in row], weights)
                for node, x in zip(row, places, strict=True):
                    node.x = x
        left = min(node.x - node.width / 2 for row in self.rows for node in row)
        for node in (node for row in self.rows for node in row):
            node.x += MARGIN - left

    def y(self, level: int) -> float:
        """Return the height of the middle of a level, measured from the top."""
        return MARGIN + HEIGHT / 2 + LEVEL * (len(self.rows) - 1 - level)

    def svg(self) -> str:
        """Return the drawing."""
        width = max(node.x + node.width / 2 for row in self.rows for node in row) + MARGIN
        height = self.y(0) + HEIGHT / 2 + MARGIN
        parts = [HEAD.format(width=round(width), height=round(height))]
        parts += [self._arrow(arrow) for arrow in self.arrows]
        parts += [self._box(node) for row in self.rows for node in row if node.name]
        return "\n".join([*parts, "</svg>", ""])

    def _box(self, node: Node) -> str:
        x, y = node.x - node.width / 2, self.y(node.level) - HEIGHT / 2
        return BOX.format(
            x=round(x),
            y=round(y),
            width=round(node.width),
            height=HEIGHT,
            fill=FILLS[node.level % len(FILLS)],
            middle=round(node.x),
            base=round(y + HEIGHT / 2 + 5),
            name=escape(node.name),
            size=f' <tspan class="size">{self.sizes[node.name]}</tspan>'
            * (self.sizes[node.name] > 1),
        )

    def _arrow(self, arrow: Sequence[Node]) -> str:
        """Return an arrow: vertical where it leaves, passes and enters boxes."""
        start, *bends, end = arrow
        x, y = self._port(start, arrow, 0), self.y(start.level) + HEIGHT / 2
        path = f"M{x:.0f} {y:.0f}"
        for node, to in [*((bend, bend.x) for bend in bends), (end, self._port(end, arrow, -1))]:
            top = self.y(node.level) - HEIGHT / 2
            middle = (y + top) / 2
            path += f" C{x:.0f} {middle:.0f} {to:.0f} {middle:.0f} {to:.0f} {top:.0f}"
            path += f" V{top + HEIGHT:.0f}" * (node is not end)
            x, y = to, top + HEIGHT
        return f'<path d="{path}"/>'

    def _port(self, box: Node, arrow: Sequence[Node], end: int) -> float:
        """Return where an arrow leaves or enters a box: in the order of where it leads."""
        beside = sorted(
            (other for other in self.arrows if other[end] is box),
            key=lambda other: other[1 if end == 0 else -2].x,
        )
        share = (beside.index(arrow) + 1) / (len(beside) + 1)
        return box.x + (share - 0.5) * 0.8 * box.width


def label(room: str, sizes: Mapping[str, int]) -> str:
    """Return what stands in a box."""
    return f"{room} {sizes[room]}" if sizes[room] > 1 else room


def spread(
    wanted: Sequence[float], widths: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """Return the places next to those wanted at which boxes keep their order and do not touch.

    Weighted least squares in a given order: boxes that would touch form blocks, which move
    together.

    Examples
    --------
    >>> spread([0, 0, 100], [10, 10, 10], [1, 1, 1])
    [-16.0, 16.0, 100.0]
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + GAP)
    blocks: list[tuple[float, float, int]] = []
    for place, offset, weight in zip(wanted, offsets, weights, strict=True):
        total, mass, count = weight * (place - offset), weight, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / mass:
            more, heavier, before = blocks.pop()
            total, mass, count = total + more, mass + heavier, count + before
        blocks.append((total, mass, count))
    shifts = [total / mass for total, mass, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" \
height="{height}">
<style>
text {{ font: 600 14px "DejaVu Sans", Verdana, sans-serif; text-anchor: middle; fill: #1c2733; }}
.size {{ font-weight: 400; font-size: 11px; fill: #5a6b7d; }}
rect {{ stroke: #5a6b7d; }}
path {{ fill: none; stroke: #8291a3; stroke-width: 1.3; marker-end: url(#tip); }}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><polygon points="0,0.5 8,4 0,7.5" fill="#8291a3"/></marker></defs>
<rect width="{width}" height="{height}" style="fill: #ffffff; stroke: none"/>"""

WORDS = (
    "The rooms of the package",
    "A box for each room, with the number of its modules, above those that its arrows lead to: "
    "it imports from these.",
)
"""Title and description for those who do not see it."""

BOX = (
    '<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="7" fill="{fill}"/>'
    '<text x="{middle}" y="{base}">{name}{size}</text>'
)


def drawing() -> str:
    """Return the drawing of the package."""
    known = rooms()
    sizes = Counter(room_of(parts, known) for parts in modules() if parts[-1] != "__init__")
    return described(Layout(imports(), sizes).svg(), *WORDS)


def main() -> None:
    """Write the picture."""
    write_text(PICTURE, drawing())


if __name__ == "__main__":
    main()
