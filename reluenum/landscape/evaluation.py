"""Data in doubles, and a network of a list on other inputs: predictions and losses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reluenum.algebra.arrays import Table, data_tables, table
from reluenum.algebra.scalars import exact_text, parse_rational, shown
from reluenum.errors import InputError
from reluenum.problem import Linear, Loss, Names, OutputBias, Problem


class InDoubles:
    """A mixin: the data of a `problem` in doubles."""

    problem: Problem

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the problem, (n, D): homogeneous inputs if there is a hidden bias."""
        return np.array([[float(entry) for entry in row] for row in self.problem.rows])

    @cached_property
    def targets(self) -> np.ndarray:
        """The targets, (n,)."""
        return np.array([float(entry) for entry in self.problem.targets])

    @cached_property
    def data_weights(self) -> np.ndarray:
        """The weights of the data points, (n,)."""
        return np.array([float(entry) for entry in self.problem.weights])

    @cached_property
    def ridge(self) -> float:
        """The effective ridge."""
        return float(self.problem.effective_ridge)

    @cached_property
    def outer_columns(self) -> list[tuple[float, np.ndarray]]:
        """The shares and the values at the data points of what `OuterPart` subtracts."""
        place = {row: k for k, row in enumerate(site.row for site in self.problem.sites)}
        order = [place[row] for row in self.problem.rows]
        return [
            (float(column.share), np.array([float(column.values[k]) for k in order]))
            for column in self.problem.outer.columns
        ]

    def outer_levels(self, errors: np.ndarray) -> list[np.ndarray]:
        """Return how much of each of them fits errors, (..., n), best."""
        return [
            share * (errors * (self.data_weights * values)).sum(axis=-1)
            for share, values in self.outer_columns
        ]

    def outer_gain(self, errors: np.ndarray) -> np.ndarray:
        """Return by how much the best output bias and linear part lower the loss of errors."""
        sums = (
            share * (errors * (self.data_weights * values)).sum(axis=-1) ** 2
            for share, values in self.outer_columns
        )
        return sum(sums, start=np.zeros(errors.shape[:-1]))

    def without_outer(self, errors: np.ndarray) -> np.ndarray:
        """Return R e: what the best output bias and linear part leave of errors, (..., n)."""
        left = errors
        pairs = zip(self.outer_levels(errors), self.outer_columns, strict=True)
        for level, (_, values) in pairs:
            left = left - level[..., None] * values
        return left


class Function:
    """A network of a `problem` as a function, its exact weights rounded to doubles."""

    problem: Problem

    @property
    def penalised(self) -> Sequence[np.ndarray]:
        """The parameters that the ridge is on."""
        raise NotImplementedError

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output, (k,), at inputs, (k, d)."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the output of the network for every row of X, (k,).

        Parameters
        ----------
        X : (k, d) array, frame or list of rows, or (k,) for d = 1
            As `Problem.from_arrays` reads it.

        Raises
        ------
        InputError
            If it is no such table, or a frame with other columns than those of the data.

        Examples
        --------
        >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.1)
        >>> Network.of(problem, ["1"], [["2", "-1"]], "0").predict([0, 3]).tolist()
        [0.0, 5.0]
        """
        return self.values(self._inputs(table(X, "X")))

    def loss_on(self, X: Any, y: Any, penalty: bool = True) -> float:
        """Return the loss of the network on other data, in the convention of its problem.

        Each of these data points has the weight 1.

        Parameters
        ----------
        X, y : as for `Problem.from_arrays`
        penalty : bool
            Whether the ridge's part, which does not depend on data, is added.

        Raises
        ------
        InputError
            If the data are no such tables.

        Examples
        --------
        >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5)
        >>> network = Network.of(problem, ["1"], [["2", "-1"]], "0")
        >>> network.loss_on([0, 3], [1, 5], penalty=False), network.loss_on([0, 3], [1, 5])
        (1.0, 4.0)
        """
        inputs, targets = data_tables(X, y)
        points, wanted = self._inputs(inputs), np.array(targets.read("y", _double)).reshape(-1)
        if len(points) != len(wanted) or not len(points):
            found = f"{len(points)} inputs and {len(wanted)} targets"
            raise InputError("X and y", found, "one target for each input, and one at least")
        squares = (wanted - self.values(points)) ** 2
        fit = squares.mean() if self.problem.loss is Loss.MEAN else squares.sum()
        return float(fit + self.penalty) if penalty else float(fit)

    @property
    def penalty(self) -> float:
        """The ridge's part of the loss."""
        return _double(self.problem.ridge) * float(sum((p**2).sum() for p in self.penalised))

    def _inputs(self, found: Table) -> np.ndarray:
        """Return inputs as doubles, (k, d)."""
        columns, given = self.problem.dimension, self.problem.names
        if found.rows and len(found.rows[0]) != columns:
            width = f"rows of {len(found.rows[0])} numbers"
            single = " (a single row is [[...]])" if found.flat else ""
            raise InputError("X", width, f"{columns}, as in the data{single}")
        known = given.inputs if given else Names.usual(columns).inputs
        if known not in (found.names, Names.usual(columns).inputs) and found.names:
            expected = f"those of the data, in their order: {', '.join(known)}"
            raise InputError("X", f"the columns {', '.join(found.names)}", expected)
        return np.array(found.read("X", _double)).reshape(-1, columns)


