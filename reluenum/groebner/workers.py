"""Processes that compute here, and that start without running the caller's script again.

A process that is spawned imports the `__main__` of its parent first, because what it is sent may
be defined there. What this package sends is not, and a script without
`if __name__ == "__main__":` would start its own work once more in every process.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from threading import Lock, get_ident
from typing import Any

from reluenum.errors import ReluenumError

_STARTING = Lock()


class WorkerProcess(SpawnProcess):
    """A spawned process that does not import the `__main__` of its parent."""

    @staticmethod
    def _Popen(process: BaseProcess) -> Any:
        with _main_left_out():
            return SpawnProcess._Popen(process)


class WorkerContext(SpawnContext):
    """Starts a `WorkerProcess` where a process is asked for."""

    Process = WorkerProcess


WORKERS = WorkerContext()
"""The context of every pool of this package; what runs in it is defined in modules."""


class WorkerDiedError(ReluenumError):
    """A process that had something to compute ended without an answer."""

    def __init__(self, work: str, reason: str) -> None:
        super().__init__(work, reason)
        self.work, self.reason = work, reason

    def __str__(self) -> str:
        return (
            f"the process that examined {self.work} ended without an answer ({self.reason}); "
            "nothing was lost silently: start the same command again, with fewer --jobs if memory "
            "ran out"
        )


@contextmanager
def in_processes(jobs: int) -> Iterator[Callable[..., Iterator]]:
    """Provide a function that computes in so many processes, in order, a few items ahead.

    It takes a function, items of arguments, and a function that says in words what an item is; if
    the process of an item dies, or its memory ends, it raises `WorkerDiedError`.
    """
    from pebble import ProcessExpired, ProcessPool  # slow to import

    pool = ProcessPool(jobs, context=WORKERS)

    def mapped(
        function: Callable, items: Iterable[tuple], in_words: Callable[..., str]
    ) -> Iterator:
        waiting: deque = deque()
        for item in items:
            waiting.append((in_words(*item), pool.schedule(function, args=item)))
            if len(waiting) > 2 * jobs:
                yield answered(*waiting.popleft())
        while waiting:
            yield answered(*waiting.popleft())

    def answered(work: str, future: Any) -> Any:
        with out_of_memory_told(work):
            try:
                return future.result()
            except ProcessExpired as error:
                raise WorkerDiedError(work, f"exit code {error.exitcode}") from error

    try:
        yield mapped
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


@contextmanager
def out_of_memory_told(work: str) -> Iterator[None]:
    """Turn a lack of memory into a `WorkerDiedError`."""
    try:
        yield
    except MemoryError as error:
        raise WorkerDiedError(work, "out of memory") from error


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Leave `__main__` out of what processes that this thread starts meanwhile prepare."""
    with _STARTING:
        thread, original = get_ident(), spawn.get_preparation_data

        def prepared(name: str) -> dict[str, Any]:
            data = original(name)
            if get_ident() == thread:
                data.pop("init_main_from_name", None)
                data.pop("init_main_from_path", None)
            return data

        spawn.get_preparation_data = prepared
        try:
            yield
        finally:
            spawn.get_preparation_data = original
