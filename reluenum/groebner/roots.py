"""Real roots of a system, and what a backend says of a proved point."""

from dataclasses import dataclass

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
    found = backends.solutions(system)
    if found.dimension > 0:
        found = backends.solutions(simple_points_system(system))
    if found.dimension > 0:
        raise BackendError("engine", "infinitely many simple points, which cannot be")
    if found.parametrisation is None:
        return []
    return real_solutions(found.parametrisation)


@dataclass(frozen=True)
class Claims:
    """A function from a proved point to what an engine says of the solution in its box.

    Parameters
    ----------
    backends : Backends
    """

    backends: Backends

    def __call__(self, point: IsolatedPoint) -> Root:
        """Ask the engine."""
        roots = real_roots_of(point.system, self.backends)
        for bits in CERTIFICATION_BITS:
            near = [
                root
                for root in roots
                if all(
                    ball.overlaps(box)
                    for ball, box in zip(root.balls(bits), point.balls(bits // 2), strict=True)
                )
            ]
            if len(near) == 1:
                return near[0]
        raise BackendError("escalation", "the engine's solutions do not single out a proved point")
