"""Write the article in paper/: its text, of which every number is read from data, and its figures.

    python -m docs.make.paper

The text is paper/paper.md.j2; paper/paper.bib is written by hand. A minute.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.plots import look
from docs.make.prose import DATA, ROOT, environment, said, word
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.figures import save_figure
from reluenum.figures.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILLION,
    drawing,
    percent_axis,
    side_by_side,
)
from reluenum.problem import parse_ridge
from reluenum.views.cells import percent

PAPER = ROOT / "paper"

DATE = "1 December 2026"

ENGINES = {
    "certified engine": "certified engine",
    "Groebner engine": "Gröbner engine",
    "reduced, msolve": "msolve, no proof",
    "reduced, PHCpack": "PHCpack, no proof",
}
"""Peers of the left panel, as the data name them, and their texts."""

INSTANCES = tuple(
    zip(
        (BLUE, VERMILLION, GREEN, PURPLE, BROWN, SKY, BLACK, GREY),
        "os^DvPX*",
        ("-", "--", "-.", ":", "-", "--", "-.", ":"),
        strict=True,
    )
)
"""Colours, markers and lines of the right panel."""


def reference() -> Landscape:
    """Return the landscape of the paper's example."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    return enumerate_minima(problem, engine="certified")


def read() -> dict[str, Any]:
    """Return what the text is made of."""
    tables = {path.stem: pd.read_csv(path) for path in DATA.glob("*.csv")}
    documents = {path.stem: json.loads(path.read_text("utf-8")) for path in DATA.glob("*.json")}
    pages = {name: (ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("sweeps", "convex")}
    return {**tables, **documents, "pages": pages}


def values(data: Mapping[str, Any], landscape: Landscape) -> dict[str, Any]:
    """Return what the template takes.

    Raises
    ------
    ValueError
        If a sentence of the template is no longer true.
    """
    return {
        "date": DATE,
        "reference": _reference(data["benchmarks"], landscape),
        "paper_hours": data["benchmarks"]["earlier"]["paper_hours"]["value"],
        "limit": data["benchmarks"]["ladders"][0]["limit"],
        "starts": _starts(data["completeness"]["rows"]),
        "convex": _convex(data["pages"]["convex"]),
        "lasso": _lasso(data["neighbours"]["group_lasso"]),
        "hopping": _hopping(data["neighbours"]["topsearch"]),
        "lies": _lies(data["box_lies"]),
        "boxes": _boxes(data["boxes"]),
        "sweep": _sweep(data["pages"]["sweeps"]),
        "practice": _practice(data["practice"]),
        "basins": _basins(data["passes"], landscape),
        "trained": _trained(data["trained"]),
    }


def _reference(benchmarks: Mapping[str, Any], landscape: Landscape) -> dict[str, Any]:
    components = landscape.document["components"]
    isolated = [c for c in components if c["dimension"] == 0]
    said("an isolated minimum is on a boundary", all(c["on_boundary"] for c in isolated))
    said("others are arcs", all(c["dimension"] < 2 for c in components))
    (run,) = (
        run
        for run in benchmarks["reference"]
        if (run["width"], run["formulation"]) == (2, "certified")
    )
    return {
        "components": word(len(components)),
        "isolated": len(isolated),
        "arcs": len(components) - len(isolated),
        "ridge": landscape.document["problem"]["ridge"],
        "milliseconds": round(1000 * run["seconds"]["median"]),
    }


def _starts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    adam = [row for row in rows if row["optimiser"] == "adam"]
    most = max(row["starts"] for row in adam)
    missing = [
        (stage["estimate"], row["components"])
        for row in adam
        for stage in row["stages"]
        if stage["found"] < row["components"]
    ]
    said("estimates are too low", all(low < listed for low, listed in missing))
    return {
        "most": f"{most:,}",
        "lists": len(adam),
        "fewest": min(row["components"] for row in adam),
        "largest": max(row["components"] for row in adam),
        "early": sum(_found(row, 1000) < row["components"] for row in adam),
        "late": sum(_found(row, most) < row["components"] for row in adam),
        "counts": len(missing),
    }


def _found(row: Mapping[str, Any], starts: int) -> int:
    return next(stage["found"] for stage in row["stages"] if stage["starts"] == starts)


def _convex(page: str) -> dict[str, Any]:
    agree = re.findall(r"\| (yes|no) +\|$", page, re.MULTILINE)
    said("every list agrees with its program", set(agree) == {"yes"})
    return {"lists": len(agree)}


def _lasso(fits: Mapping[str, Any]) -> dict[str, Any]:
    worst = max(solver["largest_error"] for solver in fits["solvers"].values())
    digits = next(k for k in range(20, 0, -1) if worst < 0.5 * 10.0**-k)
    return {"supports": fits["supports"], "digits": digits}


def _hopping(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sharp, soft = (
        [row for row in rows if bool(row["softness"]) == smooth] for smooth in (False, True)
    )

    def counted(chosen: Sequence[Mapping[str, Any]]) -> str:
        *first, last = (f"{len(row['components'])} of {row['listed']}" for row in chosen)
        return f"{', '.join(first)} and {last}"

    return {
        "steps": f"{rows[0]['steps']:,}",
        "instances": len(soft),
        "soft": counted(soft),
        "sharp": counted(sharp),
    }


def _lies(table: pd.DataFrame) -> dict[str, Any]:
    refused, same = int(table["refused"].sum()), int(table["the same list"].sum())
    return {"total": refused + same, "refused": refused}


def _boxes(table: pd.DataFrame) -> dict[str, Any]:
    row = table.loc[table["supports"].idxmax()]
    return {
        "n": f"{row['n']:,}",
        "width": int(row["width"]),
        "supports": f"{row['supports']:,}",
        "components": f"{row['components']:,}",
        "minutes": round(row["list_cpu_seconds"] / 60),
    }


def _sweep(page: str) -> dict[str, Any]:
    (instances,) = re.findall(r"^# Sweep: ([\d,]+) landscapes", page, re.MULTILINE)
    boundary = page.split("## Do isolated minima lie on boundaries?")[1]
    shares = dict(re.findall(r"^\| (\d) +\| [\d,]+ +\| ([\d.]+ %)", boundary, re.MULTILINE))
    return {"instances": instances, "narrow": shares["1"], "wide": shares["4"]}


def _practice(table: pd.DataFrame) -> dict[str, Any]:
    runs = int(table["runs"].sum())
    outside = int(table[["missing_from_the_list", "unexplained"]].sum().sum())
    said("no run ended at a minimum that was not listed", outside == 0)
    said("four optimisers", table["optimiser"].nunique() == 4)
    best = int(table["global_minimum"].sum())
    minima = best + int(table[["spurious_minimum", "unranked_minimum"]].sum().sum())
    return {
        "runs": f"{runs:,}",
        "minimum": percent(minima, runs),
        "best": percent(best, runs),
        "dead": percent(int(table["dead_unit"].sum()), runs),
    }


def _basins(passes: pd.DataFrame, landscape: Landscape) -> dict[str, Any]:
    said("no string is below the barrier", not passes["undercut"].any())
    merges = landscape.basins().document["merges"]
    said("both ways out lead over a death", [m["event"] for m in merges] == ["death"] * 2)
    return {"landscapes": passes["instance"].nunique(), "lines": len(passes)}


def _trained(data: Mapping[str, Any]) -> dict[str, Any]:
    rows = data["instances"]
    free = [row for row in rows if row["hidden_bias"] == "free"]
    odd = ("missing from the list", "unexplained", "diverged")
    explained = not any(kind in row["elsewhere"] for row in rows for kind in odd)
    said("every end is explained", explained and all(row["complete"] for row in rows))
    dead = sum(
        component["runs"]
        for row in free
        for component in row["components"]
        if component["zero_units"] and not component["global"]
    )
    return {
        "runs": f"{data['seeds'] * len(rows):,}",
        "dead": percent(dead, data["seeds"] * len(free)),
    }


def render(data: Mapping[str, Any], landscape: Landscape) -> str:
    """Return the text."""
    return environment(PAPER).get_template("paper.md.j2").render(values(data, landscape))


@drawing(lambda data: "")
def plot_work(data: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw what lists cost, and how many of their components random starts find.

    Parameters
    ----------
    data : dict
        As `read` returns it.
    """
    figure, (left, right) = side_by_side(3.4)
    _draw_cost(left, data["benchmarks"]["ladders"][0], data["boxes"])
    _draw_starts(right, data["completeness"]["rows"])
    return figure, ""


def _draw_cost(axes: Axes, ladder: Mapping[str, Any], boxes: pd.DataFrame) -> None:
    for peer, text in ENGINES.items():
        points = [
            (rung["supports"], run["seconds"]["median"])
            for rung in ladder["rungs"]
            for run in rung["peers"]
            if run["peer"] == peer and not run["gave_up"]
        ]
        axes.plot(*zip(*points, strict=True), "-", **look(peer), label=text, ms=4)
    chosen = boxes.query("data == 'noise' and d == 1 and width == 2").sort_values("supports")
    axes.plot(
        chosen["supports"],
        chosen["list_cpu_seconds"],
        "--",
        color=BLUE,
        marker="o",
        markerfacecolor="white",
        label="boxes of directions",
        ms=4,
    )
    axes.set(xscale="log", yscale="log", xlabel="supports", ylabel="seconds")
    axes.legend(loc="lower right", fontsize=6.5)


def _draw_starts(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    adam = [row for row in rows if row["optimiser"] == "adam"]
    for row, (colour, marker, line) in zip(adam, INSTANCES, strict=True):
        starts = [stage["starts"] for stage in row["stages"]]
        shares = [stage["found"] / row["components"] for stage in row["stages"]]
        text = f"{row['instance']} ({row['components']})"
        axes.plot(starts, shares, line, color=colour, marker=marker, label=text, ms=4)
    axes.set(xscale="log", xlabel="random starts", ylabel="components found", ylim=(0, 1.04))
    percent_axis(axes.yaxis)
    axes.legend(loc="lower right", fontsize=5.5)


def figures(data: Mapping[str, Any], landscape: Landscape) -> dict[str, Figure]:
    """Return the figures, by name of file."""
    return {
        "units": landscape.figures()["units"],
        "work": plot_work(data),
        "tree": landscape.basins().figure(),
    }


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PDF with TrueType fonts; `path` has no suffix."""
    with mpl.rc_context({"pdf.fonttype": 42}):
        save_figure(figure, path, ["pdf"])


def main() -> None:
    """Write the text and the figures."""
    data, landscape = read(), reference()
    PAPER.mkdir(exist_ok=True)
    write_text(PAPER / "paper.md", render(data, landscape))
    for name, figure in figures(data, landscape).items():
        write_figure(figure, PAPER / name)


if __name__ == "__main__":
    main()
