"""The log of one job of the workflow."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reluenum.errors import ReluenumError, one_line


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Write what a job reports, and what stops it, into its log.

    Parameters
    ----------
    path : str or Path
        The log; an older one is overwritten.

    Raises
    ------
    SystemExit
        Instead of a `ReluenumError`, and of what disk and memory say, so that one line reaches the
        terminal: these errors are instructions to the user, and a traceback would bury them.
    """
    with _told():
        handler = logging.FileHandler(path, mode="w", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.raiseExceptions = False  # a log that the disk has no room for stops no job
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.addHandler(handler)
        start = time.perf_counter()
        try:
            yield
            logging.info("done in %.2f s", time.perf_counter() - start)
        except EXPECTED as error:
            logging.error("%s", _log_text(error))
            raise
        except BaseException:
            logging.exception("stopped")
            raise
        finally:
            root.removeHandler(handler)
            with suppress(OSError):
                handler.close()


EXPECTED = (ReluenumError, OSError, MemoryError)
"""What a user can do something about."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except EXPECTED as error:
        raise SystemExit(f"{type(error).__name__}: {_log_text(error)}") from error


def _log_text(error: BaseException) -> str:
    return one_line(error) or "out of memory"
