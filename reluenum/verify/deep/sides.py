"""What is known of the stationary points of a stratum in a range of X, and what excludes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, fmpq

from ..reals import dot, sign
from .strata import Stratum
from .towers import State, squared


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
    pairs = ((sites.totals[i], sites.means[i]) for i in sites.inside(stratum.upper[0]))
    total = sum((t * y for t, y in pairs if side * y > 0), fmpq(0))
    return total / (4 * sites.ridge)


def enclosed(stratum: Stratum, state: State) -> Sides:
    """Return what a tower of all units says, its squares and X being balls."""
    tower, along = state.tower, state.along
    excess = [length * state.x - squared(state.ridge) for length in state.lengths]
    rho = zip(tower.upper.positive, state.rho, tower.means, tower.counts, strict=False)
    outputs = {i: y - r / n for i, r, y, n in rho}
    found = Sides(stratum, along, outputs, excess, state.least)
    return Sides(stratum, along, outputs | beyond(found, state), excess, found.least)


def beyond(found: Sides, state: State) -> dict[int, arb]:
    """Return f where the upper unit is negative, if it is clear which units are active there."""
    sides = [[s for s in (1, -1) if found.unit(j, s)] for j in range(len(found.along))]
    if not all(len(options) == 1 for options in sides):
        return {}
    values = {}
    for i in state.tower.sites.inside(found.stratum.upper[1]):
        value = state.bias
        for (s,), along, square in zip(sides, found.along, state.squares, strict=True):
            value += s * state.positive(s * along[i]) * square / state.ridge
        values[i] = value
    return values


class Ball:
    """What the inner minimisers at X / q^2 can be, for q between two ends, by one choice of T at X.

    Linear forms of their residuals are those of `base` + q `slope`, up to `radius` times the root
    of their squares by `metric` (Lemma D56).
    """

    def __init__(self, state: State, low: arb, high: arb) -> None:
        self.state, self.low = state, low
        self.ends = [(state.x / end).sqrt() for end in (high, low)]
        self.radius = self._radius()
        system, rho, inverse = state.system, state.solution, state.matrix.inv()
        fit, last = system.diagonal * rho * arb(0.5), self.ends[1]
        slope = (fit + system.ones * rho * state.x) * state.shrink
        metric = system.diagonal * arb(0.5) + system.ones * (state.x * squared(last))
        for gram, square, norm in zip(system.grams, state.squares, state.norms, strict=False):
            share = square * state.bound / norm
            slope, metric = slope + gram * rho * share, metric + gram * (share * last)
        self.base, self.slope = inverse * fit, inverse * slope
        self.metric = inverse * metric * inverse

    def _radius(self) -> arb:
        """Claim 161: the root of R(q) of Lemma D56, convex in q: it is largest at an end."""
        state, tau = self.state, self.state.shrink
        fit = dot((state.system.diagonal * state.solution).entries(), state.rho) / 2
        bias = state.x * squared(state.total) / state.ridge
        one, other = (
            fit * squared(1 - q * tau) + bias * squared(q - tau) + q * state.slack
            for q in self.ends
        )
        return _root(one.max(other))

    def around(self, forms: arb_mat) -> list[arb]:
        """Claim 162: linear forms of the residual, in rows, for all these q (Lemma D56)."""
        low, high = ((forms * (self.base + self.slope * q)).entries() for q in self.ends)
        rooms = self.rooms(forms)
        return [a.union(b) + arb(0, r) for a, b, r in zip(low, high, rooms, strict=True)]

    def rooms(self, forms: arb_mat) -> list[arb]:
        """Return how far linear forms may be from their centres."""
        pairs = zip((forms * self.metric).tolist(), forms.tolist(), strict=True)
        return [(_root(dot(one, other)) * self.radius).upper() for one, other in pairs]

    def short(self, k: int) -> bool:
        """Claim 163: whether |Gamma_k| is below its bound for all q between the ends.

        Free multipliers grow with q. Up to the radius |Gamma_k| is convex in q: ends will do.
        """
        forms, moves = self.state.system.maps[k], self.state.moves[k]
        rooms = self.rooms(forms)
        room = _root(dot(rooms, rooms))
        for q in self.ends:
            gamma = (forms * (self.base + self.slope * q)).entries()
            gamma = [u + q * move for u, move in zip(gamma, moves, strict=True)]
            if not _root(dot(gamma, gamma)) + room < q * self.state.bound:
                return False
        return True

    def rules_out(self, stratum: Stratum) -> bool:
        """Claim 65: whether no X of the range is that of a stationary point, by claim 63.

        If multipliers are free, only units that they do nothing to have known signs, and units are
        0 if they all can be short (Lemma D56).
        """
        tower, system = self.state.tower, self.state.system
        rows, free = [*tower.rows, *tower.others], tower.free
        if any(self.short(k) for k in range(len(rows)) if k not in free):
            return True
        if free and all(map(self.short, free)):
            return True
        values = self.around(system.forms)
        size, sites, count = len(tower.counts), tower.sites.size, len(values)
        along = [values[k : k + sites] for k in range(0, count - size, sites)]
        order = map(rows.index, stratum.lower)
        along = [[] if k in free else along[k] for k in order]
        fits = zip(tower.upper.positive, tower.means, values[count - size :], strict=True)
        outputs = {i: y - fit for i, y, fit in fits}
        return Sides(stratum, along, outputs, [], self.low).wrong


def _root(square: arb) -> arb:
    """Return an upper bound of the root of a number that is not negative."""
    return square.upper().max(0).sqrt().upper()
