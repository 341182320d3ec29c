"""Rational networks below a stationary one: anyone can check a rejection by evaluating losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpz

from reluenum.algebra.forms import doubles
from reluenum.algebra.linear import dot
from reluenum.algebra.numbers import exact_value
from reluenum.engines.deep.cells.jets import Jets, jets
from reluenum.engines.deep.cells.kinks import Cell, Surroundings
from reluenum.problem import Problem

FIRST_HALVING, LAST_HALVING = 3, 60
"""Steps 2^-k, in terms of the network's own size, that are tried."""


CORRECTIONS = 40
"""Newton steps, with a fixed Jacobian, back to the kinks that are kept."""


@dataclass(frozen=True)
class RationalNetwork:
    """A network with rational weights.

    Parameters
    ----------
    layers : tuple of tuples of tuples of fmpq
        Of each unit the weights of the units below (or of the inputs), then the bias.
    output : tuple of fmpq

    Examples
    --------
    >>> problem = Problem.from_text([["0"], ["2"]], ["1", "3"], [1, 1], "1/2")
    >>> one, two = fmpq(1), fmpq(2)
    >>> RationalNetwork((((one, one),), ((one, -one),)), (two,)).loss(problem)
    6
    """

    layers: tuple[tuple[tuple[fmpq, ...], ...], ...]
    output: tuple[fmpq, ...]

    def loss(self, problem: Problem) -> fmpq:
        """Return the exact loss in the problem's convention."""
        squares = problem.scatter
        for site in problem.sites:
            heights: tuple[fmpq, ...] = site.row[:-1] if self.layers and self.layers[0] else ()
            for units in self.layers:
                heights = tuple(max(fmpq(0), dot(u, (*heights, fmpq(1)))) for u in units)
            error = site.mean - dot(self.output, heights)
            squares += site.count * error * error
        weights = [w for units in self.layers for unit in units for w in unit]
        norm = sum((w * w for w in (*weights, *self.output)), start=fmpq(0))
        return (squares + problem.effective_ridge * norm) * problem.loss_scale

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "W": [[[str(w) for w in unit[:-1]] for unit in units] for units in self.layers],
            "b": [[str(unit[-1]) for unit in units] for units in self.layers],
            "w": [str(w) for w in self.output],
        }


@dataclass(frozen=True)
class DeepDescent:
    """A network next to a stationary one, with a smaller loss.

    Parameters
    ----------
    kind : str
        What moves.
    network : RationalNetwork
        Its live units, and perhaps some that were dead.
    loss : fmpq
        Exactly, in the problem's convention.
    """

    kind: str
    network: RationalNetwork
    loss: fmpq

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {"kind": self.kind, "loss": str(self.loss), **self.network.to_document()}


@dataclass(frozen=True, eq=False)
class Growth:
    """Dead units that start to grow.

    Parameters
    ----------
    layer : int
        From 0.
    incoming : (units, below + 1) array
        The weights of what is below, and the biases.
    outgoing : (above, units) array
        Their weights in the units above, or in the output.
    is_sudden : bool
        Whether weights grow like the root of a step, so that what they do grows like others.
    """

    layer: int
    incoming: np.ndarray
    outgoing: np.ndarray
    is_sudden: bool = False

    def size(self, step: fmpq) -> arb:
        """Return the factor of the weights after a step."""
        return arb(step).sqrt() if self.is_sudden else arb(step)

    def step(self, local: Jets, step: fmpq) -> tuple[np.ndarray, np.ndarray]:
        """Return incoming and outgoing weights after a step, in the scales of their neighbours."""
        squares = local.around.network.squares
        below = squares[self.layer - 1] if self.layer else ()
        above = squares[self.layer + 1] if self.layer + 1 < len(squares) else ()
        incoming, outgoing = self.incoming * self.size(step), self.outgoing * self.size(step)
        for place, square in enumerate(below):
            incoming[:, place] *= local.ball(square).sqrt()
        for place, square in enumerate(above):
            outgoing[place] /= local.ball(square).sqrt()
        return incoming, outgoing

    def inserted(self, rows: Sequence[np.ndarray], step: fmpq) -> list[np.ndarray]:
        """Return the rows of a network, by layer, with these units after a step."""
        found = list(rows)
        found[self.layer] = np.vstack([*found[self.layer], self.incoming * self.size(step)])
        above, column = found[self.layer + 1], self.outgoing * self.size(step)
        biases = 1 if self.layer + 2 < len(found) else 0
        place = above.shape[1] - biases
        found[self.layer + 1] = np.hstack([above[:, :place], column, above[:, place:]])
        return found


@dataclass(frozen=True, eq=False)
class Move:
    """A curve that leaves a stationary network.

    Parameters
    ----------
    cell : Cell
        Whose polynomials hold along it.
    direction : (size,) array
        Of omega, in the order of `Jets`.
    held : tuple of (int, int)
        Kinks that are kept, each at one of its sites.
    growth : Growth, optional
    """

    cell: Cell
    direction: np.ndarray
    held: tuple[tuple[int, int], ...] = ()
    growth: Growth | None = None


