"""The components that follow from the groups (Theorem D), compared with the document."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import comb, factorial, inf, prod
from typing import Any

from flint import fmpz

from .arithmetic.decimals import interval
from .exact import Data, Support, compositions
from .groups import Group, gathered, grouped
from .points import Points, ball_order, least
from .reals import matched, require, told
from .records import Proof


@dataclass(frozen=True, slots=True)
class Stratum:
    """Networks with the squares of a point shared out among units on its faces, and zero units."""

    points: Points
    counts: tuple[int | None, ...]
    zeros: int

    @property
    def name(self) -> tuple:
        """What tells it from others: each face with its number of units, and that of zero units."""
        texts = self.points.data.texts(self.points.support)
        return (*zip(texts, self.counts, strict=True), self.zeros)

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
            units += [points.equal_unit(face, count)] * count
        units += [[frozenset("0")] * (points.data.depth + 1)] * self.zeros
        inputs = slice(1, points.data.depth + (not points.data.offset))
        matrix = {"B": [unit[inputs] for unit in units]}
        matrix |= {"c": [unit[-1] for unit in units]} if points.data.offset else {}
        return {"a": [a for a, *_ in units]} | matrix | points.outer


Component = tuple[list[Stratum], int]  # its strata, and how many labelled copies it has


def apart(points: Points, width: int) -> Iterator[Component]:
    """Claim 28: not global, each way to share the units out is a component (Theorem D)."""
    for counts in compositions(width, len(points.support)):
        copies = labelled(points.data, width) // prod(map(factorial, counts))
        yield [Stratum(points, counts, 0)], copies


def together(best: dict[Support, Points], width: int) -> Iterator[Component]:
    """Claim 29: global ones are joined by inclusion, with any number of zero units (Theorem D)."""
    for part in joined(best):
        shares = ((s, m) for s in part for m in range(len(s), width + 1))
        strata = [
            Stratum(best[support], counts, width - living)
            for support, living in shares
            for counts in compositions(living, len(support))
        ]
        yield strata, labelled(strata[0].points.data, width) if is_rigid(part, width) else 1


def at_width(minimal: dict[Support, Points], width: int) -> Iterator[Component]:
    """Return the components at a width, from the points on all valid supports."""
    best = {s: points for s, points in minimal.items() if points.group.is_global}
    for points in (points for support, points in minimal.items() if support not in best):
        yield from apart(points, width)
    yield from together(best, width)


def at_every_width(minimal: dict[Support, Points]) -> Iterator[Component]:
    """Claim 30: for every width, an entry for each valid support, with one unit on each face."""
    for support, points in minimal.items():
        copies = labelled(points.data, len(support))
        yield [Stratum(points, (None,) * len(support), 0)], copies


def labelled(data: Data, units: int) -> int:
    """Return how many networks have so many different units: in any order, and mirrored.

    With phi(-t) = phi(t), or if the linear part makes up for the difference, the unit (a, -v) is
    the unit (a, v) (Lemmas 63 and 76).
    """
    return factorial(units) * (1 << units if data.even else 1)


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
    """The components that follow from the records, and what a document has to say of them."""

    def __init__(self, proof: Proof, listed: int | None = None) -> None:
        self.data, self.width = proof.data, proof.data.width
        self.groups = grouped(proof.data, proof.zero, proof.vertices)
        largest, every = self.data.largest, self.width == "all"
        # For every width, larger unions count unless they are parts of the global component.
        self.minimal = {
            support: Points(group, support)
            for group in self.groups
            for support in group.valid(inf if every and not group.is_global else largest)
        }
        self.others = Counter(len(s) for s, p in self.minimal.items() if not p.group.is_global)
        if not every:  # no more are enumerated than are listed
            require(listed in (None, self._strata()), f"components: {listed} strata are wrong")
        parts = at_every_width(self.minimal) if every else at_width(self.minimal, self.width)
        self.components: list[Component] = list(parts)

    def _strata(self) -> int:
        """Return how many strata there are at the width."""
        best = (support for support, p in self.minimal.items() if p.group.is_global)
        return sum(comb(self.width, len(support)) for support in best) + self.ways(self.width)

    @cached_property
    def stationary(self) -> set[Support]:
        """The stationary supports of which there are records."""
        return {s for group in self.groups for s in group.supports(self.data.largest)}

    def ways(self, width: int) -> int:
        """Return how many ways there are to share units out over supports that are not global."""
        return sum(count * comb(width - 1, size - 1) for size, count in self.others.items())

    @cached_property
    def best(self) -> set[Support]:
        """Claim 31: global at the width: those at every width if any, otherwise of least loss."""
        leads = [strata[0].points for strata, _ in self.components]
        best = [points for points in leads if points.group.is_global] or least(leads)
        return {points.support for points in best}

    def check(self, records: list[dict[str, Any]]) -> None:
        """Claim 32: the document lists these components, each once and right, sorted by loss."""
        left, previous = {s.name: part for part in self.components for s in part[0]}, None
        for number, record in enumerate(records):
            with told(f"component {number}"):
                names = list(map(_name, record["strata"]))
                require(names[0] in left, f"no stratum {names[0]!s:.200} of local minima is left")
                component = left[names[0]]
                strata = {stratum.name: stratum for stratum in component[0]}
                fits = len(names) == len(strata) and set(names) == set(strata)
                require(fits, "its strata are not those of the component")
                points = self._matched(component, [strata[name] for name in names], record)
                require(not previous or ball_order(previous, points) != 1, "not sorted by loss")
                previous = points
                for name in names:
                    del left[name]
        require(not left, f"components: strata are missing, one is {next(iter(left), '')!s:.200}")

    def _matched(self, component: Component, strata: list[Stratum], record: Any) -> Points:
        """Require that a record is that of a component, and return points of it."""
        points, parts = strata[0].points, [stratum.record() for stratum in strata]
        faces, every = self.data.faces, self.width == "all"
        lead = component[0][0].points.support
        walls = (s.zeros or any(faces[face].zeros for face in s.points.support) for s in strata)
        expected = {
            "dimension": max(part["dimension"] for part in parts),
            "loss": points.texts(points.loss),
            "loss_interval": lambda ends: ends == interval(record["loss"]),
            "on_boundary": any(walls),
            "global_at_width": None if every else lead in self.best,
            "global_at_every_width": points.group.is_global,
            "orbit_size": component[1],
            "strata": parts,
            "representative": strata[0].representative(),
        }
        expected |= {"width_min": len(points.support)} if every else {}
        if (key := "loss_minimal_polynomial") in record:
            expected[key] = list(map(str, points.polynomial.coeffs()))
        matched(record, expected, "record")
        keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
        require(keys == sorted(keys), "order of strata")
        return points

    def enumeration(self) -> dict[str, Any]:
        """Claim 33: the counts of the document (section 3 of the theory)."""
        data, width, columns, fixed = self.data, self.width, self.data.columns, self.width != "all"
        return {
            "sign_matrices": str(fmpz(2) ** (data.size * width)) if fixed else None,
            "realisable_patterns": columns**width if fixed else None,
            "patterns_up_to_permutation": comb(columns + width - 1, width) if fixed else None,
            "supports_examined": data.supports,
            "stationary": sum(len(support) > 0 for support in self.stationary),
            "locally_minimal": sum(0 < len(support) <= data.largest for support in self.minimal),
            "undecided": 0,
        }

    @cached_property
    def best_everywhere(self) -> Group:
        """The residual that is global at every width."""
        best = next((group for group in self.groups if group.is_global), None)
        require(best is not None, "no residual is global at every width")
        return best

    @cached_property
    def parts(self) -> dict[int, list[list[Support]]]:
        """The components of its points at every width, as classes of supports."""
        widths = range(1, len(self.data.rows) + 2)
        nodes = self.best_everywhere.supports(widths[-1])
        return {w: joined([s for s in nodes if len(s) <= w]) for w in widths}

    def every_width(self) -> dict[str, Any]:
        """Claim 34: the numbers of all widths follow from these (Corollary D.1)."""
        best, parts = self.best_everywhere, self.parts
        # The global points are connected if they are one component with one labelled copy.
        split = (
            w
            for w, part in parts.items()
            if len(part) != 1 or (labelled(self.data, w) > 1 and is_rigid(part[0], w))
        )
        return {
            "by_size": list(self._by_size()),
            "global": {
                "supports": list(map(self.data.texts, sorted(best.vertices))),
                "smallest": min(map(len, best.vertices)),
                "connected_from": 1 + max(split, default=0),
            },
            "widths": [
                {"width": w, "components": len(part) + self.ways(w)} for w, part in parts.items()
            ],
        }

    def _by_size(self) -> Iterator[dict[str, Any]]:
        """Yield the numbers of supports of each size, those without a record as unions alone."""
        stationary, minimal = Counter(map(len, self.stationary)), Counter(map(len, self.minimal))
        largest = self.data.largest
        for size in [*range(1, largest + 1), *sorted(m for m in self.others if m > largest)]:
            yield {
                "size": size,
                "examined": comb(len(self.data.faces), size) if size <= largest else 0,
                "stationary": stationary[size] if size <= largest else None,
                "locally_minimal": minimal[size],
                "not_global": self.others[size],
            }


def _name(stratum: Any) -> tuple:
    """Return the name of a stratum of the document."""
    groups = ((group["face"], group["multiplicity"]) for group in stratum["support"])
    return (*groups, stratum["zero_neurons"])
