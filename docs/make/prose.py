"""Pages that scripts write: sentences that were checked, in lines of a hundred characters.

In a template of docs/templates/measured, `{% filter said(holds) %}...{% endfilter %}` stops if a
sentence is not so, and `{{ rows | table }}` is a table. Lines may break anywhere: paragraphs and
lists are set anew when the page is written.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reluenum.views.cells import percent, pipe_table

ROOT = Path(__file__).parents[2]
DATA, IMAGES = ROOT / "docs/data", ROOT / "docs/images"

LINE = 100
"""Characters of a line."""

WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
"""Small numbers in a sentence."""

BLOCK = re.compile(r"^```.*?^```$|^\S.*?(?=\n\s*\n|\s*\Z)", re.MULTILINE | re.DOTALL)
"""A block of a page: code in a fence, or lines up to an empty one."""


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


def word(number: int) -> str:
    """Return a small number as a word, any other with its digits in groups."""
    return WORDS[number] if number < len(WORDS) else f"{number:,}"


def paragraph(*sentences: str, first: str = "", indent: str = "") -> str:
    """Return sentences as a paragraph, its first line and the others indented."""
    return fill(
        " ".join(sentences),
        LINE,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def bullets(sentences: Sequence[str]) -> str:
    """Return sentences as a list."""
    return "\n".join(paragraph(sentence, first="- ", indent="  ") for sentence in sentences)


def flowed(text: str) -> str:
    r"""Return a page with one empty line between blocks, and prose in lines of `LINE` characters.

    Examples
    --------
    >>> print(flowed("Two lines\nthat are one.\n\n\n- a\n  list\n- of two\n"))
    Two lines that are one.
    <BLANKLINE>
    - a list
    - of two
    <BLANKLINE>
    """
    return "\n\n".join(map(_set, BLOCK.findall(text))) + "\n"


def _set(block: str) -> str:
    """Return a block with its lines set anew, unless it is code, a heading, a table or an image."""
    if block.startswith(("```", "#", "|", "!", "<")):
        return block
    items = re.split(r"^- ", block, flags=re.MULTILINE)
    texts = [" ".join(re.split(r"[ \n]+", item.strip(" \n"))) for item in items]
    return bullets(texts[1:]) if block.startswith("- ") else paragraph(*texts)


def with_section(text: str, name: str, section: str) -> str:
    """Return a page with another text between its lines `<!-- name -->` and `<!-- /name -->`."""
    start, end = re.escape(f"<!-- {name} -->"), re.escape(f"<!-- /{name} -->")
    marked = re.compile(f"({start}\n+).*?({end})", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}{section}\n\n{found[2]}", text)


def each(values: Mapping[Any, Any], form: str) -> str:
    """Return values one after the other, each in a format of value and key.

    Examples
    --------
    >>> each({1: 0.25, 2: 0.5}, "{:.1f} for L = {}")
    '0.2 for L = 1, 0.5 for L = 2'
    """
    return ", ".join(form.format(value, key) for key, value in values.items())


def environment(folder: Path, **filters: Callable[..., str]) -> Environment:
    """Return what renders the templates of a folder; an unknown value is an error."""
    found = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    own = {"digits": format, "percent": percent, "said": said, "table": pipe_table}
    found.filters |= {**own, "word": word, "each": each, **filters}
    found.globals["said"] = said
    return found


def measured(name: str, values: Mapping[str, Any], **filters: Callable[..., str]) -> str:
    """Return the page of a template in docs/templates/measured.

    Parameters
    ----------
    name : str
        Of the page, without suffix.
    values : dict
        What the template takes.
    **filters
        What it takes besides `said`, `percent`, `word`, `digits` (a format of Python), `each` and
        `table`.

    Raises
    ------
    ValueError
        If a sentence is no longer true.
    jinja2.UndefinedError
        If the template asks for another value.
    """
    templates = environment(ROOT / "docs/templates/measured", **filters)
    return flowed(templates.get_template(f"{name}.md.j2").render(values))
