"""Which strata of one residual are connected, and how often labelled units have them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations_with_replacement, product
from math import factorial, prod

from .line import rank
from .strata import Stratum
from .units import Residual, Unit

Units = tuple[Unit, ...]
Order = tuple[int, ...]  # for each place among units, or each labelled unit, a place
Links = dict[Units, list[tuple[Units, Order]]]
Component = tuple[list[Stratum], int]  # strata, and how many labelled components they are


def limits_of(residual: Residual) -> dict[Unit, list[Unit]]:
    """Claim 255: for each unit those in its closure, itself among them (Lemma 86)."""
    there, size = set(residual.units), residual.line.size
    found = {}
    for unit in residual.units:
        near = [Unit("kink", unit.sign, unit.side, place) for place in unit.inputs(size)]
        near += [Unit("active")] * (unit.kind == "line") + [Unit("zero")]
        found[unit] = [unit, *(other for other in near if other in there and other != unit)]
    return found


def components(residual: Residual, strata: Sequence[Stratum]) -> Iterator[Component]:
    """Claim 256: strata are connected if one is in the closure of the other (Lemma 86).

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
            part, pairs, turns, dying = walked(start, links)
            met |= part
            number = copies(len(start), pairs, turns)
            if residual.line.linear == "free":
                number <<= len(start) - len(reached(dying, pairs, turns))
            yield [known[units] for units in part], number


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
        kinds = Counter(units)
        ways = (combinations_with_replacement(limits[unit], kinds[unit]) for unit in kinds)
        for chosen in product(*ways):
            lower = tuple(chain.from_iterable(chosen))  # which of equal units is not asked
            if lower != units and tuple(sorted(lower)) in known:
                yield lower, units


def walked(start: Units, links: Links) -> tuple[set[Units], set[Order], set[Order], set[int]]:
    """Claim 257: the strata that links reach, and how units may have changed places at the start.

    Places of units are carried along each first way to a stratum, and compared at all others; also
    those of units that are 0 somewhere, where they can be replaced by their mirror images.
    """
    places, waiting, pairs, turns = {start: tuple(range(len(start)))}, [start], set(), set()
    dying: set[int] = set()
    while waiting:
        units = waiting.pop()
        for other, order in links[units]:
            there = back(order)
            carried = tuple(there[place] for place in places[units])
            if other not in places:
                places[other] = carried
                waiting.append(other)
            home = back(places[other])
            turns.add(tuple(home[place] for place in carried))
        home = back(places[units])
        alike = (k for k in range(1, len(units)) if units[k] == units[k - 1])
        pairs |= {(home[k - 1], home[k]) for k in alike}
        dying |= places_of_zeros(units, home)
    return set(places), pairs, turns, dying


def places_of_zeros(units: Units, home: Order) -> set[int]:
    """Return where units that are 0 stand at the start."""
    return {home[k] for k, unit in enumerate(units) if unit.kind == "zero"}


def reached(dying: set[int], pairs: set[Order], turns: set[Order]) -> set[int]:
    """Claim 258: labelled components have units in either form, but for these (Lemma 128).

    Such are units that are 0 somewhere, and all that come to stand where one of them stood.
    """
    found = set(dying)
    while True:
        more = {k for pair in pairs if not found.isdisjoint(pair) for k in pair}
        more |= {order[k] for turn in turns for order in (turn, back(turn)) for k in found}
        if more <= found:
            return found
        found |= more


def copies(size: int, pairs: set[Order], turns: set[Order]) -> int:
    """Claim 259: labelled components are the orders of units up to those that these generate.

    All orders within a class of units that exchanges join are among them, and the others permute
    these classes.
    """
    classes = merged([[k] for k in range(size)], pairs)
    while parts := torn(classes, turns):
        classes = merged(classes, parts)
    number = {k: n for n, part in enumerate(classes) for k in part}
    steps = {tuple(number[turn[part[0]]] for part in classes) for turn in turns}
    within = prod(factorial(len(part)) for part in classes)
    return factorial(size) // (within * generated(len(classes), steps))


def generated(size: int, steps: set[Order]) -> int:
    """Return how many orders of so many things steps make."""
    orders = new = {tuple(range(size))}
    while new:
        new = {tuple(step[n] for n in order) for step in steps for order in new} - orders
        orders = orders | new
    return len(orders)


def torn(classes: Sequence[list[int]], turns: set[Order]) -> list[list[int]]:
    """Return where orders and their inverses take classes, if that is no class."""
    both = (*turns, *map(back, turns))
    images = (sorted(order[k] for k in part) for order in both for part in classes)
    return [image for image in images if len(image) > 1 and image not in classes]


def merged(classes: Sequence[list[int]], parts: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return the classes in which each of some parts is in one class."""
    group = {k: part for part in classes for k in part}
    for first, *others in parts:
        for other in others:
            one, two = group[first], group[other]
            if one is not two:
                union = sorted(one + two)
                group |= dict.fromkeys(union, union)
    return [part for k, part in group.items() if part[0] == k]


def back(order: Order) -> Order:
    """Return the inverse of an order."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
