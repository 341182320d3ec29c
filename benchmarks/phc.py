"""PHCpack: numerical homotopy continuation, another way to all solutions of a square system.

Coefficients are rounded to double precision and paths are followed in it, so its answer proves
nothing: a path may jump to another, be given up, or be taken for one that goes to infinity.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

import numpy as np
from flint import fmpz_mpoly

from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError
from reluenum.groebner.limits import Limits
from reluenum.groebner.program import executable, run, told_version
from reluenum.groebner.text import plain

NAME = "PHCpack"

HOW_TO_GET = "`apt install phcpack` installs it"

REAL = 1e-6
"""Largest imaginary part of a coordinate of a real solution, scaled and relative to the largest."""

VANISHING = 1e-8
"""Largest value of a scaled polynomial that counts as 0, beside its terms with coordinates >= 1."""

_NUMBER = r"(-?\d\.\d+E[+-]\d+)"

_COORDINATE = re.compile(rf"^ (x\d+) : +{_NUMBER} +{_NUMBER}$", re.MULTILINE)

_SOLUTION = re.compile(
    rf"the solution for t :\s*\n((?: x\d+ : .*\n)+)"
    rf"== err : +{_NUMBER} = rco : +{_NUMBER} = res : +{_NUMBER} =="
)


@dataclass(frozen=True)
class NumericalSolution:
    """A complex solution in double precision.

    Parameters
    ----------
    values : tuple of complex
        Of the variables, in their order.
    correction, inverse_condition, residual : float
        Size of the last Newton step, estimated inverse of the condition number, and residual,
        as PHCpack says.
    is_real : bool
        Whether the imaginary parts are as good as zero.
    """

    values: tuple[complex, ...]
    correction: float
    inverse_condition: float
    residual: float
    is_real: bool


def version() -> str:
    """Return PHCpack's version.

    Raises
    ------
    BackendError
        If it is not installed; the reason says how to get it.
    """
    return told_version(NAME, r"PHCv(\S+)", executable("phc", HOW_TO_GET), "--version")


def solve(system: PolynomialSystem, limits: Limits) -> list[NumericalSolution]:
    """Return the solutions that the blackbox solver finds, from a fixed seed.

    Parameters
    ----------
    system : PolynomialSystem
        As many equations as variables.
    limits : Limits

    Returns
    -------
    list of NumericalSolution
        Without what it takes for points at infinity or for failures, and without those at which
        an inequation is violated: it is given the equations alone.

    Raises
    ------
    BackendError
        If it is not installed, reaches a limit, crashes, or answers something unreadable.
    """
    deadline, shifts = limits.deadline(), scaling(system)
    with tempfile.TemporaryDirectory(prefix="reluenum-phc-") as folder:
        source, log = Path(folder, "in"), Path(folder, "out")
        source.write_text(text_of(plain(system), shifts))
        # It appends the solutions, if any, to the file with the system; -0 fixes the seed.
        run(NAME, [executable("phc", HOW_TO_GET), "-b", "-0", source, log], limits, deadline)
        found = read_solutions(source.read_text(), len(system.variables))
    factors = [2.0**shift for shift in shifts]
    return [
        replace(s, values=tuple(v * f for v, f in zip(s.values, factors, strict=True)))
        for s in found
        if not any(vanishes(p, s.values, shifts) for p in system.nonzero)
    ]


def scaling(system: PolynomialSystem) -> list[int]:
    """Return powers of two of the variables that bring all coefficients close to each other.

    Least squares in the logarithms of the coefficients, with a factor for each equation: PHCpack
    takes badly scaled solutions for singular or infinite ones.

    Examples
    --------
    >>> from reluenum.algebra.polynomials import PolynomialSystem, ring
    >>> x, y = ring(("x", "y")).gens()
    >>> scaling(PolynomialSystem(("x", "y"), (1024 * x * y - 1, 4 * x - y)))
    [-6, -4]
    """
    size = len(system.polynomials)
    rows, logarithms = [], []
    for k, polynomial in enumerate(system.polynomials):
        for exponents, coefficient in polynomial.to_dict().items():
            rows.append([*map(int, exponents), *(int(k == j) for j in range(size))])
            logarithms.append(-log2(abs(int(coefficient))))
    solution = np.linalg.lstsq(np.array(rows), np.array(logarithms))[0]
    return [round(float(power)) for power in solution[: len(system.variables)]]


def text_of(equations: PolynomialSystem, shifts: Sequence[int]) -> str:
    """Write a square system as PHCpack reads it, scaled.

    Parameters
    ----------
    equations : PolynomialSystem
    shifts : sequence of int
        Each variable is 2 to this power times the one that is written.

    Raises
    ------
    BackendError
        If it is not square, or an equation says nothing.

    Examples
    --------
    >>> from reluenum.algebra.polynomials import PolynomialSystem, ring
    >>> x, y = ring(("x", "y")).gens()
    >>> print(text_of(PolynomialSystem(("x", "y"), (4 * x * y - 1, x**2 - y)), (0, 1)), end="")
    2 2
    +1.0*x*y -0.125;
    +0.5*x^2 -1.0*y;
    """
    names, polynomials = equations.variables, equations.polynomials
    if len(names) != len(polynomials):
        raise BackendError(NAME, f"{len(polynomials)} equations in {len(names)} variables")
    if any(polynomial.is_zero() for polynomial in polynomials):
        raise BackendError(NAME, "an equation is 0 = 0")
    lines = [
        " ".join("*".join([f"{c:+}", *_powers(names, e)]) for e, c in terms.items()) + ";"
        for terms in (scaled(polynomial, shifts) for polynomial in polynomials)
    ]
    return "\n".join([f"{len(lines)} {len(names)}", *lines]) + "\n"


def scaled(polynomial: fmpz_mpoly, shifts: Sequence[int]) -> dict[tuple[int, ...], float]:
    """Return the terms of a scaled polynomial, divided by the largest coefficient."""
    terms = {tuple(map(int, e)): int(c) for e, c in polynomial.to_dict().items()}
    powers = {e: sum(k * s for k, s in zip(e, shifts, strict=True)) for e in terms}
    lowest = min(powers.values())
    raised = {e: c << (powers[e] - lowest) for e, c in terms.items()}
    largest = max(map(abs, raised.values()))
    return {e: c / largest for e, c in raised.items()}


def _powers(names: Sequence[str], exponents: Sequence[int]) -> list[str]:
    pairs = zip(names, exponents, strict=True)
    return [name if power == 1 else f"{name}^{power}" for name, power in pairs if power]


def read_solutions(text: str, variables: int) -> list[NumericalSolution]:
    """Read the list of solutions that PHCpack appends to the file with the system.

    Parameters
    ----------
    text : str
        Without a list if there is no solution.
    variables : int
        How many coordinates, x1, x2, ..., a solution has; they are listed in any order.

    Raises
    ------
    BackendError
        If the list is not as long as it says.
    """
    _, mark, listed = text.rpartition("THE SOLUTIONS :")
    if not mark:
        return []
    counts = re.match(r"\s*(\d+) +(\d+)\s", listed)
    found = []
    for block, *numbers in _SOLUTION.findall(listed):
        values = {name: complex(float(a), float(b)) for name, a, b in _COORDINATE.findall(block)}
        ordered = tuple(values.get(f"x{k}", complex("nan")) for k in range(1, variables + 1))
        size = max(1.0, *map(abs, ordered))
        is_real = all(abs(value.imag) <= REAL * size for value in ordered)
        found.append(NumericalSolution(ordered, *map(float, numbers), is_real))
    if counts is None or (len(found), variables) != tuple(map(int, counts.groups())):
        raise BackendError(NAME, f"unreadable list of solutions {listed[:40]!r}")
    return found


def vanishes(polynomial: fmpz_mpoly, values: Sequence[complex], shifts: Sequence[int]) -> bool:
    """Whether a polynomial is 0 at a point in scaled variables, up to `VANISHING`."""
    terms = scaled(polynomial, shifts)
    exponents, coefficients = np.array(list(terms)), np.array(list(terms.values()))
    with np.errstate(all="ignore"):
        value = (np.array(values) ** exponents).prod(axis=1) @ coefficients
        size = (np.maximum(np.abs(values), 1) ** exponents).prod(axis=1) @ abs(coefficients)
        return bool(abs(value) <= VANISHING * size)
