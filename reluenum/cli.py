"""The command line: a thin face over the library, with exit codes that programs can rely on.

0: everything decided. 2: bad input, one line on standard error, nothing written. 3: some supports
stayed undecided; the document is written and claims no completeness. 1: anything else.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from reluenum.errors import InputError, ReluenumError

DECIDED, FAILED, BAD_INPUT, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

LATER = {
    "engine": {"certified": "groebner"},
    "backend": {"singular": "auto, flint, msolve or sympy"},
    "formulation": {"eliminated": "reduced"},
}
"""Values that the interface reserves and this version does not have, with what it has."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like those of bad data."""

    def error(self, message: str) -> NoReturn:
        raise InputError("command line", message, f"see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        options = _parser().parse_args(
            _attached(list(sys.argv[1:] if arguments is None else arguments))
        )
        return options.run(options)
    except InputError as error:
        print(f"reluenum: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("reluenum: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ReluenumError, OSError, MemoryError) as error:
        print(f"reluenum: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED


def _attached(arguments: list[str]) -> list[str]:
    """Join options to values such as `-1/10`, which argparse would take for options."""
    joined: list[str] = []
    for argument in arguments:
        negative = (argument[:1] == "-" and argument[1:2].isdigit()) or argument[:2] == "-."
        if negative and joined and joined[-1].startswith("--") and "=" not in joined[-1]:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="reluenum", description="Every local minimum of a small ReLU network.")
    parser.add_argument("--version", action="version", version=version("reluenum"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_minima(commands.add_parser("minima", help="enumerate the local minima of one data set"))
    _add_data(commands.add_parser("data", help="print a built-in or generated data set as CSV"))
    verify = commands.add_parser("verify", help="check a certificate (not in this version)")
    verify.add_argument("file")
    verify.set_defaults(run=_verify)
    return parser


def _add_minima(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA.csv", help="columns x1..xd (or x) and y")
    parser.add_argument("--width", required=True, help="number of hidden units")
    parser.add_argument("--ridge", required=True, help="positive decimal or fraction")
    parser.add_argument("--engine", default="groebner", help="groebner")
    parser.add_argument("--backend", default="auto", help="auto, flint, msolve or sympy")
    parser.add_argument("--formulation", default="reduced", help="reduced")
    parser.add_argument("--loss", default="sum", help="sum or mean")
    parser.add_argument("--output-bias", default="none", help="none, free or ridge")
    parser.add_argument("--jobs", default="1", help="number of processes")
    parser.add_argument("--seconds", default="120", help="time limit per support and backend")
    parser.add_argument("--force", action="store_true", help="start however many supports")
    parser.add_argument("--output", metavar="FILE", help="write there, not to standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=_minima)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", help="reference, random or teacher")
    for name in ("n", "d", "seed", "denominator", "hidden"):
        parser.add_argument(f"--{name}", help="whole number (see docs of reluenum.datasets)")
    parser.add_argument("--noise", help="decimal or fraction")
    parser.add_argument("--output", metavar="FILE", help="write there, not to standard output")
    parser.set_defaults(run=_data)


def _minima(options: argparse.Namespace) -> int:
    """Enumerate, write the document, and say by the exit code whether it is complete."""
    _check_choices(options)
    width = _whole_number(options.width, "--width", also="all")
    jobs = _whole_number(options.jobs, "--jobs")
    seconds = _seconds(options.seconds)
    _check_writable(options.output)
    from reluenum.datasets import read_csv
    from reluenum.problem import Loss, OutputBias, Problem, parse_ridge

    ridge = _at_option("--ridge", lambda: parse_ridge(options.ridge))
    inputs, targets = read_csv(options.data)
    loss, bias = Loss(options.loss), OutputBias(options.output_bias)
    problem = Problem(inputs, targets, width, ridge, loss, bias)
    from reluenum.api import enumerate_minima
    from reluenum.document import to_json

    progress = sys.stderr.isatty() and not options.quiet
    landscape = enumerate_minima(
        problem, options.backend, seconds, jobs=jobs, progress=progress, force=options.force
    )
    _write(options.output, to_json(landscape.document))
    if landscape.undecided:
        first = landscape.undecided[0]
        print(
            f"reluenum: {len(landscape.undecided)} supports undecided, the list may be incomplete;"
            f" the first one: {first.reason}",
            file=sys.stderr,
        )
        return UNDECIDED
    return DECIDED


def _data(options: argparse.Namespace) -> int:
    """Print a data set."""
    from reluenum.datasets import dataset, to_csv

    _check_writable(options.output)
    given = {
        name: _whole_number(value, f"--{name}", least=0 if name == "seed" else 1)
        for name in ("n", "d", "seed", "denominator", "hidden")
        if (value := getattr(options, name)) is not None
    }
    if options.noise is not None:
        given["noise"] = options.noise
    _write(options.output, to_csv(*dataset(options.family, **given)))
    return DECIDED


def _verify(options: argparse.Namespace) -> int:
    raise InputError("verify", options.file, "a later version; this one writes no certificates")


def _check_choices(options: argparse.Namespace) -> None:
    """Refuse values that an option does not have, or not yet."""
    known = {
        "engine": ("groebner",),
        "backend": ("auto", "flint", "msolve", "sympy"),
        "formulation": ("reduced",),
        "loss": ("sum", "mean"),
        "output_bias": ("none", "free", "ridge"),
    }
    for name, values in known.items():
        given = getattr(options, name)
        option = f"--{name.replace('_', '-')}"
        if given in LATER.get(name, {}):
            raise InputError(option, f"{given!r} is not in this version", LATER[name][given])
        if given not in values:
            raise InputError(option, repr(given), f"one of {', '.join(values)}")


def _whole_number(text: str, option: str, least: int = 1, also: str = "") -> int:
    """Read a whole number; `also` is a word that a later version will accept."""
    if text and text == also:
        raise InputError(option, f"{text!r} is not in this version", f"a whole number >= {least}")
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):
        raise InputError(option, repr(text), f"a whole number >= {least} of at most 9 digits")
    return int(text)


def _seconds(text: str) -> float:
    """Read a time limit."""
    from reluenum.problem import parse_ridge

    value = _at_option("--seconds", lambda: parse_ridge(text))
    return int(value.p) / int(value.q)


def _at_option(option: str, read):
    """Call a reader and name the option if it refuses its value."""
    try:
        return read()
    except InputError as error:
        raise InputError(option, error.found, error.expected) from error


def _check_writable(output: str | None) -> None:
    """Refuse a place that cannot be written before any work is done."""
    if output is None:
        return
    path = Path(output)
    if path.is_dir():
        raise InputError("--output", f"{output} is a folder", "a file name")
    if not path.parent.is_dir():
        raise InputError("--output", f"no folder {path.parent}", "a file in an existing folder")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise InputError("--output", f"{output} cannot be written", "a writable place")


def _write(output: str | None, text: str) -> None:
    """Write to a file, whole or not at all, or to standard output."""
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from reluenum.document import write_text

    write_text(Path(output), text)


if __name__ == "__main__":
    sys.exit(main())
