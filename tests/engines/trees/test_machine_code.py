"""Machine code of the engines and of the checker is made once, with all that it calls."""

from pathlib import Path
from runpy import run_path
from types import ModuleType

import numpy as np
import pytest
from numba import config

from reluenum.engines.branch import compiled as engine
from reluenum.verify.trees import machine as checker

SOURCE = """
from {module} import compiled, inlined

@inlined
def half(numbers, k):
    if numbers[k] % 2:
        raise ValueError("not even", numbers)
    return numbers[k] // 2

@compiled
def halves(numbers):
    return half(numbers, 0) + half(numbers, 1)
"""


@pytest.mark.parametrize(("machine", "kind"), [(engine, "i8"), (checker, "i4")])
def test_a_compiled_function_contains_what_it_calls(
    machine: ModuleType, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So inner functions need no machine code; errors say what they should, made or loaded.

    Functions that make errors of values of the same kinds are shared by all of a process.
    """
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    path = tmp_path / "halves.py"
    path.write_text(SOURCE.format(module=machine.__name__))
    odd = np.array([4, 3], kind)
    for loaded in range(2):
        found = run_path(str(path))
        half, halves = found["half"], found["halves"]
        assert halves(np.array([4, 6], kind)) == 5
        with pytest.raises(ValueError, match="not even") as error:
            halves(odd)
        assert list(error.value.args[1]) == [4, 3]
        assert halves.stats.cache_hits.total() == loaded
        assert bool(half.overloads) is not bool(loaded)
        for made in half.overloads.values():
            assert made.library.get_pointer_to_function(made.fndesc.llvm_func_name) == 0
