"""`reluenum minima`: every local minimum of one data set, as a JSON document."""

import argparse
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluenum.cli.exits import DECIDED, UNDECIDED, noted, stopped
from reluenum.cli.options import (
    CHOICES,
    MOST_JOBS,
    SEVERAL,
    add_bar,
    add_data_file,
    check_choice,
    hidden_widths,
    limits_of,
    of_option,
    posed_problem,
    progress_of,
    seconds,
    whole_number,
    writable,
    write,
)
from reluenum.errors import InputError

if TYPE_CHECKING:
    from reluenum.groebner.backends import Settings
    from reluenum.problem import Problem


def add_minima(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_data_file(parser)
    layers = parser.add_mutually_exclusive_group(required=True)
    layers.add_argument("--width", metavar="L", help=WIDTH)
    layers.add_argument("--hidden", metavar="L1,L2", help=SEVERAL)
    engines = "groebner (default), certified (with --width all) or branch with a certificate, auto"
    add_enumeration(parser, engines, required=True)
    lines = "with --hidden: a file with the only signs to look at, a line such as ++-,+0-/+++ each"
    parser.add_argument("--supports", metavar="FILE", help=lines)
    limit = "branch: stop the search after so many seconds; the list is written, not complete"
    parser.add_argument("--time-limit", metavar="S", help=limit)


WIDTH = "number of hidden units, or all: every width"


def add_enumeration(parser: argparse.ArgumentParser, engines: str, required: bool) -> None:
    """Add what is asked of the data, and how it is answered."""
    add, ridges = parser.add_argument, "a decimal or fraction > 0"
    if not required:
        add("--width", metavar="L", help=WIDTH)
        parser.set_defaults(hidden=None, supports=None, time_limit=None)
    add("--ridge", metavar="LAM", required=required, help=f"{ridges}, taken exactly")
    add("--engine", metavar="NAME", help=f"how supports are decided: {engines}")
    for option, meaning in (
        ("--backend", "what computes Groebner bases"),
        ("--formulation", "polynomial systems"),
        ("--loss", "how squared residuals are added up"),
        ("--output-bias", "none, or not penalised, or penalised"),
        ("--hidden-bias", "of hidden units: penalised, or none, or not penalised"),
        ("--linear", "a linear part besides them: none, or not penalised, or penalised"),
    ):
        first, *others = CHOICES[option]
        text = ", ".join([f"{first} (default)", *others])
        add(option, metavar="NAME", default=first, help=f"{meaning}: {text}")
    activations = "of the hidden units: relu (default), abs, leaky:1/10, slopes:BELOW,ABOVE"
    add("--activation", metavar="NAME", default="relu", help=activations)
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

    auto = options.engine == "auto"
    if auto or options.engine is None:  # only one of them knows of every width
        only = auto or options.width == "all"
        options.engine = "certified" if only else CHOICES["--engine"][0]
    for option in CHOICES:
        check_choice(option, getattr(options, option[2:].replace("-", "_")))
    hidden = [1] if options.hidden is None else hidden_widths(options.hidden)
    _check_layers(options, len(hidden))
    width = _width(options) if options.hidden is None else hidden
    ridge = of_option("--ridge", parse_ridge, options.ridge)
    jobs = whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    limits = Limits(**limits_of(options))
    problem, progress = posed_problem(options, width or 1, ridge), progress_of(options)
    settings = Settings(options.backend, limits, jobs, progress)
    if auto:
        options.engine = _chosen(options, problem)
    _check_time(options)
    run = {"certified": _certified, "branch": _by_boxes}.get(options.engine, _by_systems)
    run = _in_layers if len(hidden) > 1 else run
    if problem.has_free_hidden_bias:
        _check_free(options, len(problem.sites))
        in_space = problem.dimension > 1 and options.engine == "certified"
        if jobs > 1 and problem.dimension > 1:
            noted(f"--jobs {jobs}: free hidden biases of several columns have one process")
        run = _certified_creases if in_space else _by_systems
    return run(options, problem, settings, output)


def _chosen(options: argparse.Namespace, problem: "Problem") -> str:
    """Return the fastest engine that can do what the options ask for, and say which it is."""
    from reluenum.engines.choice import Fastest, fastest

    if options.width == "all" or options.exact:
        asked = "--exact" if options.exact else "--width all"
        found = Fastest("certified", f"the only one with {asked}")
    else:
        found = fastest(problem)
    noted(f"--engine {found.engine}: {found.reason}")
    return found.engine


def _by_systems(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the engine of that name; return the document, and write it if there is a file."""
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
        engine=options.engine,
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


def _certified_creases(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the certified engine for free hidden biases, of inputs that are not numbers, likewise."""
    from reluenum.engines.choice import engine_for
    from reluenum.engines.creases.proved import certify_creases

    way = engine_for(problem, "certified", options.formulation, options.all_patterns)
    if not options.force:
        way.refuse_astronomical(problem)
    return certify_creases(problem, settings, output).written


def _by_boxes(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the engine that excludes boxes likewise; what it searches is kept beside the document."""
    from reluenum.documents.minima import minima_document
    from reluenum.documents.results import to_json
    from reluenum.engines.checked import search_beside

    limit = inf if options.time_limit is None else seconds(options.time_limit, "--time-limit")
    with search_beside(output, limit) as engine:
        if not options.force:
            engine.refuse_astronomical(problem)
        found = engine.landscape(problem, settings)
        document = found.written or minima_document(found)
        if output is not None:
            write(output, to_json(document))
    return document


def _in_layers(
    options: argparse.Namespace, problem: "Problem", settings: "Settings", output: Path | None
) -> Mapping[str, Any]:
    """Run the engine of that name for several hidden layers likewise."""
    from reluenum.documents.minima import minima_document
    from reluenum.documents.results import to_json
    from reluenum.engines.choice import engine_for

    engine = engine_for(problem, options.engine, supports=_asked_in(options.supports))
    if not options.force:
        engine.refuse_astronomical(problem)
    document = minima_document(engine.landscape(problem, settings))
    if output is not None:
        write(output, to_json(document))
    return document


def incomplete(document: Mapping[str, Any]) -> int:
    """Say that something stayed undecided, or that the checker does not prove a decided list."""
    from reluenum.documents.labels import examined_label

    first, counts = document["undecided"][0], document["enumeration"]
    number, reason = counts["undecided"], first["reason"]
    if first.get("support") == "":
        return stopped(f"the list is not called complete: {reason}", UNDECIDED)
    if "signs" not in first:
        where = f"{number} of {examined_label(counts)} undecided"
    elif first["signs"]:  # of a stratum, or of a stationary point
        whole = document["completeness"] != "restricted"
        zero = " and the zero network" if whole else ""
        where = f"{number} undecided in {examined_label(counts)}{zero}"
        reason = f"{first['signs']}: {reason}"
    else:
        return stopped(f"the list is not called complete: {reason}", UNDECIDED)
    return stopped(f"{where}, so minima may be missing; the first: {reason}", UNDECIDED)


def _check_layers(options: argparse.Namespace, layers: int) -> None:
    """Refuse what there is with one hidden layer only, or with several only."""
    if layers == 1:
        if options.supports is not None:
            raise InputError("--supports", "given with one hidden layer", "--hidden with several")
        return
    usual = {"formulation": "reduced", "output_bias": "none", "hidden_bias": "ridge"}
    usual |= {"linear": "none", "all_patterns": False, "exact": False}
    for option, value in usual.items():
        found = getattr(options, option)
        if found != value:
            name, text = f"--{option.replace('_', '-')}", found if value else "given"
            raise InputError(name, f"{text} with {layers} hidden layers", value or "it with one")


def _check_free(options: argparse.Namespace, sites: int) -> None:
    """Refuse what free hidden biases do not have: no list is one for all widths (Lemma 121)."""
    if options.width == "all":
        enough = f"a width: {max(sites - 1, 1)} has every loss that wider networks have (Lemma 120)"
        raise InputError("--width", "all with --hidden-bias free", enough)
    if options.exact:
        raise InputError("--exact", "given with --hidden-bias free", "no --exact")


def _check_time(options: argparse.Namespace) -> None:
    """Refuse a time limit of engines that have none."""
    if options.time_limit is not None and options.engine != "branch":
        found = f"given with --engine {options.engine}"
        raise InputError("--time-limit", found, "it with --engine branch only")


def _asked_in(file: str | None) -> list[tuple[str, str]] | None:
    """Read a file with a stratum a line; what follows # is a comment."""
    if file is None:
        return None
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        found = f"{file}: {getattr(error, 'strerror', None) or 'no text'}"
        raise InputError("--supports", found, "a text file, a line such as ++-/+++ each") from error
    texts = ((k, line.partition("#")[0].strip()) for k, line in enumerate(lines, start=1))
    asked = [(f"{file}, line {k}", text) for k, text in texts if text]
    if not asked:
        raise InputError(
            "--supports", f"{file}: no line with signs", "one such as ++-/+++ at least"
        )
    return asked


def _width(options: argparse.Namespace) -> int | None:
    """Read the width; None stands for every width."""
    engine = f"--engine {options.engine}"
    if options.engine != "groebner":
        for option, usual in (("formulation", "reduced"), ("all_patterns", False)):
            if getattr(options, option) != usual:
                name = f"--{option.replace('_', '-')}"
                raise InputError(name, f"given with {engine}", "it with groebner only")
    if options.engine == "certified":
        return None if options.width == "all" else whole_number(options.width, "--width")
    if options.exact:
        raise InputError("--exact", f"given with {engine}", "--engine certified with it")
    if options.width == "all":
        few = " or a small width" * (options.engine == "branch")
        raise InputError("--width", f"all with {engine}", f"--engine certified with it{few}")
    return whole_number(options.width, "--width")
