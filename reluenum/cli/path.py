"""`reluenum path`: how the local minima of one data set move as the ridge varies."""

import argparse

from reluenum.cli.exits import DECIDED, UNDECIDED, stopped
from reluenum.cli.options import (
    add_bar,
    add_problem,
    check_conventions,
    limits_of,
    of_option,
    posed_problem,
    progress_of,
    whole_number,
    writable,
    writable_figure,
    write,
)
from reluenum.errors import BackendError, InputError, UndecidedError


def add_path(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_problem(parser, "LOW:HIGH", "an interval, such as 1/1000:10")
    add = parser.add_argument
    add("--points", metavar="N", default="61", help="ridges of the grid (default: 61)")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add("--figure", metavar="FILE.svg", help="draw the bifurcation diagram there (svg, png, pdf)")
    add("--traps", metavar="FILE.svg", help="draw how deep the traps are there (svg, png, pdf)")
    add("--exact", action="store_true", help="add the algebraic number behind each event")
    add("--basins", action="store_true", help="add barrier and depth of every minimum")
    add_bar(parser)


def _refuse_basins(options: argparse.Namespace) -> None:
    """Refuse what is not known where hidden biases are free."""
    for option in ("--basins", "--traps"):
        if getattr(options, option[2:]):
            expected = (
                "a path without basins: with free biases `reluenum basins` has them at a ridge"
            )
            raise InputError(option, "given with --hidden-bias free", expected)


def run_path(options: argparse.Namespace) -> int:
    """Follow the minima over an interval of ridges; write the document and the figure."""
    from reluenum.documents.results import to_json
    from reluenum.documents.seals import sealed
    from reluenum.geometry.sizes import refuse_astronomical
    from reluenum.groebner.limits import Limits
    from reluenum.paths.depths import with_depths
    from reluenum.paths.events import exact_document
    from reluenum.paths.grids import MOST_RIDGES as MOST_POINTS
    from reluenum.paths.grids import parse_range
    from reluenum.paths.hinges.exact import refuse_large_path
    from reluenum.paths.path import ridge_path
    from reluenum.paths.trees import Tree, trees_along
    from reluenum.problem import parse_ridge

    width = whole_number(options.width, "--width")
    low, high = of_option("--ridge", parse_range, options.ridge)
    points = whole_number(options.points, "--points", least=2, most=MOST_POINTS)
    check_conventions(options)
    limits = Limits(**limits_of(options))
    output = writable(options.output, options.data)
    figure = writable_figure(options.figure, options.data)
    traps = writable_figure(options.traps, options.data, "--traps")
    problem = posed_problem(options, width, parse_ridge(low))
    if problem.has_free_hidden_bias:
        _refuse_basins(options)
    if not options.force:
        (refuse_large_path if problem.has_free_hidden_bias else refuse_astronomical)(problem)
    progress = progress_of(options)
    path = ridge_path(problem, high, points, progress=progress, **limits_of(options))
    document = exact_document(path, limits, progress) if options.exact else path.to_document()
    trees: list[Tree] = []
    if options.basins or traps is not None:
        try:
            trees = trees_along(document, limits, progress)
        except (BackendError, UndecidedError) as error:
            write(output, to_json(sealed(document)))
            return stopped(f"{error}; the path is written without basins", UNDECIDED)
    if options.basins:
        document = with_depths(document, trees)
    write(output, to_json(sealed(document)))
    if figure is not None:
        from reluenum.figures import plot_path, save_figure

        save_figure(plot_path(document), figure.with_suffix(""), [figure.suffix[1:]])
    if traps is not None:
        from reluenum.figures import plot_traps, save_figure

        save_figure(plot_traps(document, trees), traps.with_suffix(""), [traps.suffix[1:]])
    if not path.undecided:
        return DECIDED
    return stopped(
        f"{path.undecided} supports undecided, so branches may be missing; the document names the "
        "ridges",
        UNDECIDED,
    )
