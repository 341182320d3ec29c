"""The certified path between two basins: its corners, and what the units do on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from reluenum.documents.labels import Document
from reluenum.errors import InputError
from reluenum.optimisers.networks import Networks, Objective
from reluenum.problem import Problem
from reluenum.views.cells import short_number

STEPS = 40
"""Points at which the loss is computed between two corners of a path."""


@dataclass(frozen=True, eq=False)
class Corner:
    """A corner of a path: unit states (s, z).

    Parameters
    ----------
    signs : (L,) array of int
        0 for a zero unit.
    units : (L, d + 1) array of Fraction
    faces : (L, 1 + n) array of int
        Of each unit, its sign and those of its pre-activations, exactly.
    record : dict
        As the document has it.
    """

    signs: np.ndarray
    units: np.ndarray
    faces: np.ndarray
    record: Document

    @classmethod
    def of(cls, record: Document, rows: np.ndarray) -> "Corner":
        """Read a corner of a document; the inputs are fractions, with a 1 behind each."""
        units = np.array([list(map(Fraction, unit["z"])) for unit in record["units"]], dtype=object)
        signs = np.array([unit["sign"] for unit in record["units"]])
        values = units @ rows.T
        faces = np.column_stack([signs, (values > 0).astype(int) - (values < 0)])
        return cls(signs, units, faces, record)

    @cached_property
    def states(self) -> np.ndarray:
        """The units in doubles, (L, d + 1)."""
        return self.units.astype(float)

    def renamed(self, order: Sequence[int]) -> "Corner":
        """Return it with its units in another order."""
        return Corner(self.signs[order], self.units[order], self.faces[order], self.record)

    def order_of(self, other: "Corner") -> np.ndarray:
        """Return the order in which the units of a corner near the same point are on its faces."""
        order = np.empty(len(self.signs), dtype=int)
        order[np.lexsort(self.faces.T)] = np.lexsort(other.faces.T)
        return order


def way(tree: Document, start: int, stop: int) -> list[Corner]:
    """Return the corners of the certified path between two basins.

    Each basin has a path to the lowest one that it joins where its branch ends. These make a tree,
    on which there is one way from the first basin to the second; no point of it is above the merge
    where they first lie in one component (Theorem G).

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.
    start, stop : int
        Different basins, by their numbers in the list, from 0.

    Raises
    ------
    InputError
        If they are none.
    """
    if "every_width" in tree:
        raise InputError("profile", "a list for every width", "a list for one width")
    leaves = {leaf["component"]: k for k, leaf in reversed(list(enumerate(tree["leaves"])))}
    if start == stop or not {start, stop} <= leaves.keys():
        losses = [short_number(tree["components"][index]["loss"]) for index in sorted(leaves)]
        found = "one basin twice" if start == stop else "a component that is no basin"
        raise InputError("profile", found, f"two of the basins, of loss {', '.join(losses)}")
    first, last = leaves[start], leaves[stop]
    paths = {path["from"]: path for merge in tree["merges"] for path in merge["paths"]}

    def descent(leaf: int) -> list[int]:
        lower = [leaf]
        while lower[-1] in paths:
            lower.append(paths[lower[-1]]["to"])
        return lower

    up, down = descent(first), descent(last)
    while len(up) > 1 and len(down) > 1 and up[-2] == down[-2]:
        up, down = up[:-1], down[:-1]
    pieces = [paths[leaf]["points"] for leaf in up[:-1]]
    pieces += [paths[leaf]["points"][::-1] for leaf in down[-2::-1]]
    rows = _exact_rows(tree["problem"])
    corners = (Corner.of(point, rows) for piece in pieces for point in piece)
    path = _in_one_path(corners, tree["labelled"])
    return _unmirrored(path) if Problem.from_document(tree["problem"]).units.is_even else path


def _unmirrored(corners: Sequence[Corner]) -> list[Corner]:
    """Return a path whose units stay in one cell from corner to corner.

    A unit and its negative are the same: that is chosen which is on the sides of the corner before.
    """
    found = [corners[0]]
    for corner in corners[1:]:
        against = (found[-1].faces[:, 1:] * corner.faces[:, 1:] < 0).any(axis=1)
        side = np.where(against, -1, 1)[:, None]
        faces = np.column_stack([corner.signs, side * corner.faces[:, 1:]])
        found.append(Corner(corner.signs, side * corner.units, faces, corner.record))
    return found


def _exact_rows(problem: Document) -> np.ndarray:
    """Return the inputs of a problem with a 1 at the end, as fractions; without, if no bias."""
    offset = [] if problem.get("hidden_bias") == "none" else [Fraction(1)]
    return np.array([[*map(Fraction, row), *offset] for row in problem["x"]], dtype=object)


def _in_one_path(corners: Iterator[Corner], labelled: bool) -> list[Corner]:
    """Return one path without loops; up to permutation its units keep the names they start with."""
    found: list[Corner] = []
    order = None
    for corner in corners:
        order = np.arange(len(corner.signs)) if order is None else order
        corner = corner.renamed(order)
        for place, before in enumerate(found):
            if before.record["support"] == corner.record["support"]:
                again = np.arange(len(order)) if labelled else before.order_of(corner)
                if np.array_equal(before.faces, corner.faces[again]):
                    order, found = order[again], found[: place + 1]
                    break
        else:
            found.append(corner)
    return found


@dataclass(frozen=True, eq=False)
class Course:
    """What the loss and the units do along a path.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    corners : sequence of Corner
    """

    document: Document
    corners: Sequence[Corner]

    @cached_property
    def distances(self) -> np.ndarray:
        """Where the corners are, by their distance in the space of unit states."""
        steps = [np.linalg.norm(b.states - a.states) for a, b in pairwise(self.corners)]
        return np.array([0.0, *np.cumsum(steps)])

    def place(self, corner: int, unit: int) -> tuple[float, float]:
        """Return where a corner is, and how large a unit is there."""
        (size,) = self.sizes(self.corners[corner].states[[unit]])
        return float(self.distances[corner]), float(size)

    def sizes(self, states: np.ndarray) -> np.ndarray:
        """Return |a| times the norm of what is penalised of v, (L,)."""
        if self.objective.problem.has_free_hidden_bias:
            states = states[:, :-1]
        return np.linalg.norm(states, axis=1)

    @cached_property
    def samples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distances (k,), losses (k,) and lengths of the units (k, L)."""
        places, losses, lengths = [], [], []
        for k, (a, b) in enumerate(pairwise(self.corners)):
            signs = np.where(a.signs == 0, b.signs, a.signs)
            for share in np.linspace(0, 1, STEPS):
                states = (1 - share) * a.states + share * b.states
                places.append((1 - share) * self.distances[k] + share * self.distances[k + 1])
                losses.append(self.loss(signs, states))
                lengths.append(self.sizes(states))
        return np.array(places), np.array(losses), np.array(lengths)

    @cached_property
    def objective(self) -> Objective:
        """The loss of networks, in doubles."""
        return Objective(Problem.from_document(self.document["problem"]))

    def networks(self, signs: np.ndarray, states: np.ndarray) -> Networks:
        """Return the best network with some unit states, a batch of one."""
        sizes = np.sqrt(self.sizes(states))
        units = states / np.where(sizes > 0, sizes, 1)[:, None]
        bare = Networks((signs * sizes)[None], units[None], np.zeros(1))
        return self.objective.with_best_outer(bare)

    def loss(self, signs: np.ndarray, states: np.ndarray) -> float:
        """Return the least loss of networks with these unit states."""
        (total,) = self.objective.values(self.networks(signs, states))
        return float(total) * float(self.objective.problem.loss_scale)

    def network(self, corner: Corner) -> dict[str, Any]:
        """Return a network with the unit states of a corner, as a component has it."""
        best = self.networks(corner.signs, corner.states)
        texts = [list(map(repr, row)) for row in corner.states.tolist()]
        signs = list(map(repr, corner.signs.tolist()))
        inputs = len(self.document["problem"]["x"][0])
        found = {"a": signs, "B": [row[:inputs] for row in texts], "m": repr(float(best.bias[0]))}
        if "linear" in self.document["problem"]:
            found["beta"] = list(map(repr, best.linear[0].tolist()))
        if self.document["problem"].get("hidden_bias") != "none":
            found["c"] = [row[inputs] for row in texts]
        return {"representative": found}

    @cached_property
    def deaths(self) -> list[tuple[int, int]]:
        """Corners and units that are zero there, at the ends of where they are."""
        zero = np.array([corner.signs == 0 for corner in self.corners])
        return [
            (k, unit)
            for k, unit in np.argwhere(zero).tolist()
            if k in (0, len(zero) - 1) or not (zero[k - 1, unit] and zero[k + 1, unit])
        ]

    @cached_property
    def crossings(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """Corners, units that change sides there, and of which data points (from 1)."""
        rows = _exact_rows(self.document["problem"])
        found: dict[tuple[int, int], list[int]] = {}
        for unit in range(len(self.corners[0].signs)):
            side, leaving = [0] * len(rows), [0] * len(rows)
            for k, corner in enumerate(self.corners):
                for point, value in enumerate(rows @ corner.units[unit]):
                    if corner.signs[unit] == 0:
                        side[point] = 0
                    elif value == 0:
                        leaving[point] = k
                    else:
                        now = 1 if value > 0 else -1
                        if side[point] == -now:
                            found.setdefault((leaving[point], unit), []).append(point + 1)
                        side[point] = now
        return [(k, unit, tuple(points)) for (k, unit), points in sorted(found.items())]
