"""Every row of docs/weight_decay.md, by its formula and by a step of the library itself.

The objective of this package is taken from `Network.loss_on`, whose value on the data is the exact
loss of a listed component (tests/face/test_api.py).
"""

import doctest
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.landscape.evaluation import Network
from reluenum.problem import OutputBias

WEIGHT_DECAY = Path(__file__).parents[2] / "docs/weight_decay.md"

PAGE = WEIGHT_DECAY.read_text()

TRANSLATED, REFUSED = (
    [
        [cell.strip() for cell in row.strip("|").split(" | ")]
        for row in re.findall(r"^\|.*\|$", part, re.MULTILINE)[2:]
    ]
    for part in (
        PAGE[PAGE.index("## What translates") : PAGE.index("## What does not")],
        PAGE[PAGE.index("## What does not") :],
    )
)

N, BATCH, DECAY, RATE = 4, 2, 0.3, 1e-3

X = np.array([[0.5, -1], [1, 2], [-1.5, 0.5], [0.25, 1]])

Y = np.array([3.5, 4, 1.5, 3])

WIDTH = 3


def network(seed, loss="sum", ridge=DECAY, output_bias="ridge", hidden_bias="ridge"):
    """Return a random network, without output bias if there is none."""
    draw = np.random.default_rng(seed)
    bias = 0.0 if output_bias == "none" else draw.normal()
    problem = Problem.from_arrays(X, Y, WIDTH, ridge, loss, output_bias, hidden_bias=hidden_bias)
    return Network(
        problem,
        draw.normal(size=WIDTH),
        draw.normal(size=(WIDTH, 2)),
        draw.normal(size=WIDTH),
        bias,
        np.zeros(2),
    )


def of_row(row, seed=0, output_bias="ridge"):
    """Return a random network with the loss and the ridge that a row of the page says."""
    ridge = eval(row[4].strip("`"), {"w": DECAY, "r": DECAY, "n": N, "b": BATCH})
    hidden_bias = row[5].strip("`")
    output_bias = "free" if hidden_bias == "free" else output_bias
    return network(seed, row[3].strip("`"), ridge, output_bias, hidden_bias)


def row_of(*words):
    """Return the only row of the page with some words."""
    (row,) = (r for r in TRANSLATED if all(word in f"{r[0]} {r[1]}" for word in words))
    return row


def packed(net):
    return np.concatenate([net.weights, net.slopes.ravel(), net.offsets, [net.bias]])


def unpacked(net, theta):
    width = len(net.weights)
    a, B, c = np.split(theta[:-1], [width, width * 3])
    return replace(net, weights=a, slopes=B.reshape(width, 2), offsets=c, bias=float(theta[-1]))


def gradient(net, step=1e-5):
    """Return the gradient of the objective here, by central differences: (N,)."""
    theta = packed(net)
    values = [
        (unpacked(net, theta + d).loss_on(X, Y) - unpacked(net, theta - d).loss_on(X, Y))
        for d in step * np.eye(len(theta))
    ]
    found = np.array(values) / (2 * step)
    if net.problem.output_bias is OutputBias.NONE:
        found[-1] = 0
    return found


def squares(net, part=slice(None)):
    return (Y[part] - net.predict(X[part])) ** 2


def decayed(net):
    """Return |theta|^2 with all biases."""
    return (packed(net) ** 2).sum()


def weights_squared(net):
    return (net.weights**2).sum() + (net.slopes**2).sum()


def on_batches(net):
    """Return the mean over two batches of what is minimised on a batch."""
    parts = (slice(0, BATCH), slice(BATCH, N))
    return np.mean([squares(net, p).sum() + DECAY / 2 * decayed(net) for p in parts])


