"""The algebraic number behind an event of a ridge path.

A support with given signs has local minima while certain inequalities hold at its point. At an
event one of them becomes an equality: together with the stationarity equations, in which the ridge
is an unknown, it isolates a point whose coordinates are algebraic, the ridge among them. What is
proved of it is Lemma 32 of docs/theory.md; whatever cannot be proved is no number but a reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key, partial
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpz_poly
from tqdm import tqdm

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.linear import dot
from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box, evaluated, polished
from reluenum.algebra.numberfield import ball_sign, real_roots
from reluenum.algebra.numbers import IsolatedPoint, Number, compare
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError
from reluenum.geometry.arrangement import answering_sites
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import StratumKey
from reluenum.groebner.backends import Backends, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.roots import claimed_root
from reluenum.landscape.components import Component
from reluenum.paths.family import Condition, Family
from reluenum.paths.hinges.exact import HingePath
from reluenum.paths.path import RidgePath, Sample

BITS = 512
"""Precision at which a branch is enclosed over a bracket."""

START_BITS = 128
"""Precision of the unknowns from which an enclosure of a branch starts."""

INFLATIONS = 8
"""How often the enclosure of a branch is widened before it is given up."""


@dataclass(frozen=True, eq=False)
class Turn:
    """The ridge in a bracket on one side of which, and not on the other, a support has minima.

    Parameters
    ----------
    ridge : Number
        In the problem's own convention.
    condition : str
        The equality that holds there.
    """

    ridge: Number
    condition: str

    @cached_property
    def polynomial(self) -> fmpz_poly:
        """The minimal polynomial of the ridge, primitive."""
        return self.ridge.exact().minimal_polynomial()

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "minimal_polynomial": [str(c) for c in self.polynomial.coeffs()],
            "decimal": decimal_text(self.ridge),
            "condition": self.condition,
        }


def exact_document(
    path: RidgePath | HingePath, limits: Limits = DEFAULT_LIMITS, progress: bool = False
) -> dict[str, Any]:
    """Return the document of a path with the algebraic number behind each event.

    Every change has a `number`; where that is null, a `reason`. An event has them too: the number
    if it is the same for all changes.

    Parameters
    ----------
    path : RidgePath or HingePath
        The events of the latter are exact in any case.
    limits : Limits
        Of one backend on one system.
    progress : bool
    """
    document = path.to_document()
    if isinstance(path, HingePath):
        return document
    geometry = Geometry.of(path.problem)
    samples = {sample.ridge: sample for sample in path.samples}
    events = list(zip(path.events, document["events"], strict=True))
    with open_backends("auto", limits) as backends:
        for event, record in tqdm(events, unit="event", disable=not progress):
            ends = (samples[event.low], samples[event.high])
            found = [
                turn_of_change(geometry, ends, before, after, backends)
                for _, before, after in event.changes
            ]
            for change, outcome in zip(record["changes"], found, strict=True):
                change |= _record(outcome)
            record |= _record(_common(found))
    return document


def _record(outcome: Turn | str) -> dict[str, Any]:
    if isinstance(outcome, str):
        return {"number": None, "reason": outcome}
    return {"number": outcome.to_document()}


def _common(found: Sequence[Turn | str]) -> Turn | str:
    """Return the one ridge of several turns, or why there is none."""
    for outcome in found:
        if isinstance(outcome, str):
            return outcome
    first, *others = found
    if all(compare(first.ridge, other.ridge) == 0 for other in others):
        return first
    return "not all of it happens at one ridge"


def turn_of_change(
    geometry: Geometry,
    ends: tuple[Sample, Sample],
    before: StratumKey | None,
    after: StratumKey | None,
    backends: Backends,
) -> Turn | str:
    """Return where the branch before a change ends and the one after it begins, or why not.

    If that is proved of one of the two only, it has the word; nothing is known of a zero network.

    Parameters
    ----------
    geometry : Geometry
    ends : (Sample, Sample)
        At the lower and at the higher end of the bracket.
    before, after : StratumKey or None
    backends : Backends
        Describes a point by one algebraic number.
    """
    found = [
        turn(geometry, branch, alive, other.ridge, backends)
        for branch, (alive, other) in ((before, ends), (after, ends[::-1]))
        if branch is not None and branch.groups
    ]
    if not found:
        return "the zero network alone has no unit that changes"
    return _common([outcome for outcome in found if isinstance(outcome, Turn)] or found)


def turn(
    geometry: Geometry,
    branch: StratumKey,
    alive: Sample,
    other: fmpq,
    backends: Backends,
) -> Turn | str:
    """Return the ridge in a bracket at which a support ceases to have local minima (Lemma 32).

    What cannot be proved to be one has a reason instead.

    Parameters
    ----------
    geometry : Geometry
    branch : StratumKey
        With a living unit.
    alive : Sample
        At one end of the bracket, with the branch among its minima.
    other : fmpq
        The ridge at the other end.
    backends : Backends
    """
    support = tuple(geometry.arrangement.face(face) for face, _, _ in branch.groups)
    family = Family(geometry.problem, support)
    scale = geometry.problem.effective_ridge / geometry.problem.ridge
    ends = (alive.ridge * scale, other * scale)
    conditions = family.conditions(geometry.arrangement, [sign for _, sign, _ in branch.groups])
    stretch = _stretch(family, _start(family, alive.minima[branch], ends[0]), ends)
    if stretch is None:
        return "no branch could be enclosed over the bracket; its squares may not be unique"
    try:
        return _first_turn(stretch, conditions, scale, backends)
    except BackendError as error:
        return str(error)


@dataclass(frozen=True, eq=False)
class Stretch:
    """A branch of stationary solutions over an interval of ridges, enclosed.

    Parameters
    ----------
    family : Family
    ends : (fmpq, fmpq)
        Lambda where the branch is listed, and where it is not.
    boxes : two lists of arb
        Around the points at the ends.
    tube : list of arb
        Box with exactly one solution for every mu in its last entry.
    """

    family: Family
    ends: tuple[fmpq, fmpq]
    boxes: tuple[list[arb], list[arb]]
    tube: list[arb]

    def holds(self, condition: Condition) -> bool:
        """Whether a condition surely holds, strictly, all over the interval."""
        return self._sign(condition, self.tube) > 0

    def turns(self, condition: Condition) -> bool:
        """Whether a condition surely changes from one end to the other.

        An end itself may be the place where it is 0, but not both.
        """
        first, last = (self._sign(condition, box) for box in self.boxes)
        return first >= 0 >= last and first != last

    def is_convex(self, turning: Iterable[Condition]) -> bool:
        """Whether squares that become negative surely stay as small as Lemma 31 asks."""
        problem, total = self.family.problem, arb(0)
        for condition in turning:
            if condition.square is not None:
                square = self.tube[self.family.names.index(f"s{condition.square}")]
                answering = answering_sites(problem, self.family.support[condition.square])
                sites = [(problem.sites[k], slope) for k, slope in answering]
                squares = (s.weight * slope**2 * dot(s.row, s.row) for s, slope in sites)
                total += abs(square) * sum(squares, start=fmpq(0))
        return bool(total < 1)

    def _sign(self, condition: Condition, box: Sequence[arb]) -> int:
        with ctx.workprec(BITS):
            (terms,) = PolynomialSystem(self.family.names, (condition.polynomial,)).terms
            return condition.orientation * ball_sign(evaluated(terms, box))


def _start(family: Family, minimum: Component, ridge: fmpq) -> list[arb]:
    """Return approximate unknowns of a local minimum at a ridge."""
    groups = minimum.strata[0].groups
    with ctx.workprec(BITS):
        units: list[arb] = []
        for group in groups:
            basis = group.face.basis
            unit = [entry.ball(START_BITS) * group.sign for entry in group.direction]
            metric = arb_mat([[arb(dot(v, w)) for w in basis] for v in basis])
            heights = arb_mat([[dot(unit, vector)] for vector in basis])
            units += metric.solve(heights).entries()
        squares = [group.square.ball(START_BITS) / arb(ridge) for group in groups]
        network = minimum.representative
        outer = [network.bias] if "m" in family.penalised else []
        outer += network.linear if "beta0" in family.penalised else []
        coefficients = [number.ball(START_BITS) for number in outer]
        return [ball.mid() for ball in (*units, *squares, *coefficients, 1 / arb(ridge))]


def _stretch(family: Family, start: Sequence[arb], ends: tuple[fmpq, fmpq]) -> Stretch | None:
    """Enclose the branch through a point over an interval, and a bit beyond; None if that fails."""
    boxes = []
    for ridge in ends:
        system = family.at(ridge)
        box = certified_box(system, lambda _, system=system: polished(system, start))
        if box is None:
            return None
        boxes.append(box)
    with ctx.workprec(BITS):
        first, last = (1 / arb(ridge) for ridge in ends)
        # Twice as wide as the bracket, for the number may be one of the ends.
        parameter = ((first + last) / 2).mid() + arb(0, abs(first - last))
        centre = [((a + b) / 2).mid() for a, b in zip(*boxes, strict=True)][:-1]
        tube = _tube(family.system, centre, parameter)
    if tube is None or not all(_within(box, tube) for box in boxes):
        return None
    return Stretch(family, ends, (boxes[0], boxes[1]), tube)


def _tube(system: PolynomialSystem, centre: Sequence[arb], parameter: arb) -> list[arb] | None:
    """Return a box in which there is exactly one solution for every value of the last variable.

    Interval Newton with the parameter as a ball; a box that is too small is widened.
    """
    box = list(centre)
    for _ in range(INFLATIONS):
        try:
            image = _newton(system, centre, box, parameter)
        except ZeroDivisionError:
            return None
        if all(old.contains_interior(new) for old, new in zip(box, image, strict=True)):
            return [*box, parameter]
        reach = [abs(new - c).upper() for new, c in zip(image, centre, strict=True)]
        widest = max(reach)
        box = [c + arb(0, 2 * r + widest / 64) for c, r in zip(centre, reach, strict=True)]
    return None


def _newton(
    system: PolynomialSystem, centre: Sequence[arb], box: Sequence[arb], parameter: arb
) -> list[arb]:
    """Return the image of interval Newton for all values of the last variable at once.

    The equations are linear in it. Its share of the step is a vector, known well, times the ball.
    """
    middle = [*centre, parameter.mid()]
    jacobian = arb_mat(
        [
            [evaluated(terms, [*box, parameter]) for terms in row[:-1]]
            for row in system.jacobian_terms
        ]
    )
    values = [
        [evaluated(terms, middle), evaluated(row[-1], middle)]
        for terms, row in zip(system.terms, system.jacobian_terms, strict=True)
    ]
    step = jacobian.solve(arb_mat(values))
    change = parameter - parameter.mid()
    return [c - step[j, 0] - step[j, 1] * change for j, c in enumerate(centre)]


def _within(box: Iterable[arb], tube: Iterable[arb]) -> bool:
    return all(outer.contains(inner) for inner, outer in zip(box, tube, strict=True))


def _first_turn(
    stretch: Stretch, conditions: Sequence[Condition], scale: fmpq, backends: Backends
) -> Turn | str:
    """Return the first turn of a branch, seen from the end where it is a local minimum."""
    turning = [condition for condition in conditions if stretch.turns(condition)]
    if not turning:
        return "no condition of the branch is seen to change over the bracket"
    if not stretch.is_convex(turning):
        return "the bracket is too wide for what is proved of negative squares"
    for condition in conditions:
        if condition not in turning and not stretch.holds(condition):
            return f"it could not be excluded that also {condition.equality}"
    turns = []
    for condition in turning:
        ridge = _where(stretch, condition, backends)
        if ridge is None:
            return f"it could not be proved that {condition.equality} at one ridge only"
        turns.append(Turn(ridge / scale, condition.equality))
    low, high = sorted(stretch.ends)
    order = 1 if stretch.ends[0] == low else -1
    first = min(turns, key=cmp_to_key(lambda a, b: order * compare(a.ridge, b.ridge)))
    if not _only_root_between(first, low / scale, high / scale):
        return "the minimal polynomial has several roots in the bracket"
    return first


def _where(stretch: Stretch, condition: Condition, backends: Backends) -> Number | None:
    """Return Lambda at the only place of a stretch where a condition vanishes; None if unproved."""
    system = stretch.family.closed(condition.polynomial)
    start = [ball.mid() for ball in stretch.boxes[0]]
    box = certified_box(system, lambda _: polished(system, start))
    if box is None or not _within(box, stretch.tube) or not _is_monotone(system, stretch.tube):
        return None
    point = IsolatedPoint(system, box, partial(claimed_root, backends))
    ridge = point.constant(1) / point.coordinates[-1]
    low, high = sorted(stretch.ends)
    return ridge if (ridge - low).sign() >= 0 <= (high - ridge).sign() else None


def _is_monotone(system: PolynomialSystem, tube: Sequence[arb]) -> bool:
    """Whether the last polynomial surely is strictly monotone along the solutions of the others.

    Its derivative by the parameter is a quotient of two Jacobian determinants, of which the lower
    one is known not to vanish.
    """
    with ctx.workprec(BITS):
        jacobian = arb_mat(
            [[evaluated(terms, tube) for terms in row] for row in system.jacobian_terms]
        )
        try:
            jacobian.inv()
        except ZeroDivisionError:
            return False
        return True


def _only_root_between(found: Turn, low: fmpq, high: fmpq) -> bool:
    """Whether a ridge is the only root of its minimal polynomial from one ridge to another."""
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits):
            bracket = arb(low).union(arb(high))
            if sum(root.overlaps(bracket) for root in real_roots(found.polynomial)) == 1:
                return True
    return False
