"""Residuals r_S, exact or in the ball of Lemma 8, and what they say of a face."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flint import arb

from .exact import Data, Face
from .reals import applied, dot, norm, sign


class Residual:
    """The residual r = R(y - sum_l [A_l] X w_l), w_l in the flat of face l.

    Numbers are rational, in a number field, or balls of so many bits. A method that asks something
    returns None if a ball is too large to tell.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list], bits: int | None = None):
        self.data, self.faces, self.w, self.bits = data, faces, w, bits
        self._fitted: dict[int, list] = {}

    def at(self, bits: int, w: list[list] | None = None) -> "Residual":
        """Return this residual with another precision, or another w."""
        return Residual(self.data, self.faces, w or self.w, bits)

    @property
    def flats(self) -> list[list[list]]:
        """The projectors onto the flats of the faces."""
        return [self.data.projector(face.zeros, self.bits) for face in self.faces]

    @cached_property
    def level(self) -> Any:
        """share * sum f_0, which an output bias takes off."""
        sums = (self.data.moments(face.active, self.bits)[0][-1] for face in self.faces)
        return self.data.share * sum(map(dot, sums, self.w))

    def fitted(self, mask: int) -> list:
        """Return sum_mask r_i xt_i, of the exact residual that w stands for."""
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

    def gradient(self, mask: int, zeros: int = 0) -> list:
        """Return P sum_mask r_i xt_i, P the projector of `zeros`."""
        return applied(self.data.projector(zeros, self.bits), self.fitted(mask))

    def u(self, face: Face) -> list:
        """Return u_F(r)."""
        return self.gradient(face.active, face.zeros)

    def excess(self, face: Face) -> int | None:
        """Return the sign of |u_F(r)| - Lambda."""
        u = self.u(face)
        return sign(dot(u, u) - self.data.ridge**2)

    def side(self, face: Face) -> int | None:
        """Return s = 1 or -1 if s u_F(r) lies in the face, 0 if neither does."""
        u, found, is_open = self.u(face), 0, False
        for i, expected in face.signs:
            value = sign(dot(u, self.data.rows[i]))
            if value is None:
                is_open = True
            elif value == 0 or found == -value * expected:
                return 0
            else:
                found = value * expected
        return None if is_open else found

    def exceeds(self, face: Face) -> bool | None:
        """Whether u_F lies in F or -F and is longer than Lambda."""
        excess = self.excess(face)
        side = 0 if excess in (-1, 0) else self.side(face)
        return False if side == 0 else None if None in (excess, side) else True

    def descends(self, face: Face, side: int) -> bool | None:
        """Whether D_F < 0 on one of the rays around a face."""
        rays = self.data.rays(face.zeros, None)
        gradients = ((self.gradient(face.active | more), ray) for more, ray in rays)
        signs = [sign(dot(gradient, ray) * side) for gradient, ray in gradients]
        return True if 1 in signs else None if None in signs else False


class ExactResidual(Residual):
    """The residual r_S in a number field, or in Q, with s_l = |w_l| as `squares`."""

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list], squares: Sequence):
        super().__init__(data, faces, w)
        self.squares = squares
        self.loss = data.energy  # (1.3)
        for face, vector, square in zip(faces, w, squares, strict=True):
            self.loss += data.ridge * square - dot(data.moments(face.active, None)[1], vector)


class Ball(Residual):
    """The ball of Lemma 8 around r_S: centre tau R e(w), a point of C_S, for any w in the flats.

    What is given as w is projected onto them first. The working precision is `bits`.
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[list[arb]], bits: int):
        super().__init__(data, faces, w, bits)
        flats = self.flats
        self.w = list(map(applied, flats, w))
        gradients = [self.fitted(face.active) for face in faces]
        norms = list(map(norm, map(applied, flats, gradients)))
        lengths, along = list(map(norm, self.w)), list(map(dot, gradients, self.w))
        ridge, tau = arb(data.ridge), _shrinkage(norms, arb(data.ridge))
        loads = (data.moments(face.active, bits)[1] for face in faces)
        error = data.energy - sum(map(dot, loads, self.w)) - sum(along)
        slack = sum(ridge * x - tau * y for x, y in zip(lengths, along, strict=True))
        gap = ((1 - tau) * (1 - tau) * error + 2 * slack).upper()
        self.tau, self.radius = tau, gap.sqrt()
        # The dual value of r_S, which is the loss at a stationary point, is in [P - gap, P].
        self.loss = arb(error + 2 * ridge * sum(lengths), gap)
        # With all norms finite, tau |u_l| <= Lambda holds by the choice of tau.
        if not (self.radius.is_finite() and all(length.is_finite() for length in norms)):
            self.radius = self.loss = arb("inf")

    def gradient(self, mask: int, zeros: int = 0) -> list:
        """Return P sum_mask r_i xt_i, enclosed, or exactly where no face is active.

        For there r_i = y_i, without output bias.
        """
        data = self.data
        if not data.share and not any(mask & face.active for face in self.faces):
            return applied(data.projector(zeros, None), data.moments(mask, None)[1])
        centre, spreads = super().gradient(mask, zeros), data.spreads(mask, zeros, self.bits)
        return [arb(self.tau * c, s * self.radius) for c, s in zip(centre, spreads, strict=True)]


def _shrinkage(norms: list[arb], ridge: arb) -> arb:
    """Return tau = min(1, Lambda / the largest norm), rounded down."""
    if all(length <= ridge for length in norms):
        return arb(1)
    tau = (ridge / max(length.upper() for length in norms)).lower()
    return tau if tau < 1 else arb(1).mid()
