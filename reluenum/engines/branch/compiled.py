"""Machine code on disk that is valid as long as no module of its room has changed."""

from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, lockf
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from numba import njit, types
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.runtime import rtsys
from numba.experimental import structref


@lru_cache
def sources(room: Path) -> str:
    """Return the digest of the modules of a room and of this one."""
    content = b"".join(path.read_bytes() for path in (*sorted(room.glob("*.py")), Path(__file__)))
    return sha256(content).hexdigest()


class RoomCache(FunctionCache):
    """A cache that knows that functions contain what they call from other modules of the room.

    Of processes that want the same code at once, one compiles it, and the others wait. So none
    takes for its own a file that another one is about to write.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        self._sources = sources(Path(function.__code__.co_filename).parent)

    def _index_key(self, *arguments: object) -> tuple:
        return (*super()._index_key(*arguments), self._sources)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Load machine code; if there is none, be the one that makes and saves it, or wait.

        To find none, numba imports first all that it compiles with.
        """
        rtsys.initialize(target)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(signature, target) or self._awaited(signature, target)

    def _awaited(self, signature: Any, target: Any) -> Any:
        self._impl.locator.ensure_cache_path()
        self._lock = open(f"{self._cache_path}/{self._impl.filename_base}.lock", "w")  # noqa: SIM115
        with suppress(OSError):  # not every network's disk has locks
            lockf(self._lock, LOCK_EX)
        if found := self._load_overload(signature, target):
            self._lock.close()
        return found

    def save_overload(self, signature: Any, data: Any) -> None:
        """Save machine code, and let those who wait for it load it.

        What inner functions refer to, and were not told (`InnerCode`), it gets as if it was loaded.
        """
        super().save_overload(signature, data)
        for environment in data._find_referenced_environments():
            data.library.codegen.set_env(environment.env_name, environment)
        self._lock.close()


class InnerCode(JITCodeLibrary):
    """What the compiler of an inner function makes: neither optimised, nor machine code.

    Both is done once, where everything that a compiled function calls is linked. By default numba
    does it for each function anew, and it takes more than all the rest. No function that calls
    itself can be one.
    """

    codegen = SimpleNamespace(set_env=lambda name, environment: None)

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0, as there is no function to point to."""
        self._ensure_finalized()
        return 0


class InnerCompiler(Compiler):
    """The compiler of functions that only others call."""

    def __init__(self, typing: Any, target: Any, library: None, *others: Any) -> None:
        super().__init__(typing, target, InnerCode(target.codegen(), "inner"), *others)


INNER = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "pipeline_class": InnerCompiler,
}
"""Options of functions that Python does not call; nothing is raised where 0 divides."""


def inlined(function: Callable) -> Callable:
    """Compile a function that only others call, as a part of these: they are cached with it."""
    return njit(function, **INNER, forceinline=True)


def called(function: Callable) -> Callable:
    """Compile a function that only others call, once: of larger ones copies take long."""
    return njit(function, **INNER)


def compiled(function: Callable) -> Callable:
    """Compile a function that Python calls, once for all processes; threads share it."""
    found = njit(function, no_cfunc_wrapper=True, nogil=True, error_model="numpy")
    found._cache = RoomCache(function)
    return found


def struct(annotated: type) -> type:
    """Let compiled functions make and pass objects with these fields, each a single pointer."""

    class Kind(types.StructRef):
        def __init__(self, fields: tuple) -> None:
            super().__init__(fields)
            digest = sha256(self.name.encode()).hexdigest()
            self.name = f"{annotated.__name__}-{digest[:16]}"  # long names take long

        def preprocess_fields(self, fields: tuple) -> tuple:
            return tuple((name, types.unliteral(kind)) for name, kind in fields)

    structref.register(Kind)
    structref.define_constructor(annotated, Kind, list(annotated.__annotations__))
    return annotated
