"""The components that follow from the records (Theorem D), compared with the document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, combinations
from math import comb, factorial, inf, prod
from typing import Any

from flint import fmpq, fmpz

from .exact import CertificateError, Support, require
from .points import Points, ball_order, interval, loss_order
from .reals import minimal_polynomial
from .records import Group, Proof, number_of_supports

SPARE = 1000
"""So many strata may be missing before the list is refused without naming one of them."""


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write a total as an ordered sum of so many positive integers."""
    if parts == 0:
        yield from [()] * (total == 0)
        return
    for cuts in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in zip((0, *cuts), (*cuts, total), strict=True))


@dataclass
class Component:
    """What the document has to say of a component: its strata as (support, counts, zero units)."""

    group: Group
    strata: list[tuple[Support, tuple[int | None, ...], int]]
    orbit_size: int


class Landscape:
    """The components that follow from the records (Theorem D), compared with the document.

    Parameters
    ----------
    proof : Proof
    listed : list, optional
        The components of the document. If there are many more, they are not enumerated.
    """

    def __init__(self, proof: Proof, listed: Any = None) -> None:
        self.data, self.groups, self.width = proof.data, proof.grouped(), proof.data.width
        self._points: dict[Support, Points] = {}
        self._orders: dict[tuple[Support, Support], int] = {}
        largest = self.data.largest
        self.stationary = {s: group for group in self.groups for s in group.supports(largest)}
        minimal = {s: group for group in self.groups for s in group.valid(self._reach(group))}
        self.minimal, self.supports = list(minimal), self.stationary | minimal
        if listed is not None and self.width != "all":
            self._refuse_shorter(listed)
        self.components = list(self._every_width() if self.width == "all" else self._at_width())

    def _reach(self, group: Group) -> float:
        """Return the largest size of the supports that are listed.

        For every width, larger unions count unless they are parts of the global component.
        """
        return inf if self.width == "all" and not group.is_global else self.data.largest

    def points(self, support: Support) -> Points:
        """Return the points on a stationary support."""
        if support not in self._points:
            self._points[support] = Points(self.supports[support], support)
        return self._points[support]

    def _refuse_shorter(self, listed: Any) -> None:
        """Refuse a list that lacks many strata before they are enumerated."""
        records = listed if type(listed) is list else []
        parts = [record.get("strata") for record in records if type(record) is dict]
        found = sum(len(part) for part in parts if type(part) is list)
        count = sum(
            comb(self.width, len(support))
            if self.supports[support].is_global
            else comb(self.width - 1, len(support) - 1)
            for support in self.minimal
        )
        require(count <= found + SPARE, f"components: {found} strata are far too few")

    def _every_width(self) -> Iterator[Component]:
        for support in self.minimal:
            strata = [(support, (None,) * len(support), 0)]
            yield Component(self.supports[support], strata, factorial(len(support)))

    def _at_width(self) -> Iterator[Component]:
        width, best = self.width, [s for s in self.minimal if self.supports[s].is_global]
        for support in self.minimal:
            if not self.supports[support].is_global:
                for counts in compositions(width, len(support)):
                    orbit = factorial(width) // prod(map(factorial, counts))
                    yield Component(self.supports[support], [(support, counts, 0)], orbit)
        for part in joined(best):
            strata = [
                (support, counts, width - living)
                for support in part
                for living in range(len(support), width + 1)
                for counts in compositions(living, len(support))
            ]
            yield Component(
                self.supports[part[0]], strata, factorial(width) if rigid([part], width) else 1
            )

    def check(self, records: Any) -> None:
        """Compare the components of a document with those expected."""
        require(type(records) is list, "components: no list")
        expected = {
            self._name(*s): component for component in self.components for s in component.strata
        }
        missing = {id(component): component for component in self.components}
        leader: Points | None = None
        if self.width != "all":
            leader = self._leader()
        previous: Points | None = None
        for number, record in enumerate(records):
            where = f"component {number}"
            try:
                names = [_name_of(stratum) for stratum in record["strata"]]
                component = expected.get(names[0])
            except (AttributeError, IndexError, KeyError, TypeError):
                raise CertificateError(f"{where}: strata are malformed") from None
            require(component is not None, f"{where}: no stratum {names[0]!s:.200} of local minima")
            require(id(component) in missing, f"{where}: listed twice")
            del missing[id(component)]
            strata = {self._name(*s): s for s in component.strata}
            complete = len(names) == len(strata) and set(names) == set(strata)
            require(complete, f"{where}: its strata are not those of the component")
            points = self.points(strata[names[0]][0])
            expectation = self._record(component, [strata[name] for name in names], leader)
            if "loss_minimal_polynomial" in record:
                expectation["loss_minimal_polynomial"] = self._polynomial(points)
            matched(record, expectation, where)
            require(record["loss_interval"] == interval(record["loss"]), f"{where}: loss_interval")
            keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
            require(keys == sorted(keys), f"{where}: order of strata")
            if previous is not None:
                require(ball_order(previous, points) != 1, f"{where}: not sorted by loss")
            previous = points
        for component in missing.values():
            name = self.data.name(component.strata[0][0])
            require(False, f"components: {len(missing)} missing, one of them on {name!r}")

    def _name(self, support: Support, counts: Sequence[int | None], zeros: int) -> tuple:
        faces = (self.data.faces[place].text for place in support)
        return (*zip(faces, counts, strict=True), zeros)

    def _leader(self) -> Points:
        """Return points of least loss among the components of the width."""
        every = [self.points(component.strata[0][0]) for component in self.components]
        best = [points for points in every if points.group.is_global] or every
        return reduce(lambda one, two: two if self._order(two, one) < 0 else one, best)

    def _order(self, one: Points, other: Points) -> int:
        """Compare two losses exactly, and each two once."""
        pair = one.support, other.support
        if pair not in self._orders:
            self._orders[pair] = loss_order(one, other)
        return self._orders[pair]

    def _record(self, component: Component, strata: list, leader: Points | None) -> dict[str, Any]:
        """Return what a component's record must be; decimals as sets of texts."""
        group, points = component.group, self.points(strata[0][0])
        loss = points.texts(points.loss)
        parts = [self._stratum(*stratum) for stratum in strata]
        zero = any(zeros for *_, zeros in strata)
        walls = any(self.data.faces[place].zeros for support, *_ in strata for place in support)
        best: bool | None = None
        if leader is not None and not leader.group.is_global:
            best = self._order(points, leader) == 0
        elif leader is not None:
            best = group.is_global
        record = {
            "dimension": max(part["dimension"] for part in parts),
            "loss": loss,
            "loss_interval": ...,
            "on_boundary": zero or walls,
            "global_at_width": best,
            "global_at_every_width": group.is_global,
            "orbit_size": component.orbit_size,
            "strata": parts,
            "representative": self._representative(*strata[0]),
        }
        return record | ({"width_min": len(strata[0][0])} if leader is None else {})

    def _polynomial(self, points: Points) -> list[str]:
        """Return the coefficients of the minimal polynomial of a loss."""
        exact = points.core.exact
        require(exact is not None, f"{self.data.name(points.support)}: no exact description")
        return [str(c) for c in minimal_polynomial(points.loss(exact)).coeffs()]

    def _stratum(
        self, support: Support, counts: Sequence[int | None], zeros: int
    ) -> dict[str, Any]:
        points = self.points(support)
        return {
            "dimension": points.dimension + sum(count - 1 for count in counts if count),
            "support": [
                {
                    "face": self.data.faces[place].text,
                    "sign": points.group.sides[place],
                    "multiplicity": count,
                    "sum_a_squared": points.texts(lambda r, p=place: points.squares(r)[p]),
                    "direction": [
                        points.texts(lambda r, p=place, j=j: points.direction(r, p, j))
                        for j in range(self.data.depth)
                    ],
                }
                for place, count in zip(support, counts, strict=True)
            ],
            "zero_neurons": zeros,
        }

    def _representative(
        self, support: Support, counts: Sequence[int | None], zeros: int
    ) -> dict[str, Any]:
        points = self.points(support)
        nought = frozenset("0")
        weights, units = [], []
        for place, count in zip(support, (count or 1 for count in counts), strict=True):
            share = lambda r, p=place, c=count: points.squares(r)[p] / fmpq(c)  # noqa: E731
            side = points.group.sides[place]
            weights += [points.texts(lambda _, s=side: s, share)] * count
            unit = [
                points.texts(lambda r, p=place, j=j: points.direction(r, p, j), share)
                for j in range(self.data.depth)
            ]
            units += [unit] * count
        weights += [nought] * zeros
        units += [[nought] * self.data.depth] * zeros
        record = {
            "a": weights,
            "B": [unit[:-1] for unit in units],
            "c": [unit[-1] for unit in units],
        }
        return record | ({"m": points.texts(points.bias)} if self.data.has_bias else {})

    def enumeration(self) -> dict[str, Any]:
        """Return the counts of the document."""
        columns, width, data = self.data.columns, self.width, self.data
        fixed = width != "all"
        return {
            "sign_matrices": str(fmpz(2) ** (data.size * width)) if fixed else None,
            "realisable_patterns": columns**width if fixed else None,
            "patterns_up_to_permutation": comb(columns + width - 1, width) if fixed else None,
            "supports_examined": number_of_supports(data),
            "stationary": sum(len(support) > 0 for support in self.stationary),
            "locally_minimal": sum(0 < len(support) <= data.largest for support in self.minimal),
            "undecided": 0,
        }

    def every_width(self) -> dict[str, Any]:
        """Return what a document for every width says of them (Corollary D.1)."""
        data, top = self.data, len(self.data.rows) + 1
        best = next((group for group in self.groups if group.is_global), None)
        require(best is not None, "no residual is global at every width")
        # A support of more faces than distinct inputs has no record, but may be a union of others.
        not_global = Counter(len(s) for s in self.minimal if not self.supports[s].is_global)
        stationary, minimal = Counter(map(len, self.stationary)), Counter(map(len, self.minimal))
        nodes = best.supports(top)
        parts = {
            width: joined([s for s in nodes if len(s) <= width]) for width in range(1, top + 1)
        }
        connected_from = top + 1
        while connected_from > 1:
            classes = parts[connected_from - 1]
            if len(classes) != 1 or (rigid(classes, connected_from - 1) and connected_from > 2):
                break
            connected_from -= 1
        return {
            "by_size": [
                {
                    "size": size,
                    "examined": comb(len(data.faces), size),
                    "stationary": stationary[size],
                    "locally_minimal": minimal[size],
                    "not_global": not_global[size],
                }
                for size in range(1, data.largest + 1)
            ]
            + [
                {
                    "size": size,
                    "examined": 0,
                    "stationary": None,
                    "locally_minimal": minimal[size],
                    "not_global": not_global[size],
                }
                for size in sorted(not_global)
                if size > data.largest
            ],
            "global": {
                "supports": [
                    [data.faces[place].text for place in s] for s in sorted(best.vertices)
                ],
                "smallest": min(map(len, best.vertices)),
                "connected_from": connected_from,
            },
            "widths": [
                {
                    "width": width,
                    "components": len(parts[width])
                    + sum(count * comb(width - 1, m - 1) for m, count in not_global.items()),
                }
                for width in range(1, top + 1)
            ],
        }


