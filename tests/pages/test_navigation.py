"""Whoever reads finds the way: no link is dead, and one page leads to all others."""

import re

import pytest

from docs.make.theory_index import anchor_of
from tests.support.markdown import ROOT, links, pages


def anchors(page):
    """Return what links can lead to in a page: its headings and its explicit anchors."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {*map(anchor_of, titles), *re.findall(r'<a id="([\w-]+)"></a>', text)}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_or_a_section_leads_somewhere(page):
    dead = [
        f"{file.name}#{anchor}"
        for file, anchor in links(page)
        if not file.exists() or (anchor and anchor not in anchors(file))
    ]
    assert dead == []


def test_every_page_of_docs_is_reached_from_the_index():
    index = ROOT / "docs/index.md"
    listed = {file for file, _ in links(index)}
    assert {*ROOT.glob("docs/*.md")} - {index} <= listed
    assert index in {file for file, _ in links(ROOT / "README.md")}


def test_the_files_that_answer_a_stranger_s_questions_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    answers = re.findall(r"\? \| `(.*)` \|", text)
    assert len(answers) == 3
    folders = re.findall(r"`((?:docs|tests|reluenum|rules|scripts|captions)/[^`]*)`", text)
    named = [*answers, *folders]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_target_of_make_that_contributing_names_exists():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"\bmake ([a-z]+)", text)
    assert named
    assert {*named} <= {*targets}
