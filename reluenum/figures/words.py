"""What a picture says to those who do not see it: the title and description of an SVG."""

import re
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from matplotlib.figure import Figure

from reluenum.views.cells import enumerated_texts

MOST = 8
"""Names of panels or entries of a legend that a description lists."""

NO_CAPTION = "Figure"
"""The title of a figure without a caption."""

_SYMBOLS = {
    r"\,": " ",
    r"\cdot": "·",
    r"\lambda": "λ",
    r"\geq": "≥",
    r"\leq": "≤",
    r"\times": "×",
    r"\uparrow": "↑",
    r"\|": "|",
}


def caption_of(docstring: str | None) -> str:
    """Return the caption of a figure: the first line of what its function says that it draws.

    Examples
    --------
    >>> caption_of("Draw the loss of every component.")
    'The loss of every component'
    >>> caption_of(None)
    'Figure'
    """
    first = (docstring or "").strip().partition("\n")[0].removeprefix("Draw ").rstrip(".")
    return first[:1].upper() + first[1:] or NO_CAPTION


def figure_words(figure: Figure) -> tuple[str, str]:
    """Return title and description of a figure: its caption, and what is written on it.

    Parameters
    ----------
    figure : Figure
        Its label is its caption: `style.drawing` sets it.

    Returns
    -------
    title, description : str
        The description names the notes, panels, axes and the entries of legends.
    """
    title = figure.get_label() or NO_CAPTION
    panels = [axes for axes in figure.axes if axes.axison]
    titles = [axes.get_title(loc) for axes in panels for loc in ("left", "center", "right")]
    legends = [*figure.legends, *filter(None, (axes.get_legend() for axes in figure.axes))]
    entries = [text.get_text() for legend in legends for text in legend.get_texts()]
    parts = [
        _enumerated("", [figure.get_suptitle()]),
        f"{len(panels)} panels" if len(panels) > 1 else "",
        _enumerated("Panels: ", titles),
        _enumerated("Horizontal: ", [axes.get_xlabel() for axes in panels]),
        _enumerated("Vertical: ", [axes.get_ylabel() for axes in panels]),
        _enumerated("Legend: ", entries),
    ]
    return str(title), ". ".join([part for part in parts if part] or [str(title)]) + "."


def described(svg: str, title: str, description: str) -> str:
    """Return an SVG with a title and a description, in place of those that it has.

    Parameters
    ----------
    svg : str
    title, description : str
        What it is, and what is on it.

    Raises
    ------
    ValueError
        If it is no SVG.

    References
    ----------
    .. [1] W3C, SVG Accessibility API Mappings 1.0: `role`, `title`, `desc`, `aria-labelledby`.

    Examples
    --------
    >>> described('<svg width="1"><path/></svg>', "A & B", "two")[:64]
    '<svg role="img" aria-labelledby="title-83338607 desc-83338607" w'
    >>> once = described('<svg width="1"><path/></svg>', "A & B", "two")
    >>> once == described(once, "A & B", "two")
    True
    """
    head, mark, rest = svg.partition("<svg")
    if not mark:
        raise ValueError("no <svg> in it")
    attributes, _, content = rest.partition(">")
    attributes = re.sub(r' (role|aria-labelledby)="[^"]*"', "", attributes)
    content = re.sub(r"\A\s*<title[^>]*>.*?</title>", "", content, flags=re.DOTALL)
    content = re.sub(r"\A\s*<desc[^>]*>.*?</desc>", "", content, flags=re.DOTALL)
    key = sha256(f"{title}\n{description}".encode()).hexdigest()[:8]
    names = f"title-{key} desc-{key}"
    return (
        f'{head}<svg role="img" aria-labelledby="{names}"{attributes}>\n'
        f' <title id="title-{key}">{escape(title)}</title>\n'
        f' <desc id="desc-{key}">{escape(description)}</desc>'
        f"{content}"
    )


def _enumerated(name: str, texts: Iterable[str]) -> str:
    """Return different texts behind a name, nothing without any, and how many more there are."""
    found = list(dict.fromkeys(filter(None, map(_unformatted, texts))))
    return name + enumerated_texts(found, MOST) if found else ""


def _unformatted(text: str) -> str:
    r"""Return a label without what Matplotlib reads as formulas.

    Examples
    --------
    >>> _unformatted(r"$b\,x_i + c = 0$"), _unformatted("loss\n(sum)")
    ('b x_i + c = 0', 'loss (sum)')
    """
    for symbol, sign in _SYMBOLS.items():
        text = text.replace(symbol, sign)
    text = re.sub(r"\\[a-z]*|[${}]", "", text)
    return " ".join(text.split())
