"""The explorer's page, in a real browser without a network."""

import copy
import json
import re
from fractions import Fraction

import pytest
from flint import fmpq
from playwright.sync_api import expect

from reluenum import Problem
from reluenum.cli import main
from reluenum.documents.results import to_json
from reluenum.documents.seals import sealed
from reluenum.figures.explorer import explorer_page
from reluenum.paths.path import ridge_path
from reluenum.paths.trees import read_trees, trees_along, write_trees
from tests.support.browser import DESKTOP, PHONE, artefact, launched, opened
from tests.support.oracles import reference_problem

PANELS = ("diagram", "levels", "units", "fits")

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">{{ 1 }}\u2028"


@pytest.fixture(scope="module")
def document():
    """The reference where minima reach boundaries and others vanish, in three wide brackets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reluenum.paths.path.SHARPNESS", fmpq(1, 10**4))
        return ridge_path(reference_problem(2, "13/100"), fmpq(16, 100), points=4).to_document()


@pytest.fixture(scope="module")
def plane_document():
    """Inputs in the plane, and an output bias."""
    inputs, targets = [["0", "0"], ["1", "0"], ["0", "1"]], ["1", "-1", "1/2"]
    problem = Problem.from_text(inputs, targets, 1, "1/10", output_bias="free")
    return ridge_path(problem, fmpq(1), points=2).to_document()


@pytest.fixture(scope="module")
def browser():
    with launched() as program:
        yield program


@pytest.fixture(scope="module")
def desk_page(browser, document, tmp_path_factory):
    file = tmp_path_factory.mktemp("explorer") / "page.html"
    file.write_text(explorer_page(document), encoding="utf-8")
    with opened(browser, file, **DESKTOP) as page:
        yield page


@pytest.fixture
def desk(desk_page):
    """The page of `document` as it is when it has just been opened."""
    desk_page.mouse.move(0, 0)
    desk_page.evaluate("window.scrollTo(0, 0)")
    desk_page.focus("#ridge")
    desk_page.keyboard.press("Home")
    settled(desk_page)
    desk_page.select_option("#minimum", index=0)
    return settled(desk_page)


def page_of(document, folder):
    file = folder / "page.html"
    file.write_text(explorer_page(document), encoding="utf-8")
    return file


def settled(page):
    """Wait until what was asked for is drawn: drawing happens once in a frame."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def press(page, key):
    page.keyboard.press(key)
    return settled(page)


def ridge(page):
    return page.evaluate("document.body.dataset.ridge")


def chosen(page):
    return page.evaluate("document.body.dataset.chosen")


def marks(page, panel):
    """Names, positions, symbols and sizes of the marks in a panel."""
    return page.evaluate(
        """panel => document.getElementById(panel).data.filter(trace => trace.name === "marks")
        .flatMap(({x, y, text, marker}) => text.map((name, i) =>
            ({name, x: x[i], y: y[i], symbol: marker.symbol[i], size: marker.size[i]})))""",
        panel,
    )


def strong(page, panel):
    """Names of the minima that stand out in a panel."""
    if panel != "fits":
        found = marks(page, panel)
        return {mark["name"] for mark in found if mark["size"] == max(m["size"] for m in found)}
    return set(
        page.evaluate(
            """() => {
            const {segments} = JSON.parse(document.getElementById("view").textContent);
            return document.getElementById("fits").data
                .filter(({line, customdata}) => line?.width > 4 && customdata)
                .map(({customdata}) => segments[customdata[0][1]].name);
            }"""
        )
    )