BY_HAND = {
    ("PyTorch", "`MSELoss()` and `SGD"): lambda net: squares(net).mean() + DECAY / 2 * decayed(net),
    ("PyTorch", '"sum")` and'): lambda net: squares(net).sum() + DECAY / 2 * decayed(net),
    ("PyTorch", "batches"): on_batches,
    ("Keras", "bias_regularizer"): lambda net: squares(net).mean() + DECAY * decayed(net),
    ("Keras", "momentum"): lambda net: squares(net).mean() + DECAY / 2 * decayed(net),
    ("JAX", "`(y - f)**2`, and"): lambda net: squares(net).mean() + DECAY / 2 * decayed(net),
    ("JAX", "l2_loss"): lambda net: (squares(net) / 2).mean() + DECAY / 2 * decayed(net),
    ("JAX", "plus"): lambda net: squares(net).mean() + DECAY * decayed(net),
    ("MLPRegressor",): lambda net: (squares(net).sum() + DECAY * weights_squared(net)) / (2 * N),
    ("Keras", "alone"): lambda net: squares(net).mean() + DECAY * weights_squared(net),
    ("PyTorch", "groups"): lambda net: squares(net).mean() + DECAY / 2 * weights_squared(net),
}
"""What libraries minimise, by the words of its row."""


def test_every_row_is_computed():
    assert sorted(row_of(*words) for words in BY_HAND) == sorted(TRANSLATED)
    assert len(REFUSED) == 4


@pytest.mark.parametrize("words", BY_HAND, ids=" ".join)
def test_what_a_library_minimises_is_a_multiple_of_the_objective_here(words):
    quotients = [
        BY_HAND[words](net) / net.loss_on(X, Y)
        for net in (of_row(row_of(*words), seed) for seed in range(5))
    ]
    assert quotients[0] > 0
    assert quotients == pytest.approx([quotients[0]] * 5, rel=1e-12)


SPARING = {
    "groups": lambda net: squares(net).mean() + DECAY / 2 * (weights_squared(net) + net.bias**2),
}
"""What is minimised with a penalty on no bias but the output's, by a word of its row."""

DECOUPLED = ("`AdamW(parameters", "of `Adam`", "`adamw(rate")
"""Words of the rows of decoupled decay."""


def test_every_row_without_translation_is_computed():
    for word in (*SPARING, *DECOUPLED):
        assert len([row for row in REFUSED if word in row[1]]) == 1
    assert len(REFUSED) == len(SPARING) + len(DECOUPLED)


@pytest.mark.parametrize("word", SPARING)
def test_what_spares_the_hidden_biases_is_no_multiple_of_the_objective_here(word):
    """A unit that is off on all data: its bias costs nothing there, and always something here."""
    off = network(0)
    off = replace(off, offsets=np.array([-50.0, *off.offsets[1:]]))
    farther = replace(off, offsets=np.array([-60.0, *off.offsets[1:]]))
    assert SPARING[word](off) == SPARING[word](farther)
    for loss in ("sum", "mean"):
        for bias in OutputBias:
            problem = network(0, loss, DECAY, bias).problem
            near, far = (replace(net, problem=problem).loss_on(X, Y) for net in (off, farther))
            assert near < far


def resting():
    """Return a listed minimum of the first row of the page, on no boundary."""
    problem = Problem.from_arrays(X, Y, 1, DECAY / 2, "mean", "ridge")
    return next(c for c in enumerate_minima(problem) if not c.on_boundary).network


def test_decoupled_decay_leaves_what_would_be_a_minimum():
    """Its first step is g / (|g| + eps) + w theta, where g + w theta is the gradient here."""
    net = resting()
    data = gradient(net) - DECAY * packed(net)
    assert np.abs(gradient(net)).max() < 1e-8
    assert np.abs(data / (np.abs(data) + 1e-8) + DECAY * packed(net)).max() > 1e-2


# PyTorch ------------------------------------------------------------------------------------------


def torch_model(torch, net, bias=True):
    model = torch.nn.Sequential(
        torch.nn.Linear(2, len(net.weights)),
        torch.nn.ReLU(),
        torch.nn.Linear(len(net.weights), 1, bias=bias),
    ).double()
    values = {"0.weight": net.slopes, "0.bias": net.offsets, "2.weight": net.weights[None]}
    if bias:
        values["2.bias"] = np.array([net.bias])
    model.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    return model


def torch_theta(model):
    named = {name: p.detach().numpy().ravel().copy() for name, p in model.named_parameters()}
    bias = named.get("2.bias", np.zeros(1))
    return np.concatenate([named["2.weight"], named["0.weight"], named["0.bias"], bias])


def torch_step(torch, model, optimiser, reduction, part=slice(None)):
    """Return minus the step over the rate."""
    before = torch_theta(model)
    optimiser.zero_grad()
    fitted = model(torch.tensor(X[part]))[:, 0]
    torch.nn.MSELoss(reduction=reduction)(fitted, torch.tensor(Y[part])).backward()
    optimiser.step()
    return (before - torch_theta(model)) / RATE


