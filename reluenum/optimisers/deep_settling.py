"""From the end of a run of a deep network to a stationary point: kinks snapped, then Newton.

Near a stationary point pre-activations that are nearly 0 are taken for kinks, and units that are
nearly 0 for dead ones. On the stratum so found, f and the pre-activations are polynomials, and the
stationary points are the zeros of

    lambda theta - sum_i r_i grad f(x_i) - sum_kinks mu z',   z_kinks

in parameters and multipliers (docs/theory_deep.md). Newton's method, with the least step where
networks or multipliers form a continuum, finds the one nearby. Its matrix comes from the gradient
at complex points: the map is a polynomial, so that this loses no digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reluenum.optimisers.deep_networks import DeepNetworks, DeepObjective, Layers

TOLERANCES = (1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 5e-2)
"""Pre-activations and units this small, relative to others, are tried as kinks and dead units."""

FARTHEST = 0.1
"""Pre-activations beyond this, relatively, are no kinks."""

STRICT = 1e-8
"""At a stationary point, pre-activations beyond this, relatively, have a sign; others are kinks."""

FAINT = 1e-5
"""At a stationary point, units smaller than this, relatively, are dead."""

STEPS = 30
"""Most steps of Newton's method."""

BALANCED = 1e-10
"""Largest residual of the equations of a stationary point, relative to the size of parameters."""

COMPLEX_STEP = 1e-40
"""How far complex points are from real ones."""

RANK = 1e-9
"""Singular values this small, relative to the largest, are taken for 0."""


