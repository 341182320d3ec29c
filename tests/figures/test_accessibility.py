"""Colours differ in grey and to the colour-blind, and pictures say what they are."""

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from reluenum.figures import catalogue, path, profile, stability, style, traps
from reluenum.figures.perception import (
    DEFICIENCIES,
    contrast,
    difference,
    grey,
    lab,
    linear_rgb,
    seen_with,
)
from reluenum.figures.sweeps import panels
from reluenum.figures.words import NO_CAPTION, described, figure_words

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"

# Sharma, Wu and Dalal (2005), table 1: pairs of L*, a*, b* and their CIEDE2000.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1, 2), (50, 0, 0), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0010), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "distance"), PUBLISHED)
def test_the_colour_difference_is_that_of_the_published_pairs(one, other, distance):
    assert round(difference(one, other), 4) == distance
    assert difference(other, one) == pytest.approx(difference(one, other))


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == 1
    assert contrast("#767676", "#ffffff") > 4.5 > contrast("#777777", "#ffffff")


@pytest.mark.parametrize("text", ["red", "#fff", "0072b2", ""])
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(ValueError, match=f"'{text}' is no colour: expected #rrggbb"):
        linear_rgb(text)


@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_greys_are_the_same_with_every_deficiency(deficiency):
    for colour in ("#000000", "#777777", "#ffffff"):
        assert seen_with(deficiency, colour) == pytest.approx(linear_rgb(colour), abs=2e-6)


@pytest.mark.parametrize(
    ("deficiency", "confused"), [("protanopia", "#ff0000"), ("deuteranopia", "#ff0000")]
)
def test_red_and_green_come_closer_without_one_of_their_cones(deficiency, confused):
    pair = (confused, "#00b000")
    plain = difference(*(lab(linear_rgb(colour)) for colour in pair))
    assert difference(*(lab(seen_with(deficiency, colour)) for colour in pair)) < plain / 2


@pytest.mark.parametrize("colour", style.COLOURS)
def test_lines_and_marks_stand_out_from_paper(colour):
    assert contrast(colour, "#ffffff") >= 3


def test_greys_of_lines_and_text_stand_out_from_paper():
    assert contrast(style.LINE, "#ffffff") >= 3
    assert all(contrast(text, "#ffffff") >= 4.5 for text in (style.GREY, style.NOTE, style.BLACK))


@pytest.mark.parametrize(("one", "other"), list(combinations(style.COLOURS, 2)))
def test_colours_are_told_apart_in_grey_and_by_the_colour_blind(one, other):
    assert difference(lab(linear_rgb(one)), lab(linear_rgb(other))) >= 10
    for deficiency in DEFICIENCIES:
        seen = (lab(seen_with(deficiency, colour)) for colour in (one, other))
        assert difference(*seen) >= 10, deficiency
    assert difference(lab(grey(one)), lab(grey(other))) >= 6.5


def test_what_differs_in_colour_differs_in_its_mark_or_line_too():
    for looks in (style.LOOKS, profile._LOOKS, traps._LOOKS):
        assert len({second for _, second in looks}) == len({first for first, _ in looks})
    assert len(set(panels._LINES)) == len(panels._LINES) >= len(style.LOOKS)
    marks = [mark for mark, _ in stability._EVENTS.values()]
    assert len(set(marks)) == len(marks)


def drawings():
    tables = [value for name, value in vars(catalogue).items() if name.endswith("FIGURES")]
    found = {name: draw for table in tables for name, draw in table.items()}
    hidden = (path.plot_path, profile._plot_course, stability._plot_radii, traps._plot_traps)
    return found | {draw.__name__: draw for draw in hidden}


@pytest.mark.parametrize("draw", list(drawings().values()), ids=list(drawings()))
def test_every_drawing_has_a_caption(draw):
    assert re.match(r"Draw [^\n]{10,}\.$", draw.__doc__.partition("\n")[0])


def test_the_words_of_a_figure_are_its_caption_and_what_is_written_on_it():
    @style.drawing(lambda _: "a warning")
    def draw(_):
        """Draw two things & more.

        Nothing of this.
        """
        figure = Figure()
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], label="a line")
        left.set(xlabel=r"$\lambda$", ylabel="loss", title="left")
        left.legend()
        right.set(xlabel=r"$b\,x_i$", ylabel="loss")
        return figure, ""

    title, description = figure_words(draw(None))
    assert title == "Two things & more"
    assert description == (
        "a warning. 2 panels. Panels: left. Horizontal: λ; b x_i. Vertical: loss. Legend: a line."
    )
    root = ElementTree.fromstring(style.svg_text(draw(None)))
    assert [root[0].tag, root[1].tag] == [f"{SVG}title", f"{SVG}desc"]
    assert (root[0].text, root[1].text) == (title, description)


def test_a_figure_without_words_says_that_it_is_one():
    assert figure_words(Figure()) == (NO_CAPTION, f"{NO_CAPTION}.")


def test_a_long_legend_is_cut_and_says_so():
    figure = Figure()
    axes = figure.add_subplot()
    for k in range(12):
        axes.plot([k], label=f"line {k}")
    axes.legend()
    assert figure_words(figure)[1].endswith("line 7; and 4 more.")


def test_words_replace_those_that_an_svg_has():
    svg = '<?xml version="1.0"?>\n<svg width="1"><title>old</title><path/></svg>'
    once = described(svg, "new", "two < three")
    assert "old" not in once
    assert described(described(svg, "other", "words"), "new", "two < three") == once
    assert ElementTree.fromstring(once)[1].text == "two < three"


def test_only_an_svg_is_described():
    with pytest.raises(ValueError, match="no <svg> in it"):
        described("<html></html>", "a", "b")


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs/images").glob("*.svg")), ids=lambda file: file.stem
)
def test_every_picture_of_the_pages_has_title_and_description(file):
    root = ElementTree.parse(file).getroot()
    assert root.get("role") == "img"
    found = {child.get("id"): child for child in root if child.tag in (f"{SVG}title", f"{SVG}desc")}
    assert list(found) == root.get("aria-labelledby").split()
    assert [child.tag for child in found.values()] == [f"{SVG}title", f"{SVG}desc"]
    assert all(child.text and len(child.text) > 10 for child in found.values())


def test_pages_with_several_pictures_have_no_id_twice():
    figures = [Figure(), Figure()]
    for figure, label in zip(figures, ("one picture", "another picture"), strict=True):
        figure.set_label(label)
    ids = [set(re.findall(r' id="((?:title|desc)-\w+)"', style.svg_text(f))) for f in figures]
    assert all(len(found) == 2 for found in ids)
    assert all(one.isdisjoint(other) for one, other in pairwise(ids))
