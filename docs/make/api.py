"""Write docs/api.md: the public names of the package, from their docstrings.

`make docs` runs it. The names are those of `reluenum` and `reluenum.interop`, and the components
that a landscape has; their examples are run by the tests.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args, get_type_hints

import reluenum
from reluenum import interop
from reluenum.documents.files import write_text

PAGE = Path(__file__).parents[1] / "api.md"

INTRODUCTION = """# The Python interface

Everything that `import reluenum` offers, from the docstrings. `python -m docs.make.api` writes this
page, and the tests run its examples, which take the names of this page for granted. How the names
work together, the [tutorial](tutorial.md) shows; what the words mean, [reading.md](reading.md) and
the [glossary](glossary.md) say."""

LONGEST_LINE = 100
"""Characters of a line of code, as the formatter has it."""

PROPERTIES = (property, cached_property)
"""What is shown as an attribute."""


@dataclass(frozen=True)
class Docstring:
    """A docstring in the NumPy style, taken apart.

    Parameters
    ----------
    text : str
        Summary and explanation.
    sections : dict
        From titles such as "Parameters" to their text.
    """

    text: str
    sections: dict[str, str]

    @classmethod
    def of(cls, thing: Any) -> "Docstring":
        """Take the docstring of a class, function or property apart."""
        text, *parts = re.split(r"^(\w+)\n-+\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
        titles, bodies = parts[::2], parts[1::2]
        return cls(text.strip(), dict(zip(titles, map(str.strip, bodies), strict=True)))

    @property
    def summary(self) -> str:
        """The first sentence."""
        return " ".join(self.text.partition("\n\n")[0].split())


def public_things() -> dict[str, Any]:
    """Return the public names and what landscapes and components consist of; functions first."""
    things = {name: getattr(reluenum, name) for name in reluenum.__all__}
    things |= {f"interop.{name}": reader for name, reader in _readers()}
    for thing in [thing for thing in things.values() if is_dataclass(thing)]:
        for kind in (field.type for field in fields(thing) if field.name == "components"):
            for component in classes_in(kind):
                network = get_type_hints(component)["network"]
                parts = (component, network, *network.__subclasses__())
                things |= {part.__name__: part for part in parts}
    return dict(sorted(things.items(), key=lambda pair: (inspect.isclass(pair[1]), pair[0])))


def _readers() -> Iterator[tuple[str, Any]]:
    """Yield the public functions of `reluenum.interop`, and what they return."""
    for name, thing in vars(interop).items():
        if getattr(thing, "__module__", "") == interop.__name__ and not name.startswith("_"):
            yield name, thing


def classes_in(annotation: Any) -> list[type]:
    """Return the classes that a type is made of: of `tuple[A, ...] | tuple[B, ...]`, A and B."""
    parts = get_args(annotation)
    if not parts:
        return [annotation] if inspect.isclass(annotation) else []
    return [found for part in parts for found in classes_in(part)]


def page() -> str:
    """Return docs/api.md."""
    things = public_things()
    contents = [
        f"- [`{name}`](#{name.lower().replace('.', '')}): {Docstring.of(thing).summary}"
        for name, thing in things.items()
    ]
    blocks = [INTRODUCTION, "\n".join(contents)]
    for name, thing in things.items():
        blocks += [f"## `{name}`", *(_class(thing) if inspect.isclass(thing) else _function(thing))]
    return "\n\n".join(blocks) + "\n"


def _class(thing: type) -> Iterator[str]:
    """Yield the paragraphs of a class: itself, its fields, its attributes, its methods."""
    said = Docstring.of(thing)
    yield _code(_constructor(thing, said))
    yield from _paragraphs(said)
    if issubclass(thing, Enum):
        yield "\n".join(f'- `{thing.__name__}.{m.name}`: `"{m.value}"`' for m in thing)
        return
    base = next((b for b in thing.__mro__[1:] if "Parameters" in Docstring.of(b).sections), None)
    if base and "Parameters" not in said.sections:
        yield f"**Fields**\n\n{_entries(Docstring.of(base).sections['Parameters'])}"
    members = dict(_members(thing))
    if shown := {n: m for n, m in members.items() if isinstance(m, PROPERTIES)}:
        yield "**Attributes**\n\n" + "\n".join(_attribute(n, m) for n, m in shown.items())
    for name, member in members.items():
        if not isinstance(member, PROPERTIES):
            yield f"### `{thing.__name__}.{name}`"
            yield from _function(getattr(member, "__func__", member), thing.__name__)


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and attributes of a class that this package defines."""
    found = set()
    for base in thing.__mro__:
        if base.__module__.startswith("reluenum") and not issubclass(base, Enum):
            for name, member in vars(base).items():
                plain = getattr(member, "__func__", member)
                shown = isinstance(member, PROPERTIES) or inspect.isfunction(plain)
                if shown and not name.startswith("_") and name not in found:
                    found.add(name)
                    yield name, member


