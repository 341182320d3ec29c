"""The certified route for widths (1, L) on a line: every fan searched, points proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from reluenum.engines.deep.covers import CoverEngine
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.fans.search import searched
from reluenum.engines.fans.shapes import Fan, FanBatch
from reluenum.engines.fans.zeros import proved_networks
from reluenum.errors import InputError
from reluenum.groebner.backends import Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.problem import Problem

BATCH = 128
"""Fans that are searched together."""


@dataclass(eq=False)
class FanExamination:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    networks : list of ScaledNetwork
        Stationary with its signs.
    judged : list of Judged
        The same with their verdicts.
    reason : str
        What is not known of it; empty if nothing is missing as far as the search tells.
    items : list
        What the certificate says of it, which is nothing: the checker covers it by itself.
    """

    stratum: DeepStratum
    networks: list[ScaledNetwork] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    reason: str = ""
    items: list = field(default_factory=list)


@dataclass(frozen=True)
class FanEngine(CoverEngine):
    """An `Engine` for widths (1, L): all that it lists is proved, completeness is the checker's.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    rule = "boxes"

    def refuse_others(self, problem: Problem) -> None:
        """Refuse a problem of other widths, or inputs with several coordinates."""
        if len(problem.hidden) != 2 or problem.hidden[0] != 1 or problem.dimension != 1:
            hidden = ",".join(map(str, problem.hidden))
            found = f"hidden {hidden} with inputs of dimension {problem.dimension}"
            raise InputError("engine", found, "hidden layers 1,L and inputs on a line")

    def batches(self, found: Sequence[DeepStratum], jobs: int) -> list[list[DeepStratum]]:
        """Return the strata with as many upper rows together."""
        by_width: dict[int, list[DeepStratum]] = {}
        for stratum in found:
            if not stratum.lowest:
                by_width.setdefault(len(stratum.layers[1]), []).append(stratum)
        return [
            same[start : start + BATCH]
            for same in by_width.values()
            for start in range(0, len(same), BATCH)
        ]

    def examined(
        self, problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
    ) -> list[FanExamination]:
        """Search fans together."""
        with settings.open() as backends:
            return list(examine_fans(problem, batch, backends))


def examine_fans(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator[FanExamination]:
    """Find stationary points of strata with one live first-layer unit on a line.

    Parameters
    ----------
    problem : Problem
        With inputs in one dimension.
    strata : sequence of DeepStratum
        Each with as many upper rows as any other.
    backends : Backends
        Asked for the algebraic form of a point, should that be needed.
    """
    fans = [Fan(problem, stratum) for stratum in strata]
    yield from (FanExamination(fan.stratum) for fan in fans if fan.is_excluded)
    left = [fan for fan in fans if not fan.is_excluded]
    if not left:
        return
    found = searched(FanBatch(left))
    for fan, points, cells in zip(left, found.points, found.left, strict=True):
        networks, failed = proved_networks(fan, points, partial(claimed_root, backends))
        places = [(point.s, point.k) for point in failed]
        places += [(np.exp(low[0]), low[1]) for low, _ in cells]
        yield FanExamination(fan.stratum, networks, list(map(judge, networks)), _open_place(places))


def _open_place(places: Sequence[tuple[float, float]]) -> str:
    if not places:
        return ""
    s, k = places[0]
    return f"what is stationary near s = {s:.6g}, k = {k:.6g} could not be told"
