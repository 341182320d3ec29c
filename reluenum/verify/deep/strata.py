"""All strata that can hold a local minimum, enumerated by exact arithmetic alone.

A stratum says which signs the upper unit has at all sites, and what the distinct units of the first
layer have at the sites where they matter. It is realised by networks on some faces, for each of
which the pre-activation above is linear on a product of cones: so its sign vectors are those of an
arrangement inside a cone, split form by form.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial, reduce
from itertools import combinations, permutations, product
from math import gcd, inf, lcm
from operator import mul, or_
from typing import Any

from flint import fmpq, fmpq_mat

from ..exact import cocircuits, covectors, onto, row_space
from ..processes import ONE, Processes
from .sites import Row, Sites

Vector = tuple[int, ...]
Generator = tuple[Vector, int]  # a ray, and which of the forms so far are 0 on it, as a mask


@dataclass(frozen=True, slots=True)
class Face:
    """The signs of a unit of the first layer at all sites, and the rays of its closed cone."""

    row: Row
    rays: tuple[Vector, ...]


@dataclass(frozen=True)
class Stratum:
    """Signs of the upper unit, and relevant signs of the distinct units of the first layer."""

    sites: Sites
    upper: Row
    lower: tuple[Row, ...]  # in the order of their texts

    @property
    def relevant(self) -> int:
        """The sites at which the first layer matters: R of Lemma D4."""
        return self.sites.everything & ~self.upper[1]

    @property
    def zeros(self) -> int:
        """The sites at which the upper unit is 0."""
        return self.relevant & ~self.upper[0]

    @cached_property
    def group(self) -> int:
        """The relevant sites at which no unit is positive: there the upper unit sees its bias."""
        active = 0
        for plus, _ in self.lower:
            active |= plus
        return self.relevant & ~active

    @cached_property
    def text(self) -> str:
        """Return the text of the stratum."""
        rows = (self.sites.text(row, self.relevant) for row in self.lower)
        return f"{','.join(rows)}/{self.sites.text(self.upper)}"


def faces_of(sites: Sites) -> list[Face]:
    """Return all faces of one unit with an active site, by cocircuits (Lemma 6)."""
    rays = cocircuits(dict(enumerate(sites.rows)))
    whole = [(row, _integral(ray)) for row, ray in rays.items()]

    def inside(row: Row) -> tuple[Vector, ...]:
        return tuple(v for (p, m), v in whole if not p & ~row[0] and not m & ~row[1])

    live = (row for row in sorted(covectors(rays, sites.size, inf)) if row[0])
    return [Face(row, inside(row)) for row in live]


def _integral(vector: Iterable[fmpq]) -> Vector:
    """Return the shortest positive multiple of whole numbers."""
    numbers = list(map(fmpq, vector))
    common = lcm(*(int(x.q) for x in numbers))
    return _primitive([int(x * common) for x in numbers])


def _primitive(numbers: Sequence[int]) -> Vector:
    divisor = gcd(*numbers) or 1
    return tuple(x // divisor for x in numbers)


# The sign vectors of linear forms on a cone.


def sign_vectors(
    cone: list[Generator], forms: Sequence[Vector], bias: Vector
) -> Iterator[tuple[Row, list[Generator]]]:
    """Yield the sign vectors of forms on the cone of some rays plus a line, without its boundary.

    With each of them comes the cone on which the forms have these signs.

    The first form is not constant on the line, and therefore has every sign: what is left of the
    cone where it is 0 is pointed, and the line adds a ray on either side.
    """
    first, line = forms[0], _value(forms[0], bias)
    flat = [
        (_primitive([line * x - _value(first, ray) * b for x, b in zip(ray, bias, strict=True)]), z)
        for ray, z in cone
    ]
    inward = tuple(-b for b in bias)
    on_form = [(ray, zeros | 1) for ray, zeros in flat]
    everywhere = -1 << len(forms)  # the line lies in every wall of the cone, and in no form
    yield from _split(on_form, forms, 1, (0, 0))
    yield from _split([*on_form, (bias, everywhere)], forms, 1, (1, 0))
    yield from _split([*on_form, (inward, everywhere)], forms, 1, (0, 1))


def _split(
    cone: list[Generator], forms: Sequence[Vector], k: int, signs: Row
) -> Iterator[tuple[Row, list[Generator]]]:
    """Split a pointed cone, given by its extreme rays, by the forms from number k on."""
    if k == len(forms):
        yield signs, cone
        return
    sides: dict[int, list] = {1: [], -1: [], 0: []}
    for ray, zeros in cone:
        value = _value(forms[k], ray)
        sides[(value > 0) - (value < 0)].append((ray, zeros if value else zeros | 1 << k, value))
    above, below = sides[1], sides[-1]
    flat = [*_rays(sides[0]), *_crossing(above, below, [z for _, z in cone], 1 << k)]
    if above:
        yield from _split(_rays(above) + flat, forms, k + 1, (signs[0] | 1 << k, signs[1]))
    if below:
        yield from _split(_rays(below) + flat, forms, k + 1, (signs[0], signs[1] | 1 << k))
    if bool(above) == bool(below):
        yield from _split(flat, forms, k + 1, signs)


def _rays(valued: list) -> list[Generator]:
    return [(ray, zeros) for ray, zeros, _ in valued]


def _crossing(above: list, below: list, tight: list[int], form: int) -> Iterator[Generator]:
    """Yield the rays of a cone where a form is 0, one on each of its edges that cross it.

    Two rays span an edge iff no other one lies in all the walls that both lie in.
    """
    for (one, zeros, high), (other, more, low) in product(above, below):
        common = zeros & more
        if sum(common & z == common for z in tight) == 2:
            ray = _primitive([high * y - low * x for x, y in zip(one, other, strict=True)])
            yield ray, common | form


def _value(form: Vector, vector: Vector) -> int:
    return sum(map(mul, form, vector))


# Strata.


def realised(sites: Sites, processes: Processes = ONE) -> dict[str, Stratum]:
    """Claim 54: every stratum with distinct live faces that some network realises, by its text.

    The output weight is positive, without loss of generality; a unit below has either sign.
    """
    faces = faces_of(sites)
    sizes = range(1, min(sites.hidden[0], len(faces)) + 1)
    parts = [(size, first) for size in sizes for first in range(len(faces) - size + 1)]
    found = set().union(*processes.answers(partial(_beginning, sites, faces), parts))
    strata = (_stratum(sites, upper, lower) for upper, lower in found if upper[0] and lower)
    return {stratum.text: stratum for stratum in strata}


def _beginning(
    sites: Sites, faces: Sequence[Face], size: int, first: int
) -> set[tuple[Row, frozenset[Row] | None]]:
    """Return the signs above so many faces that begin with one, and theirs where they matter.

    With all signs of units below turned, f has the opposite signs.
    """
    found, bias = set(), (0,) * (size * sites.depth) + (1,)
    for others in combinations(faces[first + 1 :], size - 1):
        chosen = faces[first], *others
        forms = forms_of(sites, chosen)
        for sides in product((1, -1), repeat=size - 1):
            for upper, _ in sign_vectors(cone_of(sites, chosen, (1, *sides)), forms, bias):
                both = (upper, upper[::-1])
                found.update((signs, _lower(sites, signs, chosen)) for signs in both)
    return found


def _lower(sites: Sites, upper: Row, chosen: Sequence[Face]) -> frozenset[Row] | None:
    """Return the relevant signs of faces, None unless they are different and live."""
    relevant = sites.everything & ~upper[1]
    rows = frozenset((f.row[0] & relevant, f.row[1] & relevant) for f in chosen)
    return rows if len(rows) == len(chosen) and all(plus for plus, _ in rows) else None


def _stratum(sites: Sites, upper: Row, lower: Iterable[Row]) -> Stratum:
    relevant = sites.everything & ~upper[1]
    return Stratum(sites, upper, tuple(sorted(lower, key=lambda row: sites.text(row, relevant))))


def forms_of(sites: Sites, chosen: Sequence[Face]) -> list[Vector]:
    """Return f at each site, a linear form of the weights (w_1, ..., w_m, B)."""
    nothing = [fmpq(0)] * sites.depth
    return [
        _integral([*(x for f in chosen for x in (row if f.row[0] >> i & 1 else nothing)), 1])
        for i, row in enumerate(sites.rows)
    ]


def cone_of(sites: Sites, chosen: Sequence[Face], sides: Sequence[int]) -> list[Generator]:
    """Return the rays of a product of closed faces or their opposites, with the walls of each."""
    depth, size, rays = sites.depth, sites.size, []
    for j, (face, side) in enumerate(zip(chosen, sides, strict=True)):
        block, others = (1 << size) - 1, -1 << size
        for ray in face.rays:
            zeros = sum(1 << i for i, row in enumerate(sites.rows) if not sum(map(mul, row, ray)))
            walls = others & ~(block << (j + 1) * size) | zeros << (j + 1) * size
            vector = [0] * (len(chosen) * depth + 1)
            vector[j * depth : (j + 1) * depth] = [side * x for x in ray]
            rays.append((tuple(vector), walls))
    return rays


# Strata that hold no local minimum.


def kept(found: dict[str, Stratum]) -> dict[str, Stratum]:
    """Claim 55: the others hold no local minimum (Lemma D8, Lemma D27), for either output."""
    return holding(found, lambda stratum: (stratum.upper, free_kinks(stratum)))


def holding(
    found: dict[str, Any], last: Callable[[Any], tuple[Row, Sequence[Sequence[int]]]]
) -> dict[str, Any]:
    """Return what is kept of strata, by the row of their last unit and the kinks that it can leave.

    These are kinks that the weights can leave while all others stay.
    """
    drawn = cache(drawn_into)
    return {
        text: stratum
        for text, stratum in found.items()
        if all(drawn(stratum.sites, row, stratum.relevant) for row in stratum.lower)
        and not skipped(stratum.sites, *last(stratum))
        and not any(on_boundary(*pair) for pair in permutations(stratum.lower, 2))
    }


def on_boundary(row: Row, other: Row) -> bool:
    """Whether a row arises from another one by signs that become 0: both are never alive."""
    return not row[0] & ~other[0] and not row[1] & ~other[1]


def active_sets(lower: Sequence[Row], site: int) -> Iterator[set[int]]:
    """Yield which units are active at a site, in all cells of the kinks that they have there."""
    bit, rows = 1 << site, list(enumerate(lower))
    plus = {j for j, row in rows if row[0] & bit}
    zero = [j for j, row in rows if not (row[0] | row[1]) & bit]
    for size in range(len(zero) + 1):
        yield from (plus.union(chosen) for chosen in combinations(zero, size))


def drawn_into(sites: Sites, row: Row, relevant: int) -> bool:
    """Whether a vector of the span of active inputs, inside the flat, has the signs of a row.

    It has iff these signs are a composition of cocircuits of the arrangement there.
    """
    plus, minus = row[0] & relevant, row[1] & relevant
    zeros = [sites.rows[i] for i in sites.inside(relevant & ~plus & ~minus)]
    active = fmpq_mat([sites.rows[i] for i in sites.inside(plus)])
    basis = row_space((active - active * onto(zeros) if zeros else active).tolist())
    if not basis.nrows():
        return False
    seen = sites.inside(plus | minus)
    values = fmpq_mat([sites.rows[i] for i in seen]) * basis.transpose()
    rays = cocircuits(dict(zip(seen, values.tolist(), strict=True)))
    inside = [(p, m) for p, m in rays if not p & ~plus and not m & ~minus]
    return [*map(partial(reduce, or_), zip((0, 0), *inside, strict=True))] == [plus, minus]


def skipped(sites: Sites, row: Row, kinks: Sequence[Sequence[int]]) -> bool:
    """Whether for both signs of the output weight no target fits, or a free kink pays."""
    sums = [sum((sites.totals[i] for i in kink), fmpq(0)) for kink in kinks]
    active = sites.inside(row[0])
    fits = (s for s in (1, -1) if any(s * sites.means[i] > 0 for i in active))
    return all(any(s * total > 0 for total in sums) for s in fits)


def free_kinks(stratum: Stratum) -> list[list[int]]:
    """Return kinks of the upper unit that the weights can leave while all others stay.

    A group is one kink.
    """
    sites = stratum.sites
    kinks = [[i] for i in sites.inside(stratum.zeros & ~stratum.group)]
    kinks += [group] if (group := sites.inside(stratum.zeros & stratum.group)) else []
    forms = [gradient(stratum, kink[0]) for kink in kinks]
    return [kink for k, kink in enumerate(kinks) if is_free(forms, k)]


def is_free(forms: list[list[fmpq]], k: int) -> bool:
    """Whether one of some gradients is no combination of the others."""
    others = forms[:k] + forms[k + 1 :]
    return (fmpq_mat(others).rank() if others else 0) < fmpq_mat(forms).rank()


def gradient(stratum: Stratum, site: int) -> list[fmpq]:
    """Return f at a site as a linear form of the weights, each inside the flat of its face."""
    sites, parts = stratum.sites, []
    for plus, minus in stratum.lower:
        zeros = [sites.rows[i] for i in sites.inside(stratum.relevant & ~plus & ~minus)]
        column = fmpq_mat(
            sites.depth, 1, sites.rows[site] if plus >> site & 1 else [fmpq(0)] * sites.depth
        )
        parts += (column - onto(zeros) * column if zeros else column).entries()
    return [*parts, fmpq(1)]
