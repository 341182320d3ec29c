"""What is installed, as all documents of a run record it."""

import json
import os
import subprocess
import sys
from functools import cache

SOFTWARE = "RELUENUM_SOFTWARE"
"""Environment variable by which the processes of a run record the same versions."""


def installed_versions() -> dict[str, str | None]:
    """Return the version of this package and of everything that it can compute with, if there.

    They are read once: what is installed later makes no two documents of a run differ.
    """
    return _of_run() or _of_this_process()


def share_versions() -> None:
    """Let the processes that this one starts, in the same environment, record the same versions.

    They are read in a process of their own: who shares them need not load what they are of.
    """
    if SOFTWARE not in os.environ:
        command = [sys.executable, "-P", "-c", f"from {__name__} import *; print(to_share())"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        os.environ[SOFTWARE] = done.stdout.strip()


def to_share() -> str:
    """Return what `share_versions` lets other processes read."""
    return json.dumps({sys.prefix: installed_versions()})


def _of_run() -> dict[str, str | None] | None:
    return json.loads(os.environ.get(SOFTWARE, "{}")).get(sys.prefix)


@cache
def _of_this_process() -> dict[str, str | None]:
    from importlib.metadata import version

    from reluenum.groebner.backends import BACKENDS, backend_version

    return {
        "reluenum": version("reluenum"),
        "python-flint": version("python-flint"),
        **{name: backend_version(backend()) for name, backend in BACKENDS.items()},
    }
