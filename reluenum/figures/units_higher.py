"""Hidden units for inputs of several variables: kinks in the plane, or faces as a chart."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import (
    AxisNames,
    Document,
    Vector,
    data,
    direction,
    multiplicity,
    write_title,
)
from reluenum.figures.style import (
    BLACK,
    BLUE,
    DOUBLE_COLUMN,
    MOST_PANELS,
    SINGLE_COLUMN,
    SKY,
    VERMILLION,
    colour_bar,
    limits,
    message,
    panel_grid,
)
from reluenum.views.cells import short_number


def units_kinks(document: Document) -> tuple[Figure, int]:
    """Draw the kinks of every unit in the plane of the inputs."""
    (inputs, targets), names = data(document), AxisNames.of(document)
    components = document["components"][:MOST_PANELS]
    figure, panels = panel_grid(len(components), 1.95, *names.inputs)
    low, high = limits(inputs)
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        points = axes.scatter(
            *inputs.T, c=targets, cmap="viridis", s=22, edgecolors=BLACK, linewidths=0.4, zorder=3
        )
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        write_title(axes, rank, component)
        for k, group in enumerate(component["strata"][0]["support"], start=1):
            draw_kink(axes, group, low, high, f"component-{rank}-kink-{k}")
    colour_bar(figure, points, panels, names.target)
    handles = [
        Line2D([], [], color=BLUE, label="$a > 0$"),
        Line2D([], [], color=VERMILLION, linestyle="--", label="$a < 0$"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, len(components)


def draw_kink(axes: Axes, group: Document, low: Vector, high: Vector, gid: str) -> None:
    """Draw the line b . x + c = 0 and an arrow into the half plane where the unit is active.

    Without hidden bias c is 0.

    Parameters
    ----------
    axes : Axes
        With limits `low` and `high`.
    group : dict
        A face of a support, with the `direction` of its units.
    low, high : (2,) array
    gid : str
        Of the line, in an SVG.
    """
    normal = direction(group)
    slope, offset = normal[:2], normal[2:].sum()
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


def units_faces(document: Document) -> tuple[Figure, int]:
    """Draw the face of every unit: on which data points it is active, zero or inactive."""
    components = document["components"][:MOST_PANELS]
    rows: list[tuple[int, Document]] = []
    for rank, component in enumerate(components, start=1):
        support = component["strata"][0]["support"]
        if rows and len(rows) + len(support) > 45:
            components = components[: rank - 1]
            break
        rows += [(rank, group) for group in support]
    if not rows:
        return message("the zero network: no hidden unit is alive"), len(components)
    signs = [group["face"] for _, group in rows]
    values = np.array([["-0+".index(sign) for sign in face] for face in signs])
    width = min(max(SINGLE_COLUMN, 1.7 + 0.25 * values.shape[1]), DOUBLE_COLUMN)
    figure = Figure(figsize=(width, 0.9 + 0.2 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    colours = ListedColormap(["#F2F2F2", BLUE, SKY])
    mesh = axes.pcolormesh(
        values, cmap=colours, norm=BoundaryNorm([0, 1, 2, 3], 3), edgecolors="white", lw=0.8
    )
    mesh.set_gid("faces")
    if values.shape[1] <= 40:
        for row, face in enumerate(signs):
            for column, sign in enumerate(face):
                text = {"+": "+", "-": "\N{MINUS SIGN}", "0": "0"}[sign]
                place, ink = (column + 0.5, row + 0.5), "white" if sign == "0" else BLACK
                axes.text(*place, text, ha="center", va="center", fontsize=7, color=ink)
        axes.set_xticks(np.arange(values.shape[1]) + 0.5, range(1, values.shape[1] + 1))
    labels = []
    for k, (rank, group) in enumerate(rows):
        count = f" \N{MULTIPLICATION SIGN}{multiplicity(group)}" if multiplicity(group) > 1 else ""
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
    height = "b \\cdot x_i" + ("" if document["problem"].get("hidden_bias") == "none" else " + c")
    axes.set(xlabel="data point $i$", title=f"Sign of ${height}$ for every living unit")
    return figure, len(components)
