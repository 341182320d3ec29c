"""FLINT's Buchberger algorithm, in process: fastest on small systems."""

from flint import __FLINT_VERSION__

from reluenum.algebra.bases import GroebnerBasis, Solutions, solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.groebner.killable import KillableWorker
from reluenum.groebner.limits import Limits, seconds_until

EFFORT = (60, 120, 4000)
"""Largest basis, terms per polynomial and coefficient bits of the bounded first attempt."""

EASY_DEGREE = 16
"""Largest number of complex solutions that the bounded first attempt parametrises."""


class FlintBackend:
    """FLINT through python-flint."""

    name = "flint"

    def __init__(self) -> None:
        self._worker = KillableWorker(self.name)

    def version(self) -> str:
        """Return FLINT's version."""
        return __FLINT_VERSION__

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system, in process if it is easy, else in a helper process."""
        deadline = limits.deadline()
        easy = self.within_effort(system)
        if easy is None:
            return self._worker.solutions(_solved_by_flint, system, limits, deadline)
        if seconds_until(deadline) == 0:
            raise limits.too_slow(self.name)
        return easy

    @staticmethod
    def within_effort(system: PolynomialSystem) -> Solutions | None:
        """Solve a system if that needs no more than `EFFORT`, else return None."""
        equations = system.rabinowitsch
        vector, finished = equations.vector.buchberger_naive(limits=EFFORT)
        if not finished:
            return None
        basis = GroebnerBasis.of(equations.variables, list(vector.autoreduction()))
        if not _is_easy(basis):
            return None
        return _solutions_of(basis).without(system.extra_variables)

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


class BasisWorker(KillableWorker):
    """What follows from a reduced basis that some program found, in a helper if it is large."""

    def solutions_of(self, basis: GroebnerBasis, limits: Limits, deadline: float) -> Solutions:
        """Return the solutions of an ideal whose reduced basis is known.

        Raises
        ------
        BackendError
            As from `KillableWorker.solutions`.
        """
        if _is_easy(basis):
            return _solutions_of(basis)
        given = PolynomialSystem(basis.variables, basis.polynomials)
        return self.solutions(_solved_basis, given, limits, deadline)


def _is_easy(basis: GroebnerBasis) -> bool:
    """Whether the solutions follow from a basis without a helper process."""
    return basis.dimension != 0 or basis.degree <= EASY_DEGREE


def _solutions_of(basis: GroebnerBasis) -> Solutions:
    """Return the solutions of an ideal whose reduced basis is known."""
    system = PolynomialSystem(basis.variables, basis.polynomials)
    return solutions(system, lambda asked: basis if asked is system else _basis(asked))


def _solved_basis(given: PolynomialSystem) -> Solutions:
    """Solve a system that is a reduced basis."""
    return _solutions_of(GroebnerBasis.of(given.variables, given.polynomials))


def _solved_by_flint(system: PolynomialSystem) -> Solutions:
    """Solve a system without any limit."""
    return solutions(system, _basis)


def _basis(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system, without any limit."""
    equations = system.rabinowitsch
    basis = equations.vector.buchberger_naive().autoreduction()
    return GroebnerBasis.of(equations.variables, list(basis))
