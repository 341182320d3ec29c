"""How deep the branches of a ridge path are, against the passes that lead out of them.

Followed by continuity, a basin vanishes exactly where its depth tends to 0 (Lemma 41 of
docs/theory.md); where a wall or a slope event changes its faces, it goes on at a positive depth.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from reluenum.geometry.supports import StratumKey
from reluenum.paths.trees import Tree

KEYS = ("basin", "barrier", "depth")
"""What is said of a branch at a ridge, as of a component in a document of basins."""

UNKNOWN = dict.fromkeys(KEYS)
"""What is said where the list of minima is not complete."""


def depths_in(tree: Tree) -> dict[StratumKey, dict[str, Any]]:
    """Return for each locally minimal support whether it is in a basin, its barrier and depth.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.

    Examples
    --------
    >>> from reluenum import Problem, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> tree = enumerate_minima(problem).basins().document
    >>> for branch, found in depths_in(tree).items():
    ...     print(branch.groups[0][0], found["depth"])
    ++- None
    +++ 0.302330099076476592879685482087
    -++ 0.12804288288736781368628979531
    """
    return {
        _branch(stratum["support"]): {key: said[key] for key in KEYS}
        for component, said in zip(tree["minima"]["components"], tree["components"], strict=True)
        for stratum in component["strata"]
    }


def with_depths(path: Mapping[str, Any], trees: Iterable[Tree]) -> dict[str, Any]:
    """Return the document of a path with `basin`, `barrier` and `depth` in every sample.

    Parameters
    ----------
    path : dict
        Of the format `reluenum-path`.
    trees : iterable of dict
        At its ridges, see `trees_along`; where there is none, the three are null.
    """
    found = {tree["problem"]["ridge"]: depths_in(tree) for tree in trees}
    branches = [
        {
            **branch,
            "samples": [
                {**sample, **(found[sample["ridge"]][key] if sample["ridge"] in found else UNKNOWN)}
                for sample in branch["samples"]
            ],
        }
        for branch in path["branches"]
        for key in [_branch(branch["support"])]
    ]
    return {**path, "branches": branches}


def _branch(support: Iterable[Mapping[str, Any]]) -> StratumKey:
    """Return what a support keeps while it moves."""
    return StratumKey.of((group["face"], group["sign"], 1) for group in support)
