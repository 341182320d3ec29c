"""Options that commands share, and how their values are read."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from reluenum.cli.exits import noted
from reluenum.errors import IncompleteRunError, InputError, quoted

if TYPE_CHECKING:
    from flint import fmpq

    from reluenum.datasets.datafiles import Points
    from reluenum.problem import Problem

CHOICES = {
    "--engine": ("groebner", "certified", "branch", "auto"),
    "--backend": ("auto", "flint", "msolve", "singular", "sympy"),
    "--formulation": ("reduced", "eliminated"),
    "--loss": ("sum", "mean"),
    "--output-bias": ("none", "free", "ridge"),
    "--hidden-bias": ("ridge", "none", "free"),
    "--linear": ("none", "free", "ridge"),
}
"""What the options with a choice take, the default first."""

CONVENTIONS = ("--loss", "--output-bias", "--hidden-bias", "--linear")
"""Those of them that are part of the problem."""

SEVERAL = "numbers of units of several hidden layers, from the inputs to the output"
"""What `--hidden` takes."""

FIGURE_FORMATS = (".svg", ".png", ".pdf")

LONGEST_WAIT = 10**9
"""Largest time limit, in seconds; timers overflow soon after."""

MOST_JOBS = 1024
"""Largest number of processes."""


def add_problem(
    parser: argparse.ArgumentParser, ridge: str, meaning: str, layers: bool = False
) -> None:
    """Add what the commands that read data as `minima` does have in common."""
    add_data_file(parser)
    add = parser.add_argument
    widths = parser.add_mutually_exclusive_group(required=True)
    widths.add_argument("--width", metavar="L", help="number of hidden units")
    if layers:
        widths.add_argument("--hidden", metavar="L1,L2", help=SEVERAL)
    add("--ridge", metavar=ridge, required=True, help=meaning)
    add_conventions(parser)
    add("--seconds", metavar="S", help="time limit of a backend on a system (default: 120)")
    add("--memory", metavar="MB", help="memory limit of a backend on a system (default: 4000)")
    add("--force", action="store_true", help="start however many supports there are")


def add_conventions(parser: argparse.ArgumentParser) -> None:
    """Add what is asked of data, for commands that refer to `minima` for it."""
    for option in CONVENTIONS:
        parser.add_argument(
            option, metavar="NAME", default=CHOICES[option][0], help="as for minima"
        )
    parser.add_argument("--activation", metavar="NAME", default="relu", help="as for minima")


def check_conventions(options: argparse.Namespace) -> None:
    """Refuse a value that one of them does not have."""
    for option in CONVENTIONS:
        check_choice(option, getattr(options, option[2:].replace("-", "_")))


def add_data_file(parser: argparse.ArgumentParser) -> None:
    """Add the data file, and the options that say how to read it."""
    columns = "a header x1..xd (or x) and y, also w, then numbers; - is standard input"
    parser.add_argument("data", metavar="DATA.csv", help=f"exact data, also compressed: {columns}")
    add_layout(parser)


def add_layout(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how to read a data file."""
    separators = "what separates columns: comma (default), semicolon, tab, space, pipe"
    add = parser.add_argument
    add("--inputs", metavar="A,B", help="names of the columns of inputs, if they are others")
    add("--target", metavar="NAME", help="name of the column of targets, if it is not y")
    weights = "name of the column of weights of the data points, if it is not w"
    add("--weights", metavar="NAME", help=weights)
    add("--separator", metavar="NAME", help=separators)
    marks = "before decimals: point (default) or comma"
    add("--decimal", metavar="NAME", default="point", help=marks)


def add_bar(parser: argparse.ArgumentParser) -> None:
    """Add the options of a progress bar."""
    bar = parser.add_mutually_exclusive_group()
    bar.add_argument("--quiet", action="store_true", help="no progress bar")
    bar.add_argument("--progress", action="store_true", help="a progress bar in any case")


def check_choice(option: str, text: str) -> None:
    """Refuse a value that an option does not have."""
    if text not in CHOICES[option]:
        raise InputError(option, quoted(text), f"one of {', '.join(CHOICES[option])}")


def chosen(option: str, text: str | None, values: Sequence[str]) -> list[str]:
    """Read a list of different values separated by commas; all of them by default."""
    found = list(values) if text is None else text.split(",")
    for value in found:
        if value not in values or found.count(value) > 1:
            expected = f"different ones of {', '.join(values)}, separated by commas"
            raise InputError(option, quoted(text or ""), expected)
    return found


def hidden_widths(text: str) -> list[int]:
    """Read the widths of the hidden layers."""
    try:
        return [whole_number(entry.strip(), "--hidden") for entry in text.split(",")]
    except InputError as error:
        expected = "whole numbers >= 1 separated by commas, such as 2,1"
        raise InputError("--hidden", quoted(text), expected) from error


def whole_number(text: str, option: str, least: int = 1, most: int = 10**9) -> int:
    """Read the whole number that an option has."""
    expected = f"a whole number from {least} to {most}"
    digits = text.removeprefix("+").lstrip("0") or text[-1:]
    if not (text.removeprefix("+").isdecimal() and text.isascii() and len(digits) <= 10):
        raise InputError(option, quoted(text), expected)
    if not least <= int(digits) <= most:
        raise InputError(option, quoted(text), expected)
    return int(digits)


