"""Run another program within limits that are enforced from outside, and leave nothing of it."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from math import ceil
from pathlib import Path

from reluenum.errors import BackendError
from reluenum.groebner.limits import Limits, seconds_until

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ZeroDivisionError)
"""What reading a malformed answer can raise."""

# A limit that the shell cannot set is already lower. The one of processor time ends what
# survives this process.
_WITHIN = 'ulimit -v "$1" 2>/dev/null; ulimit -t "$2" 2>/dev/null; shift 2; exec "$@"'


SECONDS_TO_START = 600
"""How long a program may take to say what it is; it is there for programs that hang."""


@cache
def executable(name: str, how_to_get: str) -> str:
    """Return the path of a program: on PATH, or inside a Python wheel of SageMath's programs.

    Raises
    ------
    BackendError
        If there is none; the reason says how to get it.
    """
    if found := shutil.which(name):
        return found
    wheels = importlib.util.find_spec("sage_wheels")
    for folder in (wheels.submodule_search_locations or ()) if wheels else ():
        bundled = Path(folder, "bin", name)
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise BackendError(name.lower(), f"the {name} executable was not found; {how_to_get}")


def run(
    backend: str, command: Sequence[str], limits: Limits, deadline: float, given: str = ""
) -> str:
    """Run a program to its end and return what it prints.

    It has its own process group, which is ended as a whole, however this function ends.

    Parameters
    ----------
    backend : str
        On whose behalf; named in errors.
    command : sequence of str
    limits : Limits
    deadline : float
        When the limit of time is reached (`Limits.deadline`).
    given : str
        Standard input.

    Raises
    ------
    BackendError
        If it reaches a limit, fails or crashes.
    """
    cpu_seconds = ceil(limits.seconds) + 1
    within = ["sh", "-c", _WITHIN, "sh", str(limits.megabytes << 10), str(cpu_seconds), *command]
    try:
        code, output, errors = _ended(within, given, seconds_until(deadline))
    except subprocess.TimeoutExpired as error:
        raise limits.too_slow(backend) from error
    if code != 0:
        how = f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"
        # Programs that cannot get memory end in many ways, so its limit is always named.
        reason = f"{how} with at most {limits.megabytes} MB of memory: {errors[-200:]!r}"
        raise BackendError(backend, reason)
    return output


@cache
def told_version(backend: str, pattern: str, *command: str) -> str:
    """Return the version that a program tells in the first group, whatever its exit code.

    Raises
    ------
    BackendError
        If it does not start, or does not end in time.
    """
    try:
        _, output, errors = _ended(command, "", SECONDS_TO_START)
    except subprocess.TimeoutExpired as error:
        reason = f"did not tell its version within {SECONDS_TO_START} s"
        raise BackendError(backend, reason) from error
    except OSError as error:
        raise BackendError(backend, f"does not start: {error}") from error
    found = re.search(pattern, output + errors)
    return found[1] if found else "unknown"


def _ended(command: Sequence[str], given: str, seconds: float) -> tuple[int, str, str]:
    """Run a program, end its whole process group, and return its exit code and what it printed."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(
        command, **pipes, text=True, errors="replace", start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate(given, timeout=seconds)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output, errors
