"""How the hinges of a residual can share what it leaves of the targets (Lemma 96).

Nodes are numbered as in `Judged.nodes`; of a residual all is a function, exact or in balls, and
None where a ball does not tell.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

from flint import arb, fmpq, fmpq_mat

from ..exact import null_space
from ..hinges.units import Unit
from ..reals import require, sign
from .cores import applied, inverse, reduce_by, solved
from .residuals import Residual
from .sites import Crease
from .units import Judged, Tight, mirrored, stands, used

MOST_CORNERS = 1 << 16

Flow = dict[int, Any]  # positive weights of nodes
Vector = list[Any]  # a number for each node that is used


class Weights:
    """The weights on the nodes that units of minima, or the creases of S, have."""

    def __init__(self, judged: Judged) -> None:
        self.judged, self.sites = judged, judged.sites
        self.own = used(judged, judged.own())
        others = set(used(judged, (unit for unit in judged.units if unit.sign)))
        self.nodes = [*self.own, *sorted(others.difference(self.own))]
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
        return None if kernel is None else vertices(self.nodes, start, kernel, columns.total)


class Columns:
    """The columns of nodes, z_e = X_F u_F / Lambda, and their weighted products mod constants."""

    def __init__(self, judged: Judged, residual: Residual, nodes: Sequence[int]) -> None:
        self.judged, self.residual, self.nodes = judged, residual, nodes
        self.sites = sites = judged.sites
        self.columns = [self._column(judged.nodes[k].tight.crease) for k in nodes]
        plain = sites.remover(())
        rows = plain.forces.exact.tolist()
        images = [applied(rows, column) for column in self.columns]
        self.gram = [applied(images, column) for column in self.columns]
        pairs = zip(plain.pulls.entries(), residual.forces, strict=True)
        rest = [pull - force for pull, force in pairs]
        self.gains = applied(self.columns, rest)

    @property
    def total(self) -> Any:
        """The sum of all weights, <r, y - r> / Lambda (24.4)."""
        pairs = zip(self.residual.forces, self.sites.y, self.sites.copies, strict=True)
        return sum((x * (y - x * (1 / w)) for x, y, w in pairs), fmpq(0)) / self.sites.ridge

    def _column(self, kink: Crease) -> list[Any]:
        """Return z_F at the sites."""
        u = self.residual.u(kink)
        return applied(kink.values.exact.tolist(), [x / self.sites.ridge for x in u])

    def start(self, size: int) -> Vector | None:
        """Claim 305: y - r_S is made of the columns of S; those of its hinges span the same."""
        found = solved([row[:size] for row in self.gram[:size]], self.gains[:size])
        return None if found is None else [*found, *[fmpq(0)] * (len(self.nodes) - size)]

    def kernel(self) -> list[Vector] | None:
        """Claim 306: what weights can be added to others with no effect at the inputs.

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
        """Claim 307: the two first levels of a line have one column, and gaps their indicators.

        1_A is the difference of the columns at the ends of a gap, divided by that of the levels.
        With a linear part a kink has the column of its mirror image, and of two opposite gaps one
        counts.
        """
        lines = [self.judged.knots(unit)[0] for unit, _ in self._living("line")]
        if lines:
            yield self._vector({lines[0]: fmpq(1), lines[1]: fmpq(-1)})
        gaps = self._living("gap")
        if self.sites.linear != "none":
            yield from self._mirrors()
            gaps = [gap for gap in gaps if stands(gap[1].crease.text)]
        for factors in self._dependencies(gaps):
            yield self._total(factors, gaps)

    def _mirrors(self) -> Iterator[Vector]:
        """Yield the differences of kinks and their mirror images."""
        place = {self.judged.nodes[k].tight.crease.text: k for k in self.nodes}
        for text, k in place.items():
            if stands(text) and (other := place.get(mirrored(text))) is not None:
                yield self._vector({k: fmpq(1), other: fmpq(-1)})

    def _dependencies(self, gaps: Sequence[tuple[Unit, Tight]]) -> list[list[fmpq]]:
        """Return factors with which indicators of gaps add up to constants, or a linear part."""
        outer = self.sites.outer
        indicators = (self.sites.indicator(tight.crease.active) for _, tight in gaps)
        table = fmpq_mat([*outer, *indicators])
        return [row[len(outer) :] for row in null_space(table.transpose()).transpose().tolist()]

    def _total(self, factors: Sequence[fmpq], gaps: Sequence[tuple[Unit, Tight]]) -> Vector:
        """Return the weights of a combination of indicators."""
        parts: dict[int, Any] = {}
        for factor, gap in zip(factors, gaps, strict=True):
            for end, part in self._indicator(*gap).items() if factor else ():
                parts[end] = parts.get(end, fmpq(0)) + part * factor
        return self._vector(parts)

    def _living(self, kind: str) -> list[tuple[Unit, Tight]]:
        return [(unit, tight) for unit, tight in self.judged.living if unit.kind == kind]

    def _indicator(self, unit: Unit, tight: Tight) -> Flow:
        """Return the weights of the ends of a gap that add up to its indicator."""
        ends = self.judged.knots(unit)
        low, high = (self.judged.level(self.residual, self.judged.nodes[k]) for k in ends)
        share = inverse((high - low) * tight.sign)
        return {ends[0]: share, ends[1]: -1 * share}

    def _vector(self, parts: Flow) -> Vector:
        return [parts.get(node, fmpq(0)) for node in self.nodes]


