"""The engine: from a problem on a line to its list of minima, with the tree that proves it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from reluenum.documents.bars import search_bar
from reluenum.documents.minima import component_record, minima_document
from reluenum.engines.branch.certificate import boxes_record, keep_tree, kept_tree, opening
from reluenum.engines.branch.circle import circle_of
from reluenum.engines.branch.growth import grown_tree
from reluenum.engines.branch.leaves import LeafJudge, Leaves, leaves_on_line
from reluenum.engines.branch.search import BoxTree, Leaf
from reluenum.engines.certified.census import Certified, census_landscape, certified
from reluenum.engines.certified.escalation import Escalation
from reluenum.errors import BackendError, InputError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.sizes import MOST_DATA_POINTS, refuse_astronomical
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape, Tally
from reluenum.problem import Problem

LARGEST_WIDTH = 4
"""Of the networks that are searched."""

PERIOD = 60.0
"""Seconds after which what has been searched is kept, and the search goes on."""

Grow = Callable[[float, bytes, Callable[[float, int], object]], BoxTree]
"""A search: until when, a tree that was begun, and what is told of it."""

BRANCH_SUPPORT_LIMIT = 10**11
"""Largest enumeration of this engine that starts without being asked twice."""


POINTS_ON_A_LINE = 10_000
"""Data points that are started without being asked twice."""


@dataclass(frozen=True)
class BoxEngine(ABC):
    """An `Engine` that excludes boxes of directions (Theorem H).

    The search is done in doubles: what it lists is proved, that nothing is missing is not, before
    a checker has followed the tree.

    Parameters
    ----------
    seconds : float
        After them boxes are left open, and the list is not complete.
    kept : Path, optional
        A file from which a search that was stopped goes on, and in which it is kept meanwhile.
    """

    seconds: float = inf
    kept: Path | None = None

    @abstractmethod
    def refuse_others(self, problem: Problem) -> None:
        """Refuse a problem that this engine is not for.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def grower(self, problem: Problem, jobs: int) -> Grow:
        """Return what searches the tree of a problem, as `grown_tree`."""

    @abstractmethod
    def placed_leaves(self, geometry: Geometry, tree: BoxTree) -> list[Leaf]:
        """Return the leaves of a tree with the numbers of live faces."""

    @abstractmethod
    def record(self, problem: Problem, tree: BoxTree, leaves: Sequence[Leaves], exact: Any) -> dict:
        """Return the `certificate` record of the document."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.refuse_others(problem)
        points = POINTS_ON_A_LINE if problem.dimension == 1 else MOST_DATA_POINTS
        refuse_astronomical(problem, BRANCH_SUPPORT_LIMIT, points)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        self.refuse_others(problem)
        tree = self._grown(problem, settings)
        geometry = Geometry.of(problem)
        with settings.open() as backends:
            escalation = Escalation(geometry, backends)
            judge = LeafJudge(geometry.frames, escalation, followed=not tree.open)
            leaves = list(judge.decided(self.placed_leaves(geometry, tree)))
            judge.describe()
            if tree.open:
                judge.census.undecided.append(((), left_open(tree)))
            found = certified(judge.census, escalation)
            landscape, found, document = _with_document(found, tree)
        record = self.record(problem, tree, leaves, found.exact)
        document["certificate"] = record
        return replace(landscape, certificate=record, written=document)

    def _grown(self, problem: Problem, settings: Settings) -> BoxTree:
        """Search the boxes as long as there is time, kept every now and then."""
        grow, end = self.grower(problem, settings.jobs), monotonic() + self.seconds
        begun = kept_tree(self.kept, problem.digest) if self.kept else b""
        with search_bar(settings.progress) as told:
            while True:
                until = min(end, monotonic() + PERIOD) if self.kept else end
                tree = grow(until, begun, told)
                if self.kept:
                    keep_tree(self.kept, problem.digest, tree)
                if not tree.open or monotonic() >= end:
                    return tree
                begun = tree.content


def left_open(tree: BoxTree) -> str:
    """Return why a list from a tree with open boxes is not complete."""
    share = f"{100 * tree.share:.3g} %"
    return f"the time limit left open, of the boxes, {tree.open}, with {share} of all supports"


def _with_document(
    found: Certified, tree: BoxTree
) -> tuple[CertifiedLandscape, Certified, dict[str, Any]]:
    """Return the landscape and its document; what no number can be told of is undecided."""
    for ask in (component_record, lambda component: component.loss.exact()):
        try:
            return _written(found, tree)
        except BackendError:
            found = found.answering(ask)
    return _written(found, tree)


def _written(
    found: Certified, tree: BoxTree
) -> tuple[CertifiedLandscape, Certified, dict[str, Any]]:
    landscape = census_landscape(found)
    minimal = landscape.tally.locally_minimal
    landscape = replace(landscape, tally=Tally(None, minimal, tree.boxes, len(tree.leaves)))
    return landscape, found, minima_document(landscape)


@dataclass(frozen=True)
class BranchEngine(BoxEngine):
    """That for inputs on a line."""

    def refuse_others(self, problem: Problem) -> None:
        """Refuse inputs that are not on a line, or a wide network."""
        if problem.dimension != 1 or len(problem.sites) < 2:
            sites = f"{len(problem.sites)} distinct inputs of dimension {problem.dimension}"
            raise InputError("engine", f"branch with {sites}", "two or more, or certified")
        refuse_wide(problem)

    def grower(self, problem: Problem, jobs: int) -> Grow:
        """Return what searches the tree of a problem."""
        return partial(grown_tree, circle_of(problem), problem.width, jobs)

    def placed_leaves(self, geometry: Geometry, tree: BoxTree) -> list[Leaf]:
        """Return the leaves of a tree with the numbers of live faces."""
        return leaves_on_line(geometry.problem, geometry.arrangement.live_faces, tree)

    def record(self, problem: Problem, tree: BoxTree, leaves: Sequence[Leaves], exact: Any) -> dict:
        """Return the `certificate` record of the document."""
        return boxes_record(opening(problem.digest), tree, leaves, exact, {})


def refuse_wide(problem: Problem) -> None:
    """Refuse a wide network.

    Raises
    ------
    InputError
    """
    if problem.width > LARGEST_WIDTH:
        raise InputError("engine", f"branch with width {problem.width}", f"at most {LARGEST_WIDTH}")
