"""Tables and the page of a crosscheck: who agrees, how long it took, what was found."""

import statistics
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from reluenum.crosscheck.agreement import Agreement
from reluenum.crosscheck.measurement import Measurement, unfinished
from reluenum.documents.files import write_text
from reluenum.figures import plot_times, save_figure, svg_text
from reluenum.figures.pages import rendered
from reluenum.views.cells import NOTHING, csv_text, object_frame, paragraphs

AGREED = "Wherever runs finished, they agree."
"""What is said if there is no disagreement."""

_RUNS = (
    *("formulation", "backend", "verdict", "systems", "finished", "undecided"),
    *("complex", "largest", "infinite", "real", "seconds", "median", "maximum", "components"),
)

LEGEND = (
    "Complex solutions are counted with multiplicity, over all systems and in the largest one; "
    "systems with infinitely many are counted on their own. Real solutions are counted once. "
    "Seconds are wall time of the backend, over all systems, of the median and of the slowest one."
)
"""What the columns of the table of runs are."""

_WORDS = ("formulation", "backend", "verdict", "note")
"""Columns of the tables that hold words."""

_RATIOS = (
    *("backend", "formulation", "systems", "seconds, reduced", "seconds", "times as long"),
    *("median, reduced", "median", "median, times as long", "note"),
)


def measurements_frame(agreement: Agreement) -> pd.DataFrame:
    """Return one row per run: what was asked, finished and found, how long it took, its verdict.

    Returns
    -------
    DataFrame
        `complex` adds up the degrees of the systems with finitely many solutions, `infinite`
        counts the others; `seconds`, `median` and `maximum` are of single systems, those that
        reached a limit included; `undecided` and `components` are None without a list of minima.
    """
    rows = [{**_run_row(m), "verdict": agreement.verdict(m)} for m in agreement.measurements]
    return object_frame(rows, _RUNS)


def _run_row(measurement: Measurement) -> dict[str, Any]:
    systems = measurement["systems"]
    finished = [system for system in systems if "reason" not in system]
    degrees = [system["degree"] for system in finished if system["degree"] is not None]
    listed = measurement["components"]
    return {
        "formulation": measurement["formulation"],
        "backend": measurement["backend"],
        "systems": len(systems),
        "finished": len(finished),
        "undecided": None if listed is None else measurement["enumeration"]["undecided"],
        "complex": sum(degrees),
        "largest": max(degrees, default=0),
        "infinite": len(finished) - len(degrees),
        "real": sum(system["real"] or 0 for system in finished),
        **_times(measurement),
        "components": None if listed is None else len(listed),
    }


def _times(measurement: Measurement) -> dict[str, float]:
    """Return total, median and maximum of the seconds per system."""
    seconds = [system["seconds"] for system in measurement["systems"]] or [0.0]
    return {
        "seconds": sum(seconds),
        "median": statistics.median(seconds),
        "maximum": max(seconds),
    }


def ratios_frame(measurements: Iterable[Measurement]) -> pd.DataFrame:
    """Return how much longer every other formulation takes than `reduced`, backend by backend.

    Returns
    -------
    DataFrame
        Seconds and ratios of all systems together and of the median system; `note` says
        where a limit makes the ratio of the totals a bound.
    """
    listed = list(measurements)
    reduced = {m["backend"]: m for m in listed if m["formulation"] == "reduced"}
    rows = [
        _ratio_row(reduced[other["backend"]], other)
        for other in listed
        if other["formulation"] != "reduced" and other["backend"] in reduced
    ]
    return object_frame(rows, _RATIOS)


def _ratio_row(reduced: Measurement, other: Measurement) -> dict[str, Any]:
    base, times = _times(reduced), _times(other)
    bounds = {
        (False, False): "",
        (False, True): "at least",
        (True, False): "at most",
        (True, True): "both reached limits",
    }
    return {
        "backend": other["backend"],
        "formulation": other["formulation"],
        "systems": len(other["systems"]),
        "seconds, reduced": base["seconds"],
        "seconds": times["seconds"],
        "times as long": _ratio_text(times["seconds"], base["seconds"]),
        "median, reduced": base["median"],
        "median": times["median"],
        "median, times as long": _ratio_text(times["median"], base["median"]),
        "note": bounds[bool(unfinished(reduced)), bool(unfinished(other))],
    }


def _ratio_text(value: float, base: float) -> float | None:
    return value / base if base else None


def systems_frame(measurements: Iterable[Measurement]) -> pd.DataFrame:
    """Return one row per run and system."""
    columns = [
        *("formulation", "backend", "pattern", "support", "system", "variables", "inequations"),
        *("dimension", "degree", "real", "points", "seconds", "reason"),
    ]
    rows = [
        {**system, **{key: m[key] for key in columns[:2]}, **_sizes(system)}
        for m in measurements
        for system in m["systems"]
    ]
    return object_frame(rows, columns)


