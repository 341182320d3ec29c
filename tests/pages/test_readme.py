"""The picture of the README and the page of the paper's route are of this version.

tests/pages/test_newcomers.py looks at the README itself.
"""

from pathlib import Path

import pytest

from docs.make import paper_route, picture

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    picture.main(folder)
    return folder


@pytest.mark.parametrize("name", ["readme", "reference_units"])
def test_pictures_are_drawn_by_this_version(drawn, name):
    committed = (ROOT / f"docs/images/{name}.svg").read_text(encoding="utf-8")
    assert (drawn / f"{name}.svg").read_text(encoding="utf-8") == committed


def test_every_run_is_counted_once():
    ends = picture.read_ends()
    saddles = [saddle["runs"] for saddle in ends["saddles"]]
    assert sum(ends["minima"]) + sum(saddles) + ends["on the way"] == ends["runs"] == 1000
    assert len(ends["minima"]) == len(picture.landscape())


def test_the_picture_says_that_the_checker_has_proved_the_list():
    assert picture.proof().startswith(f"proved: {len(picture.landscape())} components from ")


def test_a_caption_that_is_not_so_is_an_error():
    ends = picture.read_ends()
    with pytest.raises(ValueError, match="no longer true: 900 of 1,000 runs of Adam"):
        picture.words({**ends, "minima": [900, 0, 0, 0, 0, 0]})


def test_the_paper_s_route_ends_as_its_page_says(tmp_path):
    paper_route.main(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs/paper_route.md").read_text()
