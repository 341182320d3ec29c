"""`reluenum basins`: the disconnectivity graph of a list of minima."""

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluenum.cli.exits import DECIDED, UNDECIDED, stopped
from reluenum.cli.minima import add_enumeration, enumerated, incomplete
from reluenum.cli.options import (
    add_layout,
    limits_of,
    reading,
    whole_number,
    writable,
    writable_figure,
    write,
)
from reluenum.errors import BackendError, InputError, TheoremViolationError, UndecidedError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


EXPECTED = "a document of `reluenum minima`"

OF_DATA = {
    **dict.fromkeys(("width", "ridge", "engine", "inputs", "target", "separator")),
    **{"decimal": "point", "loss": "sum", "output_bias": "none", "formulation": "reduced"},
    **{"jobs": "1", "exact": False, "all_patterns": False},
}
"""Options that belong to data, with what they are if they are not given."""


def add_basins(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    what = "a document of `reluenum minima`, or data as for minima, whose list is made first"
    parser.add_argument("data", metavar="FILE", help=what)
    parser.add_argument(
        "--labelled", action="store_true", help="units keep their names: a leaf for each order"
    )
    table = "write a row for each component there"
    parser.add_argument("--table", metavar="FILE.csv", help=table)
    tree = "draw the disconnectivity graph there (svg, png, pdf)"
    parser.add_argument("--figure", metavar="FILE.svg", help=tree)
    way = "draw the loss along the path between two basins, numbered as in the table, there"
    parser.add_argument("--profile", metavar=("FROM", "TO", "FILE.svg"), nargs=3, help=way)
    add_layout(parser)
    add_enumeration(parser, "certified (default), or groebner", required=False)


def run_basins(options: argparse.Namespace) -> int:
    """Make the list if there is none yet, write its tree, and say whether all was decided."""
    from reluenum.documents.results import to_json

    output = writable(options.output, options.data)
    table = writable(options.table, options.data, "--table")
    figure = writable_figure(options.figure, options.data)
    profile = _profile(options)
    listed = options.data.endswith(".json")
    document = _read(options) if listed else _enumerated(options, output)
    if document["enumeration"]["undecided"]:
        return incomplete(document)
    folder = Path(options.data).parent if listed else output and output.parent
    try:
        with reading(options.data, EXPECTED) if listed else nullcontext():
            found = _tree(options, document, folder)
    except (BackendError, UndecidedError) as error:
        return stopped(error, UNDECIDED)
    except TheoremViolationError as error:
        if listed:  # the list may have been changed, which `verify` finds out
            raise InputError("FILE", f"{options.data}: {error}", EXPECTED) from error
        raise
    drawings = list(_drawings(found, figure, profile))
    if output is not None and listed:
        _copy_certificate(found["minima"], Path(options.data), output)
    write(output, to_json(found))
    _write_pictures(found, table, drawings)
    return DECIDED


def _profile(options: argparse.Namespace) -> tuple[int, int, Path] | None:
    """Return between which basins, counted from 0, a profile is asked for, and where."""
    if options.profile is None:
        return None
    *ends, file = options.profile
    start, stop = (whole_number(text, "--profile") - 1 for text in ends)
    figure = writable_figure(file, options.data, "--profile")
    return None if figure is None else (start, stop, figure)


def _write_pictures(
    tree: Mapping[str, Any], table: Path | None, drawings: "Sequence[tuple[Figure, Path]]"
) -> None:
    """Write the table and the figures."""
    if table is not None:
        from reluenum.views.basins import barriers_csv

        write(table, barriers_csv(tree))
    for figure, file in drawings:
        from reluenum.figures import save_figure

        save_figure(figure, file.with_suffix(""), [file.suffix[1:]])


def _drawings(
    tree: Mapping[str, Any], figure: Path | None, profile: tuple[int, int, Path] | None
) -> "Iterator[tuple[Figure, Path]]":
    """Yield the figures that are asked for, with their files."""
    from reluenum.figures import plot_profile, plot_tree

    if figure is not None:
        yield plot_tree(tree), figure
    if profile is not None:
        start, stop, file = profile
        yield plot_profile(tree, start, stop), file


def _read(options: argparse.Namespace) -> Mapping[str, Any]:
    """Read a list; what belongs to data is refused beside it."""
    from reluenum.documents.minima import read_minima

    for option, usual in OF_DATA.items():
        if getattr(options, option) != usual:
            name = f"--{option.replace('_', '-')}"
            raise InputError(name, "given with a document", "it with a data file only")
    with reading(options.data, EXPECTED):
        document = read_minima(options.data)
        _check_labelled(options, document["problem"]["width"])
    return document


def _enumerated(options: argparse.Namespace, output: Path | None) -> Mapping[str, Any]:
    """Make the list of a data file."""
    for option in ("width", "ridge"):
        if getattr(options, option) is None:
            raise InputError(f"--{option}", "missing", "it with a data file")
    _check_labelled(options, options.width)
    options.engine = options.engine or "certified"
    return enumerated(options, output)


def _check_labelled(options: argparse.Namespace, width: int | str) -> None:
    if options.labelled and width == "all":
        raise InputError("--labelled", "given with every width", "it with one width")


def _tree(
    options: argparse.Namespace, document: Mapping[str, Any], folder: Path | None
) -> dict[str, Any]:
    """Return the graph of a list."""
    from reluenum.basins.disconnectivity import disconnectivity
    from reluenum.groebner.backends import Settings
    from reluenum.groebner.limits import Limits

    settings = Settings(options.backend, Limits(**limits_of(options)))
    return disconnectivity(document, settings, options.labelled, folder=folder, force=options.force)


def _copy_certificate(minima: dict[str, Any], source: Path, output: Path) -> None:
    """Put the file of a certificate, if there is one, beside the document under its name."""
    from reluenum.documents.files import replaced_file
    from reluenum.engines.certified.prove import certificate_path

    certificate = minima.get("certificate", {})
    if "file" not in certificate:
        return
    beside = certificate_path(output)
    with replaced_file(beside) as temporary:
        shutil.copyfile(source.parent / Path(certificate["file"]).name, temporary)
    minima["certificate"] = {**certificate, "file": beside.name}
