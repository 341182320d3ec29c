"""`reluenum minima`: every local minimum of one data set, as a JSON document."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluenum.cli.exits import DECIDED, UNDECIDED, stopped
from reluenum.cli.options import (
    CHOICES,
    add_bar,
    add_data_file,
    check_choice,
    limits_of,
    of_option,
    posed_problem,
    progress_of,
    whole_number,
    writable,
    write,
)
from reluenum.errors import InputError

if TYPE_CHECKING:
    from reluenum.groebner.backends import Settings
    from reluenum.problem import Problem

MOST_JOBS = 1024
"""Largest number of processes."""


def add_minima(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_file(parser)
    engines = "groebner (default), or certified, which adds a certificate (with --width all)"
    add_enumeration(parser, engines, required=True)


def add_enumeration(parser: argparse.ArgumentParser, engines: str, required: bool) -> None:
    """Add what is asked of the data, and how it is answered."""
    add = parser.add_argument
    widths, ridges = "number of hidden units, or all: every width", "a decimal or fraction > 0"
    add("--width", metavar="L", required=required, help=widths)
    add("--ridge", metavar="LAM", required=required, help=f"{ridges}, taken exactly")
    add("--engine", metavar="NAME", help=f"how supports are decided: {engines}")
    for option, meaning in (
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
    add_bar(parser)


def run_minima(options: argparse.Namespace) -> int:
    """Enumerate, write the document, and say by the exit code whether it is complete."""
    from reluenum.documents.results import to_json

    output = writable(options.output, options.data)
    document = enumerated(options, output)
    if output is None:
        write(None, to_json(document))
    return incomplete(document) if document["enumeration"]["undecided"] else DECIDED


def enumerated(options: argparse.Namespace, output: Path | None) -> Mapping[str, Any]:
    """Enumerate as the options say; return the document, and write it if there is a file."""
    from reluenum.groebner.backends import Settings
    from reluenum.groebner.limits import Limits
    from reluenum.problem import parse_ridge

    if options.engine is None:  # only one of them knows of every width
        options.engine = "certified" if options.width == "all" else CHOICES["--engine"][0]
    for option in CHOICES:
        check_choice(option, getattr(options, option[2:].replace("-", "_")))
    width = _width(options)
    ridge = of_option("--ridge", parse_ridge, options.ridge)
    jobs = whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    limits = Limits(**limits_of(options))
    problem, progress = posed_problem(options, width or 1, ridge), progress_of(options)
    settings = Settings(options.backend, limits, jobs, progress)
    run = _certified if options.engine == "certified" else _by_systems
    return run(options, problem, settings, output)


def _by_systems(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the Groebner engine; return the document, and write it if there is a file."""
    from reluenum.api import enumerate_minima
    from reluenum.documents.results import to_json

    document = enumerate_minima(
        problem,
        settings.backend,
        jobs=settings.jobs,
        progress=settings.progress,
        force=options.force,
        formulation=options.formulation,
        all_patterns=options.all_patterns,
        **vars(settings.limits),
    ).document
    if output is not None:
        write(output, to_json(document))
    return document


def _certified(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the certified engine likewise; a large certificate goes beside the document."""
    from reluenum.engines.certified.prove import CertifiedEngine, certify_problem
    from reluenum.engines.certified.questions import AtWidth, EveryWidth

    question = EveryWidth if options.width == "all" else AtWidth
    if not options.force:
        CertifiedEngine().refuse_astronomical(question.largest(problem))
    return certify_problem(problem, settings, question, output, options.exact).document


def incomplete(document: Mapping[str, Any]) -> int:
    """Say that supports stayed undecided."""
    first, counts = document["undecided"][0], document["enumeration"]
    return stopped(
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
    return whole_number(options.width, "--width")
