# ruff: noqa: RUF001 - signs of formulas that look like letters are meant
"""Formulas of the pages as MathML, made when the site is built: no script draws them in a browser.

latex2mathml reads TeX; what browsers leave to their author, the spaces of TeX around a bar, a sign
or the name of a function and the letters of an alphabet, is put right here. A formula that is not
understood is a warning, which ends the build.
"""

import re
import unicodedata
from contextlib import suppress
from functools import cache
from html import unescape
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)

LONG = 24
"""Signs of a formula in a line that may be wider than a telephone."""
COMMAND = re.compile(r"\\[a-zA-Z]+")
TAG = re.compile(r"\\tag\{([^}]*)\}")
ONE_LETTER = re.compile(r"\\mathrm\{(\w)\}")
"""What latex2mathml would set in italics."""
BRACES = {r"\lbrace": "{", r"\rbrace": "}"}
"""What latex2mathml leaves of large ones."""

BEHIND = re.compile(r"^[.,;:!?)\]’”-]+")
BEFORE = re.compile(r"[(\[“]+$")
"""What is not parted from a formula."""

ACCENTS = {"˜", "ˆ", "¯", "˙", "¨", "ˇ"}
BARS = {"|", "‖"}
OPENING = {"(", "[", "{", "⟨", "⌊"}
CLOSING = {")", "]", "}", "⟩", "⌋"}
SIGNS = {"+", "−", "±", "∓"}
ORDINARY = {"/", "∣"}
CHARACTERS = {"*": "∗", "~": "˜", "^": "ˆ", "·": "⋅"}
"""Of operators: the asterisk, the accents and the dot that a font for formulas has."""

FUNCTIONS = {"arg", "cos", "deg", "det", "dim", "exp", "inf", "ker", "lim", "log"}
FUNCTIONS |= {"ln", "max", "min", "sin", "sup", "tan"}
FUNCTIONS |= {"col", "diag", "dist", "rank", "relu", "sign", "span", "tr"}
LETTERS = {"∅", "∂", "∇", "…", "⋯"}
OPERATORS = {"±", ";"}
"""What latex2mathml takes for the one instead of the other."""
PRIMES = {"′", "″", "‴"}
SPACED = {"⪯": "0.28em", "⪰": "0.28em", ":": "0.28em", "⧵": "0.22em"}
"""Relations, and an operation, that latex2mathml takes for letters."""
NO_SPACE = {"lspace": "0", "rspace": "0"}
THIN = "0.17em"
ROWS = {"mrow", "math", "mtd", "msqrt", "mstyle"}
LIMITS = {"∑", "∏", "⋃", "⋂", "⨁", "max", "min", "sup", "inf"}
BELOW = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
"""Operators whose indices stand below and above where there is room, and how."""

BINOMIAL = "2.047em"
"""What latex2mathml makes the height of any binomial; browsers know it."""

ALPHABETS = {
    "bold": ("MATHEMATICAL BOLD",),
    "script": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "fraktur": ("MATHEMATICAL FRAKTUR", "BLACK-LETTER"),
    "double-struck": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
}
"""What Unicode calls an alphabet, and its letters that were there before the others."""


class FormulaError(ValueError):
    """A formula has something that is not understood."""


@cache
def mathml(tex: str, display: bool = False) -> str:
    r"""Return the MathML of a formula.

    Parameters
    ----------
    tex : str
        As between dollars.
    display : bool
        Whether it stands on lines of its own.

    Raises
    ------
    FormulaError
        If a command or a brace is not understood.

    Examples
    --------
    >>> mathml("x")
    '<math display="inline"><mrow><mi>x</mi></mrow></math>'
    >>> mathml(r"\nonsense x")
    Traceback (most recent call last):
    ...
    docs.site.formulas.FormulaError: \nonsense is not understood
    """
    if (braces := re.sub(r"\\\\|\\[{}]|[^{}]", "", tex)).count("{") != braces.count("}"):
        raise FormulaError("a brace is missing")
    tex = ONE_LETTER.sub(r"\\text{\1}", tex)
    try:
        root = convert_to_element(tex.strip(), display="block" if display else "inline")
    except Exception as error:
        raise FormulaError(f"{type(error).__name__} {error}") from error
    del root.attrib["xmlns"]
    for element in root.iter():
        text = unescape(element.text or "")  # its signs are references such as &#x0003D;
        element.text = text = BRACES.get(text, text)
        if "\\" in text:
            raise FormulaError(f"{text} is not understood")
    _mend(root)
    return ElementTree.tostring(root, encoding="unicode")


