"""Write into docs/certificate.md which modules of the checker each kind of document needs.

`make docs` runs it. A module needs what it imports when it is read; what a function of `document`
imports belongs to the kind that the function is about.
"""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from reluenum.documents.files import write_text

ROOT = Path(__file__).parents[2]
CHECKER, PAGE = ROOT / "reluenum/verify", ROOT / "docs/certificate.md"

MARKS = ("<!-- kinds -->", "<!-- /kinds -->")

EVERY = ("document",)
"""Where each proof begins."""

KINDS = {
    "a list with a record for every support": ("pages", "records", "landscape"),
    "the basins of such a list": ("pages", "records", "landscape", "basins"),
    "a list by boxes": ("trees.document", "boxes.document"),
    "a list by cones": ("trees.document", "cones.document"),
    "a list with free hidden biases, inputs on a line": ("hinges.document",),
    "the basins of such a list on a line": ("hinges.document", "hinges.basins"),
    "free hidden biases, inputs of any dimension": ("creases.document",),
    "a list for widths $[L, 1]$": ("deep.document",),
    "a list for widths $[L, 1, 1]$": ("spires.document",),
    "a list for widths $[1, L]$": ("fans.document",),
    "bounds with two hidden layers": ("bounds.proof",),
}
"""The modules that the functions of `document` import for each kind."""


@cache
def imported(module: str) -> tuple[str, ...]:
    """Return the modules of the checker that one imports when it is read.

    Parameters
    ----------
    module : str
        Its name, in a room after that of the room and a dot.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> imported("arithmetic.decimals")
    ('reals',)
    """
    *room, _ = module.split(".")
    found: list[str] = []
    for node in ast.parse(path_of(module).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            place = [*room[: len(room) + 1 - node.level], *(node.module or "").split(".")]
            names = [".".join([*place, alias.name]).strip(".") for alias in node.names]
            found += [n if path_of(n).exists() else ".".join(place) for n in names]
    return tuple(dict.fromkeys(found))


def path_of(module: str) -> Path:
    """Return the file of a module of the checker."""
    return CHECKER.joinpath(*module.split(".")).with_suffix(".py")


def needed(modules: Iterable[str]) -> list[str]:
    """Return the modules that some need, and these, each after those that it needs.

    Parameters
    ----------
    modules : iterable of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> needed(["arithmetic.matrices", "arithmetic.decimals"])
    ['arithmetic.matrices', 'reals', 'arithmetic.decimals']
    """
    found: dict[str, None] = {}

    def visit(module: str) -> None:
        if module not in found:
            for other in imported(module):
                visit(other)
            found[module] = None

    for module in modules:
        visit(module)
    return list(found)


def lines(modules: Iterable[str]) -> int:
    """Return the number of lines of some modules, to the next hundred."""
    return round(sum(len(path_of(m).read_text().splitlines()) for m in modules), -2)


def table() -> str:
    """Return the table of kinds of documents."""
    common = needed(EVERY)
    rows = [("every document", common, common)]
    for kind, entries in KINDS.items():
        every = needed((*EVERY, *entries))
        rows.append((kind, [module for module in every if module not in common], every))
    head = ["| to prove | are read | lines in all |", "|---|---|---|"]
    return "\n".join(
        head + [f"| {kind} | {listed(own)} | {lines(every):,} |" for kind, own, every in rows]
    )


def listed(modules: Iterable[str]) -> str:
    """Return names of modules by room; of a room all of whose modules are there, its name.

    Examples
    --------
    >>> listed(["pages", "arithmetic.decimals", "cores", "trees.content", "arithmetic.matrices"])
    '`cores`, `pages`; `arithmetic/`; `trees/`: `content`'
    """
    rooms: dict[str, list[str]] = {}
    for module in sorted(modules, key=lambda name: ("." in name, name)):
        room, _, name = module.rpartition(".")
        rooms.setdefault(room, []).append(name)
    return "; ".join(_of_room(room, names) for room, names in rooms.items())


def _of_room(room: str, names: list[str]) -> str:
    folder = CHECKER.joinpath(*room.split("."))
    inside = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    found = ", ".join(f"`{name}`" for name in names)
    head = f"`{room.replace('.', '/')}/`"
    return found if not room else head if set(names) == inside else f"{head}: {found}"


def page(text: str) -> str:
    """Return the page with the table of this version."""
    before, after = text.partition(MARKS[0])[0], text.partition(MARKS[1])[2]
    return "\n".join([before + MARKS[0], table(), MARKS[1] + after])


def main() -> None:
    """Write the table."""
    write_text(PAGE, page(PAGE.read_text()))


if __name__ == "__main__":
    main()
