"""The engine for hidden biases without penalty and inputs of any dimension."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from flint import fmpq
from tqdm import tqdm

from reluenum.algebra.numbers import Number
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.flows import vertex_flows
from reluenum.engines.creases.screens import unrejected
from reluenum.engines.creases.systems import (
    CreasePoint,
    CreaseSystem,
    SolvedSupport,
    constant_network,
)
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.engines.hinges.joined import components_in
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import Shares, strata_with
from reluenum.geometry.patterns import Counts
from reluenum.geometry.sizes import SUPPORT_LIMIT, refuse_astronomical, refuse_many_shares
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.creases import CreaseComponent, CreaseGroup, ranked_creases
from reluenum.landscape.hinges import HingeStratum
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided
from reluenum.problem import Problem


@dataclass(frozen=True)
class CreaseEngine:
    """An `Engine` for hidden biases without penalty that solves polynomial systems."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_astronomical(problem, SUPPORT_LIMIT)
        refuse_many_shares(problem, SUPPORT_LIMIT)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        creases, width = Creases(problem), problem.width
        with settings.open() as backends:
            bar = {"unit": "system", "disable": not settings.progress}
            solved = [one.solved(backends) for one in tqdm(crease_systems(creases, width), **bar)]
        return crease_landscape(creases, solved)


def crease_systems(creases: Creases, width: int) -> Iterator[CreaseSystem]:
    """Yield the systems that are to be solved, those of few creases first."""
    for size in range(1, width + 1):
        yield from unrejected(creases, combinations(creases.live, size))


def crease_landscape(creases: Creases, solved: Sequence[SolvedSupport]) -> CertifiedLandscape:
    """Return the landscape that the solutions of all systems lead to."""
    problem, width = creases.problem, creases.problem.width
    points = [constant_network(creases), *(one.point for one in solved if one.point)]
    groups = [crease_components(r, width) for r in distinct_residuals(creases, points)]
    left = [
        Undecided(tuple(crease.face for crease in one.support), one.reason)
        for one in solved
        if one.reason
    ]
    exact = all(one.is_exact for one in solved)
    found = (component for group in groups for component in group)
    return CertifiedLandscape(
        problem,
        crease_counts(creases, width),
        Tally(None, sum(map(bool, groups))),
        (),
        ranked_creases(found, not left),
        tuple(left),
        Completeness.EXACT_BASIS if exact else Completeness.ENGINE,
    )


def crease_counts(creases: Creases, width: int) -> Counts:
    """Return how many sign matrices, patterns and supports there are."""
    columns = len(creases.arrangement.columns)
    return Counts(
        2 ** (creases.problem.size * width),
        columns**width,
        comb(columns + width - 1, width),
        count_supports(len(creases.live), width),
    )


def distinct_residuals(creases: Creases, points: Iterable[CreasePoint]) -> list[CreaseResidual]:
    """Return the residuals of points whose units are on their creases, each once (Lemma 94)."""
    known: dict[tuple[str, ...], CreaseResidual] = {}
    for residual in (CreaseResidual(creases, point) for point in points):
        if residual.is_stationary:
            known.setdefault(residual.key, residual)
    return list(known.values())


def crease_components(residual: CreaseResidual, width: int) -> list[CreaseComponent]:
    """Return the components of minima with one residual."""
    found = list(strata_with(residual, width, vertex_flows(residual, width)))
    parts = components_in(found)
    if residual.creases.problem.has_linear:
        parts = _up_to_mirror_images(list(parts))
    return [_of_crease(part, copies) for part, copies in parts]


def _up_to_mirror_images(
    parts: Sequence[tuple[list[Shares], int]],
) -> Iterator[tuple[list[Shares], int]]:
    """Join the components that mirror images of units make of each other (Lemma 129).

    Of each stratum the form stays that stands for all: see `Units.represents`.
    """
    owner: dict[tuple, int] = {}
    for number, (part, _) in enumerate(parts):
        for share in part:
            owner.setdefault(_unsided(share), number)
    joined: dict[int, list[int]] = {}
    for number, (part, _) in enumerate(parts):
        joined.setdefault(min(owner[_unsided(share)] for share in part), []).append(number)
    for numbers in joined.values():
        strata = [share for number in numbers for share in parts[number][0] if _stands(share)]
        yield strata, sum(parts[number][1] for number in numbers)


