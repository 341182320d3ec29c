"""Sphinx's configuration of the documentation site, which `make site` builds.

The pages are those of `docs.site.pages`, gathered in build/site-pages; the extensions of the
project are in docs/site. Every warning is an error there, so a link, a formula or a mention of a
statement that leads nowhere ends the build.
"""

import hashlib
import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "reluenum"
author = "The reluenum authors"
copyright = "The reluenum authors; BSD-3-Clause"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.site.anchors",
    "docs.site.formulas",
    "docs.site.names",
    "docs.site.statements",
    "docs.site.sources",
    "docs.site.words",
]
# The examples are scripts that are run, and run again only when they have changed.
if (ROOT / "docs/examples").is_dir():
    extensions += ["sphinx_gallery.gen_gallery", "docs.site.notebooks"]
    sphinx_gallery_conf = {
        "examples_dirs": str(ROOT / "docs/examples"),
        "gallery_dirs": "examples",
        "filename_pattern": r"plot_",
        "within_subsection_order": "FileNameSortKey",
        "abort_on_example_error": True,
        "download_all_examples": False,
        "show_signature": False,
        "remove_config_comments": True,
        "write_computation_times": False,
        "min_reported_time": 3600,
        "reference_url": {"reluenum": None},
        "reset_modules": ("matplotlib",),
    }

root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

# Pages are GitHub's Markdown, with the anchors that GitHub gives to headings.
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
myst_heading_slug_func = "docs.make.theory_index.anchor_of"
myst_url_schemes = ["http", "https", "mailto", "source"]
myst_dmath_allow_labels = False
suppress_warnings = ["myst.header"]

# A docstring's code is literal, and signatures are as they are written.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = False  # values, not names of constants
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_param = False  # in "list of rows", "rows" is no name of Python
napoleon_use_rtype = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 72
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "reluenum"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "site/static/mark.svg"
html_search_scorer = str(ROOT / "docs/site/scorer.js")
html_copy_source = False
html_show_sourcelink = False
html_permalinks_icon = "#"
html_math_renderer = "mathml"
html_theme_options = {
    "logo": {
        "image_light": "wordmark.svg",
        "image_dark": "wordmark-dark.svg",
        "alt_text": "reluenum: to the first page",
    },
    "show_prev_next": True,
    "show_toc_level": 1,
    "navigation_depth": 3,
    "show_nav_level": 1,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "search": []},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_use_index = False
html_sidebars = {"index": [], "search": [], "contents": []}


def setup(app: Sphinx) -> None:
    """Have all pages made again when what makes them has changed, or which pages there are."""
    pages = sorted(path.name for path in Path(app.srcdir).rglob("*.[mr][ds]*"))
    tools = b"".join(path.read_bytes() for path in sorted((ROOT / "docs/site").glob("*.py")))
    made_of = hashlib.sha256(tools + " ".join(pages).encode()).hexdigest()
    app.add_config_value("made_of", made_of, "env", str)
