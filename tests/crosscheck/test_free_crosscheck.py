"""Free hidden biases crosschecked: all engines agree, and a planted error is named with its run."""

import copy
from functools import cache
from pathlib import Path

import pytest

from reluenum import InputError, Problem, cli
from reluenum.crosscheck.agreement import compare_measurements
from reluenum.crosscheck.free import embedded_in_a_plane
from reluenum.crosscheck.measurement import is_complete, measure, read_measurement, unfinished
from reluenum.documents.files import write_text
from reluenum.engines.creases.systems import CreaseSystem
from reluenum.engines.hinges.route import HingeEngine
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import instances
from reluenum.experiments.plans import crosscheck_runs
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from scripts import crosscheck_measure, dataset

pytestmark = pytest.mark.seconds(15)

SCHEMA = Path(__file__).parents[2] / "config/schemas/config.schema.yaml"

FREE = {"output_bias": "free", "hidden_bias": "free"}

LINE = Problem.from_arrays([0, 1, 2], [1, 0, 1], width=2, ridge="1/8", **FREE)

WEIGHTED = Problem.from_arrays(
    [2, 0, 1, 0], [1, 3, 0, 2], width=1, ridge="1/3", loss="mean", weights=[1, 2, "1/2", 1], **FREE
)

PLANE = Problem.from_arrays([[0, 0], [1, 0], [0, 1]], [0, 1, 1], width=2, ridge="1/8", **FREE)

SETTINGS = {"crosscheck": {"formulations": ["reduced", "certified"], "backends": ["flint"]}}

REDUCED, CERTIFIED, EMBEDDED = ("reduced", "flint"), ("certified", "auto"), ("embedded", "auto")


@cache
def measured(problem, run):
    return measure(problem, *run)


def everything(problem):
    runs = crosscheck_runs(SETTINGS, problem.width, problem.dimension)
    return [copy.deepcopy(measured(problem, run)) for run in runs]


@pytest.mark.parametrize("problem", [LINE, WEIGHTED, PLANE])
def test_all_engines_agree_on_every_component(problem):
    found = everything(problem)
    assert [(m["formulation"], m["backend"]) for m in found] == (
        [REDUCED, CERTIFIED] if problem is PLANE else [REDUCED, CERTIFIED, EMBEDDED]
    )
    assert all(map(is_complete, found))
    assert len(found[0]["components"]) >= 2
    assert {len(m["components"]) for m in found} == {len(found[0]["components"])}
    assert all(m["components"] == found[0]["components"] for m in found)
    agreement = compare_measurements(found)
    assert agreement.disagreements == ()
    assert {agreement.verdict(m) for m in found} == {"agree"}


def test_every_system_has_its_creases_and_only_backends_are_asked():
    reduced, *lists = everything(LINE)
    assert len(reduced["systems"]) > 5
    for system in reduced["systems"]:
        assert set(system["support"]) <= set("+-0|")
        assert system["pattern"] == system["support"].replace("0", "+")
        assert 1 <= len(system["support"].split("|")) <= 2
    assert not any(m["systems"] for m in lists)


def test_sizes_of_units_are_compared_where_they_are_no_choice():
    kept = [
        [("sum_a_squared" in unit) == (stratum["dimension"] == 0) for unit in stratum["support"]]
        for component in everything(LINE)[1]["components"]
        for stratum in component["strata"]
    ]
    assert sum(map(len, kept)) > 10
    assert all(all(units) for units in kept)
    lie = everything(LINE)
    units = [
        unit
        for component in lie[1]["components"]
        for stratum in component["strata"]
        for unit in stratum["support"]
        if "sum_a_squared" in unit
    ]
    units[0]["sum_a_squared"] += "1"
    assert compare_measurements(lie).suspects == {CERTIFIED}


