"""Stationary points of one support: from its Groebner basis to an exact outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from reluenum.arrangement import Arrangement
from reluenum.errors import BackendError, TheoremViolation
from reluenum.groebner import Engine
from reluenum.linear import dot
from reluenum.numberfield import FieldElement, RealField, rationals, sign_of
from reluenum.patterns import Pattern, Support, owned_supports, support_text
from reluenum.problem import OutputBias, Problem
from reluenum.realpoints import RealPoint, find_shape, radical_system, real_points
from reluenum.stationarity import (
    PolynomialSystem,
    errors_of,
    simple_points_system,
    stationarity_system,
    unknowns,
)

FORMS_BEFORE_RADICAL = 3
"""Linear forms tried on top of the single variables before an ideal is made radical."""


class Verdict(StrEnum):
    """What the polynomial system of a support says."""

    NO_STATIONARY_POINT = "no stationary point"
    LEAVES_FACES = "leaves its faces"
    STATIONARY = "stationary"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class StationaryPoint:
    """A stationary point with one (merged) neuron per face of a support.

    Parameters
    ----------
    problem : Problem
    support : Support
        Empty for the zero network.
    signs : tuple of int
        Sign of the output weights a on each face.
    values : RealPoint
        The unknowns of `variables_of(support)`, in one field.
    """

    problem: Problem
    support: Support
    signs: tuple[int, ...]
    values: RealPoint

    @cached_property
    def field(self) -> RealField:
        """The number field that all coordinates live in."""
        return self.values[0].field if self.values else rationals()

    @cached_property
    def _unknowns(self) -> tuple[list[list[FieldElement]], list[FieldElement]]:
        directions, squares = unknowns(self.support, self.values)
        return [[self._element(entry) for entry in row] for row in directions], squares

    def _element(self, value: Any) -> FieldElement:
        return value if isinstance(value, FieldElement) else self.field(fmpq(value))

    @property
    def squares(self) -> list[FieldElement]:
        """Sum of a^2 over the neurons of each face."""
        return self._unknowns[1]

    @cached_property
    def directions(self) -> list[list[FieldElement]]:
        """Unit vector v / |v| of the neurons of each face."""
        return [
            [entry * sign for entry in row]
            for row, sign in zip(self._unknowns[0], self.signs, strict=True)
        ]

    @cached_property
    def errors(self) -> list[FieldElement]:
        """y - f on the data."""
        found = errors_of(self.problem, self.support, *self._unknowns)
        return [self._element(entry) for entry in found]

    @cached_property
    def residual(self) -> list[FieldElement]:
        """r = y - f - m on the data."""
        return self.problem.residual(self.errors)

    @cached_property
    def bias(self) -> FieldElement:
        """The output bias m (0 when there is none)."""
        return dot(self.errors, [fmpq(1)] * self.problem.size) * self.problem.bias_share

    @cached_property
    def loss(self) -> FieldElement:
        """The loss, in the problem's own convention (docs/theory.md, section 1)."""
        value = dot(self.residual, self.problem.targets) * 2 - dot(self.residual, self.residual)
        if self.problem.output_bias is OutputBias.RIDGE:
            value = value - self.bias * self.bias * self.problem.effective_ridge
        return value * self.problem.loss_scale

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        return {
            "field": [str(c) for c in self.field.polynomial.coeffs()],
            "root": self.field.index,
            "values": [[str(c) for c in value.polynomial.coeffs()] for value in self.values],
        }

    def __repr__(self) -> str:
        return f"StationaryPoint({support_text(self.support) or 'zero network'}, loss {self.loss.ball(53)})"


@dataclass(frozen=True)
class Outcome:
    """What was found on one support.

    Parameters
    ----------
    support : Support
    verdict : Verdict
    point : StationaryPoint, optional
        Present if and only if the verdict is STATIONARY.
    reason : str
        Why it is undecided.
    """

    support: Support
    verdict: Verdict
    point: StationaryPoint | None = None
    reason: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        record: dict[str, Any] = {
            "support": support_text(self.support),
            "verdict": self.verdict.value,
        }
        if self.point is not None:
            record["point"] = self.point.to_document()
        if self.reason:
            record["reason"] = self.reason
        return record


def solve_pattern(
    problem: Problem, arrangement: Arrangement, pattern: Pattern, engine: Engine
) -> list[Outcome]:
    """Solve every support that a pattern owns; a pure function of problem and pattern."""
    return [solve_support(problem, support, engine) for support in owned_supports(pattern, arrangement)]


