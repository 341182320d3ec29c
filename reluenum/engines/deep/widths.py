"""What a minimum with distinct units becomes at the widths of its problem.

Lemmas D2, D3, D7 and D13 and Theorem D14 of docs/theory_deep.md: a wider layer has spare units,
which are copies of others, or dead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from math import factorial, prod
from typing import Any

from flint import fmpq

from reluenum.algebra.decimals import RootMultiple
from reluenum.algebra.numbers import Number
from reluenum.engines.deep.minimality.dormancy import dormancy
from reluenum.engines.deep.minimality.sharing import shareable
from reluenum.engines.deep.systems.networks import ScaledNetwork, sum_of
from reluenum.engines.deep.texts import of_points
from reluenum.errors import UndecidedError
from reluenum.landscape.components import positive_compositions
from reluenum.landscape.deep import DeepComponent, DeepParameters, LayerUnit, Sharing


def deep_components(network: ScaledNetwork) -> Iterator[DeepComponent]:
    """Yield what a minimum with distinct units becomes at the widths of its problem.

    Raises
    ------
    UndecidedError
        If it stayed open whether spare units may be copies of others, or dead.
    """
    problem, layers = network.problem, tuple(_distinct_units(network))
    alternatives = [_alternatives(network, k) for k in range(network.depth)]
    for chosen in product(*alternatives):
        strata = (_sharing(ways) for ways in product(*(layer.ways for layer in chosen)))
        yield DeepComponent(
            problem,
            network.loss,
            layers,
            _distinct_network(network),
            tuple(sorted(strata, key=lambda stratum: (-stratum.dimension, stratum.dead))),
            prod(layer.orbit for layer in chosen),
        )


@dataclass(frozen=True)
class _Way:
    """A way to share the width of one layer; see `Sharing`."""

    multiplicities: tuple[int, ...]
    dead: int
    dimension: int


@dataclass(frozen=True)
class _Layer:
    """Ways to share the width of a layer that are connected, and what permuting its units makes."""

    ways: list[_Way]
    orbit: int


def _alternatives(network: ScaledNetwork, layer: int) -> list[_Layer]:
    """Return how the width of a layer (from 0) can be shared, each entry a connected set."""
    width, rows = network.problem.hidden[layer], network.stratum.layers[layer]
    if not rows:
        return [_Layer([_Way((), width, 0)], 1)]
    ranks, spare = [len(list(group)) for _, group in groupby(rows)], width - len(rows)
    if not spare:
        way = _way(ranks, [0] * len(ranks), 0)
        return [_Layer([way], _orbit(width, ranks, way))]
    open_groups, dead = shareable(network, layer + 1), dormancy(network, layer + 1)
    if dead.harmless is None or None in open_groups:
        what = f"a further unit of layer {layer + 1} lowers the loss could not be told"
        raise UndecidedError(f"whether {what}: {dead.reason}")
    if dead.harmless:
        ways = [
            _way(ranks, further, dead)
            for dead in range(spare + 1)
            for further in _compositions(spare - dead, open_groups)
        ]
        return [_Layer(ways, 1)]
    each = [_way(ranks, further, 0) for further in _compositions(spare, open_groups)]
    return [_Layer([way], _orbit(width, ranks, way)) for way in each]


def _compositions(spare: int, open_groups: Sequence[bool | None]) -> Iterator[list[int]]:
    """Yield every way to give spare units to those groups that may have more."""
    takers = [k for k, may in enumerate(open_groups) if may]
    for parts in positive_compositions(spare + len(takers), len(takers)):
        further = [0] * len(open_groups)
        for k, part in zip(takers, parts, strict=True):
            further[k] = part - 1
        yield further


def _way(ranks: Sequence[int], further: Sequence[int], dead: int) -> _Way:
    """Return a way in which the first unit of each group has the further copies.

    The k units of a group of rank r are a set of dimension r k - r (r + 1) / 2 (Lemma D7).
    """
    multiplicities = [
        entry
        for rank, more in zip(ranks, further, strict=True)
        for entry in (1 + more, *[1] * (rank - 1))
    ]
    pairs = zip(ranks, further, strict=True)
    dimension = sum(r * (r + more) - r * (r + 1) // 2 for r, more in pairs)
    return _Way(tuple(multiplicities), dead, dimension)


def _orbit(width: int, ranks: Sequence[int], way: _Way) -> int:
    """Return how many labelled copies a way has that leaves no unit dead.

    As many units as the rank cannot change places inside their group; more can.
    """
    further = (entry - 1 for entry in _firsts(ranks, way.multiplicities))
    sizes = (r + more if more else 1 for r, more in zip(ranks, further, strict=True))
    return factorial(width) // prod(map(factorial, sizes))


def _firsts(ranks: Sequence[int], entries: Sequence[int]) -> Iterator[int]:
    """Yield the entry of the first unit of each group."""
    place = 0
    for rank in ranks:
        yield entries[place]
        place += rank


def _sharing(ways: Sequence[_Way]) -> Sharing:
    return Sharing(
        tuple(way.multiplicities for way in ways),
        tuple(way.dead for way in ways),
        sum(way.dimension for way in ways),
    )


def _distinct_units(network: ScaledNetwork) -> Iterator[tuple[LayerUnit, ...]]:
    """Yield the distinct units of each layer."""
    problem, number = network.problem, partial(_as_number, network)
    tables = zip(network.signs, network.rows[:-1], network.penalties[:-1], strict=True)
    for signs, rows, penalties in tables:
        units = []
        for text, weights, factors in zip(signs, rows, penalties, strict=True):
            pairs = list(zip(weights, factors, strict=True))
            square = number(sum_of(((w * w, factor) for w, factor in pairs), fmpq(0)))
            direction = [RootMultiple(number(w), number(factor / square)) for w, factor in pairs]
            units.append(LayerUnit(of_points(problem, text), square, direction))
        yield tuple(units)


def _distinct_network(network: ScaledNetwork) -> DeepParameters:
    """Return the network of the distinct units."""
    number = partial(_as_number, network)
    *layers, (output,) = [
        [
            [RootMultiple(number(w), number(f)) for w, f in zip(weights, factors, strict=True)]
            for weights, factors in zip(rows, penalties, strict=True)
        ]
        for rows, penalties in zip(network.rows, network.penalties, strict=True)
    ]
    return DeepParameters(
        [[row[:-1] for row in layer] for layer in layers],
        [[row[-1] for row in layer] for layer in layers],
        output,
    )


def _as_number(network: ScaledNetwork, value: Any) -> Number:
    """Return an entry, which may be rational, as a number at the point of the network."""
    return value if isinstance(value, Number) else network.point.constant(value)
