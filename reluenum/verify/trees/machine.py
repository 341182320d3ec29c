"""Compiled functions of the checker."""

from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, lockf
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.runtime import rtsys

UNDER_ALL = Path(__file__).parent


class RoomCache(FunctionCache):
    """Machine code on disk, valid as long as no file of the function's room has changed.

    That of a function contains what it calls, whose files the cache of numba does not look at.
    One process at a time compiles a function; the next one finds what that has saved.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        folders = {UNDER_ALL, Path(function.__code__.co_filename).parent}
        paths = sorted(path for folder in folders for path in folder.glob("*.py"))
        self.seal = sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()

    def _index_key(self, *arguments: object) -> tuple:
        return (*super()._index_key(*arguments), self.seal)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Load machine code; where others have made none either, keep them out until it is saved.

        To find none, numba imports first all that it compiles with.
        """
        rtsys.initialize(target)
        with self._guard_against_spurious_io_errors():
            if found := self._load_overload(signature, target):
                return found
            self._turn()
            if found := self._load_overload(signature, target):
                self._mine.close()
            return found

    def _turn(self) -> None:
        """Wait until no other process compiles this function."""
        self._impl.locator.ensure_cache_path()
        path = Path(self._cache_path, self._impl.filename_base).with_suffix(".lock")
        self._mine = path.open("w")
        with suppress(OSError):  # where files cannot be locked, all of them compile
            lockf(self._mine, LOCK_EX)

    def save_overload(self, signature: Any, data: Any) -> None:
        """Save machine code, with what inner functions refer to; it is the next one's turn."""
        super().save_overload(signature, data)
        for environment in data._find_referenced_environments():
            data.library.codegen.set_env(environment.env_name, environment)
        self._mine.close()


class InnerCode(JITCodeLibrary):
    """Code of an inner function, which only compiled ones call: these improve it with their own.

    Else numba improves each function with all that it calls, and makes machine code of that, too:
    more than half of the time. None may call itself.
    """

    codegen = SimpleNamespace(set_env=lambda name, environment: None)

    def _optimize_final_module(self) -> None:
        """Leave it to those who call it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Say that there is no machine code."""
        self._ensure_finalized()
        return 0


class InnerCompiler(Compiler):
    """The compiler of inner functions."""

    def __init__(self, typing: Any, target: Any, library: None, *others: Any) -> None:
        super().__init__(typing, target, InnerCode(target.codegen(), "inner"), *others)


def compiled(function: Callable) -> Callable:
    """Compile a function that Python calls, once for all processes; threads may share it."""
    found = njit(function, error_model="numpy", nogil=True, no_cfunc_wrapper=True)
    found._cache = RoomCache(function)
    return found


def inlined(function: Callable) -> Callable:
    """Compile a function that only compiled ones call, as a part of these."""
    given = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": InnerCompiler}
    return njit(function, error_model="numpy", **given)