@pytest.mark.parametrize(
    ("words", "reduction"),
    [("`MSELoss()` and `SGD", "mean"), ('"sum")` and', "sum")],
    ids=["mean", "sum"],
)
@pytest.mark.parametrize("output_bias", OutputBias)
def test_a_step_of_pytorch_follows_the_gradient_here(words, reduction, output_bias):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
    net = of_row(row_of("PyTorch", words), output_bias=output_bias)
    model = torch_model(torch, net, output_bias is not OutputBias.NONE)
    spared = [p for n, p in model.named_parameters() if n == "2.bias" and output_bias == "free"]
    others = [p for p in model.parameters() if not any(p is q for q in spared)]
    groups = [{"params": others, "weight_decay": DECAY}, {"params": spared, "weight_decay": 0}]
    step = torch_step(torch, model, torch.optim.SGD(groups[: 1 + len(spared)], RATE), reduction)
    assert step == pytest.approx(gradient(net), abs=1e-6)


def test_steps_of_pytorch_on_batches_of_sums_have_the_gradient_here_on_average():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
    net = of_row(row_of("PyTorch", "batches"))
    steps = []
    for part in (slice(0, BATCH), slice(BATCH, N)):
        model = torch_model(torch, net)
        optimiser = torch.optim.SGD(model.parameters(), RATE, weight_decay=DECAY)
        steps.append(torch_step(torch, model, optimiser, "sum", part))
    assert np.mean(steps, axis=0) == pytest.approx(gradient(net) * BATCH / N, abs=1e-6)


def test_adam_of_pytorch_rests_at_a_listed_minimum_and_adamw_does_not():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
    net, moved = resting(), {}
    for name in ("SGD", "Adam", "AdamW"):
        model = torch_model(torch, net)
        # An epsilon that is large beside rounding errors: Adam divides by the size of a gradient.
        more = {} if name == "SGD" else {"eps": 1e-3}
        optimiser = getattr(torch.optim, name)(model.parameters(), RATE, weight_decay=DECAY, **more)
        moved[name] = np.abs(torch_step(torch, model, optimiser, "mean")).max()
    assert max(moved["SGD"], moved["Adam"]) < 1e-9
    assert moved["AdamW"] > 1e-2


# scikit-learn -------------------------------------------------------------------------------------


def test_the_loss_that_scikit_learn_reports_is_that_of_the_page():
    learn = pytest.importorskip("sklearn.neural_network")
    net = network(3)
    model = learn.MLPRegressor(
        hidden_layer_sizes=(WIDTH,),
        alpha=DECAY,
        solver="sgd",
        batch_size=N,
        max_iter=1,
        warm_start=True,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, Y)
    for values, entries in (
        (model.coefs_, [net.slopes.T, net.weights[:, None]]),
        (model.intercepts_, [net.offsets, [net.bias]]),
    ):
        for value, entry in zip(values, entries, strict=True):
            value[...] = entry
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, Y)
    assert model.loss_ == pytest.approx(BY_HAND["MLPRegressor",](net), rel=1e-12)


# Keras --------------------------------------------------------------------------------------------


def keras():
    """Return Keras on whatever it can compute with."""
    for backend in ("torch", "jax"):
        try:
            __import__(backend)
        except ImportError:
            continue
        os.environ.setdefault("KERAS_BACKEND", backend)
        found = pytest.importorskip("keras")
        found.config.set_floatx("float64")
        return found
    pytest.skip("neither PyTorch nor JAX, which Keras needs, is installed")


