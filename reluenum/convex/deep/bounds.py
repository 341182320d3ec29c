"""The document of a lower bound: the bound, a network above it, and the boxes that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import cached_property
from typing import Any

import numpy as np
from flint import ctx, fmpq

from reluenum.algebra.scalars import parse_rational
from reluenum.convex.deep.boxes import ROUNDING, TwoLayers
from reluenum.convex.deep.branch import Node, Tiling, refuse_untiled, tiling
from reluenum.convex.deep.lagrange import BITS
from reluenum.convex.deep.nearby import Neighbourhood
from reluenum.convex.deep.newton import sharpened
from reluenum.convex.deep.settle import layers_of, settled
from reluenum.convex.deep.upper import DecimalNetwork, decimal_record, good_network
from reluenum.errors import IncompleteRunError, InputError
from reluenum.groebner.versions import installed_versions
from reluenum.problem import Problem

BOUND = "reluenum-bound", 2
"""Format and version of the document."""

DEFAULT_GAP = fmpq(1, 100)

DEFAULT_BOXES = 5000

DIGITS = 15
"""Of losses."""

WITHIN = "0.000000000001"
"""How far a weight of the network may be from that of the best one."""

EQUAL = fmpq(1, 10**9)
"""Share of a loss by which that of a stationary point may be higher than what was known."""

SLACK = fmpq(1, 10**9)
"""Share of a bound that is given away, so that a checker may round in another way."""


@dataclass(frozen=True, eq=False)
class LossBound:
    """How low the loss of a network with two hidden layers can be.

    Parameters
    ----------
    problem : Problem
    network : DecimalNetwork
        Its exact loss is the upper bound.
    tiles : Tiling
        What proves the lower one.
    asked : fmpq
        Relative gap between them that was asked for; 0 asks for a proof that no other network is
        as good as this one, up to symmetries.
    """

    problem: Problem
    network: DecimalNetwork
    tiles: Tiling
    asked: fmpq

    @cached_property
    def best(self) -> np.ndarray | None:
        """The arguments of the polynomial of the best network, (q,); None if that is not proved."""
        near = self.tiles.near
        return None if near is None else sharpened(self.tiles.around.lagrangian, near)

    @property
    def upper(self) -> Decimal:
        """The loss of the network in the problem's convention, rounded up."""
        return _decimal(self.network.loss * self.problem.loss_scale, ROUND_CEILING)

    @cached_property
    def lower(self) -> Decimal:
        """No network has a smaller loss in the problem's convention."""
        if self.best is None:
            fitted = max(fmpq(0), _exact_fraction(self.tiles.bound) * (1 - SLACK))
        else:
            with ctx.workprec(BITS):
                end = self.tiles.around.lagrangian.loss(self.best).lower()
                fitted = end.fmpq()
        return _decimal((fitted + self.problem.scatter) * self.problem.loss_scale, ROUND_FLOOR)

    @property
    def gap(self) -> Decimal:
        """The gap relative to the upper bound, rounded up."""
        low, high = (fmpq(*bound.as_integer_ratio()) for bound in (self.lower, self.upper))
        share = 1 - low / high if high else fmpq(0)
        return Context(6, ROUND_CEILING).divide(Decimal(int(share.p)), Decimal(int(share.q)))

    @property
    def is_reached(self) -> bool:
        """Whether the gap is not larger than asked for."""
        if not self.asked:
            return self.best is not None
        return fmpq(*self.gap.as_integer_ratio()) <= self.asked

    def to_document(self) -> dict[str, Any]:
        """Return the document, with its certificate."""
        digits = self.tiles.digits
        return {
            "format": BOUND[0],
            "version": BOUND[1],
            "software": installed_versions(),
            "problem": self.problem.to_document(),
            "lower_bound": f"{self.lower:f}",
            "upper_bound": f"{self.upper:f}",
            "relative_gap": f"{self.gap:f}",
            "any_upper_width": self.tiles.any_upper_width,
            "network": dict(self.network.record),
            "global": None if self.best is None else self._global(),
            "certificate": {
                "rule": "moving duals",
                "radius": str(_exact_fraction(self.tiles.radius)),
                "digits": digits,
                "trees": [
                    {
                        "cones": list(tree.box.cones),
                        "faces": list(tree.box.faces),
                        "nodes": [_node_text(node, digits) for node in tree.all_nodes()],
                    }
                    for tree in self.tiles.trees
                ],
            },
        }

    def _global(self) -> dict[str, Any]:
        """Return what is proved of the network: the signs of its distinct units by layer."""
        stratum, size = self.tiles.around.lagrangian.stratum, self.tiles.of.size
        return {
            "claim": "proved",
            "first": ["".join("-0+"[signs[i] + 1] for i in range(size)) for signs in stratum.first],
            "upper": [[unit.sign, unit.text(size)] for unit in stratum.upper],
            "within": WITHIN,
        }


