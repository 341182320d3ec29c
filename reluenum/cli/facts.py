"""`reluenum facts`: the statements of the paper, checked on a document of minima."""

import argparse

from reluenum.cli.exits import DECIDED
from reluenum.cli.options import reading, write
from reluenum.errors import InputError


def add_facts(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help="a document that `reluenum minima` wrote")


def run_facts(options: argparse.Namespace) -> int:
    """Print the facts about an instance."""
    from reluenum.documents.minima import read_minima
    from reluenum.views.facts import facts_text

    with reading(options.file, "a document of `reluenum minima`"):
        document = read_minima(options.file, deep=True)
        if document["problem"].get("width") == "all":
            raise InputError("FILE", f"{options.file} is about every width", "one about one width")
        text = facts_text(document)
    write(None, text)
    return DECIDED
