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
from .points import ZERO, Points, ball_order, interval, least
from .records import Proof
from .shapes import matched, require

SPARE = 1000
"""So many strata may be missing before the list is refused without naming one of them."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Networks with the squares of a point shared out among units on its faces, and zero units."""

    points: Points
    counts: tuple[int | None, ...]
    zeros: int

    @property
    def name(self) -> tuple:
        """What tells it from others: text of a face and number of units, pair by pair, and zeros."""
        texts = (self.points.data.faces[face].text for face in self.points.support)
        return (*zip(texts, self.counts, strict=True), self.zeros)

    @property
    def on_boundary(self) -> bool:
        """Whether a unit is 0 on some data point."""
        faces = self.points.data.faces
        return self.zeros > 0 or any(faces[face].zeros for face in self.points.support)

    def record(self) -> dict[str, Any]:
        """Return what a document has to say of it; each further unit on a face is a dimension."""
        groups = zip(self.points.faces, self.counts, strict=True)
        return {
            "dimension": self.points.dimension + sum(count - 1 for count in self.counts if count),
            "support": [group | {"multiplicity": count} for group, count in groups],
            "zero_neurons": self.zeros,
        }

    def representative(self) -> dict[str, Any]:
        """Return the network in which the units on a face are equal."""
        points, depth = self.points, self.points.data.depth
        weights, units = [], []
        for face, count in zip(points.support, (count or 1 for count in self.counts), strict=True):
            share = lambda r, f=face, c=count: points.squares(r)[f] / fmpq(c)  # noqa: E731
            side = points.group.sides[face]
            weights += [points.texts(lambda _, s=side: s, share)] * count
            units += [points.unit(face, share)] * count
        weights += [ZERO] * self.zeros
        units += [[ZERO] * depth] * self.zeros
        bias = {} if points.data.bias == "none" else {"m": points.texts(points.bias)}
        split = {"B": [unit[:-1] for unit in units], "c": [unit[-1] for unit in units]}
        return {"a": weights} | split | bias


@dataclass(frozen=True)
class Component:
    """A component of the local minima: its strata, and the number of its labelled copies."""

    strata: list[Stratum]
    orbit_size: int


def at_width(minimal: list[Points], width: int) -> Iterator[Component]:
    """Claim 26: a component for each way to share the units out; one for all that is global.

    The latter has a class of supports that inclusion joins, with any number of zero units, and is
    a single labelled copy unless it has one support with as many faces as units (Theorem D).
    """
    for points in minimal:
        if not points.group.is_global:
            for counts in compositions(width, len(points.support)):
                copies = factorial(width) // prod(map(factorial, counts))
                yield Component([Stratum(points, counts, 0)], copies)
    best = {points.support: points for points in minimal if points.group.is_global}
    for part in joined(best):
        strata = [
            Stratum(best[support], counts, width - living)
            for support in part
            for living in range(len(support), width + 1)
            for counts in compositions(living, len(support))
        ]
        yield Component(strata, factorial(width) if is_rigid(part, width) else 1)


