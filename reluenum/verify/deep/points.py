"""A stationary point of a stratum: that it exists, its signs, and whether it is a local minimum."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from ..arithmetic.decimals import NUMBER_BITS
from ..arithmetic.matrices import column, contracted, pivots_of
from ..exact import cocircuits
from ..reals import dot, require, sign
from .exactly.fields import Exact, described, newton_step
from .exactly.probes import Probe, is_null
from .inner import size_of
from .sides import enclosed, form_at
from .sites import Row
from .strata import Stratum, active_sets
from .towers import Moved, State, Tower, Upper

STEPS, EXACT_BITS = 40, 190  # Newton steps, and the bits of a box
Shifts = Mapping[int, fmpq]  # of f, by site
NO_SHIFTS: Shifts = MappingProxyType({})
UNCLEAR = "whether this is a local minimum is not clear"


def zero_near(tower: Tower, squares: Sequence[arb], x: arb) -> State | None:
    """Claim 71: there is one stationary point in the box of what is returned (interval Newton)."""
    with ctx.workprec(NUMBER_BITS):
        try:
            return _enclosed(tower, _polished(tower, [arb(t.mid()) for t in (*squares, x)]))
        except ZeroDivisionError:  # it leads nowhere
            return None


def _polished(tower: Tower, values: list[arb]) -> list[arb]:
    """Return better T and X, by Newton steps, which prove nothing."""
    for _ in range(STEPS):
        values, step = newton_step(tower, values)
        size = size_of(*values) * arb(2) ** -(EXACT_BITS + 20)
        if all(abs(s) <= size for s in step):
            break
    return values


def _enclosed(tower: Tower, values: list[arb]) -> State | None:
    """Return the states of a box of T and X that contains its image."""
    state = State(tower, values[:-1], values[-1])
    inverse, gradient = state.hessian().inv().mid(), column(state.gradient())
    sizes = [arb(0, size_of(*values) * arb(2) ** -EXACT_BITS)] * len(values)
    found = contracted(
        values, sizes, gradient, inverse, lambda box: Moved(state, box[:-1], box[-1]).hessian()
    )
    return found and Moved(state, found[:-1], found[-1])


class Zero:
    """A zero of E with all T > 0: a stationary point, if its signs are those of the stratum."""

    def __init__(self, stratum: Stratum, state: State) -> None:
        self.stratum, self.state, self.sites = stratum, state, stratum.sites

    def __reduce__(self) -> tuple:
        """Send the numbers that enclose the point."""
        state, centre = self.state, self.state.centre
        return restored, (self.stratum, centre.squares, centre.x, state.squares, state.x)

    def near(self, low: arb, high: arb) -> bool:
        """Whether X is between two numbers."""
        return low <= self.state.x <= high

    @cached_property
    def exact(self) -> Exact:
        """The point in a number field."""
        found = described(self.state)
        require(found is not None, f"{self.stratum.text}: a number is exactly 0, or nearly")
        return found

    def settled(self, question: Callable[[State], Any]) -> Any:
        """Return what a point in balls answers, or what it does exactly if that is nothing."""
        with ctx.workprec(NUMBER_BITS):
            found = question(self.state)
            return question(self.exact) if found is None else found

    def sign(self, number: Callable[[State], Any]) -> int:
        """Return the sign of a number at the point."""
        return self.settled(lambda state: sign(number(state)))

    @cached_property
    def alive(self) -> bool:
        """Whether all T are positive, none of them being negative."""
        units = range(len(self.state.squares))
        return all(self.sign(lambda state, j=j: state.squares[j]) == 1 for j in units)

    @cached_property
    def sides(self) -> tuple[int, ...] | None:
        """Claim 72: signs of a and a c_j with which this is a stationary point; None without."""

        def question(state: State) -> tuple[int, ...] | None:
            found = enclosed(self.stratum, state)
            return () if found.wrong else found.known()

        return self.settled(question) or None

    @cached_property
    def minimum(self) -> bool:
        """Claim 73: this is a strict local minimum, or surely none (Lemma D12).

        Kinks are linear in (w, B), and (w, B) at fixed T and X is in cells that rays span, on each
        of which the loss is smooth. It is a strict minimum if the Hessian of the reduced loss is
        positive definite (Lemma D17), no slope along a ray is negative (claim 74), and claim 75
        holds where some are 0.
        """
        with ctx.workprec(NUMBER_BITS):
            pivots = pivots_of(self.state.hessian())
            falls = any(self.slope(self.state, ray) < 0 for ray in self._rays.values())
        if falls or any(pivot < 0 for pivot in pivots):
            return False
        signs = set(map(self.slope_sign, self._rays.values()))
        clear = all(pivot > 0 for pivot in pivots)
        require(clear or -1 in signs, f"{self.stratum.text}: {UNCLEAR}")
        return -1 not in signs and all(map(self._curved, self._flat))

    def change(self, i: int, d: Sequence[fmpq]) -> fmpq:
        """Return the change of f at a site by one of (w, B); units may leave their kinks."""
        depth, bit, found = self.sites.depth, 1 << i, d[-1]
        for j, (s, (plus, minus)) in enumerate(
            zip(self.sides[1:], self.stratum.lower, strict=True)
        ):
            move = dot(self.sites.rows[i], d[j * depth : (j + 1) * depth])
            if plus & bit or (not minus & bit and s * move > 0):
                found += move
        return found

    def slope(self, state: State | Probe, d: Sequence[fmpq], shifts: Shifts = NO_SHIFTS) -> Any:
        """Claim 74: half the derivative of the loss along a change of (w, B), at fixed T and X.

        It is Gamma_j . dw_j + S dB, less rho df where the upper unit is or becomes positive. What
        else shifts f at sites may be given.
        """
        side, slope = self.sides[0], state.total * d[-1]
        for j, gamma in enumerate(state.gammas):
            slope += dot(gamma, d[j * state.depth : (j + 1) * state.depth])
        for i in self.sites.inside(self.stratum.relevant):
            df = self.change(i, d) + shifts.get(i, 0)
            if self.stratum.upper[0] >> i & 1:
                slope -= state.residual[i] * df
            elif side * df > 0:
                slope -= self.sites.totals[i] * df
        return slope

    @cached_property
    def flat_rays(self) -> dict[Row, Sequence[fmpq]]:
        """The rays along which the slope is exactly 0."""
        return {k: d for k, d in self._rays.items() if self.slope_sign(d) == 0}

    @property
    def _flat(self) -> list[list[Sequence[fmpq]]]:
        """The largest sets of such rays of one cell."""
        rays = self.flat_rays
        return [[rays[k] for k in chosen] for chosen in together(rays)]

    def slope_sign(self, d: Sequence[fmpq], shifts: Shifts = NO_SHIFTS) -> int:
        """Return the sign of the slope along a ray."""
        with ctx.workprec(NUMBER_BITS):
            found = sign(self.slope(self.state, d, shifts))
        if found is None and is_null(self.state.tower, partial(self.slope, d=d, shifts=shifts)):
            return 0
        return self.sign(lambda state: self.slope(state, d, shifts)) if found is None else found

    def _curved(self, rays: Sequence[Sequence[fmpq]]) -> bool:
        """Claim 75: along such rays the loss grows of second order, or falls if there is one.

        They lead into the stratum of the signs that kinks have along their sum, where the point is
        stationary as well: the Hessian of that decides (Lemma D12, Lemma D20).
        """
        stratum = self._beside([sum(entries, fmpq(0)) for entries in zip(*rays, strict=True)])
        with ctx.workprec(NUMBER_BITS):
            tower = Tower(Upper(self.sites, stratum.upper), stratum.lower)
            pivots = pivots_of(State(tower, self.state.squares, self.state.x).hessian())
        grows = all(pivot > 0 for pivot in pivots)
        falls = len(rays) == 1 and any(pivot < 0 for pivot in pivots)
        require(grows or falls, f"{self.stratum.text}: {UNCLEAR}")
        return grows

    def _beside(self, d: Sequence[fmpq]) -> Stratum:
        """Return the stratum into which a change of (w, B) leads."""
        (side, *sides), depth, rows = self.sides, self.sites.depth, []
        for j, (s, (plus, minus)) in enumerate(zip(sides, self.stratum.lower, strict=True)):
            step = d[j * depth : (j + 1) * depth]
            moves = {i: s * dot(self.sites.rows[i], step) for i in self.zeros(j)}
            rows.append(moved((plus, minus), moves))
        kinks = {i: side * self.change(i, d) for i in self.state.tower.upper.kinks}
        return Stratum(self.sites, moved(self.stratum.upper, kinks), tuple(rows))

    @cached_property
    def _rays(self) -> dict[Row, Sequence[fmpq]]:
        """The rays of the arrangement of all kinks, in all cells, by their sign vectors."""
        units = range(len(self.stratum.lower))
        forms = {self.form(i, {j}, 0) for j in units for i in self.zeros(j)}
        forms = forms.union(*map(self.cells, self.state.tower.upper.kinks))
        return cocircuits(dict(enumerate(map(list, sorted(forms))))) if forms else {}

    def cells(self, i: int) -> set[tuple[fmpq, ...]]:
        """Return f at a kink, in all cells of the kinks of the first layer there, as forms."""
        return {self.form(i, cell, 1) for cell in active_sets(self.stratum.lower, i)}

    def form(self, i: int, units: set[int], bias: int) -> tuple[fmpq, ...]:
        """Return the sum of x . w_j at a site over some units, and of B or nothing, as a form."""
        return form_at(self.stratum, i, units, bias)

    def gone(self, j: int, k: int) -> bool:
        """Whether the entry k of the vector of a unit is exactly 0."""
        null = self.state.tower.is_null(j, k)
        return null or self.sign(lambda state: state.gammas[j][k]) == 0

    @property
    def grouped(self) -> list[int]:
        """The group, if the upper unit is 0 there."""
        return [i for i in self.state.tower.upper.kinks if self.stratum.group >> i & 1]

    @property
    def places(self) -> list[int]:
        """The kinks of the upper unit, one site of the group."""
        single = [i for i in self.state.tower.upper.kinks if i not in self.grouped]
        return single + self.grouped[:1]

    def zeros(self, j: int) -> list[int]:
        """Return the relevant sites at which unit j of the first layer is 0."""
        plus, minus = self.stratum.lower[j]
        return self.sites.inside(self.stratum.relevant & ~plus & ~minus)

    @cached_property
    def independent(self) -> bool:
        """Claim 76: the gradients of the kinks are independent, a group of sites counted once."""
        single = set(self.state.tower.upper.kinks) - set(self.grouped)
        upper = len(single) + bool(self.grouped) == len(self.state.tower.basis)
        lower = (self.zeros(j) for j in range(len(self.stratum.lower)))
        rows = ([self.sites.rows[i] for i in zeros] for zeros in lower if zeros)
        return upper and all(fmpq_mat(table).rank() == len(table) for table in rows)

    @property
    def plain(self) -> bool:
        """Whether multipliers are unique at every site: what further units gain is a sum."""
        return self.independent and len(self.grouped) < 2

    @property
    def strict(self) -> bool:
        """Whether first order is strict, at independent kinks."""
        return self.independent and not self._flat

    @property
    def shared(self) -> bool:
        """Claim 77: units may have copies (Lemma D13).

        First order is strict, or no kink below costs nothing on both sides (Lemma D44).
        """
        below = ((j, i) for j in range(len(self.stratum.lower)) for i in self.zeros(j))
        return self.strict or (self.plain and all(self._held(*kink) for kink in below))

    def _held(self, j: int, site: int) -> bool:
        """Whether the loss grows as a kink below moves alone, to one side at least."""
        return any(self.slope_sign(self.alone(j, site, up)) for up in (False, True))

    def alone(self, j: int, site: int, up: bool = False) -> list[fmpq]:
        """Return a change of (w, B) that moves one kink below, down or up, and no other anywhere.

        The kinks have to be independent. A group counts as one.
        """
        units = range(len(self.stratum.lower))
        kinks = [self.form(i, {k}, 0) for k in units for i in self.zeros(k)]
        moved, aim = self.form(site, {j}, 0), self.sides[j + 1] * (1 if up else -1)
        for i in self.places:
            on = {k for k in units if self.stratum.lower[k][0] >> i & 1}
            kinks.append(self.form(i, on | {j} if up and i == site else on, 1))
        table = fmpq_mat([*map(list, kinks)])
        aims = fmpq_mat([[aim * (form == moved)] for form in kinks])
        return (table.transpose() * (table * table.transpose()).solve(aims)).entries()

    @property
    def loss(self) -> arb:
        """An enclosure of the loss."""
        with ctx.workprec(NUMBER_BITS):
            return self.loss_at(self.state)

    def loss_at(self, state: State) -> Any:
        """Claim 78: the loss is ridge (X + sum T / X) + rho . y, and the rest of y^2."""
        sites = self.sites
        inner = dot(state.rho[: len(state.tower.means)], state.tower.means)
        shares = dot(state.squares, [fmpq(1)] * len(state.squares)) / state.x
        penalty = (shares + state.x) * state.ridge
        beyond = sites.unfitted(sites.inside(self.stratum.upper[0]))
        return (inner + penalty + beyond) * sites.scale

    def signs(self, j: int) -> str:
        """Return the signs of a unit of the first layer at all data points."""
        places = self.sites.inside(self.sites.everything & ~self.stratum.relevant)
        values = {
            i: self.sides[j + 1] * self.sign(lambda state, i=i: state.along[j][i]) for i in places
        }
        return self.sites.at_points(moved(self.stratum.lower[j], values))


def restored(stratum: Stratum, middle: list[arb], x: arb, squares: list[arb], ball: arb) -> Zero:
    """Return a point that was sent: the middle of its box, and the box."""
    with ctx.workprec(NUMBER_BITS):
        tower = Tower(Upper(stratum.sites, stratum.upper), stratum.lower)
        return Zero(stratum, Moved(State(tower, middle, x), squares, ball))


def moved(row: Row, changes: dict[int, Any]) -> Row:
    """Return signs with those of some numbers in place of zeros."""
    plus = sum(1 << i for i, value in changes.items() if value > 0)
    minus = sum(1 << i for i, value in changes.items() if value < 0)
    return row[0] | plus, row[1] | minus


def together(rays: Collection[Row]) -> list[frozenset[Row]]:
    """Return the largest sets of rays of one cell: no form has opposite signs on two of them."""
    sets = {frozenset((ray,)) for ray in rays}
    while grown := {s | {r} for s in sets for r in set(rays) - s if _fits(s, r)} - sets:
        sets |= grown
    return [s for s in sets if not any(map(s.__lt__, sets))]


def _fits(chosen: Iterable[Row], ray: Row) -> bool:
    """Whether rays and another one are in one cell."""
    return not any(plus & ray[1] or minus & ray[0] for plus, minus in chosen)
