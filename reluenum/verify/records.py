"""The records of a certificate, checked one by one, and the stationary points that they leave."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from math import comb
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from flint import arb, fmpq, fmpq_poly

from .exact import LEVELS, CertificateError, Data, Support, dot, rational, require
from .reals import Algebraic, Root
from .residuals import Core, ExactResidual, same_residual


@dataclass(eq=False)
class Group:
    """All stationary supports with one residual (Lemmas 11 and 12).

    Parameters
    ----------
    sides : dict
        The sign of the output weights on each face of a vertex.
    vertices : dict
        The residual by vertex, and so one and the same residual in several forms.
    minimal : set of Support
        The vertices whose points without zero units are local minima.
    """

    sides: dict[int, int]
    vertices: dict[Support, Core]
    minimal: set[Support]

    @cached_property
    def core(self) -> Core:
        """The residual, with an exact description if there is one."""
        cores = list(self.vertices.values())
        return next((core for core in cores if core.exact), cores[0])

    @cached_property
    def is_global(self) -> bool:
        """Whether the residual is global at every width (Theorem C, Lemma 14).

        Then all its tight faces are good, that is all its vertices minimal.
        """
        return len(self.minimal) == len(self.vertices) and not self.core.exceeded(self.sides)

    @classmethod
    def joined(cls, groups: "Sequence[Group]") -> "Group":
        """Return groups with one residual as one."""
        return cls(
            {place: side for group in groups for place, side in group.sides.items()},
            {vertex: core for group in groups for vertex, core in group.vertices.items()},
            {vertex for group in groups for vertex in group.minimal},
        )

    def supports(self, largest: float) -> list[Support]:
        """Return the unions of vertices with at most so many faces, smaller ones first."""
        return unions(self.vertices, largest)

    def valid(self, largest: float) -> list[Support]:
        """Return those whose points without zero units are local minima (Theorems B and C).

        All faces of a union are good if and only if it consists of minimal vertices.
        """
        return unions(self.minimal, largest)


def unions(vertices: Collection[Support], largest: float) -> list[Support]:
    """Return the unions of supports with at most so many faces, smaller ones first."""
    found = {vertex for vertex in vertices if len(vertex) <= largest}
    frontier = list(found)
    while frontier:
        one = frontier.pop()
        for other in vertices:
            union = tuple(sorted({*one, *other}))
            if len(union) <= largest and union not in found:
                found.add(union)
                frontier.append(union)
    return sorted(found, key=lambda support: (len(support), support))


MOST_COEFFICIENTS, LONGEST_POLYNOMIAL = 1000, 300_000
"""Coefficients, and digits of all of them; larger polynomials take too long to factor."""

LONGEST_VERDICT = 100
"""Characters; those that there are have fewer."""


def read_descriptions(data: Data, entries: Any) -> dict[Support, ExactResidual]:
    """Read the exact descriptions and check each by substitution (Theorem A)."""
    require(type(entries) is list, "certificate: `exact` is no list")
    place_of = {face.text: place for place, face in enumerate(data.faces)}
    found = {}
    for entry in entries:
        keys = {"support", "chi", "root", "coordinates"}
        require(type(entry) is dict and set(entry) == keys, "certificate: exact: wrong keys")
        where = f"exact description of {entry['support']!r:.200}"
        lists = [entry["chi"], entry["coordinates"], *entry["coordinates"]]
        require(all(type(part) is list for part in lists), f"{where}: a polynomial is no list")
        texts = str(entry["support"]).split("|")
        require(all(text in place_of for text in texts), f"{where}: no support")
        support = tuple(place_of[text] for text in texts)
        require(sorted(set(support)) == list(support), f"{where}: not sorted")
        require(support not in found, f"{where}: given twice")
        faces = [data.faces[place] for place in support]
        digits = sum(len(str(coefficient)) for coefficient in entry["chi"])
        require(digits <= LONGEST_POLYNOMIAL, f"{where}: chi is too long")
        require(len(entry["chi"]) <= MOST_COEFFICIENTS, f"{where}: chi has too large a degree")
        chi = fmpq_poly([rational(c, f"{where}: chi") for c in entry["chi"]])
        factors = chi.numer().factor()[1]
        irreducible = len(factors) == 1 and factors[0][1] == 1
        require(chi.denom() == 1 and irreducible, f"{where}: chi is not irreducible over Z")
        index = entry["root"]
        require(type(index) is int and index >= 0, f"{where}: root is no index")
        root = Root(factors[0][0], index)
        polys = [[rational(c, where) for c in poly] for poly in entry["coordinates"]]
        require(all(len(p) <= chi.degree() for p in polys), f"{where}: degrees")
        numbers = [Algebraic(root, p) for p in polys]
        cut = len(support) * data.depth
        require(len(numbers) == cut + len(support), f"{where}: wrong number of coordinates")
        omegas = [numbers[k : k + data.depth] for k in range(0, cut, data.depth)]
        root.ball(LEVELS[0])
        pairs = list(zip(omegas, numbers[cut:], strict=True))
        w = [[s * x for x in omega] for omega, s in pairs]
        residual = ExactResidual(data, faces, w, numbers[cut:])
        for face, (omega, square) in zip(faces, pairs, strict=True):
            equations = [x - data.ridge * y for x, y in zip(residual.u(face), omega, strict=True)]
            equations.append(dot(omega, omega) - fmpq(1))
            solved = all(value.poly == 0 for value in equations)
            require(solved and square.sign() > 0, f"{where}: does not solve (1)-(2)")
        found[support] = residual
    return found


def read_records(
    source: BinaryIO, digest: str, longest: int
) -> tuple[int, Iterator[tuple[Any, Any, Any]]]:
    """Return how many records a Parquet file holds, and the records.

    Parameters
    ----------
    source : file
    digest : str
        SHA-256 of the problem.
    longest : int
        So many numbers may a record hold. A small file can claim any number of them.
    """
    parquet = pq.ParquetFile(source, read_dictionary=["verdict"])
    schema = parquet.schema_arrow
    require(schema.names == ["verdict", "face", "w"], "records: wrong columns")
    verdict, face, w = schema.types
    text = verdict.value_type if pa.types.is_dictionary(verdict) else verdict
    require(pa.types.is_string(text) or pa.types.is_large_string(text), "records: type of verdict")
    require(face == pa.int32(), "records: type of face")
    lists = pa.types.is_list(w) or pa.types.is_large_list(w)
    require(lists and w.value_type == pa.float64(), "records: type of w")
    metadata = json.loads((schema.metadata or {}).get(b"reluenum", b"null"))
    require(metadata == _heading(digest), "records: metadata do not fit the document")
    groups = [parquet.metadata.row_group(k) for k in range(parquet.metadata.num_row_groups)]
    count = parquet.metadata.num_rows
    values = sum(group.column(2).num_values for group in groups)
    require(values <= count * max(longest, 1), "records: too many numbers")
    size = sum(group.column(k).total_uncompressed_size for group in groups for k in range(3))
    require(size <= (1 << 20) + count * (64 + 16 * longest), "records: too large")

    def records() -> Iterator[tuple[Any, Any, Any]]:
        for batch in parquet.iter_batches(batch_size=4096):
            names = batch.column(0).dictionary.to_pylist()
            require(all(len(str(name)) <= LONGEST_VERDICT for name in names), "records: verdicts")
            yield from zip(*(batch.column(k).to_pylist() for k in range(3)), strict=True)

    return count, records()


def _heading(digest: str) -> dict[str, Any]:
    return {"format": "reluenum-certificate", "version": 1, "problem_sha256": digest}


class Proof:
    """The records, checked one by one, and the stationary points that they leave.

    Parameters
    ----------
    data : Data
    descriptions : dict
        Exact residuals by support.
    """

    def __init__(self, data: Data, descriptions: dict[Support, ExactResidual]) -> None:
        self.data, self.descriptions = data, dict(descriptions)
        zero = Core(data, (), [], ExactResidual(data, [], [], []))
        self.cores: dict[Support, Core] = {(): zero}
        self.verdicts: Counter[str] = Counter()
        self.polished = 0
        self.zero = Group({}, {(): zero}, {()})
        self.vertices: list[Group] = []

    def read(self, records: Iterable[tuple[Any, Any, Any]]) -> None:
        """Check every record; their number is that of the supports."""
        everything = range(len(self.data.faces))
        sizes = range(1, self.data.largest + 1)
        supports = chain.from_iterable(combinations(everything, size) for size in sizes)
        for number, (support, record) in enumerate(zip(supports, records, strict=True)):
            try:
                core = self._checked(support, *record)
            except CertificateError as error:
                text = f"record {number} ({self.data.name(support)}, {record[0]!r:.40}): {error}"
                raise CertificateError(text) from error
            self.verdicts[record[0]] += 1
            if len(support) < self.data.largest:
                self.cores[support] = core
        require(not self.descriptions, "an exact description belongs to no record with a point")

    def _checked(self, support: Support, verdict: Any, place: Any, w: Any) -> Core:
        """Return the residual of a support, if the claim of its record is true."""
        require(verdict in ("reducible", "leaves", "descends", "minimum"), "proves nothing")
        within = type(place) is int and (0 <= place < len(support))
        require(place == -1 if verdict == "minimum" else within, f"face {place!r} is out of range")
        if verdict == "reducible":
            require(not w, "a reducible support has no w")
            core = self.cores[support[:place] + support[place + 1 :]]
            require(core.excess(support[place]) <= 0, "the face exceeds the bound")
            return core
        depth = self.data.depth
        require(type(w) is list and len(w) == len(support) * depth, "w has a wrong length")
        require(all(type(x) is float and abs(x) < float("inf") for x in w), "w is not finite")
        vectors = [list(map(arb, w[k : k + depth])) for k in range(0, len(w), depth)]
        exact = self.descriptions.pop(support, None)
        core = Core(self.data, support, vectors, exact, self._smaller(support, vectors))
        if verdict == "leaves":
            require(core.side(support[place]) == 0, "u does not leave the face")
        else:
            self._stationary(core, verdict, place)
        self.polished += len(core.balls) > 1
        return core

    def _smaller(self, support: Support, vectors: list[list[arb]]) -> Core | None:
        """Return the residual without the faces on which w is 0, None if there is no such face."""
        needed = tuple(
            face for face, w in zip(support, vectors, strict=True) if any(x != 0 for x in w)
        )
        return None if needed == support else self.cores[needed]

    def _stationary(self, core: Core, verdict: str, place: int) -> None:
        """Check that a support is essential, stationary, and a minimum or not."""
        support = core.support
        for k, face in enumerate(support):
            smaller = self.cores[support[:k] + support[k + 1 :]]
            require(smaller.excess(face) > 0, f"face {k} is not essential")
        sides = {face: core.side(face) for face in support}
        require(all(sides.values()), "u leaves a face")
        core.stationary(sides)
        minimal = set()
        if verdict == "descends":
            face = support[place]
            require(core.descends(face, sides[face]), "no ray descends")
        else:
            require(not any(core.descends(*pair) for pair in sides.items()), "a ray descends")
            minimal.add(support)
        self.vertices.append(Group(sides, {support: core}, minimal))

    def grouped(self) -> list[Group]:
        """Return the residuals of the stationary points; the zero network's if it is a minimum.

        Vertices with one residual have equal losses. It matters only for those whose union is a
        support to be listed or counted (Lemma 12), and for the residual that is global at every
        width, of which there is one (Theorem C).
        """
        losses = [group.core.loss() for group in self.vertices]
        order = sorted(range(len(losses)), key=lambda k: losses[k].lower())
        alike: list[list[Group]] = []
        top = None
        for k in order:
            if top is None or losses[k].lower() > top:
                alike.append([])
                top = losses[k].upper()
            alike[-1].append(self.vertices[k])
            top = top.max(losses[k].upper())
        groups = [self.zero] * self.zero.is_global
        for chosen in alike:
            same: list[Group] = []
            for vertex in chosen:
                near = [
                    group
                    for group in same
                    if self._meet(group, vertex) and same_residual(group.core, vertex.core)
                ]
                same = [group for group in same if group not in near]
                same.append(Group.joined([*near, vertex]))
            groups += same
        best = [group for group in groups if group.is_global]
        others = [group for group in groups if not group.is_global]
        return [*others, Group.joined(best)] if best else others

    def _meet(self, one: Group, other: Group) -> bool:
        """Whether two vertices have a union to be listed: a valid one, for every width."""
        if self.data.width == "all" and one.minimal and other.minimal:
            return True
        unions = ({*v, *w} for v in one.vertices for w in other.vertices)
        return any(len(union) <= self.data.largest for union in unions)


def number_of_supports(data: Data) -> int:
    """Return the number of supports that have a record."""
    return sum(comb(len(data.faces), size) for size in range(1, data.largest + 1))
