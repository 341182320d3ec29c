"""The stationary points on a support: squares, directions, losses, and their decimals."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from .exact import LEVELS, Support, dot, require
from .reals import enclosure, sign
from .records import Group
from .residuals import Residual

NUMBER_BITS = 256
"""Precision from which the decimals of a document are computed."""

DIGITS = 30
"""Significant digits of the decimals of a document."""


def eliminated(rows: list[list]) -> tuple[list, int]:
    """Solve a Gram system, given with its right-hand side; return solution and rank.

    Where the rank is less than the size, only the rank is meant.
    """
    rank = 0
    for k in range(len(rows)):
        if sign(rows[k][k]) == 0:
            continue  # of a positive semidefinite matrix, then the whole row is 0
        rank += 1
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k:
                rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows], rank


@dataclass
class Numbers:
    """The numbers of the points on a support: s = sum a^2 and v / |v| by face, loss and bias."""

    squares: dict[int, Any]
    directions: dict[int, list]
    loss: Any
    bias: Any


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
        self._numbers: dict[int | None, Numbers] = {}

    def _gram(self, residual: Residual, vertex: Support) -> list[list]:
        """Return the matrix z' R z with the right-hand side of which q is the solution."""
        data, faces = self.data, [self.data.faces[place] for place in vertex]
        u = [residual.u(face) for face in faces]
        return [
            [
                *(
                    dot(one, data.coupled(f.active, g.active, other, residual.bits))
                    for g, other in zip(faces, u, strict=True)
                ),
                dot(data.moments(f.active, residual.bits)[1], one) - data.ridge**2,
            ]
            for f, one in zip(faces, u, strict=True)
        ]

    @property
    def dimension(self) -> int:
        """Dimension of the polytope of squares (Theorem A).

        A vertex has independent responses, two vertices leave room for one dimension at least.
        """
        room = len(self.support) - max(map(len, self.inside))
        if room == 0 or (room == 1 and len(self.inside) > 1):
            return room
        exact = self.group.core.exact
        require(exact is not None, f"{self.data.name(self.support)}: no exact description")
        return len(self.support) - eliminated(self._gram(exact, self.support))[1]

    def numbers(self, residual: Residual) -> Numbers:
        """Return the numbers; the middle of the vertices where the squares are not unique."""
        if residual.bits not in self._numbers:
            data = self.data
            q = dict.fromkeys(self.support, 0)
            for vertex in self.inside:
                for place, value in zip(
                    vertex, eliminated(self._gram(residual, vertex))[0], strict=True
                ):
                    q[place] = q[place] + value / len(self.inside)
            u = {place: residual.u(data.faces[place]) for place in self.support}
            loss, bias = data.energy, sum(data.targets)
            for place in self.support:
                gram, moment = data.moments(data.faces[place].active, residual.bits)
                loss = loss + q[place] * (data.ridge**2 - dot(moment, u[place]))
                bias = bias - q[place] * dot(gram[-1], u[place])
            self._numbers[residual.bits] = Numbers(
                {place: q[place] * data.ridge for place in self.support},
                {
                    place: [x * (self.group.sides[place] / data.ridge) for x in u[place]]
                    for place in self.support
                },
                loss * data.scale,
                bias * data.share,
            )
        return self._numbers[residual.bits]

    def texts(
        self, pick: Callable[[Numbers], Any], square: Callable[[Numbers], Any] = lambda _: 1
    ) -> frozenset[str]:
        """Return the texts that a document may have for pick * sqrt(square).

        That is one, or two for a number that lies between two decimals as far as is known.
        """

        def question(residual: Residual) -> frozenset[str] | None:
            numbers = self.numbers(residual)
            factor, radicand = pick(numbers), square(numbers)
            if sign(factor) == 0:
                return frozenset("0")
            for bits in [residual.bits] if residual.bits else [NUMBER_BITS << k for k in range(8)]:
                with ctx.workprec(bits):
                    ball = enclosure(factor, bits) * enclosure(radicand, bits).sqrt()
                    if found := roundings(ball):
                        return found
            return None

        return self.group.core.settle(question, "a decimal of the document", NUMBER_BITS)


def rational_end(ball: arb) -> fmpq:
    """Return an exact ball as a rational."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


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
    """Compare two losses exactly."""
    if one.group is other.group:
        return 0
    cores = one.group.core, other.group.core
    for pair in zip(*(core.residuals(NUMBER_BITS) for core in cores), strict=False):
        if found := _ball_order(one, other, *pair):
            return found
    text = "the losses of {} and {} look equal, and no exact description says whether they are"
    names = [core.data.name(core.support) for core in cores]
    require(all(core.exact for core in cores), text.format(*names))
    losses = [p.numbers(p.group.core.exact).loss for p in (one, other)]
    minimal, theirs = (loss.minimal_polynomial() for loss in losses)
    bits = LEVELS[-1]
    while True:
        with ctx.workprec(bits):
            balls = [loss.ball(bits) for loss in losses]
            if found := sign(balls[0] - balls[1]):
                return found
            roots = [root.real for root, _ in minimal.complex_roots() if root.imag == 0]
            near = [[k for k, root in enumerate(roots) if root.overlaps(ball)] for ball in balls]
            if minimal == theirs and near[0] == near[1] and len(near[0]) == 1:
                return 0
        bits *= 2


def _ball_order(one: Points, other: Points, left: Residual, right: Residual) -> int | None:
    bits = min(residual.bits or LEVELS[-1] for residual in (left, right))
    with ctx.workprec(bits):
        losses = [p.numbers(r).loss for p, r in ((one, left), (other, right))]
        return sign(enclosure(losses[0], bits) - enclosure(losses[1], bits))
