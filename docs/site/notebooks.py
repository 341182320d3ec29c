"""Notebooks of the examples are read at home, where a page is a file of the repository."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def at_home(notebook: str) -> str:
    """Return the text of a notebook with the names of pages in place of Sphinx's links.

    Examples
    --------
    >>> at_home("Read on: :doc:`/basins`.")
    'Read on: `docs/basins.md`.'
    """
    return re.sub(r":doc:`/(\w+)`", r"`docs/\1.md`", notebook)


def _rewrite(app: Sphinx) -> None:
    for path in sorted((Path(app.srcdir) / "examples").glob("*.ipynb")):
        path.write_text(at_home(path.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Have notebooks rewritten as soon as sphinx-gallery has made them."""
    app.connect("builder-inited", _rewrite, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