def descent(around: Surroundings, move: Move, kind: str) -> DeepDescent | None:
    """Return a rational network on a curve whose loss is smaller, or None if no step has one.

    Parameters
    ----------
    around : Surroundings
    move : Move
    kind : str
    """
    problem = around.network.problem
    for halvings in range(FIRST_HALVING, LAST_HALVING):
        bits = 128 + 6 * halvings
        with ctx.workprec(bits):
            found = network_along(jets(around, bits), move, fmpq(1, fmpz(2) ** halvings))
            if found is None:
                continue
            loss = found.loss(problem)
            if arb(loss) < around.network.loss.ball(bits):
                return DeepDescent(kind, found, loss)
    return None


def step_length(local: Jets, move: Move) -> arb:
    """Return by what a direction is multiplied for a step 1: one network's size, in weights."""
    length = float(np.linalg.norm(move.direction * doubles(local.scales)))
    weights = np.concatenate([layer.ravel() for layer in local.weights]) * local.scales
    return arb((1 + float(np.linalg.norm(doubles(weights)))) / length if length else 0.0)


def network_along(local: Jets, move: Move, step: fmpq) -> RationalNetwork | None:
    """Return the network a step along a curve, to about the current precision.

    None if the step is too long for the kinks that are held to be found again.
    """
    omega = np.concatenate([layer.ravel() for layer in local.weights])
    omega = _middles(omega + move.direction * (step_length(local, move).mid() * arb(step)))
    grown = move.growth.step(local, step) if move.growth else None
    if move.held:
        omega = _corrected(local, move, omega, grown)
    if omega is None:
        return None
    rows = _split(local, _middles(omega * local.scales))
    if move.growth:
        rows = move.growth.inserted(rows, step)
    if not all(arb(entry).is_finite() for layer in rows for entry in np.ravel(layer)):
        return None
    *hidden, output = [
        tuple(tuple(near_dyadic(entry) for entry in unit) for unit in layer) for layer in rows
    ]
    return RationalNetwork(tuple(hidden), output[0])


def _corrected(
    local: Jets, move: Move, omega: np.ndarray, grown: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray | None:
    """Return omega moved back to where the kinks that are held are 0; None if it is too far."""
    kinks = [(local.around.kinks[place], site) for place, site in move.held]
    rows = local.gradients(move.cell)[[place for place, _ in move.held]]
    inverse, last = np.linalg.pinv(doubles(rows)), None
    for _ in range(CORRECTIONS):
        values = _preactivations(local, move, omega, grown)
        off = _middles(np.array([values[k.layer][k.unit, site] for k, site in kinks]))
        size = max(abs(entry) for entry in off)
        if size < arb(2) ** (32 - ctx.prec):
            break
        if last is not None and size > last / 2:
            return None
        omega, last = _middles(omega - inverse @ off), size
    return omega


def _preactivations(
    local: Jets, move: Move, omega: np.ndarray, grown: tuple[np.ndarray, np.ndarray] | None
) -> list[np.ndarray]:
    """Return pre-activations by layer (units, sites) with the polynomials of a cell."""
    activity, below, found = local.activity(move.cell), local.heights[0], []
    extra: Any = 0
    for layer, rows in enumerate(_split(local, omega)[:-1]):
        found.append(rows @ below.T + extra)
        heights = np.where(activity[layer], found[-1], arb(0))
        extra = 0
        if move.growth and move.growth.layer == layer:
            inputs = _balls_of_rows(local) if layer == 0 else below
            extra = grown[1] @ positive_parts(grown[0] @ inputs.T)
        below = np.vstack([heights, below.T[-1:]]).T
    return found


def _balls_of_rows(local: Jets) -> np.ndarray:
    """Return (x, 1) of each site as balls."""
    sites = local.around.network.problem.sites
    return np.array([[arb(entry) for entry in site.row] for site in sites], dtype=object)


def positive_parts(values: np.ndarray) -> np.ndarray:
    """Return the positive parts of balls."""
    found = [value.max(arb(0)) for value in values.ravel()]
    return np.array(found, dtype=object).reshape(values.shape)


def _split(local: Jets, omega: np.ndarray) -> list[np.ndarray]:
    """Return parameters as rows by layer."""
    sizes = np.cumsum([layer.size for layer in local.weights])[:-1]
    pieces = zip(np.split(omega, sizes), local.weights, strict=True)
    return [piece.reshape(layer.shape) for piece, layer in pieces]


def _middles(balls: np.ndarray) -> np.ndarray:
    """Return balls of radius 0."""
    return np.array([arb(ball).mid() for ball in balls.ravel()], dtype=object).reshape(balls.shape)


def near_dyadic(value: Any) -> fmpq:
    """Return a dyadic number next to a ball, to nearly as many bits as balls have.

    Examples
    --------
    >>> near_dyadic(arb(5) / 16)
    5/16
    """
    scale = fmpz(2) ** (ctx.prec - 32)
    return fmpq((exact_value(arb(value).mid()) * scale + fmpq(1, 2)).floor(), scale)
