"""`reluenum convex`: the least loss over all widths, from a convex program."""

import argparse
from typing import TYPE_CHECKING

from reluenum.cli.exits import DECIDED, FAILED, stopped
from reluenum.cli.options import (
    add_conventions,
    add_data_file,
    check_conventions,
    of_option,
    posed_problem,
    reading,
    writable,
    write,
)

if TYPE_CHECKING:
    from reluenum.convex.comparison import Comparison
    from reluenum.convex.program import ConvexOptimum


def add_convex(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_file(parser)
    add = parser.add_argument
    add("--ridge", metavar="LAM", required=True, help="a decimal or fraction > 0")
    add_conventions(parser)
    add("--minima", metavar="FILE", help="compare with this document of `reluenum minima`")
    add("--force", action="store_true", help="start however many faces there are")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")


def run_convex(options: argparse.Namespace) -> int:
    """Solve the program, write its document, and say whether the minima agree with it."""
    from reluenum.convex.comparison import convex_document
    from reluenum.convex.program import convex_optimum
    from reluenum.documents.results import to_json
    from reluenum.geometry.sizes import refuse_astronomical
    from reluenum.problem import parse_ridge

    ridge = of_option("--ridge", parse_ridge, options.ridge)
    check_conventions(options)
    output = writable(options.output, options.data)
    problem = posed_problem(options, 1, ridge)
    if not options.force:
        refuse_astronomical(problem)
    optimum = convex_optimum(problem)
    comparison = None if options.minima is None else _comparison(optimum, options.minima)
    write(output, to_json(convex_document(optimum, comparison)))
    if not optimum.is_tight:
        return stopped(f"the dual bound is {optimum.gap:.1e} below the value: too far", FAILED)
    if comparison is None or comparison.agrees:
        return DECIDED
    lowest, value = comparison.lowest_loss, comparison.value
    found = f"lowest loss {lowest:.10g}, value of the convex program {value:.10g}"
    return stopped(f"{options.minima}: {comparison.verdict}: {found}", FAILED)


def _comparison(optimum: "ConvexOptimum", file: str) -> "Comparison":
    """Compare with a document of minima."""
    from reluenum.convex.comparison import compare_with_program as compare
    from reluenum.documents.minima import read_minima

    with reading(file, "a document of `reluenum minima` about the same data", "--minima"):
        return compare(optimum, read_minima(file))
