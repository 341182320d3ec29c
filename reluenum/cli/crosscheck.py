"""`reluenum crosscheck`: one data set solved in every way, and compared."""

import argparse
from pathlib import Path

from reluenum.cli.exits import DECIDED, FAILED
from reluenum.cli.options import (
    CHOICES,
    add_problem,
    check_conventions,
    chosen,
    hidden_widths,
    limits_of,
    of_option,
    posed_problem,
    whole_number,
    writable_folder,
    write,
)
from reluenum.errors import InputError


def add_crosscheck(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_problem(parser, "LAM", "a decimal or fraction > 0, taken exactly", layers=True)
    add = parser.add_argument
    ways = "of reduced, eliminated, certified (default: these), branch"
    add("--formulations", metavar="A,B", help=ways)
    add("--backends", metavar="A,B", help="which of flint, msolve, singular, sympy (default: all)")
    add("--output-dir", metavar="DIR", help="write tables, figure and page there, too")


def run_crosscheck(options: argparse.Namespace) -> int:
    """Measure every formulation by every backend, print tables, and say whether all agree."""
    from reluenum.crosscheck.agreement import compare_measurements as compare
    from reluenum.crosscheck.measurement import measure, refuse_unmeasurable
    from reluenum.crosscheck.page import agreement_markdown, write_views
    from reluenum.experiments.plans import crosscheck_runs
    from reluenum.groebner.limits import Limits
    from reluenum.problem import parse_ridge

    layers = hidden_widths(options.hidden) if options.hidden else []
    width = layers if layers[1:] else whole_number(options.width or str(layers[0]), "--width")
    ridge = of_option("--ridge", parse_ridge, options.ridge)
    check_conventions(options)
    usual = (*CHOICES["--formulation"], "certified")
    known = usual if options.formulations is None else (*usual, "branch")
    formulations = chosen("--formulations", options.formulations, known)
    backends = chosen("--backends", options.backends, CHOICES["--backend"][1:])
    limits, folder = Limits(**limits_of(options)), writable_folder(options.output_dir)
    problem = posed_problem(options, width, ridge)
    if not options.force:
        refuse_unmeasurable(problem)
    settings = {"formulations": formulations, "backends": backends}
    free = problem.dimension if problem.has_free_hidden_bias else 0
    runs = crosscheck_runs({"crosscheck": settings}, width, free)
    missing = set(formulations) - {formulation for formulation, _ in runs}
    if missing and options.formulations is not None:
        of = "--hidden-bias free" if free else f"hidden layers of widths {options.hidden}"
        raise InputError("--formulations", f"{min(missing)} with {of}", "one that there is then")
    agreement = compare([measure(problem, *run, limits) for run in runs])
    if folder is not None:
        write_views(agreement, folder, ("svg", "png"), Path(options.data).name)
    write(None, agreement_markdown(agreement))
    return FAILED if agreement.disagreements else DECIDED
