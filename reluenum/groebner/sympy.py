"""Sympy's Groebner bases: slow, always there, and written by other people than FLINT."""

import sympy

from reluenum.groebner.flint import parsed_basis
from reluenum.groebner.killable import KillableWorker
from reluenum.realpoints import GroebnerBasis
from reluenum.stationarity import PolynomialSystem


class SympyBackend:
    """Buchberger's algorithm of sympy, in a helper process."""

    name = "sympy"

    def __init__(self) -> None:
        self._worker = KillableWorker(self.name)

    def version(self) -> str:
        """Return sympy's version."""
        return sympy.__version__

    def basis(self, system: PolynomialSystem, seconds: float) -> GroebnerBasis:
        """Return the reduced basis."""
        texts = self._worker.call(_basis_text, (system.variables, system.to_text()), seconds)
        return parsed_basis(system.variables, texts)

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _basis_text(variables: tuple[str, ...], polynomials: list[str]) -> list[str]:
    """Compute in the helper process; polynomials travel as text."""
    symbols = sympy.symbols(variables)
    parsed = [sympy.Poly(text.replace("^", "**"), *symbols, domain="QQ") for text in polynomials]
    basis = sympy.groebner(parsed, *symbols, order="grevlex", domain="QQ", method="buchberger")
    return [str(p.clear_denoms()[1].as_expr()).replace("**", "^") for p in basis.polys]
