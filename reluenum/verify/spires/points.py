"""A stationary point of a stratum: that it exists, its signs, and whether it is a local minimum.

In the coordinates (T, U, w, B) the squares of the weights are smooth, and f is linear in (w, B) in
each cell of the kinks: whether a point is a minimum is asked on the rays of one arrangement.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations, product

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..arithmetic.decimals import NUMBER_BITS
from ..arithmetic.matrices import column, contracted, pivots_of
from ..deep.sites import Row
from ..deep.strata import active_sets
from ..exact import cocircuits, null_space
from ..reals import dot, require, squared
from .signs import Signs
from .strata import Spire
from .systems import Frame, Moved, State, System

STEPS, EXACT_BITS, MOST_TIGHT = 40, 190, 6  # Newton steps, bits of a box, rays without slope


def zero_near(frame: Frame, squares: Sequence[arb], third: arb, second: arb) -> State | None:
    """Claim 113: there is one zero of all derivatives in the box of what is returned."""
    with ctx.workprec(NUMBER_BITS):
        system = frame.system(tuple(frame.spire.units))
        values, moved, steps = [arb(t.mid()) for t in (*squares, third, second)], True, 0
        try:
            while moved and steps < STEPS:
                (values, moved), steps = _newton(system, values), steps + 1
            state = _state(system, values)
            inverse = state.hessian().inv().mid()
        except ZeroDivisionError:  # it leads nowhere
            return None
        sizes = [arb(0, abs(v) * arb(2) ** -EXACT_BITS) for v in values]
        gradient = column(state.gradient())
        found = contracted(
            values, sizes, gradient, inverse, lambda box: _moved(state, box).hessian()
        )
        return found and _moved(state, found)


def _state(system: System, values: Sequence[arb]) -> State:
    *squares, third, second = values
    return State(system, squares, third, second)


def _moved(state: State, values: Sequence[arb]) -> Moved:
    *squares, third, second = values
    return Moved(state, squares, third, second)


def _newton(system: System, values: list[arb]) -> tuple[list[arb], bool]:
    """Return the next values, and whether they moved much."""
    state = _state(system, values)
    step = (state.hessian().inv() * column(state.gradient())).entries()
    found = [arb((v - s).mid()) for v, s in zip(values, step, strict=True)]
    moved = any(
        abs(s) > abs(v) * arb(2) ** -(EXACT_BITS + 20) for s, v in zip(step, values, strict=True)
    )
    return found, moved


class Zero:
    """A zero of all derivatives with all T > 0: a stationary point, if its signs are right."""

    def __init__(self, spire: Spire, state: State) -> None:
        self.spire, self.state, self.sites = spire, state, spire.sites
        self.ridge, self.depth = state.ridge, state.frame.depth

    def __reduce__(self) -> tuple:
        """Send the numbers that enclose the point: the middle of its box, and the box."""
        boxes = ((s.squares, s.third, s.second) for s in (self.state.centre, self.state))
        return restored, (self.spire, *boxes)

    @cached_property
    def signs(self) -> Signs:
        """The signs of all units at all sites."""
        return Signs(self.spire, self.state)

    @cached_property
    def sides(self) -> tuple[list[int], int, int] | None:
        """The signs of the products of weights above all units; None if this is no point."""
        with ctx.workprec(NUMBER_BITS):
            if self.signs.wrong:
                return None
            known = self.signs.known()
        require(known is not None, f"{self.spire.text}: a sign is exactly 0, or nearly")
        return known

    @cached_property
    def minimum(self) -> bool:
        """Claim 114: this is a strict local minimum, or surely none (Lemma D12).

        It is one if the loss increases along all rays of the arrangement of the kinks in all cells,
        modulo what all kinks stay on, and its second derivative is positive definite there, in T
        and in U. Where some rays have no slope, it has to be so on the span of those in one cell.
        """
        with ctx.workprec(NUMBER_BITS):
            if self._positive(()) is False or any(slope < 0 for *_, slope in self.slopes):
                return False
            exact = len(self.tight) <= MOST_TIGHT and all(self._is_flat(d) for _, d in self.tight)
            alone = [(), *([d] for _, d in self.tight)] if exact else []
            verdicts = list(map(self._positive, alone))
            if False in verdicts:
                return False
            sure = exact and all(verdicts) and all(map(self._positive, _conformal(self.tight)))
        require(sure, f"{self.spire.text}: whether this is a local minimum is not clear")
        return True

    @cached_property
    def slopes(self) -> list[tuple[Row, list[fmpq], arb]]:
        """The rays, and half the derivative of the loss along them."""
        return [(signs, ray, self.slope(ray)) for signs, ray in self.rays()]

    @cached_property
    def tight(self) -> list[tuple[Row, list[fmpq]]]:
        """The rays along which it may be 0."""
        return [(signs, ray) for signs, ray, slope in self.slopes if not slope > 0]

    def rays(self) -> list[tuple[Row, list[fmpq]]]:
        """Return the rays of the arrangement of all kinks in all cells, with their signs."""
        forms = sorted(set(map(tuple, self._forms())))
        return list(cocircuits(dict(enumerate(map(list, forms)))).items()) if forms else []

    def _forms(self) -> Iterator[list[fmpq]]:
        """Yield pre-activations at kinks as forms of changes of (w, B), in all cells there."""
        spire = self.spire
        for j in spire.units:
            yield from (self._form(i, {j}, 0, 0) for i in spire.zeros(spire.lower[j]))
        for kink in spire.kinks:
            for i in kink.places:
                inside = bool((spire.relevant if kink.layer == 3 else -1) >> i & 1)
                bare = kink.layer == 3 and not spire.middle[0] >> i & 1
                yield from ([self._form(i, set(), 0, 1)] if bare else [])
                for cell in active_sets(spire.lower, i) if inside else ():
                    yield self._form(i, cell, 1, kink.layer == 3)

    def _form(self, site: int, units: set[int], second: int, third: int) -> list[fmpq]:
        row = self.sites.rows[site]
        parts = (x if j in units else fmpq(0) for j in self.spire.units for x in row)
        return [*parts, fmpq(second), fmpq(third)]

    def response(self, d: Sequence[fmpq]) -> dict[int, fmpq]:
        """Return the change of f at the sites where it can change, along a change of (w, B)."""
        spire, (lower, second, third), found = self.spire, self.sides, {}
        for i in self.sites.inside(spire.seen):
            bit, value = 1 << i, d[-2]
            for j, (plus, minus) in enumerate(spire.lower):
                move = dot(self.sites.rows[i], d[self.state.frame.block(j)])
                value += move if plus & bit or (not minus & bit and lower[j] * move > 0) else 0
            on = spire.middle[0] & bit or (not spire.middle[1] & bit and second * value > 0)
            value = d[-1] + (value if on else 0)
            on = spire.top[0] & bit or third * value > 0
            found[i] = value if on else fmpq(0)
        return found

    def slope(self, d: Sequence[fmpq]) -> arb:
        """Claim 115: half the derivative of the loss along a change of (w, B), at fixed T and U.

        It is Gamma_j . dw_j + S_2 dB_2 + S_3 dB_3, less what the residuals gain.
        """
        state, (s2, s3) = self.state, self.state.totals
        steps = (d[state.frame.block(j)] for j in self.spire.units)
        found = s2 * d[-2] + s3 * d[-1] + sum(map(dot, state.gammas, steps), arb(0))
        return found - sum((self.residual[i] * x for i, x in self.response(d).items()), arb(0))

    @cached_property
    def residual(self) -> dict[int, arb]:
        """Residuals times copies where layer 3 is positive, and where it is 0."""
        sites, positive = self.sites, self.state.frame.positive
        found = {i: arb(sites.totals[i]) for i in sites.inside(self.spire.seen)}
        return found | dict(zip(positive, self.state.rho, strict=False))

    def _is_flat(self, d: Sequence[fmpq]) -> bool:
        """Claim 116: the slope is exactly 0: as a form of the multipliers, and where f is 0."""
        system, change = self.state.system, self.response(d)
        zeros = self.sites.inside(self.spire.seen & ~self.spire.top[0])
        if any(change[i] * self.sites.totals[i] for i in zeros):
            return False
        row, taken = (fmpq_mat([d]) * system.stack).entries(), self.state.frame.positive
        gains = [change[i] for i in taken] + [fmpq(0)] * len(system.basis)
        return system.vanishes([x - gain for x, gain in zip(row, gains, strict=True)])

    def _positive(self, rays: Sequence[Sequence[fmpq]]) -> bool | None:
        """Whether the second derivative is positive on kinks, some rays, T and U; None: unclear."""
        found = pivots_of(self._second(rays))
        return True if all(p > 0 for p in found) else False if _negative(found) else None

    def _second(self, rays: Sequence[Sequence[fmpq]]) -> arb_mat:
        """Claim 117: half the second derivative of the loss where all kinks stay, or some rays go.

        In changes of (w, B), of one cell, T, U_3 and U_2. The loss is a sum of squares, ridge (sum
        |w_j|^2 / T_j + sum B_k^2 / U_k), and ridge (U_3 + U_2 / U_3 + sum T_j / U_2).
        """
        basis = [*self.kernel, *rays]
        changes, size = [self.response(d) for d in basis], len(basis)
        fits = [self._fit(one, other) for one in changes for other in changes]
        found, shape = self._shares(size), fmpq_mat(size, size, fits)
        for a, b in product(range(size), repeat=2):
            found[a, b] += arb(shape[a, b])
        for place, (block, vector, scale) in enumerate(self._parts(), size):
            steps = [d[block] for d in basis]
            for a, b in product(range(size), repeat=2):
                found[a, b] += self.ridge * arb(dot(steps[a], steps[b])) / scale
            for a in range(size):
                found[a, place] -= self.ridge * dot(vector, steps[a]) / squared(scale)
                found[place, a] = found[a, place]
            found[place, place] += self.ridge * dot(vector, vector) / (squared(scale) * scale)
        return found

    def _fit(self, one: dict[int, fmpq], other: dict[int, fmpq]) -> fmpq:
        """Return what two changes of f together give the sum of squares."""
        return sum((self.sites.copies[i] * x * other[i] for i, x in one.items()), fmpq(0))

    def _parts(self) -> list[tuple[slice, list[arb], arb]]:
        """Return where w_j, B_3 and B_2 stand, their values, and their T, U_3 and U_2."""
        state, units, (b2, b3) = self.state, self.spire.units, self.state.biases
        lower = [(state.frame.block(j), state.weights[j], state.squares[j]) for j in units]
        upper = [(slice(-1, None), [b3], state.third), (slice(-2, -1), [b2], state.second)]
        return lower + upper

    def _shares(self, size: int) -> arb_mat:
        """Return half the second derivative of ridge (U_3 + U_2 / U_3 + sum T_j / U_2)."""
        m, second, third = len(self.spire.lower), self.state.second, self.state.third
        found, last = arb_mat(size + m + 2, size + m + 2), size + m
        pairs = [(place, -self.ridge / squared(second) / 2) for place in range(size, last)]
        for place, x in [*pairs, (last, -self.ridge / squared(third) / 2)]:
            found[place, last + 1] = found[last + 1, place] = x
        found[last, last] = self.ridge * second / (squared(third) * third)
        total = sum(self.state.squares, arb(0))
        found[last + 1, last + 1] = self.ridge * total / (squared(second) * second)
        return found

    @cached_property
    def kernel(self) -> list[list[fmpq]]:
        """Changes of (w, B) at which all kinks stay."""
        forms = [list(form) for form in self._forms()]
        width = len(self.spire.lower) * self.depth + 2
        table = fmpq_mat(forms) if forms else fmpq_mat(1, width)
        return null_space(table).transpose().tolist()

    @property
    def loss(self) -> arb:
        """Claim 118: the loss is ridge (U_3 + U_2 / U_3 + sum T / U_2) + rho.y, and the rest."""
        state, frame = self.state, self.state.frame
        with ctx.workprec(NUMBER_BITS):
            inner = dot(state.rho[: len(frame.means)], frame.means)
            shares = sum(state.squares, arb(0)) / state.second
            penalty = state.ridge * (state.third + state.second / state.third + shares)
            beyond = self.sites.unfitted(self.sites.inside(self.spire.top[0]))
            return (inner + penalty + beyond) * self.sites.scale


def restored(spire: Spire, middle: tuple, box: tuple) -> Zero:
    """Return a point that was sent."""
    with ctx.workprec(NUMBER_BITS):
        system = Frame(spire).system(tuple(spire.units))
        return Zero(spire, Moved(State(system, *middle), *box))


def _negative(pivots: Sequence[arb]) -> bool:
    """Whether a form is negative somewhere, by its pivots up to the first that is not positive."""
    for pivot in pivots:
        if not pivot > 0:
            return bool(pivot < 0)
    return False


def _conformal(rays: Sequence[tuple[Row, list[fmpq]]]) -> Iterator[list[list[fmpq]]]:
    """Yield all sets of two and more rays of one closed cell."""
    for size in range(2, len(rays) + 1):
        for chosen in combinations(rays, size):
            pairs = combinations([signs for signs, _ in chosen], 2)
            if not any((p & n) | (q & m) for (p, q), (m, n) in pairs):
                yield [ray for _, ray in chosen]
