"""A sweep over hidden layers: its documents, tables recomputed from them, undecided instances."""

import csv
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.errors import IncompleteRunError
from reluenum.experiments.instances import SWEEP_FIGURES, batches
from reluenum.experiments.sweep import examine_batch
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits
from scripts import sweep_decided
from tests.support.workflow import Folder, jobs

pytestmark = pytest.mark.seconds(10)

ENTRY = {
    "family": "random",
    "n": 3,
    "seed": [0, 1],
    "width": 1,
    "hidden": [[1, 1]],
    "ridge": "1/10",
    "loss": "sum",
    "output_bias": "none",
}

CONFIG = {
    "experiment": "deep",
    "datasets": [ENTRY, ENTRY | {"name": "covered", "seed": 0, "engine": "certified"}],
    "sweep": {"data_sets_per_job": 20},
    "figures": {"formats": ["svg"]},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a finished sweep."""
    folder = Folder(tmp_path_factory.mktemp("sweep"), CONFIG)
    assert jobs(folder.succeed())["examine"] == 2 * 2  # batches, networks
    return folder.path / "results/deep"


@pytest.fixture(scope="module")
def documents(finished):
    """Return every document from the archives of the batches, by name."""
    found = {}
    for path in finished.rglob("documents.zip"):
        with zipfile.ZipFile(path) as archive:
            found |= {Path(n).parent.name: json.loads(archive.read(n)) for n in archive.namelist()}
    return found


def hidden_of(document):
    problem = document["problem"]
    return problem.get("hidden") or [problem["width"]]


def living(component):
    """The number of distinct living units of a layer, by layer."""
    layers = component.get("layers") or [component["strata"][0]["support"]]
    return [len(layer) for layer in layers]


def test_a_document_is_that_of_the_single_problem(finished, documents):
    assert sorted(hidden_of(d) for d in documents.values()) == [[1]] * 3 + [[1, 1]] * 3
    for name, document in documents.items():
        folder = finished / name
        assert json.loads((folder / "minima.json").read_text()) == document
        rows = list(csv.DictReader((folder / "data.csv").read_text().splitlines()))
        problem = Problem.from_text(
            [[row["x"]] for row in rows], [row["y"] for row in rows], hidden_of(document), "1/10"
        )
        engine = "certified" if name.startswith("covered") else "groebner"
        assert enumerate_minima(problem, engine=engine).document == document


def test_tables_say_what_the_documents_say(finished, documents):
    table = pd.read_parquet(finished / "instances.parquet").set_index("instance")
    parts = pd.read_parquet(finished / "components.parquet").set_index("instance")
    times = pd.read_parquet(finished / "times.parquet").set_index("instance")
    assert sorted(table.index) == sorted(times.index) == sorted(documents)
    for name, document in documents.items():
        found, counts = document["components"], document["enumeration"]
        isolated = [component for component in found if component["dimension"] == 0]
        examined = counts["strata_examined" if "layers" in found[0] else "supports_examined"]
        expected = {
            "hidden": ",".join(map(str, hidden_of(document))),
            "components": len(found),
            "isolated": len(isolated),
            "isolated_on_boundary": sum(component["on_boundary"] for component in isolated),
            "zero_network": sum(not any(living(c)) for c in found),
            "constant_networks": sum(any(living(c)) and not living(c)[0] for c in found),
            "global_at_width": sum(component["global_at_width"] for component in found),
            "best_loss": found[0]["loss"],
            "undecided": counts["undecided"],
            "supports_examined": examined,
        }
        assert table.loc[name, list(expected)].to_dict() == expected
        rows = parts.loc[[name]]
        assert list(rows["loss"]) == [component["loss"] for component in found]
        assert list(rows["size"]) == [sum(living(component)) for component in found]
        assert rows["support"].str.contains("+", regex=False).any()
        assert times.loc[name, "supports"] == examined
        assert times.loc[name, "seconds"] > 0
    assert table["width"].isna().sum() == table["global_at_every_width"].isna().sum() == 3
    summary = pd.read_csv(finished / "summary.csv")
    totals = table.groupby("hidden")["components"].sum()
    assert summary.groupby("hidden")["components"].sum().to_dict() == totals.to_dict()
    assert "supports and strata" in (finished / "summary.md").read_text()


def test_figures_tell_networks_apart_and_certificates_are_checked(finished, documents):
    for name in SWEEP_FIGURES:
        told = (finished / f"figures/{name}.svg").read_text()
        assert ("L1,1" in told) == (name in {"minima_by_ridge", "boundary_share", "gaps", "cost"})
    reports = [line for p in finished.rglob("checked.txt") for line in p.read_text().splitlines()]
    assert sum(": proved: " in line for line in reports) == len(reports) == 2
    assert (finished / "decided.txt").read_text().endswith("supports and strata decided\n")


def test_an_undecided_instance_is_a_row_and_an_error(tmp_path):
    # No engine finishes within a microsecond.
    (batch,) = batches(CONFIG | {"datasets": [ENTRY | {"seed": 0}]}).values()
    (name,) = batch.instances([1, 1])
    files = {part: tmp_path / part for part in ("instances", "components", "times")}
    files |= {part: tmp_path / f"{part}.zip" for part in ("documents", "records")}
    examine_batch(batch.spec, [1, 1], [], Settings("sympy", Limits(1e-6)), True, False, files)
    (row,) = pd.read_parquet(files["instances"]).to_dict("records")
    assert row["undecided"] > 0
    assert not row["complete"]
    with pytest.raises(IncompleteRunError, match=rf"^strata stayed undecided in {name} \("):
        sweep_decided.main(files["instances"], {}, tmp_path / "decided.txt")
    assert not (tmp_path / "decided.txt").exists()
