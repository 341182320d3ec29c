"""Networks are found where they are: at listed minima, or above what they lead down to."""

import json
from decimal import Decimal

import numpy as np
import pytest

from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.interop import network_arrays, stacked_arrays
from reluenum.optimisers.studies.locate import locations
from tests.support.oracles import random_problem, reference_problem

PROBLEMS = {
    "reference": reference_problem(2, "1/100"),
    "a plane, free bias": random_problem(33, 4, 2, 2, "1/20", output_bias="free"),
    "mean, ridge bias": random_problem(6, 4, 1, 2, "1/100", output_bias="ridge", loss="mean"),
    "abs": Problem.from_text(
        [["-1"], ["1/2"], ["2"]], ["1", "0", "2"], 2, "1/10", activation="abs"
    ),
    "no hidden bias": Problem.from_text(
        [["1", "0"], ["0", "1"], ["1", "1"]], ["1", "2", "-1"], 2, "1/10", hidden_bias="none"
    ),
    "a linear part": Problem.from_text(
        [["-1"], ["1/2"], ["2"], ["3"]], ["1", "0", "2", "-1"], 2, "1/10", linear="ridge"
    ),
    "weights": Problem.from_text(
        [["-1"], ["1/2"], ["2"]], ["1", "0", "2"], 2, "1/10", weights=["2", "1/3", "1"]
    ),
}


@pytest.fixture(scope="module", params=PROBLEMS)
def landscape(request):
    return enumerate_minima(PROBLEMS[request.param], engine="certified")


def arrays_of(component):
    network = component.network
    return network_arrays(
        network.weights, network.slopes, network.offsets, network.bias, network.linear
    )


def test_a_listed_minimum_is_where_it_is_listed(landscape):
    """Also with its units in another order, and, if phi is even, mirrored."""
    given = [arrays_of(component) for component in landscape]
    side = -1 if landscape.problem.activation.is_even else 1
    turned = [
        network_arrays(a[::-1], side * B[::-1], side * c[::-1], m, beta)
        for a, B, c, m, beta in given
    ]
    found = locations(landscape.document, given + turned)["networks"]
    places = list(range(1, len(landscape) + 1))
    assert [record["component"] for record in found] == places + places
    for record, component in zip(found, [*landscape] * 2, strict=True):
        assert record["kind"] == "minimum"
        assert record["distance"] < 1e-7
        assert float(record["loss"]) == pytest.approx(float(component.loss), rel=1e-12)
        assert record["global_at_width"] == component.global_at_width


def test_the_distance_to_an_isolated_minimum_is_that_of_the_parameters(landscape):
    """And the loss is higher at what is near (|excess| is of second order inside cells)."""
    generator = np.random.default_rng(5)
    for place, component in enumerate(landscape):
        if component.dimension:
            continue
        a, B, c, m, beta = arrays_of(component)
        steps = [1e-3 * generator.standard_normal(part.shape) for part in (a, B, c)]
        steps[2] *= landscape.problem.has_hidden_bias
        moved = network_arrays(a + steps[0], B + steps[1], c + steps[2], m, beta)
        (found,) = locations(landscape.document, [moved])["networks"]
        assert found["component"] == place + 1
        length = np.sqrt(sum((step**2).sum() for step in steps))
        assert found["distance"] == pytest.approx(length, rel=1e-6)
        assert float(found["excess"]) > 0


ONE_POINT = Problem.from_text([["0"]], ["2"], 2, "1/2")
"""f = a_1 relu(c_1) + a_2 relu(c_2): minima have c = |a| and c_1^2 + c_2^2 = 3/2, an arc."""


def test_the_nearest_point_of_an_arc_by_hand():
    """For units (3/5 t, 3/5 t) and (4/5 t, 4/5 t) it has t^2 = 3/2, in the same proportion."""
    landscape = enumerate_minima(ONE_POINT)
    near = landscape.locate(a=[0.6, 0.8], B=[[0], [0]], c=[0.6, 0.8])
    size = 1.5**0.5
    assert near.component == 0
    assert near.nearest["a"] == pytest.approx([0.6 * size, 0.8 * size])
    assert near.distance == pytest.approx(2**0.5 * (size - 1))
    assert near.loss == Decimal(near.record["loss"])
    assert float(near.loss) == pytest.approx((2 - 1) ** 2 + 0.5 * 2)
    assert near.excess == pytest.approx(2 - 1.75)


