"""All stationary points over a box of first-layer vectors, enclosed by one guess (Lemma D38)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from flint import arb, arb_mat, fmpq

from ..reals import dot
from .inner import Place, minimiser
from .models import Model, combined, total, weighted
from .shapes import Box, Shape

ROUNDS, TURNS = 2, 12  # corrections of the guess; of the bounds
NOTHING, NUDGE = arb(0), arb(2) ** -45


class Unit:
    """What a unit above sees over a box, and the guess for it."""

    def __init__(self, box: "Around", unit: int) -> None:
        shape, self.number = box.shape, unit
        self.mask, self.free, kink = shape.masks[unit], shape.free[unit], shape.kink[unit]
        none = Model.of(NOTHING)
        self.height, self.rise = (none, fmpq(0)) if kink is None else box.heights[kink]
        self.phi = [box.heights[i][0] - self.height if on else none for i, on in box.pairs(unit)]
        self.slopes = [
            box.heights[i][1] - self.rise if on else fmpq(0) for i, on in box.pairs(unit)
        ]
        self.seen = [
            box.beta * phi if on else none for phi, on in zip(self.phi, self.mask, strict=True)
        ]
        bent = box.beta * self.height
        self.kappa = box.square if kink is None else box.square + bent * bent
        self.least = self.kappa.range().lower()
        self.most = self.kappa.range().upper()
        self.weight, self.offset, self.share = none, none, none  # P, q, T

    def measure(self, rho: Sequence[Model]) -> None:
        """Set a (beta phi . rho), b (the sum) and kappa (|Gamma|^2 - 1)."""
        self.along = total(
            [p * r for p, r, on in zip(self.seen, rho, self.mask, strict=True) if on]
        )
        self.sum = total([r for r, on in zip(rho, self.mask, strict=True) if on])
        excess = self.along * self.along - self.kappa
        self.excess = excess + self.kappa * (self.sum * self.sum) if self.free else excess

    def wrong(self) -> list[Model]:
        """Return what is not 0 in the guess: P kappa - T a, q - T b, kappa (|Gamma|^2 - 1)."""
        first = self.weight * self.kappa - self.share * self.along
        return [first, *([self.offset - self.share * self.sum] if self.free else []), self.excess]

    def move(self, moves: Iterator[Model]) -> None:
        """Correct P, q and T."""
        self.weight = self.weight - next(moves)
        self.offset = self.offset - next(moves) if self.free else self.offset
        self.share = self.share - next(moves)

    def pulls(self, w: Sequence[arb], middle: Sequence) -> tuple[arb, arb]:
        """Return T times the two parts of Gamma(w) in the middle, over kappa the first."""
        phi, kappa, _, _, share = middle
        on = sum((x for x, mark in zip(w, self.mask, strict=True) if mark), NOTHING)
        second = (share * on).mid() if self.free else NOTHING
        return (share * dot(phi, w) / kappa).mid(), second

    def without(self, row: Sequence[Model], first: arb, second: arb) -> list[Model]:
        """Return a form without multiples of those of the unit."""
        triples = zip(row, self.seen, self.mask, strict=True)
        return [(m - p * first).shifted(-second) if on else m for m, p, on in triples]

    @cached_property
    def floor(self) -> arb:
        """A lower bound of T, 0 if there is none above."""
        return self.share.range().lower().max(NOTHING)

    @cached_property
    def size(self) -> arb:
        """A bound of T."""
        return self.share.range().upper().max(NOTHING)

    @cached_property
    def inverse(self) -> Model:
        """1 / kappa."""
        middle = self.kappa.terms[0].mid()
        rest = squared(self.kappa.shifted(-middle).size()) / (squared(middle) * self.least)
        linear = (self.kappa * -1).shifted(2 * middle) * (1 / squared(middle))
        return linear.shifted(arb(0, rest.upper()))

    @cached_property
    def epsilon(self) -> arb:
        """|Gamma|^2 - 1."""
        return self.excess.range() / arb(self.least).union(self.most)

    @cached_property
    def mismatch(self) -> arb:
        """A bound of |xi|: xi = (P sqrt kappa, q) - T Gamma."""
        first = (self.weight * self.kappa - self.share * self.along).size() / self.least.sqrt()
        if not self.free:
            return first
        return root(first * first + squared((self.offset - self.share * self.sum).size()))


def squared(x: arb) -> arb:
    """Return x^2."""
    return x * x


def root(x: arb) -> arb:
    """Return an upper bound of a square root."""
    return x.upper().max(NOTHING).sqrt().upper()


class Around:
    """A guess for T, rho, P and q over a box, in which some units are dead, and how far it is off.

    `distance` is D, `gains` are bounds of |Gamma_m(delta)| / D, `shifts` are T* - T. The guess may
    be anything; `usable` says whether it leads to bounds.
    """

    def __init__(self, shape: Shape, box: Box, guess: "Guess") -> None:
        self.shape, self.box, self.guess = shape, box, guess
        scale, angle = box.models
        one = Model.of(1)
        self.alpha, self.beta = (one, scale) if box.tail else (scale, one)
        self.square = self.alpha * self.alpha
        start, turn = box.chart.start, box.chart.turn
        self.e = [(angle * t).shifted(s) for s, t in zip(start, turn, strict=True)]
        self.heights = [self._height(i) for i in range(len(shape.inputs))]
        self.units = [Unit(self, k) for k in shape.units]
        self.rho = [Model.of(r) for r in guess.rho]
        for k, square in guess.squares.items():
            self.units[k].share = Model.of(square)
        self._begin()
        for _ in range(ROUNDS):
            self._improve()
        self._measure()
        self._bound()

    def _height(self, i: int) -> tuple[Model, fmpq]:
        """Return the height at a site, divided by beta, and its derivative by k."""
        x, turn = self.shape.inputs[i], self.box.chart.turn
        if not self.shape.is_plus(i):
            return Model.of(NOTHING), fmpq(0)
        return self.e[0] * arb(x) + self.e[1], turn[0] * x + turn[1]

    def pairs(self, unit: int) -> list[tuple[int, bool]]:
        """Return the active sites, and whether a unit is positive there."""
        return list(zip(self.shape.active, self.shape.masks[unit], strict=True))

    @cached_property
    def lower(self) -> arb:
        """The least alpha."""
        return self.alpha.range().lower()

    @property
    def live(self) -> list[Unit]:
        """The units that are alive in the guess."""
        return [self.units[k] for k in self.guess.squares]

    def _begin(self) -> None:
        for unit in self.live:
            unit.measure(self.rho)
            share = unit.share.terms[0]
            unit.weight = Model.of((share * unit.along.terms[0] / unit.kappa.terms[0]).mid())
            unit.offset = (
                Model.of((share * unit.sum.terms[0]).mid()) if unit.free else unit.weight * 0
            )

    def _measure(self) -> None:
        shape = self.shape
        for unit in self.units:
            unit.measure(self.rho)
        self.omega = []
        for k in range(len(shape.active)):
            found = (self.rho[k] * -shape.weights[k]).shifted(shape.means[k])
            for unit in self.live:
                if unit.mask[k]:
                    found = found - unit.weight * unit.seen[k]
                    found = found - unit.offset if unit.free else found
            self.omega.append(found)

    def _improve(self) -> None:
        """Correct the guess by Newton's method with the derivative in the middle."""
        self._measure()
        wrong = chain(self.omega, *(unit.wrong() for unit in self.live))
        found = combined(self._inverse, [model.middle() for model in wrong])
        moves = iter([move.middle() for move in found])
        self.rho = [r - next(moves) for r in self.rho]
        for unit in self.live:
            unit.move(moves)

    @cached_property
    def _middle(self) -> list[tuple[list[arb], arb, arb, arb, arb]]:
        """Of each live unit: beta phi, kappa, a, b, T in the middle."""
        return [
            (
                [p.terms[0].mid() for p in u.seen],
                *(m.terms[0].mid() for m in (u.kappa, u.along, u.sum, u.share)),
            )
            for u in self.live
        ]

    @cached_property
    def _inverse(self) -> arb_mat:
        """The inverse of the derivative of what is wrong by rho and (P, q, T), in the middle."""
        size = len(self.rho)
        count = size + sum(3 if u.free else 2 for u in self.live)
        table, place = arb_mat(count, count), size
        for k in range(size):
            table[k, k] = -self.shape.weights[k]
        for unit, middle in zip(self.live, self._middle, strict=True):
            _fill(table, place, unit, middle)
            place += 3 if unit.free else 2
        return table.mid().inv().mid()

    # Bounds.

    @cached_property
    def metric(self) -> arb_mat:
        """The inverse of H in the middle."""
        table = arb_mat(self.shape.diagonal)
        for u, (phi, kappa, _, _, share) in zip(self.live, self._middle, strict=True):
            column = arb_mat([[p] for p in phi])
            table += column * column.transpose() * (share / kappa)
            if u.free:
                ones = arb_mat([[arb(on)] for on in u.mask])
                table += ones * ones.transpose() * share
        return table.mid().inv().mid()

    def functional(self, row: Sequence[Model]) -> arb:
        """Return a bound of |row . delta| / D."""
        w = (self.metric * arb_mat([[m.terms[0].mid()] for m in row])).mid().entries()
        weights = self.shape.weights
        rest = [m.shifted(-x * n) for m, x, n in zip(row, w, weights, strict=True)]
        found = sum((x * x * n for x, n in zip(w, weights, strict=True)), NOTHING)
        for unit, middle in zip(self.live, self._middle, strict=True):
            if unit.floor > 0:
                first, second = unit.pulls(w, middle)
                rest = unit.without(rest, first, second)
                found += (first * first * unit.most + second * second) / unit.floor
        return (root(found) + self._length(rest)).upper()

    def _length(self, row: Sequence[Model]) -> arb:
        """Return a bound of |row . delta| / D by the sites alone."""
        pairs = zip(row, self.shape.weights, strict=True)
        return root(sum((squared(m.size()) / n for m, n in pairs), NOTHING))

    def _gain(self, unit: Unit) -> arb:
        """Return a bound of |Gamma(delta)| / D of a unit."""
        if unit.floor > 0:
            return unit.floor.rsqrt().upper()
        one = self.functional(unit.seen) / unit.least.sqrt()
        if not unit.free:
            return one.upper()
        two = self.functional([Model.of(int(on)) for on in unit.mask])
        return root(one * one + two * two)

    def _bound(self) -> None:
        """Claim 128: bounds of D and of T* - T, in turns (Lemma D38)."""
        self.usable = all(unit.share.range() >= 0 for unit in self.units)
        if not self.usable:
            return
        self.gains = [self._gain(unit) for unit in self.units]
        self.distance, self.ceiling = arb("inf"), arb(self.shape.most)
        rows, low = self._rows(), [-unit.size for unit in self.units]
        high = [self.ceiling] * len(low)
        for _ in range(TURNS):
            low, high = self._turn(rows, low, high)
        self.shifts = [a.union(b) for a, b in zip(low, high, strict=True)]

    def _turn(
        self, rows: Sequence["Row"], low: list[arb], high: list[arb]
    ) -> tuple[list[arb], list[arb]]:
        """Return sharper bounds of T* - T, by those of D and of the sum of T*."""
        pulled = sum(map(self._pulled, self.units, low, high), NOTHING)
        found = self.slip + root(squared(self.slip) + pulled)
        self.distance = self.distance.min(found.upper())
        self.ceiling = self._ceiling()
        sizes = [abs(a).max(abs(b)) for a, b in zip(low, high, strict=True)]
        bounds = [row.bound(sizes, self.gains, self.distance) for row in rows]
        tops = [(self.ceiling - unit.share.range()).upper() for unit in self.units]
        low = [x.max(-b) for x, b in zip(low, bounds, strict=True)]
        return low, [x.min(b).min(t) for x, b, t in zip(high, bounds, tops, strict=True)]

    @staticmethod
    def _pulled(unit: Unit, low: arb, high: arb) -> arb:
        """Return a bound of t (|Gamma|^2 - 1), t being between two numbers."""
        return (low * unit.epsilon).upper().max((high * unit.epsilon).upper()).max(NOTHING)

    @cached_property
    def slip(self) -> arb:
        """A bound of |delta . omega| / D."""
        pairs = zip(self.gains, self.units, strict=True)
        return (self._length(self.omega) + sum((g * u.mismatch for g, u in pairs), NOTHING)).upper()

    @cached_property
    def half(self) -> arb:
        """A bound of half the least value of the inner problem: that of the guess for P and q."""
        fit = NOTHING
        for w, r, n in zip(self.omega, self.rho, self.shape.weights, strict=True):
            fit += squared((w + r * n).size()) / n
        return (sum((root(self._square(u)) for u in self.live), fit / 2)).upper()

    def _ceiling(self) -> arb:
        """Return a bound of the sum of T*: that value is 2 sum T* + ridge |rho*|^2."""
        pairs = zip(self.rho, self.shape.weights, strict=True)
        length = sum((squared(r.range().abs_lower()) * n for r, n in pairs), NOTHING)
        rest = (length.lower().max(NOTHING).sqrt() - self.distance).lower()
        found = self.half - squared(rest) / 2 if rest > 0 else self.half
        return found.upper().min(self.ceiling)

    def _square(self, unit: Unit) -> arb:
        """Return a bound of N^2 = P^2 kappa + q^2."""
        found = unit.weight * unit.weight * unit.kappa
        return (found + unit.offset * unit.offset if unit.free else found).range()

    def _dual(self) -> list[list[arb]]:
        """Return vectors W that are approximately dual to the columns K rho."""
        columns = []
        for u in self.units:
            kappa, a, b = (m.terms[0].mid() for m in (u.kappa, u.along, u.sum))
            part = [p.terms[0].mid() * a / kappa for p in u.seen]
            ones = [b if on and u.free else NOTHING for on in u.mask]
            columns.append([p + q for p, q in zip(part, ones, strict=True)])
        table = arb_mat(columns)
        middle = (table * self.metric * table.transpose()).mid()
        for k in range(len(columns)):
            middle[k, k] += abs(middle[k, k]) * NUDGE + NUDGE**4
        return (middle.inv() * table * self.metric).mid().tolist()

    def _rows(self) -> list["Row"]:
        """Return what the equation along each W says of T* - T."""
        return [self._row(j, w) for j, w in enumerate(self._dual())]

    def _row(self, j: int, w: list[arb]) -> "Row":
        """Return the coefficients of one equation: bounds over the box."""
        wrong = weighted(w, self.omega).size()
        norm = sum((x * x * n for x, n in zip(w, self.shape.weights, strict=True)), NOTHING)
        slips, lengths = [], []
        for k, u in enumerate(self.units):
            on = [i for i, mark in enumerate(u.mask) if mark]
            first = weighted([w[i] for i in on], [u.seen[i] for i in on])
            second = sum((w[i] for i in on), NOTHING) if u.free else NOTHING
            length = root(squared(first.size()) / u.least + second * second)
            slip = u.along * first + u.kappa * (u.sum * second - Model.of(int(j == k)))
            slips.append((slip.size() / u.least).upper())
            lengths.append(length)
            norm += u.size * length * length
            wrong += length * u.mismatch
        return Row(wrong.upper(), root(norm), slips, lengths)

    # What is excluded.

    def excluded(self) -> bool:
        """Claim 129: there is no stationary point over the box."""
        if (self.length * (self.beta * self.beta) - self.square * self.ceiling).range() > 0:
            return True
        pairs = zip(self.units, self.shifts, self.gains, strict=True)
        dead = any(self._dead(u, t, g * self.distance) for u, t, g in pairs)
        return dead or self.slanted or any(map(self._unequal, self.twins))

    @cached_property
    def length(self) -> Model:
        """|e|^2."""
        return self.e[0] * self.e[0] + self.e[1] * self.e[1]

    def _dead(self, unit: Unit, shift: arb, error: arb) -> bool:
        """Claim 130: T* < 0, |Gamma*| is not 1, or signs are of neither a row nor the opposite."""
        if unit.share.range() + shift < 0:
            return True
        length = (1 + unit.epsilon).upper().max(NOTHING).sqrt() + error
        if length < 1 or (1 + unit.epsilon).lower().max(NOTHING).sqrt() - error > 1:
            return True
        return self._torn(unit, error)

    def _torn(self, unit: Unit, error: arb) -> bool:
        """Whether z surely has one sign where it should have another."""
        fan, found = self.shape.fan, set()
        known = unit.along.range()
        if not unit.free and not (abs(known).lower() > error * unit.most.sqrt()):
            return False
        for i, mark in enumerate(fan.upper[unit.number]):
            if mark == "0" or fan.row[i] == ".":
                continue
            height = self.beta * (self.heights[i][0] - unit.height)
            value = unit.along * height
            if unit.free:
                value = value + unit.kappa * unit.sum
                room = unit.most * error * root(1 + squared(height.size()) / unit.least)
            else:
                value, room = height * (1 if known > 0 else -1), NOTHING
            seen = value.range() * (1 if mark == "+" else -1)
            found.add(1 if seen > room else -1 if seen < -room else 0)
        return {1, -1} <= found

    @cached_property
    def twins(self) -> list[tuple[Unit, int]]:
        """Units whose group is their kink, with a site where another unit has its kink instead."""
        found, shape = [], self.shape
        for u in self.units:
            for v in self.units:
                site = shape.kink[v.number]
                if not u.free and shape.kink[u.number] is None and site is not None:
                    pairs = zip(shape.active, u.mask, v.mask, strict=True)
                    same = all(one == (other or i == site) for i, one, other in pairs)
                    found += [(u, site)] if same and site in shape.active else []
        return found

    def _unequal(self, pair: tuple[Unit, int]) -> bool:
        """Claim 131: |Gamma| is 1 of only one of two units that are equal where a height is 0.

        With a = beta phi . rho of the first, S its sum of rho, h the height: a - h S is that of the
        second, and (a - h S)^2 = a^2 + h^2 says that 2 a S = h (S^2 - 1).
        """
        unit, site = pair
        height, a, s = self.beta * self.heights[site][0], unit.along, unit.sum
        value = a * s * 2 - height * (s * s).shifted(-1)
        one = unit.most.sqrt() * self.gains[unit.number] * self.distance
        two = self.functional([Model.of(int(on)) for on in unit.mask]) * self.distance
        room = 2 * (a.size() * two + s.size() * one + one * two)
        room += height.size() * two * (2 * s.size() + two)
        return bool(abs(value.range()).lower() > room)

    @cached_property
    def slopes(self) -> list[tuple[Model, arb]]:
        """Claim 132: derivatives by s and by k (Theorem D22), and how far they may be off."""
        turn = self.box.chart.turn
        one, two = self.length, self.e[0] * arb(turn[0]) + self.e[1] * arb(turn[1])
        far, wide = NOTHING, NOTHING
        for u, shift in zip(self.units, self.shifts, strict=True):
            (pull, slip), (turned, slack) = self._pull(u)
            size, lean, t = pull.size(), turned.size(), abs(shift).upper()
            one, two = one - u.share * (pull * pull), two - u.share * (pull * turned)
            far += t * squared(size + slip) + u.size * slip * (2 * size + slip)
            wide += t * (size + slip) * (lean + slack)
            wide += u.size * (size * slack + slip * lean + slip * slack)
        found = [(one, far.upper())]
        return [*found, (two, wide.upper())] if self.box.chart.turning else found

    def _pull(self, u: Unit) -> tuple[tuple[Model, arb], tuple[Model, arb]]:
        """Return alpha^2 phi . rho / kappa, and its change with k, each with its error."""
        on = [k for k, mark in enumerate(u.mask) if mark]
        pull = total([u.phi[k] * self.rho[k] for k in on])
        turned = total([self.rho[k] * arb(u.slopes[k]) for k in on])
        slack = self._turned(u) * self.distance
        if self.box.tail:
            slip = self.functional(u.phi) * self.distance
        else:
            slip = self.gains[u.number] * self.distance * self.square.size() / u.least.sqrt()
        if u.free:
            return (pull, slip), (turned, slack)
        shrunk, moved = pull * u.inverse, self.beta * self.beta * u.height * arb(u.rise)
        slack += slip * moved.size() / squared(self.lower)
        return (self.square * shrunk, slip), (turned - moved * shrunk, slack)

    @property
    def heavy(self) -> bool:
        """Claim 133: |v|^2 exceeds half of the least value of the inner problem (Lemma D38)."""
        return bool((self.length * (self.beta * self.beta) - self.square * self.half).range() > 0)

    @cached_property
    def ratio(self) -> arb:
        """Claim 134: G / s^2 |e|^2 at the inner minimisers over the box (Theorem D22)."""
        slope, room = self.slopes[0]
        return 1 - (slope.range() + arb(0, room)) / self.length.range()

    def _turned(self, unit: Unit) -> arb:
        """Return a bound of |sum of slopes times delta| / D."""
        if not self.box.chart.turning:
            return NOTHING
        same = {s for s, on in zip(unit.slopes, unit.mask, strict=True) if on}
        if same == {fmpq(0)}:
            return NOTHING
        if len(same) == 1 and unit.free:
            return self.gains[unit.number] * abs(arb(*same))
        return self.functional([Model.of(s) for s in unit.slopes])

    @cached_property
    def linear(self) -> arb_mat | None:
        """The approximate inverse of the derivative of these slopes by the place in the box."""
        rows = [[slope.terms[1].mid(), slope.terms[2].mid()] for slope, _ in self.slopes]
        size = len(rows)
        try:
            return arb_mat([row[:size] for row in rows]).inv().mid() if rows else None
        except ZeroDivisionError:
            return None

    @cached_property
    def slanted(self) -> bool:
        """Whether one of the derivatives, or a combination of both, is surely not 0."""
        if any(abs(slope.range()).lower() > room for slope, room in self.slopes):
            return True
        if self.linear is None or len(self.slopes) < 2:
            return False
        for row in self.linear.tolist():
            value = weighted(row, [slope for slope, _ in self.slopes]).range()
            room = sum((abs(x) * r for x, (_, r) in zip(row, self.slopes, strict=True)), NOTHING)
            if abs(value).lower() > room.upper():
                return True
        return False

    @property
    def newton(self) -> list[arb] | None:
        """Where in the box, in units of its size, both derivatives vanish, approximately."""
        if self.linear is None:
            return None
        values = arb_mat([[slope.terms[0].mid()] for slope, _ in self.slopes])
        return [-x for x in (self.linear * values).mid().entries()]

    def values(self, place: Sequence[arb]) -> list[arb]:
        """Return the guess for rho, T, s and k at a place of the box."""
        d, e = [*place, NOTHING][:2]

        def at(model: Model) -> arb:
            a, b, c, p, q, r = model.terms
            return (a + b * d + c * e + p * d * d + q * d * e + r * e * e).mid()

        scale, angle = map(at, self.box.models)
        found = [at(m) for m in (*self.rho, *(u.share for u in self.units))]
        found.append(squared(scale if self.box.tail else 1 / scale))
        return [*found, angle] if self.box.chart.turning else found

    def enclosure(self) -> list[arb]:
        """Return a box with rho, T, s and k of all stationary points."""
        rooms = [self.distance / weight.sqrt() for weight in self.shape.weights]
        found = [r.range() + arb(0, x.upper()) for r, x in zip(self.rho, rooms, strict=True)]
        found += [u.share.range() + t for u, t in zip(self.units, self.shifts, strict=True)]
        low, high = map(squared, self.box.scale)
        found.append(low.union(high) if self.box.tail else (1 / low).union(1 / high))
        left, right = self.box.angle
        return [*found, left.union(right)] if self.box.chart.turning else found

    def bent(self, side: int) -> arb:
        """Return how much the guess and the derivatives change across the box in one direction."""
        found = NOTHING
        for name in ("share", "weight", "offset"):
            models = [getattr(u, name) for u in self.live]
            size = sum((abs(m.terms[0]) for m in models), NUDGE)
            moves = (abs(m.terms[1 + side]) + abs(m.terms[3 + 2 * side]) for m in models)
            found += sum(moves, NOTHING) / size
        for slope, _ in self.slopes if self.usable else ():
            here, *moves = (abs(x.mid()) for x in slope.terms[:3])
            found += moves[side] / (sum(moves, here) + NUDGE)
        return found.mid()


