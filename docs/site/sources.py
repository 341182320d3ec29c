"""Files of the repository that pages link to: source with numbered lines, or the file itself.

There is no address of a repository that the site could rely on, so it has the files with it: each
that a page or a public name links to becomes a page of highlighted source, and what is no text, or
a page already, such as the report, is copied. Links in pages are written `source:PATH` by
`docs.site.pages`.
"""

import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import CONFIG_OK, BuildEnvironment

from docs.make import api
from docs.site.pages import ROOT
from docs.site.statements import link_in_source

SCHEME = "source:"

COPIED = (".html", ".pdf", ".zip", ".gz", ".parquet")
"""Files that are copied."""


def place_of(path: str) -> str:
    """Return the address of a file on the site, from its root.

    Examples
    --------
    >>> place_of("reluenum/problem.py"), place_of("docs/example/report.html")
    ('source/reluenum/problem.py.html', 'example/report.html')
    """
    return path.removeprefix("docs/") if path.endswith(COPIED) else f"source/{path}.html"


def _linked_files(env: BuildEnvironment) -> dict[str, set[str]]:
    """Return the files that each page links to."""
    if not hasattr(env, "reluenum_files"):
        env.reluenum_files = {}  # type: ignore[attr-defined]
    return env.reluenum_files  # type: ignore[attr-defined, no-any-return]


def _on_read(app: Sphinx, doctree: nodes.document) -> None:
    """Let links to files lead to their pages, and add those of public names."""
    page = app.env.docname
    files = _linked_files(app.env)[page] = set()
    for reference in doctree.findall(nodes.reference):
        target = reference.get("refuri", "")
        if target.startswith(SCHEME):
            path, _, anchor = target.removeprefix(SCHEME).partition("#")
            files.add(path)
            reference["refuri"] = _address(path, page) + f"#{anchor}" * bool(anchor)
            reference["internal"] = True
    for signature in doctree.findall(addnodes.desc_signature):
        if place := _source_of(signature):
            path, line = place
            files.add(path)
            link = nodes.reference("", "source", internal=True, classes=["source-link"])
            link["refuri"] = f"{_address(path, page)}#L-{line}"
            signature.append(addnodes.only(expr="html"))
            signature[-1].append(link)


def _address(path: str, page: str) -> str:
    return "../" * page.count("/") + place_of(path)


def _source_of(signature: addnodes.desc_signature) -> tuple[str, int] | None:
    """Return the file and the first line of what a signature is of, if it is one of Python."""
    things = api.public_things()
    name = signature.get("fullname", "")
    thing: Any = None
    for public, candidate in things.items():
        short = public.rpartition(".")[2]
        if name == short:
            thing = candidate
        elif name.startswith(f"{short}."):
            thing = inspect.getattr_static(candidate, name.removeprefix(f"{short}."), None)
    for inner in ("fget", "func", "__func__"):
        thing = getattr(thing, inner, None) or thing
    if thing is None or not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return None
    file = Path(inspect.getsourcefile(thing) or "").resolve()
    if not (file.is_relative_to(ROOT) and file.is_file()):
        return None
    return file.relative_to(ROOT).as_posix(), inspect.getsourcelines(thing)[1]


def _forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    _linked_files(env).pop(page, None)


def _merge(app: Sphinx, env: BuildEnvironment, pages: list[str], other: BuildEnvironment) -> None:
    known = _linked_files(other)
    _linked_files(env).update((page, known[page]) for page in pages if page in known)


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the pages of source that are older than their file or not there yet."""
    same = app.env.config_status == CONFIG_OK
    for path in sorted(set().union(*_linked_files(app.env).values())):
        file = ROOT / path
        place = Path(app.outdir) / place_of(path)
        if same and place.exists() and place.stat().st_mtime > file.stat().st_mtime:
            continue
        if path.endswith(COPIED):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        else:
            page = place_of(path).removesuffix(".html")
            body = _body(path, page, app.config.plain_sources)
            yield page, {"title": path, "body": body}, "page.html"


def _body(path: str, page: str, plain: bool) -> str:
    """Return the source of a file, highlighted unless it is to be plain."""
    text = (ROOT / path).read_text(encoding="utf-8")
    try:
        lexer = TextLexer() if plain else get_lexer_for_filename(path)
    except ClassNotFound:
        lexer = TextLexer()
    html = highlight(text, lexer, HtmlFormatter(linespans="L", wrapcode=True))
    html = html.replace("<pre>", '<pre tabindex="0">', 1)
    return f'<h1 class="file">{path}</h1>\n{link_in_source(html, page)}'


def setup(app: Sphinx) -> dict[str, Any]:
    """Let Sphinx make pages of source files, and show two languages that it does not know."""
    app.add_config_value("plain_sources", False, "env", bool)
    app.add_lexer("csv", TextLexer)
    app.add_lexer("snakemake", PythonLexer)
    app.connect("doctree-read", _on_read)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("html-collect-pages", _pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
