"""The merge tree: components of sublevel sets, grown from level to level (Theorem G).

A vertex support is a point of the space of unit states, one unit on each face and the others zero.
Two points are neighbours if a product of closed signed cells contains both: then the loss between
them is at most the larger one. The components of {loss <= c} are those of the graph of all points
with a loss of at most c (Corollary G.1).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations

import numpy as np

from reluenum.basins.levels import Levels, StationaryPoints
from reluenum.basins.vertices import Vertices
from reluenum.errors import TheoremViolationError
from reluenum.geometry.arrangement import site_signs
from reluenum.landscape.components import joined

Contacts = Mapping[int, Mapping[int, int]]
"""For points of a level: the components that each touches, with the lowest neighbour there."""


@dataclass(frozen=True, eq=False)
class Places:
    """The points of the graph: vertices with their units in an order, or in any (Lemma 42).

    Parameters
    ----------
    vertices : StationaryPoints
    labelled : bool
        Whether units keep their names: then a vertex has a point for each way to place its units.
    vertex : (P,) array of int
        Of each point.
    units : (P, L) array of int
        The signed face of each unit, counted from 1; 0 for a zero unit.
    fits : (C, C) array of bool
        Whether two signed faces lie in one closed signed cell.
    """

    vertices: StationaryPoints
    labelled: bool
    vertex: np.ndarray
    units: np.ndarray
    fits: np.ndarray
    _fits: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, vertices: Vertices, labelled: bool) -> "Places":
        """Place the units of all vertices."""
        signed = 1 + 2 * vertices.faces + (vertices.signs > 0)
        used, codes = np.unique(np.where(vertices.signs == 0, 0, signed), return_inverse=True)
        return cls.placed(
            vertices, labelled, codes.reshape(signed.shape), _compatible(vertices, used)
        )

    @classmethod
    def placed(
        cls, vertices: StationaryPoints, labelled: bool, rows: np.ndarray, fits: np.ndarray
    ) -> "Places":
        """Place units that are given by numbers, (V, L), the living ones of each vertex first."""
        vertex = np.arange(len(vertices))
        if labelled:
            placed = [_placements(row[row > 0], len(row)) for row in rows]
            vertex = np.repeat(vertex, [len(part) for part in placed])
            rows = np.concatenate(placed)
        return cls(vertices, labelled, vertex, rows, fits)

    def __len__(self) -> int:
        return len(self.vertex)

    def of_vertex(self, vertex: int) -> range:
        """Return the points of a vertex."""
        return range(*np.searchsorted(self.vertex, [vertex, vertex + 1]).tolist())

    def neighbours(self, place: int, others: slice | np.ndarray) -> np.ndarray:
        """Return which of other points share a product of closed signed cells with one."""
        codes = self.units[place].tolist()
        if self.labelled:
            fits = [self._fitting(code)[others, k] for k, code in enumerate(codes)]
            return np.all(fits, axis=0)
        # Living units that are not matched with each other need a zero unit.
        living = [self._fitting(code)[others] for code in codes if code]
        return _most_matched(living) >= len(living) + self._living[others] - len(codes)

    @cached_property
    def _living(self) -> np.ndarray:
        """How many units of each point are not zero, (P,)."""
        return (self.units > 0).sum(axis=1)

    def _fitting(self, code: int) -> np.ndarray:
        """Return which units of all points fit a signed face: (P, L), or, in any order, (P, M).

        In any order, zero units fit none, and points have at most M others, which come first.
        """
        if code not in self._fits:
            row, units = self.fits[code], self.units
            if not self.labelled:
                row = np.where(np.arange(len(row)) > 0, row, False)
                units = units[:, : int(self._living.max())]
            self._fits[code] = row[units]
        return self._fits[code]

    def are_neighbours(self, left: int, right: int) -> bool:
        """Return whether two points share such a product."""
        return bool(self.neighbours(left, np.array([right]))[0])

    def faces_of_units(self, place: int) -> list[str | None]:
        """Return the signs of the face of each unit, None for a zero unit."""
        faces = self.vertices.faces_of(int(self.vertex[place]))
        codes = self.units[place].tolist()
        signs = dict(zip(sorted(filter(None, codes)), faces, strict=True))
        return [signs.get(code) for code in codes]


def _compatible(vertices: Vertices, used: np.ndarray) -> np.ndarray:
    """Return which signed faces lie in one closed signed cell; the first is the zero unit.

    Two faces lie in one closed cell if and only if no input has opposite signs on them: then their
    composition is a face that has both in its closure. If a unit and its negative are the same, it
    is enough that a face and the opposite of the other one do (Lemma 64).
    """
    geometry = vertices.escalation.geometry
    live = geometry.arrangement.live_faces
    number, sign = np.divmod(used[1:] - 1, 2)
    sides = np.array([site_signs(geometry.problem, live[face]) for face in number], dtype=float)
    sides = sides.reshape(len(number), len(geometry.problem.sites))
    agreeing, most = sides @ sides.T, np.abs(sides) @ np.abs(sides.T)
    conformal = agreeing == most
    if geometry.problem.units.is_even:
        conformal |= -agreeing == most
    fits = np.ones((len(used), len(used)), dtype=bool)
    fits[1:, 1:] = conformal & (sign[:, None] == sign)
    return fits


def _placements(living: np.ndarray, width: int) -> np.ndarray:
    """Return all ways to give living units a place, (K, L)."""
    places = np.array(list(permutations(range(width), len(living))), dtype=np.int64)
    found = np.zeros((len(places), width), dtype=np.int64)
    np.put_along_axis(found, places, living[None, :], axis=1)
    return found


def _most_matched(fits: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many units can be matched one to one, (B,), from whom each unit fits, (B, M)."""
    reached = {0: True}
    for row in fits:
        further = dict(reached)
        for taken, possible in reached.items():
            for k in range(row.shape[1]):
                if not taken >> k & 1:
                    key = taken | 1 << k
                    further[key] = further.get(key, False) | possible & row[:, k]
        reached = further
    most = 0
    for taken, possible in reached.items():
        most = np.maximum(most, taken.bit_count() * possible)
    return most


