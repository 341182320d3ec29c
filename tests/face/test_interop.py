"""Problems and networks from scikit-learn, PyTorch and Keras are those that these minimise."""

import re
import warnings

import numpy as np
import pytest

from reluenum import InputError, enumerate_minima
from reluenum.interop import (
    keras_network,
    keras_problem,
    sklearn_network,
    sklearn_problem,
    torch_network,
    torch_problem,
)
from reluenum.optimisers.explain import exact_loss
from reluenum.optimisers.networks import Networks
from reluenum.optimisers.studies.locate import locations

X = np.array([[-1.0], [0.25], [0.5], [2.0], [0.5]])

Y = np.array([0.5, 1.0, -1.0, 0.75, 0.0])


def estimator(**settings):
    neural = pytest.importorskip("sklearn.neural_network", reason="extra sklearn")
    usual = {"hidden_layer_sizes": (2,), "solver": "lbfgs", "alpha": 0.1, "random_state": 0}
    return neural.MLPRegressor(**{**usual, **settings})


def fitted(weights=None, **settings):
    given = {} if weights is None else {"sample_weight": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator(**settings).fit(X, Y, **given)


def value(problem, network):
    """The loss of a network, exactly, as a double."""
    a, B, c, m = network[:4]
    batch = Networks(a[None], np.hstack([B, c[:, None]])[None], np.array([m]))
    return float(exact_loss(problem, batch))


@pytest.mark.parametrize("steps", [1, 3])
def test_the_loss_of_scikit_learn_is_ours_over_2_n(steps):
    """(1/2n) sum of squares + (alpha/2n) of weights squared, as it counts its last step."""
    found = fitted(max_iter=steps)
    problem = sklearn_problem(found, X, Y)
    assert (problem.hidden_bias, problem.output_bias) == ("free", "free")
    assert value(problem, sklearn_network(found)) == pytest.approx(
        2 * len(Y) * found.loss_, rel=1e-12
    )


def test_the_gradient_of_scikit_learn_is_ours_over_2_n():
    found = fitted(max_iter=2)
    problem, network = sklearn_problem(found, X, Y), sklearn_network(found)
    layers = [X, np.zeros((5, 2)), np.zeros((5, 1))]
    deltas, slopes, offsets = [[None] * 2 for _ in range(3)]
    loss, slopes, offsets = found._backprop(X, Y[:, None], None, layers, deltas, slopes, offsets)
    theirs = 10 * np.concatenate([slopes[1][:, 0], slopes[0][0], offsets[0], offsets[1]])
    flat = np.concatenate([network.a, network.B[:, 0], network.c, [network.m]])

    def ours_at(point):
        parts = point[:2], point[2:4, None], point[4:6], point[6]
        return value(problem, parts)

    steps = 1e-6 * np.eye(len(flat))
    ours = [(ours_at(flat + step) - ours_at(flat - step)) / 2e-6 for step in steps]
    assert 10 * loss == pytest.approx(ours_at(flat), rel=1e-12)
    assert theirs == pytest.approx(np.array(ours), abs=1e-6)


def test_sample_weights_are_our_weights():
    weights = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    found = fitted(weights=weights, max_iter=3)
    problem = sklearn_problem(found, X, Y, sample_weight=weights)
    ours = value(problem, sklearn_network(found))
    assert ours == pytest.approx(2 * weights.sum() * found.loss_, rel=1e-12)


def test_equal_batches_count_the_penalty_once_each():
    assert (
        sklearn_problem(estimator(solver="adam"), X, Y).ridge
        == sklearn_problem(estimator(), X, Y).ridge
    )
    whole = sklearn_problem(estimator(solver="sgd", batch_size=2), X[:4], Y[:4])
    assert str(whole.ridge) == "1/5"
    with pytest.raises(InputError, match="batch_size: 2, out of 5 data points"):
        sklearn_problem(estimator(solver="sgd", batch_size=2), X, Y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"activation": "tanh"}, "activation: 'tanh'; expected relu"),
        ({"hidden_layer_sizes": (2, 2)}, "hidden_layer_sizes: (2, 2); expected one hidden layer"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes: 0; expected"),
        ({"alpha": 0.0}, "ridge: 0 is not positive"),
        ({"solver": "adam", "early_stopping": True}, "early_stopping: True"),
        ({"loss": "poisson"}, "loss: 'poisson'; expected squared_error"),
    ],
)
def test_what_an_estimator_has_no_counterpart_for_is_refused_by_name(settings, words):
    with pytest.raises(InputError, match=re.escape(words)):
        sklearn_problem(estimator(**settings), X, Y)


