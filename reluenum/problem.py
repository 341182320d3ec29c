"""The regression problem: exact data, ridge, width and conventions."""

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from numbers import Rational, Real
from operator import mul
from typing import Any, Self

from flint import fmpq

from reluenum.activation import RELU, Activation, Units
from reluenum.algebra.arrays import Table, data_tables, items, single_column
from reluenum.algebra.linear import Vector, primitive
from reluenum.algebra.scalars import exact_text, parse_rational, positive_fraction, shown, whole
from reluenum.errors import InputError
from reluenum.outer import OuterPart


class Loss(StrEnum):
    """How the squared residuals are added up.

    The mean of n squares with a ridge has the minima of their sum with n times the ridge; with
    weights the mean is weighted, and n is their sum.

    Examples
    --------
    >>> for loss in Loss:
    ...     problem = Problem.from_arrays([0, 1, 3], [0, 2, 1], width=1, ridge=0.5, loss=loss)
    ...     print(loss, problem.ridge, problem.effective_ridge)
    sum 1/2 1/2
    mean 1/2 3/2
    """

    SUM = "sum"
    MEAN = "mean"


class OutputBias(StrEnum):
    """Whether the network has an additive output bias, and whether it is penalised.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> data = {"X": [0, 1], "y": [7, 7], "width": 1, "ridge": 20}
    >>> for bias in OutputBias:
    ...     best = enumerate_minima(Problem.from_arrays(**data, output_bias=bias))[0]
    ...     print(f"{bias}: loss {float(best.loss):.4g}, m = {best.network.bias:.4g}")
    none: loss 98, m = 0
    free: loss 0, m = 7
    ridge: loss 89.09, m = 0.6364
    """

    NONE = "none"
    FREE = "free"
    RIDGE = "ridge"


class Linear(StrEnum):
    """Whether the network has a linear part beta . x besides its units, and if it is penalised.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> data = {"X": [0, 1, 2], "y": [1, 3, 5], "width": 1, "ridge": 20, "output_bias": "free"}
    >>> for linear in Linear:
    ...     best = enumerate_minima(Problem.from_arrays(**data, linear=linear))[0]
    ...     print(f"{linear}: loss {float(best.loss):.4g}, beta = {best.network.linear.tolist()}")
    none: loss 8, beta = [0.0]
    free: loss 0, beta = [2.0]
    ridge: loss 7.273, beta = [0.18181818181818182]
    """

    NONE = "none"
    FREE = "free"
    RIDGE = "ridge"


class HiddenBias(StrEnum):
    """Whether hidden units have a bias c of their own, and whether it is penalised.

    Without one a unit is b . x, and its row is x instead of (x, 1). One that is not penalised needs
    an output bias that is not penalised either: otherwise the infimum need not be attained
    (Lemma 80).

    Examples
    --------
    >>> for bias in HiddenBias:
    ...     kinds = {"output_bias": "free", "hidden_bias": bias}
    ...     print(bias, Problem.from_arrays([0, 2], [1, 1], 1, 0.5, **kinds).rows)
    ridge ((0, 1), (2, 1))
    none ((0,), (2,))
    free ((0, 1), (2, 1))
    """

    RIDGE = "ridge"
    NONE = "none"
    FREE = "free"


def parse_ridge(value: Any) -> fmpq:
    """Read a ridge: a positive number, or its text; a float is its shortest decimal.

    Raises
    ------
    InputError
        If it is no number, or not positive: without a ridge minima need not exist.
    """
    ridge = positive_fraction(value, "ridge")
    return fmpq(ridge.numerator, ridge.denominator)


@dataclass(frozen=True)
class Site:
    """An input, with all data points that have it: no network tells them apart.

    They are one that has the sum of their weights (Lemma 1a(3)). They share a hyperplane of the
    arrangement, too, so that the work depends on the number of sites, and on the number of data
    points only where data are read and faces are written. (Without hidden bias sites whose inputs
    are proportional share one as well.)

    Parameters
    ----------
    first : int
        The first data point that has the input.
    row : (D,) tuple of fmpq
        (x, 1), or x without hidden bias.
    weight : fmpq
        The sum of the weights of these data points: their number, if nobody gave weights.
    mean : fmpq
        Of their targets, weighted.
    """

    first: int
    row: Vector
    weight: fmpq
    mean: fmpq

    @property
    def count(self) -> int:
        """The number of data points, where all weights are 1: with several hidden layers."""
        if self.weight.q != 1:
            raise ValueError(f"a weight of {self.weight} is no number of data points")
        return int(self.weight.p)


