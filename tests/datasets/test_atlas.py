"""The atlas is what its schema says, and what the solver and the checker say of its problems."""

import random
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from docs.make.atlas_proofs import differences, prove
from docs.make.atlas_tables import BY_BOXES, COMPUTED, HOME, SWEEPS, rounded_out
from reluenum import InputError, atlas, enumerate_minima
from reluenum.datasets.atlas import TABLES, landscape_digest, table_schema

REFERENCE = "reference/reference-L2-ridge1_100"


@pytest.fixture(scope="module")
def found():
    return atlas()


@pytest.mark.parametrize("name", TABLES)
def test_the_files_have_the_schema_with_units_and_meanings(name):
    schema = pq.read_schema(HOME / f"atlas_{name}.parquet")
    assert schema.equals(table_schema(name), check_metadata=True)
    assert all(field.metadata[b"meaning"] for field in schema)
    kinds = {key: column.kind for key, column in TABLES[name].items()}
    numbers = ("whole", "real", "wholes", "reals", "matrix")
    assert all(schema.field(key).metadata[b"unit"] for key in kinds if kinds[key] in numbers)


def test_the_files_are_a_few_megabytes():
    assert sum(path.stat().st_size for path in HOME.glob("atlas_*.parquet")) < 20_000_000


def test_every_instance_has_its_components_in_order(found):
    rows, parts = found.instances, found.components
    assert rows["instance"].is_unique
    assert list(dict.fromkeys(rows["sweep"])) == [s for s in SWEEPS if s in set(rows["sweep"])]
    counted = parts.groupby("instance", sort=False)
    assert list(counted.groups) == list(rows["instance"])
    assert (counted.size().to_numpy() == rows["components"].to_numpy()).all()
    assert (counted["isolated"].sum().to_numpy() == rows["isolated"].to_numpy()).all()
    assert (
        counted["index"].apply(lambda places: list(places) == [*range(1, len(places) + 1)])
    ).all()
    assert counted["loss"].apply(lambda losses: losses.is_monotonic_increasing).all()


def test_every_list_is_complete_and_says_why(found):
    rows = found.instances
    assert rows["complete"].all()
    assert set(rows["completeness"]) <= {"certificate", "theorem E"}
    assert set(rows["checked"].dropna()) == {True}  # null: not checked, and never false


def test_losses_lie_in_their_intervals(found):
    parts = found.components
    assert (parts["loss_low"] <= parts["loss"]).all()
    assert (parts["loss"] <= parts["loss_high"]).all()
    assert (parts["loss_high"] - parts["loss_low"] <= 1e-12 * parts["loss_high"] + 1e-300).all()


def test_a_network_has_the_loss_of_its_row(found):
    """An independent route: the loss of the network in doubles, from the data."""
    rows = found.instances.set_index("instance")
    for part in found.components.sample(200, random_state=0).to_dict("records"):
        row = rows.loc[part["instance"]]
        problem = found.problem(part["instance"])
        x = np.array(problem.inputs, dtype=float)
        y = np.array(problem.targets, dtype=float)
        a, B, c = np.array(part["a"]), np.array([*part["B"]]), np.array(part["c"])
        fitted = np.maximum(x @ B.T + c, 0) @ a
        penalty = row["ridge_decimal"] * (a @ a + (B * B).sum() + c @ c)
        assert ((fitted - y) ** 2).sum() + penalty == pytest.approx(part["loss"], rel=1e-9)


def test_null_means_not_computed(found):
    rows = found.instances.set_index("instance")
    parts = found.components.join(rows[["basins_state", "radii_state"]], on="instance")
    for state, columns in (
        ("basins_state", ["basin", "depth", "barrier", "joins", "way_out"]),
        ("radii_state", ["radius_at_most"]),
    ):
        computed = parts[state] == COMPUTED
        assert parts.loc[computed, columns].notna().all(axis=None)
        assert parts.loc[~computed, columns].isna().all(axis=None)
        assert rows[state].notna().all()
    boxes = rows[rows["engine"] == "branch"]
    assert set(boxes["basins_state"]) <= {BY_BOXES}
    assert (rows["basins"].isna() == (rows["basins_state"] != COMPUTED)).all()


def test_basins_fit_the_flags(found):
    parts = found.components[found.components["basin"].notna()]
    lowest = parts["global_at_width"].astype(bool) & parts["basin"].astype(bool)
    assert (np.isinf(parts["depth"]) == (parts["joins"] == 0)).all()
    assert np.isinf(parts.loc[lowest, "depth"]).all()
    assert (parts.loc[~parts["basin"].astype(bool), "depth"] == 0).all()
    finite = parts[np.isfinite(parts["depth"])]
    assert np.allclose(finite["barrier"] - finite["loss"], finite["depth"], rtol=1e-6, atol=1e-12)


def test_radii_are_bounds_on_both_sides(found):
    parts = found.components[found.components["radius"].notna()]
    assert (parts["radius"] <= parts["radius_at_most"]).all()
    assert (parts["radius"] >= 0).all()


def test_ten_random_rows_are_what_is_enumerated_now(found):
    rows = found.instances
    small = sorted(rows[rows["supports_examined"] < 2000]["instance"])
    names = random.Random(7).sample(small, 10)
    for name, proof, wrong in prove(found, names):
        assert wrong == [], name
        assert proof.startswith(("proved: ", "theorem E"))


def test_a_cell_that_is_not_so_is_found(found):
    document = enumerate_minima(found.problem(REFERENCE)).document
    assert differences(found, REFERENCE, document) == []
    document["components"][2]["loss"] = "2"
    assert differences(found, REFERENCE, document) == ["sha256", "loss of component 3"]
    del document["components"][5]
    assert differences(found, REFERENCE, document)[-1] == "6 components, not 5"


def test_the_digest_does_not_depend_on_software_or_the_certificate(found):
    problem = found.problem(REFERENCE)
    document = enumerate_minima(problem, engine="certified").document
    bare = {key: value for key, value in document.items() if key not in ("software", "certificate")}
    assert landscape_digest(document) == landscape_digest(bare)
    assert landscape_digest({**bare, "complete": False}) != landscape_digest(bare)
    assert re.fullmatch("[0-9a-f]{64}", landscape_digest(document))


def test_an_instance_that_is_not_there_is_named(found):
    with pytest.raises(InputError, match="instance: 'nobody'; expected one of"):
        found.problem("nobody")
    assert found.of("nobody").empty


def test_a_folder_without_the_files_or_with_others_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"atlas_instances\.parquet: .*expected a file of the atlas"
    ):
        atlas(tmp_path)
    for name in TABLES:
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / f"atlas_{name}.parquet")
    with pytest.raises(InputError, match="other columns; expected those of the atlas"):
        atlas(tmp_path)
    (tmp_path / "atlas_instances.parquet").write_text("no table")
    with pytest.raises(InputError, match="expected a file of the atlas"):
        atlas(tmp_path)


def test_the_atlas_says_how_large_it_is(found):
    sizes = (f"{len(table):,}" for table in (found.instances, found.components))
    assert repr(found) == "Atlas: {} landscapes, {} components".format(*sizes)


@pytest.mark.parametrize("number", ["1/3", "-1/3", "1/10", "7", "123456789/1000000007"])
def test_bounds_are_rounded_to_the_side_on_which_they_stay_true(number):
    from fractions import Fraction

    low, high = rounded_out(number, False), rounded_out(number, True)
    assert Fraction(low) <= Fraction(number) <= Fraction(high)
    assert high in (low, np.nextafter(low, np.inf))
