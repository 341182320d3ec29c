"""The command line: a thin face over the library, with exit codes that programs can rely on.

0: everything decided. 2: bad input, one line on standard error, nothing written. 3: some supports
stayed undecided; the document is written and claims no completeness. 1: anything else, such as a
crosscheck with a disagreement.

A command is a line of `COMMANDS` and a module of that name: `add_NAME(parser)` adds its options,
and `run_NAME(options)` does the work and returns the exit code. Heavy modules are imported there.

In order: `exits` are the codes, `options` what commands share; then `data`, `minima`, `path`,
`explore`, `verify`, `facts`, `convex`, `bound`, `crosscheck`, `basins`, `stability`, `locate`
and `descend`.
"""

import argparse
import os
import sys
from collections.abc import Container, Iterable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from reluenum.cli.exits import BAD_INPUT, FAILED, INTERRUPTED, stopped
from reluenum.errors import InputError, ReluenumError

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "minima": "print every local minimum of one data set as a JSON document",
    "data": "print a built-in or generated data set as CSV",
    "crosscheck": "solve one data set in every way and compare",
    "facts": "check the statements of the paper on a document of minima",
    "path": "follow the local minima of one data set as the ridge varies",
    "explore": "write a page on which one walks along a path",
    "verify": "check the certificate in a document of minima, of their basins, or of bounds",
    "convex": "find the least loss over all widths by a convex program, in doubles",
    "bound": "bound the least loss of networks with two hidden layers from below, with proof",
    "basins": "say which minima are traps, how deep, and over which passes they join",
    "stability": "say how large errors of the targets may be before minima change",
    "locate": "say at which listed minimum a trained network is, or to which it leads down",
    "descend": "run optimisers from many starts and explain every end point by a list of minima",
}
"""What each command does, in the order of the help."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like those of bad data."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise InputError("command line", message, f"the form that `{self.prog} --help` shows")


class _Version(argparse.Action):
    """Print the version, looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"reluenum {version('reluenum')}")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        The exit code; see the module's docstring.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except InputError as error:
        return stopped(error, BAD_INPUT)
    except KeyboardInterrupt:
        return stopped("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _abandon_output()
        return FAILED
    except Exception as error:
        if "--debug" in given:
            raise
        _abandon_output()
        if isinstance(error, ReluenumError):
            return stopped(error, FAILED)
        return stopped(f"{_complaint(error)} (COMMAND ... --debug shows where)", FAILED)


def _complaint(error: Exception) -> str:
    """Return what an error is, and says; a lack of memory says nothing by itself."""
    lacking = "out of memory" if isinstance(error, MemoryError) else ""
    return f"{type(error).__name__}: {str(error) or lacking}"


def _run(arguments: list[str]) -> int:
    """Parse the arguments and run their command."""
    try:
        words = _attached(arguments)
        options = _parser(words).parse_args(words)
    except SystemExit as stop:  # --help and --version
        sys.stdout.flush()
        return int(stop.code or 0)
    return options.run(options)


def _abandon_output() -> None:
    """Keep Python from flushing, at its end, what standard output did not take."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _attached(arguments: Iterable[str]) -> list[str]:
    """Join options to values such as `-1/10`, which argparse would take for options."""
    joined: list[str] = []
    for argument in arguments:
        before = joined[-1] if joined else ""
        option = before.startswith("--") and before != "--" and "=" not in before
        short = argument.startswith("-") and argument[1:2] not in ("", "-")
        if option and short and argument != "-h" and "--" not in joined:
            joined[-1] = f"{before}={argument}"
        else:
            joined.append(argument)
    return joined


def _parser(words: Container[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser, with the options of those commands that are among some words."""
    parser = _Parser(
        prog="reluenum",
        description="Every local minimum of a small ridge-regularised ReLU network, exactly.",
        epilog="Exit codes: 0 everything decided; 2 bad input; 3 some supports undecided; 1 else.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name in words:
            module = import_module(f"{__name__}.{name}")
            getattr(module, f"add_{name}")(command)
            command.add_argument(
                "--debug", action="store_true", help="show where an error came from"
            )
            command.set_defaults(run=getattr(module, f"run_{name}"))
    return parser
