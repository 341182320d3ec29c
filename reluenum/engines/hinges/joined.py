"""Which strata are one component, of networks up to permutation and of labelled ones (Lemma 86)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from math import factorial

from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import JudgedHinges, Shares

States = tuple[HingeState, ...]
Order = tuple[int, ...]


def components_in(found: Sequence[Shares]) -> Iterator[tuple[list[Shares], int]]:
    """Yield the components of strata with one residual, each with its number of labelled copies.

    Parameters
    ----------
    found : sequence of Shares
        All of a width, in ascending order.
    """
    known = {share.states: share for share in found}
    links: dict[States, list[States]] = {states: [] for states in known}
    for share in found:
        for other in _linked(share, known):
            links[share.states].append(other)
    for part, copies in _classes(links):
        yield [known[states] for states in sorted(part)], copies


def _linked(share: Shares, known: dict[States, Shares]) -> Iterator[States]:
    """Yield strata that meet the closure of one, or in whose closure it is, unit by unit.

    If all limits of minima are minima, the vertices of the closure are enough.
    """
    if share.residual.is_global:
        yield from _corners(share)
        return
    above = _above(share.residual)
    for upper in product(*(above[state] for state in share.states)):
        if tuple(sorted(upper)) in known:
            yield upper


def _above(residual: JudgedHinges) -> dict[HingeState, list[HingeState]]:
    """Return for each state those of which it is a limit, and itself."""
    above = {state: [state] for state in residual.states}
    for state in residual.states:
        limits = state.boundary(residual.hinges)
        for limit in [*limits, *[HingeState(Kind.ACTIVE)] * (state.kind == Kind.LINE)]:
            if limit in above:
                above[limit].append(state)
    return above


def _corners(share: Shares) -> Iterator[States]:
    """Yield the vertices in the closure of a stratum: each hinge of a flow is that of one unit."""
    hinges = share.residual.hinges
    parts = [dict(zip(s.edges(hinges), s.knots(hinges), strict=False)) for s in share.states]
    for flow in share.vertices:
        owners = [[k for k, part in enumerate(parts) if edge in part] for edge in flow]
        for chosen in product(*owners):
            held = [
                [edge for edge, owner in zip(flow, chosen, strict=True) if owner == k]
                for k in range(len(parts))
            ]
            triples = zip(share.states, parts, held, strict=True)
            yield tuple(_limit(state, [part[e] for e in own]) for state, part, own in triples)


def _limit(state: HingeState, knots: Sequence[int]) -> HingeState:
    """Return what a unit becomes that is left with weight at these inputs only."""
    if not knots:
        return HingeState(Kind.ZERO)
    if len(knots) == 2:
        return state
    return HingeState(Kind.KINK, state.sign, state.side, knots[0])


def _classes(links: dict[States, list[States]]) -> Iterator[tuple[list[States], int]]:
    """Yield the connected classes, each with the index of the orders that lead back to a member.

    A labelled stratum is a member with the order of its units. `orders` has those of one labelled
    component along a tree; other links, and units that are equal, give orders that lead back.
    """
    both: dict[States, list[tuple[States, Order]]] = {states: [] for states in links}
    for states, others in links.items():
        for other in others:
            order = sorted(range(len(other)), key=other.__getitem__)
            upper = tuple(other[k] for k in order)
            both[states].append((upper, _inverse(order)))
            both[upper].append((states, tuple(order)))
    orders: dict[States, Order] = {}
    for start in links:
        if start not in orders:
            orders[start] = tuple(range(len(start)))
            part, back = [start], set()
            for states in part:
                own = orders[states]
                back |= {_between(own, _after(swap, own)) for swap in _swaps(states)}
                for other, turn in both[states]:
                    found = _after(turn, own)
                    if other not in orders:
                        orders[other] = found
                        part.append(other)
                    back.add(_between(orders[other], found))
            yield part, factorial(len(start)) // _group_size(back)


def _swaps(states: States) -> Iterator[Order]:
    """Yield the exchanges of neighbours that are equal."""
    for k, (one, other) in enumerate(pairwise(states)):
        if one == other:
            yield (*range(k), k + 1, k, *range(k + 2, len(states)))


def _after(outer: Order, inner: Order) -> Order:
    return tuple(outer[k] for k in inner)


def _inverse(order: Sequence[int]) -> Order:
    found = [0] * len(order)
    for place, k in enumerate(order):
        found[k] = place
    return tuple(found)


def _between(one: Order, other: Order) -> Order:
    """Return the order h for which one, after h, is the other one."""
    return _after(_inverse(one), other)


def _group_size(generators: Iterable[Order]) -> int:
    """Return how many orders there are that generators make."""
    used = list(generators)
    found = {tuple(range(len(used[0])))} if used else {()}
    waiting = list(found)
    while waiting:
        item = waiting.pop()
        for generator in used:
            product_ = _after(generator, item)
            if product_ not in found:
                found.add(product_)
                waiting.append(product_)
    return len(found)
