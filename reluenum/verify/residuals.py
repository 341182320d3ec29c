"""Residuals, exact or in the ball of Lemma 8, and what they say of a face."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from .exact import LEVELS, CertificateError, Data, Face, Support, applied, dot
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
        self._fitted: dict[int, list] = {}

    @cached_property
    def level(self) -> Any:
        """share * sum f_0, which an output bias takes off."""
        sums = (self.data.moments(face.active, self.bits)[0][-1] for face in self.faces)
        return self.data.share * sum(map(dot, sums, self.w))

    def fitted(self, mask: int) -> list:
        """Return sum_mask (Re)_i xt_i."""
        if mask not in self._fitted:
            data, bits = self.data, self.bits
            gram, total = data.moments(mask, bits)
            for face, w in zip(self.faces, self.w, strict=True):
                part = applied(data.moments(mask & face.active, bits)[0], w)
                total = [t - s for t, s in zip(total, part, strict=True)]
            if data.share:
                total = [t + self.level * s for t, s in zip(total, gram[-1], strict=True)]
            self._fitted[mask] = total
        return self._fitted[mask]

    def gradient(self, mask: int) -> list:
        """Return sum_mask r_i xt_i."""
        return self.fitted(mask)

    def u(self, face: Face) -> list:
        """Return u_F(r)."""
        return applied(self.data.projector(face.zeros, self.bits), self.gradient(face.active))


class ExactResidual(Residual):
    """The residual r_S in a number field, or in Q.

    Parameters
    ----------
    data : Data
    faces : sequence of Face
    w : list of vectors
    squares : sequence of numbers
        s_l = |w_l|.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list], squares: Sequence):
        super().__init__(data, faces, w)
        self.squares = squares
        self.loss = data.energy  # (1.3)
        for face, vector, square in zip(faces, w, squares, strict=True):
            self.loss += data.ridge * square - dot(data.moments(face.active, None)[1], vector)


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


def _aligned(ball: Residual) -> list[list[arb]]:
    """Return w with the directions of u, which for a short unit are known much better."""
    turned = []
    for face, w in zip(ball.faces, ball.w, strict=True):
        u = ball.u(face)
        scale = norm(w) / norm(u)
        turned.append([x * scale for x in u] if scale.is_finite() else w)
    return turned


def _moved(ball: Residual, start: list[list[arb]]) -> list[list[arb]]:
    """Return what some Newton steps on the flats make of a start."""
    flats = [ball.data.projector(face.zeros, ball.bits) for face in ball.faces]
    w = start
    for _ in range(NEWTON_STEPS):
        w = [
            [x.mid() for x in applied(flat, [y.mid() for y in vector])]
            for flat, vector in zip(flats, w, strict=True)
        ]
        try:
            w = newton_step(Residual(ball.data, ball.faces, w, ball.bits))
        except ZeroDivisionError:
            break  # a ball around this w proves little, but nothing wrong
    return w


