"""Strata that hold no local minimum, by their signs and targets alone (Lemmas D8, D21 and D27)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import permutations

from flint import fmpq

from reluenum.algebra.linear import common_denominator, dot
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.flats import flat_of_row, independent
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.geometry.cones import Cone
from reluenum.problem import Problem


def exclusion(problem: Problem, stratum: DeepStratum) -> str | None:
    """Say why a stratum holds no local minimum, if that is known; None if it may hold one.

    The incoming vector of a first-layer unit lies in the span of the inputs that it sees, and under
    one unit no row is on the boundary of another (Lemmas D8 and D27): so much for any stationary
    network. At a local minimum (Lemmas D8 and D21), a unit of the last layer whose weight in the
    output has the sign s helps: at some site where it is +, s y > 0, or another unit is + there,
    too. And s sum(y) <= 0 at a kink whose gradient is no combination of those of the other kinks,
    if no other unit is + there.
    """
    if not all(_fits(problem, row) for row in stratum.layers[0]):
        return "a unit of the first layer is not drawn into its face"
    if any(_is_on_boundary(*pair) for pair in _pairs_under_one(stratum)):
        return "a unit is on the boundary of another, under one unit"
    top = stratum.layers[-1]
    for unit, row in enumerate(top):
        others = (*top[:unit], *top[unit + 1 :])
        own = [all(other[i] != "+" for other in others) for i in range(len(row))]
        active = stratum.active(stratum.depth - 1, unit)
        sides = [
            side
            for side in (1, -1)
            if any(not own[i] or side * problem.means[i] > 0 for i in active)
        ]
        if not sides:
            return "no unit of the last layer fits its targets"
        totals = {
            kink: sum((problem.sites[i].count * problem.means[i] for i in kink), start=fmpq(0))
            for kink in stratum.kinks(stratum.depth - 1, unit)
            if all(own[i] for i in kink)
        }
        paid = [{kink for kink in totals if side * totals[kink] > 0} for side in sides]
        if all(paid):
            free = set(free_kinks(problem, stratum, unit))
            if all(kinks & free for kinks in paid):
                return "a kink of the last layer pays in no direction"
    return None


def _pairs_under_one(stratum: DeepStratum) -> Iterator[tuple[str, str]]:
    """Yield all pairs of different rows of a layer that is followed by one unit, or the output."""
    for rows, above in zip(stratum.layers, (*stratum.layers[1:], ("",)), strict=True):
        if len(above) == 1:
            yield from permutations(dict.fromkeys(rows), 2)


def _is_on_boundary(inner: str, row: str) -> bool:
    """Whether a row is another one with some signs turned into 0."""
    places, others = _places(inner), _places(row)
    return not any(one & ~other for one, other in zip(places, others, strict=True))


@lru_cache(maxsize=1 << 16)
def _places(row: str) -> tuple[int, int, int]:
    """Return where a row is +, - and not seen, as bits."""
    return tuple(sum(1 << i for i, sign in enumerate(row) if sign == one) for one in "+-.")


@lru_cache(maxsize=1 << 16)
def _fits(problem: Problem, row: str) -> bool:
    """Whether some vector of `flat_basis` has the signs of a first-layer unit."""
    basis = flat_of_row(problem, row)
    cone = Cone.space(len(basis))
    for site, sign in zip(problem.sites, row, strict=True):
        values = tuple(dot(vector, site.row) for vector in basis)
        if sign in "+-":
            scale = common_denominator(values)
            parts = dict(cone.split(tuple(int(value * scale) for value in values)))
            if sign not in parts:
                return False
            cone = parts[sign]
    return True


def free_kinks(problem: Problem, stratum: DeepStratum, unit: int) -> list[tuple[int, ...]]:
    """Return kinks of a unit of the last layer that weights can leave while all others stay.

    To first order, that is: their gradients are no combinations of those of the other kinks.
    """
    if all(len(rows) <= 1 for rows in stratum.layers[1:]):
        chain = Chain(problem, stratum)
        forms = {name: tuple(form) for name, form in chain.kinks.items()}
        return [
            name[2]
            for name, form in forms.items()
            if name[0] == stratum.depth
            and independent([form], [other for key, other in forms.items() if key != name])
        ]
    below = stratum.layers[-2]
    seen = {
        kink: {k for k, row in enumerate(below) if row[kink[0]] == "+"} | {None}
        for kink in stratum.kinks(stratum.depth - 1, unit)
    }
    return _staircase(seen)


def _staircase(seen: Mapping[tuple[int, ...], set]) -> list[tuple[int, ...]]:
    """Return what can be taken away one by one, each as the last that sees something.

    Vectors with positive entries at what they see, and no others, are then independent.
    """
    left, found = dict(seen), []
    while True:
        counts = Counter(thing for things in left.values() for thing in things)
        free = [kink for kink, things in left.items() if any(counts[t] == 1 for t in things)]
        if not free:
            return found
        found += free
        left = {kink: things for kink, things in left.items() if kink not in free}
