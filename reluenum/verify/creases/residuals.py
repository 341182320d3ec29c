"""Residuals r_S, as forces, exact or in the ball of Lemma 98, and what they say of a crease."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flint import arb, arb_mat, fmpq, fmpq_mat

from ..exact import Forms
from ..reals import Algebraic, Root, dot, norm, root_above, sign
from .sites import Crease, Remover, Sites, Steps
from .spaces import Space


class Residual:
    """Forces rho = w r with the sum 0: balls of so many bits, or, if these are None, exact."""

    sites: Sites
    remover: Remover
    bits: int | None

    def __init__(self) -> None:
        self._known: dict[Forms, list] = {}

    def values(self, forms: Forms) -> list:
        """Return the values of linear forms."""
        if forms not in self._known:
            self._known[forms] = self._values(forms)
        return self._known[forms]

    def _values(self, forms: Forms) -> list:
        raise NotImplementedError

    def roughly(self, forms: Forms) -> list:
        """Return the values, or balls around them."""
        return self._values(forms)

    def one(self, numbers: Sequence[fmpq]) -> Any:
        """Return the value of one form."""
        return self._values(Forms(fmpq_mat([list(numbers)])))[0]

    def u(self, crease: Crease) -> list:
        """Return u_F."""
        return self.values(crease.u)

    def along(self, crease: Crease, vector: Sequence[fmpq]) -> Any:
        """Return u_F . x for a vector x."""
        return self.one((fmpq_mat([list(vector)]) * crease.u.exact).entries())

    @cached_property
    def forces(self) -> list:
        """The forces at the sites."""
        size = self.sites.size
        return self.values(
            Forms(fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)]))
        )

    def excess(self, crease: Crease) -> int | None:
        """Return the sign of |u_F| - Lambda."""
        u = self.u(crease)
        return sign(dot(u, u) - self.sites.ridge**2)

    def tilt(self, crease: Crease) -> int | None:
        """Return the sign of the sum of forces on the active sites of an open crease, else 0."""
        return sign(self.values(crease.level)[0]) if crease.has_offset else 0

    def side(self, crease: Crease) -> int | None:
        """Return s if s u_F orders sites as the crease asks, 0 if neither sign does.

        Contradictions decide, whatever else is unknown; lines have both signs, and give 1.
        """
        signs = self._orders(crease)
        if 0 in signs or signs >= {1, -1}:
            return 0
        return None if None in signs else signs.pop() if signs else 1

    def leaning(self, crease: Crease) -> int | None:
        """Return the only sign s for which s u_F may order sites as asked, 0 if there is none."""
        signs = self._orders(crease)
        return 0 if 0 in signs or signs >= {1, -1} else max(signs - {None}, default=None)

    def _orders(self, crease: Crease) -> set[int | None]:
        """Return the signs of rises; a sum of two of them may be known where neither is."""
        signs = set(self._signs(crease, crease.rises))
        if None in signs:
            signs |= set(self._signs(crease, crease.spans)) - {None}
        return signs

    def _signs(self, crease: Crease, steps: Steps) -> list[int | None]:
        """Return the signs of some of the forms of a crease."""
        return list(map(sign, self.values(steps.forms)))

    def exceeds(self, crease: Crease) -> bool | None:
        """Whether |u_F| > Lambda, and u_F or -u_F orders sites as the crease asks."""
        excess = self.excess(crease)
        side = 0 if excess in (-1, 0) else self.side(crease)
        return False if side == 0 else None if None in (excess, side) else True

    def turns(self, crease: Crease, side: int) -> bool | None:
        """Whether some change of a kink leads down (24.7)."""
        signs = [sign(value * side) for value in self.values(crease.turns)]
        return True if 1 in signs else None if None in signs else False


class Exact(Residual):
    """The residual in a number field, with u_F = Lambda omega_F and q_F of its support."""

    bits = None

    def __init__(
        self,
        sites: Sites,
        support: Sequence[int],
        omegas: list,
        squares: list,
        root: Root,
        remover: Remover,
    ) -> None:
        super().__init__()
        self.sites, self.support, self.root, self.squares = sites, tuple(support), root, squares
        self.remover = remover
        rest = [Algebraic(root, [y]) for y in sites.y]
        for place, omega, square in zip(support, omegas, squares, strict=True):
            rows = sites.creases[place].values.exact.tolist()
            rest = [x - square * dot(row, omega) for x, row in zip(rest, rows, strict=True)]
        self.column = self._column(rest)
        self.column = self.remover.forces.exact * self.column

    def _column(self, numbers: Sequence[Algebraic]) -> fmpq_mat:
        return fmpq_mat([number.coefficients() for number in numbers])

    def _values(self, forms: Forms) -> list:
        return [Algebraic(self.root, row) for row in (forms.exact * self.column).tolist()]


class Rough(Residual):
    """The residual R(y - sum of X_F b_F) for slopes, which are projected onto their flats.

    R removes the indicators of S, or of a larger set.
    """

    def __init__(
        self,
        sites: Sites,
        support: Sequence[int],
        slopes: list[arb_mat],
        bits: int,
        remover: Remover,
    ) -> None:
        super().__init__()
        self.sites, self.support, self.bits = sites, tuple(support), bits
        self.remover = remover
        self.creases = [sites.creases[place] for place in support]
        pairs = zip(self.creases, slopes, strict=True)
        self.slopes = [crease.flat.of(bits) * slope for crease, slope in pairs]
        rest = arb_mat([[arb(y)] for y in sites.y])
        for crease, slope in zip(self.creases, self.slopes, strict=True):
            rest -= crease.values.of(bits) * slope
        self.centre = self.remover.forces.of(bits) * rest

    @property
    def living(self) -> list[int]:
        """The places of slopes that are not 0."""
        return [k for k, w in enumerate(self.slopes) if any(x != 0 for x in w.entries())]

    def _values(self, forms: Forms) -> list[arb]:
        return (forms.of(self.bits) * self.centre).entries()


class Ball(Rough):
    """The ball of Lemma 98 around r_S, for any slopes.

    If r_S is known to be in a space, forms that are constant there are exact.
    """

    def __init__(
        self,
        sites: Sites,
        support: Sequence[int],
        slopes: list[arb_mat],
        bits: int,
        remover: Remover,
        space: Space | None = None,
    ) -> None:
        super().__init__(sites, support, slopes, bits, remover)
        self.space = space
        self._enclose()

    def _enclose(self) -> None:
        """Claim 280: |r_S - theta r|^2 <= 2 gamma (Lemma 98); r.y = |r|^2 + sum of b.u_F(r)."""
        ridge, us = arb(self.sites.ridge), [super(Ball, self)._values(c.u) for c in self.creases]
        longest = max((root_above(dot(u, u)) for u in us), default=arb(0))
        self.theta = arb(1) if longest <= ridge else (ridge / longest).lower()
        forces = self.centre.entries()
        square = dot(forces, [x / w for x, w in zip(forces, self.sites.copies, strict=True)])
        gap = (1 - self.theta) * (1 - self.theta) * square / 2
        for slope, u in zip(self.slopes, us, strict=True):
            b = slope.entries()
            gap += ridge * root_above(dot(b, b)) - self.theta * dot(b, u)
        self.gap, self.radius = gap, root_above(2 * gap)
        if not (self.radius.is_finite() and self.theta > 0):
            self.radius = arb("inf")

    def _signs(self, crease: Crease, steps: Steps) -> list[int | None]:
        """Return the signs of steps, by the slope of the crease where the ball does not tell."""
        signs = super()._signs(crease, steps)
        if None not in signs or crease not in self.caps:
            return signs
        near = map(sign, self._along_slope(crease, steps))
        return [t if s is None else s for s, t in zip(signs, near, strict=True)]

    def _along_slope(self, crease: Crease, steps: Steps) -> list[arb]:
        """Return steps along u_F |b| / Lambda, b being the slope of a crease."""
        slope, width = self.slopes[self.creases.index(crease)], self.caps[crease]
        values = (steps.ways.of(self.bits) * slope).entries()
        pairs = zip(values, steps.lengths(self.bits), strict=True)
        return [arb(value, (length * width).upper()) for value, length in pairs]

    @cached_property
    def caps(self) -> dict[Crease, arb]:
        """Claim 281: |u_F |b| / Lambda - b|^2 <= 2 gamma |b| / Lambda for b = b_F (Lemma 130)."""
        found = {}
        for crease, slope in zip(self.creases, self.slopes, strict=True):
            length = norm(slope.entries())
            width = root_above(2 * self.gap * length / self.sites.ridge)
            if length > 0 and width.is_finite():
                found[crease] = width
        return found

    def roughly(self, forms: Forms) -> list[arb]:
        """Return enclosures."""
        norms = forms.norms(self.bits, self.sites)
        pairs = zip(super()._values(forms), norms, strict=True)
        return [arb(value * self.theta, (norm * self.radius).upper()) for value, norm in pairs]

    def _values(self, forms: Forms) -> list[arb]:
        """Return enclosures, and constants."""
        found = self.roughly(forms)
        if self.space:
            exact = self.space.constants(forms)
            found = [v if c is None else arb(c) for c, v in zip(exact, found, strict=True)]
        return found
