"""`reluenum verify`: the certificate in a document of minima, of their basins, or of bounds."""

import argparse
import json
from pathlib import Path

from reluenum.cli.exits import DECIDED, FAILED, stopped
from reluenum.cli.options import (
    MOST_JOBS,
    add_bar,
    add_layout,
    data_of,
    progress_of,
    whole_number,
    write,
)
from reluenum.errors import InputError

MOST_PARTS = 10_000
"""Largest number of parts of a proof."""


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    what = "a document of the certified engine, the basins of one, or bounds"
    parser.add_argument("file", metavar="FILE", help=what)
    what = "the data that it has to be about, as for minima"
    parser.add_argument("data", metavar="DATA.csv", nargs="?", help=what)
    add_layout(parser)
    what = "number of processes, and of threads for boxes (default: 1)"
    parser.add_argument("--jobs", metavar="N", default="1", help=what)
    what = "check the K-th of N parts of a tree and its records, and write that it is proved"
    parser.add_argument("--part", metavar="K/N", help=what)
    parser.add_argument("--output", metavar="FILE", type=Path, help="where --part writes this")
    what = "what --part has written of all parts, which are believed"
    parser.add_argument("--parts", metavar="FILE", nargs="+", default=(), help=what)
    add_bar(parser)


def run_verify(options: argparse.Namespace) -> int:
    """Check a certificate and say what it proves."""
    from reluenum.verify import CertificateError, NoDocumentError

    _refuse_mixtures(options)
    jobs = whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    try:
        if options.part is None:
            _check(options, jobs)
        else:
            _check_part(options, jobs)
    except (OSError, NoDocumentError) as error:
        expected = "a document of `reluenum minima --engine certified`, `basins` or `bound`"
        name = getattr(error, "filename", None) or options.file
        found = f"{name}: {getattr(error, 'strerror', None) or error}"
        raise InputError("FILE", found, expected) from error
    except CertificateError as error:
        return stopped(f"{options.file}: not proved: {error}", FAILED)
    return DECIDED


def _refuse_mixtures(options: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    names = (options.inputs, options.target, options.weights)
    layout = (*names, options.separator, options.decimal)
    if options.data is None and layout != (None, None, None, None, "point"):
        raise InputError("DATA.csv", "no file", "the data that the other options are about")
    if options.part is not None and (options.parts or options.data is not None):
        found = "a data file" if options.data is not None else "--parts"
        raise InputError("--part", f"also {found}", "one of them; data are compared with --parts")
    if options.part is None and options.output is not None:
        raise InputError("--output", "no --part", "a part that is checked")


def _check(options: argparse.Namespace, jobs: int) -> None:
    """Check all of a document."""
    from reluenum.documents.bars import box_bar
    from reluenum.groebner.workers import WORKERS
    from reluenum.verify import verify

    data = None if options.data is None else data_of(options)
    with box_bar(progress_of(options)) as told:
        report = verify(options.file, data, jobs, WORKERS, told, options.parts)
    write(None, f"{report}\n")


def _check_part(options: argparse.Namespace, jobs: int) -> None:
    """Check a part of a document, and write that it is proved."""
    from reluenum.documents.bars import box_bar
    from reluenum.groebner.workers import WORKERS
    from reluenum.verify import Share, verify_part

    part, _, parts = options.part.partition("/")
    count = whole_number(parts, "--part", most=MOST_PARTS)
    share = Share(whole_number(part, "--part", most=count), count)
    with box_bar(progress_of(options)) as told:
        record = verify_part(options.file, share, jobs, WORKERS, told)
    write(options.output, json.dumps(record, indent=2) + "\n")
