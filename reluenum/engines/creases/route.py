"""The engine for hidden biases without penalty and inputs of any dimension."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

from flint import fmpq

from reluenum.algebra.linear import dot
from reluenum.algebra.numbers import Number
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.flows import vertex_flows
from reluenum.engines.creases.screens import unrejected
from reluenum.engines.creases.systems import constant_network
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.engines.hinges.joined import components_in
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.engines.hinges.strata import Shares, shares
from reluenum.geometry.patterns import Counts
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.creases import CreaseComponent, CreaseGroup, ranked_creases
from reluenum.landscape.hinges import HingeStratum
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally
from reluenum.problem import Problem


@dataclass(frozen=True)
class CreaseEngine:
    """An `Engine` for hidden biases without penalty that solves polynomial systems."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem."""
        creases = Creases(problem)
        points, undecided = [constant_network(creases)], []
        with settings.open() as backends:
            for size in range(1, problem.width + 1):
                for system in unrejected(creases, combinations(creases.live, size)):
                    points += system.solutions(backends)
        known = {}
        for point in points:
            residual = CreaseResidual(creases, point)
            if residual.is_stationary:
                known.setdefault(residual.key, residual)
        groups = [crease_components(residual, problem.width) for residual in known.values()]
        complete = not undecided
        components = ranked_creases((c for group in groups for c in group), complete)
        columns, width = len(creases.arrangement.columns), problem.width
        counts = Counts(
            2 ** (problem.size * width),
            columns**width,
            comb(columns + width - 1, width),
            count_supports(len(creases.live), width),
        )
        return CertifiedLandscape(
            problem,
            counts,
            Tally(None, sum(map(bool, groups))),
            (),
            components,
            tuple(undecided),
            Completeness.EXACT_BASIS,
        )


def crease_components(residual: CreaseResidual, width: int) -> list[CreaseComponent]:
    """Return the components of minima with one residual."""
    found = list(shares(residual, width, vertex_flows(residual, width)))
    return [_of_crease(part, copies) for part, copies in components_in(found)]


def _of_crease(part: list[Shares], copies: int) -> CreaseComponent:
    residual = part[0].residual
    problem, values = residual.creases.problem, residual.point.residual
    fit = 2 * dot(residual.forces, problem.means) - dot(residual.forces, values)
    pairs = [(_crease_stratum(share), share) for share in part]
    pairs.sort(key=lambda pair: (-pair[0].dimension, pair[0].key))
    strata = tuple(stratum for stratum, _ in pairs)
    return CreaseComponent(
        problem,
        (fit + problem.scatter) * problem.loss_scale,
        _level_of(residual, strata[0]),
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


def _level_of(residual: CreaseResidual, stratum: HingeStratum) -> Number:
    """Return m, from the fit at the first site."""
    problem = residual.creases.problem
    level = problem.means[0] - residual.point.residual[0]
    for group in stratum.groups:
        if group.face[problem.sites[0].first] == "+":
            level = level - group.response(residual.creases.inputs[0])
    return level
