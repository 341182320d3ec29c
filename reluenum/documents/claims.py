"""A folder or document that one run at a time writes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import BinaryIO

from reluenum.errors import IncompleteRunError


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Provide a folder that no other process claims; the system forgets claims of dead ones."""
    lock = None
    while lock is None:
        folder.mkdir(exist_ok=True)
        lock = claim(folder / "lock")
    with lock:
        yield folder


def claim(path: Path) -> BinaryIO | None:
    """Lock a file; None if another run has just removed it."""
    with ExitStack() as stack, suppress(FileNotFoundError):
        stream = stack.enter_context(path.open("ab"))
        try:
            flock(stream, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise IncompleteRunError(
                f"another run is at work in {path.parent}: wait for it, or choose another --output"
            ) from error
        except OSError:  # a disk without locks
            pass
        if os.path.samestat(path.stat(), os.fstat(stream.fileno())):
            stack.pop_all()
            return stream
    return None