def _sizes(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a spreadsheet must not take for a formula, and the number of variables."""
    return {
        "variables": len(system["variables"]),
        **{key: _faces_text(system[key]) for key in ("pattern", "support")},
    }


def _faces_text(text: str) -> str:
    return f"({text})" if text else ""


def systems_csv(measurements: Iterable[Measurement]) -> str:
    """Return `systems_frame` as CSV."""
    return csv_text(systems_frame(measurements), "")


def patterns_frame(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return one row per pattern: the systems and the seconds of every run.

    Returns
    -------
    DataFrame
        `pattern`, and `<formulation> by <backend>` with the seconds of all its systems as text,
        preceded by `>` if one of them reached a limit, and by the number of systems.
    """
    names = list(dict.fromkeys(s["pattern"] for m in measurements for s in m["systems"]))
    table: dict[str, list[str]] = {"pattern": names}
    for measurement in measurements:
        run = f"{measurement['formulation']} by {measurement['backend']}"
        table[run] = [
            _pattern_cell([s for s in measurement["systems"] if s["pattern"] == name])
            for name in names
        ]
    return pd.DataFrame(table, dtype=object)


def _pattern_cell(systems: Sequence[Mapping[str, Any]]) -> str:
    if not systems:
        return NOTHING
    bound = "> " if any("reason" in system for system in systems) else ""
    return f"{bound}{readable(sum(s['seconds'] for s in systems))} ({len(systems)})"


def readable(cell: Any) -> str:
    """Return a cell as short text: times and ratios with three digits.

    Examples
    --------
    >>> readable(0.0123456), readable(41734.2), readable(None), readable(7)
    ('0.0123', '41700', '–', '7')
    """
    if cell is None:
        return NOTHING
    if isinstance(cell, float):
        return f"{float(f'{cell:.3g}'):.12g}" if abs(cell) >= 1e-4 or cell == 0 else f"{cell:.1e}"
    return str(cell)


def _readable_table(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return the titles and the rows of a frame as short texts."""
    rows = [[readable(cell) for cell in row] for row in frame.itertuples(index=False)]
    return list(frame.columns), rows


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table of short texts."""
    header, rows = _readable_table(frame)
    aligned = ["left" if column in _WORDS else "right" for column in frame]
    return tabulate(rows, header, tablefmt="pipe", disable_numparse=True, colalign=aligned)


def agreement_markdown(agreement: Agreement) -> str:
    """Return the agreement, what contradicts it, what is missing, and the ratios of the times."""
    ratios = ratios_frame(agreement.measurements)
    parts = [
        markdown_table(measurements_frame(agreement)),
        LEGEND,
        "\n".join(f"- {line}" for line in crosscheck_summary(agreement)),
        markdown_table(ratios) if len(ratios) else "",
    ]
    return paragraphs(parts)


def crosscheck_summary(agreement: Agreement) -> list[str]:
    """Return the conclusion of a comparison, then what there is to say against it, line by line.

    That is every disagreement, every run that did not finish, and every one that could not decide.
    """
    contradictions = [found.text for found in agreement.disagreements]
    count = len(contradictions)
    verdict = f"{count} DISAGREEMENT{'S' * (count > 1)}:" if count else AGREED
    return [verdict, *contradictions, *agreement.not_finished, *agreement.undecided]


def page(agreement: Agreement, title: str) -> str:
    """Return everything about a crosscheck as one HTML page that needs nothing else."""
    measurements = agreement.measurements
    return rendered(
        "crosscheck.html.j2",
        title=title,
        problem=measurements[0]["problem"],
        software=_shared_or_all([m["software"] for m in measurements]),
        limits=_shared_or_all([m["limits"] for m in measurements]),
        agrees=not agreement.disagreements,
        summary=crosscheck_summary(agreement),
        legend=LEGEND,
        runs=_readable_table(measurements_frame(agreement)),
        ratios=_readable_table(ratios_frame(measurements)),
        patterns=_readable_table(patterns_frame(measurements)),
        times=_svg_uri(agreement),
    )


def _shared_or_all(settings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return settings by name; where runs differ, all values."""
    keys = dict.fromkeys(key for setting in settings for key in setting)
    return {
        key: ", ".join(dict.fromkeys(readable(setting.get(key)) for setting in settings))
        for key in keys
    }


def _svg_uri(agreement: Agreement) -> str:
    """Return the figure of the times as the text of an image's address."""
    picture = svg_text(plot_times(agreement.measurements))
    return "data:image/svg+xml;base64," + b64encode(picture.encode()).decode("ascii")


def write_views(agreement: Agreement, folder: Path, formats: Sequence[str], title: str) -> None:
    """Write `systems.csv`, `agreement.md`, `page.html` and the figure `times` into a folder."""
    write_text(folder / "systems.csv", systems_csv(agreement.measurements))
    write_text(folder / "agreement.md", agreement_markdown(agreement))
    write_text(folder / "page.html", page(agreement, title))
    save_figure(plot_times(agreement.measurements), folder / "times", formats)
