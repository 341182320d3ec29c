"""Who solves a polynomial system, in which form, and whether what was found is all there is.

A form is a way to write the stationary points of a support as solutions of a system. Whatever
the form, a real solution gives the unit vectors w and sums of squares s of section 4 of
docs/theory.md, in double precision; so every peer is held against the same proved points.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from benchmarks import phc
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.algebra.parametrisation import Root, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.crosscheck.recording import WARM_UP
from reluenum.engines.eliminated.charts import Chart, graph_system
from reluenum.engines.eliminated.surrogate import paper_system
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind, solve_support
from reluenum.errors import BackendError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import Support, supports
from reluenum.groebner.backends import BACKENDS, Backend, open_backends
from reluenum.groebner.limits import Limits
from reluenum.landscape.equations import stationarity_system
from reluenum.problem import Problem

SAME = 1e-4
"""Largest distance of two descriptions of one point, relative to its largest coordinate.

PHCpack gives some points of ill-conditioned systems to five digits only.
"""

DOUBLE_BITS = 53
"""Of the precision in which points are compared."""

Units = tuple[np.ndarray, np.ndarray]
"""Unit vectors (units, d + 1) and sums of squares (units,)."""

Point = np.ndarray
"""Unit vectors and sums of squares, one after the other."""


@dataclass(frozen=True)
class Form:
    """A way to write the stationary points of a support as solutions of a system.

    Parameters
    ----------
    name : str
    write : callable
        From a problem and a support to its system.
    units : callable
        From a problem, a support and a real solution to unit vectors and sums of squares.
    """

    name: str
    write: Callable[[Problem, Support], PolynomialSystem]
    units: Callable[[Problem, Support, np.ndarray], Units]


def rows_of(problem: Problem) -> np.ndarray:
    """Return the data points (x, 1) as doubles, shape (n, d + 1)."""
    return np.array([[float(entry) for entry in row] for row in problem.rows])


def _doubles(vectors: Sequence[Sequence]) -> np.ndarray:
    return np.array([[float(entry) for entry in vector] for vector in vectors])


def _in_frames(frames: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return vectors from their coordinates in frames, all coordinates one after the other."""
    bounds = np.cumsum([len(frame) for frame in frames])[:-1]
    return np.array([c @ frame for c, frame in zip(np.split(values, bounds), frames, strict=True)])


def _reduced(problem: Problem, support: Support, values: np.ndarray) -> Units:
    frames = [_doubles(face.basis) for face in support]
    return _in_frames(frames, values[: -len(support)]), values[-len(support) :]


def _eliminated(problem: Problem, support: Support, values: np.ndarray) -> Units:
    charts = [Chart.of(problem, face) for face in support]
    size = len(support)
    weights, slopes = values[:size], values[-size:]
    bounds = np.cumsum([chart.tangents for chart in charts])[:-1]
    taus = np.split(values[size:-size], bounds)
    units = [
        np.array([1, *tau]) @ _doubles(chart.frame) for tau, chart in zip(taus, charts, strict=True)
    ]
    return np.array(units) / slopes[:, None], weights * slopes


def _paper(problem: Problem, support: Support, values: np.ndarray) -> Units:
    vectors = _in_frames([_doubles(face.basis) for face in support], values)
    active = np.array([[i in face.active for face in support] for i in range(problem.size)])
    hidden = active * (rows_of(problem) @ vectors.T)
    gram = hidden.T @ hidden + float(problem.effective_ridge) * np.eye(len(support))
    weights = np.linalg.solve(gram, hidden.T @ [float(y) for y in problem.targets])
    return vectors / weights[:, None], weights**2


PAPER = Form("paper", paper_system, _paper)

ELIMINATED = Form("eliminated", graph_system, _eliminated)

REDUCED = Form("reduced", stationarity_system, _reduced)

FORMS: Mapping[str, Form] = {form.name: form for form in (PAPER, ELIMINATED, REDUCED)}
"""As the paper prints it; in a chart, with the output weights; stationarity (section 4)."""


@dataclass(frozen=True)
class Answer:
    """What a peer says about a system.

    Parameters
    ----------
    seconds : float
        Wall time until it said so.
    real : list of array or None
        Its real solutions; None if it gave up, or there are infinitely many.
    complex : int or None
        How many complex solutions, with multiplicity where the peer counts it.
    infinite : bool
        Whether there are infinitely many; a numerical peer cannot tell.
    reason : str
        Why it gave up.
    """

    seconds: float
    real: list[np.ndarray] | None = None
    complex: int | None = None
    infinite: bool = False
    reason: str = ""


class Peer(Protocol):
    """Something that solves polynomial systems."""

    name: str

    def version(self) -> str:
        """Return its version; raise BackendError if it is not installed."""
        ...

    def ask(self, system: PolynomialSystem, limits: Limits) -> Answer:
        """Solve a system; raise BackendError with the reason if that fails."""
        ...

    def close(self) -> None:
        """End helper processes."""
        ...


