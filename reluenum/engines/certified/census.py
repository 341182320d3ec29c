"""From the records of all supports to the landscape: what the certified engine ends with.

Only the stationary supports that are minima, or that may share their residual with others, come
here; each becomes a certified point, and the residuals are grouped as in `merge`.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from reluenum.engines.certified.blocks import Block, Find
from reluenum.engines.certified.escalation import Escalation, Stage, exact_records
from reluenum.engines.certified.projections import empty_support
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.engines.certified.verdicts import Verdict, scan
from reluenum.errors import BackendError
from reluenum.geometry.frames import Frames
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts
from reluenum.geometry.subsets import Subsets
from reluenum.geometry.supports import support_of
from reluenum.groebner.backends import Backends
from reluenum.landscape.components import Component, component_on, components_of
from reluenum.landscape.dual import DualScan, scan_dual
from reluenum.landscape.judged import CertifiedClass, certify_class
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided, ranked
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.landscape.residuals import ResidualClass
from reluenum.problem import Problem


@dataclass
class Census:
    """What the blocks of a problem add up to.

    Parameters
    ----------
    kinds : dict
        For each size, how many supports have each `Verdict`.
    stages : Counter
        How many supports were decided at each `Stage`.
    finds : list of Find
    exact : list of dict
    undecided : list of (tuple of int, str)
        Supports, as numbers of faces, and reasons.
    """

    kinds: dict[int, Counter] = field(default_factory=dict)
    stages: Counter = field(default_factory=Counter)
    finds: list[Find] = field(default_factory=list)
    exact: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[tuple[tuple[int, ...], str]] = field(default_factory=list)

    def add(self, block: Block, faces: int) -> None:
        """Count the supports of a block out of so many faces."""
        kinds = self.kinds.setdefault(block.size, Counter())
        kinds.update(counted(block.kind))
        stages = counted(block.stage[block.kind != Verdict.UNDECIDED])
        self.stages.update({Stage(stage): count for stage, count in stages.items()})
        self.finds += block.finds
        self.exact += block.exact
        subsets = Subsets(faces, block.size)
        for number, reason in block.reasons:
            chosen = subsets.rows(number, number + 1)[0]
            self.undecided.append((tuple(map(int, chosen)), reason))

    def found(self, size: int) -> Tally:
        """Return how many supports of a size are vertex supports (Corollary E.1), and minima."""
        kinds = self.kinds.get(size, Counter())
        return Tally(kinds[Verdict.DESCENDS] + kinds[Verdict.MINIMUM], kinds[Verdict.MINIMUM])


def counted(numbers: np.ndarray) -> dict[int, int]:
    """Return how often each number stands in an array."""
    found, counts = np.unique(numbers, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Certified:
    """The residuals that matter, decided.

    Parameters
    ----------
    geometry : Geometry
        Of the problem whose width is the largest size of a support.
    classes : tuple of CertifiedClass
        Those with local minima or with several vertex supports; the zero network's first.
    census : Census
    undecided : tuple of Undecided
    """

    geometry: Geometry
    classes: tuple[CertifiedClass, ...]
    census: Census
    undecided: tuple[Undecided, ...]

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.geometry.problem

    @property
    def tallies(self) -> dict[int, Tally]:
        """How many supports of each size are stationary, and minima, unions included."""
        found = {size: self.census.found(size) for size in sorted(self.census.kinds)}
        for group in self.classes:
            vertices = {vertex.support for vertex in group.stationary.vertices}
            for support in set(group.stationary.supports) - vertices - {()}:
                size, minimal = len(support), group.is_minimal(support)
                tally = found[size]
                found[size] = Tally(tally.stationary + 1, tally.locally_minimal + minimal)
        return found

    @property
    def tally(self) -> Tally:
        """How many supports are stationary, and minima."""
        tallies = self.tallies.values()
        return Tally(
            sum(tally.stationary for tally in tallies),
            sum(tally.locally_minimal for tally in tallies),
        )

    @property
    def stages(self) -> dict[str, int]:
        """How many supports were decided in doubles, by balls, and exactly."""
        return {stage.name.lower(): self.census.stages[stage] for stage in Stage}

    @property
    def exact(self) -> list[dict[str, Any]]:
        """The exact descriptions that a checker needs, each support once, sorted."""
        points = [vertex for group in self.classes for vertex in group.stationary.vertices]
        records = {record["support"]: record for record in self.census.exact}
        records |= {record["support"]: record for record in exact_records(points)}
        return [records[support] for support in sorted(records)]

    def answering(self, ask: Callable[[Component], object]) -> "Certified":
        """Return the same with those residuals as undecided whose minima do not answer.

        Parameters
        ----------
        ask : callable
            Asks a component for numbers; a `BackendError` is no answer.
        """
        classes, undecided = [], list(self.undecided)
        for group in self.classes:
            try:
                for support in group.minimal_supports:
                    ask(component_on(self.problem, group, support))
            except BackendError as error:
                undecided += _given_up(group.stationary, error)
            else:
                classes.append(group)
        return replace(self, classes=tuple(classes), undecided=tuple(undecided))

    def without(self, supports: Iterable[str]) -> "Certified":
        """Return the same with those supports as undecided that no certificate can tell of."""
        arrangement = self.geometry.arrangement
        reason = "what is exactly 0 there takes a longer description than a certificate may have"
        given_up = (Undecided(support_of(arrangement, text), reason) for text in supports)
        return replace(self, undecided=(*self.undecided, *given_up))


def _given_up(group: ResidualClass, error: BackendError) -> list[Undecided]:
    """Return the supports of a residual of which the engine did not tell what is exactly 0."""
    return [Undecided(vertex.support, str(error)) for vertex in group.vertices]


def certified(census: Census, escalation: Escalation) -> Certified:
    """Group the stationary supports of a census by residual and decide each residual."""
    geometry = escalation.geometry
    problem, arrangement = geometry.problem, geometry.arrangement
    groups: dict[tuple, tuple[DualScan, list[SupportPoint], bool]] = {}
    zero = zero_network(problem)
    groups[()] = (_scan(escalation, zero, _nothing(geometry.frames)), [zero], True)
    live = arrangement.live_faces
    undecided = [Undecided(tuple(live[f] for f in faces), why) for faces, why in census.undecided]
    for find in census.finds:
        support = tuple(live[f] for f in find.faces)
        try:
            point = escalation.point(support, find.vectors)
            scan = _scan(escalation, point, find)
        except BackendError as error:
            undecided.append(Undecided(support, str(error)))
            continue
        alone = find.settled and not find.tight
        groups.setdefault(scan.tight, (scan, [], alone))[1].append(point)
    classes = []
    for scan, points, alone in groups.values():
        vertices = tuple(sorted(points, key=lambda point: (len(point.support), point.support)))
        group = ResidualClass(problem, scan, vertices)
        try:
            known = CertifiedClass(group, {}) if alone else certify_class(group, arrangement)
        except BackendError as error:
            undecided += _given_up(group, error)
        else:
            classes.append(known)
    return Certified(geometry, tuple(classes), census, tuple(undecided))


def _nothing(frames: Frames) -> Find:
    """Return the zero network as a find."""
    found = empty_support(frames)
    tight = np.zeros((1, len(frames.faces)), dtype=np.int8)
    seen = scan(frames, found, tight)
    return Find.of(found.supports[0], found.beta[0], seen.exceeding[0], tight[0], seen.known[0])


def _scan(escalation: Escalation, point: SupportPoint, find: Find) -> DualScan:
    """Return tight and exceeding faces of a find: as found, and exactly where that is open."""
    faces = escalation.geometry.arrangement.live_faces
    known = [(faces[face], sign) for face, sign in find.tight]
    rest = scan_dual(escalation.geometry, point, [faces[face] for face in find.open])
    own = {*zip(point.support, point.signs, strict=True), *known, *rest.tight}
    exceeding = () if find.exceeding is None else ((faces[find.exceeding[0]], find.exceeding[1]),)
    return DualScan(tuple(sorted(own)), exceeding + rest.exceeding)


def examined(task: Task, backends: Backends) -> Certified:
    """Examine every support of a task and decide each residual; no record is kept."""
    census = Census()
    for block in surveyed(task):
        census.add(block, task.total)
    return certified(census, Escalation(task.geometry, backends))


def census_landscape(found: Certified) -> CertifiedLandscape:
    """Join the local minima of the problem's width into components."""
    problem = found.problem
    return CertifiedLandscape(
        problem,
        Counts.of(found.geometry),
        found.tally,
        (),
        ranked(
            (c for group in found.classes for c in components_of(problem, group)),
            complete=not found.undecided,
        ),
        found.undecided,
        Completeness.CERTIFICATE,
        stages=found.stages,
    )
