"""All strata of one first-layer unit on a line that can hold a local minimum, by exact arithmetic.

The inputs of layer 2 are the heights of the first-layer unit: numbers in the order of the sites,
all of them 0 on one side. So its rows change sign once at most.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

from flint import fmpq

from ..deep.sites import Sites
from ..reals import dot


@dataclass(frozen=True)
class Fan:
    """Signs of the first-layer unit where they matter, and those of the distinct units above."""

    sites: Sites
    row: str  # `.` where all units above are negative
    upper: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """Return the text of the stratum."""
        return f"{self.row}/{','.join(self.upper)}"

    @cached_property
    def group(self) -> list[int]:
        """The relevant sites at which the first-layer unit is 0 or negative."""
        return [i for i, mark in enumerate(self.row) if mark in "0-"]

    @cached_property
    def plus(self) -> list[int]:
        """The relevant sites at which it is positive."""
        return [i for i, mark in enumerate(self.row) if mark == "+"]

    @cached_property
    def active(self) -> list[int]:
        """The sites at which a unit above is positive."""
        return [i for i, column in enumerate(zip(*self.upper, strict=True)) if "+" in column]

    @cached_property
    def kinks(self) -> list[int]:
        """The relevant sites at which the first-layer unit is 0: one, or none."""
        return [i for i, mark in enumerate(self.row) if mark == "0"]

    def alone(self, unit: int, site: int) -> bool:
        """Whether no other unit above is positive at a site."""
        return all(row[site] != "+" for k, row in enumerate(self.upper) if k != unit)


def realised(sites: Sites) -> dict[str, Fan]:
    """Claim 129: every stratum with distinct live units above that some network realises."""
    found = {}
    for row in first_rows(sites):
        rows = sorted(set(upper_rows(sites, row)))
        for size in range(1, sites.hidden[1] + 1):
            for chosen in combinations(rows, size):
                seen = ["." if set(column) == {"-"} else "" for column in zip(*chosen, strict=True)]
                lower = "".join(dot or mark for dot, mark in zip(seen, row, strict=True))
                fan = Fan(sites, lower, chosen)
                if fan.plus:
                    found[fan.text] = fan
    return found


def first_rows(sites: Sites) -> Iterator[str]:
    """Yield the signs of a unit with an active site: a change of sign between or at two inputs."""
    order = sorted(range(sites.size), key=lambda i: sites.rows[i][0])
    for marks in changes(sites.size):
        if "+" in marks:
            yield "".join(marks[order.index(i)] for i in range(sites.size))


def changes(count: int) -> Iterator[str]:
    """Yield the sign vectors of affine functions, not 0 everywhere, at so many places of a line."""
    for one, other in ("+-", "-+"):
        for k in range(count):
            yield one * (count - k) + other * k
            if count > 1:
                yield one * (count - k - 1) + "0" + other * k


def upper_rows(sites: Sites, row: str) -> Iterator[str]:
    """Yield the signs, some positive, of units that see the heights of one with the given signs."""
    places = by_height(sites, row)
    for marks in changes(len(places)):
        found = {i: mark for place, mark in zip(places, marks, strict=True) for i in place}
        if "+" in marks:
            yield "".join(found[i] for i in range(sites.size))


def by_height(sites: Sites, row: str) -> list[list[int]]:
    """Return the sites in the order of the heights of a unit, 0 where it is not positive."""
    plus = [i for i, mark in enumerate(row) if mark == "+"]
    rest = [i for i, mark in enumerate(row) if mark != "+"]
    rising = not rest or sites.rows[plus[0]][0] > sites.rows[rest[0]][0]
    plus.sort(key=lambda i: sites.rows[i][0], reverse=not rising)
    return [*([rest] if rest else []), *([i] for i in plus)]


def kept(found: dict[str, Fan]) -> dict[str, Fan]:
    """Claim 130: the others hold no local minimum (Lemma D8, Lemma D27)."""
    return {
        text: fan
        for text, fan in found.items()
        if drawn(fan)
        and all(fits(fan, k) for k in range(len(fan.upper)))
        and not any(on_boundary(*pair) for pair in permutations(fan.upper, 2))
    }


def on_boundary(row: str, other: str) -> bool:
    """Whether a row arises from another one by signs that become 0: both are never alive."""
    return all(mark in ("0", was) for mark, was in zip(row, other, strict=True))


def drawn(fan: Fan) -> bool:
    """Whether the span of the inputs that the first-layer unit sees has a vector of its signs.

    That of one input alone has it iff this input itself has.
    """
    if len(fan.plus) > 1 or fan.kinks:
        return True
    (only,), rows = fan.plus, fan.sites.rows
    return all(dot(rows[only], rows[i]) < 0 for i in fan.group)


def fits(fan: Fan, unit: int) -> bool:
    """Whether for one sign of its output weight a unit has a target that fits, and no kink pays.

    Both are asked where no other unit is positive; a group of sites is one kink.
    """
    row, totals = fan.upper[unit], fan.sites.totals
    plus = [i for i, mark in enumerate(row) if mark == "+"]
    kink = [i for i, mark in enumerate(row) if mark == "0" and fan.alone(unit, i)]
    held = sum((totals[i] for i in kink), fmpq(0))
    shared = any(not fan.alone(unit, i) for i in plus)
    return any(
        (shared or any(side * totals[i] > 0 for i in plus)) and side * held <= 0 for side in (1, -1)
    )


def rays(fan: Fan) -> Sequence[tuple[fmpq, fmpq]]:
    """Claim 131: the ends of the directions of the first-layer vector, or the only one.

    It is x at the only positive site if there is no kink, orthogonal to x at a kink, and otherwise
    between the extreme rays of the cone of its signs.
    """
    rows = [row[0] for row in fan.sites.rows]
    if not fan.kinks and len(fan.plus) == 1:
        return [(rows[fan.plus[0]], fmpq(1))]
    both = {(side, -side * rows[i]) for i in fan.plus + fan.group for side in (fmpq(1), fmpq(-1))}
    return sorted(ray for ray in both if _inside(fan, ray))


def _inside(fan: Fan, ray: tuple[fmpq, fmpq]) -> bool:
    """Whether a vector has the signs of the first-layer unit or zeros, and is not 0 on all."""
    value = {i: dot(fan.sites.rows[i], ray) for i in fan.plus + fan.group}
    below = all(value[i] == 0 if i in fan.kinks else value[i] <= 0 for i in fan.group)
    above = [value[i] for i in fan.plus]
    return below and min(above) >= 0 and max(above) > 0
