"""Solve the system of one support: from its polynomials to an exact outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from typing import Any

from reluenum.algebraic import (
    CERTIFICATION_BITS,
    IsolatedPoint,
    Number,
    Root,
    certified_box,
    rational_point,
    real_solutions,
)
from reluenum.arrangement import Arrangement, Face, signed_rows
from reluenum.errors import BackendError, TheoremViolationError
from reluenum.groebner import Engine
from reluenum.linear import dot
from reluenum.moments import Moments
from reluenum.numberfield import FIRST_BITS, ball_sign
from reluenum.patterns import Pattern, Support, owned_supports, support_text
from reluenum.problem import Problem
from reluenum.stationarity import (
    PolynomialSystem,
    errors_of,
    simple_points_system,
    stationarity_system,
    unknowns,
    weighted_directions,
)


class Verdict(StrEnum):
    """What the polynomial system of a support says."""

    NO_POINT = "no point with positive squares"
    LEAVES_FACES = "leaves its faces"
    STATIONARY = "stationary"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class SupportPoint:
    """The solution of a support's system in which all sums of squares are positive.

    There is at most one whose responses are independent (Theorem A). It is stationary if every
    unit lies in its open face; otherwise it still is the projection that decides what larger
    supports can do (Theorem E).

    Parameters
    ----------
    problem : Problem
    support : Support
        Empty for the zero network.
    isolated : IsolatedPoint
        The values of `variables_of(support)`.
    """

    problem: Problem
    support: Support
    isolated: IsolatedPoint

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of; the rest follows from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def _unknowns(self) -> tuple[list[list[Number]], list[Number]]:
        directions, squares = unknowns(self.support, self.isolated.coordinates)
        return [[self._number(entry) for entry in row] for row in directions], squares

    def _number(self, value: Any) -> Number:
        return value if isinstance(value, Number) else self.isolated.constant(value)

    @property
    def squares(self) -> list[Number]:
        """Sum of a^2 over the neurons of each face."""
        return self._unknowns[1]

    @property
    def unit_vectors(self) -> list[list[Number]]:
        """The vectors u / Lambda of the faces, v / |v| up to the sign."""
        return self._unknowns[0]

    @cached_property
    def signs(self) -> tuple[int, ...] | None:
        """Sign of a on each face, or None if a unit does not lie in its open face."""
        found = tuple(
            face_sign(self.problem, face, direction)
            for face, direction in zip(self.support, self._unknowns[0], strict=True)
        )
        return found if all(found) else None

    @property
    def is_stationary(self) -> bool:
        """Whether every unit lies in its open face."""
        return self.signs is not None

    @cached_property
    def directions(self) -> list[list[Number]]:
        """Unit vector v / |v| of the neurons of each face of a stationary point."""
        return [
            [entry * sign for entry in row]
            for row, sign in zip(self._unknowns[0], self.signs or (), strict=True)
        ]

    @cached_property
    def errors(self) -> list[Number]:
        """The mean of y - f on each site."""
        found = errors_of(self.problem, self.support, *self._unknowns)
        return [self._number(entry) for entry in found]

    @cached_property
    def residual(self) -> list[Number]:
        """The mean of r = y - f - m on each site."""
        return self.problem.residual(self.errors)

    @cached_property
    def bias(self) -> Number:
        """The output bias m (0 when there is none)."""
        return self._number(Moments.of(self.problem).bias(self.support, self._weighted))

    @cached_property
    def loss(self) -> Number:
        """The loss, in the problem's own convention (Corollary 3.1 of docs/theory.md)."""
        moments = Moments.of(self.problem)
        value = self._number(moments.energy)
        for face, direction, square in zip(self.support, *self._unknowns, strict=True):
            gain = dot(direction, moments.response(face)) - self.problem.effective_ridge
            value = value - square * gain
        return value * self.problem.loss_scale

    @cached_property
    def _weighted(self) -> list[list[Number]]:
        return weighted_directions(*self._unknowns)

    def gradient(self, face: Face) -> list[Number]:
        """Return g_F(r) of any live face at the residual r, without going through the data."""
        found = Moments.of(self.problem).gradient(face, self.support, self._weighted)
        return [self._number(entry) for entry in found]

    def projected_gradient(self, face: Face) -> list[Number]:
        """Return u_F(r) of any live face at the residual r."""
        found = Moments.of(self.problem).gradient(face, self.support, self._weighted)
        return [self._number(entry) for entry in face.project(found)]

    def __repr__(self) -> str:
        return f"SupportPoint({support_text(self.support) or 'zero network'}, loss {self.loss})"


