"""The inner minimiser in doubles: where a search starts, and nothing rests on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.engines.spires.inner import SpireInner

SMOOTHINGS = (1e-2, 1e-6, 1e-10, 1e-14, 1e-18)
"""|w| becomes sqrt(|w|^2 + eps U): these eps, one after the other."""

NEWTON_STEPS = 50
"""For each of them."""

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
    def _arrays(self) -> tuple[np.ndarray, ...]:
        inner, chain = self.inner, self.inner.chain
        basis = _array(inner.space(()).basis).reshape(-1, chain.size).T
        forms = _array(inner.forms) @ basis
        sites = [inner.problem.sites[i] for i in inner.active]
        counts = np.array([float(s.count) for s in sites])
        targets = np.array([float(s.mean) for s in sites])
        grams = [
            basis[block].T @ _array(gram.tolist()) @ basis[block]
            for block, gram in zip(chain.blocks, chain.grams, strict=True)
        ]
        biases = basis[list(chain.bias.values())]
        return basis, forms, counts, targets, np.array(grams), biases

    def minimal(self, U: float, start: np.ndarray | None = None) -> tuple[np.ndarray, list[tuple[int, ...]]]:
        """Return (w, B) near the minimiser at one U, and which units may be 0 there."""
        basis, *_, grams, _ = self._arrays
        x = np.zeros(basis.shape[1]) if start is None else start
        for smoothing in SMOOTHINGS:
            x = self._descended(U, x, smoothing * U)
        norms = np.sqrt(np.maximum(0, np.einsum("jab,a,b->j", grams, x, x)))
        sizes = norms / np.sqrt(U)
        choices = (tuple(np.flatnonzero(sizes < faint).tolist()) for faint in FAINT)
        return basis @ x, list(dict.fromkeys(choices))

    def _descended(self, U: float, x: np.ndarray, smoothing: float) -> np.ndarray:
        for _ in range(NEWTON_STEPS):
            value, slope, curvature = self._expanded(U, x, smoothing)
            step = -np.linalg.lstsq(curvature, slope, rcond=None)[0]
            gain, share = slope @ step, 1.0
            if abs(gain) <= 1e-15 * abs(value):
                return x + step
            while share > 1e-6 and self._value(U, x + share * step, smoothing) > (
                value + 0.1 * share * gain
            ):
                share /= 2
            x = x + share * step
        return x

    def _value(self, U: float, x: np.ndarray, smoothing: float) -> float:
        return self._expanded(U, x, smoothing)[0]

    def _expanded(
        self, U: float, x: np.ndarray, smoothing: float
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Return half the objective, its gradient and its Hessian."""
        _, forms, counts, targets, grams, (second, third) = self._arrays
        ridge = float(self.inner.problem.effective_ridge)
        rest = forms @ x - targets
        pulls = grams @ x
        norms = np.sqrt(pulls @ x + smoothing)
        low, high = second @ x, third @ x
        top = np.sqrt(U + high * high)
        value = counts @ rest**2 / 2 + ridge * (norms.sum() / U**0.5 + low * low / (2 * U) + top)
        slope = forms.T @ (counts * rest) + ridge * (
            (pulls / norms[:, None]).sum(0) / U**0.5 + second * low / U + third * high / top
        )
        turned = grams / norms[:, None, None]
        turned = turned - np.einsum("ja,jb,j->jab", pulls, pulls, norms**-3)
        curvature = forms.T @ (counts[:, None] * forms) + ridge * (
            turned.sum(0) / U**0.5
            + np.outer(second, second) / U
            + np.outer(third, third) * U / top**3
        )
        return value, slope, curvature


def _array(rows) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in rows])
