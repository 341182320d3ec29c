"""The backends behind one protocol, and the choice between them.

Every backend turns a polynomial system into a parametrisation of its complex solutions by the
roots of one polynomial. None needs to be trusted: its real solutions are certified by interval
Newton, and a missing one is noticed when the supports are merged (Theorem E).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from reluenum.algebra.bases import Solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.algebra.scalars import whole
from reluenum.errors import BackendError, InputError
from reluenum.groebner.flint import FlintBackend
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.msolve import MsolveBackend
from reluenum.groebner.singular import SingularBackend
from reluenum.groebner.sympy import SympyBackend


class Backend(Protocol):
    """A Groebner basis engine."""

    name: str

    def version(self) -> str:
        """Return the engine's version; raise BackendError if it is not installed."""
        ...

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system; raise BackendError with the reason if that fails."""
        ...

    def close(self) -> None:
        """End helper processes."""
        ...


BACKENDS: Mapping[str, type] = {
    backend.name: backend
    for backend in (FlintBackend, MsolveBackend, SingularBackend, SympyBackend)
}

MODULAR = frozenset({MsolveBackend.name})
"""Backends that work modulo primes, some of them only probable to be enough."""


@dataclass(frozen=True)
class Backends(AbstractContextManager):
    """Some backends, asked one after the other until one finishes.

    Parameters
    ----------
    backends : tuple of Backend
        In the order in which they are asked.
    limits : Limits
        Of one backend on one system.
    """

    backends: tuple[Backend, ...]
    limits: Limits = DEFAULT_LIMITS

    def solutions(self, system: PolynomialSystem) -> Solutions:
        """Solve a system by the first backend that finishes.

        Raises
        ------
        BackendError
            If none does; the reason lists all of theirs.
        """
        reasons = []
        for backend in self.backends:
            try:
                found = backend.solutions(system, self.limits)
                return replace(found, engine=backend.name)
            except BackendError as error:
                reasons.append(error.reason if len(self.backends) == 1 else str(error))
        raise BackendError("+".join(b.name for b in self.backends), "; ".join(reasons))

    def versions(self) -> dict[str, str]:
        """Return the version of every backend."""
        return {backend.name: backend.version() for backend in self.backends}

    def close(self) -> None:
        """End the helper processes of all backends."""
        for backend in self.backends:
            backend.close()

    def __exit__(self, *exception: object) -> None:
        self.close()


class AutomaticBackends(Backends):
    """FLINT in process while the system is easy; then its backends with their time limits."""

    def solutions(self, system: PolynomialSystem) -> Solutions:
        """Solve a system by the cheapest backend that finishes."""
        easy = FlintBackend.within_effort(system)
        if easy is None:
            return super().solutions(system)
        return replace(easy, engine=FlintBackend.name)


def open_backends(name: str = "auto", limits: Limits = DEFAULT_LIMITS) -> Backends:
    """Return the engine for a backend name; use it as a context manager.

    Parameters
    ----------
    name : str
        `auto` (FLINT while easy, then msolve, Singular, FLINT, sympy) or a key of `BACKENDS`.
    limits : Limits
        Of one backend on one system.

    Raises
    ------
    InputError
        If there is no backend of that name.
    BackendError
        If it is not installed (`auto` needs FLINT and sympy only).
    """
    if name == "auto":
        by_strength = (MsolveBackend(), SingularBackend(), FlintBackend(), SympyBackend())
        return AutomaticBackends(tuple(b for b in by_strength if backend_version(b)), limits)
    if name not in BACKENDS:
        raise InputError("backend", repr(name), f"one of auto, {', '.join(BACKENDS)}")
    backend = BACKENDS[name]()
    backend.version()
    return Backends((backend,), limits)


@dataclass(frozen=True)
class Settings:
    """How work is done; what it ends with does not depend on it.

    Parameters
    ----------
    backend : str
        `auto`, or a key of `BACKENDS`.
    limits : Limits
        Of one backend on one system.
    jobs : int
        Number of processes.
    progress : bool
        Whether to show a bar on standard error.

    Raises
    ------
    InputError
        If the number of processes is none.
    """

    backend: str = "auto"
    limits: Limits = DEFAULT_LIMITS
    jobs: int = 1
    progress: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", whole(self.jobs, "jobs"))

    def open(self) -> Backends:
        """Return the backends; use them as a context manager."""
        return open_backends(self.backend, self.limits)


DEFAULT_SETTINGS = Settings()


def backend_version(backend: Backend) -> str | None:
    """Return the version of a backend, or None if it is not installed."""
    try:
        return backend.version()
    except BackendError:
        return None
