"""Write docs/theory_index.md: every statement of the pages of theory, and what cites it.

A citation is a label in a docstring, a comment or the name of a test: "Lemma 12a", "Theorems B, C
and E", "section 9.4". It belongs to the innermost class or function around it, or to the module.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from docs.make.prose import ROOT
from reluenum.documents.files import write_text

PAGE = ROOT / "docs/theory_index.md"

PAGES = ("theory.md", "theory_deep.md")
"""The pages of theory in docs; labels of the second begin with a D."""

KINDS = "Theorem|Lemma|Corollary|Proposition|Example"
LABEL = r"(?:[A-H](?:\.\d)?|D?\d+(?:\.\d|[a-z])?)(?!\w)"
PART = r"(?:\(\w\))*"
GAP = r"\s+(?:#\s+)?"  # a citation may go on in the next line, of a comment as well

HEADING = re.compile(r"^##+ ((D?\d+(?:\.\d)?)\.? .*)$", re.MULTILINE)
STATEMENT = re.compile(
    rf'^<a id="([\w-]+)"></a>\n\*\*((?:{KINDS}) {LABEL})(?: \((.*?)\))?\.\*\*', re.MULTILINE
)
SINGLE = re.compile(rf"\b({KINDS}|[Ss]ection){GAP}({LABEL})")
SEVERAL = re.compile(
    rf"\b(Theorem|Lemma|Example)s{GAP}"
    rf"({LABEL}{PART}(?:(?:,{GAP}|{GAP}and{GAP}|{GAP}to{GAP}|-){LABEL}{PART})+)"
)
MARK_OR_LABEL = re.compile(rf"\bto\b|-|(?<!\(){LABEL}")
IN_A_NAME = re.compile(rf"({KINDS.lower()})_([a-g]|d?\d+[a-z]?)(?![a-z0-9])")


FOLDERS = {"code": "reluenum", "tests": "tests"}
"""Whose citations are listed."""

INTRODUCTION = """# Index of the theory

Who relies on what: every section and every statement of [theory.md](theory.md) and
[theory_deep.md](theory_deep.md), with the functions of the package and the tests that cite it.
`python -m docs.make.theory_index` writes this page from the source; a test notices when it is old,
when a label is cited that does not exist, and when a statement is cited nowhere."""


@dataclass(frozen=True)
class Statement:
    """A statement of the theory, or one of its sections.

    Parameters
    ----------
    label : str
        "Lemma 12a" or "section 9.4".
    page : str
        The page in docs.
    anchor : str
        In this page.
    title : str
        What stands behind the label, if anything.
    """

    label: str
    page: str
    anchor: str
    title: str


@dataclass(frozen=True, order=True)
class Citation:
    """A place that cites a statement.

    Parameters
    ----------
    file : str
        Relative to the root of the repository.
    line : int
        Of the class or function; 0 for a module.
    name : str
        Of the class or function, behind the names of those around it; empty for a module.
    label : str
    """

    file: str
    line: int
    name: str
    label: str


def anchor_of(title: str) -> str:
    """Return the anchor that GitHub gives a heading.

    Examples
    --------
    >>> anchor_of("13. The paper's formulation: eliminated output weights")
    '13-the-papers-formulation-eliminated-output-weights'
    """
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def statements() -> list[Statement]:
    """Return the sections and statements of the theory, page by page, in their order."""
    return [statement for page in PAGES for statement in statements_of(page)]


def statements_of(page: str) -> list[Statement]:
    """Return the sections and statements of one page, in their order."""
    theory = (ROOT / "docs" / page).read_text(encoding="utf-8")
    sections = [
        (match.start(), Statement(f"section {match[2]}", page, anchor_of(match[1]), match[1]))
        for match in HEADING.finditer(theory)
    ]
    labelled = [
        (match.start(), Statement(match[2], page, match[1], match[3] or ""))
        for match in STATEMENT.finditer(theory)
    ]
    return [found for _, found in sorted([*sections, *labelled], key=lambda pair: pair[0])]


def cited(text: str, order: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the labels that a text cites, each with its place.

    Parameters
    ----------
    text : str
    order : sequence of str
        The labels of the theory: "Theorems A to E" cites all in between.

    Examples
    --------
    >>> order = ["Lemma 7", "Lemma 7a", "Theorem A", "Lemma 8"]
    >>> list(cited("Lemmas 7(a) to 8, Theorem A(1) and section 9.4", order))
    [(18, 'Theorem A'), (35, 'section 9.4'), (0, 'Lemma 7'), (0, 'Lemma 7a'), (0, 'Lemma 8')]
    """
    for match in SINGLE.finditer(text):
        yield match.start(), f"{match[1].replace('Section', 'section')} {match[2]}"
    for match in SEVERAL.finditer(text):
        kind, parts = f"{match[1]} ", MARK_OR_LABEL.findall(match[2])
        for k, part in enumerate(parts):
            if part in ("to", "-"):
                first, last = (order.index(kind + parts[k + step]) for step in (-1, 1))
                between = [label for label in order[first + 1 : last] if label.startswith(kind)]
                yield from ((match.start(), label) for label in between)
            else:
                yield match.start(), kind + part


