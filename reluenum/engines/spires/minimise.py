"""The inner minimiser in doubles: where a search starts, and nothing rests on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.engines.spires.inner import SpireInner

SMOOTHINGS = (1e-2, 1e-6, 1e-10, 1e-14, 1e-18)
"""|w| becomes sqrt(|w|^2 + eps U): these eps, one after the other."""

NEWTON_STEPS = 50
"""For each of them."""

ROUNDING, SHORTEST = 1e-15, 1e-6
"""Relative change of the objective that ends them, and the least share of a step that is tried."""

FAINT = (1e-6, 1e-8, 0.0)
"""|w_j| / sqrt(U) below which a unit may be 0."""


@dataclass(frozen=True, eq=False)
class Doubles:
    """The inner problem of a stratum in doubles.

    Parameters
    ----------
    inner : SpireInner
    """

    inner: SpireInner

    @cached_property
    def basis(self) -> np.ndarray:
        """An orthonormal basis of the (w, B) at which the kinks vanish, (size, k)."""
        rows = _double_rows(self.inner.space(()).basis)
        return np.linalg.qr(rows.reshape(-1, self.inner.chain.size).T)[0]

    @cached_property
    def heights(self) -> np.ndarray:
        """f at the active sites, (n, k)."""
        return _double_rows(self.inner.forms) @ self.basis

    @cached_property
    def targets(self) -> np.ndarray:
        """Their means, (n,)."""
        return np.array([float(self.inner.problem.means[i]) for i in self.inner.active])

    @cached_property
    def counts(self) -> np.ndarray:
        """Numbers of data points there, (n,)."""
        return np.array([float(self.inner.problem.sites[i].count) for i in self.inner.active])

    @cached_property
    def axes(self) -> list[np.ndarray]:
        """Orthonormal coordinates of each w_j, (dimension, k)."""
        chain = self.inner.chain
        pairs = zip(chain.blocks, chain.grams, strict=True)
        return [
            np.linalg.cholesky(_double_rows(gram.tolist())).T @ self.basis[block]
            for block, gram in pairs
        ]

    @cached_property
    def biases(self) -> np.ndarray:
        """B_2 and B_3, (2, k)."""
        return self.basis[list(self.inner.chain.bias.values())]

    def minimal(self, U: float) -> tuple[np.ndarray, list[tuple[int, ...]]]:
        """Return (w, B) near the minimiser at one U, and which units may be 0 there."""
        x = np.zeros(self.basis.shape[1])
        for smoothing in SMOOTHINGS:
            x = self._descended(U, x, smoothing * U)
        sizes = np.array([np.linalg.norm(axes @ x) for axes in self.axes]) / np.sqrt(U)
        choices = (tuple(np.flatnonzero(sizes < faint).tolist()) for faint in FAINT)
        return self.basis @ x, list(dict.fromkeys(choices))

    def _descended(self, U: float, x: np.ndarray, smoothing: float) -> np.ndarray:
        for _ in range(NEWTON_STEPS):
            slope, curvature = self._derivatives(U, x, smoothing)
            step = -np.linalg.lstsq(curvature, slope, rcond=None)[0]
            value, gain, share = self._value(U, x, smoothing), slope @ step, 1.0
            if abs(gain) <= ROUNDING * abs(value):
                return x + step
            while share > SHORTEST and self._value(U, x + share * step, smoothing) > (
                value + 0.1 * share * gain
            ):
                share /= 2
            x = x + share * step
        return x

    @cached_property
    def _ridge(self) -> float:
        return float(self.inner.problem.effective_ridge)

    def _value(self, U: float, x: np.ndarray, smoothing: float) -> float:
        """Return half the objective."""
        rest = self.heights @ x - self.targets
        low, high = self.biases @ x
        norms = sum(np.sqrt(np.sum((axes @ x) ** 2) + smoothing) for axes in self.axes)
        penalty = norms / np.sqrt(U) + low * low / (2 * U) + np.sqrt(U + high * high)
        return self.counts @ rest**2 / 2 + self._ridge * penalty

    def _derivatives(
        self, U: float, x: np.ndarray, smoothing: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return its gradient and its Hessian."""
        (second, third), weighted = self.biases, self.counts[:, None] * self.heights
        low, high = second @ x, third @ x
        top = np.sqrt(U + high * high)
        slope = second * low / U + third * high / top
        curvature = np.outer(second, second) / U + np.outer(third, third) * U / top**3
        for axes in self.axes:
            lengths = axes @ x
            norm = np.sqrt(lengths @ lengths + smoothing)
            pull = axes.T @ lengths / norm
            slope = slope + pull / np.sqrt(U)
            curvature += (axes.T @ axes - np.outer(pull, pull)) / (norm * np.sqrt(U))
        return (
            weighted.T @ (self.heights @ x - self.targets) + self._ridge * slope,
            weighted.T @ self.heights + self._ridge * curvature,
        )


def _double_rows(rows) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in rows])
