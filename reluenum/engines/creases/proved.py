"""The certified engine for free hidden biases in any dimension: a record for every support.

With the records the list is complete (Theorem J), and `reluenum verify` proves it from them.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from reluenum.documents.files import umask, write_text
from reluenum.documents.minima import certificate_path, minima_document
from reluenum.documents.results import to_json
from reluenum.engines.certified.certificate import (
    INLINE,
    CertificateWriter,
    certificate_record,
    record_table,
)
from reluenum.engines.creases.collected import collected
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.enclosures import CreaseTables, CreaseVerdict
from reluenum.engines.creases.essential import DecidedSupport, Decider
from reluenum.errors import InputError
from reluenum.geometry.sizes import (
    CERTIFIED_SUPPORT_LIMIT,
    refuse_astronomical,
    refuse_many_shares,
)
from reluenum.geometry.subsets import Subsets
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

FORMAT = "reluenum-creases"
"""Format of the certificate."""

VERDICTS = tuple(verdict.text for verdict in CreaseVerdict)
"""What the verdicts are called there."""

KEPT = {CreaseVerdict.POINT, CreaseVerdict.REDUCIBLE, CreaseVerdict.UNDECIDED}
"""What is looked at again once all supports are examined."""

STEPS = 50
"""Fast steps towards the minimum of each convex problem."""

LARGEST_TABLE = 1 << 21
"""Numbers in a table of one batch of supports, about."""


class CreaseRecords(NamedTuple):
    """Records of some supports of one size, in order.

    Parameters
    ----------
    kind : (B,) array of int8
    place : (B,) array of int32
    slopes : (B, m, d) array
    """

    kind: np.ndarray
    place: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True, eq=False)
class CreaseSurvey:
    """Goes through all supports of creases, and keeps what is not rejected.

    Parameters
    ----------
    tables : CreaseTables
    decider : Decider
    """

    tables: CreaseTables
    decider: Decider
    settled: list[DecidedSupport] = field(default_factory=list)

    @property
    def largest(self) -> int:
        """Most creases of a support: more are dependent."""
        creases = self.tables.creases
        most = len(creases.inputs) - len(creases.outer)
        return min(creases.problem.width, most, len(self.tables.live))

    def blocks(self, advance: Callable[[int], Any]) -> Iterator[CreaseRecords]:
        """Yield the records of all supports, by size and then in lexicographic order."""
        total = len(self.tables.live)
        smaller = np.zeros((1, 0, self.tables.shape[2]))
        for size in range(1, self.largest + 1):
            subsets, batch, kept = Subsets(total, size), self._batch(size), []
            for start in range(0, subsets.count, batch):
                rows = subsets.rows(start, start + batch)
                found = self.examined(rows, smaller)
                if size < self.largest:
                    kept.append(found.slopes)
                yield found
                advance(len(rows))
            smaller = np.concatenate(kept) if kept else smaller

    def _batch(self, size: int) -> int:
        _, p, d = self.tables.shape
        turns = self.tables.turns[1].shape[1]
        return max(16, min(4096, LARGEST_TABLE // (size * p * max(turns, size * d, p))))

    def examined(self, rows: np.ndarray, smaller: np.ndarray) -> CreaseRecords:
        """Return the records of some supports, and keep those that doubles do not reject.

        Parameters
        ----------
        rows : (B, m) array of int
        smaller : (E, m - 1, d) array
            Slopes of all supports with a crease less.
        """
        count, size = rows.shape
        kind = np.full(count, CreaseVerdict.DEPENDENT, dtype=np.int8)
        place = np.full(count, -1, dtype=np.int32)
        slopes = np.zeros((count, size, self.tables.shape[2]))
        left = np.flatnonzero(~self.tables.dependent(rows))
        for k in range(size) if size > 1 else ():
            left = self._without(k, rows, smaller, left, CreaseRecords(kind, place, slopes))
        if len(left):
            _, removers = self.tables.removers(rows[left])
            slopes[left] = self.tables.approximate(rows[left], removers.mid, STEPS)
            kind[left], place[left] = self.tables.judge(rows[left], slopes[left], removers)
            hard = kind[left] == CreaseVerdict.UNDECIDED
            left, removers = left[hard], removers[hard]
        if len(left):
            slopes[left] = self.tables.followed(rows[left], removers.mid)
            kind[left], place[left] = self.tables.judge(rows[left], slopes[left], removers)
        for k in np.flatnonzero(kind == CreaseVerdict.UNDECIDED):
            one = self.decider.settled(rows[k].tolist(), slopes[k])
            kind[k], place[k], slopes[k] = one.verdict, one.place, one.slopes
            if one.verdict in KEPT:
                self.settled.append(one)
        return CreaseRecords(kind, place, slopes)

    def _without(
        self,
        k: int,
        rows: np.ndarray,
        smaller: np.ndarray,
        left: np.ndarray,
        found: CreaseRecords,
    ) -> np.ndarray:
        """Try the slopes of supports without a crease; return which supports are still left."""
        tried = left[~self.tables.offset[rows[left, k]]]
        if not len(tried):
            return left
        others = np.delete(rows[tried], k, axis=1)
        numbers = Subsets(len(self.tables.live), others.shape[1]).numbers(others)
        slopes = np.insert(smaller[numbers], k, 0.0, axis=1)
        kind, place = self.tables.judge(rows[tried], slopes, self.tables.removers(rows[tried])[1])
        done = kind != CreaseVerdict.UNDECIDED
        places = tried[done]
        found.kind[places], found.place[places] = kind[done], place[done]
        found.slopes[places] = slopes[done]
        return np.setdiff1d(left, places)


@dataclass(frozen=True)
class CertifiedCreaseEngine:
    """An `Engine` for hidden biases without penalty whose documents carry their certificates."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_astronomical(problem, CERTIFIED_SUPPORT_LIMIT)
        refuse_many_shares(problem, CERTIFIED_SUPPORT_LIMIT)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing."""
        return certify_creases(problem, settings)


def certify_creases(
    problem: Problem,
    settings: Settings = DEFAULT_SETTINGS,
    output: Path | None = None,
    inline: int = INLINE,
) -> CertifiedLandscape:
    """List the local minima of a problem with free hidden biases, with a certificate.

    Parameters
    ----------
    problem : Problem
    settings : Settings
        The backends are for what balls cannot decide.
    output : Path, optional
        Where the document is written, with a certificate of more than `inline` bytes beside it;
        without it that goes into the document.
    inline : int

    Returns
    -------
    CertifiedLandscape

    Raises
    ------
    InputError
        If hidden biases are penalised, or inputs are numbers, for which there is `HingeEngine`.

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> corners = [[0, 0], [1, 0], [0, 1]]
    >>> problem = Problem.from_arrays(corners, [0, 0, 1], width=1, ridge=0.125, **free)
    >>> found = certify_creases(problem)
    >>> found.completeness.words, len(found.components), found.certificate["records"]
    ('by its certificate', 3, 19)
    """
    if not problem.has_free_hidden_bias:
        raise InputError("hidden_bias", str(problem.hidden_bias), "free")
    if problem.dimension == 1:
        raise InputError("x", "1 column of inputs", "2 or more for this engine")
    creases = Creases(problem)
    tables, beside = CreaseTables(creases), output and certificate_path(output)
    home = None if output is None else output.parent
    with (
        TemporaryDirectory(prefix=".reluenum-", dir=home) as folder,
        settings.open() as backends,
    ):
        path = Path(folder, "certificate.parquet")
        survey = CreaseSurvey(tables, Decider(tables, backends))
        with CertificateWriter(path, problem.digest, FORMAT) as writer:
            for block in _shown(survey, settings.progress):
                given = np.array([CreaseVerdict(kind).has_slopes for kind in block.kind])
                slopes = block.slopes[given]
                writer.add(record_table(block.kind, block.place, slopes, given, VERDICTS))
        found, descriptions = collected(creases, survey.settled)
        outside = beside is not None and path.stat().st_size > inline
        name = beside.name if outside else None
        record = certificate_record(
            path, name, problem.digest, writer.records, descriptions, FORMAT
        )
        found = replace(found, certificate=record)
        if outside:
            os.chmod(path, 0o666 & ~umask())
            os.replace(path, beside)
        elif beside is not None:
            beside.unlink(missing_ok=True)
    found = replace(found, written=minima_document(found))
    if output is not None:
        write_text(output, to_json(found.written))
    return found


def _shown(survey: CreaseSurvey, progress: bool) -> Iterator[CreaseRecords]:
    total = len(survey.tables.live)
    number = sum(Subsets(total, size).count for size in range(1, survey.largest + 1))
    with tqdm(total=number, unit="support", disable=not progress) as bar:
        yield from survey.blocks(bar.update)
