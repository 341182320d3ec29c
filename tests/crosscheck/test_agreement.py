"""Formulations and backends agree, a planted error is named with its place, nothing is hidden."""

import copy
import csv
import io
import json
import re
from dataclasses import replace
from functools import cache, partial
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from flint import fmpq, fmpq_poly

from docs.make import crosscheck as pages
from reluenum import InputError, cli, enumerate_minima
from reluenum.algebra.bases import Solutions
from reluenum.crosscheck.agreement import compare_measurements
from reluenum.crosscheck.measurement import (
    NUMERATORS,
    is_complete,
    measure,
    measure_numerators,
    read_measurement,
    run_of,
    unfinished,
)
from reluenum.crosscheck.page import (
    AGREED,
    agreement_markdown,
    crosscheck_summary,
    measurements_frame,
    page,
    patterns_frame,
    ratios_frame,
    readable,
    systems_csv,
)
from reluenum.crosscheck.recording import RecordingBackends
from reluenum.documents.results import to_json, write_sealed
from reluenum.engines.formulations import FORMULATIONS
from reluenum.errors import BackendError, IncompleteRunError
from reluenum.figures import plot_times
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.groebner import flint
from reluenum.groebner.backends import BACKENDS, open_backends
from reluenum.groebner.flint import FlintBackend
from reluenum.groebner.limits import Limits
from scripts import agreed, crosscheck
from tests.support.oracles import random_problem
from tests.support.workflow import INSTANCE, SMALL, Folder

pytestmark = pytest.mark.seconds(110)

ROOT = Path(__file__).parents[2]

TWO_POINTS = random_problem(62, 2, 1, 2, "1/10")

THREE_POINTS = random_problem(65, 3, 1, 1, "1/5")

DEEP = replace(random_problem(65, 3, 1, 1, "1/5"), upper=(1,))

NO_TIME = Limits(1e-6)


@cache
def measured(formulation, backend, problem=TWO_POINTS):
    return measure(problem, formulation, backend)


def honest(formulation, problem=TWO_POINTS):
    return [measured(formulation, backend, problem) for backend in ("flint", "msolve")]


@pytest.fixture(scope="module")
def everything():
    """All formulations by two backends, and the paper's own systems by one."""
    runs = [run for formulation in FORMULATIONS for run in honest(formulation)]
    return compare_measurements([*runs, measure_numerators(TWO_POINTS, "msolve")])


# ------------------------------------------------------------------------------- planted errors


class Liar:
    """FLINT, but with one answer tampered with: the one about the given system."""

    name = "liar"

    def __init__(self, lie, target):
        self.lie, self.target, self.truth = lie, target, FlintBackend()

    def version(self):
        return "0"

    def close(self):
        self.truth.close()

    def solutions(self, system, limits):
        found = self.truth.solutions(system, limits)
        return self.lie(found) if system.to_text() == self.target else found


