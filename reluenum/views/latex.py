"""LaTeX: what it would take for a command, tabulars, and texts that need booktabs only."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

LATEX_ROWS = 20
"""Rows of one tabular, so that a long table is cut into pages."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "†": r"\dag{}",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_"},
}


def latex_escape(text: str) -> str:
    r"""Escape what LaTeX would take for a command.

    Examples
    --------
    >>> print(latex_escape("50% of a_1 & b"))
    50\% of a\_1 \& b
    """
    return "".join(_LATEX.get(character, character) for character in text)


def breakable_name(name: str) -> str:
    """Escape a name and allow line breaks after its hyphens and underscores."""
    return re.sub(r"(-|\\_)", r"\1\\allowbreak{}", latex_escape(name))


def tabular(alignment: str, header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return a LaTeX tabular of cells that are LaTeX already."""
    lines = [" & ".join(cells) + r" \\" for cells in body]
    above = [" & ".join(header) + r" \\", r"\midrule"] if header else []
    begin, end = rf"\begin{{tabular}}{{{alignment}}}", r"\end{tabular}"
    return "\n".join([begin, r"\toprule", *above, *lines, r"\bottomrule", end])


def tabulars(rows: Sequence[Mapping[str, str]], named: bool = False) -> Iterator[str]:
    """Yield small tabulars, of `LATEX_ROWS` rows at most, of texts under titles.

    Parameters
    ----------
    rows : sequence of dict
    named : bool
        Whether the first cell of a row is a name, which may be long.
    """
    first, kind, gap = (_raggedright, r"p{0.27\linewidth}", 2) if named else (latex_escape, "r", 3)
    for start in range(0, len(rows), LATEX_ROWS):
        titles = [latex_escape(title) for title in rows[0]]
        lines = (list(row.values()) for row in rows[start : start + LATEX_ROWS])
        body = [[first(name), *map(latex_escape, cells)] for name, *cells in lines]
        table = tabular("@{}" + kind + "r" * (len(titles) - 1) + "@{}", titles, body)
        yield f"\\noindent{{\\scriptsize\\setlength{{\\tabcolsep}}{{{gap}pt}}%\n{table}}}"


def _raggedright(name: str) -> str:
    return r"\raggedright " + breakable_name(name)


def bold(text: str) -> str:
    """Return a text in bold face."""
    return rf"\textbf{{{latex_escape(text)}}}"


def latex_text(parts: Iterable[str]) -> str:
    """Return those parts of a LaTeX text that are not empty, one below the other."""
    return "\n\n\\smallskip\n".join(part for part in parts if part) + "\n"
