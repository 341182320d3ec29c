"""Stationary deep networks at isolated points, every unit measured in a scale of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from flint import fmpq

from reluenum.algebra.numbers import IsolatedPoint, Number
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

Kinks = Mapping[tuple[int, int, tuple[int, ...]], Number]


SYMBOLS = {1: "+", 0: "0", -1: "-"}


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """A stationary network whose units have scales of which only the squares are known exactly.

    Unit j has a scale p_j > 0, of an input and of the output it is 1: h_j = p_j g_j,
    W_jl = omega_jl p_j / p_l, b_j = omega_j0 p_j, w_m = omega_m / p_m. The heights g and f are
    then those of the network with weights omega, and its penalty is the sum of
    omega_jl^2 p_j^2 / p_l^2: nothing but squares of scales enters, no square roots.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
        Of which a layer without units is dead, with all layers below it.
    point : IsolatedPoint
    weights : tuple of tuples of tuples of Number
        omega by layer, unit, and unit below or coordinate of an input.
    biases : tuple of tuples of Number
        omega_j0 by layer and unit.
    output : tuple of Number
        omega_m by unit of the last layer.
    squares : tuple of tuples of Number
        p_j^2 by layer and unit.
    multipliers : mapping
        Layer (from 1), unit and sites of a kink, to the sum of its multipliers over the data
        points there, divided like backpropagated errors: delta_j p_j. A kink that is missing has
        the multiplier 0.

    Notes
    -----
    Entries may also be rational numbers. `signs`, `heights` and `twins` have one entry a site.
    """

    problem: Problem
    stratum: DeepStratum
    point: IsolatedPoint
    weights: tuple[tuple[tuple[Number, ...], ...], ...]
    biases: tuple[tuple[Number, ...], ...]
    output: tuple[Number, ...]
    squares: tuple[tuple[Number, ...], ...]
    multipliers: Kinks

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of; the rest follows from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def depth(self) -> int:
        """Number Q of hidden layers."""
        return len(self.biases)

    @cached_property
    def _forward(self) -> list[tuple[list[int], list[list[Any]], list[str]]]:
        """Twins, pre-activations and signs of each layer; what is equal is evaluated once."""
        places = range(len(self.problem.sites))
        below: list[Sequence[Any]] = [site.row[:-1] for site in self.problem.sites]
        twins, found = list(places), []
        for layer, biases in enumerate(self.biases):
            rows = list(zip(self.weights[layer], biases, strict=True))
            firsts = set(twins)
            once = {s: [sum_of(zip(w, below[s], strict=True), b) for w, b in rows] for s in firsts}
            values = [[once[twins[s]][j] for s in places] for j in range(len(rows))]
            signs = [self._row(layer, j, row, twins) for j, row in enumerate(values)]
            found.append((twins, values, signs))
            below = [
                [v[s] if row[s] == "+" else fmpq(0) for v, row in zip(values, signs, strict=True)]
                for s in places
            ]
            twins = _twins_above(twins, signs)
        return found

    def _row(self, layer: int, unit: int, values: Sequence[Any], twins: Sequence[int]) -> str:
        """Return the signs of a unit; where its stratum has a kink, the system says 0."""
        expected = self.stratum.layers[layer][unit]
        kinks = {twins[s] for s, sign in enumerate(expected) if sign == "0"}
        firsts = set(twins)
        signs = {s: "0" if s in kinks else SYMBOLS[sign_of(values[s])] for s in firsts}
        return "".join(signs[twins[s]] for s in range(len(values)))

    @cached_property
    def preactivations(self) -> tuple[tuple[tuple[Any, ...], ...], ...]:
        """z_j / p_j by layer, unit and site."""
        return tuple(tuple(map(tuple, values)) for _, values, _ in self._forward)

    @cached_property
    def signs(self) -> tuple[tuple[str, ...], ...]:
        """Exact signs by layer and unit: a text of `+`, `-`, `0`, one a site."""
        return tuple(tuple(signs) for _, _, signs in self._forward)

    @cached_property
    def twins(self) -> tuple[tuple[int, ...], ...]:
        """By layer and site, the first site that its units cannot tell apart near this network.

        For the first layer that is the site itself; for layer k, sites at which the units of
        layer k - 1 are negative, or are no twins' difference (Lemma D5). Groups are unions of
        these.
        """
        return tuple(tuple(twins) for twins, _, _ in self._forward)

    @cached_property
    def relevant(self) -> tuple[tuple[int, ...], ...]:
        """By layer, the sites at which signs of its units matter near this network (Lemma D4)."""
        found: list[tuple[int, ...]] = [tuple(range(len(self.problem.sites)))]
        for rows in reversed(self.signs[1:]):
            found.append(tuple(s for s in found[-1] if any(row[s] in "+0" for row in rows)))
        return tuple(reversed(found))

    @property
    def is_stationary(self) -> bool:
        """Whether the signs are those that the stratum claims; the equations hold by the system."""
        return all(
            wanted in (found, ".")
            for layer, claimed in zip(self.signs, self.stratum.layers, strict=True)
            for row, text in zip(layer, claimed, strict=True)
            for found, wanted in zip(row, text, strict=True)
        )

    @cached_property
    def heights(self) -> tuple[tuple[tuple[Any, ...], ...], ...]:
        """relu(z_j) / p_j by layer, unit and site."""
        return tuple(
            tuple(
                tuple(z if sign == "+" else fmpq(0) for z, sign in zip(values, row, strict=True))
                for values, row in zip(layer, rows, strict=True)
            )
            for layer, rows in zip(self.preactivations, self.signs, strict=True)
        )

    @cached_property
    def residual(self) -> tuple[Any, ...]:
        """The mean of y - f at each site."""
        columns = zip(*self.heights[-1], strict=True) if self.output else [()] * len(self.targets)
        pairs = zip(self.targets, columns, strict=True)
        return tuple(y - sum_of(zip(self.output, h, strict=True), fmpq(0)) for y, h in pairs)

    @property
    def targets(self) -> tuple[fmpq, ...]:
        """The mean of the targets at each site."""
        return self.problem.means

    @cached_property
    def penalties(self) -> tuple[tuple[tuple[Any, ...], ...], ...]:
        """p_j^2 / p_l^2 of each weight by layer and unit, that of the bias last; then the output's.

        The squared norm of the network is the sum of the squares of omega with these factors.
        """
        below: Sequence[Any] = (fmpq(1),) * self.problem.dimension if self.weights[0] else ()
        found = []
        for squares in self.squares:
            found.append(tuple((*(p / q for q in below), p) for p in squares))
            below = squares
        return (*found, (tuple(1 / p for p in self.squares[-1]),))

    @property
    def rows(self) -> tuple[tuple[tuple[Any, ...], ...], ...]:
        """omega by layer and unit, the bias last; then the output's, without one."""
        layers = zip(self.weights, self.biases, strict=True)
        hidden = (
            tuple((*w, b) for w, b in zip(weights, biases, strict=True))
            for weights, biases in layers
        )
        return (*hidden, (self.output,))

    @cached_property
    def loss(self) -> Number:
        """The loss, in the problem's own convention."""
        weighted = self.problem.weighted(self.residual)
        fit = sum_of(zip(weighted, self.residual, strict=True), self.problem.scatter)
        norm = sum_of(
            (
                (weight * weight, factor)
                for layer, factors in zip(self.rows, self.penalties, strict=True)
                for row, line in zip(layer, factors, strict=True)
                for weight, factor in zip(row, line, strict=True)
            ),
            fmpq(0),
        )
        value = (fit + norm * self.problem.effective_ridge) * self.problem.loss_scale
        return value if isinstance(value, Number) else self.point.constant(value)

    def __repr__(self) -> str:
        return f"ScaledNetwork({self.stratum.text or 'zero network'}, loss {self.loss})"


def sign_of(value: Any) -> int:
    """Return the exact sign of a number or a rational number."""
    return value.sign() if isinstance(value, Number) else int(value > 0) - int(value < 0)


def sum_of(products: Iterable[tuple[Any, Any]], start: Any) -> Any:
    """Return start plus a sum of products, without the terms that are the rational number 0."""
    for left, right in products:
        if not any(isinstance(factor, fmpq | int) and factor == 0 for factor in (left, right)):
            start = start + left * right
    return start


def _twins_above(twins: Sequence[int], signs: Sequence[str]) -> list[int]:
    """Return, for each site, the first one that the units of the next layer cannot tell from it."""
    firsts: dict[Any, int] = {}
    keys = (
        tuple((row[s], twins[s] if row[s] != "-" else None) for row in signs)
        for s in range(len(twins))
    )
    return [firsts.setdefault(key, s) for s, key in enumerate(keys)]
