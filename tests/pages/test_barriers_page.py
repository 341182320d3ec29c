"""What docs/basins.md says of practice is what the committed tables say."""

from itertools import combinations

import pytest

from benchmarks import escapes, passes
from docs.make import barriers
from docs.make.prose import with_section
from reluenum import enumerate_minima


def test_the_section_is_that_of_the_committed_tables():
    page = barriers.PAGE.read_text(encoding="utf-8")
    assert with_section(page, "practice", barriers.section(*barriers.read())) == page


def test_no_string_undercuts_a_barrier_on_a_hundred_pairs_or_more():
    strings, _ = barriers.read()
    pairs = strings.drop_duplicates(["instance", "left", "right"])
    assert len(pairs) >= 100
    assert not strings["undercut"].any()
    assert (strings[["excess", "excess_of_chain"]] >= 0).all(axis=None)
    assert (strings["excess_of_chain"] <= strings["excess"]).all()


def test_a_sentence_that_the_tables_contradict_is_an_error():
    strings, noise = barriers.read()
    strings.loc[0, "undercut"] = True
    with pytest.raises(ValueError, match="no longer true: None of the "):
        barriers.section(strings, noise)


@pytest.mark.parametrize("instance", passes.INSTANCES[:3], ids=lambda i: i.name)
def test_the_strings_are_those_between_today_s_basins(instance):
    strings, _ = barriers.read()
    rows = strings[strings["instance"] == instance.name]
    document = enumerate_minima(instance.problem, engine="certified").basins().document
    basins = [leaf["component"] for leaf in document["leaves"]]
    found = set(rows[["left", "right"]].itertuples(index=False, name=None))
    assert found == set(combinations(basins, 2))
    levels = {merge["loss"] for merge in document["merges"]}
    assert set(rows["barrier"].map(str)) <= levels


def test_a_small_study_of_strings_adds_up(monkeypatch):
    monkeypatch.setattr(passes, "IMAGES", (5,))
    monkeypatch.setattr(passes, "STEPS", 10)
    rows = list(passes.measured(passes.INSTANCES[0]))
    assert len(rows) == 3
    assert not any(row["undercut"] for row in rows)
    assert max(row["excess_of_chain"] - row["excess"] for row in rows) <= 0


def test_walkers_that_left_were_above_the_pass_and_are_in_another_basin():
    rows = list(escapes.walked(escapes.INSTANCES[0], 4, 400))
    assert {(row["basin"], row["coldness"]) for row in rows} == {
        (basin, coldness) for basin in range(3) for coldness in escapes.COLDNESS
    }
    for row in rows:
        assert 0 <= row["over_first_pass"] <= row["left"] <= row["walkers"] == 4
        assert row["steps"] <= 4 * 400
        assert row["left"] == 4 or row["steps"] >= 400


def test_of_two_basins_with_a_pass_each_is_beyond_that_of_the_other():
    """On the reference 0 and 2 join first; 1 joins both."""
    beyond = escapes.Landscape(escapes.INSTANCES[0]).beyond
    assert beyond == {0: {2}, 1: {0, 2}, 2: {0}}
