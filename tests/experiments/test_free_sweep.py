"""Sweeps over free hidden biases: documents, tables, figures and certificates of both engines."""

import copy
import json
from pathlib import Path

import pandas as pd
import pytest

from reluenum import InputError, Problem, enumerate_minima
from reluenum.documents.archive import read_archive
from reluenum.errors import BackendError, IncompleteRunError, TooManySupportsError
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.effort import expected_sweep, minutes, paced
from reluenum.experiments.instances import SWEEP_FIGURES, batches
from reluenum.experiments.sweep import examine_batch, refuse_large
from reluenum.groebner.backends import DEFAULT_SETTINGS
from scripts import aggregate, check, sweep_decided, sweep_figures
from tests.support.workflow import Folder, jobs

pytestmark = pytest.mark.seconds(20)

SCHEMA = Path(__file__).parents[2] / "config/schemas/config.schema.yaml"

LINE = {
    "family": "random",
    "n": 3,
    "seed": [0, 1],
    "width": [1, 2],
    "ridge": "1/100",
    "output_bias": "free",
    "hidden_bias": ["ridge", "free"],
}

PLANE = LINE | {"n": 4, "d": 2, "seed": 0, "width": 1, "hidden_bias": "free"}

TABLES = ("instances", "components", "times")


def configuration(*entries, **settings):
    """A sweep with its defaults."""
    config = {"experiment": "free", "datasets": list(entries), "sweep": {}}
    config |= {"solve": {"engine": "certified"}, "figures": {"formats": ["svg"]}} | settings
    complete_config(config := copy.deepcopy(config), SCHEMA)
    return config


