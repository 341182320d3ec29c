"""What every test module shares."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from reluenum.groebner import program, versions

# How long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.load_profile("patient")


def pytest_configure() -> None:
    """Let started programs be interrupted, also where the tests run in the background.

    A shell starts its background jobs deaf to SIGINT, and their children inherit that. All
    processes of a run record the same software, also if some is installed meanwhile.
    """
    versions.share_versions()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests last, so that a mistake shows early.

    Of these the longest come first, so that no process waits for the other at the end.
    """
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[bool, int]:
    slow = item.get_closest_marker("slow")
    return slow is not None, 0 if slow is None else -slow.kwargs.get("seconds", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests recorded, such as how many jobs a scheduler got."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")


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
