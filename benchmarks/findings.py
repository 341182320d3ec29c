"""What comes out when random instances are solved in two ways each."""

import json
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from pebble import ProcessPool
from tqdm import tqdm

from reluenum import Problem


class Kind(StrEnum):
    """What two ways come to on one instance."""

    DIFFERENT = "different"
    LOWER = "no minimum"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    """By an exception."""


CONTRADICTIONS = (Kind.DIFFERENT, Kind.LOWER, Kind.FAILED)
"""What must never be."""


class Finding(NamedTuple):
    """Something that is not settled on an instance.

    Parameters
    ----------
    kind : Kind
    text : str
        Who says what.
    """

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Open(Protocol):
    """A support or stratum that stayed undecided."""

    support: object
    reason: str


def left_open(name: str, undecided: Sequence[Open]) -> list[Finding]:
    """Return a finding for each support or stratum that stayed undecided."""
    return [Finding(Kind.UNDECIDED, f"{name}: {one.support}: {one.reason}") for one in undecided]


def differing(documents: Sequence[Mapping[str, Any]], route: Container[str]) -> list[Finding]:
    """Compare documents number by number, but for the keys that tell how a list was found."""
    texts = [{key: json.dumps(value) for key, value in d.items()} for d in documents]
    keys = sorted({key for text in texts for key in text if key not in route})
    found = [key for key in keys if len({text.get(key) for text in texts}) > 1]
    return [Finding(Kind.DIFFERENT, f"documents: {', '.join(found)}")] if found else []


def gone_through(
    problems: Mapping[str, Problem],
    work: Callable[[Problem], list[Finding]],
    seconds: float,
) -> dict[str, list[Finding]]:
    """Go through problems by their names, and print those on which something is not settled.

    Parameters
    ----------
    problems : mapping
        By name.
    work : callable
        Returns what is not settled on a problem.
    seconds : float
        Limit of a problem.
    """
    found = {}
    with ProcessPool(max_workers=1) as pool:
        coming = pool.map(work, problems.values(), timeout=seconds).result()
        for name, problem in tqdm(problems.items(), disable=None):
            found[name] = _next(coming, seconds)
            if found[name]:
                record = json.dumps({"instance": name, **problem.to_document()})
                print(record, *found[name], sep="\n  ", flush=True)
    totals = Counter(kind for one in found.values() for kind in outcome(one))
    told = ", ".join(f"{n} {kind}" for kind, n in totals.items())
    print(f"{len(problems)} instances: {told}")
    return found


def outcome(found: Sequence[Finding]) -> set[str]:
    """Return the kinds of some findings, or that there is none."""
    return {str(one.kind) for one in found} or {"settled"}


def contradicted(found: Mapping[str, Sequence[Finding]]) -> bool:
    """Whether two ways contradict each other on some instance."""
    return any(one.kind in CONTRADICTIONS for some in found.values() for one in some)


def _next(coming: Iterator[list[Finding]], seconds: float) -> list[Finding]:
    """Return what was found on the next problem."""
    try:
        return next(coming)
    except TimeoutError:
        return [Finding(Kind.UNFINISHED, f"not within {seconds:g} s")]
    except Exception as error:  # of any kind: the next problem is another one
        return [Finding(Kind.FAILED, f"{type(error).__name__}: {error}")]
