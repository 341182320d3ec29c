"""Solve a system in a helper process that limits of time and memory really end."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reluenum.algebra.bases import Solutions
from reluenum.algebra.parametrisation import Parametrisation
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError
from reluenum.groebner.limits import Limits, limited_memory, seconds_until
from reluenum.groebner.text import parse_polynomial
from reluenum.groebner.workers import WORKERS

if TYPE_CHECKING:
    from pebble import ProcessPool

Solved = tuple[int, int | None, list[list[str]] | None]


class KillableWorker:
    """One helper process, started at the first system and replaced after a time-out.

    Parameters
    ----------
    name : str
        Backend on whose behalf it works; named in errors.
    modules : str
        What the helper imports when it starts, which counts for no limit of memory.
    """

    def __init__(self, name: str, *modules: str) -> None:
        self.name, self._modules = name, modules
        self._pool: ProcessPool | None = None

    def solutions(
        self,
        solve: Callable[[PolynomialSystem], Solutions],
        system: PolynomialSystem,
        limits: Limits,
        deadline: float,
    ) -> Solutions:
        """Solve a system in the helper.

        Parameters
        ----------
        solve : callable
            A function of a module, perhaps with some of its arguments.
        system : PolynomialSystem
        limits : Limits
        deadline : float
            When the limit of time is reached (`Limits.deadline`).

        Raises
        ------
        BackendError
            If it reaches a limit (the helper is killed if need be), or dies.
        """
        from pebble import ProcessExpired, ProcessPool  # slow to import

        if (seconds := seconds_until(deadline)) == 0:
            raise limits.too_slow(self.name)
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=1,
                initializer=_prepare,
                initargs=self._modules,
                context=WORKERS,
            )
        nonzero = [str(polynomial) for polynomial in system.nonzero]
        work = [system.variables, system.to_text(), nonzero]
        arguments = [solve, seconds, limits.megabytes, *work]
        future = self._pool.schedule(_solved, args=arguments, timeout=seconds)
        try:
            dimension, degree, texts = future.result()
        except FutureTimeoutError as error:
            raise limits.too_slow(self.name) from error
        except MemoryError as error:
            raise limits.too_large(self.name) from error
        except (ProcessExpired, BrokenExecutor, SystemError) as error:
            # Without memory the interpreter itself may fail, which is a SystemError.
            reason = f"the helper process ended with at most {limits.megabytes} MB: {error}"
            raise BackendError(self.name, reason) from error
        found = None if texts is None else Parametrisation.from_text(texts)
        return Solutions(dimension, degree, found)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the process, which a copy starts when it needs one."""
        return self.__dict__ | {"_pool": None}

    def close(self) -> None:
        """End the helper."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


class HelpedBackend:
    """A backend that solves what is not easy in a helper process."""

    name: str
    modules: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._worker = KillableWorker(self.name, *self.modules)

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _prepare(*modules: str) -> None:
    """Prepare the helper process: let signals end it even inside FLINT, and import modules."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for module in modules:
        import_module(module)


def _solved(
    solve: Callable,
    seconds: float,
    megabytes: int,
    variables: tuple[str, ...],
    *texts: list[str],
) -> Solved:
    """Solve in the helper process; what must vanish and what must not travel as text.

    The pool looks at its clock only now and then, so that late answers can slip through.
    """
    started = time.monotonic()
    parsed = (tuple(parse_polynomial(text, variables) for text in part) for part in texts)
    with limited_memory(megabytes):
        found = solve(PolynomialSystem(variables, *parsed))
    parametrisation = found.parametrisation
    text = None if parametrisation is None else parametrisation.to_text()
    if time.monotonic() - started > seconds:
        raise TimeoutError
    return found.dimension, found.degree, text
