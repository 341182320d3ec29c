"""Every support of a problem, size by size: the certified engine's enumeration.

Supports are numbered (`Subsets`) and examined in blocks. What larger supports need to know of
smaller ones is one sign for each face, |u_F(r_S)| against Lambda (`Knowledge`): it tells which of
them are reducible (Theorem E), and these need no projection problem of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from reluenum.algebra.numberfield import precisions
from reluenum.algebra.numbers import Number
from reluenum.engines.certified.blocks import UNKNOWN, Block, Find, Knowledge, later_rows, own_rows
from reluenum.engines.certified.escalation import Escalation, exact_records, stage
from reluenum.engines.certified.projections import (
    EnclosedResiduals,
    fall_back,
    joined_batches,
    project,
    replaced,
)
from reluenum.engines.certified.search import FAINT
from reluenum.engines.certified.verdicts import (
    OPEN,
    Verdict,
    antipodal,
    excesses,
    gradients,
    judged_residuals,
    scan,
)
from reluenum.errors import BackendError
from reluenum.geometry.frames import Frames
from reluenum.geometry.subsets import Subsets
from reluenum.geometry.supports import Support
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.points import SupportPoint

CHUNK = 4096
"""Supports that are projected at once; bounds the memory."""

VAGUE, SHARP = 1e-6, arb(2) ** -50
"""Relative errors of w from which on a record is of no use, and below which it is as good as any;
where a flat is nearly degenerate, doubles do not tell more."""

ROW_CHUNK = 256
"""Residuals whose gradients on all faces are computed at once."""


@dataclass(frozen=True, eq=False)
class Surveyor:
    """Examines blocks of supports: a pure function of problem, known residuals and block.

    Parameters
    ----------
    frames : Frames
    escalation : Escalation
    largest : int
        Largest size of a support that will be examined.
    """

    frames: Frames
    escalation: Escalation
    largest: int

    def block(self, known: Knowledge, start: int, stop: int) -> Block:
        """Examine some supports.

        Parameters
        ----------
        known : Knowledge
            Of all supports that have one face less.
        start, stop : int
            Their first number, and one past the last.
        """
        parts = [
            self._chunk(known, first, min(first + CHUNK, stop))
            for first in range(start, stop, CHUNK)
        ]
        return _joined(known.size + 1, start, parts)

    def _chunk(self, known: Knowledge, start: int, stop: int) -> Block:
        size = known.size + 1
        supports = Subsets(len(self.frames.faces), size).rows(start, stop)
        draft = _Draft(self.frames, self.escalation, known, supports)
        with np.errstate(all="ignore"):  # what is not finite encloses everything
            draft.reduce()
            draft.fall_back()
            draft.solve()
            return draft.block(start, size == min(self.largest, len(self.frames.faces)))


class _Draft:
    """A block in the making: supports of one size, and the verdicts reached so far."""

    def __init__(
        self, frames: Frames, escalation: Escalation, known: Knowledge, supports: np.ndarray
    ) -> None:
        self.frames, self.escalation = frames, escalation
        self.known, self.supports = known, supports
        count = len(supports)
        self.kind = np.full(count, Verdict.UNDECIDED, dtype=np.int8)
        self.face = np.full(count, -1, dtype=np.int32)
        self.stage = np.zeros(count, dtype=np.int8)
        self.row = np.full(count, UNKNOWN, dtype=np.int32)
        self.vectors = np.zeros((*supports.shape, self.frames.coordinates))
        self.solved: list[tuple[np.ndarray, EnclosedResiduals]] = []
        self.reasons: dict[int, str] = {}
        self.points: list[SupportPoint] = []
        self.signs, self.rows = self._inherited()

    def _inherited(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for each face the sign at the residual of the other faces, and its row."""
        smaller = Subsets(len(self.frames.faces), self.known.size)
        signs = np.empty(self.supports.shape, dtype=np.int8)
        rows = np.empty(self.supports.shape, dtype=np.int32)
        for k in range(self.supports.shape[1]):
            rows[:, k] = self.known.row[smaller.numbers(np.delete(self.supports, k, axis=1))]
            found = self.known.signs[rows[:, k], self.supports[:, k]]
            signs[:, k] = np.where(rows[:, k] == UNKNOWN, OPEN, found)
        return signs, rows

    def reduce(self) -> None:
        """Settle the supports with a superfluous face (Theorem E)."""
        holds = self.signs <= 0
        chosen = np.flatnonzero(holds.any(axis=1))
        self._reduce(chosen, holds[chosen].argmax(axis=1))

    def _reduce(self, chosen: np.ndarray, face: np.ndarray) -> None:
        self.kind[chosen], self.face[chosen] = Verdict.REDUCIBLE, face
        self.row[chosen] = self.rows[chosen, face]

    def fall_back(self) -> None:
        """Settle, if they leave a face, supports that may or may not be reducible."""
        open_ = (self.kind == Verdict.UNDECIDED) & (self.signs == OPEN).any(axis=1)
        unknown = ((self.signs == OPEN) & (self.rows == UNKNOWN)).any(axis=1)
        for k in np.flatnonzero(open_ & unknown):
            self.reasons[k] = "a smaller support inside it is undecided"
            open_[k] = False
        chosen = np.flatnonzero(open_)
        if not len(chosen):
            return
        first = (self.signs[chosen] == OPEN).argmax(axis=1)
        vectors = self.known.placed(self.supports[chosen], self.rows[chosen, first])
        found = fall_back(self.frames, self.supports[chosen], vectors)
        kind, face = judged_residuals(self.frames, found)
        leaving = kind == Verdict.LEAVES
        self._settle(chosen[leaving], found[leaving], face[leaving])
        for k in chosen[~leaving]:
            self._decide_signs(k)

    def _settle(self, chosen: np.ndarray, found: EnclosedResiduals, face: np.ndarray) -> None:
        self.kind[chosen], self.face[chosen] = Verdict.LEAVES, face
        self.vectors[chosen] = found.vectors(self.frames).mid
        self.solved.append((chosen, found))

    def _decide_signs(self, k: int) -> None:
        """Decide exactly whether a support is reducible by one of its open faces."""
        for place in np.flatnonzero(self.signs[k] == OPEN):
            face = self.frames.faces[self.supports[k, place]]
            try:
                point = self._core_point(self.rows[k, place])
                self.signs[k, place] = dual_excess(point, face).sign()
            except BackendError as error:
                self.reasons[k] = str(error)
                return
            self.stage[k] = max(self.stage[k], stage(point))
            if self.signs[k, place] <= 0:
                self._reduce(np.array([k]), np.array([place]))
                return

    def _core_point(self, row: int) -> SupportPoint:
        """Return the certified point with the residual of a known row.

        Faces that seemed not to be needed are not, if they satisfy the constraint exactly. If one
        does not, the record of the row has no useful w, and a checker needs the point itself.
        """
        faces, vectors = self.known.core[row], self.known.vectors[row]
        given, needed = faces >= 0, vectors.any(axis=1)
        point = self._point(faces[needed], vectors[needed])
        for face in faces[given & ~needed]:
            if dual_excess(point, self.frames.faces[face]).sign() > 0:
                point = self._point(faces[given], vectors[given])
                point.isolated.claim  # noqa: B018
                break
        return point

    def _point(self, faces: np.ndarray, vectors: np.ndarray) -> SupportPoint:
        """Return the certified point of an essential support."""
        support: Support = tuple(self.frames.faces[f] for f in faces)
        self.points.append(self.escalation.point(support, vectors))
        return self.points[-1]

    def solve(self) -> None:
        """Project the essential supports and judge them."""
        chosen = np.flatnonzero((self.kind == Verdict.UNDECIDED) & (self.signs == 1).all(axis=1))
        found = self._projected(chosen)
        self.kind[chosen], self.face[chosen] = judged_residuals(self.frames, found)
        vectors = found.vectors(self.frames)
        self.vectors[chosen] = vectors.mid
        vague = vectors.rad.max(axis=(1, 2)) > VAGUE * np.abs(vectors.mid).max(axis=(1, 2))
        for k in chosen[vague | (self.kind[chosen] == Verdict.UNDECIDED)]:
            self._escalate(k)
        decided = self.kind[chosen] != Verdict.UNDECIDED
        self.solved.append((chosen[decided], found[decided]))

    def _projected(self, chosen: np.ndarray) -> EnclosedResiduals:
        """Project essential supports; the hard ones start from the supports inside them."""
        found = project(self.frames, self.supports[chosen])
        for k in range(self.supports.shape[1]):
            hard = np.flatnonzero(~np.isfinite(found.radius))
            if not len(hard):
                break
            supports, rows = self.supports[chosen[hard]], self.rows[chosen[hard], k]
            lengths = np.sqrt((self.known.placed(supports, rows) ** 2).sum(2))
            least = np.maximum(FAINT * lengths.max(axis=1, keepdims=True), FAINT)
            again = project(self.frames, supports, np.maximum(lengths, least))
            found = replaced(found, hard, again)
        return found

    def _escalate(self, k: int) -> None:
        """Decide one essential support exactly."""
        try:
            point = self._point(self.supports[k], self.vectors[k])
            self.kind[k], self.face[k] = self.escalation.judge(point)
        except BackendError as error:
            self.kind[k], self.reasons[k] = Verdict.UNDECIDED, str(error)
            return
        self.vectors[k] = point_vectors(point)
        self.stage[k] = max(self.stage[k], stage(point))

    def block(self, start: int, is_last: bool) -> Block:
        """Return the finished block, without rows for larger supports if there are none."""
        parts = [found for _, found in self.solved]
        chosen = np.concatenate([numbers for numbers, _ in self.solved])
        order = np.argsort(chosen)
        chosen, found = chosen[order], joined_batches(parts)[order]
        stationary = np.isin(self.kind[chosen], (Verdict.DESCENDS, Verdict.MINIMUM))
        tight = np.zeros((len(chosen), len(self.frames.faces)), dtype=np.int8)
        tight[stationary] = antipodal(self.frames, found[stationary])
        signs = self._no_signs()
        if not is_last:
            self.row[chosen] = own_rows(len(chosen))
            signs = self._signs(found)
            signs[(signs == OPEN) & (tight != 0)] = 0
        finds = self._finds(chosen, found, signs, tight)
        return Block(
            self.supports.shape[1],
            start,
            self.kind,
            self.face,
            self.stage,
            self.vectors[chosen],
            self.row,
            signs,
            tuple(finds),
            tuple((start + int(k), reason) for k, reason in sorted(self.reasons.items())),
            tuple(exact_records(self.points)),
        )

    def _no_signs(self) -> np.ndarray:
        return np.empty((0, len(self.frames.faces)), dtype=np.int8)

    def _signs(self, found: EnclosedResiduals) -> np.ndarray:
        """Return the signs of |u_F| - Lambda on all faces."""
        signs = [
            excesses(self.frames, gradients(self.frames, found[first : first + ROW_CHUNK]))
            for first in range(0, len(found), ROW_CHUNK)
        ]
        table = np.concatenate([self._no_signs(), *signs])
        np.put_along_axis(table, found.supports, 0, axis=1)
        return table

    def _finds(
        self, chosen: np.ndarray, found: EnclosedResiduals, signs: np.ndarray, tight: np.ndarray
    ) -> Iterable[Find]:
        """Yield the local minima, and the other stationary supports that may have company."""
        needed = self.kind[chosen] == Verdict.MINIMUM
        if len(signs):
            open_ = (signs == OPEN).any(axis=1) | tight.any(axis=1)
            needed |= open_ & (self.kind[chosen] == Verdict.DESCENDS)
        places = np.flatnonzero(needed)
        for first in range(0, len(places), ROW_CHUNK):
            part = places[first : first + ROW_CHUNK]
            seen = scan(self.frames, found[part], tight[part])
            for k, exceeding, alone, known in zip(
                part, seen.exceeding, seen.alone, seen.known, strict=True
            ):
                if self.kind[chosen[k]] == Verdict.DESCENDS and alone and not tight[k].any():
                    continue
                support, vectors = self.supports[chosen[k]], self.vectors[chosen[k]]
                yield Find.of(support, vectors, exceeding, tight[k], known)


