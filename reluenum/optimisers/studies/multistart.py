"""How many random starts find every minimum: multistart held against the certified list.

Each start is trained a little and then settled, which is kinder to multistart than stopping where
an optimiser stalls. What counts as found is a component of the list, by faces, signs and numbers
of units; nothing is certified again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reluenum.algebra.scalars import whole
from reluenum.geometry.geometry import Geometry
from reluenum.optimisers import Objective, Optimiser
from reluenum.optimisers.explain import key_of, listed_components
from reluenum.optimisers.settling import Cells, leave_saddles, settle
from reluenum.problem import Problem

CHUNK = 5000
"""Starts that are trained at once."""


@dataclass(frozen=True, eq=False)
class Discovery:
    """Which components a sequence of random starts reached, and when.

    Parameters
    ----------
    components : int
        Number of components on the list.
    reached : (S,) array of int
        For each start the number of its component, from 1, or 0 if it ended at none.
    """

    components: int
    reached: np.ndarray

    def found(self, starts: int) -> int:
        """Return how many components the first starts reached."""
        return len(np.unique(self.reached[:starts][self.reached[:starts] > 0]))

    @property
    def first(self) -> np.ndarray:
        """Number of the start, from 1, that reached each component first; 0 for none."""
        firsts = np.zeros(self.components, dtype=np.int64)
        numbers, places = np.unique(self.reached, return_index=True)
        living = numbers > 0
        firsts[numbers[living] - 1] = places[living] + 1
        return firsts

    def frequencies(self, starts: int) -> np.ndarray:
        """Return how many of the first starts reached each component."""
        return np.bincount(self.reached[:starts], minlength=self.components + 1)[1:]

    def estimate(self, starts: int) -> float:
        """Return Chao's estimate of the number of components from what the first starts found.

        With f1 components seen once and f2 seen twice it is the number seen plus
        f1 (f1 - 1) / (2 (f2 + 1)): what one would have believed without the list.

        References
        ----------
        Chao, Scandinavian Journal of Statistics 11 (1984), in its bias-corrected form.
        """
        often = self.frequencies(starts)
        once, twice = int((often == 1).sum()), int((often == 2).sum())
        return int((often > 0).sum()) + once * (once - 1) / (2 * (twice + 1))


def discover(minima: Mapping[str, Any], method: Optimiser, starts: int, seed: int = 0) -> Discovery:
    """Train networks from random starts and note which listed component each ends at.

    Parameters
    ----------
    minima : dict
        Of the format `reluenum-minima`, of one width.
    method : Optimiser
    starts : int
    seed : int
    """
    problem = Problem.from_document(minima["problem"])
    objective = Objective(problem)
    cells = Cells.of(Geometry.of(problem))
    listed = listed_components(minima["components"])
    starts = whole(starts, "starts")
    generator = np.random.default_rng(whole(seed, "seed", 0))
    reached: list[int] = []
    while len(reached) < starts:
        count = min(CHUNK, starts - len(reached))
        begin = objective.pack(objective.starts(count, generator))
        with np.errstate(all="ignore"):
            ends = objective.unpack(method(objective, begin, generator))
        finite = np.isfinite(objective.pack(ends)).all(axis=1)
        settled = leave_saddles(cells, objective, settle(cells, objective, ends[finite]))
        numbers = iter(
            listed.get(key_of(cells, problem.width, settled.groups(k)), 0) if done else 0
            for k, done in enumerate(settled.done)
        )
        reached += [next(numbers) if good else 0 for good in finite]
    return Discovery(len(minima["components"]), np.array(reached))
