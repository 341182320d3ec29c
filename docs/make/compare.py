"""Write docs/compare.md: this package beside those whose users may want it, row by row.

    python -m docs.make.compare

The text is docs/templates/measured/compare.md.j2, the cells are docs/data/compare.yaml, each with
a source or a page of ours. What was measured with the other packages is in
docs/data/neighbours.json, which benchmarks/neighbours.py writes; a sentence that the numbers
contradict is an error.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from docs.make.prose import DATA, ROOT, measured
from reluenum.documents.files import write_text

LOOKED_UP = "1 December 2026"
"""When the sources were read, in stored copies of the pages."""

TEXTS = yaml.safe_load((DATA / "compare.yaml").read_text(encoding="utf-8"))

SYSTEMS: Sequence[str] = TEXTS["systems"]
"""Columns of the tables: this package, Fukasaku, Kabata and Okuno's, and five others."""

SOURCES: Mapping[str, tuple[str, str]] = TEXTS["sources"]
"""What each letter stands for, and its address."""

PAGES: Mapping[str, str] = TEXTS["pages"]
"""Pages of this repository that cells refer to."""

TABLES: Mapping[str, Mapping[str, Sequence[str]]] = TEXTS["tables"]
"""The cells of each row of each table."""


def cell(text: str) -> tuple[str, list[str]]:
    """Return what a cell says, and the keys of its sources.

    Examples
    --------
    >>> cell("one value: duality bounds it [V1, convex]")
    ('one value: duality bounds it', ['V1', 'convex'])
    """
    said, _, keys = text.removesuffix("]").rpartition(" [")
    return said, [key for key in keys.split(", ") if said and key]


