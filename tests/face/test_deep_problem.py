"""Problems of networks with several hidden layers: their record, and who refuses them."""

import pickle
from dataclasses import replace

import pytest

from reluenum import InputError, Problem

DATA = {"inputs": [["-1"], ["0"], ["1"]], "targets": ["2", "0", "1"], "ridge": "1/10"}


def problem(width, **changes):
    return Problem.from_text(**DATA | {"width": width} | changes)


@pytest.mark.parametrize("width", [[2, 1], (1, 1), [1, 1, 1], range(1, 3)])
def test_widths_of_several_layers_survive_their_record(width):
    found = problem(width)
    record = found.to_document()
    assert found.hidden == tuple(width)
    assert record["hidden"] == list(width)
    assert "width" not in record
    assert Problem.from_document(record) == found == pickle.loads(pickle.dumps(found))
    assert replace(found, ridge=found.ridge) == found


@pytest.mark.parametrize("width", [[3], (3,), range(3, 4)])
def test_one_layer_in_a_list_is_the_problem_of_its_width(width):
    found, plain = problem(width), problem(3)
    assert found == plain
    assert found.digest == plain.digest
    assert repr(found) == repr(plain)
    assert found.to_document() == plain.to_document()
    assert "hidden" not in plain.to_document()
    assert Problem.from_document({**plain.to_document(), "hidden": [3]}) == plain


def test_order_of_the_layers_is_part_of_the_problem():
    assert len({problem(width).digest for width in ([1, 2], [2, 1], [1, 1, 1], 1, 2)}) == 5


def test_another_width_belongs_to_one_hidden_layer():
    assert problem([2]).with_width(3) == problem(3)
    with pytest.raises(InputError, match="hidden layers of widths 2, 1; expected one hidden layer"):
        problem([2, 1]).with_width(3)


def test_a_list_of_widths_replaces_all_layers():
    assert replace(problem([2, 1]), width=[1, 3]) == problem([1, 3])
    assert replace(problem([2, 1]), width=[4]) == problem(4)


@pytest.mark.parametrize(
    ("width", "message"),
    [
        ([], "width: an empty list; expected a whole number >= 1, or a list of them"),
        ([0, 1], "width[0]: 0; expected a whole number >= 1"),
        ([2, 1.0], "width[1]: 1.0; expected a whole number >= 1"),
        ([2, "1"], "width[1]: '1'; expected a whole number >= 1"),
        ([True, 1], "width[0]: True; expected a whole number >= 1"),
        ([[2, 1]], "width[0]: [2, 1]; expected a whole number >= 1"),
        ("2,1", "width: '2,1'; expected a whole number >= 1"),
    ],
)
def test_what_is_no_list_of_widths_is_refused_by_its_place(width, message):
    with pytest.raises(InputError) as caught:
        problem(width)
    assert str(caught.value) == message


@pytest.mark.parametrize("bias", ["free", "ridge"])
def test_output_bias_needs_one_hidden_layer(bias):
    with pytest.raises(InputError, match=f"{bias} with 2 hidden layers; expected none"):
        problem([1, 1], output_bias=bias)
    assert problem([1], output_bias=bias).output_bias == bias
