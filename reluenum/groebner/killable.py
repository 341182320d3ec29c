"""Run a Python function in a helper process that a time limit really ends."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError

from pebble import ProcessExpired, ProcessPool

from reluenum.errors import BackendError


class KillableWorker:
    """One helper process, started at the first call and replaced after a time-out.

    Parameters
    ----------
    name : str
        Backend on whose behalf it works; named in errors.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._pool: ProcessPool | None = None

    def call(self, function: Callable, arguments: tuple, seconds: float) -> object:
        """Return function(*arguments), computed in the helper.

        Raises
        ------
        BackendError
            If it takes longer than the limit (the helper is killed), or dies.
        """
        if self._pool is None:
            self._pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
        future = self._pool.schedule(function, args=list(arguments), timeout=seconds)
        try:
            return future.result()
        except FutureTimeoutError as error:
            raise BackendError(self.name, f"no basis within {seconds:g} s") from error
        except (ProcessExpired, MemoryError) as error:
            raise BackendError(self.name, f"the helper process ended: {error}") from error

    def close(self) -> None:
        """End the helper."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None
