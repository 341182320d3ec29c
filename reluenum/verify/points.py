"""The stationary points on a support: dimension, squares, directions, losses, and their decimals.

Numbers are functions of a residual, exact or enclosed; texts are sets of those that may stand in a
document.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat, fmpz_poly

from .arithmetic.decimals import Texts, written
from .arithmetic.matrices import eliminated
from .exact import Face, Support
from .groups import Group
from .reals import LEVELS, CertificateError, dot, enclosure, ends, require, sign, sign_changes
from .residuals import Residual

TEXT_BITS = 512  # precision from which numbers are written that are known to half their bits
Number = Callable[[Residual], Any]


class Points:
    """The stationary points of a group on a support."""

    def __init__(self, group: Group, support: Support) -> None:
        self.group, self.support, self.data = group, support, group.core.data
        self.inside = [vertex for vertex in group.vertices if set(vertex) <= set(support)]
        own = group.vertices.get(support, group.core)
        self.core = group.core if group.core.exact and not own.exact else own
        self._squares: dict[int | None, dict[int, Any]] = {}
        self._losses: dict[int, arb] = {}
        self.on_face, self.equal_unit = cache(self._on_face), cache(self._equal_unit)

    @cached_property
    def dimension(self) -> int:
        """Claim 20: that of the polytope of squares, by its vertices alone (Lemma 12a)."""
        steps, vertices = 0, [set(vertex) for vertex in self.inside]
        while len(vertices) > 1:
            parts = ([v for v in vertices if face not in v] for face in self.support)
            vertices = max((part for part in parts if len(part) < len(vertices)), key=len)
            steps += 1
        return steps

    def squares(self, residual: Residual) -> dict[int, Any]:
        """Claim 21: sum a^2 on a face, the mean over the vertices if they are several."""
        if residual.bits not in self._squares:
            total = dict.fromkeys(self.support, 0)
            for vertex in self.inside:
                for face, square in zip(vertex, vertex_squares(residual, vertex), strict=True):
                    total[face] = total[face] + square * fmpq(1, len(self.inside))
            self._squares[residual.bits] = total
        return self._squares[residual.bits]

    def direction(self, residual: Residual, face: int, j: int) -> Any:
        """Claim 22: v / |v| on a face F is +-u_F(r) / Lambda; here one of its coordinates."""
        return residual.u(self.data.faces[face])[j] * (self.group.sides[face] / self.data.ridge)

    def loss(self, residual: Residual) -> Any:
        """Claim 23: the loss is y'Ry + sum_l s_l (Lambda - b_l . omega_l), or 1/n of that."""
        return residual.loss * self.data.scale

    def coefficient(self, residual: Residual, k: int) -> Any:
        """Claim 24: m (Lemma 1) and beta (Lemma 74) fit y - f_0 best, and are the shortest."""
        data, row = self.data, fmpq_mat([self.data.inner.tolist()[k]])
        (total,) = (row * data.loads).entries()
        for face, square in self.squares(residual).items():
            share = dot((row * data.faces[face].loads).entries(), residual.u(data.faces[face]))
            total = total - square * (share / data.ridge)
        return total

    @cached_property
    def outer(self) -> dict[str, Any]:
        """What a document says of the output bias and the linear part."""
        size = self.data.inner.nrows()
        texts = [self.texts(lambda r, k=k: self.coefficient(r, k)) for k in range(size)]
        bias = {"m": texts.pop(0)} if self.data.bias != "none" else {}
        return bias | ({"beta": texts} if self.data.linear != "none" else {})

    def texts(self, factor: Number, square: Number = lambda _: 1) -> Texts:
        """Claim 25: factor * sqrt(square), correctly rounded to 30 digits; 0 is exactly 0.

        There are two texts for a number that lies between two decimals as far as is known.
        """

        def question(residual: Residual) -> Texts | None:
            return written(factor(residual), square(residual), residual.bits)

        return self.core.settle(question, "a decimal of the document", TEXT_BITS)

    def unit(self, face: int, square: Number) -> list[Texts]:
        """Return the texts of a and v of a unit on a face with a^2 = |v|^2 = square."""
        parts = [lambda r, j=j: self.direction(r, face, j) for j in range(self.data.depth)]
        return [self.texts(part, square) for part in (lambda _: self.group.sides[face], *parts)]

    def _equal_unit(self, face: int, count: int) -> list[Texts]:
        """Return the texts of one of so many equal units on a face."""
        return self.unit(face, lambda r: self.squares(r)[face] / fmpq(count))

    def _on_face(self, face: int) -> dict[str, Any]:
        """Return what a document says of the units on a face, whatever their number."""
        return {
            "face": self.data.faces[face].text,
            "sign": self.group.sides[face],
            "sum_a_squared": self.texts(lambda r: self.squares(r)[face]),
            "direction": self.unit(face, lambda _: 1)[1:],
        }

    @cached_property
    def polynomial(self) -> fmpz_poly:
        """The minimal polynomial of the loss."""
        exact = self.core.exact
        require(exact is not None, f"{self.core.name}: no exact description")
        return self.loss(exact).minimal_polynomial()

    def loss_ball(self, bits: int = TEXT_BITS) -> arb:
        """Return an enclosure of the loss, by the exact residual if there is one."""
        if bits not in self._losses:
            residual = self.core.exact or next(self.core.residuals(bits))
            with ctx.workprec(bits):
                self._losses[bits] = enclosure(self.loss(residual), bits)
        return self._losses[bits]


