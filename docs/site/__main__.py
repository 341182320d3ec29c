"""Build the documentation site: `python -m docs.site`, in build/site.

`--quick` neither runs the examples nor colours the source files; `--output FOLDER` names another
folder. Nothing is fetched, and what has not changed is not made again.
"""

import argparse
import gc
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from docs.site.pages import EXAMPLES, ROOT, Site


def main(arguments: list[str] | None = None) -> int:
    """Gather the pages, and have Sphinx make the site of them; warnings are errors."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build/site")
    parser.add_argument(
        "--quick", action="store_true", help="neither run examples nor colour source"
    )
    chosen = parser.parse_args(arguments)
    output = chosen.output.resolve()
    pages = output.with_name(f"{output.name}-pages")
    Site(pages).gather()
    settings = ["-D", "plain_sources=1"] if chosen.quick else []
    if chosen.quick and EXAMPLES.is_dir():
        settings += ["-D", "plot_gallery=0"]
    cache = output.with_name(f"{output.name}-cache")
    folders = ["-d", str(cache), str(pages), str(output)]
    strict = ["--fail-on-warning", "--keep-going", "--quiet", "--jobs", "auto"]
    gc.set_threshold(100_000, 50)  # trees of pages live long: garbage is looked for in vain
    status = sphinx(["-b", "html", "-c", str(ROOT / "docs"), *strict, *settings, *folders])
    if status == 0:
        print(output / "index.html")
    else:  # pages that are not read again would not be complained about again
        shutil.rmtree(cache, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
