"""Sympy's Groebner bases: slow, always there, and written by other people than FLINT."""

from functools import cache, partial
from importlib.metadata import version

from reluenum.algebra.bases import GroebnerBasis, Solutions, grevlex_key, solutions
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.groebner.killable import HelpedBackend
from reluenum.groebner.limits import Limits

ORDER = cache(grevlex_key)
"""The monomial order. Finding leading terms is most of sympy's work, and monomials come back."""


class SympyBackend(HelpedBackend):
    """Buchberger's algorithm of sympy, in a helper process."""

    name, modules = "sympy", ("sympy",)

    def version(self) -> str:
        """Return sympy's version."""
        return _version()

    def solutions(self, system: PolynomialSystem, limits: Limits) -> Solutions:
        """Solve a system."""
        solve = partial(solutions, basis_of=_basis_by_sympy)
        return self._worker.solutions(solve, system, limits, limits.deadline())


@cache
def _version() -> str:
    """Return sympy's version, which is read from a file."""
    return version("sympy")


def _basis_by_sympy(system: PolynomialSystem) -> GroebnerBasis:
    """Return the reduced basis of a system (in the helper; sympy is slow to import)."""
    from sympy import QQ
    from sympy.polys.groebnertools import groebner
    from sympy.polys.rings import PolyRing

    equations = system.rabinowitsch
    ours = ring(equations.variables)
    theirs = PolyRing(equations.variables, QQ, ORDER)
    polynomials = [
        theirs.from_dict({m: QQ(int(c)) for m, c in p.to_dict().items()})
        for p in equations.polynomials
        if p != 0
    ]
    integral = (p.clear_denoms()[1] for p in groebner(polynomials, theirs, method="buchberger"))
    return GroebnerBasis.of(
        equations.variables,
        [ours.from_dict({m: int(c) for m, c in p.items()}) for p in integral],
    )
