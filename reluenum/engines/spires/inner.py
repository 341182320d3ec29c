"""The inner problem of a stratum of widths (m, 1, 1) (Lemma D31): neither squares nor multipliers.

For fixed U = U_2 it is the minimum, over the (w, B) at which all kinks above layer 1 vanish, of

    sum n_i (y_i - f_i)^2 + ridge (2 sum_j |w_j| / sqrt(U) + B_2^2 / U + 2 sqrt(U + B_3^2)),

which is Psi of Lemma D17 after minimising over T_j = sqrt(U) |w_j| and U_3 = sqrt(U + B_3^2).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from flint import arb, arb_mat, fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, dot, null_space
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.flats import independent
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

SPARED = 1e-9
"""Part by which the first interval is shortened, for a checker that rounds otherwise."""


@dataclass(frozen=True, eq=False)
class SpireInner:
    """The inner problem of one stratum, in rational numbers.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
        With live layers of widths (m, 1, 1).
    """

    problem: Problem
    stratum: DeepStratum
    _spaces: dict[tuple[int, ...], "Space"] = field(default_factory=dict, repr=False)

    @cached_property
    def chain(self) -> Chain:
        """Coordinates of (w, B), and all forms in them."""
        return Chain(self.problem, self.stratum)

    @cached_property
    def units(self) -> range:
        """The units of the first layer."""
        return range(len(self.stratum.layers[0]))

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Sites at which the network is not 0."""
        return self.stratum.active(2, 0)

    @cached_property
    def forms(self) -> list[list[fmpq]]:
        """f at the active sites."""
        return [self.chain.form(2, i) for i in self.active]

    @cached_property
    def targets(self) -> arb_mat:
        """The means of the active sites."""
        means = self.problem.means
        return arb_mat(len(self.active), 1, [means[i] for i in self.active])

    def counted(self, rows: arb_mat) -> arb_mat:
        """Return rows, one an active site, times the number of data points there."""
        counts = [self.problem.sites[i].count for i in self.active]
        if all(count == 1 for count in counts):
            return rows
        pairs = zip(rows.tolist(), counts, strict=True)
        return arb_mat([[x * count for x in row] for row, count in pairs])

    @cached_property
    def kinks(self) -> list[Vector]:
        """A basis of the kinks above the first layer."""
        return [tuple(self.chain.kinks[name]) for name in self.chain.constraints]

    @cached_property
    def inputs(self) -> arb_mat:
        """xt_i . w_j as forms on (w, B), a row for each unit and site."""
        rows = []
        for flat, block in zip(self.chain.flats, self.chain.blocks, strict=True):
            for site in self.problem.sites:
                row = [fmpq(0)] * self.chain.size
                row[block] = [dot(vector, site.row) for vector in flat]
                rows.append(row)
        return arb_mat(rows)

    def coordinates(self, unit: int) -> list[Vector]:
        """Return the unit vectors of the coordinates of w of a unit."""
        block, size = self.chain.blocks[unit], self.chain.size
        return [
            tuple(fmpq(k == place) for k in range(size)) for place in range(block.start, block.stop)
        ]

    def space(self, dead: Sequence[int]) -> "Space":
        """Return the (w, B) at which all kinks vanish and some units are 0."""
        key = tuple(dead)
        if key not in self._spaces:
            self._spaces[key] = Space(self, key)
        return self._spaces[key]

    @cached_property
    def highest(self) -> float:
        """An upper bound of U at stationary points (Theorem D9(5))."""
        sites = [self.problem.sites[i] for i in self.active]
        sums = [
            sum((s.count * s.mean * s.mean for s in sites if side * s.mean > 0), start=fmpq(0))
            for side in (1, -1)
        ]
        bound = arb(max(sums)) / (4 * self.problem.effective_ridge)
        return float((bound * bound).upper()) * (1 + SPARED)

    @cached_property
    def lowest(self) -> float:
        """A U up to which w = 0 is the inner minimiser (Lemma D33).

        The fit is at most that of the zero network, and B_3 / U_3 at most 1. Directions can be
        chosen in which B_2 does not change, unless it is 0 where w is.
        """
        space = self.space(self.units)
        ridge, last = self.problem.effective_ridge, self.chain.bias
        sites = [self.problem.sites[i] for i in self.active]
        largest = sum((s.count * s.mean * s.mean for s in sites), start=fmpq(0))
        pivot = next((b for b in space.basis if b[last[1]] != 0), None)
        slopes = []
        for vector in space.complement:
            if pivot is not None:
                share = vector[last[1]] / pivot[last[1]]
                vector = [x - share * p for x, p in zip(vector, pivot, strict=True)]
            changes = [dot(form, vector) for form in self.forms]
            square = sum((s.count * c * c for s, c in zip(sites, changes, strict=True)), fmpq(0))
            slopes.append((arb(square) * arb(largest)).sqrt() + ridge * abs(vector[last[2]]))
        inverse = sum(space.squares[1:], start=space.squares[0]).inv()
        size = arb(0)
        for square in space.squares:
            lengths = [row[k] for k, row in enumerate((inverse * square * inverse).tolist())]
            pairs = zip(lengths, slopes, strict=True)
            size = size.max(sum((arb(x).sqrt() * s for x, s in pairs), arb(0)))
        found = (arb(ridge) / size) ** 2 if size > 0 else arb(self.highest)
        return min(self.highest, float(found.lower()) * (1 - SPARED))


