"""Statements of the theory, claims of the certificate and words of the glossary, as things to find.

Each has an anchor, and the search knows it by name. Statements and claims are set off from their
proofs, and wherever a page, a docstring or a source file mentions "Lemma 12" or "claim 7", that is
a link. Which statements there are, `docs.make.theory_index` says, which reads the pages of theory.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType

from docs.make import theory_index
from docs.site.pages import ROOT

CLAIM = re.compile(r"^(\d+)\. `([\w.]+)`", re.MULTILINE)
WORD = re.compile(r"^\| ([^|`]+) \| ", re.MULTILINE)

LABEL = theory_index.LABEL
GAP = r"\s+(?:#\s+)?"
KINDS = rf"(?:{theory_index.KINDS}|[Ss]ection|[Cc]laim)"
PARTS = r"(?:\(\w\))*"
MENTION = re.compile(
    rf"\b({KINDS})s?{GAP}{LABEL}(?:{PARTS}(?:,{GAP}|{GAP}and{GAP}|{GAP}to{GAP}|-){LABEL})*"
    rf"(?!{PARTS}{GAP}(?:of|in){GAP}\[)"
)
"""One statement or several; not those of a paper, as in "Theorem B of [FKO]"."""

NOT_IN = (
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.title,
    nodes.raw,
    nodes.math,
    nodes.math_block,
    addnodes.pending_xref,
    addnodes.desc_signature,
    addnodes.toctree,
)
"""What a text must not be in to have links made of its mentions."""

SECTIONS_ARE_OF_THE_THEORY = re.compile(r"theory(_deep)?|api/.*|source/.*")
"""Pages on which "section 9.4" is one of the theory."""


@dataclass(frozen=True)
class Named:
    """Something with a name and a place.

    Parameters
    ----------
    name, title : str
        "Lemma 12" and what is said of it.
    page, anchor : str
        Where it is on the site.
    kind : str
        One of the kinds of `Names`.
    """

    name: str
    title: str
    page: str
    anchor: str
    kind: str


class Names(Domain):
    """What the search knows by name besides headings and names of Python."""

    name = "reluenum"
    label = "reluenum"
    object_types = {  # noqa: RUF012 - as Sphinx declares it
        "statement": ObjType("statement"),
        "claim": ObjType("claim"),
        "word": ObjType("glossary"),
    }

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield name, name, kind, page, anchor and priority of each."""
        for thing in named():
            if thing.kind != "section":
                yield thing.name, thing.name, thing.kind, thing.page, thing.anchor, 0

    def resolve_any_xref(self, *_: Any, **__: Any) -> list[tuple[str, nodes.reference]]:
        """Return nothing: mentions become links by themselves."""
        return []

    def merge_domaindata(self, docnames: Iterable[str], otherdata: dict[str, Any]) -> None:
        """Do nothing: everything is read from the pages themselves."""


@cache
def named() -> tuple[Named, ...]:
    """Return all statements, sections, claims and words, in their order."""
    found = [
        Named(
            statement.label,
            statement.title,
            statement.page.removesuffix(".md"),
            statement.anchor,
            "section" if statement.label.startswith("section") else "statement",
        )
        for statement in theory_index.statements()
    ]
    certificate = (ROOT / "docs/certificate.md").read_text(encoding="utf-8")
    for number, function in CLAIM.findall(certificate):
        found.append(Named(f"claim {number}", function, "certificate", f"claim-{number}", "claim"))
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    for word in WORD.findall(glossary)[1:]:
        found.append(Named(word, "", "glossary", anchor_of_word(word), "word"))
    return tuple(found)


@cache
def by_name() -> dict[str, Named]:
    """Return what can be mentioned."""
    return {thing.name: thing for thing in named() if thing.kind != "word"}


def anchor_of_word(word: str) -> str:
    """Return the anchor of a word of the glossary.

    Examples
    --------
    >>> anchor_of_word("barrier, depth")
    'word-barrier-depth'
    """
    return "word-" + re.sub(r"\W+", "-", word.lower()).strip("-")


