"""The vertex supports of a problem, from wherever they are known, with enclosures of their losses.

Every component of a sublevel set is told by the stationary points on vertex supports (Lemma 37).
The certified engine has them in its records, the Groebner engine among its points; from there on,
both are the same: doubles with proved bounds for all, and certified points for the few whose exact
numbers matter.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from flint import arb, ctx

from reluenum.algebra.balls import Balls
from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numbers import Number, compare
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.projections import EnclosedResiduals, blocks, project
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.engines.certified.verdicts import Verdict, memberships
from reluenum.errors import IncompleteRunError, UndecidedError
from reluenum.geometry.frames import Frames
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.subsets import Subsets
from reluenum.geometry.supports import Support
from reluenum.groebner.backends import Settings
from reluenum.landscape.landscape import StationaryRow
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.problem import Problem

STATIONARY = (Verdict.DESCENDS, Verdict.MINIMUM)
"""The verdicts on vertex supports (Corollary E.1)."""

CHUNK = 4096
"""Supports that are projected at once."""

Found = tuple[np.ndarray, np.ndarray | None]
"""Supports of one size by their numbers of live faces, (B, m), and approximations of w_l,
(B, m, D), if these are known."""


@dataclass(frozen=True)
class Difference:
    """The difference of two numbers at different points."""

    left: Number
    right: Number

    def is_zero(self) -> bool:
        """Decide exactly whether it is 0."""
        return compare(self.left, self.right) == 0

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with the given working precision."""
        with ctx.workprec(bits + 32):
            return self.left.ball(bits) - self.right.ball(bits)


@dataclass(frozen=True, eq=False)
class Vertices:
    """The stationary points on vertex supports of at most L faces, by loss as far as it is known.

    Parameters
    ----------
    escalation : Escalation
        Certifies single points; its backends are asked only what may be exactly 0.
    faces : (V, L) array of int
        Numbers of live faces, ascending; -1 for a zero unit.
    signs : (V, L) array of int8
        Of the output weights; 0 for a zero unit.
    cluster : (V,) array of int
        Ascending. Between the losses of two clusters there is a gap; within one, where enclosures
        in doubles overlap, vertices are in the order of their faces.
    vectors : tuple of (m, D) arrays
        Approximations of w_l, the sum of a v over the units on each face.
    """

    escalation: Escalation
    faces: np.ndarray
    signs: np.ndarray
    cluster: np.ndarray
    vectors: tuple[np.ndarray, ...]
    _points: dict[int, SupportPoint] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.faces)

    @classmethod
    def of(cls, escalation: Escalation, found: Iterable[Found]) -> "Vertices":
        """Enclose the losses of vertex supports, and find the signs of their output weights.

        Raises
        ------
        BackendError
            If doubles do not tell, and neither do the backends.
        IncompleteRunError
            If a support is not stationary.
        """
        problem = escalation.problem
        energy = Balls.of([problem.energy])
        nothing = np.full((1, problem.width), -1), np.zeros((1, problem.width), dtype=np.int8)
        parts = [(*nothing, energy.mid - energy.rad, energy.mid + energy.rad)]
        vectors = [np.empty((0, problem.coordinates))]
        for supports, known in found:
            for first in range(0, len(supports), CHUNK):
                chosen = slice(first, first + CHUNK)
                start = None if known is None else known[chosen]
                *part, doubles = _enclosed(escalation, supports[chosen], start)
                parts.append(tuple(_padded(p, problem.width) for p in part[:2]) + tuple(part[2:]))
                vectors += list(doubles)
        faces, signs, low, high = (np.concatenate(column) for column in zip(*parts, strict=True))
        cluster = _clusters(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))
        order = np.lexsort((*faces.T[::-1], cluster))
        columns = (column[order] for column in (faces, signs, cluster))
        return cls(escalation, *columns, tuple(vectors[k] for k in order))

    def support(self, vertex: int) -> Support:
        """Return the support of a vertex."""
        live = self.escalation.geometry.arrangement.live_faces
        return tuple(live[face] for face in self.faces[vertex] if face >= 0)

    @property
    def problem(self) -> Problem:
        """Whose landscape it is."""
        return self.escalation.problem

    def faces_of(self, vertex: int) -> list[str]:
        """Return the signs of each living unit at the data points."""
        return [face.signs for face in self.support(vertex)]

    def point(self, vertex: int) -> SupportPoint:
        """Return the certified point of a vertex.

        Raises
        ------
        BackendError
            If the engine that is needed to find it does not finish.
        """
        if vertex not in self._points:
            support, vectors = self.support(vertex), self.vectors[vertex]
            self._points[vertex] = (
                self.escalation.point(support, vectors)
                if support
                else zero_network(self.escalation.problem)
            )
        return self._points[vertex]

    @property
    def certified(self) -> list[SupportPoint]:
        """The points that were asked for so far."""
        return list(self._points.values())

    def loss(self, vertex: int) -> Number:
        """Return the exact loss, in the problem's own convention."""
        return self.point(vertex).loss

    def texts(self, name: str, top: int, bottom: int | None = None) -> dict[str, str]:
        """Return what a document says of a loss, or of the difference of two: decimals."""
        loss = self.loss(top)
        return {name: decimal_text(loss if bottom is None else Difference(loss, self.loss(bottom)))}

    @cached_property
    def numbers(self) -> dict[tuple[int, ...], int]:
        """Return which vertex has a support, given by the numbers of its faces."""
        rows = self.faces.tolist()
        return {tuple(f for f in row if f >= 0): vertex for vertex, row in enumerate(rows)}