def test_other_estimators_and_fits_are_refused():
    linear = pytest.importorskip("sklearn.linear_model", reason="extra sklearn")
    with pytest.raises(InputError, match="Ridge; expected an MLPRegressor"):
        sklearn_problem(linear.Ridge(), X, Y)
    with pytest.raises(InputError, match="not fitted"):
        sklearn_network(estimator())
    with pytest.raises(InputError, match="hidden_layer_sizes: 2; expected 3"):
        sklearn_problem(estimator(), X, Y, width=3)
    two = fitted()
    landscape = enumerate_minima(sklearn_problem(estimator(hidden_layer_sizes=(3,)), X, Y))
    with pytest.raises(InputError, match="2 units of 1 inputs; expected as the list has: 3"):
        landscape.locate(*sklearn_network(two))


def test_where_scikit_learn_ends_is_on_the_list():
    """100 seeds: each at a listed minimum, at a proved saddle, or above one of them."""
    problem = sklearn_problem(estimator(), X, Y)
    landscape = enumerate_minima(problem)
    ends = [
        sklearn_network(fitted(random_state=seed, max_iter=3000, tol=1e-9)) for seed in range(100)
    ]
    found = locations(landscape.document, ends)["networks"]
    kinds = [record["kind"] for record in found]
    assert set(kinds) <= {"minimum", "saddle", "not stationary"}
    assert kinds.count("minimum") > 60
    assert {record["component"] for record in found} <= {None, *range(1, len(landscape) + 1)}
    assert all(r["component"] for r in found if r["kind"] == "minimum")


def test_the_scales_of_torch_and_keras():
    """docs/weight_decay.md: w / 2 on everything; r on kernels alone."""
    torch, keras = torch_problem(X, Y, 2, 0.3), keras_problem(X, Y, 2, 0.3)
    assert (str(torch.ridge), torch.loss, torch.hidden_bias) == ("3/20", "mean", "ridge")
    assert (str(keras.ridge), keras.loss, keras.hidden_bias) == ("3/10", "mean", "free")
    layer = torch_problem(X, Y, 2, 0.3, "sum", output_bias="none", hidden_bias="none")
    assert (layer.loss, layer.output_bias, layer.hidden_bias) == ("sum", "none", "none")


def test_layers_are_laid_out_as_their_libraries_do():
    """Keras (d, L) and (L, 1), PyTorch (L, d) and (1, L)."""
    kernel, bias, last = (
        np.arange(6.0).reshape(3, 2),
        np.array([1.0, 2.0]),
        np.array([[5.0], [7.0]]),
    )
    keras = keras_network(kernel, bias, last, [0.5])
    torch = torch_network(kernel.T, bias, last.T, [0.5])
    for one, other in zip(keras, torch, strict=True):
        assert np.array_equal(one, other)
    assert keras.B.shape == (2, 3)
    assert torch_network(kernel.T, None, last.T).c.tolist() == [0.0, 0.0]
    with pytest.raises(InputError, match="one hidden layer, and one output"):
        torch_network(kernel.T, bias, last)
    with pytest.raises(InputError, match="kernel: 1 axes; expected 2"):
        keras_network([1.0], bias, last)


def test_tensors_that_are_part_of_a_graph_are_read():
    torch = pytest.importorskip("torch", reason="extra torch")
    model = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    found = torch_network(model[0].weight, model[0].bias, model[2].weight, model[2].bias)
    inputs = torch.tensor([[0.3], [-2.0]])
    fit = [found.m + (found.a * np.maximum(found.B @ x + found.c, 0)).sum() for x in inputs.numpy()]
    assert model(inputs).detach().numpy()[:, 0] == pytest.approx(np.array(fit), rel=1e-5)