def _forms(share: Shares) -> list[tuple[str, HingeState]]:
    """Return the units of a stratum, living ones with their signs at the data points."""
    residual = share.residual
    return [(_face_of(residual, state) if state.is_living else "", state) for state in share.states]


def _face_of(residual: CreaseResidual, state: HingeState) -> str:
    ranks = residual.direction(state.side).ranks
    return "".join(_signs_of(residual.creases.problem, ranks, state))


def _unsided(share: Shares) -> tuple:
    """Return a stratum up to mirror images of its units."""
    turn = str.maketrans("+-", "-+")
    found = []
    for face, state in _forms(share):
        kind = Kind.INACTIVE if state.kind == Kind.ACTIVE else state.kind
        found.append((max(face, face.translate(turn)), state.sign, kind))
    return tuple(sorted(found))


def _stands(share: Shares) -> bool:
    """Whether all units have the form that stands for both."""
    units = share.residual.creases.problem.units
    return all(
        units.represents(face) if face else state.kind != Kind.ACTIVE
        for face, state in _forms(share)
    )


def _of_crease(part: list[Shares], copies: int) -> CreaseComponent:
    residual = part[0].residual
    pairs = [(_crease_stratum(share), share) for share in part]
    pairs.sort(key=lambda pair: (-pair[0].dimension, pair[0].key))
    strata = tuple(stratum for stratum, _ in pairs)
    intercept, *slopes = _outer_numbers(residual, strata[0])
    return CreaseComponent(
        residual.creases.problem,
        residual.loss,
        intercept,
        slopes,
        strata,
        residual.is_global,
        False,
        copies,
    )


def _crease_stratum(share: Shares) -> HingeStratum:
    living = sorted({state for state in share.states if state.is_living})
    groups = sorted((_crease_group(share, state) for state in living), key=lambda g: g.key)
    kinds = [state.kind for state in share.states]
    zeros = (kinds.count(kind) for kind in (Kind.INACTIVE, Kind.ACTIVE, Kind.ZERO))
    return HingeStratum(tuple(groups), *zeros, share.dimension)


def _crease_group(share: Shares, state: HingeState) -> CreaseGroup:
    number, part = share.states.count(state), share.part(state)
    direction = share.residual.direction(state.side)
    square = sum((weight for _, weight in part), fmpq(0))
    bend = sum((place * weight for place, weight in part), fmpq(0)) / square
    if state.kind == Kind.LINE:  # as far outside as the inputs are apart
        bend = bend - (direction.levels[-1] - direction.levels[0])
    low, high = share.kinks(state)
    return CreaseGroup(
        "".join(_signs_of(share.residual.creases.problem, direction.ranks, state)),
        state.sign,
        number,
        square * number,
        direction.vector,
        -bend,
        tuple(None if end is None else -end for end in (high, low)),
    )


def _signs_of(problem: Problem, ranks: tuple[int, ...], state: HingeState) -> Iterator[str]:
    """Yield the signs of a unit at the data points."""
    sites = {site.row: rank for site, rank in zip(problem.sites, ranks, strict=True)}
    for row in problem.rows:
        rank = sites[row]
        if state.kind == Kind.LINE or rank > state.place:
            yield "+"
        else:
            yield "0" if state.kind == Kind.KINK and rank == state.place else "-"


def _outer_numbers(residual: CreaseResidual, stratum: HingeStratum) -> list[Number]:
    """Return m, from the fit at the first site, or m and the linear part that fit best."""
    problem = residual.creases.problem
    if problem.has_linear:
        errors = (_left_at(residual, stratum, k) for k in range(len(problem.sites)))
        constant = residual.point.isolated.constant
        return problem.outer.coefficients([constant(0) + error for error in errors])
    return [_left_at(residual, stratum, 0) - residual.point.residual[0]]


def _left_at(residual: CreaseResidual, stratum: HingeStratum, place: int) -> Number | fmpq:
    """Return what the units of a stratum leave of the target at a site."""
    problem = residual.creases.problem
    left = problem.means[place]
    for group in stratum.groups:
        if group.face[problem.sites[place].first] == "+":
            left = left - group.response(residual.creases.inputs[place])
    return left
