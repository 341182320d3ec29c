"""The stationary points on a support: squares, directions, losses, and their decimals."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flint import arb, ctx, fmpq, fmpz, fmpz_poly

from .exact import LEVELS, CertificateError, Support, dot
from .reals import enclosure, has_one_root, minimal_polynomial, rational_end, sign
from .records import Group
from .residuals import Residual

NUMBER_BITS = 256
"""Precision from which the decimals of a document are computed."""

DIGITS = 30
"""Significant digits of the decimals of a document."""


def eliminated(rows: list[list]) -> list:
    """Solve a positive definite system, given with its right-hand side."""
    for k in range(len(rows)):
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k:
                rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]


class Points:
    """The stationary points of a group on a support.

    Parameters
    ----------
    group : Group
    support : Support
    """

    def __init__(self, group: Group, support: Support) -> None:
        self.group, self.support, self.data = group, support, group.core.data
        self.inside = [vertex for vertex in group.vertices if set(vertex) <= set(support)]
        self.core = group.vertices.get(support, group.core)
        self._squares: dict[int | None, dict[int, Any]] = {}

    @property
    def dimension(self) -> int:
        """Dimension of the polytope of squares, by its vertices alone (Lemma 12a)."""
        steps, vertices = 0, [set(vertex) for vertex in self.inside]
        while len(vertices) > 1:
            parts = ([v for v in vertices if place not in v] for place in self.support)
            vertices = max((part for part in parts if len(part) < len(vertices)), key=len)
            steps += 1
        return steps

    def squares(self, residual: Residual) -> dict[int, Any]:
        """Return sum a^2 by face; the middle of the vertices where the squares are not unique."""
        if residual.bits not in self._squares:
            total = dict.fromkeys(self.support, 0)
            for vertex in self.inside:
                for place, square in zip(vertex, _vertex(residual, vertex), strict=True):
                    total[place] = total[place] + square * fmpq(1, len(self.inside))
            self._squares[residual.bits] = total
        return self._squares[residual.bits]

    def direction(self, residual: Residual, place: int, j: int) -> Any:
        """Return a coordinate of v / |v| on a face."""
        return residual.u(self.data.faces[place])[j] * (self.group.sides[place] / self.data.ridge)

    def loss(self, residual: Residual) -> Any:
        """Return the loss."""
        return residual.loss * self.data.scale

    def bias(self, residual: Residual) -> Any:
        """Return the output bias: share * sum (y - f_0)."""
        data, total = self.data, sum(self.data.targets)
        for place, square in self.squares(residual).items():
            active = data.moments(data.faces[place].active, residual.bits)[0][-1]
            total = total - square * dot(active, residual.u(data.faces[place])) / data.ridge
        return total * data.share

    def texts(
        self, factor: Callable[[Residual], Any], square: Callable[[Residual], Any] = lambda _: 1
    ) -> frozenset[str]:
        """Return the texts that a document may have for factor * sqrt(square).

        That is one, or two for a number that lies between two decimals as far as is known.
        """

        def question(residual: Residual) -> frozenset[str] | None:
            value = factor(residual)
            if sign(value) == 0:
                return frozenset("0")
            for bits in [residual.bits] if residual.bits else [NUMBER_BITS << k for k in range(8)]:
                with ctx.workprec(bits):
                    ball = enclosure(value, bits) * enclosure(square(residual), bits).sqrt()
                    if found := roundings(ball):
                        return found
            return None

        return self.core.settle(question, "a decimal of the document", NUMBER_BITS)


def _vertex(residual: Residual, vertex: Support) -> list:
    """Return sum a^2 on the faces of a vertex, the only solution of z' R z q = z' R y - Lambda^2.

    Written with s = Lambda q.
    """
    data, faces = residual.data, [residual.data.faces[place] for place in vertex]
    if residual.bits is None and faces == residual.faces:
        return residual.squares
    u = [residual.u(face) for face in faces]
    rows = [
        [
            *(
                dot(one, data.coupled(f.active, g.active, other, residual.bits))
                for g, other in zip(faces, u, strict=True)
            ),
            (dot(data.moments(f.active, residual.bits)[1], one) - data.ridge**2) * data.ridge,
        ]
        for f, one in zip(faces, u, strict=True)
    ]
    return eliminated(rows)


def roundings(ball: arb) -> frozenset[str] | None:
    """Return the decimal texts nearest to the numbers of a small ball, None if it is not small."""
    if not ball.is_finite() or sign(ball) is None:
        return None
    ends = [rational_end(end) for end in (ball.lower(), ball.upper())]
    size = max(map(abs, ends))
    exponent = len(str(size.p)) - len(str(size.q)) - 1
    while size >= fmpq(10) ** exponent:
        exponent += 1
    unit = fmpq(10) ** (exponent - DIGITS)
    if ends[1] - ends[0] > unit / 2**20:
        return None
    return frozenset(decimal_text((e / unit - fmpq(1, 2)).ceil(), exponent - DIGITS) for e in ends)


def decimal_text(mantissa: fmpz, exponent: int) -> str:
    """Return the canonical text of mantissa * 10^exponent."""
    kept = str(abs(mantissa)).rstrip("0")
    exponent += len(str(abs(mantissa))) - len(kept)
    value = Decimal((int(mantissa < 0), tuple(map(int, kept)), exponent))
    return format(value, "f") if -10 <= value.adjusted() < DIGITS else str(value)


def interval(text: str) -> list[str]:
    """Return the ends of the interval one unit of the last digit to either side of a decimal."""
    value = Decimal(text)
    unit = fmpq(10) ** (value.adjusted() + 1 - DIGITS) if value else fmpq(0)
    middle = fmpq(*value.as_integer_ratio())
    return [str(middle - unit), str(middle + unit)]


def loss_order(one: Points, other: Points) -> int:
    """Compare two losses exactly: equal ones are one root of one minimal polynomial."""
    if one.group is other.group:
        return 0
    exact = [p.core.exact and p.loss(p.core.exact) for p in (one, other)]
    minimal: list[fmpz_poly] = []
    for bits in (level for level in LEVELS if level >= NUMBER_BITS):
        with ctx.workprec(bits):
            balls = [
                p.loss(next(p.core.residuals(bits))) if loss is None else enclosure(loss, bits)
                for p, loss in zip((one, other), exact, strict=True)
            ]
            if found := sign(balls[0] - balls[1]):
                return found
            if None not in exact:
                minimal = minimal or [minimal_polynomial(loss) for loss in exact]
                chi, both = minimal[0], balls[0].union(balls[1])
                if chi == minimal[1] and (chi.degree() == 1 or has_one_root(chi, both)):
                    return 0
    text = "the losses of {} and {} look equal, and nothing says whether they are"
    raise CertificateError(text.format(*(p.data.name(p.support) for p in (one, other))))


def ball_order(one: Points, other: Points) -> int | None:
    """Compare two losses as far as balls of a moderate precision tell."""
    left, right = (p.loss(next(p.core.residuals(NUMBER_BITS))) for p in (one, other))
    with ctx.workprec(NUMBER_BITS):
        return sign(enclosure(left, NUMBER_BITS) - enclosure(right, NUMBER_BITS))
