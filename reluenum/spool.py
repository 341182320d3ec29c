"""Blocks on their way to the certificate: computed here or in other processes, kept on disk.

A finished block is a file of its own, bound to its problem and whole or absent, so that a run that
was stopped goes on where it was.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import lru_cache, partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pebble import ProcessExpired, ProcessPool
from tqdm import tqdm

from reluenum.arrangement import Arrangement
from reluenum.document import replaced_file
from reluenum.errors import IncompleteRunError, ReluenumError
from reluenum.escalation import Escalation
from reluenum.frames import Frames
from reluenum.groebner import DEFAULT_LIMITS, Limits, open_engine
from reluenum.patterns import count_supports
from reluenum.problem import Problem
from reluenum.scalars import whole
from reluenum.subsets import Subsets
from reluenum.survey import Block, Find, Knowledge, Surveyor, block_bounds
from reluenum.workers import WORKERS

PER_BLOCK = 1 << 13
"""Supports that are examined, and kept, together."""

FORMAT = "reluenum-blocks 2"


class WorkerDiedError(ReluenumError):
    """A process that examined a block ended without an answer."""

    def __init__(self, size: int, start: int, reason: str) -> None:
        super().__init__(size, start, reason)
        self.size, self.start, self.reason = size, start, reason

    def __str__(self) -> str:
        return (
            f"the process that examined supports of size {self.size} from number {self.start} on "
            f"ended without an answer ({self.reason}); nothing was lost silently: start the same "
            "command again, with fewer --jobs if memory ran out"
        )


@dataclass(frozen=True)
class Task:
    """What is examined, and how.

    Parameters
    ----------
    problem : Problem
    largest : int
        Largest size of a support.
    backend : str
        Groebner engine for what balls cannot decide.
    limits : Limits
    """

    problem: Problem
    largest: int
    backend: str = "auto"
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        object.__setattr__(self, "largest", whole(self.largest, "largest"))

    @property
    def key(self) -> str:
        """What has to be equal for a block to be used again."""
        text = f"{FORMAT} {self.problem.digest} {self.largest}"
        return sha256(text.encode()).hexdigest()

    @property
    def total(self) -> int:
        """Number of live faces."""
        return len(geometry(self.problem)[1].faces)

    @property
    def sizes(self) -> range:
        """The sizes of supports, from 1 on."""
        return range(1, min(self.largest, self.total) + 1)

    def start(self) -> Knowledge:
        """Return what is known of the empty support."""
        return Knowledge.of_nothing(self.problem, geometry(self.problem)[1])

    def block(self, known: Knowledge, start: int, stop: int) -> Block:
        """Examine some supports of the next size."""
        arrangement, frames = geometry(self.problem)
        with open_engine(self.backend, self.limits) as engine:
            escalation = Escalation(self.problem, arrangement, engine)
            return Surveyor(frames, escalation, self.largest).block(known, start, stop)


@lru_cache(maxsize=4)
def geometry(problem: Problem) -> tuple[Arrangement, Frames]:
    """Return the arrangement of a problem and its frames, computed once."""
    arrangement = Arrangement.of(problem)
    return arrangement, Frames.of(problem, arrangement)


def surveyed(
    task: Task, jobs: int = 1, progress: bool = False, folder: Path | None = None
) -> Iterator[Block]:
    """Yield every block of a problem, by size and number.

    Parameters
    ----------
    task : Task
    jobs : int
        Number of processes.
    progress : bool
        Whether to show a bar on standard error.
    folder : Path, optional
        Where finished blocks are kept, and those of an earlier run are found.

    Raises
    ------
    WorkerDiedError
        If a process was killed, or ran out of memory.
    """
    jobs, known, total = whole(jobs, "jobs"), task.start(), task.total
    with (
        _workers(task, jobs, folder) as examine,
        tqdm(
            total=count_supports(total, task.largest), unit="support", disable=not progress
        ) as bar,
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


def smaller(task: Task) -> tuple[list[Block], Knowledge]:
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
def _workers(task: Task, jobs: int, folder: Path | None) -> Iterator[Examine]:
    """Provide a function that examines many blocks, here or in so many processes, in order."""
    if jobs == 1:
        yield lambda known, bounds: (_here(task, known, *pair) for pair in bounds)
        return
    pool = ProcessPool(jobs, context=WORKERS)
    with TemporaryDirectory(prefix=".reluenum-", dir=folder) as shared:

        def examine(known: Knowledge, bounds: Iterable[tuple[int, int]]) -> Iterator[Block]:
            path = Path(shared, f"known-{known.size}.npz")
            write_known(path, task.key, known)
            waiting: deque = deque()
            for pair in bounds:
                waiting.append((pair, pool.schedule(_examine, args=(task, path, *pair))))
                if len(waiting) > 2 * jobs:
                    yield _answer(known.size + 1, *waiting.popleft())
            while waiting:
                yield _answer(known.size + 1, *waiting.popleft())

        try:
            yield examine
            pool.close()
        except BaseException:
            pool.stop()
            raise
        finally:
            pool.join()


def _here(task: Task, known: Knowledge, start: int, stop: int) -> Block:
    try:
        return task.block(known, start, stop)
    except MemoryError as error:
        raise WorkerDiedError(known.size + 1, start, "out of memory") from error


def _answer(size: int, pair: tuple[int, int], future: Any) -> Block:
    try:
        return future.result()
    except ProcessExpired as error:
        raise WorkerDiedError(size, pair[0], f"exit code {error.exitcode}") from error
    except MemoryError as error:
        raise WorkerDiedError(size, pair[0], "out of memory") from error


def _examine(task: Task, path: Path, start: int, stop: int) -> Block:
    """Examine a block in a worker process."""
    return task.block(_known(path, task.key), start, stop)


@lru_cache(maxsize=1)
def _known(path: Path, key: str) -> Knowledge:
    return read_known(path, key)


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


_TEXTS = ("finds", "reasons", "exact")
"""Fields of a block that are no arrays."""

_ARRAYS = tuple(f.name for f in fields(Block) if f.name not in _TEXTS)


def write_blocks(path: Path, key: str, blocks: Sequence[Block]) -> None:
    """Write blocks to a file, whole or not at all."""
    _write(path, packed(key, blocks))


def read_blocks(path: Path, key: str) -> list[Block] | None:
    """Read blocks back; None if there is no file, or a damaged one, or one of another task."""
    content = _read(path)
    return None if content is None else unpacked(key, content)


def packed(key: str, blocks: Sequence[Block]) -> bytes:
    """Return blocks as bytes, sealed for their task."""
    arrays = {f"{k}-{name}": getattr(b, name) for k, b in enumerate(blocks) for name in _ARRAYS}
    texts = [
        {
            "finds": [asdict(find) for find in block.finds],
            "reasons": block.reasons,
            "exact": block.exact,
        }
        for block in blocks
    ]
    return _sealed(key, {"texts": np.array(json.dumps(texts)), **arrays})


def unpacked(key: str, content: bytes) -> list[Block] | None:
    """Return blocks from bytes; None if they are damaged, or of another task."""
    arrays = _unsealed(key, content)
    if arrays is None or "texts" not in arrays:
        return None
    return [
        _read_block({name: arrays[f"{k}-{name}"] for name in _ARRAYS}, texts)
        for k, texts in enumerate(json.loads(str(arrays["texts"])))
    ]


def _write(path: Path, content: bytes) -> None:
    with replaced_file(path) as temporary:
        temporary.write_bytes(content)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _sealed(key: str, arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as bytes with a seal at their end."""
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    content = stream.getvalue()
    return content + _seal(key, content)


