"""Machine code on disk that is valid as long as no module of this room has changed."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys

SOURCES = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


class RoomCache(FunctionCache):
    """A cache that knows that functions contain what they call from other modules of the room."""

    def _index_key(self, *arguments: object) -> tuple:
        return (*super()._index_key(*arguments), sha256(SOURCES).hexdigest())

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Load machine code; to find none, numba imports first all that it compiles with."""
        rtsys.initialize(target)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(signature, target)


def inlined(function: Callable) -> Callable:
    """Compile a function that only others call, as a part of these: they are cached with it."""
    return njit(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)


def compiled(function: Callable) -> Callable:
    """Compile a function that Python calls, once for all processes; threads share it."""
    found = njit(function, no_cfunc_wrapper=True, nogil=True)
    found._cache = RoomCache(function)
    return found
