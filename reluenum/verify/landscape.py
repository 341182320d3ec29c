"""The components that follow from the groups (Theorem D), compared with the document."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from math import comb, factorial, inf, prod
from typing import Any

from flint import fmpq, fmpz

from .exact import Support
from .groups import gathered, grouped
from .points import Points, ball_order, interval, least
from .reals import matched, require, told
from .records import Proof

SPARE = 1000  # so many strata may be missing before the list is refused without naming one of them


@dataclass(frozen=True, slots=True)
class Stratum:
    """Networks with the squares of a point shared out among units on its faces, and zero units."""

    points: Points
    counts: tuple[int | None, ...]
    zeros: int

    @property
    def name(self) -> tuple:
        """What tells it from others: each face with its number of units, and that of zero units."""
        texts = (self.points.data.faces[face].text for face in self.points.support)
        return (*zip(texts, self.counts, strict=True), self.zeros)

    @property
    def on_boundary(self) -> bool:
        """Whether a unit is 0 on some data point."""
        faces = self.points.data.faces
        return self.zeros > 0 or any(faces[face].zeros for face in self.points.support)

    def record(self) -> dict[str, Any]:
        """Return what a document has to say of it; each further unit on a face is a dimension."""
        groups = zip(self.points.support, self.counts, strict=True)
        return {
            "dimension": self.points.dimension + sum(count - 1 for count in self.counts if count),
            "support": [self.points.on_face(f) | {"multiplicity": count} for f, count in groups],
            "zero_neurons": self.zeros,
        }

    def representative(self) -> dict[str, Any]:
        """Return the network in which the units on a face are equal."""
        points, units = self.points, []
        for face, count in zip(points.support, (count or 1 for count in self.counts), strict=True):
            share = lambda r, f=face, c=count: points.squares(r)[f] / fmpq(c)  # noqa: E731
            units += [points.unit(face, share)] * count
        units += [[frozenset("0")] * (points.data.depth + 1)] * self.zeros
        bias = {} if points.data.bias == "none" else {"m": points.texts(points.bias)}
        matrix = {"B": [b for _, *b, _ in units], "c": [c for *_, c in units]}
        return {"a": [a for a, *_ in units]} | matrix | bias


Component = tuple[list[Stratum], int]  # its strata, and how many labelled copies it has


def apart(points: Points, width: int) -> Iterator[Component]:
    """Claim 28: not global, each way to share the units out is a component (Theorem D)."""
    for counts in compositions(width, len(points.support)):
        yield [Stratum(points, counts, 0)], factorial(width) // prod(map(factorial, counts))


def together(best: dict[Support, Points], width: int) -> Iterator[Component]:
    """Claim 29: global ones are joined by inclusion, with any number of zero units (Theorem D).

    There is one labelled copy, unless the only support has as many faces as there are units.
    """
    for part in joined(best):
        shares = ((s, m) for s in part for m in range(len(s), width + 1))
        strata = [
            Stratum(best[support], counts, width - living)
            for support, living in shares
            for counts in compositions(living, len(support))
        ]
        yield strata, factorial(width) if is_rigid(part, width) else 1


def at_width(minimal: dict[Support, Points], width: int) -> Iterator[Component]:
    """Return the components at a width, from the points on all valid supports."""
    for points in minimal.values():
        if not points.group.is_global:
            yield from apart(points, width)
    yield from together({s: p for s, p in minimal.items() if p.group.is_global}, width)


def at_every_width(minimal: dict[Support, Points]) -> Iterator[Component]:
    """Claim 30: for every width, an entry for each valid support, with one unit on each face."""
    for support, points in minimal.items():
        yield [Stratum(points, (None,) * len(support), 0)], factorial(len(support))


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write a total as an ordered sum of so many positive integers."""
    if parts == 0:
        yield from [()] * (total == 0)
        return
    for cuts in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in zip((0, *cuts), (*cuts, total), strict=True))


