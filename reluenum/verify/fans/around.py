"""All stationary points over boxes of first-layer vectors, enclosed by one guess for each box."""

from functools import cached_property

import numpy as np

from .inner import Reduced, inverses
from .models import ROUNDED, UP, Array, Model, product, root
from .shapes import READ, Tables

ROUNDS, CLIMBS, TURNS = 2, 8, 4  # corrections of the guess; of the bounds, from below, from above
GROWTH, LEAST, NUDGE = 1.25, 1e-12, 1e-13  # of bounds that are tried; where they begin; of pivots


class Around:
    """Guesses for T and rho over boxes, and how far they are off (Lemmas D38, D53).

    Parameters
    ----------
    tables : Tables
    rows : (B,) array of int
        The chart of each box.
    boxes : (B, 4) array
        The least and the largest sqrt(s), the least and the largest k.
    squares, alive : (B, L) arrays
        T in the middle, and the units whose T follows it over the box; that of others stays. They
        may be anything.
    beyond : bool
        Whether T may be negative, and stationary points alone are enclosed; otherwise T counts
        where it is positive, and all minimisers over T >= 0 are enclosed.

    `distance` is D, a bound of |delta| in the norm of H at T >= 0; `gains` are bounds of
    |Gamma(delta)| / D, `reach` of |delta_i| / D; T* - T is between `low` and `high`, and `ceiling`
    bounds the sum of T*. Of a box about which nothing is known they are infinite, or no numbers.
    """

    def __init__(
        self, tables: Tables, rows: Array, boxes: Array, squares: Array, alive: Array, beyond: bool
    ) -> None:
        self.tables, self.rows, self.boxes, self.beyond = tables, rows, boxes, beyond
        self.there = tables.alive[rows]
        self._see()
        self._fit(squares, alive)
        self._measure()
        self._gain()
        self._bound()

    # What the units see.

    def _see(self) -> None:
        tables, rows, (low, high, left, right) = self.tables, self.rows, self.boxes.T
        self.rho, self.k = Model.between(low, high, 1), Model.between(left, right, 2)
        self.features = tables.affine("features", rows, self.k)
        self.kinks = tables.affine("kinks", rows, self.k)
        self.scale = self.rho[:, None]  # for each unit
        bent = self.scale * self.kinks
        self.kappa = bent * bent + 1.0
        self.inverse = self.kappa.inverse()
        self.seen = self.features * self.rho[:, None, None]
        self.mask = tables.mask[rows]
        self.second = self.mask * tables.free[rows][..., None]
        self.weights, self.means = tables.model("weights", rows), tables.model("means", rows)

    @cached_property
    def heights(self) -> Model:
        """The heights at all sites, divided by sqrt(s)."""
        return self.tables.affine("heights", self.rows, self.k)

    @cached_property
    def vector(self) -> tuple[Model, Model]:
        """e, and its derivative by k."""
        start, turn = (self.tables.model(name, self.rows) for name in ("start", "turn"))
        return self.k[:, None] * turn + start, turn

    @cached_property
    def length(self) -> Model:
        """|e|^2."""
        return (self.vector[0] * self.vector[0]).sum()

    # The guess.

    def _fit(self, squares: Array, alive: Array) -> None:
        """Find quadratic polynomials for rho and T by Newton's method with one derivative."""
        middle = Reduced(self.tables, self.rows, self.rho.terms[0], self.k.terms[0])
        value = middle.at(squares)
        self.metric, self.pulls, self.middle = value.inverse, value.pulls, squares
        self.columns = middle.columns
        size, width = value.rho.shape[1], squares.shape[1]
        rho, share = np.zeros((6, *value.rho.shape)), np.zeros((6, *squares.shape))
        rho[0], share[0] = value.rho, squares
        newton = self._newton(alive)
        for _ in range(ROUNDS):
            found = newton @ self._wrong(rho, share, alive)[..., None]
            rho = rho + found[..., :size, 0]
            share = share + found[..., -width:, 0]
        self.residuals, self.share = Model(rho), Model(share)

    def _newton(self, alive: Array) -> Array:
        """Return the inverse of the derivative of what is wrong, in the middle."""
        size, width = self.metric.shape[1], alive.shape[1]
        pulls = self.pulls * alive[..., None]
        dual = pulls @ self.metric
        table = dual @ pulls.swapaxes(1, 2)
        unit = np.arange(width)
        table[:, unit, unit] += np.where(alive, NUDGE * table[:, unit, unit], 1)
        inner = inverses(table)
        found = np.zeros((len(alive), size + width, size + width))
        found[:, :size, :size] = self.metric - dual.swapaxes(1, 2) @ inner @ dual
        found[:, size:, :size] = inner @ dual
        found[:, :size, size:] = found[:, size:, :size].swapaxes(1, 2)
        found[:, size:, size:] = -inner
        return np.nan_to_num(found)

    def _wrong(self, rho: Array, share: Array, alive: Array) -> Array:
        """Return y - H rho and (1 - |Gamma|^2) / 2 as polynomials, approximately."""
        features, inverse = self.features.terms, self.inverse.terms
        along = product(features, rho[:, :, None]).sum(-1)
        pull = product(along, inverse)
        square = product(self.scale.terms, self.scale.terms)
        second = (self.second @ rho[..., None])[..., 0]
        outputs = product(product(square, product(share, pull))[..., None], features)
        outputs = outputs.sum(2) + (product(share, second)[..., None] * self.second).sum(2)
        missing = -outputs - rho * self.weights.terms[0]
        missing[0] += self.means.terms[0]
        excess = product(square, product(along, pull)) + product(second, second)
        excess[0] -= 1
        return np.concatenate([missing, np.where(alive, -excess / 2, 0)], axis=-1)

    def _measure(self) -> None:
        """Set what the guess lacks: xi = x - T Gamma by unit, omega by site, |Gamma|^2 - 1."""
        rho = self.residuals[:, None]
        self.along = (self.features * rho).sum()  # without sqrt(s)
        self.turned = self.along * self.inverse  # a / kappa, without sqrt(s)
        self.total = (rho * Model.of(self.second)).sum()
        pull = self.turned * self.scale
        self.excess = self.along * self.scale * pull + self.total * self.total + -1.0
        first, second = self.share * pull, self.share * self.total
        kappa = self.kappa.size()
        self.mismatch = self._alive(root(kappa * first.rest**2 + second.rest**2))
        first, second = (Model(x.terms)[..., None] for x in (first, second))
        outputs = first * self.seen + second * Model.of(self.second)
        swapped = Model(np.moveaxis(outputs.terms, 2, -1), np.moveaxis(outputs.rest, 1, -1))
        self.fitted = self.means - swapped.sum()  # y - f
        self.omega = self.fitted - self.residuals * self.weights
        low, high = self.share.span()
        self.floor, self.top = (self._alive(np.maximum(x, 0)) for x in (low, high))
        self.lacking = self._alive(np.maximum(-low, 0))  # how negative T is somewhere
        self.sizes = self._alive(self.share.size())
        self.span = tuple(map(self._alive, self.excess.span()))
        self.gamma = root(1 + self.span[1])

    def _alive(self, x: Array) -> Array:
        return np.where(self.there, x, 0)

    # Bounds.

    def functionals(self, forms: Model) -> Array:
        """Return bounds of |form . delta| / D, for forms along the last axis.

        A form is weights times u, and multiples of what the units see, and a rest.
        """
        u = forms.terms[0] @ self.metric
        share = np.where(self.floor > 0, self.middle, 0)
        first = u @ self.columns[:, :, 0].swapaxes(1, 2) * share[:, None]
        second = u @ self.columns[:, :, 1].swapaxes(1, 2) * share[:, None]
        first = first / np.sqrt(np.maximum(self.kappa.terms[0], 1))[:, None]  # of what is seen
        weights = self.weights[:, None] * u
        rest = forms - weights - self.seen.mixed(first) - Model.of(self.second).mixed(second)
        square = u * u * (self.tables.weights[self.rows] * (1 + READ))[:, None]
        squares = first**2 * self.kappa.size()[:, None] + second**2
        pulled = np.where(squares > 0, squares / self.floor[:, None], 0)
        found = root((square.sum(-1) + pulled.sum(-1)) * UP)
        return (found + self._length(rest)) * UP

    @cached_property
    def shrink(self) -> Array:
        """Upper bounds of copies / ridge."""
        return UP / self.tables.weights[self.rows]

    def _length(self, forms: Model) -> Array:
        """Return bounds of |form . delta| / D by the sites alone."""
        shrink = self.shrink.reshape(len(self.rows), *[1] * (forms.rest.ndim - 2), -1)
        return root((forms.size() ** 2 * shrink).sum(-1) * UP)

    def _gain(self) -> None:
        """Bound functionals of delta: those of sites, and of the units above."""
        width, size = self.mask.shape[1:]
        slopes = self.tables.features[self.rows, 1]
        fixed = [np.broadcast_to(np.eye(size), (len(self.rows), size, size)), self.mask, slopes]
        forms = Model.of(np.concatenate(fixed, axis=1), READ)
        forms = Model(
            np.concatenate([forms.terms, self.features.terms], axis=2),
            np.concatenate([forms.rest, self.features.rest], axis=1),
        )
        found = self.functionals(forms)
        self.reach = found[:, :size]
        self.summed, self.sloped, self.felt = (
            self._alive(found[:, size + k * width : size + (k + 1) * width]) for k in range(3)
        )
        free, largest = self.tables.free[self.rows], self.boxes[:, 1:2]
        self.loose = root((largest * self.felt) ** 2 + free * self.summed**2)
        with np.errstate(divide="ignore"):
            held = UP / np.sqrt(self.floor)
        self.gains = np.where(self.floor > 0, np.minimum(held, self.loose), self.loose)
        self.gains = self._alive(self.gains)

    def _bound(self) -> None:
        """Claim 134: bounds of D and of T* - T (Lemmas D38, D53, D72)."""
        self._slip()
        self._rows()
        self.half = self._half()
        self.ceiling = np.minimum(self.tables.most[self.rows], self.half)
        tried = np.zeros_like(self.top)
        for _ in range(CLIMBS):
            _, found = self._turn(*self._within(tried))
            stays = (found < tried) | ~self.there
            grown = self._alive(found * GROWTH + LEAST)
            tried = np.where(stays.all(1)[:, None], tried, grown)
        _, found = self._turn(*self._within(tried))
        inside = ((found < tried) | ~self.there).all(1)
        tried = np.where(inside[:, None], tried, np.inf)
        self.distance = np.full(len(self.rows), np.inf)
        self.low, self.high = self._within(tried)
        for _ in range(TURNS):
            distance, found = self._turn(self.low, self.high)
            self.distance = np.minimum(self.distance, distance)
            self.ceiling = np.minimum(self.ceiling, self._ceiling())
            low, high = self._within(found)
            self.low, self.high = np.maximum(self.low, low), np.minimum(self.high, high)

    def _within(self, size: Array) -> tuple[Array, Array]:
        """Return bounds of T* - T up to a size, by T* >= 0 and the sum of T*."""
        room = self.ceiling[:, None] - self.floor + self._under()
        room += np.abs(room) * (UP - 1)
        low, high = np.maximum(-size, -self.top), np.minimum(size, room)
        return self._alive(low), self._alive(high)

    def _under(self) -> Array:
        """Return how negative the T may be that T* is compared with."""
        return self.lacking if self.beyond else np.zeros_like(self.lacking)

    def _slip(self) -> None:
        """Set a bound of |delta . (y - H rho)| / D, and what is left of H where T is negative."""
        sites = (self.omega.size() * self.reach).sum(1)
        short = self.mismatch if self.beyond else self.mismatch + self.lacking * self.gamma
        found = np.minimum(sites, self._length(self.omega)) + (short * self.gains).sum(1)
        lost = (self._under() * self.loose**2).sum(1) * UP
        self.left = np.where(lost < 1, 1 - lost, np.nan) / UP
        self.short, self.slip = short, found * UP / self.left * UP

    def _rows(self) -> None:
        """Set what equations along vectors W say of T* - T, W being dual to the pulls.

        `errors` are bounds of |W . (y - H rho)|, `norms` of |W|_H, `slips` of what W . K rho lacks
        of 0 or 1, `lengths` of |Gamma(W)|.
        """
        dual = self.pulls @ self.metric
        table = dual @ self.pulls.swapaxes(1, 2)
        unit = np.arange(table.shape[1])
        table[:, unit, unit] += np.where(self.there, NUDGE * table[:, unit, unit], 1)
        w = np.nan_to_num(inverses(table) @ dual)  # boxes, equations, sites
        first = self.seen[:, None] * w[:, :, None]
        first = first.sum()  # boxes, equations, units
        flat = w @ self.second.swapaxes(1, 2)
        noise = ROUNDED * w.shape[-1] * (np.abs(w) @ self.second.swapaxes(1, 2))
        second = Model(Model.of(flat).terms, noise)
        pull = self.turned * self.scale
        found = pull[:, None] * first + self.total[:, None] * second
        found = found - Model.of(np.broadcast_to(np.eye(len(unit)), flat.shape))
        self.slips = np.where(self.there[:, None], found.size(), 0)
        lengths = root(first.size() ** 2 + second.size() ** 2)
        self.lengths = np.where(self.there[:, None], lengths, 0)
        weights = (self.tables.weights[self.rows] * (1 + READ))[:, None]
        squares = (w * w * weights).sum(2) + (self.lengths**2 * self.top[:, None]).sum(2)
        extra = self.lengths * (self._under() * self.gains)[:, None]
        self.squares, self.norms = squares * UP, (root(squares) + extra.sum(2)) * UP
        along = (self.omega[:, None] * w).sum().size()
        self.errors = (along + (self.lengths * self.short[:, None]).sum(2)) * UP

    def _turn(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return bounds of D and of |T* - T| from bounds of T* - T.

        The latter by H(T), or by H(T*), in which delta is no longer than D (Lemma D72).
        """
        products = (x * y for x in (low, high) for y in self.span)
        pulled = np.maximum.reduce([*products, np.zeros_like(low)]).sum(1) / self.left * UP
        distance = (self.slip + root(self.slip**2 + pulled)) * UP
        size = np.maximum(np.abs(low), np.abs(high))[:, None]
        turned = (size * self.lengths * self.gains[:, None]).sum(2)
        grown = root(self.squares + (np.maximum(high, 0)[:, None] * self.lengths**2).sum(2))
        change = np.minimum(self.norms + turned, grown) * distance[:, None]
        return distance, self._alive((self.errors + change + (size * self.slips).sum(2)) * UP)

    def _half(self) -> Array:
        """Return half of the value of the inner problem at x: sum |x| + |y - f|^2 / 2 ridge."""
        lengths = self.sizes * self.gamma + self.mismatch
        fit = (self.fitted.size() ** 2 * self.shrink).sum(1)
        return (lengths.sum(1) + fit / 2) * UP

    def _ceiling(self) -> Array:
        """Return a bound of the sum of T*: the least value is 2 sum T* + ridge |rho*|^2."""
        weights = self.tables.weights[self.rows] / UP
        length = np.sqrt((self.residuals.distance() ** 2 * weights).sum(1)) / UP
        rest = np.maximum(length - self.distance, 0) / UP
        return (self.half - rest * rest / 2 / UP) * UP
