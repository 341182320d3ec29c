"""The engine for hidden biases without penalty: from a problem to its landscape."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb

from flint import fmpq
from tqdm import tqdm

from reluenum.engines.hinges.doubles import SignedHinges, number_of_sets, signed_candidates
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.joined import components_in
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import Shares, shares
from reluenum.errors import InputError, TooManySupportsError
from reluenum.geometry.patterns import Counts
from reluenum.geometry.sizes import (
    LARGEST_WIDTH,
    SUPPORT_LIMIT,
    multisets,
    refuse_large_data,
    scientific,
)
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import in_processes
from reluenum.landscape.hinges import HingeComponent, HingeGroup, HingeStratum, ranked_hinges
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally
from reluenum.problem import Problem

FORMAT = "reluenum-hinges"
"""Format of certificates, of which the checker makes the whole list itself."""

MOST_POINTS = 500
"""Of data that start without being asked twice: tables grow with the square."""

MOST_SETS = 30_000_000
"""Sets of cells that are looked at without being asked twice: some minutes."""

FEW_SETS = 100_000
"""Sets of cells that are looked at beforehand, to count how units can share what they lead to."""

FEW_WAYS = 10_000
"""Ways to share units that one process goes through before others would have started."""


@dataclass(frozen=True)
class HingeEngine:
    """An `Engine` for hidden biases without penalty, and inputs on a line.

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> problem = Problem.from_arrays([0, 1], [0, 1], width=1, ridge=0.125, **free)
    >>> [component.exact_loss for component in HingeEngine().landscape(problem).components]
    [7/32, 7/32, 1/2]
    """

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_large_data(on_a_line(problem), MOST_POINTS)
        if problem.width > LARGEST_WIDTH:
            found, most = f"{problem.width} units", f"at most {LARGEST_WIDTH}"
            raise TooManySupportsError("width", found, f"{most}, or insist with --force")
        hinges = Hinges.of(problem)
        found = number_of_sets(hinges, problem.width)
        _refuse_more(problem, found, MOST_SETS, "sets of places for the kinks")
        ways = multisets(most_states(hinges.size), problem.width)
        if ways > SUPPORT_LIMIT and found <= FEW_SETS:
            known = residuals_among(hinges, signed_candidates(hinges, problem.width))
            ways = sum(ways_to_share(known, problem.width))
            _refuse_more(problem, ways, SUPPORT_LIMIT, "ways to share the units among places")
        else:
            _refuse_more(problem, ways, MOST_SETS, "ways, at most, to share the units")

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        hinges = Hinges.of(on_a_line(problem))
        number, hidden = number_of_sets(hinges, problem.width), not settings.progress
        with tqdm(total=number, unit="set", disable=hidden) as bar:
            left = signed_candidates(hinges, problem.width, bar.update)
            found = residuals_among(hinges, left)
        ways = ways_to_share(found, problem.width)
        groups = []
        with tqdm(total=sum(ways), unit="way", disable=hidden) as bar:
            jobs = settings.jobs if sum(ways) > FEW_WAYS else 1
            for group, looked_at in zip(_grouped(problem, found, jobs), ways, strict=True):
                groups.append(group)
                bar.update(looked_at)
        components = ranked_hinges(component for group in groups for component in group)
        cells, width = 2 * hinges.size, problem.width
        counts = Counts(
            2 ** (problem.size * width), cells**width, comb(cells + width - 1, width), number
        )
        return CertifiedLandscape(
            problem,
            counts,
            Tally(None, sum(map(bool, groups))),
            (),
            components,
            (),
            Completeness.CERTIFICATE,
            certificate={"format": FORMAT, "version": 1, "problem_sha256": problem.digest},
        )


def _refuse_more(problem: Problem, found: int, most: int, what: str) -> None:
    """Refuse a problem in which there is more to look at than that."""
    if found > most:
        raise TooManySupportsError(
            f"width {problem.width} with n = {len(problem.sites)}",
            f"{found:,} {what}" if found < 10**9 else f"{scientific(found)} {what}",
            f"at most {most:,}; lower the width or the number of points, or insist with --force",
        )


def on_a_line(problem: Problem) -> Problem:
    """Return a problem whose inputs are numbers.

    Raises
    ------
    InputError
        If they have several columns.
    """
    if problem.dimension > 1:
        found = f"free with {problem.dimension} columns of inputs"
        raise InputError("hidden_bias", found, "one column: this is known of inputs on a line only")
    return problem


def residuals_among(hinges: Hinges, found: Iterable[SignedHinges]) -> list[HingeResidual]:
    """Return the residuals of constant networks and of sets of hinges, each once (Lemma 83)."""
    known = {tuple(hinges.residual((), ())): None}
    for one in found:
        slopes = hinges.slopes(one.edges, one.signs)
        if all(slope * sign > 0 for slope, sign in zip(slopes, one.signs, strict=True)):
            known.setdefault(tuple(hinges.residual(one.edges, slopes)))
    return [HingeResidual(hinges, values) for values in known]


def ways_to_share(found: Iterable[HingeResidual], width: int) -> list[int]:
    """Return for each residual how many ways there are to share units among its states."""
    return [multisets(len(residual.states), width) for residual in found]


def most_states(inputs: int) -> int:
    """Return how many states the units of one residual can have at most (Lemma 122).

    Examples
    --------
    >>> [most_states(inputs) for inputs in (2, 4, 8)]
    [7, 11, 25]
    """
    return max(2 * inputs + 3, 4 * inputs - 7)


def _grouped(
    problem: Problem, found: Sequence[HingeResidual], jobs: int
) -> Iterator[list[HingeComponent]]:
    """Yield the components with each residual, in order, by so many processes."""
    if jobs == 1:
        yield from (_components_with(problem, residual) for residual in found)
        return
    with in_processes(jobs) as mapped:
        items = ((problem, residual.values) for residual in found)
        yield from mapped(_components_in_a_process, items, _residual_in_words)


def _residual_in_words(problem: Problem, values: Sequence[fmpq]) -> str:
    return "the residual " + ", ".join(map(str, values))


def _components_in_a_process(problem: Problem, values: Sequence[fmpq]) -> list[HingeComponent]:
    """Return the components of minima with one residual, of which only the values travel."""
    return _components_with(problem, HingeResidual(Hinges.of(problem), values))


def _components_with(problem: Problem, residual: HingeResidual) -> list[HingeComponent]:
    """Return the components of minima with one residual."""
    found = list(shares(residual, problem.width))
    return [component_of_shares(problem, part, copies) for part, copies in components_in(found)]


def component_of_shares(problem: Problem, part: Sequence[Shares], copies: int) -> HingeComponent:
    """Return the component of strata with one residual, not known to be global at its width.

    Parameters
    ----------
    problem : Problem
    part : sequence of Shares
        All strata of a component.
    copies : int
        Number of components of labelled networks.
    """
    first, residual = part[0], part[0].residual
    weight = sum(first.middle.values(), fmpq(0))
    loss = problem.scatter + residual.square + 2 * residual.hinges.ridge * weight
    pairs = ranked_shares(problem, part)
    strata = tuple(stratum for stratum, _ in pairs)
    intercept, *linear = _outer_coefficients(residual.hinges, strata[0])
    return HingeComponent(
        problem,
        loss * problem.loss_scale,
        intercept,
        tuple(linear),
        strata,
        residual.is_global,
        False,
        copies,
    )


def ranked_shares(problem: Problem, part: Iterable[Shares]) -> list[tuple[HingeStratum, Shares]]:
    """Return the strata of a component in their order, the largest dimension first."""
    pairs = [(_stratum(problem, share), share) for share in part]
    return sorted(pairs, key=lambda pair: (-pair[0].dimension, pair[0].key))


def _stratum(problem: Problem, share: Shares) -> HingeStratum:
    living = sorted({state for state in share.states if state.is_living})
    groups = sorted(
        (_group(problem, share, state) for state in living),
        key=lambda group: (group.face, -group.sign, -group.side),
    )
    kinds = [state.kind for state in share.states]
    zeros = (kinds.count(kind) for kind in (Kind.INACTIVE, Kind.ACTIVE, Kind.ZERO))
    return HingeStratum(tuple(groups), *zeros, share.dimension)


def _group(problem: Problem, share: Shares, state: HingeState) -> HingeGroup:
    number, part = share.states.count(state), share.part(state)
    square = sum((weight for _, weight in part), fmpq(0))
    kink = sum((place * weight for place, weight in part), fmpq(0)) / square
    if state.kind == Kind.LINE:  # as far outside as the inputs are apart
        inputs = share.residual.hinges.inputs
        kink -= state.side * (inputs[-1] - inputs[0])
    side, kinks = state.side, share.kinks(state)
    face = "".join(_signs_at(problem, side, kink))
    if share.residual.hinges.absorbs and face.lstrip("0")[0] == "-":
        side, face = -side, "".join(_signs_at(problem, -side, kink))  # its mirror image (Lemma 76)
    return HingeGroup(face, state.sign, side, number, square * number, kink, kinks)


def _signs_at(problem: Problem, side: int, kink: fmpq) -> Iterator[str]:
    """Yield the signs of a unit at the data points."""
    for (x,) in problem.inputs:
        height = side * (x - kink)
        yield "+" if height > 0 else "-" if height < 0 else "0"


def _outer_coefficients(hinges: Hinges, stratum: HingeStratum) -> list[fmpq]:
    """Return m and the linear part, the best ones for the units in the middle of a stratum."""
    errors = []
    for x, y in zip(hinges.inputs, hinges.targets, strict=True):
        units = (g.sign * g.square * max(g.side * (x - g.kink), fmpq(0)) for g in stratum.groups)
        errors.append(y - sum(units, fmpq(0)))
    return hinges.outer.coefficients(errors)
