"""Sentences of the pages that scripts write: checked, and in lines of a hundred characters."""

from collections.abc import Sequence
from textwrap import fill

LINE = 100
"""Characters of a line."""


def said(text: str, holds: bool) -> str:
    """Return a sentence that was checked.

    Raises
    ------
    ValueError
        If it is not so: then the page needs other words.
    """
    if not holds:
        raise ValueError(f"no longer true: {text}")
    return text


def paragraph(*sentences: str) -> str:
    """Return sentences as a paragraph."""
    return fill(" ".join(sentences), LINE, break_on_hyphens=False, break_long_words=False)


def bullets(sentences: Sequence[str]) -> str:
    """Return sentences as a list."""
    return "\n".join(
        fill(
            sentence,
            LINE,
            initial_indent="- ",
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for sentence in sentences
    )
