"""`reluenum stability`: how large errors of the targets may be before minima change."""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluenum.cli.exits import DECIDED, UNDECIDED, stopped
from reluenum.cli.minima import incomplete
from reluenum.cli.options import (
    add_bar,
    limits_of,
    of_option,
    progress_of,
    reading,
    writable,
    writable_figure,
    write,
)
from reluenum.errors import BackendError, InputError, quoted

if TYPE_CHECKING:
    from flint import fmpq

EXPECTED = "a document of `reluenum minima`, or of `reluenum basins`"

COLUMN = "e"
"""The column of a file of errors."""


def add_stability(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", metavar="FILE.json", help=EXPECTED)
    errors = "largest error of a target: a number for all, or a file with a column e, a row each"
    add("--y-error", metavar="E", help=errors)
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add("--table", metavar="FILE.csv", help="write a row for each minimum there")
    add("--figure", metavar="FILE.svg", help="draw the radii there (svg, png, pdf)")
    add("--backend", metavar="NAME", default="auto", help="as for minima")
    add("--seconds", metavar="S", help="time limit of a backend on a system (default: 120)")
    add("--memory", metavar="MB", help="memory limit of a backend on a system (default: 4000)")
    add("--force", action="store_true", help="look at every support however many there are")
    add_bar(parser)


def run_stability(options: argparse.Namespace) -> int:
    """Write the radii of a list of minima, with table and figure."""
    from reluenum.cli.options import check_choice
    from reluenum.documents.minima import check_listed
    from reluenum.documents.results import to_json
    from reluenum.documents.seals import read_json
    from reluenum.groebner.backends import Settings
    from reluenum.groebner.limits import Limits
    from reluenum.paths.stability.radii import stability

    check_choice("--backend", options.backend)
    output = writable(options.output, options.file)
    table = writable(options.table, options.file, "--table")
    figure = writable_figure(options.figure, options.file)
    settings = Settings(options.backend, Limits(**limits_of(options)))
    with reading(options.file, EXPECTED):
        document = read_json(options.file)
        listed = check_listed(document, options.file)
        if listed["enumeration"]["undecided"]:
            return incomplete(listed)
        errors = _error_bounds(options.y_error, len(listed["problem"]["y"]))
        try:
            found = stability(document, errors, settings, options.force, progress_of(options))
        except BackendError as error:
            return stopped(error, UNDECIDED)
    write(output, to_json(found))
    _write_radii(found, table, figure)
    return DECIDED


def _error_bounds(given: str | None, size: int) -> "list[fmpq] | None":
    """Read the bounds of the errors: a number, or a column of a file."""
    from reluenum.algebra.scalars import parse_rational

    if given is None:
        return None
    texts = _column(given) if given.endswith(".csv") else [given] * size
    errors = [of_option("--y-error", parse_rational, text) for text in texts]
    expected = "a number, 0 or positive, or one for each data point"
    if any(error < 0 for error in errors):
        raise InputError("--y-error", f"{quoted(given)}, with a negative one", expected)
    if len(errors) != size:
        found = f"{len(errors)} errors for {size} data points"
        raise InputError("--y-error", found, expected)
    return errors


def _column(name: str) -> list[str]:
    """Return the texts of the column of errors of a file."""
    try:
        with open(name, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("--y-error", f"{name}: {error}", "a file that can be read") from error
    if any(row.get(COLUMN) is None for row in rows):
        expected = f"a header with {COLUMN}, then a number in each row"
        raise InputError("--y-error", f"{name} has no column {COLUMN}, or rows too short", expected)
    return [row[COLUMN].strip() for row in rows]


def _write_radii(found: Mapping[str, Any], table: Path | None, figure: Path | None) -> None:
    """Write a table and a figure of the radii."""
    if table is not None:
        from reluenum.views.stability import radii_csv

        write(table, radii_csv(found))
    if figure is not None:
        from reluenum.figures import plot_radii, save_figure

        save_figure(plot_radii(found), figure.with_suffix(""), [figure.suffix[1:]])
