"""The pages of the site: Markdown of the repository, gathered in one folder with links that hold.

Pages stay where they are and as GitHub shows them. Copies of them go to a folder of their own, with
the same lines: a link to a page or a picture leads to its copy, a link to another file to what
`docs.site.sources` makes of it, and anchors are written as MyST has them.
"""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs.make import api
from docs.make.theory_index import anchor_of
from docs.site.names import api_page, api_text

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs/index.md"
HOME = ROOT / "docs/site/home.md"
EXAMPLES = ROOT / "docs/examples"

FENCE = re.compile(r"^( *)(`{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
NAMED = re.compile(r"\[`?([\w./-]+\.md)`?(?=\]\()(\]\()([^)#\s]*)")
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?(?=\))")
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)
GROUP = re.compile(r"^## (.*)\n\n\|.*\|\n\|[-|]*\|\n((?:\|.*\|\n)+)", re.MULTILINE)

GROUPS = {
    "You want to use it": ("use", "Use it"),
    "You want to believe it": ("believe", "Believe it"),
    "You want to see what it finds": ("see", "See it"),
    "You want to change it": ("change", "Change it"),
}
"""The parts of docs/index.md: the name and the title of the page that each is on the site."""

SHORT = {"readme": "Start here", "examples/index": "Examples that run"}
"""What pages are called in lists of pages, where their title does not say what they are."""


@dataclass(frozen=True)
class Row:
    """A line of docs/index.md.

    Parameters
    ----------
    who : str
        Whom it addresses, as in "have data of your own".
    what : str
        Where it leads, in Markdown whose links are relative to docs.
    """

    who: str
    what: str

    def targets(self) -> list[Path]:
        """Return the files that it leads to."""
        return [(INDEX.parent / link[1]).resolve() for link in LINK.finditer(self.what) if link[1]]


