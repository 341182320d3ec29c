"""Figures of documents: hidden units, fitted functions, loss levels.

Every function takes a parsed document and returns a `matplotlib.figure.Figure`; nothing is kept
in pyplot. Colour is never alone: markers, fill and line styles say the same in greyscale.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from math import ceil, log, sqrt
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.tables import kind, short_number, undecided_note

Document = Mapping[str, Any]
Vector = np.ndarray

SINGLE_COLUMN, DOUBLE_COLUMN = 3.4, 7.0
"""Widths of a figure in print, in inches."""

PNG_DPI = 200
"""Pixels per inch of a PNG."""

MOST_PANELS = 24
"""Panels of one figure; of more components, the best are shown."""

MOST_LOOKS = 10
"""Components of `plot_units` with a colour and a marker of their own; the others are grey."""

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
)
GREY, LIGHT, BLACK = "#7F7F7F", "#D9D9D9", "#000000"

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p")

_STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LIGHT,
    "grid.linewidth": 0.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 5,
    "savefig.dpi": PNG_DPI,
    "svg.hashsalt": "reluenum",
    "svg.fonttype": "path",
}


def save_figure(
    figure: Figure, path: str | Path, formats: Sequence[str] = ("svg", "png")
) -> list[Path]:
    """Write a figure; equal figures are equal bytes, because no file holds a date.

    Parameters
    ----------
    figure : Figure
    path : str or Path
        Without suffix; its folder exists.
    formats : sequence of str
        Any of `svg`, `png`, `pdf`.

    Returns
    -------
    list of Path
        The files, in the order of the formats.

    Raises
    ------
    ValueError
        If a format is unknown.
    """
    unknown = set(formats).difference(_METADATA)
    if unknown:
        raise ValueError(f"cannot write {sorted(unknown)}; formats are {', '.join(_METADATA)}")
    written = []
    with mpl.rc_context(_STYLE):
        for suffix in formats:
            target = Path(f"{path}.{suffix}")
            figure.savefig(target, format=suffix, dpi=PNG_DPI, metadata=_METADATA[suffix])
            written.append(target)
    return written


_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
}


def _drawing(draw: Callable[[Any], tuple[Figure, list[str]]]) -> Callable[[Any], Figure]:
    """Turn a function that returns a figure and its notes into one that returns the figure.

    The house style holds inside only, and the notes stand above the figure.
    """

    @wraps(draw)
    def drawn(document: Any) -> Figure:
        with mpl.rc_context(_STYLE):
            try:
                figure, notes = draw(document)
            except OverflowError:
                figure, notes = _message("the numbers are too large to be drawn"), []
            _write_notes(figure, notes)
        return figure

    return drawn


def _write_notes(figure: Figure, notes: Iterable[str]) -> None:
    text = "\n".join(note for note in notes if note)
    if text:
        figure.suptitle(text, color="#B03A00", fontsize=8, fontweight="bold", gid="note")


def _message(text: str) -> Figure:
    """Return a figure that only says something."""
    figure = Figure(figsize=(SINGLE_COLUMN, 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    return figure


# ------------------------------------------------------------------- numbers of a document


def number(text: str) -> float:
    """Read a decimal or a fraction of a document, rounded to a float, for drawing only."""
    return float(Fraction(text))


def _data(document: Document) -> tuple[np.ndarray, Vector]:
    """Return the (n, d) inputs and the (n,) targets."""
    problem = document["problem"]
    inputs = np.array([[number(entry) for entry in row] for row in problem["x"]])
    return inputs, np.array([number(entry) for entry in problem["y"]])


def fitted_values(component: Document, inputs: np.ndarray) -> Vector:
    """Evaluate the network that represents a component.

    Parameters
    ----------
    component : dict
        An entry of `components` of a document.
    inputs : (k, d) array

    Returns
    -------
    (k,) array
        sum_l a_l relu(b_l . x + c_l) + m, with m = 0 without output bias.
    """
    weights, slopes, offsets = _parameters(component, inputs.shape[1])
    bias = number(component["representative"].get("m") or "0")
    return np.maximum(inputs @ slopes.T + offsets, 0) @ weights + bias


def _parameters(component: Document, dimension: int) -> tuple[Vector, np.ndarray, Vector]:
    """Return a (L,), B (L, d) and c (L,) of the representative."""
    network = component["representative"]
    weights = np.array([number(a) for a in network["a"]])
    slopes = np.array([[number(b) for b in row] for row in network["B"]])
    offsets = np.array([number(c) for c in network["c"]])
    return weights, slopes.reshape(len(weights), dimension), offsets


def _direction(group: Document) -> Vector:
    return np.array([number(entry) for entry in group["direction"]])


def _radius(group: Document) -> float:
    return sqrt(number(group["sum_a_squared"]))


def _multiplicity(group: Document) -> int:
    """Return how many neurons share the face; a document about all widths leaves it open."""
    return group.get("multiplicity") or 1


# ------------------------------------------------------------------------ words and looks


def _place(component: Document) -> str:
    return "boundary" if component["on_boundary"] else "interior"


def _level_text(component: Document) -> str:
    """Return the loss, and whether it is global."""
    loss = short_number(component["loss"], 5)
    if component["global_at_every_width"]:
        return f"{loss}, global (any $L$)"
    rank = {True: ", global", None: ", global?", False: ""}
    return loss + rank[component["global_at_width"]]


def _shape_text(component: Document) -> str:
    return f"{kind(component['dimension'])}, {_place(component)}"


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
        colour = _COLOURS[rank % len(_COLOURS)]
        if component["global_at_width"] and component["dimension"] == 0:
            return cls(colour, "*", 10)
        return cls(colour, _MARKERS[rank % len(_MARKERS)])

    def point(self, sign: int) -> dict[str, Any]:
        """Return the keywords of a neuron: filled if a > 0, hollow if a < 0."""
        return {
            "marker": self.marker,
            "markersize": self.size,
            "color": self.colour,
            "markerfacecolor": self.colour if sign > 0 else "white",
            "markeredgewidth": 1.1,
            "linestyle": "none",
        }

    def curve(self, sign: int) -> dict[str, Any]:
        """Return the keywords of a set of neurons: solid if a > 0, dashed if a < 0."""
        return {"color": self.colour, "linestyle": "-" if sign > 0 else (0, (4, 2))}

    def end(self, is_open: bool) -> dict[str, Any]:
        """Return the keywords of an end of a curve: a small ring if it does not belong to it."""
        return {
            "marker": "o",
            "markersize": 3.6,
            "color": self.colour,
            "markerfacecolor": "white" if is_open else self.colour,
            "markeredgewidth": 0.8,
            "linestyle": "none",
        }


# ---------------------------------------------------------------------------- hidden units


@_drawing
def plot_units(document: Document) -> tuple[Figure, list[str]]:
    """Draw where the hidden units of every component are.

    For d = 1 the plane of (b, c): an isolated minimum is a marker for each of its neurons. Where
    neurons share a face, each covers a segment towards 0, and a second panel shows the arcs
    (parts of spheres) that their output weights run over. For d = 2 the kinks b . x + c = 0 in
    the plane of the inputs, a panel for each component; for d > 2 the faces, as a chart.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    Figure
    """
    notes = [undecided_note(document)]
    if not document["components"]:
        return _message("no component of local minima is known"), notes
    dimension = len(document["problem"]["x"][0])
    draw = {1: _units_plane, 2: _units_kinks}.get(dimension, _units_faces)
    figure, shown = draw(document)
    return figure, [*notes, _cut_note(shown, document)]


def _cut_note(shown: int, document: Document) -> str:
    total = len(document["components"])
    return f"the best {shown} of {total} components" if shown < total else ""


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
        yield _direction(group) * _radius(group), group["sign"]
    size = len(component["strata"][0]["support"][0]["direction"]) if stratum["support"] else 2
    for _ in range(stratum["zero_neurons"]):
        yield np.zeros(size), 1


def _shared_faces(component: Document) -> tuple[list[_Segment], list[_Segment]]:
    """Split the faces of a component with dimension > 0 into segments and fixed points.

    On a global component with zero neurons every living neuron can shrink to 0, in other strata.
    """
    widest: dict[str, Document] = {}
    for stratum in component["strata"]:
        for group in stratum["support"]:
            known = widest.setdefault(group["face"], group)
            if (_multiplicity(group), _radius(group)) > (_multiplicity(known), _radius(known)):
                widest[group["face"]] = group
    faces = [
        _Segment(_direction(group), _radius(group), group["sign"], _multiplicity(group))
        for group in widest.values()
    ]
    return [f for f in faces if f.neurons > 1], [f for f in faces if f.neurons == 1]


def _units_plane(document: Document) -> tuple[Figure, int]:
    """Draw the plane of (b, c), the arcs next to it, and the legends."""
    components = document["components"]
    looks = [_Look.of(rank, component) for rank, component in enumerate(components)]
    width, height = DOUBLE_COLUMN, 4.65 if undecided_note(document) else 4.45
    figure = Figure(figsize=(width, height))

    def panel(left: float, bottom: float, side: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, side / width, side / height))

    plane = panel(0.5, 0.75, 3.3)
    for rank in reversed(range(len(components))):  # the best is on top
        _draw_units(plane, components[rank], looks[rank], rank + 1)
    _frame_plane(plane, document)
    top = 4.1 / height
    if any(_shared_faces(c)[0] for c in components if c["dimension"] > 0):
        _draw_arcs(panel(4.75, 2.5, 1.55), components, looks)
        top = 2.0 / height
    _units_legend(figure, components, looks, (4.2 / width, top))
    return figure, len(components)


def _draw_units(axes: Axes, component: Document, look: _Look, name: int) -> None:
    if component["dimension"] == 0:
        points = list(_isolated_neurons(component))
        path = np.array([point for point, _ in points])
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
        axes.plot(
            [-width, width], [x * width, -x * width], color="#A6A6A6", linewidth=0.6, zorder=1
        )
        label = f"$x_{{{','.join(indices)}}}$"
        if abs(slope) <= 1:
            exits["right"].append((slope, label))
        else:
            exits["top"].append((1 / slope, label))
    _name_exits(axes, exits["right"], lambda t: (width, t * height), (3, 0), "left", "center")
    _name_exits(axes, exits["top"], lambda t: (t * width, height), (0, 3), "center", "bottom")
    axes.set(xlim=(-width, width), ylim=(-height, height), xlabel="$b$", ylabel="$c$")
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_color(GREY)
    axes.set_box_aspect(1)
    axes.set_title("Hidden units and the lines $b\\,x_i + c = 0$", pad=16 if exits["top"] else 6)


def _window(components: Iterable[Document]) -> tuple[float, float]:
    """Return half the width and half the height of a window that shows every neuron."""
    tips = [
        abs(_direction(group) * _radius(group))
        for component in components
        for stratum in component["strata"]
        for group in stratum["support"]
    ]
    width, height = 1.12 * np.max([*tips, [0, 0]], axis=0)
    if not width > 0 or not height > 0:
        largest = max(width, height) or 1.0
        return (width or largest, height or largest)
    if max(width / height, height / width) <= 4:
        width = height = max(width, height)
    return float(width), float(height)


def _name_exits(
    axes: Axes,
    exits: list[tuple[float, str]],
    place: Callable[[float], tuple[float, float]],
    offset: tuple[float, float],
    horizontal: str,
    vertical: str,
) -> None:
    """Write the names of lines where they leave the frame, without overlaps."""
    most = 22
    exits = sorted(exits)[:: ceil(len(exits) / most) or 1]
    spread = _spread([position for position, _ in exits], 2 / most)
    for position, (_, label) in zip(spread, exits, strict=True):
        axes.annotate(
            label,
            place(position),
            offset,
            textcoords="offset points",
            ha=horizontal,
            va=vertical,
            fontsize=8,
            annotation_clip=False,
            gid=f"line-{label.strip('$').replace(',', '-').strip('x_{}')}",
        )


def _spread(positions: Sequence[float], gap: float) -> list[float]:
    """Move sorted positions as little as needed so that neighbours are a gap apart.

    Examples
    --------
    >>> _spread([0.0, 0.1, 5.0], 1.0)
    [-0.45, 0.55, 5.0]
    """
    blocks: list[tuple[float, int]] = []  # mean of (position - rank * gap), members
    for rank, position in enumerate(positions):
        mean, members = position - rank * gap, 1
        while blocks and blocks[-1][0] > mean:
            before, number_before = blocks.pop()
            mean = (before * number_before + mean * members) / (number_before + members)
            members += number_before
        blocks.append((mean, members))
    shifts = [mean for mean, members in blocks for _ in range(members)]
    return [round(shift + rank * gap, 12) for rank, shift in enumerate(shifts)]


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
            axes.plot(*arc, **look.curve(face.sign), gid=f"component-{name}-arc-{k}", zorder=3)
            if face.neurons > 2:  # the sphere's part, seen along the other weights
                axes.fill([0, *arc[0]], [0, *arc[1]], color=look.colour, alpha=0.15, lw=0)
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
        labels.append(f"{_level_text(component)}: {_shape_text(component)}")
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
        "neurons of one minimum": {"color": BLACK, "linestyle": ":", "linewidth": 0.6},
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


# -------------------------------------------------------------------- hidden units, d >= 2


def _panels(count: int, height: float, horizontal: str, vertical: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many panels that share their labelled axes, row by row."""
    columns = count if count <= 4 else min((4, 3), key=lambda k: -count % k)
    rows = ceil(count / columns)
    width = max(SINGLE_COLUMN, min(columns, 4) * DOUBLE_COLUMN / 4) if count <= 4 else DOUBLE_COLUMN
    figure = Figure(figsize=(width, rows * height + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    for axes in grid.flat[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(horizontal)
    for axes in grid[:, 0]:
        axes.set_ylabel(vertical)
    return figure, list(grid.flat[:count])


def _title(axes: Axes, rank: int, component: Document) -> None:
    axes.set_title(
        f"{rank}:  {_level_text(component)}\n{_shape_text(component)}",
        fontsize=7.5,
        fontweight="bold" if component["global_at_width"] else "normal",
    )


def _units_kinks(document: Document) -> tuple[Figure, int]:
    """Draw the kinks of every unit in the plane of the inputs."""
    inputs, targets = _data(document)
    components = document["components"][:MOST_PANELS]
    figure, panels = _panels(len(components), 1.95, "$x_1$", "$x_2$")
    low, high = _limits(inputs)
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        points = axes.scatter(
            *inputs.T, c=targets, cmap="viridis", s=22, edgecolors=BLACK, linewidths=0.4, zorder=3
        )
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        _title(axes, rank, component)
        for k, group in enumerate(component["strata"][0]["support"], start=1):
            _draw_kink(axes, group, low, high, f"component-{rank}-kink-{k}")
    figure.colorbar(points, ax=panels, label="$y$", aspect=30, pad=0.02)
    handles = [
        Line2D([], [], color=BLUE, label="$a > 0$"),
        Line2D([], [], color=VERMILLION, linestyle="--", label="$a < 0$"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, len(components)


def _draw_kink(axes: Axes, group: Document, low: Vector, high: Vector, gid: str) -> None:
    """Draw the line b . x + c = 0 and an arrow into the half plane where the unit is active."""
    normal = _direction(group)
    slope, offset = normal[:2], normal[2]
    scale = (high - low) * slope
    size = float(np.hypot(*scale))
    if size == 0:
        return
    middle = (low + high) / 2
    distance = (slope @ middle + offset) / size
    # In coordinates of the unit square the line is {t : (t - foot) . normal = 0}.
    unit = scale / size
    foot = 0.5 - distance * unit
    along = np.array([-unit[1], unit[0]])
    ends = low + (foot + np.outer([-2, 2], along)) * (high - low)
    positive = group["sign"] > 0
    colour, style = (BLUE, "-") if positive else (VERMILLION, "--")
    axes.plot(*ends.T, color=colour, linestyle=style, gid=gid, zorder=2)
    if np.all(abs(foot - 0.5) < 0.5):
        tail = low + foot * (high - low)
        tip = low + (foot + 0.13 * unit) * (high - low)
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tip, tail, arrowprops=arrow, zorder=2)


def _limits(inputs: np.ndarray, margin: float = 0.12) -> tuple[Vector, Vector]:
    """Return the corners of a window around the inputs."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    room = np.where(high > low, margin * (high - low), 0.5)
    return low - room, high + room


def _units_faces(document: Document) -> tuple[Figure, int]:
    """Draw the face of every unit: on which data points it is active, zero or inactive."""
    components = document["components"][:MOST_PANELS]
    rows = [
        (rank, group)
        for rank, component in enumerate(components, start=1)
        for group in component["strata"][0]["support"]
    ]
    if not rows:
        return _message("the zero network: no hidden unit is alive"), len(components)
    signs = [group["face"] for _, group in rows]
    values = np.array([["-0+".index(sign) for sign in face] for face in signs])
    figure = Figure(figsize=(DOUBLE_COLUMN, 0.9 + 0.2 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    colours = ListedColormap(["#F2F2F2", ORANGE, SKY])
    mesh = axes.pcolormesh(
        values, cmap=colours, norm=BoundaryNorm([0, 1, 2, 3], 3), edgecolors="white", lw=0.8
    )
    mesh.set_gid("faces")
    if values.shape[1] <= 40:
        for row, face in enumerate(signs):
            for column, sign in enumerate(face):
                text = {"+": "+", "-": "\N{MINUS SIGN}", "0": "0"}[sign]
                axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7)
        axes.set_xticks(np.arange(values.shape[1]) + 0.5, range(1, values.shape[1] + 1))
    labels = []
    for k, (rank, group) in enumerate(rows):
        count = (
            f" \N{MULTIPLICATION SIGN}{_multiplicity(group)}" if _multiplicity(group) > 1 else ""
        )
        relation = ">" if group["sign"] > 0 else "<"
        first = k == 0 or rows[k - 1][0] != rank
        loss = short_number(components[rank - 1]["loss"], 5)
        labels.append((f"{rank}:  {loss}   " if first else "") + f"$a {relation} 0$" + count)
        if first and k:
            axes.axhline(k, color=BLACK, linewidth=0.6)
    axes.set_yticks(np.arange(len(rows)) + 0.5, labels)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.set(xlabel="data point $i$", title="Sign of $b \\cdot x_i + c$ for every living unit")
    return figure, len(components)


# ------------------------------------------------------------------------ fitted functions


@_drawing
def plot_fits(document: Document) -> tuple[Figure, list[str]]:
    """Draw the fitted function of every component over the data, a panel for each.

    For d = 1 the piecewise linear curve, exactly, with its kinks; for d = 2 filled contours; for
    d > 2 fitted against observed values. Of more than `MOST_PANELS` components, the best.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    Figure
    """
    notes = [undecided_note(document)]
    components = document["components"][:MOST_PANELS]
    if not components:
        return _message("no component of local minima is known"), notes
    inputs, targets = _data(document)
    draw = {1: _fit_curves, 2: _fit_contours}.get(inputs.shape[1], _fit_scatter)
    figure = draw(components, inputs, targets)
    return figure, [*notes, _cut_note(len(components), document)]


def curve(component: Document, low: float, high: float) -> tuple[Vector, Vector, Vector]:
    """Return the graph of a fitted function of one variable, from kink to kink.

    Returns
    -------
    positions : (k,) array
        `low`, the kinks between, `high`.
    values : (k,) array
        The function there; it is linear between.
    kinks : (k - 2,) array
    """
    _, slopes, offsets = _parameters(component, 1)
    bent = slopes[:, 0] != 0
    kinks = -offsets[bent] / slopes[bent, 0]
    kinks = np.unique(kinks[(kinks > low) & (kinks < high)])
    positions = np.array([low, *kinks, high])
    return positions, fitted_values(component, positions[:, None]), kinks


def _fit_curves(components: Sequence[Document], inputs: np.ndarray, targets: Vector) -> Figure:
    figure, panels = _panels(len(components), 1.6, "$x$", "$f(x)$")
    (low,), (high,) = _limits(inputs, 0.08)
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        positions, values, kinks = curve(component, low, high)
        axes.plot(positions, values, color=BLUE, zorder=2, gid=f"component-{rank}-curve")
        at_kinks = fitted_values(component, kinks[:, None])
        axes.plot(
            kinks,
            at_kinks,
            marker="D",
            markersize=3.2,
            markerfacecolor="white",
            color=BLUE,
            linestyle="none",
            zorder=4,
            gid=f"component-{rank}-kinks",
        )
        axes.plot(inputs[:, 0], targets, "o", color=BLACK, markersize=3.2, zorder=3)
        axes.set_xlim(low, high)
        axes.grid(True)
        _title(axes, rank, component)
    handles = [
        Line2D([], [], marker="o", color=BLACK, markersize=3.2, ls="none", label="data"),
        Line2D([], [], color=BLUE, label="fit"),
        Line2D(
            *([], []),
            marker="D",
            color=BLUE,
            markerfacecolor="white",
            markersize=3.2,
            ls="none",
            label="kink",
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _fit_contours(components: Sequence[Document], inputs: np.ndarray, targets: Vector) -> Figure:
    figure, panels = _panels(len(components), 1.95, "$x_1$", "$x_2$")
    low, high = _limits(inputs)
    grid = [np.linspace(low[k], high[k], 81) for k in range(2)]
    mesh = np.stack(np.meshgrid(*grid), axis=-1)
    surfaces = [fitted_values(c, mesh.reshape(-1, 2)).reshape(mesh.shape[:2]) for c in components]
    bottom = min(targets.min(), *(s.min() for s in surfaces))
    top = max(targets.max(), *(s.max() for s in surfaces))
    levels = np.linspace(bottom, top if top > bottom else bottom + 1, 13)
    for rank, (axes, component, surface) in enumerate(
        zip(panels, components, surfaces, strict=True), start=1
    ):
        filled = axes.contourf(*grid, surface, levels, cmap="viridis")
        axes.scatter(
            *inputs.T,
            c=targets,
            cmap="viridis",
            norm=filled.norm,
            s=22,
            edgecolors="white",
            linewidths=0.9,
        )
        _title(axes, rank, component)
    figure.colorbar(filled, ax=panels, label="$f(x)$; points: $y$", aspect=30, pad=0.02)
    return figure


def _fit_scatter(components: Sequence[Document], inputs: np.ndarray, targets: Vector) -> Figure:
    figure, panels = _panels(len(components), 1.8, "$y_i$", "$f(x_i)$")
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        axes.axline((targets[0], targets[0]), slope=1, color=GREY, linewidth=0.6, zorder=1)
        axes.plot(
            targets,
            fitted_values(component, inputs),
            "o",
            color=BLUE,
            markersize=3.6,
            gid=f"component-{rank}-fits",
        )
        axes.grid(True)
        _title(axes, rank, component)
    return figure


# ------------------------------------------------------------------------------ loss levels


@_drawing
def plot_levels(document: Document) -> tuple[Figure, list[str]]:
    """Draw the loss of every component, a column for each dimension.

    Hollow markers are components on a boundary, filled ones lie in the interior of a pattern;
    stars are global at the width. A few levels are labelled with their loss, of many only the
    lowest and the highest.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    Figure
    """
    notes = [undecided_note(document)]
    components = document["components"]
    if not components:
        return _message("no component of local minima is known"), notes
    losses = np.array([number(component["loss"]) for component in components])
    columns = max(component["dimension"] for component in components) + 1
    figure = Figure(figsize=(max(SINGLE_COLUMN, 1.3 * columns), 3.4), layout="constrained")
    axes = figure.add_subplot()
    heights = _scale_losses(axes.set_yscale, losses)
    for dimension in range(columns):
        members = [k for k, c in enumerate(components) if c["dimension"] == dimension]
        shifts = _swarm([heights[k] for k in members])
        for shift, k in zip(shifts, members, strict=True):
            axes.plot(dimension + shift, losses[k], **_level(components[k], k))
        _label_levels(axes, dimension, members, losses, heights)
    axes.set_xlim(-0.5, columns - 0.25)
    axes.set_xticks(range(columns), [kind(dimension) for dimension in range(columns)])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("loss")
    axes.grid(True, axis="y")
    _level_legend(figure, components)
    return figure, notes


def _scale_losses(set_scale: Callable[[str], Any], losses: Vector) -> Vector:
    """Choose a linear or a logarithmic axis; return the heights on it, from 0 to 1."""
    if losses.min() > 0 and losses.max() > 100 * losses.min():
        set_scale("log")
        losses = np.log(losses)
    span = losses.max() - losses.min()
    return (losses - losses.min()) / span if span > 0 else np.full(len(losses), 0.5)


def _swarm(heights: Sequence[float], bins: int = 40, step: float = 0.055) -> list[float]:
    """Return horizontal shifts that keep markers of nearly equal height apart."""
    rows: dict[int, list[int]] = {}
    for k, height in enumerate(heights):
        rows.setdefault(round(height * bins), []).append(k)
    shifts = [0.0] * len(heights)
    for members in rows.values():
        gap = min(step, 0.6 / len(members))
        for place, k in enumerate(members):
            shifts[k] = (place - (len(members) - 1) / 2) * gap
    return shifts


def _level(component: Document, rank: int) -> dict[str, Any]:
    best = bool(component["global_at_width"])
    colour = VERMILLION if best else BLUE
    return {
        "marker": "*" if best else "o",
        "markersize": 9 if best else 4.5,
        "color": colour,
        "markerfacecolor": "white" if component["on_boundary"] else colour,
        "markeredgewidth": 1,
        "linestyle": "none",
        "zorder": 4 if best else 3,
        "gid": f"component-{rank + 1}",
    }


def _label_levels(
    axes: Axes, dimension: int, members: Sequence[int], losses: Vector, heights: Vector
) -> None:
    """Write losses next to their markers, moved apart where they would collide."""
    few = len(members) <= 12
    chosen = list(members) if few else [members[0], members[-1]]
    place = _spread([heights[k] for k in chosen], 0.055)
    shift = 0.12 if few else 0.36
    low, high = losses.min(), losses.max()
    logarithmic = axes.get_yscale() == "log"
    for height, k in zip(place, chosen, strict=True):
        if high == low:
            target = low
        elif logarithmic:
            target = float(np.exp(log(low) + height * (log(high) - log(low))))
        else:
            target = low + height * (high - low)
        axes.annotate(
            f"{losses[k]:.5g}",
            (dimension + 0.05 if few else dimension, losses[k]),
            (dimension + shift, target),
            fontsize=7,
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.4, "shrinkA": 0, "shrinkB": 1}
            if few
            else None,
        )


def _level_legend(figure: Figure, components: Iterable[Document]) -> None:
    """Explain the looks that occur."""
    seen: dict[str, Line2D] = {}
    for component in components:
        rank = "global, " if component["global_at_width"] else ""
        keywords = _level(component, 0) | {"gid": None}
        seen.setdefault(rank + _place(component), Line2D([], [], **keywords))
    figure.legend(
        list(seen.values()),
        list(seen),
        loc="outside lower center",
        ncols=min(len(seen), 3),
        columnspacing=1.2,
        handletextpad=0.2,
    )


FIGURES: Mapping[str, Callable[[Document], Figure]] = {
    "units": plot_units,
    "fits": plot_fits,
    "levels": plot_levels,
}
"""Figures of one document, by name."""


# ----------------------------------------------------------------------- several documents


@_drawing
def plot_losses(documents: Mapping[str, Document]) -> tuple[Figure, list[str]]:
    """Draw the losses of all components of several instances, a line for each instance.

    Parameters
    ----------
    documents : mapping of str to dict
        Documents of the format `reluenum-minima`, by name of the instance.

    Returns
    -------
    Figure
    """
    listed = [
        (line, component)
        for line, document in enumerate(documents.values())
        for component in document["components"]
    ]
    incomplete = sum(bool(undecided_note(document)) for document in documents.values())
    notes = [f"\N{DAGGER} {incomplete} lists are not complete" if incomplete else ""]
    if not listed:
        return _message("no component of local minima is known"), notes
    losses = np.array([number(component["loss"]) for _, component in listed])
    height = min(0.8 + 0.2 * len(documents), 10)
    figure = Figure(figsize=(DOUBLE_COLUMN, max(height, 1.6)), layout="constrained")
    axes = figure.add_subplot()
    _scale_losses(axes.set_xscale, losses)
    for k, ((line, component), loss) in enumerate(zip(listed, losses, strict=True)):
        keywords = _level(component, k)
        if component["dimension"] and not component["global_at_width"]:
            keywords |= {"marker": "|", "markersize": 7}
        axes.plot(loss, line, **keywords)
    names = [
        name + (" \N{DAGGER}" if undecided_note(document) else "")
        for name, document in documents.items()
    ]
    step = ceil(len(names) / 60)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=7)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="loss")
    axes.grid(True)
    _level_legend(figure, (component for _, component in listed))
    return figure, notes


SUMMARY_FIGURES: Mapping[str, Callable[[Mapping[str, Document]], Figure]] = {"losses": plot_losses}
"""Figures of several documents, by name."""
