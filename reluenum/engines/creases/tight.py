"""What follows from one residual: the directions of units, and what units can be (Lemma 95)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import combinations

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, combine, dot, row_space
from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.algebra.numbers import Number
from reluenum.algebra.polynomials import determinant
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.systems import CreasePoint
from reluenum.engines.hinges.states import HingeState, Kind

Forms = tuple[Vector, ...]
"""Numbers that are linear in the residual: the factors of residuals times weights of each."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction b / |b| of units, and the levels of the sites along it, in ascending order.

    Parameters
    ----------
    vector : (d,) list of Number
    forms : Forms
        Its coordinates times the ridge, reduced: equal ones have equal coordinates.
    levels : list of Number
        The different values of b . x / |b|.
    ranks : (p,) tuple of int
        Which of them each site has.
    """

    vector: list[Number]
    forms: Forms
    levels: list[Number]
    ranks: tuple[int, ...]

    def is_along(self, other: "Direction") -> bool:
        """Whether it is the same direction."""
        if self.forms == other.forms:
            return True
        pairs = zip(self.vector, other.vector, strict=True)
        return self.ranks == other.ranks and are_zero([x - y for x, y in pairs])

    def heights(self, place: int) -> list[Number | fmpq]:
        """Return the values at the sites of a unit of slope 1 that bends at a level."""
        return [
            self.levels[rank] - self.levels[place] if rank > place else fmpq(0)
            for rank in self.ranks
        ]


def are_zero(numbers: Sequence[Number]) -> bool:
    """Whether all numbers are exactly 0; that one is not, balls mostly know."""
    if any(ball_sign(number.ball(FIRST_BITS)) for number in numbers):
        return False
    return all(number.is_zero() for number in numbers)


@dataclass(frozen=True, eq=False)
class Tight:
    """A unit with |u| = ridge: its crease, the sign of a, and the direction of b."""

    crease: Crease
    sign: int
    vector: list[Number]
    forms: Forms


@dataclass(frozen=True, eq=False)
class CreaseResidual:
    """The residual of a point, of sum 0, as exact numbers.

    It is a `JudgedHinges`, and its own `BendPlaces`: sides are directions, counted from 1, places
    the levels along them. What `remover` takes away is known to be 0 (Lemma 101); other zeros are
    found in the number field.

    Parameters
    ----------
    creases : Creases
    point : CreasePoint
    """

    creases: Creases
    point: CreasePoint

    @property
    def hinges(self) -> "CreaseResidual":
        """Where units can bend."""
        return self

    @cached_property
    def forces(self) -> list[Number]:
        """The residual times the weights."""
        return self.creases.problem.weighted(self.point.residual)

    @cached_property
    def _force_balls(self) -> list[arb]:
        return [force.ball(FIRST_BITS) for force in self.forces]

    @cached_property
    def remover(self) -> fmpq_mat:
        """The projector onto residuals with the zeros that are known from the point's system.

        The residual is in the `reach` of the system. If u of one of its creases less that of
        another one, or of its opposite, is h d with a number h that is linear in r and a vector d,
        and d is not orthogonal to their sum, then h = 0, since both are as long as the ridge.
        """
        found, creases = self.point.system.reach, self.creases
        for one, other in combinations(self.point.support, 2):
            for sign in (1, -1):
                form = self._equal_length(one, other, sign, found)
                if form is not None:
                    force = creases.problem.weighted(form)
                    size = dot(force, form)
                    column = fmpq_mat([[entry] for entry in form])
                    found = found - column * fmpq_mat([[entry / size for entry in force]])
        return found

    def _equal_length(
        self, one: Crease, other: Crease, sign: int, remover: fmpq_mat
    ) -> Vector | None:
        """Return the form h of two creases with u of one length, if it is known to be 0."""
        first, second = self.pull_balls(one), self.pull_balls(other)
        with ctx.workprec(FIRST_BITS):
            if any(ball_sign(x - sign * y) for x, y in zip(first, second, strict=True)):
                return None
        rows = [
            [x - sign * y for x, y in zip(*pair, strict=True)]
            for pair in zip(one.forms, other.forms, strict=True)
        ]
        gaps = (remover * fmpq_mat(rows).transpose()).transpose().tolist()
        basis = row_space(gaps)
        if len(basis) != 1:
            return None
        (form,) = basis
        pivot = next(k for k, entry in enumerate(form) if entry)
        with ctx.workprec(FIRST_BITS):
            sums = [x + sign * y for x, y in zip(first, second, strict=True)]
            known = ball_sign(dot(sums, [row[pivot] for row in gaps]))
        return form if known else None

    def reduced(self, forms: Iterable[Vector]) -> Forms:
        """Return sums of residuals times weights in a form that is the same for equal ones."""
        columns = fmpq_mat([*map(list, forms)]).transpose()
        rows = (self.remover * columns).transpose().tolist()
        return tuple(tuple(row) for row in rows)

    def sign_of(self, form: Vector) -> int:
        """Return the sign of a sum of residuals times weights."""
        settled = self._ball_sign(form)
        if settled or not any(any(row) for row in self.reduced([form])):
            return settled
        return dot(self.forces, form).sign()

    @cached_property
    def excesses(self) -> dict[str, int]:
        """The sign of |u| - ridge, by the signs of creases."""
        live = self.creases.live
        with ctx.workprec(FIRST_BITS):
            column = arb_mat([[force] for force in self._force_balls])
            entries = (self.creases.form_balls * column).entries()
            size, bound = len(live[0].forms) if live else 0, arb(self.creases.ridge) ** 2
            pulls = (entries[k : k + size] for k in range(0, len(entries), size or 1))
            found = [ball_sign(dot(pull, pull) - bound) for pull in pulls]
        return {c.signs: sign or self.excess(c) for c, sign in zip(live, found, strict=True)}

    def excess(self, crease: Crease) -> int:
        """Return the sign of |u| - ridge: by balls, which do for nearly all, or exactly."""
        pull = self.pull_balls(crease)
        with ctx.workprec(FIRST_BITS):
            settled = ball_sign(dot(pull, pull) - self.creases.ridge**2)
        if settled or self.reduced(crease.forms) in self._tight_forms:
            return settled
        exact = crease.pull(self.forces)
        return (dot(exact, exact) - self.creases.ridge**2).sign()

    def pull_balls(self, crease: Crease) -> list[arb]:
        """Return u, enclosed."""
        with ctx.workprec(FIRST_BITS):
            return crease.pull(self._force_balls)

    @cached_property
    def _tight_forms(self) -> set[Forms]:
        """The coordinates of u of the units of the point, and of their opposites."""
        own = [self.reduced(crease.forms) for crease in self.point.support]
        return {*own, *(tuple(tuple(-x for x in row) for row in forms) for forms in own)}

    def _ball_sign(self, form: Vector) -> int:
        with ctx.workprec(FIRST_BITS):
            return ball_sign(dot(self._force_balls, form))

    def surely_leaves(self, crease: Crease) -> bool:
        """Whether balls show that u leads out of a crease with either sign."""
        return {1, -1} <= self._sure_signs(crease)

    def _sure_signs(self, crease: Crease) -> set[int]:
        """Return the signs of rises along u that balls are sure of."""
        heights = self._height_balls(crease)
        with ctx.workprec(FIRST_BITS):
            return {ball_sign(heights[k] - heights[j]) for j, k in crease.rising} - {0}

    def _height_balls(self, crease: Crease) -> list[arb]:
        """Return the products of inputs with u, enclosed."""
        pull = self.pull_balls(crease)
        with ctx.workprec(FIRST_BITS):
            return [dot(pull, row) for row in self.creases.inputs]

    def surely_turns(self, crease: Crease) -> bool:
        """Whether balls show that a kink is none of a minimum, nor an end of a gap (Lemma 98)."""
        if crease.is_open or not all(map(self._ball_sign, crease.neighbours)):
            return False
        signs = self._sure_signs(crease)
        turns = self.creases.turns[crease.signs]
        return len(signs) == 1 and any({self._ball_sign(turn)} == signs for turn in turns)

    @cached_property
    def is_global(self) -> bool:
        """Whether M(r) is the ridge at most: what is stationary is global at every width."""
        return not any(
            self.excesses[crease.signs] > 0 and self.signs(crease)
            for crease in self.creases.live
            if not crease.is_open
        )

    def signs(self, crease: Crease) -> tuple[int, ...]:
        """Return the signs s for which some unit on a crease has a slope along s u."""
        if crease.is_line:
            return (1, -1)
        found, heights = 0, self._height_balls(crease)
        for j, k in crease.rising:
            with ctx.workprec(FIRST_BITS):
                sign = ball_sign(heights[k] - heights[j])
            sign = sign or self.sign_of(combine(self.creases.between(j, k), crease.forms))
            if sign == 0 or found not in (0, sign):
                return ()
            found = sign
        return (found,)

    @cached_property
    def tight(self) -> list[Tight]:
        """The creases of stationary units, whether these are good or not."""
        found = []
        for crease in self.creases.live:
            if self.excesses[crease.signs] == 0 and self._is_level(crease):
                pull, forms = crease.pull(self.forces), self.reduced(crease.forms)
                for sign in self.signs(crease):
                    vector = [entry * sign / self.creases.ridge for entry in pull]
                    turned = tuple(tuple(sign * entry for entry in row) for row in forms)
                    found.append(Tight(crease, sign, vector, turned))
        return found

    def _is_level(self, crease: Crease) -> bool:
        """Whether p_r does not change while units move their bends, as far as these can."""
        return not crease.has_offset or self.sign_of(crease.indicator) == 0

    def _direction_of(self, one: Tight) -> Direction:
        """Sort the sites along the direction of a unit."""
        heights = [dot(row, one.vector) for row in self.creases.inputs]
        ranks, levels = [0] * len(heights), []

        balls = [height.ball(FIRST_BITS) for height in heights]

        def by_value(j: int, k: int) -> int:
            with ctx.workprec(FIRST_BITS):
                settled = ball_sign(balls[j] - balls[k])
            return settled or self.sign_of(combine(self.creases.between(k, j), one.forms))

        last = None
        for k in sorted(range(len(heights)), key=cmp_to_key(by_value)):
            if last is None or by_value(last, k) < 0:
                levels.append(heights[k])
            ranks[k], last = len(levels) - 1, k
        return Direction(one.vector, one.forms, levels, tuple(ranks))

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The signs of all tight creases, which determine the residual (Lemma 94)."""
        return tuple(dict.fromkeys(one.crease.signs for one in self.tight))

    @property
    def is_stationary(self) -> bool:
        """Whether the slopes of its point lead into the creases of its units."""
        return all(self.signs(crease) for crease in self.point.support)

    @cached_property
    def _placed(self) -> tuple[list[Direction], list[tuple[Tight, int]]]:
        """The directions, and the side of each tight crease."""
        directions: list[Direction] = []
        placed = []
        for one in self.tight:
            own = self._direction_of(one)
            side = next((k for k, d in enumerate(directions) if d.is_along(own)), len(directions))
            if side == len(directions):
                directions.append(own)
            placed.append((one, side + 1))
        return directions, placed

    def direction(self, side: int) -> Direction:
        """Return the direction of a side."""
        return self._placed[0][side - 1]

    @cached_property
    def placed_states(self) -> dict[tuple[str, int], HingeState]:
        """What stationary units are, good or not, by the signs of their creases and those of a."""
        pairs = self._placed[1]
        return {(one.crease.signs, one.sign): self._state_of(one, side) for one, side in pairs}

    @cached_property
    def states(self) -> tuple[HingeState, ...]:
        """What the units of a local minimum with this residual can be."""
        return tuple(sorted([*self._living(), *self._unsized()]))

    def _living(self) -> Iterator[HingeState]:
        for one, side in self._placed[1]:
            if one.crease.is_open or self.is_global or self.is_good(one):
                yield self._state_of(one, side)

    def _state_of(self, one: Tight, side: int) -> HingeState:
        """Return what a unit on a tight crease is, along its direction."""
        ranks, active = self.direction(side).ranks, one.crease.active
        if one.crease.is_line:
            return HingeState(Kind.LINE, one.sign, side)
        before = min(ranks[k] for k in active) - 1
        return HingeState(Kind.GAP if one.crease.is_open else Kind.KINK, one.sign, side, before)

    def _unsized(self) -> Iterator[HingeState]:
        """Yield what a unit without size can be (Lemma 85)."""
        yield HingeState(Kind.INACTIVE)
        lines = (crease.signs for crease in self.creases.live if crease.is_line)
        if all(self.excesses[signs] <= 0 for signs in lines):
            yield HingeState(Kind.ACTIVE)
        if self.is_global:
            yield HingeState(Kind.ZERO)

    def is_good(self, one: Tight) -> bool:
        """Whether no change of a unit that bends at sites leads down (Lemma 95)."""
        turns = self.creases.turns[one.crease.signs]
        return all(self.sign_of(turn) * one.sign <= 0 for turn in turns)

    def number(self, side: int, place: int) -> int:
        """Return the hinge at a level of a direction."""
        return (side - 1) * len(self.creases.inputs) + place

    def first(self, side: int) -> int:
        """Return the first level."""
        return 0

    def level(self, side: int, place: int) -> Number:
        """Return a level of a direction."""
        return self.direction(side).levels[place]

    @property
    def absorbs(self) -> bool:
        """Whether units have no side: not without a linear part."""
        return False

    def outside(self, side: int) -> tuple[Number | None, Number | None]:
        """Return the levels before the first site."""
        return None, self.level(side, 0)

    @cached_property
    def living_edges(self) -> dict[int, int]:
        """The hinges that units of local minima have a part of, each with the sign of a."""
        living = (state for state in self.states if state.is_living)
        return {edge: state.sign for state in living for edge in state.edges(self)}

    @cached_property
    def columns(self) -> dict[int, list[Number]]:
        """The values at the sites of each of these hinges, of |b| = 1 and with its sign, R z."""
        size = len(self.creases.inputs)
        found = {}
        for edge, sign in self.living_edges.items():
            heights = self.direction(edge // size + 1).heights(edge % size)
            values = [self.point.isolated.constant(0) + height * sign for height in heights]
            found[edge] = self.creases.problem.residual(values)
        return found

    def alike(self, edge: int) -> Forms:
        """Return what is the same for hinges that are known to have one column."""
        return self._alike[edge]

    @cached_property
    def _alike(self) -> dict[int, Forms]:
        size, nothing = len(self.creases.inputs), (fmpq(0),) * len(self.creases.inputs)
        flat = fmpq_mat(self.creases.flat)
        found = {}
        for edge, sign in self.living_edges.items():
            own, place = self.direction(edge // size + 1), edge % size
            bend = own.ranks.index(place)
            heights = [
                combine(self.creases.between(bend, k), own.forms) if rank > place else nothing
                for k, rank in enumerate(own.ranks)
            ]
            rows = (flat * fmpq_mat([*map(list, heights)]) * sign).tolist()
            found[edge] = tuple(tuple(row) for row in rows)
        return found

    @cached_property
    def own_edges(self) -> frozenset[Forms] | None:
        """The hinges at the levels of the units of the point, as `alike` has them.

        They are independent, and add up to R y - r with some weights (Lemma 101). None if units of
        local minima have no part of some of them.
        """
        own = {crease.signs for crease in self.point.support}
        states = [
            self._state_of(one, side) for one, side in self._placed[1] if one.crease.signs in own
        ]
        edges = {edge for state in states for edge in state.edges(self)}
        if not edges <= self.living_edges.keys():
            return None
        return frozenset(self.alike(edge) for edge in edges)

    @cached_property
    def loss(self) -> Number:
        """The loss of all networks that are stationary with this residual."""
        problem = self.creases.problem
        fit = 2 * dot(self.forces, problem.means) - dot(self.forces, self.point.residual)
        return (fit + problem.scatter) * problem.loss_scale

    @cached_property
    def rest(self) -> list[Number]:
        """What hinges have to add up to, R y - r."""
        flat = self.creases.problem.residual(self.creases.problem.means)
        return [y - r for y, r in zip(flat, self.point.residual, strict=True)]

    @cached_property
    def column_balls(self) -> dict[int, list[arb]]:
        """The columns, enclosed."""
        return {e: [entry.ball(FIRST_BITS) for entry in c] for e, c in self.columns.items()}

    @cached_property
    def rest_balls(self) -> arb_mat:
        """The rest, enclosed, (p, 1)."""
        return arb_mat([[entry.ball(FIRST_BITS)] for entry in self.rest])

    @cached_property
    def weight_balls(self) -> arb_mat:
        """The weights of the sites, enclosed, as a diagonal matrix."""
        with ctx.workprec(FIRST_BITS):
            size = len(self.creases.weights)
            found = arb_mat(size, size)
            for k, weight in enumerate(self.creases.weights):
                found[k, k] = arb(weight)
            return found

    @cached_property
    def gram(self) -> dict[tuple[int, int], Number]:
        """The weighted inner products of the columns."""
        columns = self.columns
        return {(e, f): self._product(columns[e], columns[f]) for e in columns for f in columns}

    @cached_property
    def gains(self) -> dict[int, Number]:
        """The weighted inner products of the columns with `rest`."""
        return {edge: self._product(column, self.rest) for edge, column in self.columns.items()}

    def _product(self, one: list[Number], other: list[Number]) -> Number:
        return dot(self.creases.problem.weighted(one), other)

    def square(self, edges: Iterable[int]) -> list[list[Number]]:
        """Return the matrix of inner products of some hinges."""
        chosen = tuple(edges)
        return [[self.gram[e, f] for f in chosen] for e in chosen]

    def rank(self, edges: Iterable[int]) -> int:
        """Return how many of the hinges are independent, constants aside."""
        chosen: list[int] = []
        known = set()
        for edge in edges:
            new = self.alike(edge) not in known
            if new and not determinant(self.square([*chosen, edge])).is_zero():
                chosen.append(edge)
            known.add(self.alike(edge))
        return len(chosen)