def newton_step(ball: Residual) -> list[list[arb]]:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints.

    A part of w across its flat would be scaled by 1 - Lambda / |w|: it must not be there.
    """
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
    exact : ExactResidual, optional
        The exact description.
    smaller : Core, optional
        Of the support without the faces on which w is 0.
    """

    __slots__ = ("balls", "data", "exact", "smaller", "support", "tests", "ties")

    def __init__(
        self,
        data: Data,
        support: Support,
        w: list,
        exact: ExactResidual | None = None,
        smaller: "Core | None" = None,
    ) -> None:
        self.data, self.support, self.exact, self.smaller = data, support, exact, smaller
        self.balls: dict[int, Ball] = {}
        if support:
            self.balls[LEVELS[0]] = Ball(data, [data.faces[k] for k in support], w, LEVELS[0])
        self.tests: dict[Any, Any] = {}
        self.ties: dict[int, int] = {}

    def stationary(self, sides: dict[int, int]) -> None:
        """Take note that S is essential and stationary: then its faces are tight, exactly.

        By Lemma 29, with inputs on a line, two pairs of opposite faces with equal sides (one, if
        the output bias is free) make every face tight together with its opposite, on the same side.
        """
        data, self.ties = self.data, dict(sides)
        paired = [place for place in sides if sides.get(data.opposite(place)) == sides[place]]
        enough = 2 if data.has_bias and data.share == fmpq(1, data.size) else 4
        if data.rank <= 2 and len(paired) >= enough:
            ties = {data.opposite(place): side for place, side in sides.items()}
            self.ties |= {place: side for place, side in ties.items() if place is not None}

    def residuals(self, least: int = 0) -> Iterator[Residual]:
        """Yield ever sharper forms, the exact one as soon as balls look at zeros in vain."""
        for bits in LEVELS if self.support else ():
            if bits < least:
                continue
            if bits > LEVELS[0] and self.smaller and self._is_reducible():
                yield from self.smaller.residuals(bits)
                return
            if self.exact and bits > max(least, LEVELS[1]):
                break
            if bits not in self.balls:
                self.balls[bits] = self._polished(bits)
            yield self.balls[bits]
        if self.exact:
            yield self.exact

    def _is_reducible(self) -> bool:
        """Whether the faces on which w is 0 satisfy their constraints without their help."""
        spare = [place for place in self.support if place not in self.smaller.support]
        return not self.exact and all(self.smaller.excess(place) <= 0 for place in spare)

    def _polished(self, bits: int) -> Ball:
        """Return the ball around w after Newton steps, with more bits if these move it too far.

        Of a short unit, a precision that does not show |u| - Lambda has steps of rounding alone.
        """
        ball = self.balls[max(known for known in self.balls if known < bits)]
        for precision in (level for level in LEVELS if level >= bits):
            with ctx.workprec(precision):
                rough = Residual(self.data, ball.faces, ball.w, precision)
                for start in (rough.w, _aligned(rough)):
                    w = _moved(rough, start)
                    pairs = list(zip(chain(*w), chain(*ball.w), strict=True))
                    moved, length = norm([x - y for x, y in pairs]), norm([x for x, _ in pairs])
                    if not moved > length * NEARNESS:
                        with ctx.workprec(bits):
                            return Ball(self.data, ball.faces, w, bits)
        raise CertificateError("w is far from the point that it stands for")

    def settle(self, question: Callable[[Residual], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        raise self._open(text)

    def _open(self, text: str) -> CertificateError:
        name = self.data.name(self.support) or "the zero network"
        return CertificateError(f"the residual of {name} is not known well enough: {text}")

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

    def exceeded(self, tight: Collection[int]) -> bool:
        """Whether u lies in a face or its opposite with |u| > Lambda, at a stationary point.

        Parameters
        ----------
        tight : collection of int
            Places of faces that are known to be tight.
        """
        known = {*tight, *self.ties}
        open_ = [place for place in range(len(self.data.faces)) if place not in known]
        for residual in self.residuals():
            undecided = []
            with ctx.workprec(residual.bits or LEVELS[0]):
                for place in open_:
                    found = _exceeds(residual, self.data.faces[place])
                    if found:
                        return True
                    if found is None:
                        undecided.append(place)
            open_ = undecided
            if not open_:
                return False
        raise self._open(f"does |u| exceed the ridge on {self.data.faces[open_[0]].text}?")

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
    """Whether r_S = r_T for stationary supports: the faces of each are tight at the other's.

    For then each of the two projections of Ry is as close to it as the other one.
    """
    pairs = [(one, k) for k in other.support if k not in one.ties]
    pairs += [(other, k) for k in one.support if k not in other.ties]
    for forms in zip(one.residuals(), other.residuals(), strict=False):
        if not pairs or not all(form.bits for form in forms):
            break
        balls = dict(zip((one, other), forms, strict=True))
        with ctx.workprec(forms[0].bits):
            if any(_excess(balls[core], one.data.faces[k]) for core, k in pairs):
                return False
    return all(core.excess(k) == 0 for core, k in pairs)


def _exceeds(residual: Residual, face: Face) -> bool | None:
    """Whether u lies in a face or its opposite and is longer than the ridge."""
    excess = _excess(residual, face)
    side = None if excess in (-1, 0) else _side(residual, face)
    if excess in (-1, 0) or side == 0:
        return False
    return None if excess is None or side is None else True


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
