"""paper/: in the form that the journal asks for, and every number that of the data."""

import re
from pathlib import Path

import pytest
import yaml

from docs.make import paper

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "paper/paper.md").read_text(encoding="utf-8")
BIBLIOGRAPHY = (ROOT / "paper/paper.bib").read_text(encoding="utf-8")

SECTIONS = [
    "Summary",
    "Statement of need",
    "State of the field",
    "Software design",
    "Research impact statement",
    "AI usage disclosure",
    "Acknowledgements",
    "References",
]
"""As the journal asks for them since January 2026 (openjournals/joss, docs/paper.md)."""

PLACES = {"article": "journal", "inproceedings": "booktitle", "book": "publisher"}
"""Where each kind of entry has appeared."""


@pytest.fixture(scope="module")
def data():
    return paper.read()


@pytest.fixture(scope="module")
def landscape():
    return paper.reference()


def body():
    _, _, text = TEXT.split("---\n", 2)
    return text


def test_the_text_is_made_of_the_data(data, landscape):
    assert paper.render(data, landscape) == TEXT


def test_no_number_is_written_into_the_template():
    """But for names, years, the title of a theorem and what a caption says of its panels."""
    template = (ROOT / "paper/paper.md.j2").read_text(encoding="utf-8")
    text = template.split("---\n", 2)[2]
    text = re.sub(r"\{\{.*?\}\}|\{[^}]*\}|\[@.*?\]|@\w+|\([^)]*\.pdf\)", "", text)
    assert re.findall(r"\d[\d,.]*\d|\d", text) == ["0", "1,000"]


def test_the_metadata_are_those_that_the_journal_asks_for():
    metadata = yaml.safe_load(TEXT.split("---\n", 2)[1])
    assert {*metadata} == {"title", "tags", "authors", "affiliations", "date", "bibliography"}
    assert metadata["bibliography"] == "paper.bib"
    assert "`" not in metadata["title"]
    indices = {place["index"] for place in metadata["affiliations"]}
    assert {author["affiliation"] for author in metadata["authors"]} == indices
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]+ \d{4}", metadata["date"])


def test_nobody_is_invented():
    metadata = yaml.safe_load(TEXT.split("---\n", 2)[1])
    assert metadata["authors"] == [{"name": "The reluenum authors", "affiliation": 1}]
    assert "orcid" not in TEXT.lower()
    assert "10.5281" not in TEXT + BIBLIOGRAPHY


def test_the_sections_are_those_that_the_journal_asks_for():
    assert re.findall(r"^# (.*)$", body(), re.MULTILINE) == SECTIONS
    parts = re.split(r"^# .*$", body(), flags=re.MULTILINE)[1:-1]
    assert all(len(part.split()) > 10 for part in parts)


def test_the_length_is_what_the_journal_asks_for():
    assert 750 <= len(body().split()) <= 1750


def test_every_citation_has_an_entry_and_every_entry_is_cited():
    cited = {*re.findall(r"(?<![\w.])@([a-z]+\d*)", body())}
    entries = re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY, re.MULTILINE)
    assert len(entries) == len({*entries})
    assert cited == {*entries}


def test_every_entry_says_who_what_and_where():
    for entry in re.split(r"^@", BIBLIOGRAPHY, flags=re.MULTILINE)[1:]:
        kind, key = re.match(r"(\w+)\{(\w+),", entry).groups()
        fields = {*re.findall(r"^ +(\w+) +=", entry, re.MULTILINE)}
        assert {"author", "title"} <= fields, key
        if kind in PLACES:
            assert {PLACES[kind], "year"} <= fields, key
        else:
            assert "url" in fields, key
        assert entry.count("{") == entry.count("}"), key


def test_every_figure_is_shown_and_referred_to(data, landscape):
    shown = re.findall(r"\]\((\w+)\.pdf\)", body())
    assert sorted(shown) == sorted(paper.figures(data, landscape))
    labels = {*re.findall(r"\\label\{(fig:\w+)\}", body())}
    assert labels == {*re.findall(r"\\autoref\{(fig:\w+)\}", body())}
    assert len(labels) == len(shown)
    for name in shown:
        assert (ROOT / f"paper/{name}.pdf").read_bytes().startswith(b"%PDF-")


def test_figures_show_what_was_measured(data):
    cost, starts = paper.plot_work(data).axes
    rows = [row for row in data["completeness"]["rows"] if row["optimiser"] == "adam"]
    assert len(starts.lines) == len(rows)
    for line, row in zip(starts.lines, rows, strict=True):
        found = [round(share * row["components"]) for share in line.get_ydata()]
        assert found == [stage["found"] for stage in row["stages"]]
    assert len(cost.lines) == len(paper.ENGINES) + 1
    certified = cost.lines[0]
    rungs = {r["supports"]: r["peers"] for r in data["benchmarks"]["ladders"][0]["rungs"]}
    for supports, seconds in zip(certified.get_xdata(), certified.get_ydata(), strict=True):
        (run,) = (p for p in rungs[supports] if p["peer"] == "certified engine")
        assert run["seconds"]["median"] == seconds


def test_lines_are_told_apart_without_colour(data):
    for axes in paper.plot_work(data).axes:
        looks = [(line.get_linestyle(), line.get_marker()) for line in axes.lines]
        assert len({*looks}) == len(looks)


def test_figures_are_the_same_bytes_each_time(data, tmp_path):
    for name in ("one", "two"):
        paper.write_figure(paper.plot_work(data), tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_sentence_that_the_data_contradict_stops_the_paper(data, landscape):
    passes = data["passes"].assign(undercut=True)
    with pytest.raises(ValueError, match="no longer true"):
        paper.render({**data, "passes": passes}, landscape)


def test_it_claims_no_more_than_it_shows():
    text = body().lower()
    for word in ("breakthrough", "revolution", "unprecedented", "state-of-the-art", "groundbreak"):
        assert word not in text
    assert "not been refereed" in text
    assert "not formally verified" in text
    assert "no publications or users outside its authors" in text
    assert not re.search(r"(?<!to our knowledge )\bthe first (software|program|package)", text)
