"""`reluenum data`: a built-in or generated data set, as CSV."""

import argparse

from reluenum.cli.exits import DECIDED
from reluenum.cli.options import whole_number, writable, write


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("family", metavar="FAMILY", help="reference, random or teacher")
    add("--n", metavar="N", help="number of points")
    add("--d", metavar="D", help="dimension of an input (default: 1)")
    add("--seed", metavar="SEED", help="equal seeds give equal data (default: 0)")
    add("--denominator", metavar="Q", help="numbers are multiples of 1/Q (default: 100)")
    add("--hidden", metavar="H", help="hidden units of the teacher (default: 2)")
    add("--noise", metavar="A", help="noise on its outputs is in [-A, A] (default: 1/10)")
    add("--output", metavar="FILE", help="write the data there, whole or not at all")


def run_data(options: argparse.Namespace) -> int:
    """Print a data set."""
    from reluenum.datasets.families import dataset, to_csv

    given: dict[str, int | str] = {}
    for name in ("n", "d", "seed", "denominator", "hidden"):
        if (text := getattr(options, name)) is not None:
            given[name] = whole_number(text, f"--{name}", least=0 if name == "seed" else 1)
    if options.noise is not None:
        given["noise"] = options.noise
    output = writable(options.output)
    write(output, to_csv(*dataset(options.family, **given)))
    return DECIDED
