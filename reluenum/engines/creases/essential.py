"""Single supports of creases that doubles leave open: a point proved, or the crease not needed.

The residual of a support is that of some of its creases, all others being held, at a simple
solution with positive squares (Lemma 100). That is proved by interval Newton, and the others are
slack, or tight with a square of exactly 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat

from reluenum.algebra.linear import dot
from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.algebra.numbers import IsolatedPoint, rational_point
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.enclosures import CreaseTables, CreaseVerdict
from reluenum.engines.creases.interior import InteriorPath
from reluenum.engines.creases.systems import CreasePoint, CreaseSystem
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.errors import BackendError
from reluenum.groebner.backends import Backends
from reluenum.groebner.roots import claimed_root

PATH_BITS = (128, 512)
"""Precisions in which minima are looked for that doubles did not find."""


@dataclass(frozen=True, eq=False)
class DecidedSupport:
    """What is known of one support.

    Parameters
    ----------
    support : tuple of Crease
    verdict : CreaseVerdict
    place : int
        The position of the crease that it is about, or -1.
    slopes : (m, d) array
        Of the minimum, summed over the units of each crease.
    point : CreasePoint, optional
        Of which the residual is that of the support.
    reason : str
        Why nothing is known.
    """

    support: tuple[Crease, ...]
    verdict: CreaseVerdict
    place: int
    slopes: np.ndarray
    point: CreasePoint | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Decider:
    """Decides single supports, by balls of higher precision or exactly.

    Parameters
    ----------
    tables : CreaseTables
    backends : Backends
        Asked only when balls cannot decide.
    """

    tables: CreaseTables
    backends: Backends

    @property
    def creases(self) -> Creases:
        """The creases."""
        return self.tables.creases

    def settled(self, row: Sequence[int], slopes: np.ndarray) -> DecidedSupport:
        """Decide a support.

        Parameters
        ----------
        row : (m,) sequence of int
            Numbers of creases; not dependent.
        slopes : (m, d) array
            Nearly those of the minimum.
        """
        support = tuple(self.creases.live[k] for k in row)
        if self._is_dependent(support):
            return DecidedSupport(support, CreaseVerdict.DEPENDENT, -1, slopes)
        reason = "no box holds the minimum of its convex problem"
        for kept, start in self._attempts(support, slopes):
            point = self.point(support, kept, start)
            if point is None:
                continue
            found = self._slopes(point, support, kept)
            residual = CreaseResidual(self.creases, point)
            if len(kept) == len(support):
                verdict, place = self._rejected(residual, support)
                return DecidedSupport(support, verdict, place, found, point)
            try:
                signs = {k: residual.excess(c) for k, c in enumerate(support) if k not in kept}
            except BackendError as error:
                reason = str(error)
                continue
            if max(signs.values()) <= 0:
                place = min(signs, key=lambda k: (signs[k], k))
                tie = signs[place] == 0
                verdict = CreaseVerdict.REDUCIBLE if tie else CreaseVerdict.SLACK
                return DecidedSupport(support, verdict, place, found, point)
        return DecidedSupport(support, CreaseVerdict.UNDECIDED, -1, slopes, reason=reason)

    def _is_dependent(self, support: Sequence[Crease]) -> bool:
        """Whether u of one crease is the projection of another's, up to its sign (Lemma 99)."""
        remover = CreaseSystem(self.creases, tuple(support)).remover
        forms = [fmpq_mat([*map(list, crease.forms)]) * remover.transpose() for crease in support]
        for (own, crease), (other, _) in permutations(zip(forms, support, strict=True), 2):
            projected = fmpq_mat([*map(list, crease.projector)]) * other
            if own in (projected, -projected):
                return True
        return False

    def _attempts(
        self, support: Sequence[Crease], slopes: np.ndarray
    ) -> Iterator[tuple[tuple[int, ...], list[arb]]]:
        """Yield creases that may be those that are needed, and unknowns near a solution."""
        every = tuple(range(len(support)))
        if start := unknowns_near(support, slopes):
            yield every, start
        for bits in PATH_BITS:
            for part in _parts(len(support)):
                found = InteriorPath(self._system(support, part), bits).minimum()
                if found is None:
                    yield (), []
                    continue
                sets = found.needed() if part == every else [tuple(range(len(part)))]
                for kept in sets:
                    if all(found.lengths[k] > 0 for k in kept):
                        yield tuple(part[k] for k in kept), found.unknowns(kept)

    def _system(self, support: Sequence[Crease], kept: Sequence[int]) -> CreaseSystem:
        """Return the system of some creases, others being held."""
        held = tuple(crease for k, crease in enumerate(support) if k not in kept)
        return CreaseSystem(self.creases, tuple(support[k] for k in kept), held)

    def point(
        self, support: Sequence[Crease], kept: Sequence[int], start: Sequence[arb]
    ) -> CreasePoint | None:
        """Prove a simple solution with positive squares on some creases, others being held."""
        system = self._system(support, kept)
        if not kept:
            return CreasePoint(system, rational_point())
        near = lambda _: polished(system.system, start)  # noqa: E731
        box = certified_box(system.system, near, sizes=_sizes_of_unknowns(system.support, start))
        if box is None or not all(square > 0 for square in box[-len(kept) :]):
            return None
        claim = partial(claimed_root, self.backends)
        return CreasePoint(system, IsolatedPoint(system.system, box, claim))

    def _rejected(
        self, residual: CreaseResidual, support: Sequence[Crease]
    ) -> tuple[CreaseVerdict, int]:
        """Return what sharp enclosures say against the creases of a point; POINT if nothing."""
        for k, crease in enumerate(support):
            if residual.surely_leaves(crease):
                return CreaseVerdict.LEAVES, k
        for k, crease in enumerate(support):
            if residual.surely_turns(crease):
                return CreaseVerdict.TURNS, k
        return CreaseVerdict.POINT, -1

    def _slopes(
        self, point: CreasePoint, support: Sequence[Crease], kept: Sequence[int]
    ) -> np.ndarray:
        found = np.zeros((len(support), self.creases.problem.dimension))
        balls = point.isolated.balls(FIRST_BITS)
        squares, used = balls[len(balls) - len(kept) :], 0
        for k, square in zip(kept, squares, strict=True):
            basis = support[k].basis
            own = balls[used : used + len(basis)]
            used += len(basis)
            with ctx.workprec(2 * FIRST_BITS):
                vector = [dot(own, column) * square for column in zip(*basis, strict=True)]
            found[k] = [float(entry.mid()) for entry in vector]
        return found


