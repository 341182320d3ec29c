"""The equations of a stratum at fixed squares, in balls: one symmetric linear system.

For T_j > 0 and X > 0 the weights w_j, B and the multipliers solve (D + M) rho = y on the relevant
sites, with M = (sum_j T_j C_j' C_j + X 1 1') / ridge, D = diag(1 / copies) where the upper unit is
positive, 0 where it is 0, and y the targets of the former. C_j rho is Gamma_j. Where the upper unit
is 0, some sites are enough: those at which f = 0 implies the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..exact import onto
from ..reals import dot
from .sites import Row, Sites
from .strata import Stratum


class Upper:
    """What depends on the signs of the upper unit alone: columns are the relevant sites."""

    def __init__(self, sites: Sites, signs: Row) -> None:
        self.sites, self.relevant = sites, sites.everything & ~signs[1]
        self.positive = sites.inside(signs[0])
        self.kinks = sites.inside(self.relevant & ~signs[0])
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

    def independent(self, rows: Sequence[Row]) -> list[int]:
        """Return sites where the upper unit is 0 such that f = 0 there implies the rest."""
        if not self.kinks:
            return []
        maps = [self.gamma(row).tolist() for row in rows]
        forms = [[line[i] for i in self.kinks] for table in maps for line in table]
        echelon, rank = fmpq_mat([*forms, [fmpq(1)] * len(self.kinks)]).rref()
        lines = echelon.tolist()[:rank]
        return [self.kinks[next(k for k, x in enumerate(line) if x)] for line in lines]


@dataclass(frozen=True)
class System:
    """The system of a tower in balls, in any coordinates sigma with rho = frame' sigma."""

    maps: list[arb_mat]  # to Gamma_j, of all units
    grams: list[arb_mat]  # C'C / ridge, of the units that are not zero
    diagonal: arb_mat
    one: arb_mat  # row: the sum of rho
    ones: arb_mat  # 1 1' / ridge
    targets: arb_mat
    frame: arb_mat | None = None

    def framed(self, frame: arb_mat) -> "System":
        """Return the system in other coordinates."""
        turned = frame.transpose()
        return System(
            [table * turned for table in self.maps],
            [frame * gram * turned for gram in self.grams],
            frame * self.diagonal * turned,
            self.one * turned,
            frame * self.ones * turned,
            frame * self.targets,
            frame,
        )


class Tower:
    """The system of some units below one upper unit, and the maps of others that are zero."""

    def __init__(self, upper: Upper, rows: Sequence[Row], others: Sequence[Row] = ()) -> None:
        self.upper, self.rows, self.others = upper, tuple(rows), tuple(others)
        self.basis = upper.independent(rows)
        self.columns = upper.positive + self.basis
        self.size, self.sites = len(self.columns), upper.sites
        self.counts = [self.sites.copies[i] for i in upper.positive]
        self.means = [self.sites.means[i] for i in upper.positive]
        self.system = cache(self._system)

    def _system(self, bits: int) -> System:
        """Return the system in balls of so many bits, which is the working precision."""
        size, ridge = self.size, self.sites.ridge
        maps = [self._restricted(self.upper.gamma(row)) for row in (*self.rows, *self.others)]
        grams = [m.transpose() * m * (1 / ridge) for m in maps[: len(self.rows)]]
        diagonal, y = fmpq_mat(size, size), fmpq_mat(size, 1)
        for k, (count, mean) in enumerate(zip(self.counts, self.means, strict=True)):
            diagonal[k, k], y[k, 0] = 1 / count, mean
        one, ones = fmpq_mat(1, size, [1] * size), fmpq_mat(size, size, [1 / ridge] * size**2)
        balls = arb_mat(diagonal), arb_mat(one), arb_mat(ones), arb_mat(y)
        return System([*map(arb_mat, maps)], [*map(arb_mat, grams)], *balls)

    def _restricted(self, table: fmpq_mat) -> fmpq_mat:
        lines = table.tolist()
        return fmpq_mat([[line[i] for i in self.columns] for line in lines])


