"""The pages of this repository, and what is in a page: links, code, commands that are typed."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pages():
    """Pages for people; the environment's folder starts with a point, and `*` leaves it out."""
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[!.]*/**/README.md")]


def links(page):
    """Return the links of a page that stay in the repository, as pairs of file and anchor."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text)
    return [((page.parent / file).resolve() if file else page, anchor) for file, anchor in found]


def blocks(text):
    """Return the code blocks of a page, as pairs of language and text."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def spans(text):
    """Return what a page has as inline code, without the blanks of broken lines."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(span.split()) for _, span in re.findall(r"(?<!`)(``?)([^`]+)\1(?!`)", text)]


def code_of(page):
    """Return everything on a page that is code."""
    text = page.read_text(encoding="utf-8")
    return "\n".join([*spans(text), *(block for _, block in blocks(text))])


def typed(page):
    """Return the lines of a page that a reader types: those of blocks of commands."""
    found = []
    for language, block in blocks(page.read_text(encoding="utf-8")):
        block = re.sub(r"\\\n *", " ", block)
        if language == "console":
            found += re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        elif language in ("sh", "bash", ""):
            found += block.splitlines()
    return found
