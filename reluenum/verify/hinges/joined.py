"""Which strata of one residual are connected, and how often labelled units have them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations, product
from typing import TypeVar

from .line import rank
from .strata import Stratum
from .units import Residual, Unit

Units = tuple[Unit, ...]
Item = TypeVar("Item", bound=tuple)
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
    links = list(closures(residual, known))
    for part in classes(known, links):
        inside = set(part)
        orders = {order for units in part for order in permutations(units)}
        turned = (
            (tuple(lower[k] for k in order), tuple(upper[k] for k in order))
            for lower, upper in links
            if tuple(sorted(lower)) in inside
            for order in permutations(range(len(lower)))
        )
        yield [known[units] for units in part], len(list(classes(orders, turned)))


def closures(residual: Residual, known: dict[Units, Stratum]) -> Iterator[tuple[Units, Units]]:
    """Yield, unit by unit, what is in the closure of a stratum, with the stratum."""
    limits = limits_of(residual)
    for units in known:
        for lower in product(*(limits[unit] for unit in units)):
            if lower != units and tuple(sorted(lower)) in known:
                yield lower, units


def classes(items: Iterable[Item], links: Iterable[tuple[Item, Item]]) -> Iterator[list[Item]]:
    """Yield the classes that links generate; ends of links are items, perhaps in another order."""
    group = {item: [item] for item in items}
    for pair in links:
        one, other = (group[end] if end in group else group[tuple(sorted(end))] for end in pair)
        if one is not other:
            small, large = sorted((one, other), key=len)
            large += small
            group |= dict.fromkeys(small, large)
    yield from {id(part): part for part in group.values()}.values()
