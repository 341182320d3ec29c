"""What the figures read from a document: numbers as floats, for drawing only, and words."""

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from reluenum.activation import RELU, Activation
from reluenum.documents.labels import Document, kind
from reluenum.views.cells import short_number
from reluenum.views.components import names_of

Vector = np.ndarray

_ZERO = 1e-12
"""Pre-activations this small, relative to the largest of their unit, are drawn as 0."""

_LARGEST = 1e100
"""Squares and products of a few such numbers are still floats."""


def number(text: str) -> float:
    """Read a decimal or a fraction of a document, rounded to a float, for drawing only.

    Raises
    ------
    OverflowError
        If it is so large that the axes of a figure would overflow.
    """
    value = float(Fraction(text))
    if abs(value) > _LARGEST:
        raise OverflowError(f"{value} cannot be drawn")
    return value


def data(document: Document) -> tuple[np.ndarray, Vector]:
    """Return the (n, d) inputs and the (n,) targets."""
    problem = document["problem"]
    inputs = np.array([[number(entry) for entry in row] for row in problem["x"]])
    return inputs, np.array([number(entry) for entry in problem["y"]])


def data_weights(document: Document) -> Vector:
    """Return the weights of the data points, (n,)."""
    problem = document["problem"]
    return np.array([number(entry) for entry in problem.get("weights", ["1"] * len(problem["y"]))])


def activation_in(document: Document) -> Activation:
    """Return the activation of the hidden units."""
    return Activation.of(document["problem"].get("activation", RELU))


def fitted_values(component: Document, inputs: np.ndarray, phi: Activation = RELU) -> Vector:
    """Evaluate the network that represents a component.

    Parameters
    ----------
    component : dict
        An entry of `components` of a document.
    inputs : (k, d) array
    phi : Activation
        As `activation_in` reads it.

    Returns
    -------
    (k,) array
        beta . x + sum_l a_l phi(b_l . x + c_l) + m, with beta = 0 without linear part and m = 0
        without output bias; w . h^Q of a deep network.
    """
    if is_deep(component):
        outputs = np.array([number(w) for w in component["representative"]["w"]])
        return np.maximum(preactivations(component, inputs)[-1], 0) @ outputs
    weights, slopes, offsets = parameters(component, inputs.shape[1])
    bias = number(component["representative"].get("m") or "0")
    fitted = phi.values(inputs @ slopes.T + offsets) @ weights + bias
    linear = component["representative"].get("beta", ())
    return fitted + inputs @ np.array(list(map(number, linear))) if linear else fitted


def is_deep(component: Document) -> bool:
    """Return whether a component is one of networks with several hidden layers."""
    return "layers" in component


def preactivations(component: Document, inputs: np.ndarray) -> list[np.ndarray]:
    """Return what each hidden layer of a deep component sees, z^k, (m, L_k) for (m, d) inputs."""
    network, features, found = component["representative"], inputs, []
    for matrix, biases in zip(network["W"], network["b"], strict=True):
        weights = np.array([[number(w) for w in row] for row in matrix])
        weights = weights.reshape(len(biases), features.shape[1])
        found.append(features @ weights.T + np.array([number(b) for b in biases]))
        features = np.maximum(found[-1], 0)
    return found


def kinks_by_layer(component: Document, low: float, high: float) -> list[Vector]:
    """Return where the units of each layer of a deep component have kinks, if d = 1.

    Between the kinks of the layers below, pre-activations are linear: a zero is found from the
    values at both ends. Where one is 0 on a whole piece, its kinks are the ends of that.
    """
    known, found = np.array([low, high]), []
    for k in range(len(component["layers"])):
        values = preactivations(component, known[:, None])[k]
        signs = np.sign(values) * (np.abs(values) > _ZERO * np.abs(values).max(axis=0, initial=0))
        piece, unit = np.nonzero(signs[:-1] * signs[1:] < 0)
        share = values[piece, unit] / (values[piece, unit] - values[piece + 1, unit])
        crossed = known[piece] + share * (known[piece + 1] - known[piece])
        still = (signs[1:-1] == 0) & ((signs[:-2] != 0) | (signs[2:] != 0))
        found.append(np.unique(np.concatenate([crossed, known[1:-1][still.any(axis=1)]])))
        known = np.unique(np.concatenate([known, crossed]))
    return found


def parameters(component: Document, dimension: int) -> tuple[Vector, np.ndarray, Vector]:
    """Return a (L,), B (L, d) and c (L,) of the representative, 0 without hidden bias."""
    network = component["representative"]
    weights = np.array([number(a) for a in network["a"]])
    slopes = np.array([[number(b) for b in row] for row in network["B"]])
    offsets = np.array([number(c) for c in network.get("c", ["0"] * len(weights))])
    return weights, slopes.reshape(len(weights), dimension), offsets


def direction(group: Document) -> Vector:
    """Return the common (b, c) / |(b, c)| of the neurons of a face, or b / |b|."""
    return np.array([number(entry) for entry in group["direction"]])


def radius(group: Document) -> float:
    """Return the root of the sum of a^2 over the neurons of a face."""
    return sqrt(number(group["sum_a_squared"]))


def multiplicity(group: Document) -> int:
    """Return how many neurons share the face; a document about all widths leaves it open."""
    return group.get("multiplicity") or 1


def place_text(component: Document) -> str:
    """Say whether some pre-activation is 0."""
    return "boundary" if component["on_boundary"] else "interior"


def level_text(component: Document) -> str:
    """Return the loss, and whether it is global."""
    loss = short_number(component["loss"], 5)
    if component.get("global_at_every_width"):
        return f"{loss}, global (any $L$)"
    rank = {True: ", global", None: ", global?", False: ""}
    return loss + rank[component["global_at_width"]]


def shape_text(component: Document) -> str:
    """Return the kind of a component and its place."""
    return f"{kind(component['dimension'])}, {place_text(component)}"


def write_title(axes: Axes, rank: int, component: Document) -> None:
    """Write above a panel which component it shows."""
    axes.set_title(
        f"{rank}:  {level_text(component)}\n{shape_text(component)}",
        fontsize=7.5,
        fontweight="bold" if component["global_at_width"] else "normal",
    )


@dataclass(frozen=True)
class AxisNames:
    """What the axes of a figure are called: by symbols, or as the columns of the data are named.

    Parameters
    ----------
    inputs : (d,) tuple of str
    fit, target : str
    """

    inputs: tuple[str, ...]
    fit: str = "$f(x)$"
    target: str = "$y$"

    @classmethod
    def of(cls, document: Document) -> "AxisNames":
        """Return the names of the axes of a document's figures."""
        names = names_of(document)
        if "names" not in document:
            usual = (f"$x_{{{k}}}$" for k in range(1, len(names.inputs) + 1))
            return cls(("$x$",) if len(names.inputs) == 1 else tuple(usual))
        target = _plain(names.target)
        return cls(tuple(map(_plain, names.inputs)), f"{target}, fitted", target)


def _plain(name: str) -> str:
    """Return a name as it is drawn: no formula, and not too long for an axis."""
    return fill(name, 24, max_lines=1, placeholder="...").replace("$", r"\$")


def cut_note(shown: int, document: Document) -> str:
    """Say that a figure does not show all components, if so."""
    total = len(document["components"])
    return f"the best {shown} of {total} components" if shown < total else ""