def at_every_width(minimal: list[Points]) -> Iterator[Component]:
    """Claim 27: for every width, an entry for each support, with one unit on each face."""
    for points in minimal:
        size = len(points.support)
        yield Component([Stratum(points, (None,) * size, 0)], factorial(size))


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

    Parameters
    ----------
    proof : Proof
    listed : list, optional
        The components of the document. If there are many more, they are not enumerated.
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
        minimal = list(self.minimal.values())
        if not every:
            _refuse_shorter(listed, minimal, self.width)
        parts = at_every_width(minimal) if every else at_width(minimal, self.width)
        self.components = list(parts)

    @cached_property
    def best(self) -> set[Support]:
        """Claim 28: global at the width are the components that are at every width, if any.

        Otherwise those of least loss.
        """
        leads = [component.strata[0].points for component in self.components]
        best = [points for points in leads if points.group.is_global] or least(leads)
        return {points.support for points in best}

    def check(self, records: Any) -> None:
        """Claim 29: the document lists these components, each once, sorted by loss."""
        require(type(records) is list, "components: no list")
        home = {s.name: k for k, component in enumerate(self.components) for s in component.strata}
        left, previous = dict(enumerate(self.components)), None
        for number, record in enumerate(records):
            where = f"component {number}"
            names = _names(record, where)
            require(names[0] in home, f"{where}: no stratum {names[0]!s:.200} of local minima")
            component = left.pop(home[names[0]], None)
            require(component is not None, f"{where}: listed twice")
            points = self._matched(component, names, record, where)
            sorted_ = previous is None or ball_order(previous, points) != 1
            require(sorted_, f"{where}: not sorted by loss")
            previous = points
        missing = next((component.strata[0].points.support for component in left.values()), ())
        name = self.data.name(missing)
        require(not left, f"components: {len(left)} missing, one of them on {name!r}")

    def _matched(self, component: Component, names: list[tuple], record: Any, where: str) -> Points:
        """Require that a record is that of a component, and return points of it."""
        strata = {stratum.name: stratum for stratum in component.strata}
        complete = len(names) == len(strata) and set(names) == set(strata)
        require(complete, f"{where}: its strata are not those of the component")
        ordered = [strata[name] for name in names]
        points = ordered[0].points
        expectation = self._record(component, ordered)
        if "loss_minimal_polynomial" in record:
            coefficients = [str(c) for c in points.polynomial.coeffs()]
            expectation["loss_minimal_polynomial"] = coefficients
        matched(record, expectation, where)
        require(record["loss_interval"] == interval(record["loss"]), f"{where}: loss_interval")
        keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
        require(keys == sorted(keys), f"{where}: order of strata")
        return points

    def _record(self, component: Component, strata: list[Stratum]) -> dict[str, Any]:
        """Return what a component's record must be; decimals as sets of texts."""
        points, parts = strata[0].points, [stratum.record() for stratum in strata]
        every = self.width == "all"
        best = None if every else component.strata[0].points.support in self.best
        record = {
            "dimension": max(part["dimension"] for part in parts),
            "loss": points.texts(points.loss),
            "loss_interval": ...,
            "on_boundary": any(stratum.on_boundary for stratum in strata),
            "global_at_width": best,
            "global_at_every_width": points.group.is_global,
            "orbit_size": component.orbit_size,
            "strata": parts,
            "representative": strata[0].representative(),
        }
        return record | ({"width_min": len(points.support)} if every else {})

    def enumeration(self) -> dict[str, Any]:
        """Claim 30: the counts of the document (section 3 of the theory)."""
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
        """Claim 31: what Corollary D.1 says of all widths.

        A support of more faces than distinct inputs has no record, but may be a union of others.
        """
        best = next((group for group in self.groups if group.is_global), None)
        require(best is not None, "no residual is global at every width")
        widths = range(1, len(self.data.rows) + 2)
        nodes = best.supports(widths[-1])
        parts = {width: joined([s for s in nodes if len(s) <= width]) for width in widths}
        apart = (w for w, part in parts.items() if not _is_connected(part, w))
        not_global = Counter(len(s) for s, p in self.minimal.items() if not p.group.is_global)
        others = {w: sum(n * comb(w - 1, m - 1) for m, n in not_global.items()) for w in widths}
        return {
            "by_size": list(self._by_size(not_global)),
            "global": {
                "supports": [[self.data.faces[f].text for f in s] for s in sorted(best.vertices)],
                "smallest": min(map(len, best.vertices)),
                "connected_from": 1 + max(apart, default=0),
            },
            "widths": [{"width": w, "components": len(parts[w]) + others[w]} for w in widths],
        }

    def _by_size(self, not_global: Counter[int]) -> Iterator[dict[str, Any]]:
        """Yield the numbers of supports by their size."""
        stationary, minimal = Counter(map(len, self.stationary)), Counter(map(len, self.minimal))
        sizes = range(1, self.data.largest + 1)
        for size in [*sizes, *(m for m in sorted(not_global) if m > self.data.largest)]:
            yield {
                "size": size,
                "examined": comb(len(self.data.faces), size) if size in sizes else 0,
                "stationary": stationary[size] if size in sizes else None,
                "locally_minimal": minimal[size],
                "not_global": not_global[size],
            }


def _is_connected(classes: list[list[Support]], width: int) -> bool:
    """Whether the global points of a width are one component with one labelled copy."""
    return len(classes) == 1 and (width == 1 or not is_rigid(classes[0], width))


def _refuse_shorter(listed: Any, minimal: list[Points], width: int) -> None:
    """Refuse a list that lacks many strata before they are enumerated."""
    if listed is None:
        return
    records = listed if type(listed) is list else []
    parts = [record.get("strata") for record in records if type(record) is dict]
    found = sum(len(part) for part in parts if type(part) is list)
    sizes = [(len(points.support), points.group.is_global) for points in minimal]
    count = sum(comb(width, m) if best else comb(width - 1, m - 1) for m, best in sizes)
    require(count <= found + SPARE, f"components: {found} strata are far too few")


def _names(record: Any, where: str) -> list[tuple]:
    """Return the names of the strata of a record of the document."""
    try:
        names = [
            (*((g["face"], g["multiplicity"]) for g in stratum["support"]), stratum["zero_neurons"])
            for stratum in record["strata"]
        ]
        hash(tuple(names))
    except (KeyError, TypeError):
        names = []
    require(names != [], f"{where}: strata are malformed")
    return names
