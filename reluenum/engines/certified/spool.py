"""Blocks on their way to the certificate: computed here or in other processes, kept on disk.

A finished block is a file of its own, bound to its problem and whole or absent, so that a run that
was stopped goes on where it was.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from reluenum.algebra.scalars import whole
from reluenum.engines.certified.blocks import (
    FORMAT,
    Block,
    Knowledge,
    block_bounds,
    read_blocks,
    read_known,
    write_blocks,
    write_known,
)
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.survey import Surveyor
from reluenum.errors import IncompleteRunError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.subsets import Subsets
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import in_processes, out_of_memory_told
from reluenum.problem import Problem

PER_BLOCK = 1 << 13
"""Supports that are examined, and kept, together."""


@dataclass(frozen=True)
class Task:
    """What is examined, and how.

    Parameters
    ----------
    problem : Problem
    largest : int
        Largest size of a support.
    settings : Settings
        The backends are for what balls cannot decide.
    """

    problem: Problem
    largest: int
    settings: Settings = DEFAULT_SETTINGS

    def __post_init__(self) -> None:
        object.__setattr__(self, "largest", whole(self.largest, "largest"))

    @property
    def key(self) -> str:
        """What has to be equal for a block to be used again."""
        text = f"{FORMAT} {self.problem.digest} {self.largest}"
        return sha256(text.encode()).hexdigest()

    @property
    def geometry(self) -> Geometry:
        """What follows from the data alone, shared by all tasks of a problem."""
        return Geometry.of(self.problem)

    @property
    def total(self) -> int:
        """Number of live faces."""
        return len(self.geometry.frames.faces)

    @property
    def sizes(self) -> range:
        """The sizes of supports, from 1 on."""
        return range(1, min(self.largest, self.total) + 1)

    def start(self) -> Knowledge:
        """Return what is known of the empty support."""
        return Knowledge.of_nothing(self.problem, self.geometry.frames)

    def block(self, known: Knowledge, start: int, stop: int) -> Block:
        """Examine some supports of the next size."""
        with self.settings.open() as backends:
            escalation = Escalation(self.geometry, backends)
            return Surveyor(self.geometry.frames, escalation, self.largest).block(
                known, start, stop
            )


def surveyed(task: Task, folder: Path | None = None) -> Iterator[Block]:
    """Yield every block of a problem, by size and number.

    Parameters
    ----------
    task : Task
    folder : Path, optional
        Where finished blocks are kept, and those of an earlier run are found.

    Raises
    ------
    WorkerDiedError
        If a process was killed, or ran out of memory.
    """
    known, total = task.start(), task.total
    number, quiet = count_supports(total, task.largest), not task.settings.progress
    with (
        _examination(task, folder) as examine,
        tqdm(total=number, unit="support", disable=quiet) as bar,
    ):
        for size in task.sizes:
            done = []
            bounds = block_bounds(total, size, PER_BLOCK)
            for block in _kept(folder, task, size, bounds, partial(examine, known)):
                bar.update(len(block.kind))
                yield block
                if size < task.sizes[-1]:
                    done.append(block)
            if size < task.sizes[-1]:
                known = known.extended(done)


def survey_smaller(task: Task) -> tuple[list[Block], Knowledge]:
    """Examine all supports but those of the largest size, and return what is known of them.

    For runs in which every block of the largest supports is a job of its own.
    """
    known, done = task.start(), []
    for size in task.sizes[:-1]:
        bounds = block_bounds(task.total, size, PER_BLOCK)
        found = [_here(task, known, *pair) for pair in bounds]
        known = known.extended(found)
        done += found
    return done, known


Examine = Callable[[Knowledge, Iterable[tuple[int, int]]], Iterator[Block]]


@contextmanager
def _examination(task: Task, folder: Path | None) -> Iterator[Examine]:
    """Provide a function that examines many blocks, here or in processes, in order."""
    if task.settings.jobs == 1:
        yield lambda known, bounds: (_here(task, known, *pair) for pair in bounds)
        return
    with (
        TemporaryDirectory(prefix=".reluenum-", dir=folder) as shared,
        in_processes(task.settings.jobs) as mapped,
    ):

        def examine(known: Knowledge, bounds: Iterable[tuple[int, int]]) -> Iterator[Block]:
            path = Path(shared, f"known-{known.size}.npz")
            write_known(path, task.key, known)
            in_words = partial(_supports_from, known.size + 1)
            return mapped(partial(_examine, task, path), bounds, in_words)

        yield examine


def _supports_from(size: int, start: int, _: int) -> str:
    return f"supports of size {size} from number {start} on"


def _here(task: Task, known: Knowledge, start: int, stop: int) -> Block:
    with out_of_memory_told(_supports_from(known.size + 1, start, stop)):
        return task.block(known, start, stop)


def _examine(task: Task, path: Path, start: int, stop: int) -> Block:
    """Examine a block in a worker process."""
    return task.block(_read_once(path, task.key), start, stop)


_read_once = lru_cache(maxsize=1)(read_known)


def _kept(
    folder: Path | None,
    task: Task,
    size: int,
    bounds: list[tuple[int, int]],
    examine: Callable[[Iterable[tuple[int, int]]], Iterator[Block]],
) -> Iterator[Block]:
    """Yield blocks in order, from their files where there are such, and keep the others."""
    if folder is None:
        yield from examine(bounds)
        return
    paths = {pair: folder / f"{size}-{pair[0]}-{pair[1]}.npz" for pair in bounds}
    missing = [pair for pair, path in paths.items() if _usable(path, task, size, pair) is None]
    fresh = examine(missing)
    awaited = set(missing)
    for pair, path in paths.items():
        if pair in awaited:
            block = next(fresh)
            write_blocks(path, task.key, [block])
        else:
            # It is read twice, for not all blocks may fit into the memory at once.
            block = _usable(path, task, size, pair)
            if block is None:
                raise IncompleteRunError(f"{path} was changed by another program: start again")
        yield block


def _usable(path: Path, task: Task, size: int, pair: tuple[int, int]) -> Block | None:
    """Read a block that need not be examined again; undecided supports get another chance."""
    for block in read_blocks(path, task.key) or []:
        place = (block.size, block.start, block.start + len(block.kind))
        if place == (size, *pair) and not block.reasons:
            return block
    return None


PLAN = "reluenum-supports"


def plan_document(task: Task, per_job: int) -> dict[str, Any]:
    """Return how the supports of the largest size are shared among jobs.

    Parameters
    ----------
    task : Task
    per_job : int
        Supports of one job.
    """
    total, largest = task.total, task.sizes[-1]
    return {
        "format": PLAN,
        "version": 1,
        "task_sha256": task.key,
        "faces": total,
        "supports": {str(size): Subsets(total, size).count for size in task.sizes},
        "blocks": block_bounds(total, largest, per_job),
    }