def _mend(parent: ElementTree.Element) -> None:
    """Mend the children of an element, then theirs."""
    for child in parent:
        _retag(child)
    children = list(parent)
    script = parent.tag not in ROWS
    before: ElementTree.Element | None = None
    for k, child in enumerate(children):
        core = child[0] if child.tag in BELOW.values() and child[0].tag == "mo" else child
        if child.tag in ("mi", "mn"):
            _alphabet(child)
        elif core.tag == "mo":
            after = children[k + 1] if k + 1 < len(children) else None
            _operator(core, None if script else before, after)
        if parent.tag == "mover" and k == 1 and core.text in ACCENTS:
            parent.set("accent", "true")
            child.set("stretchy", "false")
        if parent.tag == "mrow" and len(children) == 1 and child.text == ",":
            child.attrib |= NO_SPACE  # as in 10{,}000
        before = child
        _mend(child)


def _retag(child: ElementTree.Element) -> None:
    """Call an element what it is: a word, a function, a relation, an operator with limits."""
    text = child.text = child.text and child.text.strip("\n")
    if child.tag == "mrow" and _is_a_word(child):
        word = "".join(letter.text or "" for letter in child)
        child.clear()
        child.tag, child.text = "mo" if word in FUNCTIONS else "mi", word
    elif child.tag == "mi" and text and (text in {*SPACED, *OPERATORS} or text in FUNCTIONS):
        child.tag = "mo"
    elif child.tag == "mo" and text in LETTERS:
        child.tag = "mi"
    elif child.tag in ("msup", "msubsup"):
        _primes(child)
    if child.tag in BELOW and child[0].tag == "mo" and child[0].text in LIMITS:
        child.tag = BELOW[child.tag]
        child[0].set("movablelimits", "true")
    if child.get("minsize") == BINOMIAL:
        del child.attrib["minsize"], child.attrib["maxsize"]


def _primes(child: ElementTree.Element) -> None:
    """Put primes beside their letter instead of above: in a font for formulas they are high."""
    base, raised = child[0], child[-1]
    marks = [raised] if raised.tag != "mrow" else list(raised)
    primes = [mark for mark in marks if mark.text in PRIMES]
    if not primes:
        return
    for mark in primes:
        mark.tag = "mi"
        if mark is not raised:
            raised.remove(mark)
    letter = ElementTree.Element("mrow")
    letter.extend([base, *primes])
    others = [] if raised in primes or not len(raised) else [raised]
    scripts = [*child[1:-1], *others]
    if scripts:
        child.tag = "msubsup" if len(scripts) == 2 else ("msup" if others else "msub")
        child[:] = [letter, *scripts]
    else:
        child.tag = "mrow"
        child[:] = list(letter)


def _is_a_word(row: ElementTree.Element) -> bool:
    r"""Whether a row is what \mathrm makes of several letters."""
    letters = [c.tag == "mi" and c.get("mathvariant") == "normal" for c in row]
    return len(letters) > 1 and all(letters)


def _alphabet(child: ElementTree.Element) -> None:
    """Write letters of an alphabet as what they are in Unicode; Greek capitals stay upright."""
    variant, text = child.get("mathvariant", ""), child.text or ""
    if variant in ALPHABETS:
        child.text = "".join(_letter(variant, letter) for letter in text)
        child.set("mathvariant", "normal")
        if child.tag == "mn":
            del child.attrib["mathvariant"]
    elif len(text) == 1 and unicodedata.name(text).startswith("GREEK CAPITAL"):
        child.set("mathvariant", "normal")


