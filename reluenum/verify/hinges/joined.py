"""Which strata of one residual are connected, and how often labelled units have them."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import factorial

from .line import rank
from .strata import Stratum
from .units import Residual, Unit

Units = tuple[Unit, ...]
Order = tuple[int, ...]  # for each place among units, or each labelled unit, a place
Links = dict[Units, list[tuple[Units, Order]]]
Component = tuple[list[Stratum], int]  # strata, and how many labelled components they are


def limits_of(residual: Residual) -> dict[Unit, list[Unit]]:
    """Claim 253: for each unit those in its closure, itself among them (Lemma 86)."""
    there, size = set(residual.units), residual.line.size
    found = {}
    for unit in residual.units:
        near = [Unit("kink", unit.sign, unit.side, place) for place in unit.inputs(size)]
        near += [Unit("active")] * (unit.kind == "line") + [Unit("zero")]
        found[unit] = [unit, *(other for other in near if other in there and other != unit)]
    return found


def components(residual: Residual, strata: Sequence[Stratum]) -> Iterator[Component]:
    """Claim 254: strata are connected if one is in the closure of the other (Lemma 86).

    All of them are, with labelled units, too, if all limits are minima and there are more units
    than independent knots.
    """
    if residual.is_global and residual.line.width > rank(list(residual.signs)):
        yield list(strata), 1
        return
    known = {stratum.units: stratum for stratum in strata}
    links, met = links_of(residual, known), set()
    for start in known:
        if start not in met:
            part, turns = walked(start, links)
            met |= part
            yield [known[units] for units in known if units in part], copies(start, turns)


def links_of(residual: Residual, known: dict[Units, Stratum]) -> Links:
    """Return for each stratum others, with the place in this one for each place in the other."""
    links: Links = {units: [] for units in known}
    for lower, upper in closures(residual, known):
        order = tuple(sorted(range(len(lower)), key=lower.__getitem__))
        low = tuple(lower[k] for k in order)
        links[low].append((upper, back(order)))
        links[upper].append((low, order))
    return links


def closures(residual: Residual, known: dict[Units, Stratum]) -> Iterator[tuple[Units, Units]]:
    """Yield, unit by unit, what is in the closure of a stratum, with the stratum."""
    limits = limits_of(residual)
    for units in known:
        for lower in product(*(limits[unit] for unit in units)):
            if lower != units and tuple(sorted(lower)) in known:
                yield lower, units


def walked(start: Units, links: Links) -> tuple[set[Units], set[Order]]:
    """Claim 255: the strata that links reach, and how units may have changed places at the start.

    Places of units are carried along each first way to a stratum, and compared at all others.
    """
    places, waiting, turns = {start: tuple(range(len(start)))}, [start], set()
    while waiting:
        units = waiting.pop()
        for other, order in links[units]:
            there = back(order)
            moved = tuple(there[place] for place in places[units])
            if other not in places:
                places[other] = moved
                waiting.append(other)
            home = back(places[other])
            turns.add(tuple(home[place] for place in moved))
        home = back(places[units])
        for k in (k for k in range(1, len(units)) if units[k] == units[k - 1]):
            turns.add(exchanged(home[k], home[k - 1], len(units)))
    return set(places), turns


def exchanged(one: int, other: int, size: int) -> Order:
    """Return the order in which two of so many have changed places."""
    found = list(range(size))
    found[one], found[other] = other, one
    return tuple(found)


def copies(start: Units, turns: set[Order]) -> int:
    """Claim 256: labelled components are the orders of units up to those that `turns` generate."""
    met = {tuple(range(len(start)))}
    waiting = list(met)
    while waiting:
        order = waiting.pop()
        new = {tuple(turn[place] for place in order) for turn in turns} - met
        met |= new
        waiting += new
    return factorial(len(start)) // len(met)


def back(order: Order) -> Order:
    """Return the inverse of an order."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
