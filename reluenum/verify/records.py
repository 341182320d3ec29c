"""The records of a certificate, checked one by one, and the stationary points that they leave."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from math import comb, inf
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from flint import arb, ctx, fmpq, fmpq_poly

from .exact import LEVELS, CertificateError, Data, Support, distinct, dot, rational, require
from .pages import row_groups
from .reals import Algebraic, Root
from .residuals import Core, ExactResidual, Residual, same_residual


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


LARGEST_DEGREE, MOST_DIGITS = 128, 50_000_000
"""Of an exact description: its degree, and degree^2 times the digits of its longest number.

Arithmetic in the field takes about as long as the latter says; degrees below 16 count as 16.
"""

LONGEST_VERDICT = 100
"""Characters; those that there are have fewer."""

MOST_ROWS, MOST_NUMBERS = 1 << 20, 1 << 23
"""Of a row group: its records and, unless its bytes are as many, the numbers in them."""

MOST_FACES, MOST_SIGNS = 1 << 18, 1 << 27
"""Live faces, and signs of all of them, that a certificate can be about."""


def read_descriptions(data: Data, entries: Any) -> dict[Support, ExactResidual]:
    """Read the exact descriptions and check each by substitution (Theorem A)."""
    require(type(entries) is list, "certificate: `exact` is no list")
    require(len(entries) <= number_of_supports(data), "certificate: exact: more than supports")
    place_of = {face.text: place for place, face in enumerate(data.faces)}
    found = {}
    for entry in entries:
        keys = {"support", "chi", "root", "coordinates"}
        require(type(entry) is dict and set(entry) == keys, "certificate: exact: wrong keys")
        where = f"exact description of {entry['support']!r:.200}"
        texts = str(entry["support"]).split("|")
        require(all(text in place_of for text in texts), f"{where}: no support")
        support = tuple(place_of[text] for text in texts)
        require(sorted(set(support)) == list(support), f"{where}: not sorted")
        require(support not in found, f"{where}: given twice")
        found[support] = _described(data, support, entry, where)
    return found


def _described(data: Data, support: Support, entry: dict[str, Any], where: str) -> ExactResidual:
    """Return the residual of an exact description, if it is one."""
    lists = [entry["chi"], entry["coordinates"], *entry["coordinates"]]
    require(all(type(part) is list for part in lists), f"{where}: a polynomial is no list")
    cut = len(support) * data.depth
    right = len(entry["coordinates"]) == cut + len(support)
    require(right, f"{where}: wrong number of coordinates")
    degree = len(entry["chi"]) - 1
    require(0 < degree <= LARGEST_DEGREE, f"{where}: degree of chi")
    require(all(len(p) <= degree for p in entry["coordinates"]), f"{where}: degrees")
    digits = max(len(str(c)) for poly in (entry["chi"], *entry["coordinates"]) for c in poly)
    require(max(degree, 16) ** 2 * digits <= MOST_DIGITS, f"{where}: numbers are too long")
    chi = fmpq_poly([rational(c, f"{where}: chi") for c in entry["chi"]])
    factors = chi.numer().factor()[1]
    irreducible = len(factors) == 1 and factors[0][1] == 1
    require(chi.denom() == 1 and irreducible, f"{where}: chi is not irreducible over Z")
    index = entry["root"]
    require(type(index) is int and index >= 0, f"{where}: root is no index")
    root = Root(factors[0][0], index)
    polys = [[rational(c, where) for c in poly] for poly in entry["coordinates"]]
    numbers = [Algebraic(root, p) for p in polys]
    faces = [data.faces[place] for place in support]
    with ctx.workprec(LEVELS[2]):  # what does not hold nearly is refused without long arithmetic
        omegas, w, _ = _parted(data, [number.ball(LEVELS[2]) for number in numbers], cut)
        rough = Residual(data, faces, w, LEVELS[2])
        near = all(value.contains(0) for value in _equations(rough, omegas))
        require(near, f"{where}: does not solve (1)-(2)")
    omegas, w, squares = _parted(data, numbers, cut)
    residual = ExactResidual(data, faces, w, squares)
    solved = all(value.poly == 0 for value in _equations(residual, omegas))
    positive = all(square.sign() > 0 for square in squares)
    require(solved and positive, f"{where}: does not solve (1)-(2)")
    return residual


def _parted(data: Data, numbers: list, cut: int) -> tuple[list[list], list[list], list]:
    """Return omega_l, w_l = s_l omega_l and s_l by face, from all coordinates of a description."""
    omegas = [numbers[k : k + data.depth] for k in range(0, cut, data.depth)]
    squares = numbers[cut:]
    w = [[s * x for x in omega] for omega, s in zip(omegas, squares, strict=True)]
    return omegas, w, squares


def _equations(residual: Residual, omegas: list[list]) -> Iterator[Any]:
    """Yield what (1)-(2) say to be 0."""
    for face, omega in zip(residual.faces, omegas, strict=True):
        yield dot(omega, omega) - fmpq(1)
        for x, y in zip(residual.u(face), omega, strict=True):
            yield x - residual.data.ridge * y


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
    groups = row_groups(source)
    for group in groups:
        require(0 <= group.rows <= MOST_ROWS, "records: a row group is too large")
        verdicts, places, numbers = group.chunks
        fit = verdicts.values == places.values == group.rows <= max(numbers.values, group.rows)
        few = numbers.values <= max(MOST_NUMBERS, numbers.stop - numbers.start)
        few = few and numbers.values <= group.rows * max(longest, 1)
        require(fit and few, "records: too many numbers")
    parquet = pq.ParquetFile(
        source,
        read_dictionary=["verdict"],
        pre_buffer=False,
        buffer_size=1 << 20,
        thrift_string_size_limit=1 << 20,
        thrift_container_size_limit=1 << 16,
    )
    schema = parquet.schema_arrow
    require(schema.names == ["verdict", "face", "w"], "records: wrong columns")
    verdict, face, w = schema.types
    text = verdict.value_type if pa.types.is_dictionary(verdict) else verdict
    require(pa.types.is_string(text) or pa.types.is_large_string(text), "records: type of verdict")
    require(face == pa.int32(), "records: type of face")
    lists = pa.types.is_list(w) or pa.types.is_large_list(w)
    require(lists and w.value_type == pa.float64(), "records: type of w")
    metadata = schema.metadata or {}
    require(set(metadata) == {b"reluenum"}, "records: wrong keys of the metadata")
    found = json.loads(metadata[b"reluenum"], object_pairs_hook=unique_keys)
    require(found == heading(digest), "records: metadata do not fit the document")
    count = sum(group.rows for group in groups)

    def records() -> Iterator[tuple[Any, Any, Any]]:
        for batch in parquet.iter_batches(batch_size=4096):
            names, lengths = batch.column(0).dictionary, pc.list_value_length(batch.column(2))
            short = pc.max(pc.utf8_length(names)).as_py() or 0
            require(short <= LONGEST_VERDICT, "records: verdicts")
            require((pc.max(lengths).as_py() or 0) <= longest, "records: w is too long")
            yield from zip(*(batch.column(k).to_pylist() for k in range(3)), strict=True)

    return count, records()


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that stands twice would be read in two ways."""
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)


def heading(digest: str) -> dict[str, Any]:
    """Return what ties a certificate to its problem."""
    return {"format": "reluenum-certificate", "version": 1, "problem_sha256": digest}


def claimed_faces(problem: Any, count: int) -> int:
    """Return how many live faces there are if so many records are those of all supports."""
    size, width = len(problem["y"]), problem["width"]
    largest = len(distinct(problem["x"])[0]) if width == "all" else width
    numbers = range(1, MOST_FACES + 1)
    faces = 1 + bisect_left(numbers, count, key=lambda faces: supports_of(faces, largest, count))
    fits = faces <= MOST_FACES and supports_of(faces, largest, count) == count
    require(fits, f"certificate: {count} records are not those of all supports")
    require(faces * size <= MOST_SIGNS, "certificate: too many faces for so many points")
    return faces


def supports_of(faces: int, largest: int, most: float = inf) -> int:
    """Return the number of supports of up to so many faces, or a number beyond `most`."""
    total = 0
    for size in range(1, min(faces, largest) + 1):
        total += comb(faces, size)
        if total > most:
            break
    return total


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
    return supports_of(len(data.faces), data.largest)
