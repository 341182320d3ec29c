"""The engine: from a problem to its list of minima, with the tree that proves it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from reluenum.documents.bars import search_bar
from reluenum.documents.minima import component_record, minima_document
from reluenum.engines.certified.census import Certified, census_landscape, certified
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.trees.certificate import (
    boxes_record,
    finished_tree,
    keep_tree,
    kept_tree,
)
from reluenum.engines.trees.decisions import decided_leaves
from reluenum.engines.trees.forecast import refuse_endless
from reluenum.engines.trees.growth import BoxSearch, BoxStack, grown_tree, reopened_tree
from reluenum.engines.trees.shards import Shard, joined_tree, open_boxes, outline_of
from reluenum.engines.trees.tree import BoxTree, Leaf
from reluenum.errors import BackendError, InputError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.sizes import refuse_large_data, refuse_many_faces
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape, Tally
from reluenum.problem import HiddenBias, Problem, refuse_setting

LARGEST_WIDTH = 4
"""Of the networks that are searched."""

PERIOD, LONGEST_PERIOD = 60.0, 600.0
"""Seconds after which what has been searched is kept, and the search goes on: at first, and later.

Before it goes on, what has been searched is followed again.
"""

POINTS_ON_A_LINE = 10_000
"""Data points that are started without being asked twice."""


@dataclass(frozen=True)
class Doubted:
    """Boxes of a tree that a checker has not followed.

    Parameters
    ----------
    places : sequence of int
        In the nodes of these boxes.
    times : int
        How often that has been so: the larger are the margins of the next search.
    """

    places: Sequence[int]
    times: int


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

    def _refuse_others(self, problem: Problem) -> None:
        branch = "with the engine branch"
        refuse_setting(problem, "hidden_bias", branch, but=(HiddenBias.FREE,))
        refuse_setting(problem, "linear", branch)
        self.refuse_others(problem)

    @abstractmethod
    def search(self, problem: Problem) -> BoxSearch:
        """Return what looks at the boxes of a problem."""

    @abstractmethod
    def placed_leaves(self, geometry: Geometry, tree: BoxTree) -> list[Leaf]:
        """Return the leaves of a tree with the numbers of live faces."""

    @abstractmethod
    def head(self, problem: Problem) -> dict[str, Any]:
        """Return the first entries of the certificate, whatever the tree is."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self._refuse_others(problem)
        if self.seconds == inf:
            refuse_endless(problem)
        if problem.dimension == 1:
            refuse_large_data(problem, POINTS_ON_A_LINE)
        else:
            refuse_large_data(problem)
            refuse_many_faces(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        return self.listed(problem, self.whole(problem, settings), settings)

    def whole(self, problem: Problem, settings: Settings = DEFAULT_SETTINGS) -> BoxTree:
        """Search all boxes, and keep what was searched."""
        self._refuse_others(problem)
        search = self.search(problem)
        return self._grown(search, search.roots(), problem.digest, settings)

    def again(
        self, problem: Problem, tree: BoxTree, doubted: Doubted, settings: Settings
    ) -> BoxTree:
        """Return a tree whose boxes that are doubted have been searched again."""
        search = self.search(problem)
        for _ in range(doubted.times):
            search = search.wary()
        begun = reopened_tree(search, search.roots(), tree.content, doubted.places)
        return grown_tree(search, search.roots(), settings.jobs, begun=begun)

    def shard(
        self, problem: Problem, shard: Shard, settings: Settings = DEFAULT_SETTINGS
    ) -> BoxTree:
        """Search what one of several jobs has to search, and keep it."""
        self._refuse_others(problem)
        search = self.search(problem)
        boxes = open_boxes(outline_of(search, shard.shards), shard)
        return self._grown(search, boxes, f"{problem.digest} {shard}", settings)

    def joined(self, problem: Problem, kept: Sequence[Path]) -> BoxTree:
        """Return the tree of what all jobs have kept, in order.

        Raises
        ------
        IncompleteRunError
            If something is missing.
        """
        search, count = self.search(problem), len(kept)
        seals = [f"{problem.digest} {Shard(number, count)}" for number in range(count)]
        contents = [finished_tree(path, seal) for path, seal in zip(kept, seals, strict=True)]
        return joined_tree(search, outline_of(search, count), contents)

    def listed(
        self, problem: Problem, tree: BoxTree, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Decide the leaves of a tree and list the minima."""
        geometry = Geometry.of(problem)
        placed = self.placed_leaves(geometry, tree)
        leaves, census = decided_leaves(problem, placed, not tree.open, settings)
        if tree.open:
            census.undecided.append(((), left_open(tree)))
        with settings.open() as backends:
            found = certified(census, Escalation(geometry, backends))
            landscape, found, document = _with_document(found, tree)
        record = boxes_record(self.head(problem), tree, leaves, found.exact)
        document["certificate"] = record
        return replace(landscape, certificate=record, written=document)

    def _grown(
        self, search: BoxSearch, stacks: Sequence[BoxStack], seal: str, settings: Settings
    ) -> BoxTree:
        """Search boxes as long as there is time, kept every now and then."""
        end, period = monotonic() + self.seconds, PERIOD if self.kept else inf
        begun = kept_tree(self.kept, seal) if self.kept else b""
        with search_bar(settings.progress) as told:
            while True:
                seconds = min(end - monotonic(), period)
                tree = grown_tree(search, stacks, settings.jobs, seconds, begun, told)
                if self.kept:
                    keep_tree(self.kept, seal, tree)
                if not tree.open or monotonic() >= end:
                    return tree
                begun, period = tree.content, min(2 * period, LONGEST_PERIOD)


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


def refuse_wide(problem: Problem) -> None:
    """Refuse a wide network, and another activation than relu.

    Raises
    ------
    InputError
    """
    if not problem.activation.is_relu:
        known = "relu for the engine branch, or the engine certified"
        raise InputError("activation", problem.activation.text, known)
    if problem.width > LARGEST_WIDTH:
        raise InputError("engine", f"branch with width {problem.width}", f"at most {LARGEST_WIDTH}")
