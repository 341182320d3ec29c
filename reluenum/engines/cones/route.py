"""The engine: from a problem in several dimensions to its list of minima, with its tree."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from reluenum.documents.minima import BY_CONES
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.cones.growth import ConeSearch
from reluenum.engines.cones.rays import base_of, rays_of, sites_in_order
from reluenum.engines.trees.certificate import opening
from reluenum.engines.trees.engine import BoxEngine, refuse_wide
from reluenum.engines.trees.growth import BoxSearch
from reluenum.engines.trees.tree import BoxTree, Leaf
from reluenum.errors import InputError
from reluenum.geometry.arrangement import site_signs
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


@dataclass(frozen=True)
class ConeEngine(BoxEngine):
    """The engine for inputs that span two or more dimensions: parts are cones."""

    def refuse_others(self, problem: Problem) -> None:
        """Refuse inputs that do not span their dimensions, or a wide network."""
        rank = len(base_of(problem))
        if problem.dimension < 2 or rank <= problem.dimension:
            found = f"branch with inputs of dimension {problem.dimension} that span {rank - 1}"
            raise InputError("engine", found, "inputs in no smaller plane or line, or certified")
        refuse_wide(problem)

    def search(self, problem: Problem) -> BoxSearch:
        """Return what looks at the boxes of a problem."""
        return ConeSearch(rays_of(problem), problem.width)

    def placed_leaves(self, geometry: Geometry, tree: BoxTree) -> list[Leaf]:
        """Return the leaves of a tree with the numbers of live faces."""
        problem, faces = geometry.problem, geometry.arrangement.live_faces
        order = sites_in_order(problem)
        signs = np.array([site_signs(problem, face) for face in faces], dtype=np.int8)[:, order]
        number = {row.tobytes(): k for k, row in enumerate(signs)}
        return [(sides, tuple(number[face] for face in found)) for sides, found in tree.leaves]

    def head(self, problem: Problem) -> dict[str, Any]:
        """Return the first entries of the certificate, whatever the tree is."""
        return {**opening(problem.digest, BY_CONES), "base": base_of(problem)}


@dataclass(frozen=True)
class DirectionEngine:
    """The `Engine` that excludes boxes of directions, for inputs of any dimension.

    Parameters
    ----------
    seconds : float
    kept : Path, optional
        As of `BoxEngine`.
    """

    seconds: float = inf
    kept: Path | None = None

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.of(problem).refuse_astronomical(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        return self.of(problem).landscape(problem, settings)

    def of(self, problem: Problem) -> BoxEngine:
        """Return the engine for the dimension of a problem."""
        kind = BranchEngine if problem.dimension == 1 else ConeEngine
        return kind(self.seconds, self.kept)
