"""The last lines of an experiment: what holds everywhere, or an error that names where it does not.

They are drawn when everything else is written, so that whoever fails has the files to see why.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reluenum.documents.labels import Document, examined_label, undecided_along
from reluenum.errors import IncompleteRunError

if TYPE_CHECKING:
    import pandas as pd

    from reluenum.convex.comparison import Agreed

MOST_NAMES = 20
"""So many names are in an error; the files have all of them."""

_MORE = "more `solve: seconds` or another `backend` may decide them"


def instances_decided(minima: Mapping[str, Document], paths: Mapping[str, Document]) -> str:
    r"""Conclude that no support stayed undecided, from the documents of instances and ridge paths.

    Raises
    ------
    IncompleteRunError
        Naming instances and paths that are not complete.

    Examples
    --------
    >>> instances_decided({}, {"mine": {"undecided": {}}})
    'path mine: decided at every ridge\n'
    """
    counts = {name: document["enumeration"] for name, document in minima.items()}
    return _concluded(
        [f"{name}: {examined_label(count)} decided" for name, count in counts.items()]
        + [f"path {name}: decided at every ridge" for name in paths],
        {name: count["undecided"] for name, count in counts.items()} | _undecided_paths(paths),
        "supports stayed undecided",
        f"everything else is written, minima.json lists them, and {_MORE}",
    )


def sweep_decided(instances: "pd.DataFrame", paths: Mapping[str, Document]) -> str:
    """Conclude that nothing stayed undecided, from the table of instances and ridge paths.

    Raises
    ------
    IncompleteRunError
        Naming instances and paths that are not complete, or else instances without the basins
        that were asked for.
    """
    from reluenum.views.sweep_tables import examined_kind  # slow to import

    total, kind = instances["supports_examined"].sum(), examined_kind(instances)
    rows = instances[~instances["complete"]]  # each a fault, even if none is undecided
    decided = _concluded(
        [f"{len(instances)} instances, {total} {kind} decided"],
        dict(zip(rows["instance"], map(str, rows["undecided"]), strict=True))
        | _undecided_paths(paths),
        f"{kind} stayed undecided",
        f"everything else is written, instances.csv has the numbers, and {_MORE}",
    )
    treeless = instances.loc[instances.get("basins", instances["complete"]).isna(), "instance"]
    advice = f"everything else is written, and {_MORE}"
    return decided + _concluded(
        [], dict.fromkeys(treeless, "no tree"), "the order of two losses stayed undecided", advice
    )


def _undecided_paths(paths: Mapping[str, Document]) -> dict[str, int]:
    return {f"path {name}": undecided_along(path) for name, path in paths.items()}


def runs_agreed(agreements: Mapping[str, Document]) -> str:
    """Conclude that all runs of a crosscheck agree as far as they went, from those of instances.

    Raises
    ------
    IncompleteRunError
        Naming the instances with disagreements, and the first disagreement.
    """
    lines = []
    for name, record in agreements.items():
        short = len(record["not_finished"])
        reservation = f", {short} of them wherever they finished" if short else ""
        lines.append(f"{name}: {len(record['runs'])} runs agree{reservation}")
    found = [line for record in agreements.values() for line in record["disagreements"]]
    return _concluded(
        lines,
        {name: len(record["disagreements"]) for name, record in agreements.items()},
        "formulations or backends disagree",
        "everything else is written, and crosscheck/agreement.md lists them; "
        f"the first: {''.join(found[:1])}",
    )


def convex_agreed(verdicts: Mapping[str, "Agreed"]) -> str:
    """Conclude that lists of minima agree with their convex programs, from the verdicts on them.

    Raises
    ------
    IncompleteRunError
        Naming the instances with a disagreement.
    """
    return _concluded(
        [f"{name}: {verdict}" for name, verdict in verdicts.items()],
        {name: "" if verdict.agrees else verdict for name, verdict in verdicts.items()},
        "minima and convex programs disagree",
        "convex.csv has the numbers",
    )


def descents_explained(descents: Mapping[str, Document]) -> str:
    """Conclude that every end point of an optimiser is explained, from the descents on instances.

    Raises
    ------
    IncompleteRunError
        Naming the instances with minima that their list lacks, and with unexplained end points.
    """
    from reluenum.optimisers.studies.runs import (  # heavy, and not for the others
        missing,
        unexplained,
    )

    counts = {name: (missing(found), unexplained(found)) for name, found in descents.items()}
    return _concluded(
        [f"{name}: {len(document['runs'])} runs explained" for name, document in descents.items()],
        {
            name: f"{lacking} missing, {riddles} unexplained" if lacking or riddles else ""
            for name, (lacking, riddles) in counts.items()
        },
        "end points are unexplained, or minima that a list lacks,",
        "everything else is written, and descents.csv has every run",
    )


def _concluded(lines: Iterable[str], faults: Mapping[str, Any], complaint: str, advice: str) -> str:
    """Return the lines as a text, unless a name has a fault that is not 0 or empty.

    What an IncompleteRunError then says stands before and behind the names.
    """
    named = [f"{name} ({fault})" for name, fault in faults.items() if fault]
    if named:
        more = len(named) - MOST_NAMES
        rest = f" and {more} more" if more > 0 else ""
        raise IncompleteRunError(f"{complaint} in {', '.join(named[:MOST_NAMES])}{rest}; {advice}")
    return "".join(f"{line}\n" for line in lines)
