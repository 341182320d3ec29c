"""`reluenum verify`: the certificate in a document of minima, of their basins, or of bounds."""

import argparse

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


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    what = "a document of the certified engine, the basins of one, or bounds"
    parser.add_argument("file", metavar="FILE", help=what)
    what = "the data that it has to be about, as for minima"
    parser.add_argument("data", metavar="DATA.csv", nargs="?", help=what)
    add_layout(parser)
    what = "number of processes for several hidden layers, of threads for boxes (default: 1)"
    parser.add_argument("--jobs", metavar="N", default="1", help=what)
    add_bar(parser)


def run_verify(options: argparse.Namespace) -> int:
    """Check a certificate and say what it proves."""
    from reluenum.documents.bars import box_bar
    from reluenum.groebner.workers import WORKERS
    from reluenum.verify import CertificateError, NoDocumentError, verify

    layout = (options.inputs, options.target, options.separator, options.decimal)
    if options.data is None and layout != (None, None, None, "point"):
        raise InputError("DATA.csv", "no file", "the data that the other options are about")
    data = None if options.data is None else data_of(options)
    jobs = whole_number(options.jobs, "--jobs", most=MOST_JOBS)
    try:
        with box_bar(progress_of(options)) as told:
            report = verify(options.file, data, jobs, WORKERS, told)
    except (OSError, NoDocumentError) as error:
        expected = "a document of `reluenum minima --engine certified`, `basins` or `bound`"
        found = f"{options.file}: {getattr(error, 'strerror', None) or error}"
        raise InputError("FILE", found, expected) from error
    except CertificateError as error:
        return stopped(f"{options.file}: not proved: {error}", FAILED)
    write(None, f"{report}\n")
    return DECIDED
