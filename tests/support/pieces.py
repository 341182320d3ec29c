"""The merge tree by brute force: a convex program for every piece, and for what two pieces share.

A piece is a product of closed signed cells, one for each unit; on it the least loss of given unit
states is convex. Nothing here comes from the package: faces are compositions of cocircuits,
programs are solved by an interior point method in doubles, levels compared by a tolerance.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from heapq import heapify, heappop, heappush
from itertools import combinations, combinations_with_replacement, permutations, product

import numpy as np
from scipy import sparse

TOLERANCE = 5e-8
"""Of levels, relative to 1 and the loss of the zero network."""


@dataclass(frozen=True)
class Pieces:
    """The convex pieces of a problem's landscape.

    Parameters
    ----------
    inputs : (n, d) nested list of Fraction
    targets : (n,) list of Fraction
    width : int
    ridge : float
        Of the sum loss.
    bias : str
    hidden_bias : str
    """

    inputs: list
    targets: list
    width: int
    ridge: float
    bias: str
    hidden_bias: str = "ridge"

    @cached_property
    def rows(self):
        """The rows in coordinates of the space that they span, exactly."""
        offset = [Fraction(1)] if self.hidden_bias == "ridge" else []
        rows = [[*map(Fraction, row), *offset] for row in self.inputs]
        basis, kept = [], []
        for k in range(len(rows[0])):  # columns that are no combination of those before them
            column = [row[k] for row in rows]
            if _rank([*basis, column]) > len(basis):
                basis.append(column)
                kept.append(k)
        return rows, kept

    @cached_property
    def faces(self):
        """All sign vectors of a unit on the data."""
        rows, kept = self.rows
        short = [[row[k] for k in kept] for row in rows]
        circuits = {_signs(short, v) for v in _lines(short)}
        circuits |= {tuple(-s for s in c) for c in circuits}
        found, new = {(0,) * len(short)}, circuits
        while new:
            found |= new
            new = {tuple(a or b for a, b in zip(s, c, strict=True)) for s in new for c in circuits}
            new -= found
        return found

    @cached_property
    def cells(self):
        """The closed signed cells: a sign of the output weight, and signs on all data."""
        most = max(sum(map(abs, face)) for face in self.faces)  # a row 0 has the sign 0
        cells = [face for face in sorted(self.faces) if sum(map(abs, face)) == most]
        return [(sign, face) for sign in (1, -1) for face in cells]

    @cached_property
    def shared(self):
        """The signed face that two closed signed cells have in common; the zero face has sign 0."""
        return cache(self._shared)

    def _shared(self, left, right):
        both = tuple(a if a == b else 0 for a, b in zip(left[1], right[1], strict=True))
        if left[0] != right[0]:
            return 0, (0,) * len(both)
        inside = [f for f in self.faces if all(a in (0, b) for a, b in zip(f, both, strict=True))]
        face = max(inside, key=lambda f: sum(map(abs, f)))
        return (left[0], face) if any(face) else (0, face)

    @cached_property
    def _values(self):
        return {}

    def least(self, signed):
        """The least loss of unit states in a product of closed signed faces."""
        key = tuple(sorted(unit for unit in signed if unit[0]))
        if key not in self._values:
            self._values[key] = self._solved(key)
        return self._values[key]

    @cached_property
    def _data(self):
        n = len(self.targets)
        share = {"none": 0, "free": 1 / n, "ridge": 1 / (n + self.ridge)}[self.bias]
        values, vectors = np.linalg.eigh(np.eye(n) - share)
        root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
        rows = np.array([[float(entry) for entry in row] for row in self.rows[0]])
        return root, rows, root @ [float(target) for target in self.targets]

    def _solved(self, units):
        """Solve min |root (y - sum s relu(X z))|^2 + 2 ridge sum t, |z| <= t, z in its cone."""
        import clarabel

        root, rows, target = self._data
        size, count = rows.shape[1], len(units)
        if not units:
            return float(target @ target)
        total = count * (size + 1)
        response = np.hstack([s * np.maximum(f, 0)[:, None] * rows for s, f in units])
        fitted = np.hstack([root @ response, np.zeros((len(rows), count))])
        slope = -2 * fitted.T @ target
        slope[count * size :] = 2 * self.ridge
        conditions, cones = [], []
        for k, (_, face) in enumerate(units):
            place = slice(k * size, (k + 1) * size)
            inside = np.zeros((len(rows), total))
            inside[:, place] = -np.where(np.array(face) == 0, 1, face)[:, None] * rows
            for chosen, cone in ((0, clarabel.ZeroConeT), (1, clarabel.NonnegativeConeT)):
                block = inside[np.abs(face) == chosen]
                if chosen == 0 and len(block):  # independent rows only
                    block = np.linalg.svd(block)[2][: np.linalg.matrix_rank(block)]
                if len(block):
                    conditions.append(block)
                    cones.append(cone(len(block)))
            norm = np.zeros((size + 1, total))
            norm[0, count * size + k] = -1
            norm[1:, place] = -np.eye(size)
            conditions.append(norm)
            cones.append(clarabel.SecondOrderConeT(size + 1))
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
        matrix = np.vstack(conditions)
        solver = clarabel.DefaultSolver(
            sparse.csc_matrix(np.triu(2 * fitted.T @ fitted)),
            slope,
            sparse.csc_matrix(matrix),
            np.zeros(len(matrix)),
            cones,
            settings,
        )
        return solver.solve().obj_val + float(target @ target)

    def nodes(self, labelled):
        """The pieces, up to permutation of the units or not."""
        if labelled:
            return list(product(self.cells, repeat=self.width))
        return list(combinations_with_replacement(self.cells, self.width))

    def merges(self, labelled, all_pairs):
        """The levels at which components join, each with the least losses of what joins.

        Parameters
        ----------
        labelled : bool
        all_pairs : bool
            Whether any two pieces are compared, or only those that differ in one unit.
        """
        nodes = self.nodes(labelled)
        number = {node: k for k, node in enumerate(nodes)}
        height = [self.least(node) for node in nodes]
        waiting = []
        for i, left in enumerate(nodes):
            for right in {tuple(p) for p in permutations(left)} if not labelled else {left}:
                if all_pairs:
                    others = nodes[i + 1 :]
                else:
                    others = [
                        (*right[:k], cell, *right[k + 1 :])
                        for k in range(self.width)
                        for cell in self.cells
                    ]
                for other in others:
                    j = number.get(other)
                    if j is not None and j != i:
                        bound = max(height[i], height[j])
                        waiting.append((bound, False, i, j, right))
        heapify(waiting)
        root = list(range(len(nodes)))

        def find(k):
            while root[k] != k:
                root[k] = root[root[k]]
                k = root[k]
            return k

        edges = []
        while waiting:  # Kruskal; what two pieces share is solved only when it is needed
            weight, known, i, j, right = heappop(waiting)
            if find(i) == find(j):
                continue
            if known:
                root[find(i)] = find(j)
                edges.append((weight, i, j))
            else:
                pairs = zip(right, nodes[j], strict=True)
                weight = max(weight, self.least([self.shared(*pair) for pair in pairs]))
                heappush(waiting, (weight, True, i, j, right))
        return _events(height, edges)


def _events(height, edges):
    """The joins of a spanning tree, those of what is higher than the level left out."""
    slack = TOLERANCE * (1 + max(height))
    least, root, events = list(height), list(range(len(height))), []

    def find(k):
        while root[k] != k:
            k = root[k]
        return k

    edges = sorted(edges)
    while edges:
        level = edges[0][0]
        now = [edge for edge in edges if edge[0] < level + slack]
        edges = edges[len(now) :]
        joined = {find(k): {find(k)} for _, i, j in now for k in (i, j)}
        for _, i, j in now:
            one, other = find(i), find(j)
            if one != other:
                joined[one] |= joined.pop(other)
                root[other] = one
        for top, parts in joined.items():
            older = sorted(least[k] for k in parts if least[k] < level - slack)
            if len(older) > 1:
                events.append((level, *older))
            least[top] = min(least[k] for k in parts)
    return sorted(events)


def _signs(rows, vector):
    values = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows]
    return tuple((value > 0) - (value < 0) for value in values)


def _lines(rows):
    """Vectors that span the lines in which hyperplanes meet, in up to three dimensions."""
    match len(rows[0]):
        case 1:
            return [(Fraction(1),)]
        case 2:
            return [(b, -a) for a, b in rows]
        case 3:
            crossed = (
                (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
                for a, b in combinations(rows, 2)
            )
            return [vector for vector in crossed if any(vector)]
    raise ValueError("inputs of at most two dimensions")


def _rank(rows):
    """Rank of exact vectors, by elimination."""
    rows, rank = [list(row) for row in rows], 0
    for k in range(len(rows[0])):
        pivot = next((r for r in rows[rank:] if r[k]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(rank, pivot)
        for r in rows[rank + 1 :]:
            factor = r[k] / pivot[k]
            r[:] = [a - factor * b for a, b in zip(r, pivot, strict=True)]
        rank += 1
    return rank
