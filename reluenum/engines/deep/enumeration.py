"""All strata of a problem that can hold a local minimum, up to permutation inside the layers.

Bottom up: a unit's pre-activations are linear forms of its weights and those of all units below,
as long as these keep to a cone (`Tree`), so its sign rows are the parts into which the forms cut
the product of the cones below, for each choice of the signs of its weights. With one unit in every
layer above the first, that is exact; units of wider layers are taken to share nothing, which
yields too many strata and loses none. Rows are then cut down to what the equations see, and what
Lemma D8 excludes is skipped.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations, combinations_with_replacement, product
from operator import mul
from typing import Self

from flint import fmpq

from reluenum.algebra.linear import common_denominator
from reluenum.engines.deep.chains import Chain, flat_of, independent
from reluenum.engines.deep.cones import Cone, Integers, primitive_integers
from reluenum.engines.deep.strata import ALIVE, DeepStratum
from reluenum.problem import Problem


@dataclass(frozen=True)
class Tree:
    """Where the weights of a unit, and copies of all units below it, have some sign row.

    Parameters
    ----------
    cone : Cone
    forms : tuple of integer vectors
        A positive multiple of the pre-activation at each site, the same for all units.
    """

    cone: Cone
    forms: tuple[Integers, ...]

    def rows(self) -> Iterator[tuple[str, Self]]:
        """Yield all sign rows of the unit."""
        shown = [primitive_integers(form) for form in self.forms]
        distinct = list(dict.fromkeys(shown))
        parts = [("", self.cone)]
        for form in distinct:
            parts = [(row + sign, part) for row, cone in parts for sign, part in cone.split(form)]
        places = [distinct.index(form) for form in shown]
        for row, cone in parts:
            yield "".join(row[k] for k in places), type(self)(cone, self.forms)


@dataclass(frozen=True)
class Unit:
    """A sign row, with the trees that have it."""

    row: str
    trees: list[Tree] = field(compare=False)


def _collected(rows: Iterable[tuple[str, Tree]]) -> list[Unit]:
    """Return the units of some rows, in order; those that are + nowhere are dead."""
    found: dict[str, list[Tree]] = {}
    for row, tree in rows:
        if "+" in row:
            found.setdefault(row, []).append(tree)
    return [Unit(row, found[row]) for row in sorted(found)]


def first_units(problem: Problem) -> list[Unit]:
    """Return the live faces of the first layer."""
    rows = [site.row for site in problem.sites]
    forms = tuple(tuple(int(x * common_denominator(row)) for x in row) for row in rows)
    return _collected(Tree(Cone.space(problem.dimension + 1), forms).rows())


def next_units(below: Sequence[Unit], scales: Sequence[int], every: bool) -> list[Unit]:
    """Return the units that can stand on a layer.

    Parameters
    ----------
    below : sequence of Unit
        Of the layer.
    scales : sequence of int
        The multiples of the pre-activations that forms are, by site.
    every : bool
        Whether each unit below has a weight; else some weights may vanish.
    """
    signs = product((1, -1) if every else (1, 0, -1), repeat=len(below))
    return _collected(
        found
        for weights in signs
        for trees in product(
            *(u.trees[: None if w else 1] for u, w in zip(below, weights, strict=True))
        )
        for found in _grown([u.row for u in below], trees, weights, scales).rows()
    )


def _grown(
    rows: Sequence[str], trees: Sequence[Tree], weights: Sequence[int], scales: Sequence[int]
) -> Tree:
    """Return the tree of a unit on others, with weights of the given signs and any bias."""
    used = [k for k, weight in enumerate(weights) if weight]
    cone = reduce(mul, [*(trees[k].cone for k in used), Cone.space(1)])
    forms = []
    for site, scale in enumerate(scales):
        parts = [
            tuple((weights[k] * (rows[k][site] == "+")) * e for e in trees[k].forms[site])
            for k in used
        ]
        forms.append((*(e for part in parts for e in part), scale))
    return Tree(cone, tuple(forms))


def arrays(problem: Problem, widths: Sequence[int]) -> Iterator[list[list[str]]]:
    """Yield sign rows, of all sites, of every layer; in a layer, rows may be equal (Lemma D7).

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        How many rows a layer has: positive.
    """
    scales = [int(common_denominator(site.row)) for site in problem.sites]

    def grown(layer: int, units: Sequence[Unit]) -> Iterator[list[list[str]]]:
        single = layer + 1 == len(widths) or widths[layer + 1] == 1
        choose = combinations if single else combinations_with_replacement
        for chosen in choose(units, widths[layer]):
            rows = [unit.row for unit in chosen]
            if layer + 1 == len(widths):
                yield [rows]
            else:
                above = next_units(chosen, scales, every=widths[layer + 1] == 1)
                yield from ([rows, *rest] for rest in grown(layer + 1, above))

    yield from grown(0, first_units(problem))


def realisable(problem: Problem, widths: Sequence[int]) -> list[DeepStratum]:
    """Return the strata of so many live units in each layer: what `arrays` leaves on sites seen."""
    found = {DeepStratum.of(rows) for rows in arrays(problem, widths)}
    return sorted(stratum for stratum in found if stratum.is_live and has_ranks(problem, stratum))


def has_ranks(problem: Problem, stratum: DeepStratum) -> bool:
    """Whether no row occurs more often than the rank of such a group can be (Lemma D7).

    It is at most the number of rows above that pass on something at the group's sites, and the
    dimension of the space of its incoming vectors. Fewer equal units are a smaller stratum.
    """
    return all(
        rank <= min(_fed(stratum, layer, row), _room(problem, stratum, layer, row))
        for layer, rows in enumerate(stratum.layers)
        for row, rank in Counter(rows).items()
        if rank > 1
    )


def _fed(stratum: DeepStratum, layer: int, row: str) -> int:
    """Return how many units above have a slope or a multiplier at a site where a row is +."""
    if layer + 1 == stratum.depth:
        return 1
    sites = [i for i, sign in enumerate(row) if sign == "+"]
    return sum(any(above[i] in ALIVE for i in sites) for above in stratum.layers[layer + 1])


def _room(problem: Problem, stratum: DeepStratum, layer: int, row: str) -> int:
    """Return the dimension, at most, of the space of a unit's incoming vectors."""
    unit = stratum.layers[layer].index(row)
    if layer == 0:
        return len(flat_of(problem, stratum, unit))
    return len(stratum.layers[layer - 1]) + 1 - bool(stratum.kinks(layer, unit))


