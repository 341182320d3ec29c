"""The engine for inputs on a line."""

from dataclasses import dataclass
from typing import Any

from reluenum.engines.branch.circle import circle_of, leaves_on_line
from reluenum.engines.branch.growth import ArcSearch
from reluenum.engines.trees.certificate import opening
from reluenum.engines.trees.engine import BoxEngine, refuse_wide
from reluenum.engines.trees.growth import BoxSearch
from reluenum.engines.trees.tree import BoxTree, Leaf
from reluenum.errors import InputError
from reluenum.geometry.geometry import Geometry
from reluenum.problem import Problem


@dataclass(frozen=True)
class BranchEngine(BoxEngine):
    """The `BoxEngine` whose parts are arcs of the circle of directions."""

    def refuse_others(self, problem: Problem) -> None:
        """Refuse inputs that are not on a line, or a wide network."""
        if problem.dimension != 1 or len(problem.sites) < 2:
            sites = f"{len(problem.sites)} distinct inputs of dimension {problem.dimension}"
            raise InputError("engine", f"branch with {sites}", "two or more, or certified")
        refuse_wide(problem)

    def search(self, problem: Problem) -> BoxSearch:
        """Return what looks at the boxes of a problem."""
        return ArcSearch(circle_of(problem), problem.width)

    def placed_leaves(self, geometry: Geometry, tree: BoxTree) -> list[Leaf]:
        """Return the leaves of a tree with the numbers of live faces."""
        return leaves_on_line(geometry.problem, geometry.arrangement.live_faces, tree)

    def head(self, problem: Problem) -> dict[str, Any]:
        """Return the first entries of the certificate, whatever the tree is."""
        return opening(problem.digest)
