"""What is asked of a problem: its minima at one width, or at every width at once (Theorem D)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import comb, inf
from typing import Any

from reluenum.documents.minima import (
    ALL,
    component_record,
    header,
    minima_document,
    undecided_records,
)
from reluenum.engines.certified.census import Certified, census_landscape
from reluenum.geometry.supports import Support
from reluenum.landscape.components import Component, by_loss, component_on, connected
from reluenum.landscape.judged import CertifiedClass
from reluenum.landscape.landscape import CertifiedLandscape, Completeness
from reluenum.landscape.residuals import unions
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class AtWidth:
    """A `Question`: the local minima at the width of the problem.

    Parameters
    ----------
    found : Certified
        The residuals of the problem that `largest` returns.
    """

    found: Certified

    @staticmethod
    def largest(problem: Problem) -> Problem:
        """Return the problem whose width is the largest size of a support: the same."""
        return problem

    @staticmethod
    def asked(problem: Problem) -> dict[str, Any]:
        """Return the record of the problem in documents."""
        return problem.to_document()

    @property
    def entries(self) -> tuple[Component, ...]:
        """The components that the document lists, in its order."""
        return self.landscape.components

    @cached_property
    def landscape(self) -> CertifiedLandscape:
        """The minima, joined into components."""
        return census_landscape(self.found)

    def to_document(self) -> dict[str, Any]:
        """Return the document of the width, without its certificate."""
        return minima_document(self.landscape)


@dataclass(frozen=True, eq=False)
class EveryWidth:
    """A `Question`: the local minima at every width.

    Parameters
    ----------
    found : Certified
        With supports of up to as many faces as there are distinct inputs.
    """

    found: Certified

    @staticmethod
    def largest(problem: Problem) -> Problem:
        """Return the problem at the width of its number of distinct inputs.

        Of independent responses, equal at equal inputs, there are no more (Theorem A).
        """
        return problem.with_width(len(problem.sites))

    @staticmethod
    def asked(problem: Problem) -> dict[str, Any]:
        """Return the record of the problem, whose width is `all`."""
        return problem.to_document() | {"width": ALL}

    @cached_property
    def entries(self) -> list[Component]:
        """Each locally minimal support as a component at the width of its size, by loss."""
        return by_loss(
            component_on(self.found.problem, group, support)
            for group, support in self._minimal_supports
        )

    @cached_property
    def _minimal_supports(self) -> list[tuple[CertifiedClass, Support]]:
        """The locally minimal supports: unions of any size, global ones as far as examined.

        What is larger there belongs to a component that smaller ones tell of (Theorem D).
        """
        return [
            (group, support)
            for group in self.found.classes
            for support in (group.minimal_supports if group.is_global else group.valid_unions(inf))
        ]

    @cached_property
    def not_global(self) -> Counter:
        """N_m: locally minimal supports of each size, those global at every width left out."""
        return Counter(
            len(support) for group, support in self._minimal_supports if not group.is_global
        )

    @cached_property
    def global_class(self) -> CertifiedClass | None:
        """The residual that is global at every width; None if it stayed undecided."""
        return next((group for group in self.found.classes if group.is_global), None)

    def global_components(self, width: int) -> list[list[Support]]:
        """Return the components of the global set at a width, as the supports they consist of."""
        if self.global_class is None:
            return []
        vertices = [vertex.support for vertex in self.global_class.stationary.vertices]
        return connected(unions(vertices, width))

    def components(self, width: int) -> int:
        """Return how many components a width has, up to permutation (Corollary D.1)."""
        others = sum(count * comb(width - 1, size - 1) for size, count in self.not_global.items())
        return others + len(self.global_components(width))

    @property
    def connected_from(self) -> int | None:
        """The smallest width from which on the global set is connected (Theorem D)."""
        if self.global_class is None:
            return None
        width = len(self.found.problem.sites) + 1  # Theorem D(4): connected from here on
        while width > 1 and self._is_connected(width - 1):
            width -= 1
        return width

    def _is_connected(self, width: int) -> bool:
        components = self.global_components(width)
        if len(components) != 1:
            return False
        (supports,) = components
        alone = width == 1 and not self.found.problem.units.is_even
        return len(supports) > 1 or len(supports[0]) < width or alone

    def to_document(self) -> dict[str, Any]:
        """Return the document of every width, without its certificate."""
        found, problem = self.found, self.found.problem
        return {
            **header(self.asked(problem)),
            "enumeration": {
                "sign_matrices": None,
                "realisable_patterns": None,
                "patterns_up_to_permutation": None,
                "supports_examined": sum(map(Counter.total, found.census.kinds.values())),
                "stationary": found.tally.stationary,
                "locally_minimal": found.tally.locally_minimal,
                "undecided": len(found.undecided),
            },
            "complete": not found.undecided,
            "completeness": Completeness.CERTIFICATE.value,
            "every_width": {
                "by_size": list(self._size_records()),
                "global": self._global_record(),
                "widths": [
                    {"width": width, "components": self.components(width)}
                    for width in range(1, len(problem.sites) + 2)
                ],
            },
            "components": [_entry(component) for component in self.entries],
            **undecided_records(found.undecided),
            "decided_by": found.stages,
        }

    def _size_records(self) -> Iterator[dict[str, Any]]:
        """Yield the counts of each size; of sizes not examined, local minima are unions."""
        tallies, kinds = self.found.tallies, self.found.census.kinds
        for size, tally in tallies.items():
            counts = (kinds[size].total(), tally.stationary, tally.locally_minimal)
            yield _size_record(size, *counts, self.not_global[size])
        for size, count in sorted(self.not_global.items()):
            if size not in tallies:
                yield _size_record(size, 0, None, count, count)

    def _global_record(self) -> dict[str, Any] | None:
        if self.global_class is None:
            return None
        vertices = [vertex.support for vertex in self.global_class.stationary.vertices]
        return {
            "supports": sorted([face.signs for face in support] for support in vertices),
            "smallest": min(map(len, vertices)),
            "connected_from": self.connected_from,
        }


Question = AtWidth | EveryWidth
"""What is asked, and what residuals answer."""


def _size_record(size: int, *counts: int | None) -> dict[str, int | None]:
    names = ("examined", "stationary", "locally_minimal", "not_global")
    return {"size": size, **dict(zip(names, counts, strict=True))}


def _entry(component: Component) -> dict[str, Any]:
    """Return the record of a locally minimal support."""
    record = component_record(component)
    for stratum in record["strata"]:
        for group in stratum["support"]:
            group["multiplicity"] = None
    return {"width_min": len(component.strata[0].groups), **record}
