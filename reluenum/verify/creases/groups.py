"""The numbers of units of a stratum that are alike, as functions of the residual."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flint import fmpq

from ..hinges.units import Unit
from ..reals import dot
from .residuals import Residual
from .strata import Stratum, extreme

Number = Callable[[Residual], Any]  # None where a residual is not known well enough


class Group:
    """Units of a stratum with one sign of a on one crease; in its middle they are equal."""

    def __init__(self, stratum: Stratum, unit: Unit, count: int) -> None:
        self.stratum, self.unit, self.count = stratum, unit, count
        self.judged = stratum.judged
        self.crease = self.judged.crease_of(unit)

    def square(self, residual: Residual) -> Any:
        """Claim 316: the sum of a^2, of weights at all levels (Lemma 95)."""
        flows = self.stratum.chosen(residual)
        if flows is None:
            return None
        parts = self.stratum.part(flows, self.unit, residual)
        return sum((weight for _, weight in parts), fmpq(0)) * self.count

    def share(self, residual: Residual) -> Any:
        """Return a^2 of one unit."""
        total = self.square(residual)
        return None if total is None else total * fmpq(1, self.count)

    def vector(self) -> list[Number]:
        """Return the coordinates of (b, c) / |b|."""
        slopes = [partial(self.slope, k=k) for k in range(self.judged.sites.depth)]
        return [*slopes, self.offset]

    def slope(self, residual: Residual, k: int) -> Any:
        """Claim 317: b / |b| is s u_F / Lambda (Lemma 92); here one of its coordinates."""
        return residual.u(self.crease)[k] * (self.unit.sign / self.judged.sites.ridge)

    def offset(self, residual: Residual) -> Any:
        """Claim 318: -c / |b| is the mean of the levels; a line bends as far before all inputs.

        As far as they are apart.
        """
        flows = self.stratum.chosen(residual)
        if flows is None:
            return None
        parts = self.stratum.part(flows, self.unit, residual)
        if self.unit.kind == "line":
            heights = self.heights(residual)
            return extreme(heights, 1) - extreme(heights, -1) - parts[0][0]
        if self.unit.kind == "kink":
            return -1 * parts[0][0]
        total = sum((weight for _, weight in parts), fmpq(0))
        return -1 * sum((level * weight for level, weight in parts), fmpq(0)) / total

    def heights(self, residual: Residual) -> list[Any]:
        """Return b . x / |b| at all sites."""
        slope = [self.slope(residual, k) for k in range(self.judged.sites.depth)]
        return [dot(row, slope) for row in self.judged.sites.x]

    def offsets(self) -> tuple[Number | None, Number | None]:
        """Return the ends of the interval of all offsets."""
        line = self.unit.kind == "line"
        return partial(self.end, k=1), None if line else partial(self.end, k=0)

    def end(self, residual: Residual, k: int) -> Any:
        """Return an offset at an end of the interval of bends."""
        flows = self.stratum.chosen(residual)
        return None if flows is None else -1 * self.stratum.bends(flows, self.unit, residual)[k]

    def output(self, residual: Residual, site: int) -> Any:
        """Return what the units add at a site where they are active, else 0."""
        if not self.crease.active >> site & 1:
            return fmpq(0)
        height = self.heights(residual)[site] + self.offset(residual)
        return height * self.square(residual) * self.unit.sign


def level(groups: Sequence[Group], residual: Residual) -> Any:
    """Claim 319: the output bias is what units and the residual leave of the target at a site."""
    sites = residual.sites
    if any(group.square(residual) is None for group in groups):
        return None
    return left_at(groups, residual, 0) - residual.forces[0] * (1 / sites.copies[0])


def left_at(groups: Sequence[Group], residual: Residual, site: int) -> Any:
    """Return what units leave of the target at a site."""
    return residual.sites.y[site] - sum((g.output(residual, site) for g in groups), fmpq(0))


def outer(groups: Sequence[Group], residual: Residual, k: int) -> Any:
    """Claim 320: a coordinate of the best linear part, or behind these the best output bias."""
    sites = residual.sites
    if any(group.square(residual) is None for group in groups):
        return None
    errors = [left_at(groups, residual, site) for site in range(sites.size)]
    return dot(sites.fitter.tolist()[k], errors)
