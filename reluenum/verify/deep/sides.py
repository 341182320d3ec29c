"""What is known of the stationary points of a stratum in a range of X, and what excludes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, fmpq, fmpq_mat

from ..reals import dot, sign
from .sites import Row
from .strata import Stratum
from .towers import State, Tower, squared


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
    """All residuals that the inner minimisers at X / q^2 can have, by one choice of T at X.

    Theorem D16: q tau rho is dual feasible there, and the duality gap of it and the weights of T is
    a (1 - q tau)^2 + b (q - tau)^2 + 2 q (l - tau c). What is here is divided by q.
    """

    def __init__(self, tower: Tower, state: State, low: arb, high: arb) -> None:
        self.state, self.tower, self.low = state, tower, low
        bound, norms = state.ridge / state.x.sqrt(), state.norms
        self.tau = min([(bound / norm.upper()).lower() for norm in norms if norm > 0] + [arb(1)])
        rho = state.rho[: len(tower.counts)]
        self.a = sum((r * r / n for r, n in zip(rho, tower.counts, strict=True)), arb(0))
        self.b = state.x * squared(state.total) / state.ridge
        pairs = list(zip(state.squares, norms, strict=False))
        self.rest = sum((t * x * (bound - self.tau * x) for t, x in pairs), arb(0)) / state.ridge
        self.inverse = [(end / state.x).sqrt() for end in (low, high)]  # 1 / q at either end
        radii = [self.gap(p).upper().max(0).sqrt() for p in self.inverse]
        self.radius = max(radii).upper()
        self.centre = [self.tau * r for r in (*rho, state.total)]

    def gap(self, p: arb) -> arb:
        """Return the duality gap at q = 1 / p, divided by q^2: convex in p."""
        return (
            self.a * squared(p - self.tau) + self.b * squared(1 - self.tau * p) + 2 * p * self.rest
        )

    def around(self, forms: "Forms") -> list[arb]:
        """Return enclosures of linear forms of (rho, sum rho), divided by q."""
        middles = forms.matrix * arb_mat([[x] for x in self.centre])
        rooms = ((p + q / self.low).sqrt() * self.radius for p, q in forms.squares)
        return [arb(m, r.upper()) for m, r in zip(middles.entries(), rooms, strict=True)]

    def sides(self, stratum: Stratum, relations: "Relations") -> Sides:
        """Claim 65: what holds at each X, all residuals being in the ball (Theorem D16)."""
        excess, along = [], []
        bound = squared(self.state.ridge) / self.state.x
        for gamma, values in relations.units:
            along.append(self.around(values) if values else [])
            u = self.around(gamma) if gamma else [arb(0, "inf")]
            excess.append(dot(u, u) - bound)
        scale, outputs = self.inverse[0].union(self.inverse[1]), {}
        rho = zip(
            self.tower.upper.positive,
            self.centre,
            self.tower.means,
            self.tower.counts,
            strict=False,
        )
        for i, r, y, n in rho:
            outputs[i] = arb(y) * scale - r / n + arb(0, (self.radius / arb(n).sqrt()).upper())
        return Sides(stratum, along, outputs, excess, self.low)


class Forms:
    """Linear forms of rho where the upper unit is positive, and of the sum of all."""

    def __init__(self, rows: Sequence[Sequence[fmpq]], tower: Tower) -> None:
        weights = [*tower.counts, tower.sites.ridge]
        terms = ([c * c * n for c, n in zip(row, weights, strict=True)] for row in rows)
        self.squares = [(arb(sum(parts[:-1], fmpq(0))), arb(parts[-1])) for parts in terms]
        self.matrix = arb_mat(fmpq_mat(rows))


class Relations:
    """Gamma_j and its values at the sites as such forms: where all kinks enter it alike."""

    def __init__(self, tower: Tower) -> None:
        self.tower = tower
        self.units = [self._unit(row) for row in tower.rows]

    def _unit(self, row: Row) -> tuple[Forms | None, Forms | None]:
        table = self.tower.upper.gamma(row).tolist()
        lines = []
        for line in table:
            kinks = {line[i] for i in self.tower.basis} or {fmpq(0)}
            if len(kinks) > 1:
                return None, None
            (last,) = kinks
            lines.append([*(line[i] - last for i in self.tower.upper.positive), last])
        gamma = fmpq_mat(lines)
        values = fmpq_mat(self.tower.sites.rows) * gamma
        return Forms(gamma.tolist(), self.tower), Forms(values.tolist(), self.tower)
