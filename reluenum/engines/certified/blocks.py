"""Blocks of supports: what is found in them, what larger ones need to know, and their bytes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from reluenum.documents.files import replaced_file
from reluenum.documents.seals import tied, untied
from reluenum.errors import IncompleteRunError
from reluenum.geometry.arrangement import sign
from reluenum.geometry.frames import Frames
from reluenum.geometry.moments import Moments
from reluenum.geometry.subsets import Subsets
from reluenum.landscape.dual import excess_of
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What the residuals r_S of all supports S of one size do on every face.

    Parameters
    ----------
    size : int
    row : (C(F, size),) array of int32
        Which row of `signs` belongs to a support's residual; UNKNOWN if it is not known.
    signs : (R, F) array of int8
        Sign of |u_F(r)| - Lambda; OPEN if it is not known, 0 on the residual's own faces.
    core : (R, size) array of int16
        The support whose vectors give the residual, filled up with -1.
    vectors : (R, size, D) array
        Approximations of w_l; 0 on a face that may not be needed, and to fill up.
    """

    size: int
    row: np.ndarray
    signs: np.ndarray
    core: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of_nothing(cls, problem: Problem, frames: Frames) -> "Knowledge":
        """Return what is known of the empty support: r = R y, exactly."""
        responses = map(Moments.of(problem).response, frames.faces)
        gradients = [f.project(b) for f, b in zip(frames.faces, responses, strict=True)]
        signs = [sign(excess_of(problem, gradient)) for gradient in gradients]
        return cls(
            0,
            np.zeros(1, dtype=np.int32),
            np.array([signs], dtype=np.int8),
            np.empty((1, 0), dtype=np.int16),
            np.empty((1, 0, frames.coordinates)),
        )

    def extended(self, blocks: Iterable["Block"]) -> "Knowledge":
        """Return what is known one size up, from the blocks of that size in order."""
        subsets = Subsets(self.signs.shape[1], self.size + 1)
        core = np.pad(self.core, ((0, 0), (0, 1)), constant_values=-1)
        rows, parts = [], [(self.signs, core, np.pad(self.vectors, ((0, 0), (0, 1), (0, 0))))]
        known = len(self.signs)
        for block in blocks:
            rows.append(resolved_rows(block.row, known))
            supports = subsets.rows(block.start, block.start + len(block.kind))
            own = supports[are_own(block.row)].astype(np.int16)
            parts.append((block.signs, own, block.vectors))
            known += len(block.signs)
        signs, core, vectors = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Knowledge(self.size + 1, np.concatenate(rows), signs, core, vectors)

    def placed(self, supports: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the vectors of residuals on the faces of larger supports, (B, m, D)."""
        core, vectors = self.core[rows], self.vectors[rows]
        found = np.zeros((*supports.shape, vectors.shape[2]))
        for k in range(core.shape[1]):
            row, place = np.nonzero(supports == core[:, k, None])
            found[row, place] = vectors[row, k]
        return found


UNKNOWN = -1
"""The `row` of a residual that is not known. In a block, -2 - k is the k-th row of its own."""


def own_rows(count: int) -> np.ndarray:
    """Return the codes of a block's own rows, one after the other."""
    return -2 - np.arange(count)


def are_own(row: np.ndarray) -> np.ndarray:
    """Return which of a block's rows are its own."""
    return row < UNKNOWN


def later_rows(row: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of a block whose own ones come after so many others."""
    return np.where(are_own(row), row - count, row)


def resolved_rows(row: np.ndarray, known: int) -> np.ndarray:
    """Return a block's rows with its own ones behind so many that are known."""
    return np.where(are_own(row), known - 2 - row, row)


@dataclass(frozen=True, eq=False)
class Find:
    """A stationary support that the landscape needs: a local minimum, or one with company.

    Parameters
    ----------
    faces : tuple of int
    vectors : (m, D) array
        Approximations of w_l.
    exceeding : (int, int) or None
        A face on which the dual bound is exceeded for sure, and the sign there.
    tight : tuple of (int, int)
        Further faces that are tight by Lemma 29, and the signs there.
    open : tuple of int
        The faces of which doubles do not tell whether they are tight or exceed.
    """

    faces: tuple[int, ...]
    vectors: np.ndarray
    exceeding: tuple[int, int] | None
    tight: tuple[tuple[int, int], ...]
    open: tuple[int, ...]

    @property
    def settled(self) -> bool:
        """Whether no other face is tight, and `exceeding` is None only for global minima."""
        return not self.open

    @classmethod
    def of(
        cls,
        support: np.ndarray,
        vectors: np.ndarray,
        exceeding: np.ndarray,
        tight: np.ndarray,
        known: np.ndarray,
    ) -> "Find":
        """Make one of what is known of all faces: the signs of those that exceed, of tight ones."""
        most = int(np.abs(exceeding).argmax())
        return cls(
            tuple(map(int, support)),
            vectors.copy(),
            (most, int(exceeding[most])) if exceeding[most] else None,
            tuple((int(f), int(tight[f])) for f in np.flatnonzero(tight)),
            tuple(np.flatnonzero(~known).tolist()),
        )

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return vars(self) | {"vectors": self.vectors.tolist()}

    @classmethod
    def from_document(cls, record: Mapping[str, Any]) -> "Find":
        """Return what was written."""
        exceeding = record["exceeding"]
        return cls(
            tuple(record["faces"]),
            np.array(record["vectors"]),
            None if exceeding is None else tuple(exceeding),
            tuple(map(tuple, record["tight"])),
            tuple(record["open"]),
        )


@dataclass(frozen=True, eq=False)
class Block:
    """What was found on the supports of one size with numbers from `start` on.

    Parameters
    ----------
    size, start : int
    kind : (B,) array of int8
        A `Verdict` for each support.
    face : (B,) array of int32
        Position of the face that the verdict is about, else -1.
    stage : (B,) array of int8
        The `Stage` at which it was reached.
    vectors : (E, m, D) array
        w_l of the supports that are neither reducible nor undecided, in their order.
    row : (B,) array of int32
        A row of what is known, UNKNOWN, or one of the block's `own_rows`.
    signs : (R, F) array of int8
        Rows for larger supports; none at the largest size.
    finds : tuple of Find
    reasons : tuple of (int, str)
        Numbers of undecided supports, with the reason.
    exact : tuple of dict
        Exact descriptions of the points at which something is 0 (`escalation.exact_records`).
    """

    size: int
    start: int
    kind: np.ndarray
    face: np.ndarray
    stage: np.ndarray
    vectors: np.ndarray
    row: np.ndarray
    signs: np.ndarray
    finds: tuple[Find, ...]
    reasons: tuple[tuple[int, str], ...]
    exact: tuple[dict[str, Any], ...]


def block_bounds(total: int, size: int, per_block: int) -> list[tuple[int, int]]:
    """Return the first number, and one past the last, of every block of supports of a size.

    Parameters
    ----------
    total, size : int
        Of the `Subsets` that number them.
    per_block : int
        Supports of a block; the last one may have fewer.
    """
    count = Subsets(total, size).count
    return [
        (k * per_block, min((k + 1) * per_block, count)) for k in range(ceil(count / per_block))
    ]


FORMAT = "reluenum-blocks 2"

_TEXTS = ("finds", "reasons", "exact")
"""Fields of a block that are no arrays."""

_ARRAYS = tuple(f.name for f in fields(Block) if f.name not in _TEXTS)


def write_blocks(path: Path, key: str, blocks: Sequence[Block]) -> None:
    """Write blocks to a file, whole or not at all."""
    _write(path, packed(key, blocks))


def read_blocks(path: Path, key: str) -> list[Block] | None:
    """Read blocks back; None if there is no file, or a damaged one, or one of another task."""
    content = _read_members(path)
    return None if content is None else unpacked(key, content)


def packed(key: str, blocks: Sequence[Block]) -> bytes:
    """Return blocks as bytes, sealed for their task."""
    arrays = {f"{k}-{name}": getattr(b, name) for k, b in enumerate(blocks) for name in _ARRAYS}
    texts = [
        {
            "finds": [find.to_document() for find in block.finds],
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


def _read_members(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _sealed(key: str, arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as bytes, tied to a task."""
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    return tied(key, stream.getvalue())


def _unsealed(key: str, sealed: bytes) -> dict[str, np.ndarray] | None:
    """Return arrays from bytes; None if they are damaged or of another task."""
    content = untied(key, sealed)
    if content is None:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _read_block(arrays: dict[str, Any], texts: dict[str, Any]) -> Block:
    return Block(
        **arrays | {"size": int(arrays["size"]), "start": int(arrays["start"])},
        finds=tuple(map(Find.from_document, texts["finds"])),
        reasons=tuple((int(number), str(reason)) for number, reason in texts["reasons"]),
        exact=tuple(texts["exact"]),
    )


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
    content = _read_members(path)
    arrays = None if content is None else _unsealed(key, content)
    if arrays is None or "texts" in arrays:
        raise IncompleteRunError(f"{path} is damaged, or belongs to another problem")
    return Knowledge(**arrays | {"size": int(arrays["size"])})
