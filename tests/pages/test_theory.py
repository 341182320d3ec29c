"""The pages of theory can be walked: contents, anchors, and who cites which statement."""

import re
from pathlib import Path

import pytest

from docs.make import theory_index

ROOT = Path(__file__).parents[2]
THEORY = {page: (ROOT / "docs" / page).read_text(encoding="utf-8") for page in theory_index.PAGES}
STATEMENTS = theory_index.statements()
LABELS = tuple(statement.label for statement in STATEMENTS)

WITHOUT_CODE = {
    "Lemma 11a": "ties without algebra; the program decides each of them by exact arithmetic",
    "Proposition 17": "says what reduction modulo a prime proves; the program does not rely on it",
    "Lemma 36": "the pieces that suffice; the program does without pieces",
    "Lemma 44": "lower bounds for those who have no complete list",
    "Lemma 52": "pairs of boxes of opposite signs: proved and tested, no engine goes by it yet",
    "Lemma 62": "problems that are one another's; the program poses each as it is given",
    **{f"Example {k}": "for tests" for k in range(1, 14)},
    **{label: "for tests" for label in ("Lemma 67", "Lemma 68", "Lemma 77")},
    **{f"Example {label}": "for tests" for label in ("D1", "D2", "D3", "D4", "D5")},
}
"""Statements that no function cites, with the reason."""


def cited(folder):
    return {citation.label for citation in theory_index.citations(folder, LABELS)}


def test_the_index_is_of_this_version():
    page = theory_index.PAGE.read_text(encoding="utf-8")
    assert page == theory_index.page(), "`python -m docs.make.theory_index` writes it"


@pytest.mark.parametrize("page", THEORY)
def test_contents_link_every_heading_in_order(page):
    contents = THEORY[page][: THEORY[page].index("\n---\n")]
    linked = re.findall(r"^ *- \[(.*)\]\(#(.*)\)$", contents, re.MULTILINE)
    titles = re.findall(r"^##+ (.*)$", THEORY[page], re.MULTILINE)
    assert linked == [(title, theory_index.anchor_of(title)) for title in titles]


@pytest.mark.parametrize("page", THEORY)
def test_every_statement_has_an_anchor_of_its_own(page):
    begun = re.findall(
        rf"^\*\*((?:{theory_index.KINDS}) {theory_index.LABEL})", THEORY[page], re.MULTILINE
    )
    known = theory_index.statements_of(page)
    labelled = [s for s in known if not s.label.startswith("section")]
    assert [statement.label for statement in labelled] == begun
    for statement in labelled:
        assert statement.anchor == re.sub(r"\W", "-", statement.label.lower())
    anchors = [statement.anchor for statement in known]
    assert len({*anchors}) == len(anchors)


def test_no_label_is_used_twice():
    assert len({*LABELS}) == len(LABELS)


FOLDERS = sorted({path.parts[len(ROOT.parts)] for path in ROOT.glob("[!.]*/**/*.py")})


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_statement_that_is_cited_exists(folder):
    found = theory_index.citations(folder, LABELS)
    assert [citation for citation in found if citation.label not in LABELS] == []


def test_pages_cite_statements_that_exist():
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        text = page.read_text(encoding="utf-8")
        labels = [label for _, label in theory_index.cited(text, LABELS)]
        assert {*labels} <= {*LABELS}, page.name


def test_every_statement_is_cited_by_the_code_or_has_a_reason_not_to_be():
    uncited = {*LABELS} - cited("reluenum")
    assert {label for label in uncited if not label.startswith("section")} == WITHOUT_CODE.keys()


def test_every_statement_that_code_relies_on_is_cited_by_a_test():
    uncited = {*LABELS} - cited("tests") - WITHOUT_CODE.keys()
    assert [label for label in sorted(uncited) if not label.startswith("section")] == []
