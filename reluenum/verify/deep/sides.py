"""What is known of the stationary points of a stratum in a range of X, and what excludes them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from flint import arb, arb_mat, fmpq, fmpq_mat

from ..arithmetic.matrices import column
from ..reals import dot, root_above, sign, squared
from .strata import Stratum
from .towers import State


@dataclass(frozen=True)
class Sides:
    """Enclosures, up to positive factors, at all stationary points of a stratum in a range of X.

    `along` are Gamma_j . x at all sites for each unit, `outputs` values of f by site, `excess` is
    |Gamma_j|^2 X - ridge^2; X is at least `least`. They may be exact.
    """

    stratum: Stratum
    along: Sequence[Sequence[arb]]
    outputs: dict[int, arb]
    excess: Sequence[arb]
    least: arb

    def unit(self, j: int, side: int) -> bool | None:
        """Whether unit j has the signs of its face if a c_j has the sign `side`, None: unclear."""
        plus, minus = self.stratum.lower[j]
        signs = ((i, (plus >> i & 1) - (minus >> i & 1)) for i in range(len(self.along[j])))
        return _fit((self.along[j][i], side * wanted) for i, wanted in signs if wanted)

    def output(self, side: int) -> bool | None:
        """Whether f has the signs of the stratum if the output weight has the sign `side`."""
        if self.least > highest(self.stratum, side):
            return False
        plus = self.stratum.upper[0]
        pairs = self.outputs.items()
        return _fit((value, side if plus >> i & 1 else -side) for i, value in pairs)

    @property
    def excluded(self) -> bool:
        """Claim 63: there are none: a sign is wrong either way, or |Gamma_j| is."""
        return any(map(sign, self.excess)) or self.wrong

    @property
    def wrong(self) -> bool:
        """Whether a sign is wrong either way."""
        units = (j for j, values in enumerate(self.along) if values)
        wrong = (all(self.unit(j, side) is False for side in (1, -1)) for j in units)
        return any(wrong) or all(self.output(side) is False for side in (1, -1))

    def known(self) -> tuple[int, ...] | None:
        """Return the signs of a and of all a c_j, None if they are not known."""
        sure = [[s for s in (1, -1) if self.output(s)]]
        sure += [[s for s in (1, -1) if self.unit(j, s)] for j in range(len(self.along))]
        return tuple(s for (s,) in sure) if all(len(found) == 1 for found in sure) else None


def _fit(pairs: Iterable[tuple[arb, int]]) -> bool | None:
    """Whether numbers have the signs that are wanted; None if that is unclear."""
    found = {None if (s := sign(value)) is None else s == wanted for value, wanted in pairs}
    return False if False in found else None if None in found else True


def highest(stratum: Stratum, side: int) -> fmpq:
    """Claim 64: no X of a stationary point is larger, for an output weight of one sign.

    X is r . f / ridge (Lemma D1), where r f <= y^2 / 4 at a site, and r f < 0 if f has not the sign
    of y.
    """
    sites = stratum.sites
    return sites.pull(stratum.upper[0], side) / (4 * sites.ridge)


def enclosed(stratum: Stratum, state: State) -> Sides:
    """Return what a tower of all units says, its squares and X being balls."""
    tower, along = state.tower, state.along
    excess = [length * state.x - squared(state.ridge) for length in state.lengths]
    rho = zip(tower.upper.positive, state.rho, tower.means, tower.counts, strict=False)
    outputs = {i: y - r / n for i, r, y, n in rho}
    found = Sides(stratum, along, outputs, excess, state.least)
    return Sides(stratum, along, outputs | beyond(found, state), excess, found.least)


def beyond(found: Sides, state: State) -> dict[int, arb]:
    """Return f where the upper unit is negative, if it is clear which units are active there.

    It is exactly 0 where kinks imply that.
    """
    sides = [[s for s in (1, -1) if found.unit(j, s)] for j in range(len(found.along))]
    if not all(len(options) == 1 for options in sides):
        return {}
    places = state.tower.sites.inside(found.stratum.upper[1])
    return {i: height(found, state, [s for (s,) in sides], i) for i in places}


def height(found: Sides, state: State, sides: Sequence[int], site: int) -> arb:
    """Return f at a site where the upper unit is negative, by the signs of all a c_j."""
    heights = [s * along[site] for s, along in zip(sides, found.along, strict=True)]
    value = state.bias
    for s, z, square in zip(sides, heights, state.squares, strict=True):
        value += s * state.positive(z) * square / state.ridge
    zero = sign(value) is None and implied(found.stratum, site, list(map(sign, heights)))
    return arb(0) if zero else value


def implied(stratum: Stratum, site: int, signs: Sequence[int | None]) -> bool:
    """Whether f = 0 at a site where units have some signs follows from the kinks."""
    if None in signs:
        return False
    forms = kinks_of(stratum)
    there = form_at(stratum, site, [j for j, s in enumerate(signs) if s == 1], 1)
    return bool(forms) and fmpq_mat([*forms, there]).rank() == fmpq_mat(forms).rank()


def kinks_of(stratum: Stratum) -> list[tuple[fmpq, ...]]:
    """Return all kinks, those of the upper unit in the cell of the stratum, as forms of (w, B)."""
    found = []
    for i in stratum.sites.inside(stratum.zeros):
        on = [j for j, (plus, _) in enumerate(stratum.lower) if plus >> i & 1]
        found.append(form_at(stratum, i, on, 1))
    for j, (plus, minus) in enumerate(stratum.lower):
        zeros = stratum.sites.inside(stratum.relevant & ~plus & ~minus)
        found += [form_at(stratum, i, [j], 0) for i in zeros]
    return found


def form_at(stratum: Stratum, site: int, units: Collection[int], bias: int) -> tuple[fmpq, ...]:
    """Return the sum of x . w_j at a site over some units, and of B or nothing, as a form."""
    row, size = stratum.sites.rows[site], len(stratum.lower)
    parts = (x if j in units else fmpq(0) for j in range(size) for x in row)
    return (*parts, fmpq(bias))


@dataclass(frozen=True)
class Ball:
    """Linear forms of the residuals of inner minimisers at X / q^2, for q between two ends.

    They are affine in q, with the values `low` and `high` at the ends, up to `radius` times the
    root of their squares by `metric`, the diagonal of it (Lemma D56).
    """

    low: arb_mat
    high: arb_mat
    metric: arb_mat
    radius: arb

    def of(self, forms: arb_mat) -> "Ball":
        """Return the same of linear forms of them, in rows."""
        metric = forms * self.metric * forms.transpose()
        return Ball(forms * self.low, forms * self.high, metric, self.radius)

    def rooms(self) -> list[arb]:
        """Return how far each may be from what is affine in q."""
        squares = (self.metric[k, k] for k in range(self.metric.nrows()))
        return [(root_above(square) * self.radius).upper() for square in squares]

    def values(self) -> list[arb]:
        """Claim 65: enclosures for all q between the ends (Lemma D56)."""
        numbers = zip(self.low.entries(), self.high.entries(), self.rooms(), strict=True)
        return [low.union(high) + arb(0, room) for low, high, room in numbers]


class Block:
    """What is known of the inner minimisers at all X of a range, by one choice of T (Lemma D56)."""

    def __init__(self, state: State, low: arb, high: arb) -> None:
        self.state, self.least = state, low
        self.ends = [(state.x / end).sqrt() for end in (high, low)]
        self.ball = self.residual()
        self.units = [self.unit(k) for k in range(len(state.system.maps))]

    def residual(self) -> Ball:
        """Claim 66: the residual. Units count by directions (Lemma D30, Lemma D56)."""
        state, system, last = self.state, self.state.system, self.ends[1]
        rho, inverse = state.solution, state.matrix.inv()
        fit = system.diagonal * rho * arb(0.5)
        slope = (fit + system.ones * rho * state.x) * state.shrink
        metric = system.diagonal * arb(0.5) + system.ones * (state.x * squared(last))
        for gram, square, norm in zip(system.grams, state.squares, state.norms, strict=False):
            share = square * state.bound / norm
            slope, metric = slope + gram * rho * share, metric + gram * (share * last)
        low, high = (inverse * (fit + slope * q) for q in self.ends)
        radius = self.radius((fit.transpose() * rho)[0, 0])
        return Ball(low, high, inverse * metric * inverse, radius)

    def radius(self, fit: arb) -> arb:
        """Claim 67: the root of R(q) of Lemma D56, convex in q: it is largest at an end."""
        state, tau = self.state, self.state.shrink
        bias = state.x * squared(state.total) / state.ridge
        one, other = (
            fit * squared(1 - q * tau) + bias * squared(q - tau) + q * state.slack
            for q in self.ends
        )
        return root_above(one.max(other))

    def unit(self, k: int) -> Ball:
        """Return Gamma_k: free multipliers are affine in q, and those of the state at T."""
        state, forms = self.state, self.state.system.maps[k]
        found = self.ball.of(forms)
        if k not in state.tower.free:
            return found
        move = column(state.gammas[k]) - forms * state.solution
        first, last = self.ends
        return replace(found, low=found.low + move * first, high=found.high + move * last)

    def short(self, k: int) -> bool:
        """Whether |Gamma_k| is below its bound at all X of the range."""
        return self.below(self.units[k])

    def below(self, unit: Ball) -> bool:
        """Claim 68: whether linear forms are a vector that is short enough at all X of the range.

        Up to the radius its length is convex in q, so that the ends will do.
        """
        rooms = unit.rooms()
        pairs = zip((unit.low, unit.high), self.ends, strict=True)
        tops = ((root_above(dot(u.entries(), u.entries())), q * self.state.bound) for u, q in pairs)
        return all(top + root_above(dot(rooms, rooms)) < bound for top, bound in tops)

    def excludes(self, stratum: Stratum) -> bool:
        """Claim 69: whether no X of the range is that of a stationary point, by claim 63.

        If multipliers are free, only units that they do nothing to have known signs, and units are
        0 if they all can be short (Lemma D56).
        """
        tower, system = self.state.tower, self.state.system
        rows, free = [*tower.rows, *tower.others], tower.free
        if any(self.short(k) for k in range(len(rows)) if k not in free):
            return True
        if free and all(map(self.short, free)):
            return True
        order = map(rows.index, stratum.lower)
        along = [[] if k in free else self.units[k].of(system.sites).values() for k in order]
        values = self.ball.of(system.diagonal).values()
        fits = zip(tower.upper.positive, tower.means, values, strict=False)
        outputs = {i: y - fit for i, y, fit in fits}
        return Sides(stratum, along, outputs, [], self.least).wrong
