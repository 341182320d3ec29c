"""The Singular executable: slim Groebner bases, one process per system."""

import re

from reluenum.algebra.bases import GroebnerBasis, Solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.groebner.flint import ExecutableBackend
from reluenum.groebner.limits import Limits
from reluenum.groebner.program import run
from reluenum.groebner.text import parse_polynomial, plain

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


class SingularBackend(ExecutableBackend):
    """The Singular executable."""

    name, program, asks_version = "singular", "Singular", "--version"
    how_to_get = (
        "`pip install --no-deps passagemath-singular`, `conda install -c conda-forge singular` or "
        "`apt install singular-ui` installs it"
    )

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system; what follows from a large basis is computed in a helper process.

        Raises
        ------
        BackendError
            If Singular fails, reaches a limit, or answers something unreadable.
        """
        deadline = limits.deadline()
        equations = plain(system.rabinowitsch)
        program = _PROGRAM.format(
            variables=",".join(equations.variables), polynomials=",\n".join(equations.to_text())
        )
        command = self._command("--quiet", "--no-rc", "--no-stdlib")
        answer = run(self.name, command, limits, deadline, program)
        basis = self._understood(read_singular_basis, answer, equations.variables)
        found = self._worker.solutions_of(basis, limits, deadline)
        return found.without(system.extra_variables)


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