def solve_support(problem: Problem, support: Support, engine: Engine) -> Outcome:
    """Find the stationary point of a support, or prove that there is none.

    Stationary points whose responses are linearly dependent are left to the merge, which
    derives them from smaller supports (docs/theory.md, section 4).

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
        positive = [
            values for values in _simple_points(system, engine) if _is_positive(support, values)
        ]
    except BackendError as error:
        return Outcome(support, Verdict.UNDECIDED, reason=str(error))
    if len(positive) > 1:
        raise TheoremViolation(f"two stationary points on {support_text(support)} (Theorem A)")
    if not positive:
        return Outcome(support, Verdict.NO_STATIONARY_POINT)
    signs = _signs(problem, support, positive[0])
    if signs is None:
        return Outcome(support, Verdict.LEAVES_FACES)
    point = StationaryPoint(problem, support, signs, positive[0])
    return Outcome(support, Verdict.STATIONARY, point)


def _simple_points(system: PolynomialSystem, engine: Engine) -> Iterator[RealPoint]:
    """Yield the real points of a system; only the simple isolated ones if there are infinitely many."""
    basis = engine.basis(system)
    extra = 0
    if not basis.is_zero_dimensional:
        basis = engine.basis(simple_points_system(system))
        extra = 1
    if basis.is_unit:
        return
    shape = find_shape(basis, len(basis.variables) + FORMS_BEFORE_RADICAL)
    if shape is None:
        basis = engine.basis(radical_system(basis))
        shape = find_shape(basis, None)
    for values in real_points(shape):
        yield values[extra:]


def _is_positive(support: Support, values: RealPoint) -> bool:
    """Whether all sums of squares are positive."""
    return all(square.sign() > 0 for square in values[len(values) - len(support) :])


def _signs(problem: Problem, support: Support, values: RealPoint) -> tuple[int, ...] | None:
    """Return the sign of a per face, or None if a unit does not lie in its open face."""
    found = []
    for k, face in enumerate(support):
        sign = face_sign(problem, face, lambda vs, k=k: unknowns(support, vs)[0][k], values)
        if sign == 0:
            return None
        found.append(sign)
    return tuple(found)


def face_sign(problem: Problem, face, vector, elements: Sequence[FieldElement]) -> int:
    """Return s = 1 or -1 if s * vector lies in the open face, and 0 if neither does.

    Parameters
    ----------
    vector : callable
        From the elements (or balls around them) to a vector of the face's flat.
    """
    found = 0
    for i, expected in enumerate(face.sign_values):
        if expected == 0:
            continue
        sign = expected * sign_of(lambda vs, i=i: dot(vector(vs), problem.rows[i]), elements)
        if sign == 0 or found not in (0, sign):
            return 0
        found = sign
    return found


def zero_network(problem: Problem) -> StationaryPoint:
    """Return the stationary point with no living unit (only the output bias, if any)."""
    return StationaryPoint(problem, (), (), ())


def read_outcome(problem: Problem, arrangement: Arrangement, record: Mapping[str, Any]) -> Outcome:
    """Read an outcome back and check its point exactly against its system and its faces.

    Raises
    ------
    TheoremViolation
        If the recorded point is not a stationary point of its support.
    """
    support = tuple(arrangement.face(signs) for signs in record["support"].split("|"))
    verdict = Verdict(record["verdict"])
    if verdict is not Verdict.STATIONARY:
        return Outcome(support, verdict, reason=record.get("reason", ""))
    values = _read_values(record["point"])
    signs = _signs(problem, support, values)
    solves = all(_vanishes(p.to_dict(), values) for p in stationarity_system(problem, support).polynomials)
    if signs is None or not solves or not _is_positive(support, values):
        raise TheoremViolation(f"the recorded point on {record['support']} is not stationary there")
    return Outcome(support, verdict, StationaryPoint(problem, support, signs, values))


def _read_values(record: Mapping[str, Any]) -> RealPoint:
    """Read the coordinates of a point."""
    field = RealField(fmpz_poly([fmpz(c) for c in record["field"]]), record["root"])
    return tuple(field(fmpq_poly([fmpq(*map(fmpz, c.split("/"))) for c in value])) for value in record["values"])


def _vanishes(terms: Mapping[tuple[int, ...], fmpz], values: RealPoint) -> bool:
    """Whether a polynomial of degree at most 3 is exactly 0 at a point."""
    field = values[0].field
    total = field(0)
    for exponents, coefficient in terms.items():
        term = field(fmpq(coefficient))
        for value, exponent in zip(values, exponents, strict=True):
            for _ in range(exponent):
                term = term * value
        total = total + term
    return total.is_zero()


def verdict_counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many supports have each verdict."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for outcome in outcomes:
        counts[outcome.verdict.value] += 1
    return counts