@dataclass(frozen=True, eq=False)
class Snapped:
    """A network without its dead units, each unit with its signs at the data.

    Parameters
    ----------
    network : DeepNetworks
        One.
    signs : list of (m_k, n) arrays of int
    relevant : list of (n,) arrays of bool
        Data points at which signs of a layer matter: where a unit of the layer above is positive
        or 0, and so on upwards.
    """

    network: DeepNetworks
    signs: Layers
    relevant: Layers

    @classmethod
    def of(
        cls,
        objective: DeepObjective,
        network: DeepNetworks,
        tolerance: float,
        least: float | None = None,
    ) -> "Snapped":
        """Take for 0 what is nearly 0, until nothing else dies.

        Parameters
        ----------
        objective : DeepObjective
        network : DeepNetworks
        tolerance : float
            Of pre-activations, relative to unit and input.
        least : float, optional
            Of units, relative to the size of parameters; by default the same.
        """
        small = (tolerance if least is None else least) * objective.parameter_size
        while True:
            signs = near_signs(objective, network, tolerance)
            relevant, live = [np.ones(len(objective.rows), dtype=bool)], []
            for k in reversed(range(len(signs))):
                out = network.output[None] if k == len(signs) - 1 else network.layers[k + 1][:, :-1]
                sizes = np.linalg.norm(network.layers[k], axis=1), np.linalg.norm(out, axis=0)
                positive = (signs[k][:, relevant[0]] > 0).any(axis=1)
                live.insert(0, positive & (np.minimum(*sizes)[:, 0] > small))
                relevant.insert(0, relevant[0] & (signs[k][live[0]] >= 0).any(axis=0))
            if all(map(np.all, live)):
                return cls(network, signs, relevant[1:])
            network = _pruned(network, live)

    @property
    def kinks(self) -> Layers:
        """Which pre-activations are constrained to be 0, (m_k, n) arrays of bool."""
        pairs = zip(self.signs, self.relevant, strict=True)
        return [(signs == 0) & relevant for signs, relevant in pairs]

    @property
    def key(self) -> bytes:
        """What tells strata apart."""
        parts = [np.int8(len(signs)).tobytes() + signs.tobytes() for signs in self.signs]
        return b"".join(parts)

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Return the signs of the units of each layer as texts of `+`, `-`, `0`, sorted."""
        return tuple(
            tuple(sorted("".join("-0+"[sign + 1] for sign in row) for row in signs))
            for signs in self.signs
        )


def near_signs(objective: DeepObjective, network: DeepNetworks, tolerance: float) -> Layers:
    """Return the signs of the units of a network at the data, 0 where they are nearly 0."""
    return [
        np.where(np.abs(angles) <= tolerance, 0, np.sign(angles)).astype(np.int8)
        for angles in relative_preactivations(objective, network)
    ]


def relative_preactivations(objective: DeepObjective, network: DeepNetworks) -> Layers:
    """Return the pre-activations of a network, (L_k, n), over the sizes of unit and input."""
    passed = network.forward(objective.rows)
    found = []
    for layer, pre, below in zip(network.layers, passed.pre, passed.inputs, strict=False):
        scale = np.linalg.norm(layer, axis=1)[:, None] * np.linalg.norm(below, axis=0)
        found.append((pre / np.where(scale > 0, scale, 1))[..., 0])
    return found


def _tolerances(objective: DeepObjective, network: DeepNetworks) -> Iterator[float]:
    """Yield what to take for 0: a fixed ladder, then each pre-activation that is near to 0."""
    yield from TOLERANCES
    near = np.concatenate([np.abs(z).ravel() for z in relative_preactivations(objective, network)])
    yield from np.unique(near[near <= FARTHEST])


def _pruned(network: DeepNetworks, live: Layers) -> DeepNetworks:
    """Return a network without its dead units."""
    first = network.layers[0].shape[1] - 1
    below = [np.ones(first, dtype=bool), *live]
    layers = [
        layer[alive][:, np.append(inputs, True)]
        for layer, alive, inputs in zip(network.layers, live, below, strict=False)
    ]
    return DeepNetworks(layers, network.output[live[-1]])


@dataclass(frozen=True, eq=False)
class Equations:
    """The equations of the stationary points on a stratum, in parameters and multipliers."""

    objective: DeepObjective
    snapped: Snapped

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return the left sides, (P, N + c), at some points, (P, N + c)."""
        rows, kinks = self.objective.rows, self.snapped.kinks
        hidden = [len(kink) for kink in kinks]
        count = sum(int(kink.sum()) for kink in kinks)
        theta, multipliers = np.split(points, [points.shape[1] - count], axis=1)
        at_kinks, start = [], 0
        for kink in kinks:
            stop = start + int(kink.sum())
            spread = np.zeros((*kink.shape, len(points)), dtype=points.dtype)
            spread[kink] = multipliers[:, start:stop].T
            at_kinks.append(spread)
            start = stop
        networks = DeepNetworks.of(theta, hidden, rows.shape[1] - 1)
        passed = networks.forward(rows, [signs[..., None] for signs in self.snapped.signs])
        residual = self.objective.targets[:, None] - passed.fitted
        slopes = self.objective.ridge * theta - networks.pulled(passed, residual, at_kinks)
        zero = [pre[kink].T for pre, kink in zip(passed.pre, kinks, strict=True)]
        return np.hstack([slopes, *zero])

    def matrix(self, point: np.ndarray) -> np.ndarray:
        """Return the matrix of derivatives at a point, (N + c,)."""
        moved = point + 1j * COMPLEX_STEP * np.eye(len(point))
        return self(moved).imag.T / COMPLEX_STEP

    def solve(self) -> np.ndarray | None:
        """Return the parameters of a stationary point nearby; None if none is found."""
        theta = self.snapped.network.theta[0]
        count = sum(int(kink.sum()) for kink in self.snapped.kinks)
        point = np.append(theta, np.zeros(count))
        if not len(theta):
            return theta
        if count:
            along, value = self.matrix(point)[: len(theta), len(theta) :], self(point[None])[0]
            point[len(theta) :] = np.linalg.lstsq(along, -value[: len(theta)], rcond=RANK)[0]
        reach = np.linalg.norm(theta) + self.objective.parameter_size
        for _ in range(STEPS):
            value = self(point[None])[0]
            step = np.linalg.lstsq(self.matrix(point), -value, rcond=RANK)[0]
            point = point + step
            if not np.linalg.norm(point[: len(theta)] - theta) < reach:
                return None
            if np.linalg.norm(step) <= 1e-14 * reach:
                break
        balanced = np.abs(self(point[None])[0]).max(initial=0) <= BALANCED * reach
        return point[: len(theta)] if balanced else None


def stationary_points(objective: DeepObjective, theta: np.ndarray) -> Iterator[Snapped]:
    """Yield the stationary points that are found near a network, (N,).

    Their signs are those of the network there; kinks at points that do not matter are none.
    """
    seen: set[bytes] = set()
    network = objective.networks(theta[None])
    for tolerance in _tolerances(objective, network):
        snapped = Snapped.of(objective, network, tolerance)
        while snapped.key not in seen:
            seen.add(snapped.key)
            found = Equations(objective, snapped).solve()
            if found is None:
                break
            hidden = [len(signs) for signs in snapped.signs]
            moved = DeepNetworks.of(found[None], hidden, objective.rows.shape[1] - 1)
            at_rest = Snapped.of(objective, moved, STRICT, FAINT)
            if at_rest.key == snapped.key or _agree(at_rest, snapped):
                yield at_rest
                break
            if sum(map(len, at_rest.signs)) == sum(hidden):
                break
            snapped = at_rest


def _agree(first: Snapped, second: Snapped) -> bool:
    """Return whether two networks have the same units, with the same signs where they matter."""
    return all(
        len(mine) == len(others) and (mine[:, where] == others[:, where]).all()
        for mine, others, where in zip(first.signs, second.signs, second.relevant, strict=True)
    )