def test_no_point_of_the_arc_is_nearer():
    generator = np.random.default_rng(2)
    landscape = enumerate_minima(ONE_POINT)
    for _ in range(5):
        a = np.abs(generator.standard_normal(2))
        B, c = 0.3 * generator.standard_normal((2, 1)), a + 0.2 * generator.standard_normal(2)
        near = landscape.locate(a, B, c)
        if near.record["zero_neurons"]:
            continue
        angles = np.linspace(0, np.pi / 2, 2001)
        points = 1.5**0.5 * np.array([np.cos(angles), np.sin(angles)]).T
        squares = ((points - a) ** 2 + (points - c) ** 2).sum(axis=1) + (B**2).sum()
        assert near.distance == pytest.approx(np.sqrt(squares.min()), abs=1e-5)


def test_barriers_come_with_basins():
    landscape = enumerate_minima(reference_problem(2, "1/100"), engine="certified")
    basins = landscape.basins()
    for component, barrier in zip(landscape, basins.components, strict=True):
        found = basins.locate(*arrays_of(component))
        known = None if barrier["barrier"] is None else Decimal(barrier["barrier"])
        assert found.barrier == known
        inside = known is None or barrier["basin"]
        assert found.record["below_barrier"] == inside
        assert "barrier" not in landscape.locate(*arrays_of(component)).record


def test_a_dead_network_is_at_the_saddle_of_the_zero_network():
    landscape = enumerate_minima(ONE_POINT)
    found = landscape.locate(a=[1, 1], B=[[0], [0]], c=[-1, -2])
    assert (found.kind, found.component) == ("saddle", None)
    assert found.record["saddle_kind"] == "dead unit"
    assert found.record["limit_loss"] == "4"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": [1], "B": [[1]]}, "1 units of 1 inputs; expected as the list has: 2, of 1"),
        ({"a": [1, 2], "B": [[1, 2], [1, 2]]}, "2 units of 2 inputs"),
        ({"a": [1, 2], "B": [[1], [2]], "m": 1}, "the output bias 1.0"),
        ({"a": [1, float("nan")], "B": [[1], [2]]}, "not finite"),
        ({"a": [1, "x"], "B": [[1], [2]]}, "a: .* expected an array of numbers"),
        ({"a": np.array([1, 1j]), "B": [[1], [2]]}, "a: .* expected an array of numbers"),
        ({"a": [1, 10**400], "B": [[1], [2]]}, "a: .* expected an array of numbers"),
        ({"a": [[1, 2]], "B": [[1], [2]]}, "a: 2 axes; expected 1"),
        ({"a": [1, 2], "B": [[1], [2]], "c": [1]}, "expected one hidden layer"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        enumerate_minima(ONE_POINT).locate(**given)


def test_stacks_of_unequal_widths_are_refused():
    with pytest.raises(InputError, match="lists of equal lengths"):
        stacked_arrays([[1, 1], [1]], [[[1], [1]], [[1]]])


def test_lists_of_every_width_and_of_several_layers_are_refused():
    deep = enumerate_minima(Problem.from_text([["-1"], ["1"]], ["0", "2"], [1, 1], "1/2"))
    with pytest.raises(InputError, match="one hidden layer"):
        deep.locate([1], [[1]])
    every = {**enumerate_minima(ONE_POINT).document}
    every["problem"] = {**every["problem"], "width": "all"}
    with pytest.raises(InputError, match="one of a single width"):
        locations(every, [network_arrays([1], [[1]])])


def test_the_command_reads_json_and_stacks_in_npz(tmp_path, capsys):
    landscape = enumerate_minima(ONE_POINT)
    write_text(tmp_path / "minima.json", to_json(landscape.document))
    (tmp_path / "one.json").write_text(json.dumps({"a": [1, 0], "B": [[0], [0]], "c": [1, 0]}))
    assert main(["locate", str(tmp_path / "minima.json"), str(tmp_path / "one.json")]) == 0
    (record,) = json.loads(capsys.readouterr().out)["networks"]
    assert record["loss"] == "2"
    np.savez(tmp_path / "two.npz", a=np.ones((2, 2)), B=np.zeros((2, 2, 1)), c=np.ones((2, 2)))
    output = tmp_path / "locations.json"
    files = [str(tmp_path / "minima.json"), str(tmp_path / "two.npz")]
    assert main(["locate", *files, "--output", str(output)]) == 0
    assert len(json.loads(output.read_text())["networks"]) == 2
    assert main(["locate", *files, "--output", files[1]]) == 2
    assert "is the file with the data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not a complete JSON document"),
        ('{"a": [1]}', "has no B"),
        ('{"a": [1], "B": [[1]], "W": 1}', "has W"),
        ('{"a": [[1, 2]], "B": [[1], [2]]}', "stacks of unequal numbers"),
    ],
)
def test_a_damaged_file_of_a_network_is_one_line(tmp_path, capsys, content, words):
    write_text(tmp_path / "minima.json", to_json(enumerate_minima(ONE_POINT).document))
    (tmp_path / "network.json").write_text(content)
    assert main(["locate", str(tmp_path / "minima.json"), str(tmp_path / "network.json")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
