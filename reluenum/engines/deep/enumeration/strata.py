"""All strata of a problem that can hold a local minimum."""

from reluenum.engines.deep.enumeration.arrays import realisable
from reluenum.engines.deep.enumeration.exclusion import exclusion
from reluenum.engines.deep.enumeration.sizes import live_widths
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem


def constants(problem: Problem) -> list[DeepStratum]:
    """Return the strata of constant networks, whose lower layers are dead (Lemma D3)."""
    row, depth = "+" * len(problem.sites), len(problem.hidden)
    return [DeepStratum(((),) * dead + ((row,),) * (depth - dead)) for dead in range(1, depth)]


def strata(problem: Problem) -> tuple[DeepStratum, ...]:
    """Return all strata that are to be solved: those that can hold a local minimum.

    Constant networks are among them, the zero network is not.

    Examples
    --------
    >>> problem = Problem.from_text([[0], [1]], [1, 2], [1, 1], "1/10")
    >>> [stratum.text for stratum in strata(problem)]
    ['/++', '++/++', '+./+-', '+0/++', '.+/-+', '0+/++']
    """
    found = constants(problem)
    for widths in live_widths(problem):
        found += realisable(problem, widths)
    return tuple(s for s in dict.fromkeys(found) if exclusion(problem, s) is None)