def joined(supports: Sequence[Support]) -> list[list[Support]]:
    """Split supports into the classes that inclusion generates."""
    classes: list[list[Support]] = []
    for support in supports:
        near = [
            c for c in classes if any(set(s) <= set(support) or set(support) <= set(s) for s in c)
        ]
        classes = [c for c in classes if not any(c is other for other in near)]
        classes.append([*chain(*near), support])
    return classes


def rigid(classes: list[list[Support]], width: int) -> bool:
    """Whether the only class is one support of as many faces as the width (Theorem D)."""
    return len(classes) == 1 and len(classes[0]) == 1 and len(classes[0][0]) == width


def _name_of(stratum: dict[str, Any]) -> tuple:
    groups = ((group["face"], group["multiplicity"]) for group in stratum["support"])
    name = (*groups, stratum["zero_neurons"])
    hash(name)
    return name


def matched(found: Any, expected: Any, where: str) -> None:
    """Require that a part of the document is as expected; a set holds the texts that may stand."""
    if expected is ...:
        return
    if isinstance(expected, frozenset):
        require(type(found) is str and found in expected, f"{where}: {found!r:.60} is wrong")
        return
    require(type(found) is type(expected), f"{where}: {found!r:.60} has a wrong type")
    if isinstance(expected, dict):
        require(found.keys() == expected.keys(), f"{where}: keys are not {', '.join(expected)}")
        for key, value in expected.items():
            matched(found[key], value, f"{where}: {key}")
    elif isinstance(expected, list):
        require(len(found) == len(expected), f"{where}: wrong length")
        for k, (mine, value) in enumerate(zip(found, expected, strict=True)):
            matched(mine, value, f"{where}: {k}")
    else:
        require(found == expected, f"{where}: {found!r:.60} should be {expected!r:.60}")