def _unsealed(key: str, sealed: bytes) -> dict[str, np.ndarray] | None:
    """Return arrays from bytes; None if their seal is broken or of another task."""
    content, seal = sealed[:-SEAL], sealed[-SEAL:]
    if seal != _seal(key, content):
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


SEAL = 32
"""Bytes of a seal."""


def _seal(key: str, content: bytes) -> bytes:
    """Return what ties a content to its task; any change of either changes it."""
    return sha256(key.encode() + content).digest()


def _read_block(arrays: dict[str, Any], texts: dict[str, Any]) -> Block:
    return Block(
        **arrays | {"size": int(arrays["size"]), "start": int(arrays["start"])},
        finds=tuple(_read_find(**record) for record in texts["finds"]),
        reasons=tuple((int(number), str(reason)) for number, reason in texts["reasons"]),
        exact=tuple(texts["exact"]),
    )


def _read_find(
    faces: list[int], vectors: list, exceeding: list[int] | None, tight: list, settled: bool
) -> Find:
    return Find(
        tuple(faces),
        tuple(map(tuple, vectors)),
        None if exceeding is None else (exceeding[0], exceeding[1]),
        tuple((face, sign) for face, sign in tight),
        settled,
    )


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


def write_known(path: Path, key: str, known: Knowledge) -> None:
    """Write what is known of all supports of a size, whole or not at all."""
    _write(path, _sealed(key, {f.name: np.asarray(getattr(known, f.name)) for f in fields(known)}))


def read_known(path: Path, key: str) -> Knowledge:
    """Read what is known of all supports of a size.

    Raises
    ------
    IncompleteRunError
        If the file is damaged, or belongs to another task.
    """
    content = _read(path)
    arrays = None if content is None else _unsealed(key, content)
    if arrays is None or "texts" in arrays:
        raise IncompleteRunError(f"{path} is damaged, or belongs to another problem")
    return Knowledge(**arrays | {"size": int(arrays["size"])})