def joined(supports: Collection[Support]) -> list[list[Support]]:
    """Split supports into the classes that inclusion generates."""

    def near(part: list[Support], other: list[Support]) -> bool:
        (one,) = map(set, other)
        return any(one <= set(support) or one >= set(support) for support in part)

    return gathered([[support] for support in supports], near, lambda parts: [*chain(*parts)])


def is_rigid(part: list[Support], width: int) -> bool:
    """Whether a class is one support of as many faces as there are units."""
    return list(map(len, part)) == [width]


class Landscape:
    """The components that follow from the records, and what a document has to say of them.

    If there are many more than are `listed` in the document, they are not enumerated.
    """

    def __init__(self, proof: Proof, listed: Any = None) -> None:
        self.data, self.width = proof.data, proof.data.width
        self.groups = grouped(proof.data, proof.zero, proof.vertices)
        largest, every = self.data.largest, self.width == "all"
        self.stationary = {s for group in self.groups for s in group.supports(largest)}
        # For every width, larger unions count unless they are parts of the global component.
        self.minimal = {
            support: Points(group, support)
            for group in self.groups
            for support in group.valid(inf if every and not group.is_global else largest)
        }
        if listed is not None and not every:
            self._refuse_shorter(listed)
        parts = at_every_width(self.minimal) if every else at_width(self.minimal, self.width)
        self.components: list[Component] = list(parts)

    def _refuse_shorter(self, listed: Any) -> None:
        """Refuse a list that lacks many strata before they are enumerated."""
        records = [r for r in listed if type(r) is dict] if type(listed) is list else []
        found = sum(len(part) for r in records if type(part := r.get("strata")) is list)
        best = (len(s) for s, points in self.minimal.items() if points.group.is_global)
        count = sum(comb(self.width, size) for size in best) + self._ways(self.width)
        require(count <= found + SPARE, f"components: {found} strata are far too few")

    @cached_property
    def _others(self) -> Counter[int]:
        """Numbers of valid supports that are not global at every width, by size."""
        return Counter(len(s) for s, points in self.minimal.items() if not points.group.is_global)

    def _ways(self, width: int) -> int:
        """Return how many ways there are to share units out over those."""
        return sum(count * comb(width - 1, size - 1) for size, count in self._others.items())

    @cached_property
    def best(self) -> set[Support]:
        """Claim 31: global at the width are the components that are at every width, if any.

        Otherwise those of least loss.
        """
        leads = [strata[0].points for strata, _ in self.components]
        best = [points for points in leads if points.group.is_global] or least(leads)
        return {points.support for points in best}

    def check(self, records: Any) -> None:
        """Claim 32: the document lists these components, each once and right, sorted by loss."""
        require(type(records) is list, "components: no list")
        home = {s.name: k for k, (strata, _) in enumerate(self.components) for s in strata}
        left, previous = dict(enumerate(self.components)), None
        for number, record in enumerate(records):
            with told(f"component {number}"):
                names = _names(record)
                require(names[0] in home, f"no stratum {names[0]!s:.200} of local minima")
                component = left.pop(home[names[0]], None)
                require(component is not None, "listed twice")
                points = self._matched(component, names, record)
                ordered = previous is None or ball_order(previous, points) != 1
                require(ordered, "not sorted by loss")
                previous = points
        missing = next((strata[0].points.support for strata, _ in left.values()), ())
        name = self.data.name(missing)
        require(not left, f"components: {len(left)} missing, one of them on {name!r}")

    def _matched(self, component: Component, names: list[tuple], record: Any) -> Points:
        """Require that a record is that of a component, and return points of it."""
        strata = {stratum.name: stratum for stratum in component[0]}
        complete = len(names) == len(strata) and set(names) == set(strata)
        require(complete, "its strata are not those of the component")
        ordered = [strata[name] for name in names]
        points = ordered[0].points
        expected = self._record(component, ordered)
        if (key := "loss_minimal_polynomial") in record:
            expected[key] = list(map(str, points.polynomial.coeffs()))
        matched(record, expected)
        require(record["loss_interval"] == interval(record["loss"]), "loss_interval")
        keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
        require(keys == sorted(keys), "order of strata")
        return points

    def _record(self, component: Component, strata: list[Stratum]) -> dict[str, Any]:
        """Return what a component's record must be; decimals as sets of texts."""
        points, parts = strata[0].points, [stratum.record() for stratum in strata]
        every, lead = self.width == "all", component[0][0].points.support
        record = {
            "dimension": max(part["dimension"] for part in parts),
            "loss": points.texts(points.loss),
            "loss_interval": ...,
            "on_boundary": any(stratum.on_boundary for stratum in strata),
            "global_at_width": None if every else lead in self.best,
            "global_at_every_width": points.group.is_global,
            "orbit_size": component[1],
            "strata": parts,
            "representative": strata[0].representative(),
        }
        return record | ({"width_min": len(points.support)} if every else {})

    def enumeration(self) -> dict[str, Any]:
        """Claim 33: the counts of the document (section 3 of the theory)."""
        data, width, fixed = self.data, self.width, self.width != "all"
        columns = data.columns
        return {
            "sign_matrices": str(fmpz(2) ** (data.size * width)) if fixed else None,
            "realisable_patterns": columns**width if fixed else None,
            "patterns_up_to_permutation": comb(columns + width - 1, width) if fixed else None,
            "supports_examined": data.supports,
            "stationary": sum(len(support) > 0 for support in self.stationary),
            "locally_minimal": sum(0 < len(support) <= data.largest for support in self.minimal),
            "undecided": 0,
        }

    def every_width(self) -> dict[str, Any]:
        """Claim 34: the numbers of all widths follow from these (Corollary D.1)."""
        best = next((group for group in self.groups if group.is_global), None)
        require(best is not None, "no residual is global at every width")
        widths = range(1, len(self.data.rows) + 2)
        nodes = best.supports(widths[-1])
        parts = {w: joined([s for s in nodes if len(s) <= w]) for w in widths}
        split = (w for w, part in parts.items() if not is_connected(part, w))
        return {
            "by_size": list(self._by_size()),
            "global": {
                "supports": list(map(self.data.texts, sorted(best.vertices))),
                "smallest": min(map(len, best.vertices)),
                "connected_from": 1 + max(split, default=0),
            },
            "widths": [
                {"width": w, "components": len(part) + self._ways(w)} for w, part in parts.items()
            ],
        }

    def _by_size(self) -> Iterator[dict[str, Any]]:
        """Yield the numbers of supports of each size.

        A support of more faces than distinct inputs has no record, but may be a union of others.
        """
        stationary, minimal = Counter(map(len, self.stationary)), Counter(map(len, self.minimal))
        largest = self.data.largest
        for size in [*range(1, largest + 1), *sorted(m for m in self._others if m > largest)]:
            yield {
                "size": size,
                "examined": comb(len(self.data.faces), size) if size <= largest else 0,
                "stationary": stationary[size] if size <= largest else None,
                "locally_minimal": minimal[size],
                "not_global": self._others[size],
            }


def is_connected(classes: list[list[Support]], width: int) -> bool:
    """Whether the global points of a width are one component with one labelled copy."""
    return len(classes) == 1 and (width == 1 or not is_rigid(classes[0], width))


def _names(record: Any) -> list[tuple]:
    """Return the names of the strata of a record of the document."""
    try:
        names = [
            (*((g["face"], g["multiplicity"]) for g in stratum["support"]), stratum["zero_neurons"])
            for stratum in record["strata"]
        ]
        hash(tuple(names))
    except (KeyError, TypeError):
        names = []
    require(names != [], "strata are malformed")
    return names
