"""FLINT's Buchberger algorithm, in process: fastest on small systems."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flint import __FLINT_VERSION__

from reluenum.algebra.bases import GroebnerBasis, Solutions, solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError
from reluenum.groebner.killable import HelpedBackend, KillableWorker
from reluenum.groebner.limits import Limits, seconds_until
from reluenum.groebner.program import UNREADABLE, executable, told_version

EFFORT = (60, 120, 2000)
"""Largest basis, terms per polynomial and coefficient bits of the bounded first attempt."""

EASY_DEGREE = 16
"""Largest number of complex solutions that the bounded first attempt parametrises."""


class FlintBackend(HelpedBackend):
    """FLINT through python-flint."""

    name = "flint"

    def version(self) -> str:
        """Return FLINT's version."""
        return __FLINT_VERSION__

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system, in process if it is easy, else in a helper process."""
        deadline = limits.deadline()
        easy = self.within_effort(system)
        if easy is None:
            solve = partial(solutions, basis_of=_basis)
            return self._worker.solutions(solve, system, limits, deadline)
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


Reader = Callable[[str, tuple[str, ...]], Any]
"""From what a program answered, and the variables that were sent, to what it says."""


class ExecutableBackend(HelpedBackend):
    """A backend that is another program, one process per system; what follows, in a helper."""

    program: str
    asks_version: str
    how_to_get: str

    def __init__(self) -> None:
        self._worker = BasisWorker(self.name)

    def version(self) -> str:
        """Return the program's version; a BackendError says how to get the program."""
        return told_version(self.name, r"\bversion\s+(\S+)", *self._command(self.asks_version))

    def _command(self, *options: str) -> list[str]:
        """Return the command line with options; a BackendError says how to get the program."""
        return [executable(self.program, self.how_to_get), *options]

    def _understood(self, read: Reader, answer: str, variables: tuple[str, ...]) -> Any:
        """Read an answer; a BackendError shows it if that cannot be done."""
        try:
            return read(answer, variables)
        except UNREADABLE as error:
            raise BackendError(self.name, f"unreadable answer {answer[:80]!r}") from error


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


def _basis(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system, without any limit."""
    equations = system.rabinowitsch
    basis = equations.vector.buchberger_naive().autoreduction()
    return GroebnerBasis.of(equations.variables, list(basis))