def vertex_squares(residual: Residual, vertex: Support) -> list:
    """Return sum a^2 on the faces of a vertex: s = Lambda q, where z'Rz q = z'Ry - Lambda^2."""
    faces, ridge = [residual.data.faces[face] for face in vertex], residual.data.ridge
    if residual.bits is None and faces == residual.faces:
        return residual.squares
    pulls = ((dot(face.pull, residual.u(face)) - ridge**2) * ridge for face in faces)
    rows = zip(products(residual, faces), pulls, strict=True)
    return eliminated([[*row, pull] for row, pull in rows])


def products(residual: Residual, faces: Sequence[Face]) -> Iterator[list]:
    """Yield for each face its u times what the u of all of them take off u there."""
    columns = [residual.column(residual.u(face)) for face in faces]
    for face in faces:
        pairs = zip(faces, columns, strict=True)
        images = (face.load(other, residual.bits) * column for other, column in pairs)
        yield [dot(residual.u(face), residual.numbers(image)) for image in images]


# The order of losses.


def loss_order(one: Points, other: Points) -> int:
    """Claim 26: equal losses are those of one residual, or one root of one minimal polynomial."""
    if one.group is other.group:
        return 0
    for bits in LEVELS[LEVELS.index(TEXT_BITS) :]:
        with ctx.workprec(bits):
            left, right = one.loss_ball(bits), other.loss_ball(bits)
            if found := sign(left - right):
                return found
            if one.core.exact and other.core.exact and one.polynomial == other.polynomial:
                roots = sign_changes(one.polynomial, *ends(left.union(right)))
                if one.polynomial.degree() == 1 or roots == 1:
                    return 0
    names = " and ".join(points.core.name for points in (one, other))
    raise CertificateError(f"the losses of {names} look equal, and nothing says whether they are")


def least(candidates: list[Points]) -> list[Points]:
    """Claim 27: the losses of these are least; those of all others are surely larger."""
    best = candidates[:1]
    for points in candidates[1:]:
        order = loss_order(points, best[0])
        best = [points] if order < 0 else [*best, points] if order == 0 else best
    return best


def ball_order(one: Points, other: Points) -> int | None:
    """Compare two losses as far as balls of a moderate precision tell."""
    with ctx.workprec(TEXT_BITS):
        return sign(one.loss_ball() - other.loss_ball())
