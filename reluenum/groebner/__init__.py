"""Groebner basis engines behind one protocol, and the choice between them.

Every engine turns a polynomial system into its reduced basis in the graded reverse
lexicographic order. That basis is unique, so engines can be compared literally and everything
after it is shared.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from reluenum.errors import BackendError, InputError
from reluenum.groebner.flint import FlintBackend
from reluenum.groebner.msolve import MsolveBackend
from reluenum.groebner.sympy import SympyBackend
from reluenum.realpoints import GroebnerBasis
from reluenum.stationarity import PolynomialSystem

DEFAULT_SECONDS = 120.0
"""Time limit of one backend on one system."""

SMALL_SYSTEM = 6
"""Up to so many unknowns `auto` gives FLINT its whole time limit before it asks msolve."""


class Backend(Protocol):
    """A Groebner basis engine."""

    name: str

    def version(self) -> str:
        """Return the engine's version; raise BackendError if it is not installed."""
        ...

    def basis(self, system: PolynomialSystem, seconds: float) -> GroebnerBasis:
        """Return the reduced basis; raise BackendError with the reason if it cannot."""
        ...

    def close(self) -> None:
        """End helper processes."""
        ...


BACKENDS: Mapping[str, type] = {
    backend.name: backend for backend in (FlintBackend, MsolveBackend, SympyBackend)
}


@dataclass(frozen=True)
class Engine(AbstractContextManager):
    """Some backends, asked one after the other until one finishes.

    Parameters
    ----------
    backends : tuple of Backend
        In the order in which they are asked.
    seconds : float
        Time limit of one backend on one system.
    """

    backends: tuple[Backend, ...]
    seconds: float = DEFAULT_SECONDS

    def basis(self, system: PolynomialSystem) -> GroebnerBasis:
        """Return the reduced Groebner basis of a system.

        Raises
        ------
        BackendError
            If no backend finishes; its reason lists all of theirs.
        """
        reasons = []
        for backend in self._ordered(system):
            try:
                return backend.basis(system, self.seconds)
            except BackendError as error:
                reasons.append(str(error))
        raise BackendError("+".join(b.name for b in self.backends), "; ".join(reasons))

    def _ordered(self, system: PolynomialSystem) -> Sequence[Backend]:
        return self.backends

    def versions(self) -> dict[str, str]:
        """Return the version of every backend."""
        return {backend.name: backend.version() for backend in self.backends}

    def close(self) -> None:
        """End the helper processes of all backends."""
        for backend in self.backends:
            backend.close()

    def __exit__(self, *exception: object) -> None:
        self.close()


class AutomaticEngine(Engine):
    """FLINT within a bounded effort, then msolve, then FLINT without bound, then sympy."""

    def basis(self, system: PolynomialSystem) -> GroebnerBasis:
        """Return the basis by the cheapest engine that is likely to finish."""
        quick = FlintBackend.within_effort(system)
        return quick if quick is not None else super().basis(system)

    def _ordered(self, system: PolynomialSystem) -> Sequence[Backend]:
        small = len(system.variables) <= SMALL_SYSTEM
        return self.backends if small else sorted(self.backends, key=lambda b: b.name == "flint")


def open_engine(name: str = "auto", seconds: float = DEFAULT_SECONDS) -> Engine:
    """Return the engine for a backend name; use it as a context manager.

    Raises
    ------
    InputError
        If there is no backend of that name.
    BackendError
        If it is not installed (`auto` needs FLINT only).
    """
    if name == "auto":
        return AutomaticEngine(tuple(_installed()), seconds)
    if name not in BACKENDS:
        raise InputError("backend", repr(name), f"one of auto, {', '.join(BACKENDS)}")
    backend = BACKENDS[name]()
    backend.version()
    return Engine((backend,), seconds)


def _installed() -> list[Backend]:
    """Return the backends that answer when asked for their version."""
    found = []
    for make in BACKENDS.values():
        backend = make()
        try:
            backend.version()
        except BackendError:
            continue
        found.append(backend)
    return found


__all__ = ["BACKENDS", "Backend", "Engine", "GroebnerBasis", "open_engine"]
