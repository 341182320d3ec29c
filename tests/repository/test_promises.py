"""What docs/promises.md says of 1.x: nothing vanishes, and old documents are still read."""

import json
import re
import shutil
from collections.abc import Mapping

import pytest
import yaml

import reluenum
from reluenum.cli import main
from reluenum.experiments.configuration import complete_config
from reluenum.verify import verify
from tests.support.promises import FROZEN, NEWER, OLD, ROOT, keys_of, lost, promised

pytestmark = pytest.mark.seconds(30)

PAGE = (ROOT / "docs/promises.md").read_text()

FOLDERS = {"0.1.0": OLD, **NEWER}

LISTS = {
    path.stem: path
    for folder in FOLDERS.values()
    for path in sorted((folder / "minima").glob("*.json"))
}

WRITTEN = [
    pytest.param(version, path, id=path.stem)
    for version, folder in FOLDERS.items()
    for path in sorted(folder.rglob("*.json"))
]

PROVED = {
    name: path
    for name, path in LISTS.items()
    if json.loads(path.read_text())["completeness"] in ("certificate", "proved")
}

SLOW = {"boxes", "cones", "fans", "spires"}


def test_nothing_that_was_promised_has_vanished():
    assert lost(json.loads(FROZEN.read_text()), json.loads(json.dumps(promised()))) == []


def test_what_vanishes_would_be_noticed():
    frozen = json.loads(FROZEN.read_text())
    present = json.loads(json.dumps(promised()))
    del present["commands"]["minima"]["--exact"]
    present["commands"]["minima"]["--backend"]["default"] = "flint"
    present["choices"]["--engine"].remove("branch")
    present["exit_codes"]["UNDECIDED"] = 4
    present["names"]["reluenum.Problem"].remove("from_text(ridge)")
    present["configuration"].remove("/solve/seconds=120")
    assert lost(frozen, present) == [
        "/choices/--engine: branch is gone",
        "/commands/minima/--backend/default: was auto, is flint",
        "/commands/minima/--exact is gone",
        "/configuration: /solve/seconds=120 is gone",
        "/exit_codes/UNDECIDED: was 3, is 4",
        "/names/reluenum.Problem: from_text(ridge) is gone",
    ]


def test_exit_codes_are_those_of_the_page():
    said = dict(re.findall(r"\b(\d+) ([a-z]+(?: [a-z]+)?)", re.search(r"exit codes \|.*", PAGE)[0]))
    assert {int(code) for code in said} == set(promised()["exit_codes"].values())


def test_there_is_an_old_document_of_every_format_that_the_page_promises():
    line = re.search(r"\*\*Formats\.\*\*.*", PAGE)[0]
    named = set(re.findall(r"`(?:reluenum)?-([a-z]+)`", line))
    found = set()
    for path in (path for folder in FOLDERS.values() for path in folder.rglob("*.json")):
        document = json.loads(path.read_text())
        found.add(document["format"])
        if isinstance(document.get("certificate"), Mapping):
            found.add(document["certificate"].get("format", document["format"]))
    assert {name.removeprefix("reluenum-") for name in found} == named


@pytest.mark.parametrize(("version", "path"), WRITTEN)
def test_old_documents_were_written_by_the_version_of_their_folder(version, path):
    assert json.loads(path.read_text())["software"]["reluenum"] == version


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PROVED]
)
def test_what_the_old_checker_proved_is_proved(name):
    document = json.loads(PROVED[name].read_text())
    report = verify(PROVED[name])
    assert f"proved: {len(document['components'])} components" in str(report)


@pytest.mark.parametrize("name", LISTS)
def test_old_lists_are_read_with_all_their_views(name):
    document = json.loads(LISTS[name].read_text())
    landscape = reluenum.read_landscape(LISTS[name])
    assert landscape.document == document
    assert len(landscape) == len(document["components"])
    assert len(landscape.frame()) == len(document["components"])


def test_old_trees_are_read():
    path = OLD / "others/basins.json"
    basins = reluenum.read_basins(path)
    assert len(basins.components) == len(json.loads(path.read_text())["components"])
    assert "proved" in str(verify(path))


def test_an_old_certificate_in_a_file_of_its_own_is_proved(tmp_path):
    assert "proved" in str(verify(OLD / "beside/minima.json"))
    shutil.copy(OLD / "beside/minima.json", tmp_path)
    with pytest.raises((reluenum.verify.CertificateError, OSError)):
        verify(tmp_path / "minima.json")


def test_old_paths_are_explored(tmp_path):
    page = tmp_path / "path.html"
    assert main(["explore", str(OLD / "others/path.json"), "--output", str(page), "--quiet"]) == 0
    assert "plotly" in page.read_text()


def test_old_bounds_are_proved():
    assert "proved" in str(verify(OLD / "others/bound.json"))


def test_old_lists_are_what_commands_take(tmp_path, capsys, monkeypatch):
    shutil.copy(LISTS["certified"], tmp_path / "minima.json")
    (tmp_path / "network.json").write_text('{"a": [1, -1], "B": [[1], [2]], "c": [0.5, 0.1]}')
    monkeypatch.chdir(tmp_path)
    assert main(["facts", "minima.json"]) == 0
    assert main(["stability", "minima.json", "--quiet", "--output", "stability.json"]) == 0
    assert main(["locate", "minima.json", "network.json", "--output", "locations.json"]) in (0, 3)
    for name in ("stability", "locations"):
        old = json.loads((OLD / f"others/{name}.json").read_text())
        new = json.loads((tmp_path / f"{name}.json").read_text())
        assert new["version"] == old["version"]
        assert keys_of(old) - keys_of(new) == set()


SAME = {
    "groebner": [],
    "eliminated": ["--formulation", "eliminated"],
    "certified": ["--engine", "certified"],
    "linear_free": ["--engine", "certified", "--linear", "free"],
    "activation_abs": ["--engine", "certified", "--activation", "abs"],
    "deep_groebner": ["--hidden", "1,1"],
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_problem_gives_the_same_list(name, tmp_path):
    old = json.loads(LISTS[name].read_text())
    rows = [f"{x},{y}" for (x,), y in zip(old["problem"]["x"], old["problem"]["y"], strict=True)]
    (data := tmp_path / "data.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    size = [] if "--hidden" in SAME[name] else ["--width", "2"]
    output = tmp_path / "minima.json"
    options = ["--ridge", old["problem"]["ridge"], "--quiet", "--output", str(output)]
    assert main(["minima", str(data), *size, *options, *SAME[name]]) == 0
    new = json.loads(output.read_text())
    assert keys_of(old) - keys_of(new) == set()
    for key in ("format", "version", "problem", "enumeration", "components", "complete"):
        assert new[key] == old[key]


CONFIGURATIONS = yaml.safe_load((OLD / "configurations.yaml").read_text())


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_an_old_configuration_is_taken_with_the_same_defaults(name):
    config = CONFIGURATIONS[name]["given"]
    complete_config(config, ROOT / "config/schemas/config.schema.yaml")
    assert lost(CONFIGURATIONS[name]["completed"], config) == []


def test_a_document_that_is_changed_is_still_refused(tmp_path):
    document = json.loads(LISTS["certified"].read_text())
    document["components"][0]["dimension"] += 1
    (path := tmp_path / "changed.json").write_text(json.dumps(document))
    with pytest.raises(reluenum.verify.CertificateError):
        verify(path)
