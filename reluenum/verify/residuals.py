"""Residuals, exact or in the ball of Lemma 8, and what they say of a face."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from .exact import LEVELS, CertificateError, Data, Face, Support, applied, dot, require
from .reals import norm, sign

NEWTON_STEPS = 4
"""Newton steps at each further precision."""

NEARNESS = fmpq(1, 1000)
"""Newton steps may move w by this fraction: a record has to be useful, not only repairable."""


class Residual:
    """The exact residual r = R(y - sum_l [A_l] X w_l), w_l in the flat of face l.

    Parameters
    ----------
    data : Data
    faces : sequence of Face
    w : list of vectors
        Over Q or a number field; over balls with `bits`.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list], bits: int | None = None):
        self.data, self.faces, self.w, self.bits = data, faces, w, bits

    def fitted(self, mask: int) -> list:
        """Return sum_mask (Re)_i xt_i."""
        total = self.data.moments(mask, self.bits)[1]
        for face, w in zip(self.faces, self.w, strict=True):
            shift = self.data.coupled(mask, face.active, w, self.bits)
            total = [t - s for t, s in zip(total, shift, strict=True)]
        return total

    def gradient(self, mask: int) -> list:
        """Return sum_mask r_i xt_i."""
        return self.fitted(mask)

    def u(self, face: Face) -> list:
        """Return u_F(r)."""
        return applied(self.data.projector(face.zeros, self.bits), self.gradient(face.active))


class Ball(Residual):
    """The ball of Lemma 8 around r_S: centre tau R e(w), a point of C_S, for any w in the flats.

    Parameters
    ----------
    w : list of vectors
        Exact balls; their projections onto the flats are used. The working precision is `bits`.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list[arb]], bits: int):
        flats = [data.projector(face.zeros, bits) for face in faces]
        w = [applied(flat, vector) for flat, vector in zip(flats, w, strict=True)]
        super().__init__(data, faces, w, bits)
        ridge, error, slack = arb(data.ridge), arb(data.energy), arb(0)
        gradients = [self.fitted(face.active) for face in faces]
        norms = [norm(applied(flat, g)) for flat, g in zip(flats, gradients, strict=True)]
        tau = arb(1)
        if not all(length <= ridge for length in norms):
            tau = (ridge / max(length.upper() for length in norms)).lower()
            tau = tau if tau < 1 else arb(1).mid()
        for face, g, vector in zip(faces, gradients, w, strict=True):
            error -= dot(data.moments(face.active, bits)[1], vector) + dot(g, vector)
            slack += ridge * norm(vector) - tau * dot(g, vector)
        gap = ((1 - tau) * (1 - tau) * error + 2 * slack).upper()
        self.tau, self.radius = tau, gap.sqrt()
        # The dual value of r_S, which is the loss at a stationary point, is in [P - gap, P].
        self.loss = arb(error + 2 * ridge * sum(map(norm, w)), gap)
        # With all norms finite, tau |u_l| <= Lambda holds by the choice of tau.
        if not (self.radius.is_finite() and all(length.is_finite() for length in norms)):
            self.radius = self.loss = arb("inf")

    def gradient(self, mask: int, zeros: int = 0) -> list:
        """Return P sum_mask r_i xt_i, P the projector of `zeros`: enclosed, or exactly.

        Without output bias r_i = y_i where no face is active.
        """
        if not self.data.share and not any(mask & face.active for face in self.faces):
            return applied(self.data.projector(zeros, None), self.data.moments(mask, None)[1])
        centre = applied(self.data.projector(zeros, self.bits), self.fitted(mask))
        spreads = self.data.spreads(mask, zeros, self.bits)
        return [arb(self.tau * c, s * self.radius) for c, s in zip(centre, spreads, strict=True)]

    def u(self, face: Face) -> list:
        """Return an enclosure of u_F(r_S)."""
        return self.gradient(face.active, face.zeros)


def newton_step(ball: Residual) -> list[list[arb]]:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints."""
    data, bits, depth = ball.data, ball.bits, ball.data.depth
    flats = [arb_mat(data.projector(face.zeros, bits)) for face in ball.faces]
    blocks: list[list[arb]] = []
    right: list[list[arb]] = []
    for k, (face, w) in enumerate(zip(ball.faces, ball.w, strict=True)):
        weight = data.ridge / norm(w)
        unit = [entry / norm(w) for entry in w]
        u = (flats[k] * arb_mat([[g] for g in ball.fitted(face.active)])).entries()
        right += [[x - data.ridge * y] for x, y in zip(u, unit, strict=True)]
        row = []
        for j, other in enumerate(ball.faces):
            columns = [data.coupled(face.active, other.active, c, bits) for c in _identity(depth)]
            block = flats[k] * arb_mat(columns).transpose() * flats[j]
            if j == k:
                bend = [
                    [weight * (int(p == q) - unit[p] * unit[q]) for q in range(depth)]
                    for p in range(depth)
                ]
                block = (
                    block
                    + flats[k] * arb_mat(bend) * flats[k]
                    + arb_mat(_identity(depth))
                    - flats[k]
                )
            row.append(block.tolist())
        blocks += [list(chain(*parts)) for parts in zip(*row, strict=True)]
    step = arb_mat(blocks).mid().solve(arb_mat(right).mid()).entries()
    moved = [x + dx for x, dx in zip(chain(*ball.w), step, strict=True)]
    return [[x.mid() for x in moved[k : k + depth]] for k in range(0, len(moved), depth)]


def _identity(size: int) -> list[list[int]]:
    return [[int(i == j) for j in range(size)] for i in range(size)]


