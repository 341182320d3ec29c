"""Strata without stationary points, as some units never gain more than others (Lemma D75)."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from ...exact import pivots_in
from ..sides import Block
from ..sites import Row
from ..towers import State, Tower, Upper

TURNS, DENOMINATOR = 60, 1000  # of the search of a weight; of numbers that are guessed
Pull = tuple[np.ndarray, np.ndarray]  # Gamma by multipliers of kinks, and with none of them


def overshadowed(upper: Upper, rows: Sequence[Row]) -> bool:
    """Return whether units that are on at kinks are 0 at all X, by multipliers of the kinks.

    f is positive at one site. With a residual of 1 there, and multipliers whose sum is -1, no
    Gamma_j is longer than one of a unit that is on at no kink; one is shorter, or what they would
    do to f at the kinks is independent (Lemma D75).
    """
    held = sum(1 << i for i in upper.kinks)
    bare, bound = ([row for row in rows if bool(row[0] & held) == on] for on in (False, True))
    if len(upper.positive) != 1 or not (held and bare and bound):
        return False
    alone = fmpq_mat([[fmpq(i in upper.positive)] for i in range(upper.sites.size)])
    length = max(_square(upper.gamma(row) * alone) for row in bare)
    tables = [upper.gamma(row) for row in bound]
    return any(_is_short(upper, tables, m + alone, length) for m in _guesses(upper, tables, alone))


def _is_short(upper: Upper, tables: list[fmpq_mat], rho: fmpq_mat, length: fmpq) -> bool:
    """Return whether residual and multipliers, at all sites, prove it."""
    vectors = [table * rho for table in tables]
    squares = list(map(_square, vectors))
    moves = [(t.transpose() * v).entries() for t, v in zip(tables, vectors, strict=True)]
    lines = [[move[i] for i in upper.kinks] for move in moves]
    free = min(squares) < length or fmpq_mat(lines).rank() == len(lines)
    return max(squares) <= length and free and sum(rho.entries(), fmpq(0)) == 0


def _square(vector: fmpq_mat) -> fmpq:
    return (vector.transpose() * vector)[0, 0]


def _guesses(upper: Upper, tables: list[fmpq_mat], alone: fmpq_mat) -> Iterator[fmpq_mat]:
    """Yield multipliers that make one vector short, or the longer one of two."""
    size = upper.sites.size
    pulls = [_pull(upper, table, alone) for table in tables]
    for chosen in chain(combinations(pulls, 1), combinations(pulls, 2)):
        found = [Fraction(x).limit_denominator(DENOMINATOR) for x in shortest(chosen)]
        values = dict(zip(upper.kinks, found, strict=True))
        numbers = [values.get(i, Fraction(0)) for i in range(size)]
        yield fmpq_mat(size, 1, [fmpq(x.numerator, x.denominator) for x in numbers])


def _pull(upper: Upper, table: fmpq_mat, alone: fmpq_mat) -> Pull:
    """Return what a unit is pulled by in doubles."""
    lines = [[float(arb(line[i])) for i in upper.kinks] for line in table.tolist()]
    return np.array(lines), np.array([float(arb(x)) for x in (table * alone).entries()])


def shortest(pulls: Sequence[Pull]) -> list[float]:
    """Return numbers with sum -1 for which the longest of one or two vectors is short."""
    low, high = 0.0, float(len(pulls) > 1)
    for _ in range(TURNS):
        weight = (low + high) / 2
        found = _mean(pulls, (1 - weight, weight))
        one, *others = (np.sum((table @ found + fixed) ** 2) for table, fixed in pulls)
        low, high = (weight, high) if max([0, *others]) > one else (low, weight)
    return found.tolist()


def _mean(pulls: Sequence[Pull], weights: Sequence[float]) -> np.ndarray:
    """Return numbers with sum -1 that make a mean of squares of lengths small."""
    count = pulls[0][0].shape[1]
    start = np.full(count, -1 / count)
    frame = np.linalg.svd(np.ones((1, count)))[2][1:].T
    pairs = list(zip(pulls, np.sqrt(weights), strict=False))
    stack = np.vstack([w * table @ frame for (table, _), w in pairs])
    goal = np.concatenate([w * (table @ start + fixed) for (table, fixed), w in pairs])
    return start - frame @ np.linalg.lstsq(stack, goal, rcond=None)[0]


def shaded(upper: Upper, units: Mapping[Row, arb], x: arb, low: arb, high: arb) -> bool:
    """Return whether units that are on at kinks are 0 at all X of a block (Lemma D75).

    T is given at one X, of the others. By multipliers that are linear in the residual no Gamma_j is
    longer than all of these; and one is too short, by the ball of Lemma D56.
    """
    held = sum(1 << i for i in upper.kinks)
    bound = [row for row in units if row[0] & held]
    bare = {row: square.max(0) for row, square in units.items() if not row[0] & held}
    if not (held and bound and bare):
        return False
    rows = [row for row, square in bare.items() if square > 0]
    others = [row for row in bare if row not in rows]
    state = State(Tower(upper, rows, others), [bare[row] for row in rows], x)
    block = Block(state, low, high)
    longest = [_at(upper, upper.gamma(row)) for row in bare]
    return any(_are_short(block, forms, longest) for forms in shades(upper, bound))


def _at(upper: Upper, table: fmpq_mat) -> fmpq_mat:
    return fmpq_mat([[line[i] for i in upper.positive] for line in table.tolist()])


def _are_short(block: Block, forms: Sequence[fmpq_mat], longest: Sequence[fmpq_mat]) -> bool:
    """Return whether forms are never longer than others, or short in a block, as one is."""
    zeros = len(block.state.tower.basis)
    wide = [fmpq_mat([[*line, *[fmpq(0)] * zeros] for line in form.tolist()]) for form in forms]
    short = [block.below(block.ball.of(arb_mat(form))) for form in wide]
    pairs = zip(forms, short, strict=True)
    return any(short) and all(
        ok or any(never_longer(form, other) for other in longest) for form, ok in pairs
    )


def shades(upper: Upper, rows: Sequence[Row]) -> Iterator[list[fmpq_mat]]:
    """Yield Gamma_j of units that are on at kinks as forms of the residuals where f is positive.

    Multipliers whose sum is minus that of these residuals make some of them short.
    """
    tables = [upper.gamma(row).tolist() for row in rows]
    alone, held = (
        [fmpq_mat([[line[i] for i in places] for line in table]) for table in tables]
        for places in (upper.positive, upper.kinks)
    )
    for count in range(1, len(rows) + 1):
        for chosen in combinations(range(len(rows)), count):
            stack, goal = (_stacked([part[k] for k in chosen]) for part in (held, alone))
            shares = _least(stack, goal)
            yield [one + table * shares for one, table in zip(alone, held, strict=True)]


def _stacked(tables: Sequence[fmpq_mat]) -> fmpq_mat:
    return fmpq_mat([line for table in tables for line in table.tolist()])


def _least(stack: fmpq_mat, goal: fmpq_mat) -> fmpq_mat:
    """Return multipliers, with sum -1 in each column, that make the sums with a goal short."""
    *lines, last = stack.transpose().tolist()
    found = [[fmpq(0)] * goal.ncols() for _ in lines]
    frame = [[x - y for x, y in zip(line, last, strict=True)] for line in lines]
    pivots = pivots_in(fmpq_mat(frame).transpose()) if lines else []
    if pivots:
        basis = fmpq_mat([frame[k] for k in pivots])
        ahead = goal - fmpq_mat([[x] * goal.ncols() for x in last])
        solved = (basis * basis.transpose()).solve(basis * ahead).tolist()
        for k, line in zip(pivots, solved, strict=True):
            found[k] = [-x for x in line]
    rest = [-1 - sum(column, fmpq(0)) for column in zip(*found, strict=True)]
    return fmpq_mat([*found, rest or [fmpq(-1)] * goal.ncols()])


def never_longer(form: fmpq_mat, other: fmpq_mat) -> bool:
    """Whether a form of the residuals is nowhere longer than another one."""
    rest = other.transpose() * other - form.transpose() * form
    size = range(rest.nrows())
    sets = chain.from_iterable(combinations(size, count + 1) for count in size)
    return all(fmpq_mat([[rest[i, j] for j in c] for i in c]).det() >= 0 for c in sets)