def examined(folder, batch, width, earlier=()):
    """Examine a batch into a folder of its own, and return its files."""
    folder.mkdir(parents=True)
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    files |= {name: folder / f"{name}.zip" for name in ("records", "documents")}
    examine_batch(batch.spec, width, earlier, DEFAULT_SETTINGS, True, False, files)
    return files


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a sweep that the scripts of the workflow have finished."""
    folder, found = tmp_path_factory.mktemp("sweep"), []
    for k, batch in enumerate(batches(configuration(LINE, PLANE)).values()):
        own = []
        for width in batch.widths:
            alone = batch.spec.get("hidden_bias") == "free"
            earlier = [] if alone else [files["records"] for files in own]
            own.append(examined(folder / f"{k}-{width}", batch, width, earlier))
        check.main([files["documents"] for files in own], folder / f"checked{k}.txt")
        found += own
    kinds = ("instances", "components", "times", "summary")
    tables = {f"{k}_{e}": folder / f"{k}.{e}" for k in kinds for e in ("csv", "parquet")}
    tables |= {f"summary_{e}": folder / f"summary.{e}" for e in ("csv", "md", "tex", "html")}
    parts = ([files[name] for files in found] for name in TABLES)
    aggregate.main(*parts, [], [], tables, "free")
    (folder / "figures").mkdir()
    sweep_figures.main(*(folder / f"{n}.parquet" for n in TABLES), folder / "figures", ["svg"])
    sweep_decided.main(folder / "instances.parquet", {}, folder / "decided.txt")
    return folder


@pytest.fixture(scope="module")
def documents(finished):
    """Return every document by the name of its instance."""
    members = [read_archive(path).items() for path in finished.rglob("documents.zip")]
    return {Path(name).parent.name: json.loads(text) for part in members for name, text in part}


def is_free(name):
    return name.endswith("free_hidden_bias")


def test_a_document_is_that_of_the_single_problem(documents):
    assert len(documents) == 2 * 2 * 2 + 1
    assert sum(map(is_free, documents)) == 2 * 2 + 1
    for document in documents.values():
        problem = Problem.from_document(document["problem"])
        assert enumerate_minima(problem, engine="certified").document == document


def test_every_certificate_is_checked(finished, documents):
    lines = [line for p in finished.glob("checked*.txt") for line in p.read_text().splitlines()]
    assert sorted(line.split(":")[0] for line in lines) == sorted(documents)
    assert all(line.split(": ")[1] == "proved" for line in lines)
    assert (finished / "decided.txt").read_text().startswith("9 instances, ")


def test_tables_say_what_the_documents_say(finished, documents):
    table = pd.read_parquet(finished / "instances.parquet").set_index("instance")
    parts = pd.read_parquet(finished / "components.parquet").groupby("instance")
    assert set(table["hidden_bias"]) == {"ridge", "free"}
    for name, document in documents.items():
        found, row = document["components"], table.loc[name]
        isolated = [component for component in found if component["dimension"] == 0]
        expected = {
            "components": len(found),
            "isolated": len(isolated),
            "global_at_every_width": sum(c["global_at_every_width"] for c in found),
            "supports_examined": document["enumeration"]["supports_examined"],
            "hidden_bias": "free" if is_free(name) else "ridge",
        }
        assert row[list(expected)].to_dict() == expected
        assert list(parts.get_group(name)["loss"]) == [component["loss"] for component in found]
        assert pd.isna(row["full_size"]) == is_free(name)


def test_constant_networks_are_no_isolated_minima_that_tables_could_leave_out(finished, documents):
    table = pd.read_parquet(finished / "instances.parquet").set_index("instance")
    constant = {
        name: [c for c in document["components"] if not c["strata"][0]["support"]]
        for name, document in documents.items()
    }
    assert any(found for name, found in constant.items() if is_free(name))
    for name, found in constant.items():
        assert table.loc[name, "zero_network"] == sum(c["dimension"] == 0 for c in found)
        if is_free(name):
            assert table.loc[name, "zero_network"] == 0
    living = table["isolated"].sum() - table["zero_network"].sum()
    assert f"of {living} isolated ones with a living unit" in (finished / "summary.md").read_text()


def test_models_are_told_apart_in_summaries_and_figures(finished):
    summary = pd.read_csv(finished / "summary.csv")
    line = summary[summary["d"] == 1]
    assert line.groupby("hidden_bias")["instances"].sum().to_dict() == {"free": 4, "ridge": 4}
    drawn = {path.stem: path.read_text() for path in (finished / "figures").glob("*.svg")}
    assert drawn.keys() == SWEEP_FIGURES.keys()
    assert "free" in drawn["minima_by_ridge"]


def test_the_engine_is_the_same_and_only_the_estimate_goes_by_the_columns():
    line, plane = batches(configuration(LINE | {"hidden_bias": "free"}, PLANE)).values()
    assert line.widths == (1, 2)
    assert {line.spec["engine"], plane.spec["engine"]} == {"certified"}
    assert [paced(batch.spec, "check") for batch in (line, plane)] == ["check", "creases"]
    assert minutes("creases", expected_sweep(plane.spec, [3])) > minutes("check", 10)


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"engine": ["certified", "groebner"]}, {}, "engine: groebner with hidden_bias: free"),
        ({"output_bias": ["free", "none"]}, {}, "output_bias: none with hidden_bias: free"),
        ({}, {"basins": True}, "basins: true with hidden_bias: free; expected false"),
        ({}, {"stability": True}, "stability: true with hidden_bias: free; expected false"),
    ],
)
def test_what_no_sweep_has_is_refused_in_one_line(changes, settings, message):
    with pytest.raises(InputError) as caught:
        batches(configuration(LINE | changes, **settings))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_astronomical_batch_is_refused_by_the_limit_of_its_engine():
    (batch,) = batches(configuration(LINE | {"n": 30, "width": 9, "hidden_bias": "free"})).values()
    with pytest.raises(TooManySupportsError, match="sets of places for the kinks"):
        refuse_large(batch.spec, 9)


def test_an_undecided_instance_is_a_row_and_an_error(tmp_path, monkeypatch):
    def nobody(*_):
        raise BackendError("nobody", "not solved within 0 s")

    cross = {"x": [["0", "0"], ["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]]}
    cross["y"] = ["1", "0", "0", "-1", "1"]
    monkeypatch.setattr("reluenum.engines.creases.essential.claimed_root", nobody)
    entry = {"data": cross, "width": 1, "ridge": "1/4", "output_bias": "free"}
    (batch,) = batches(configuration(entry | {"hidden_bias": "free"})).values()
    files = examined(tmp_path / "one", batch, 1)
    (row,) = pd.read_parquet(files["instances"]).to_dict("records")
    assert (row["undecided"] > 0, row["complete"]) == (True, False)
    with pytest.raises(IncompleteRunError, match=r"^supports stayed undecided in data-L1"):
        sweep_decided.main(files["instances"], {}, tmp_path / "decided.txt")
    check.main([files["documents"]], tmp_path / "checked.txt")
    assert "not complete, so nothing was checked" in (tmp_path / "checked.txt").read_text()


@pytest.mark.seconds(60)
@pytest.mark.slow
def test_the_workflow_sweeps_and_a_further_width_leaves_the_others_as_they_are(tmp_path):
    free = LINE | {"hidden_bias": "free", "width": 2}
    folder = Folder(tmp_path / "run", configuration(free, PLANE))
    counted = jobs(folder.succeed())
    assert (counted["examine"], counted["check"]) == (2, 2)
    before = folder.files("free/batches/**/documents.zip")
    folder.configure(configuration(free | {"width": [2, 3]}, PLANE))
    assert jobs(folder.succeed("results/free/instances.parquet"))["examine"] == 1
    assert before.items() <= folder.files("free/batches/**/documents.zip").items()
