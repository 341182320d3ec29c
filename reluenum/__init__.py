"""Every local minimum of a small ridge-regularised ReLU network, certified."""

import sys
from importlib import import_module

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    del sys.path[0]  # `python -m reluenum`: modules are not looked for in the working folder

_HOMES = {
    "Atlas": "datasets.atlas",
    "Basins": "api",
    "HiddenBias": "problem",
    "InputError": "errors",
    "Landscape": "api",
    "Linear": "problem",
    "Location": "api",
    "Loss": "problem",
    "Names": "problem",
    "OutputBias": "problem",
    "Problem": "problem",
    "RecordedLandscape": "api",
    "ReluenumError": "errors",
    "Stability": "api",
    "atlas": "datasets.atlas",
    "enumerate_minima": "api",
    "read_basins": "api",
    "read_landscape": "api",
    "read_path": "paths.path",
    "ridge_path": "paths.path",
}
"""The public names and their modules, which are imported when asked for: `reluenum.verify` alone
imports nothing of the solver."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Import a public name, or look up the version that is installed."""
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return what completion offers."""
    return __all__
