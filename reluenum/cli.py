"""The command line: a thin face over the library, with exit codes that programs can rely on.

0: everything decided. 2: bad input, one line on standard error, nothing written. 3: some supports
stayed undecided; the document is written and claims no completeness. 1: anything else, such as a
crosscheck with a disagreement.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from reluenum.errors import IncompleteRunError, InputError, ReluenumError, one_line, quoted

if TYPE_CHECKING:
    from reluenum.problem import Problem

DECIDED, FAILED, BAD_INPUT, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

CHOICES = {
    "--engine": ("groebner", "certified"),
    "--backend": ("auto", "flint", "msolve", "singular", "sympy"),
    "--formulation": ("reduced", "eliminated"),
    "--loss": ("sum", "mean"),
    "--output-bias": ("none", "free", "ridge"),
}
"""What the options with a choice take, the default first."""

MOST_JOBS = 1024
"""Largest number of processes."""

LONGEST_WAIT = 10**9
"""Largest time limit, in seconds; timers overflow soon after."""


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
        return _stopped(error, BAD_INPUT)
    except KeyboardInterrupt:
        return _stopped("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _abandon_output()
        return FAILED
    except Exception as error:
        if "--debug" in given:
            raise
        _abandon_output()
        if isinstance(error, ReluenumError):
            return _stopped(error, FAILED)
        return _stopped(f"{type(error).__name__}: {error} (--debug shows where)", FAILED)


def _run(arguments: list[str]) -> int:
    """Parse the arguments and run their command."""
    try:
        options = _parser().parse_args(_attached(arguments))
    except SystemExit as stop:  # --help and --version
        sys.stdout.flush()
        return int(stop.code or 0)
    return options.run(options)


def _stopped(reason: object, code: int) -> int:
    """Say in one line why there is no result."""
    if sys.stderr is not None:
        print(f"reluenum: {one_line(reason)}", file=sys.stderr)
    return code


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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="reluenum",
        description="Every local minimum of a small ridge-regularised ReLU network, exactly.",
        epilog="Exit codes: 0 everything decided; 2 bad input; 3 some supports undecided; 1 else.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, add, text in (
        ("minima", _add_minima, "print every local minimum of one data set as a JSON document"),
        ("data", _add_data, "print a built-in or generated data set as CSV"),
        ("crosscheck", _add_crosscheck, "solve one data set in every way and compare"),
        ("facts", _add_facts, "check the statements of the paper on a document of minima"),
        ("path", _add_path, "follow the local minima of one data set as the ridge varies"),
        ("explore", _add_explore, "write a page on which one walks along a path"),
        ("verify", _add_verify, "check the certificate in a document of the certified engine"),
    ):
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        add(command)
        command.add_argument("--debug", action="store_true", help="show where an error came from")
    return parser


def _add_minima(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", metavar="DATA.csv", help="exact data: a header x1..xd (or x) and y, then numbers")
    add("--width", metavar="L", required=True, help="number of hidden units, or all: every width")
    add("--ridge", metavar="LAM", required=True, help="a decimal or fraction > 0, taken exactly")
    for option, meaning in (
        ("--engine", "how supports are decided (certified adds a certificate)"),
        ("--backend", "what computes Groebner bases"),
        ("--formulation", "polynomial systems"),
        ("--loss", "how squared residuals are added up"),
        ("--output-bias", "none, or not penalised, or penalised"),
    ):
        first, *others = CHOICES[option]
        text = ", ".join([f"{first} (default)", *others])
        add(option, metavar="NAME", default=first, help=f"{meaning}: {text}")
    add("--jobs", metavar="N", default="1", help="number of processes (default: 1)")
    add("--seconds", metavar="S", help="time limit of a backend on a support (default: 120)")
    add("--memory", metavar="MB", help="memory limit of a backend on a support (default: 4000)")
    add("--exact", action="store_true", help="certified: the losses' minimal polynomials, too")
    add("--all-patterns", action="store_true", help="go through all 2^(n L) sign matrices")
    add("--force", action="store_true", help="start however many supports there are")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    _add_bar(parser)
    parser.set_defaults(run=_minima)


def _add_problem(parser: argparse.ArgumentParser, ridge: str, meaning: str) -> None:
    """Add what the commands that read data as `minima` does have in common."""
    add = parser.add_argument
    add("data", metavar="DATA.csv", help="as for minima")
    add("--width", metavar="L", required=True, help="number of hidden units")
    add("--ridge", metavar=ridge, required=True, help=meaning)
    add("--loss", metavar="NAME", default="sum", help="as for minima")
    add("--output-bias", metavar="NAME", default="none", help="as for minima")
    add("--seconds", metavar="S", help="time limit of a backend on a system (default: 120)")
    add("--memory", metavar="MB", help="memory limit of a backend on a system (default: 4000)")
    add("--force", action="store_true", help="start however many supports there are")


def _add_crosscheck(parser: argparse.ArgumentParser) -> None:
    _add_problem(parser, "LAM", "a decimal or fraction > 0, taken exactly")
    add = parser.add_argument
    add("--formulations", metavar="A,B", help="of reduced, eliminated, certified (default: all)")
    add("--backends", metavar="A,B", help="which of flint, msolve, singular, sympy (default: all)")
    add("--output-dir", metavar="DIR", help="write tables, figure and page there, too")
    parser.set_defaults(run=_crosscheck)


def _add_data(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("family", metavar="FAMILY", help="reference, random or teacher")
    add("--n", metavar="N", help="number of points")
    add("--d", metavar="D", help="dimension of an input (default: 1)")
    add("--seed", metavar="SEED", help="equal seeds give equal data (default: 0)")
    add("--denominator", metavar="Q", help="numbers are multiples of 1/Q (default: 100)")
    add("--hidden", metavar="H", help="hidden units of the teacher (default: 2)")
    add("--noise", metavar="A", help="noise on its outputs is in [-A, A] (default: 1/10)")
    add("--output", metavar="FILE", help="write the data there, whole or not at all")
    parser.set_defaults(run=_data)


def _add_facts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a document that `reluenum minima` wrote")
    parser.set_defaults(run=_facts)


def _add_path(parser: argparse.ArgumentParser) -> None:
    _add_problem(parser, "LOW:HIGH", "an interval, such as 1/1000:10")
    add = parser.add_argument
    add("--points", metavar="N", default="61", help="ridges of the grid (default: 61)")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add("--figure", metavar="FILE.svg", help="draw the bifurcation diagram there (svg, png, pdf)")
    add("--exact", action="store_true", help="add the algebraic number behind each event")
    _add_bar(parser)
    parser.set_defaults(run=_path)


def _add_explore(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="PATH.json", help="a document that `reluenum path` wrote")
    add("--output", metavar="FILE", help="write the page (HTML) there, whole or not at all")
    parser.set_defaults(run=_explore)


def _add_bar(parser: argparse.ArgumentParser) -> None:
    bar = parser.add_mutually_exclusive_group()
    bar.add_argument("--quiet", action="store_true", help="no progress bar")
    bar.add_argument("--progress", action="store_true", help="a progress bar in any case")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a document of the certified engine")
    parser.set_defaults(run=_verify)


def _minima(options: argparse.Namespace) -> int:
    """Enumerate, write the document, and say by the exit code whether it is complete."""
    from reluenum.datasets import read_csv
    from reluenum.problem import Loss, OutputBias, Problem, parse_ridge

    for option in CHOICES:
        _check_choice(option, getattr(options, option[2:].replace("-", "_")))
    width = _width(options)
    ridge = _of_option("--ridge", parse_ridge, options.ridge)
    jobs = _whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    limits = _limits(options)
    output = _writable(options.output, options.data)
    loss, bias = Loss(options.loss), OutputBias(options.output_bias)
    problem = Problem(*read_csv(options.data), width or 1, ridge, loss, bias)
    terminal = sys.stderr is not None and sys.stderr.isatty()
    progress = options.progress or (terminal and not options.quiet)
    if options.engine == "certified":
        return _certified(options, problem, width is None, limits, jobs, progress, output)

    from reluenum.api import enumerate_minima
    from reluenum.document import to_json

    landscape = enumerate_minima(
        problem,
        options.backend,
        jobs=jobs,
        progress=progress,
        force=options.force,
        formulation=options.formulation,
        all_patterns=options.all_patterns,
        **limits,
    )
    _write(output, to_json(landscape.document))
    if not landscape.undecided:
        return DECIDED
    return _incomplete(landscape.document)


def _certified(
    options: argparse.Namespace,
    problem: "Problem",
    every_width: bool,
    limits: dict[str, Any],
    jobs: int,
    progress: bool,
    output: Path | None,
) -> int:
    """Run the certified engine, write document and certificate, and say whether it is complete."""
    from reluenum.document import to_json
    from reluenum.groebner import Limits
    from reluenum.patterns import refuse_astronomical
    from reluenum.prove import SUPPORT_LIMIT, posed, prove, write_proof
    from reluenum.spool import Task, surveyed

    problem = posed(problem, every_width)
    if not options.force:
        refuse_astronomical(problem, SUPPORT_LIMIT)
    task = Task(problem, problem.width, options.backend, Limits(**limits))
    if output is None:
        proof = prove(task, surveyed(task, jobs, progress), every_width, exact=options.exact)
        _write(None, to_json(proof.document))
    else:
        proof = write_proof(task, output, every_width, jobs, progress, options.exact)
    return _incomplete(proof.document) if proof.found.undecided else DECIDED


def _incomplete(document: dict[str, Any]) -> int:
    """Say that supports stayed undecided."""
    first, counts = document["undecided"][0], document["enumeration"]
    return _stopped(
        f"{counts['undecided']} of {counts['supports_examined']} supports undecided, so minima may "
        f"be missing; the first: {first['reason']}",
        UNDECIDED,
    )


def _width(options: argparse.Namespace) -> int | None:
    """Read the width; None stands for every width."""
    if options.engine == "certified":
        for option, usual in (("formulation", "reduced"), ("all_patterns", False)):
            if getattr(options, option) != usual:
                name = f"--{option.replace('_', '-')}"
                raise InputError(name, "given with --engine certified", "it with groebner only")
        if options.width == "all":
            return None
    elif options.exact:
        raise InputError("--exact", "given with --engine groebner", "--engine certified with it")
    elif options.width == "all":
        raise InputError("--width", "all with --engine groebner", "--engine certified with it")
    return _whole_number(options.width, "--width")


def _crosscheck(options: argparse.Namespace) -> int:
    """Measure every formulation by every backend, print tables, and say whether all agree."""
    from reluenum.crosscheck import compare
    from reluenum.crosscheck_page import agreement_markdown, write_views
    from reluenum.datasets import read_csv
    from reluenum.experiment import crosscheck_runs
    from reluenum.groebner import Limits
    from reluenum.measurement import measure
    from reluenum.patterns import refuse_astronomical
    from reluenum.problem import Loss, OutputBias, Problem, parse_ridge

    width = _whole_number(options.width, "--width")
    ridge = _of_option("--ridge", parse_ridge, options.ridge)
    _check_choice("--loss", options.loss)
    _check_choice("--output-bias", options.output_bias)
    known = (*CHOICES["--formulation"], "certified")
    formulations = _chosen("--formulations", options.formulations, known)
    backends = _chosen("--backends", options.backends, CHOICES["--backend"][1:])
    limits, folder = Limits(**_limits(options)), _folder(options.output_dir)
    loss, bias = Loss(options.loss), OutputBias(options.output_bias)
    problem = Problem(*read_csv(options.data), width, ridge, loss, bias)
    if not options.force:
        refuse_astronomical(problem)
    settings = {"formulations": formulations, "backends": backends}
    runs = crosscheck_runs({"crosscheck": settings})
    agreement = compare([measure(problem, *run, limits) for run in runs])
    if folder is not None:
        write_views(agreement, folder, ("svg", "png"), Path(options.data).name)
    _write(None, agreement_markdown(agreement))
    return FAILED if agreement.disagreements else DECIDED


def _data(options: argparse.Namespace) -> int:
    """Print a data set."""
    from reluenum.datasets import dataset, to_csv

    given: dict[str, int | str] = {}
    for name in ("n", "d", "seed", "denominator", "hidden"):
        if (text := getattr(options, name)) is not None:
            given[name] = _whole_number(text, f"--{name}", least=0 if name == "seed" else 1)
    if options.noise is not None:
        given["noise"] = options.noise
    output = _writable(options.output)
    _write(output, to_csv(*dataset(options.family, **given)))
    return DECIDED


def _facts(options: argparse.Namespace) -> int:
    """Print the facts about an instance."""
    from reluenum.document import read_minima
    from reluenum.facts import facts_text

    expected = "a document of `reluenum minima`"
    try:
        document = read_minima(options.file)
        if document["problem"]["width"] == "all":
            raise InputError("FILE", f"{options.file} is about every width", "one about one width")
        text = facts_text(document)
    except OSError as error:
        raise InputError("FILE", f"{options.file}: {error.strerror or error}", expected) from error
    except IncompleteRunError as error:
        raise InputError("FILE", str(error), expected) from error
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError("FILE", f"{options.file} is damaged", expected) from error
    _write(None, text)
    return DECIDED


def _path(options: argparse.Namespace) -> int:
    """Follow the minima over an interval of ridges; write the document and the figure."""
    from reluenum.datasets import read_csv
    from reluenum.document import to_json
    from reluenum.events import exact_document
    from reluenum.groebner import Limits
    from reluenum.paths import ridge_path
    from reluenum.patterns import refuse_astronomical
    from reluenum.problem import Loss, OutputBias, Problem
    from reluenum.ridges import MOST_POINTS, parse_range
    from reluenum.seals import sealed

    width = _whole_number(options.width, "--width")
    low, high = _of_option("--ridge", parse_range, options.ridge)
    points = _whole_number(options.points, "--points", least=2, most=MOST_POINTS)
    _check_choice("--loss", options.loss)
    _check_choice("--output-bias", options.output_bias)
    limits = Limits(**_limits(options))
    output = _writable(options.output, options.data)
    figure = _writable(options.figure, options.data)
    if figure is not None and figure.suffix not in (".svg", ".png", ".pdf"):
        raise InputError("--figure", quoted(options.figure), "a name that ends in .svg, .png, .pdf")
    loss, bias = Loss(options.loss), OutputBias(options.output_bias)
    problem = Problem(*read_csv(options.data), width, low, loss, bias)
    if not options.force:
        refuse_astronomical(problem)
    terminal = sys.stderr is not None and sys.stderr.isatty()
    progress = options.progress or (terminal and not options.quiet)
    path = ridge_path(problem, high, points, limits, progress)
    document = exact_document(path, limits, progress) if options.exact else path.to_document()
    _write(output, to_json(sealed(document)))
    if figure is not None:
        from reluenum.figures import plot_path, save_figure

        save_figure(plot_path(document), figure.with_suffix(""), [figure.suffix[1:]])
    if not path.undecided:
        return DECIDED
    return _stopped(
        f"{path.undecided} supports undecided, so branches may be missing; the document names the "
        "ridges",
        UNDECIDED,
    )


def _explore(options: argparse.Namespace) -> int:
    """Write the page of a path."""
    from reluenum.explorer import explorer_page
    from reluenum.paths import read_path

    expected = "a document of `reluenum path`"
    output = _writable(options.output, options.file)
    try:
        page = explorer_page(read_path(options.file))
    except OSError as error:
        raise InputError("FILE", f"{options.file}: {error.strerror or error}", expected) from error
    except IncompleteRunError as error:
        raise InputError("FILE", str(error), expected) from error
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError("FILE", f"{options.file} is damaged", expected) from error
    _write(output, page)
    return DECIDED


def _verify(options: argparse.Namespace) -> int:
    """Check a certificate and say what it proves."""
    from reluenum.verify import CertificateError, verify

    try:
        report = verify(options.file)
    except OSError as error:
        expected = "a document that `reluenum minima --engine certified` wrote"
        raise InputError("FILE", f"{options.file}: {error.strerror or error}", expected) from error
    except CertificateError as error:
        return _stopped(f"{options.file}: not proved: {error}", FAILED)
    _write(None, f"{report}\n")
    return DECIDED


def _check_choice(option: str, text: str) -> None:
    """Refuse a value that an option does not have."""
    if text not in CHOICES[option]:
        raise InputError(option, quoted(text), f"one of {', '.join(CHOICES[option])}")


def _chosen(option: str, text: str | None, values: Sequence[str]) -> list[str]:
    """Read a list of different values separated by commas; all of them by default."""
    chosen = list(values) if text is None else text.split(",")
    for value in chosen:
        if value not in values or chosen.count(value) > 1:
            expected = f"different ones of {', '.join(values)}, separated by commas"
            raise InputError(option, quoted(text or ""), expected)
    return chosen


def _folder(output: str | None) -> Path | None:
    """Return the folder to write into, made if it is new in an existing one."""
    if output is None:
        return None
    path, expected = Path(output), "a folder that can be written, or a new one in an existing one"
    try:
        path.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".reluenum."):
            return path
    except (OSError, ValueError) as error:
        found = f"{output}: {getattr(error, 'strerror', None) or error}"
        raise InputError("--output-dir", found, expected) from error


def _whole_number(text: str, option: str, least: int = 1, most: int = 10**9) -> int:
    """Read the whole number that an option has."""
    expected = f"a whole number from {least} to {most}"
    digits = text.removeprefix("+").lstrip("0") or text[-1:]
    if not (text.removeprefix("+").isdecimal() and text.isascii() and len(digits) <= 10):
        raise InputError(option, quoted(text), expected)
    if not least <= int(digits) <= most:
        raise InputError(option, quoted(text), expected)
    return int(digits)


def _limits(options: argparse.Namespace) -> dict[str, Any]:
    """Read the limits that are given."""
    found: dict[str, Any] = {}
    if options.seconds is not None:
        found["seconds"] = _seconds(options.seconds)
    if options.memory is not None:
        found["megabytes"] = _whole_number(options.memory, "--memory")
    return found


def _seconds(text: str) -> float:
    """Read a time limit."""
    from reluenum.problem import parse_rational

    value = _of_option("--seconds", parse_rational, text)
    seconds = int(value.p) / int(value.q) if 0 < value <= LONGEST_WAIT else 0
    if seconds == 0:
        expected = f"a number of seconds > 0 and at most {LONGEST_WAIT}"
        raise InputError("--seconds", quoted(text), expected)
    return seconds


def _of_option(option: str, read: Callable[[str], Any], text: str) -> Any:
    """Read the value of an option, which errors then name."""
    try:
        return read(text)
    except InputError as error:
        raise InputError(option, error.found, error.expected) from error
    except ValueError as error:
        raise InputError(option, str(error), "a decimal or fraction") from error


def _writable(output: str | None, source: str | None = None) -> Path | None:
    """Return the file to write, seen to be writable before any work is done.

    A link is followed, and only plain files are replaced: not the source, and no device.
    """
    if output is None:
        return None
    expected = "a file that can be written, in an existing folder"
    try:
        path = Path(os.path.realpath(output))
        if path.is_dir():
            raise InputError("--output", f"{output} is a folder", expected)
        if not path.parent.is_dir():
            raise InputError("--output", f"{output} is in no existing folder", expected)
        if path.exists() and not path.is_file():
            raise InputError("--output", f"{output} is no plain file", expected)
        if path.exists() and not os.access(path, os.W_OK):
            raise InputError("--output", f"{output} is read-only", expected)
        if source is not None and path == Path(os.path.realpath(source)):
            raise InputError("--output", f"{output} is the file with the data", expected)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            return path
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        found = f"{output}: {getattr(error, 'strerror', None) or error}"
        raise InputError("--output", found, expected) from error


def _write(path: Path | None, text: str) -> None:
    """Write to a file, whole or not at all, or to standard output."""
    if path is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from reluenum.document import write_text

    write_text(path, text)


if __name__ == "__main__":
    sys.exit(main())
