"""From the supports that are not rejected to the landscape, and what had to be known exactly."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reluenum.documents.hinges import crease_component_record
from reluenum.engines.certified.certificate import is_readable
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.enclosures import CreaseVerdict
from reluenum.engines.creases.essential import DecidedSupport, exact_description
from reluenum.engines.creases.route import crease_components, crease_counts
from reluenum.engines.creases.systems import CreasePoint, constant_network
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.errors import BackendError
from reluenum.landscape.creases import CreaseComponent, ranked_creases
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided


def collected(
    creases: Creases, settled: Iterable[DecidedSupport]
) -> tuple[CertifiedLandscape, list[dict[str, Any]]]:
    """Return the landscape, without its certificate, and the exact descriptions for that.

    Parameters
    ----------
    creases : Creases
    settled : iterable of DecidedSupport
        All supports but those that are rejected.
    """
    found = _Collection(creases)
    listed = list(settled)
    for one in listed:
        if one.verdict == CreaseVerdict.UNDECIDED:
            found.give_up(one.support, one.reason)
    points = [one.point for one in listed if one.verdict == CreaseVerdict.POINT]
    for point in [constant_network(creases), *points]:
        found.add(CreaseResidual(creases, point))
    found.settle_losses()
    descriptions = [
        record for one in listed if one.point and (record := found.description(one)) is not None
    ]
    components = (component for _, group in found.groups.values() for component in group)
    landscape = CertifiedLandscape(
        creases.problem,
        crease_counts(creases, creases.problem.width),
        Tally(None, sum(bool(group) for _, group in found.groups.values())),
        (),
        ranked_creases(components, not found.left),
        tuple(found.left.values()),
        Completeness.CERTIFICATE,
    )
    return landscape, sorted(descriptions, key=lambda record: record["support"])


@dataclass(frozen=True, eq=False)
class _Collection:
    """Residuals with their components, by their tight creases, and what stayed open."""

    creases: Creases
    groups: dict[tuple[str, ...], tuple[CreaseResidual, list[CreaseComponent]]] = field(
        default_factory=dict
    )
    left: dict[tuple[str, ...], Undecided] = field(default_factory=dict)
    points: dict[tuple[str, ...], list[CreasePoint]] = field(default_factory=dict)

    @cached_property
    def described(self) -> set[int]:
        """The points whose residual is that of one that had to be known exactly, by identity."""
        groups = self.points.values()
        exact = (own for own in groups if any(point.isolated.is_claimed for point in own))
        return {id(point) for own in exact for point in own}

    def give_up(self, support: Iterable[Crease], reason: str) -> None:
        """Note that a support is undecided."""
        faces = tuple(crease.face for crease in support)
        self.left[tuple(face.signs for face in faces)] = Undecided(faces, reason)

    def add(self, residual: CreaseResidual) -> None:
        """Judge a residual that is not known yet; of its numbers it is found out which are 0."""
        with _GivesUp(self.give_up, residual.point.support):
            if not residual.is_stationary:
                return
            self.points.setdefault(residual.key, []).append(residual.point)
            if residual.key not in self.groups:
                found = crease_components(residual, self.creases.problem.width)
                for component in found:
                    crease_component_record(component)
                self.groups[residual.key] = residual, found

    def settle_losses(self) -> None:
        """Give up those whose losses may be equal to others' if that cannot be decided."""
        listed = [component for _, group in self.groups.values() for component in group]
        try:
            ranked_creases(listed, complete=True)
        except BackendError:
            for key, (residual, group) in list(self.groups.items()):
                with _GivesUp(self.give_up, residual.point.support):
                    for component in group:
                        component.loss.exact()
                    continue
                del self.groups[key]

    def description(self, one: DecidedSupport) -> dict[str, Any] | None:
        """Return the exact description of a support if there is need of one."""
        if not (one.point.isolated.is_claimed or id(one.point) in self.described):
            return None
        with _GivesUp(self.give_up, one.support):
            record = exact_description(self.creases, one)
            if is_readable(record):
                return record
            self.give_up(one.support, "an exact description longer than a checker reads")
        return None


@dataclass(frozen=True)
class _GivesUp:
    """A context in which what no backend decides leaves a support undecided."""

    give_up: Callable[[Iterable[Crease], str], None]
    support: tuple[Crease, ...]

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: Any
    ) -> bool:
        if kind is None or not issubclass(kind, BackendError):
            return False
        self.give_up(self.support, str(error))
        return True
