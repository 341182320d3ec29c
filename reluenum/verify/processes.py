"""Independent parts of a proof, shared by processes: what follows does not depend on their number.

Answers come in the order of the parts, and the first part that is refused is the one that is told
of. Balls are sent exactly.
"""

import copyreg
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from multiprocessing.context import BaseContext
from threading import Thread
from typing import Any, NamedTuple

from flint import arb, ctx

from .reals import CertificateError

CHUNKS, LARGEST_CHUNK = 32, 32  # for each process, and parts in each of them
RADIUS_BITS = 30  # of the radius of a ball

Part = tuple[Any, ...]
Dyadic = tuple[int, int]  # a whole number, times a power of two


@dataclass(frozen=True)
class Processes:
    """How many processes share the work, and how they start: without the caller's memory."""

    jobs: int = 1
    context: BaseContext | None = None

    def answers(self, work: Callable, parts: Sequence[Part]) -> Iterator[Any]:
        """Yield what a function says of each part, in order, in the working precision.

        Raises
        ------
        CertificateError
            Of the first part that is refused, or if a process ends without an answer.
        """
        size = max(1, min(LARGEST_CHUNK, len(parts) // (CHUNKS * self.jobs)))
        chunks = (parts[k : k + size] for k in range(0, len(parts), size))
        for _, found in self.streamed(_Each(work), ((chunk,) for chunk in chunks)):
            yield from found

    def streamed(self, work: Callable, parts: Iterable[Part]) -> Iterator[tuple[Part, Any]]:
        """Yield parts with what a function says of each, as `answers`; few of them are kept."""
        parts = iter(parts)
        first = list(islice(parts, 2))
        if self.jobs == 1 or len(first) < 2:
            for part in chain(first, parts):
                yield part, work(*part)
            return
        context = self.context or get_context("spawn")
        start = work, ctx.prec
        with ProcessPoolExecutor(self.jobs, context, _begin, start) as pool:
            waiting: deque[tuple[Part, Future]] = deque()
            try:
                for part in chain(first, parts):
                    waiting.append((part, pool.submit(_answered, part)))
                    if len(waiting) > CHUNKS * self.jobs:
                        part, found = waiting.popleft()
                        yield part, found.result()
                for part, found in waiting:
                    yield part, found.result()
            except BrokenProcessPool as error:
                raise CertificateError(DIED) from error
            finally:
                pool.shutdown(cancel_futures=True)


DIED = "a process ended without an answer: was there too little memory?"


@dataclass(frozen=True)
class _Each:
    """What a function says of each of some parts."""

    work: Callable

    def __call__(self, parts: Sequence[Part]) -> list[Any]:
        return [self.work(*part) for part in parts]


class Share(NamedTuple):
    """What is checked of a proof that is divided: of so many parts this one, the first being 1."""

    part: int = 1
    parts: int = 1

    def has(self, number: int) -> bool:
        """Whether something with a number is to be checked."""
        return number % self.parts == self.part - 1

    def of(self, things: Iterable[Any]) -> Iterator[Any]:
        """Yield those of some things, which are numbered, that are to be checked."""
        return (thing for number, thing in enumerate(things) if self.has(number))


NOTHING = Share(0)
"""What others have checked."""


class Sharing(NamedTuple):
    """How many processes or threads share the work, how they start, and who is told of it."""

    jobs: int = 1
    context: BaseContext | None = None
    told: Callable[[int, int], object] | None = None
    share: Share = Share()
    known: set[bytes] | None = None  # boxes that were seen to be as a tree says; is added to

    def tell(self, read: int, boxes: int) -> None:
        """Tell how many boxes of a tree were read, and how many there are."""
        if self.told:
            self.told(read, boxes)

    @property
    def processes(self) -> Processes:
        """The processes."""
        return Processes(self.jobs, self.context)


ALONE = Sharing()
"""One thread, and nobody."""

ONE = Processes()
"""This process alone."""

_work: Callable | None = None  # of a process that serves another one


def _begin(work: Callable, bits: int) -> None:
    """Prepare a process, which ends when nobody waits for it any more."""
    global _work
    _work, ctx.prec = work, bits
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who waits tells of it
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)


def _answered(part: Part) -> Any:
    return _work(*part)


def _ball(mid: Dyadic, rad: Dyadic) -> arb:
    """Return the ball that was sent. (A radius is rounded up, even if it need not be.)."""
    (mantissa, exponent), middle = rad, arb(mid)
    if not mantissa:
        return middle
    shift = RADIUS_BITS - mantissa.bit_length()
    found = arb(middle, arb(((mantissa << shift + 1) - 1, exponent - shift - 1)))
    return found if found.rad() == arb(rad) else arb(middle, arb(rad))


def _sent(ball: arb) -> tuple[Callable, Part]:
    """Return what is sent of a ball: its numbers, exactly."""
    if not ball.is_finite():
        return arb, ("nan",)
    parts = (part.man_exp() for part in (ball.mid(), ball.rad()))
    return _ball, tuple((int(m), int(e)) for m, e in parts)


copyreg.pickle(arb, _sent)