@dataclass(frozen=True, eq=False)
class Space:
    """The (w, B) at which all kinks above the first layer vanish and some units are 0.

    Parameters
    ----------
    inner : SpireInner
    dead : tuple of int
        Units of the first layer.
    """

    inner: SpireInner
    dead: tuple[int, ...]

    @cached_property
    def basis(self) -> list[Vector]:
        """Vectors of (w, B) that span it: each is 1 at one of `places` and 0 at the others."""
        held = [vector for unit in self.dead for vector in self.inner.coordinates(unit)]
        return null_space([*self.inner.kinks, *held], self.inner.chain.size)

    @cached_property
    def places(self) -> list[int]:
        """The coordinates of (w, B) that are coordinates in the space."""
        return [
            next(
                k
                for k in range(len(v))
                if v[k] == 1 and all(u[k] == 0 for u in self.basis if u is not v)
            )
            for v in self.basis
        ]

    @property
    def size(self) -> int:
        """Its dimension."""
        return len(self.basis)

    @property
    def live(self) -> list[int]:
        """Units that are not held at 0."""
        return [unit for unit in self.inner.units if unit not in self.dead]

    @cached_property
    def directions(self) -> list[Vector]:
        """The basis, and then the directions out of the space along which kinks stay."""
        return [*self.basis, *self.complement]

    @cached_property
    def embedding(self) -> arb_mat:
        """From coordinates of the space to (w, B)."""
        return _as_columns(self.basis, range(self.inner.chain.size))

    @cached_property
    def heights(self) -> arb_mat:
        """How f changes at the active sites, by direction."""
        rows = [[dot(form, v) for v in self.directions] for form in self.inner.forms]
        return arb_mat(rows)

    @cached_property
    def weights(self) -> dict[int, arb_mat]:
        """How the coordinates of w_j of each live unit in its flat change, by direction."""
        blocks = self.inner.chain.blocks
        return {
            unit: _as_columns(self.directions, range(blocks[unit].start, blocks[unit].stop))
            for unit in self.live
        }

    @cached_property
    def biases(self) -> list[arb_mat]:
        """How B_2 and B_3 change, by direction: rows."""
        places = self.inner.chain.bias.values()
        return [_as_columns(self.directions, [place]) for place in places]

    @cached_property
    def complement(self) -> list[Vector]:
        """Directions out of the space, along which kinks stay: they move the units that are 0."""
        every = self.inner.space(()).basis
        return [every[k] for k in independent(every, self.basis)]

    @cached_property
    def moves(self) -> list[fmpq_mat]:
        """How the coordinates of w_j of each dead unit in its flat change, along `complement`."""
        found = []
        for unit in self.dead:
            block = self.inner.chain.blocks[unit]
            places = range(block.start, block.stop)
            entries = [vector[k] for k in places for vector in self.complement]
            found.append(fmpq_mat(len(places), len(self.complement), entries))
        return found

    @cached_property
    def squares(self) -> list[fmpq_mat]:
        """|w_j|^2 of each dead unit as a form on `complement`."""
        grams = (self.inner.chain.grams[unit] for unit in self.dead)
        return [
            move.transpose() * gram * move for move, gram in zip(self.moves, grams, strict=True)
        ]


def _as_columns(vectors: Sequence[Vector], places: Sequence[int]) -> arb_mat:
    """Return some entries of vectors, a column each."""
    return arb_mat(len(places), len(vectors), [v[k] for k in places for v in vectors])
