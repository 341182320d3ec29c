"""The systems of one support at all ridges, as one system in which the ridge is an unknown.

Section 16 of docs/theory.md, in the unknowns w_F = u_F / Lambda, q_F = (sum of a^2) / Lambda on
each face and mu = 1 / Lambda: everything is a function of the residual over Lambda,

    r / Lambda = R (mu y - sum_G q_G z_G),    w_F = U_F (r / Lambda),    |w_F|^2 = 1,

of degree 2 and without solutions at Lambda = 0. A penalised output bias m, and each coefficient of
a penalised linear part, is one more unknown: the R here is that of what is not penalised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mpoly

from reluenum.algebra.linear import Vector, dot
from reluenum.algebra.polynomials import PolynomialSystem, integral, ring
from reluenum.geometry.arrangement import Arrangement, Face, sign, signed_rows
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import Support
from reluenum.landscape.equations import unknowns, variables_of, weighted_directions
from reluenum.problem import Linear, OutputBias, Problem


@dataclass(frozen=True)
class Condition:
    """An inequality that the points of a support fulfil where they are local minima.

    Parameters
    ----------
    polynomial : fmpz_mpoly
        In the unknowns of the support's `Family`; primitive.
    orientation : int
        1 if the polynomial must not be negative, -1 if it must not be positive.
    equality : str
        What is the case where it vanishes.
    square : int or None
        Which square it is, if it is one.
    """

    polynomial: fmpz_mpoly
    orientation: int
    equality: str
    square: int | None = None


@dataclass(frozen=True, eq=False)
class Family:
    """The stationarity systems of a support at all ridges.

    Parameters
    ----------
    problem : Problem
        Its ridge does not matter.
    support : Support
        Not empty.
    """

    problem: Problem
    support: Support

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The unknowns: unit vectors, squares over Lambda, what else is penalised, and mu."""
        return (*variables_of(self.support), *self.penalised, "mu")

    @cached_property
    def penalised(self) -> dict[str, tuple[fmpq, ...]]:
        """The penalised output bias and coefficients of the linear part: their columns, by site."""
        problem, found = self.problem, {}
        if problem.output_bias is OutputBias.RIDGE:
            found["m"] = (fmpq(1),) * len(problem.sites)
        if problem.linear is Linear.RIDGE:
            inputs = zip(*(problem.inputs[site.first] for site in problem.sites), strict=True)
            found |= {f"beta{k}": column for k, column in enumerate(inputs)}
        return found

    @cached_property
    def system(self) -> PolynomialSystem:
        """The equations, one fewer than unknowns: curves over the line of mu (Lemma 30)."""
        equations = []
        for face, direction in zip(self.support, self._unknowns[0], strict=True):
            slack = [g - w for g, w in zip(self._gradient(face), direction, strict=True)]
            equations += [dot(slack, vector) for vector in face.basis]
            equations.append(dot(direction, direction) - 1)
        for heavy, moments, unknown in zip(*self._pulls, self._outer, strict=True):
            known = dot(heavy, self.problem.means)
            columns = [dot(heavy, column) for column in self.penalised.values()]
            total = self._mu * (known - dot(self._outer, columns))
            for face, vector in zip(self.support, self._weighted, strict=True):
                total = total - dot(vector, moments.response(face))
            equations.append(total - unknown)
        return PolynomialSystem.of(self.names, [self._polynomial(e) for e in equations])

    def closed(self, polynomial: fmpz_mpoly) -> PolynomialSystem:
        """Return the square system that holds where moreover a polynomial vanishes."""
        return PolynomialSystem(self.names, (*self.system.polynomials, polynomial))

    def at(self, ridge: fmpq) -> PolynomialSystem:
        """Return the square system at one ridge, given as Lambda."""
        return self.closed(self._integral(self._polynomial(self._mu * ridge - 1)))

    def conditions(self, arrangement: Arrangement, signs: Sequence[int]) -> list[Condition]:
        """Return what makes a solution a local minimum, if all hold strictly.

        Positive squares, units inside their faces, and no slope downwards (Theorems A and B).
        What holds identically is left out, and what is there already.

        Parameters
        ----------
        arrangement : Arrangement
        signs : sequence of int
            Sign of a on each face.
        """
        found: dict[tuple[str, int], Condition] = {}
        for k, (face, sign_of_a) in enumerate(zip(self.support, signs, strict=True)):
            given = [
                (self._unknowns[1][k], f"the sum of a^2 on {face.signs} is 0", k),
                *((*wall, None) for wall in self._walls(k, sign_of_a)),
                *((*slope, None) for slope in self._slopes(arrangement, face, sign_of_a)),
            ]
            for value, equality, square in given:
                polynomial = self._polynomial(value)
                if polynomial.is_zero():
                    continue
                primitive = self._integral(polynomial)
                orientation = sign(polynomial.leading_coefficient())
                known = Condition(primitive, orientation, equality, square)
                found.setdefault((str(primitive), orientation), known)
        return list(found.values())

    def _walls(self, k: int, sign_of_a: int) -> Iterator[tuple[fmpq_mpoly, str]]:
        """Yield how far the unit of a face is from each wall, and where it is on it."""
        face = self.support[k]
        for row, expected in signed_rows(self.problem, face):
            reached = _reached(self.problem, face, row)
            height = dot(self._unknowns[0][k], row) * (expected * sign_of_a)
            yield height, f"the unit on {face.signs} reaches {reached}"

    def _slopes(
        self, arrangement: Arrangement, face: Face, sign_of_a: int
    ) -> Iterator[tuple[fmpq_mpoly, str]]:
        """Yield the slopes D (Theorem B) over Lambda around a face, and where the unit turns to."""
        for vector, beyond in arrangement.around(face):
            slope = dot(self._gradient(beyond), vector) * -sign_of_a
            yield slope, f"the slope from {face.signs} towards {beyond.signs} is 0"

    @cached_property
    def _spared(self) -> Problem:
        """The problem without what is penalised beside the units: it is among the unknowns."""
        found = self.problem
        if found.output_bias is OutputBias.RIDGE:
            found = replace(found, output_bias=OutputBias.NONE)
        return replace(found, linear=Linear.NONE) if found.linear is Linear.RIDGE else found

    @property
    def _moments(self) -> Moments:
        """Moments that do not depend on the ridge."""
        return Moments.of(self._spared)

    @cached_property
    def _pulls(self) -> tuple[list[list[fmpq]], list[Moments]]:
        """Return Omega R c of each penalised column c, and moments that respond to it."""
        heavy, moments = [], []
        place = {site.row: k for k, site in enumerate(self.problem.sites)}
        for column in self.penalised.values():
            targets = tuple(column[place[row]] for row in self.problem.rows)
            heavy.append(self._spared.weighted(self._spared.residual(column)))
            moments.append(Moments.of(replace(self._spared, targets=targets)))
        return heavy, moments

    @cached_property
    def _context(self) -> fmpq_mpoly_ctx:
        return fmpq_mpoly_ctx.get(self.names, Ordering.degrevlex)

    @cached_property
    def _unknowns(self) -> tuple[list[list], list]:
        """Return unit vectors and squares."""
        return unknowns(self.support, self._context.gens()[: len(variables_of(self.support))])

    @cached_property
    def _weighted(self) -> list[list]:
        return weighted_directions(*self._unknowns)

    @property
    def _outer(self) -> Sequence[fmpq_mpoly]:
        start = len(self.names) - 1 - len(self.penalised)
        return self._context.gens()[start:-1]

    @property
    def _mu(self) -> fmpq_mpoly:
        return self._context.gens()[-1]

    def _gradient(self, face: Face) -> list:
        """Return g_F(r) / Lambda."""
        found = self._moments.gradient(face, self.support, self._weighted)
        share = self._mu - 1  # `found` has b_F once, and mu b_F is due
        found = [g + share * b for g, b in zip(found, self._moments.response(face), strict=True)]
        for moments, unknown in zip(self._pulls[1], self._outer, strict=True):
            shift = self._mu * unknown
            found = [g - shift * t for g, t in zip(found, moments.response(face), strict=True)]
        return found

    def _polynomial(self, value: fmpq_mpoly | fmpq) -> fmpq_mpoly:
        return self._context.constant(fmpq(0)) + value

    def _integral(self, polynomial: fmpq_mpoly) -> fmpz_mpoly:
        return integral(polynomial, ring(self.names))


def _reached(problem: Problem, face: Face, wall: Vector) -> str:
    """Return the signs of the part of a face's boundary that lies in a hyperplane."""
    on_flat = [dot(vector, wall) for vector in face.basis]
    reached = {
        site.row
        for site in problem.sites
        if _parallel(on_flat, [dot(vector, site.row) for vector in face.basis])
    }
    return "".join(
        "0" if row in reached else symbol
        for row, symbol in zip(problem.rows, face.signs, strict=True)
    )


def _parallel(left: Sequence[fmpq], right: Sequence[fmpq]) -> bool:
    """Whether two vectors are multiples of each other."""
    pairs = list(zip(left, right, strict=True))
    return all(x * v == y * u for x, u in pairs for y, v in pairs)
