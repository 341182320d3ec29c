"""The table of a disconnectivity graph says what its document says, and sweeps add it up."""

from io import StringIO

import pandas as pd
import pytest

from reluenum.api import Basins, enumerate_minima
from reluenum.documents.archive import write_archive
from reluenum.experiments.rows import basin_rows
from reluenum.experiments.sweep import basins_of_batch, document_members
from reluenum.figures.pages import barriers_page
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.problem import Problem
from reluenum.views.basins import (
    COLUMNS,
    barriers_csv,
    barriers_frame,
    readable_barriers,
    tree_in_words,
    way_out,
)
from reluenum.views.sweep_tables import BASINS, COMPONENTS, INSTANCES, frame, with_basins

pytestmark = pytest.mark.seconds(5)

LINE = Problem.from_text([["-1"], ["0"], ["1"]], ["2", "0", "1"], 1, "1/10")


@pytest.fixture(scope="module")
def landscape():
    return enumerate_minima(LINE, engine="certified")


@pytest.fixture(scope="module")
def tree(landscape):
    return landscape.basins().document


def test_a_row_has_the_texts_of_the_document_and_counts_from_1(tree):
    table = pd.read_csv(StringIO(barriers_csv(tree)), dtype=str, keep_default_na=False)
    assert list(table.columns) == list(COLUMNS)
    assert table["index"].tolist() == ["1", "2", "3"]
    assert table["joins"].tolist() == ["", "1", "1"]
    for key in ("loss", "barrier", "depth", "height"):
        expected = [record[key] or "" for record in tree["components"]]
        assert table[key].tolist() == expected
    merges = [record["merge"] for record in tree["components"]]
    assert table["merge_loss"].tolist() == [tree["merges"][merge]["loss"] for merge in merges]
    assert table["event"].tolist() == ["", "kink", "kink"]


def test_the_way_out_is_that_of_the_merge_where_the_basin_goes_on_with_a_lower_one():
    merges = [
        {"loss": "3", "basins": [2, 1], "event": "death"},
        {"loss": "3", "basins": [1, 0], "event": "kink"},
    ]
    basins = [{"index": k, "basin": True, "barrier": "3"} for k in (1, 2)]
    assert [way_out({"merges": merges}, basin) for basin in basins] == ["kink", "death"]
    assert way_out({"merges": merges}, {"index": 0, "basin": True, "barrier": None}) is None
    assert way_out({"merges": merges}, {"index": 3, "basin": False, "barrier": "3"}) is None


def test_what_is_no_basin_has_depth_0_and_says_where_it_leads():
    problem = Problem.from_text([["-1"], ["0"], ["2"], ["3"]], ["1", "-1", "1/2", "-2"], 2, "1/10")
    found = enumerate_minima(problem, engine="certified").basins().document
    rows = barriers_frame(found)
    arcs = rows[~rows["basin"].astype(bool)]
    assert len(arcs) > 0
    assert set(arcs["depth"]) == {"0"}
    assert (arcs["barrier"] == arcs["loss"]).all()
    assert all(cell.startswith("[") for cell in arcs["leads_to"])
    assert rows["leads_to"].isna().sum() == len(rows) - len(arcs)


def test_a_list_for_every_width_has_the_widths_of_its_basins():
    components = [
        {"index": 0, "loss": "1", "basin": True, "widths": [2, None]},
        {"index": 1, "loss": "2", "basin": True, "widths": [1, 1]},
        {"index": 2, "loss": "3", "basin": False, "widths": None},
    ]
    every = {"widths": [{"width": 1, "basins": 2}, {"width": 2, "basins": 1}]}
    tree = {"every_width": every, "components": components}
    assert tree_in_words(tree) == "Numbers of basins: 2 at width 1, 1 at width 2."
    rows = barriers_frame(tree)
    assert rows["width_from"].tolist() == [2, 1, None]
    assert rows["width_to"].tolist() == [None, 1, None]


def test_the_page_has_the_picture_in_words_and_a_row_for_each_component(tree):
    page = barriers_page("mine & yours", tree)
    assert "mine &amp; yours" in page
    assert f'aria-label="{tree_in_words(tree)}"' in page
    assert Basins(tree)._repr_html_().count('aria-label="') == 1
    assert page.count("<tr>") == 1 + len(tree["components"])
    assert [row["over"] for row in readable_barriers(tree)] == ["–", "kink", "kink"]


def test_a_batch_has_the_rows_of_its_complete_documents(landscape, tree, tmp_path):
    undecided = landscape.document | {"complete": False}
    documents = {"good": landscape.document, "open": undecided}
    write_archive(tmp_path / "documents.zip", document_members(documents))
    rows = basins_of_batch(tmp_path / "documents.zip", DEFAULT_SETTINGS)
    pd.testing.assert_frame_equal(rows, frame(basin_rows("good", tree), BASINS))


def test_basins_become_columns_of_instances_and_components():
    """Two traps of depth 1 and 3 behind a death and a kink; an instance without; an open one."""
    base = dict.fromkeys(BASINS)

    def basin(instance, index, depth, event, is_basin=True):
        cells = {"index": index, "basin": is_basin, "depth": depth, "event": event}
        return base | cells | {"instance": instance}

    basins = frame(
        [
            basin("a", 1, None, None),
            basin("a", 2, "1", "death"),
            basin("a", 3, "3", "kink"),
            basin("a", 4, "0", None, is_basin=False),
            basin("b", 1, None, None),
        ],
        BASINS,
    )
    names = [("a", k) for k in (1, 2, 3, 4)] + [("b", 1), ("c", 1)]
    components = [dict.fromkeys(COMPONENTS) | {"instance": n, "index": k} for n, k in names]
    instances = frame([dict.fromkeys(INSTANCES) | {"instance": n} for n in "abc"], INSTANCES)
    rows, parts = with_basins(instances, frame(components, COMPONENTS), basins)
    rows = rows.set_index("instance")
    found = rows.loc["a", ["basins", "bad_basins", "smallest_depth", "median_depth"]]
    assert found.tolist() == [3, 2, 1, 2]
    assert rows.loc["a", ["largest_depth", "death_share"]].tolist() == [3, 0.5]
    assert rows.loc["b", ["basins", "bad_basins"]].tolist() == [1, 0]
    assert pd.isna(rows.loc["b", "median_depth"])
    assert pd.isna(rows.loc["c", "basins"])
    assert parts["event"].fillna("").tolist() == ["", "death", "kink", "", "", ""]
    assert len(parts) == len(components)
