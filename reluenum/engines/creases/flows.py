"""The weights of creases that belong to one residual: vertices of a polytope (Lemma 96)."""

from collections.abc import Iterator
from itertools import chain, combinations, combinations_with_replacement

from flint import arb_mat, ctx

from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.algebra.polynomials import determinant
from reluenum.engines.creases.tight import CreaseResidual, are_zero
from reluenum.engines.hinges.flows import Flow


def vertex_flows(residual: CreaseResidual, width: int) -> Iterator[Flow]:
    """Yield the vertices of all positive weights that add up to R y - r.

    Only those that so many units can have.
    """
    if all(entry.is_zero() for entry in residual.rest):
        yield {}
        return
    for edges in _sets_of_edges(residual, width):
        if _surely_none(residual, edges):
            continue
        own = residual.own_edges
        alike = frozenset(residual.alike(edge) for edge in edges)
        if len(alike) < len(edges) or (own and own < alike):
            continue  # dependent, or with a weight of 0 on some (Lemma 101)
        flow = _flow(residual, edges, alike == own)
        if flow is not None:
            yield flow


def _sets_of_edges(residual: CreaseResidual, width: int) -> list[tuple[int, ...]]:
    """Return the sets of hinges of so many units, not empty, small ones first."""
    living = [state.edges(residual) for state in residual.states if state.is_living]
    unions = {
        tuple(sorted({*chain.from_iterable(chosen)}))
        for chosen in combinations_with_replacement(living, width)
    }
    most = len(residual.creases.inputs) - len(residual.creases.outer)
    found = {
        part for union in unions for k in range(1, most + 1) for part in combinations(union, k)
    }
    return sorted(found, key=lambda part: (len(part), part))


def _surely_none(residual: CreaseResidual, edges: tuple[int, ...]) -> bool:
    """Whether balls show that hinges are independent and have no positive weights."""
    with ctx.workprec(FIRST_BITS):
        columns = arb_mat([residual.column_balls[edge] for edge in edges])
        weighted = columns * residual.weight_balls
        rest = residual.rest_balls
        try:
            weights = (weighted * columns.transpose()).solve(weighted * rest)
        except ZeroDivisionError:
            return False
        if any(weight < 0 for weight in weights.entries()):
            return True
        return any(map(ball_sign, (rest - columns.transpose() * weights).entries()))


def _flow(residual: CreaseResidual, edges: tuple[int, ...], fits: bool) -> Flow | None:
    """Return the only weights of independent hinges, if there are any, and all are positive.

    That there are some may be known.
    """
    square = residual.square(edges)
    gains = [residual.gains[edge] for edge in edges]
    volume = determinant(square)
    if volume.is_zero():
        return None
    weights = {}
    for k, edge in enumerate(edges):
        replaced = [
            [*row[:k], gain, *row[k + 1 :]] for row, gain in zip(square, gains, strict=True)
        ]
        part = determinant(replaced)
        if part.sign() <= 0:
            return None
        weights[edge] = part / volume
    return weights if fits or _adds_up(residual, weights) else None


def _adds_up(residual: CreaseResidual, weights: Flow) -> bool:
    """Whether hinges of these weights add up to R y - r."""
    left = list(residual.rest)
    for edge, weight in weights.items():
        left = [x - weight * z for x, z in zip(left, residual.columns[edge], strict=True)]
    return are_zero(left)
