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
    from reluenum.problem import Problem

MOST_JOBS = 1024
"""Largest number of processes."""


def add_minima(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_file(parser)
    add = parser.add_argument
    add("--width", metavar="L", required=True, help="number of hidden units, or all: every width")
    add("--ridge", metavar="LAM", required=True, help="a decimal or fraction > 0, taken exactly")
    engines = "groebner (default), or certified, which adds a certificate (with --width all)"
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
    from reluenum.problem import parse_ridge

    if options.engine is None:  # only one of them knows of every width
        options.engine = "certified" if options.width == "all" else CHOICES["--engine"][0]
    for option in CHOICES:
        check_choice(option, getattr(options, option[2:].replace("-", "_")))
    width = _width(options)
    ridge = of_option("--ridge", parse_ridge, options.ridge)
    jobs = whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    limits = limits_of(options)
    output = writable(options.output, options.data)
    problem, progress = posed_problem(options, width or 1, ridge), progress_of(options)
    if options.engine == "certified":
        document = _certified(options, problem, width is None, limits, jobs, progress, output)
    else:
        document = _enumerated(options, problem, limits, jobs, progress, output)
    return _incomplete(document) if document["enumeration"]["undecided"] else DECIDED


def _enumerated(
    options: argparse.Namespace,
    problem: "Problem",
    limits: dict[str, Any],
    jobs: int,
    progress: bool,
    output: Path | None,
) -> Mapping[str, Any]:
    """Run the Groebner engine, and write and return the document."""
    from reluenum.api import enumerate_minima
    from reluenum.documents.results import to_json

    document = enumerate_minima(
        problem,
        options.backend,
        jobs=jobs,
        progress=progress,
        force=options.force,
        formulation=options.formulation,
        all_patterns=options.all_patterns,
        **limits,
    ).document
    write(output, to_json(document))
    return document


def _certified(
    options: argparse.Namespace,
    problem: "Problem",
    every_width: bool,
    limits: dict[str, Any],
    jobs: int,
    progress: bool,
    output: Path | None,
) -> Mapping[str, Any]:
    """Run the certified engine, and write and return the document; a certificate goes beside it."""
    from reluenum.documents.results import to_json
    from reluenum.engines.certified.prove import CertifiedEngine, certify_problem
    from reluenum.engines.certified.questions import AtWidth, EveryWidth
    from reluenum.groebner.backends import Settings
    from reluenum.groebner.limits import Limits

    question = EveryWidth if every_width else AtWidth
    if not options.force:
        CertifiedEngine().refuse_astronomical(question.largest(problem))
    settings = Settings(options.backend, Limits(**limits), jobs, progress)
    document = certify_problem(problem, settings, question, output, options.exact).document
    if output is None:
        write(None, to_json(document))
    return document


def _incomplete(document: Mapping[str, Any]) -> int:
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