@dataclass(frozen=True, eq=False)
class Network(Function):
    """The network beta . x + sum_l a_l phi(b_l . x + c_l) + m, phi the activation of its problem.

    Parameters
    ----------
    problem : Problem
    weights : (L,) array
        a.
    slopes : (L, d) array
        B.
    offsets : (L,) array
        c, 0 without hidden bias.
    bias : float
        m, 0 without output bias.
    linear : (d,) array
        beta, 0 without linear part.
    """

    problem: Problem
    weights: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    bias: float
    linear: np.ndarray

    @classmethod
    def of(
        cls,
        problem: Problem,
        weights: Iterable[Any],
        units: Iterable[Iterable[Any]],
        bias: Any,
        linear: Iterable[Any] = (),
    ) -> "Network":
        """Make a network from numbers or their texts.

        Parameters
        ----------
        problem : Problem
        weights : (L,) iterable
            a.
        units : (L, D) nested iterable
            v = (b, c) of each unit, or b without hidden bias.
        bias : number or text
            m, 0 without output bias.
        linear : (d,) iterable, optional
            beta, 0 without linear part.
        """
        rows = np.array([[float(entry) for entry in unit] for unit in units])
        rows = rows.reshape(-1, problem.coordinates)
        slopes, offsets = np.split(rows, [problem.dimension], axis=1)
        if not problem.has_hidden_bias:
            offsets = np.zeros(len(rows))
        outer = np.array([*map(float, weights)])
        beta = np.array([*map(float, linear)] or [0.0] * problem.dimension)
        return cls(problem, outer, slopes, offsets.reshape(-1), float(bias), beta)

    @property
    def penalised(self) -> Sequence[np.ndarray]:
        """The parameters that the ridge is on."""
        biased = self.problem.output_bias is OutputBias.RIDGE
        bias = [np.array([self.bias])] if biased else []
        linear = [self.linear] if self.problem.linear is Linear.RIDGE else []
        offsets = [] if self.problem.has_free_hidden_bias else [self.offsets]
        return [self.weights, self.slopes, *offsets, *bias, *linear]

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output, (k,), at inputs, (k, d)."""
        heights = inputs @ self.slopes.T + self.offsets
        found = self.problem.activation.values(heights) @ self.weights + self.bias
        return found + inputs @ self.linear if self.problem.has_linear else found


@dataclass(frozen=True, eq=False)
class DeepNetwork(Function):
    """The network w . h^Q with h^k = relu(W^k h^(k-1) + b^k), and h^0 = x.

    Parameters
    ----------
    problem : Problem
    matrices : tuple of (L_k, L_(k-1)) array
        W, by layer; L_0 is the dimension of an input.
    biases : tuple of (L_k,) array
        b, by layer.
    output : (L_Q,) array
        w.
    """

    problem: Problem
    matrices: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    output: np.ndarray

    @classmethod
    def of(cls, problem: Problem, record: Mapping[str, Any]) -> "DeepNetwork":
        """Make a network from the record `representative` of a document.

        Examples
        --------
        >>> problem = Problem.from_arrays([0, 1], [0, 2], width=[1, 1], ridge=0.1)
        >>> record = {"W": [[["2"]], [["1"]]], "b": [["-1"], ["1"]], "w": ["3"]}
        >>> DeepNetwork.of(problem, record).predict([0, 3]).tolist()
        [3.0, 18.0]
        """
        matrices, below = [], problem.dimension
        for matrix, width in zip(record["W"], problem.hidden, strict=True):
            matrices.append(_array(matrix).reshape(width, below))
            below = width
        sizes = zip(record["b"], problem.hidden, strict=True)
        biases = [_array(bias).reshape(width) for bias, width in sizes]
        return cls(problem, tuple(matrices), tuple(biases), _array(record["w"]).reshape(below))

    @property
    def penalised(self) -> Sequence[np.ndarray]:
        """The parameters that the ridge is on."""
        return [*self.matrices, *self.biases, self.output]

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output, (k,), at inputs, (k, d)."""
        features = inputs
        for matrix, bias in zip(self.matrices, self.biases, strict=True):
            features = np.maximum(features @ matrix.T + bias, 0)
        return features @ self.output


def _array(texts: Any) -> np.ndarray:
    """Return texts of numbers as doubles, in the shape of their lists."""
    return np.array(texts, dtype=object).astype(float)


def _double(entry: Any) -> float:
    """Return the double next to a number, read as the data are."""
    value = parse_rational(exact_text(entry))
    try:
        return int(value.p) / int(value.q)
    except OverflowError as error:
        raise ValueError(f"{shown(entry)}, which no double holds") from error


class Evaluated:
    """What a network represents: a component, whose networks agree on the data.

    Off the data they agree, too, if they are of the same stratum.
    """

    network: Function

    def predict(self, X: Any) -> np.ndarray:
        """Return the values of the representative at other inputs; see `Function.predict`."""
        return self.network.predict(X)

    def loss_on(self, X: Any, y: Any, penalty: bool = True) -> float:
        """Return the loss of the representative on other data; see `Function.loss_on`.

        `loss` is the exact number that belongs to the data of the problem.
        """
        return self.network.loss_on(X, y, penalty)
