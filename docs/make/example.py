"""Render the report of the reference experiment as an example, and picture its explorer.

./run reference && ./run -- python -m docs.make.example
"""

import subprocess
import sys

from playwright.sync_api import sync_playwright

from docs.make.prose import ROOT

REPORT = ROOT / "docs/example/report.html"
EXPLORER = ROOT / "results/reference/paths/reference-L2/explorer.html"
PICTURE = ROOT / "docs/images/explorer.png"
WINDOW = {"width": 1100, "height": 1120}


def main() -> None:
    """Write both files."""
    REPORT.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "snakemake", "--report", str(REPORT)]
    subprocess.run(command, cwd=ROOT, check=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.goto(EXPLORER.as_uri())
        for _ in range(5):
            page.keyboard.press("]")
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