def _parts(size: int) -> list[tuple[int, ...]]:
    """Return all sets of units but the empty one, large ones first."""
    return [kept for k in range(size, 0, -1) for kept in combinations(range(size), k)]


def _sizes_of_unknowns(support: Sequence[Crease], unknowns: Sequence[arb]) -> list[arb]:
    """Return how large unknowns are: all of one unit vector alike."""
    found: list[arb] = []
    for crease in support:
        own = unknowns[len(found) : len(found) + len(crease.basis)]
        found += [max(map(abs, own))] * len(own)
    return [*found, *map(abs, unknowns[len(found) :])]


def unknowns_near(support: Sequence[Crease], slopes: Sequence[np.ndarray]) -> list[arb] | None:
    """Return approximate unknowns of the system of a support, None if a slope is 0.

    Parameters
    ----------
    support : sequence of Crease
    slopes : sequence of (d,) array
        Those of its units, in doubles.
    """
    units: list[arb] = []
    squares = [float(np.linalg.norm(slope)) for slope in slopes]
    if not all(0 < square < np.inf for square in squares):
        return None
    for crease, slope, square in zip(support, slopes, squares, strict=True):
        basis = fmpq_mat([list(vector) for vector in crease.basis])
        unit = fmpq_mat([[fmpq(*(float(x) / square).as_integer_ratio())] for x in slope])
        found = (basis * basis.transpose()).solve(basis * unit).entries()
        units += [arb(entry).mid() for entry in found]
    return [*units, *map(arb, squares)]


def exact_description(creases: Creases, one: DecidedSupport) -> dict[str, Any]:
    """Return the exact description of the residual of a support, in the number field of its point.

    At creases without units u has the length of the ridge exactly, and the square is 0.

    Raises
    ------
    BackendError
        If the backend does not find the field.
    """
    point, forces = one.point, CreaseResidual(creases, one.point).forces
    values, units = point.isolated.coordinates, point.support
    squares = dict(zip(units, values[len(values) - len(units) :], strict=True))
    entries = [x / creases.ridge for crease in one.support for x in crease.pull(forces)]
    entries += [squares.get(crease, point.isolated.constant(0)) for crease in one.support]
    field = point.isolated.field
    return {
        "support": "|".join(crease.face.signs for crease in one.support),
        "chi": [str(c) for c in field.polynomial.coeffs()],
        "root": field.index,
        "coordinates": [[str(c) for c in entry.exact().polynomial.coeffs()] for entry in entries],
    }