def test_an_engine_that_loses_a_component_is_named(monkeypatch):
    honest = HingeEngine.landscape

    def lossy(self, problem, settings):
        found = honest(self, problem, settings)
        object.__setattr__(found, "components", found.components[:-1])
        return found

    monkeypatch.setattr(HingeEngine, "landscape", lossy)
    lie = measure(LINE, *CERTIFIED)
    runs = [measured(LINE, REDUCED), lie, measured(LINE, EMBEDDED)]
    (found,) = compare_measurements(runs).disagreements
    assert found.runs == {CERTIFIED}
    assert "minima" in found.text


@pytest.mark.parametrize("problem", [LINE, PLANE])
def test_a_root_that_a_system_loses_is_named(monkeypatch, problem):
    monkeypatch.setattr(CreaseSystem, "_positive", lambda *_: None)
    lie = measure(problem, *REDUCED)
    assert len(lie["components"]) < len(measured(problem, CERTIFIED)["components"])
    others = [m for m in everything(problem) if m["formulation"] != "reduced"]
    found = compare_measurements([lie, *others])
    assert REDUCED in found.suspects
    assert (found.suspects == {REDUCED}) == (problem is LINE)


def test_what_a_backend_does_not_finish_is_no_disagreement():
    late = measure(LINE, *REDUCED, Limits(1e-6))
    assert unfinished(late)
    assert late["enumeration"]["undecided"] > 0
    found = compare_measurements([late, *everything(LINE)[1:]])
    assert found.disagreements == ()
    assert found.verdict(late) == "not finished"


def test_a_line_in_a_plane_is_of_free_biases_on_a_line_only():
    for problem in (PLANE, Problem.from_arrays([0, 1], [0, 1], width=1, ridge=1)):
        with pytest.raises(InputError, match="inputs on a line, and hidden_bias free"):
            embedded_in_a_plane(problem)
    with pytest.raises(InputError, match="formulation: eliminated with hidden_bias free"):
        measure(LINE, "eliminated", "flint")
    with pytest.raises(InputError, match="engine: branch with hidden_bias free"):
        measure(LINE, "branch", "auto")


def test_the_rule_writes_what_is_measured(tmp_path):
    problem, file = tmp_path / "problem.json", tmp_path / "measured.json"
    text = "x,y\n0,1\n1,0\n2,1\n"
    write_text(tmp_path / "data.csv", text)
    entry = {"csv": str(tmp_path / "data.csv"), "width": 2, "ridge": "1/8", **FREE}
    config = {"experiment": "one", "datasets": [entry], "solve": {"engine": "certified"}}
    complete_config(config, SCHEMA)
    (instance,) = instances(config).values()
    dataset.main(instance, tmp_path / "copy.csv", problem)
    crosscheck_measure.main(problem, *EMBEDDED, DEFAULT_LIMITS, False, file)
    assert read_measurement(file)["components"] == measured(LINE, CERTIFIED)["components"]


def test_the_command_compares_what_there_is_and_names_what_there_is_not(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write_text(tmp_path / "data.csv", "x,y\n0,1\n1,0\n2,1\n")
    asked = ["crosscheck", "data.csv", "--ridge", "1/8", "--hidden-bias", "free"]
    asked += ["--output-bias", "free", "--backends", "flint"]
    assert cli.main([*asked, "--width", "1"]) == 0
    table = capsys.readouterr().out
    assert [table.count(f"| {way} ") for way in ("reduced", "certified", "embedded")] == [1, 1, 1]
    assert "Wherever runs finished, they agree." in table
    assert cli.main([*asked, "--width", "1", "--formulations", "reduced,eliminated"]) == 2
    line = "--formulations: eliminated with --hidden-bias free; expected one that there is then"
    assert capsys.readouterr().err == f"reluenum: {line}\n"
    write_text(tmp_path / "data.csv", "x,y\n" + "".join(f"{k},{k % 3}\n" for k in range(40)))
    assert cli.main([*asked, "--width", "5"]) == 2
    error = capsys.readouterr().err
    assert (error.count("\n"), "supports" in error) == (1, True)
