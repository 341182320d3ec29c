"""Processes that compute here, and that start without running the caller's script again.

A process that is spawned imports the `__main__` of its parent first, because what it is sent may
be defined there. What this package sends is not, and a script without
`if __name__ == "__main__":` would start its own work once more in every process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from threading import Lock, get_ident
from typing import Any

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
