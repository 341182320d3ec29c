"""`reluenum explore`: a page on which one walks along a path."""

import argparse

from reluenum.cli.exits import DECIDED, UNDECIDED, stopped
from reluenum.cli.options import add_bar, progress_of, reading, writable, write
from reluenum.errors import BackendError, InputError, UndecidedError


def add_explore(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", metavar="PATH.json", help="a document that `reluenum path` wrote")
    add("--basins", action="store_true", help="make the disconnectivity graph at every ridge, too")
    add("--output", metavar="FILE", help="write the page (HTML) there, whole or not at all")
    add_bar(parser)


def run_explore(options: argparse.Namespace) -> int:
    """Write the page of a path."""
    from reluenum.figures.explorer import explorer_page
    from reluenum.paths.path import read_path
    from reluenum.paths.trees import trees_along

    output = writable(options.output, options.file)
    progress = progress_of(options)
    with reading(options.file, "a document of `reluenum path`"):
        path = read_path(options.file)
        page = explorer_page(path)
    if options.basins:
        if path["problem"].get("hidden_bias") == "free":
            expected = "an exact path without basins, which are not computed there"
            raise InputError("--basins", "given for a path with free hidden biases", expected)
        try:
            page = explorer_page(path, trees_along(path, progress=progress))
        except (BackendError, UndecidedError) as error:
            write(output, page)
            return stopped(f"{error}; the page is written without basins", UNDECIDED)
    write(output, page)
    return DECIDED
