"""The records of a certificate, checked one by one, and the stationary points that they leave."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, combinations
from math import comb, inf
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from flint import arb, ctx, fmpq, fmpq_poly

from .exact import LEVELS, CertificateError, Data, Face, Support, dot, rational, require
from .pages import row_groups
from .reals import Algebraic, Root
from .residuals import Core, Residual, _standing, same_residual


@dataclass(eq=False)
class Group:
    """All stationary supports with one residual (Lemmas 11 and 12).

    Parameters
    ----------
    core : Core
        Of one of them, with an exact description if there is one.
    sides : dict
        The sign of the output weights on each tight face.
    vertices : list of Support
    """

    core: Core
    sides: dict[int, int]
    vertices: list[Support] = field(default_factory=list)

    @cached_property
    def is_global(self) -> bool:
        """Whether the residual is global at every width (Theorem C, Lemma 14)."""
        if any(self.core.descends(*pair) for pair in self.sides.items()):
            return False
        faces, first = self.core.data.faces, next(self.core.residuals(0))
        others = [k for k in range(len(faces)) if k not in self.sides]
        if any((_standing(first, faces[k]) or (0, 0))[0] > 0 for k in others):
            return False
        return all(self.core.standing(k)[0] <= 0 for k in others)

    @classmethod
    def joined(cls, groups: "Sequence[Group]") -> "Group":
        """Return groups with one residual as one."""
        core = next((group.core for group in groups if group.core.exact), groups[0].core)
        sides = {place: side for group in groups for place, side in group.sides.items()}
        return cls(core, sides, [vertex for group in groups for vertex in group.vertices])

    def supports(self, largest: int) -> list[Support]:
        """Return the unions of vertices with at most so many faces, smaller ones first."""
        found = set(self.vertices)
        frontier = list(found)
        while frontier:
            one = frontier.pop()
            for other in self.vertices:
                union = tuple(sorted({*one, *other}))
                if len(union) <= largest and union not in found:
                    found.add(union)
                    frontier.append(union)
        return sorted(found, key=lambda support: (len(support), support))

    def is_minimal(self, support: Support) -> bool:
        """Whether its points without zero units are local minima (Theorems B and C)."""
        if not support:
            return self.is_global
        return not any(self.core.descends(k, self.sides[k]) for k in support)


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


def read_descriptions(data: Data, entries: Any) -> dict[Support, Residual]:
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


def _described(data: Data, support: Support, entry: dict[str, Any], where: str) -> Residual:
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
        balls = [number.ball(LEVELS[2]) for number in numbers]
        near = all(value.contains(0) for value in _equations(data, faces, balls, LEVELS[2]))
        require(near, f"{where}: does not solve (1)-(2)")
    solved = all(value.poly == 0 for value in _equations(data, faces, numbers))
    positive = all(square.sign() > 0 for square in numbers[cut:])
    require(solved and positive, f"{where}: does not solve (1)-(2)")
    return _residual(data, faces, numbers)


def _residual(
    data: Data, faces: Sequence[Face], numbers: Sequence[Any], bits: int | None = None
) -> Residual:
    """Return the residual of omega_l by face, followed by s_l by face."""
    rows = range(0, len(faces) * data.depth, data.depth)
    squares = numbers[len(faces) * data.depth :]
    w = [[s * x for x in numbers[k : k + data.depth]] for k, s in zip(rows, squares, strict=True)]
    return Residual(data, faces, w, bits)


def _equations(
    data: Data, faces: Sequence[Face], numbers: Sequence[Any], bits: int | None = None
) -> Iterator[Any]:
    """Yield what (1)-(2) say to be 0."""
    residual = _residual(data, faces, numbers, bits)
    for k, face in enumerate(faces):
        omega = numbers[k * data.depth : (k + 1) * data.depth]
        yield dot(omega, omega) - fmpq(1)
        for x, y in zip(residual.u(face), omega, strict=True):
            yield x - data.ridge * y


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
    largest = size if width == "all" else width
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

    def __init__(self, data: Data, descriptions: dict[Support, Residual]) -> None:
        self.data, self.descriptions = data, dict(descriptions)
        zero = Core(data, (), [], Residual(data, [], []))
        self.cores: dict[Support, Core] = {(): zero}
        self.verdicts: Counter[str] = Counter()
        self.polished = 0
        self.zero = Group(zero, {}, [()])
        self.vertices: list[tuple[Core, dict[int, int]]] = []

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
        core = Core(self.data, support, vectors, self.descriptions.pop(support, None))
        if verdict == "leaves":
            require(core.side(support[place]) == 0, "u does not leave the face")
        else:
            self._stationary(core, verdict, place)
        self.polished += len(core.balls) > 1
        return core

    def _stationary(self, core: Core, verdict: str, place: int) -> None:
        """Check that a support is essential, stationary, and a minimum or not; group it."""
        support = core.support
        for k, face in enumerate(support):
            smaller = self.cores[support[:k] + support[k + 1 :]]
            require(smaller.excess(face) > 0, f"face {k} is not essential")
        sides = {face: core.side(face) for face in support}
        require(all(sides.values()), "u leaves a face")
        core.stationary(sides)
        if verdict == "descends":
            face = support[place]
            require(core.descends(face, sides[face]), "no ray descends")
        else:
            require(not any(core.descends(*pair) for pair in sides.items()), "a ray descends")
        self.vertices.append((core, sides))

    def grouped(self) -> list[Group]:
        """Return the residuals of the stationary points; the zero network's if it is a minimum.

        Vertices with one residual have equal losses. It matters only for those whose union is a
        support to be counted (Lemma 12), and for the residual that is global at every width, of
        which there is one (Theorem C).
        """
        largest = self.data.size + 1 if self.data.width == "all" else self.data.largest
        losses = [core.loss() for core, _ in self.vertices]
        order = sorted(range(len(losses)), key=lambda k: losses[k].lower())
        alike: list[list[int]] = []
        top = None
        for k in order:
            if top is None or losses[k].lower() > top:
                alike.append([])
                top = losses[k].upper()
            alike[-1].append(k)
            top = top.max(losses[k].upper())
        groups = [self.zero] * self.zero.is_global
        for chosen in alike:
            same: list[Group] = []
            for core, sides in (self.vertices[k] for k in chosen):
                near = [
                    group
                    for group in same
                    if any(len({*v, *core.support}) <= largest for v in group.vertices)
                    and same_residual(group.core, core)
                ]
                same = [group for group in same if group not in near]
                same.append(Group.joined([*near, Group(core, sides, [core.support])]))
            groups += same
        best = [group for group in groups if group.is_global]
        others = [group for group in groups if not group.is_global]
        return [*others, Group.joined(best)] if best else others


def number_of_supports(data: Data) -> int:
    """Return the number of supports that have a record."""
    return supports_of(len(data.faces), data.largest)
