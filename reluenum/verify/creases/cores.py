"""Questions about a residual, asked of ever sharper forms of it until one of them answers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from ..cores import NEARNESS, Known, Newton
from ..reals import LEVELS, Algebraic, dot, norm, sign
from .residuals import Ball, Exact, Residual
from .sites import Crease, Remover, Sites, Support
from .spaces import Space

SHARPEST = 2048  # bits, if there is no exact description


class Core(Known):
    """A residual r_S, as sharp as a question about it needs.

    `exact` is its exact description, if there is one. With another remover it is the nearest point
    of those for which indicators of a larger set have no force, either.
    """

    def __init__(
        self,
        sites: Sites,
        support: Support,
        slopes: list[arb_mat],
        exact: Exact | None,
        remover: Remover | None = None,
    ) -> None:
        self.sites, self.support, self.exact = sites, support, exact
        self.creases = [sites.creases[place] for place in support]
        self.name = "|".join(crease.text for crease in self.creases) or "the constant network"
        self.remover = remover or sites.remover_of(support)
        self.space: Space | None = None
        self.balls: dict[int, Ball] = {}
        if support:
            self._enclose(slopes, LEVELS[0])

    def residuals(self, least: int = 0) -> Iterator[Residual]:
        """Yield ever sharper forms, the exact one as soon as balls look at zeros in vain."""
        for bits in (level for level in LEVELS if self.support and level >= least):
            if bits > (max(least, LEVELS[1]) if self.exact else SHARPEST):
                break
            yield self.ball(bits)
        if self.exact:
            yield self.exact

    def ball(self, bits: int) -> Ball:
        """Return the ball with so many bits, around better slopes than that of the one before."""
        if bits not in self.balls:
            last = self.balls[max(known for known in self.balls if known < bits)]
            self._enclose(polished(last, bits), bits)
        return self.balls[bits]

    def _enclose(self, slopes: list[arb_mat], bits: int) -> None:
        with ctx.workprec(bits):
            problem = self.sites, self.support, slopes, bits
            self.balls[bits] = Ball(*problem, self.remover, self.space)

    def know(self, space: Space) -> None:
        """Note that the residual is in a space."""
        self.space = space
        for bits, ball in self.balls.items():
            self._enclose(ball.slopes, bits)

    def ask(self, question: Callable, crease: Crease, *more: Any) -> Any:
        """Return what a method of residuals says of a crease."""
        text = f"{question.__name__} of {crease.text}"
        return self.settle(lambda residual: question(residual, crease, *more), text)


# Newton steps towards the slopes of r_S. They prove nothing: any slopes give a ball.


def polished(ball: Ball, bits: int) -> list[arb_mat]:
    """Return slopes after Newton steps, with more bits than these if they move them too far.

    Those that are 0 stay as they are.
    """
    living = ball.living
    given = [ball.slopes[k] for k in living]
    for precision in (level for level in LEVELS if level >= bits and living):
        with ctx.workprec(precision):
            newton = CreaseNewton(ball, living, precision)
            for slopes in (newton.moved(given), newton.moved(newton.aligned(given))):
                if is_near(slopes, given):
                    return replaced(ball.slopes, dict(zip(living, slopes, strict=True)))
    return ball.slopes


def replaced(slopes: list[arb_mat], others: dict[int, arb_mat]) -> list[arb_mat]:
    """Return slopes, others in the place of some."""
    return [others.get(k, slope) for k, slope in enumerate(slopes)]


def is_near(slopes: list[arb_mat], others: list[arb_mat]) -> bool:
    """Whether slopes are no more than a small part of them away from others."""
    steps = (x for a, b in zip(slopes, others, strict=True) for x in (a - b).entries())
    return not norm(list(steps)) > norm([x for a in slopes for x in a.entries()]) * NEARNESS


class CreaseNewton(Newton):
    """Newton steps for the convex problem of Lemma 98, on the flats of some creases."""

    def __init__(self, ball: Ball, living: Sequence[int], bits: int) -> None:
        self.faces = creases = [ball.creases[k] for k in living]
        self.ridge, self.depth = arb(ball.sites.ridge), ball.sites.depth
        forces, pulls = ball.remover.forces, arb_mat(ball.remover.pulls)
        self.flats = [crease.flat.of(bits) for crease in creases]
        self.pulls = [crease.u.of(bits) * pulls for crease in creases]
        felt = [crease.u.of(bits) * forces.of(bits) for crease in creases]
        self.loads = [[row * crease.values.of(bits) for crease in creases] for row in felt]
        self.small = arb(2) ** (-3 * bits // 8)


# Linear algebra with numbers whose signs may be unknown.


def solved(table: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any] | None:
    """Return the solution of a semidefinite system; None if it is not seen to be regular."""
    rows = [[*row, value] for row, value in zip(table, right, strict=True)]
    for k, row in enumerate(rows):
        if not sign(row[k]):
            return None
        reduce_by(rows, k)
    return [row[-1] for row in rows]


def reduce_by(rows: list[list[Any]], k: int) -> None:
    """Use the row k for the k-th unknown, and take it out of all others."""
    factor = inverse(rows[k][k])
    rows[k] = [entry * factor for entry in rows[k]]
    for j, row in enumerate(rows):
        if j != k:
            rows[j] = [x - row[k] * y for x, y in zip(row, rows[k], strict=True)]


def applied(rows: Sequence[Sequence[Any]], vector: Sequence[Any]) -> list[Any]:
    """Return a matrix times a vector."""
    return [dot(row, vector) for row in rows]


def inverse(value: Any) -> Any:
    """Return the inverse of a number that is not 0."""
    return (Algebraic(value.root, [1]) if isinstance(value, Algebraic) else fmpq(1)) / value
