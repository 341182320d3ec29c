"""The system of a stratum of any widths (Lemmas D6 and D7).

A unit has a scale of which only the square s is an unknown. In units of their scales, its
pre-activation is g and its error d, multipliers at kinks taking part:

    g_m = sum over units l below of e_ml s_l relu(g_l) + e_m0,     f = sum over m of s_m relu(g_m),
    d_m = r in the last layer,    d_l = sum over m of s_m e_ml d_m where l is +,
    Lambda e_ml = sum over sites of d_m relu(g_l),    Lambda e_m0 = sum over sites of d_m.

The scale is fixed by sum e_ml^2 s_l + e_m0^2 = 1 in the last layer, and by g = 1 at a site where
the unit is + below. So all signs of weights are in one system, and no network is there twice.

Of units of the first layer with equal signs only E' H E counts, where the rows of E are a basis of
the space that they span, and H, symmetric and positive definite, takes the place of s (Lemma D7).
E is one vector with g = 1 at a site, or, for as many units as the flat has dimensions, its basis.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx

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
    products,
    side_of,
)
from reluenum.engines.deep.systems.groups import (
    Group,
    WideValues,
    separated,
    upper_half,
    with_height_one,
)
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import ALIVE, DeepStratum
from reluenum.errors import UndecidedError
from reluenum.problem import Problem


@dataclass(frozen=True)
class Wide:
    """The system of a stratum, whatever its widths.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum

    Raises
    ------
    UndecidedError
        If rows of an upper layer are equal, or more than one but fewer rows of the first layer
        than their flat has dimensions, or more than two.
    """

    problem: Problem
    stratum: DeepStratum

    def __post_init__(self) -> None:
        if any(len(set(rows)) < len(rows) for rows in self.stratum.layers[1:]):
            raise UndecidedError("a group of several units above the first layer is not solved for")
        if any(group.rank > 1 and not group.rank == 2 == len(group.basis) for group in self.groups):
            raise UndecidedError("a group of several units in a flat of dimension 3 or more")

    @cached_property
    def groups(self) -> list[Group]:
        """The groups of the first layer, in the order of its rows."""
        found = []
        for row, rank in Counter(self.stratum.layers[0]).items():
            basis = flat_basis(self.problem, self.stratum, self.stratum.layers[0].index(row))
            if rank == 1:
                basis = with_height_one(basis, self.problem.sites[row.index("+")].row)
            found.append(Group(row, rank, tuple(basis)))
        return found

    @cached_property
    def placed(self) -> list[tuple[int, Group]]:
        """The groups with the number of components before each."""
        starts = accumulate((group.rank for group in self.groups), initial=0)
        return list(zip(starts, self.groups, strict=False))

    @cached_property
    def rows(self) -> list[list[str]]:
        """Signs of the components of each layer: rows of E in the first layer, else units."""
        first = [group.row for group in self.groups for _ in range(group.rank)]
        return [first, *map(list, self.stratum.layers[1:])]

    @cached_property
    def fed(self) -> list[tuple[int, int, int]]:
        """The weights that need not vanish: layer, unit, component below."""
        return [
            (layer, unit, below)
            for layer in range(1, self.stratum.depth)
            for unit, row in enumerate(self.rows[layer])
            for below, signs in enumerate(self.rows[layer - 1])
            if any(s in ALIVE and t == "+" for s, t in zip(row, signs, strict=True))
        ]

    @cached_property
    def kinks(self) -> list[Kink]:
        """The kinks above the first layer."""
        return [
            (layer + 1, unit, sites)
            for layer in range(1, self.stratum.depth)
            for unit in range(len(self.rows[layer]))
            for sites in self.stratum.kinks(layer, unit)
        ]

    @cached_property
    def constraints(self) -> list[Kink]:
        """Kinks that carry the multipliers: of each unit of the second layer a basis."""
        found = [kink for kink in self.kinks if kink[0] > 2]
        for unit in range(len(self.rows[1])):
            own = [kink for kink in self.kinks if kink[:2] == (2, unit)]
            found += [own[k] for k in independent([self._form(sites[0]) for _, _, sites in own])]
        return sorted(found)

    def _form(self, site: int) -> Vector:
        """Return the pre-activation of any unit of the second layer, linear in its own copies."""
        row = self.problem.sites[site].row
        parts = [
            dot(vector, row) * (group.row[site] == "+")
            for group in self.groups
            for vector in group.basis
        ]
        return (*parts, fmpq(1))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of the unknowns, in the order in which `valued` reads them."""
        groups = list(enumerate(self.groups, start=1))
        upper = [(k, m) for k in range(1, self.stratum.depth) for m in range(len(self.rows[k]))]
        return (
            *(f"k{g}_{c}" for g, group in groups for c in range(group.free)),
            *(f"e{layer + 1}_{unit}_{below}" for layer, unit, below in self.fed),
            *(f"b{layer + 1}_{unit}" for layer, unit in upper),
            *(f"m{k}" for k in range(len(self.constraints))),
            *(f"h{g}_{a}{b}" for g, group in groups for a, b in upper_half(group.rank)),
            *(f"s{layer + 1}_{unit}" for layer, unit in upper),
        )

    def valued(self, values: Sequence[Any]) -> WideValues:
        """Give values of the variables their meaning."""
        rest = iter(values)
        coordinates = [[next(rest) for _ in range(group.free)] for group in self.groups]
        pairs = zip(self.groups, coordinates, strict=True)
        spans = [vector for group, given in pairs for vector in group.span(given)]
        weights = {name: next(rest) for name in self.fed}
        upper = range(1, self.stratum.depth)
        biases = {(k, m): next(rest) for k in upper for m in range(len(self.rows[k]))}
        multipliers = {name: next(rest) for name in self.constraints}
        first: dict[tuple[int, int], Any] = {}
        for start, group in self.placed:
            for a, b in upper_half(group.rank):
                first[start + a, start + b] = first[start + b, start + a] = next(rest)
        metrics = [first, *({(m, m): next(rest) for m in range(len(self.rows[k]))} for k in upper)]
        return WideValues(spans, metrics, weights, biases, multipliers)

    def heights(self, given: WideValues) -> list[list[dict[int, Any]]]:
        """Return g by layer, component and site, where it is + or a kink."""
        sites = range(self.stratum.size)
        inputs = [self.problem.sites[i].row for i in sites]
        found = [
            [
                {i: combination(inputs[i], vector) for i in sites if row[i] == "+"}
                for row, vector in zip(self.rows[0], given.spans, strict=True)
            ]
        ]
        for layer in range(1, self.stratum.depth):
            below = _scaled_heights(given.metrics[layer - 1], self.rows[layer - 1], found[-1])
            found.append(
                [
                    {
                        i: products(
                            (given.weights[layer, unit, a], g[i])
                            for a, g in enumerate(below)
                            if i in g
                        )
                        + given.biases[layer, unit]
                        for i in sites
                        if row[i] in ALIVE
                    }
                    for unit, row in enumerate(self.rows[layer])
                ]
            )
        return found

    def errors(self, given: WideValues, heights: Sequence) -> list[list[dict[int, Any]]]:
        """Return d, summed over the data of a site, by layer, component and site.

        What is missing is 0; a kink that several sites share is at the first of them.
        """
        top, sites = self.stratum.depth - 1, self.problem.sites
        fitted = _scaled_heights(given.metrics[top], self.rows[top], heights[top])
        residual = {
            i: (products((g[i], fmpq(1)) for g in fitted if i in g) - site.mean) * -site.count
            for i, site in enumerate(sites)
        }
        errors = [{i: residual[i] for i in g} for g in fitted]
        found = []
        for layer in range(top, -1, -1):
            if layer < top:
                errors = self._returned(given, layer, errors)
            for (place, unit, shared), multiplier in given.multipliers.items():
                if place == layer + 1:
                    errors[unit][shared[0]] = multiplier
            found.append(errors)
        return found[::-1]

    def _returned(
        self, given: WideValues, layer: int, errors: Sequence[dict[int, Any]]
    ) -> list[dict[int, Any]]:
        """Return d of a layer where it is +, from that of the layer above."""
        metric = given.metrics[layer + 1]
        above = [{i: metric[m, m] * d for i, d in unit.items()} for m, unit in enumerate(errors)]
        return [
            {
                i: products(
                    (given.weights[layer + 1, m, unit], d[i]) for m, d in enumerate(above) if i in d
                )
                for i, sign in enumerate(row)
                if sign == "+" and any(i in d for d in above)
            }
            for unit, row in enumerate(self.rows[layer])
        ]

    @cached_property
    def system(self) -> PolynomialSystem:
        """The system: square; of its solutions those with positive squares are wanted."""
        context = fmpq_mpoly_ctx.get(self.variables, Ordering.degrevlex)
        given = self.valued(context.gens())
        heights = self.heights(given)
        errors = self.errors(given, heights)
        ridge, top = self.problem.effective_ridge, self.stratum.depth - 1
        equations = [heights[k - 1][unit][sites[0]] for k, unit, sites in self.constraints]
        for layer, unit, below in self.fed:
            signs, g = self.rows[layer - 1][below], heights[layer - 1][below]
            pairs = ((d, g[i]) for i, d in errors[layer][unit].items() if signs[i] == "+")
            equations.append(products(pairs) - given.weights[layer, unit, below] * ridge)
        for (layer, unit), bias in given.biases.items():
            equations.append(
                products((d, fmpq(1)) for d in errors[layer][unit].values()) - bias * ridge
            )
            if layer < top:
                equations.append(heights[layer][unit][self.rows[layer][unit].index("+")] - 1)
            else:
                equations.append(self._norm(given, unit) - 1)
        equations += self._first(given, errors[0])
        return PolynomialSystem.of(
            self.variables, [context.constant(fmpq(0)) + e for e in equations]
        )

    def _norm(self, given: WideValues, unit: int) -> Any:
        """Return |incoming vector|^2 of a unit of the last layer, over its square."""
        top = self.stratum.depth - 1
        weights = {b: w for (k, m, b), w in given.weights.items() if (k, m) == (top, unit)}
        bias = given.biases[top, unit]
        pairs = given.metrics[top - 1].items()
        return (
            products(
                (weights[a] * weights[b], h) for (a, b), h in pairs if a in weights and b in weights
            )
            + bias * bias
        )

    def _first(self, given: WideValues, errors: Sequence[dict[int, Any]]) -> Iterator[Any]:
        """Yield the equations of incoming vectors of the first layer.

        Along E they say that the outgoing vectors have the products of E.
        """
        for start, group in self.placed:
            for a, b in upper_half(group.rank):
                left, right = start + a, start + b
                outgoing = products(
                    (given.weights[1, m, left] * given.weights[1, m, right], square)
                    for (m, _), square in given.metrics[1].items()
                    if {(1, m, left), (1, m, right)} <= given.weights.keys()
                )
                yield outgoing - products(zip(given.spans[left], given.spans[right], strict=True))
            for vector in group.basis[len(group.basis) - group.free :]:
                slope = products(
                    (d, dot(vector, self.problem.sites[i].row)) for i, d in errors[start].items()
                )
                yield slope - combination(vector, given.spans[start]) * self.problem.effective_ridge

    def squares(self, values: Sequence[Any]) -> list[Any]:
        """Return what must be positive: all s, and the leading minors of each H."""
        given = self.valued(values)
        found, h = [s for metric in given.metrics[1:] for s in metric.values()], given.metrics[0]
        for start, group in self.placed:
            found.append(h[start, start])
            if group.rank == 2:
                off = h[start, start + 1]
                found.append(h[start, start] * h[start + 1, start + 1] - off * off)
        return found

    def claims(self, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Yield values, of each unit, that have one sign if a solution has the stratum's signs."""
        given = self.valued(values)
        for start, group in self.placed:
            if group.rank == 1:
                yield [
                    combination(site.row, given.spans[start]) * SIDES[sign]
                    for site, sign in zip(self.problem.sites, group.row, strict=True)
                    if sign in SIDES
                ]
        for rows, layer in zip(self.rows[1:], self.heights(given)[1:], strict=True):
            for row, unit in zip(rows, layer, strict=True):
                yield [g for i, g in unit.items() if row[i] == "+"]

    def network(self, point: IsolatedPoint) -> ScaledNetwork:
        """Return the network of a solution with positive squares.

        It has the signs of the stratum if the solution is stationary, and some others if not.
        """
        given = separated(self.problem, self.placed, self.valued(point.coordinates))
        heights = self.heights(given)
        turns = [[1] * len(rows) for rows in self.rows]
        for unit, row in enumerate(self.rows[-1]):
            turns[-1][unit] = side_of(heights[-1][unit][row.index("+")])
        squares = [tuple(metric[m, m] for m in range(len(metric))) for metric in given.metrics]
        weights = [
            tuple(
                tuple(
                    given.weights[layer, m, below] * square * (turns[layer][m] * turn)
                    if (layer, m, below) in given.weights
                    else fmpq(0)
                    for below, (square, turn) in enumerate(
                        zip(squares[layer - 1], turns[layer - 1], strict=True)
                    )
                )
                for m in range(len(self.rows[layer]))
            )
            for layer in range(1, self.stratum.depth)
        ]
        kinks: dict[Kink, Any] = dict.fromkeys(self.kinks, fmpq(0))
        for name, multiplier in given.multipliers.items():
            layer, unit, _ = name
            kinks[name] = multiplier * squares[layer - 1][unit] * turns[layer - 1][unit]
        for unit, errors in enumerate(self.errors(given, heights)[0]):
            slopes = zip(*(self.problem.sites[i].row for i in errors), strict=True)
            pull = [
                (entry * self.problem.effective_ridge - combination(column, list(errors.values())))
                * squares[0][unit]
                for entry, column in zip(given.spans[unit], slopes, strict=True)
            ]
            kinks |= first_kinks(self.problem, self.stratum, unit, pull)
        return ScaledNetwork(
            self.problem,
            self.stratum,
            point,
            (tuple(tuple(vector[:-1]) for vector in given.spans), *weights),
            (
                tuple(vector[-1] for vector in given.spans),
                *(
                    tuple(given.biases[k, m] * turn for m, turn in enumerate(turns[k]))
                    for k in range(1, self.stratum.depth)
                ),
            ),
            tuple(square * turn for square, turn in zip(squares[-1], turns[-1], strict=True)),
            tuple(squares),
            kinks,
        )


def _scaled_heights(
    metric: Mapping[tuple[int, int], Any], rows: Sequence[str], heights: Sequence[dict[int, Any]]
) -> list[dict[int, Any]]:
    """Return s g, or H times the g of a group, by component and site, where they are +."""
    return [
        {
            i: products((h, heights[b][i]) for (x, b), h in metric.items() if x == a)
            for i in heights[a]
            if row[i] == "+"
        }
        for a, row in enumerate(rows)
    ]
