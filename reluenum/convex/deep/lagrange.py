"""The equations of a network of least loss, as those of a critical point of a polynomial.

Written once for any numbers: doubles find a point, balls prove that there is no other one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from flint import arb, ctx, fmpq

from reluenum.algebra.linear import Vector, dot, null_space
from reluenum.convex.deep.boxes import TwoLayers

BITS = 256
"""Precision of balls that enclose rational numbers."""


class Upper(NamedTuple):
    """A unit of the second layer: the sign of its output weight, masks of sites + and 0."""

    sign: int
    active: int
    kinks: int

    def text(self, size: int) -> str:
        """Return its signs at so many sites."""
        return "".join(
            "+" if self.active >> i & 1 else "0" if self.kinks >> i & 1 else "-"
            for i in range(size)
        )


@dataclass(frozen=True)
class LiveSigns:
    """The signs of the distinct live units.

    Parameters
    ----------
    first : tuple of tuple of int
        Of each first-layer unit at each site.
    upper : tuple of Upper
    """

    first: tuple[tuple[int, ...], ...]
    upper: tuple[Upper, ...]


class Tables(NamedTuple):
    """What the polynomial is made of, in doubles or in balls.

    Parameters
    ----------
    slopes : (s, m, p) array
        What each coordinate of the first layer adds to (h, 1) at each site.
    constant : (s, m) array
        Ones for the bias.
    combinations : list of (s, s + k) arrays
        What a unit of the second layer multiplies (h, 1) with, of residuals and multipliers.
    penalty : (p, p) array
        Of |V|^2.
    ridge, means, shares : numbers and (s,) arrays
        The last ones are 1 / n_i.
    """

    slopes: np.ndarray
    constant: np.ndarray
    combinations: list[np.ndarray]
    penalty: np.ndarray
    ridge: Any
    means: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True, eq=False)
class Lagrangian:
    """The polynomial L of Lemma D69 on a stratum.

    Its arguments are, in this order, coordinates of the first-layer vectors in their flats,
    residuals, multipliers of the kinks of the second layer (one for those above sites where the
    first layer is 0), and the squares of the units of the second layer.

    Parameters
    ----------
    of : TwoLayers
    stratum : LiveSigns
    """

    of: TwoLayers
    stratum: LiveSigns

    @cached_property
    def flats(self) -> list[list[Vector]]:
        """A basis of the flat of each first-layer unit."""
        rows = [site.row for site in self.of.problem.sites]
        return [
            null_space(
                [row for row, sign in zip(rows, signs, strict=True) if not sign], len(rows[0])
            )
            for signs in self.stratum.first
        ]

    @cached_property
    def groups(self) -> list[list[list[int]]]:
        """The kinks of each unit of the second layer: sites where the first layer is 0 are one."""
        dead = {i for i in range(self.of.size) if all(s[i] <= 0 for s in self.stratum.first)}
        found = []
        for unit in self.stratum.upper:
            kinks = [i for i in range(self.of.size) if unit.kinks >> i & 1]
            together = [i for i in kinks if i in dead]
            found.append([[i] for i in kinks if i not in dead] + [together] * bool(together))
        return found

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Where the four parts of the arguments end."""
        sizes = (
            sum(map(len, self.flats)),
            self.of.size,
            sum(map(len, self.groups)),
            len(self.stratum.upper),
        )
        return tuple(int(end) for end in np.cumsum(sizes))

    @cached_property
    def doubles(self) -> Tables:
        """The tables in doubles."""
        return self._tables(float, float)

    @cached_property
    def balls(self) -> Tables:
        """The tables in balls of many digits."""
        with ctx.workprec(BITS):
            return self._tables(arb, object)

    def _tables(self, number: Callable[[fmpq], Any], dtype: type) -> Tables:
        problem, size, places = self.of.problem, self.of.size, self.ends[0]
        rows = [site.row for site in problem.sites]
        slopes = np.full((size, len(self.flats) + 1, places), number(fmpq(0)), dtype)
        constant = np.full(slopes.shape[:2], number(fmpq(0)), dtype)
        constant[:, -1] = number(fmpq(1))
        penalty = np.full((places, places), number(fmpq(0)), dtype)
        start = 0
        for j, (signs, flat) in enumerate(zip(self.stratum.first, self.flats, strict=True)):
            for k, vector in enumerate(flat, start):
                for i in (i for i in range(size) if signs[i] > 0):
                    slopes[i, j, k] = number(dot(rows[i], vector))
                for m, other in enumerate(flat, start):
                    penalty[k, m] = number(dot(vector, other))
            start += len(flat)
        combinations, column = [], size
        for unit, groups in zip(self.stratum.upper, self.groups, strict=True):
            table = np.full((size, self.ends[2] - places), number(fmpq(0)), dtype)
            for i in (i for i in range(size) if unit.active >> i & 1):
                table[i, i] = number(fmpq(unit.sign))
            for group in groups:
                table[group[0], column] = number(fmpq(1))
                column += 1
            combinations.append(table)
        means = np.array([number(mean) for mean in problem.means], dtype)
        shares = np.array([number(fmpq(1, site.count)) for site in problem.sites], dtype)
        ridge = number(problem.effective_ridge)
        return Tables(slopes, constant, combinations, penalty, ridge, means, shares)

    def parts(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the four parts of the arguments."""
        return np.split(x, self.ends[:-1])

    def features(self, x: np.ndarray) -> np.ndarray:
        """Return (h, 1) at each site, (s, m)."""
        tables = self.balls if x.dtype == object else self.doubles
        return np.dot(tables.slopes, x[: self.ends[0]]) + tables.constant

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return half the gradient and half the Hessian."""
        tables = self.balls if x.dtype == object else self.doubles
        slopes, ridge, (low, middle, end, _) = tables.slopes, tables.ridge, self.ends
        place, both, features = x[:low], x[low:end], self.features(x)
        zero = 0 * ridge
        gradient = np.full(len(x), zero, x.dtype)
        hessian = np.full((len(x), len(x)), zero, x.dtype)
        gradient[:low] = ridge * np.dot(tables.penalty, place)
        gradient[low:middle] = tables.means - tables.shares * x[low:middle]
        hessian[:low, :low] = ridge * tables.penalty
        hessian[range(low, middle), range(low, middle)] = -tables.shares
        for c, combination in enumerate(tables.combinations):
            weights = combination @ both
            q = weights @ features
            move = np.hstack([np.tensordot(weights, slopes, 1), features.T @ combination])
            mixed = np.tensordot(q, slopes, ([0], [1])).T @ combination
            factor = x[end + c] / ridge
            gradient[:end] -= factor * (q @ move)
            hessian[:end, :end] -= factor * (move.T @ move)
            hessian[:low, low:end] -= factor * mixed
            hessian[low:end, :low] -= factor * mixed.T
            gradient[end + c] = (ridge - (q @ q) / ridge) / 2
            hessian[end + c, :end] = hessian[:end, end + c] = -(q @ move) / ridge
        return gradient, hessian

    def gradients(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the gradient q of each unit of the second layer, (m,)."""
        tables = self.balls if x.dtype == object else self.doubles
        features, both = self.features(x), x[self.ends[0] : self.ends[2]]
        return [(combination @ both) @ features for combination in tables.combinations]

    def vectors(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the first-layer vectors of doubles, (d + 1,) each."""
        ends = np.cumsum([len(flat) for flat in self.flats])
        places = np.split(x[: self.ends[0]], ends[:-1]) if self.flats else []
        tables = ([[float(e) for e in vector] for vector in flat] for flat in self.flats)
        return [place @ np.array(table) for place, table in zip(places, tables, strict=True)]

    def loss(self, x: np.ndarray) -> Any:
        """Return the loss of the network of a critical point, scatter left out."""
        tables = self.balls if x.dtype == object else self.doubles
        place, residual = self.parts(x)[:2]
        fit = 2 * residual @ tables.means - residual @ (tables.shares * residual)
        return fit + tables.ridge * (place @ (tables.penalty @ place))
