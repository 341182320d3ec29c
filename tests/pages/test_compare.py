"""docs/compare.md: every cell has a source, every number of ours is that of the data."""

import re
from copy import deepcopy
from pathlib import Path

import pytest

from benchmarks.neighbours import group_lasso
from docs.make import compare

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/compare.md"


@pytest.fixture(scope="module")
def data():
    return compare.read()


def test_the_page_is_made_of_what_was_measured(data):
    assert compare.page(data) == PAGE.read_text(encoding="utf-8")


def test_every_cell_of_every_row_has_a_source(data):
    text = PAGE.read_text(encoding="utf-8")
    for title, rows in compare.TABLES.items():
        section = text.split(f"## {title}\n")[1].split("\n## ")[0]
        shown = [line for line in section.splitlines() if line.startswith("| **")]
        assert len(shown) == len(rows)
        for line in shown:
            cells = line.strip("|").split(" | ")[1:]
            assert len(cells) == len(compare.SYSTEMS)
            assert all(re.search(r"\[\[[\w ]+\]\]\([^)]+\)", cell) for cell in cells), line


def test_a_cell_without_a_source_is_refused(data):
    cells = ["yes [P]"] * (len(compare.SYSTEMS) - 1)
    for sourceless in ("no", "no []", "[P]"):
        with pytest.raises(ValueError, match="'size': every system needs a cell, every cell a so"):
            compare.table({"size": [*cells, sourceless]}, {})
    with pytest.raises(ValueError, match="every system needs a cell"):
        compare.table({"size": cells}, {})


def test_every_source_is_used_and_every_reference_known():
    used = {
        key
        for rows in compare.TABLES.values()
        for cells in rows.values()
        for text in cells
        for key in compare.cell(text)[1]
    } | {"W"}
    assert used <= {*compare.SOURCES, *compare.PAGES}
    assert {*compare.SOURCES} <= used
    assert all(address.startswith("https://") for _, address in compare.SOURCES.values())


def test_what_others_are_said_to_be_has_a_source_of_theirs():
    owners = dict(zip(compare.SYSTEMS[1:], "PVCSHT", strict=True))
    for rows in compare.TABLES.values():
        for title, cells in rows.items():
            for system, text in zip(compare.SYSTEMS, cells, strict=True):
                _, sources = compare.cell(text)
                if system == "reluenum":
                    assert {*sources} <= {*compare.PAGES}, title
                else:
                    theirs = any(key.startswith(owners[system]) for key in sources)
                    assert theirs or {*sources} & {"measured", "benchmarks"}, (title, system)


def test_a_sentence_that_the_numbers_contradict_stops_the_page(data):
    other = {**data, "neighbours": deepcopy(data["neighbours"])}
    other["neighbours"]["topsearch"][1]["components"] = []
    with pytest.raises(ValueError, match="no longer true"):
        compare.page(other)


def test_components_that_topsearch_found_are_among_the_listed(data):
    for row in data["neighbours"]["topsearch"]:
        assert {*row["components"]} <= {*range(row["listed"])}
        assert len(row["components"]) <= row["minima"]


def test_the_group_lasso_of_a_support_has_a_column_for_each_free_direction():
    """By hand: a unit on a point has one direction less, and is 0 there."""
    problem = {
        "x": [["0"], ["1"], ["2"]],
        "y": ["1", "0", "1"],
        "width": 2,
        "ridge": "1/8",
        "loss": "sum",
        "output_bias": "none",
    }
    task = group_lasso(problem, [("-0+", 1), ("++-", -1)])
    assert task["groups"] == [1, 2]
    on_kink, others = [row[0] for row in task["design"]], [row[1:] for row in task["design"]]
    assert on_kink[:2] == [0, 0]
    assert abs(on_kink[2]) == pytest.approx(0.5**0.5)
    assert others == [[-0.0, -1], [-1, -1], [-0.0, -0.0]]
    assert (task["targets"], task["ridge"]) == ([1, 0, 1], 0.125)
