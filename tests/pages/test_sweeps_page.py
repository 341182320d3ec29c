"""docs/sweeps.md says what is computed: a row is recomputed, and no sentence unchecked."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from docs.make import sweeps
from docs.make.prose import said
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import batch_instances, batches
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import instance_row
from reluenum.experiments.sweep import examine_size
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.views.sweep_tables import INSTANCES, frame
from reluenum.views.sweeps import readable_summary
from tests.support.sweeps import row

ROOT = Path(__file__).parents[2]

PAGE = (ROOT / "docs/sweeps.md").read_text(encoding="utf-8")


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.slow
def test_the_first_row_of_the_page_is_what_is_computed():
    config = yaml.safe_load((ROOT / "config/sweep_paper.yaml").read_text())
    config["datasets"][0] |= {"n": 3, "width": 1}
    complete_config(config, ROOT / "config/schemas/config.schema.yaml")
    rows = []
    for batch in batches(config).values():
        step = examine_size(batch.spec, 1, [], DEFAULT_SETTINGS, False)
        named = {instance_name(i): i for i in batch_instances(batch.spec, 1)}
        rows += [instance_row(named[name], document) for name, document in step.documents.items()]
    (expected,) = readable_summary(pd.concat([frame(rows, INSTANCES), other_width()]))[:1]
    lines = [cells(line) for line in PAGE.splitlines() if line.startswith("|")]
    header = next(line for line in lines if line[:2] == ["n", "L"])
    found = next(line for line in lines if line[:2] == ["3", "1"])
    shown = dict(zip(header, found, strict=True))
    assert {key: expected[key] for key in shown} == shown
    assert shown["instances"] == "260"


def other_width():
    """An instance of another n and width, so that these are columns as on the page."""
    return frame([row(n=4, width=2, data="random")], INSTANCES)


def test_a_boundary_table_leaves_out_the_zero_network_and_what_is_undecided():
    rows = [
        row("a", width=1, isolated=3, isolated_on_boundary=2, zero_network=1),
        row("b", width=1, isolated=1, isolated_on_boundary=1, zero_network=1),
        row("c", width=1, isolated=9, isolated_on_boundary=9, complete=False),
        row("d", width=2, isolated=2, isolated_on_boundary=2),
    ]
    table = sweeps.boundary_table(frame(rows, INSTANCES))
    assert table.loc[1].to_dict() == {
        "isolated": 2, "isolated_on_boundary": 1, "instances": 1, "all_on_boundary": 0,
    }  # fmt: skip
    assert table.loc[2, "all_on_boundary"] == 1


def test_figures_of_the_page_are_there():
    for name in sweeps.SHOWN:
        assert (ROOT / f"docs/images/sweep_{name}.svg").stat().st_size < 500_000


def test_a_sentence_that_is_not_so_stops_the_page():
    with pytest.raises(ValueError, match="no longer true: three is even"):
        said("three is even", 3 % 2 == 0)
