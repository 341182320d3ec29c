"""Descents as people use them: the command, tables, figures, and the rules of the workflow."""

import csv
import io
import json
import math
import re
from collections import Counter

import numpy as np
import pytest

from reluenum import figures
from reluenum.cli import main
from reluenum.documents.results import to_json, write_result
from reluenum.errors import IncompleteRunError
from reluenum.figures.pages import practice_page
from reluenum.optimisers import OPTIMISERS
from reluenum.optimisers.explain import End, EndKind, Stall
from reluenum.views.cells import share_interval
from reluenum.views.optimisers import (
    LEGEND,
    Fate,
    basins_frame,
    fate_of,
    runs_csv,
    runs_frame,
    shares_frame,
    shares_latex,
    shares_markdown,
)
from scripts import descent_explained
from tests.support.workflow import Folder

pytestmark = pytest.mark.seconds(20)

FEW = ["--starts", "6", "--steps", "300", "--optimisers", "adam,lbfgs"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with data, minima of width 2, and of all widths; tests leave it as it is."""
    path = tmp_path_factory.mktemp("descend")
    (path / "data.csv").write_text("x,y\n-1,0.2\n1/3,-1\n0.75,1e0\n")
    given = ["minima", str(path / "data.csv"), "--ridge", "1/10", "--engine", "certified"]
    for width in ("2", "all"):
        assert main([*given, "--width", width, "--output", str(path / f"{width}.json")]) == 0
    assert main(["descend", str(path / "2.json"), *FEW, "--output", str(path / "found.json")]) == 0
    return path


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / "found.json").read_text())


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """Work in a folder of its own, in which `minima.json` can be changed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minima.json").write_bytes((folder / "2.json").read_bytes())
    return tmp_path


def lacking(folder):
    """Take every component but the last from a list of minima."""
    document = json.loads((folder / "minima.json").read_text())
    document["components"] = document["components"][-1:]
    (folder / "minima.json").write_text(to_json(document))


# Command line.


def test_the_command_prints_the_same_document_again(here, found, capsys):
    assert main(["descend", "minima.json", *FEW]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == found
    assert printed.err == ""
    assert (found["format"], found["starts"], found["seed"]) == ("reluenum-descents", 6, 0)
    assert found["steps"] == {"adam": 300, "lbfgs": 300}
    assert [path.name for path in here.iterdir()] == ["minima.json"]


def test_the_command_writes_a_table_and_a_figure(here, found, capsys):
    more = ["--output", "found.json", "--table", "runs.csv", "--figure", "basins.svg"]
    assert main(["descend", "minima.json", *FEW, *more]) == 0
    assert capsys.readouterr().out == ""
    assert (here / "runs.csv").read_text() == runs_csv(found)
    figures.save_figure(figures.plot_basins(found), here / "again", ["svg"])
    assert (here / "basins.svg").read_bytes() == (here / "again.svg").read_bytes()


def test_another_seed_makes_other_starts(here, found, capsys):
    assert main(["descend", "minima.json", *FEW, "--seed", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] != found["runs"]


def test_a_minimum_that_the_list_lacks_fails_the_command(here, capsys):
    lacking(here)
    assert main(["descend", "minima.json", *FEW]) == 1
    printed = capsys.readouterr()
    kinds = [run["kind"] for run in json.loads(printed.out)["runs"]]
    count = kinds.count("missing from the list")
    assert count > 0
    assert printed.err == f"reluenum: end points at minima missing from the list: {count}\n"


def test_an_unexplained_end_point_has_an_exit_code(here, monkeypatch, capsys):
    def explain(self, ends):
        return [End(EndKind.UNEXPLAINED, 1.0, reason="a riddle")] * len(ends)

    monkeypatch.setattr("reluenum.optimisers.studies.runs.Explainer.explain", explain)
    assert main(["descend", "minima.json", *FEW]) == 3
    printed = capsys.readouterr()
    assert {run["reason"] for run in json.loads(printed.out)["runs"]} == {"a riddle"}
    assert printed.err == "reluenum: unexplained end points, with reasons in the document: 12\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--optimisers", "newton"], "--optimisers: 'newton'; expected different ones of gd, sgd"),
        (["--optimisers", "gd,gd"], "--optimisers: 'gd,gd'; expected different ones of"),
        (["--starts", "0"], "--starts: '0'; expected a whole number from 1 to 100000"),
        (["--steps", "0"], "--steps: '0'; expected a whole number from 1"),
        (["--seed", "-1"], "--seed: '-1'; expected a whole number from 0"),
        (["--figure", "basins.exe"], "--figure: 'basins.exe'; expected a name that ends in .svg"),
        (["--table", "minima.json"], "--table: minima.json is the file with the data"),
    ],
)
def test_a_bad_option_is_named_and_nothing_is_written(here, options, message, capsys):
    assert main(["descend", "minima.json", *FEW, *options, "--output", "found.json"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"reluenum: {message}")
    assert len(printed.err.splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["minima.json"]


def test_a_document_of_all_widths_is_refused(folder, capsys):
    assert main(["descend", str(folder / "all.json")]) == 2
    assert "all.json is about every width; expected one about one width" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: document.pop("components"),
        lambda document: document.pop("complete"),
        lambda document: document["problem"].pop("ridge"),
        lambda document: document["problem"].update(width=[2]),
        lambda document: document["components"][0].pop("loss"),
        lambda document: document["components"][0].update(loss="1e999"),
        lambda document: document["components"][0].update(dimension=[]),
        lambda document: document["components"][0].update(on_boundary={}),
        lambda document: document["components"][-1]["strata"][0].update(support=[{"face": 1}]),
        lambda document: document.update(format="reluenum-path"),
    ],
)
def test_a_damaged_document_is_refused_in_one_line(here, damage, capsys):
    document = json.loads((here / "minima.json").read_text())
    damage(document)
    (here / "minima.json").write_text(to_json(document))
    assert main(["descend", "minima.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("reluenum: ")


def test_the_help_names_the_optimisers_that_there_are(capsys):
    assert main(["descend", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("-\n", "-").split())
    assert ", ".join(OPTIMISERS) in text.replace("- ", "-")


# Tables.


def hand_made(kinds, names=("gd",), **changes):
    """Return a document with the given end points, without pretence to come from runs.

    An end point is the number of a component, a kind of saddle, or another kind.
    """
    stalls = set(Stall)
    runs = [
        {
            "optimiser": name,
            "start": start,
            "kind": "minimum" if isinstance(k, int) else "saddle" if k in stalls else k,
            "saddle_kind": k if k in stalls else None,
            "component": k if isinstance(k, int) else None,
            "saddle": 1 if k in stalls else None,
            "loss": None if k == "diverged" else 1.0 + start,
            "excess": 0.0,
            "reason": None,
        }
        for name in names
        for start, k in enumerate(kinds)
    ]
    components = [
        {
            "number": k,
            "loss": str(k),
            "dimension": k - 1,
            "on_boundary": True,
            "global_at_width": k == 1,
            "support": "(+) a>0 x1",
        }
        for k in (1, 2, 3)
    ]
    problem = {"x": [["0"], ["1"]], "y": ["0", "2"], "width": 2, "ridge": "1/10"}
    return {
        "problem": problem | {"loss": "sum", "output_bias": "none"},
        "complete": True,
        "components": components,
        "saddles": [{"number": 1, "loss": "5/2"}],
        "optimisers": [{"name": name, "runs": len(kinds)} for name in names],
        "runs": runs,
    } | changes


ENDS = [
    *(1, 1, 1, 2, 3, 3, "dead unit", "dead unit", "zero unit", "unit on a kink"),
    *("not stationary", "diverged"),
]


def test_fates_are_the_kinds_of_end_points_and_of_saddles():
    told = {EndKind.MINIMUM.value, EndKind.SADDLE.value}
    kinds = {kind.value for kind in EndKind} - told | {stall.value for stall in Stall}
    ranks = {Fate.GLOBAL, Fate.SPURIOUS, Fate.UNRANKED}
    assert {fate.value for fate in Fate if fate not in ranks} == kinds


def test_a_table_of_runs_has_every_run_of_the_document(found):
    assert runs_frame(found).to_dict("records") == found["runs"]
    rows = list(csv.DictReader(io.StringIO(runs_csv(found))))
    assert [row["kind"] for row in rows] == [run["kind"] for run in found["runs"]]
    assert {row["reason"] for row in rows} == {""}


def test_basins_are_the_counts_of_the_document(found):
    frame = basins_frame(found)
    for summary in found["optimisers"]:
        rows = frame[frame["optimiser"] == summary["name"]]
        assert rows["runs"].sum() == summary["runs"]
        minima = rows[rows["end"] == "minimum"]
        counts = {str(row["component"]): row["runs"] for row in minima.to_dict("records")}
        assert {k: n for k, n in counts.items() if n} == summary["components"]
        assert list(minima["loss"]) == [component["loss"] for component in found["components"]]
        others = dict(zip(rows["end"], rows["runs"], strict=True))
        assert {stall: others[stall] for stall in Stall} == summary["saddles"]
        assert others[Fate.NOT_STATIONARY] == summary["kinds"][EndKind.NOT_STATIONARY]
    for row in frame.to_dict("records"):
        assert (row["share"], row["low"], row["high"]) == share_interval(row["runs"], row["of"])


def test_shares_tell_global_minima_from_spurious_ones():
    frame = shares_frame({"one": hand_made(ENDS, ("gd", "adam"))})
    assert list(frame["optimiser"]) == ["gd", "adam"]
    row = frame.iloc[0].to_dict()
    assert {fate: row[fate.column] for fate in Fate if row[fate.column]} == {
        Fate.GLOBAL: 3,
        Fate.SPURIOUS: 3,
        Fate.DEAD: 2,
        Fate.ZERO: 1,
        Fate.KINK: 1,
        Fate.NOT_STATIONARY: 1,
        Fate.DIVERGED: 1,
    }
    assert (row["runs"], row["components_found"], row["components"]) == (12, 3, 3)
    assert math.isclose(sum(row[f"{fate.column}_share"] for fate in Fate), 1)
    assert (row["n"], row["d"], row["width"], row["ridge_decimal"]) == (2, 1, 2, 0.1)


def test_a_minimum_of_an_incomplete_list_may_have_no_rank():
    document = hand_made([1, 2], complete=False)
    for component in document["components"]:
        component["global_at_width"] = None
    assert {fate_of(run, document) for run in document["runs"]} == {Fate.UNRANKED}
    text = shares_markdown(shares_frame({"one": document}))
    assert "unranked" in text
    assert "**Instances whose list may lack minima: 1.**" in text


def test_readable_tables_hold_totals_and_a_row_for_each_instance_and_optimiser():
    documents = {"a_1": hand_made(ENDS, ("gd", "adam")), "b": hand_made(["dead unit"] * 4)}
    shares = shares_frame(documents)
    text = shares_markdown(shares)
    assert text.startswith("28 runs on 2 instances; 100 % of the end points are explained.")
    assert LEGEND in text
    cells = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if "|" in line]
    assert ["gd", "16", "18.8 %", "18.8 %", "37.5 %"] in [row[:5] for row in cells]
    assert ["a_1", "adam", "25.0 %", "25.0 %", "16.7 %"] in [row[:5] for row in cells]
    assert [row[-1] for row in cells if row[0] == "b"] == ["0 of 3"]
    tabulars = shares_latex(shares)
    assert tabulars.count(r"\begin{tabular}") == tabulars.count(r"\end{tabular}") == 2
    assert r"a\_\allowbreak{}1 & adam & 25.0 \%" in tabulars
    page = practice_page("mine", shares)
    assert page.count("<table") == 2
    assert "28 runs on 2 instances" in page


def test_riddles_are_told_wherever_the_runs_are_counted():
    document = hand_made([1, "missing from the list", "unexplained", "unexplained"])
    shares = shares_frame({"one": document})
    for text in (shares_markdown(shares), shares_latex(shares), practice_page("mine", shares)):
        assert "End points at minima that their list lacks: 1." in text
        assert "Unexplained end points: 2." in text
    for draw in figures.DESCENT_FIGURES.values():
        assert "Unexplained end points: 2." in draw(document)._suptitle.get_text()
    drawn = figures.plot_practice(shares)
    assert "End points at minima that their list lacks: 1." in drawn._suptitle.get_text()


# Figures.


def by_gid(figure, pattern):
    """Return the artists whose gid matches, by gid."""
    found = [artist for artist in figure.findobj() if re.fullmatch(pattern, artist.get_gid() or "")]
    return {artist.get_gid(): artist for artist in found}


def test_bars_are_shares_with_their_intervals():
    figure = figures.plot_basins(hand_made(ENDS, ("gd", "adam")))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["gd", "adam"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [
        "1:  1, isolated, global",
        "2:  2, arc",
        "3:  3, dimension 2",
        "saddle: dead unit",
        "saddle: zero unit",
        "saddle: unit on a kink",
        "not stationary",
        "diverged",
    ]
    for place, count in enumerate([3, 1, 2, 2, 1, 1, 1, 1]):
        (bar,) = by_gid(figure, f"adam-{place}").values()
        assert bar.get_width() == pytest.approx(count / 12)
        (line,) = by_gid(figure, f"adam-{place}-interval").values()
        assert line.get_segments()[0][:, 0].tolist() == pytest.approx(share_interval(count, 12)[1:])


def test_of_many_components_those_with_most_runs_have_bars():
    many = [
        hand_made([])["components"][1] | {"number": k, "loss": str(k), "dimension": 0}
        for k in range(1, 41)
    ]
    ends = [k for k in range(1, 41) for _ in range(1 + (k > 20))]
    figure = figures.plot_basins(hand_made(ends, components=many))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    numbers = [int(label.partition(":")[0]) for label in labels if ":  " in label]
    assert numbers == [1, 2, 3, 4, *range(21, 41)]
    place = labels.index("16 other components")
    (bar,) = by_gid(figure, f"gd-{place}").values()
    assert bar.get_width() == pytest.approx(16 / 60)


def test_steps_are_the_share_of_runs_at_or_below_each_loss():
    figure = figures.plot_end_losses(hand_made(ENDS, ("gd", "adam")))
    lines = by_gid(figure, "losses-.*")
    assert list(lines) == ["losses-gd", "losses-adam"]
    places, heights = lines["losses-gd"].get_data()
    assert places[1:-1].tolist() == [1.0 + k for k in range(11)]
    assert heights.tolist() == pytest.approx([k / 12 for k in range(12)] + [11 / 12])
    levels = by_gid(figure, r"(components|saddles)-\d+")
    drawn = {gid: line.get_xdata()[0] for gid, line in levels.items()}
    assert drawn == {"components-1": 1, "components-2": 2, "components-3": 3, "saddles-1": 2.5}


def test_end_points_beyond_the_axis_are_counted():
    document = hand_made([1] * 100)
    for run in document["runs"]:
        run["loss"] = 1.0
    document["runs"][-1]["loss"] = 1e9
    figure = figures.plot_end_losses(document)
    assert figure._suptitle.get_text() == "end points further right: 1"


def test_a_wide_range_of_losses_has_a_logarithmic_axis():
    document = hand_made([1, 2])
    document["saddles"][0]["loss"] = "1000"
    assert figures.plot_end_losses(document).axes[0].get_xscale() == "log"
    assert figures.plot_end_losses(hand_made([1, 2])).axes[0].get_xscale() == "linear"


def test_lines_against_the_ridge_are_shares_of_all_runs():
    documents = {}
    for k, (width, ridge) in enumerate([(1, "1/10"), (1, "1"), (2, "1"), (2, "1")]):
        document = hand_made([2] * (k + 1) + ["dead unit"] * 2 + [1] * (3 - k), ("gd", "adam"))
        document["problem"] |= {"width": width, "ridge": ridge}
        documents[str(k)] = document
    figure = figures.plot_practice(shares_frame(documents))
    lines = by_gid(figure, r"(spurious_minimum|dead_unit)-L\d-\w+")
    assert len(lines) == 8
    heights = {gid: np.asarray(line.get_ydata()).tolist() for gid, line in lines.items()}
    assert heights["spurious_minimum-L1-gd"] == pytest.approx([1 / 6, 2 / 6])
    assert heights["spurious_minimum-L2-adam"] == pytest.approx([7 / 12])
    assert heights["dead_unit-L2-gd"] == pytest.approx([4 / 12])
    titles = [axes.get_title(loc="left") for axes in figure.axes[:2]]
    assert titles == ["L = 1", "L = 2"]


def test_figures_of_real_runs_are_reproducible(found, tmp_path):
    shares = shares_frame({"one": found})
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        for figure, draw in figures.DESCENT_FIGURES.items():
            figures.save_figure(draw(found), tmp_path / name / figure, ["svg", "png"])
        figures.save_figure(figures.plot_practice(shares), tmp_path / name / "practice", ["svg"])
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_without_anything_to_draw_figures_say_so():
    empty = figures.plot_end_losses(hand_made(["diverged"], components=[], saddles=[]))
    assert [text.get_text() for text in empty.axes[0].texts] == ["no level is known"]
    empty = figures.plot_practice(shares_frame({}))
    assert [text.get_text() for text in empty.axes[0].texts] == ["no run"]


# Workflow.


def test_the_last_rule_fails_and_names_the_instance(tmp_path):
    paths = {name: tmp_path / f"{name}.json" for name in ("good", "bad")}
    write_result(paths["good"], hand_made(ENDS) | {"optimisers": [_summary(0, 0)]})
    write_result(paths["bad"], hand_made(ENDS) | {"optimisers": [_summary(2, 1)]})
    with pytest.raises(IncompleteRunError, match=r"in bad \(2 missing, 1 unexplained\); every"):
        descent_explained.main(paths, tmp_path / "descents.txt")
    assert not (tmp_path / "descents.txt").exists()
    del paths["bad"]
    descent_explained.main(paths, tmp_path / "descents.txt")
    assert (tmp_path / "descents.txt").read_text() == "good: 12 runs explained\n"


def _summary(missing, unexplained):
    return {"kinds": {EndKind.MISSING: missing, EndKind.UNEXPLAINED: unexplained}}


@pytest.mark.slow
def test_the_workflow_explains_the_runs_on_every_instance(tmp_path):
    entry = {"csv": "small.csv", "width": [1, 2], "ridge": "1/10"}
    settings = {"starts": 5, "steps": 200, "optimisers": ["adam", "lbfgs"], "seed": 3}
    config = {"experiment": "small", "datasets": [entry], "solve": {"engine": "certified"}}
    more = {"descent": settings, "figures": {"formats": ["svg"]}}
    folder = Folder(tmp_path, config | more)
    folder.succeed("descent_all")
    results = tmp_path / "results/small"
    names = ["small-L1-ridge1_10", "small-L2-ridge1_10"]
    for name in names:
        document = json.loads((results / name / "descents.json").read_text())
        assert Counter(run["optimiser"] for run in document["runs"]) == {"adam": 5, "lbfgs": 5}
        assert document["steps"] == {"adam": 200, "lbfgs": 200}
        assert (results / name / "descents.csv").read_text() == runs_csv(document)
        for file in ("basins.csv", "figures/basins.svg", "figures/end_losses.svg"):
            assert (results / name / file).stat().st_size
    with open(results / "descents.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["instance"], row["optimiser"]) for row in rows] == [
        (name, optimiser) for name in names for optimiser in ("adam", "lbfgs")
    ]
    assert {row["runs"] for row in rows} == {"5"}
    for file in ("descents.md", "descents.tex", "descents.html", "figures/practice.svg"):
        assert (results / file).stat().st_size
    told = "".join(f"{name}: 10 runs explained\n" for name in names)
    assert (results / "descents.txt").read_text() == told
    assert not (results / "decided.txt").exists()
