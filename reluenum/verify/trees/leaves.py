"""The records of leaves: what each claims of its support, and why that is true (Theorem H)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import count, islice
from typing import Any

from ..arithmetic.matrices import column, eliminated
from ..cores import Core
from ..exact import Data, Support
from ..groups import Group
from ..pages import Record, vectors_of
from ..points import products
from ..processes import NOTHING, Sharing
from ..reals import dot, require, told
from ..records import VERDICTS, opposite_ties, read_descriptions
from ..residuals import ExactResidual, Residual
from .batches import SIZES

Sides = dict[int, int]


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
    faces = [residual.data.faces[place] for place in support]
    pairs = ((face, residual.u(face)) for face in faces)
    pulls = (dot(face.pull, u) - dot(u, u) for face, u in pairs)
    rows = zip(products(residual, faces), pulls, strict=True)
    found = eliminated([[*row, pull] for row, pull in rows])
    return found if all(x.is_finite() for x in found) else None


def minimum(core: Core, sides: dict[int, int]) -> None:
    """Claim 194: s_F u_F(r_S) lies in F, and D_F >= 0 on all rays, for all F of S (Theorem B)."""
    for place, side in sides.items():
        require(core.ask(Residual.side, place) == side, "u leaves a face")
    falls = any(core.ask(Residual.descends, *pair) for pair in sides.items())
    require(not falls, "a ray descends")


class LeafChecker:
    """Checks records of leaves; what another process is sent of it is how to make it.

    `kind` is the class of the data, `given` what these are made of, `exact` what the certificate
    says.
    """

    def __init__(self, kind: Callable[..., Data], given: tuple, exact: Any) -> None:
        self.made, self.data = (kind, given, exact), kind(*given)
        self.descriptions = read_descriptions(self.data, exact)
        self.nothing = Core(self.data, (), [], ExactResidual(self.data, [], [], []), None)

    def __reduce__(self) -> tuple:
        return LeafChecker, self.made

    def __call__(self, first: int, leaves: list[Sides], records: list[Record]) -> int:
        """Check the records of some leaves; return how many residuals were polished."""
        polished = 0
        for number, (sides, record) in enumerate(zip(leaves, records, strict=True), first):
            name = "|".join(self.data.texts(tuple(sides)))
            with told(f"record {number} ({name})"):
                polished += self._checked(sides, *record)
        return polished

    def _checked(self, sides: Sides, verdict: Any, place: Any, w: Any) -> bool:
        """Check what the record of a leaf says; return whether its residual was polished."""
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
            essential(core)
            minimum(core, {face: sides[face] for face in core.support})
        return len(core.balls) > 1

    def _enclosed(self, faces: list[int], w: Any) -> tuple[Core, Core | None]:
        """Return the residual of a leaf, and that of the faces with w, if these are not all."""
        parts = dict(zip(faces, vectors_of(w, len(faces), self.data.depth), strict=True))
        support, needed = supports_with(faces, w)
        smaller = None if needed == support else self._core(needed, parts, None)
        return self._core(support, parts, smaller), smaller

    def _core(self, support: Support, parts: dict[int, list], smaller: Core | None) -> Core:
        """Return a residual in the ball around the w of a record."""
        if not support:
            return self.nothing
        vectors = [column(parts[face]) for face in support]
        return Core(self.data, support, vectors, self.descriptions.get(support), smaller)

    def vertex(self, sides: Sides, w: list[float]) -> Group:
        """Return the good vertex support that a leaf is."""
        core, _ = self._enclosed(list(sides), w)
        sides = {face: sides[face] for face in core.support}
        core.ties = opposite_ties(self.data, sides) | set(sides)
        return Group(sides, {core.support: core}, {core.support})


def supports_with(faces: list[int], w: list[float]) -> tuple[Support, Support]:
    """Return the support of a leaf, and the faces of it with w."""
    depth = len(w) // len(faces)
    needed = (face for k, face in enumerate(faces) if any(w[k * depth : (k + 1) * depth]))
    return tuple(sorted(faces)), tuple(sorted(needed))


class LeafProof:
    """The records of the leaves of a tree, checked one by one: the good vertex supports."""

    def __init__(self, checker: LeafChecker, boxes: int) -> None:
        self.checker, self.data, self.boxes = checker, checker.data, boxes
        self.verdicts: Counter[str] = Counter()
        self.used: set[Support] = set()
        self.polished, self.minima = 0, []
        self.zero = Group({}, {(): checker.nothing}, {()})

    @cached_property
    def vertices(self) -> list[Group]:
        """The good vertex supports."""
        return [self.checker.vertex(*minimum) for minimum in self.minima]

    def read(self, leaves: Iterable[Sides], records: Iterator[Record], sharing: Sharing) -> None:
        """Claim 195: every leaf has a record, in order, and each is true (Theorem H, Lemma 46).

        A leaf has the sign of each of its faces, these as places in the sorted list of live ones.
        Of records that others have checked it is only seen what they say.
        """
        chunks = together(leaves, records)
        if sharing.share == NOTHING:
            answers = ((chunk, 0) for chunk in chunks)
        else:
            answers = sharing.processes.streamed(self.checker, sharing.share.of(chunks))
        for (_, *chunk), polished in answers:
            self.polished += polished
            for sides, record in zip(*chunk, strict=True):
                self._note(sides, *record)

    def _note(self, sides: Sides, verdict: str, _: int, w: list[float]) -> None:
        """Keep what a true record says."""
        self.verdicts[verdict] += 1
        if verdict == "minimum":
            self.minima.append((sides, w))
        if self.checker.descriptions:
            self.used.update(supports_with(list(sides), w))

    def all_used(self) -> None:
        """Require that each exact description is that of a residual that a record gives."""
        unused = self.checker.descriptions.keys() - self.used
        require(not unused, "an exact description belongs to no record")


def together(
    leaves: Iterable[Sides], records: Iterator[Record]
) -> Iterator[tuple[int, list[Sides], list[Record]]]:
    """Yield leaves and records, many at a time, with the number of the first one."""
    leaves = iter(leaves)
    for first in count(0, SIZES.records):
        pair = list(islice(leaves, SIZES.records)), list(islice(records, SIZES.records))
        require(len(pair[0]) == len(pair[1]), "records: leaves and records are not as many")
        if not pair[0]:
            return
        yield first, *pair
