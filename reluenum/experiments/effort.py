"""How long a job takes and how much memory, estimated from the size of its work.

A scheduler kills what takes longer than it was said to. So the estimates are generous, and a job
that was killed asks for more: everything is multiplied by the number of the attempt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, comb, prod
from typing import Any

from reluenum.datasets.families import REFERENCE
from reluenum.datasets.layout import Layout
from reluenum.engines.trees.forecast import seconds_of_boxes
from reluenum.errors import InputError
from reluenum.geometry.bounds import face_bound

SAFETY = 6
"""How many times as long as on the machine of docs/cluster.md a job may take."""

BASE_MEGABYTES = 1000
"""What every job gets; Python with its libraries takes 100 to 200."""

_LARGEST_COUNTED = 100
"""No more dimensions or faces of a support are counted: these are too many already."""


@dataclass(frozen=True)
class Pace:
    """What a kind of work takes; measured values, rounded to the slow side.

    Parameters
    ----------
    per_second : int
        Supports, or boxes, that one core does in a second.
    bytes_each : int
        Memory for each of them.
    start : int
        Minutes that are there from the start.
    """

    per_second: int
    bytes_each: int
    start: int


PACES = {
    "groebner": Pace(10, 20_000, 2),
    "layers": Pace(2, 20_000, 2),
    "certified": Pace(4_000, 300, 2),
    "branch": Pace(25_000, 20, 5),
    "prove": Pace(20_000, 300, 2),
    "check": Pace(3_000, 300, 2),
    "path": Pace(2_000, 300, 10),
    "creases": Pace(400, 300, 2),
}
"""Kinds of work: solving by either engine, with several hidden layers, by boxes of directions,
joining blocks to a certificate, checking it, a path, and free hidden biases in several dimensions,
which take as long to check as to list."""


def paced(instance: Mapping[str, Any], kind: str) -> str:
    """Return a kind of work, or `creases` where free hidden biases of several columns are slower.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "hidden_bias": "free"}
    >>> [paced(instance | {"parameters": {"n": 5, "d": d}}, "check") for d in (1, 2)]
    ['check', 'creases']
    """
    slower = instance.get("hidden_bias") == "free" and data_size(instance)[1] > 1
    return "creases" if slower else kind


def minutes(kind: str, supports: int, attempt: int = 1) -> int:
    """Return for how many minutes a job may run.

    Examples
    --------
    >>> minutes("certified", 100_000), minutes("certified", 100_000, attempt=2)
    (5, 10)
    """
    pace = PACES[kind]
    return attempt * (pace.start + _ratio(SAFETY * supports, 60 * pace.per_second))


def megabytes(kind: str, supports: int, attempt: int = 1) -> int:
    """Return how many megabytes a job may take, in hundreds.

    Examples
    --------
    >>> megabytes("certified", 100_000), megabytes("certified", 10_000_000)
    (1100, 4000)
    """
    return attempt * (BASE_MEGABYTES + 100 * _ratio(PACES[kind].bytes_each * supports, 10**8))


def _ratio(a: int, b: int) -> int:
    """Divide, and round up; numbers may be too large for floats."""
    return -(-a // b)


def data_size(instance: Mapping[str, Any]) -> tuple[int, int]:
    """Return the number of points and the dimension of an input, without reading any number.

    Parameters
    ----------
    instance : dict
        See `instances.instances`. A file that cannot be read has no points: it is not
        here that its error is reported.
    """
    from reluenum.datasets.datafiles import table_size

    if instance["data"] is not None:
        inputs = instance["data"]["x"]
        return len(inputs), max(map(len, inputs), default=0)
    if instance["csv"] is not None:
        try:
            return table_size(instance["csv"], Layout(**instance.get("layout", {})))
        except InputError:
            return 0, 0
    if instance["family"] == "reference":
        return table_size(REFERENCE)
    return instance["parameters"]["n"], instance["parameters"].get("d", 1)


def arrangement_size(instance: Mapping[str, Any]) -> tuple[int, int]:
    """Return the same; without hidden bias inputs are as inputs of one dimension less with one.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5, "d": 2}}
    >>> arrangement_size(instance), arrangement_size(instance | {"hidden_bias": "none"})
    ((5, 2), (5, 1))
    """
    points, dimension = data_size(instance)
    return points, max(dimension - (instance.get("hidden_bias") == "none"), 0)


def expected_supports(instance: Mapping[str, Any], sizes: Iterable[int]) -> int:
    """Return how many supports of these sizes an instance has at most.

    Parameters
    ----------
    instance : dict
        See `instances.instances`.
    sizes : iterable of int
        Numbers of faces.

    Notes
    -----
    Sets of faces of n hyperplanes in general position; some of these faces are dead, and data in
    special position have fewer.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5}}
    >>> expected_supports(instance, [1, 2])  # 21 faces
    231
    """
    points, dimension = arrangement_size(instance)
    faces = face_bound(points, min(dimension, _LARGEST_COUNTED)) if points else 0
    return sum(comb(faces, min(size, _LARGEST_COUNTED)) for size in sizes)


def expected_all(instance: Mapping[str, Any]) -> int:
    """Return how many supports an instance has at most; of several hidden layers, strata, roughly.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5}}
    >>> expected_all(instance | {"width": 2}), expected_all(instance | {"width": [1, 1]})
    (231, 1323)
    """
    width = instance["width"]
    layers = width if isinstance(width, list) else [width]
    sizes = (range(1, min(layer, _LARGEST_COUNTED) + 1) for layer in layers)
    counts = [expected_supports(instance, found) for found in sizes]
    return counts[0] if len(counts) == 1 else 3 * prod(counts)


def expected_work_of_boxes(instance: Mapping[str, Any]) -> int:
    """Return about how many boxes of directions an instance has; each counts as long as it takes.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "width": 2}
    >>> expected_work_of_boxes(instance | {"parameters": {"n": 100}})
    4722
    """
    points, dimension = data_size(instance)
    seconds = seconds_of_boxes(points, max(dimension, 1), instance["width"])
    return ceil(seconds * PACES["branch"].per_second)


def expected_block(block: str) -> int:
    """Return the number of supports of a block, from its name `start-stop`.

    Examples
    --------
    >>> expected_block("40000-73920")
    33920
    """
    start, stop = map(int, block.split("-"))
    return stop - start


def expected_batch(instance: Mapping[str, Any], batch: str) -> int:
    """Return the number of supports of a batch of patterns, from its name: its share of them all.

    Of several hidden layers, batches are of strata.

    Parameters
    ----------
    instance : dict
        See `instances.instances`.
    batch : str
        The number of its only pattern, or `first-last`.

    Examples
    --------
    >>> instance = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5}}
    >>> expected_batch(instance | {"width": 2}, "01-11")  # of 55 patterns, with 231 supports
    47
    """
    ends = list(map(int, batch.split("-")))
    if isinstance(instance["width"], list):
        return ends[-1] - ends[0] + 1
    points, dimension = arrangement_size(instance)
    width = min(instance["width"], _LARGEST_COUNTED)
    columns = 2 * sum(comb(max(points - 1, 0), k) for k in range(min(dimension, points) + 1))
    patterns = max(comb(columns + width - 1, width), 1)
    supports = expected_supports(instance, range(1, width + 1))
    return _ratio((ends[-1] - ends[0] + 1) * supports, patterns)


def expected_sweep(spec: Mapping[str, Any], sizes: Sequence[int | list[int]]) -> int:
    """Return how many supports of these sizes all data sets of a batch have at most.

    Of several hidden layers, strata, roughly.

    Parameters
    ----------
    spec : dict
        See `instances.Batch`.
    sizes : sequence of int or list
        Numbers of faces, or widths of several hidden layers; what is there twice counts twice.
    """
    layered = [size for size in sizes if isinstance(size, list)]
    strata = sum(expected_all({**spec, "width": layers}) for layers in layered)
    supports = expected_supports(spec, (size for size in sizes if size not in layered))
    return len(spec["seeds"] or [None]) * (supports + strata)


def expected_path(path: Mapping[str, Any]) -> int:
    """Return how many supports a ridge path goes through, at about ten ridges for each of its grid.

    The grid is only where it starts: each event between two ridges takes some more than thirty.
    With free hidden biases nothing is sampled, and sets of hinges are fewer than supports.

    Parameters
    ----------
    path : dict
        See `instances.paths`.
    """
    width = min(path["width"], _LARGEST_COUNTED)
    if path.get("hidden_bias") == "free":
        return expected_supports(path, range(1, width + 1))
    return 10 * path["points"] * expected_supports(path, range(1, width + 1))
