"""Problems and networks from people's own tools: scikit-learn, PyTorch and Keras.

None of them is imported: estimators are asked for their settings, layers are given as arrays.
docs/weight_decay.md derives each scale of the penalty.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from reluenum.algebra.scalars import exact_text, parse_rational, shown, whole
from reluenum.errors import InputError
from reluenum.problem import HiddenBias, Loss, OutputBias, Problem

if TYPE_CHECKING:
    import numpy as np
    from flint import fmpq


class NetworkArrays(NamedTuple):
    """The parameters of sum_l a_l phi(b_l . x + c_l) + m + beta . x, in the order of `locate`.

    Parameters
    ----------
    a : (L,) array
    B : (L, d) array
    c : (L,) array
        0 without hidden biases.
    m : float
        0 without an output bias.
    beta : (d,) array
        0 without a linear part.

    Examples
    --------
    >>> network_arrays(a=[1], B=[[2]], m=0.5).m
    0.5
    """

    a: "np.ndarray"
    B: "np.ndarray"
    c: "np.ndarray"
    m: float
    beta: "np.ndarray"


def network_arrays(a: Any, B: Any, c: Any = None, m: Any = 0, beta: Any = None) -> NetworkArrays:
    """Return the parameters of a network as arrays.

    Parameters
    ----------
    a : (L,) array
    B : (L, d) array
    c : (L,) array, optional
        0 by default.
    m : number, optional
    beta : (d,) array, optional

    Raises
    ------
    InputError
        If they are no arrays of numbers, or their shapes disagree.

    Examples
    --------
    >>> network_arrays([1, 2], [[3], [4]]).c.tolist()
    [0.0, 0.0]
    """
    return _checked_arrays(_doubles_of(B, "B", 2), c, _doubles_of(a, "a", 1)[None], [m], beta)


def stacked_arrays(
    a: Any, B: Any, c: Any = None, m: Any = None, beta: Any = None
) -> list[NetworkArrays]:
    """Return the networks that arrays with one axis more hold, or the one that others are.

    Parameters
    ----------
    a : (L,) or (S, L) array
    B : (L, d) or (S, L, d) array
    c : (L,) or (S, L) array, optional
    m : number, or (S,) array, optional
    beta : (d,) or (S, d) array, optional

    Raises
    ------
    InputError
        If they are no arrays of numbers, or their shapes disagree.

    Examples
    --------
    >>> len(stacked_arrays([[1, 2], [0, 1]], [[[3], [4]], [[5], [6]]]))
    2
    """
    if _axes_of(a) == 1:
        return [network_arrays(a, B, c, 0 if m is None else m, beta)]
    count = len(a) if _axes_of(a) else 0
    given = [B, *([None] * count if part is None else part for part in (c, m, beta))]
    if any(_axes_of(part) == 0 or len(part) != count for part in given):
        raise InputError("network", "stacks of unequal numbers of networks", "as many of each")
    given[2] = [0 if entry is None else entry for entry in given[2]]
    return [network_arrays(*parts) for parts in zip(a, *given, strict=True)]


def sklearn_problem(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, width: int | None = None
) -> Problem:
    """Return what `MLPRegressor.fit` minimises, up to a factor.

    That is sum_i w_i (y_i - f(x_i))^2 + alpha (|a|^2 + |B|^2), without penalty on biases; with
    equal batches of b out of n data points the penalty counts n / b times.

    Parameters
    ----------
    estimator : sklearn.neural_network.MLPRegressor
        Fitted or not.
    X : (n, d) array, frame or list of rows
    y : (n,) array, series or list
        As for `Problem.from_arrays`.
    sample_weight : (n,) array, optional
    width : int, optional
        Expected of the estimator.

    Raises
    ------
    InputError
        Naming the setting that has no counterpart here.

    Examples
    --------
    >>> class MLPRegressor:  # the settings that count
    ...     hidden_layer_sizes, activation, solver, alpha = (2,), "relu", "lbfgs", 0.1
    >>> sklearn_problem(MLPRegressor(), [0, 1, 2], [0, 0, 1])  # doctest: +NORMALIZE_WHITESPACE
    Problem(n=3, d=1, width=2, ridge=1/10, loss=sum, output_bias=free, hidden_bias=free)
    """
    _check_estimator(estimator)
    units = _width_of(estimator)
    if width is not None and width != units:
        raise InputError("hidden_layer_sizes", str(units), str(width))
    free = {"output_bias": OutputBias.FREE, "hidden_bias": HiddenBias.FREE}
    alpha = parse_rational(exact_text(estimator.alpha))
    found = Problem.from_arrays(X, y, units, alpha, Loss.SUM, weights=sample_weight, **free)
    return found if estimator.solver == "lbfgs" else _in_batches(found, estimator, alpha)


def sklearn_network(estimator: Any) -> NetworkArrays:
    """Return the parameters of a fitted `MLPRegressor`.

    Raises
    ------
    InputError
        If it is not fitted, or not a network of this package.

    Examples
    --------
    >>> class MLPRegressor:  # what `fit` leaves
    ...     hidden_layer_sizes, activation, solver, alpha = (1,), "relu", "lbfgs", 0.1
    ...     coefs_, intercepts_ = ([[2.0]], [[3.0]]), ([-1.0], [0.5])
    >>> sklearn_network(MLPRegressor())[:4]
    (array([3.]), array([[2.]]), array([-1.]), 0.5)
    """
    _check_estimator(estimator)
    if not hasattr(estimator, "coefs_"):
        raise InputError("estimator", "one that is not fitted", "one after `fit`")
    (first, last), (hidden, outer) = estimator.coefs_, estimator.intercepts_
    return keras_network(first, hidden, last, outer)


def keras_network(kernel: Any, bias: Any, last_kernel: Any, last_bias: Any = None) -> NetworkArrays:
    """Return the parameters of two dense layers of Keras: what `model.get_weights()` has.

    Parameters
    ----------
    kernel : (d, L) array
    bias : (L,) array or None
    last_kernel : (L, 1) array
    last_bias : (1,) array, optional

    Raises
    ------
    InputError
        If the shapes are others.

    Examples
    --------
    >>> keras_network([[2.0, -1.0]], [0.5, 0.0], [[1.0], [3.0]], [0.25]).B.tolist()
    [[2.0], [-1.0]]
    """
    inner, outer = _doubles_of(kernel, "kernel", 2), _doubles_of(last_kernel, "last_kernel", 2)
    return _checked_arrays(inner.T, bias, outer.T, last_bias)


def torch_network(weight: Any, bias: Any, last_weight: Any, last_bias: Any = None) -> NetworkArrays:
    """Return the parameters of two linear layers of PyTorch: `model[0].weight` and so on.

    Parameters
    ----------
    weight : (L, d) array or tensor
    bias : (L,) array or tensor, or None
    last_weight : (1, L) array or tensor
    last_bias : (1,) array or tensor, optional

    Raises
    ------
    InputError
        If the shapes are others.

    Examples
    --------
    >>> found = torch_network([[2.0], [-1.0]], [0.5, 0.0], [[1.0, 3.0]], [0.25])
    >>> found.a.tolist(), found.m
    ([1.0, 3.0], 0.25)
    """
    return _checked_arrays(
        _doubles_of(weight, "weight", 2), bias, _doubles_of(last_weight, "last", 2), last_bias
    )


def torch_problem(
    X: Any, y: Any, width: int, weight_decay: Any, reduction: str = "mean", **conventions: Any
) -> Problem:
    """Return what `MSELoss(reduction=...)` with `weight_decay` of SGD or Adam minimises.

    The decay reaches all parameters, and is halved.

    Parameters
    ----------
    X, y : as for `Problem.from_arrays`
    width : int
    weight_decay : number
    reduction : {"mean", "sum"}
    conventions : dict
        `output_bias="none"` and `hidden_bias="none"` for layers with `bias=False`.

    Raises
    ------
    InputError
        As `Problem.from_arrays`.

    Examples
    --------
    >>> torch_problem([0, 1], [0, 1], 2, weight_decay=0.01)
    Problem(n=2, d=1, width=2, ridge=1/200, loss=mean, output_bias=ridge)
    """
    decay = parse_rational(exact_text(weight_decay)) / 2
    return Problem.from_arrays(
        X, y, width, decay, reduction, **{"output_bias": OutputBias.RIDGE, **conventions}
    )


def keras_problem(X: Any, y: Any, width: int, l2: Any, **conventions: Any) -> Problem:
    """Return what `loss="mse"` with `kernel_regularizer=l2(...)` on both layers minimises.

    Biases are not penalised.

    Parameters
    ----------
    X, y : as for `Problem.from_arrays`
    width : int
    l2 : number
    conventions : dict
        `output_bias="ridge"` and `hidden_bias="ridge"` for a `bias_regularizer` of the same number.

    Raises
    ------
    InputError
        As `Problem.from_arrays`.

    Examples
    --------
    >>> both = {"output_bias": "ridge", "hidden_bias": "ridge"}
    >>> keras_problem([0, 1], [0, 1], 2, l2=0.01, **both)
    Problem(n=2, d=1, width=2, ridge=1/100, loss=mean, output_bias=ridge)
    """
    usual = {"output_bias": OutputBias.FREE, "hidden_bias": HiddenBias.FREE}
    return Problem.from_arrays(X, y, width, l2, Loss.MEAN, **{**usual, **conventions})


def _check_estimator(estimator: Any) -> None:
    """Refuse what is no `MLPRegressor` with one hidden layer of relu units, or its loss."""
    names = [kind.__name__ for kind in type(estimator).__mro__]
    if "MLPRegressor" not in names:
        raise InputError("estimator", names[0], "an MLPRegressor of scikit-learn")
    if estimator.activation != "relu":
        raise InputError("activation", shown(estimator.activation), "relu")
    if getattr(estimator, "loss", "squared_error") != "squared_error":
        raise InputError("loss", shown(estimator.loss), "squared_error")
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise InputError("y", f"{estimator.n_outputs_} targets", "one target for each input")
    if estimator.solver != "lbfgs" and getattr(estimator, "early_stopping", False):
        raise InputError("early_stopping", "True, which holds data back", "False")


def _width_of(estimator: Any) -> int:
    """Return the number of hidden units."""
    sizes = estimator.hidden_layer_sizes
    listed = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    if len(listed) != 1:
        raise InputError("hidden_layer_sizes", shown(sizes), "one hidden layer")
    return whole(listed[0], "hidden_layer_sizes")


def _in_batches(problem: Problem, estimator: Any, alpha: "fmpq") -> Problem:
    """Return the problem of an optimiser that sees equal batches: each has the whole penalty."""
    given = estimator.batch_size
    batch = (
        min(200, problem.size) if given == "auto" else min(whole(given, "batch_size"), problem.size)
    )
    if problem.size % batch:
        found = f"{batch}, out of {problem.size} data points"
        raise InputError("batch_size", found, "batches of one size, or solver lbfgs")
    if problem.weighs and batch != problem.size:
        raise InputError("batch_size", f"{batch} with weights", "all data, or solver lbfgs")
    return replace(problem, ridge=alpha * (problem.size // batch))


def _checked_arrays(
    B: "np.ndarray", bias: Any, last: "np.ndarray", last_bias: Any, linear: Any = None
) -> NetworkArrays:
    """Return parameters of (L, d) and (1, L) arrays, and what is beside them."""
    import numpy as np

    c = np.zeros(len(B)) if bias is None else _doubles_of(bias, "bias", 1)
    m = np.zeros(1) if last_bias is None else _doubles_of(last_bias, "last_bias", 1)
    beta = np.zeros(B.shape[1]) if linear is None else _doubles_of(linear, "beta", 1)
    if last.shape != (1, len(B)) or c.shape != (len(B),) or m.shape != (1,):
        found = f"layers of {len(B)} and {' x '.join(map(str, last.shape))} weights"
        raise InputError("network", found, "one hidden layer, and one output of its units")
    if beta.shape != B.shape[1:]:
        raise InputError("beta", f"{len(beta)} numbers", f"{B.shape[1]}, as inputs have")
    if not all(np.isfinite(part).all() for part in (B, c, last, m, beta)):
        raise InputError("network", "a number that is not finite", "finite numbers")
    return NetworkArrays(last[0], B, c, float(m[0]), beta)


def _axes_of(given: Any) -> int:
    """Return the number of axes of an array, or of lists of equal lengths."""
    import numpy as np

    try:
        return np.ndim(given)
    except ValueError as error:
        raise InputError("network", shown(given), "lists of equal lengths") from error


def _doubles_of(given: Any, name: str, axes: int) -> "np.ndarray":
    """Return an array of doubles; a tensor may be part of a graph."""
    import numpy as np

    detached = given.detach().cpu().numpy() if hasattr(given, "detach") else given
    try:
        raw = np.array(detached)
        found = raw.astype(float, casting="safe" if np.iscomplexobj(raw) else "unsafe")
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(name, shown(given), "an array of numbers") from error
    if found.ndim != axes:
        raise InputError(name, f"{found.ndim} axes", f"{axes}")
    return found
