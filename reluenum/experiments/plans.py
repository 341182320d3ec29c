"""How patterns, blocks of supports and runs of a crosscheck are spread over jobs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reluenum.crosscheck import EMBEDDED, LISTS
from reluenum.documents.seals import place_of, read_sealed
from reluenum.experiments.names import is_certifiable


def batch_names(batches: Sequence[Sequence[Any]]) -> list[str]:
    """Name batches of patterns by the numbers of their first and last pattern.

    The names tell batches of different sizes apart, so that files of an earlier run with
    another size are never taken for those of this one.

    Examples
    --------
    >>> batch_names([["--|--", "--|-+"], ["--|++"]])
    ['1-2', '3']
    """
    digits = len(str(sum(map(len, batches))))
    names, last = [], 0
    for batch in batches:
        first, last = last + 1, last + len(batch)
        ends = dict.fromkeys([first, last])
        names.append("-".join(f"{end:0{digits}}" for end in ends))
    return names


def planned_batches(plan: str | Path) -> list[str]:
    """Return the names of the batches in a file that rule `patterns` wrote."""
    return batch_names(read_sealed(plan, place_of(plan))["batches"])


def planned_blocks(plan: str | Path) -> list[str]:
    """Return the names of the blocks in a file that rule `supports` wrote: `start-stop`."""
    blocks = read_sealed(plan, place_of(plan))["blocks"]
    return [f"{start}-{stop}" for start, stop in blocks]


def shard_names(shards: int) -> list[str]:
    """Return the names of so many shards.

    Examples
    --------
    >>> shard_names(3)
    ['1-of-3', '2-of-3', '3-of-3']
    """
    return [f"{number}-of-{shards}" for number in range(1, shards + 1)]


def shard_of(name: str) -> tuple[int, int]:
    """Return the number of a shard, from 0 on, and how many there are, from its name.

    Examples
    --------
    >>> shard_of("2-of-3")
    (1, 3)
    """
    number, shards = map(int, name.split("-of-"))
    return number - 1, shards


def crosscheck_runs(
    config: Mapping[str, Any], width: int | list[int] = 1, free_columns: int = 0
) -> list[tuple[str, str]]:
    """Return what a crosscheck compares: formulations by backends; engines with lists only once.

    Several hidden layers have no eliminated formulation, and not all a certified engine. Free
    hidden biases have none either, and of inputs on a line two certified engines.

    Parameters
    ----------
    config : dict
        With `crosscheck`.
    width : int or list of int
    free_columns : int
        The number of columns of the inputs if hidden biases are free, else 0.

    Examples
    --------
    >>> settings = {"formulations": ["reduced", "certified"], "backends": ["flint", "msolve"]}
    >>> crosscheck_runs({"crosscheck": settings})
    [('reduced', 'flint'), ('reduced', 'msolve'), ('certified', 'auto')]
    >>> crosscheck_runs({"crosscheck": settings}, [2, 2])
    [('reduced', 'flint'), ('reduced', 'msolve')]
    >>> crosscheck_runs({"crosscheck": settings | {"backends": ["flint"]}}, 1, 1)
    [('reduced', 'flint'), ('certified', 'auto'), ('embedded', 'auto')]
    """
    settings = config["crosscheck"]
    formulations, without = list(settings["formulations"]), set[str]()
    if free_columns:
        without = {"eliminated", "branch"}
        formulations += [EMBEDDED] * ("certified" in formulations and free_columns == 1)
    if isinstance(width, list):
        without = {"eliminated", "branch"} | (set() if is_certifiable(width) else {"certified"})
    return [
        (formulation, backend)
        for formulation in formulations
        for backend in (("auto",) if formulation in LISTS else settings["backends"])
        if formulation not in without
    ]
