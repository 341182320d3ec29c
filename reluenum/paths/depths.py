"""How deep the basins along a ridge path are, against the passes that lead out of them.

At each ridge of a path the basins are found anew (Theorem G). Followed by continuity, a basin
vanishes exactly where its depth tends to 0 (Lemma 41 of docs/theory.md); where a wall or a slope
event changes its faces, it goes on at a positive depth.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from reluenum.basins.disconnectivity import disconnectivity
from reluenum.documents.minima import minima_document
from reluenum.engines.certified.prove import CertifiedEngine
from reluenum.geometry.supports import StratumKey
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.paths.path import RidgePath
from reluenum.problem import Problem

KEYS = ("basin", "barrier", "depth")
"""What is said of a branch at a ridge, as of a component in a document of basins."""

UNKNOWN = dict.fromkeys(KEYS)
"""What is said where the list of minima is not complete."""


def depths_at(
    problem: Problem, limits: Limits = DEFAULT_LIMITS
) -> dict[StratumKey, dict[str, Any]]:
    """Return for each locally minimal support whether it is in a basin, its barrier and depth.

    Parameters
    ----------
    problem : Problem
    limits : Limits
        Of one backend on one system.

    Raises
    ------
    UndecidedError
        If the list of minima is not complete.
    BackendError
        If two losses whose order matters may be equal, and the backends do not tell.

    Examples
    --------
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> for branch, found in depths_at(problem).items():
    ...     print(branch.groups[0][0], found["depth"])
    ++- None
    +++ 0.302330099076476592879685482087
    -++ 0.12804288288736781368628979531
    """
    settings = Settings(limits=limits)
    minima = minima_document(CertifiedEngine().landscape(problem, settings))
    return depths_in(disconnectivity(minima, settings))


def depths_in(basins: Mapping[str, Any]) -> dict[StratumKey, dict[str, Any]]:
    """Return the same from a document of basins."""
    components = basins["minima"]["components"]
    return {
        StratumKey.of((group["face"], group["sign"], 1) for group in stratum["support"]): {
            key: said[key] for key in KEYS
        }
        for component, said in zip(components, basins["components"], strict=True)
        for stratum in component["strata"]
    }


def with_depths(
    document: Mapping[str, Any],
    path: RidgePath,
    limits: Limits = DEFAULT_LIMITS,
    progress: bool = False,
) -> dict[str, Any]:
    """Return the document of a path with the depth of every branch at every ridge.

    Every sample has the keys `basin`, `barrier` and `depth` in addition, null where the list of
    minima is not complete.

    Parameters
    ----------
    document : dict
        Of the path.
    path : RidgePath
    limits : Limits
        Of one backend on one system.
    progress : bool

    Raises
    ------
    BackendError
        If two losses whose order matters may be equal, and the backends do not tell.
    """
    found = {
        str(sample.ridge): depths_at(replace(path.problem, ridge=sample.ridge), limits)
        for sample in tqdm(path.samples, unit="ridge", disable=not progress)
        if not sample.undecided
    }
    branches = [
        {
            **branch,
            "samples": [
                {**sample, **(found[sample["ridge"]][key] if sample["ridge"] in found else UNKNOWN)}
                for sample in branch["samples"]
            ],
        }
        for (key, _), branch in zip(path.segments(), document["branches"], strict=True)
    ]
    return {**document, "branches": branches}
