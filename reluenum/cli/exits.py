"""How a command ends: the exit code, and one line on standard error that says why."""

import sys

from reluenum.errors import one_line

DECIDED, FAILED, BAD_INPUT, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130


def stopped(reason: object, code: int) -> int:
    """Say in one line why there is no result, or not the whole of it."""
    noted(reason)
    return code


def noted(text: object) -> None:
    """Say something in one line, beside the result."""
    if sys.stderr is not None:
        print(f"reluenum: {one_line(text)}", file=sys.stderr)
