"""Short code within a line stays in one piece: a face `--+-0` that is broken reads as two."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LONGEST = 20
"""Characters; a longer word, a path say, may be broken where there is no room for it."""


def _keep_together(app: Sphinx, doctree: nodes.document) -> None:
    """Mark inline code of short words; the style sheet says what that means."""
    for literal in doctree.findall(nodes.literal):
        if max(map(len, literal.astext().split()), default=0) <= LONGEST:
            literal["classes"].append("short")


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx mark short code."""
    app.connect("doctree-read", _keep_together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
