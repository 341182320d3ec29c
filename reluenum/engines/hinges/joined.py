"""Which strata are one component, of networks up to permutation and of labelled ones (Lemma 86).

Where units have mirror images, labelled networks have them in either form (Lemma 128).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations_with_replacement, groupby, pairwise, product
from math import factorial, prod

from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import JudgedHinges, Shares

States = tuple[HingeState, ...]
Order = tuple[int, ...]
Class = tuple[list[States], set[Order], set[Order], set[int]]
"""Members; of the first one, exchanges, orders that lead back, and units that are 0 somewhere."""


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
    mirrored = bool(found) and found[0].residual.hinges.absorbs
    for part, swaps, turns, dying in _classes(links):
        width = len(part[0])
        copies = factorial(width) // _group_size(width, swaps, turns)
        if mirrored:
            copies *= 2 ** (width - len(_orbit_of(dying, swaps, turns)))
        yield [known[states] for states in sorted(part)], copies


def _linked(share: Shares, known: dict[States, Shares]) -> Iterator[States]:
    """Yield strata that meet the closure of one, or in whose closure it is, unit by unit.

    If all limits of minima are minima, the vertices of the closure are enough.
    """
    if share.residual.is_global:
        yield from _corners_below(share)
        return
    above = _above(share.residual)
    runs = [(state, len(list(run))) for state, run in groupby(share.states)]
    choices = (combinations_with_replacement(above[state], number) for state, number in runs)
    for chosen in product(*choices):
        upper = tuple(chain.from_iterable(chosen))
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


def _corners_below(share: Shares) -> Iterator[States]:
    """Yield the vertices in the closure of a stratum: each hinge of a flow is that of one unit."""
    hinges = share.residual.hinges
    parts = [dict(zip(s.edges(hinges), s.knots(hinges), strict=False)) for s in share.states]
    for flow in share.vertices:
        for held in _holders(share.states, parts, flow):
            triples = zip(share.states, parts, held, strict=True)
            yield tuple(_limit(state, [part[e] for e in own]) for state, part, own in triples)


def _holders(
    states: States, parts: Sequence[dict[int, int]], flow: Iterable[int]
) -> set[tuple[tuple[int, ...], ...]]:
    """Return the ways to give each hinge to one unit that has it, equal units being alike."""
    found: set[tuple[tuple[int, ...], ...]] = {((),) * len(states)}
    for edge in flow:
        longer = set()
        for held in found:
            alike = {(states[k], held[k]): k for k, part in enumerate(parts) if edge in part}
            longer |= {(*held[:k], (*held[k], edge), *held[k + 1 :]) for k in alike.values()}
        found = longer
    return found


def _limit(state: HingeState, knots: Sequence[int]) -> HingeState:
    """Return what a unit becomes that is left with weight at these inputs only."""
    if not knots:
        return HingeState(Kind.ZERO)
    if len(knots) == 2:
        return state
    return HingeState(Kind.KINK, state.sign, state.side, knots[0])


def _classes(links: dict[States, list[States]]) -> Iterator[Class]:
    """Yield the connected classes, each with the orders that lead back to its first member.

    A labelled stratum is a member with the order of its units. `orders` has those of one labelled
    component along a tree; other links, and exchanges of equal units, give orders that lead back.
    """
    both: dict[States, list[tuple[States, Order]]] = {states: [] for states in links}
    for states, others in links.items():
        for other in others:
            order = sorted(range(len(other)), key=other.__getitem__)
            upper = tuple(other[k] for k in order)
            both[states].append((upper, _undone(order)))
            both[upper].append((states, tuple(order)))
    orders: dict[States, Order] = {}
    for start in links:
        if start not in orders:
            orders[start] = tuple(range(len(start)))
            part, back, swaps, dying = [start], set(), set(), set()
            for states in part:
                own = orders[states]
                home = _undone(own)
                equal = (k for k, (one, other) in enumerate(pairwise(states)) if one == other)
                swaps |= {(home[k], home[k + 1]) for k in equal}
                dying |= {home[k] for k, one in enumerate(states) if one.kind == Kind.ZERO}
                for other, turn in both[states]:
                    found = _after(turn, own)
                    if other not in orders:
                        orders[other] = found
                        part.append(other)
                    back.add(_after(_undone(orders[other]), found))
            yield part, swaps, back, dying


def _orbit_of(points: Iterable[int], swaps: Iterable[Order], turns: Iterable[Order]) -> set[int]:
    """Return where exchanges of two, and other orders, can take some places."""
    found, waiting = set(), set(points)
    while waiting:
        found |= waiting
        met = {k for swap in swaps if waiting & {*swap} for k in swap}
        met |= {turn[k] for turn in turns for k in waiting}
        met |= {_undone(turn)[k] for turn in turns for k in waiting}
        waiting = met - found
    return found


def _after(outer: Order, inner: Order) -> Order:
    return tuple(outer[k] for k in inner)


def _undone(order: Sequence[int]) -> Order:
    found = [0] * len(order)
    for place, k in enumerate(order):
        found[k] = place
    return tuple(found)


def _group_size(size: int, swaps: Iterable[Order], turns: Iterable[Order]) -> int:
    """Return how many orders there are that exchanges of two, and others, make.

    Exchanges make all orders within blocks. Where others take blocks apart, blocks grow; in the
    end they permute them.
    """
    blocks = {frozenset([k]) for k in range(size)}
    both = [*turns, *map(_undone, turns)]
    waiting = [frozenset(swap) for swap in swaps]
    while waiting:
        for one in waiting:
            met = {block for block in blocks if block & one}
            blocks = (blocks - met) | {frozenset().union(*met)}
        images = {frozenset(turn[k] for k in block) for turn in both for block in blocks}
        waiting = [image for image in images if image not in blocks and len(image) > 1]
    order = list(blocks)
    place = {k: number for number, block in enumerate(order) for k in block}
    moves = {tuple(place[turn[min(block)]] for block in order) for turn in both}
    found = waiting_ = {tuple(range(len(order)))}
    while waiting_:
        waiting_ = {_after(move, item) for move in moves for item in waiting_} - found
        found = found | waiting_
    return len(found) * prod(factorial(len(block)) for block in blocks)
