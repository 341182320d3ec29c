"""A real browser without a network, shared by the tests of pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}

DESKTOP = {"viewport": {"width": 1280, "height": 1100}}

PATIENCE = 600_000
"""Milliseconds; the last resort against a browser that hangs."""


def chromium() -> str:
    """Return the installed Chromium; without one, tests are skipped, but not in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = "no Chromium: install it (Debian, Ubuntu: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the browser, and end it."""
    program = chromium()
    with sync_playwright() as driver:
        # Its sandbox cannot be had by root, which is who runs tests in a container.
        settings = {"executable_path": program, "args": ["--no-sandbox"], "timeout": PATIENCE}
        browser = driver.chromium.launch(**settings)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, ignored: str = "", **settings: Any) -> Iterator[Page]:
    """Open a file; in the end, it must have had no errors and asked for nothing else.

    A message that contains the text `ignored` is none, if there is such a text.
    """
    errors: list[str] = []
    requests: list[str] = []
    context = browser.new_context(offline=True, **settings)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(f"{message.type}: {message.text}"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert [error for error in errors if not ignored or ignored not in error] == []
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def artefact(page: Page, name: str, fallback: Path, **settings: Any) -> bytes:
    """Take a picture, kept in the folder RELUENUM_ARTEFACTS if there is one."""
    folder = Path(os.environ.get("RELUENUM_ARTEFACTS") or fallback)
    folder.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=folder / f"{name}.png", **settings)


SNAKEMAKES_OWN = "cdn.tailwindcss.com should not be used in production"
"""A remark of a library inside every report of Snakemake, which asks nothing of any network."""
