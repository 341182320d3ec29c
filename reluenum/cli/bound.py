"""`reluenum bound`: how low the loss of a network with two hidden layers can be."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reluenum.cli.exits import DECIDED, UNDECIDED, noted, stopped
from reluenum.cli.options import (
    add_bar,
    add_data_file,
    check_choice,
    hidden_widths,
    of_option,
    posed_problem,
    progress_of,
    reading,
    whole_number,
    writable,
    write,
)

if TYPE_CHECKING:
    from reluenum.problem import Problem


def add_bound(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_file(parser)
    add = parser.add_argument
    add("--hidden", metavar="L1,L2", required=True, help="numbers of units of two hidden layers")
    add("--ridge", metavar="LAM", required=True, help="a decimal or fraction > 0, taken exactly")
    add("--loss", metavar="NAME", default="sum", help="as for minima")
    aim = parser.add_mutually_exclusive_group().add_argument
    gap = "largest relative gap between the bounds (default: 1/100)"
    aim("--gap", metavar="G", default="1/100", help=gap)
    whole = "no gap: prove that no other network is as good, up to symmetries"
    aim("--global", action="store_true", dest="proves_best", help=whole)
    add("--boxes", metavar="N", default="5000", help="largest number of boxes (default: 5000)")
    best = "a document of `reluenum minima`, of which the best one is the upper bound"
    add("--minima", metavar="FILE", help=best)
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add_bar(parser)
    add("--hidden-bias", metavar="NAME", default="ridge", help="ridge: units have biases")
    add("--linear", metavar="NAME", default="none", help="none: there is no linear part")
    parser.set_defaults(output_bias="none", activation="relu")


def run_bound(options: argparse.Namespace) -> int:
    """Tile first layers, write the bounds, and say whether they are close enough."""
    from flint import fmpq

    from reluenum.convex.deep.bounds import bound_loss, read_gap
    from reluenum.documents.results import to_json
    from reluenum.engines.checked import refusal
    from reluenum.problem import parse_ridge

    ridge = of_option("--ridge", parse_ridge, options.ridge)
    gap = fmpq(0) if options.proves_best else of_option("--gap", read_gap, options.gap)
    check_choice("--loss", options.loss)
    check_choice("--hidden-bias", options.hidden_bias)
    check_choice("--linear", options.linear)
    boxes = whole_number(options.boxes, "--boxes")
    output = writable(options.output, options.data)
    problem = posed_problem(options, hidden_widths(options.hidden), ridge)
    minima = None if options.minima is None else _minima_of(problem, options.minima)
    found = bound_loss(problem, gap, boxes, minima, progress_of(options))
    document = found.to_document()
    if doubt := refusal(document):
        return stopped(f"the checker does not prove these bounds: {doubt}", UNDECIDED)
    write(output, to_json(document))
    if found.best is not None:
        noted(f"global: proved, no other network has the loss {found.upper} or less")
    if found.is_reached:
        return DECIDED
    if options.proves_best:
        return stopped(f"global: not proved after {boxes} boxes, gap {found.gap:.3g}", UNDECIDED)
    return stopped(f"the gap is {found.gap:.3g} after {boxes} boxes, not {gap}", UNDECIDED)


def _minima_of(problem: "Problem", file: str) -> Mapping[str, Any]:
    """Read a list of minima of the problem."""
    from reluenum.convex.deep.bounds import best_listed
    from reluenum.documents.minima import read_minima

    with reading(file, "a document of `reluenum minima` about the same problem", "--minima"):
        document = read_minima(file, deep=True)
        best_listed(problem, document)
        return document
