"""The polynomial system of a support of creases, and its solution (Lemmas 93 and 94)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, dot, row_space
from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box, evaluated
from reluenum.algebra.numberfield import FieldElement, RealField
from reluenum.algebra.numbers import IsolatedPoint, Number, rational_point
from reluenum.algebra.parametrisation import Root, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem, determinant
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.errors import BackendError, TheoremViolationError
from reluenum.groebner.backends import MODULAR, Backends
from reluenum.groebner.roots import finite_solutions

Terms = dict[tuple[int, ...], fmpq]


@dataclass(frozen=True, eq=False)
class CreaseSystem:
    """The equations for units on some creases.

    Unknowns are the unit vector w = u / ridge of each crease, in its basis, and the sum of a^2.
    Offsets are eliminated: whatever they are, r is orthogonal to each indicator.

    Parameters
    ----------
    creases : Creases
    support : tuple of Crease
        Distinct, and independent (`is_independent`).
    held : tuple of Crease
        Others, without units, at which p_r is not to change with the offset either.
    """

    creases: Creases
    support: tuple[Crease, ...]
    held: tuple[Crease, ...] = ()

    @cached_property
    def free(self) -> fmpq_mat:
        """The outer columns and the indicators of creases that have an offset, as columns."""
        columns = [c.indicator for c in (*self.support, *self.held) if c.has_offset]
        return fmpq_mat([*map(list, (*self.creases.outer, *columns))]).transpose()

    @property
    def is_independent(self) -> bool:
        """Whether `free` is, and leaves room for as many columns as there are creases.

        If not, other supports have what is stationary on this one (Lemma 94).
        """
        number = self.free.ncols()
        return number + len(self.support) <= self.free.nrows() and self.free.rank() == number

    @cached_property
    def remover(self) -> fmpq_mat:
        """The projector that takes the errors y - f to r: it is 0 on `free`."""
        columns = zip(*self.free.tolist(), strict=True)
        found = remover_of(self.creases, list(columns)[len(self.creases.outer) :])
        if found is None:
            raise ZeroDivisionError("a support whose offsets are dependent")
        return found

    @cached_property
    def reach(self) -> fmpq_mat:
        """The orthogonal projector onto the span of all R_S (y - f), f of units on the creases."""
        matrices = [fmpq_mat([[mean] for mean in self.creases.problem.means])]
        matrices += [crease.responses for crease in self.support]
        columns = [(self.remover * matrix).transpose().tolist() for matrix in matrices]
        basis = row_space([tuple(column) for found in columns for column in found])
        if not basis:
            return self.remover - self.remover
        rows = fmpq_mat([*map(list, basis)])
        weighted = rows * _weight_matrix(self.creases)
        return rows.transpose() * (weighted * rows.transpose()).solve(weighted)

    @cached_property
    def forced(self) -> list[fmpq_mat]:
        """For each crease what its basis makes of errors: (dimension, p)."""
        return [
            c.responses.transpose() * _weight_matrix(self.creases) * self.remover
            for c in self.support
        ]

    @cached_property
    def system(self) -> PolynomialSystem:
        """The system: as many equations as unknowns."""
        sizes = [len(crease.basis) for crease in self.support]
        starts = [*accumulate(sizes, initial=0)]
        total = starts[-1] + len(sizes)
        targets = fmpq_mat([[mean] for mean in self.creases.problem.means])

        def power(*unknowns: int) -> tuple[int, ...]:
            return tuple(unknowns.count(j) for j in range(total))

        equations: list[Terms] = []
        for crease, start, forced in zip(self.support, starts, self.forced, strict=False):
            basis = fmpq_mat([*map(list, crease.basis)])
            metric = (basis * basis.transpose()).tolist()
            length: Terms = {power(): fmpq(-1)}
            rows: list[Terms] = [{power(): gain} for gain in (forced * targets).entries()]
            for j, (row, entries) in enumerate(zip(rows, metric, strict=True), start):
                for k, entry in enumerate(entries, start):
                    row[power(k)] = -self.creases.ridge * entry
                    length[power(j, k)] = length.get(power(j, k), 0) + entry
            for m, other in enumerate(self.support):
                for row, entries in zip(rows, (forced * other.responses).tolist(), strict=True):
                    for k, entry in enumerate(entries, starts[m]):
                        row[power(k, starts[-1] + m)] = -entry
            equations += [*rows, length]
        names = [f"w{k}_{j}" for k, size in enumerate(sizes) for j in range(size)]
        names += [f"s{k}" for k in range(len(sizes))]
        return PolynomialSystem.of_coefficients(names, equations)

    def residual(self, values: Sequence[Any]) -> list[Any]:
        """Return r at the sites, over any ring, from values of the unknowns."""
        errors, used = list(self.creases.problem.means), 0
        squares = values[sum(len(crease.basis) for crease in self.support) :]
        for crease, square in zip(self.support, squares, strict=True):
            own = values[used : used + len(crease.basis)]
            used += len(crease.basis)
            rows = crease.responses.tolist()
            for k in crease.active:
                errors[k] = errors[k] - square * dot(own, rows[k])
        return [dot(errors, row) for row in self.remover.tolist()]

    def solved(self, backends: Backends) -> "SolvedSupport":
        """Find the simple solution with positive squares: there is one at most (Lemma 94)."""
        try:
            found = finite_solutions(self.system, backends)
            roots = real_solutions(found.parametrisation) if found.parametrisation else []
            points = [point for root in roots if (point := self._positive(root))]
        except BackendError as error:
            return SolvedSupport(self.support, reason=str(error))
        if len(points) > 1:
            names = "|".join(crease.signs for crease in self.support)
            raise TheoremViolationError(f"two positive points on {names} (Lemma 94)")
        return SolvedSupport(self.support, next(iter(points), None), found.engine not in MODULAR)

    def _positive(self, root: Root) -> "CreasePoint | None":
        """Prove a root with positive squares; None if they are not, or if it is not simple."""
        squares = slice(-len(self.support), None)
        if any(ball < 0 for ball in root.balls(CERTIFICATION_BITS[0])[squares]):
            return None
        box = certified_box(self.system, root.balls)
        if box is None:
            if _is_simple(self.system, root):
                raise BackendError("engine", "a simple solution that interval Newton cannot prove")
            return None
        isolated = IsolatedPoint(self.system, box, root)
        if any(square.sign() <= 0 for square in isolated.coordinates[squares]):
            return None
        return CreasePoint(self, isolated)


def remover_of(creases: Creases, indicators: Sequence[Vector]) -> fmpq_mat | None:
    """Return the projector, orthogonal for the weights, that is 0 on what is free.

    On constants, a linear part, and indicators.

    Returns
    -------
    (p, p) fmpq_mat, or None if these are dependent
    """
    size, weights = len(creases.inputs), _weight_matrix(creases)
    free = fmpq_mat([*map(list, (*creases.outer, *indicators))]).transpose()
    if free.ncols() > size or free.rank() < free.ncols():
        return None
    weighted = free.transpose() * weights
    fitted = free * (weighted * free).solve(weighted)
    return _diagonal([fmpq(1)] * size) - fitted


def _weight_matrix(creases: Creases) -> fmpq_mat:
    return _diagonal(creases.weights)


def _diagonal(entries: Sequence[fmpq]) -> fmpq_mat:
    size = len(entries)
    listed = [fmpq(0)] * size**2
    listed[:: size + 1] = entries
    return fmpq_mat(size, size, listed)


def _is_simple(system: PolynomialSystem, root: Root) -> bool:
    """Whether the Jacobian matrix of a system is regular at a solution, exactly."""
    field = RealField(root.parametrisation.chi, root.index)
    scale = FieldElement(field, root.parametrisation.denominator).inverse()
    values = [FieldElement(field, n) * scale for n in root.parametrisation.numerators]
    constant = lambda n: field(fmpq(n))  # noqa: E731
    jacobian = [[evaluated(t, values, constant) for t in row] for row in system.jacobian_terms]
    return not determinant(jacobian).is_zero()


@dataclass(frozen=True, eq=False)
class CreasePoint:
    """A solution of the system of a support, or the constant network.

    Parameters
    ----------
    system : CreaseSystem
    isolated : IsolatedPoint
    """

    system: CreaseSystem
    isolated: IsolatedPoint

    @property
    def support(self) -> tuple[Crease, ...]:
        """The creases of its units."""
        return self.system.support

    @cached_property
    def residual(self) -> list[Number]:
        """The values r at the sites."""
        found = self.system.residual(self.isolated.coordinates)
        return [r if isinstance(r, Number) else self.isolated.constant(r) for r in found]


@dataclass(frozen=True, eq=False)
class SolvedSupport:
    """What the system of a support says.

    Parameters
    ----------
    support : tuple of Crease
    point : CreasePoint, optional
        The solution with positive squares, if there is one.
    is_exact : bool
        Whether the basis was computed over Q.
    reason : str
        Why nothing is known.
    """

    support: tuple[Crease, ...]
    point: CreasePoint | None = None
    is_exact: bool = True
    reason: str = ""


def constant_network(creases: Creases) -> CreasePoint:
    """Return the network whose units are all 0."""
    return CreasePoint(CreaseSystem(creases, ()), rational_point())
