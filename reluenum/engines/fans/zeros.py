"""Proof of a stationary point that is known in doubles, by interval Newton on its system."""

from collections.abc import Callable

from flint import arb

from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.systems.networks import ScaledNetwork, sign_of
from reluenum.engines.deep.systems.wide import Wide
from reluenum.engines.fans.search import Approximation
from reluenum.engines.fans.shapes import Fan

PROVED_BITS = 64
"""Of the balls by which points are told apart."""


def proved_networks(
    fan: Fan, near: list[Approximation], claim: Callable[[IsolatedPoint], Root]
) -> tuple[list[ScaledNetwork], list[Approximation]]:
    """Prove stationary points near approximate ones.

    Parameters
    ----------
    fan : Fan
    near : list of Approximation
    claim : callable
        From a point to its algebraic form, should that be needed.

    Returns
    -------
    networks : list of ScaledNetwork
        Each once; those with other signs than the stratum's are left out.
    failed : list of Approximation
        Near which nothing was proved.
    """
    wide = Wide(fan.problem, fan.stratum)
    points: list[IsolatedPoint] = []
    networks, failed = [], []
    for one in near:
        start = approximate_unknowns(wide, fan, one)
        box = certified_box(wide.system, lambda _, start=start: polished(wide.system, start))
        if box is None:
            failed.append(one)
            continue
        point = IsolatedPoint(wide.system, box, claim)
        if any(_is_same(point, other) for other in points):
            continue
        points.append(point)
        if all(sign_of(square) > 0 for square in wide.squares(point.coordinates)):
            network = wide.network(point)
            networks += [network] if network.is_stationary else []
    return networks, failed


def _is_same(point: IsolatedPoint, other: IsolatedPoint) -> bool:
    """Whether the boxes of two points meet: they are far smaller than what each is alone in."""
    pairs = zip(point.balls(PROVED_BITS), other.balls(PROVED_BITS), strict=True)
    return all(one.overlaps(two) for one, two in pairs)


def approximate_unknowns(wide: Wide, fan: Fan, near: Approximation) -> list[arb]:
    """Return the variables of the system of a stratum at an approximate point."""
    ridge, k = arb(fan.problem.effective_ridge), arb(near.k)
    first, last = fan.rays
    e = [a + k * (b - a) for a, b in zip(first, last, strict=True)]
    start = fan.problem.sites[fan.row.index("+")].row
    height = e[0] * start[0] + e[1] * start[1]
    # e / height = basis[0] + kappa basis[1]
    basis = wide.groups[0].basis
    found = []
    if wide.groups[0].free:
        (a, b), (c, d) = basis
        found = [(e[0] / height - a) / c if c else (e[1] / height - b) / d]
    weights, biases, sums = ([arb(float(x)) for x in part] for part in near.parts)
    found += [weights[unit] / height for _, unit, _ in wide.fed]
    found += biases
    found += [ridge * (biases[unit] - sums[unit]) for _, unit, _ in wide.constraints]
    found += [arb(near.s) * height * height]
    found += [arb(float(T)) for T in near.T]
    return [value.mid() for value in found]
