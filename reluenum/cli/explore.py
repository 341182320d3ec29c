"""`reluenum explore`: a page on which one walks along a path."""

import argparse

from reluenum.cli.exits import DECIDED
from reluenum.cli.options import reading, writable, write


def add_explore(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", metavar="PATH.json", help="a document that `reluenum path` wrote")
    add("--output", metavar="FILE", help="write the page (HTML) there, whole or not at all")


def run_explore(options: argparse.Namespace) -> int:
    """Write the page of a path."""
    from reluenum.figures.explorer import explorer_page
    from reluenum.paths.path import read_path

    output = writable(options.output, options.file)
    with reading(options.file, "a document of `reluenum path`"):
        page = explorer_page(read_path(options.file))
    write(output, page)
    return DECIDED
