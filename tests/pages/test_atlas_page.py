"""The tables of the atlas are built from results, and its page is made from them."""

import doctest
import re
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from docs.make import atlas as page_maker
from docs.make import atlas_proofs, atlas_tables
from reluenum import atlas
from reluenum.datasets.atlas import TABLES
from reluenum.experiments.instances import batches
from reluenum.experiments.sweep import examine_batch
from reluenum.groebner.backends import DEFAULT_SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/atlas.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """The small sweep, n = 3 and random data only, by the functions of its jobs."""
    home = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        configured = atlas_tables.batches

        def only_small(config):
            found = configured(config)
            return {key: batch for key, batch in found.items() if key[0] == "random-n3-d1"}

        patch.setattr(atlas_tables, "batches", only_small)
        patch.setattr(atlas_tables, "SWEEPS", {"sweep_small": "sweep_small"})
        examined(patch)
        found = list(atlas_tables.gathered(Path("results")))
    return found


def examined(patch):
    """Write the archives of the batches at two ridges; at a third one only size 1."""
    config = page_config()
    asked = {key: b for key, b in batches(config).items() if key[0] == "random-n3-d1"}
    for (data, method, ridge, seeds), batch in asked.items():
        home = Path(f"results/sweep_small/batches/data~{data}/method~{method}/ridge~{ridge}")
        records = []
        for size in batch.widths:
            folder = home / f"seeds~{seeds}/size{size}"
            folder.mkdir(parents=True)
            names = {"records": "zip", "documents": "zip"}
            names |= dict.fromkeys(("instances", "components", "times"), "parquet")
            files = {name: folder / f"{name}.{suffix}" for name, suffix in names.items()}
            examine_batch(batch.spec, size, records, DEFAULT_SETTINGS, False, False, files)
            records.append(files["records"])


def page_config():
    import yaml

    from reluenum.experiments.configuration import complete_config

    config = yaml.safe_load((ROOT / "config/sweep_small.yaml").read_text(encoding="utf-8"))
    complete_config(config, ROOT / "config/schemas/config.schema.yaml")
    return config


def test_a_fresh_run_has_the_rows_of_the_atlas(small_run):
    found = atlas()
    assert len(small_run) == 10 * 5 * 3
    rows = found.instances.set_index("instance")
    for row, parts in small_run:
        held, name = rows.loc[row["instance"]], row["instance"]
        assert (held["components"], held["sha256"]) == (len(parts), row["sha256"])
        assert held["seed"] == row["seed"]
        assert list(found.of(name)["loss"]) == [part["loss"] for part in parts]
        assert row["basins_state"] == row["radii_state"] == atlas_tables.NOT_RUN
        assert row["checked"] is None  # no certificates were kept


def test_equal_landscapes_are_equal_bytes(small_run, tmp_path):
    written = []
    for name, pairs in (("one", small_run), ("other", reversed(small_run))):
        (tmp_path / name).mkdir()
        atlas_tables.write(pairs, tmp_path / name)
        files = [tmp_path / name / f"atlas_{table}.parquet" for table in TABLES]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert len(atlas(tmp_path / "one").instances) == len(small_run)


def test_an_n_without_all_of_its_batches_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(atlas_tables, "SWEEPS", {"sweep_small": "sweep_small"})
    assert list(atlas_tables.gathered(Path("results"))) == []


def test_a_landscape_without_results_stays_as_it_is_and_others_are_replaced(tmp_path):
    shown = ("gallery", "certified")
    old = [p for p in atlas_tables.in_tables(atlas_tables.HOME) if p[0]["sweep"] in shown]
    row, parts = old[3]
    new = {**row, "best_loss": 0.5, "components": 1}, parts[:1]
    atlas_tables.write(atlas_tables.joined(old, [new]), tmp_path)
    before, after = atlas(), atlas(tmp_path)
    kept = before.instances[before.instances["sweep"].isin(shown)]
    assert list(after.instances["instance"]) == list(kept["instance"])
    others = kept[kept["instance"] != row["instance"]]
    made = after.instances[after.instances["instance"] != row["instance"]]
    assert_frame_equal(made.reset_index(drop=True), others.reset_index(drop=True))
    for name in others["instance"]:
        frames = (found.of(name).reset_index(drop=True) for found in (before, after))
        assert_frame_equal(*frames)
    (replaced,) = after.instances[after.instances["instance"] == row["instance"]]["best_loss"]
    assert (replaced, len(after.of(row["instance"]))) == (0.5, 1)


def test_the_page_is_made_from_the_tables(tmp_path):
    assert page_maker.page(atlas()) == PAGE
    for name in page_maker.FIGURES:
        assert f"(images/atlas_{name}.svg)" in PAGE
        committed = ROOT / f"docs/images/atlas_{name}.svg"
        (drawn,) = page_maker.save_figure(
            page_maker.FIGURES[name][0](atlas()), tmp_path / name, ("svg",)
        )
        assert drawn.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def test_the_page_describes_every_column():
    for columns in TABLES.values():
        for key, column in columns.items():
            assert re.search(rf"^\| `{key}` +\| {column.kind} ", PAGE, re.MULTILINE), key


def test_the_example_of_the_page_runs():
    assert doctest.testfile(str(ROOT / "docs/atlas.md"), module_relative=False).failed == 0


def test_to_prove_nothing_is_a_question(capsys):
    assert atlas_proofs.main([]) == 2
    assert "how many, or which instances?" in capsys.readouterr().err


def test_an_instance_is_proved_from_the_command_line(capsys):
    name = "reference/reference-L2-ridge1_100"
    assert atlas_proofs.main([name]) == 0
    assert capsys.readouterr().out == f"{name}: theorem E; as in the atlas\n"


def test_counts_are_those_that_the_page_of_the_sweep_had_before():
    """docs/sweeps.md was made by another run: instances, isolated living minima, mean number."""
    text = (ROOT / "docs/sweeps.md").read_text(encoding="utf-8")
    lines = [re.split(r" *\| *", line) for line in text.splitlines() if re.match(r"\| \d", line)]
    found = atlas()
    points = found.components[found.components["isolated"]]
    living = points[points["faces"].map(len) > 0].groupby("instance").size()
    rows = found.instances[found.instances["sweep"] == "sweep_paper"]
    rows = rows.assign(living=rows["instance"].map(living).fillna(0))
    known = {
        sizes: (len(part), int(part["living"].sum()), f"{part['components'].mean():.1f}")
        for sizes, part in rows.groupby(["n", "width"])
    }
    listed = {(int(cells[1]), int(cells[2])): cells for cells in lines if len(cells) > 12}
    assert len(known) >= 12
    assert known == {
        key: (int(listed[key][3]), int(listed[key][6].replace(",", "")), listed[key][4])
        for key in known
    }
