"""Anchors within a line, `<a id="..."></a>`, as targets that links are checked against."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

BEGIN = re.compile(r'<a id="([\w-]+)">')


class Anchors(SphinxTransform):
    """Make targets of anchors; those on a line of their own, `docs.site.pages` has made already."""

    default_priority = 200  # before targets get their ids

    def apply(self, **_: Any) -> None:
        """Replace the two tags of an anchor by a target."""
        for raw in list(self.document.findall(nodes.raw)):
            begun = BEGIN.fullmatch(raw.astext())
            if begun is None:
                continue
            siblings = raw.parent.children
            end = siblings[siblings.index(raw) + 1] if raw is not siblings[-1] else None
            target = nodes.target("", "", ids=[begun[1]], names=[begun[1]])
            self.document.note_explicit_target(target)
            raw.replace_self(target)
            if isinstance(end, nodes.raw) and end.astext() == "</a>":
                end.parent.remove(end)


def setup(app: Sphinx) -> dict[str, Any]:
    """Let Sphinx know anchors within lines."""
    app.add_transform(Anchors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
