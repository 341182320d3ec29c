"""Solve a system in a helper process that a time limit really ends."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

from pebble import ProcessExpired, ProcessPool

from reluenum.algebraic import Parametrisation
from reluenum.errors import BackendError
from reluenum.groebner.text import parse_polynomial
from reluenum.realpoints import GroebnerBasis, Solutions, solutions
from reluenum.stationarity import PolynomialSystem

Solved = tuple[int, int | None, list[list[str]] | None]


class KillableWorker:
    """One helper process, started at the first system and replaced after a time-out.

    Parameters
    ----------
    name : str
        Backend on whose behalf it works; named in errors.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._pool: ProcessPool | None = None

    def solutions(
        self,
        basis_of: Callable[[PolynomialSystem], GroebnerBasis],
        system: PolynomialSystem,
        seconds: float,
    ) -> Solutions:
        """Solve a system with Groebner bases computed in the helper.

        Raises
        ------
        BackendError
            If it takes longer than the limit (the helper is killed), or dies.
        """
        if self._pool is None:
            self._pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
        nonzero = [str(polynomial) for polynomial in system.nonzero]
        arguments = [basis_of, system.variables, system.to_text(), nonzero]
        future = self._pool.schedule(_solved, args=arguments, timeout=seconds)
        try:
            dimension, degree, texts = future.result()
        except FutureTimeoutError as error:
            raise BackendError(self.name, f"not solved within {seconds:g} s") from error
        except (ProcessExpired, BrokenExecutor, MemoryError) as error:
            raise BackendError(self.name, f"the helper process ended: {error}") from error
        found = None if texts is None else Parametrisation.from_text(texts)
        return Solutions(dimension, degree, found)

    def close(self) -> None:
        """End the helper."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


def _solved(basis_of: Callable, variables: tuple[str, ...], *texts: list[str]) -> Solved:
    """Solve in the helper process; what must vanish and what must not travel as text."""
    parsed = (tuple(parse_polynomial(text, variables) for text in part) for part in texts)
    found = solutions(PolynomialSystem(variables, *parsed), basis_of)
    parametrisation = found.parametrisation
    text = None if parametrisation is None else parametrisation.to_text()
    return found.dimension, found.degree, text