@dataclass(frozen=True)
class Branch:
    """A component of a sublevel set, as a part of the tree.

    Parameters
    ----------
    number : int
        Of a leaf or a merge.
    is_leaf : bool
    lowest : tuple of int
        Its leaves of least loss.
    """

    number: int
    is_leaf: bool
    lowest: tuple[int, ...]


@dataclass(frozen=True)
class Merge:
    """A level at which components become one.

    Parameters
    ----------
    children : tuple of Branch
        That with the lowest minimum last.
    lowest : tuple of int
        The leaves of least loss of all children.
    passes : tuple of int
        The points through which the children meet, all at the level.
    reached : int
        How many points are not above them.
    """

    children: tuple[Branch, ...]
    lowest: tuple[int, ...]
    passes: tuple[int, ...]
    reached: int


class Tree:
    """The merge tree of a problem, grown over its points.

    Parameters
    ----------
    places : Places
    levels : Levels
    leaf : mapping
        From the points of basins to leaves, which are numbered from 0 by rising loss.

    Attributes
    ----------
    merges : list of Merge
        By level.
    below : dict
        For each point the components of lower loss that it touches when its level is reached.
    start : dict
        For each leaf one of its points.

    Raises
    ------
    TheoremViolationError
        If the leaves are not the components that appear.
    BackendError
        If two losses whose order matters may be equal, and the backends do not tell.
    """

    def __init__(self, places: Places, levels: Levels, leaf: Mapping[int, int]) -> None:
        self.places, self.levels, self.leaf = places, levels, leaf
        self.merges: list[Merge] = []
        self.below: dict[int, tuple[Branch, ...]] = {}
        self.start = {number: place for place, number in reversed(leaf.items())}
        self._links: dict[int, list[int]] = {place: [] for place in range(len(places))}
        self._component = np.full(len(places), -1)  # -1 where the level is not reached
        self._rank, self._count = np.full(len(places), len(places)), 0
        self._branches: list[Branch] = []
        for cluster in levels.clusters:
            self._grow(cluster)
        born = {branch.number for branch in self._branches if branch.is_leaf}
        if born != set(self.start):
            raise TheoremViolationError("the basins of the list are not those of the tree")

    def _grow(self, cluster: Sequence[int]) -> None:
        """Reach vertices between whose losses enclosures leave no gap.

        Their exact order is asked for only if it matters.
        """
        stop = self.places.of_vertex(cluster[-1]).stop
        contacts = self._contacts(cluster, stop)
        groups = self._groups(contacts)
        if len(cluster) > 1 and any(len(self._meeting(g, contacts)) != 1 for g in groups):
            for level in self.levels.split(cluster):
                contacts = self._contacts(level, stop)
                for group in self._groups(contacts):
                    self._add(group, contacts)
            return
        for group in groups:
            self._add(group, contacts)

    def _contacts(self, vertices: Sequence[int], stop: int) -> Contacts:
        """Return the components that points touch, each with the lowest neighbour there.

        No point from `stop` on has been reached.
        """
        contacts, below = {}, slice(0, stop)
        for place in (p for vertex in vertices for p in self.places.of_vertex(vertex)):
            touched = self.places.neighbours(place, below) & (self._component[below] >= 0)
            near = np.flatnonzero(touched)
            found, first = np.unique(self._component[near], return_index=True)
            contacts[place] = dict(zip(found.tolist(), near[first].tolist(), strict=True))
        return contacts

    def _groups(self, contacts: Contacts) -> list[list[int]]:
        """Return the points that are joined when their level is reached."""

        def related(left: int, right: int) -> bool:
            shared = contacts[left].keys() & contacts[right].keys()
            return bool(shared) or self.places.are_neighbours(left, right)

        return joined(list(contacts), related)

    def _meeting(self, group: Sequence[int], contacts: Contacts) -> set[tuple[bool, int]]:
        """Return what becomes one: components of lower loss, and new leaves (the True ones)."""
        leaves = {(True, self.leaf[place]) for place in group if place in self.leaf}
        return leaves | {(False, number) for place in group for number in contacts[place]}

    def _add(self, group: Sequence[int], contacts: Contacts) -> None:
        """Add points that are joined at one level to the component that they make."""
        meeting = sorted(self._meeting(group, contacts))
        (is_leaf, number), *others = meeting or [(True, -1)]
        wrong = number < 0 or (is_leaf and self._component[self.start[number]] >= 0)
        if wrong or (others and others[-1][0]):
            raise TheoremViolationError("a component appears that holds not exactly one basin")
        passes = self._passes(group, contacts)
        for place in group:
            self.below[place] = tuple(self._branches[k] for k in contacts[place])
        if is_leaf:
            self._branches.append(Branch(number, True, (number,)))
            number = len(self._branches) - 1
        elif others:
            reached = self._count + len(group)
            number = self._merge([k for _, k in meeting], passes, reached)
        self._component[group] = number
        for place in group:
            if not others:  # it may touch a point of like loss that is not told from its own
                self.below[place] = self.below[place] or (self._branches[number],)
            peers = (p for p in group if p > place and self.places.are_neighbours(place, p))
            for neighbour in (*contacts[place].values(), *peers):
                self._links[place].append(neighbour)
                self._links[neighbour].append(place)
        self._rank[group] = self._count
        self._count += len(group)

    def _passes(self, group: Sequence[int], contacts: Contacts) -> tuple[int, ...]:
        """Return the points that touch several components; if none does, those that touch one.

        The latter are the ends of an arc (Lemma 39).
        """
        several = tuple(place for place in group if len(contacts[place]) > 1)
        return several or tuple(place for place in group if contacts[place])

    def _merge(self, components: Sequence[int], passes: tuple[int, ...], reached: int) -> int:
        """Join components at points of one level; return the number of the new one."""
        children = sorted((self._branches[k] for k in components), key=lambda b: -b.lowest[0])
        best = children[-1].lowest[0]
        lowest = sorted(
            leaf
            for child in children
            if self._order(child.lowest[0], best) == 0
            for leaf in child.lowest
        )
        self.merges.append(Merge(tuple(children), tuple(lowest), passes, reached))
        self._branches.append(Branch(len(self.merges) - 1, False, tuple(lowest)))
        number = len(self._branches) - 1
        self._component[np.isin(self._component, components)] = number
        return number

    def _order(self, left: int, right: int) -> int:
        """Compare two leaves by loss, exactly."""
        vertex = self.places.vertex
        return self.levels.compare(vertex[self.start[left]], vertex[self.start[right]])

    def path(self, merge: Merge, child: Branch) -> list[int]:
        """Return a chain of neighbours from a child's lowest leaf to the last child's.

        No point is above the merge.
        """
        start, stop = (self.start[b.lowest[0]] for b in (child, merge.children[-1]))
        before, queue = {start: start}, deque([start])
        while stop not in before:
            place = queue.popleft()
            for neighbour in self._links[place]:
                if self._rank[neighbour] < merge.reached and neighbour not in before:
                    before[neighbour] = place
                    queue.append(neighbour)
        chain = [stop]
        while chain[-1] != start:
            chain.append(before[chain[-1]])
        return self._shortened(chain[::-1])

    def _shortened(self, chain: list[int]) -> list[int]:
        """Leave out points between neighbours."""
        found = [0]
        while found[-1] < len(chain) - 1:
            near = self.places.neighbours(chain[found[-1]], np.array(chain))
            found.append(int(np.flatnonzero(near)[-1]))
        return [chain[k] for k in found]
