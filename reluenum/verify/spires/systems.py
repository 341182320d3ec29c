"""The equations of a stratum at fixed T, U_2 and U_3, in balls: one symmetric linear system.

With the columns l_i of forms of (w, B), where layer 3 is positive and at enough kinks, the
multipliers solve (D + l' diag(T, U) l / ridge) rho = y (Lemma D17), D = diag(1 / copies) at the
former and 0 at kinks. What l rho has in the place of w_j is Gamma_j, in that of B_k it is S_k.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from itertools import pairwise

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..arithmetic.matrices import identity
from ..deep.towers import Gammas, Nearby
from ..exact import null_space, onto, pivots_in
from ..reals import dot, squared
from .strata import Spire

BALANCINGS = 80  # of the lengths of several Gamma_j that multipliers move
CLEAR = arb(2) ** -12  # part by which they are all too short: that is enough


class Frame:
    """What is exact in the equations of a stratum: forms of (w_1, ..., w_m, B_2, B_3)."""

    def __init__(self, spire: Spire) -> None:
        self.spire, self.sites, self.depth = spire, spire.sites, spire.sites.depth
        self.positive = self.sites.inside(spire.top[0])
        self.counts = [self.sites.copies[i] for i in self.positive]
        self.means = [self.sites.means[i] for i in self.positive]
        length = len(spire.lower) * self.depth
        self.ends = [*range(0, length + 1, self.depth), length + 1, length + 2]
        self.bare = [spire.form(kink.layer, kink.places[0]) for kink in spire.kinks]
        self.flats = [self._narrowed(j) for j in spire.units]
        self.kinks = [self.inside(form) for form in self.bare]
        self.forms = [self.inside(spire.form(3, i)) for i in self.positive]
        self.system = cache(lambda active: System(self, active))

    def block(self, j: int) -> slice:
        """Return where the coordinates of w_j stand."""
        return slice(j * self.depth, (j + 1) * self.depth)

    def _narrowed(self, j: int) -> fmpq_mat | None:
        """Claim 99: a combination of kinks that only w_j is in says where it lies (claim 92)."""
        block = self.block(j)
        others = [[*form[: block.start], *form[block.stop :]] for form in self.bare]
        if not others:
            return None
        own = fmpq_mat([form[block] for form in self.bare]).transpose()
        alone = own * null_space(fmpq_mat(others).transpose())
        return onto(alone.transpose().tolist()) if any(alone.entries()) else None

    def inside(self, form: Sequence[fmpq]) -> list[fmpq]:
        """Return a form on the spaces in which the w_j lie."""
        found = list(form)
        for j, lost in enumerate(self.flats):
            if lost is not None:
                column = fmpq_mat(self.depth, 1, found[self.block(j)])
                found[self.block(j)] = (column - lost * column).entries()
        return found


class System:
    """The system in which some units of layer 1 are alive, and the others zero."""

    def __init__(self, frame: Frame, active: tuple[int, ...]) -> None:
        self.frame, self.active, self.sites = frame, active, frame.sites
        self.others = tuple(j for j in frame.spire.units if j not in active)
        free = _free_kinks(frame, active, self.others) if frame.kinks else ([], None)
        self.basis, self.loose = free
        columns = frame.forms + [frame.kinks[k] for k in self.basis]
        self.stack = fmpq_mat(columns).transpose()
        self.balls = cache(self._balls)

    def _balls(self, bits: int) -> tuple[arb_mat, list[arb_mat], arb_mat, arb_mat]:
        """Return the columns, what each T and U multiplies, the diagonal and the targets."""
        size, frame = self.stack.ncols(), self.frame
        diagonal, y = fmpq_mat(size, size), fmpq_mat(size, 1)
        for k, (count, mean) in enumerate(zip(frame.counts, frame.means, strict=True)):
            diagonal[k, k], y[k, 0] = 1 / count, mean
        rows, ends = self.stack.tolist(), frame.ends
        parts = [fmpq_mat(rows[low:high]) for low, high in pairwise(ends)]
        grams = [arb_mat(part.transpose() * part * (1 / self.sites.ridge)) for part in parts]
        return arb_mat(self.stack), grams, arb_mat(diagonal), arb_mat(y)

    @cached_property
    def identities(self) -> list[list[fmpq]]:
        """Claim 100: linear forms of rho that are 0 whatever T > 0 and U > 0 are.

        A combination of kinks says that T_j or U_k times parts of l rho add up to 0: if all of them
        are positive multiples of one form, it is 0.
        """
        turned = [[*form[-2:], *form[:-2]] for form in self.frame.kinks]
        echelon, rank = fmpq_mat(turned).rref() if turned else (fmpq_mat(0, 0), 0)
        found = []
        for line in echelon.tolist()[:rank]:
            parts = self._parts([*line[2:], *line[:2]])
            scaled = {_scaled(part) for part in parts if any(part)}
            found += [list(one) for one in scaled] if len(scaled) == 1 else []
        return found

    def _parts(self, form: Sequence[fmpq]) -> list[list[fmpq]]:
        """Return the parts of a form that belong to each w_j and B_k, as forms of rho."""
        pieces = []
        for low, high in pairwise(self.frame.ends):
            row = [x if low <= k < high else fmpq(0) for k, x in enumerate(form)]
            pieces.append((fmpq_mat([row]) * self.stack).entries())
        return pieces

    def is_null(self, form: Sequence[fmpq]) -> bool:
        """Whether a linear form of l rho is 0, whatever T > 0 and U > 0 are."""
        return self.vanishes((fmpq_mat([form]) * self.stack).entries())

    def vanishes(self, row: Sequence[fmpq]) -> bool:
        """Whether a linear form of rho is 0, whatever T > 0 and U > 0 are."""
        known = self.identities
        if not any(row) or not known:
            return not any(row)
        return fmpq_mat([*known, row]).rank() == fmpq_mat(known).rank()


def _fitted(table: arb_mat, dark: Sequence[arb], weights: Sequence[arb]) -> arb_mat:
    """Return, nearly, what table times it is nearest to the opposite of, parts being weighted."""
    depth = len(dark) // len(weights)
    pairs = zip(table.tolist(), (w for w in weights for _ in range(depth)), strict=True)
    weighted = arb_mat([[x * w for x in row] for row, w in pairs]).transpose()
    square = (weighted * table).mid()
    square += identity(square.nrows()) * square.trace() * arb(2) ** -60
    return (square.inv() * weighted * arb_mat([[-x] for x in dark])).mid()


def _lengths(table: arb_mat, dark: Sequence[arb], moves: arb_mat, depth: int) -> list[arb]:
    """Return the squares of the lengths of Gamma_j that multipliers have moved."""
    moved = [x + y for x, y in zip(dark, (table * moves).entries(), strict=True)]
    parts = (moved[k : k + depth] for k in range(0, len(moved), depth))
    return [dot(part, part).mid() for part in parts]


def _scaled(part: Sequence[fmpq]) -> tuple[fmpq, ...]:
    """Return a positive multiple of a form, the same for all of them."""
    first = next(filter(None, part))
    return tuple(x / abs(first) for x in part)


def _free_kinks(
    frame: Frame, active: Sequence[int], others: Sequence[int]
) -> tuple[list[int], fmpq_mat | None]:
    """Return independent kinks of live units, and what the rest adds to units that are zero."""
    rows = fmpq_mat(frame.kinks).transpose().tolist()
    lit, dark = ([row for j in some for row in rows[frame.block(j)]] for some in (active, others))
    live = fmpq_mat(lit + rows[-2:])
    moves = fmpq_mat(dark) * null_space(live) if dark else fmpq_mat(0, 0)
    return pivots_in(live), moves if any(moves.entries()) else None


class State(Gammas):
    """The solution of a system at squares T (0 for units that are zero), U_3 and U_2."""

    def __init__(self, system: System, squares: Sequence[arb], third: arb, second: arb) -> None:
        self._place(system, squares, third, second)
        stack, grams, self.matrix, self.targets = system.balls(ctx.prec)
        for gram, scale in zip(grams, (*squares, second, third), strict=True):
            self.matrix = self.matrix + gram * scale
        self.solution = self.matrix.solve(self.targets)
        self.spread = self.matrix.solve(stack.transpose())
        self.values, self.response = stack * self.solution, stack * self.spread

    def _place(self, system: System, squares: Sequence[arb], third: arb, second: arb) -> None:
        self.system, self.frame, self.squares = system, system.frame, list(squares)
        self.third, self.second, self.ridge = third, second, arb(system.sites.ridge)

    @cached_property
    def rho(self) -> list[arb]:
        """The entries of the solution."""
        return self.solution.entries()

    @cached_property
    def gammas(self) -> list[list[arb]]:
        """Gamma_j of all units; of those that are zero the smallest one that multipliers allow."""
        entries, system = self.values.entries(), self.system
        found = [entries[self.frame.block(j)] for j in self.frame.spire.units]
        if system.loose is not None:
            moves = iter((arb_mat(system.loose) * self.multipliers).entries())
            for j in system.others:
                found[j] = [x + next(moves) for x in found[j]]
        return found

    @cached_property
    def multipliers(self) -> arb_mat:
        """Multipliers that change Gamma of units that are zero only: the longest is made short.

        Of weighted sums of squares, the longer ones being weighted more and more.
        """
        table, entries = arb_mat(self.system.loose).mid(), self.values.mid().entries()
        dark = [x for j in self.system.others for x in entries[self.frame.block(j)]]
        weights, tried = [arb(1)] * len(self.system.others), []
        bound = (squared(self.ridge) / self.second * (1 - CLEAR)).mid()
        for _ in range(BALANCINGS if len(weights) > 1 else 1):
            found = _fitted(table, dark, weights)
            lengths = _lengths(table, dark, found, self.frame.depth)
            tried.append((max(lengths), found))
            if max(lengths) < bound:
                break
            total = sum(lengths, arb(0)) + arb(2) ** -80
            pairs = zip(weights, lengths, strict=True)
            weights = [(w * (x / total).sqrt()).mid() for w, x in pairs]
        return min(tried, key=lambda pair: pair[0])[1]

    def is_null(self, j: int, k: int) -> bool:
        """Whether the entry k of Gamma_j is 0, or S_2 and S_3 after them, whatever T, U > 0 are."""
        place = j * self.frame.depth + k
        return self.system.is_null([fmpq(i == place) for i in range(self.values.nrows())])

    @cached_property
    def totals(self) -> tuple[arb, arb]:
        """S_2 and S_3."""
        *_, second, third = self.values.entries()
        return second, third

    @cached_property
    def biases(self) -> tuple[arb, arb]:
        """B_2 and B_3."""
        unit = len(self.squares)
        second, third = (self.is_null(unit, k) for k in (0, 1))
        (s2, s3), ridge = self.totals, self.ridge
        return arb(0) if second else self.second * s2 / ridge, (
            arb(0) if third else self.third * s3 / ridge
        )

    def gradient(self) -> list[arb]:
        """Return the derivatives of the reduced loss (Lemma D17) by living T, U_3 and U_2."""
        ridge, (s2, s3) = self.ridge, self.totals
        lower = [ridge / self.second - self.lengths[j] / ridge for j in self.system.active]
        ratio = self.second / squared(self.third)
        shares = sum(self.squares, arb(0)) / squared(self.second)
        outer = ridge * (1 / self.third - shares) - squared(s2) / ridge
        return [*lower, ridge * (1 - ratio) - squared(s3) / ridge, outer]

    def hessian(self) -> arb_mat:
        """Return the second derivatives of the reduced loss by living T, U_3 and U_2."""
        active, width = self.system.active, self.values.nrows()
        rows = []
        for j in active:
            row = [arb(0)] * width
            row[self.frame.block(j)] = self.gammas[j]
            rows.append(row)
        nothing, (s2, s3) = [arb(0)] * (width - 2), self.totals
        rows += [[*nothing, arb(0), s3], [*nothing, s2, arb(0)]]
        along, m = arb_mat(rows), len(active)
        found = along * self.response * along.transpose() * (2 / squared(self.ridge))
        second, third = self.second, self.third
        for k in range(m):
            found[k, m + 1] -= self.ridge / squared(second)
            found[m + 1, k] -= self.ridge / squared(second)
        found[m, m] += 2 * self.ridge * second / (squared(third) * third)
        found[m, m + 1] -= self.ridge / squared(third)
        found[m + 1, m] -= self.ridge / squared(third)
        shares = sum(self.squares, arb(0)) / (squared(second) * second)
        found[m + 1, m + 1] += 2 * self.ridge * shares
        return found


class Moved(Nearby, State):
    """The states at all T and U of a box, from that at its centre."""

    def __init__(self, centre: State, squares: Sequence[arb], third: arb, second: arb) -> None:
        self._place(centre.system, squares, third, second)
        if self.system.loose is not None:
            self.multipliers = centre.multipliers
        size, new = centre.values.nrows(), (*squares, third, second)
        delta = arb_mat(size, size)
        old = (*centre.squares, centre.third, centre.second)
        steps = [(one - other) / self.ridge for one, other in zip(new, old, strict=True)]
        scales = [step for step in steps[:-2] for _ in range(self.frame.depth)]
        for k, scale in enumerate([*scales, steps[-1], steps[-2]]):
            delta[k, k] = scale
        self._move(centre, delta)
