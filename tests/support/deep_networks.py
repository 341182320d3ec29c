"""Random deep networks over the rationals, many of them with kinks, and losses in doubles."""

from fractions import Fraction

import numpy as np


def random_network(random, inputs, widths):
    """Weights and biases by layer; three biases in five put a unit on a site."""
    network, heights = [], inputs
    for width in widths:
        layer = []
        for _ in range(width):
            weights = [random.choice([-3, -2, -1, 1, 2, 3]) for _ in heights[0]]
            bias = Fraction(random.randint(-4, 4), random.randint(1, 4))
            if random.random() < 0.6:
                bias = -dot(weights, random.choice(heights))
            layer.append((weights, bias))
        network.append(layer)
        heights = [[max(dot(w, h) + b, 0) for w, b in layer] for h in heights]
    return network


def rows_and_heights(network, inputs):
    """Sign rows by layer and unit, and heights by layer, site and unit."""
    rows, found, heights = [], [], inputs
    for layer in network:
        values = [[dot(w, h) + b for w, b in layer] for h in heights]
        rows.append(["".join(map(sign, column)) for column in zip(*values, strict=True)])
        heights = [[max(value, 0) for value in line] for line in values]
        found.append(heights)
    return rows, found


def dot(left, right):
    return sum(x * y for x, y in zip(left, right, strict=True))


def sign(value):
    return "+" if value > 0 else "-" if value < 0 else "0"


def loss_of(problem, first, second, output):
    """The loss of a network in doubles, its units (W, b) in rows."""
    x = np.array([[float(entry) for entry in row] for row in problem.rows])
    y = np.array([float(target) for target in problem.targets])
    lower = np.maximum(x @ first.T, 0)
    upper = np.maximum(np.column_stack([lower, np.ones(len(x))]) @ second.T, 0)
    squares = sum((part**2).sum() for part in (first, second, output))
    return ((y - upper @ output) ** 2).sum() + float(problem.effective_ridge) * squares
