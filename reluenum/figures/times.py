"""How long every formulation and backend takes for an activation pattern."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import Document
from reluenum.figures.style import DOUBLE_COLUMN, GREY, LOOKS, drawing, mark, message

_MOST_NAMES = 16
"""Patterns that are written out along the axis; more are numbered."""


def _limit_note(measurements: Sequence[Document]) -> str:
    """Warn of systems that reached a limit."""
    count = sum("reason" in system for m in measurements for system in m["systems"])
    return f"{count} system{'s' * (count != 1)} not finished within the limits" if count else ""


@drawing(_limit_note)
def plot_times(measurements: Sequence[Document]) -> tuple[Figure, str]:
    """Draw the seconds per activation pattern, a panel for each formulation.

    Patterns are sorted by the median over all runs. A hollow marker stands for a pattern with a
    system that reached a limit: it took at least so long.

    Parameters
    ----------
    measurements : sequence of dict
        Of the format `reluenum-measurement`.
    """
    formulations = list(dict.fromkeys(m["formulation"] for m in measurements))
    totals = {(m["formulation"], m["backend"]): _per_pattern(m["systems"]) for m in measurements}
    order = _patterns_by_time(
        [{name: seconds for name, (seconds, _) in t.items()} for t in totals.values()]
    )
    if not order:
        return message("no system was solved"), ""
    backends = list(dict.fromkeys(m["backend"] for m in measurements))
    looks = {backend: LOOKS[k % len(LOOKS)] for k, backend in enumerate(backends)}
    figure = Figure(figsize=(DOUBLE_COLUMN, 0.9 + 1.9 * len(formulations)), layout="constrained")
    panels = figure.subplots(len(formulations), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, formulation in zip(panels, formulations, strict=True):
        for (owner, backend), total in totals.items():
            if owner == formulation:
                _draw_run(axes, order, total, *looks[backend], gid=f"{formulation} by {backend}")
        axes.set_yscale("log")
        axes.set_title(formulation, loc="left")
        axes.set_ylabel("seconds")
        axes.grid(True, axis="y")
    _label_patterns(panels[-1], order)
    _legend(figure, looks, hollow=any(cut for t in totals.values() for _, cut in t.values()))
    return figure, ""


def _per_pattern(systems: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, bool]]:
    """Return the seconds of each pattern, and whether one of its systems reached a limit."""
    found: dict[str, tuple[float, bool]] = {}
    for system in systems:
        seconds, cut = found.get(system["pattern"], (0.0, False))
        found[system["pattern"]] = (seconds + system["seconds"], cut or "reason" in system)
    return found


def _patterns_by_time(totals: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the patterns, those with the smallest median first."""
    names = dict.fromkeys(name for total in totals for name in total)
    return sorted(names, key=lambda name: statistics.median(t[name] for t in totals if name in t))


def _draw_run(
    axes: Axes,
    order: Sequence[str],
    total: Mapping[str, tuple[float, bool]],
    colour: str,
    marker: str,
    gid: str,
) -> None:
    """Draw a mark for every pattern of one run."""
    for hollow in (False, True):
        marks = [
            (k, total[name][0])
            for k, name in enumerate(order, start=1)
            if name in total and total[name][1] == hollow
        ]
        if marks:
            axes.plot(
                *zip(*marks, strict=True),
                **_mark(colour, marker, hollow),
                gid=f"{gid}{', at least' * hollow}".replace(", ", "-").replace(" ", "-"),
            )


def _mark(colour: str, marker: str, hollow: bool = False) -> dict[str, Any]:
    return mark(marker, colour, 4, hollow, markeredgewidth=0.8, clip_on=False, zorder=3)


def _label_patterns(axes: Axes, order: Sequence[str]) -> None:
    """Write the patterns along the axis if there are few, else number them."""
    axes.set_xlim(0.5, len(order) + 0.5)
    if len(order) <= _MOST_NAMES:
        axes.set_xticks(range(1, len(order) + 1), order, rotation=90, family="monospace")
        axes.set_xlabel("activation pattern")
    else:
        axes.set_xlabel("activation patterns, sorted by median time")


def _legend(figure: Figure, looks: Mapping[str, tuple[str, str]], hollow: bool) -> None:
    """Explain the marks."""
    handles = [Line2D([], [], **_mark(*look)) for look in looks.values()]
    names = list(looks)
    if hollow:
        handles.append(Line2D([], [], **_mark(GREY, "o", hollow=True)))
        names.append("at least (limit reached)")
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), handletextpad=0.2)
