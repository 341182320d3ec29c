"""The document of a lower bound: the bound, a network above it, and the boxes that prove it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import cached_property
from typing import Any

from flint import fmpq

from reluenum.algebra.scalars import parse_rational
from reluenum.convex.deep.boxes import TwoLayers
from reluenum.convex.deep.branch import Node, Tiling, refuse_untiled, tiling
from reluenum.convex.deep.upper import DecimalNetwork, good_network
from reluenum.errors import IncompleteRunError, InputError
from reluenum.groebner.versions import installed_versions
from reluenum.problem import Problem

BOUND = "reluenum-bound", 1
"""Format and version of the document."""

DEFAULT_GAP = fmpq(1, 100)

DEFAULT_BOXES = 5000

DIGITS = 15
"""Of losses."""

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
        Relative gap between them that was asked for.
    """

    problem: Problem
    network: DecimalNetwork
    tiles: Tiling
    asked: fmpq

    @property
    def upper(self) -> Decimal:
        """The loss of the network in the problem's convention, rounded up."""
        return _decimal(self.network.loss * self.problem.loss_scale, ROUND_CEILING)

    @cached_property
    def lower(self) -> Decimal:
        """No network has a smaller loss in the problem's convention."""
        fitted = max(fmpq(0), _exact_fraction(self.tiles.bound) * (1 - SLACK))
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
        return fmpq(*self.gap.as_integer_ratio()) <= self.asked

    def to_document(self) -> dict[str, Any]:
        """Return the document, with its certificate."""
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
            "certificate": {
                "rule": "moving duals",
                "radius": str(_exact_fraction(self.tiles.radius)),
                "digits": self.tiles.digits,
                "trees": [
                    {"cones": list(tree.box.cones), "nodes": list(_texts(tree, self.tiles.digits))}
                    for tree in self.tiles.trees
                ],
            },
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
        Relative to the upper bound, between 0 and 1.
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
    return LossBound(problem, network, tiling(of, network.loss, gap, boxes, progress), gap)


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


def _texts(node: Node, digits: int) -> Iterator[str]:
    """Yield the texts of a box and of its parts, the lower half or the answer yes first."""
    if node.children:
        yield node.cut
    elif node.bound is None:
        yield "."
    else:
        yield _dual_text(node, digits)
    for child in node.children:
        yield from _texts(child, digits)


def _dual_text(node: Node, digits: int) -> str:
    """Return a dual point in units of the last digit: residuals with changes, then multipliers."""
    point, unit = node.bound.point, 10.0**digits
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
