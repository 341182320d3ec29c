"""FLINT's Buchberger algorithm, in process: fastest on small systems."""

from flint import __FLINT_VERSION__

from reluenum.groebner.killable import KillableWorker
from reluenum.realpoints import GroebnerBasis, Solutions, solutions
from reluenum.stationarity import PolynomialSystem

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

    def solutions(self, system: PolynomialSystem, seconds: float) -> Solutions:
        """Solve a system, in process if it is easy, else in a helper process."""
        if (easy := self.within_effort(system)) is not None:
            return easy
        return self._worker.solutions(_basis, system, seconds)

    @staticmethod
    def within_effort(system: PolynomialSystem) -> Solutions | None:
        """Solve a system if that needs no more than `EFFORT`, else return None."""
        equations = system.rabinowitsch
        vector, finished = equations.vector.buchberger_naive(limits=EFFORT)
        if not finished:
            return None
        basis = GroebnerBasis.of(equations.variables, list(vector.autoreduction()))
        easy = not basis.is_zero_dimensional or basis.degree <= EASY_DEGREE
        return solutions(system, lambda s: basis if s is system else _basis(s)) if easy else None

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _basis(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system, without any limit."""
    equations = system.rabinowitsch
    basis = equations.vector.buchberger_naive().autoreduction()
    return GroebnerBasis.of(equations.variables, list(basis))
