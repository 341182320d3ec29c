"""All leaves of a tree, decided many at a time, here or in other processes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from tqdm import tqdm

from reluenum.engines.certified.census import Census, counted
from reluenum.engines.certified.escalation import Escalation, Stage
from reluenum.engines.certified.verdicts import Verdict
from reluenum.engines.trees.leaves import Decided, LeafJudge
from reluenum.engines.trees.tree import Leaf
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import in_processes, out_of_memory_told
from reluenum.problem import Problem

TOGETHER = 1 << 11
"""Leaves that are decided together, whatever the number of processes."""


@dataclass(frozen=True, eq=False)
class Leaves:
    """The leaves of one size, decided.

    Parameters
    ----------
    order : (B, m) array of int
        Which of the parts of the leaf each face is, faces by their numbers.
    kind : (B,) array of int8
        A `Verdict` for each.
    face : (B,) array of int32
        Position of the face that it is about, else -1.
    vectors : (B, m, D) array
        Approximations of w_l; 0 on faces of a reducible one that are not needed.
    """

    order: np.ndarray
    kind: np.ndarray
    face: np.ndarray
    vectors: np.ndarray


def decided_leaves(
    problem: Problem,
    leaves: Sequence[Leaf],
    followed: bool = True,
    settings: Settings = DEFAULT_SETTINGS,
) -> tuple[list[Leaves], Census]:
    """Decide leaves; return those of each size, and what they add up to.

    Parameters
    ----------
    problem : Problem
    leaves : sequence of (tuple of int, tuple of int)
        Of each the signs and the numbers of its live faces, in the order of its parts.
    followed : bool
        Whether a checker follows, so that doubles may choose which faces are enclosed.
    settings : Settings

    Raises
    ------
    WorkerDiedError
        If a process was killed, or ran out of memory.
    """
    found, census, quiet = [], Census(), not settings.progress
    with tqdm(total=len(leaves), desc="leaves", unit="leaf", disable=quiet) as bar:
        for size in sorted({len(faces) for _, faces in leaves}):
            signs, supports, order = _ascending([leaf for leaf in leaves if len(leaf[1]) == size])
            parts = []
            with _deciding(problem, followed, settings, len(supports)) as decide:
                for part in decide(_batches_of(supports, signs)):
                    _count_leaves(census, size, part)
                    parts.append(part)
                    bar.update(len(part.kind))
            kind, face, vectors = (
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("kind", "face", "vectors")
            )
            found.append(Leaves(order, kind, face, vectors))
    return found, census


def _ascending(leaves: Sequence[Leaf]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return signs and supports of leaves of one size, faces ascending, and the order of parts."""
    signs, supports = (np.array(column) for column in zip(*leaves, strict=True))
    order = np.argsort(supports, axis=1)
    signs, supports = (np.take_along_axis(a, order, axis=1) for a in (signs, supports))
    return signs, supports, order


def _batches_of(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield so many rows of arrays at a time."""
    for first in range(0, len(arrays[0]), TOGETHER):
        yield tuple(array[first : first + TOGETHER] for array in arrays)


def _count_leaves(census: Census, size: int, part: Decided) -> None:
    """Count leaves of a size."""
    census.kinds.setdefault(size, Counter()).update(counted(part.kind))
    stages = counted(part.stage[part.kind != Verdict.UNDECIDED])
    census.stages.update({Stage(stage): count for stage, count in stages.items()})
    census.finds += part.finds
    census.exact += part.exact
    census.undecided += part.undecided


Decide = Callable[[Iterable[tuple[np.ndarray, ...]]], Iterator[Decided]]


@contextmanager
def _deciding(problem: Problem, followed: bool, settings: Settings, count: int) -> Iterator[Decide]:
    """Provide a function that decides leaves, here or in processes, in order."""
    decide, jobs = partial(_decide, problem, followed, settings), min(settings.jobs, count)
    if count <= TOGETHER or jobs == 1:
        yield lambda parts: (_decide_here(decide, *part) for part in parts)
        return
    with in_processes(jobs) as mapped:
        yield lambda parts: mapped(decide, parts, _leaf_words)


def _decide_here(
    decide: Callable[..., Decided], supports: np.ndarray, signs: np.ndarray
) -> Decided:
    with out_of_memory_told(_leaf_words(supports, signs)):
        return decide(supports, signs)


def _leaf_words(supports: np.ndarray, _: np.ndarray) -> str:
    return f"leaves from faces {supports[0].tolist()} on"


def _decide(
    problem: Problem, followed: bool, settings: Settings, supports: np.ndarray, signs: np.ndarray
) -> Decided:
    """Decide leaves of one size in this process."""
    geometry = Geometry.of(problem)
    with settings.open() as backends:
        judge = LeafJudge(geometry.frames, Escalation(geometry, backends), followed)
        return judge.decide(supports, signs)
