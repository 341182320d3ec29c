"""Tables as pages: what stands in them, and that nothing in them is taken for markup."""

from html.parser import HTMLParser

import pandas as pd

from reluenum import enumerate_minima
from reluenum.figures.pages import instance_page, summary_page, sweep_page
from reluenum.views.sweep_tables import COMPONENTS, INSTANCES, frame
from tests.support.oracles import reference_problem
from tests.support.sweeps import row


class Cells(HTMLParser):
    """The texts of the cells of a page, row by row, and the tags that there are."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.tags = [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += data


def test_a_page_of_an_instance_has_its_components_and_the_statements_of_the_paper():
    document = enumerate_minima(reference_problem(2, "1/100"), engine="certified").document
    page = instance_page("reference", document)
    cells = Cells(page)
    (first,) = [found for found in cells.rows if found and found[0] == "1"]
    assert first[1:6] == ["0.707920", "isolated", "yes", "yes", "no"]
    assert ["every isolated local minimum lies on a boundary", "holds", "3 of 3"] in cells.rows
    assert "verdict bad" not in page


def test_a_page_says_what_was_examined():
    document = enumerate_minima(reference_problem(1, "1/100"), engine="certified").document
    assert "17 supports examined, 9 stationary, 3 locally minimal: 3 comp" in instance_page(
        "a", document
    )
    counts = document["enumeration"]
    counts |= {"supports": counts.pop("supports_examined"), "boxes": 40, "leaves": 3}
    text = "3 leaves examined, left of 17 supports by 40 boxes, 3 locally minimal: 3 comp"
    assert text in instance_page("a", document)


def test_undecided_supports_stand_above_every_page():
    document = enumerate_minima(reference_problem(1, "1/100"), engine="certified").document
    document["enumeration"]["undecided"], document["complete"] = 2, False
    for page in (instance_page("one", document), summary_page("all", {"one": document})):
        assert "verdict bad" in page
        assert "2 supports undecided: list not complete" in page
    rows = frame([row(), row("b", complete=False, undecided=1, spurious=None)], INSTANCES)
    page = sweep_page("sweep", rows, frame([], COMPONENTS))
    assert "verdict bad" in page
    assert "1 instances stayed undecided." in page


def test_names_are_text_and_never_markup():
    hostile = "<script>alert(1)</script>"
    rows = frame([row(data=hostile), row(data="other")], INSTANCES)
    page = sweep_page(hostile, rows, frame([], COMPONENTS))
    cells = Cells(page)
    assert "script" not in cells.tags
    assert any(hostile in cell for found in cells.rows for cell in found)


def test_a_page_of_a_sweep_has_a_row_for_each_group_and_ridge():
    rows = pd.concat(
        [frame([row("a"), row("b", n=4)], INSTANCES), frame([row("c", ridge="1", n=4)], INSTANCES)]
    )
    cells = Cells(sweep_page("sweep", rows, frame([], COMPONENTS)))
    numbers = [found[0] for found in cells.rows if found and found[0] in ("3", "4")]
    assert numbers == ["3", "4", "3", "4", "4"]
