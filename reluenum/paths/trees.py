"""Basins along a path: the disconnectivity graph at every ridge that was looked at."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reluenum.basins.disconnectivity import disconnectivity
from reluenum.documents.archive import read_archive, write_archive
from reluenum.documents.results import to_json
from reluenum.documents.seals import parsed_json
from reluenum.engines.certified.prove import certify_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.problem import Problem

Tree = Mapping[str, Any]


def trees_along(
    path: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS, progress: bool = False
) -> list[Tree]:
    """Return the disconnectivity graphs at the ridges of a path, by rising ridge.

    Parameters
    ----------
    path : dict
        Of the format `reluenum-path`.
    limits : Limits
    progress : bool
        Whether to show a bar on standard error.

    Returns
    -------
    list of dict
        Of the format `reluenum-basins`; none for a ridge with undecided supports.

    Raises
    ------
    UndecidedError
        If the list of a ridge is not complete, though that of the path is.
    BackendError
        If the backends do not tell which of two losses is larger.

    Examples
    --------
    >>> from flint import fmpq
    >>> from reluenum.paths.path import ridge_path
    >>> problem = Problem.from_text([["-1"], ["0"], ["1"]], ["2", "0", "1"], 1, "1/10")
    >>> path = ridge_path(problem, fmpq(1, 5), points=2).to_document()
    >>> [tree["problem"]["ridge"] for tree in trees_along(path)]
    ['1/10', '1/5']
    """
    settings, found = Settings(limits=limits), []
    asked = [ridge for ridge in path["ridges"] if ridge not in path["undecided"]]
    for ridge in tqdm(asked, "trees", disable=not progress, unit="ridge"):
        problem = Problem.from_document({**path["problem"], "ridge": ridge})
        found.append(disconnectivity(certify_problem(problem, settings).document, settings))
    return found


def write_trees(file: Path, trees: Iterable[Tree]) -> None:
    """Write graphs into an archive, a member for each ridge."""
    members = {
        f"ridge{tree['problem']['ridge'].replace('/', '_')}.json": to_json(tree).encode()
        for tree in trees
    }
    write_archive(file, members)


def read_trees(file: Path) -> list[Tree]:
    """Read the graphs of an archive.

    Raises
    ------
    IncompleteRunError
        If it is damaged.
    """
    return [parsed_json(member, file) for member in read_archive(file).values()]