@dataclass(frozen=True)
class Names:
    """What the columns of the data are called; no part of the problem, nor of a document.

    Parameters
    ----------
    inputs : (d,) tuple of str
    target : str

    Examples
    --------
    >>> Names.usual(2)
    Names(inputs=('x1', 'x2'), target='y')
    >>> Names(("speed",), "distance").inputs
    ('speed',)
    """

    inputs: tuple[str, ...]
    target: str = "y"

    @classmethod
    def usual(cls, dimension: int) -> Self:
        """Return the names of a file: x1..xd, or x, and y."""
        return cls(("x",) if dimension == 1 else tuple(f"x{k + 1}" for k in range(dimension)))

    @classmethod
    def given(
        cls, dimension: int, inputs: tuple[str, ...] | None, target: str | None
    ) -> Self | None:
        """Return names of which some may be the usual ones; None if nobody gave any."""
        if inputs is None and target is None:
            return None
        usual = cls.usual(dimension)
        return cls(inputs or usual.inputs, target or usual.target)


@dataclass(frozen=True)
class Problem:
    """Data, width, ridge and conventions of one ridge-regularised ReLU regression.

    The loss is `sum_i w_i (y_i - m - <a, relu(B x_i + c)>)^2 + ridge |theta|^2`, or its `mean` form
    with `(1/W) sum_i`, W the sum of the weights w, which are 1 if nobody gives them; the bias m is
    absent, free or penalised, and so are hidden biases c (docs/theory.md, sections 1 and 24).
    Another activation, linear on either side of 0, can be in the place of relu, and a linear part
    `<beta, x_i>` be added, free or penalised (section 23).

    Parameters
    ----------
    inputs : (n, d) nested tuple of fmpq
    targets : (n,) tuple of fmpq
    width : int, or list of int
        Number of hidden units; of a network with several hidden layers, those of each, from the
        inputs to the output: afterwards that of the first, the others are `upper`.
    ridge : fmpq
        Positive.
    loss : Loss
    output_bias : OutputBias
        None with several hidden layers.
    names : Names, optional
        Of the columns, for tables and figures. Problems that differ in names are equal.
    upper : tuple of int
        Numbers of units of the hidden layers above the first; see `hidden`.
    weights : (n,) tuple of fmpq
        Of the data points, positive; all of them 1 if there are none. With several hidden layers
        they are 1.
    activation : Activation
        Or its text: `relu`, `abs`, `leaky:1/10`, `slopes:-1/2,2`; see `Activation`. With several
        hidden layers `relu`.
    hidden_bias : HiddenBias
        `ridge` with several hidden layers; `free` only with a free output bias, and relu.
    linear : Linear
        None with several hidden layers, or with free hidden biases.

    Raises
    ------
    InputError
        If a field is out of range or the shapes disagree.

    Examples
    --------
    >>> problem = Problem.from_text([["-17/100"], ["0.44"]], ["1/20", "1.02"], 2, "1e-2")
    >>> problem
    Problem(n=2, d=1, width=2, ridge=1/100, loss=sum, output_bias=none)
    >>> problem.inputs, problem.targets
    (((-17/100,), (11/25,)), (1/20, 51/50))
    >>> Problem.from_document(problem.to_document()) == problem
    True
    >>> deep = Problem.from_text([["-1"], ["1"]], ["0", "2"], [2, 1], "1/2")
    >>> deep.hidden, deep.width, deep.upper
    ((2, 1), 2, (1,))
    >>> twice = Problem.from_text([["1"]], ["0"], 1, "1/2", weights=["2"])
    >>> twice.weights, twice.sites[0].weight, twice.to_document()["weights"]
    ((2,), 2, ['2'])
    >>> Problem.from_text([["1"]], ["0"], 1, "1/2", activation="leaky:0.1")
    Problem(n=1, d=1, width=1, ridge=1/2, loss=sum, output_bias=none, activation=leaky:1/10)
    """

    inputs: tuple[Vector, ...]
    targets: Vector
    width: int
    ridge: fmpq
    loss: Loss = Loss.SUM
    output_bias: OutputBias = OutputBias.NONE
    names: Names | None = field(default=None, compare=False, repr=False)
    upper: tuple[int, ...] = ()
    weights: Vector = ()
    activation: Activation = RELU
    hidden_bias: HiddenBias = HiddenBias.RIDGE
    linear: Linear = Linear.NONE

    def __post_init__(self) -> None:
        if not self.targets:
            raise InputError("data", "no rows", "at least one data point")
        if len(self.inputs) != len(self.targets):
            found = f"{len(self.inputs)} inputs and {len(self.targets)} targets"
            raise InputError("data", found, "one target for each input")
        if not self.inputs[0] or len({len(row) for row in self.inputs}) != 1:
            raise InputError(
                "data", "inputs of no or of unequal length", "d >= 1 columns of inputs"
            )
        entries = (*(entry for row in self.inputs for entry in row), *self.targets, self.ridge)
        if not all(isinstance(entry, fmpq) for entry in entries):
            raise InputError("data", "entries that are no fmpq", "those that `from_text` makes")
        object.__setattr__(self, "activation", Activation.of(self.activation))
        object.__setattr__(self, "weights", _positive_weights(self.weights, len(self.targets)))
        width, *upper = _layers(self.width, self.upper)
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "upper", tuple(upper))
        if self.ridge <= 0:
            raise InputError("ridge", f"{self.ridge} is not positive", "a positive number")
        if self.names is not None and not isinstance(self.names, Names):
            raise InputError("names", shown(self.names), "`Names(inputs, target)`")
        if self.names is not None and len(self.names.inputs) != self.dimension:
            raise InputError("names", str(self.names.inputs), "one name for each input")
        kinds = {"loss": Loss, "output_bias": OutputBias}
        kinds |= {"hidden_bias": HiddenBias, "linear": Linear}
        for name, kind in kinds.items():
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError as error:
                found = repr(getattr(self, name))
                raise InputError(name, found, f"one of {', '.join(kind)}") from error
        if self.upper and self.output_bias is not OutputBias.NONE:
            found = f"{self.output_bias} with {len(self.hidden)} hidden layers"
            raise InputError("output_bias", found, "none with more than one hidden layer")
        if self.upper and self.weighs:
            found = f"weights with {len(self.hidden)} hidden layers"
            raise InputError("weights", found, "equal weights of 1 with more than one hidden layer")
        if self.upper:
            deep = f"with {len(self.hidden)} hidden layers"
            refuse_setting(self, "hidden_bias", deep, but=(HiddenBias.FREE,))
            refuse_setting(self, "linear", deep)
        if self.has_free_hidden_bias:
            self._check_free()
        if not self.has_hidden_bias and not any(map(any, self.inputs)):
            found = "none, and all inputs are 0"
            raise InputError("hidden_bias", found, "an input that is not 0, or ridge")
        if self.upper and not self.activation.is_relu:
            found = f"{self.activation.text} with {len(self.hidden)} hidden layers"
            raise InputError("activation", found, "relu with more than one hidden layer")

    def _check_free(self) -> None:
        """Refuse what does not go with hidden biases that are not penalised (Lemma 80)."""
        if self.upper:
            refuse_setting(self, "hidden_bias", f"with {len(self.hidden)} hidden layers")
        if not self.activation.is_relu:
            refuse_setting(self, "hidden_bias", f"with the activation {self.activation.text}")
        if self.output_bias is not OutputBias.FREE:
            found = f"{self.output_bias} with hidden biases that are free"
            raise InputError("output_bias", found, "free, or no network need have the least loss")
        if self.dimension > 1 and self.linear is Linear.RIDGE:
            found = "ridge with hidden biases that are free and several columns of inputs"
            raise InputError("linear", found, "none or free")

    @classmethod
    def from_text(
        cls,
        inputs: Sequence[Sequence[Any]],
        targets: Sequence[Any],
        width: int | Sequence[int],
        ridge: Any,
        loss: str = "sum",
        output_bias: str = "none",
        *,
        weights: Sequence[Any] | None = None,
        activation: Activation | str = RELU,
        hidden_bias: str = "ridge",
        linear: str = "none",
    ) -> Self:
        """Make a problem from numbers given as text, ints or Fractions (never rounded).

        Floats are refused: 0.1 is not the rational 1/10. `from_arrays` reads them.

        Raises
        ------
        InputError
            Naming the entry that cannot be read.

        Examples
        --------
        >>> Problem.from_text([["1/2", "0"], ["-1", "3"]], [1, "0.25"], width=3, ridge="1/10")
        Problem(n=2, d=2, width=3, ridge=1/10, loss=sum, output_bias=none)
        """
        points = enumerate(items(inputs, "inputs", "a list of inputs"))
        rows = tuple(_exact_row(row, f"inputs[{i}]") for i, row in points)
        entries = enumerate(items(targets, "targets", "a list of numbers"))
        values = tuple(_exact(entry, f"targets[{i}]") for i, entry in entries)
        listed = enumerate(
            [] if weights is None else items(weights, "weights", "a list of numbers")
        )
        given = tuple(_exact(entry, f"weights[{i}]") for i, entry in listed)
        _check_number(weights, given, values)
        rest = {"weights": given, "activation": activation, "hidden_bias": hidden_bias}
        rest["linear"] = linear
        return cls(rows, values, width, _exact(ridge, "ridge"), loss, output_bias, **rest)

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        width: int | Sequence[int],
        ridge: Any,
        loss: str = "sum",
        output_bias: str = "none",
        *,
        weights: Any = None,
        activation: Activation | str = RELU,
        hidden_bias: str = "ridge",
        linear: str = "none",
        binary: bool = False,
    ) -> Self:
        """Make a problem from NumPy arrays, pandas frames and series, or lists.

        A float is the shortest decimal text that gives it back in its own precision: 0.1 is 1/10,
        be it a Python float or a `float32`. So numbers that were typed, or read from a file, are
        the numbers that were meant; of numbers that were computed, all 17 digits are taken, with
        which the certified engine is as fast as with two, and the Groebner engine is not.

        Parameters
        ----------
        X : (n, d) array, frame or list of rows, or (n,) array, series or list for d = 1
            Floats, whole numbers, or exact numbers as for `from_text`. The names of a frame's
            columns are kept in `names`.
        y : (n,) array, series or list, or a single column (n, 1)
        width : int, or list of int
            Of several hidden layers, their widths.
        ridge : number or text
        loss, output_bias : str
        weights : (n,) array, series or list, or a single column (n, 1), optional
            Positive weights of the data points; 1 by default.
        activation : Activation or str
            As for `Problem`.
        hidden_bias, linear : str
        binary : bool
            Whether a float is the binary fraction that it is instead: 0.1 is then
            3602879701896397/36028797018963968.

        Raises
        ------
        InputError
            Naming row and column, counted from 0 or by name, of an entry that is no finite number
            (NaN, None, a truth value, a date, a complex number); or saying what is wrong with the
            shape or the kind of the table.

        Examples
        --------
        >>> import numpy as np
        >>> problem = Problem.from_arrays(np.array([-0.5, 0.1]), [0, 2], width=1, ridge=0.01)
        >>> problem.inputs, problem.ridge
        (((-1/2,), (1/10,)), 1/100)
        """
        inputs, targets = data_tables(X, y)

        def number(entry: Any) -> fmpq:
            return parse_rational(exact_text(entry, binary))

        rows = inputs.read("X", number)
        values = tuple(value for (value,) in targets.read("y", number))
        column = Table([]) if weights is None else single_column(weights, "weights", targets)
        given = tuple(value for (value,) in column.read("weights", number))
        _check_number(weights, given, values)
        penalty, names = _read_number(ridge, "ridge", binary), _column_names(inputs, targets)
        rest = {"weights": given, "activation": activation, "hidden_bias": hidden_bias}
        rest["linear"] = linear
        return cls(rows, values, width, penalty, loss, output_bias, names, **rest)

    @classmethod
    def from_document(cls, record: Mapping[str, Any]) -> Self:
        """Make a problem from the `problem` record of a document."""
        hidden = record["hidden"] if "hidden" in record else whole(record["width"], "width")
        rest = (record[key] for key in ("ridge", "loss", "output_bias"))
        names = ("weights", "activation", "hidden_bias", "linear")
        further = {key: record[key] for key in names if key in record}
        return cls.from_text(record["x"], record["y"], hidden, *rest, **further)

    def to_document(self) -> dict[str, Any]:
        """Return the `problem` record of a document."""
        return {
            "x": [[str(entry) for entry in row] for row in self.inputs],
            "y": [str(entry) for entry in self.targets],
            **({"weights": [str(entry) for entry in self.weights]} if self.weighs else {}),
            **({"hidden": list(self.hidden)} if self.upper else {"width": self.width}),
            "ridge": str(self.ridge),
            "loss": self.loss.value,
            "output_bias": self.output_bias.value,
            **({} if self.activation.is_relu else {"activation": self.activation.text}),
            **({"hidden_bias": self.hidden_bias.value} if self._is_unusual else {}),
            **({"linear": self.linear.value} if self.has_linear else {}),
        }

    def with_width(self, width: int) -> Self:
        """Return the same problem with another number of hidden units.

        Raises
        ------
        InputError
            If there are several hidden layers.

        Examples
        --------
        >>> Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5).with_width(3).width
        3
        """
        return replace(self.in_one_layer(), width=width)

    @property
    def hidden(self) -> tuple[int, ...]:
        """The widths of the hidden layers, from the inputs to the output."""
        return (self.width, *self.upper)

    def in_one_layer(self) -> Self:
        """Return the problem, if its network has one hidden layer.

        Raises
        ------
        InputError
            If it has several.

        Examples
        --------
        >>> Problem.from_arrays([0, 1], [0, 2], width=[2, 1], ridge=0.5).in_one_layer()
        Traceback (most recent call last):
        reluenum.errors.InputError: network: hidden layers of widths 2, 1; expected one hidden layer
        """
        refuse_layers(self.hidden)
        return self

    @property
    def size(self) -> int:
        """Number n of data points."""
        return len(self.targets)

    @property
    def weighs(self) -> bool:
        """Whether some data point has another weight than 1."""
        return self.weights != (fmpq(1),) * self.size

    @cached_property
    def total_weight(self) -> fmpq:
        """The sum W of the weights of the data points: n, if nobody gave weights."""
        return sum(self.weights, start=fmpq(0))

    @property
    def dimension(self) -> int:
        """Dimension d of an input."""
        return len(self.inputs[0])

    @cached_property
    def rows(self) -> tuple[Vector, ...]:
        """The homogeneous inputs (x_i, 1): a unit v = (b, c) has pre-activation v . row.

        Without hidden bias v = b, and the rows are the inputs.
        """
        if not self.has_hidden_bias:
            return self.inputs
        return tuple((*row, fmpq(1)) for row in self.inputs)

    @property
    def has_hidden_bias(self) -> bool:
        """Whether units have a bias c."""
        return self.hidden_bias is not HiddenBias.NONE

    @property
    def _is_unusual(self) -> bool:
        """Whether hidden biases are other than penalised."""
        return self.hidden_bias is not HiddenBias.RIDGE

    @property
    def has_free_hidden_bias(self) -> bool:
        """Whether they have one that is not penalised."""
        return self.hidden_bias is HiddenBias.FREE

    @property
    def coordinates(self) -> int:
        """Number D of coordinates of a unit: d + 1, or d without hidden bias."""
        return self.dimension + self.has_hidden_bias

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The distinct inputs, in the order of the data."""
        found = []
        for points in alike(self.rows):
            weight = sum([self.weights[i] for i in points], start=fmpq(0))
            total = sum([self.weights[i] * self.targets[i] for i in points], start=fmpq(0))
            found.append(Site(points[0], self.rows[points[0]], weight, total / weight))
        return tuple(found)

    @cached_property
    def ascending(self) -> tuple[Site, ...]:
        """The sites by increasing input: as they lie on a line."""
        return tuple(sorted(self.sites, key=lambda site: site.row))

    @cached_property
    def means(self) -> Vector:
        """The weighted mean of the targets of each site."""
        return tuple(site.mean for site in self.sites)

    @cached_property
    def scatter(self) -> fmpq:
        """The sum of squares of the targets around these means: no network makes it smaller."""
        weighed = map(mul, self.weights, self.targets)
        squares = sum(map(mul, weighed, self.targets), start=fmpq(0))
        return squares - sum(map(mul, self.weighted(self.means), self.means), start=fmpq(0))

    @cached_property
    def energy(self) -> fmpq:
        """The number <y, Ry>, the sum-of-squares loss of the zero network."""
        fitted = self.weighted(self.residual(self.means))
        return self.scatter + sum(map(mul, fitted, self.means), start=fmpq(0))

    @cached_property
    def effective_ridge(self) -> fmpq:
        """Ridge of the equivalent sum-of-squares problem: W ridge for the mean loss."""
        return self.ridge * self.total_weight if self.loss is Loss.MEAN else self.ridge

    @cached_property
    def loss_scale(self) -> fmpq:
        """Factor from the sum-of-squares loss to the problem's own loss."""
        return 1 / self.total_weight if self.loss is Loss.MEAN else fmpq(1)

    @property
    def has_linear(self) -> bool:
        """Whether there is a linear part."""
        return self.linear is not Linear.NONE

    @property
    def has_output_bias(self) -> bool:
        """Whether there is an output bias."""
        return self.output_bias is not OutputBias.NONE

    @cached_property
    def outer(self) -> OuterPart:
        """The output bias and the linear part, in this order: what they fit (Lemmas 1 and 74)."""
        rows = [self.inputs[site.first] for site in self.sites]
        ones, inputs = [(fmpq(1),) * len(rows)], list(zip(*rows, strict=True))
        kinds = ((self.output_bias, ones), (self.linear, inputs))
        found = [(kind, column) for kind, part in kinds if kind != "none" for column in part]
        ridge = {"free": fmpq(0), "ridge": self.effective_ridge}
        columns, ridges = [column for _, column in found], [ridge[kind] for kind, _ in found]
        return OuterPart.of(columns, [site.weight for site in self.sites], ridges)

    def parted(self, coefficients: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return the bias, 0 if there is none, and the linear part of coefficients of `outer`."""
        found = list(coefficients)
        bias = found.pop(0) if self.has_output_bias else fmpq(0)
        return bias, found

    @cached_property
    def absorbs_rows(self) -> bool:
        """Whether a free linear part makes up for every linear function of a row (Lemma 76).

        If all rows are on one ray, no unit does anything else, and none is stationary.
        """
        rows = [site.row for site in self.sites]
        if self.linear is not Linear.FREE or len({primitive(row) for row in rows if any(row)}) == 1:
            return False
        return not any(any(self.outer.residual(column)) for column in zip(*rows, strict=True))

    @property
    def units(self) -> Units:
        """The hidden units: which of them can be stationary, and which are the same."""
        return Units(self.activation, self.absorbs_rows)

    def residual(self, errors: Sequence[Any]) -> list[Any]:
        """Apply R: turn errors of the units into those with the best output bias and linear part.

        Works over any ring that contains the rationals (numbers, polynomials, balls).

        Parameters
        ----------
        errors : sequence
            The mean error of each site.
        """
        return self.outer.residual(errors)

    def weighted(self, means: Sequence[Any]) -> list[Any]:
        """Turn the mean of each site into its weighted sum over the data points there."""
        pairs = zip(self.sites, means, strict=True)
        return [mean if site.weight == 1 else mean * site.weight for site, mean in pairs]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical text of the problem; ties files to their problem."""
        text = json.dumps(self.to_document(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)  # hashing thousands of rationals, again and again, takes longer

    def __repr__(self) -> str:
        width = f"hidden={list(self.hidden)}" if self.upper else f"width={self.width}"
        weights = f", weights of sum {self.total_weight}" if self.weighs else ""
        phi = "" if self.activation.is_relu else f", activation={self.activation.text}"
        bias = f", hidden_bias={self.hidden_bias}" if self._is_unusual else ""
        bias += f", linear={self.linear}" if self.has_linear else ""
        return (
            f"Problem(n={self.size}, d={self.dimension}, {width}, ridge={self.ridge}, "
            f"loss={self.loss}, output_bias={self.output_bias}{weights}{bias}{phi})"
        )


def refuse_layers(hidden: Sequence[int]) -> None:
    """Refuse several hidden layers, where only one is known of.

    Raises
    ------
    InputError
    """
    if len(hidden) > 1:
        found = f"hidden layers of widths {', '.join(map(str, hidden))}"
        raise InputError("network", found, "one hidden layer")


def refuse_setting(problem: Problem, name: str, why: str, but: Container[str] = ()) -> None:
    """Refuse unusual hidden biases, or a linear part, where nothing else is known of.

    Parameters
    ----------
    problem : Problem
    name : str
        `hidden_bias` or `linear`.
    why : str
        What does not go with it.
    but : container of str
        Values that do.

    Raises
    ------
    InputError

    Examples
    --------
    >>> problem = Problem.from_text([["1"]], ["1"], 1, "1", linear="free")
    >>> refuse_setting(problem, "hidden_bias", "here")
    >>> refuse_setting(problem, "linear", "here")
    Traceback (most recent call last):
    reluenum.errors.InputError: linear: free here; expected none
    """
    value, usual = getattr(problem, name), getattr(Problem, name)
    if value != usual and value not in but:
        raise InputError(name, f"{value} {why}", usual)


def _positive_weights(weights: Sequence[Any], size: int) -> Vector:
    """Return the weights of so many data points; without any, ones."""
    if not weights:
        return (fmpq(1),) * size
    if len(weights) != size:
        found = f"{len(weights)} weights and {size} data points"
        raise InputError("weights", found, "one weight for each data point")
    for i, weight in enumerate(weights):
        if not isinstance(weight, fmpq):
            raise InputError(f"weights[{i}]", shown(weight), "a number that `from_text` makes")
        if weight <= 0:
            raise InputError(f"weights[{i}]", f"{weight} is not positive", "a positive number")
    return tuple(weights)


def _check_number(weights: Any, read: Vector, targets: Vector) -> None:
    """Refuse a list of no weights, which is not the same as no list."""
    if weights is not None and not read and targets:
        found = f"0 weights and {len(targets)} data points"
        raise InputError("weights", found, "one weight for each data point")


def _layers(width: Any, upper: Sequence[int]) -> list[int]:
    """Read the widths of the hidden layers: a list has all of them, a number is the first."""
    if not isinstance(width, Sequence) or isinstance(width, str | bytes):
        return [whole(width, "width"), *(whole(entry, "upper") for entry in upper)]
    if not width:
        raise InputError("width", "an empty list", "a whole number >= 1, or a list of them")
    return [whole(entry, f"width[{k}]") for k, entry in enumerate(width)]


def alike(rows: Iterable[Vector]) -> list[list[int]]:
    """Return the places of equal rows, for each row in the order of the first ones.

    Examples
    --------
    >>> alike([(1, 1), (0, 1), (1, 1)])
    [[0, 2], [1]]
    """
    found: dict[Vector, list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault(row, []).append(i)
    return list(found.values())


def _column_names(inputs: Table, targets: Table) -> Names | None:
    """Return the names of columns, if there are any."""
    dimension = len(inputs.rows[0]) if inputs.rows else 1
    return Names.given(dimension, inputs.names, *(targets.names or (None,)))


def _exact_row(row: Any, where: str) -> Vector:
    """Read the numbers of one input; a text is no list of its characters."""
    if isinstance(row, str) or not isinstance(row, Iterable):
        raise InputError(where, repr(row), "a list of d numbers, also if d = 1")
    entries = enumerate(items(row, where, "a list of d numbers"))
    return tuple(_exact(entry, f"{where}[{j}]") for j, entry in entries)


def _exact(entry: Any, where: str) -> fmpq:
    """Read one number given as text, int or Fraction."""
    if isinstance(entry, Real) and not isinstance(entry, Rational):
        expected = "exact text such as '1/10' or '0.1'; `Problem.from_arrays` reads floats"
        raise InputError(where, f"the float {entry}", expected)
    return _read_number(entry, where)


def _read_number(entry: Any, where: str, binary: bool = False) -> fmpq:
    """Read one number."""
    try:
        return entry if isinstance(entry, fmpq) else parse_rational(exact_text(entry, binary))
    except ValueError as error:
        raise InputError(where, str(error), "a decimal or fraction") from error