class State:
    """The solution rho of a tower at squares T > 0 of its rows, and X > 0."""

    def __init__(
        self, tower: Tower, squares: Sequence[arb], x: arb, frame: arb_mat | None = None
    ) -> None:
        self.tower, self.squares, self.x = tower, list(squares), x
        self.ridge = arb(tower.sites.ridge)
        plain = tower.system(ctx.prec)
        self.system = plain if frame is None else plain.framed(frame)
        self.matrix = self.system.diagonal + self.system.ones * x
        for gram, square in zip(self.system.grams, squares, strict=True):
            self.matrix += gram * square
        self.solution = self.matrix.solve(self.system.targets)

    @cached_property
    def rho(self) -> list[arb]:
        """The multipliers of the columns of the tower."""
        frame = self.system.frame
        return (self.solution if frame is None else frame.transpose() * self.solution).entries()

    def frame(self) -> arb_mat:
        """Return coordinates in which the matrix is nearly the identity: an inverse of its root."""
        rows, size = self.matrix.mid().tolist(), self.tower.size
        lines = [[arb(int(i == j)) for j in range(size)] for i in range(size)]
        for k in range(size):
            for i in range(k + 1, size):
                factor = (rows[i][k] / rows[k][k]).mid()
                for table in (rows, lines):
                    table[i] = [(x - factor * y).mid() for x, y in zip(table[i], table[k])]
        scales = [rows[k][k].rsqrt().mid() for k in range(size)]
        return arb_mat([[(x * c).mid() for x in line] for line, c in zip(lines, scales)])

    @cached_property
    def gammas(self) -> list[arb_mat]:
        """Gamma_j of all units, those that are zero last."""
        return [table * self.solution for table in self.system.maps]

    @cached_property
    def lengths(self) -> list[arb]:
        """|Gamma_j|^2 of all units."""
        return [dot(g, g) for g in map(arb_mat.entries, self.gammas)]

    @cached_property
    def total(self) -> arb:
        """The sum of rho, S: B = X S / ridge."""
        return (self.system.one * self.solution)[0, 0]

    @property
    def bias(self) -> arb:
        """The bias B of f."""
        return self.x * self.total / self.ridge

    @cached_property
    def weights(self) -> list[list[arb]]:
        """The vectors w_j = T_j Gamma_j / ridge."""
        pairs = zip(self.gammas, self.squares, strict=False)
        return [[x * (square / self.ridge) for x in gamma.entries()] for gamma, square in pairs]

    def gradient(self) -> list[arb]:
        """Derivatives of the reduced loss (Theorem D9) by T_1, ..., T_m and X."""
        pairs = zip(self.squares, self.lengths, strict=False)
        lower = [self.ridge / self.x - length / self.ridge for _, length in pairs]
        shares = sum(self.squares, arb(0)) / squared(self.x)
        return [*lower, self.ridge * (1 - shares) - squared(self.total) / self.ridge]

    def hessian(self) -> arb_mat:
        """Second derivatives of the reduced loss by T_1, ..., T_m and X."""
        m, maps = len(self.squares), self.system.maps
        pulls = [(gamma.transpose() * table).entries() for table, gamma in zip(maps, self.gammas)]
        k = arb_mat([*pulls[:m], [self.total * x for x in self.system.one.entries()]])
        found = k * self.matrix.solve(k.transpose()) * (2 / squared(self.ridge))
        for j in range(m):
            found[j, m] -= self.ridge / squared(self.x)
            found[m, j] -= self.ridge / squared(self.x)
        found[m, m] += 2 * self.ridge * sum(self.squares, arb(0)) / (squared(self.x) * self.x)
        return found


def squared(x: arb) -> arb:
    """Return x^2. (For a ball around 0 the operator ** has no answer.)"""
    return x * x
