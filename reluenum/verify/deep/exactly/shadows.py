"""Strata without stationary points: kinks contradict all signs, or units are in a shadow."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, combinations
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from ...exact import pivots_in
from ..sides import Block
from ..sites import Row
from ..towers import State, Tower, Upper
from .lines import contradictory

TURNS, DENOMINATOR = 60, 1000  # of the search of a weight; of numbers that are guessed
NEGLIGIBLE = 1e-9  # in doubles
Pull = tuple[np.ndarray, np.ndarray]  # Gamma by multipliers of kinks, and with none of them


def impossible(upper: Upper, rows: Sequence[Row]) -> bool:
    """Claim 168: kinks contradict all signs of units that are on lines (Lemma D62), as claim 126.

    There have to be two at least: otherwise a vector lies where it does by claim 92. Or some units
    are in the shadow of others (Lemma D75).
    """
    if not upper.kinks or len(rows) < 2:
        return False
    tables, depth = [upper.gamma(row).tolist() for row in rows], upper.sites.depth
    lines = [*(line for table in tables for line in table), [fmpq(1)] * upper.sites.size]
    stack, kinks = ([[x[i] for i in p] for x in lines] for p in (upper.seen, upper.kinks))
    blocks = [slice(j * depth, (j + 1) * depth) for j in range(len(rows))]
    return overshadowed(upper, rows) or contradictory(stack, kinks, blocks, (-1,))


def overshadowed(upper: Upper, rows: Sequence[Row]) -> bool:
    """Return whether all units but one, or but those that are on at no kink, are 0 at all X.

    f is positive at one site. With a residual of 1 there, and multipliers of the kinks whose sum is
    -1, no Gamma_j is longer than that of one unit which is 0 at the kinks (Lemma D75).
    """
    held = sum(1 << i for i in upper.kinks)
    fits = len(upper.positive) == 1 and held > 0
    chosen = (row for row in rows if fits and row[0] & held != held)
    return any(_Shadow(upper, rows, row).falls() for row in chosen)


class _Shadow:
    """The shadow of a unit: what it is pulled by if it is 0 at the kinks, and others are."""

    def __init__(self, upper: Upper, rows: Sequence[Row], row: Row) -> None:
        held = sum(1 << i for i in upper.kinks)
        self.upper, bare = upper, (row[0] & ~held, row[1])
        self.alone = fmpq_mat([[fmpq(i in upper.positive)] for i in range(upper.sites.size)])
        self.pull, self.own = upper.gamma(bare) * self.alone, upper.gamma(row)
        self.bound = [upper.gamma(other) for other in rows if other[0] & held and other != row]
        self.bare = [upper.gamma(other) for other in rows if not other[0] & held]

    def falls(self) -> bool:
        """Whether multipliers are found that prove it."""
        return bool(self.bound) and any(self._proved(m + self.alone) for m in self._guesses())

    def _proved(self, rho: fmpq_mat) -> bool:
        """Whether one unit is too short, or what units would do to f at kinks is independent."""
        vectors = [table * rho for table in self.bound]
        squares, length = list(map(_square, vectors)), _square(self.pull)
        longest = max([_square(table * rho) for table in [self.own, *self.bare]] + squares)
        moves = zip(self.bound, vectors, strict=True)
        lines = [(table.transpose() * vector).entries() for table, vector in moves]
        kinks = fmpq_mat([[line[i] for i in self.upper.kinks] for line in lines])
        free = min(squares) < length or kinks.rank() == len(lines)
        return longest <= length and free and sum(rho.entries(), fmpq(0)) == 0

    def _guesses(self) -> Iterator[fmpq_mat]:
        """Yield multipliers that make one vector short, or the longer one of two."""
        own, pulls = self._doubles(self.own), list(map(self._doubles, self.bound))
        goal = np.array([float(arb(x)) for x in self.pull.entries()])
        start, frame = _solutions(own[0], goal - own[1])
        for chosen in chain(combinations(pulls, 1), combinations(pulls, 2)):
            turned = [(table @ frame, table @ start + fixed) for table, fixed in chosen]
            near = (start + frame @ shortest(turned)).tolist()
            found = [Fraction(x).limit_denominator(DENOMINATOR) for x in near]
            values = dict(zip(self.upper.kinks, found, strict=True))
            numbers = [values.get(i, Fraction(0)) for i in range(self.upper.sites.size)]
            yield fmpq_mat([[fmpq(x.numerator, x.denominator)] for x in numbers])

    def _doubles(self, table: fmpq_mat) -> Pull:
        lines = [[float(arb(line[i])) for i in self.upper.kinks] for line in table.tolist()]
        fixed = (table * self.alone).entries()
        return np.array(lines), np.array([float(arb(x)) for x in fixed])


def _square(vector: fmpq_mat) -> fmpq:
    return (vector.transpose() * vector)[0, 0]


def _solutions(table: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers with sum -1 that a matrix turns into a goal, and how they may change."""
    lines = np.vstack([table, np.ones(table.shape[1])])
    start = np.linalg.lstsq(lines, np.append(goal, -1), rcond=None)[0]
    _, sizes, turns = np.linalg.svd(lines)
    return start, turns[np.count_nonzero(sizes > NEGLIGIBLE) :].T


