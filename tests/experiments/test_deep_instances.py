"""The key `hidden` of a configuration: instances, names, estimates, and what is refused."""

import copy
from pathlib import Path

import pytest

from reluenum.errors import InputError
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.effort import expected_all, expected_batch, expected_sweep, minutes
from reluenum.experiments.instances import batches, instances, paths
from reluenum.experiments.steps import problem_of

SCHEMA = Path(__file__).parents[2] / "config/schemas/config.schema.yaml"

ENTRY = {"family": "reference", "ridge": "1/100"}


def completed(*entries, **more):
    config = copy.deepcopy({"experiment": "trial", "datasets": list(entries), **more})
    complete_config(config, SCHEMA)
    return config


def refusal(read, *entries, **more):
    with pytest.raises(InputError) as caught:
        read(completed(*entries, **more))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("hidden", "widths"),
    [
        ([2, 1], [[2, 1]]),
        ([1, 1], [[1, 1]]),
        ([[1, 1], [2, 1], [1, 1, 1]], [[1, 1], [2, 1], [1, 1, 1]]),
        ([[1, 1], 2], [[1, 1], 2]),
        ([[3]], [3]),
        ([3], [3]),
        (3, [3]),
    ],
)
def test_a_list_is_one_network_and_a_list_of_lists_is_several(hidden, widths):
    found = instances(completed(ENTRY | {"hidden": hidden}))
    assert [instance["width"] for instance in found.values()] == widths
    assert [problem_of(i).hidden for i in found.values()] == [
        tuple(w) if isinstance(w, list) else (w,) for w in widths
    ]


def test_names_tell_layers_apart_and_one_layer_keeps_its_name():
    found = instances(completed(ENTRY | {"hidden": [[2, 1], [21, 1], [2, 11], 3]}))
    assert list(found) == [
        f"reference-L{layers}-ridge1_100" for layers in ("2_1", "21_1", "2_11", "3")
    ]
    assert found["reference-L3-ridge1_100"] == next(
        iter(instances(completed(ENTRY | {"width": 3})).values())
    )


def test_beside_a_width_hidden_units_are_those_of_a_teacher():
    entry = {"family": "teacher", "n": 3, "ridge": "1/10"}
    (one,) = instances(completed(entry | {"width": 2, "hidden": 3})).values()
    assert (one["width"], one["parameters"]["hidden"]) == (2, 3)
    (other,) = instances(completed(entry | {"hidden": [2, 1]})).values()
    assert other["width"] == [2, 1]
    assert "hidden" not in other["parameters"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "datasets[0]: no key 'width'; expected it, or 'hidden' with several layers"),
        ({"hidden": []}, "datasets[0].hidden: []; expected the widths of the hidden layers"),
        ({"hidden": 0}, "datasets[0].hidden: 0; expected the widths"),
        ({"hidden": [2, 0]}, "datasets[0].hidden[1]: 0; expected a whole number >= 1"),
        ({"hidden": [[2, "1"]]}, "datasets[0].hidden[0][1]: '1'; expected a whole number >= 1"),
        ({"hidden": [[2, 1], []]}, "datasets[0].hidden[1]: []; expected a whole number"),
        ({"hidden": "2,1"}, "datasets[0].hidden: '2,1'; expected the widths"),
        ({"hidden": {"from": 1, "to": 2}}, "datasets[0].hidden: a range; expected widths of la"),
        ({"hidden": [[1, 1], [1, 1]]}, "datasets[0]: a second instance reference-L1_1"),
        ({"hidden": [1, 1], "width": 2}, "datasets[0]: 'hidden' beside family reference"),
        ({"hidden": [1, 1], "output_bias": "free"}, "output_bias: free with several hidden"),
    ],
)
def test_an_error_names_its_key_in_one_line(changes, message):
    assert message in refusal(instances, ENTRY | changes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solve": {"formulation": "eliminated"}}, "formulation: eliminated with several hidden"),
        ({"solve": {"all_patterns": True}}, "all_patterns: true with several hidden layers"),
        ({"basins": True}, "basins: true with several hidden layers; expected false"),
    ],
)
def test_settings_that_know_one_hidden_layer_are_refused(settings, message):
    assert message in refusal(instances, ENTRY | {"hidden": [1, 1]}, **settings)
    assert instances(completed(ENTRY | {"hidden": [2]}, **settings))


def test_a_sweep_takes_layers_beside_or_instead_of_widths():
    layers = {"hidden": [[2, 1], [1, 1, 1], [1, 1]]}
    (alone,) = batches(completed(ENTRY | layers, sweep={})).values()
    assert alone.widths == ([1, 1], [1, 1, 1], [2, 1])
    for width in ([2, 1], {"from": 1, "to": 2}):
        (beside,) = batches(completed(ENTRY | layers | {"width": width}, sweep={})).values()
        assert beside.widths == (1, 2, [1, 1], [1, 1, 1], [2, 1])
    assert beside.spec == alone.spec
    assert alone.instances([2, 1]) == ["reference-L2_1-ridge1_100"]
    assert expected_sweep(alone.spec, [[2, 1]]) > expected_sweep(alone.spec, [[1, 1]])


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"hidden": [[1, 1], [1, 1]]}, {}, "datasets[0]: the width [1, 1] twice; expected every"),
        ({"hidden": [[1, 1], 2], "width": 2}, {}, "datasets[0]: the width 2 twice"),
        ({"hidden": [1, 1], "output_bias": "free"}, {}, "output_bias: free with several hidden"),
        ({"hidden": [1, 1]}, {"basins": True}, "basins: true with several hidden layers"),
        (
            {"hidden": [[1, 1], [1, 2, 1]], "engine": ["groebner", "certified"]},
            {},
            "certified with hidden layers of widths 1,2,1; expected groebner, or widths L,1 or",
        ),
    ],
)
def test_a_sweep_refuses_layers_in_one_line(changes, settings, message):
    assert message in refusal(batches, ENTRY | changes, sweep={}, **settings)


def test_paths_are_about_one_hidden_layer():
    deep = ENTRY | {"hidden": [1, 1]}
    path = deep | {"path": {"from": "1/100", "to": "1"}}
    assert "several hidden layers in a path" in refusal(paths, path)
    assert not paths(completed(deep))


def test_larger_networks_are_expected_to_take_longer():
    (small, large, largest) = instances(
        completed(ENTRY | {"hidden": [[1, 1], [2, 1], [2, 1, 1]]})
    ).values()
    counts = [expected_all(instance) for instance in (small, large, largest)]
    assert counts == sorted(set(counts))
    assert expected_batch(small, "11-20") == 10
    assert minutes("layers", counts[1]) > minutes("groebner", counts[1])
