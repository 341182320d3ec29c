"""Sweeps: what the tables say is recomputed from the documents; what is known is never redone."""

import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import yaml

from reluenum.datasets.families import random_data
from reluenum.documents.archive import members_of, read_archive, write_archive
from reluenum.errors import IncompleteRunError, InputError, TooManySupportsError
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import batches, paths
from reluenum.experiments.rows import component_rows
from reluenum.experiments.sweep import checked, document_members, examine_size, refuse_large, unfold
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.limits import Limits
from reluenum.views.sweep_tables import COMPONENTS, INSTANCES, dimensions, frame, sweep_summary
from reluenum.views.sweeps import sweep_latex, sweep_markdown
from tests.support.sweeps import row

ROOT = Path(__file__).parents[2]

ENTRY = {"family": "random", "n": 3, "seed": [0, 1, 2], "width": [1, 2], "ridge": ["1/100", "1"]}


def configuration(*entries, **settings):
    config = {"experiment": "trial", "datasets": [dict(e) for e in entries], "sweep": settings}
    complete_config(config, ROOT / "config/schemas/config.schema.yaml")
    return config


def names(config):
    """Every instance of a sweep, batch by batch."""
    return [
        name
        for batch in batches(config).values()
        for width in batch.widths
        for name in batch.instances(width)
    ]


# Which instances there are


def test_a_sweep_is_the_product_of_its_lists():
    found = names(configuration(ENTRY))
    assert len(found) == len(set(found)) == 3 * 2 * 2
    assert "random-n3-d1-L2-ridge1_100-seed1" in found


def test_ranges_families_and_engines_are_lists_too():
    entry = ENTRY | {
        "family": ["random", "teacher"],
        "n": {"from": 3, "to": 5},
        "ridge": {"from": "1/100", "to": "1", "points": 3},
        "engine": ["groebner", "certified"],
    }
    found = names(configuration(entry))
    assert len(found) == 2 * 3 * 3 * 3 * 2 * 2
    assert "teacher-n5-d1-L1-ridge1_10-seed2-groebner" in found


def test_batches_are_those_of_before_when_a_ridge_a_width_or_an_n_is_added():
    before = batches(configuration(ENTRY, data_sets_per_job=2))
    for change in (
        {"ridge": ["1/100", "1/7", "1"]},
        {"width": [1, 2, 3]},
        {"n": [3, 4]},
        {"seed": [0, 1, 2, 5]},
        {"loss": ["sum", "mean"]},
    ):
        after = batches(configuration(ENTRY | change, data_sets_per_job=2))
        assert {key: batch.spec for key, batch in before.items()}.items() <= {
            key: batch.spec for key, batch in after.items()
        }.items()


