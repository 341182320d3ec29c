"""The landscape: every component of minima, and what was looked at to find them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from reluenum.algebra.numbers import Number, compare
from reluenum.geometry.patterns import Counts
from reluenum.geometry.supports import Support
from reluenum.landscape.components import Component, by_loss
from reluenum.landscape.deep import DeepComponent, DeepCounts, DeepPoint
from reluenum.landscape.witnesses import Descent
from reluenum.problem import Problem


class StationaryRow(Protocol):
    """What is known of the stationary points on a support, with or without zero units."""

    support: Support
    with_zero_units: bool

    @property
    def is_vertex(self) -> bool:
        """Whether the squares on the support are unique: a vertex support."""

    @property
    def signs(self) -> tuple[int, ...]:
        """Sign of the output weights on each face."""

    @property
    def loss(self) -> Number:
        """The loss, in the problem's own convention."""

    @property
    def is_minimum(self) -> bool | None:
        """Whether they are local minima; None if that is not known."""

    @property
    def witness(self) -> Descent | None:
        """A checked descent if they are not."""


@dataclass(frozen=True)
class Undecided:
    """A support on which nothing was decided, and why; of a deep network, signs as text.

    Without signs, everything was decided, and it is the checker that does not prove the list.
    """

    support: Support | str
    reason: str


@dataclass(frozen=True)
class Tally:
    """How many supports, the zero network aside, have stationary points, and minima.

    Where supports were excluded many at a time only minima were looked for: the first number is
    None, and the last ones are those of the boxes and of the supports that were left of them.
    """

    stationary: int | None
    locally_minimal: int
    boxes: int | None = None
    leaves: int | None = None

    @classmethod
    def of(cls, points: Iterable[StationaryRow]) -> "Tally":
        """Count the rows without zero units."""
        living = [point for point in points if not point.with_zero_units]
        return cls(len(living), sum(bool(point.is_minimum) for point in living))


class Completeness(StrEnum):
    """What the completeness of a list rests on, by the route that found it."""

    CERTIFICATE = "certificate"
    """The certified engine: on a certificate, which `reluenum verify` proves."""

    THEOREM_E = "theorem E"
    """The Groebner engine, reduced formulation: on Theorem E, checked support by support."""

    ENGINE = "engine"
    """The eliminated formulation: on the Groebner basis program, which must lose no solution."""

    PROVED = "proved"
    """Deep networks, certified engine: on a certificate, which `reluenum verify` proves."""

    EXACT_BASIS = "exact basis"
    """Deep networks, Groebner engine: on Groebner bases that were all computed over Q."""

    RESTRICTED = "restricted"
    """Nothing: only some strata were asked for."""

    @property
    def words(self) -> str:
        """What follows "the list is complete"."""
        return {
            Completeness.CERTIFICATE: "by its certificate",
            Completeness.THEOREM_E: "by Theorem E",
            Completeness.ENGINE: "if the Groebner basis program lost no solution",
            Completeness.PROVED: "by its certificate",
            Completeness.EXACT_BASIS: "by Groebner bases over Q",
            Completeness.RESTRICTED: "for the strata that were asked for",
        }[self]


@dataclass(frozen=True, eq=False)
class CertifiedLandscape:
    """Every local minimum of a problem, and everything that was examined to find them.

    Parameters
    ----------
    problem : Problem
    counts : Counts
    tally : Tally
    points : tuple of StationaryRow, or of DeepPoint
        All stationary points with their verdicts; none from the certified engine, whose
        certificate has them.
    components : tuple of Component, or of DeepComponent
        Sorted by loss.
    undecided : tuple of Undecided
        Supports that no backend finished; when there is one, the list is not complete.
    completeness : Completeness
        What the list rests on when it is complete.
    sign_matrices : mapping, optional
        The record of going through all sign matrices, if that was asked for.
    stages : mapping, optional
        How many supports were decided in double precision, by balls of higher precision, exactly,
        if the certified engine did it.
    certificate : mapping, optional
        The record of its certificate.
    written : mapping, optional
        Its document, if that was made on the way.
    """

    problem: Problem
    counts: Counts | DeepCounts
    tally: Tally
    points: tuple[StationaryRow, ...] | tuple[DeepPoint, ...]
    components: tuple[Component, ...] | tuple[DeepComponent, ...]
    undecided: tuple[Undecided, ...]
    completeness: Completeness
    sign_matrices: Mapping[str, Any] | None = None
    stages: Mapping[str, int] | None = None
    certificate: Mapping[str, Any] | None = None
    written: Mapping[str, Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether no minimum can be missing; what that rests on, `completeness` says."""
        return not self.undecided and self.completeness is not Completeness.RESTRICTED

    @property
    def _unknown(self) -> str:
        """What stayed undecided, in words; nothing if nothing did."""
        if not self.undecided:
            return ""
        if all(one.support == "" for one in self.undecided):
            return "NOT PROVED by the checker"
        kind = "" if self.problem.upper else "supports "  # or points of a deep network
        return f"{len(self.undecided)} {kind}UNDECIDED"

    def __repr__(self) -> str:
        number = len(self.components)
        isolated = sum(component.dimension == 0 for component in self.components)
        known = self._unknown or f"complete {self.completeness.words}"
        lines = [
            f"Landscape of {self.problem!r}: {number} component{'s' if number != 1 else ''} "
            f"of local minima, {isolated} isolated; {known}"
        ]
        return "\n  ".join([*lines, *map(repr, self.components)])


def ranked(found: Iterable[Component], complete: bool) -> tuple[Component, ...]:
    """Sort components by loss and settle which are global at the width.

    Parameters
    ----------
    found : iterable of Component
    complete : bool
        Whether no component can be missing.
    """
    ordered = by_loss(found)
    return tuple(_with_global_flag(component, ordered[0], complete) for component in ordered)


def _with_global_flag(component: Component, best: Component, complete: bool) -> Component:
    """Settle whether a component is global at the width."""
    if best.global_at_every_width or complete:
        return replace(component, global_at_width=compare(component.loss, best.loss) == 0)
    lowest = compare(component.loss, best.loss) == 0
    return replace(component, global_at_width=None if lowest else False)
