"""One data set at one ridge for every width: the supports of each size are examined once.

Whether a support carries a local minimum does not depend on the width (Theorem D), so the records
of sizes 1..L are all that the list of minima of width L needs.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reluenum.algebra.scalars import whole
from reluenum.documents.minima import minima_document
from reluenum.engines.certified.blocks import Block, block_bounds, packed, unpacked
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.spool import PER_BLOCK, Task
from reluenum.engines.choice import engine_for
from reluenum.engines.formulations import REDUCED
from reluenum.engines.reduced.by_size import outcomes_of_size
from reluenum.engines.reduced.completeness import KnownResiduals
from reluenum.engines.reduced.outcomes import Outcome, read_outcome, solve_support
from reluenum.errors import IncompleteRunError
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.problem import Problem


@dataclass(frozen=True)
class CertifiedSeries:
    """A problem without its width by the certified engine, with certificates in the documents.

    What damaged or other records make of `examine` and `document` is an IncompleteRunError.
    """

    problem: Problem
    settings: Settings = DEFAULT_SETTINGS

    @property
    def _task(self) -> Task:
        """The task of all sizes there are, so that no record depends on a width."""
        task = Task(self.problem.with_width(1), 1, self.settings)
        return replace(task, largest=task.total)

    def examine(self, size: int, earlier: Sequence[bytes]) -> bytes:
        """Return the records of all supports of a size, given those of all smaller sizes."""
        size, task = whole(size, "size"), self._task
        known = task.start()
        blocks: list[Block] = []
        if size in task.sizes:
            for record in earlier:
                known = known.extended(_blocks(task, record))
            bounds = block_bounds(task.total, size, PER_BLOCK)
            blocks = [task.block(known, *pair) for pair in bounds]
        return packed(task.key, blocks)

    def document(self, width: int, records: Sequence[bytes]) -> dict[str, Any]:
        """Return the document of a width from the records of sizes 1..width."""
        width, task = whole(width, "width"), self._task
        blocks = (block for record in records for block in _blocks(task, record))
        asked = Task(self.problem.with_width(width), width, self.settings)
        return prove(asked, blocks).document


def _blocks(task: Task, record: bytes) -> list[Block]:
    blocks = unpacked(task.key, record)
    if blocks is None:
        raise IncompleteRunError("records are damaged, or belong to another problem")
    return blocks


@dataclass(frozen=True)
class GroebnerSeries:
    """The same by the Groebner engine, in the reduced formulation."""

    problem: Problem
    settings: Settings = DEFAULT_SETTINGS

    def examine(self, size: int, earlier: Sequence[bytes]) -> bytes:
        """Return the records of all supports of a size, given those of all smaller sizes."""
        size, problem = whole(size, "size"), self.problem.with_width(1)
        known = KnownResiduals(problem)
        for outcome in self._outcomes(problem, earlier):
            if outcome.point is not None:
                known.record(outcome.point)
        with self.settings.open() as backends:
            found = outcomes_of_size(
                Geometry.of(problem).arrangement,
                size,
                known,
                lambda supports: (solve_support(problem, s, backends) for s in supports),
            )
            outcomes = [outcome.to_document() for outcome in found]
        record = {"problem_sha256": problem.digest, "size": size, "outcomes": outcomes}
        return json.dumps(record).encode()

    def document(self, width: int, records: Sequence[bytes]) -> dict[str, Any]:
        """Return the document of a width from the records of sizes 1..width."""
        problem = self.problem.with_width(width)
        geometry, outcomes = Geometry.of(problem), self._outcomes(problem, records)
        return minima_document(REDUCED.certify(REDUCED.merge(geometry, outcomes), geometry))

    def _outcomes(self, problem: Problem, records: Iterable[bytes]) -> Iterator[Outcome]:
        """Yield the outcomes of records, by size; their points are certified anew."""
        geometry = Geometry.of(problem)
        for size, content in enumerate(records, start=1):
            try:
                record = json.loads(content)
            except ValueError as error:
                raise IncompleteRunError(f"records are damaged: {error}") from error
            found = (record["problem_sha256"], record["size"])
            if found != (problem.with_width(1).digest, size):
                raise IncompleteRunError("records belong to another problem or size")
            for outcome in record["outcomes"]:
                yield read_outcome(geometry, outcome)


SERIES = {"groebner": GroebnerSeries, "certified": CertifiedSeries}
"""How a series with one hidden layer is examined, by the name of the engine."""


@dataclass(frozen=True)
class LoneSeries:
    """A problem whose list uses none of other widths: several hidden layers, or free biases."""

    problem: Problem
    settings: Settings
    engine: str

    def examine(self, size: Any, earlier: Sequence[bytes]) -> bytes:
        """Return an empty record: there is nothing that other widths could use."""
        return b""

    def document(self, width: Any, records: Sequence[bytes]) -> dict[str, Any]:
        """Return the document of the problem."""
        engine = engine_for(self.problem, self.engine)
        return minima_document(engine.landscape(self.problem, self.settings))


def series_of(
    problem: Problem, engine: str, settings: Settings
) -> CertifiedSeries | GroebnerSeries | LoneSeries:
    """Return how a problem is examined by the engine of a name."""
    if problem.upper or problem.has_free_hidden_bias:
        return LoneSeries(problem, settings, engine)
    return SERIES[engine](problem, settings)
