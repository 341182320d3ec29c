"""The picture of the README and the page of the paper's route are of this version.

tests/pages/test_newcomers.py looks at the README itself.
"""

from pathlib import Path

from docs.make import paper_route, picture

ROOT = Path(__file__).parents[2]


def test_picture_is_drawn_by_this_version(tmp_path):
    picture.main(tmp_path / "units")
    assert (tmp_path / "units.svg").read_text() == (
        ROOT / "docs/images/reference_units.svg"
    ).read_text()


def test_the_paper_s_route_ends_as_its_page_says(tmp_path):
    paper_route.main(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs/paper_route.md").read_text()
