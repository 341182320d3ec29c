"""Activations with other slopes: what is read and refused, what problems and networks are."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.optimize import check_grad

from reluenum import Problem, enumerate_minima
from reluenum.activation import RELU, Activation
from reluenum.cli import main
from reluenum.engines.choice import engine_for, fastest
from reluenum.engines.cones.route import DirectionEngine
from reluenum.errors import InputError
from reluenum.landscape.evaluation import Network
from reluenum.optimisers.networks import Objective
from reluenum.paths.stability.radii import stability

pytestmark = pytest.mark.seconds(20)

DATA = [["-1"], ["0"], ["2"]], ["1", "0", "1"]


def posed(activation, width=1, **conventions):
    return Problem.from_text(*DATA, width, "1/10", activation=activation, **conventions)


@pytest.mark.parametrize(
    ("text", "canonical", "slopes"),
    [
        ("relu", "relu", (0, 1)),
        ("leaky:0", "relu", (0, 1)),
        ("slopes:0,1", "relu", (0, 1)),
        ("abs", "abs", (-1, 1)),
        ("leaky:-1", "abs", (-1, 1)),
        ("slopes:-1,1.0", "abs", (-1, 1)),
        ("leaky:0.1", "leaky:1/10", (Fraction(1, 10), 1)),
        ("slopes:1e-1,1", "leaky:1/10", (Fraction(1, 10), 1)),
        ("slopes:0,-1", "slopes:0,-1", (0, -1)),
        ("slopes:2/6, 2", "slopes:1/3,2", (Fraction(1, 3), 2)),
    ],
)
def test_each_activation_has_one_text(text, canonical, slopes):
    found = Activation.of(text)
    assert (found.text, found.slopes) == (canonical, slopes)
    assert Activation.of(canonical) == found == Activation.of(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leaky:1", "activation: slopes that are both 1; expected two different ones"),
        ("slopes:0,0", "activation: slopes that are both 0"),
        ("slopes:1/2,0.5", "activation: slopes that are both 1/2"),
        ("ReLU", "activation: 'ReLU'; expected relu, abs, leaky:A"),
        ("leaky", "activation: 'leaky'"),
        ("leaky:", "activation: 'leaky:': '' is not a finite decimal"),
        ("leaky:x", "activation: 'leaky:x': 'x' is not a finite decimal"),
        ("leaky:nan", "activation: 'leaky:nan'"),
        ("leaky:1/0", "activation: 'leaky:1/0': '1/0' divides by zero"),
        ("abs:1", "activation: 'abs:1'"),
        ("slopes:1", "activation: 'slopes:1'"),
        ("slopes:1,2,3", "activation: 'slopes:1,2,3'"),
        ("slopes:1e9,1", "activation: slopes 1000000000, 1; expected slopes of at most 7 digits"),
        ("gelu", "activation: 'gelu'"),
        ("", "activation: ''"),
        (0.1, "activation: 0.1"),
        (None, "activation: None"),
        (("0", "1"), "activation: "),
    ],
)
def test_what_is_none_is_refused_in_one_line(text, said):
    with pytest.raises(InputError) as found:
        posed(text)
    assert str(found.value).startswith(said)
    assert "\n" not in str(found.value)


def test_values_are_those_of_the_slopes_also_of_balls_around_0():
    phi = Activation.of("slopes:-1/2,3")
    heights = np.array([-2.0, 0.0, 2.0])
    assert phi.values(heights).tolist() == [1, 0, 6]
    assert phi.derivatives(heights).tolist() == [-0.5, -0.5, 3]
    assert [phi.at(fmpq(h)) for h in (-2, 0, 2)] == [1, 0, 6]
    around = phi.at(arb(0, 1))
    assert around.contains(3)
    assert around.contains(fmpq(1, 2))
    assert RELU.at(arb(0, 1)).contains(1)


def test_problems_with_relu_have_the_document_that_they_had():
    plain = Problem.from_text(*DATA, 1, "1/10")
    assert posed("slopes:0,1") == plain == posed(RELU)
    assert "activation" not in plain.to_document()
    assert "activation" not in repr(plain)


def test_the_others_say_so_and_are_read_back():
    problem = posed("leaky:0.1")
    assert problem.to_document()["activation"] == "leaky:1/10"
    assert "activation=leaky:1/10" in repr(problem)
    assert problem != posed("relu")
    assert problem.digest != posed("abs").digest
    assert Problem.from_document(json.loads(json.dumps(problem.to_document()))) == problem
    assert problem.with_width(3).activation == problem.activation
    X, y = np.array([[-1.0], [0], [2]]), np.array([1.0, 0, 1])
    assert Problem.from_arrays(X, y, 1, "1/10", activation="leaky:0.1") == problem


def test_several_hidden_layers_have_relu():
    text = "activation: abs with 2 hidden layers; expected relu with more than one hidden layer"
    with pytest.raises(InputError, match=text):
        Problem.from_text(*DATA, [2, 1], "1", activation="abs")
    assert Problem.from_text(*DATA, [2, 1], "1", activation="slopes:0,1").activation is not None


def test_boxes_are_for_relu():
    problem = posed("abs")
    with pytest.raises(InputError, match="activation: abs; expected relu for the engine branch"):
        enumerate_minima(problem, engine="branch")
    with pytest.raises(InputError, match="activation: abs"):
        DirectionEngine().landscape(problem)
    many = [[str(x)] for x in range(99)], list("012") * 33
    assert fastest(Problem.from_text(*many, 2, "1/2")).engine == "branch"
    found = fastest(Problem.from_text(*many, 2, "1/2", activation="leaky:1/10"))
    assert found == ("certified", "boxes are for relu, not leaky:1/10")
    assert type(engine_for(problem, "auto")).__name__ == "CertifiedEngine"


@pytest.mark.parametrize("activation", ["leaky:1/10", "leaky:-1/2", "abs", "slopes:0,-1"])
def test_minima_persist_within_the_radius_of_stability(activation):
    """Targets moved by less than the radius have a minimum on the same faces."""
    problem = posed(activation)
    document = enumerate_minima(problem, engine="certified").document
    records = stability(document)["components"]
    assert len(records) == len(document["components"])
    generator = np.random.default_rng(1)
    for component, record in zip(document["components"], records, strict=True):
        radius = float(record["radius"] or 0)
        assert radius > 0
        step = generator.standard_normal(problem.size)
        step *= 0.99 * radius / np.linalg.norm(step)
        moved = [str(float(y) + d) for y, d in zip(problem.targets, step, strict=True)]
        other = Problem.from_text(DATA[0], moved, 1, "1/10", activation=activation)
        found = enumerate_minima(other, engine="certified").document["components"]
        wanted = [(g["face"], g["sign"]) for g in component["strata"][0]["support"]]
        supports = [[(g["face"], g["sign"]) for g in c["strata"][0]["support"]] for c in found]
        assert wanted in supports


def test_networks_are_evaluated_with_their_activation():
    network = Network.of(posed("leaky:1/4"), ["2"], [["1", "-1"]], "0")
    assert network.predict([-3, 1, 3]).tolist() == [-2, 0, 4]


@pytest.mark.parametrize("activation", ["leaky:1/10", "abs", "slopes:-1,0", "slopes:1/3,-2"])
def test_gradients_are_those_of_the_loss(activation):
    objective = Objective(posed(activation, 2, output_bias="ridge"))
    for row in objective.draw(4, np.random.default_rng(1)):
        wrong = check_grad(
            lambda t: objective.evaluate(t[None])[0][0],
            lambda t: objective.evaluate(t[None])[1][0],
            row,
        )
        assert wrong < 1e-4 * (1 + np.abs(objective.evaluate(row[None])[1]).max())


# The command line.


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,y\n-1,1\n0,0\n2,1\n")
    return str(path)


def test_documents_of_the_command_line_are_those_of_python(data, tmp_path):
    output = tmp_path / "minima.json"
    options = ["--width", "1", "--ridge", "1/10", "--engine", "certified", "--output", str(output)]
    for text, canonical in (("leaky:0.1", "leaky:1/10"), ("abs", "abs")):
        assert main(["minima", data, *options, "--activation", text]) == 0
        document = json.loads(output.read_text())
        assert document["problem"]["activation"] == canonical
        assert document == enumerate_minima(posed(text), engine="certified").document
        assert main(["verify", str(output), data]) == 0


def test_slopes_of_relu_give_the_bytes_of_relu(data, tmp_path):
    files = [tmp_path / name for name in ("plain.json", "named.json")]
    common = ["minima", data, "--width", "2", "--ridge", "1/10", "--engine", "certified"]
    for file, more in zip(files, ([], ["--activation", "slopes:0,1"]), strict=True):
        assert main([*common, *more, "--output", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--width", "1", "--activation", "sine"], "--activation: 'sine'; expected relu, abs"),
        (["--width", "1", "--activation", "leaky:1"], "--activation: slopes that are both 1"),
        (["--hidden", "2,1", "--activation", "abs"], "activation: abs with 2 hidden layers"),
        (
            ["--width", "1", "--engine", "branch", "--activation", "abs"],
            "activation: abs; expected relu for the engine branch",
        ),
    ],
)
def test_the_command_line_refuses_in_one_line(data, more, text, capsys):
    assert main(["minima", data, "--ridge", "1/10", *more]) == 2
    said = capsys.readouterr().err
    assert text in said
    assert said.count("\n") == 1


def test_auto_chooses_the_certified_engine(data, tmp_path, capsys):
    output = str(tmp_path / "minima.json")
    options = ["--width", "1", "--ridge", "1/10", "--engine", "auto", "--activation", "abs"]
    assert main(["minima", data, *options, "--output", output]) == 0
    assert "--engine certified: boxes are for relu, not abs" in capsys.readouterr().err
