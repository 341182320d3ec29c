"""All strata of a problem that can hold a local minimum."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reluenum.engines.deep.enumeration.arrays import realisable
from reluenum.engines.deep.enumeration.exclusion import exclusion
from reluenum.engines.deep.enumeration.sizes import live_widths
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem


@dataclass(frozen=True)
class Enumeration:
    """The strata of a problem that can hold a local minimum.

    Parameters
    ----------
    strata : tuple of DeepStratum
        To be solved; constant networks are among them, the zero network is not.
    skipped : mapping
        From a reason to the number of strata that it excludes.

    Examples
    --------
    >>> problem = Problem.from_text([[0], [1]], [1, 2], [1, 1], "1/10")
    >>> found = Enumeration.of(problem)
    >>> [stratum.text for stratum in found.strata]
    ['/++', '++/++', '+./+-', '+0/++', '.+/-+', '0+/++']
    """

    strata: tuple[DeepStratum, ...]
    skipped: Mapping[str, int]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return what there is to solve for a problem."""
        found = constants(problem)
        for widths in live_widths(problem):
            found += realisable(problem, widths)
        reasons = {stratum: exclusion(problem, stratum) for stratum in found}
        kept = tuple(stratum for stratum, reason in reasons.items() if reason is None)
        return cls(kept, Counter(reason for reason in reasons.values() if reason))


def constants(problem: Problem) -> list[DeepStratum]:
    """Return the strata of constant networks, whose lower layers are dead (Lemma D3)."""
    row, depth = "+" * len(problem.sites), len(problem.hidden)
    return [DeepStratum(((),) * dead + ((row,),) * (depth - dead)) for dead in range(1, depth)]


def strata(problem: Problem) -> tuple[DeepStratum, ...]:
    """Return all strata that are to be solved: those that can hold a local minimum.

    Constant networks are among them, the zero network is not.
    """
    return Enumeration.of(problem).strata