def vertices(
    nodes: Sequence[int], start: Vector, kernel: Sequence[Vector], total: Any
) -> list[Flow] | None:
    """Claim 308: the vertices of the polytope of all W >= 0 that add up to y - r (Lemma 96).

    At each of them as many independent ones as the kernel has dimensions are 0.
    """
    require(comb(len(nodes), len(kernel)) <= MOST_CORNERS, "too many ways to share weights")
    found: dict[frozenset[int], Flow] = {}
    reach = reach_of(start, kernel, total)
    for zeros in combinations(range(len(nodes)), len(kernel)):
        weights = corner(zeros, start, kernel, reach)
        signs = None if weights is None else list(map(sign, weights))
        if signs is None or (-1 not in signs and None in signs):
            return None
        if signs and -1 not in signs:
            flow = {nodes[k]: w for k, w in enumerate(weights) if signs[k]}
            found.setdefault(frozenset(flow), flow)
    return list(found.values())


def reach_of(start: Vector, kernel: Sequence[Vector], total: Any) -> list[arb]:
    """Claim 309: how large factors of the kernel can be, as no weight is larger than the total.

    None are known if they are exact, or if no corner is regular.
    """
    if not isinstance(total, arb) or not kernel:
        return []
    for chosen in combinations(range(len(start)), len(kernel)):
        half = total.upper() / 2
        ends = [arb(half - start[k], half) for k in chosen]
        rows = [[vector[k] for vector in kernel] for k in chosen]
        factors = crossed([[*row, end] for row, end in zip(rows, ends, strict=True)], [])
        if factors:
            return [abs(factor).upper() for factor in factors]
    return []


def corner(
    zeros: Sequence[int], start: Vector, kernel: Sequence[Vector], reach: Sequence[arb]
) -> Vector | None:
    """Return the only weights with these zeros, [] if there are others, None if it is not known."""
    table = [[vector[k] for vector in kernel] + [-1 * start[k]] for k in zeros]
    factors = crossed(table, reach)
    if factors is None or len(factors) < len(zeros):
        return None if factors is None else []
    weights = list(start)
    for factor, vector in zip(factors, kernel, strict=True):
        weights = [w + factor * x for w, x in zip(weights, vector, strict=True)]
    return [fmpq(0) if k in zeros else weight for k, weight in enumerate(weights)]


def crossed(rows: list[Vector], reach: Sequence[arb]) -> Vector | None:
    """Return the solution of a square system; [] if it is singular, or larger than the reach.

    None if that is not known.
    """
    for k in range(len(rows)):
        signs = [sign(row[k]) for row in rows[k:]]
        pivot = next((j for j, s in enumerate(signs, start=k) if s), None)
        if pivot is None:
            far = None not in signs or is_far(rows[k:], k, reach)
            return [] if far else None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        reduce_by(rows, k)
    return [row[-1] for row in rows]


def is_far(rows: Sequence[Vector], first: int, reach: Sequence[arb]) -> bool:
    """Whether some equation for the unknowns from one on has no solution within the reach."""
    for row in rows if reach else ():
        pairs = zip(row[first:-1], reach[first:], strict=True)
        most = sum((abs(arb(x)).upper() * r for x, r in pairs), arb(0))
        if abs(arb(row[-1])).lower() > most:
            return True
    return False