def _clusters(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return to which group an interval belongs: those that overlap, directly or not, by height."""
    order = np.argsort(low)
    gaps = low[order][1:] > np.maximum.accumulate(high[order])[:-1]
    found = np.empty(len(low), dtype=np.int64)
    found[order] = np.cumsum([0, *gaps])
    return found


def _padded(rows: np.ndarray, width: int) -> np.ndarray:
    """Fill rows up with zero units."""
    filling = 0 if rows.dtype == np.int8 else -1
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=filling)


def _enclosed(
    escalation: Escalation, supports: np.ndarray, known: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """Return supports, signs, bounds of the losses, not yet rounded outwards, and vectors."""
    frames = escalation.geometry.frames
    with np.errstate(all="ignore"):  # what is not finite encloses everything
        lengths = None if known is None else np.sqrt((known**2).sum(2))
        found = project(frames, supports, lengths)
        signs, _ = memberships(frames, supports, found.dual)
        loss = enclosed_losses(frames, found)
        low, high = loss.mid - loss.rad, loss.mid + loss.rad
        vectors = found.vectors(frames).mid
        known_well = (signs != 0).all(axis=1) & np.isfinite(low) & np.isfinite(high)
    for k in np.flatnonzero(~known_well):
        support = tuple(frames.faces[face] for face in supports[k])
        start = vectors[k] if known is None else known[k]
        point = escalation.point(support, start)
        if point.signs is None:
            raise IncompleteRunError(f"{point} is not stationary: the list is wrong")
        signs[k], vectors[k] = point.signs, start
        with ctx.workprec(96):
            ball = point.loss.ball(96) / escalation.problem.loss_scale
        enclosed = Balls.of([ball], ())
        low[k], high[k] = enclosed.mid - enclosed.rad, enclosed.mid + enclosed.rad
    return supports, signs, low, high, vectors


def enclosed_losses(frames: Frames, found: EnclosedResiduals) -> Balls:
    """Enclose the losses of essential supports.

    With the ball of Lemma 28, of radius rho, the loss lies in [P - 2 rho^2, P] for the value P of
    the primal function (Lemma 8): P = 2 f but for a constant, f is convex, and the slope eps and
    the distance delta to its minimiser have eps delta = rho^2.
    """
    matrix, target = blocks(frames, found.supports)
    beta = Balls.exact(found.beta.reshape(target.shape))
    squares = Balls.exact(found.beta).square().sum(2)
    lengths = (squares * squares.reciprocal_root()).sum(1)
    bend = (matrix @ beta[..., None])[..., 0] - target - target
    value = frames.energy + (beta * bend).sum(1) + (frames.ridge + frames.ridge) * lengths
    return value.widened(2 * found.radius**2)


def recorded_vertices(
    document: Mapping[str, Any], folder: Path | None, geometry: Geometry
) -> Iterator[Found]:
    """Yield the vertex supports that a certificate records.

    Parameters
    ----------
    document : dict
        Of minima, by the certified engine.
    folder : Path or None
        Where the file of a certificate lies that is not in the document.
    geometry : Geometry

    Raises
    ------
    IncompleteRunError
        If the file is missing, or not the one that the document was written with.
    """
    total, coordinates = len(geometry.arrangement.live_faces), geometry.frames.coordinates
    sizes = range(1, min(geometry.problem.width, total) + 1)
    ends = np.cumsum([0, *(Subsets(total, size).count for size in sizes)])
    chosen: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {size: [] for size in sizes}
    names = [verdict.text for verdict in STATIONARY]
    first = 0
    with _source(document["certificate"], folder) as stream:
        for batch in pq.ParquetFile(stream).iter_batches():
            verdicts = batch.column("verdict").dictionary_encode()
            codes = [k for k, text in enumerate(verdicts.dictionary.to_pylist()) if text in names]
            places = np.flatnonzero(np.isin(verdicts.indices.to_numpy(), codes))
            for size, start, stop in zip(sizes, ends[:-1], ends[1:], strict=True):
                here = places[(first + places >= start) & (first + places < stop)]
                vectors = batch.column("w").take(pa.array(here)).flatten().to_numpy()
                shaped = vectors.reshape(len(here), size, coordinates)
                chosen[size].append((first + here - start, shaped))
            first += len(batch)
    for size, parts in chosen.items():
        subsets, numbers = Subsets(total, size), np.concatenate([n for n, _ in parts])
        yield subsets.members(numbers), np.concatenate([vectors for _, vectors in parts])


def _source(certificate: Mapping[str, Any], folder: Path | None) -> BinaryIO:
    """Open a certificate, inside the document or beside it."""
    stream: BinaryIO
    if "data" in certificate:
        stream = BytesIO(b64decode(certificate["data"]))
    elif folder is None:
        raise IncompleteRunError("the certificate is not in the document: read it from its file")
    else:
        path = folder / Path(certificate["file"]).name
        try:
            stream = path.open("rb")
        except OSError as error:
            raise IncompleteRunError(f"{path}, the certificate: {error.strerror}") from error
    if file_digest(stream, "sha256").hexdigest() != certificate["sha256"]:
        stream.close()
        raise IncompleteRunError("the certificate is not the one of the document")
    stream.seek(0)
    return stream


def surveyed_vertices(geometry: Geometry, settings: Settings) -> Iterator[Found]:
    """Yield the vertex supports of a problem as the certified engine finds them.

    Raises
    ------
    UndecidedError
        If it leaves one undecided.
    """
    task = Task(geometry.problem, geometry.problem.width, settings)
    for block in surveyed(task):
        if block.reasons:
            raise UndecidedError(f"a support stayed undecided: {block.reasons[0][1]}")
        solved = block.kind[(block.kind != Verdict.REDUCIBLE) & (block.kind != Verdict.UNDECIDED)]
        rows = Subsets(task.total, block.size).rows(block.start, block.start + len(block.kind))
        yield (
            rows[np.isin(block.kind, STATIONARY)],
            block.vectors[np.isin(solved, STATIONARY)],
        )


def listed_vertices(points: Sequence[StationaryRow], geometry: Geometry) -> Iterator[Found]:
    """Yield the vertex supports among stationary points of the Groebner engine."""
    number = {face: k for k, face in enumerate(geometry.arrangement.live_faces)}
    supports = [
        [number[face] for face in point.support]
        for point in points
        if point.support and point.is_vertex and not point.with_zero_units
    ]
    for size in sorted({len(support) for support in supports}):
        yield np.array([s for s in supports if len(s) == size]), None
