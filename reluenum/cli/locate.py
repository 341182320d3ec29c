"""`reluenum locate`: at which minimum of a list a trained network is."""

import argparse
import zipfile
from collections.abc import Mapping
from typing import Any

from reluenum.cli.exits import DECIDED, FAILED, UNDECIDED, stopped
from reluenum.cli.options import limits_of, reading, writable, write
from reluenum.errors import InputError

EXPECTED = "a document of `reluenum minima`, or of `reluenum basins`, which knows barriers"

NETWORK = "arrays a (L), B (L x d), c (L), a number m and beta (d), or stacks of several of each"

KEYS = ("a", "B", "c", "m", "beta")


def add_locate(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("file", metavar="FILE.json", help=EXPECTED)
    add("network", metavar="NETWORK", help=f"a file of JSON or npz: {NETWORK}")
    add("--output", metavar="FILE", help="write the document there, whole or not at all")
    add("--seconds", metavar="S", help="time limit of a backend on a system (default: 120)")
    add("--memory", metavar="MB", help="memory limit of a backend on a system (default: 4000)")


def run_locate(options: argparse.Namespace) -> int:
    """Write where networks are."""
    from reluenum.documents.minima import check_listed
    from reluenum.documents.results import to_json
    from reluenum.documents.seals import read_json
    from reluenum.groebner.limits import Limits
    from reluenum.interop import stacked_arrays
    from reluenum.optimisers.studies.locate import locations

    writable(options.output, options.network)
    output = writable(options.output, options.file)
    limits = Limits(**limits_of(options))
    with reading(options.network, NETWORK, "NETWORK"):
        networks = stacked_arrays(**_arrays_in(options.network))
    with reading(options.file, EXPECTED):
        document = read_json(options.file)
        check_listed(document, options.file)
        found = locations(document, networks, limits)
    write(output, to_json(found))
    return _location_code(found)


def _arrays_in(file: str) -> dict[str, Any]:
    """Read the arrays of a file."""
    import numpy as np

    from reluenum.documents.seals import read_json

    if file.endswith(".npz"):
        try:
            with np.load(file, allow_pickle=False) as stored:
                found: Mapping[str, Any] = {name: stored[name] for name in stored.files}
        except zipfile.BadZipFile as error:
            raise InputError("NETWORK", f"{file} is no npz file", NETWORK) from error
    else:
        found = read_json(file)
    if unknown := sorted(found.keys() - set(KEYS)):
        raise InputError("NETWORK", f"{file} has {', '.join(unknown)}", NETWORK)
    if lacking := [key for key in KEYS[:2] if key not in found]:
        raise InputError("NETWORK", f"{file} has no {' and no '.join(lacking)}", NETWORK)
    return dict(found)


def _location_code(document: Mapping[str, Any]) -> int:
    """Say in one line if a network is at a minimum that the list lacks, or unexplained."""
    from reluenum.documents.labels import EndKind

    kinds = [record["kind"] for record in document["networks"]]
    if lacking := kinds.count(EndKind.MISSING):
        reason = "" if document["complete"] else " (which does not claim to be complete)"
        return stopped(f"networks at minima missing from the list{reason}: {lacking}", FAILED)
    if riddles := kinds.count(EndKind.UNEXPLAINED):
        return stopped(f"unexplained networks, with reasons in the document: {riddles}", UNDECIDED)
    return DECIDED
