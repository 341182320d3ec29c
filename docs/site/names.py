"""The reference of the Python interface: a page for each public name, by autodoc.

Which names there are, `docs.make.api` says. Docstrings are plain text in the NumPy style, not
reStructuredText: what would have a meaning there, `|v|` or `a_`, is taken literally.
"""

import inspect
import re
from enum import Enum
from typing import Any

from sphinx.application import Sphinx

from docs.make import api

SPECIAL = re.compile(r"(?<!\\)([*|\\]|_(?=\W|$))")
CODE = re.compile(r"(`+[^`]+`+)")


def api_page(name: str) -> str:
    """Return the page of a public name."""
    return f"api/{name}"


def api_text(name: str, thing: Any) -> str:
    """Return the text of the page of a public name."""
    module = thing.__module__
    short = name.rpartition(".")[2]
    kind = "class" if inspect.isclass(thing) else "function"
    if kind == "class" and issubclass(thing, BaseException):
        kind = "exception"
    public = "reluenum.interop" if name.startswith("interop.") else "reluenum"
    shown = public if hasattr(_module(public), short) else module
    options = []
    if inspect.isclass(thing):
        members = [member for member, _ in api._members(thing)]
        if issubclass(thing, Enum):
            members += list(thing.__members__)
            options.append("   :undoc-members:")
        if members:
            options = [
                f"   :members: {', '.join(members)}",
                "   :inherited-members: Sequence, tuple",
                *options,
            ]
            options.append("   :member-order: bysource")
    lines = [
        name,
        "=" * len(name),
        "",
        f".. currentmodule:: {shown}",
        "",
        f".. auto{kind}:: {shown}.{short}",
        *options,
    ]
    return "\n".join(lines) + "\n"


def _module(name: str) -> Any:
    import importlib

    return importlib.import_module(name)


def _as_literal(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Escape what a docstring does not mean as reStructuredText, before napoleon reads it."""
    example = False
    for k, line in enumerate(lines):
        if line.strip() == "Examples":
            example = True
        elif re.fullmatch(r"\s*-{3,}", line) and lines[k - 1].strip() != "Examples":
            example = False
        if example or line.lstrip().startswith((">>>", "..")):
            continue
        parts = CODE.split(line)
        for j, part in enumerate(parts):
            if j % 2:
                goes_on = parts[j + 1][:1].isalnum()
                parts[j] = f"``{part.strip('`')}``" + "\\ " * goes_on
            else:
                parts[j] = SPECIAL.sub(r"\\\1", part)
        lines[k] = "".join(parts)


def _skip(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what another package has defined, such as the methods of texts."""
    if isinstance(thing, Enum):
        return None
    for inner in ("fget", "func", "__func__"):
        thing = getattr(thing, inner, None) or thing
    return None if str(getattr(thing, "__module__", "")).startswith("reluenum") else True


def _signature(
    app: Sphinx,
    what: str,
    name: str,
    thing: Any,
    options: Any,
    arguments: str | None,
    returned: Any,
) -> tuple[str, str | None] | None:
    """Return a signature as docs/api.md has it: with values instead of names of constants."""
    if what in ("class", "exception"):
        text = api._constructor(thing, api.Docstring.of(thing))
        if text.startswith("class "):  # made by functions, not by users
            return None if arguments is None else ("", None)
        return text[text.index("(") :].replace("\n", " "), None
    if what in ("function", "method"):
        text = api._signature(getattr(thing, "__func__", thing))
        head, arrow, result = text.rpartition(" -> ")
        head = head if arrow else text
        return head[head.index("(") :].replace("\n", " "), result.strip('"') if arrow else None
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    """Let autodoc read the docstrings as they are meant."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _as_literal, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
