"""House style of the figures, reproducible files, and panels that share their axes."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reluenum.documents.files import write_text
from reluenum.figures.words import caption_of, described, figure_words

SINGLE_COLUMN, DOUBLE_COLUMN = 3.4, 7.0
"""Widths of a figure in print, in inches."""

PNG_DPI = 200
"""Pixels per inch of a PNG."""

MOST_PANELS = 24
"""Panels of one figure; of more components, the best are shown."""

BLUE, VERMILLION, GREEN, PURPLE, BROWN, SKY = (
    *("#012880", "#DE5308", "#01804F", "#914171", "#604306", "#1D9CE0"),
)

NOTE = "#A63800"
"""Of warnings and notes, which are text."""

GREY, LINE, LIGHT, BLACK = "#6B6B6B", "#8C8C8C", "#D9D9D9", "#000000"
"""Grey that text may have, grey of lines, grey of grids and fills, which say nothing alone."""

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, BROWN, SKY, BLACK)
"""What is told apart by its colour, in this order. Each is a step of lightness away from the
others, so that they differ in grey and to the colour-blind, too (`perception` has the formulas)."""

LOOKS = tuple(zip((BLUE, VERMILLION, GREEN, PURPLE, BROWN, BLACK), "os^DvP", strict=True))
"""Colours and markers of what is told apart in one panel."""

STYLE = {
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

    An SVG says what it is to those who do not see it: see `words.figure_words`.

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
    with mpl.rc_context(STYLE):
        for suffix in formats:
            target = Path(f"{path}.{suffix}")
            if suffix == "svg":
                write_text(target, _svg_file(figure))
            else:
                figure.savefig(target, format=suffix, dpi=PNG_DPI, metadata=_METADATA[suffix])
            written.append(target)
    return written


def save_figures(
    drawings: Mapping[str, Callable[[Any], Figure]],
    content: Any,
    folder: Path,
    formats: Sequence[str],
) -> None:
    """Draw documents or tables in several ways, and write each figure into a folder by its name."""
    for name, draw in drawings.items():
        save_figure(draw(content), folder / name, formats)


def svg_text(figure: Figure) -> str:
    """Return a figure as an `svg` element with title and description, to stand within a page."""
    text = _svg_file(figure)
    return text[text.index("<svg") :]


def _svg_file(figure: Figure) -> str:
    with mpl.rc_context(STYLE), StringIO() as stream:
        figure.savefig(stream, format="svg", metadata=_METADATA["svg"])
        return described(stream.getvalue(), *figure_words(figure))


_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
}


Draw = Callable[[Any], tuple[Figure, str]]


def drawing(warning: Callable[[Any], str]) -> Callable[[Draw], Callable[[Any], Figure]]:
    """Make a drawing function apply the house style and never lose a warning or the caption.

    Parameters
    ----------
    warning : function from the document to str
        What must stand above every figure of it, or nothing.

    Returns
    -------
    decorator
        Of a function from the document to a figure and a note of its own; what it makes of it
        returns the figure, with warning and note above it. The caption, which title and
        description of an SVG are made of, is the first line of the function's docstring.
    """

    def decorate(draw: Draw) -> Callable[[Any], Figure]:
        @wraps(draw)
        def drawn(document: Any) -> Figure:
            with mpl.rc_context(STYLE):
                try:
                    figure, note = draw(document)
                except OverflowError:
                    figure, note = message("the numbers are too large to be drawn"), ""
                if not figure.get_label():
                    figure.set_label(caption_of(draw.__doc__))
                text = "\n".join(line for line in (warning(document), note) if line)
                if text:
                    figure.suptitle(text, color=NOTE, fontsize=8, fontweight="bold", gid="note")
            return figure

        return drawn

    return decorate


def mark(
    marker: str, colour: str, size: float, hollow: bool = False, **more: Any
) -> dict[str, Any]:
    """Return the keywords of a mark without a line, filled or hollow."""
    face = "white" if hollow else colour
    looks = {"marker": marker, "markersize": size, "color": colour, "markerfacecolor": face}
    return {**looks, "linestyle": "none", **more}


def message(text: str) -> Figure:
    """Return a figure that only says something."""
    figure = Figure(figsize=(SINGLE_COLUMN, 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    return figure


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Move sorted positions as little as needed so that neighbours are a gap apart.

    Examples
    --------
    >>> spread([0.0, 0.1, 5.0], 1.0)
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


def panel_grid(
    count: int, height: float, horizontal: str, vertical: str
) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many panels that share their labelled axes, row by row."""
    columns = min(count, 4 if count > 12 or -count % 4 <= -count % 3 else 3)
    rows = ceil(count / columns)
    height = min(height, 9.2 / rows)
    width = max(SINGLE_COLUMN, min(columns, 4) * DOUBLE_COLUMN / 4) if count <= 4 else DOUBLE_COLUMN
    figure = Figure(figsize=(width, rows * height + 0.4), layout="constrained")
    return figure, shared_panels(figure, columns, count, horizontal, vertical)


def shared_panels(
    figure: Figure, columns: int, count: int, horizontal: str, vertical: str = ""
) -> list[Axes]:
    """Return so many panels of a figure that share their labelled axes, row by row."""
    rows = ceil(count / columns)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    for axes in grid.flat[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(horizontal)
    for axes in grid[:, 0]:
        axes.set_ylabel(vertical)
    return list(grid.flat[:count])


def side_by_side(height: float, count: int = 2, **shared: bool) -> tuple[Figure, list[Axes]]:
    """Return a figure as wide as a page with panels beside each other, each with a grid."""
    figure = Figure(figsize=(DOUBLE_COLUMN, height), layout="constrained")
    panels = list(figure.subplots(1, count, squeeze=False, **shared)[0])
    for axes in panels:
        axes.grid(True)
    return figure, panels


def colour_bar(figure: Figure, colours: Any, panels: Sequence[Axes], label: str) -> None:
    """Put a colour bar next to the first rows of the panels."""
    rows = panels[0].get_gridspec().nrows
    shrink = min(1.0, 2 / rows)
    figure.colorbar(colours, ax=panels, label=label, shrink=shrink, anchor=(0, 1), pad=0.02)


def percent_axis(axis: Axis, decimals: int | None = 0) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(PercentFormatter(1, decimals=decimals, symbol=" %"))


def limits(inputs: np.ndarray, margin: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a window around the inputs."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    room = np.where(high > low, margin * (high - low), 0.5)
    return low - room, high + room
