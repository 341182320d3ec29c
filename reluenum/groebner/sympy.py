"""Sympy's Groebner bases: slow, always there, and written by other people than FLINT."""

from importlib.metadata import version

from reluenum.groebner.killable import KillableWorker
from reluenum.groebner.text import parse_polynomial
from reluenum.realpoints import GroebnerBasis, Solutions
from reluenum.stationarity import PolynomialSystem


class SympyBackend:
    """Buchberger's algorithm of sympy, in a helper process."""

    name = "sympy"

    def __init__(self) -> None:
        self._worker = KillableWorker(self.name)

    def version(self) -> str:
        """Return sympy's version."""
        return version("sympy")

    def solutions(self, system: PolynomialSystem, seconds: float) -> Solutions:
        """Solve a system."""
        return self._worker.solutions(_basis, system, seconds)

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _basis(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system (in the helper; sympy is slow to import)."""
    import sympy

    symbols = sympy.symbols(system.variables)
    parsed = [
        sympy.Poly(text.replace("^", "**"), *symbols, domain="QQ") for text in system.to_text()
    ]
    basis = sympy.groebner(parsed, *symbols, order="grevlex", domain="QQ", method="buchberger")
    texts = [str(p.clear_denoms()[1].as_expr()).replace("**", "^") for p in basis.polys]
    return GroebnerBasis.of(
        system.variables, [parse_polynomial(text, system.variables) for text in texts]
    )