def test_files_may_be_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b", "a"):
        Path(f"{name}.csv").write_text("x,y\n0,1\n1,0\n")
    entry = {"csv": "*.csv", "width": 1, "ridge": "1"}
    assert names(configuration(entry)) == ["a-L1-ridge1", "b-L1-ridge1"]
    assert names(configuration(entry | {"csv": ["b.csv"]})) == ["b-L1-ridge1"]
    with pytest.raises(InputError, match=r"no file matches 'c\*.csv'"):
        names(configuration(entry | {"csv": "c*.csv"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": {"from": 5, "to": 3}}, r"datasets\[0\].n: from 5 to 3; expected a range"),
        ({"n": {"from": 1, "to": 10**9}}, "n: from 1 to 1000000000; expected a range"),
        ({"ridge": {"from": "1", "to": "1/2", "points": 3}}, "ridge: '1:1/2'; expected"),
        ({"ridge": {"from": "1", "to": "2"}}, "ridge: no key 'points'"),
        ({"ridge": {"from": "x", "to": "2", "points": 3}}, "ridge: 'x' is not a finite"),
        ({"n": {"from": 3, "too": 4}}, "n: unknown key 'too'"),
        ({"engine": "magic"}, "engine: 'magic'; expected one of"),
        ({"ridge": ["1/100", "0.01"]}, r"a second instance random-n3-d1-L\*-ridge1_100-seed0"),
    ],
)
def test_a_mistake_is_named_with_its_place(change, message):
    with pytest.raises(InputError, match=message):
        batches(configuration(ENTRY | change))


def test_the_sweeps_of_the_project_have_the_sizes_that_they_announce():
    sizes = {"sweep_small": 900, "sweep_paper": 8320, "sweep_cluster": 100_000}
    for name, size in sizes.items():
        config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        complete_config(config, ROOT / "config/schemas/config.schema.yaml")
        found = batches(config)
        assert sum(len(b.instances(w)) for b in found.values() for w in b.widths) == size
        assert len(found) <= 1000


@pytest.mark.parametrize("change", [{"width": 3}, {"engine": "groebner"}, {"seed": [2, 9]}])
def test_a_data_set_is_not_swept_twice_in_the_same_way(change):
    """Two batches of the same name would take each other's place."""
    with pytest.raises(InputError, match=r"datasets\[1\]: a second instance random-n3-d1-L\*"):
        batches(configuration(ENTRY, ENTRY | change))


def test_paths_have_the_names_of_their_instances_without_the_ridge():
    entry = {"family": "random", "n": [3, 4], "width": [1, 2], "ridge": ["1", "2"]}
    entry["path"] = {"from": "1/10", "to": "1"}
    found = paths(configuration(entry))
    assert list(found) == [f"random-n{n}-d1-L{w}-seed0" for n in (3, 4) for w in (1, 2)]
    assert found["random-n3-d1-L1-seed0"]["points"] == 41
    with pytest.raises(InputError, match=r"datasets\[0\].path: '1:1/10'; expected an interval"):
        paths(configuration(entry | {"path": {"from": "1", "to": "1/10"}}))


# Archives


def test_equal_members_are_equal_archives_and_damage_is_noticed(tmp_path):
    path, again = tmp_path / "a.zip", tmp_path / "b.zip"
    members = {"one": b"1" * 1000, "two/three": b"\x00\xff" * 500}
    write_archive(path, members)
    write_archive(again, members)
    assert path.read_bytes() == again.read_bytes()
    assert read_archive(path) == members
    assert members_of(path, ["two/three", "one"]) == [members["two/three"], members["one"]]
    with pytest.raises(IncompleteRunError, match="of another batch: three is missing or foreign"):
        members_of(path, ["one", "two/three", "three"])
    content = path.read_bytes()
    for place in range(0, len(content) // 2, 7):
        damaged = bytearray(content)
        damaged[place] ^= 255
        path.write_bytes(damaged)
        with suppress(IncompleteRunError):
            assert read_archive(path) == members
    path.write_bytes(content[:-30])
    with pytest.raises(IncompleteRunError, match="damaged"):
        read_archive(path)


# What is examined


def spec(**changes):
    """The only batch of a small sweep."""
    (batch,) = batches(configuration(ENTRY | {"ridge": "1/100"} | changes)).values()
    return batch.spec


def grown(one, folder, sizes, **settings):
    """Examine a batch size by size, through files, and return the documents of each width."""
    archives, steps = [], []
    for size in range(1, sizes + 1):
        settings = {"settings": DEFAULT_SETTINGS, "certificates": True} | settings
        steps.append(examine_size(one, size, archives, **settings))
        archives.append(folder / f"{size}.zip")
        write_archive(archives[-1], steps[-1].records)
    return steps


def test_records_of_another_batch_are_refused(tmp_path):
    step = examine_size(spec(), 1, [], DEFAULT_SETTINGS, True)
    write_archive(tmp_path / "1.zip", step.records)
    with pytest.raises(IncompleteRunError, match="another problem"):
        examine_size(spec(n=4), 2, [tmp_path / "1.zip"], DEFAULT_SETTINGS, True)
    with pytest.raises(IncompleteRunError, match="of another batch"):
        examine_size(spec(seed=[0, 7]), 2, [tmp_path / "1.zip"], DEFAULT_SETTINGS, True)


def test_an_astronomical_instance_is_refused():
    with pytest.raises(TooManySupportsError, match="supports to solve"):
        refuse_large(spec(n=40), 4)
    refuse_large(spec(n=40, engine="certified"), 3)
    refuse_large(spec(), 2)


def test_certificates_are_kept_if_asked_for_and_checked(tmp_path):
    one = spec(engine="certified", seed=[0, 1])
    for certificates in (True, False):
        *_, last = grown(one, tmp_path, 2, certificates=certificates)
        assert all(("certificate" in d) == certificates for d in last.documents.values())
        if certificates:
            path = tmp_path / "documents.zip"
            write_archive(path, document_members(last.documents))
            reports = dict(checked(path))
            assert reports.keys() == last.documents.keys()
            assert all(text.startswith("proved: ") for text in reports.values())


def test_a_wrong_document_is_not_proved(tmp_path):
    step = examine_size(spec(engine="certified", seed=3), 1, [], DEFAULT_SETTINGS, True)
    (document,) = step.documents.values()
    del document["components"][-1]
    path = tmp_path / "documents.zip"
    write_archive(path, document_members(step.documents))
    with pytest.raises(IncompleteRunError, match="seed3-certified: not proved"):
        dict(checked(path))


def test_every_instance_can_have_its_folder(tmp_path):
    step = examine_size(spec(seed=[0, 1]), 1, [], DEFAULT_SETTINGS, True)
    path = tmp_path / "documents.zip"
    write_archive(path, document_members(step.documents))
    assert unfold(path, tmp_path / "results") == list(step.documents)
    for name, document in step.documents.items():
        folder = tmp_path / "results" / name
        assert {file.name for file in folder.iterdir()} == {"minima.json", "minima.csv", "data.csv"}
        assert json.loads((folder / "minima.json").read_text()) == document
    inputs, targets = random_data(3, seed=0)
    rows = [f"{x},{y}" for (x,), y in zip(inputs, targets, strict=True)]
    folder = tmp_path / "results/random-n3-d1-L1-ridge1_100-seed0"
    assert (folder / "data.csv").read_text().splitlines() == ["x,y", *rows]
    with zipfile.ZipFile(path) as archive:  # any program can unpack them
        assert archive.namelist() == [f"{name}/minima.json" for name in step.documents]


# What the tables say


def test_a_summary_averages_what_a_group_does_not_share():
    rows = [
        row("a"),
        row("b", components=4, spurious=0, relative_gap=0.1, global_at_every_width=0),
        row("c", width=3),
    ]
    two, three = sweep_summary(frame(rows, INSTANCES)).to_dict("records")
    assert (two["instances"], two["components"], two["mean_components"]) == (2, 6, 3)
    assert (two["fewest_components"], two["most_components"]) == (2, 4)
    assert (two["benign"], two["optimal_at_every_width"]) == (0.5, 0.5)
    assert (two["median_gap"], two["largest_gap"]) == (0.3, 0.5)
    assert (three["instances"], three["width"]) == (1, 3)


def test_an_undecided_instance_is_counted_and_left_out_of_every_mean():
    rows = [row("a"), row("b", components=90, spurious=None, complete=False, undecided=3)]
    (group,) = sweep_summary(frame(rows, INSTANCES)).to_dict("records")
    assert (group["instances"], group["undecided"], group["mean_components"]) == (2, 1, 2)
    assert group["benign"] == 0
    components = frame([], COMPONENTS)
    assert "1 instances stayed undecided" in sweep_markdown(frame(rows, INSTANCES), components)
    assert "1 instances stayed undecided" in sweep_latex(frame(rows, INSTANCES))


def test_a_sweep_of_undecided_instances_only_has_its_tables():
    rows = frame([row(complete=False, undecided=1, spurious=None)], INSTANCES)
    (group,) = sweep_summary(rows).to_dict("records")
    assert (group["undecided"], group["components"]) == (1, 0)
    assert pd.isna(group["mean_components"])
    assert "| 1 " in sweep_markdown(rows, frame([], COMPONENTS))


def test_the_zero_network_does_not_count_as_found_on_a_boundary():
    rows = frame([row(isolated=3, isolated_on_boundary=2, zero_network=1)], INSTANCES)
    text = sweep_markdown(rows, frame([], COMPONENTS))
    assert "of 2 isolated ones with a living unit 1 (50.0 %) are on a boundary" in text


def test_components_of_an_undecided_instance_say_so(tmp_path):
    step = examine_size(spec(), 1, [], Settings("sympy", Limits(1e-6, 4000)), True)
    tables = [component_rows(name, document) for name, document in step.documents.items()]
    found = frame([row for rows in tables for row in rows], COMPONENTS)
    incomplete = {name for name, document in step.documents.items() if not document["complete"]}
    assert incomplete
    assert not found["complete"][found["instance"].isin(incomplete)].any()


def test_dimensions_are_counted_by_group():
    rows = frame([row("a"), row("b", n=4)], INSTANCES)
    parts = frame(
        [{"instance": name, "dimension": k} for name, k in [("a", 0), ("a", 1), ("b", 1)]],
        COMPONENTS,
    )
    three, four = dimensions(parts, rows).to_dict("records")
    assert (three["dimension_0"], three["dimension_1"]) == (1, 1)
    assert (four["dimension_0"], four["dimension_1"]) == (0, 1)
