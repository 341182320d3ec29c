"""Compiled functions of the checker."""

from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, lockf
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, register_pass
from numba.core.runtime import rtsys
from numba.core.typed_passes import AnnotateTypes

UNDER_ALL = Path(__file__).parent


class Ingredient(JITCodeLibrary):
    """Code that goes into other functions, and that nobody runs by itself.

    So no machine code is made of it, and only what makes it shorter is done with it.
    """

    def _optimize_final_module(self) -> None:
        shorter, settings = self._codegen._module_pass_manager(
            opt=0, loop_vectorize=False, slp_vectorize=False, cost="cheap"
        )
        shorter.run(self._final_module, settings)

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    @property
    def codegen(self) -> "Ingredient":
        """Return itself: who runs code is told of its environment, and there is nobody."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing."""


@register_pass(mutates_CFG=False, analysis_only=False)
class Collect(AnalysisPass):
    """Let the code of a function be an ingredient."""

    _name = "collect_ingredient"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Give the function a place for its code; the function stays as it is."""
        state.library = Ingredient(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


class IngredientCompiler(CompilerBase):
    """Compiles a function that only compiled ones call."""

    def define_pipelines(self) -> list:
        """Collect the code after all that is done with any function."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        usual.add_pass_after(Collect, AnnotateTypes)
        usual.finalize()
        return [usual]


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
        """Save machine code; it is the next one's turn."""
        super().save_overload(signature, data)
        self._mine.close()


def compiled(function: Callable) -> Callable:
    """Compile a function that Python calls, once for all processes; threads may share it."""
    found = njit(function, error_model="numpy", nogil=True, forceinline=True)
    found._cache = RoomCache(function)
    return found


def inlined(function: Callable) -> Callable:
    """Compile a function that only compiled ones call, as a part of these."""
    given = {"error_model": "numpy", "pipeline_class": IngredientCompiler}
    return njit(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, **given)