@dataclass(frozen=True)
class Outcome:
    """What was found on one support.

    Parameters
    ----------
    support : Support
    verdict : Verdict
    point : SupportPoint, optional
        Present if the verdict is LEAVES_FACES or STATIONARY.
    reason : str
        Why it is undecided.
    """

    support: Support
    verdict: Verdict
    point: SupportPoint | None = None
    reason: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        record: dict[str, Any] = {
            "support": support_text(self.support),
            "verdict": self.verdict.value,
        }
        if self.point is not None:
            record["point"] = self.point.isolated.to_document()
        if self.reason:
            record["reason"] = self.reason
        return record


def solve_pattern(
    problem: Problem, arrangement: Arrangement, pattern: Pattern, engine: Engine
) -> list[Outcome]:
    """Solve every support that a pattern owns; a pure function of problem and pattern."""
    return [
        solve_support(problem, support, engine) for support in owned_supports(pattern, arrangement)
    ]


def solve_support(problem: Problem, support: Support, engine: Engine) -> Outcome:
    """Find the point of a support's system with positive squares.

    Points whose responses are linearly dependent are left to the merge, which derives them from
    smaller supports (docs/theory.md, section 5).

    Parameters
    ----------
    problem : Problem
    support : Support
        Not empty.
    engine : Engine

    Returns
    -------
    Outcome
        UNDECIDED, with the reason, if no backend of the engine finishes.
    """
    system = stationarity_system(problem, support)
    try:
        roots = real_roots(system, engine)
    except BackendError as error:
        return Outcome(support, Verdict.UNDECIDED, reason=str(error))
    found = [p for root in roots if (p := _positive_point(problem, support, system, root))]
    if len(found) > 1:
        raise TheoremViolationError(f"two positive points on {support_text(support)} (Theorem A)")
    if not found:
        return Outcome(support, Verdict.NO_POINT)
    verdict = Verdict.STATIONARY if found[0].is_stationary else Verdict.LEAVES_FACES
    return Outcome(support, verdict, found[0])


def real_roots(system: PolynomialSystem, engine: Engine) -> list[Root]:
    """Return the real solutions of a support's system; only the simple ones if infinitely many.

    Raises
    ------
    BackendError
        If the engine does not finish.
    """
    found = engine.solutions(system)
    if found.dimension > 0:
        found = engine.solutions(simple_points_system(system))
    if found.dimension > 0:
        raise BackendError("engine", "infinitely many simple points, which cannot be")
    if found.parametrisation is None:
        return []
    return real_solutions(found.parametrisation)


def _positive_point(
    problem: Problem, support: Support, system: PolynomialSystem, root: Root
) -> SupportPoint | None:
    """Certify a root as an isolated solution with positive squares, or return None.

    A root that is not simple cannot be certified. None that matters is lost: its responses would
    be dependent (Lemma 9), and by Theorem E such a point is never needed.
    """
    squares = slice(len(system.variables) - len(support), None)
    if any(ball < 0 for ball in root.balls(CERTIFICATION_BITS[0])[squares]):
        return None
    box = certified_box(system, root.balls)
    if box is None:
        return None
    point = SupportPoint(problem, support, IsolatedPoint(system, box, root))
    return point if all(square.sign() > 0 for square in point.squares) else None


def face_sign(problem: Problem, face: Face, vector: Sequence) -> int:
    """Return s = 1 or -1 if s * vector lies in the open face, and 0 if neither does.

    Parameters
    ----------
    vector : (d + 1,) sequence of Number
        In the flat of the face.
    """
    found = 0
    balls = [entry.ball(FIRST_BITS) for entry in vector]
    for row, expected in signed_rows(problem, face):
        # Balls settle nearly all signs, and more cheaply than an expression for each.
        sign = expected * (ball_sign(dot(balls, row)) or dot(vector, row).sign())
        if sign == 0 or found not in (0, sign):
            return 0
        found = sign
    return found


def zero_network(problem: Problem) -> SupportPoint:
    """Return the stationary point with no living unit (only the output bias, if any)."""
    return SupportPoint(problem, (), rational_point())


def read_outcome(problem: Problem, arrangement: Arrangement, record: Mapping[str, Any]) -> Outcome:
    """Read an outcome back and certify its point anew.

    Raises
    ------
    TheoremViolationError
        If the recorded point is not what the record says.
    """
    support = tuple(arrangement.face(signs) for signs in record["support"].split("|"))
    verdict = Verdict(record["verdict"])
    if verdict not in (Verdict.LEAVES_FACES, Verdict.STATIONARY):
        return Outcome(support, verdict, reason=record.get("reason", ""))
    system = stationarity_system(problem, support)
    point = SupportPoint(problem, support, IsolatedPoint.from_document(system, record["point"]))
    positive = all(square.sign() > 0 for square in point.squares)
    if not positive or point.is_stationary != (verdict is Verdict.STATIONARY):
        raise TheoremViolationError(f"the recorded point on {record['support']} is not as recorded")
    return Outcome(support, verdict, point)


def verdict_counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many supports have each verdict."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for outcome in outcomes:
        counts[outcome.verdict.value] += 1
    return counts
