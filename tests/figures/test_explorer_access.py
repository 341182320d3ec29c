"""The explorer and the pages of tables by keyboard, on paper, in light and dark."""

import re
from itertools import combinations, product
from pathlib import Path

import pytest
from flint import fmpq

from reluenum.figures.explorer import explorer_page
from reluenum.figures.pages import Section, _tables
from reluenum.figures.perception import (
    DEFICIENCIES,
    contrast,
    difference,
    lab,
    linear_rgb,
    seen_with,
)
from reluenum.paths.path import ridge_path
from tests.support.browser import DESKTOP, launched, opened
from tests.support.oracles import reference_problem

TEMPLATES = Path(__file__).parents[2] / "reluenum/figures/templates"
SCHEMES = ("light", "dark")
FAMILIES = tuple(f"c{k}" for k in range(7))


def variables(file):
    """The colours of a style sheet, in light and dark."""
    text = (TEMPLATES / file).read_text(encoding="utf-8")
    blocks = re.findall(r":root[^{]*\{([^}]*)\}", text)
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]+)", block)) for block in blocks)
    full = {
        key: value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:])
        for key, value in light.items()
    }
    return {"light": full, "dark": full | dark}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_of_the_explorer_has_contrast_with_what_it_stands_on(scheme):
    colours = variables("explorer.css")[scheme]
    for text, ground in product(("ink", "muted", *FAMILIES), ("paper", "card")):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["muted"], colours["grid"]) >= 4.5  # the row of the chosen minimum
    assert contrast(colours["ink"], colours["warning"]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_edges_of_controls_and_the_focus_stand_out(scheme):
    colours = variables("explorer.css")[scheme]
    for mark, ground in product(("edge", "accent"), ("paper", "card")):
        assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_minima_of_the_explorer_are_told_apart_by_the_colour_blind(scheme):
    colours = variables("explorer.css")[scheme]
    for pair in combinations(FAMILIES, 2):
        one, other = (colours[name] for name in pair)
        assert difference(lab(linear_rgb(one)), lab(linear_rgb(other))) >= 10
        for deficiency in DEFICIENCIES:
            seen = (lab(seen_with(deficiency, colour)) for colour in (one, other))
            assert difference(*seen) >= 10, (pair, deficiency)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_of_pages_of_tables_has_contrast_with_what_it_stands_on(scheme):
    colours = variables("base.html.j2")[scheme]
    for text, ground in product(("ink", "muted"), ("paper",)):
        assert contrast(colours[text], colours[ground]) >= 4.5
    assert all(contrast(colours["ink"], colours[ground]) >= 4.5 for ground in ("good", "bad"))
    assert contrast(colours["accent"], colours["paper"]) >= 3


@pytest.fixture(scope="module")
def browser():
    with launched() as program:
        yield program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The reference at two ridges, without an event between them."""
    path = tmp_path_factory.mktemp("access") / "page.html"
    document = ridge_path(reference_problem(2, "1/100"), fmpq(11, 1000), points=2).to_document()
    path.write_text(explorer_page(document), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, file):
    with opened(browser, file, **DESKTOP) as shown:
        yield shown


def pressed(page, key):
    """Press a key, wait until it is drawn, and return the chosen minimum."""
    page.keyboard.press(key)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.body.dataset.chosen")


def test_tab_reaches_everything_in_the_order_of_the_page(page):
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        place = page.evaluate(
            """() => { const e = document.activeElement;
            return e.id || e.querySelector?.("h2")?.id || e.dataset.family || e.className
                || e.tagName; }"""
        )
        if place in reached or place == "BODY":
            break
        reached.append(place)
    assert reached[:2] == ["skip", "ridge"]
    panels = [f"about-{panel}" for panel in ("diagram", "levels", "units", "fits")]
    places = [reached.index(name) for name in ("play", "minimum", *panels)]
    assert places == sorted(places)
    rows = page.locator("#minima tbody button").count()
    assert len([place for place in reached if place.isdecimal()]) == rows == 6


def test_what_has_the_focus_is_outlined(page):
    for selector in ("#ridge", "#minimum", "main > figure", "#minima tbody button"):
        page.locator(selector).first.focus()
        page.keyboard.press("Shift")  # so that the browser shows where the focus is
        style = page.locator(selector).first.evaluate(
            "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
        )
        assert style == ["solid", "3px"], selector


def test_arrow_keys_go_through_the_minima_of_a_panel_and_along_the_ridge(page):
    page.locator("main > figure").nth(1).focus()
    names = [pressed(page, "ArrowUp") for _ in range(6)]
    assert names[:5] == ["B", "C", "D", "E", "F"]
    assert names[5] == "F"  # there is none above
    assert pressed(page, "ArrowDown") == "E"
    first = page.evaluate("document.body.dataset.ridge")
    pressed(page, "ArrowRight")
    assert page.evaluate("document.body.dataset.ridge") != first
    pressed(page, "ArrowLeft")
    assert page.evaluate("document.body.dataset.ridge") == first


def test_arrow_keys_go_through_the_table_and_the_focus_goes_along(page):
    page.locator("#minima tbody button").first.focus()
    assert pressed(page, "ArrowDown") == "B"
    assert page.evaluate("document.activeElement.textContent") == "B"
    assert pressed(page, "ArrowDown") == "C"
    assert page.evaluate("document.activeElement.textContent") == "C"
    assert pressed(page, "ArrowUp") == "B"


def test_every_panel_and_control_has_a_name(page):
    lacking = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, figure, table, [role=img]")]
        .filter(e => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim()
            || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent))
        .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert lacking == []


def test_paper_has_the_tables_and_no_controls(page):
    page.emulate_media(media="print")
    assert not page.locator(".buttons").is_visible()
    assert not page.locator("#ridge").is_visible()
    assert page.locator("#shown").is_visible()
    names = page.locator("#minima tbody .printed").all_inner_texts()
    assert names == ["A", "B", "C", "D", "E", "F"]
    assert not page.locator("#minima tbody button").first.is_visible()


def test_paper_is_printed_in_the_light_colours(browser, file):
    light, dark = (variables("explorer.css")[scheme]["c0"] for scheme in SCHEMES)
    colour = """() => document.getElementById("diagram").data
        .find(trace => trace.customdata?.[0]?.[1] === 0).line.color"""
    with opened(browser, file, color_scheme="dark", **DESKTOP) as page:
        assert page.evaluate(colour) == dark
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(colour) == light
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(colour) == dark


def test_tables_scroll_by_keyboard_and_are_whole_on_paper(browser, tmp_path):
    row = {f"column {k}": "a long text without an end" for k in range(40)}
    path = tmp_path / "table.html"
    path.write_text(_tables("wide", ["one"], [], [Section.of("Table", [row])]), encoding="utf-8")
    with opened(browser, path, **DESKTOP) as page:
        region = page.locator(".scroll")
        region.focus()
        assert region.evaluate("e => e.scrollWidth > e.clientWidth")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")
        page.emulate_media(media="print")
        assert region.evaluate("e => getComputedStyle(e).overflowX") == "visible"