def _constructor(thing: type, said: Docstring) -> str:
    """Return how an object is made, or the line of the class if that is not for users."""
    if is_dataclass(thing) and "Parameters" in said.sections:
        named = inspect.signature(thing).parameters.values()
        fields = list(map(_parameter, named))
        listed = ", ".join(fields)
        if len(line := f"{thing.__name__}({listed})") <= LONGEST_LINE:
            return line
        apart = listed if len(listed) + 4 <= LONGEST_LINE else ",\n    ".join(fields) + ","
        return f"{thing.__name__}(\n    {apart}\n)"
    if "__init__" in vars(thing):
        return _signature(thing.__init__).replace("__init__", thing.__name__).partition(" ->")[0]
    return f"class {thing.__name__}({', '.join(base.__name__ for base in thing.__bases__)})"


def _parameter(parameter: inspect.Parameter) -> str:
    """Return the name of a field with its default."""
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={_shown(parameter.default)}"


def _shown(value: Any) -> str:
    """Return a default value as one would write it."""
    text = getattr(value, "value", value)
    return f'"{text}"' if isinstance(text, str) else repr(text)


def _function(function: Any, owner: str = "") -> Iterator[str]:
    """Yield the paragraphs of a function or method."""
    yield _code(f"{owner}." * bool(owner) + _signature(function))
    yield from _paragraphs(Docstring.of(function))


def _signature(function: Any) -> str:
    """Return the signature of a function as its source has it.

    The object itself is left out, and for a constant that is a default its value is shown.
    """
    source = dedent(inspect.getsource(function))
    (node,) = ast.parse(source).body
    lines = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
    text = dedent("\n".join(lines)).strip().removeprefix("def ").removesuffix(":")
    for name, parameter in inspect.signature(function).parameters.items():
        value = f"\\g<1>{parameter.default!r}"
        text = re.sub(rf"(\b{name}: [^=\n]* = )[A-Z_]{{2,}}", value, text)
    return re.sub(r"\((\s*)(?:self|cls)(?:, |,\s+)?", r"(\1", text, count=1)


def _attribute(name: str, member: Any) -> str:
    """Return the line of a property."""
    function = member.fget if isinstance(member, property) else member.func
    kind = _signature(function).rpartition(" -> ")[2].strip('"')
    return f"- `{name}` (`{kind}`): {Docstring.of(member).summary}"


def _paragraphs(said: Docstring) -> Iterator[str]:
    """Yield what a docstring says, section by section."""
    yield said.text
    for title, text in said.sections.items():
        if title == "Examples":
            yield _code(re.sub(r" *# doctest: .*", "", text))
        elif title in ("Parameters", "Returns", "Raises"):
            yield f"**{title}**\n\n{_entries(text)}"
        else:
            yield f"**{title}**\n\n{text}"


def _entries(text: str) -> str:
    """Return the entries of a section as a list."""
    found = re.findall(r"^(\S.*)\n?((?:\n? {4,}.*)*)", text, re.MULTILINE)
    lines = []
    for head, explanation in found:
        name, _, kind = head.partition(" : ")
        words = " ".join(explanation.split())
        lines.append(f"- `{name}`" + f" ({kind})" * bool(kind) + f": {words}" * bool(words))
    return "\n".join(lines)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def main() -> None:
    """Write the page."""
    write_text(PAGE, page())


if __name__ == "__main__":
    main()
