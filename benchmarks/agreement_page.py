"""The section of docs/benchmarks.md about lists by boxes that were held against other proofs.

From docs/data/box_agreement.csv and box_lies.csv.
"""

from pathlib import Path

import pandas as pd
from tabulate import tabulate

from docs.make.prose import bullets, paragraph, said

DATA = Path(__file__).parents[1] / "docs/data"
AGREEMENT, LIES = DATA / "box_agreement.csv", DATA / "box_lies.csv"

POSITIONS = {
    "scattered": "inputs and targets at random, multiples of 1/100",
    "whole": "whole numbers up to 3",
    "repeated": "some inputs are copies of others",
    "mirrored": "a reflection maps the data to themselves, or to those with -y",
    "level": "one or two different targets",
    "lattice": "inputs on a regular grid",
    "collinear": "as many inputs on a line as the dimension allows",
    "tied": "transitions at rational ridges, the ridge one of them",
    "reference": "the data of the paper at ridges 3/10, 1/10, 1/100",
    "noise": "a hundred points as in the table above, at the ridge 1/100",
}

OPEN = ("undecided", "unfinished", "refused")
"""What is told, and no contradiction."""

WRONG = ("different", "failed")


def agreement_section(found: pd.DataFrame) -> list[str]:
    """Return what `benchmarks.box_agreement` has found."""
    columns = ["instances", "settled", *OPEN]
    rows = found.groupby(["position", "d", "width"])[columns].sum()
    table = rows.groupby(["position", "d"])[columns].sum().reset_index()
    order = list(POSITIONS)
    table["data"] = table["position"].map(POSITIONS)
    table = table.sort_values(["position", "d"], key=lambda c: c.map(_rank(order)))
    shown = table[["position", "data", "d", *columns]].rename(columns={"refused": "not proved"})
    names = [name for text in found["not_settled"].dropna() for name in text.split("; ")]
    total, settled = int(found["instances"].sum()), int(found["settled"].sum())
    return [
        "### Held against the certified engine",
        paragraph(
            "`make boxes-agree`: small instances of one, two and three inputs and units, with sum",
            "and mean loss, all three output biases and ridges from 1/1000 to 2. On each, both",
            "engines list the minima, and `verify` follows the tree of boxes. *Settled*: the",
            "components with their flags are equal to the last digit, and the list is proved. *Not",
            "proved*: the checker does not follow the tree, so the list is not called complete.",
            "*noise* is one large instance, `python -m benchmarks.box_agreement --noise 100 3`.",
        ),
        tabulate(shown, "keys", "pipe", showindex=False, disable_numparse=True),
        bullets(
            [
                said(
                    f"Of {total} instances {settled} are settled; nowhere do the engines "
                    "contradict each other.",
                    found[list(WRONG)].sum().sum() == 0,
                ),
                f"Not settled: {', '.join(names) or 'none'} (position and seed; the command "
                "prints their data).",
            ]
        ),
    ]


def _rank(order: list[str]) -> dict[object, int]:
    return {name: k for k, name in enumerate(order)} | {d: d for d in (1, 2, 3)}


def lies_section(found: pd.DataFrame) -> list[str]:
    """Return what `tests.support.box_lies` has found."""
    total, refused = int(found.iloc[:, 1:].sum().sum()), int(found["refused"].sum())
    same = int(found["the same list"].sum())
    return [
        "### Certificates with a lie in them",
        paragraph(
            "`make boxes-lies`: documents for inputs on a line with one change each, after which",
            "checksums and counts are made right again, so that only the mathematics can tell.",
            "*Unlisted*: the components are taken from the list as well.",
        ),
        tabulate(found, "keys", "pipe", showindex=False),
        bullets(
            [
                said(
                    f"Of {total} changed documents {refused} are refused. The other {same} are "
                    "proofs of the same list: a tree may be cut elsewhere, and the numbers of a "
                    "record are no more than where a proof begins.",
                    refused + same == total,
                )
            ]
        ),
    ]
