"""From judged points to the landscape: how widths are shared, and what that leaves open.

Lemmas D2, D3, D7 and D13 and Theorem D14 of docs/theory_deep.md. Minima are found with distinct
units; a wider layer has spare ones, which are copies of others, or dead.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, product
from math import factorial, prod
from typing import Any, Protocol, TypeVar

from flint import fmpq
from tqdm import tqdm

from reluenum.algebra.decimals import RootMultiple
from reluenum.algebra.numbers import Number, rational_point
from reluenum.engines.deep.dead import dormancy
from reluenum.engines.deep.minimality import DeepVerdict, Judged, judge, shareable
from reluenum.engines.deep.networks import ScaledNetwork, sum_of
from reluenum.engines.deep.solve import solve_stratum
from reluenum.engines.deep.strata import DeepStratum
from reluenum.errors import InputError, UndecidedError, quoted
from reluenum.groebner.backends import Settings
from reluenum.groebner.workers import in_processes
from reluenum.landscape.components import positive_compositions
from reluenum.landscape.deep import (
    DeepComponent,
    DeepCounts,
    DeepParameters,
    DeepPoint,
    LayerUnit,
    Sharing,
    ranked_deep,
)
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided
from reluenum.problem import Problem


def dead_network(problem: Problem) -> ScaledNetwork:
    """Return the network all of whose units are dead."""
    nothing: tuple = ((),) * len(problem.hidden)
    return ScaledNetwork(
        problem, DeepStratum(nothing), rational_point(), nothing, nothing, (), nothing, {}
    )


def deep_landscape(
    problem: Problem,
    judged: Sequence[Judged],
    undecided: Iterable[Undecided],
    counts: DeepCounts,
    completeness: Completeness,
) -> CertifiedLandscape:
    """Join the minima among judged points into components.

    Parameters
    ----------
    problem : Problem
    judged : sequence of Judged
        Every stationary point with distinct units, that of the zero network included.
    undecided : iterable of Undecided
        Strata whose stationary points are not known.
    counts : DeepCounts
    completeness : Completeness
        What the list rests on, if nothing is undecided.
    """
    found: list[DeepComponent] = []
    open_ones = list(undecided)
    for point in judged:
        name = text_of(problem, point.network.signs)
        if point.verdict is DeepVerdict.UNDECIDED:
            open_ones.append(Undecided(name, point.reason))
        elif point.verdict is DeepVerdict.MINIMUM:
            try:
                found += deep_components(point.network)
            except UndecidedError as error:
                open_ones.append(Undecided(name, str(error)))
    living = [point for point in judged if any(point.network.stratum.layers)]
    tally = Tally(len(living), sum(p.verdict is DeepVerdict.MINIMUM for p in living))
    complete = not open_ones and completeness is not Completeness.RESTRICTED
    return CertifiedLandscape(
        problem,
        counts,
        tally,
        tuple(map(_deep_point, judged)),
        ranked_deep(found, complete),
        tuple(open_ones),
        completeness,
    )


class StratumCover(Protocol):
    """What is known of a stratum with live layers, all parameters of which are covered.

    Parameters
    ----------
    stratum : DeepStratum
    judged : sequence of Judged
        Its stationary points.
    items : list
        Its part of the certificate.
    reason : str
        What is not known of it; empty if all is.
    """

    stratum: DeepStratum
    judged: Sequence[Judged]
    items: list
    reason: str


AnyCover = TypeVar("AnyCover", bound=StratumCover)


def covered_in_batches(
    work: Callable[[Sequence[DeepStratum]], Sequence[AnyCover]],
    batches: Sequence[Sequence[DeepStratum]],
    settings: Settings,
) -> Iterator[AnyCover]:
    """Cover batches of strata in order, in processes if there are to be several."""
    several = settings.jobs > 1
    bar = tqdm(total=sum(map(len, batches)), unit="stratum", disable=not settings.progress)
    with bar, in_processes(settings.jobs) if several else nullcontext() as mapped:
        asked = [(batch,) for batch in batches]
        coming = mapped(work, asked, _batch_in_words) if several else map(work, batches)
        for found in coming:
            bar.update(len(found))
            yield from found


def _batch_in_words(batch: Sequence[DeepStratum]) -> str:
    return f"{batch[0].text} and {len(batch) - 1} more"


def landscape_of_covers(
    problem: Problem,
    settings: Settings,
    found: Sequence[DeepStratum],
    covers: Iterable[StratumCover],
    rule: str,
    restricted: bool,
) -> CertifiedLandscape:
    """Join what covers of strata hold, and the constant networks, with the record that proves it.

    Parameters
    ----------
    problem : Problem
        Of widths (L, 1), (L, 1, 1) or (1, L).
    settings : Settings
    found : sequence of DeepStratum
        All strata, constant ones included.
    covers : iterable of StratumCover
        Of those with live layers.
    rule : str
        What the certificate calls its items.
    restricted : bool
        Whether other strata were left out.
    """
    records = sorted(covers, key=lambda cover: cover.stratum.text)
    points, open_ones = [], []
    with settings.open() as backends:
        for stratum in (one for one in found if one.lowest):
            networks = solve_stratum(problem, stratum, backends).networks
            points += map(judge, networks)
            if len(networks) != constant_networks(problem, stratum.lowest):
                name = text_of(problem, stratum.layers)
                open_ones.append(Undecided(name, "not all constant networks are known"))
    if not restricted:
        points.append(judge(dead_network(problem)))
    points += [point for record in records for point in record.judged]
    open_ones += [
        Undecided(text_of(problem, record.stratum.layers), record.reason)
        for record in records
        if record.reason
    ]
    rests_on = Completeness.RESTRICTED if restricted else Completeness.PROVED
    counts = DeepCounts.of(problem, len(found))
    landscape = deep_landscape(problem, points, open_ones, counts, rests_on)
    if restricted:
        return landscape
    strata = [[record.stratum.text, record.items] for record in records]
    return replace(landscape, certificate={"rule": rule, "strata": strata})


def constant_networks(problem: Problem, dead: int) -> int:
    """Count the constant networks with so many dead layers, of two or three (Lemma D3).

    Examples
    --------
    >>> problem = Problem.from_text([[0], [1], [2]], [5, 5, 5], [1, 1, 1], "241/20")
    >>> constant_networks(problem, 1), constant_networks(problem, 2)
    (2, 1)
    """
    ridge, size = problem.effective_ridge, sum(site.count for site in problem.sites)
    total = abs(sum((site.count * site.mean for site in problem.sites), start=fmpq(0)))
    if dead == len(problem.hidden) - 1:
        return int(total > ridge)
    # roots a > 1 of size a^4 - total a + ridge, which is convex
    first = size - total + ridge
    if first < 0 or total <= 4 * size:
        return int(first < 0)
    least = ridge**3 - (3 * total / 4) ** 3 * total / (4 * size)
    return int(least <= 0) + int(least < 0 and first > 0)


def _deep_point(judged: Judged) -> DeepPoint:
    """Return what documents say of a point."""
    network, verdict, descent = judged.network, judged.verdict, judged.descent
    return DeepPoint(
        tuple(tuple(of_points(network.problem, row) for row in layer) for layer in network.signs),
        network.loss,
        None if verdict is DeepVerdict.UNDECIDED else verdict is DeepVerdict.MINIMUM,
        verdict.value,
        judged.reason,
        None if descent is None else descent.to_document(),
    )


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


def of_points(problem: Problem, row: str) -> str:
    """Return the signs at the data points, from those at the sites."""
    site = {found.row: sign for found, sign in zip(problem.sites, row, strict=True)}
    return "".join(site[point] for point in problem.rows)


def of_sites(problem: Problem, row: str, where: str) -> str:
    """Return the signs at the sites, from a text with one a data point.

    Raises
    ------
    InputError
        If it is no row of signs of the problem.
    """
    expected = f"{problem.size} signs out of +-0, one a data point"
    if len(row) != problem.size or not set(row) <= set("+-0."):
        raise InputError(where, quoted(row), expected)
    signs = "".join(row[site.first] for site in problem.sites)
    if of_points(problem, signs) != row:
        raise InputError(where, quoted(row), "equal signs at equal inputs")
    return signs


def text_of(problem: Problem, layers: Iterable[Iterable[str]]) -> str:
    """Return rows of signs, one a site, as text with one a data point; `zero` without any."""
    text = "/".join(",".join(of_points(problem, row) for row in layer) for layer in layers)
    return text if text.strip("/") else "zero network"
