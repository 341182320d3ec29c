"""The section of docs/benchmarks.md about boxes of directions, from docs/data/boxes.csv."""

from collections.abc import Sequence
from math import log
from pathlib import Path

import pandas as pd

from docs.make.prose import bullets, paragraph
from reluenum.views.cells import pipe_table

TABLE = Path(__file__).parents[1] / "docs/data/boxes.csv"

GROWING = ("supports", "boxes", "leaves", "components", "list_cpu_seconds")
"""What exponents are told of."""


def boxes_section(found: pd.DataFrame) -> list[str]:
    """Return the section.

    Parameters
    ----------
    found : DataFrame
        What `benchmarks.boxes` has measured.
    """
    rows = [_row(run) for _, run in found.sort_values(["d", "width", "data", "n"]).iterrows()]
    return [
        "## Boxes of directions",
        paragraph(
            "`--engine branch`, each instance *once*, by `python -m benchmarks.boxes`, which takes",
            "long and is no part of `make bench`: CPU seconds of all processes, and memory, of",
            "`reluenum minima`, which has its list proved, and of `reluenum verify`. `noise` has",
            "inputs and targets at random, `signal` is sin 3x with noise on a grid. A certificate",
            "is the tree of boxes and the records of its leaves, compressed.",
        ),
        pipe_table(rows),
        bullets(_exponents(found)),
        paragraph(
            "How long a search still takes is told as if the rest of the supports took as long as",
            "those so far. Of five searches (noise: d = 1, n = 1,000, L = 2; n = 100, L = 3;",
            "n = 20, L = 4; d = 2, n = 20, L = 2; signal: d = 1, n = 200, L = 3) this was 0.4 to",
            "2.6 times the time that was left, whenever one looked from a tenth to nineteen",
            "twentieths of the time on, and so of the whole search 0.66 to 1.34 times its time.",
        ),
    ]


def fitting_table(found: pd.DataFrame) -> str:
    """Return a table of what can be listed and proved, and in which time.

    Parameters
    ----------
    found : DataFrame
        What `benchmarks.boxes` has measured; of each width and dimension the largest are shown.
    """
    rows = found.sort_values(["d", "width", "n"]).groupby(["d", "width"]).tail(2)
    kept = ("instance", "supports", "boxes", "components", "list", "MB")
    shown = [{key: row[key] for key in kept} for row in (_row(run) for _, run in rows.iterrows())]
    return pipe_table(shown)


def _row(run: pd.Series) -> dict[str, str]:
    jobs = f", {run['jobs']} threads" if run["jobs"] > 1 else ""
    return {
        "instance": f"{run['data']}, n = {run['n']:,}, d = {run['d']}, L = {run['width']}{jobs}",
        **{key: f"{run[key]:,}" for key in ("supports", "boxes", "leaves", "components")},
        "list": _seconds(run["list_cpu_seconds"]),
        "MB": f"{run['list_megabytes']:.0f}",
        "`verify`": _seconds(run["verify_cpu_seconds"]),
        "`verify` MB": f"{run['verify_megabytes']:.0f}",
        "certificate": f"{run['certificate_bytes'] / 1e6:.2g} MB",
    }


def _seconds(number: float) -> str:
    return f"{number:.3g} s" if number < 1000 else f"{number:,.0f} s"


def _exponents(found: pd.DataFrame) -> Sequence[str]:
    """Return how numbers grow with the number of points, for each width and dimension."""
    sentences = []
    for (d, width), group in found[found["data"] == "noise"].groupby(["d", "width"]):
        ends = group.sort_values("n").iloc[[0, -1]]
        if ends["n"].nunique() < 2:
            continue
        grown = {key: _exponent(ends, key) for key in GROWING}
        sizes = f"{ends['n'].iloc[0]} to {ends['n'].iloc[1]:,} points"
        powers = ", ".join(f"{_word(key)} {power:.1f}" for key, power in grown.items())
        sentences.append(f"d = {d}, L = {width}, noise, from {sizes}, powers of n: {powers}")
    return sentences


def _exponent(ends: pd.DataFrame, key: str) -> float:
    (small, large), (first, last) = ends[key], ends["n"]
    return log(large / small) / log(last / first)


def _word(key: str) -> str:
    return {"list_cpu_seconds": "seconds"}.get(key, key)