def _fill(table: arb_mat, place: int, unit: Unit, middle: Sequence) -> None:
    """Enter the derivatives by P, q and T of a unit, and of its equations, from a place on."""
    phi, kappa, a, b, share = middle
    last = place + (2 if unit.free else 1)
    table[place, place], table[place, last] = kappa, -a
    if unit.free:
        table[place + 1, place + 1], table[place + 1, last] = arb(1), -b
    for k, on in enumerate(unit.mask):
        if on:
            table[k, place], table[place, k] = -phi[k], -share * phi[k]
            table[last, k] = 2 * a * phi[k] + (2 * kappa * b if unit.free else 0)
        if on and unit.free:
            table[k, place + 1], table[place + 1, k] = arb(-1), -share


@dataclass(frozen=True)
class Row:
    """Bounds of |W . omega|, |W|_H, what W . K rho lacks of 0 or 1, and |Gamma(W)|, by unit."""

    wrong: arb
    norm: arb
    slips: list[arb]
    lengths: list[arb]

    def bound(self, sizes: Sequence[arb], gains: Sequence[arb], distance: arb) -> arb:
        """Return a bound of |T* - T| of one unit, from bounds of those of all, and D."""
        found = self.wrong + self.norm * distance
        for size, slip, length, gain in zip(sizes, self.slips, self.lengths, gains, strict=True):
            found += size * (slip + length * gain * distance)
        found = found.upper()
        return found if found.is_finite() else arb("inf")


@dataclass(frozen=True)
class Guess:
    """An approximate minimiser in the middle of a box: rho, and T of the units that are not 0."""

    rho: list[arb]
    squares: dict[int, arb]


def guessed(shape: Shape, box: Box, start: Sequence[arb], units: Sequence[int]) -> Guess:
    """Return one in which no other than the given units are alive; `start` is T of all."""
    if not units:
        return Guess([y / n for y, n in zip(shape.means, shape.weights, strict=True)], {})
    place = Place(shape, box.middle, units)
    value = minimiser(place, [start[k] for k in units], arb(shape.most))
    pairs = zip(units, value.squares, strict=True)
    return Guess(value.rho.entries(), {k: square for k, square in pairs if square > 0})