def point_vectors(point: SupportPoint) -> list[list[float]]:
    """Return w_l of a certified point, each rounded to nearly all digits of its length."""
    return [
        _rounded_vectors([square * entry for entry in unit])
        for square, unit in zip(point.squares, point.unit_vectors, strict=True)
    ]


def _rounded_vectors(vector: Sequence[Number]) -> list[float]:
    for bits in precisions():
        balls = [entry.ball(bits) for entry in vector]
        if max(ball.rad() for ball in balls) < SHARP * max(abs(ball.mid()) for ball in balls):
            return [float(ball.mid()) for ball in balls]
    raise AssertionError("unreachable: precisions() never ends, and no unit vector is 0")


def _joined(size: int, start: int, parts: Sequence[Block]) -> Block:
    """Return consecutive blocks as one."""
    offsets = np.cumsum([0, *(len(part.signs) for part in parts)])
    rows = [later_rows(part.row, int(k)) for part, k in zip(parts, offsets, strict=False)]
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("kind", "face", "stage", "vectors", "signs")
    }
    return Block(
        size=size,
        start=start,
        row=np.concatenate(rows),
        finds=tuple(find for part in parts for find in part.finds),
        reasons=tuple(reason for part in parts for reason in part.reasons),
        exact=tuple(record for part in parts for record in part.exact),
        **arrays,
    )
