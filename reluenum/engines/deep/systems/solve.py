"""Solve the system of one stratum: from its signs to networks that are proved stationary."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx

from reluenum.algebra.bases import Solutions
from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box
from reluenum.algebra.numberfield import FieldElement, RealField, ball_sign, precisions
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem, integral, ring
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.networks import ScaledNetwork, sign_of
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.systems.wide import Wide
from reluenum.errors import BackendError, TheoremViolationError, UndecidedError
from reluenum.groebner.backends import MODULAR, Backends
from reluenum.problem import Problem


class DeepOutcomeKind(StrEnum):
    """What the polynomial system of a stratum says."""

    NO_POINT = "no stationary network"
    STATIONARY = "stationary"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class DeepOutcome:
    """What was found on one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    kind : DeepOutcomeKind
    networks : tuple of ScaledNetwork
        All stationary ones if it is not undecided, else those that were found.
    reason : str
        Why it is undecided.
    exact : bool
        Whether the solutions come from a Groebner basis over Q.
    """

    stratum: DeepStratum
    kind: DeepOutcomeKind
    networks: tuple[ScaledNetwork, ...] = ()
    reason: str = ""
    exact: bool = True

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        record: dict[str, Any] = {
            "stratum": self.stratum.text,
            "kind": self.kind.value,
            "exact": self.exact,
        }
        if self.networks:
            record["points"] = [network.point.to_document() for network in self.networks]
        if self.reason:
            record["reason"] = self.reason
        return record


class StratumSystem(Protocol):
    """A polynomial system for a stratum, and what its solutions are."""

    problem: Problem
    stratum: DeepStratum
    system: PolynomialSystem

    def squares(self, values: Sequence[Any]) -> list[Any]:
        """Return what must be positive, over any ring that contains Q."""
        ...

    def claims(self, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Yield lists of values of which all must have one sign."""
        ...

    def network(self, point: IsolatedPoint) -> ScaledNetwork:
        """Return the network of a solution with positive squares."""
        ...


def formulated(problem: Problem, stratum: DeepStratum) -> StratumSystem:
    """Return the system that a stratum is solved by."""
    if all(len(rows) <= 1 for rows in stratum.layers[1:]):
        return Chain(problem, stratum)
    return Wide(problem, stratum)


def solve_stratum(
    problem: Problem,
    stratum: DeepStratum,
    backends: Backends,
    system: Callable[[Problem, DeepStratum], StratumSystem] = formulated,
) -> DeepOutcome:
    """Find all stationary networks with the signs of a stratum.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
        With a live last layer.
    backends : Backends
    system : callable
        How the stratum becomes a polynomial system.

    Returns
    -------
    DeepOutcome
        UNDECIDED, with the reason, if no backend finishes, if infinitely many solutions may be
        stationary, or if one that may be cannot be proved.
    """
    try:
        asked = system(problem, stratum)
        solutions = _solutions(asked, backends)
    except (BackendError, UndecidedError) as error:
        return DeepOutcome(stratum, DeepOutcomeKind.UNDECIDED, reason=str(error))
    exact = solutions.engine not in MODULAR
    if solutions.dimension > 0:
        reason = "infinitely many solutions"
        return DeepOutcome(stratum, DeepOutcomeKind.UNDECIDED, (), reason, exact)
    roots = real_solutions(solutions.parametrisation) if solutions.parametrisation else []
    networks, open_roots = [], 0
    for root in roots:
        if _is_refuted(asked, root):
            continue
        box = certified_box(asked.system, root.balls)
        if box is None:
            open_roots += not _is_refuted_exactly(asked, root)
            continue
        point = IsolatedPoint(asked.system, box, root)
        networks += _stationary(asked, point)
    if open_roots:
        reason = f"{open_roots} multiple solution{'s' if open_roots > 1 else ''}"
        return DeepOutcome(stratum, DeepOutcomeKind.UNDECIDED, tuple(networks), reason, exact)
    kind = DeepOutcomeKind.STATIONARY if networks else DeepOutcomeKind.NO_POINT
    return DeepOutcome(stratum, kind, tuple(networks), "", exact)


