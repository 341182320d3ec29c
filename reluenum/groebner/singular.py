"""The Singular executable: slim Groebner bases, one process per system."""

import re
from functools import cache

from reluenum.algebra.bases import GroebnerBasis, Solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError
from reluenum.groebner.flint import BasisWorker
from reluenum.groebner.limits import Limits
from reluenum.groebner.program import UNREADABLE, executable, introduction, run
from reluenum.groebner.text import parse_polynomial, plain

HOW_TO_GET = (
    "`pip install --no-deps passagemath-singular`, `conda install -c conda-forge singular` or "
    "`apt install singular-ui` installs it"
)

# Commands of the kernel only; libraries differ between versions. A Rabinowitsch variable is
# several times faster here than the saturation of the ideal.
_PROGRAM = """\
option(redSB);
ring r = 0, ({variables}), dp;
short = 0;
ideal i = {polynomials};
i = slimgb(i);
int k;
for (k = 1; k <= size(i); k++) {{ i[k] = cleardenom(i[k]); }}
print("basis");
print(i);
print("end");
quit;
"""


class SingularBackend:
    """The Singular executable."""

    name = "singular"

    def __init__(self) -> None:
        self._worker = BasisWorker(self.name)

    def version(self) -> str:
        """Return Singular's version.

        Raises
        ------
        BackendError
            If the executable is missing; the reason says how to get it.
        """
        return _singular_version(executable("Singular", HOW_TO_GET))

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system; what follows from a large basis is computed in a helper process.

        Raises
        ------
        BackendError
            If Singular fails, reaches a limit, or answers something unreadable.
        """
        deadline = limits.deadline()
        basis = _basis_by_singular(plain(system.rabinowitsch), limits, deadline)
        found = self._worker.solutions_of(basis, limits, deadline)
        return found.without(system.extra_variables)

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _basis_by_singular(
    equations: PolynomialSystem, limits: Limits, deadline: float
) -> GroebnerBasis:
    """Return the reduced basis of a system."""
    program = _PROGRAM.format(
        variables=",".join(equations.variables), polynomials=",\n".join(equations.to_text())
    )
    command = [executable("Singular", HOW_TO_GET), "--quiet", "--no-rc", "--no-stdlib"]
    answer = run("singular", command, limits, deadline, program)
    try:
        return read_singular_basis(answer, equations.variables)
    except UNREADABLE as error:
        raise BackendError("singular", f"unreadable answer {answer[:80]!r}") from error


def read_singular_basis(text: str, variables: tuple[str, ...]) -> GroebnerBasis:
    """Read the basis that Singular prints: a polynomial a line, with commas in between.

    Raises
    ------
    ValueError
        If the text is anything else.
    """
    match = re.fullmatch(r"basis\n([^,\n]+(?:,\n[^,\n]+)*)\nend\n", text)
    if match is None:
        raise ValueError("no basis between its two marks")
    polynomials = [parse_polynomial(line, variables) for line in match[1].split(",\n")]
    return GroebnerBasis.of(variables, [p for p in polynomials if not p.is_zero()])


@cache
def _singular_version(path: str) -> str:
    """Ask the executable for its version."""
    answer = introduction("singular", [path, "--version"])
    found = re.search(r"version (\S+)", answer)
    return found[1] if found else "unknown"
