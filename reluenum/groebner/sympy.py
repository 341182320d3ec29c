"""Sympy's Groebner bases: slow, always there, and written by other people than FLINT."""

from functools import partial
from importlib.metadata import version

from reluenum.algebra.bases import GroebnerBasis, Solutions, solutions
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.groebner.killable import HelpedBackend
from reluenum.groebner.limits import Limits


class SympyBackend(HelpedBackend):
    """Buchberger's algorithm of sympy, in a helper process."""

    name, modules = "sympy", ("sympy",)

    def version(self) -> str:
        """Return sympy's version."""
        return version("sympy")

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system."""
        solve = partial(solutions, basis_of=_basis_by_sympy)
        return self._worker.solutions(solve, system, limits, limits.deadline())


def _basis_by_sympy(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system (in the helper; sympy is slow to import)."""
    import sympy

    equations = system.rabinowitsch
    symbols = sympy.symbols(equations.variables)
    polynomials = [
        sympy.Poly({m: int(c) for m, c in p.to_dict().items()}, *symbols, domain="QQ")
        for p in equations.polynomials
    ]
    basis = sympy.groebner(polynomials, *symbols, order="grevlex", domain="QQ", method="buchberger")
    integral = [p.clear_denoms()[1].as_dict() for p in basis.polys]
    target = ring(equations.variables)
    return GroebnerBasis.of(
        equations.variables,
        [target.from_dict({m: int(c) for m, c in terms.items()}) for terms in integral],
    )