def _solutions(asked: StratumSystem, backends: Backends) -> Solutions:
    """Solve a system; if it has infinitely many solutions, without some that are of no use.

    Those have a square that is 0, or, if that is not enough, a pre-activation that is 0 where the
    stratum has none.

    Raises
    ------
    BackendError
        If no backend finishes.
    """
    found = backends.solutions(asked.system)
    if found.dimension <= 0:
        return found
    names = asked.system.variables
    generators = fmpq_mpoly_ctx.get(names, Ordering.degrevlex).gens()
    factors = asked.squares(generators)
    found = backends.solutions(_without_zeros(asked.system, factors))
    if found.dimension <= 0:
        return found
    factors += [value for claim in asked.claims(generators) for value in claim]
    return backends.solutions(_without_zeros(asked.system, factors))


def _without_zeros(system: PolynomialSystem, factors: Sequence[Any]) -> PolynomialSystem:
    """Return a system without the solutions at which a polynomial vanishes; constants count not."""
    target = ring(system.variables)
    nonzero = (integral(p, target) for p in factors if isinstance(p, fmpq_mpoly))
    return replace(system, nonzero=tuple(p for p in nonzero if not p.is_constant()))


def _is_refuted(asked: StratumSystem, root: Root) -> bool:
    """Whether enclosures show that a square is negative, or a sign not that of the stratum."""
    balls = root.balls(CERTIFICATION_BITS[0])
    return any(ball < 0 for ball in asked.squares(balls)) or any(
        {1, -1} <= {ball_sign(value) for value in values} for values in asked.claims(balls)
    )


def _is_refuted_exactly(asked: StratumSystem, root: Root) -> bool:
    """Whether a square is not positive, or a sign not that of the stratum, exactly."""
    field = RealField(root.parametrisation.chi, root.index)
    scale = FieldElement(field, root.parametrisation.denominator).inverse()
    values = [FieldElement(field, n) * scale for n in root.parametrisation.numerators]
    if any(_exact_sign(square) <= 0 for square in asked.squares(values)):
        return True
    claims = ({_exact_sign(value) for value in claim} for claim in asked.claims(values))
    return any(len(signs) > 1 or signs == {0} for signs in claims)


def _exact_sign(value: FieldElement) -> int:
    """Return the sign of an element of a real field."""
    if value.is_zero():
        return 0
    return next(sign for bits in precisions() if (sign := ball_sign(value.ball(bits))))


def _stationary(asked: StratumSystem, point: IsolatedPoint) -> list[ScaledNetwork]:
    """Return the network of a proved solution if it is stationary, with the stratum's signs."""
    if any(sign_of(square) <= 0 for square in asked.squares(point.coordinates)):
        return []
    network = asked.network(point)
    return [network] if network.is_stationary else []


def read_deep_outcome(problem: Problem, record: Mapping[str, Any]) -> DeepOutcome:
    """Read an outcome back and prove its networks anew.

    Raises
    ------
    TheoremViolationError
        If a recorded solution is not what the record says.
    """
    stratum = DeepStratum.of_text(record["stratum"])
    asked = formulated(problem, stratum)
    networks = []
    for point in record.get("points", ()):
        found = _stationary(asked, IsolatedPoint.from_document(asked.system, point))
        if not found:
            raise TheoremViolationError(f"a recorded point on {stratum.text} is not stationary")
        networks += found
    kind = DeepOutcomeKind(record["kind"])
    if (kind is DeepOutcomeKind.STATIONARY) > bool(networks):
        raise TheoremViolationError(f"no point is recorded on {stratum.text}")
    return DeepOutcome(stratum, kind, tuple(networks), record.get("reason", ""), record["exact"])