def exclusion(problem: Problem, stratum: DeepStratum) -> str | None:
    """Say why a stratum holds no local minimum, if Lemma D8 does; None if it may hold one.

    A unit of the last layer whose weight in the output has the sign s helps: at some site where it
    is +, s y > 0, or another unit is + there, too. And s sum(y) <= 0 at a kink whose gradient is no
    combination of those of the other kinks, if no other unit is + there.
    """
    top = stratum.layers[-1]
    for unit, row in enumerate(top):
        own = [all(other[i] != "+" for other in _without(top, unit)) for i in range(len(row))]
        sums = [
            sum((problem.sites[i].count * problem.means[i] for i in kink), start=fmpq(0))
            for kink in free_kinks(problem, stratum, unit)
            if all(own[i] for i in kink)
        ]
        gains = {
            side: any(
                not own[i] or side * problem.means[i] > 0
                for i in stratum.active(stratum.depth - 1, unit)
            )
            for side in (1, -1)
        }
        if not any(gains.values()):
            return "no unit of the last layer fits its targets"
        if not any(
            gain and all(side * total <= 0 for total in sums) for side, gain in gains.items()
        ):
            return "a kink of the last layer pays in no direction"
    return None


def _without(rows: Sequence[str], place: int) -> tuple[str, ...]:
    return (*rows[:place], *rows[place + 1 :])


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


@dataclass(frozen=True)
class Enumeration:
    """The strata of a problem that can hold a local minimum.

    Parameters
    ----------
    strata : tuple of DeepStratum
        To be solved; constant networks are among them, the zero network is not.
    skipped : mapping
        From a reason to the number of strata that it excludes.
    """

    strata: tuple[DeepStratum, ...]
    skipped: Mapping[str, int]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return what there is to solve for a problem.

        Raises
        ------
        InputError
            If the widths are such that ...
        """
        found: list[DeepStratum] = constants(problem)
        for widths in product(*(range(1, width + 1) for width in problem.hidden)):
            found += realisable(problem, widths)
        reasons = {stratum: exclusion(problem, stratum) for stratum in found}
        kept = tuple(stratum for stratum, reason in reasons.items() if reason is None)
        return cls(kept, Counter(reason for reason in reasons.values() if reason))


def constants(problem: Problem) -> list[DeepStratum]:
    """Return the strata of constant networks, whose lower layers are dead (Lemma D3)."""
    row, depth = "+" * len(problem.sites), len(problem.hidden)
    return [DeepStratum(((),) * dead + ((row,),) * (depth - dead)) for dead in range(1, depth)]
