"""Basins of every width at once, from a list for every width (Corollary 40.2)."""

from collections import Counter
from collections.abc import Mapping
from math import factorial
from typing import Any

from reluenum.landscape.components import connected
from reluenum.landscape.residuals import unions


def every_width_record(minima: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of basins of each width, and from which width on there is only one.

    Parameters
    ----------
    minima : dict
        A list for every width.
    """
    every, components = minima["every_width"], minima["components"]
    isolated = Counter(
        record["width_min"]
        for record in components
        if record["dimension"] == 0 and not record["global_at_every_width"]
    )
    vertices = [tuple(support) for support in every["global"]["supports"]]
    widths = [
        _width_record(row["width"], isolated[row["width"]], vertices) for row in every["widths"]
    ]
    return {
        "widths": widths,
        "last_trap": max(isolated, default=0),
        "connected_from": {
            "up_to_permutation": _single_from(widths, "basins"),
            "labelled": _single_from(widths, "labelled"),
        },
        "global": {
            "smallest": min(map(len, vertices)),
            "largest": max(map(len, vertices)),
            "connected_from": every["global"]["connected_from"],
        },
    }


def _width_record(width: int, isolated: int, vertices: list[tuple[str, ...]]) -> dict[str, int]:
    """Count the basins of a width: isolated ones, and components of the global set."""
    sets = connected(unions(vertices, width))
    copies = [_copies(supports, width) for supports in sets]
    return {
        "width": width,
        "basins": isolated + len(sets),
        "isolated": isolated,
        "global": len(sets),
        "labelled": isolated * factorial(width) + sum(copies),
    }


def _copies(supports: list[tuple[str, ...]], width: int) -> int:
    """Return how many labelled components of the global set one is (Theorem D(3))."""
    rigid = len(supports) == 1 and len(supports[0]) == width
    return factorial(width) if rigid else 1


def _single_from(widths: list[dict[str, int]], key: str) -> int:
    """Return the width from which on there is one basin; so it is beyond those listed."""
    several = (row["width"] for row in widths if row[key] != 1)
    return max(several, default=0) + 1


def spans(minima: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each support of the list at which widths its minima are a basin."""
    found = []
    for index, record in enumerate(minima["components"]):
        first = record["width_min"]
        everywhere = record["global_at_every_width"]
        basin = everywhere or record["dimension"] == 0
        span = [first, None if everywhere else first] if basin else None
        found.append({"index": index, "loss": record["loss"], "basin": basin, "widths": span})
    return found
