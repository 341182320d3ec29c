"""The log of one job of the workflow."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reluenum.errors import ReluenumError


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
        Instead of a `ReluenumError`, so that one line reaches the terminal: these errors are
        instructions to the user, and a traceback would bury them.
    """
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    start = time.perf_counter()
    try:
        yield
        logging.info("done in %.2f s", time.perf_counter() - start)
    except ReluenumError as error:
        logging.error("%s", error)
        raise SystemExit(f"{type(error).__name__}: {error}") from error
    except BaseException:
        logging.exception("stopped")
        raise
    finally:
        root.removeHandler(handler)
        handler.close()