def table(rows: Mapping[str, Sequence[str]], facts: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a table, each cell with links to its sources.

    Raises
    ------
    ValueError
        If a row has not a cell for every system, or a cell no source.
    """
    shown = []
    for title, texts in rows.items():
        cells = [cell(text) for text in texts]
        if len(cells) != len(SYSTEMS) or not all(sources for _, sources in cells):
            raise ValueError(f"row {title!r}: every system needs a cell, every cell a source")
        linked = [f"{text} {' '.join(map(reference, sources))}" for text, sources in cells]
        found = [text.format_map(facts) for text in linked]
        shown.append(dict(zip(("", *SYSTEMS), (f"**{title}**", *found), strict=True)))
    return shown


def reference(key: str) -> str:
    """Return a link to a source, by its key in `SOURCES` or `PAGES`."""
    return f"[[{key}]](#{anchor(key)})" if key in SOURCES else f"[[{key}]]({PAGES[key]})"


def anchor(key: str) -> str:
    """Return the place of a source in the list at the end of the page."""
    return f"source-{key.lower()}"


def facts(boxes: pd.DataFrame) -> dict[str, str]:
    """Return what cells say that depends on data or on the repository."""
    largest = boxes.loc[boxes["supports"].idxmax()]
    site = (ROOT / "docs/conf.py").exists()
    gallery = (ROOT / "docs/examples").is_dir()
    return {
        "largest": f"n = {largest['n']:,}, d = {largest['d']}, L = {largest['width']} "
        f"({largest['supports']:,} supports); n = {boxes['n'].max():,} with two units",
        "site": "pages in the repository, a site to build from them; none at a public address"
        if site
        else "pages in the repository; no site at a public address",
        "examples": "a gallery, and pages whose commands are run when they are written"
        if gallery
        else "pages whose commands are run when they are written",
    }


def criteria() -> list[dict[str, str]]:
    """Return the catalog's criteria: text, whether met here, and by what; files are looked at."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    workflow = (ROOT / "workflow/Snakefile").exists()
    named = "snakemake" in readme and "workflow" in readme
    main = workflow or (ROOT / "Snakefile").exists()
    rules, config = any((ROOT / "rules").glob("*.smk")), (ROOT / "config/README.md").exists()
    own = (ROOT / ".snakemake-workflow-catalog.yml").exists()
    root = "ours is at the root, which lists it among all workflows only"
    found = [
        ("a public GitHub repository", False, "not published yet"),
        ("a `README.md` with the words snakemake and workflow", named, "README.md"),
        ("`Snakefile` or `workflow/Snakefile`", main, "Snakefile"),
        ("a folder of rules has a `.smk` file", rules, "rules/"),
        ("standardised usage: `workflow/Snakefile`", workflow, root),
        ("standardised usage: `config/README.md`", config, "config/README.md"),
        ("standardised usage: `.snakemake-workflow-catalog.yml`", own, "that file"),
        ("releases, of which the latest is shown", False, "none yet"),
    ]
    return [{"criterion": t, "met": "yes" if met else "no", "by": by} for t, met, by in found]


def page(data: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    data : dict
        As `read` returns it.
    """
    known = facts(data["boxes"])
    sources = [
        {"": f'<a id="{anchor(key)}"></a>{key}', "source": text, "address": f"<{address}>"}
        for key, (text, address) in SOURCES.items()
    ]
    values = {
        "looked_up": LOOKED_UP,
        "measured": data["neighbours"]["measured"],
        "tables": {title: table(rows, known) for title, rows in TABLES.items()},
        "criteria": criteria(),
        "sources": sources,
        **_topsearch(data["neighbours"]),
        **_lassos(data["neighbours"]),
        "adam": _adam(data["starts"]["rows"]),
        "phc": _phc(data["benchmarks"]["systems"]["runs"]),
    }
    return measured("compare", values, reference=reference)


def _topsearch(found: Mapping[str, Any]) -> dict[str, Any]:
    rows = found["topsearch"]
    sharp, soft = ([r for r in rows if bool(r["softness"]) == smooth] for smooth in (False, True))
    pairs = zip(sharp, soft, strict=True)
    return {
        "topsearch": rows,
        "topsearch_rows": [
            {
                "instance": row["instance"],
                "activation": "softplus, width 1/100" if row["softness"] else "ReLU",
                "minima kept": str(row["minima"]),
                "components": f"{len(row['components'])} of {row['listed']}",
                "pairs of components joined": str(len(row["joined"])),
                "s": f"{sum(row['seconds']):.0f}",
                "list and proof, s": f"{found['list_seconds'][row['instance']]:.2f}",
            }
            for row in rows
        ],
        "fewer_on_relu": all(len(a["components"]) < len(b["components"]) for a, b in pairs),
        "most_but_not_all": all(
            row["listed"] / 2 < len(row["components"]) < row["listed"] for row in soft
        ),
        "best_found": all(0 in row["components"] for row in soft),
    }


def _lassos(found: Mapping[str, Any]) -> dict[str, Any]:
    fits = found["group_lasso"]
    error, seconds = (
        max(solver[key] for solver in fits["solvers"].values())
        for key in ("largest_error", "median_seconds")
    )
    return {
        "fits": fits,
        "relaxed": found["relaxation"],
        "both_agree": error < 1e-9 and seconds < 0.01,
        "largest_error": _power(error),
    }


def _power(share: float) -> str:
    """Return the power of ten that a share does not exceed."""
    return next(f"1e-{k}" for k in range(20, 0, -1) if share <= 10.0**-k)


def _adam(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    adam = [row for row in rows if row["optimiser"] == "adam"]
    return {
        "lists": len(adam),
        "starts": adam[0]["stages"][1]["starts"],
        "early": sum(row["stages"][1]["found"] < row["components"] for row in adam),
        "most": max(row["starts"] for row in adam),
        "late": sum(row["complete_after"] is None for row in adam),
    }


def _phc(runs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    (run,) = (run for run in runs if (run["peer"], run["form"]) == ("PHCpack", "reduced"))
    return run


def read() -> dict[str, Any]:
    """Return what the page is made of."""
    names = {"neighbours": "neighbours", "starts": "completeness", "benchmarks": "benchmarks"}
    found = {key: json.loads((DATA / f"{name}.json").read_text()) for key, name in names.items()}
    return {**found, "boxes": pd.read_csv(DATA / "boxes.csv")}


def main() -> None:
    """Write the page."""
    write_text(ROOT / "docs/compare.md", page(read()))


if __name__ == "__main__":
    main()