class ExactPeer:
    """A Groebner engine, up to the enclosures of the real solutions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._backend: Backend = BACKENDS[name]()

    def version(self) -> str:
        """Return the version of the engine."""
        return self._backend.version()

    def ask(self, system: PolynomialSystem, limits: Limits) -> Answer:
        """Solve a system."""
        started = time.perf_counter()
        found = self._backend.solutions(system, limits)
        if found.dimension > 0:
            return Answer(time.perf_counter() - started, infinite=True)
        roots = real_solutions(found.parametrisation) if found.parametrisation else []
        real = [_centre(root) for root in roots]
        return Answer(time.perf_counter() - started, real, found.degree)

    def close(self) -> None:
        """End helper processes."""
        self._backend.close()


def _centre(root: Root) -> np.ndarray:
    """Return a real solution in double precision, of enclosures that are small enough for it."""
    for bits in CERTIFICATION_BITS:
        balls = root.balls(bits)
        if all(ball.is_finite() and ball.rel_accuracy_bits() > DOUBLE_BITS for ball in balls):
            break
    return np.array([float(ball.mid()) for ball in balls])


class NumericalPeer:
    """PHCpack."""

    name = phc.NAME

    def version(self) -> str:
        """Return the version of PHCpack."""
        return phc.version()

    def ask(self, system: PolynomialSystem, limits: Limits) -> Answer:
        """Solve a system."""
        started = time.perf_counter()
        found = phc.solve(system, limits)
        real = [np.array([value.real for value in s.values]) for s in found if s.is_real]
        return Answer(time.perf_counter() - started, real, len(found))

    def close(self) -> None:
        """Nothing is left to end."""


PEERS: Mapping[str, Callable[[], Peer]] = {
    **{name: lambda name=name: ExactPeer(name) for name in BACKENDS},
    phc.NAME: NumericalPeer,
}
"""Everything that a system can be given to."""


def asked(peer: Peer, system: PolynomialSystem, limits: Limits) -> Answer:
    """Return what a peer says; giving up is an answer."""
    started = time.perf_counter()
    try:
        return peer.ask(system, limits)
    except BackendError as error:
        return Answer(time.perf_counter() - started, reason=error.reason)


def opened(names: Sequence[str]) -> list[Peer]:
    """Return those of the named peers that are installed, warmed up."""
    peers = []
    for name in names:
        peer = PEERS[name]()
        try:
            peer.version()
        except BackendError:
            continue
        asked(peer, WARM_UP, Limits(60))
        peers.append(peer)
    return peers


def distinct(points: Sequence[Point]) -> list[Point]:
    """Return points without repetitions."""
    found: list[Point] = []
    for point in points:
        if not any(same(point, other) for other in found):
            found.append(point)
    return found


def same(point: Point, other: Point) -> bool:
    """Whether two points agree up to `SAME`."""
    return bool(np.abs(point - other).max() <= SAME * np.abs(other).max())


def described(
    problem: Problem, support: Support, form: Form, real: Sequence[np.ndarray]
) -> list[Point]:
    """Return real solutions as points, which are of size one; signs of units drop out."""
    with np.errstate(all="ignore"):
        found = [form.units(problem, support, values) for values in real]
        return distinct([np.concatenate([units.ravel(), squares]) for units, squares in found])


def stationary_points(problem: Problem, support: Support, points: Sequence[Point]) -> list[Point]:
    """Return the stationary points among points: squares positive, units on their faces.

    Decided in double precision, without a tolerance.
    """
    rows, size = rows_of(problem), len(support)
    return [
        point
        for point in points
        if (point[-size:] > 0).all()
        and _on_faces(support, rows @ point[:-size].reshape(size, -1).T)
    ]


def _on_faces(support: Support, pre_activations: np.ndarray) -> bool:
    """Whether each unit or its opposite lies in its open face; zeros of a face hold by choice."""
    for face, column in zip(support, pre_activations.T, strict=True):
        signs = np.sign(column) * face.sign_values
        off = signs[np.array(face.sign_values) != 0]
        if not ((off > 0).all() or (off < 0).all()):
            return False
    return True


def proved_points(problem: Problem) -> dict[Support, Point | None]:
    """Return the stationary point of every support, or None, as the Groebner engine proves it."""
    arrangement = Arrangement.of(problem)
    with open_backends() as engine:
        return {
            support: _proved_point(solve_support(problem, support, engine))
            for support in supports(arrangement, problem.width)
        }


def _proved_point(outcome: Outcome) -> Point | None:
    if outcome.verdict is OutcomeKind.UNDECIDED:
        raise BackendError("auto", f"no proof to compare with: {outcome.reason}")
    if outcome.verdict is not OutcomeKind.STATIONARY:
        return None
    point = outcome.point
    entries = [entry for row in point.unit_vectors for entry in row] + point.squares
    return np.array([float(entry.ball(CERTIFICATION_BITS[0]).mid()) for entry in entries])


@dataclass
class Tally:
    """How a peer's points compare with those that there are.

    Parameters
    ----------
    found, missed, extra : int
        Of the systems that it answered.
    unanswered : int
        Points of systems that it gave up on: neither found nor missed.
    """

    found: int = 0
    missed: int = 0
    extra: int = 0
    unanswered: int = 0

    def count(self, given: Sequence[Point] | None, truth: Sequence[Point]) -> None:
        """Count one system; None is no answer."""
        if given is None:
            self.unanswered += len(truth)
            return
        found = sum(any(same(point, other) for point in given) for other in truth)
        self.found += found
        self.missed += len(truth) - found
        self.extra += sum(not any(same(point, other) for other in truth) for point in given)


@dataclass
class Account:
    """Everything that a peer said about the systems of one form, in all rounds.

    Parameters
    ----------
    rounds : list of dict
        For each round the answers, by number of the system.
    """

    rounds: list[dict[int, Answer]] = field(default_factory=list)

    @property
    def first(self) -> dict[int, Answer]:
        """The answers of the first round."""
        return self.rounds[0]

    @property
    def finished(self) -> list[int]:
        """The systems that were answered in the first round."""
        return [k for k, answer in self.first.items() if not answer.reason]

    def seconds(self, systems: Sequence[int]) -> list[float]:
        """Return the time that some systems took, in each round."""
        return [sum(answers[k].seconds for k in systems) for answers in self.rounds]