def drop_a_root(found):
    """Divide chi by one of its factors, or by an approximation of a real root."""
    points = found.parametrisation
    factors = points.chi.factor()[1]
    if len(factors) > 1:
        chi = points.chi / factors[-1][0]
    else:
        root = next(r.real for r, _ in points.chi.complex_roots() if r.imag.is_zero())
        root = fmpq(*map(int, float(root.mid()).as_integer_ratio()))
        chi = (fmpq_poly(points.chi) // fmpq_poly([-root, 1])).numer()
    return replace(found, parametrisation=replace(points, chi=chi))


def change_a_sign(found):
    first, *others = found.parametrisation.numerators
    changed = replace(found.parametrisation, numerators=(-first, *others))
    return replace(found, parametrisation=changed)


def wrong_degree(found):
    return replace(found, degree=found.degree + 1)


def no_solution(found):
    return Solutions.of_dimension(-1)


def infinitely_many(found):
    return Solutions.of_dimension(1)


def fold(found):
    """Answer with a parametrisation in which two roots give one point."""
    points = found.parametrisation
    constant = tuple(fmpq_poly([k]) for k, _ in enumerate(points.numerators))
    return replace(found, parametrisation=replace(points, numerators=constant))


LIES = (drop_a_root, change_a_sign, wrong_degree, no_solution, infinitely_many, fold)


class Listener(FlintBackend):
    """FLINT, keeping the systems and its answers."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def solutions(self, system, limits):
        found = super().solutions(system, limits)
        self.heard.append((system, found))
        return found


@cache
def targets(formulation):
    """Systems with several points: the first with one unit, and the last."""
    listener = Listener()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKENDS, "listener", lambda: listener)
        record = measure(TWO_POINTS, formulation, "listener")
    asked = zip(record["systems"], listener.heard[1:], strict=True)  # the first one warms up
    rich = [(r, system) for r, (system, _) in asked if r["degree"] and r["degree"] > 1]
    return [(record["support"], system.to_text()) for record, system in (rich[0], rich[-1])]


@pytest.mark.parametrize("which", [0, 1], ids=["first system", "last system"])
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
@pytest.mark.parametrize("formulation", FORMULATIONS)
def test_a_planted_error_is_caught_and_its_support_named(monkeypatch, formulation, lie, which):
    support, target = targets(formulation)[which]
    monkeypatch.setitem(BACKENDS, "liar", partial(Liar, lie, target))
    monkeypatch.setattr("reluenum.crosscheck.page._svg_uri", lambda _: "no figure is asked for")
    found = compare_measurements([*honest(formulation), measure(TWO_POINTS, formulation, "liar")])
    assert found.suspects == {(formulation, "liar")}
    texts = [d.text for d in found.disagreements]
    assert any(f"{formulation}, support {support}, system" in text for text in texts)
    assert all("liar: " in text for text in texts)
    verdicts = [found.verdict(m) for m in found.measurements]
    assert verdicts == ["agree", "agree", "DISAGREE"]
    assert "DISAGREE" in agreement_markdown(found)
    assert 'class="verdict bad"' in page(found, "lies")


def test_a_point_in_the_wrong_place_is_caught_by_the_digest_alone(monkeypatch):
    (_, target), _ = targets("reduced")
    monkeypatch.setitem(BACKENDS, "liar", partial(Liar, change_a_sign, target))
    liar = measure(TWO_POINTS, "reduced", "liar")
    pairs = zip(liar["systems"], measured("reduced", "flint")["systems"], strict=True)
    changed = [
        {key for key in true if told[key] != true[key] and key != "seconds"} for told, true in pairs
    ]
    assert [keys for keys in changed if keys] == [{"points"}]


@pytest.mark.parametrize("lie", [drop_a_root, change_a_sign, infinitely_many])
def test_a_planted_error_with_several_hidden_layers_is_named_with_its_stratum(monkeypatch, lie):
    listener = Listener()
    monkeypatch.setitem(BACKENDS, "listener", lambda: listener)
    heard = measure(DEEP, "reduced", "listener")["systems"]
    assert len(heard) == len(listener.heard) - 1  # the first one warms up
    asked = zip(heard, listener.heard[1:], strict=True)
    stratum, system = next((r["support"], s) for r, (s, _) in asked if (r["degree"] or 0) > 1)
    monkeypatch.setitem(BACKENDS, "liar", partial(Liar, lie, system.to_text()))
    runs = [*honest("reduced", DEEP), measure(DEEP, "reduced", "liar")]
    found = compare_measurements([*runs, measured("certified", "auto", DEEP)])
    assert found.suspects >= {("reduced", "liar")}
    assert any(f"reduced, support {stratum}, system" in d.text for d in found.disagreements)
    assert ("certified", "auto") not in found.suspects


def test_with_several_hidden_layers_the_routes_and_backends_agree_on_all_systems():
    runs = [*honest("reduced", DEEP), measured("certified", "auto", DEEP)]
    found = compare_measurements(runs)
    assert (found.disagreements, found.not_finished, found.undecided) == ((), [], [])
    assert [len(m["systems"]) > 5 for m in runs] == [True, True, False]
    document = enumerate_minima(DEEP).document
    for key in ("enumeration", "components"):
        assert [m[key] for m in runs] == [document[key]] * 3
    assert "hidden layers, ridge" in page(found, "deep")


def test_what_several_hidden_layers_do_not_have_is_refused():
    with pytest.raises(InputError, match="eliminated with 2 hidden layers; expected reduced"):
        measure(DEEP, "eliminated", "flint")
    with pytest.raises(InputError, match="branch with width 5"):
        measure(replace(TWO_POINTS, width=5), "branch", "auto")
    with pytest.raises(InputError, match="certified with hidden layers of widths 2,2"):
        measure(replace(DEEP, width=2, upper=(2,)), "certified", "auto")


def test_of_two_that_disagree_both_are_suspects(monkeypatch):
    _, target = targets("reduced")[0]
    monkeypatch.setitem(BACKENDS, "liar", partial(Liar, wrong_degree, target))
    found = compare_measurements(
        [measured("reduced", "flint"), measure(TWO_POINTS, "reduced", "liar")]
    )
    assert found.suspects == {("reduced", "flint"), ("reduced", "liar")}


def test_a_run_that_asks_twice_has_one_voice(monkeypatch):
    _, target = targets("reduced")[0]
    monkeypatch.setitem(BACKENDS, "liar", partial(Liar, wrong_degree, target))
    liar = measure(TWO_POINTS, "reduced", "liar")
    liar["systems"] += liar["systems"]
    assert compare_measurements([*honest("reduced"), liar]).suspects == {("reduced", "liar")}


@pytest.mark.parametrize("key", ["components", "enumeration"])
def test_formulations_that_end_differently_are_told_apart(key):
    runs = [m for formulation in FORMULATIONS for m in honest(formulation)]
    changed = copy.deepcopy(runs[-1])
    if key == "components":
        changed["components"].pop()
    else:
        changed["enumeration"]["stationary"] += 1
    found = compare_measurements([*runs[:-1], changed])
    assert found.suspects == {run_of(changed)}
    (only,) = found.disagreements
    assert only.text.startswith("minima: reduced by flint, ")
    assert "eliminated by msolve: " in only.text


def test_a_system_that_one_run_never_asked_is_named():
    first, second = honest("reduced")
    shortened = {**second, "systems": second["systems"][:-1]}
    (only,) = compare_measurements([first, shortened]).disagreements
    assert only.text.endswith("flint: asked; msolve: not asked")


def test_a_support_that_only_one_run_leaves_undecided_is_named():
    first, second = honest("eliminated")
    doubtful = {**second, "undecided": ["++|+-"]}
    (only,) = compare_measurements([first, doubtful]).disagreements
    assert only.text == "eliminated, undecided supports: flint: none; msolve: ++|+-"


def test_what_contradicts_a_theorem_is_a_disagreement():
    first, second = honest("reduced")
    failed = {**second, "enumeration": None, "components": None, "failures": ["pattern --: no"]}
    found = compare_measurements([first, failed])
    assert [d.text for d in found.disagreements] == ["reduced by msolve: pattern --: no"]
    assert measurements_frame(found)["components"].tolist() == [len(first["components"]), None]


# ------------------------------------------------------------------- the paper's own systems


@pytest.mark.parametrize("problem", [TWO_POINTS, THREE_POINTS], ids=["n=2 L=2", "n=3 L=1"])
def test_numerators_have_the_solutions_of_the_graph_form(problem):
    numerators = measure_numerators(problem, "msolve")
    graph = measured("eliminated", "flint", problem)
    assert compare_measurements([graph, numerators]).disagreements == ()
    degrees = {s["support"]: s["degree"] for s in graph["systems"]}
    shared = [s for s in numerators["systems"] if s["support"] in degrees]
    assert [s["degree"] for s in shared] == [degrees[s["support"]] for s in shared]
    assert len(shared) > 3


def test_a_numerator_system_with_another_number_of_solutions_is_named():
    graph, numerators = measured("eliminated", "flint"), measure_numerators(TWO_POINTS, "msolve")
    supports = {s["support"] for s in graph["systems"]}
    victim = next(s for s in numerators["systems"] if s["support"] in supports)
    victim["real"] += 1
    (only,) = compare_measurements([graph, numerators]).disagreements
    assert only.text.startswith(f"support {victim['support']}: eliminated by flint: ")
    victim["vanishing"] = [victim["variables"].index("k0")]
    assert compare_measurements([graph, numerators]).disagreements == ()


# ------------------------------------------------------------------------------ measurements


def test_recording_changes_no_answer():
    with (
        RecordingBackends.of("flint") as recording,
        open_backends("flint") as plain,
    ):
        for formulation in FORMULATIONS.values():
            landscapes = []
            for engine in (recording, plain):
                geometry = Geometry.of(TWO_POINTS)
                solve = formulation.solver(geometry, engine)
                every = patterns(geometry.arrangement, 2)
                merged = formulation.merge(geometry, [o for p in every for o in solve(p)])
                landscapes.append(repr(formulation.certify(merged, geometry)))
            assert landscapes[0] == landscapes[1]
    assert len(recording.asked) > 10


def test_a_measurement_says_what_it_is_and_what_it_found():
    record = measured("reduced", "msolve")
    assert record["problem_sha256"] == TWO_POINTS.digest
    assert (record["formulation"], record["backend"]) == ("reduced", "msolve")
    assert record["engines"] == {"msolve": record["software"]["msolve"]}
    assert record["limits"] == {"seconds": 120.0, "megabytes": 4000}
    document = enumerate_minima(TWO_POINTS).document
    assert record["enumeration"] == document["enumeration"]
    assert record["components"] == document["components"]
    assert len(record["systems"]) == document["enumeration"]["supports_examined"]
    assert len({system["support"] for system in record["systems"]}) == len(record["systems"])
    assert {system["pattern"] for system in record["systems"]} <= {"++|++", "++|+-", "+-|+-"} | {
        f"{a}|{b}" for a in ("--", "-+", "+-", "++") for b in ("--", "-+", "+-", "++")
    }
    assert json.loads(to_json(record)) == record


def test_what_is_not_finished_is_counted_and_never_a_disagreement():
    late = measure(THREE_POINTS, "reduced", "sympy", NO_TIME)
    found = compare_measurements([measured("reduced", "flint", THREE_POINTS), late])
    left = len(unfinished(late))
    assert left > 0
    assert found.disagreements == ()
    assert found.verdict(late) == "not finished"
    (line,) = found.not_finished
    total = len(late["systems"])
    assert line == (
        f"reduced by sympy: not finished: {left} of {total} systems: "
        f"not solved within 1e-06 s ({left})"
    )
    assert line in agreement_markdown(found)
    assert line in page(found, "late")
    assert not is_complete(late)
    assert measurements_frame(found)["undecided"].tolist()[1] > 0


def test_supports_that_stay_undecided_without_any_limit_are_named():
    doubtful = [{**m, "undecided": ["++|+-", "+-|-+"]} for m in honest("eliminated")]
    assert crosscheck_summary(compare_measurements(doubtful)) == [
        "Wherever runs finished, they agree.",
        "eliminated by flint: undecided although every system was solved: ++|+-, +-|-+",
        "eliminated by msolve: undecided although every system was solved: ++|+-, +-|-+",
    ]


def test_measurements_that_cannot_be_compared_are_refused():
    first = measured("reduced", "flint")
    with pytest.raises(IncompleteRunError, match="measured on different problems"):
        compare_measurements([first, measured("reduced", "msolve", THREE_POINTS)])
    with pytest.raises(IncompleteRunError, match="2 measurements of reduced by flint"):
        compare_measurements([first, first])
    with pytest.raises(IncompleteRunError, match="no measurement"):
        compare_measurements([])


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "measured.json"
    write_sealed(path, measured("reduced", "flint"))
    assert read_measurement(path) == measured("reduced", "flint")
    write_sealed(path, {**measured("reduced", "flint"), "version": 0})
    with pytest.raises(IncompleteRunError, match="is not a file of kind reluenum-measurement"):
        read_measurement(path)


def test_a_missing_backend_is_an_error_that_says_how_to_get_it(monkeypatch):
    def missing(name, how_to_get):
        raise BackendError(name, f"the {name} executable was not found; {how_to_get}")

    monkeypatch.setattr("reluenum.groebner.flint.executable", missing)
    with pytest.raises(BackendError, match=r"msolve executable was not found; .*install"):
        measure(TWO_POINTS, "reduced", "msolve")


@pytest.mark.parametrize("backend", ["auto", "magma"])
def test_a_backend_has_to_be_a_single_known_one(backend):
    with pytest.raises(InputError, match=f"backend: '{backend}'; expected one of flint, msolve"):
        measure(TWO_POINTS, "reduced", backend)


# ------------------------------------------------------------------------- tables and the page


def test_ratios_are_those_of_the_recorded_seconds(everything):
    rows = ratios_frame(everything.measurements).to_dict("records")
    assert [(row["formulation"], row["backend"]) for row in rows] == [
        ("eliminated", "flint"),
        ("eliminated", "msolve"),
        (NUMERATORS, "msolve"),
    ]
    seconds = {
        run_of(m): sorted(s["seconds"] for s in m["systems"]) for m in everything.measurements
    }
    for row in rows:
        base = seconds["reduced", row["backend"]]
        mine = seconds[row["formulation"], row["backend"]]
        assert row["times as long"] == pytest.approx(sum(mine) / sum(base), rel=1e-9)
        medians = [(t[(len(t) - 1) // 2] + t[len(t) // 2]) / 2 for t in (mine, base)]
        assert row["median, times as long"] == pytest.approx(medians[0] / medians[1], rel=1e-9)
        assert row["note"] == ""


@pytest.mark.parametrize(
    ("slow", "note"),
    [
        (("eliminated",), "at least"),
        (("reduced",), "at most"),
        (("reduced", "eliminated"), "both reached limits"),
    ],
)
def test_a_ratio_of_bounds_says_so(slow, note):
    runs = [copy.deepcopy(measured(name, "flint")) for name in ("reduced", "eliminated")]
    for run in runs:
        if run["formulation"] in slow:
            run["systems"][0]["reason"] = "too slow"
    assert ratios_frame(runs)["note"].tolist() == [note]


def test_the_table_of_runs_adds_up_the_systems(everything):
    rows = measurements_frame(everything).to_dict("records")
    for row, record in zip(rows, everything.measurements, strict=True):
        systems = record["systems"]
        assert row["systems"] == row["finished"] == len(systems)
        assert row["complex"] == sum(s["degree"] or 0 for s in systems)
        assert row["real"] == sum(s["real"] or 0 for s in systems)
        assert row["maximum"] == max(s["seconds"] for s in systems)
        assert row["verdict"] == "agree"
    assert rows[0]["components"] == len(everything.measurements[0]["components"])
    assert rows[-1]["components"] is None


def test_every_system_is_a_line_of_the_csv(everything):
    lines = list(csv.DictReader(io.StringIO(systems_csv(everything.measurements))))
    assert len(lines) == sum(len(m["systems"]) for m in everything.measurements)
    first, system = lines[0], everything.measurements[0]["systems"][0]
    assert first["support"] == f"({system['support']})"
    assert float(first["seconds"]) == system["seconds"]
    assert first["points"] == (system["points"] or "")
    cells = [line[key] for line in lines for key in ("pattern", "support", "reason")]
    assert not any(cell.startswith(("=", "+", "-")) for cell in cells)


def test_the_table_of_patterns_counts_every_system(everything):
    frame = patterns_frame(everything.measurements)
    for column, record in zip(frame.columns[1:], everything.measurements, strict=True):
        counts = [int(n) for cell in frame[column] for n in re.findall(r"\((\d+)\)", cell)]
        assert sum(counts) == len(record["systems"])


@pytest.mark.parametrize(
    ("cell", "text"),
    [(0.5, "0.5"), (12.345, "12.3"), (2e-5, "2.0e-05"), (0.0, "0"), (None, "–"), ("a", "a")],
)
def test_cells_are_short(cell, text):
    assert readable(cell) == text


class Reader(HTMLParser):
    """Checks that elements are closed in order, and collects tags, attributes and text."""

    VOID = ("meta", "img", "br", "link", "hr", "input")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_one_valid_file_that_needs_no_other(everything):
    text = page(everything, "a < b & c")
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert text.startswith("<!DOCTYPE html>")
    assert reader.open == []
    assert {"html", "head", "title", "body", "table", "img"} <= set(reader.tags)
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    sources = [value for name, value in reader.attributes if name in ("src", "href")]
    assert len(sources) == 1
    assert sources[0].startswith("data:image/svg+xml;base64,")
    assert "://" not in text
    assert "url(" not in text
    said = " ".join(reader.text)
    assert "a < b & c" in said
    assert all(
        version in said for m in everything.measurements for version in m["engines"].values()
    )
    assert "120 s, 4000 MB" in said
    assert "Wherever runs finished, they agree." in said


def test_the_figure_has_a_mark_for_every_run_and_pattern(everything):
    figure = plot_times(everything.measurements)
    figure.draw_without_rendering()
    marks = {
        line.get_gid(): len(line.get_xdata())
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_gid()
    }
    assert marks == {
        " by ".join(run_of(m)).replace(", ", "-").replace(" ", "-"): len(
            {s["pattern"] for s in m["systems"]}
        )
        for m in everything.measurements
    }
    assert [axes.get_title("left") for axes in figure.axes] == [*FORMULATIONS, NUMERATORS]
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}


def test_a_pattern_that_reached_a_limit_has_a_hollow_mark_and_the_figure_says_so():
    late = measure(THREE_POINTS, "reduced", "sympy", NO_TIME)
    figure = plot_times([late])
    gids = {line.get_gid() for line in figure.axes[0].get_lines()}
    assert "reduced-by-sympy-at-least" in gids
    left = len(unfinished(late))
    said = f"{left} system{'s' * (left != 1)} not finished within the limits"
    assert figure._suptitle.get_text() == said


def test_nothing_to_draw_is_said():
    nothing = {**measured("reduced", "flint"), "systems": []}
    (text,) = plot_times([nothing]).axes[0].texts
    assert text.get_text() == "no system was solved"


# ----------------------------------------------------------------- command line and workflow


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,y\n-3/4,2\n4/3,-1\n")
    return path


def call(data, *options):
    arguments = ["crosscheck", str(data), "--width", "1", "--ridge", "1"]
    return cli.main([*arguments, "--backends", "flint,msolve", *options])


def test_the_command_prints_tables_and_writes_views(data, tmp_path, capsys):
    assert call(data, "--output-dir", str(tmp_path / "new")) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "new/agreement.md").read_text()
    assert "Wherever runs finished, they agree." in printed
    assert printed.count("| agree") == 5  # the certified engine once, and two by two
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"agreement.md", "page.html", "systems.csv", "times.svg", "times.png"}


def test_boxes_of_directions_take_part_where_they_are_asked_for(data, capsys):
    assert call(data, "--formulations", "reduced,certified,branch") == 0
    assert capsys.readouterr().out.count("| agree") == 4
    runs = [measured(*run) for run in (("certified", "auto"), ("branch", "auto"))]
    assert compare_measurements(runs).disagreements == ()
    lost = {**runs[1], "components": runs[1]["components"][1:]}
    (found,) = compare_measurements([runs[0], lost]).disagreements
    assert "components (" in found.text


def test_the_command_fails_on_a_disagreement(data, monkeypatch, capsys):
    class Optimist(Liar):
        def __init__(self):
            super().__init__(no_solution, None)

        def solutions(self, system, limits):
            return Solutions.of_dimension(-1)

    monkeypatch.setitem(BACKENDS, "msolve", Optimist)
    assert call(data) == 1
    assert "msolve: no solution" in capsys.readouterr().out


def test_the_command_names_runs_that_reached_a_limit(data, capsys):
    assert call(data, "--backends", "sympy", "--seconds", "0.000001") == 0
    assert "reduced by sympy: not finished: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--backends", "flint,magma"), "--backends: 'flint,magma'; expected different ones of"),
        (("--backends", "flint,flint"), "--backends: 'flint,flint'; expected different ones of"),
        (("--formulations", ""), "--formulations: ''; expected different ones of reduced,"),
        (("--loss", "average"), "--loss: 'average'; expected one of sum, mean"),
        (("--output-dir", "no/such/folder"), "--output-dir: no/such/folder: "),
    ],
)
def test_bad_options_are_named(data, capsys, options, message):
    assert call(data, *options) == 2
    assert message in capsys.readouterr().err


def test_the_last_rule_fails_after_everything_was_written(tmp_path):
    good, bad = copy.deepcopy(honest("reduced"))
    bad["systems"][0]["degree"] += 1
    paths = [tmp_path / "good.json", tmp_path / "bad.json"]
    for path, record in zip(paths, (good, bad), strict=True):
        write_sealed(path, record)
    crosscheck.main(paths, "mine", ("svg",), tmp_path, tmp_path / "agreement.json")
    assert {"agreement.md", "page.html"} <= {path.name for path in tmp_path.iterdir()}
    with pytest.raises(IncompleteRunError, match=r"disagree in mine \(1\); .* system "):
        agreed.main({"mine": tmp_path / "agreement.json"}, tmp_path / "agreed.txt")
    assert not (tmp_path / "agreed.txt").exists()
    crosscheck.main(paths[:1], "mine", ("svg",), tmp_path, tmp_path / "agreement.json")
    agreed.main({"mine": tmp_path / "agreement.json"}, tmp_path / "agreed.txt")
    assert (tmp_path / "agreed.txt").read_text() == "mine: 1 runs agree\n"


def test_the_workflow_crosschecks_every_instance_once(tmp_path):
    entry = SMALL["datasets"][0] | {"width": 1}
    config = SMALL | {"datasets": [entry], "crosscheck": {"backends": ["flint", "msolve"]}}
    folder = Folder(tmp_path, config)
    folder.succeed("crosscheck_all")
    instance = tmp_path / INSTANCE.replace("L2", "L1")
    views = {path.name for path in (instance / "crosscheck").iterdir()}
    assert views == {"agreement.md", "page.html", "systems.csv", "times.svg"}
    runs = {path.stem for path in (instance / "work/crosscheck").iterdir()}
    solved = {f"{f}-{b}" for f in FORMULATIONS for b in ("flint", "msolve")}
    assert runs == {*solved, "certified-auto"}
    conclusion = (tmp_path / "results/small/agreed.txt").read_text()
    assert conclusion == "small-L1-ridge1_100: 5 runs agree\n"
    assert not (instance / "minima.json").exists()
    assert "Nothing to be done" in folder.succeed("crosscheck_all")


# ----------------------------------------------------------------------- the page of the docs


@pytest.mark.parametrize(
    ("support", "kind"),
    [
        ("++-|-++", "overlapping"),
        ("+--|-++", "disjoint"),
        ("-+-|++-", "overlapping, one of them a single point"),
        ("++0|-++", ""),
        ("++-", ""),
    ],
)
def test_supports_are_classed_by_the_overlap_of_their_active_sets(support, kind):
    assert pages.overlap(support) == kind


def test_the_page_of_the_docs_reports_agreement_of_all_runs():
    text = (ROOT / "docs/crosscheck.md").read_text()
    assert AGREED in text
    assert "DISAGREE" not in text
    for formulation in FORMULATIONS:
        for backend in BACKENDS:
            assert re.search(rf"^\| {formulation} +\| {backend} +\|.*\|$", text, re.MULTILINE)


# ------------------------------------------------------------------- random instances, for CI


# (seed, n, d, width, ridge, special), other conventions.
EASY = [
    ((61, 1, 1, 1, "1/3", ""), {}),
    ((62, 2, 1, 2, "1/10", ""), {}),
    ((64, 3, 1, 1, "1/20", ""), {"loss": "mean"}),
    ((66, 3, 1, 2, "1/10", "tie"), {"output_bias": "ridge"}),
    ((67, 4, 1, 1, "1/50", ""), {"output_bias": "free"}),
    ((70, 3, 2, 1, "1/10", ""), {"loss": "mean", "output_bias": "ridge"}),
    ((71, 4, 2, 1, "1/10", "line"), {"output_bias": "free"}),
    ((72, 4, 2, 1, "1/4", "tie"), {}),
    ((73, 2, 2, 2, "1/4", ""), {"loss": "mean"}),
    ((75, 3, 2, 2, "1/5", "tie"), {"output_bias": "ridge"}),
    ((76, 3, 1, 2, "1/7", ""), {"output_bias": "free", "loss": "mean"}),
]
"""Every run finishes, within a second or two."""

HARD = [
    ((65, 3, 1, 2, "1/5", ""), {}),
    ((68, 4, 1, 2, "1/5", "tie"), {"loss": "mean"}),
    ((69, 4, 1, 2, "1/3", ""), {}),
    ((74, 3, 2, 2, "1/5", ""), {}),
]
"""FLINT and sympy leave some systems of the eliminated formulation."""


def name_of(case):
    (_, size, dimension, width, _, special), conventions = case
    return " ".join([f"n={size} d={dimension} L={width}", special, *conventions.values()]).strip()


HARD_FOR = {("eliminated", "flint"), ("eliminated", "sympy")}
SHORT, LONG = Limits(1), Limits(60)
"""Of the run by sympy that leaves systems, and of all others."""

EFFORT = (400, 800, 32000)
"""Within it FLINT solves all that a second is enough for, and gives up on the rest at once."""


class BoundedFlint(FlintBackend):
    """FLINT with a limit of work, not of time: no system waits, however busy the machine is."""

    def solutions(self, system, limits):
        found = self.within_effort(system)
        if found is None:
            raise BackendError(self.name, f"not solved with an effort of {EFFORT}")
        return found


@pytest.mark.slow
@pytest.mark.usefixtures("lasting_helpers")
@pytest.mark.parametrize(
    ("case", "may_leave"),
    [
        *(pytest.param(case, set(), id=name_of(case)) for case in EASY),
        *(pytest.param(case, HARD_FOR, id=name_of(case)) for case in HARD),
    ],
)
def test_all_formulations_and_backends_agree(monkeypatch, case, may_leave):
    if may_leave:
        monkeypatch.setattr(flint, "EFFORT", EFFORT)
        monkeypatch.setitem(BACKENDS, "flint", BoundedFlint)
    arguments, conventions = case
    problem = random_problem(*arguments, **conventions)
    found = compare_measurements(
        measure(problem, *run, SHORT if run in may_leave else LONG)
        for run in product(FORMULATIONS, BACKENDS)
    )
    assert [d.text for d in found.disagreements] == []
    assert len(found.measurements) == 2 * 4
    left = [m for m in found.measurements if unfinished(m)]
    assert {(m["formulation"], m["backend"]) for m in left} <= may_leave, found.not_finished
    assert {m["enumeration"]["undecided"] for m in found.measurements if not unfinished(m)} == {0}
