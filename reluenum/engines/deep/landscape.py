"""From judged points to the landscape."""

from collections.abc import Iterable, Sequence

from reluenum.algebra.numbers import rational_point
from reluenum.engines.deep.minimality.judge import Judged
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.texts import of_points, text_of
from reluenum.engines.deep.widths import deep_components
from reluenum.errors import UndecidedError
from reluenum.landscape.deep import DeepComponent, DeepCounts, DeepPoint, ranked_deep
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided
from reluenum.problem import Problem


def dead_network(problem: Problem) -> ScaledNetwork:
    """Return the network all of whose units are dead."""
    nothing: tuple = ((),) * len(problem.hidden)
    return ScaledNetwork(
        problem, DeepStratum(nothing), rational_point(), nothing, nothing, (), nothing, {}
    )


def deep_landscape(
    problem: Problem,
    judged: Sequence[Judged],
    undecided: Iterable[Undecided],
    counts: DeepCounts,
    completeness: Completeness,
) -> CertifiedLandscape:
    """Join the minima among judged points into components.

    Parameters
    ----------
    problem : Problem
    judged : sequence of Judged
        Every stationary point with distinct units, that of the zero network included.
    undecided : iterable of Undecided
        Strata whose stationary points are not known.
    counts : DeepCounts
    completeness : Completeness
        What the list rests on, if nothing is undecided.
    """
    found: list[DeepComponent] = []
    open_ones = list(undecided)
    for point in judged:
        name = text_of(problem, point.network.signs)
        if point.verdict is DeepVerdict.UNDECIDED:
            open_ones.append(Undecided(name, point.reason))
        elif point.verdict is DeepVerdict.MINIMUM:
            try:
                found += deep_components(point.network)
            except UndecidedError as error:
                open_ones.append(Undecided(name, str(error)))
    living = [point for point in judged if any(point.network.stratum.layers)]
    tally = Tally(len(living), sum(p.verdict is DeepVerdict.MINIMUM for p in living))
    complete = not open_ones and completeness is not Completeness.RESTRICTED
    return CertifiedLandscape(
        problem,
        counts,
        tally,
        tuple(map(_deep_point, judged)),
        ranked_deep(found, complete),
        tuple(open_ones),
        completeness,
    )


def _deep_point(judged: Judged) -> DeepPoint:
    """Return what documents say of a point."""
    network, verdict, descent = judged.network, judged.verdict, judged.descent
    return DeepPoint(
        tuple(tuple(of_points(network.problem, row) for row in layer) for layer in network.signs),
        network.loss,
        None if verdict is DeepVerdict.UNDECIDED else verdict is DeepVerdict.MINIMUM,
        verdict.value,
        judged.reason,
        None if descent is None else descent.to_document(),
    )
