"""How the hinges of a residual can share what it leaves of the targets (Lemma 96).

Nodes are numbered as in `Judged.nodes`; of a residual all is a function, exact or in balls, and
None where a ball does not tell.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

from flint import fmpq, fmpq_mat

from ..exact import null_space
from ..reals import dot, require, sign
from .cores import inverse, solved
from .residuals import Residual
from .units import Judged, used

MOST_CORNERS = 1 << 16

Flow = dict[int, Any]  # positive weights of nodes
Vector = list[Any]  # a number for each node that is used


class Weights:
    """The weights on the nodes that units of minima, or the creases of S, have."""

    def __init__(self, judged: Judged) -> None:
        self.judged, self.sites = judged, judged.sites
        own = judged.own()
        self.own = used(judged, own)
        living = [unit for unit in judged.units if unit.sign]
        others = set(used(judged, living)) - set(self.own)
        self.nodes = [*self.own, *sorted(others)]
        self._flows: dict[int | None, list[Flow] | None] = {}

    @cached_property
    def supports(self) -> list[frozenset[int]]:
        """The nodes of each vertex."""
        flows = self.judged.core.settle(self.flows, "weights of kinks")
        return list(map(frozenset, flows))

    def flows(self, residual: Residual) -> list[Flow] | None:
        """Return the vertices of the polytope of weights."""
        if residual.bits not in self._flows:
            self._flows[residual.bits] = self._found(residual)
        return self._flows[residual.bits]

    def _found(self, residual: Residual) -> list[Flow] | None:
        if not self.judged.core.support:  # weights cost something, and nothing is to be fitted
            return [{}]
        columns = Columns(self.judged, residual, self.nodes)
        start = columns.start(len(self.own))
        kernel = None if start is None else columns.kernel()
        return None if kernel is None else vertices(self.nodes, start, kernel)


class Columns:
    """The columns of nodes, z_e = X_F u_F / Lambda, and their weighted products mod constants."""

    def __init__(self, judged: Judged, residual: Residual, nodes: Sequence[int]) -> None:
        self.judged, self.residual, self.nodes = judged, residual, nodes
        self.sites = sites = judged.sites
        kinks = [judged.nodes[k].tight.crease for k in nodes]
        self.columns = []
        for crease in kinks:
            u = [x / sites.ridge for x in residual.u(crease)]
            self.columns.append([dot(row, u) for row in crease.values.exact.tolist()])
        plain = sites.remover(())
        rows = plain.forces.exact.tolist()
        images = [[dot(row, column) for row in rows] for column in self.columns]
        pairs = zip(plain.pulls.entries(), residual.forces, strict=True)
        rest = [pull - force for pull, force in pairs]
        self.gram = [[dot(column, image) for image in images] for column in self.columns]
        self.gains = [dot(column, rest) for column in self.columns]

    def start(self, size: int) -> Vector | None:
        """Claim 295: y - r_S is made of the columns of S; those of its hinges span the same."""
        found = solved([row[:size] for row in self.gram[:size]], self.gains[:size])
        return None if found is None else [*found, *[fmpq(0)] * (len(self.nodes) - size)]

    def kernel(self) -> list[Vector] | None:
        """Claim 296: what weights can be added to others with no effect at the inputs.

        Exactly, or all that `relations` knows if the other columns are seen to be independent.
        """
        basis: list[int] = []
        for k in range(len(self.nodes)):
            chosen = [*basis, k]
            if solved([[self.gram[i][j] for j in chosen] for i in chosen], [0] * len(chosen)):
                basis = chosen
        if self.residual.bits is None:
            return [self._dependency(k, basis) for k in range(len(self.nodes)) if k not in basis]
        known = list(self.relations())
        return known if len(known) + len(basis) == len(self.nodes) else None

    def _dependency(self, place: int, basis: Sequence[int]) -> Vector:
        table = [[self.gram[i][j] for j in basis] for i in basis]
        factors = solved(table, [self.gram[i][place] for i in basis])
        found = [fmpq(0)] * len(self.nodes)
        for k, factor in zip(basis, factors, strict=True):
            found[k] = factor
        found[place] = fmpq(-1)
        return found

    def relations(self) -> Iterator[Vector]:
        """Claim 297: the two first levels of a line have one column, and gaps their indicators.

        1_A is the difference of the columns at the ends of a gap, divided by that of the levels.
        """
        judged, place = self.judged, {node: k for k, node in enumerate(self.nodes)}
        lines = [judged.knots(unit)[0] for unit, _ in judged.living if unit.kind == "line"]
        if lines:
            yield self._vector({place[lines[0]]: fmpq(1), place[lines[1]]: fmpq(-1)})
        gaps = [(unit, tight) for unit, tight in judged.living if unit.kind == "gap"]
        masks = [tight.crease.active for _, tight in gaps]
        table = fmpq_mat([self.sites.indicator(m) for m in (self.sites.everything, *masks)])
        for factors in null_space(table.transpose()).transpose().tolist():
            parts: dict[int, Any] = {}
            for factor, (unit, tight) in zip(factors[1:], gaps, strict=True):
                if factor:
                    ends = judged.knots(unit)
                    low, high = (judged.level(self.residual, judged.nodes[k]) for k in ends)
                    share = factor * tight.sign / (high - low)
                    for end, part in zip(ends, (share, -share), strict=True):
                        parts[place[end]] = parts.get(place[end], 0) + part
            yield self._vector(parts)

    def _vector(self, parts: dict[int, Any]) -> Vector:
        return [parts.get(k, fmpq(0)) for k in range(len(self.nodes))]


def vertices(nodes: Sequence[int], start: Vector, kernel: Sequence[Vector]) -> list[Flow] | None:
    """Claim 298: the vertices of the polytope of all W >= 0 that add up to y - r (Lemma 96).

    At each of them as many independent ones as the kernel has dimensions are 0.
    """
    require(comb(len(nodes), len(kernel)) <= MOST_CORNERS, "too many ways to share weights")
    found: dict[frozenset[int], Flow] = {}
    for zeros in combinations(range(len(nodes)), len(kernel)):
        weights = corner(zeros, start, kernel)
        signs = None if weights is None else list(map(sign, weights))
        if signs is None or (-1 not in signs and None in signs):
            return None
        if signs and -1 not in signs:
            flow = {nodes[k]: w for k, w in enumerate(weights) if signs[k]}
            found.setdefault(frozenset(flow), flow)
    return list(found.values())


def corner(zeros: Sequence[int], start: Vector, kernel: Sequence[Vector]) -> Vector | None:
    """Return the only weights with these zeros, [] if there are others, None if it is not known."""
    factors = crossed([[vector[k] for vector in kernel] + [-1 * start[k]] for k in zeros])
    if factors is None or len(factors) < len(zeros):
        return None if factors is None else []
    weights = list(start)
    for factor, vector in zip(factors, kernel, strict=True):
        weights = [w + factor * x for w, x in zip(weights, vector, strict=True)]
    return [fmpq(0) if k in zeros else weight for k, weight in enumerate(weights)]


def crossed(rows: list[Vector]) -> Vector | None:
    """Return the solution of a square system; [] if it is singular, None if that is not known."""
    for k in range(len(rows)):
        signs = [sign(row[k]) for row in rows[k:]]
        pivot = next((j for j, s in enumerate(signs, start=k) if s), None)
        if pivot is None:
            return None if None in signs else []
        rows[k], rows[pivot] = rows[pivot], rows[k]
        factor = inverse(rows[k][k])
        rows[k] = [entry * factor for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k:
                rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]