def mentions(text: str, page: str) -> list[tuple[int, int, Named]]:
    """Return the first and last place of each mention that a text has, and what it is of.

    Parameters
    ----------
    text : str
    page : str
        Where it stands: on most pages "section 2" is not one of the theory.

    Examples
    --------
    >>> text = "by Lemmas 7(a) to 8 and Theorem A(1), not by Theorem B of [FKO]"
    >>> [(text[i:j], thing.anchor) for i, j, thing in mentions(text, "faq")]
    [('Lemmas 7', 'lemma-7'), ('8', 'lemma-8'), ('Theorem A', 'theorem-a')]
    """
    found = []
    for match in MENTION.finditer(text):
        kind = match[1]
        if kind.lower() == "section" and not SECTIONS_ARE_OF_THE_THEORY.fullmatch(page):
            continue
        kind = kind.lower() if kind.lower() in ("section", "claim") else kind
        for label in re.finditer(rf"(?<![\w(.]){LABEL}", match[0][len(match[1]) :]):
            thing = by_name().get(f"{kind} {label[0]}")
            if thing is not None:
                start = match.start() + len(match[1]) + label.start()
                begin = start if found and found[-1][0] >= match.start() else match.start()
                found.append((begin, start + len(label[0]), thing))
    return found


def _link_mentions(app: Sphinx, doctree: nodes.document) -> None:
    """Make links of the mentions in the text of a page."""
    page = app.env.docname
    for parent in list(doctree.findall(nodes.TextElement)):
        if not isinstance(parent, NOT_IN):
            _join_texts(parent)
    for text in list(doctree.findall(nodes.Text)):
        above = text.parent
        while above is not None and not isinstance(above, NOT_IN):
            above = above.parent
        if above is None and (found := mentions(text.astext(), page)):
            own = _statement_around(text)
            text.parent.replace(text, list(_linked(text.astext(), found, page, own)))


def _join_texts(parent: nodes.Element) -> None:
    """Join texts beside each other, for a mention may go on in the next line."""
    children: list[nodes.Node] = []
    for child in parent.children:
        if isinstance(child, nodes.Text) and children and isinstance(children[-1], nodes.Text):
            children[-1] = nodes.Text(children[-1].astext() + child.astext())
        else:
            children.append(child)
    if len(children) < len(parent.children):
        parent.children = []
        parent.extend(children)


def _statement_around(text: nodes.Node) -> str:
    """Return the anchor of the statement that a text is in the head of, or nothing."""
    node = text.parent
    while node is not None:
        if isinstance(node, nodes.strong) and "statement-name" in node["classes"]:
            return str(node["anchor"])
        node = node.parent
    return ""


def _linked(
    text: str, found: Sequence[tuple[int, int, Named]], page: str, own: str
) -> Iterator[nodes.Node]:
    """Yield a text in parts, of which mentions are links."""
    place = 0
    for first, last, thing in found:
        if thing.anchor == own:
            continue
        yield nodes.Text(text[place:first])
        link = nodes.reference(
            text[first:last],
            text[first:last],
            internal=True,
            refuri=address(thing, page),
            classes=["mention"],
        )
        if thing.title:
            link["reftitle"] = f"{thing.name}: {thing.title}"
        yield link
        place = last
    yield nodes.Text(text[place:])


def address(thing: Named, page: str) -> str:
    """Return the address of something from a page of the site.

    Examples
    --------
    >>> address(Named("Lemma 1", "", "theory", "lemma-1", "statement"), "api/Problem")
    '../theory.html#lemma-1'
    """
    if thing.page == page:
        return f"#{thing.anchor}"
    return "../" * page.count("/") + f"{thing.page}.html#{thing.anchor}"


def link_in_source(html: str, page: str) -> str:
    """Return highlighted source with links in its docstrings and comments."""

    def spanned(span: re.Match[str]) -> str:
        text, parts, place = span[2], [], 0
        for first, last, thing in mentions(text, page):
            title = f' title="{escape(thing.title)}"' if thing.title else ""
            parts += [text[place:first], f'<a href="{address(thing, page)}"{title}>']
            parts += [text[first:last], "</a>"]
            place = last
        return span[1] + "".join([*parts, text[place:]])

    return re.sub(r'(<span class="(?:sd|c1)">)([^<]+)', spanned, html)