def shortest(pulls: Sequence[Pull]) -> np.ndarray:
    """Return numbers for which the longest of one or two vectors, affine in them, is short."""
    low, high = 0.0, float(len(pulls) > 1)
    for _ in range(TURNS):
        weight = (low + high) / 2
        roots = np.sqrt([1 - weight, weight])
        stack = np.vstack([w * table for (table, _), w in zip(pulls, roots, strict=False)])
        goal = np.concatenate([w * fixed for (_, fixed), w in zip(pulls, roots, strict=False)])
        found = -np.linalg.lstsq(stack, goal, rcond=None)[0]
        one, *others = (np.sum((table @ found + fixed) ** 2) for table, fixed in pulls)
        low, high = (weight, high) if max([0, *others]) > one else (low, weight)
    return found


def shaded(upper: Upper, units: Mapping[Row, arb], x: arb, low: arb, high: arb) -> bool:
    """Return whether units that are on at kinks are 0 at all X of a block (Lemma D75).

    T is given at one X, of the others. By multipliers that are linear in the residual no Gamma_j is
    longer than all of these; and one is too short, by the ball of Lemma D56.
    """
    held = sum(1 << i for i in upper.kinks)
    bound, bare = _parted(units, lambda row: row[0] & held)
    if not (held and bound and bare):
        return False
    live, idle = _parted(bare, lambda row: units[row] > 0)
    block = Block(State(Tower(upper, live, idle), [units[row] for row in live], x), low, high)
    longest = [_columns(upper.gamma(row), upper.positive) for row in bare]
    return any(_are_short(block, forms, longest) for forms in shades(upper, bound))


def _parted(rows: Iterable[Row], fits: Callable[[Row], Any]) -> tuple[list[Row], list[Row]]:
    """Return the rows that fit, and the others."""
    found = list(filter(fits, rows))
    return found, [row for row in rows if row not in found]


def _columns(table: fmpq_mat, places: Sequence[int]) -> fmpq_mat:
    """Return some columns of a matrix."""
    return fmpq_mat([[line[i] for i in places] for line in table.tolist()])


def _are_short(block: Block, forms: Sequence[fmpq_mat], longest: Sequence[fmpq_mat]) -> bool:
    """Return whether forms are never longer than others, or short in a block, as one is."""
    nothing = [fmpq(0)] * len(block.state.tower.basis)
    wide = (arb_mat([[*line, *nothing] for line in form.tolist()]) for form in forms)
    short = [block.below(block.ball.of(form)) for form in wide]
    rest = [form for form, ok in zip(forms, short, strict=True) if not ok]
    return any(short) and all(any(never_longer(f, other) for other in longest) for f in rest)


def shades(upper: Upper, rows: Sequence[Row]) -> Iterator[list[fmpq_mat]]:
    """Yield Gamma_j of units that are on at kinks as forms of the residuals where f is positive.

    Multipliers whose sum is minus that of these residuals make some of them short.
    """
    alone = [_columns(upper.gamma(row), upper.positive) for row in rows]
    held = [_columns(upper.gamma(row), upper.kinks) for row in rows]
    pairs = list(zip(alone, held, strict=True))
    for chosen in chain(*(combinations(pairs, k + 1) for k in range(len(rows)))):
        goal, stack = map(_stacked, zip(*chosen, strict=True))
        shares = _least(stack, goal)
        yield [one + table * shares for one, table in pairs]


def _stacked(tables: Sequence[fmpq_mat]) -> fmpq_mat:
    return fmpq_mat([line for table in tables for line in table.tolist()])


def _least(stack: fmpq_mat, goal: fmpq_mat) -> fmpq_mat:
    """Return multipliers, with sum -1 in each column, that make the sums with a goal short."""
    last = stack.ncols() - 1
    start = fmpq_mat([*[[fmpq(0)] * goal.ncols()] * last, [fmpq(-1)] * goal.ncols()])
    lines = [[fmpq(i == k) - fmpq(i == last) for k in range(last)] for i in range(last + 1)]
    free = pivots_in(stack * fmpq_mat(lines)) if last else []
    if not free:
        return start
    change = _columns(fmpq_mat(lines), free)
    basis = (stack * change).transpose()
    return start - change * (basis * basis.transpose()).solve(basis * (goal + stack * start))


def never_longer(form: fmpq_mat, other: fmpq_mat) -> bool:
    """Whether a form of the residuals is nowhere longer than another one."""
    rest = other.transpose() * other - form.transpose() * form
    size = range(rest.nrows())
    sets = chain.from_iterable(combinations(size, count + 1) for count in size)
    return all(fmpq_mat([[rest[i, j] for j in c] for i in c]).det() >= 0 for c in sets)
