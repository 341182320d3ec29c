"""Real roots of a system, and what a backend says of a proved point."""

from flint import arb

from reluenum.algebra.bases import Solutions
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem, simple_points_system
from reluenum.errors import BackendError
from reluenum.groebner.backends import Backends


def real_roots_of(system: PolynomialSystem, backends: Backends) -> list[Root]:
    """Return the real solutions of a support's system; only the simple ones if infinitely many.

    Raises
    ------
    BackendError
        If the engine does not finish.
    """
    found = finite_solutions(system, backends)
    return [] if found.parametrisation is None else real_solutions(found.parametrisation)


def finite_solutions(system: PolynomialSystem, backends: Backends) -> Solutions:
    """Return the solutions of a square system; only the simple ones if infinitely many.

    Raises
    ------
    BackendError
        If the engine does not finish.
    """
    found = backends.solutions(system)
    if found.dimension > 0:
        found = backends.solutions(simple_points_system(system))
    if found.dimension > 0:
        raise BackendError("engine", "infinitely many simple points, which cannot be")
    return found


def claimed_root(backends: Backends, point: IsolatedPoint) -> Root:
    """Return what an engine says of the solution in the box of a proved point.

    Raises
    ------
    BackendError
        If the engine does not finish, or its solutions do not tell which one it is.
    """
    roots = real_roots_of(point.system, backends)
    for bits in CERTIFICATION_BITS:
        boxes = point.balls(bits // 2)
        near = [root for root in roots if all(map(arb.overlaps, root.balls(bits), boxes))]
        if len(near) == 1:
            return near[0]
    raise BackendError("escalation", "the engine's solutions do not single out a proved point")
