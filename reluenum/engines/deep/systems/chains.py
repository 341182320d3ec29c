"""The system of a stratum with one unit in every layer above the first (Theorem D9, Lemma D17).

Seen from the output, everything is linear: with w_j the product of unit j's incoming vector and
all weights above it, and B_k that of the bias of layer k and all weights above it,

    z_k(x) = [z_(k-1) > 0] z_(k-1)(x) + B_k,    z_2(x) = sum over active j of w_j . (x, 1) + B_2,

f = z_Q where that is active, and kinks above the first layer are linear equations. With U_k and
T_j the squares of these products of weights, stationarity is

    T_j Gamma_j = Lambda w_j,   U_2 |Gamma_j|^2 = Lambda^2,   U_k S_k = Lambda B_k,
    U_(k+1) (U_(k-1) + B_k^2) = U_k^2,   U_1 = sum of T_j,   U_(Q+1) = 1,

where (Gamma, S) is the gradient in (w, B) of the fit, kinks taking part with multipliers, and
Gamma_j is projected on the span of the face of unit j. All signs of the weights are in one system.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly_ctx

from reluenum.algebra.linear import Vector, dot
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.engines.deep.systems.flats import (
    SIDES,
    Kink,
    combination,
    first_kinks,
    flat_basis,
    independent,
    side_of,
)
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

Place = tuple[int, int]
"""Layer from 0, and a site."""


@dataclass(frozen=True)
class Chain:
    """The linear structure of a stratum of widths (m, 1, ..., 1), dead layers at the bottom or not.

    Unknowns are the coordinates of each w_j in `flat_basis` its unit, one after the other, and then
    B_k of the live layers above the first.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
        With one row in each live layer above the first.
    """

    problem: Problem
    stratum: DeepStratum

    @cached_property
    def flats(self) -> list[list[Vector]]:
        """Bases of the spaces of the first-layer units."""
        units = range(len(self.stratum.layers[0]))
        return [flat_basis(self.problem, self.stratum, unit) for unit in units]

    @cached_property
    def grams(self) -> list[fmpq_mat]:
        """Inner products of these bases."""
        matrices = [fmpq_mat([list(vector) for vector in flat]) for flat in self.flats]
        return [matrix * matrix.transpose() for matrix in matrices]

    @property
    def upper(self) -> range:
        """The live layers above the first, from 0."""
        return range(max(self.stratum.lowest, 1), self.stratum.depth)

    @cached_property
    def blocks(self) -> list[slice]:
        """Where the coordinates of each w_j stand."""
        ends = [sum(map(len, self.flats[:unit])) for unit in range(len(self.flats) + 1)]
        return [slice(*pair) for pair in pairwise(ends)]

    @cached_property
    def bias(self) -> dict[int, int]:
        """Where B stands, for each live layer above the first."""
        start = self.blocks[-1].stop if self.blocks else 0
        return {layer: start + k for k, layer in enumerate(self.upper)}

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return sum(map(len, self.flats)) + len(self.bias)

    def path(self, layer: int, site: int) -> tuple[list[int], list[int]]:
        """Return whose biases add up to z of a layer (from 0, not the first) at a site.

        Returns
        -------
        layers : list of int
            Above the first.
        units : list of int
            Of the first layer, all that are active.
        """
        layers = [layer]
        while layer - 1 in self.bias and self.stratum.layers[layer - 1][0][site] == "+":
            layer -= 1
            layers.append(layer)
        ends = layer > 1 or not self.flats
        first = enumerate(self.stratum.layers[0])
        return layers, [] if ends else [unit for unit, signs in first if signs[site] == "+"]

    def form(self, layer: int, site: int) -> list[fmpq]:
        """Return z of a layer (from 0, not the first) at a site, by the unknowns."""
        found = [fmpq(0)] * self.size
        layers, units = self.path(layer, site)
        for passed in layers:
            found[self.bias[passed]] = fmpq(1)
        for unit in units:
            row = self.problem.sites[site].row
            found[self.blocks[unit]] = [dot(vector, row) for vector in self.flats[unit]]
        return found

    @cached_property
    def kinks(self) -> dict[Kink, list[fmpq]]:
        """The kinks above the first layer, with their forms."""
        return {
            (layer + 1, 0, sites): self.form(layer, sites[0])
            for layer in self.upper
            for sites in self.stratum.kinks(layer, 0)
        }

    @cached_property
    def constraints(self) -> list[Kink]:
        """Kinks whose forms are a basis of all: they carry the multipliers (flat pieces)."""
        names = list(self.kinks)
        return [names[k] for k in independent([tuple(self.kinks[name]) for name in names])]

    def pulls(self, linear: Sequence[Any], multipliers: Sequence[Any]) -> list[tuple[Place, Any]]:
        """Return what pulls at z: residuals where the network is not 0, and multipliers at kinks.

        Parameters
        ----------
        linear : (size,) sequence
            The unknowns, over any ring that contains Q.
        multipliers : sequence
            Of `constraints`.
        """
        top, sites = self.stratum.depth - 1, self.problem.sites
        places = [(layer - 1, shared[0]) for layer, _, shared in self.constraints]
        found = list(zip(places, multipliers, strict=True))
        for i in self.stratum.active(top, 0):
            fitted = combination(self.form(top, i), linear)
            found.append(((top, i), (fitted - sites[i].mean) * -sites[i].count))
        return found

    def gradient(self, pulls: Sequence[tuple[Place, Any]]) -> list[Any]:
        """Return (Gamma, S): minus half the gradient of the fit in the unknowns."""
        columns = zip(*(self.form(*place) for place, _ in pulls), strict=True)
        return [combination(column, [pull for _, pull in pulls]) for column in columns]

    def slope(self, unit: int, pulls: Sequence[tuple[Place, Any]]) -> list[Any]:
        """Return Gamma of a first-layer unit in all of space, before it is projected."""
        own = [(place[1], pull) for place, pull in pulls if unit in self.path(*place)[1]]
        columns = zip(*(self.problem.sites[i].row for i, _ in own), strict=True)
        return [combination(column, [pull for _, pull in own]) for column in columns]

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The unknowns of the system: w and B, multipliers, T_j, and U_k from below."""
        flats = enumerate(self.flats, start=1)
        return (
            *(f"w{unit}_{k}" for unit, flat in flats for k in range(len(flat))),
            *(f"B{layer + 1}" for layer in self.upper),
            *(f"m{k + 1}" for k in range(len(self.constraints))),
            *(f"T{unit + 1}" for unit in range(len(self.flats))),
            *(f"U{layer + 1}" for layer in self.upper),
        )

    def parted(self, values: Sequence[Any]) -> list[list[Any]]:
        """Split values of the variables into (w, B), multipliers, T and U."""
        sizes = self.size, len(self.constraints), len(self.flats), len(self.bias)
        rest = iter(values)
        return [list(islice(rest, size)) for size in sizes]

    @cached_property
    def system(self) -> PolynomialSystem:
        """The system: square; of its solutions those with positive squares are wanted."""
        context = fmpq_mpoly_ctx.get(self.variables, Ordering.degrevlex)
        linear, multipliers, first, upper = self.parted(context.gens())
        ridge, one = self.problem.effective_ridge, context.constant(fmpq(1))
        gradient = self.gradient(self.pulls(linear, multipliers))
        equations = [combination(self.kinks[name], linear) for name in self.constraints]
        for square, block, gram in zip(first, self.blocks, self.grams, strict=True):
            slopes, weights = gradient[block], linear[block]
            for slope, row in zip(slopes, gram.tolist(), strict=True):
                equations.append(square * slope - combination(row, weights) * ridge)
            lifted = [combination(row, slopes) for row in gram.inv().tolist()]
            equations.append(upper[0] * dot(slopes, lifted) - ridge * ridge)
        below = sum(first, start=0 * one)
        for place, square, above in zip(self.bias.values(), upper, (*upper[1:], one), strict=True):
            bias = linear[place]
            equations.append(square * gradient[place] - ridge * bias)
            equations.append(above * (below + bias * bias) - square * square)
            below = square
        return PolynomialSystem.of(self.variables, [0 * one + e for e in equations])

    def squares(self, values: Sequence[Any]) -> list[Any]:
        """Return what must be positive: T and U."""
        _, _, first, upper = self.parted(values)
        return [*first, *upper]

    @cached_property
    def claimed(self) -> list[list[Vector]]:
        """Pre-activations of each unit as forms: where it is +, and in the first layer turned at -.

        What an upper unit is where it is -, depends on signs that a stratum does not tell.
        """
        found = []
        for layer, rows in enumerate(self.stratum.layers):
            for unit, row in enumerate(rows):
                forms: dict[Vector, None] = {}
                for i, sign in enumerate(row):
                    if layer and sign == "+":
                        forms[tuple(self.form(layer, i))] = None
                    elif not layer and sign in SIDES:
                        forms[tuple(x * SIDES[sign] for x in self._input(unit, i))] = None
                found.append(list(forms))
        return found

    def _input(self, unit: int, site: int) -> list[fmpq]:
        """Return z of a first-layer unit at a site, times all weights above it."""
        found, row = [fmpq(0)] * self.size, self.problem.sites[site].row
        found[self.blocks[unit]] = [dot(vector, row) for vector in self.flats[unit]]
        return found

    def claims(self, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Yield values, of each unit, that have one sign if a solution has the stratum's signs."""
        linear = values[: self.size]
        for forms in self.claimed:
            yield [combination(form, linear) for form in forms]

    def network(self, point: IsolatedPoint) -> ScaledNetwork:
        """Return the network of a solution with positive squares.

        It has the signs of the stratum if the solution is stationary, and some others if not.
        """
        linear, multipliers, first, upper = self.parted(point.coordinates)
        signs = [side_of(combination(forms[0], linear)) for forms in self.claimed]
        sides, turns = signs[: len(first)], signs[len(first) :]
        vectors = [
            [combination(column, linear[block]) * side for column in zip(*flat, strict=True)]
            for flat, block, side in zip(self.flats, self.blocks, sides, strict=True)
        ]
        biases = [
            linear[place] * turn for place, turn in zip(self.bias.values(), turns, strict=True)
        ]
        pairs = zip(turns, [sides, *([turn] for turn in turns)], strict=False)
        start, dead = self.upper.start, ((),) * (self.upper.start - 1)
        kinks: dict[Kink, Any] = dict.fromkeys(self.kinks, fmpq(0))
        for name, multiplier in zip(self.constraints, multipliers, strict=True):
            kinks[name] = multiplier * turns[name[0] - 1 - start]
        pulls = self.pulls(linear, multipliers)
        for unit, (vector, side, square) in enumerate(zip(vectors, sides, first, strict=True)):
            slopes = [slope * side for slope in self.slope(unit, pulls)]
            kinks |= first_kinks(
                self.problem,
                self.stratum,
                unit,
                [
                    v / square * self.problem.effective_ridge - s
                    for v, s in zip(vector, slopes, strict=True)
                ],
            )
        return ScaledNetwork(
            self.problem,
            self.stratum,
            point,
            (
                tuple(tuple(vector[:-1]) for vector in vectors),
                *dead,
                *((tuple(fmpq(turn * side) for side in below),) for turn, below in pairs),
            ),
            (tuple(vector[-1] for vector in vectors), *dead, *((bias,) for bias in biases)),
            (fmpq(turns[-1]),),
            (tuple(1 / t for t in first), *dead, *((1 / u,) for u in upper)),
            kinks,
        )
