"""Small supports first: reducible ones need no system (Theorem E)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, compress
from operator import not_
from typing import Any

from reluenum.engines.reduced.completeness import KnownResiduals
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import Support

SolveAll = Callable[[Iterable[Any]], Iterator[Any]]


def outcomes_of_size(
    arrangement: Arrangement, size: int, known: KnownResiduals, solve: SolveAll
) -> Iterator[Outcome]:
    """Yield the outcome of every support of a size; reducible ones need no solver (Theorem E).

    Parameters
    ----------
    arrangement : Arrangement
    size : int
    known : KnownResiduals
        Of all smaller sizes; the points that are found are added.
    solve : callable
        Yields the outcomes of supports.
    """
    everything: list[Support] = list(combinations(arrangement.live_faces, size))
    reducible = [known.reduce(support) for support in everything]
    for support in compress(everything, reducible):
        yield Outcome(support, OutcomeKind.NO_POINT)
    for outcome in solve(compress(everything, map(not_, reducible))):
        if outcome.point is not None:
            known.record(outcome.point)
        yield outcome