def place(page, panel, x, y):
    """Where a point of a panel is in the window."""
    page.locator(f"#{panel}").scroll_into_view_if_needed()
    settled(page)
    return page.evaluate(
        """([panel, x, y]) => {
        const plot = document.getElementById(panel);
        const {left, top} = plot.getBoundingClientRect();
        const {xaxis, yaxis} = plot._fullLayout;
        return [left + xaxis._offset + xaxis.d2p(x), top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [panel, x, y],
    )


def hover(page, panel, x, y):
    """Return what is said of a point."""
    across, down = place(page, panel, x, y)
    page.mouse.move(0, 0)  # what was said of another point goes, however slow that is
    page.wait_for_selector("#tip", state="hidden")
    page.mouse.move(across + 3, down + 3)
    page.mouse.move(across, down)
    page.wait_for_selector("#tip", state="visible")
    return page.inner_text("#tip")


def predictions(page):
    """The values of the chosen fit at the data points, as drawn."""
    return page.evaluate(
        """() => {
        const {data} = document.getElementById("fits");
        const dotted = data.filter(({line, x}) => line?.dash === "dot" && x[0] === x[1]);
        if (dotted.length) return dotted.map(({y}) => y[1]);
        return data.at(-1).y;
        }"""
    )


def minima(document, text):
    """The samples of a document at a ridge, the best first."""
    found = [
        (branch, sample)
        for branch in document["branches"]
        for sample in branch["samples"]
        if sample["ridge"] == text
    ]
    return sorted(found, key=lambda pair: float(pair[1]["loss"]))


def test_the_slider_moves_by_keyboard_and_everything_with_it(desk, document):
    ridges = document["ridges"]
    before, picture = marks(desk, "units"), desk.locator("#units").screenshot()
    assert ridge(desk) == ridges[0]
    for _ in range(4):
        press(desk, "ArrowRight")
    assert ridge(desk) == ridges[4]
    assert ridges[4] in desk.inner_text("#shown")
    assert ridges[4] in desk.get_attribute("#ridge", "aria-valuetext")
    assert marks(desk, "units") != before
    assert desk.locator("#units").screenshot() != picture
    assert desk.locator("#minima tbody tr").count() == len(minima(document, ridges[4]))
    expect(desk.locator("#summary")).to_contain_text("Ridge 0.14")


def test_buttons_and_keys_go_from_event_to_event(desk, document):
    events = document["events"]
    assert len(events) == 3
    desk.click("#next")
    assert ridge(settled(desk)) == events[0]["high"]
    assert "Just after event 1: a unit reaches a boundary" in desk.inner_text("#place")
    assert ridge(press(desk, "n")) == events[1]["high"]
    assert ridge(press(desk, "]")) == events[2]["high"]
    assert desk.is_disabled("#next")
    assert ridge(press(desk, "p")) == events[2]["low"]
    assert "Just before event 3" in desk.inner_text("#place")
    assert ridge(press(desk, "[")) == events[1]["low"]
    desk.click("#previous")
    assert ridge(settled(desk)) == events[0]["low"]
    desk.locator("#events tbody button").nth(2).click()
    assert ridge(settled(desk)) == events[2]["high"]


def test_a_minimum_chosen_anywhere_stands_out_everywhere(desk):
    names = [mark["name"] for mark in marks(desk, "levels")]
    assert len(names) == 6

    def assert_linked(name):
        assert chosen(settled(desk)) == name
        assert {panel: strong(desk, panel) for panel in PANELS} == {key: {name} for key in PANELS}
        assert desk.inner_text("#minima tr.chosen button") == name
        assert desk.inner_text("#minima button[aria-pressed=true]") == name
        assert desk.inner_text("#minimum option:checked").startswith(f"{name}: ")

    desk.select_option("#minimum", index=1)
    assert_linked("B")
    desk.locator("#minima tbody button").nth(3).press("Enter")
    assert_linked("D")
    for panel in ("levels", "units", "diagram"):
        other = next(mark for mark in reversed(marks(desk, panel)) if mark["name"] in "AE")
        desk.mouse.click(*place(desk, panel, other["x"], other["y"]))
        assert_linked(other["name"])
        desk.select_option("#minimum", index=3)
        settled(desk)
    curves = desk.evaluate(
        "document.getElementById('fits').data.filter(t => t.customdata && t.line?.width < 2)"
        ".map(({x, y}) => [x[5], y[5]])"
    )
    assert len(curves) == 5
    desk.mouse.click(*place(desk, "fits", *max(curves, key=lambda point: point[1])))
    name = chosen(settled(desk))
    assert name != "D"
    assert_linked(name)


def test_a_choice_outlives_the_ridges_where_its_minimum_does_not_exist(desk, document):
    gone = next(c for e in document["events"] for c in e["changes"] if c["kind"] == "disappears")
    faces = [entry["face"] for entry in gone["before"]]
    index = next(
        k
        for k, (branch, _) in enumerate(minima(document, document["events"][0]["high"]))
        if [entry["face"] for entry in branch["support"]] == faces
    )
    press(desk, "n")
    desk.select_option("#minimum", index=index)
    name = chosen(settled(desk))
    assert chosen(press(desk, "End")) != name
    expect(desk.locator("#summary")).to_contain_text("The one chosen before does not exist here")
    assert chosen(press(desk, "Home")) == name


def test_hovering_shows_the_exact_texts(desk, document):
    best, sample = minima(document, document["ridges"][0])[0]
    for panel in ("levels", "units"):
        mark = next(mark for mark in marks(desk, panel) if mark["name"] == "A")
        text = hover(desk, panel, mark["x"], mark["y"])
        assert f"loss: {sample['loss']}" in text
        assert any(square in text for square in sample["sum_a_squared"])
        assert any(", ".join(direction) in text for direction in sample["direction"])
        assert any(entry["face"] in text for entry in best["support"])
        assert "isolated" in text
        desk.keyboard.press("Escape")
        assert desk.is_hidden("#tip")
    problem = document["problem"]
    point = [float(Fraction(problem["x"][0][0])), float(Fraction(problem["y"][0]))]
    text = hover(desk, "fits", *point)
    assert f"x = {problem['x'][0][0]}" in text
    assert f"y = {problem['y'][0]}" in text


def test_the_table_has_the_exact_texts(desk, document):
    text = desk.inner_text("#minima")
    for branch, sample in minima(document, document["ridges"][0]):
        assert sample["loss"] in text
        assert all(square in text for square in sample["sum_a_squared"])
        assert all(", ".join(direction) in text for direction in sample["direction"])
        assert all(entry["face"] in text for entry in branch["support"])
    events = desk.inner_text("#events")
    for event in document["events"]:
        assert event["low"] in events
        assert event["high"] in events
        assert all(change["kind"] in events for change in event["changes"])


def test_the_fits_that_are_drawn_have_the_losses_of_the_document(desk, document):
    targets = [float(Fraction(y)) for y in document["problem"]["y"]]
    for index, (_, sample) in enumerate(minima(document, document["ridges"][0])):
        desk.select_option("#minimum", index=index)
        errors = zip(targets, predictions(settled(desk)), strict=True)
        penalty = 2 * 13 / 100 * sum(map(float, sample["sum_a_squared"]))
        assert sum((y - f) ** 2 for y, f in errors) + penalty == pytest.approx(
            float(sample["loss"]), abs=1e-12
        )


def test_nothing_depends_on_colour(desk, tmp_path):
    desk.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    artefact(desk, "explorer_grey", tmp_path)
    desk.evaluate("document.documentElement.style.filter = ''")
    rows = desk.evaluate(
        "[...document.querySelectorAll('#minima tbody tr')].map(row =>"
        "[row.cells[0].innerText, row.cells[2].innerText.split('\\n')[0]])"
    )
    kinds = dict(rows)
    assert set(kinds.values()) == {"isolated", "connected"}
    for panel in ("diagram", "levels", "units"):
        for mark in marks(desk, panel):
            assert mark["symbol"].endswith("-open") == (kinds[mark["name"]] == "connected")
    symbols = {kinds[mark["name"]]: mark["symbol"] for mark in marks(desk, "levels")}
    assert symbols == {"isolated": "circle", "connected": "diamond-open"}
    dashes = desk.evaluate(
        "document.getElementById('fits').data.filter(t => t.customdata && t.line)"
        ".map(({line, customdata}) => [line.dash, customdata[0][1]])"
    )
    assert {dash for dash, _ in dashes} == {"solid", "dash"}


def test_it_plays_to_the_end_and_stops(desk, document):
    assert ridge(desk) == document["ridges"][0]
    press(desk, "End")
    press(desk, "ArrowLeft")
    desk.click("#play")
    assert desk.get_attribute("#play", "aria-pressed") == "true"
    expect(desk.locator("#play")).to_have_text("play")
    assert ridge(desk) == document["ridges"][-1]


def test_the_policy_lets_two_programs_run_and_nothing_be_loaded(desk, tmp_path):
    policy = desk.get_attribute("meta[http-equiv]", "content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "http" not in policy
    artefact(desk, "explorer_desktop", tmp_path, full_page=True)


def test_on_a_phone_panels_are_stacked_and_nothing_is_small_or_beside_the_screen(
    browser, document, tmp_path
):
    settings = {**PHONE, "reduced_motion": "reduce"}
    with opened(browser, page_of(document, tmp_path), **settings) as page:
        page.tap("#next")
        assert ridge(settled(page)) == document["events"][0]["high"]
        wide, visible = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= visible == 390
        lefts = page.evaluate(
            "[...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect().left)"
        )
        assert (len(lefts), len(set(lefts))) == (4, 1)
        assert page.is_hidden("#play")
        heights = page.evaluate(
            """[...document.querySelectorAll("button, select, input, summary")]
            .map(e => e.getBoundingClientRect().height).filter(Boolean)"""
        )
        assert min(heights) >= 40
        sizes = page.evaluate(
            """[...document.querySelectorAll("body *")].filter(e => !e.closest("script")
                && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
            .map(e => parseFloat(getComputedStyle(e).fontSize))"""
        )
        assert min(sizes) >= 14
        mark = marks(page, "levels")[-1]
        page.touchscreen.tap(*place(page, "levels", mark["x"], mark["y"]))
        assert chosen(settled(page)) == mark["name"]
        page.evaluate("window.scrollTo(0, 0)")
        artefact(page, "explorer_phone", tmp_path)


def test_texts_of_a_document_are_never_markup(browser, document, tmp_path):
    hostile = json.loads(json.dumps(document).replace("++", "HOSTILE"))
    hostile = json.loads(json.dumps(hostile).replace("HOSTILE", json.dumps(HOSTILE)[1:-1]))
    hostile["problem"]["loss"] = hostile["software"]["reluenum"] = HOSTILE
    hostile["events"][0]["changes"][0]["kind"] = HOSTILE
    hostile["events"][0]["number"] = {
        "decimal": HOSTILE,
        "minimal_polynomial": [HOSTILE, "1"],
        "condition": HOSTILE,
    }
    text = explorer_page(hostile)
    assert "<img" not in text.replace(
        text[text.index("plotly.js (basic") : text.rindex("<script>")], ""
    )
    with opened(browser, page_of(hostile, tmp_path), **DESKTOP) as page:
        assert page.title().startswith("Local minima")
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 3
        for where in ("#minima", "#events", "footer", "header"):
            assert "<img src=x" in page.inner_text(where)
        mark = next(mark for mark in marks(page, "levels") if mark["name"] == "A")
        assert "<img src=x" in hover(page, "levels", mark["x"], mark["y"])
        press(page, "n")
        assert "<img src=x" in page.inner_text("#place")
        assert page.locator("img").count() == 0
        assert page.title().startswith("Local minima")


def test_undecided_supports_and_numbers_behind_events_are_shown(browser, document, tmp_path):
    changed = copy.deepcopy(document)
    ridges = changed["ridges"]
    changed["undecided"] = {ridges[2]: 7}
    changed["events"][0]["number"] = {
        "minimal_polynomial": ["-1235450141", "0", "-1", "67860250000"],
        "decimal": "0.134928870234805788145771160761",
        "condition": "the unit reaches",
    }
    changed["events"][1]["changes"][0] |= {"number": None, "reason": "too large"}
    with opened(browser, page_of(changed, tmp_path), **DESKTOP) as page:
        assert f"{ridges[2]} (7)" in page.inner_text("#undecided")
        crosses = page.evaluate(
            "document.getElementById('diagram').data.filter(t => t.name === 'undecided')"
            ".flatMap(({x, marker}) => x.map(value => [value, marker.symbol]))"
        )
        assert crosses == [[pytest.approx(float(Fraction(ridges[2]))), "x"]]
        assert page.locator("#ticks i.undecided").count() == 1
        page.focus("#ridge")
        press(page, "ArrowRight")
        press(page, "ArrowRight")
        assert page.inner_text("#place").startswith("7 undecided supports at this ridge.")
        events = page.inner_text("#events")
        assert "0.134928870234805788145771160761" in events
        assert "67860250000 λ^3 − λ^2 − 1235450141" in events
        assert "no number: too large" in events
        artefact(page, "explorer_undecided", tmp_path)


def test_inputs_in_the_plane_and_an_output_bias(browser, plane_document, tmp_path):
    problem, (best, sample) = (
        plane_document["problem"],
        minima(plane_document, plane_document["ridges"][0])[0],
    )
    with opened(browser, page_of(plane_document, tmp_path), **DESKTOP) as page:
        assert sample["m"] in page.inner_text("#minima")
        names = page.evaluate("document.getElementById('units').layout.xaxis.ticktext")
        assert names == ["b1", "b2", "c", "a"]
        targets = [float(Fraction(y)) for y in problem["y"]]
        errors = zip(targets, predictions(page), strict=True)
        penalty = 2 / 10 * sum(map(float, sample["sum_a_squared"]))
        assert sum((y - f) ** 2 for y, f in errors) + penalty == pytest.approx(
            float(sample["loss"]), abs=1e-12
        )
        mark = next(mark for mark in marks(page, "units") if mark["name"] == "A")
        assert best["support"][0]["face"] in hover(page, "units", mark["x"], mark["y"])
        artefact(page, "explorer_plane", tmp_path)


@pytest.fixture(scope="module")
def grown():
    """A path on which a trap becomes shallower and is gone, and the tree at each of its ridges."""
    problem = Problem.from_text([["-1"], ["0"], ["1"]], ["2", "0", "1"], 1, "1/10")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reluenum.paths.path.SHARPNESS", fmpq(1, 10))
        path = ridge_path(problem, fmpq(3, 2), points=4).to_document()
    return path, trees_along(path)


def test_the_tree_stands_beside_the_levels_and_moves_with_the_ridge(browser, grown, tmp_path):
    path, trees = grown
    assert [tree["problem"]["ridge"] for tree in trees] == path["ridges"]
    assert len({len(tree["leaves"]) for tree in trees}) > 1
    file = tmp_path / "page.html"
    file.write_text(explorer_page(path, trees), encoding="utf-8")
    with opened(browser, file, **DESKTOP) as page:
        page.focus("#ridge")
        for k, tree in enumerate(trees):
            if k:
                press(page, "ArrowRight")
            found = page.evaluate(
                """() => {
                const {data, layout} = document.getElementById("tree");
                const levels = document.getElementById("levels");
                return {
                    branches: data.filter(t => t.name === "branch").map(({y}) => y),
                    range: [layout.yaxis.range, levels.layout.yaxis.range],
                    passes: data.find(t => t.name === "passes").marker.symbol,
                };
                }"""
            )
            tops = [end for _, end in found["branches"] if end != found["range"][0][1]]
            merges = [float(merge["loss"]) for merge in tree["merges"] for _ in merge["basins"][1:]]
            assert sorted(tops) == pytest.approx(sorted(merges))
            basins = [float(r["loss"]) for r in tree["components"] if r["basin"]]
            assert sorted(start for start, _ in found["branches"]) == pytest.approx(basins)
            assert found["range"][0] == found["range"][1]
            assert set(found["passes"]) <= {"triangle-up-open", "x-thin"}
            heights = {mark["name"]: mark["y"] for mark in marks(page, "levels")}
            assert {mark["name"]: mark["y"] for mark in marks(page, "tree")} == heights
        artefact(page, "explorer_last_tree", tmp_path)


def test_a_basin_is_chosen_and_told_of_in_the_tree(browser, grown, tmp_path):
    path, (tree, *_) = grown
    trap = next(r for r in tree["components"] if r["depth"] is not None and r["basin"])
    file = tmp_path / "page.html"
    file.write_text(explorer_page(path, grown[1]), encoding="utf-8")
    with opened(browser, file, **DESKTOP) as page:
        mark = next(m for m in marks(page, "tree") if m["y"] == pytest.approx(float(trap["loss"])))
        text = hover(page, "tree", mark["x"], mark["y"])
        assert f"basin, depth {trap['depth']}" in text
        assert f"at {trap['barrier']}: a unit crosses data points" in text
        lines = page.evaluate(
            "['levels', 'tree'].map(id => document.getElementById(id).layout.shapes.map(s => s.y0))"
        )
        assert lines == [[pytest.approx(float(trap["loss"]))]] * 2
        page.mouse.click(*place(page, "tree", mark["x"], mark["y"]))
        assert chosen(settled(page)) == mark["name"]
        assert strong(page, "tree") == strong(page, "levels") == {mark["name"]}
        assert trap["depth"] in page.inner_text("#minima tr.chosen")
        kink = page.evaluate(
            "(({x, y}) => [x[0], y[0]])"
            "(document.getElementById('tree').data.find(t => t.name === 'passes'))"
        )
        points = tree["merges"][0]["passes"][0]["points"]
        told = f"pass: a unit crosses data points {', '.join(map(str, points))}"
        assert told in hover(page, "tree", *kink)
        label = page.get_attribute("#tree", "aria-label")
        assert label.startswith(f"Disconnectivity graph of {len(tree['leaves'])} basins: ")
        artefact(page, "explorer_tree", tmp_path)


def test_a_ridge_without_tree_says_so_and_a_page_without_trees_has_no_panel(
    browser, grown, tmp_path
):
    path, trees = grown
    file = tmp_path / "page.html"
    file.write_text(explorer_page(path, trees[1:]), encoding="utf-8")
    with opened(browser, file, **DESKTOP) as page:
        assert "no tree at this ridge" in page.inner_text("#tree")
        assert "none" in page.get_attribute("#tree", "aria-label")
        page.focus("#ridge")
        press(page, "ArrowRight")
        assert "no tree" not in page.inner_text("#tree")
    assert 'id="tree"' not in explorer_page(path)


def test_trees_come_back_from_their_archive(grown, tmp_path):
    write_trees(tmp_path / "basins.zip", grown[1])
    assert read_trees(tmp_path / "basins.zip") == grown[1]


def test_the_command_makes_the_trees(grown, tmp_path):
    path, output = tmp_path / "path.json", tmp_path / "page.html"
    path.write_text(to_json(sealed(grown[0])))
    assert main(["explore", str(path), "--basins", "--output", str(output), "--quiet"]) == 0
    assert output.read_text(encoding="utf-8") == explorer_page(*grown)


def test_the_command_writes_the_page(document, tmp_path, capsys):
    path, output = tmp_path / "path.json", tmp_path / "page.html"
    path.write_text(to_json(sealed(document)))
    assert main(["explore", str(path), "--output", str(output)]) == 0
    assert output.read_text(encoding="utf-8") == explorer_page(document)
    assert main(["explore", str(path)]) == 0
    assert capsys.readouterr().out == explorer_page(document)


def without(*keys):
    """Return a change that takes a key away."""

    def change(document):
        *way, last = keys
        for key in way:
            document = document[key]
        del document[last]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.update(format="reluenum-minima"), "no document of kind"),
        (lambda document: document.update(version=2), "no document of kind"),
        (without("events"), "is damaged"),
        (without("problem", "x"), "is damaged"),
        (without("branches", 0, "samples", 0, "sum_a_squared"), "is damaged"),
        (without("branches", 0, "samples", 1), "is damaged"),
        (lambda document: document["ridges"].pop(), "is damaged"),
        (lambda document: document["problem"].update(output_bias="free"), "is damaged"),
        (lambda document: document["problem"]["y"].__setitem__(0, "1e999"), "is damaged"),
        (lambda document: document["events"][0].update(high="13/100"), "is damaged"),
    ],
)
def test_what_is_no_path_is_refused_in_one_line(change, message, document, tmp_path, capsys):
    changed = copy.deepcopy(document)
    change(changed)
    path, output = tmp_path / "path.json", tmp_path / "page.html"
    path.write_text(to_json(sealed(changed)))
    assert main(["explore", str(path), "--output", str(output)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(r"reluenum: FILE: .*path\.json", line)
    assert message in line
    assert line.endswith("expected a document of `reluenum path`")
    assert not output.exists()


@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", "[]", '{"format": "reluenum-path"'])
def test_what_is_no_document_is_refused_in_one_line(text, tmp_path, capsys):
    path = tmp_path / "path.json"
    path.write_text(text)
    assert main(["explore", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture(scope="module")
def exact_path():
    """A rational event at which minima merge, and an irrational one at which losses cross."""
    free = {"output_bias": "free", "hidden_bias": "free"}
    data = Problem.from_text([[x] for x in "0123"], list("0101"), 1, "1/10", **free)
    return ridge_path(data, "2", points=5)


@pytest.fixture(scope="module")
def exact_page(browser, exact_path, tmp_path_factory):
    file = page_of(exact_path.to_document(), tmp_path_factory.mktemp("exact"))
    with opened(browser, file, **DESKTOP) as page:
        yield page


def test_an_exact_path_is_walked_along_from_event_to_event(exact_page, exact_path):
    page = settled(exact_page)
    for event in exact_path.events:
        press(page, "n")
        if not event.is_rational:
            assert Fraction(ridge(page)) == Fraction(str(event.high))
            expect(page.locator("#place")).to_contain_text("Just after event")
            continue
        assert ridge(page) == str(event.ridge)
        expect(page.locator("#place")).to_contain_text("At event")
        losses = [str(component.exact_loss) for component in exact_path.components_at(event.ridge)]
        rows = page.locator("#minima tbody tr .loss").all_inner_texts()
        assert sorted(row.split()[0] for row in rows) == sorted(losses)
    press(page, "p")
    press(page, "p")
    assert Fraction(ridge(page)) < Fraction(str(exact_path.events[-1].ridge))


def test_an_exact_page_has_numbers_of_events_and_kinks(exact_page):
    events = exact_page.inner_text("#events")
    assert "a root of 17 λ^2 − 14 λ + 2" in events
    assert "2/7 ≈ 0.2857142857143" in events
    assert "becomes global" in events
    exact_page.focus("#ridge")
    press(exact_page, "Home")
    text = exact_page.inner_text("#minima")
    assert "kink: 2" in text
    assert "sum of a²: 8/15 ≈ 0.5333333333" in text
    assert "1 dead unit, c < 0" in text
    shown = {(mark["x"], round(mark["y"], 6)) for mark in marks(exact_page, "units")}
    assert {(2, 0.533333), (1, -0.533333)} <= shown


def test_the_curves_of_an_exact_page_reach_its_events(exact_page, exact_path):
    """A branch is drawn up to its ends, where it vanishes as well."""
    drawn = exact_page.evaluate(
        """() => document.getElementById("diagram").data
        .filter(({mode, customdata}) => mode === "lines" && customdata)
        .map(({x, y}) => [x[0], x.at(-1), y.at(-1)])"""
    )
    assert len(drawn) == len(exact_path.branches)
    for (first, last, height), branch in zip(drawn, exact_path.branches, strict=True):
        ends = [float(Fraction(str(end))) for end in (branch.low, branch.high)]
        assert [first, last] == pytest.approx(ends)
        assert height == pytest.approx(float(Fraction(str(branch.loss(branch.high)))))


def test_on_an_exact_page_fits_have_the_losses_that_the_table_says(exact_page):
    exact_page.focus("#ridge")
    press(exact_page, "Home")
    options = exact_page.locator("#minimum option").count()
    for index in range(options):
        exact_page.select_option("#minimum", index=index)
        name, fits = chosen(settled(exact_page)), predictions(exact_page)
        view = exact_page.evaluate("JSON.parse(document.getElementById('view').textContent)")
        segment = next(s for s in view["segments"] if s["name"] == name and s["first"] == 0)
        sample = segment["samples"][0]
        errors = sum((y - f) ** 2 for y, f in zip((0, 1, 0, 1), fits, strict=True))
        penalty = 2 / 10 * sum(float(Fraction(square)) for square in sample["squares"])
        assert errors + penalty == pytest.approx(float(Fraction(sample["loss"])), abs=1e-12)


def test_basins_of_an_exact_path_are_refused_and_a_damaged_one_is(exact_path, tmp_path, capsys):
    path, output = tmp_path / "path.json", tmp_path / "page.html"
    document = exact_path.to_document()
    path.write_text(to_json(sealed(document)))
    assert main(["explore", str(path), "--basins", "--output", str(output)]) == 2
    assert "--basins" in capsys.readouterr().err
    del document["branches"][0]["fit"]
    path.write_text(to_json(sealed(document)))
    assert main(["explore", str(path), "--output", str(output)]) == 2
    assert "is damaged" in capsys.readouterr().err
    assert not output.exists()
