"""Pictures and pages of docs are of this version, and links lead somewhere.

tests/test_newcomers.py looks at the README itself.
"""

import re
from pathlib import Path

from docs import paper_route, picture

ROOT = Path(__file__).parents[2]


def test_picture_is_drawn_by_this_version(tmp_path):
    picture.main(tmp_path / "units")
    assert (tmp_path / "units.svg").read_text() == (
        ROOT / "docs/images/reference_units.svg"
    ).read_text()


def test_the_paper_s_route_ends_as_its_page_says(tmp_path):
    paper_route.main(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs/paper_route.md").read_text()


def pages():
    found = (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"))
    return [page for page in found if ".venv" not in page.parts]


def test_every_link_to_a_file_leads_somewhere():
    for page in pages():
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_link_to_a_section_leads_somewhere():
    for page in pages():
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
            text = (page.parent / target if target else page).read_text()
            titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            assert anchor in anchors, f"{page.name} links to {target}#{anchor}"
