"""Ridge paths: how local minima move, appear and vanish as the ridge varies.

Every ridge that is looked at is enumerated completely by the certified engine. Between two ridges
with different lists something happens, and bisection brackets it: at both ends of a bracket the
list is proved. Between two neighbouring ridges with equal lists nothing is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from os import PathLike
from typing import Any

from flint import fmpq
from tqdm import tqdm

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.scalars import whole
from reluenum.documents.seals import check_kind, read_json, read_sealed
from reluenum.engines.certified.census import examined
from reluenum.engines.certified.spool import Task
from reluenum.geometry.supports import StratumKey
from reluenum.groebner.backends import Backends, Settings, open_backends
from reluenum.groebner.limits import DEFAULT_MEGABYTES, DEFAULT_SECONDS, Limits
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.components import Component, component_on
from reluenum.paths.grids import MOST_RIDGES, grid, ridge_interval
from reluenum.paths.hinges.exact import HingePath, hinge_path
from reluenum.paths.hinges.records import FORMAT, VERSION
from reluenum.problem import OutputBias, Problem, parse_ridge

SHARPNESS = fmpq(1, 10**10)
"""Width of a bracket around an event, relative to the ridge."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The locally minimal supports at one ridge.

    Parameters
    ----------
    ridge : fmpq
    minima : mapping of StratumKey to Component
        By what they keep while they move: faces and signs of their units.
    undecided : int
        Number of supports that stayed undecided there.
    """

    ridge: fmpq
    minima: Mapping[StratumKey, Component]
    undecided: int

    @cached_property
    def texts(self) -> dict[StratumKey, dict[str, Any]]:
        """The numbers of each minimum as texts; backends are asked what may be exactly 0."""
        return {branch: _numbers(component) for branch, component in self.minima.items()}


Change = tuple[str, StratumKey | None, StratumKey | None]
"""What happens, the branch before and the branch after."""


@dataclass(frozen=True)
class Event:
    """A change of the list of minima between two ridges.

    Parameters
    ----------
    low, high : fmpq
        At both the list is proved, and it is not the same.
    changes : tuple of Change
        As the ridge grows.
    """

    low: fmpq
    high: fmpq
    changes: tuple[Change, ...]

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        changes = [
            {
                "kind": kind,
                "before": before and _support_record(before),
                "after": after and _support_record(after),
            }
            for kind, before, after in self.changes
        ]
        return {"low": str(self.low), "high": str(self.high), "changes": changes}


@dataclass(frozen=True, eq=False)
class RidgePath:
    """The local minima of a problem over an interval of ridges.

    Parameters
    ----------
    problem : Problem
        Its ridge is the lower end.
    samples : tuple of Sample
        By increasing ridge; both ends of every event are among them.
    events : tuple of Event
    """

    problem: Problem
    samples: tuple[Sample, ...]
    events: tuple[Event, ...]

    @property
    def undecided(self) -> int:
        """Number of supports that stayed undecided at some ridge."""
        return sum(sample.undecided for sample in self.samples)

    def segments(self) -> Iterator[tuple[StratumKey, list[Sample]]]:
        """Yield every branch as long as it lasts: one that comes back is another segment."""
        running: dict[StratumKey, list[Sample]] = {}
        for sample in self.samples:
            for branch in sorted(running.keys() - sample.minima.keys()):
                yield branch, running.pop(branch)
            for branch in sample.minima:
                running.setdefault(branch, []).append(sample)
        yield from sorted(running.items(), key=lambda pair: pair[0])

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        ends = [self.samples[0].ridge, self.samples[-1].ridge]
        return {
            "format": FORMAT,
            "version": VERSION,
            "software": installed_versions(),
            "problem": self.problem.to_document() | {"ridge": [str(end) for end in ends]},
            "ridges": [str(sample.ridge) for sample in self.samples],
            "undecided": {str(s.ridge): s.undecided for s in self.samples if s.undecided},
            "branches": [
                {
                    "support": _support_record(branch),
                    "samples": [
                        {"ridge": str(sample.ridge), **sample.texts[branch]} for sample in run
                    ],
                }
                for branch, run in self.segments()
            ],
            "events": [event.to_document() for event in self.events],
        }


def read_path(path: str | PathLike) -> dict[str, Any]:
    """Read the document of a path.

    Parameters
    ----------
    path : str or Path
        Written by `reluenum path` or the workflow.

    Raises
    ------
    IncompleteRunError
        If the file is none, of another version, or not as it was written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from reluenum import Problem
    >>> from reluenum.documents.results import to_json
    >>> from reluenum.documents.seals import sealed
    >>> path = ridge_path(Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5), 8, points=2)
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "path.json"
    ...     _ = file.write_text(to_json(sealed(path.to_document())))
    ...     len(read_path(file)["branches"])
    2
    """
    check_kind(read_json(path), (FORMAT, VERSION), path)
    return read_sealed(path)


def _support_record(branch: StratumKey) -> list[dict[str, Any]]:
    return [{"face": face, "sign": sign} for face, sign, _ in branch.groups]


def minima_at(problem: Problem, backends: Backends) -> Sample:
    """Return every locally minimal support of up to `width` faces, certified."""
    found = examined(Task(problem, problem.width, Settings(limits=backends.limits)), backends)
    components = (
        component_on(problem, group, support)
        for group in found.classes
        for support in group.minimal_supports
    )
    minima = {component.strata[0].key: component for component in components}
    return Sample(problem.ridge, minima, len(found.undecided))


def _numbers(component: Component) -> dict[str, Any]:
    """Return loss, squares and directions, by face, output bias and linear part, as texts."""
    groups = component.strata[0].groups
    numbers: dict[str, Any] = {
        "loss": decimal_text(component.loss),
        "sum_a_squared": [decimal_text(g.square) for g in groups],
        "direction": [[decimal_text(entry) for entry in g.direction] for g in groups],
        "global_at_every_width": component.global_at_every_width,
    }
    if component.problem.output_bias is not OutputBias.NONE:
        numbers["m"] = decimal_text(component.representative.bias)
    if component.problem.has_linear:
        numbers["beta"] = list(map(decimal_text, component.representative.linear))
    return numbers


def ridge_path(
    problem: Problem,
    high: Any,
    points: int = 61,
    seconds: float = DEFAULT_SECONDS,
    progress: bool = False,
    megabytes: int = DEFAULT_MEGABYTES,
) -> RidgePath | HingePath:
    """Follow the local minima of a problem from its ridge up to another one.

    With free hidden biases nothing is sampled: all events of the interval are found, exactly.

    Parameters
    ----------
    problem : Problem
        Its ridge is the lower end.
    high : number or text
        Larger; read as the ridge of `Problem.from_arrays`.
    points : int
        Ridges of the grid, at least 2; two events between neighbours that undo each other are
        not seen. With free hidden biases only what the samples in the document are at.
    seconds, megabytes : number
        Limits of one backend on one system.
    progress : bool
        Whether to show a bar on standard error.

    Returns
    -------
    RidgePath or HingePath
        The latter with free hidden biases.

    Raises
    ------
    InputError
        If the other ridge is not larger, there are too few or too many points, or hidden biases
        are free and the inputs have several columns.

    Examples
    --------
    >>> from reluenum import Problem, ridge_path
    >>> biases = {"output_bias": "free", "hidden_bias": "free"}
    >>> exact = ridge_path(Problem.from_arrays([0, 1], [0, 1], 1, ridge=0.125, **biases), 2)
    >>> [(str(event.ridge), event.changes[0].kind) for event in exact.events]
    [('1/2', 'merge')]
    >>> sampled = ridge_path(Problem.from_arrays([-1, 1], [0, 2], 1, ridge=0.5), 8, points=2)
    >>> [branch["samples"][0]["loss"][:7] for branch in sampled.to_document()["branches"]]
    ['1.28921', '4']
    """
    ridges = grid(*ridge_interval(problem.ridge, high), whole(points, "points", 2, MOST_RIDGES))
    if problem.has_free_hidden_bias:
        return hinge_path(problem, parse_ridge(ridges[-1]), map(parse_ridge, ridges), progress)
    with open_backends("auto", Limits(seconds, megabytes)) as backends:
        samples = [
            minima_at(replace(problem, ridge=parse_ridge(ridge)), backends)
            for ridge in tqdm(ridges, unit="ridge", disable=not progress)
        ]
        found, events = [samples[0]], []
        for left, right in tqdm(list(pairwise(samples)), unit="interval", disable=not progress):
            for one, other in _brackets(problem, left, right, backends):
                found += [sample for sample in (one, other) if sample.ridge != found[-1].ridge]
                mirrored = problem.units.is_even
                changes = tuple(_changes(one.minima.keys(), other.minima.keys(), mirrored))
                events.append(Event(one.ridge, other.ridge, changes))
            if found[-1].ridge != right.ridge:
                found.append(right)
        for sample in found:
            sample.texts  # noqa: B018 (as long as the backends are there)
    return RidgePath(problem, tuple(found), tuple(events))


def _brackets(
    problem: Problem, left: Sample, right: Sample, backends: Backends
) -> Iterator[tuple[Sample, Sample]]:
    """Yield narrow pairs of ridges with different lists, by increasing ridge."""
    if left.minima.keys() == right.minima.keys():
        return
    if right.ridge - left.ridge <= SHARPNESS * left.ridge:
        yield left, right
        return
    ridge = (left.ridge + right.ridge) / 2
    middle = minima_at(replace(problem, ridge=ridge), backends)
    yield from _brackets(problem, left, middle, backends)
    yield from _brackets(problem, middle, right, backends)


def _changes(
    before: Iterable[StratumKey], after: Iterable[StratumKey], mirrored: bool = False
) -> Iterator[Change]:
    """Yield what happens between two lists, each branch once, as the ridge grows.

    `mirrored` says that units on a face and on its opposite are the same (Lemma 63).
    """
    earlier, later = set(before), set(after)
    gone, new = sorted(earlier - later), sorted(later - earlier)
    for branch in list(gone):
        for other in new:
            if kind := _kind(branch, other, mirrored):
                yield kind, branch, other
                gone.remove(branch)
                new.remove(other)
                break
    yield from (("disappears", branch, None) for branch in gone)
    yield from (("appears", None, branch) for branch in new)


def _kind(before: StratumKey, after: StratumKey, mirrored: bool = False) -> str | None:
    """Return how one branch goes over into another, None if it does not in one step."""
    earlier, later = set(before.groups), set(after.groups)
    less, more = earlier - later, later - earlier
    if not more and len(less) == 1:
        return "a unit dies"
    if not less and len(more) == 1:
        return "a unit is born"
    if len(less) != 1 or len(more) != 1:
        return None
    ((old, sign, _),), ((new, other, _),) = less, more
    if sign != other:
        return None
    if _bounds(new, old, mirrored):
        return "a unit reaches a boundary"
    return "a unit leaves a boundary" if _bounds(old, new, mirrored) else None


def _bounds(small: str, large: str, mirrored: bool) -> bool:
    """Whether one face is on the boundary of another, or of its opposite if that is the same."""
    sides = [large, large.translate(str.maketrans("+-", "-+"))] if mirrored else [large]
    return small != large and any(
        all(s in ("0", t) for s, t in zip(small, side, strict=True)) for side in sides
    )
