"""Dead units: whether a further one lowers the loss, and networks whose first layer is dead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import inf
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from ..exact import cocircuits, covectors, onto
from ..points import NUMBER_BITS
from ..reals import dot, require, sign
from .points import Zero
from .sites import Row, Sites
from .strata import Face
from .towers import State


def zero_is_minimal(sites: Sites) -> bool:
    """Claim 79: the zero network is a strict local minimum iff |sum y| <= ridge (Lemma D2)."""
    return abs(sum(sites.totals, fmpq(0))) <= sites.ridge


def level(sites: Sites) -> fmpq:
    """Claim 80: the value of the constant network; 0 if there is none (Lemma D3)."""
    total = sum(sites.totals, fmpq(0))
    excess = abs(total) - sites.ridge
    return excess * (1 if total > 0 else -1) / sites.points if excess > 0 else fmpq(0)


def constant_is_minimal(sites: Sites, faces: Sequence[Face]) -> bool:
    """Claim 81: it is a local minimum iff no unit of the first layer gains more than it costs.

    That is |w| |u_F(r)| < ridge, |w|^2 being its value, on each face F with u_F(r) in F or -F
    (Lemma D3).
    """
    value, gains = level(sites), set()
    pairs = zip(sites.totals, sites.copies, strict=True)
    residual = [total - copies * value for total, copies in pairs]
    for face in faces:
        u = pull(sites, face.row, residual)
        excess = abs(value) * dot(u, u) - sites.ridge * sites.ridge
        gains |= {sign(excess)} if excess >= 0 and inside(sites, face.row, u) else set()
    require(gains != {0}, "whether the constant network is a local minimum is not clear")
    return not gains


def pull(sites: Sites, row: Row, residual: Sequence[fmpq]) -> list[fmpq]:
    """Return u_F(r): the sum of r x over active sites, inside the flat of a face."""
    zeros = [sites.rows[i] for i in sites.inside(sites.everything & ~row[0] & ~row[1])]
    u = fmpq_mat(sites.depth, 1, [fmpq(0)] * sites.depth)
    for i in sites.inside(row[0]):
        u += fmpq_mat(sites.depth, 1, [residual[i] * x for x in sites.rows[i]])
    return (u - onto(zeros) * u if zeros else u).entries()


def inside(sites: Sites, row: Row, u: Sequence, relevant: int = -1) -> bool | None:
    """Whether a vector or its opposite has the signs of a row; None if that is not known."""
    found = set()
    for i in sites.inside((row[0] | row[1]) & relevant):
        value = sign(dot(sites.rows[i], u))
        found.add(value if value is None or row[0] >> i & 1 else -value)
        if 0 in found or found >= {1, -1}:
            return False
    return None if None in found else True


def harmless(zero: Zero, faces: Sequence[Face]) -> bool:
    """Claim 82: further units of the first layer may be dead (Theorem D14): no direction gains.

    On each face of the relevant sites but the live ones |a| |u_F| < ridge, or u_F is in neither
    F nor -F; if on one of them it is larger, inside, a dead unit lowers the loss.
    """
    relevant = zero.stratum.relevant
    if len(zero.grouped) > 1 and zero.sites.hidden[0] == len(zero.stratum.lower) + 1:
        return _settled(zero, Single(zero).gains())
    rows = {(f.row[0] & relevant, f.row[1] & relevant) for f in faces}
    free = sorted(row for row in rows - set(zero.stratum.lower) if row[0])
    if len(zero.grouped) > 1 and any(lifts(zero, row) for row in free):
        return False
    exact = require_split(zero)
    return _settled(zero, {zero.settled(partial(_gain, zero, row)) for row in free}, exact)


def _settled(zero: Zero, gains: set[int], exact: bool = True) -> bool:
    """Return whether nothing gains, and require that this is clear."""
    clear = gains <= {-1} or (exact and 1 in gains and zero.independent)
    require(clear, f"{zero.stratum.text}: whether a dead unit is harmless is not clear")
    return gains <= {-1}


def _gain(zero: Zero, row: Row, state: State) -> int | None:
    """Return the sign of what a unit of a face gains more than it costs; -1 if u is not in it."""
    sites = zero.sites
    u = gained(zero, row, multipliers(zero, state))
    excess = sign(dot(u, u) * state.x - sites.ridge * sites.ridge)
    side = False if excess == -1 else inside(sites, row, u, zero.stratum.relevant)
    return excess if side else -1 if side is False else None


def lifts(zero: Zero, row: Row) -> bool:
    """Claim 83: a dead unit of a face gains that makes f positive at sites of a group, B fixed.

    There the residual is that of f = 0; u_F or -u_F, by the sign of the output weight, is in F.
    """
    sites, side = zero.sites, zero.sides[0]
    with ctx.workprec(NUMBER_BITS):
        rho = zero.state.residual | {i: arb(sites.totals[i]) for i in zero.grouped}
        u = gained(zero, row, rho)
    seen = sites.inside((row[0] | row[1]) & zero.stratum.relevant)
    fits = (sign(side * dot(sites.rows[i], u)) == (1 if row[0] >> i & 1 else -1) for i in seen)
    return sign(dot(u, u) * zero.state.x - sites.ridge * sites.ridge) == 1 and all(fits)


def gained(zero: Zero, row: Row, rho: dict[int, Any]) -> list[Any]:
    """Return u_F: the multipliers times the active inputs, inside the flat of a face."""
    table = zero.state.tower.upper.gamma(row).tolist()
    return [dot(rho.values(), [line[i] for i in rho]) for line in table]


def require_split(zero: Zero) -> bool:
    """Return whether there is one choice of multipliers, and require that there is any."""
    group, side, units = zero.grouped, zero.sides[0], range(len(zero.stratum.lower))
    bare = not any(set(zero.zeros(j)) & set(group) for j in units)
    bounds = [side * zero.sites.totals[i] for i in group]
    spare = zero.sites.hidden[0] - len(units)
    losing = all(d < 0 or (d == 0 and spare == 1) for d in bounds)
    fine = len(group) < 2 or (bare and losing)
    require(fine, f"{zero.stratum.text}: dead units split a group")
    return len(group) < 2


def multipliers(zero: Zero, state: State) -> dict[int, Any]:
    """Claim 84: multipliers site by site: that of a group is split, each strictly inside its range.

    With one split that works no number of dead units lowers the loss (Lemma D19), and no single one
    with one at the ends of these ranges (Theorem D14). Whether there is another one does not matter
    unless the answer is that a dead unit gains.
    """
    group, totals = zero.grouped, zero.sites.totals
    if len(group) < 2:
        return state.residual
    total = sum((totals[i] for i in group), fmpq(0))
    return state.residual | {i: shared(group, state) * (totals[i] / total) for i in group}


def shared(group: Sequence[int], state: State) -> Any:
    """Return the multiplier of a group."""
    return next(state.residual[i] for i in group if i in state.residual)


class Single:
    """What one further unit gains beside a group of several sites (Theorem D14(c)).

    Which of the shifts that it causes at the group are larger is a sign vector of an arrangement
    with more hyperplanes: on each of its faces its gain is the largest of some linear forms.
    """

    def __init__(self, zero: Zero) -> None:
        self.zero, self.sites, self.group = zero, zero.sites, zero.grouped
        self.side, rows = zero.sides[0], self.sites.rows
        self.seen = self.sites.inside(zero.stratum.relevant)
        self.pairs = list(combinations(self.group, 2))
        apart = [[x - y for x, y in zip(rows[i], rows[k], strict=True)] for i, k in self.pairs]
        self.rows = [*(rows[i] for i in self.seen), *apart]
        units = range(len(zero.stratum.lower))
        self.nested = [(j, i) for j in units for i in self.group if i in zero.zeros(j)]
        plain = len(self.nested) < 2 and zero.strict
        require(plain, f"{zero.stratum.text}: dead units beside kinks in a group")

    def gains(self) -> set[int]:
        """Return the signs of what a unit of any face gains more than it costs; -1 off its face."""
        rays, size = cocircuits(dict(enumerate(self.rows))), len(self.seen)
        live, found = set(self.zero.stratum.lower), set()
        for plus, minus in covectors(rays, len(self.rows), inf):
            marks = [(plus >> k & 1) - (minus >> k & 1) for k in range(len(self.rows))]
            signs = dict(zip(self.seen, marks, strict=False))
            row = tuple(sum(1 << i for i, s in signs.items() if s == mark) for mark in (1, -1))
            if row[0] and row not in live:
                order = dict(zip(self.pairs, marks[size:], strict=True))
                shifts = [Shift(signs, order, side) for side in (1, -1)]
                found |= {self.zero.settled(partial(self._gain, marks, s)) for s in shifts}
        return found

    def _gain(self, marks: Sequence[int], shift: "Shift", state: State) -> int | None:
        """Return the sign of the largest excess of a form with its best direction in the face."""
        zeros = [row for row, mark in zip(self.rows, marks, strict=True) if not mark]
        away = onto(zeros).tolist() if zeros else []
        forms = self._forms(shift, state)
        answers = {self._excess(marks, self._best(form, away), state) for form in forms}
        return 1 if 1 in answers else None if None in answers else max(answers)

    def _best(self, form: dict[int, Any], away: list[list[fmpq]]) -> list[Any]:
        """Return the best direction for a form, but for what leads away from a flat."""
        columns = zip(*(self.sites.rows[i] for i in form), strict=True)
        u = [dot(form.values(), column) for column in columns]
        return [x - dot(row, u) for x, row in zip(u, away, strict=True)] if away else u

    def _excess(self, marks: Sequence[int], u: list[Any], state: State) -> int | None:
        """Return the sign of what a direction gains more than it costs; -1 off the face."""
        pairs = zip(self.rows, marks, strict=True)
        fits = {sign(dot(row, u) * mark) for row, mark in pairs if mark}
        excess = sign(dot(u, u) * state.x - self.sites.ridge * self.sites.ridge)
        outside = -1 in fits or 0 in fits or excess == -1
        return -1 if outside else None if None in fits else excess

    def _forms(self, shift: "Shift", state: State) -> Iterator[dict[int, Any]]:
        """Yield what is gained as linear forms of the values of the unit where it is on."""
        group, rho = self.group, state.residual
        pull = self.side * shared(group, state)
        most = {i: self.side * self.sites.totals[i] for i in group}
        outside = {i: rho[i] * self.side for i in self.seen if i not in group}
        for i in group:
            form = outside | dict.fromkeys(group, pull * 0) | {i: pull}
            for k in group:
                if shift.above(k, i) == 1:
                    form[k], form[i] = form[k] + most[k], form[i] - most[k]
            yield shift.seen(form)
            for j, nested in self.nested:
                if i != nested and shift.above(i, nested) >= 0:  # its weight is positive
                    price = self._price(j, nested, state)
                    change = {i: form[i] - price, nested: form[nested] + price}
                    yield shift.seen(form | change)

    def _price(self, j: int, site: int, state: State) -> Any:
        """Return the multiplier of a kink of a unit below, from the slope as it alone moves."""
        return -self.zero.slope(state, self.zero.alone(j, site))


@dataclass(frozen=True)
class Shift:
    """How a unit of a face shifts what is above: `side` times its values at sites where it is on.

    `signs` are its own by site, `order` those of differences of its values at two sites.
    """

    signs: dict[int, int]
    order: dict[tuple[int, int], int]
    side: int

    def above(self, i: int, k: int) -> int:
        """Return the sign of the shift at one site less that at another."""
        on = self.signs[i] > 0, self.signs[k] > 0
        if i != k and all(on):
            return self.side * (self.order[i, k] if (i, k) in self.order else -self.order[k, i])
        return self.side * (on[0] - on[1])

    def seen(self, form: dict[int, Any]) -> dict[int, Any]:
        """Return a form of shifts as one of the values of the unit."""
        return {i: x * self.side for i, x in form.items() if self.signs[i] > 0}