def limits_of(options: argparse.Namespace) -> dict[str, Any]:
    """Read the limits that are given."""
    found: dict[str, Any] = {}
    if options.seconds is not None:
        found["seconds"] = seconds(options.seconds, "--seconds")
    if options.memory is not None:
        found["megabytes"] = whole_number(options.memory, "--memory")
    return found


def seconds(text: str, option: str) -> float:
    """Read a time limit."""
    from reluenum.algebra.scalars import parse_rational

    value = of_option(option, parse_rational, text)
    found = int(value.p) / int(value.q) if 0 < value <= LONGEST_WAIT else 0
    if found == 0:
        expected = f"a number of seconds > 0 and at most {LONGEST_WAIT}"
        raise InputError(option, quoted(text), expected)
    return found


def of_option(option: str, read: Callable[[str], Any], text: str) -> Any:
    """Read the value of an option, which errors then name."""
    try:
        return read(text)
    except InputError as error:
        raise InputError(option, error.found, error.expected) from error
    except ValueError as error:
        raise InputError(option, str(error), "a decimal or fraction") from error


def writable_folder(output: str | None) -> Path | None:
    """Return the folder to write into, made if it is new in an existing one."""
    if output is None:
        return None
    path, expected = Path(output), "a folder that can be written, or a new one in an existing one"
    try:
        path.mkdir(exist_ok=True)
        _try_to_write(path, "reluenum")
        return path
    except (OSError, ValueError) as error:
        found = f"{output}: {getattr(error, 'strerror', None) or error}"
        raise InputError("--output-dir", found, expected) from error


def writable(
    output: str | None, source: str | None = None, option: str = "--output"
) -> Path | None:
    """Return the file to write, seen to be writable before any work is done.

    A link is followed, and only plain files are replaced: not the source, and no device.
    """
    if output is None:
        return None
    expected = "a file that can be written, in an existing folder"
    try:
        path = Path(os.path.realpath(output))
        if path.is_dir():
            raise InputError(option, f"{output} is a folder", expected)
        if not path.parent.is_dir():
            raise InputError(option, f"{output} is in no existing folder", expected)
        if path.exists() and not path.is_file():
            raise InputError(option, f"{output} is no plain file", expected)
        if path.exists() and not os.access(path, os.W_OK):
            raise InputError(option, f"{output} is read-only", expected)
        if source is not None and path == Path(os.path.realpath(source)):
            raise InputError(option, f"{output} is the file with the data", expected)
        _try_to_write(path.parent, path.name)
        return path
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        found = f"{output}: {getattr(error, 'strerror', None) or error}"
        raise InputError(option, found, expected) from error


def _try_to_write(folder: Path, name: str) -> None:
    """Make a hidden file in a folder for a moment."""
    from tempfile import NamedTemporaryFile

    NamedTemporaryFile(dir=folder, prefix=f".{name}.").close()


def writable_figure(output: str | None, source: str, option: str = "--figure") -> Path | None:
    """Return the file of a figure, likewise, if its name ends in a format that can be drawn."""
    figure = writable(output, source, option)
    if figure is not None and figure.suffix not in FIGURE_FORMATS:
        expected = f"a name that ends in {', '.join(FIGURE_FORMATS)}"
        raise InputError(option, quoted(output or ""), expected)
    return figure


def progress_of(options: argparse.Namespace) -> bool:
    """Say whether to show a progress bar: on a terminal or on demand."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return options.progress or (terminal and not options.quiet)


def posed_problem(options: argparse.Namespace, width: int | list[int], ridge: "fmpq") -> "Problem":
    """Read the data, and pose the problem with the conventions of the options."""
    from reluenum.activation import Activation
    from reluenum.problem import HiddenBias, Linear, Loss, OutputBias, Problem

    loss, bias = Loss(options.loss), OutputBias(options.output_bias)
    rest = {
        "hidden_bias": HiddenBias(options.hidden_bias),
        "linear": Linear(options.linear),
        "activation": of_option("--activation", Activation.of, options.activation),
    }
    inputs, targets, weights = data_of(options)
    return Problem(inputs, targets, width, ridge, loss, bias, weights=weights, **rest)


def data_of(options: argparse.Namespace) -> "Points":
    """Read the data as the options say, and say in a line what was left out."""
    from reluenum.datasets.datafiles import read_points
    from reluenum.datasets.layout import Layout

    try:
        marks = options.separator, options.decimal
        layout = Layout(options.inputs, options.target, *marks, options.weights)
    except InputError as error:
        raise InputError(f"--{error.where}", error.found, error.expected) from error
    source = options.data if options.data != "-" else _standard_input()
    return read_points(source, layout, noted)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise InputError("DATA.csv", "standard input is closed", "data there, or a file")
    return sys.stdin.buffer


@contextmanager
def reading(file: str, expected: str, where: str = "FILE") -> Iterator[None]:
    """Turn whatever goes wrong while a document is read into an error about its place."""
    try:
        yield
    except OSError as error:
        raise InputError(where, f"{file}: {error.strerror or error}", expected) from error
    except IncompleteRunError as error:
        raise InputError(where, str(error), expected) from error
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(where, f"{file} is damaged", expected) from error


def write(path: Path | None, text: str) -> None:
    """Write to a file, whole or not at all, or to standard output."""
    if path is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from reluenum.documents.files import write_text

    write_text(path, text)