@cache
def citations(folder: str, order: tuple[str, ...]) -> list[Citation]:
    """Return what the Python files of a folder cite, in order of file and line.

    Parameters
    ----------
    folder : str
        Relative to the root of the repository.
    order : tuple of str
        The labels of the theory.
    """
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        owners = [(0, source.count("\n") + 1, ""), *_owners(ast.parse(source))]
        file = path.relative_to(ROOT).as_posix()
        for place, label in cited(source, order):
            line = source.count("\n", 0, place) + 1
            first, _, name = max(owner for owner in owners if owner[0] <= line <= owner[1])
            found.add(Citation(file, first, name, label))
        for first, _, name in owners:
            found |= {Citation(file, first, name, label) for label in _of_a_name(name)}
    return sorted(found)


def _owners(node: ast.AST, prefix: str = "") -> Iterator[tuple[int, int, str]]:
    """Yield the first and last line and the name of each class and function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield child.lineno, child.end_lineno or child.lineno, prefix + child.name
            yield from _owners(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.stmt):
            yield from _owners(child, prefix)


def _of_a_name(name: str) -> Iterator[str]:
    """Yield what the name of a test cites."""
    if name.startswith("test_"):
        for kind, label in IN_A_NAME.findall(name):
            yield f"{kind.title()} {label.upper() if label[0].isalpha() else label}"


def page() -> str:
    """Return docs/theory_index.md; a part of a section is on it if something cites it."""
    known = statements()
    order = tuple(statement.label for statement in known)
    places = [(title, citations(folder, order)) for title, folder in FOLDERS.items()]
    blocks = [INTRODUCTION]
    for statement in known:
        link = f"({statement.page}#{statement.anchor})"
        found = [
            f"- {title}: {_listed(here)}"
            for title, cited_at in places
            if (here := [place for place in cited_at if place.label == statement.label])
        ]
        section = statement.label.startswith("section")
        if section and "." not in statement.label:
            blocks.append(f"## [{statement.title}]{link}")
        elif found or not section:
            title = f" ({statement.title})" if statement.title else ""
            blocks.append(f"**[{statement.label}]{link}**{title}")
        blocks += ["\n".join(found)] * bool(found)
    return "\n\n".join(blocks) + "\n"


def _listed(places: Sequence[Citation]) -> str:
    """Return places file by file."""
    parts = []
    for file, here in groupby(places, key=lambda place: place.file):
        names = [f"`{place.name}`" for place in here if place.name]
        short = file.partition("/")[2].replace("__", r"\_\_")  # __init__ is not bold
        parts.append(f"[{short}](../{file})" + f" ({', '.join(names)})" * bool(names))
    return ", ".join(parts)


def main() -> None:
    """Write the page."""
    write_text(PAGE, page())


if __name__ == "__main__":
    main()
