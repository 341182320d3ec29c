"""One further unit of the first layer beside any kinks, and copies of units (Lemma D70).

For two hidden layers and one unit above. In the coordinates w_j = a c_j v_j, B = a b all kinks are
linear, in every cell. A further unit adds its values to f; kinks answer so that the loss falls
most, which is at a corner: there as many of them as are independent stay 0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import combinations, product
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat

from reluenum.algebra.forms import doubles
from reluenum.algebra.linear import Vector, dot, null_space, projection, row_space
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.algebra.numberfield import ball_sign
from reluenum.algebra.numbers import Number
from reluenum.engines.deep.cells.jets import jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import Growth, Move
from reluenum.engines.deep.minimality.bends import Bend
from reluenum.engines.deep.systems.networks import ScaledNetwork, sign_of, sum_of
from reluenum.geometry.arrangement import cocircuits, covectors

SIGNS = {"+": 1, "0": 0, "-": -1}

NO_SHIFTS: Mapping[int, fmpq] = {}

Form = tuple[Vector, int | None]
"""A linear form of (w, B), and the site whose shift of f is added to it, if one is."""


@dataclass(frozen=True, eq=False)
class Corners:
    """The kinks of a local minimum without dead units, and what the loss is to first order.

    Parameters
    ----------
    network : ScaledNetwork
        Of widths (m, 1).
    growths : list of Part
        The first one found of those that gain more than they cost.
    tied : list of Part
        Those that gain what they cost.
    """

    network: ScaledNetwork
    growths: list["Part"] = field(default_factory=list)
    tied: list["Part"] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[Vector]:
        """The inputs of all sites, with a 1."""
        return [site.row for site in self.network.problem.sites]

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """The sites that matter."""
        return tuple(i for i, sign in enumerate(self.upper) if sign != "-")

    @property
    def lower(self) -> tuple[str, ...]:
        """Signs of the units."""
        return self.network.signs[0]

    @property
    def upper(self) -> str:
        """Signs of the unit above."""
        return self.network.signs[1][0]

    @cached_property
    def below(self) -> list[tuple[int, int]]:
        """The kinks of units, each with its site."""
        units = enumerate(self.lower)
        return [(j, i) for j, row in units for i in self.seen if row[i] == "0"]

    @cached_property
    def factors(self) -> list[Any]:
        """The a c_j, times the scales of the units."""
        return [self.network.output[0] * entry for entry in self.network.weights[1][0]]

    @cached_property
    def sides(self) -> tuple[int, ...]:
        """Signs of a and of the a c_j."""
        return tuple(map(sign_of, (self.network.output[0], *self.factors)))

    @cached_property
    def square(self) -> Any:
        """X = a^2."""
        return self.network.output[0] * self.network.output[0] / self.network.squares[1][0]

    @cached_property
    def pulls(self) -> list[Any]:
        """Gamma_1, ..., Gamma_m and S, one after the other: half the slopes of the penalty."""
        network, found = self.network, []
        ridge = network.problem.effective_ridge
        units = zip(network.rows[0], network.squares[0], self.factors, strict=True)
        for row, square, factor in units:
            found += [entry * (ridge * square / factor) for entry in row]
        bias = network.biases[1][0] * network.squares[1][0] / network.output[0]
        return [*found, bias * ridge]

    @cached_property
    def residuals(self) -> list[Any]:
        """Half the slopes of the fit, summed over the data points of each site."""
        return self.network.problem.weighted(self.network.residual)

    @cached_property
    def totals(self) -> list[fmpq]:
        """The same where f is 0."""
        return self.network.problem.weighted(self.network.targets)

    def form(self, site: int, units: Sequence[int], bias: int) -> Vector:
        """Return the values of units at a site, and perhaps B, as a form of (w, B)."""
        nothing = (fmpq(0),) * len(self.rows[0])
        parts = [self.rows[site] if j in units else nothing for j in range(len(self.lower))]
        return (*(x for part in parts for x in part), fmpq(bias))

    def above(self, site: int, on: Sequence[tuple[int, int]]) -> Vector:
        """Return f at a site, some kinks of units being on."""
        units = enumerate(self.lower)
        return self.form(site, [j for j, row in units if row[site] == "+" or (j, site) in on], 1)

    @cached_property
    def forms(self) -> list[Form]:
        """All kinks, in all cells of the kinks of units."""
        found: dict[Form, None] = {(self.form(i, [j], 0), None): None for j, i in self.below}
        for i in (i for i in self.seen if self.upper[i] == "0"):
            own = [kink for kink in self.below if kink[1] == i]
            for count in range(len(own) + 1):
                found |= {(self.above(i, on), i): None for on in combinations(own, count)}
        return list(found)

    @cached_property
    def corners(self) -> list[tuple[Vector, ...]]:
        """The answers of kinks, (w, B) by the shift of each site."""
        forms = [form for form, _ in self.forms]
        rank = len(row_space(forms))
        if not rank:
            return [((fmpq(0),) * len(self.seen),) * (len(self.pulls))]
        found: dict[tuple[Vector, ...], None] = {}
        for chosen in combinations(self.forms, rank):
            table = fmpq_mat([list(form) for form, _ in chosen])
            if table.rank() == rank:
                inverse = table.transpose() * (table * table.transpose()).inv()
                places = fmpq_mat([[-int(site == i) for i in self.seen] for _, site in chosen])
                found[tuple(map(tuple, (inverse * places).tolist()))] = None
        return list(found)

    def answer(self, d: Sequence[fmpq], shifts: Mapping[int, fmpq] = NO_SHIFTS) -> dict[Any, fmpq]:
        """Return the changes of the values at kinks below, and of f at the sites, along (w, B)."""
        moves = {kink: dot(self.form(kink[1], [kink[0]], 0), d) for kink in self.below}
        on = [kink for kink, move in moves.items() if self.sides[kink[0] + 1] * move > 0]
        return {i: dot(self.above(i, on), d) + shifts.get(i, 0) for i in self.seen}

    def slope(self, d: Sequence[fmpq], shifts: Mapping[int, fmpq] = NO_SHIFTS) -> int:
        """Return the sign of the slope of the loss along a change of (w, B), shifts given."""
        pairs = [(pull, fmpq(x)) for pull, x in zip(self.pulls, d, strict=True)]
        for i, change in self.answer(d, shifts).items():
            if self.upper[i] == "+":
                pairs.append((self.residuals[i], -change))
            elif self.sides[0] * change > 0:
                pairs.append((self.totals[i], -change))
        return sign_of(sum_of(pairs, fmpq(0)))

    @property
    def is_nested(self) -> bool:
        """Whether a unit has a kink where the unit above has one at several sites at once."""
        idle = [i for i in self.seen if all(row[i] != "+" for row in self.lower)]
        held = self.upper[idle[0]] == "0" if idle else False
        return held and len(idle) > 1 and any(i in idle for _, i in self.below)

    def copies(self) -> bool | None:
        """Whether units may have copies: gaps at their kinks raise the loss to first order.

        None if one costs nothing.
        """
        size, count = len(self.pulls), len(self.below)
        gaps = [tuple(fmpq(k == size + n) for k in range(size + count)) for n in range(count)]
        nothing = (fmpq(0),) * count
        rows = gaps + [
            (*form, *(nothing if site is None else self._gap(site))) for form, site in self.forms
        ]
        found = set()
        for ray in cocircuits(rows).values() if rows else ():
            d, gap = ray[:size], ray[size:]
            if any(gap) and min(gap) >= 0:
                found.add(self.slope(d, {i: dot(self._gap(i), gap) for i in self.seen}))
        return False if -1 in found else None if 0 in found else True

    def _gap(self, site: int) -> Vector:
        """Return what a gap at each kink of a unit adds to f at a site."""
        return tuple(fmpq(self.sides[j + 1] * (i == site)) for j, i in self.below)

    def one_more(self) -> bool | None:
        """Whether one further unit of the first layer raises the loss, if it is not a copy.

        None if it gains exactly what it costs, and curvature does not tell.
        """
        for part in self.parts():
            gain = part.gain()
            if gain > 0:
                self.growths.append(part)
                return False
            if gain == 0:
                self.tied.append(part)
        ties: dict[str, set[str]] = {}
        for part in self.tied:
            ties.setdefault(part.unit.signs, set()).add(part.signs)
        found = {self._is_bent(unit, ways) for unit, ways in ties.items()}
        return False if False in found else None if None in found else True

    def _is_bent(self, unit: str, ways: set[str]) -> bool | None:
        """Whether a unit that gains what it costs raises the loss by curvature (Lemma D70(d)).

        `ways` are signs of kinks at the best corners.
        """
        rays = cocircuits([form for form, _ in self.forms]) if self.forms else {}
        free = {signs for signs, ray in rays.items() if self.slope(ray) == 0}
        found = {
            self._grows(unit, cell)
            for cell in _together([*ways, *free])
            if not ways.isdisjoint(cell)
        }
        return False if False in found else None if None in found else True

    def _grows(self, unit: str, cell: frozenset[str]) -> bool | None:
        """Return whether the loss grows in the stratum into which a cell leads, None: unclear."""
        joined = ["+" if "+" in s else "-" if "-" in s else "0" for s in zip(*cell, strict=True)]
        signs = dict(zip(self.forms, joined, strict=True))
        turned = str.maketrans("+-", "-+")

        def at(form: Form, side: int) -> str:
            return signs[form] if side > 0 else signs[form].translate(turned)

        moves = {(j, i): at((self.form(i, [j], 0), None), self.sides[j + 1]) for j, i in self.below}
        lower = [
            "".join(moves.get((j, i), sign) for i, sign in enumerate(row))
            for j, row in enumerate(self.lower)
        ]
        on = [kink for kink, sign in moves.items() if sign == "+"]
        upper = "".join(
            at((self.above(i, on), i), self.sides[0]) if sign == "0" else sign
            for i, sign in enumerate(self.upper)
        )
        places = dict(zip(self.seen, unit, strict=True))
        further = "".join(places.get(i, "-") for i in range(len(self.rows)))
        bits = CERTIFICATION_BITS[-1]
        with ctx.workprec(bits + 32):
            squares = [
                factor * factor / square
                for factor, square in zip(self.factors, self.network.squares[0], strict=True)
            ]
            numbers = [*map(partial(as_ball, bits), (*squares, fmpq(0), self.square))]
            bend = Bend(self.network.problem, [*lower, further], upper)
            grows = bend.grows(numbers[:-1], numbers[-1])
        return grows if grows or len(cell) == 1 else None

    def parts(self) -> Iterator["Part"]:
        """Yield the parts of all faces but the live ones, on which some corner is linear."""
        live = {"".join(row[i] for i in self.seen) for row in self.lower}
        for corner in self.corners:
            yield from self.parts_at(corner, lambda signs, _: signs in live)

    def parts_at(
        self, corner: tuple[Vector, ...], is_left_out: Callable[[str, int], bool]
    ) -> Iterator["Part"]:
        """Yield the parts of faces on which a corner is linear, for both signs of outputs."""
        rows = [self.rows[i] for i in self.seen]
        for signs, side in product(self.faces, (1, -1)):
            if is_left_out(signs, side):
                continue
            unit = FurtherUnit(self, signs, side, corner)
            lines = dict.fromkeys(rows) | dict.fromkeys(unit.kinks)
            lines = [line for line in lines if any(line)]
            for marks in covectors(lines):
                part = Part(unit, dict(zip(lines, (SIGNS[mark] for mark in marks), strict=True)))
                if all(part.mark(row) == SIGNS[s] for row, s in zip(rows, signs, strict=True)):
                    yield part

    @cached_property
    def faces(self) -> list[str]:
        """The signs of units that are on somewhere, at the sites that matter."""
        return [signs for signs in covectors([self.rows[i] for i in self.seen]) if "+" in signs]


def corners_of(network: ScaledNetwork, layer: int) -> Corners | None:
    """Return the corners of a local minimum of widths (m, 1), if the first layer (0) is asked."""
    fits = network.depth == 2 and layer == 0 and len(network.problem.hidden) == 2
    alive = fits and network.biases[0] and len(network.biases[1]) == 1
    return Corners(network) if alive and network.problem.hidden[1] == 1 else None


@dataclass(frozen=True, eq=False)
class FurtherUnit:
    """Further units of a face with the answer of a corner, all of it linear in their vector v.

    Parameters
    ----------
    corners : Corners
    signs : str
        By site that is seen.
    side : int
        They shift f by `side` times v . x where they are on.
    corner : tuple of vectors
    """

    corners: Corners
    signs: str
    side: int
    corner: tuple[Vector, ...]

    @cached_property
    def shifts(self) -> list[Vector]:
        """By site, as forms of v."""
        rows = [self.corners.rows[i] for i in self.corners.seen]
        return [
            tuple(self.side * x * (sign == "+") for x in row)
            for row, sign in zip(rows, self.signs, strict=True)
        ]

    @cached_property
    def moves(self) -> list[Vector]:
        """(w, B) as forms of v."""
        columns = list(zip(*self.shifts, strict=True))
        return [tuple(dot(line, column) for column in columns) for line in self.corner]

    @cached_property
    def kinks(self) -> list[Vector]:
        """All kinks as forms of v."""
        return [self.along(form, site) for form, site in self.corners.forms]

    def along(self, form: Vector, site: int | None) -> Vector:
        """Return a form of (w, B), with the shift of a site, as one of v."""
        columns = zip(*self.moves, strict=True)
        found = tuple(dot(form, column) for column in columns)
        if site is None:
            return found
        shift = self.shifts[self.corners.seen.index(site)]
        return tuple(x + y for x, y in zip(found, shift, strict=True))


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a face on which no kink changes its sign.

    Parameters
    ----------
    unit : FurtherUnit
    marks : mapping
        Signs of the inputs and of the kinks, as forms of v.
    """

    unit: FurtherUnit
    marks: Mapping[Vector, int]

    def mark(self, line: Vector) -> int:
        """Return the sign of a form."""
        return self.marks.get(line, 0)

    @property
    def signs(self) -> str:
        """Signs of all kinks."""
        return "".join("0+-"[self.mark(line)] for line in self.unit.kinks)

    @cached_property
    def on(self) -> list[tuple[int, int]]:
        """The kinks of units that become positive."""
        sides, below = self.unit.corners.sides, self.unit.corners.below
        return [(j, i) for j, i in below if sides[j + 1] * self._moved(j, i) > 0]

    def _moved(self, j: int, site: int) -> int:
        """Return the sign of the change of a unit's value at its kink."""
        return self.mark(self.unit.along(self.unit.corners.form(site, [j], 0), None))

    @cached_property
    def terms(self) -> list[tuple[Any, Vector]]:
        """What is gained, a form of v: numbers, each with a rational form that it multiplies."""
        return self.split_terms(())[0]

    def split_terms(
        self, keys: Sequence[tuple[int | None, int]]
    ) -> tuple[list[tuple[Any, Vector]], list[Vector]]:
        """Return `terms`, and forms of v whose factors are shares of some kinks (Lemma D74).

        A unit and a site stand for a kink of the unit, or, without a unit, of the one above.
        """
        corners, unit = self.unit.corners, self.unit
        hard = [kink for kink in self.on if kink not in keys]
        changes = {i: unit.along(corners.above(i, hard), i) for i in corners.seen}
        fixed = self._pulls()
        for i in (i for i in corners.seen if (None, i) not in keys):
            if corners.upper[i] == "+":
                fixed.append((corners.residuals[i], changes[i]))
            elif corners.sides[0] * self.mark(changes[i]) > 0:
                fixed.append((corners.totals[i], changes[i]))
        shared = [
            changes[i] if j is None else unit.along(corners.form(i, [j], 0), None) for j, i in keys
        ]
        return fixed, shared

    def _pulls(self) -> list[tuple[Any, Vector]]:
        pairs = zip(self.unit.corners.pulls, self.unit.moves, strict=True)
        return [(pull, tuple(-x for x in line)) for pull, line in pairs]

    @cached_property
    def flat(self) -> tuple[Vector, ...]:
        """The projection to where the forms that are 0 vanish."""
        zeros = [line for line, mark in self.marks.items() if not mark]
        length = len(next(iter(self.marks)))
        return projection(null_space(zeros, length), length)

    def gain(self) -> int:
        """Return the sign of what the best direction gains more than it costs; -1 off the part."""
        bits = CERTIFICATION_BITS[0]
        with ctx.workprec(bits + 32):
            found = self._settled(partial(as_ball, bits))
        return self._settled(lambda x: x) if found is None else found

    def _settled(self, turned: Callable[[Any], Any]) -> int | None:
        """Return this from numbers in some form; None if balls do not tell."""
        best = self._best(turned)
        ridge = self.unit.corners.network.problem.effective_ridge
        excess = _sign(dot(best, best) * turned(self.unit.corners.square) - ridge * ridge)
        marked = [(line, mark) for line, mark in self.marks.items() if mark]
        fits = {_sign(dot(line, best) * mark) for line, mark in marked}
        if excess == -1 or -1 in fits or 0 in fits:
            return -1
        return None if None in fits else excess

    def _best(self, turned: Callable[[Any], Any]) -> list[Any]:
        """Return the best direction from numbers in some form."""
        best = [fmpq(0)] * len(self.flat)
        for number, line in self.terms:
            along = [dot(row, line) for row in self.flat]
            best = [b + turned(number) * x if x else b for b, x in zip(best, along, strict=True)]
        return best

    def move(self, around: Surroundings) -> Move:
        """Return the growth of the best unit, with the kinks that stay at the corner."""
        corners, bits = self.unit.corners, CERTIFICATION_BITS[0]
        with ctx.workprec(bits + 32):
            best = doubles(
                np.array(list(map(arb, self._best(partial(as_ball, bits)))), dtype=object)
            )
        lower = [(j, i) for j, i in corners.below if not self._moved(j, i)]
        held = [(around.places[0, j, i], i) for j, i in lower]
        for i in (i for i in corners.seen if corners.upper[i] == "0"):
            if not self.mark(self.unit.along(corners.above(i, self.on), i)):
                held.append((around.places[1, 0, i], i))
        cell = tuple(k.layer == 0 and (k.unit, k.sites[0]) in self.on for k in around.kinks)
        outgoing = np.array([[float(self.unit.side * corners.sides[0])]])
        growth = Growth(0, best[None] / np.linalg.norm(best), outgoing)
        return Move(cell, np.zeros(jets(around, bits).size), tuple(held), growth)


def as_ball(bits: int, value: Any) -> arb:
    """Return a number in a ball."""
    return value.ball(bits) if isinstance(value, Number) else arb(value)


def _together(rays: Sequence[str]) -> list[frozenset[str]]:
    """Return the largest sets of rays without opposite signs."""
    found = {frozenset((ray,)) for ray in rays}
    while grown := {s | {r} for s in found for r in rays if r not in s and _is_cell(s, r)} - found:
        found |= grown
    return [s for s in found if not any(s < other for other in found)]


def _is_cell(chosen: frozenset[str], ray: str) -> bool:
    return not any({*pair} == {"+", "-"} for one in chosen for pair in zip(one, ray, strict=True))


def _sign(value: Any) -> int | None:
    """Return a sign, None if a ball does not tell."""
    if isinstance(value, arb):
        return ball_sign(value) or (0 if value == 0 else None)
    return sign_of(value)