def _letter(variant: str, letter: str) -> str:
    """Return a letter or digit of an alphabet."""
    plain = unicodedata.name(letter).replace("LATIN ", "").replace("LETTER ", "")
    for alphabet in ALPHABETS[variant]:
        with suppress(KeyError):
            return unicodedata.lookup(f"{alphabet} {plain}")
    raise FormulaError(f"the alphabet {variant} has no {letter}")


def _operator(
    child: ElementTree.Element,
    before: ElementTree.Element | None,
    after: ElementTree.Element | None,
) -> None:
    """Give an operator the spaces and the character that TeX would give it."""
    text = child.text or ""
    child.text = text = CHARACTERS.get(text, text)
    if text in BARS or text in ORDINARY:
        child.attrib |= NO_SPACE
        if "minsize" not in child.attrib:
            child.set("stretchy", "false")
    elif text == "=" and before is not None and before.text == ":":
        before.set("rspace", "0")
        child.set("lspace", "0")
    elif text in SIGNS and before is not None and _asks_for_a_sign(before):
        child.attrib |= {"form": "prefix", **NO_SPACE}
    elif text in SPACED:
        child.attrib |= {"lspace": SPACED[text], "rspace": SPACED[text]}
    elif text in FUNCTIONS | LIMITS:
        opened = after is not None and after.tag == "mo" and after.text in OPENING
        close = before is None or _asks_for_a_sign(before)
        child.attrib |= {"lspace": "0" if close else THIN, "rspace": "0" if opened else THIN}


def _asks_for_a_sign(before: ElementTree.Element) -> bool:
    """Whether a plus or minus behind this is a sign, not a sum or a difference."""
    return before.tag == "mo" and (before.text or "") not in CLOSING | BARS | {"!", "′"}


def _keep_together(app: Sphinx, doctree: nodes.document) -> None:
    """Give formulas the brackets before and the punctuation behind them, which no line may part."""
    for formula in doctree.findall(nodes.math):
        siblings = formula.parent.children
        place = siblings.index(formula)
        for step, pattern in ((1, BEHIND), (-1, BEFORE)):
            beside = siblings[place + step] if 0 <= place + step < len(siblings) else None
            if isinstance(beside, nodes.Text) and (found := pattern.search(beside.astext())):
                text = beside.astext()
                formula["behind" if step == 1 else "before"] = found[0]
                siblings[place + step] = nodes.Text(text[: found.start()] + text[found.end() :])
                siblings[place + step].parent = formula.parent


def _no_tex_outside(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of TeX in the text of a page, where a dollar or the beginning of a line went wrong."""
    if app.env.doc2path(app.env.docname).suffix != ".md":
        return
    for text in doctree.findall(nodes.Text):
        inside = text.parent
        plain = not isinstance(inside, nodes.literal | nodes.literal_block | nodes.raw)
        plain = plain and not isinstance(inside, nodes.math | nodes.math_block | nodes.comment)
        if plain and (found := COMMAND.search(text.astext())):
            LOG.warning("%r stands outside of formulas", found[0], location=inside)


def _inline(self: Any, node: nodes.math) -> None:
    text = _checked(node.astext(), False, node)
    if len(re.sub(r"<[^>]*>", "", text)) > LONG:
        text = f'<span class="long">{text}</span>'
    before, behind = node.get("before", ""), node.get("behind", "")
    if before or behind:
        text = f'<span class="together">{before}{text}{behind}</span>'
    self.body.append(text)
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    tex = node.astext()
    tag = TAG.search(tex)
    formula = _checked(TAG.sub("", tex).strip(), True, node)
    number = f'<span class="eqno">({tag[1]})</span>' if tag else ""
    # What is wider than a telephone moves in its box; site.js lets the keyboard reach it.
    self.body.append(f'<div class="formula">{formula}{number}</div>\n')
    raise nodes.SkipNode


def _checked(tex: str, display: bool, node: nodes.Node) -> str:
    try:
        return mathml(tex, display)
    except FormulaError as error:
        LOG.warning("formula %r: %s", tex, error, location=node)
        return ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Let Sphinx write formulas as MathML."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("doctree-read", _no_tex_outside)
    app.connect("doctree-read", _keep_together, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
