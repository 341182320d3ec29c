"""The units of a network that somebody has trained, as the rational numbers that they are."""

from collections.abc import Sequence

from flint import fmpq

from reluenum.algebra.linear import Vector, dot
from reluenum.optimisers.explain import fmpq_of
from reluenum.optimisers.networks import Networks


def rational_units(network: Networks) -> list[tuple[fmpq, list[fmpq], fmpq]]:
    """Return the units (a, b, c) of a batch of one."""
    pairs = zip(network.weights[0], network.units[0], strict=True)
    return [(fmpq_of(a), [*map(fmpq_of, slope)], fmpq_of(c)) for a, (*slope, c) in pairs]


def dies_out(inputs: Sequence[Vector], slope: Sequence[fmpq], offset: fmpq) -> bool:
    """Whether a unit answers to no input, and to none while its slope shrinks to 0."""
    return offset <= 0 and all(dot(slope, x) + offset <= 0 for x in inputs)
