"""Times that can be compared: rounds in which all take turns, limits, and medians with spread."""

import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class TimeUp(BaseException):
    """A limit of time was reached; no handler of errors may take it for one."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End what runs in the main thread with `TimeUp` after so many seconds."""

    def stop(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def turns(rounds: int, share: float) -> Iterator[int]:
    """Yield the numbers of rounds as long as another one fits into a share of seconds.

    The first one always takes place.
    """
    started, longest = time.perf_counter(), 0.0
    for turn in range(rounds):
        before = time.perf_counter()
        if turn and before - started + longest > share:
            return
        yield turn
        longest = max(longest, time.perf_counter() - before)


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return median, extremes and number of repeated measurements, to three digits.

    Examples
    --------
    >>> spread([0.5, 0.25, 1.0])
    {'median': 0.5, 'low': 0.25, 'high': 1.0, 'runs': 3}
    """
    low, median, high = (float(f"{f(values):.3g}") for f in (min, statistics.median, max))
    return {"median": median, "low": low, "high": high, "runs": len(values)}


def ratio(times: Sequence[float], base: Sequence[float]) -> dict[str, Any]:
    """Return how many times as long as the base a measurement took, round by round.

    Examples
    --------
    >>> ratio([2.0, 3.0, 4.0], [1.0, 2.0, 2.0])
    {'median': 2.0, 'low': 1.5, 'high': 2.0, 'runs': 3}
    """
    return spread([mine / theirs for mine, theirs in zip(times, base, strict=False)])


class Progress:
    """A line on standard error for each case, with the time since the start."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def __call__(self, text: str) -> None:
        """Print the line of a case that is done."""
        print(f"{self.seconds:6.0f} s  {text}", file=sys.stderr, flush=True)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self._started