def pages() -> dict[Path, str]:
    """Return the Markdown pages for people and what each is called on the site."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[!.]*/**/README.md")]
    hidden = {"build", "docs/examples", "docs/site"}
    return {
        page: name_of(page)
        for page in sorted({*found})
        if not {*map(str, page.relative_to(ROOT).parents)} & hidden
    }


def name_of(page: Path) -> str:
    """Return the name of a page of the repository on the site.

    Examples
    --------
    >>> name_of(ROOT / "docs/theory.md"), name_of(ROOT / "config/README.md"), name_of(INDEX)
    ('theory', 'config/readme', 'contents')
    """
    if page == INDEX:
        return "contents"
    name = page.relative_to(ROOT).with_suffix("").as_posix()
    return name.removeprefix("docs/").lower()


@cache
def title_of(page: Path) -> str:
    """Return what a page is called in links and lists: its title up to a colon."""
    name = name_of(page)
    if name in SHORT:
        return SHORT[name]
    title = re.search(r"^# (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return title[1].partition(":")[0] if title else name


def groups() -> dict[str, list[Row]]:
    """Return the lines of docs/index.md by the titles of its parts."""
    text = INDEX.read_text(encoding="utf-8")
    return {
        match[1]: [
            Row(*(cell.strip() for cell in line.strip("|").split(" | ")))
            for line in match[2].splitlines()
        ]
        for match in GROUP.finditer(text)
    }


class Site:
    """The folder of copies.

    Parameters
    ----------
    folder : Path
        Is made, and cleared of whatever is no longer a page.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = pages()
        self.names = api.public_things()
        self.written: set[Path] = set()

    def gather(self) -> None:
        """Write the copies, the pages that the site alone has, and the pictures."""
        for page, name in self.pages.items():
            text = page.read_text(encoding="utf-8")
            if name == "api":
                text = text[: text.index("\n## ")] + self._toctree(map(api_page, self.names))
            self._write(f"{name}.md", self.rewritten(text, page, name))
        for name, thing in self.names.items():
            self._write(f"{api_page(name)}.rst", api_text(name, thing))
        for logo in (ROOT / "docs/site/static").glob("wordmark*.svg"):
            self._copy(logo, logo.name)
        self._lead()
        for file in self.folder.rglob("*"):
            example = file.is_relative_to(self.folder / "examples") and EXAMPLES.is_dir()
            if file.is_file() and file not in self.written and not example:
                file.unlink()

    def _lead(self) -> None:
        """Write the first page and those of the groups, in which each page has its place."""
        placed: set[str] = {"contents"}
        parts = groups()
        for title, (name, short) in GROUPS.items():
            rows = parts.pop(title)
            members = []
            for target in (file for row in rows for file in row.targets()):
                member = self.pages.get(target)
                if member and member not in placed:
                    placed.add(member)
                    members.append(member)
            if name == "see" and EXAMPLES.is_dir():
                members.insert(0, "examples/index")
            if name == "change":
                members += [page for page in self.pages.values() if page not in {*placed}]
            cards = "\n".join(self._card(row) for row in rows)
            text = f'# {short}\n\n<div class="cards">\n\n{cards}\n\n</div>\n'
            text += self._toctree(members)
            self._write(f"{name}.md", text)
        if parts:
            raise ValueError(f"docs/index.md has parts that the site does not know: {[*parts]}")
        home = self.rewritten(HOME.read_text(encoding="utf-8"), HOME, "index")
        names = [*(name for name, _ in GROUPS.values()), "contents"]
        self._write("index.md", home + self._toctree(names))

    def _card(self, row: Row) -> str:
        """Return a line of docs/index.md as a card."""
        what = self.rewritten(row.what, INDEX, "index")
        return f'<div class="card-of-page">\n\n**You {row.who}**\n\n{what}\n\n</div>'

    def _toctree(self, names: Iterable[str]) -> str:
        titles = SHORT | {
            name: title_of(page).replace("`", "") for page, name in self.pages.items()
        }
        listed = "\n".join(
            f"{titles[name]} </{name}>" if name in titles else f"/{name}" for name in names
        )
        return f"\n\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{listed}\n```\n"

    def rewritten(self, text: str, page: Path, name: str) -> str:
        """Return the text of a page with links that hold where its copy is.

        Parameters
        ----------
        text : str
        page : Path
            Which its links start from.
        name : str
            Of the copy.
        """
        parts = []
        place = 0
        for code in [*FENCE.finditer(text)]:
            parts += [self._linked(text[place : code.start()], page, name), code[0]]
            place = code.end()
        return "".join([*parts, self._linked(text[place:], page, name)])

    def _linked(self, text: str, page: Path, name: str) -> str:
        """Return a text without fences, with links rewritten and anchors as MyST has them."""
        text = NAMED.sub(lambda match: self._titled(match, page), text)
        text = LINK.sub(lambda match: self._target(match[1], match[2] or "", page, name), text)
        return ANCHOR.sub(r"(\1)=", text)

    def _titled(self, match: re.Match[str], page: Path) -> str:
        """Return the beginning of a link whose text is a file name with the title of the page."""
        file = (page.parent / match[3]).resolve()
        return f"[{title_of(file)}]({match[3]}" if file in self.pages else match[0]

    def _target(self, path: str, anchor: str, page: Path, name: str) -> str:
        """Return where a link leads on the site."""
        file = (page.parent / path).resolve() if path else page
        if file in self.pages:
            target = self.pages[file]
            if target == "api" and (found := self._name_behind(anchor)):
                return self._relative(f"{api_page(found)}.rst", name)
            return anchor if file == page else self._relative(f"{target}.md", name) + anchor
        if file.suffix in (".svg", ".png"):
            copy = file.relative_to(ROOT).as_posix().removeprefix("docs/")
            self._copy(file, copy)
            return self._relative(copy, name)
        if not file.is_file():
            return path + anchor
        return f"source:{file.relative_to(ROOT).as_posix()}{anchor}"

    def _name_behind(self, anchor: str) -> str:
        """Return the public name whose heading in docs/api.md has this anchor, or nothing."""
        begun = [name for name in self.names if anchor[1:].startswith(anchor_of(name))]
        return max(begun, key=len, default="") if anchor else ""

    def _relative(self, target: str, name: str) -> str:
        return os.path.relpath(target, Path(name).parent.as_posix())

    def _copy(self, file: Path, copy: str) -> None:
        place = self.folder / copy
        self.written.add(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_bytes() != file.read_bytes():
            shutil.copyfile(file, place)

    def _write(self, copy: str, text: str) -> None:
        """Write a file unless it is there already, so that what is unchanged is not read again."""
        place = self.folder / copy
        self.written.add(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")
