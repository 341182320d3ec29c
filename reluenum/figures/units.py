"""Where the hidden units of the minima are; for inputs of one variable, the plane of (b, c)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.documents.labels import undecided_note
from reluenum.figures.features import plot_features
from reluenum.figures.reading import (
    AxisNames,
    Document,
    Vector,
    cut_note,
    direction,
    is_deep,
    level_text,
    multiplicity,
    number,
    radius,
    shape_text,
)
from reluenum.figures.style import (
    BLACK,
    COLOURS,
    DOUBLE_COLUMN,
    GREY,
    LINE,
    drawing,
    mark,
    message,
    spread,
)
from reluenum.figures.units_higher import units_faces, units_kinks

MOST_LOOKS = 10
"""Components with a colour and a marker of their own; the others are grey."""

_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p")


@drawing(undecided_note)
def plot_units(document: Document) -> tuple[Figure, str]:
    """Draw where the hidden units of every component are.

    For d = 1 the plane of (b, c): an isolated minimum is a marker for each of its neurons. Where
    neurons share a face, each covers a segment towards 0, and a second panel shows the arcs
    (parts of spheres) that their output weights run over. For d = 2 the kinks b . x + c = 0 in
    the plane of the inputs, a panel for each component; for d > 2, and for d = 1 if hidden biases
    are not penalised or not there, the faces, as a chart. Of
    networks with several hidden layers, what each layer makes of the inputs.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    """
    if not document["components"]:
        return message("no component of local minima is known"), ""
    if is_deep(document["components"][0]):
        figure, shown = plot_features(document)
        return figure, cut_note(shown, document)
    dimension = len(document["problem"]["x"][0])
    draw = {1: _units_plane, 2: units_kinks}.get(dimension, units_faces)
    if draw is _units_plane and "hidden_bias" in document["problem"]:
        draw = units_faces
    figure, shown = draw(document)
    return figure, cut_note(shown, document)


@dataclass(frozen=True)
class _Look:
    """How a component is drawn in every panel of a figure."""

    colour: str
    marker: str
    size: float = 5.5

    @classmethod
    def of(cls, rank: int, component: Document) -> "_Look":
        if rank >= MOST_LOOKS:
            return cls(GREY, ".", 3)
        colour = COLOURS[rank % len(COLOURS)]
        if component["global_at_width"] and component["dimension"] == 0:
            return cls(colour, "*", 10)
        return cls(colour, _MARKERS[rank % len(_MARKERS)])

    def point(self, sign: int) -> dict[str, Any]:
        """Return the keywords of a neuron: filled if a > 0, hollow if a < 0."""
        return mark(self.marker, self.colour, self.size, sign < 0, markeredgewidth=1.1)

    def curve(self, sign: int) -> dict[str, Any]:
        """Return the keywords of a set of neurons: solid if a > 0, dashed if a < 0."""
        return {"color": self.colour, "linestyle": "-" if sign > 0 else (0, (4, 2))}

    def end(self, is_open: bool) -> dict[str, Any]:
        """Return the keywords of an end of a curve: a small ring if it does not belong to it."""
        return mark("o", self.colour, 3.6, is_open, markeredgewidth=0.8)


@dataclass(frozen=True)
class _Segment:
    """The neurons of a component that share a face and are not one point."""

    direction: Vector
    radius: float
    sign: int
    neurons: int


def _isolated_neurons(component: Document) -> Iterator[tuple[Vector, int]]:
    """Yield (b, c) and the sign of a of each neuron of an isolated minimum."""
    stratum = component["strata"][0]
    for group in stratum["support"]:
        yield direction(group) * radius(group), group["sign"]
    for _ in range(stratum["zero_neurons"]):
        yield np.zeros(2), 1


def _shared_faces(component: Document) -> tuple[list[_Segment], list[_Segment]]:
    """Split the faces of a component with dimension > 0 into segments and fixed points.

    On a global component with zero neurons every living neuron can shrink to 0, in other strata.
    """
    widest: dict[str, Document] = {}
    for stratum in component["strata"]:
        for group in stratum["support"]:
            known = widest.setdefault(group["face"], group)
            if (multiplicity(group), radius(group)) > (multiplicity(known), radius(known)):
                widest[group["face"]] = group
    faces = [
        _Segment(direction(group), radius(group), group["sign"], multiplicity(group))
        for group in widest.values()
    ]
    return [f for f in faces if f.neurons > 1], [f for f in faces if f.neurons == 1]


def _units_plane(document: Document) -> tuple[Figure, int]:
    """Draw the plane of (b, c), the arcs next to it, and the legends."""
    components = document["components"]
    looks = [_Look.of(rank, component) for rank, component in enumerate(components)]
    width, height = DOUBLE_COLUMN, 4.6 if undecided_note(document) else 4.4
    figure = Figure(figsize=(width, height))

    def panel(left: float, bottom: float, side: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, side / width, side / height))

    plane = panel(0.65, 0.75, 3.2)
    for rank in reversed(range(len(components))):  # the best is on top
        _draw_units(plane, components[rank], looks[rank], rank + 1)
    _frame_plane(plane, document)
    top = 3.95 / height
    if any(_shared_faces(c)[0] for c in components if c["dimension"] > 0):
        _draw_arcs(panel(4.85, 2.45, 1.5), components, looks)
        top = 2.0 / height
    _units_legend(figure, components, looks, (4.25 / width, top))
    return figure, len(components)


def _draw_units(axes: Axes, component: Document, look: _Look, name: int) -> None:
    if component["dimension"] == 0:
        points = list(_isolated_neurons(component))
        path = np.array([point for point, _ in points])
        if look.colour != GREY:
            axes.plot(*path.T, color=look.colour, linewidth=0.6, linestyle=":", zorder=2)
        for k, (point, sign) in enumerate(points, start=1):
            gid = f"component-{name}-neuron-{k}"
            axes.plot(*point[:, None], **look.point(sign), gid=gid, zorder=5)
        return
    segments, fixed = _shared_faces(component)
    is_open = not component["global_at_every_width"]
    for k, face in enumerate(segments, start=1):
        tip = face.direction * face.radius
        ends = np.array([0 * tip, tip])
        middle = tip / sqrt(face.neurons)
        axes.plot(*ends.T, **look.curve(face.sign), gid=f"component-{name}-segment-{k}", zorder=3)
        axes.plot(*ends.T, **look.end(is_open), zorder=6)
        axes.plot(*middle[:, None], **look.point(face.sign), zorder=4)
    for k, face in enumerate(fixed, start=1):
        tip = face.direction * face.radius
        gid = f"component-{name}-neuron-{k}"
        axes.plot(*tip[:, None], **look.point(face.sign), gid=gid, zorder=4)
        if not segments:  # it moves because the squares are not unique: along its ray
            axes.plot(*np.array([0 * tip, tip]).T, color=look.colour, lw=0.6, ls="-.", zorder=3)


def _frame_plane(axes: Axes, document: Document) -> None:
    """Draw the lines b x_i + c = 0, named at the frame, and choose the window."""
    width, height = _window(document["components"])
    inputs = [number(row[0]) for row in document["problem"]["x"]]
    names: dict[float, list[str]] = {}
    for i, x in enumerate(inputs, start=1):
        names.setdefault(x, []).append(str(i))
    exits: dict[str, list[tuple[float, str]]] = {"right": [], "top": []}
    for x, indices in names.items():
        slope = -x * width / height
        axes.plot([-width, width], [x * width, -x * width], color=LINE, linewidth=0.6, zorder=1)
        index = ",".join(indices if len(indices) < 4 else [*indices[:2], r"\ldots"])
        label = f"$x_{{{index}}}$"
        if abs(slope) <= 1:
            exits["right"].append((slope, label))
        else:
            exits["top"].append((1 / slope, label))
    for side, found in exits.items():
        _name_exits(axes, side, sorted(found), (width, height))
    slope = f"$b$ ({AxisNames.of(document).inputs[0]})" if "names" in document else "$b$"
    axes.set(xlim=(-width, width), ylim=(-height, height), xlabel=slope, ylabel="$c$")
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_color(GREY)
    axes.set_box_aspect(1)


def _window(components: Iterable[Document]) -> tuple[float, float]:
    """Return half the width and half the height of a window that shows every neuron."""
    tips = [
        abs(direction(group) * radius(group))
        for component in components
        for stratum in component["strata"]
        for group in stratum["support"]
    ]
    width, height = 1.12 * np.max([*tips, [0, 0]], axis=0)
    if not width > 0 or not height > 0:
        largest = max(width, height) or 1.0
        return (width or largest, height or largest)
    if max(width / height, height / width) <= 1.6:
        width = height = max(width, height)
    return float(width), float(height)


def _name_exits(
    axes: Axes, side: str, exits: list[tuple[float, str]], window: tuple[float, float]
) -> None:
    """Write the names of lines where they leave the frame, moved apart where they collide."""
    width, height = window
    most = 20
    exits = exits[:: ceil(len(exits) / most) or 1]
    crowded = len(exits) > 6 or any("," in label for _, label in exits)
    if side == "right":
        style = {"xytext": (3, 0), "ha": "left", "va": "center"}
    else:
        style = {"xytext": (0, 3), "ha": "center", "va": "bottom", "rotation": 90 * crowded}
    places = spread([place for place, _ in exits], 2 / most)
    for place, (_, label) in zip(places, exits, strict=True):
        corner = (width, place * height) if side == "right" else (place * width, height)
        axes.annotate(label, corner, textcoords="offset points", annotation_clip=False, **style)


def _draw_arcs(axes: Axes, components: Sequence[Document], looks: Sequence[_Look]) -> None:
    """Draw the output weights of two neurons that share a face."""
    angles = np.linspace(0, np.pi / 2, 91)
    largest = 0.0
    for name, (component, look) in enumerate(zip(components, looks, strict=True), start=1):
        if component["dimension"] == 0:
            continue
        for k, face in enumerate(_shared_faces(component)[0], start=1):
            largest = max(largest, face.radius)
            arc = face.radius * np.array([np.cos(angles), np.sin(angles)])
            (line,) = axes.plot(
                *arc, **look.curve(face.sign), gid=f"component-{name}-arc-{k}", zorder=3
            )
            if face.neurons > 2:  # part of a sphere, seen along the other weights
                line.set_linewidth(0.6)
                axes.fill([0, *arc[0]], [0, *arc[1]], color=look.colour, alpha=0.15, lw=0)
            else:
                is_open = not component["global_at_every_width"]
                axes.plot(*arc[:, [0, -1]], **look.end(is_open), zorder=4, clip_on=False)
            share = face.radius / sqrt(face.neurons)
            axes.plot([share], [share], **look.point(face.sign), zorder=5)
    axes.set(
        xlim=(0, 1.08 * largest),
        ylim=(0, 1.08 * largest),
        xlabel="$|a_1| = |(b_1, c_1)|$",
        ylabel="$|a_2| = |(b_2, c_2)|$",
        title="Two neurons that share a face",
    )
    axes.set_box_aspect(1)
    axes.grid(True)


def _units_legend(
    figure: Figure,
    components: Sequence[Document],
    looks: Sequence[_Look],
    corner: tuple[float, float],
) -> None:
    """Name the components next to the panels, and explain the looks below."""
    handles, labels = [], []
    for component, look in list(zip(components, looks, strict=True))[:MOST_LOOKS]:
        line = {"linestyle": "-"} if component["dimension"] else {}
        handles.append(Line2D([], [], **look.point(1) | line))
        labels.append(f"{level_text(component)}: {shape_text(component)}")
    others = len(components) - len(handles)
    if others:
        handles.append(Line2D([], [], **looks[-1].point(1)))
        labels.append(f"{others} more components")
    compact = {"fontsize": 7.5, "labelspacing": 0.3, "borderaxespad": 0, "borderpad": 0}
    legend = figure.legend(handles, labels, loc="upper left", bbox_to_anchor=corner, **compact)
    legend.set_title("Loss of each component", {"size": 8})
    legend.set_alignment("left")
    for component, text in zip(components, legend.get_texts(), strict=False):
        text.set_fontweight("bold" if component["global_at_width"] else "normal")
    plain = _Look(BLACK, "o")
    key = {
        "$a > 0$": plain.point(1) | plain.curve(1),
        "$a < 0$": plain.point(-1) | plain.curve(-1),
        "end, no minimum: a unit is 0": plain.end(True),
        "one minimum": {"color": BLACK, "linestyle": ":", "linewidth": 0.6},
        "$b\\,x_i + c = 0$": {"color": LINE, "linewidth": 0.6},
    }
    if not any(component["dimension"] for component in components):
        del key["end, no minimum: a unit is 0"]
    handles = [Line2D([], [], **look) for look in key.values()]
    figure.legend(
        *(handles, list(key)),
        loc="lower center",
        ncols=len(key),
        handlelength=2.6,
        columnspacing=1.6,
    )
