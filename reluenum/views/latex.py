"""LaTeX: what it would take for a command, and tabulars."""

import re
from collections.abc import Iterable, Sequence

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