class Core:
    """A residual r_S, as sharp as a question about it needs.

    Parameters
    ----------
    data : Data
    support : Support
        S; a support that is reduced to it has the same residual.
    w : list of vectors
        The record; empty for the zero network.
    exact : Residual, optional
        The exact description.
    """

    __slots__ = ("balls", "data", "exact", "support", "tests", "ties")

    def __init__(self, data: Data, support: Support, w: list, exact: Residual | None) -> None:
        self.data, self.support, self.exact = data, support, exact
        self.balls = {}
        if support:
            self.balls[LEVELS[0]] = Ball(data, [data.faces[k] for k in support], w, LEVELS[0])
        self.tests: dict[Any, Any] = {}
        self.ties: dict[int, int] = {}

    def stationary(self, sides: dict[int, int]) -> None:
        """Take note that S is essential and stationary: then its faces are tight, exactly.

        By Lemma 29, on a line, two pairs of opposite faces with equal sides make every face of S
        tight together with its opposite, on the same side.
        """
        self.ties = dict(sides)
        opposite = self.data.opposite
        paired = [place for place in sides if sides.get(opposite(place)) == sides[place]]
        if self.data.depth == 2 and len(paired) >= 4:
            ties = {opposite(place): side for place, side in sides.items()}
            self.ties |= {place: side for place, side in ties.items() if place is not None}

    def residuals(self, least: int) -> Iterator[Residual]:
        """Yield ever sharper forms; the exact one, if there is one, instead of the sharpest."""
        for bits in LEVELS if self.support else ():
            if bits < least or (self.exact and bits > max(least, LEVELS[1])):
                continue
            if bits not in self.balls:
                self.balls[bits] = self._polished(bits)
            yield self.balls[bits]
        if self.exact:
            yield self.exact

    def _polished(self, bits: int) -> Ball:
        ball: Residual = self.balls[max(known for known in self.balls if known < bits)]
        w = [[x.mid() for x in vector] for vector in ball.w]
        with ctx.workprec(bits):
            for _ in range(NEWTON_STEPS):
                try:
                    w = newton_step(Residual(self.data, ball.faces, w, bits))
                except ZeroDivisionError:
                    break  # a ball around this w proves little, but nothing wrong
            pairs = list(zip(chain(*w), chain(*ball.w), strict=True))
            moved, length = norm([x - y for x, y in pairs]), norm([x for x, _ in pairs])
            require(not moved > length * NEARNESS, "w is far from the point that it stands for")
            return Ball(self.data, ball.faces, w, bits)

    def settle(self, question: Callable[[Residual], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        name = self.data.name(self.support) or "the zero network"
        raise CertificateError(f"the residual of {name} is not known well enough: {text}")

    def loss(self) -> arb:
        """Return an enclosure of the loss at a stationary point with this residual."""
        return self.settle(lambda r: r.loss if r.loss.is_finite() else None, "its loss")

    # What a residual says of a face.

    def excess(self, place: int) -> int:
        """Return the sign of |u_F(r)| - Lambda."""
        if place in self.ties:
            return 0
        face = self.data.faces[place]
        if place not in self.tests:
            self.tests[place] = self.settle(
                lambda r: _excess(r, face), f"is |u| at most the ridge on {face.text}?"
            )
        return self.tests[place]

    def side(self, place: int) -> int:
        """Return s = 1 or -1 if s u_F(r) lies in the face, and 0 if neither does."""
        face = self.data.faces[place]
        return self.settle(lambda r: _side(r, face), f"does u lie in {face.text}?")

    def standing(self, place: int) -> tuple[int, int]:
        """Return (excess, side) of a face, or (-1, 0) if it is neither tight nor exceeding."""
        if place in self.ties:
            return 0, self.ties[place]
        face = self.data.faces[place]
        return self.settle(
            lambda r: _standing(r, face), f"is the dual constraint of {face.text} tight?"
        )

    def descends(self, place: int, side: int) -> bool:
        """Whether D_F < 0 on one of the rays around a face (Theorem B, Lemma 13)."""
        face = self.data.faces[place]

        def question(residual: Residual) -> bool | None:
            signs = [
                sign(dot(residual.gradient(active), ray) * side)
                for active, ray in self.data.rays_around(face)
            ]
            return True if 1 in signs else None if None in signs else False

        key = ("descends", place)
        if key not in self.tests:
            self.tests[key] = self.settle(question, f"does a unit on {face.text} descend?")
        return self.tests[key]


def same_residual(one: Core, other: Core) -> bool:
    """Whether r_S = r_T: each satisfies the constraints of the other.

    For then each of the two projections of Ry is as close to it as the other one.
    """
    faces = one.data.faces
    for left, right in zip(one.residuals(0), other.residuals(0), strict=False):
        signs = [_excess(left, faces[place]) for place in other.support]
        signs += [_excess(right, faces[place]) for place in one.support]
        if 1 in signs or None not in signs:
            return 1 not in signs
    return all(one.excess(k) <= 0 for k in other.support) and all(
        other.excess(k) <= 0 for k in one.support
    )


def _standing(residual: Residual, face: Face) -> tuple[int, int] | None:
    excess = _excess(residual, face)
    side = None if excess == -1 else _side(residual, face)
    if excess == -1 or side == 0:
        return -1, 0
    return None if excess is None or side is None else (excess, side)


def _excess(residual: Residual, face: Face) -> int | None:
    u = residual.u(face)
    return sign(dot(u, u) - residual.data.ridge**2)


def _side(residual: Residual, face: Face) -> int | None:
    u, found, open_signs = residual.u(face), 0, False
    rows = residual.data.rows
    for i, expected in face.signs:
        value = sign(dot(u, rows[i]))
        if value is None:
            open_signs = True
        elif value == 0 or found == -value * expected:
            return 0
        else:
            found = value * expected
    return None if open_signs else found
