"""The documentation site: no warning, no dead link, no raw formula; search, keyboard, paper."""

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest

from docs.make import api, theory_index
from docs.site import formulas, names, notebooks, pages, sources, statements
from tests.support.browser import DESKTOP, PHONE, artefact, launched

pytestmark = [pytest.mark.slow, pytest.mark.seconds(60)]

ROOT = Path(__file__).parents[2]
WIDTHS = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make site` does it, but without running examples."""
    folder = tmp_path_factory.mktemp("documentation") / "site"
    command = [sys.executable, "-m", "docs.site", "--quick", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    return folder


@pytest.fixture(scope="module")
def address(site):
    """A server on this machine, as a browser's search needs one to show excerpts."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@contextmanager
def context(browser, address, **settings):
    """A page that must not complain, nor ask anybody but this machine."""
    context = browser.new_context(**settings)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: said.type in ("error", "warning") and complaints.append(said.text),
    )
    page.on(
        "request",
        lambda asked: asked.url.startswith((address, "data:")) or complaints.append(asked.url),
    )
    yield page
    context.close()
    assert complaints == []


def made(site) -> list[Path]:
    """What Sphinx has made: neither the theme's own files nor the report of an example."""
    return [p for p in sorted(site.rglob("*.html")) if not {"_static", "example"} & {*p.parts}]


def looked_at(site) -> Iterator[str]:
    """All pages but those of source files, of which three stand for the others."""
    found = [page.relative_to(site).as_posix() for page in made(site)]
    source = [page for page in found if page.startswith("source/")]
    yield from (page for page in found if page not in source)
    yield from source[:: len(source) // 2]


def test_each_page_of_the_repository_is_one_of_the_site(site):
    names = pages.pages().values()
    assert {"readme", "theory", "contents", "config/readme", "changelog"} <= {*names}
    assert [name for name in names if not (site / f"{name}.html").exists()] == []
    assert (site / "index.html").exists()


def test_each_public_name_has_a_page_with_an_example(site):
    for name in api.public_things():
        text = (site / f"{names.api_page(name)}.html").read_text(encoding="utf-8")
        assert "&gt;&gt;&gt; " in text, name
        assert "source-link" in text, name
    text = (site / "api/enumerate_minima.html").read_text(encoding="utf-8")
    assert "120.0" in text
    assert "DEFAULT_SECONDS" not in text


@pytest.mark.parametrize("module", [formulas, notebooks, pages, sources, statements])
def test_the_examples_of_the_tools_are_true(module):
    with_names = {**vars(module)}
    assert doctest.testmod(module, extraglobs=with_names).failed == 0


def test_every_link_leads_to_a_page_and_an_anchor_that_exist(site):
    texts = {page: page.read_text(encoding="utf-8") for page in made(site)}
    anchors = {page: {*re.findall(r'\bid="([^"]+)"', text)} for page, text in texts.items()}
    dead = set()
    for page, text in texts.items():
        for link in {*re.findall(r'\b(?:href|src)="([^"]*)"', text)}:
            target, _, anchor = unquote(unescape(link)).partition("#")
            if target.startswith(("http:", "https:", "mailto:", "data:")) or link == "#":
                continue
            file = (page.parent / target.partition("?")[0]).resolve() if target else page
            if not file.exists() or (anchor and file in anchors and anchor not in anchors[file]):
                dead.add((page.relative_to(site).as_posix(), link))
    assert sorted(dead) == []


def test_nothing_that_a_page_shows_comes_from_elsewhere(site):
    for page in made(site):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|img|link|iframe)[^>]*"https?://[^"]*"', text) == []
    for style in site.rglob("*.css"):
        assert re.findall(r"url\([\"']?https?:[^)]*", style.read_text(encoding="utf-8")) == []


def test_every_statement_is_set_off_and_every_claim_has_an_anchor(site):
    for thing in statements.named():
        text = (site / f"{thing.page}.html").read_text(encoding="utf-8")
        if thing.kind == "statement":
            pattern = rf'<div class="[^"]*\bstatement\b[^"]*" id="{thing.anchor}">'
            assert re.search(pattern, text), thing.name
        assert f'id="{thing.anchor}"' in text, thing.name
    assert {s.label for s in theory_index.statements()} <= {t.name for t in statements.named()}


def formulas_of(page):
    """Count the formulas of a page of Markdown, leaving out code."""
    text = re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", "", text)
    blocks, rest = re.subn(r"\$\$.*?\$\$", "", text, flags=re.S)[::-1]
    return blocks + len(re.findall(r"(?<!\\)\$[^$]+\$", rest))


def test_every_formula_of_the_markdown_is_one_of_the_page(site):
    counted = {}
    for page, name in pages.pages().items():
        if name != "api":  # whose parts are pages of their own
            text = (site / f"{name}.html").read_text(encoding="utf-8")
            counted[name] = (text.count("<math "), formulas_of(page))
    assert {name: pair for name, pair in counted.items() if pair[0] != pair[1]} == {}
    assert sum(pair[0] for pair in counted.values()) > 10_000


RAW = r"""() => {
    const shown = [];
    const walker = document.createTreeWalker(
        document.querySelector("article") || document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.parentElement.closest("code, pre, script, style, noscript, .highlight, kbd"))
            if (/\\[a-zA-Z]+|\$[^ ]|\]\(|<\/?[a-z]+>/.test(node.data)) shown.push(node.data.trim());
    }
    return shown;
}"""

EMPTY = """() => [...document.querySelectorAll("article math")].filter((formula) => {
    const box = formula.getBoundingClientRect();
    return box.width === 0 || box.height === 0 || formula.querySelector("merror, mi:empty");
}).map((formula) => formula.textContent)"""

CUT = """() => [...document.querySelectorAll("article *")].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.right > innerWidth + 1 && box.width > 0 && !part.closest(
        ".formula, .long, .pst-scrollable-table-container, pre, .highlight, .headerlink");
}).map((part) => part.tagName + part.textContent.slice(0, 60))"""

UNNAMED = """() => [...document.querySelectorAll("article img")].filter((image) =>
    !(image.alt || image.closest(".sphx-glr-thumbcontainer"))
    || !image.complete || image.naturalWidth === 0).map((image) => image.src)"""


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_without_complaint_and_fits(site, address, browser, tmp_path, width):
    settings = WIDTHS[width]
    wrong = {}
    with context(browser, address, **settings) as page:
        for name in looked_at(site):
            page.goto(address + name, wait_until="load")
            found = {
                "wide": page.evaluate("document.documentElement.scrollWidth")
                - settings["viewport"]["width"],
                "cut": page.evaluate(CUT),
                "raw": page.evaluate(RAW),
                "empty formulas": page.evaluate(EMPTY),
                "pictures": page.evaluate(UNNAMED),
                "headings": page.locator("h1").count() - 1,
            }
            if any(found.values()):
                wrong[name] = found
            if name in ("index.html", "theory.html", "api/Problem.html"):
                artefact(page, f"site-{Path(name).stem}-{width}", tmp_path)
    assert wrong == {}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("lemma 93", "theory.html#lemma-93"),
        ("theorem d22", "theory_deep.html#theorem-d22"),
        ("claim 72", "certificate.html#claim-72"),
        ("ridge", "glossary.html#word-ridge"),
        ("basins", "api/Basins.html"),
        ("disconnectivity graph", "basins.html"),
    ],
)
def test_the_search_finds_what_it_is_asked_for(address, browser, query, first):
    with context(browser, address, **DESKTOP) as page:
        page.goto(f"{address}search.html?q={query.replace(' ', '+')}")
        page.wait_for_selector("#search-results li a")
        link = page.locator("#search-results li a").first
        assert link.get_attribute("href").partition("?")[0] in (first, f"./{first}")
        link.click()
        page.wait_for_url(f"**/{first}")
        if "#" in first:
            assert page.locator(f"#{first.partition('#')[2]}").is_visible()


def test_a_keyboard_reaches_the_content_and_the_search(address, browser):
    with context(browser, address, **DESKTOP) as page:
        page.goto(f"{address}theory.html")
        page.keyboard.press("Tab")
        assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        page.wait_for_url("**/theory.html#main-content")
        page.keyboard.press("Control+k")
        page.keyboard.type("lemma 12a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=lemma+12a")
        page.wait_for_selector("#search-results li a")
        assert page.locator("#search-results li a").first.inner_text().lower() == "lemma 12a"


def test_a_keyboard_opens_the_navigation_of_a_phone(address, browser):
    with context(browser, address, **PHONE) as page:
        page.goto(f"{address}believe.html")
        page.locator("button.primary-toggle").focus()
        page.keyboard.press("Enter")
        link = page.locator("dialog a", has_text="Index of the theory").first
        link.wait_for(state="visible")
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/theory_index.html")


def test_wide_formulas_and_tables_move_in_boxes_that_a_keyboard_reaches(address, browser):
    with context(browser, address, **PHONE) as page:
        page.goto(f"{address}theory.html")
        stuck = """() => [...document.querySelectorAll("article .formula, article pre")].filter(
            (box) => box.scrollWidth > box.clientWidth && box.tabIndex !== 0
                && !box.closest("[tabindex='0']")).length"""
        assert page.evaluate(stuck) == 0
        assert page.locator(".formula[tabindex='0']").count() > 0
        assert page.locator(".formula:not([tabindex])").count() > 0


def test_paper_shows_the_page_alone(address, browser):
    with context(browser, address, **DESKTOP) as page:
        page.goto(f"{address}theory.html")
        page.emulate_media(media="print")
        for hidden in (".bd-header", ".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-footer"):
            assert not page.locator(hidden).first.is_visible(), hidden
        assert page.locator("#lemma-1").is_visible()


def test_a_dead_link_an_anchor_or_a_formula_that_is_none_ends_the_build(tmp_path):
    (tmp_path / "wordmark.svg").touch()
    (tmp_path / "wordmark-dark.svg").touch()
    (tmp_path / "index.md").write_text(
        "# Page\n\n[one](nowhere.md), [two](#nothing), $\\nonsense x$, \\alpha\n\n"
        '| <a id="there"></a>cell | [three](#there) |\n|---|---|\n',
        encoding="utf-8",
    )
    options = ["-b", "html", "-c", "docs", "-q", "--fail-on-warning", "--keep-going"]
    options += ["-D", "plot_gallery=0"]  # or all examples would be run
    command = [sys.executable, "-m", "sphinx", *options, str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "'myst' cross-reference target not found: 'nowhere.md'" in done.stderr
    assert "'myst' cross-reference target not found: 'nothing'" in done.stderr
    assert "there" not in done.stderr
    assert r"formula '\\nonsense x': \nonsense is not understood" in done.stderr
    assert r"'\\alpha' stands outside of formulas" in done.stderr


def test_formulas_that_tex_knows_differently_from_browsers():
    assert ">relu</mo>" in formulas.mathml(r"\mathrm{relu}(t)")
    assert ">gap</mi>" in formulas.mathml(r"\mathrm{gap}")
    assert ">\N{MATHEMATICAL BOLD DIGIT ONE}</mn>" in formulas.mathml(r"\mathbf 1")
    assert ">\N{SCRIPT CAPITAL R}</mi>" in formulas.mathml(r"\mathcal R")
    assert 'mathvariant="normal">Λ<' in formulas.mathml(r"\Lambda")
    assert "<mi>λ<" in formulas.mathml(r"\lambda")
    assert 'form="prefix"' in formulas.mathml("(-a)")
    assert 'form="prefix"' not in formulas.mathml("b-a")
    with pytest.raises(formulas.FormulaError, match="a brace is missing"):
        formulas.mathml(r"\frac{1}{2")