def _set_off(app: Sphinx, doctree: nodes.document) -> None:
    """Set statements, claims and words off, with their anchors and links to themselves."""
    page = app.env.docname
    here = {thing.anchor: thing for thing in named() if thing.page == page}
    if page == "glossary":
        _words(doctree, here)
    elif page == "certificate":
        _claims(doctree, here)
    elif any(thing.kind == "statement" for thing in here.values()):
        for paragraph in list(doctree.findall(nodes.paragraph)):
            for anchor in paragraph["ids"]:
                if anchor in here and here[anchor].kind == "statement":
                    _statement(paragraph, here[anchor])
        for paragraph in doctree.findall(nodes.paragraph):
            if _is_proof(paragraph):
                paragraph["classes"].append("proof")


def _statement(paragraph: nodes.paragraph, thing: Named) -> None:
    """Put a statement into a block: up to its proof, or only what belongs to its first lines."""
    head = next(iter(paragraph.findall(nodes.strong)))
    head["classes"].append("statement-name")
    head["anchor"] = thing.anchor
    paragraph.insert(paragraph.index(head) + 1, _permalink(thing))
    parent = paragraph.parent
    start = parent.index(paragraph)
    end = _end_of_statement(parent.children, start)
    kind = thing.name.partition(" ")[0].lower()
    block = nodes.container(classes=["statement", f"statement-{kind}"])
    block["ids"] = paragraph["ids"]
    paragraph["ids"] = []
    inside = parent.children[start:end]
    parent[start:end] = [block]
    block.extend(inside)


def _end_of_statement(siblings: Sequence[nodes.Node], start: int) -> int:
    """Return where a statement ends that begins here: before its proof, if it has one."""
    alone = True
    close = start + 1
    for k in range(start + 1, len(siblings)):
        node = siblings[k]
        if isinstance(node, nodes.paragraph):
            if _is_proof(node):
                return k
            if isinstance(node.children[0], nodes.strong):
                break
            alone = False
        elif isinstance(node, nodes.section | nodes.transition | nodes.target):
            break
        elif alone:
            close = k + 1
    return close


def _is_proof(paragraph: nodes.paragraph) -> bool:
    first = paragraph.children[0] if paragraph.children else None
    return isinstance(first, nodes.emphasis) and first.astext().startswith("Proof")


def _claims(doctree: nodes.document, here: dict[str, Named]) -> None:
    """Give the claims of the certificate their anchors."""
    for numbered in doctree.findall(nodes.enumerated_list):
        for number, item in enumerate(numbered.children, numbered.get("start", 1)):
            thing = here.get(f"claim-{number}")
            first = next(iter(item.findall(nodes.literal)), None)
            if thing and first is not None and first.astext() == thing.title:
                item["ids"].append(thing.anchor)
                item["classes"].append("claim")
                first.parent.append(_permalink(thing))


def _words(doctree: nodes.document, here: dict[str, Named]) -> None:
    """Give the words of the glossary their anchors."""
    for row in doctree.findall(nodes.row):
        thing = here.get(anchor_of_word(row[0].astext()))
        if thing:
            row["ids"].append(thing.anchor)
            row[0][0].append(_permalink(thing))


def _permalink(thing: Named) -> nodes.raw:
    """Return the sign that links something to itself."""
    label = escape(f"Link to {thing.name}")
    html = f'<a class="headerlink" href="#{thing.anchor}" title="{label}">#</a>'
    return nodes.raw("", html, format="html")


def _on_read(app: Sphinx, doctree: nodes.document) -> None:
    _set_off(app, doctree)
    _link_mentions(app, doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    """Let Sphinx know statements, claims and words."""
    app.add_domain(Names)
    app.connect("doctree-read", _on_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
