"""Which boxes of first-layer vectors hold no stationary point, and where one may be."""

from functools import cached_property

import numpy as np

from .around import Around
from .models import UP, Array, Model, root
from .shapes import READ


class Look:
    """What follows from the enclosures over boxes; comparisons with no number are false."""

    def __init__(self, around: Around) -> None:
        self.around, self.tables, self.rows = around, around.tables, around.rows
        self.errors = around.gains * around.distance[:, None] * UP  # of Gamma
        self.moved = np.maximum(np.abs(around.low), np.abs(around.high))
        if not around.beyond:
            self.moved = (self.moved + around.lacking) * UP

    @cached_property
    def excluded(self) -> Array:
        """Claim 135: there is no stationary point over these boxes."""
        found = self.far | self.idle | self.torn | self.unequal
        return found | self.balanced | self.slanted | self.pooled

    @property
    def far(self) -> Array:
        """Claim 136: |v|^2 exceeds the sum of T (Lemma D23)."""
        a = self.around
        return (a.rho * a.rho * a.length).span()[0] > a.ceiling

    @property
    def idle(self) -> Array:
        """Claim 137: some |Gamma*| is not 1, or some T* is negative."""
        a, (low, high) = self.around, self.around.span
        least = np.sqrt(np.maximum(1 + low, 0)) / UP
        wrong = ((root(1 + high) + self.errors) * UP < 1) | (least - self.errors > UP)
        most = a.share.span()[1] + a.high
        negative = (most + np.abs(most) * (UP - 1) < 0) & a.beyond
        return (a.there & (wrong | negative)).any(1)

    @property
    def torn(self) -> Array:
        """Claim 138: a free unit above has signs of neither its row nor the opposite one."""
        a = self.around
        pull = a.along * a.scale * a.scale
        values = pull[..., None] * a.heights[:, None] + a.total[..., None]
        height = a.heights.size() * a.boxes[:, 1:2]
        room = (self.errors[..., None] * root(1 + height**2)[:, None]) * UP
        sides = self.tables.sides[self.rows]
        low, high = values.span()
        above, below = low > room, high < -room
        right = (above & (sides > 0)) | (below & (sides < 0))
        wrong = (above & (sides < 0)) | (below & (sides > 0))
        free = a.there & (self.tables.free[self.rows] > 0)
        return (free & right.any(2) & wrong.any(2)).any(1)

    @property
    def unequal(self) -> Array:
        """Claim 139: |Gamma| is 1 of only one of two units that are equal where a height is 0.

        With a = phi . rho of the first, S its sum of rho, h the height: a - h S is that of the
        second, and (a - h S)^2 = a^2 + h^2 says that 2 a S = h (S^2 - 1) (Lemma D55).
        """
        a, twins = self.around, self.tables.twins[self.rows]
        found = np.zeros(len(self.rows), bool)
        along = a.along * a.scale
        total = (a.residuals[:, None] * Model.of(a.mask)).sum()
        one = (a.boxes[:, 1:2] * a.felt * a.distance[:, None]) * UP
        two = (a.summed * a.distance[:, None]) * UP
        heights = a.heights * a.scale
        for u, v, site in np.argwhere(twins.any(0)):
            pull, whole, height = along[:, u], total[:, u], heights[:, site]
            value = pull * whole * 2.0 - height * (whole * whole + -1.0)
            p, q, size = one[:, u], two[:, u], whole.size()
            room = 2 * (pull.size() * q + size * p + p * q) + height.size() * q * (2 * size + q)
            found |= (twins[:, u, v, site] > 0) & (value.distance() > room * UP)
        return found

    @cached_property
    def turns(self) -> tuple[Model, Array, Array]:
        """Claim 140: phi' . rho - s eta eta' u by unit, how far it is off, and how far u is.

        u = phi . rho / (1 + s eta^2) is `turned` (Lemma D54).
        """
        a = self.around
        by_gain = self.errors * root(a.kappa.size()) / a.boxes[:, :1] * UP
        felt = (a.felt * a.distance[:, None]) * UP
        slip = np.where(by_gain < felt, by_gain, felt) / np.maximum(a.kappa.span()[0], 1) * UP
        turn, rise = (
            Model.of(table[self.rows, 1], READ)
            for table in (self.tables.features, self.tables.kinks)
        )
        bend = a.scale * a.scale * a.kinks * rise
        lean = (turn * a.residuals[:, None]).sum() - bend * a.turned
        slack = (a.sloped * a.distance[:, None] + bend.size() * slip) * UP
        return lean, slack, slip

    @property
    def balanced(self) -> Array:
        """Claim 141: the numbers of all units have the same sign (Lemma D54)."""
        a, (lean, slack, slip) = self.around, self.turns
        length, change = a.length[:, None], (a.vector[0] * a.vector[1]).sum()[:, None]
        across = length * lean - change * a.turned
        values = a.turned * across
        room = (a.turned.size() + slip) * (length.size() * slack + change.size() * slip)
        room = (room + slip * across.size()) * UP
        low, high = values.span()
        above, below = (low > room) | ~a.there, (high < -room) | ~a.there
        return self.tables.turning[self.rows] & (above.all(1) | below.all(1))

    @property
    def pooled(self) -> Array:
        """Claim 142: the numbers of all units, by s or by k, have the same sign (Lemma D55)."""
        a, (lean, slack, slip) = self.around, self.turns
        weights = Model.of(self.tables.weights[self.rows], READ)
        held = a.residuals * weights
        total = ((a.means - held) * a.residuals).sum()
        off = a.reach * a.distance[:, None]
        room = ((a.means - held * 2.0).size() * off).sum(1) + a.distance**2
        total, room, size = total[:, None], room[:, None] * UP, a.turned.size() + slip
        found = np.zeros(len(self.rows), bool)
        change = (a.vector[0] * a.vector[1]).sum()
        for other, error, form, fits in (
            (a.turned, slip, a.length, True),
            (lean, slack, change, self.tables.turning[self.rows]),
        ):
            values = total * (a.turned * other) - form[:, None]
            wide = total.size() * (a.turned.size() * error + slip * (other.size() + error))
            wide = (wide + room * size * (other.size() + error)) * UP
            low, high = values.span()
            above, below = (low > wide) | ~a.there, (high < -wide) | ~a.there
            found |= (above.all(1) | below.all(1)) & fits
        return found

    @cached_property
    def slopes(self) -> list[tuple[Model, Array]]:
        """Claim 143: derivatives by s and by k over 2 s (Theorem D22), and how far they are off."""
        a, (lean, slack, slip) = self.around, self.turns
        size, tilt, t = a.turned.size(), lean.size(), a.sizes
        far = self.moved * (size + slip) ** 2 + t * slip * (2 * size + slip)
        wide = self.moved * (size + slip) * (tilt + slack)
        wide = wide + t * (size * slack + slip * tilt + slip * slack)
        pulls = a.share * a.turned
        one = a.length - (pulls * a.turned).sum()
        two = (a.vector[0] * a.vector[1]).sum() - (pulls * lean).sum()
        return [(one, far.sum(1) * UP), (two, wide.sum(1) * UP)]

    @cached_property
    def inverse(self) -> Array:
        """The approximate inverse of the derivative of these slopes by the place in the box."""
        (one, _), (two, _) = self.slopes
        a, b, c, d = one.terms[1], one.terms[2], two.terms[1], two.terms[2]
        flat = ~self.tables.turning[self.rows]
        b, c, d = (np.where(flat, x, y) for x, y in ((0, b), (0, c), (1, d)))
        with np.errstate(all="ignore"):
            return np.array([[d, -b], [-c, a]]) / (a * d - b * c)

    @cached_property
    def combined(self) -> list[tuple[Model, Array]]:
        """Combinations of the slopes that vanish where both do: the place, and an error."""
        (one, far), (two, wide) = self.slopes
        return [
            (one * p + two * q, (np.abs(p) * far + np.abs(q) * wide) * UP) for p, q in self.inverse
        ]

    @property
    def slanted(self) -> Array:
        """Whether one of the derivatives, or a combination of both, is surely not 0."""
        by_s, by_k = (slope.distance() > room for slope, room in self.slopes)
        one, two = (slope.distance() > room for slope, room in self.combined)
        return by_s | (self.tables.turning[self.rows] & (by_k | one | two))

    @property
    def newton(self) -> Array:
        """Where in the box, in units of its size, both derivatives vanish, approximately."""
        return -np.stack([slope.terms[0] for slope, _ in self.combined], axis=1)

    @property
    def ratio(self) -> tuple[Array, Array]:
        """Claim 144: bounds of G / s^2 |e|^2 at the inner minimisers (Theorem D22)."""
        slope, room = self.slopes[0]
        (low, high), (least, most) = slope.span(), self.around.length.span()
        low, high = low - room, high + room
        least = np.maximum(least, self.tables.shortest[self.rows])
        below = 1 - high / np.where(high > 0, least, most)
        above = 1 - low / np.where(low > 0, most, least)
        return below - (1 + np.abs(below)) * (UP - 1), above + (1 + np.abs(above)) * (UP - 1)