def keras_model(library, net, hidden, outer):
    """Return a model with the weights of a network; `hidden`, `outer`: regularisers of layers."""
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((2,)),
            layers.Dense(len(net.weights), activation="relu", **hidden),
            layers.Dense(1, **outer),
        ]
    )
    model.set_weights([net.slopes.T, net.offsets, net.weights[:, None], np.array([net.bias])])
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("output_bias", ["ridge", "free"])
def test_the_loss_that_keras_reports_is_the_objective_here(output_bias):
    library = keras()
    penalty = library.regularizers.L2(DECAY)
    both = {"kernel_regularizer": penalty, "bias_regularizer": penalty}
    outer = both if output_bias == "ridge" else {"kernel_regularizer": penalty}
    for seed in range(3):
        net = of_row(row_of("Keras", "bias_regularizer"), seed, output_bias)
        model = keras_model(library, net, both, outer)
        model.compile(loss="mse")
        found = model.evaluate(X, Y[:, None], batch_size=N, verbose=0)
        assert found == pytest.approx(net.loss_on(X, Y), rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_the_loss_that_keras_reports_spares_what_has_no_regulariser():
    library, net = keras(), network(4)
    kernel = {"kernel_regularizer": library.regularizers.L2(DECAY)}
    model = keras_model(library, net, kernel, kernel)
    model.compile(loss="mse")
    found = model.evaluate(X, Y[:, None], batch_size=N, verbose=0)
    assert found == pytest.approx(BY_HAND["Keras", "alone"](net), rel=1e-6)


def keras_step(library, net, optimiser):
    """Return minus the step over the rate."""
    model = keras_model(library, net, {}, {})
    model.compile(optimiser(RATE, weight_decay=DECAY), "mse")
    model.fit(X, Y[:, None], batch_size=N, epochs=1, verbose=0)
    B, c, a, m = model.get_weights()
    return (packed(net) - np.concatenate([a.ravel(), B.T.ravel(), c, m])) / RATE


@pytest.mark.filterwarnings("ignore")
def test_a_step_of_keras_follows_the_gradient_here_with_sgd_and_not_with_adam():
    library = keras()
    net = of_row(row_of("Keras", "momentum"))
    step = keras_step(library, net, library.optimizers.SGD)
    assert step == pytest.approx(gradient(net), rel=1e-3, abs=1e-3)
    for optimiser in (library.optimizers.Adam, library.optimizers.AdamW):
        assert np.abs(keras_step(library, resting(), optimiser)).max() > 1e-2


# JAX and optax ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", ["`(y - f)**2`, and", "l2_loss", "plus"])
def test_a_step_of_optax_follows_the_gradient_here(words):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)
    net = of_row(row_of("JAX", words))
    parts = {"a": net.weights, "B": net.slopes, "c": net.offsets, "m": np.array(net.bias)}

    def objective(p):
        fitted = jax.numpy.maximum(X @ p["B"].T + p["c"], 0) @ p["a"] + p["m"]
        loss = optax.l2_loss(fitted, Y) if words == "l2_loss" else (Y - fitted) ** 2
        penalty = DECAY * sum((v**2).sum() for v in p.values()) if words == "plus" else 0
        return loss.mean() + penalty

    decay = optax.identity() if words == "plus" else optax.add_decayed_weights(DECAY)
    chain = optax.chain(decay, optax.sgd(RATE))
    updates, _ = chain.update(jax.grad(objective)(parts), chain.init(parts), parts)
    factor = 0.5 if words == "l2_loss" else 1.0
    assert -flat(updates) / RATE == pytest.approx(factor * gradient(net), abs=1e-6)


def flat(parts):
    return np.concatenate([np.ravel(parts[name]) for name in ("a", "B", "c", "m")])


@pytest.mark.filterwarnings("ignore")
def test_adamw_of_optax_leaves_what_would_be_a_minimum():
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)
    net = resting()
    parts = {"a": net.weights, "B": net.slopes, "c": net.offsets, "m": np.array(net.bias)}

    def objective(p):
        return ((Y - jax.numpy.maximum(X @ p["B"].T + p["c"], 0) @ p["a"] - p["m"]) ** 2).mean()

    moved = {}
    for name, rule in (
        ("sgd", optax.chain(optax.add_decayed_weights(DECAY), optax.sgd(RATE))),
        ("adamw", optax.adamw(RATE, weight_decay=DECAY)),
    ):
        updates, _ = rule.update(jax.grad(objective)(parts), rule.init(parts), parts)
        moved[name] = np.abs(flat(updates)).max() / RATE
    assert moved["sgd"] < 1e-9
    assert moved["adamw"] > 1e-2


def test_the_examples_of_the_page_are_as_they_say():
    failed, tried = doctest.testfile(str(WEIGHT_DECAY), module_relative=False)
    assert failed == 0
    assert tried > 5
