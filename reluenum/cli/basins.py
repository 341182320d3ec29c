"""`reluenum basins`: the disconnectivity graph of a list of minima."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from reluenum.errors import (
    BackendError,
    IncompleteRunError,
    InputError,
    TheoremViolationError,
    TooManySupportsError,
    UndecidedError,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXPECTED = "a document of `reluenum minima`"

OF_DATA = {
    **dict.fromkeys(("width", "ridge", "engine", "inputs", "target", "weights", "separator")),
    **{"decimal": "point", "loss": "sum", "output_bias": "none", "hidden_bias": "ridge"},
    **{"activation": "relu", "linear": "none", "formulation": "reduced", "jobs": "1"},
    **{"exact": False, "all_patterns": False},
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


@dataclass(frozen=True)
class Wanted:
    """What is to be written of a tree.

    Parameters
    ----------
    output : Path or None
        For the document; None for standard output.
    table, figure : Path or None
    profile : tuple or None
        The basins at its ends, from 0, and the file of the picture.
    """

    output: Path | None
    table: Path | None
    figure: Path | None
    profile: tuple[int, int, Path] | None

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Wanted":
        """Return what options ask for; files that cannot be written are an InputError."""
        data, profile = options.data, None
        output, table = writable(options.output, data), writable(options.table, data, "--table")
        if options.profile is not None:
            *ends, file = options.profile
            start, stop = (whole_number(text, "--profile") - 1 for text in ends)
            drawn = writable_figure(file, data, "--profile")
            profile = drawn and (start, stop, drawn)
        return cls(output, table, writable_figure(options.figure, data), profile)

    def write(self, tree: Mapping[str, Any], folder: Path | None) -> None:
        """Write all of it, once the figures are drawn; the certificate lies in the folder."""
        drawings = list(self._drawings(tree))
        _put(self.output, tree, folder)
        if self.table is not None:
            from reluenum.views.basins import barriers_csv

            write(self.table, barriers_csv(tree))
        for figure, file in drawings:
            from reluenum.figures import save_figure

            save_figure(figure, file.with_suffix(""), [file.suffix[1:]])

    def _drawings(self, tree: Mapping[str, Any]) -> "Iterator[tuple[Figure, Path]]":
        """Yield the figures that are asked for, with their files."""
        if self.figure is not None:
            from reluenum.figures import plot_tree

            yield plot_tree(tree), self.figure
        if self.profile is not None:
            from reluenum.figures import plot_profile

            start, stop, file = self.profile
            yield plot_profile(tree, start, stop), file


def run_basins(options: argparse.Namespace) -> int:
    """Write the tree of a list, which is made first if there is none yet."""
    wanted = Wanted.of(options)
    run = _of_document if options.data.endswith(".json") else _of_data
    return run(options, wanted)


def _of_document(options: argparse.Namespace, wanted: Wanted) -> int:
    """Write the tree of a list; what belongs to data is refused beside it."""
    from reluenum.documents.minima import read_minima

    for option, usual in OF_DATA.items():
        if getattr(options, option) != usual:
            name = f"--{option.replace('_', '-')}"
            raise InputError(name, "given with a document", "it with a data file only")
    file, folder = options.data, Path(options.data).parent
    try:
        with reading(file, EXPECTED):
            document = read_minima(file)
            _check_labelled(options, document["problem"]["width"])
            if document["enumeration"]["undecided"]:
                return incomplete(document)
            found = _tree(options, document, folder)
        wanted.write(found, folder)
    except (BackendError, UndecidedError) as error:
        return stopped(error, UNDECIDED)
    except (IncompleteRunError, TheoremViolationError) as error:
        # the list may have been changed, which `verify` finds out
        raise InputError("FILE", f"{file}: {error}", EXPECTED) from error
    return DECIDED


def _of_data(options: argparse.Namespace, wanted: Wanted) -> int:
    """Make the list, which is written even if no tree can be grown over it, and write its tree."""
    for option in ("width", "ridge"):
        if getattr(options, option) is None:
            expected = "it with a data file; the name of a document ends in .json"
            raise InputError(f"--{option}", "missing", expected)
    _check_labelled(options, options.width)
    options.engine = options.engine or "certified"
    if options.engine == "branch":
        raise InputError("--engine", "branch, which knows no saddles", "certified or groebner")
    output = wanted.output
    document, folder = enumerated(options, output), output and output.parent
    try:
        found = _tree(options, document, folder)
    except (BackendError, UndecidedError, TooManySupportsError) as error:
        if output is None:
            _put(None, document, None)
        if document["enumeration"]["undecided"]:
            return incomplete(document)
        return stopped(f"{error}; the list of minima is written without a tree", UNDECIDED)
    wanted.write(found, folder)
    return DECIDED


def _put(output: Path | None, document: Mapping[str, Any], folder: Path | None) -> None:
    """Write a document, and the file of its certificate beside it."""
    from reluenum.documents.minima import write_minima
    from reluenum.documents.results import to_json

    if output is None:
        write(None, to_json(document))
    else:
        write_minima(output, document, folder)


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
