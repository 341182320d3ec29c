"""The rare close calls: supports that double precision leaves open, decided without tolerance.

An approximate solution becomes a box proved by interval Newton; signs are asked of balls of rising
precision, and only a number that may be exactly 0 makes the Groebner engine describe the point.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat

from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.engines.certified.search import FAINT, search
from reluenum.engines.certified.verdicts import Verdict
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.errors import BackendError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import Support, support_text
from reluenum.groebner.backends import Backends
from reluenum.groebner.roots import claimed_root
from reluenum.landscape.equations import stationarity_system
from reluenum.landscape.points import SupportPoint, face_sign
from reluenum.landscape.witnesses import descent_ray
from reluenum.problem import Problem


class Stage(IntEnum):
    """What decided a support."""

    DOUBLE = 0
    BALLS = 1
    EXACT = 2


@dataclass(frozen=True)
class Escalation:
    """Decides single supports exactly.

    Parameters
    ----------
    geometry : Geometry
    backends : Backends
        Asked only when balls cannot decide.
    """

    geometry: Geometry
    backends: Backends

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.geometry.problem

    def point(self, support: Support, vectors: np.ndarray) -> SupportPoint:
        """Return the certified point of an essential support.

        Parameters
        ----------
        support : Support
        vectors : (m, d + 1) array
            Approximations of the sum of a v over the units on each face; if they are bad, the
            engine finds the point.

        Raises
        ------
        BackendError
            If the engine does not finish, or denies that there is a point.
        """
        system = stationarity_system(self.problem, support)
        for start in self._starts(support, vectors):
            box = certified_box(system, lambda _, start=start: polished(system, start))
            if box is not None and all(square > 0 for square in box[-len(support) :]):
                isolated = IsolatedPoint(system, box, partial(claimed_root, self.backends))
                return SupportPoint(self.problem, support, isolated)
        outcome = solve_support(self.problem, support, self.backends)
        if outcome.point is None:
            reason = outcome.reason or "the engine reports no point where Theorem E proves one"
            raise BackendError("escalation", reason)
        return outcome.point

    def _starts(self, support: Support, vectors: np.ndarray) -> Iterator[list[arb]]:
        """Yield approximate unknowns: what doubles give, then the end of a longer search."""
        lengths = np.sqrt((vectors**2).sum(axis=1))
        usable = np.isfinite(lengths) & (lengths > 0)
        if usable.all():
            yield _start_coordinates(support, vectors, lengths)
        most = lengths[usable].max(initial=1)
        if found := search(self.problem, support, np.where(usable, lengths, FAINT * most)):
            yield found

    def judge(self, point: SupportPoint) -> tuple[Verdict, int]:
        """Return the verdict on a support, and the position of the face that it is about."""
        for k, (face, vector) in enumerate(zip(point.support, point.unit_vectors, strict=True)):
            if face_sign(self.problem, face, vector) == 0:
                return Verdict.LEAVES, k
        for k, (face, sign) in enumerate(zip(point.support, point.signs, strict=True)):
            if descent_ray(self.geometry.arrangement, point, face, sign) is not None:
                return Verdict.DESCENDS, k
        return Verdict.MINIMUM, -1


def stage(point: SupportPoint) -> Stage:
    """Return what was needed so far to decide the numbers at a point."""
    return Stage.EXACT if point.isolated.is_claimed else Stage.BALLS


def _start_coordinates(support: Support, vectors: np.ndarray, lengths: np.ndarray) -> list[arb]:
    """Return approximate unknowns of a support's system."""
    units: list[fmpq] = []
    for face, vector, length in zip(support, vectors, lengths, strict=True):
        basis = fmpq_mat([list(row) for row in face.basis])  # its vectors may be nearly parallel
        unit = fmpq_mat([[fmpq(*entry.as_integer_ratio())] for entry in vector / length])
        units += (basis * basis.transpose()).solve(basis * unit).entries()
    return [arb(entry).mid() for entry in units] + [arb(float(length)) for length in lengths]


def exact_record(point: SupportPoint) -> dict[str, Any]:
    """Return the exact description of a certified point in its number field."""
    entries = [entry for unit in point.unit_vectors for entry in unit] + list(point.squares)
    claim = point.isolated.claim
    return {
        "support": support_text(point.support),
        "chi": [str(c) for c in claim.parametrisation.chi.coeffs()],
        "root": claim.index,
        "coordinates": [[str(c) for c in entry.exact().polynomial.coeffs()] for entry in entries],
    }


def exact_records(points: Iterable[SupportPoint]) -> list[dict[str, Any]]:
    """Describe the points that had to be known exactly, each support once, sorted."""
    found = {
        record["support"]: record
        for point in points
        if point.support and point.isolated.is_claimed
        for record in [exact_record(point)]
    }
    return [found[support] for support in sorted(found)]