def bound_loss(
    problem: Problem,
    gap: fmpq = DEFAULT_GAP,
    boxes: int = DEFAULT_BOXES,
    minima: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> LossBound:
    """Bound the loss of all networks with two hidden layers from below.

    Parameters
    ----------
    problem : Problem
    gap : fmpq
        Relative to the upper bound, less than 1; 0 asks for a proof that the network is best.
    boxes : int
        How many are made at most.
    minima : dict, optional
        A document of minima of the problem; its best one is the upper bound. Without it, one that
        random starts find.
    progress : bool

    Raises
    ------
    InputError
        If the network or the data are too large, or there are not two hidden layers.
    IncompleteRunError
        If the minima are those of another problem, or there is none.

    Examples
    --------
    >>> from flint import fmpq
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=[1, 2], ridge=0.5)
    >>> found = bound_loss(problem, gap=fmpq(1, 1000))
    >>> found.is_reached, f"{found.upper:.6f}"
    (True, '1.705388')
    """
    of = TwoLayers(problem)
    refuse_untiled(of)
    network = best_listed(problem, minima) if minima else good_network(problem)
    around = None
    for lagrangian, point in settled(of, network.layers):
        found = DecimalNetwork(problem, decimal_record(layers_of(lagrangian, point)))
        if found.loss <= network.loss * (1 + EQUAL):
            above = float(found.loss - problem.scatter) * (1 + ROUNDING)
            network, around = found, Neighbourhood(lagrangian, point, above)
    tiles = tiling(of, network.loss, gap, boxes, progress, None if gap else around)
    return LossBound(problem, network, tiles, gap)


def best_listed(problem: Problem, minima: Mapping[str, Any]) -> DecimalNetwork:
    """Return the best network of a list."""
    if Problem.from_document(minima["problem"]) != problem:
        raise IncompleteRunError("the minima are those of other data, widths or another ridge")
    if not minima["components"]:
        raise IncompleteRunError("the document lists no component")
    return DecimalNetwork(problem, minima["components"][0]["representative"])


def read_gap(text: str) -> fmpq:
    """Read a relative gap.

    Raises
    ------
    InputError
        If it is not between 0 and 1.
    """
    gap = parse_rational(text)
    if not 0 < gap < 1:
        raise InputError("gap", f"{gap}", "a number between 0 and 1")
    return gap


def _node_text(node: Node, digits: int) -> str:
    """Return the text of a box: how it is cut, a dot if it needs no bound, or its dual point."""
    if node.children:
        return node.cut
    return "." if node.bound is None else _dual_text(node, digits)


def _dual_text(node: Node, digits: int) -> str:
    """Return a dual point in units of the last digit: residuals with changes, then multipliers."""
    point = node.bound.point if node.near is None else node.bound.whole
    unit = 10.0**digits
    residuals = (
        " ".join(str(round(float(x) * unit)) for x in (level, *changes))
        for level, changes in zip(point.residual, point.change, strict=True)
    )
    pushes = (
        " ".join([f"{row.sign * row.active}", *(f"{i}:{round(float(x) * unit)}" for i, x in some)])
        for row, line in zip(node.rows, point.pushes, strict=True)
        if (some := [(i, x) for i, x in enumerate(line) if x])
    )
    return "|".join([";".join(residuals), ";".join(pushes)])


def _exact_fraction(value: float) -> fmpq:
    return fmpq(*value.as_integer_ratio())


def _decimal(value: fmpq, rounding: str) -> Decimal:
    """Return a fraction as a decimal, rounded in a direction."""
    return Context(DIGITS, rounding).divide(Decimal(int(value.p)), Decimal(int(value.q)))
