"""Residuals r_S, exact or in the ball of Lemma 8, and what they say of a face."""

from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Any

from flint import arb, arb_mat, fmpq_mat

from .exact import Data, Face, Forms
from .reals import RATIONAL, Algebraic, dot, norm, sign

ONE = arb_mat([[1]])


class Residual:
    """The residual r = R(y - sum_l [A_l] X w_l), w_l in the flat of face l, as columns.

    Numbers are balls of so many bits, here or, in a number field, have a coefficient a column. A
    method that asks something returns None if a ball is too large to tell.
    """

    def __init__(
        self, data: Data, faces: Sequence[Face], w: list, bits: int | None, one: Any = ONE
    ) -> None:
        self.data, self.faces, self.w, self.bits, self.one = data, faces, w, bits, one
        self._known: dict[Forms, list] = {}

    @cached_property
    def r(self) -> Any:
        """The residual as a column."""
        pulls = self.data.pulls.of(self.bits)
        found = pulls if self.one is ONE else pulls * self.one
        for face, vector in zip(self.faces, self.w, strict=True):
            found -= face.image.of(self.bits) * vector
        return found

    def numbers(self, column: Any) -> list:
        """Return the numbers in a column."""
        return column.entries()

    def column(self, numbers: Sequence) -> Any:
        """Return the column of some numbers."""
        return arb_mat([[x] for x in numbers])

    def values(self, forms: Forms) -> list:
        """Return the values of linear forms at the residual."""
        if forms not in self._known:
            self._known[forms] = self._values(forms)
        return self._known[forms]

    def _values(self, forms: Forms) -> list:
        return forms.at(self)

    def u(self, face: Face) -> list:
        """Return u_F(r)."""
        return self.values(face.u)

    def excess(self, face: Face) -> int | None:
        """Return the sign of |u_F(r)| - Lambda."""
        u = self.u(face)
        return sign(dot(u, u) - self.data.ridge**2)

    def side(self, face: Face) -> int | None:
        """Return s = 1 or -1 if s u_F(r) lies in the face, 0 if neither does."""
        found = set()
        for value in map(sign, self.heights(face)):
            if value not in found:
                found.add(value)
                if value == 0 or found >= {1, -1}:
                    return 0
        return None if None in found else found.pop()

    def heights(self, face: Face) -> Iterable:
        """Return u_F . row for the rows that are not 0 on the face, negative ones turned."""
        u = self.u(face)
        if all(isinstance(x, arb) for x in u):
            return (face.sides.of(self.bits) * arb_mat([[x] for x in u])).entries()
        return (dot(u, row) for row in face.sides.exact.tolist())

    def exceeds(self, face: Face) -> bool | None:
        """Whether u_F lies in F or -F and is longer than Lambda."""
        excess = self.excess(face)
        side = 0 if excess in (-1, 0) else self.side(face)
        return False if side == 0 else None if None in (excess, side) else True

    def descends(self, face: Face, side: int) -> bool | None:
        """Whether D_F < 0 on one of the rays around a face."""
        signs = [sign(value * side) for value in self.values(face.rays)]
        return True if 1 in signs else None if None in signs else False


class ExactResidual(Residual):
    """The residual r_S in a number field, with w_l = s_l omega_l."""

    def __init__(
        self, data: Data, faces: Sequence[Face], omegas: list, squares: list, root: Any = RATIONAL
    ):
        self.root, self.squares = root, squares
        pairs = zip(omegas, squares, strict=True)
        columns = [self.column([s * x for x in omega]) for omega, s in pairs]
        super().__init__(data, faces, columns, None, self.column([Algebraic(root, [1])]))
        self.loss = Algebraic(root, [data.energy])  # (1.3)
        for face, omega, square in zip(faces, omegas, squares, strict=True):
            self.loss += square * (data.ridge - dot(face.pull, omega))

    def numbers(self, column: fmpq_mat) -> list[Algebraic]:
        """Return the numbers in a column of coefficients."""
        return [Algebraic(self.root, row) for row in column.tolist()]

    def column(self, numbers: Sequence[Algebraic]) -> fmpq_mat:
        """Return the coefficients of some numbers."""
        return fmpq_mat([x.coefficients() for x in numbers])


class Ball(Residual):
    """The ball of Lemma 8 around r_S: centre tau R e(w), a point of C_S, for any w in the flats.

    What is given as w is projected onto them first. The working precision is `bits`. `r` is R e(w).
    """

    def __init__(self, data: Data, faces: Sequence[Face], w: list[arb_mat], bits: int):
        flat = [face.flat.of(bits) * vector for face, vector in zip(faces, w, strict=True)]
        super().__init__(data, faces, flat, bits)
        vectors = list(map(arb_mat.entries, flat))
        self._rough = {face.u: super(Ball, self)._values(face.u) for face in faces}
        gradients = list(self._rough.values())
        norms, lengths = list(map(norm, gradients)), list(map(norm, vectors))
        along, ridge = list(map(dot, gradients, vectors)), arb(data.ridge)
        self.tau = tau = _shrinkage(norms, ridge)
        error = data.energy - sum(map(dot, (face.pull for face in faces), vectors)) - sum(along)
        slack = sum(ridge * x - tau * y for x, y in zip(lengths, along, strict=True))
        gap = ((1 - tau) * (1 - tau) * error + 2 * slack).upper()
        self.radius = gap.sqrt()
        # The dual value of r_S, which is the loss at a stationary point, is in [P - gap, P].
        self.loss = arb(error + 2 * ridge * sum(lengths), gap)
        # With all norms finite, tau |u_l| <= Lambda holds by the choice of tau.
        if not (self.radius.is_finite() and all(length.is_finite() for length in norms)):
            self.radius = self.loss = arb("inf")
        # The rows where r may be something else than y.
        fitted = -1 if data.inner.nrows() else 0
        self.touched = reduce(or_, (face.answered for face in faces), fitted)

    def _values(self, forms: Forms) -> list:
        """Return the values: enclosed, or exactly if r is y where they depend on it."""
        spreads = forms.norms(self.bits, self.data)
        free = [not rows & self.touched for rows in forms.touched]
        exact = forms.on_data(self.data) if any(free) else []
        rough = self._rough.get(forms) or super()._values(forms)
        return [
            exact[k] if free[k] else arb(centre * self.tau, spread * self.radius)
            for k, (centre, spread) in enumerate(zip(rough, spreads, strict=True))
        ]


def _shrinkage(norms: list[arb], ridge: arb) -> arb:
    """Return tau = min(1, Lambda / the largest norm), rounded down."""
    if all(length <= ridge for length in norms):
        return arb(1)
    return (ridge / max(length.upper() for length in norms)).lower().min(1)
