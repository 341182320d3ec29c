"""The engine: from a problem on a line to its list of minima, with the tree that proves it."""

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from reluenum.documents.bars import search_bar
from reluenum.documents.minima import component_record, minima_document
from reluenum.engines.branch.certificate import boxes_record, keep_tree, kept_tree
from reluenum.engines.branch.circle import circle_of
from reluenum.engines.branch.growth import grown_tree
from reluenum.engines.branch.leaves import LeafJudge
from reluenum.engines.branch.search import BoxTree
from reluenum.engines.certified.census import Certified, census_landscape, certified
from reluenum.engines.certified.escalation import Escalation
from reluenum.errors import BackendError, InputError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.sizes import refuse_astronomical
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape, Tally
from reluenum.problem import Problem

LARGEST_WIDTH = 4
"""Of the networks that are searched."""

PERIOD = 60.0
"""Seconds after which what has been searched is kept, and the search goes on."""

BRANCH_SUPPORT_LIMIT = 10**11
"""Largest enumeration of this engine that starts without being asked twice."""


@dataclass(frozen=True)
class BranchEngine:
    """An `Engine` for inputs on a line that excludes boxes of directions (Theorem H).

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

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_others(problem)
        refuse_astronomical(problem, BRANCH_SUPPORT_LIMIT)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        refuse_others(problem)
        tree = self._grown(problem, settings)
        geometry = Geometry.of(problem)
        with settings.open() as backends:
            escalation = Escalation(geometry, backends)
            judge = LeafJudge(geometry.frames, escalation)
            leaves = list(judge.decided(tree))
            judge.describe()
            if tree.open:
                judge.census.undecided.append(((), left_open(tree)))
            found = certified(judge.census, escalation)
            landscape, found, document = _with_document(found, tree)
        record = boxes_record(problem.digest, tree, leaves, found.exact)
        document["certificate"] = record
        return replace(landscape, certificate=record, written=document)

    def _grown(self, problem: Problem, settings: Settings) -> BoxTree:
        """Search the boxes as long as there is time, kept every now and then."""
        circle, end = circle_of(problem), monotonic() + self.seconds
        begun = kept_tree(self.kept, problem.digest) if self.kept else b""
        with search_bar(settings.progress) as told:
            while True:
                until = min(end, monotonic() + PERIOD) if self.kept else end
                tree = grown_tree(circle, problem.width, settings.jobs, until, begun, told)
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


def refuse_others(problem: Problem) -> None:
    """Refuse inputs that are not on a line, or a wide network.

    Raises
    ------
    InputError
    """
    if problem.dimension != 1 or len(problem.sites) < 2:
        found = f"branch with {len(problem.sites)} distinct inputs of dimension {problem.dimension}"
        raise InputError("engine", found, "two or more inputs on a line, or certified")
    if problem.width > LARGEST_WIDTH:
        raise InputError("engine", f"branch with width {problem.width}", f"at most {LARGEST_WIDTH}")
