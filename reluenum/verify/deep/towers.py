"""The equations of a stratum at fixed squares, in balls: one symmetric linear system.

For T_j > 0 and X > 0 the weights w_j, B and the multipliers solve (D + M) rho = y on the relevant
sites, with M = (sum_j T_j C_j' C_j + X 1 1') / ridge, D = diag(1 / copies) where the upper unit is
positive, 0 where it is 0, and y the targets of the former. C_j rho is Gamma_j. Where the upper unit
is 0, some sites are enough: those at which f = 0 implies the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from operator import add
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..arithmetic.matrices import column, identity
from ..exact import null_space, onto, pivots_in
from ..reals import dot, root_above, squared
from .sites import Row, Sites

SLACK = 1e-3  # part by which vectors are shorter than they have to be: that is enough
BARRIERS, SHARPER, EQUAL = 60, 8.0, 1e-9  # Newton steps, how much sharper each is; what is equal


class Upper:
    """What depends on the signs of the upper unit alone: columns are the relevant sites."""

    def __init__(self, sites: Sites, signs: Row) -> None:
        self.sites, self.signs, self.relevant = sites, signs, sites.everything & ~signs[1]
        self.positive = sites.inside(signs[0])
        self.kinks, self.seen = sites.inside(self.relevant & ~signs[0]), sites.inside(self.relevant)
        self._maps: dict[Row, fmpq_mat] = {}

    def gamma(self, row: Row) -> fmpq_mat:
        """Return the map rho -> P Gamma of a unit, on all sites, exactly (P of its kinks)."""
        if row not in self._maps:
            sites, nothing = self.sites, [fmpq(0)] * self.sites.depth
            zeros = sites.inside(self.relevant & ~row[0] & ~row[1])
            active = [x if row[0] >> i & 1 else nothing for i, x in enumerate(sites.rows)]
            table = fmpq_mat(active).transpose()
            if zeros:
                table -= onto([sites.rows[i] for i in zeros]) * table
            self._maps[row] = table
        return self._maps[row]

    def forms(self, rows: Sequence[Row]) -> fmpq_mat:
        """Return f at the kinks as linear forms of the weights of some units, as columns."""
        maps = [self.gamma(row).tolist() for row in rows]
        lines = [[line[i] for i in self.kinks] for table in maps for line in table]
        return fmpq_mat([*lines, [fmpq(1)] * len(self.kinks)])

    def independent(self, rows: Sequence[Row]) -> list[int]:
        """Return sites where the upper unit is 0 such that f = 0 there implies the rest."""
        return [self.kinks[k] for k in pivots_in(self.forms(rows))] if self.kinks else []

    def loose(self, rows: Sequence[Row], others: Sequence[Row]) -> fmpq_mat | None:
        """Return what multipliers that do nothing to some units do to Gamma of others."""
        if len(self.kinks) < 2 or not others:
            return None
        maps = [self.gamma(row).tolist() for row in others]
        table = fmpq_mat([[line[i] for i in self.kinks] for lines in maps for line in lines])
        found = table * null_space(self.forms(rows))
        return found if any(found.entries()) else None


def narrowed(upper: Upper, rows: Sequence[Row]) -> Upper:
    """Claim 92: if only one of some units takes part in a combination of kinks, it is narrowed.

    T_j (C_j c) . Gamma_j = 0, without the bias and the others, says that w_j is orthogonal to
    C_j c. The multiplier along c changes nothing but Gamma_j, and is chosen so that this is, too.
    """
    found = Upper(upper.sites, upper.signs)
    for j, row in enumerate(rows if len(upper.kinks) > 1 else ()):
        table = upper.gamma(row)
        seen = fmpq_mat([[line[i] for i in upper.kinks] for line in table.tolist()])
        alone = seen * null_space(upper.forms([*rows[:j], *rows[j + 1 :]]))
        if any(alone.entries()):
            found._maps[row] = table - onto(alone.transpose().tolist()) * table
    return found


@dataclass(frozen=True)
class System:
    """The system of a tower in balls."""

    maps: list[arb_mat]  # rho -> Gamma_j, of all units, free multipliers depending on rho
    sites: arb_mat  # the inputs, in rows
    stack: arb_mat  # rho -> all Gamma_j, one below the other, and last the sum of rho
    grams: list[arb_mat]  # C'C / ridge, of the units that are not zero
    diagonal: arb_mat
    ones: arb_mat  # 1 1' / ridge
    targets: arb_mat
    energy: arb  # the sum of the squares of the targets


class Tower:
    """The system of some units below one upper unit, and the maps of others that are zero."""

    def __init__(self, upper: Upper, rows: Sequence[Row], others: Sequence[Row] = ()) -> None:
        self.upper, self.rows, self.others = upper, tuple(rows), tuple(others)
        self.basis, self.loose = upper.independent(rows), upper.loose(rows, others)
        self.columns = upper.positive + self.basis
        self.sites = upper.sites
        self.counts = [self.sites.copies[i] for i in upper.positive]
        self.means = [self.sites.means[i] for i in upper.positive]
        self.system = cache(self._system)

    @cached_property
    def free(self) -> set[int]:
        """The units, all of them zero, whose Gamma depends on multipliers that are free."""
        lines = self.loose.tolist() if self.loose is not None else []
        depth, begin = self.sites.depth, len(self.rows)
        return {begin + k // depth for k, line in enumerate(lines) if any(line)}

    @cached_property
    def moves(self) -> tuple[np.ndarray, np.ndarray]:
        """The matrix `loose` in doubles, and its inverse in the sense of least squares."""
        moves = np.array([[float(arb(x)) for x in line] for line in self.loose.tolist()])
        return moves, np.linalg.pinv(moves)

    @cached_property
    def maps(self) -> list[fmpq_mat]:
        """The maps rho -> Gamma_j of all units, those that are zero last."""
        return [self._restricted(self.upper.gamma(row)) for row in (*self.rows, *self.others)]

    def _system(self, bits: int) -> System:
        """Return the system in balls of so many bits, which is the working precision."""
        size, ridge = len(self.columns), self.sites.ridge
        grams = [m.transpose() * m * (1 / ridge) for m in self.maps[: len(self.rows)]]
        diagonal, y = fmpq_mat(size, size), fmpq_mat(size, 1)
        for k, (count, mean) in enumerate(zip(self.counts, self.means, strict=True)):
            diagonal[k, k], y[k, 0] = 1 / count, mean
        stack = fmpq_mat([*(line for m in self.maps for line in m.tolist()), [fmpq(1)] * size])
        ones = fmpq_mat(size, size, [1 / ridge] * size**2)
        energy = arb(
            sum((n * x * x for n, x in zip(self.counts, self.means, strict=True)), fmpq(0))
        )
        balls = arb_mat(diagonal), arb_mat(ones), arb_mat(y), energy
        maps = [*map(arb_mat, self.maps)]
        maps[len(self.rows) :] = self._calm(maps[len(self.rows) :])
        return System(
            maps, arb_mat(fmpq_mat(self.sites.rows)), arb_mat(stack), [*map(arb_mat, grams)], *balls
        )

    def _calm(self, maps: list[arb_mat]) -> list[arb_mat]:
        """Return maps of units that are zero, where free multipliers make them short."""
        if self.loose is None:
            return maps
        stack, (_, inverse) = arb_mat([line for m in maps for line in m.tolist()]), self.moves
        lines = (stack - arb_mat(self.loose) * (arb_mat(inverse.tolist()) * stack)).tolist()
        depth = self.sites.depth
        return [arb_mat(lines[k : k + depth]) for k in range(0, len(lines), depth)]

    @cached_property
    def balanced(self) -> bool:
        """Whether the sum of rho is 0, and B with it, whatever T > 0 and X are.

        So it is if at a kink of the upper unit x . Gamma_j is a positive multiple of that sum for
        each unit that is active there: f = 0 says that a positive multiple of it is 0.
        """
        return any(all(self._multiple(i, j) for j in self._active(i)) for i in self.upper.kinks)

    def vanishes(self, site: int, j: int) -> bool:
        """Whether x . Gamma_j is 0 at a site, whatever T > 0 and X are."""
        values = set(self.along(site, j))
        return values == {fmpq(0)} or (self.balanced and len(values) == 1)

    def is_null(self, j: int, k: int) -> bool:
        """Whether the entry k of Gamma_j is 0, whatever T > 0 and X are."""
        values = set(self._restricted(self.upper.gamma(self.rows[j])).tolist()[k])
        return values == {fmpq(0)} or (self.balanced and len(values) == 1)

    def _multiple(self, site: int, j: int) -> bool:
        values = set(self.along(site, j))
        return len(values) == 1 and min(values) >= 0

    def _active(self, site: int) -> list[int]:
        return [j for j, (plus, _) in enumerate(self.rows) if plus >> site & 1]

    def along(self, site: int, j: int) -> list[fmpq]:
        """Return x . Gamma_j at a site as a linear form of rho."""
        row = fmpq_mat(1, self.sites.depth, self.sites.rows[site])
        return (row * self._restricted(self.upper.gamma(self.rows[j]))).entries()

    def _restricted(self, table: fmpq_mat) -> fmpq_mat:
        lines = table.tolist()
        return fmpq_mat([[line[i] for i in self.columns] for line in lines])


class Gammas:
    """What follows from Gamma_j and T_j, whatever the network above."""

    gammas: list[list[arb]]
    squares: list[arb]
    ridge: arb

    @cached_property
    def lengths(self) -> list[arb]:
        """|Gamma_j|^2 of all units."""
        return [dot(gamma, gamma) for gamma in self.gammas]

    @cached_property
    def norms(self) -> list[arb]:
        """|Gamma_j| of all units. (A ball that reaches below 0 has no root.)."""
        return [x.sqrt() if x > 0 else arb(0, root_above(x)) for x in self.lengths]

    @cached_property
    def weights(self) -> list[list[arb]]:
        """The vectors w_j = T_j Gamma_j / ridge."""
        pairs = zip(self.gammas, self.squares, strict=False)
        return [[x * (square / self.ridge) for x in gamma] for gamma, square in pairs]


class State(Gammas):
    """The solution rho of a tower at squares T > 0 of its rows, and X > 0."""

    def __init__(self, tower: Tower, squares: Sequence[arb], x: arb) -> None:
        self.tower, self.squares, self.x = tower, list(squares), x
        self.ridge, self.depth = arb(tower.sites.ridge), tower.sites.depth
        self.system = tower.system(ctx.prec)
        self.matrix = self.system.diagonal + self.system.ones * x
        for gram, square in zip(self.system.grams, squares, strict=True):
            self.matrix += gram * square

    @cached_property
    def solution(self) -> arb_mat:
        """The multipliers of the columns of the tower."""
        return self.matrix.solve(self.system.targets)

    @cached_property
    def values(self) -> arb_mat:
        """All Gamma_j, and the sum of rho."""
        return self.system.stack * self.solution

    @cached_property
    def spread(self) -> arb_mat:
        """The inverse of the matrix times the transpose of `stack`."""
        return self.matrix.solve(self.system.stack.transpose())

    @cached_property
    def response(self) -> arb_mat:
        """How `values` answer to what is added to the targets, by `stack`."""
        return self.system.stack * self.spread

    @cached_property
    def rho(self) -> list[arb]:
        """The entries of the solution."""
        return self.solution.entries()

    @cached_property
    def gammas(self) -> list[list[arb]]:
        """Gamma_j of all units, those that are zero last."""
        entries = self.values.entries()[:-1]
        if self.tower.loose is not None:
            begin = len(self.squares) * self.depth
            moves = (arb_mat(self.tower.loose) * self.multipliers).entries()
            entries[begin:] = map(add, entries[begin:], moves)
        return [entries[k : k + self.depth] for k in range(0, len(entries), self.depth)]

    @cached_property
    def multipliers(self) -> arb_mat:
        """Multipliers that change only Gamma of units that are zero: the longest is made short."""
        begin = len(self.squares) * self.depth
        fixed = np.array([float(x.mid()) for x in self.values.entries()[begin:-1]])
        enough = float((self.ridge / self.x.sqrt()).mid()) * (1 - SLACK)
        moves, inverse = self.tower.moves
        found = shortened(moves, fixed.reshape(-1, self.depth), -inverse @ fixed, enough)
        return column(found.tolist())

    @cached_property
    def along(self) -> list[list[arb]]:
        """Gamma_j . x at all sites, for each unit."""
        rows, sites = self.system.sites, range(self.tower.sites.size)
        found = [(rows * column(gamma)).entries() for gamma in self.gammas]
        for j, values in enumerate(found):
            found[j] = [arb(0) if self.tower.vanishes(i, j) else values[i] for i in sites]
        return found

    @cached_property
    def bound(self) -> arb:
        """The largest |Gamma_j| of a minimiser."""
        return self.ridge / self.x.sqrt()

    @cached_property
    def shrink(self) -> arb:
        """Claim 93: a factor, at most 1, with which no |Gamma_j| is longer: dual feasible."""
        return (self.bound / reduce(arb.max, self.norms, self.bound).upper()).lower().min(1)

    @cached_property
    def slack(self) -> arb:
        """The duality gap of that residual and the weights, as far as units have a part in it."""
        pairs = zip(self.squares, self.norms, strict=False)
        terms = (t * norm * (self.bound - self.shrink * norm) for t, norm in pairs)
        return 2 * sum(terms, arb(0)) / self.ridge

    @property
    def total(self) -> arb:
        """The sum of rho, S: B = X S / ridge."""
        return self.values.entries()[-1]

    @property
    def bias(self) -> arb:
        """The bias B of f."""
        return arb(0) if self.tower.balanced else self.x * self.total / self.ridge

    @property
    def least(self) -> arb:
        """A lower bound of X."""
        return self.x.lower()

    @staticmethod
    def positive(value: arb) -> arb:
        """Return the positive part of a number."""
        return value.max(0)

    @cached_property
    def residual(self) -> dict[int, arb]:
        """The multiplier of f at each relevant site, that of a group at one of its sites."""
        return dict(zip(self.tower.columns, self.rho, strict=True))

    def gradient(self) -> list[arb]:
        """Return the derivatives of the reduced loss (Theorem D9) by T_1, ..., T_m and X."""
        pairs = zip(self.squares, self.lengths, strict=False)
        lower = [self.ridge / self.x - length / self.ridge for _, length in pairs]
        shares = sum(self.squares, arb(0)) / squared(self.x)
        return [*lower, self.ridge * (1 - shares) - squared(self.total) / self.ridge]

    def hessian(self) -> arb_mat:
        """Return the second derivatives of the reduced loss by T_1, ..., T_m and X."""
        m, width = len(self.squares), self.values.nrows()
        rows = [[arb(0)] * width for _ in range(m + 1)]
        for j, gamma in enumerate(self.gammas[:m]):
            rows[j][j * self.depth : (j + 1) * self.depth] = gamma
        rows[m][-1] = self.total
        along = arb_mat(rows)
        found = along * self.response * along.transpose() * (2 / squared(self.ridge))
        for j in range(m):
            found[j, m] -= self.ridge / squared(self.x)
            found[m, j] -= self.ridge / squared(self.x)
        found[m, m] += 2 * self.ridge * sum(self.squares, arb(0)) / (squared(self.x) * self.x)
        return found


class Nearby:
    """What a state is that is near another one, the centre (Woodbury's identity).

    With M + stack' Delta stack in place of M, `values` and `response` are those at the centre,
    times the inverse of 1 + response Delta.
    """

    def _move(self, centre: Any, delta: arb_mat) -> None:
        self.centre, self.delta = centre, delta
        change = identity(delta.nrows()) + centre.response * delta
        self.values, self.response = change.solve(centre.values), change.solve(centre.response)

    @cached_property
    def solution(self) -> arb_mat:
        """The multipliers of the columns of the equations."""
        return self.centre.solution - self.centre.spread * (self.delta * self.values)


class Moved(Nearby, State):
    """The states at all T and X of a box, from that at its centre."""

    def __init__(self, centre: State, squares: Sequence[arb], x: arb) -> None:
        self.tower, self.squares, self.x = centre.tower, list(squares), x
        self.system = centre.system
        self.multipliers = None if self.tower.loose is None else centre.multipliers
        self.ridge, self.depth = centre.ridge, centre.depth
        steps = [(t - c) / self.ridge for t, c in zip(squares, centre.squares, strict=True)]
        steps += [arb(0)] * (len(centre.gammas) - len(steps))
        size = centre.values.nrows()
        delta = arb_mat(size, size)
        for k in range(size - 1):
            delta[k, k] = steps[k // self.depth]
        delta[size - 1, size - 1] = (x - centre.x) / self.ridge
        self._move(centre, delta)


def shortened(moves: np.ndarray, fixed: np.ndarray, start: np.ndarray, enough: float) -> np.ndarray:
    """Return z with which the longest of `fixed` + `moves` z, vectors in rows, is short.

    From a start on, by Newton steps for ever sharper logarithmic barriers of the largest length,
    until all are shorter than `enough` or it is least. They prove nothing.
    """
    (count, depth), size = fixed.shape, moves.shape[1]
    z, parts = start, moves.reshape(count, depth, size)
    sharpness, level = float(count), 0.0
    for _ in range(BARRIERS):
        vectors = fixed + parts @ z
        squares = (vectors**2).sum(1)
        if squares.max() <= (enough + EQUAL * np.abs(fixed).max()) ** 2 or sharpness * EQUAL > 1:
            break
        level = max(level, squares.max() * (1 + 1 / sharpness))
        room = level - squares
        slopes = 2 * np.einsum("jdk,jd->jk", parts, vectors)
        curves = 2 * np.einsum("jdk,jdl,j->kl", parts, parts, 1 / room)
        scaled = np.hstack([slopes, -np.ones((count, 1))]) / room[:, None]
        hessian = scaled.T @ scaled
        hessian[:size, :size] += curves
        hessian += np.eye(size + 1) * np.trace(hessian) * 1e-14
        gradient = scaled.sum(0)
        gradient[-1] += sharpness / level
        try:
            step = np.linalg.solve(hessian, -gradient)
        except np.linalg.LinAlgError:
            break
        length = 1.0
        ahead = fixed + parts @ (z + step[:size])
        while (level + length * step[-1] <= (ahead**2).sum(1)).any() and length > 1e-9:
            length /= 2
            ahead = fixed + parts @ (z + length * step[:size])
        z, level = z + length * step[:size], level + length * step[-1]
        sharpness *= SHARPER if length == 1 else 1
    return z
