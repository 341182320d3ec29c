"""A stationary point of a stratum: that it exists, its signs, and whether it is a local minimum."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, combinations

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..exact import cocircuits
from ..points import NUMBER_BITS
from ..reals import dot, require, sign
from .inner import pivots_of
from .sides import enclosed
from .strata import Stratum
from .towers import Moved, State, Tower, identity

STEPS, EXACT_BITS = 40, 190  # Newton steps, and the bits of a box


def zero_near(tower: Tower, squares: Sequence[arb], x: arb) -> State | None:
    """Claim 66: there is one stationary point in the box of what is returned (interval Newton)."""
    with ctx.workprec(NUMBER_BITS):
        values, moved, steps = [arb(t.mid()) for t in (*squares, x)], True, 0
        try:
            while moved and steps < STEPS:
                (values, moved), steps = _newton(tower, values), steps + 1
            state = State(tower, values[:-1], values[-1])
            inverse = state.hessian().inv().mid()
        except ZeroDivisionError:  # it leads nowhere
            return None
        sizes = [arb(0, abs(v) * arb(2) ** -EXACT_BITS) for v in values]
        box = [v + s for v, s in zip(values, sizes, strict=True)]
        derivative = Moved(state, box[:-1], box[-1]).hessian()
        left = (identity(len(box)) - inverse * derivative) * column(sizes)
        image = column(values) - inverse * column(state.gradient()) + left
        inside = all(map(arb.contains_interior, box, image.entries()))
        *found, last = image.entries()
        return Moved(state, found, last) if inside else None


def column(numbers: Sequence[arb]) -> arb_mat:
    """Return numbers as a column."""
    return arb_mat([[x] for x in numbers])


def _newton(tower: Tower, values: list[arb]) -> tuple[list[arb], bool]:
    """Return the next values, and whether they moved much."""
    state = State(tower, values[:-1], values[-1])
    step = (state.hessian().inv() * column(state.gradient())).entries()
    found = [arb((v - s).mid()) for v, s in zip(values, step, strict=True)]
    moved = any(
        abs(s) > abs(v) * arb(2) ** -(EXACT_BITS + 20) for s, v in zip(step, values, strict=True)
    )
    return found, moved


class Zero:
    """A zero of E with all T > 0: a stationary point, if its signs are those of the stratum."""

    def __init__(self, stratum: Stratum, state: State) -> None:
        self.stratum, self.state, self.sites = stratum, state, stratum.sites

    def near(self, low: arb, high: arb) -> bool:
        """Whether X is between two numbers."""
        return low <= self.state.x <= high

    @cached_property
    def sides(self) -> tuple[int, ...] | None:
        """Claim 67: signs of a and a c_j with which this is a stationary point; None without."""
        with ctx.workprec(NUMBER_BITS):
            found = enclosed(self.stratum, self.state)
            if found.wrong:
                return None
            known = found.known()
        require(known is not None, f"{self.stratum.text}: a sign is exactly 0, or nearly")
        return known

    @cached_property
    def minimum(self) -> bool:
        """Claim 68: this is a strict local minimum, or surely none (Lemma D12).

        The Hessian of the Lagrangian on the stratum is positive definite iff that of the reduced
        loss is (Theorem D9), and every multiplier is strictly between 0 and what its kink can take.
        There is none if the Hessian is not, or the loss decreases along some direction.
        """
        with ctx.workprec(NUMBER_BITS):
            pivots = pivots_of(self.state.hessian())
            if any(pivot < 0 for pivot in pivots):
                return False
            conditions = chain(pivots, self._upper(), self._lower())
            sure = self._independent() and all(x > 0 for x in conditions)
            fails = not sure and any(self._slope(d) < 0 for d in self._directions())
        require(sure or fails, f"{self.stratum.text}: whether this is a local minimum is not clear")
        return sure

    def _directions(self) -> Iterator[Sequence[fmpq]]:
        """Yield changes of (w, B) along the rays of the arrangement of all kinks, in all cells."""
        units = range(len(self.stratum.lower))
        forms = {self._form(i, {j}, 0) for j in units for i in self.zeros(j)}
        forms = forms.union(*map(self._cells, self.state.tower.upper.kinks))
        yield from cocircuits(dict(enumerate(map(list, sorted(forms))))).values() if forms else ()

    def _cells(self, i: int) -> set[tuple[fmpq, ...]]:
        """Return f at a kink, in all cells of the kinks of the first layer there, as forms."""
        bit, rows = 1 << i, list(enumerate(self.stratum.lower))
        plus = {j for j, row in rows if row[0] & bit}
        zero = [j for j, row in rows if not (row[0] | row[1]) & bit]
        cells = chain.from_iterable(combinations(zero, k) for k in range(len(zero) + 1))
        return {self._form(i, plus.union(cell), 1) for cell in cells}

    def _form(self, i: int, units: set[int], bias: int) -> tuple[fmpq, ...]:
        """Return the sum of x . w_j at a site over some units, and of B or nothing, as a form."""
        row, size = self.sites.rows[i], len(self.stratum.lower)
        parts = (x if j in units else fmpq(0) for j in range(size) for x in row)
        return (*parts, fmpq(bias))

    def _slope(self, d: Sequence[fmpq]) -> arb:
        """Claim 69: half the derivative of the loss along a change of (w, B), at fixed T and X.

        It is Gamma_j . dw_j + S dB, less rho df where the upper unit is or becomes positive; units
        of the first layer that leave a kink take part in df where they become positive.
        """
        state, sites, (side, *sides) = self.state, self.sites, self.sides
        depth, last = sites.depth, d[-1]
        steps = [d[k : k + depth] for k in range(0, len(d) - 1, depth)]
        slope = sum(map(dot, state.gammas, steps), state.total * last)
        for i in sites.inside(self.stratum.relevant):
            moves, bit = [dot(sites.rows[i], step) for step in steps], 1 << i
            pairs = zip(moves, sides, self.stratum.lower, strict=True)
            df = last + sum(
                m for m, s, (plus, minus) in pairs if plus & bit or (not minus & bit and s * m > 0)
            )
            if self.stratum.upper[0] & bit:
                slope -= self.residual[i] * df
            elif side * df > 0:
                slope -= sites.totals[i] * df
        return slope

    @property
    def _single(self) -> list[int]:
        """The kinks of the upper unit outside the group."""
        return [i for i in self.state.tower.upper.kinks if not self.stratum.group >> i & 1]

    @property
    def grouped(self) -> list[int]:
        """The group, if the upper unit is 0 there."""
        return [i for i in self.state.tower.upper.kinks if self.stratum.group >> i & 1]

    def zeros(self, j: int) -> list[int]:
        """Return the relevant sites at which unit j of the first layer is 0."""
        plus, minus = self.stratum.lower[j]
        return self.sites.inside(self.stratum.relevant & ~plus & ~minus)

    def _independent(self) -> bool:
        """Claim 70: the gradients of the kinks are independent, a group counted once."""
        upper = len(self._single) + bool(self.grouped) == len(self.state.tower.basis)
        lower = (self.zeros(j) for j in range(len(self.stratum.lower)))
        rows = ([self.sites.rows[i] for i in zeros] for zeros in lower if zeros)
        return upper and all(fmpq_mat(table).rank() == len(table) for table in rows)

    @cached_property
    def residual(self) -> dict[int, arb]:
        """The multiplier of f at each relevant site, that of a group at one of its sites."""
        return dict(zip(self.state.tower.columns, self.state.rho, strict=True))

    @property
    def shared(self) -> arb:
        """The multiplier of the group."""
        return next(self.residual[i] for i in self.grouped if i in self.residual)

    def _upper(self) -> Iterator[arb]:
        """Claim 71: numbers that are positive iff the upper unit loses on either side of kinks."""
        side = self.sides[0]
        for i in self._single:
            yield -side * self.residual[i]
            yield side * (self.residual[i] - self.sites.totals[i])
        if self.grouped:
            yield -side * self.shared
            yield side * (self.shared - sum((self.sites.totals[i] for i in self.grouped), fmpq(0)))

    def _lower(self) -> Iterator[arb]:
        """Claim 72: the same for the kinks of the first layer, whose multipliers are -nu."""
        nested: dict[int, list[arb]] = {}
        for j, side in enumerate(self.sides[1:]):
            for i, nu in self._pulls(j).items():
                yield -side * nu
                if i not in self.grouped:
                    yield side * (nu - self.residual[i])
                elif side != self.sides[0]:
                    yield side * nu
                else:
                    nested.setdefault(i, []).append(side * nu)
        yield from self._fan(nested)

    def _pulls(self, j: int) -> dict[int, arb]:
        """Return nu by site: w_j ridge / T_j is sum rho x (active sites) + sum nu x (kinks)."""
        zeros, plus = self.zeros(j), self.stratum.lower[j][0] & self.stratum.relevant
        if not zeros:
            return {}
        table = fmpq_mat([self.sites.rows[i] for i in zeros])
        active = [i for i in self.sites.inside(plus) if i in self.residual]
        gamma = arb_mat(fmpq_mat([self.sites.rows[i] for i in active]).transpose()) * arb_mat(
            [[self.residual[i]] for i in active]
        )
        found = arb_mat((table * table.transpose()).inv() * table) * gamma
        return {i: -nu for i, nu in zip(zeros, found.entries(), strict=True)}

    def _fan(self, nested: dict[int, list[arb]]) -> Iterator[arb]:
        """Claim 73: kinks of the first layer inside the group of kinks above.

        One of them: on the rays of the fan. Several: if the multiplier of the group can be split
        among its sites so that each kink above is as one alone (Lemma D19).
        """
        side, totals = self.sides[0], self.sites.totals
        if len(nested) == 1 and len(next(iter(nested.values()))) == 1:
            ((i, (nu,)),) = nested.items()
            yield nu - side * totals[i]
            yield nu - side * self.shared
        elif nested:
            bounds = {i: min(nested.get(i, [arb(0)])) for i in self.grouped}
            yield sum(bounds.values(), arb(0)) - side * self.shared
            yield from (x - side * totals[i] for i, x in bounds.items())

    @property
    def loss(self) -> arb:
        """Claim 74: the loss is ridge (X + sum T / X) + rho . y, and the rest of y^2."""
        state, sites = self.state, self.sites
        with ctx.workprec(NUMBER_BITS):
            inner = dot(state.rho[: len(state.tower.means)], state.tower.means)
            penalty = state.ridge * (state.x + sum(state.squares, arb(0)) / state.x)
            beyond = (
                sites.totals[i] * sites.means[i]
                for i in sites.inside(sites.everything & ~self.stratum.upper[0])
            )
            return (inner + penalty + sum(beyond, sites.scatter)) * sites.scale

    def signs(self, j: int) -> str:
        """Return the signs of a unit of the first layer at all data points."""
        with ctx.workprec(NUMBER_BITS):
            values = enclosed(self.stratum, self.state).along[j]
        plus, minus = self.stratum.lower[j]
        for i in self.sites.inside(self.sites.everything & ~self.stratum.relevant):
            found = sign(values[i] * self.sides[j + 1])
            require(found is not None, f"{self.stratum.text}: a sign is exactly 0, or nearly")
            plus, minus = plus | (found == 1) << i, minus | (found == -1) << i
        return self.sites.at_points((plus, minus))
