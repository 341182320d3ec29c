"""The records of leaves: what each claims of its support, and why that is true (Theorem H)."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from flint import arb_mat

from ..cores import Core
from ..exact import Data, Support
from ..groups import Group
from ..pages import Record
from ..points import eliminated
from ..reals import CertificateError, dot, require
from ..records import VERDICTS, opposite_ties
from ..residuals import ExactResidual, Residual


def reducible(core: Core, smaller: Core | None) -> None:
    """Claim 190: |u_G(r_T)| <= Lambda for all G of S that are not in T.

    Then r_S = r_T, with multipliers that are 0 on some faces: S holds no good vertex support.
    """
    require(smaller is not None, "no face is without w")
    spare = [place for place in core.support if place not in smaller.support]
    require(all(smaller.excess(place) <= 0 for place in spare), "a face exceeds the bound")


def leaves(core: Core, place: int, side: int) -> None:
    """Claim 191: s_F u_F(r_S) does not lie in F."""
    require(core.ask(Residual.side, place) != side, "u does not leave the face")


def descends(core: Core, place: int, side: int) -> None:
    """Claim 192: D_F < 0 on one of the rays of Lemma 13, with the sign of the leaf."""
    require(core.ask(Residual.descends, place, side), "no ray descends")


def essential(core: Core) -> None:
    """Claim 193: the multipliers q are positive, and the R z_F(r_S) independent.

    Whatever they are, r_S = R(y - sum q_F z_F), so Gram q = z . Ry - |u|^2: elimination with
    pivots that are not 0 encloses them. Where q_F > 0, |u_F| = Lambda (Theorem A).
    """

    def question(residual: Residual) -> bool | None:
        squares = multipliers(residual, core.support)
        return None if squares is None or not all(x > 0 for x in squares) else True

    core.settle(question, "whether all its faces are needed")


def multipliers(residual: Residual, support: Support) -> list | None:
    """Return balls around the multipliers of a residual, None if the system may be singular."""
    if residual.bits is None:
        return None
    faces, rows = [residual.data.faces[place] for place in support], []
    columns = [residual.column(residual.u(face)) for face in faces]
    for face in faces:
        pairs = zip(faces, columns, strict=True)
        images = (face.load(other, residual.bits) * column for other, column in pairs)
        u = residual.u(face)
        right = dot(face.pull, u) - dot(u, u)
        rows.append([*(dot(u, image.entries()) for image in images), right])
    found = eliminated(rows)
    return found if all(x.is_finite() for x in found) else None


def minimum(core: Core, sides: dict[int, int]) -> None:
    """Claim 194: s_F u_F(r_S) lies in F, and D_F >= 0 on all rays, for all F of S (Theorem B)."""
    for place, side in sides.items():
        require(core.ask(Residual.side, place) == side, "u leaves a face")
    falls = any(core.ask(Residual.descends, *pair) for pair in sides.items())
    require(not falls, "a ray descends")


class LeafProof:
    """The records of the leaves of a tree, checked one by one: the good vertex supports."""

    def __init__(self, data: Data, descriptions: dict[Support, ExactResidual]) -> None:
        self.data, self.descriptions, self.used = data, descriptions, set()
        self.nothing = Core(data, (), [], ExactResidual(data, [], [], []), None)
        self.verdicts: Counter[str] = Counter()
        self.polished, self.boxes = 0, 0
        self.zero = Group({}, {(): self.nothing}, {()})
        self.vertices: list[Group] = []

    def read(self, leaves: list[dict[int, int]], records: Iterator[Record]) -> None:
        """Claim 195: every leaf has a record, in order, and each is true (Theorem H, Lemma 46).

        A leaf has the sign of each of its faces, these as places in the sorted list of live ones.
        """
        for number, (sides, record) in enumerate(zip_longest(leaves, records)):
            name = "|".join(self.data.texts(tuple(sides or ())))
            try:
                require(None not in (sides, record), "leaves and records are not as many")
                self._checked(sides, *record)
            except CertificateError as error:
                raise CertificateError(f"record {number} ({name}): {error}") from error
        unused = self.descriptions.keys() - self.used
        require(not unused, "an exact description belongs to no record")

    def _checked(self, sides: dict[int, int], verdict: Any, place: Any, w: Any) -> None:
        """Check what the record of a leaf says."""
        require(verdict in VERDICTS, "proves nothing")
        faces = list(sides)
        alone = verdict in ("reducible", "minimum")
        within = type(place) is int and 0 <= place < len(faces)
        require(place == -1 if alone else within, f"face {place!r} is out of range")
        core, smaller = self._enclosed(faces, w)
        if verdict == "reducible":
            reducible(core, smaller)
        elif verdict == "leaves":
            leaves(core, faces[place], sides[faces[place]])
        elif verdict == "descends":
            descends(core, faces[place], sides[faces[place]])
        else:
            self._vertex(core, {face: sides[face] for face in core.support})
        self.verdicts[verdict] += 1
        self.polished += len(core.balls) > 1

    def _enclosed(self, faces: list[int], w: Any) -> tuple[Core, Core | None]:
        """Return the residual of a leaf, and that of the faces with w, if these are not all."""
        depth = self.data.depth
        require(type(w) is list and len(w) == len(faces) * depth, "w has a wrong length")
        require(all(type(x) is float and abs(x) < float("inf") for x in w), "w is not finite")
        parts = {face: w[k * depth : (k + 1) * depth] for k, face in enumerate(faces)}
        support = tuple(sorted(faces))
        needed = tuple(face for face in support if any(parts[face]))
        smaller = None if needed == support else self._core(needed, parts, None)
        return self._core(support, parts, smaller), smaller

    def _core(self, support: Support, parts: dict[int, list], smaller: Core | None) -> Core:
        """Return a residual in the ball around the w of a record."""
        if not support:
            return self.nothing
        vectors = [arb_mat([[x] for x in parts[face]]) for face in support]
        self.used |= {support} & self.descriptions.keys()
        return Core(self.data, support, vectors, self.descriptions.get(support), smaller)

    def _vertex(self, core: Core, sides: dict[int, int]) -> None:
        """Check that a leaf is a good vertex support."""
        essential(core)
        core.ties = opposite_ties(self.data, sides) | set(sides)
        minimum(core, sides)
        self.vertices.append(Group(sides, {core.support: core}, {core.support}))
