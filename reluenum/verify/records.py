"""The records of a certificate: what each claims of its support, and why that is true.

r_S is the residual of a support S (Theorem A), u_F(r) = P_F sum_{i in A_F} r_i xt_i for a face F,
and Lambda the effective ridge.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from typing import Any

from flint import arb_mat, ctx, fmpq, fmpq_poly

from .arithmetic.matrices import column
from .cores import Core
from .exact import Data, Support
from .groups import Group
from .pages import Record, vectors_of
from .reals import LEVELS, Algebraic, CertificateError, Root, dot, matched, rational, require, told
from .residuals import ExactResidual, Residual

LARGEST_DEGREE, MOST_DIGITS = 128, 50_000_000
"""Of an exact description: its degree, and degree^2 times the digits of its longest number.

Arithmetic in the field takes about as long as the latter says; degrees below 16 count as 16.
"""

DESCRIPTION = dict.fromkeys(("support", "chi", "root", "coordinates"), ...)
VERDICTS = ("reducible", "leaves", "descends", "minimum")  # that prove something


# What an exact description claims.


def described(data: Data, support: Support, numbers: list[Algebraic]) -> ExactResidual:
    """Claim 6: omega_l and s_l > 0 solve (1)-(2), so that the residual is r_S (Theorem A(2)).

    What does not hold nearly is refused without long arithmetic.
    """
    wrong, bits, faces = "does not solve (1)-(2)", LEVELS[2], [data.faces[k] for k in support]
    with ctx.workprec(bits):
        omegas, squares = _parted(data, [number.ball(bits) for number in numbers])
        pairs = zip(omegas, squares, strict=True)
        w = [arb_mat([[x * s] for x in omega]) for omega, s in pairs]
        rough = equations(Residual(data, faces, w, bits), omegas)
        require(all(value.contains(0) for value in rough), wrong)
    omegas, squares = _parted(data, numbers)
    residual = ExactResidual(data, faces, omegas, squares, numbers[0].root)
    require(all(value.poly == 0 for value in equations(residual, omegas)), wrong)
    require(all(square.sign() > 0 for square in squares), wrong)
    return residual


def equations(residual: Residual, omegas: list[list]) -> Iterator[Any]:
    """Yield what (1)-(2) say to be 0: |omega_l|^2 - 1 and u_l - Lambda omega_l."""
    for face, omega in zip(residual.faces, omegas, strict=True):
        yield dot(omega, omega) - fmpq(1)
        for x, y in zip(residual.u(face), omega, strict=True):
            yield x - residual.data.ridge * y


def _parted(data: Data, numbers: list) -> tuple[list[list], list]:
    """Return omega_l and s_l by face, from all coordinates of a description."""
    cut = len(numbers) // (data.depth + 1) * data.depth
    return [numbers[k : k + data.depth] for k in range(0, cut, data.depth)], numbers[cut:]


def read_descriptions(data: Data, entries: Any) -> dict[Support, ExactResidual]:
    """Return the exact residuals that a certificate describes, by support, each given once."""
    require(type(entries) is list, "certificate: `exact` is no list")
    require(len(entries) <= data.supports, "certificate: exact: more than supports")
    found: dict[Support, ExactResidual] = {}
    for entry in entries:
        matched(entry, DESCRIPTION, "certificate: exact")
        with told(f"exact description of {entry['support']!r:.200}"):
            texts = str(entry["support"]).split("|")
            require(all(text in data.place_of for text in texts), "no support")
            support = tuple(data.place_of[text] for text in texts)
            require(sorted(set(support)) == list(support), "not sorted")
            require(support not in found, "given twice")
            right = len(entry["coordinates"]) == len(support) * (data.depth + 1)
            require(right, "wrong number of coordinates")
            found[support] = described(data, support, numbers_of(**entry))
    return found


def numbers_of(chi: Any, root: Any, coordinates: Any, **_: Any) -> list[Algebraic]:
    """Return the numbers of an exact description: polynomials in a root of an irreducible one."""
    lists = all(type(part) is list for part in (chi, coordinates, *coordinates))
    require(lists, "a polynomial is no list")
    degree = len(chi) - 1
    require(0 < degree <= LARGEST_DEGREE, "degree of chi")
    require(all(len(poly) <= degree for poly in coordinates), "degrees")
    digits = max(len(str(c)) for c in chain(chi, *coordinates))
    require(max(degree, 16) ** 2 * digits <= MOST_DIGITS, "numbers are too long")
    over_q = fmpq_poly([rational(c, "chi") for c in chi])
    factors = over_q.numer().factor()[1]
    irreducible = over_q.denom() == 1 and [power for _, power in factors] == [1]
    require(irreducible, "chi is not irreducible over Z")
    require(type(root) is int and root >= 0, "root is no index")
    at = Root(factors[0][0], root)
    return [Algebraic(at, [rational(c, "coordinates") for c in poly]) for poly in coordinates]


# What a record claims of its support.


def reducible(smaller: Core, face: int) -> None:
    """Claim 7: |u_F(r_T)| <= Lambda, T = S without F. Then r_S = r_T (Theorem E, Lemma 12)."""
    require(smaller.excess(face) <= 0, "the face exceeds the bound")


def leaves(core: Core, face: int) -> None:
    """Claim 8: u_F(r_S) lies neither in F nor in -F. Then S has no stationary point."""
    require(core.ask(Residual.side, face) == 0, "u does not leave the face")


def essential(support: Support, smaller: list[Core]) -> None:
    """Claim 9: |u_F(r_T)| > Lambda, T = S without F, for every F in S (Theorem E)."""
    for k, (face, core) in enumerate(zip(support, smaller, strict=True)):
        require(core.excess(face) > 0, f"face {k} is not essential")


def stationary(core: Core) -> dict[int, int]:
    """Claim 10: every u_F(r_S) lies in F or in -F. Return its sign for each face."""
    sides = {face: core.ask(Residual.side, face) for face in core.support}
    require(all(sides.values()), "u leaves a face")
    return sides


def opposite_ties(data: Data, sides: dict[int, int]) -> set[int]:
    """Claim 11: the opposites of all faces of S are tight, too, if enough of S are (Lemma 29).

    Without hidden bias a free output bias is no exception (Lemma 66). An opposite face has the
    sign of the face, and descends if and only if that does.
    """
    opposite = {face: data.opposite(face) for face in sides}
    paired = [face for face, other in opposite.items() if sides.get(other) == sides[face]]
    enough = 2 if data.bias == "free" and data.offset else 4
    return set(opposite.values()) if data.rank <= 2 and len(paired) >= enough else set()


def descends(core: Core, face: int, side: int) -> None:
    """Claim 12: D_F < 0 on one of the rays of Lemma 13. Then r_S is no local minimum."""
    require(core.ask(Residual.descends, face, side), "no ray descends")


def minimum(core: Core, sides: dict[int, int]) -> None:
    """Claim 13: D_F >= 0 on all rays of all faces F of S. Then S is a local minimum (Theorem B)."""
    falls = any(core.ask(Residual.descends, *pair) for pair in sides.items())
    require(not falls, "a ray descends")


class Proof:
    """The records, checked one by one, and the vertex supports that they leave."""

    def __init__(self, data: Data, descriptions: dict[Support, ExactResidual]) -> None:
        self.data, self.descriptions = data, dict(descriptions)
        zero = Core(data, (), [], ExactResidual(data, [], [], []), None)
        self.cores: dict[Support, Core] = {(): zero}
        self.verdicts: Counter[str] = Counter()
        self.polished, self.boxes = 0, None
        self.zero = Group({}, {(): zero}, {()})
        self.vertices: list[Group] = []

    def read(self, records: Iterable[Record]) -> None:
        """Claim 14: every support has a record, in order, and each of them is true.

        So the vertex supports are those that descend and the minima (Corollary E.1).
        """
        sizes, faces = range(1, self.data.largest + 1), range(len(self.data.faces))
        supports = chain.from_iterable(combinations(faces, size) for size in sizes)
        support: Support = ()
        try:
            for support, record in zip(supports, records, strict=True):
                core = self._checked(support, *record)
                self.verdicts[record[0]] += 1
                if len(support) < self.data.largest:
                    self.cores[support] = core
        except CertificateError as error:
            name = "|".join(self.data.texts(support))
            text = f"record {self.verdicts.total()} ({name}): {error}"
            raise CertificateError(text) from error
        require(not self.descriptions, "an exact description belongs to no record with a point")

    def _checked(self, support: Support, verdict: Any, place: Any, w: Any) -> Core:
        """Return the residual of a support, if the claim of its record is true."""
        require(verdict in VERDICTS, "proves nothing")
        within = type(place) is int and (0 <= place < len(support))
        require(place == -1 if verdict == "minimum" else within, f"face {place!r} is out of range")
        if verdict == "reducible":
            require(not w, "a reducible support has no w")
            core = self.cores[support[:place] + support[place + 1 :]]
            reducible(core, support[place])
            return core
        core = self._enclosed(support, w)
        if verdict == "leaves":
            leaves(core, support[place])
        else:
            self._vertex(core, verdict, support[place])
        self.polished += len(core.balls) > 1
        return core

    def _enclosed(self, support: Support, w: Any) -> Core:
        """Return the residual of a support, in the ball around the w of its record."""
        parts = vectors_of(w, len(support), self.data.depth)
        needed = tuple(face for face, part in zip(support, parts, strict=True) if any(part))
        smaller = None if needed == support else self.cores[needed]
        vectors = [column(part) for part in parts]
        return Core(self.data, support, vectors, self.descriptions.pop(support, None), smaller)

    def _vertex(self, core: Core, verdict: str, face: int) -> None:
        """Check that a support is essential and stationary, and a minimum or not."""
        support = core.support
        essential(
            support, [self.cores[support[:k] + support[k + 1 :]] for k in range(len(support))]
        )
        sides = stationary(core)
        core.ties = opposite_ties(self.data, sides) | set(sides)
        if verdict == "minimum":
            minimum(core, sides)
        else:
            descends(core, face, sides[face])
        minimal = {support} if verdict == "minimum" else set()
        self.vertices.append(Group(sides, {support: core}, minimal))
