"""How long a backend may work on one system, and with how much memory."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reluenum.algebra.scalars import positive, whole
from reluenum.errors import BackendError

DEFAULT_SECONDS = 120.0
"""Time limit of one backend on one system."""

DEFAULT_MEGABYTES = 4000
"""Memory limit of one backend on one system; msolve reserves 1 GB for the smallest."""


@dataclass(frozen=True)
class Limits:
    """What one backend may use for one system.

    Parameters
    ----------
    seconds : float
    megabytes : int
        Of address space, in 2**20 bytes; macOS does not enforce it.

    Raises
    ------
    InputError
        If a limit is not positive, or no number.
    """

    seconds: float = DEFAULT_SECONDS
    megabytes: int = DEFAULT_MEGABYTES

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", positive(self.seconds, "seconds"))
        object.__setattr__(self, "megabytes", whole(self.megabytes, "megabytes"))

    def deadline(self) -> float:
        """Return the time, on the monotonic clock, when work that starts now has to end."""
        return time.monotonic() + self.seconds

    def too_slow(self, backend: str) -> BackendError:
        """Return the error of a backend that needs more time."""
        return BackendError(backend, f"not solved within {self.seconds:g} s")

    def too_large(self, backend: str) -> BackendError:
        """Return the error of a backend that needs more memory."""
        return BackendError(backend, f"not solved within {self.megabytes} MB of memory")


DEFAULT_LIMITS = Limits()


def seconds_until(deadline: float) -> float:
    """Return how much time is left; 0 if none is."""
    return max(deadline - time.monotonic(), 0.0)


@contextmanager
def limited_memory(megabytes: int) -> Iterator[None]:
    """Give this process no more address space than that, where the system can."""
    if sys.platform != "linux":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [megabytes << 20, *(bound for bound in before if bound != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
