"""What every test module shares."""

import gc
import os
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from reluenum.groebner import program, versions
from reluenum.groebner.backends import BACKENDS

# How long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.load_profile("patient")

DEAREST = 10
"""How many files are shown that take most."""

SELDOM = 20_000
"""How many more objects there are when garbage is looked for, instead of 700."""

WORKED = pytest.StashKey[float]()
"""Seconds that the cores have worked for a process and the programs it has started."""


def pytest_configure() -> None:
    """Let started programs be interrupted, also where the tests run in the background.

    A shell starts its background jobs deaf to SIGINT, and their children inherit that. All
    processes of a run record the same software, also if some is installed meanwhile.
    """
    versions.share_versions()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the slow tests last, so that a mistake shows early.

    Several processes share the files among them (`--dist loadfile`), as the tests of a file share
    what is made once. They begin with those that take longest, so that none waits for another at
    the end.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
    if hasattr(config, "workerinput"):
        items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> int:
    """Return how long the tests of a file take, roughly."""
    mark = item.get_closest_marker("seconds")
    return 0 if mark is None else mark.args[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let a report say how many seconds a core worked for it, whatever else the machine does.

    This includes started programs that have ended; what a file's tests share, its first one pays.
    """
    report, before = (yield), item.session.stash.get(WORKED, 0.0)
    item.session.stash[WORKED] = now = sum(os.times()[:4])
    report.worked = now - before
    return report


def pytest_collection() -> None:
    """Look for no garbage while what is imported and collected stays to the end."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the clock: what collecting takes belongs to no test.

    Nor is what has been collected ever garbage, which would be looked through again and again; and
    nearly all that tests make is gone without being looked for.
    """
    gc.freeze()
    gc.set_threshold(SELDOM, 10, 10)
    gc.enable()
    session.stash[WORKED] = sum(os.times()[:4])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests recorded, such as how many jobs a scheduler got."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")
    show_dearest(terminalreporter)


def show_dearest(terminalreporter: pytest.TerminalReporter) -> None:
    """Show in which files the time went, if there are several."""
    worked, waited = Counter(), Counter()
    for report in chain(*terminalreporter.stats.values()):
        if hasattr(report, "worked"):
            file = report.nodeid.partition("::")[0]
            worked[file] += report.worked
            waited[file] += report.duration
    if len(worked) < 2:
        return
    terminalreporter.section(f"{worked.total():.0f} s of a core, most in these files")
    for file, seconds in worked.most_common(DEAREST):
        terminalreporter.write_line(f"{seconds:7.1f} s of {waited[file]:.1f} s: {file}")


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no backend program be found on this machine."""
    monkeypatch.delenv(versions.SOFTWARE)
    monkeypatch.setattr(program.shutil, "which", lambda name: None)
    monkeypatch.setattr(program.importlib.util, "find_spec", lambda name: None)
    caches = (program.executable, versions._of_this_process)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture(scope="module")
def lasting_backends() -> Iterator[dict[str, Any]]:
    """Provide backends whose helper processes end after all tests of a module."""
    opened = {name: backend() for name, backend in BACKENDS.items()}
    ends = [backend.close for backend in opened.values()]
    for backend in opened.values():
        backend.close = lambda: None
    yield opened
    for end in ends:
        end()


@pytest.fixture
def lasting_helpers(lasting_backends: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all runs share helper processes: of many a run most is that these start."""
    for name, backend in lasting_backends.items():
        monkeypatch.setitem(BACKENDS, name, lambda backend=backend: backend)
