"""The inner minimiser over a box of (s, k), branch_over by Krawczyk's operator (Lemma D25).

Unknowns are, for each box, x = (rho, a, b, T, P, Q): the residual times count over ridge by site,
and by upper unit the components of its dual vector, the square of the output weight (0 for units
that are not live), and the weights P = T c a and Q = T b of its two features. So the fit is linear
in the unknowns, and what is nonlinear concerns one unit. Parameters are p = (s, k).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.algebra.balls import GROWTH, TINY, UNIT, Balls
from reluenum.engines.fans.inner import features
from reluenum.engines.fans.shapes import FanBatch

INFLATION = 1.25
"""By how much a box is larger than its linear estimate."""

ATTEMPTS = 4
"""ParameterBoxes tried before an enclosure is given up."""


NOTHING = 0.3
"""How much T may change the matrix H, relative to its diagonal, at no risk."""


@dataclass(frozen=True, eq=False)
class ParameterBoxes:
    """ParameterBoxes of (s, k), one for each entry of `index`.

    Parameters
    ----------
    index : (N,) array of int
        Fans of a batch.
    low, high : (N, 2) arrays
        Ends of s and k.
    """

    index: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, chosen) -> "ParameterBoxes":
        return ParameterBoxes(self.index[chosen], self.low[chosen], self.high[chosen])

    @property
    def middle(self) -> np.ndarray:
        """Points of the boxes, (N, 2)."""
        return 0.5 * self.low + 0.5 * self.high

    @property
    def reach(self) -> np.ndarray:
        """How far they extend from these at most, (N, 2)."""
        middle = self.middle
        return np.maximum(self.high - middle, middle - self.low) * (1 + 4 * UNIT)

    @property
    def balls(self) -> Balls:
        """The boxes."""
        return Balls(self.middle, self.reach)

    def joined(self, other: "ParameterBoxes") -> "ParameterBoxes":
        """Return these boxes and others."""
        return ParameterBoxes(
            np.concatenate([self.index, other.index]),
            np.concatenate([self.low, other.low]),
            np.concatenate([self.high, other.high]),
        )


def reciprocal(values: Balls) -> Balls:
    """Return 1 / x of positive balls."""
    root = values.reciprocal_root()
    return root * root


@dataclass(frozen=True, eq=False)
class LocalEquations:
    """The equations at boxes of x and p, with all their derivatives, in balls.

    Parameters
    ----------
    batch : FanBatch
    index : (N,) array of int
    p : Balls, (N, 2)
    x : Balls, (N, n + 5m)
    live : (N, m) array of bool
    """

    batch: FanBatch
    index: np.ndarray
    p: Balls
    x: Balls
    live: np.ndarray

    def _part(self, place: int) -> Balls:
        n, m = self.batch.masks.shape[2], self.batch.width
        return self.x[:, n + place * m : n + (place + 1) * m]

    @property
    def rho(self) -> Balls:
        """(N, n)."""
        return self.x[:, : self.batch.masks.shape[2]]

    @property
    def a(self) -> Balls:
        """(N, m)."""
        return self._part(0)

    @property
    def b(self) -> Balls:
        """(N, m)."""
        return self._part(1)

    @property
    def T(self) -> Balls:
        """(N, m)."""
        return self._part(2)

    @property
    def P(self) -> Balls:
        """(N, m)."""
        return self._part(3)

    @property
    def Q(self) -> Balls:
        """(N, m)."""
        return self._part(4)

    @property
    def s(self) -> Balls:
        """(N, 1)."""
        return self.p[:, :1]

    @property
    def k(self) -> Balls:
        """(N, 1)."""
        return self.p[:, 1:]

    @cached_property
    def free(self) -> Balls:
        """1 for units without a kink, (N, m)."""
        return Balls.exact(self.batch.free[self.index].astype(float))

    @cached_property
    def masks(self) -> Balls:
        """1 where an upper unit is +, (N, m, n)."""
        return Balls.exact(self.batch.masks[self.index].astype(float))

    @cached_property
    def shift(self) -> Balls:
        """Heights at the kinks, (N, m)."""
        terms = self.batch.shifts[self.index]
        return terms[..., 0] + self.k * terms[..., 1]

    @cached_property
    def shift_slope(self) -> Balls:
        """Their derivatives by k."""
        return self.batch.shifts[self.index][..., 1]

    @cached_property
    def share(self) -> Balls:
        """d = 1 / (1 + s shift^2), (N, m)."""
        return reciprocal(Balls.exact(1.0) + self.s * self.shift.square())

    @cached_property
    def scale(self) -> Balls:
        """c = s d."""
        return self.s * self.share

    @cached_property
    def scale_slopes(self) -> tuple[Balls, Balls]:
        """Derivatives of c by s and by k."""
        by_k = self.scale.square() * self.shift * self.shift_slope * Balls.exact(-2.0)
        return self.share.square(), by_k

    @cached_property
    def heights(self) -> tuple[Balls, Balls]:
        """First-layer heights and their derivatives by k, (N, n), clipped at 0 where unsigned."""
        terms = self.batch.heights[self.index]
        value, slope = terms[..., 0] + self.k * terms[..., 1], terms[..., 1]
        signs = self.batch.lower[self.index]
        low, high = np.maximum(value.mid - value.rad, 0), np.maximum(value.mid + value.rad, 0)
        sure = (value.mid > value.rad) | (signs == "+")
        none = (-value.mid >= value.rad) | (signs == "-") | (signs == "0")
        mid = np.where(none, 0.0, np.where(sure, value.mid, 0.5 * (low + high)))
        rad = np.where(none, 0.0, np.where(sure, value.rad, 0.5 * (high - low) + 4 * UNIT * high))
        half = 0.5 * np.abs(slope.mid) + slope.rad
        turn = np.where(none, 0.0, np.where(sure, slope.mid, 0.5 * slope.mid))
        spread = np.where(none, 0.0, np.where(sure, slope.rad, half * GROWTH + TINY))
        return Balls(mid, rad), Balls(turn, spread)

    @cached_property
    def first(self) -> Balls:
        """(height - shift) where an upper unit is +, (N, m, n)."""
        return (self.heights[0][:, None, :] - self.shift[..., None]) * self.masks

    @cached_property
    def first_slope(self) -> Balls:
        """Its derivative by k."""
        return (self.heights[1][:, None, :] - self.shift_slope[..., None]) * self.masks

    @cached_property
    def values(self) -> Balls:
        """The equations, (N, n + 5m)."""
        batch = self.batch
        fitted = (self.P[..., None] * self.first + self.Q[..., None] * self.masks).sum(1)
        residual = batch.diagonal[self.index] * self.rho + fitted - batch.targets[self.index]
        along = self.a - (self.first @ self.rho[..., None])[..., 0]
        across = self.b - (self.masks @ self.rho[..., None])[..., 0]
        one = self.P - self.T * self.scale * self.a
        two = self.Q - self.T * self.free * self.b
        return concatenated([residual, along, across, self._bounded(), one, two], 1)

    def _bounded(self) -> Balls:
        """c a^2 + b^2 - 1 of live units, T of others."""
        return either(self.live, self.size - Balls.exact(1.0), self.T)

    @cached_property
    def size(self) -> Balls:
        """|Gamma|^2 over ridge^2, (N, m)."""
        return self.scale * self.a.square() + self.free * self.b.square()

    @cached_property
    def jacobian(self) -> Balls:
        """Derivatives of the equations by x, (N, n + 5m, n + 5m)."""
        return self.jacobian_with(self.first)

    def jacobian_with(self, first: Balls) -> Balls:
        """Return them, with other features in the fit."""
        N, m, n = self.masks.shape
        eye = np.broadcast_to(np.eye(m), (N, m, m))
        one, zero = Balls.exact(eye), Balls.exact(np.zeros((N, m, m)))
        none = Balls.exact(np.zeros((N, m, n)))
        diagonal = self.batch.diagonal[self.index]
        square = Balls(diagonal.mid[..., None] * np.eye(n), diagonal.rad[..., None] * np.eye(n))
        two, empty = Balls.exact(2.0), zero[:, 0]
        size_a = either(self.live, self.scale * self.a * two, empty)[..., None] * one
        size_b = either(self.live, self.free * self.b * two, empty)[..., None] * one
        size_T = Balls.exact((~self.live).astype(float))[..., None] * one
        P_a, P_T = (self.T * self.scale)[..., None] * one, (self.scale * self.a)[..., None] * one
        Q_b, Q_T = (self.T * self.free)[..., None] * one, (self.free * self.b)[..., None] * one
        return concatenated(
            [
                concatenated([square, none.mT, none.mT, none.mT, first.mT, self.masks.mT], 2),
                concatenated([-self.first, one, zero, zero, zero, zero], 2),
                concatenated([-self.masks, zero, one, zero, zero, zero], 2),
                concatenated([none, size_a, size_b, size_T, zero, zero], 2),
                concatenated([none, -P_a, zero, -P_T, one, zero], 2),
                concatenated([none, zero, -Q_b, -Q_T, zero, one], 2),
            ],
            1,
        )

    @cached_property
    def drifts(self) -> Balls:
        """Derivatives of the equations by p, (N, n + 5m, 2), but of the fit's by k.

        These are P times `first_slope`.
        """
        by_s, by_k = self.scale_slopes
        square = self.a.square()
        none = Balls.exact(np.zeros(self.a.shape))
        still = Balls.exact(np.zeros(self.rho.shape))
        weighted = self.T * self.a
        parts = [
            [still, none, none, either(self.live, by_s * square, none), -(weighted * by_s), none],
            [
                still,
                -self.turned,
                none,
                either(self.live, by_k * square, none),
                -(weighted * by_k),
                none,
            ],
        ]
        return concatenated([concatenated(part, 1)[..., None] for part in parts], 2)

    @cached_property
    def turned(self) -> Balls:
        """a^k = derivative of (height - shift) by k, times rho, (N, m)."""
        return (self.first_slope @ self.rho[..., None])[..., 0]

    @cached_property
    def square(self) -> Balls:
        """|e(k)|^2 and its first and second derivatives, (N, 3)."""
        terms = self.batch.square[self.index]
        two, k = Balls.exact(2.0), self.k
        value = terms[:, :1] + k * terms[:, 1:2] + k.square() * terms[:, 2:]
        return concatenated([value, terms[:, 1:2] + two * k * terms[:, 2:], two * terms[:, 2:]], 1)

    @cached_property
    def gradient(self) -> Balls:
        """Derivatives of the reduced function by s and k, (N, 2)."""
        by_s, by_k = self.scale_slopes
        square = self.a.square()
        two = Balls.exact(2.0)
        one = self.square[:, 0] - (self.T * by_s * square).sum(1)
        pull = self.T * by_k * square + two * self.P * self.turned
        other = self.s[:, 0] * self.square[:, 1] - pull.sum(1)
        return concatenated([one[:, None], other[:, None]], 1)

    @cached_property
    def gradient_slopes(self) -> tuple[Balls, Balls]:
        """Derivatives of the gradient by x and by p, (N, 2, n + 5m) and (N, 2, 2)."""
        by_s, by_k = self.scale_slopes
        two, square = Balls.exact(2.0), self.a.square()
        N, m, n = self.masks.shape
        none, empty = Balls.exact(np.zeros((N, m))), Balls.exact(np.zeros((N, n)))
        T, a, d = self.T, self.a, self.share
        row_s = concatenated([empty, -(two * T * by_s * a), none, -(by_s * square), none, none], 1)
        # through a^k = first_slope . rho
        pull_rho = -((two * self.P)[..., None] * self.first_slope).sum(1)
        pull_a = -(two * T * by_k * a)
        pull_P = -(two * self.turned)
        row_k = concatenated([pull_rho, pull_a, none, -(by_k * square), pull_P, none], 1)
        by_x = concatenated([row_s[:, None], row_k[:, None]], 1)
        shift, turn = self.shift, self.shift_slope
        # c = s d, dd/ds = -d^2 shift^2, dd/dk = -2 s d^2 shift turn
        d2, d3 = d.square(), d.square() * d
        s = self.s
        ss = -(two * d3 * shift.square())
        sk = -(Balls.exact(4.0) * s * d3 * shift * turn)
        # c_k = -2 s^2 d^2 shift turn; c_kk = -2 s^2 turn^2 d^2 (1 - 4 s d shift^2)
        inside = Balls.exact(1.0) - Balls.exact(4.0) * s * d * shift.square()
        kk = -(two * s.square() * turn.square() * d2 * inside)
        p_ss = -(T * ss * square).sum(1)
        p_sk = -(T * sk * square).sum(1)
        p_kk = s[:, 0] * self.square[:, 2] - (T * kk * square).sum(1)
        p_sk = (p_sk + self.square[:, 1])[:, None]
        row_one = concatenated([p_ss[:, None], p_sk], 1)
        row_two = concatenated([p_sk, p_kk[:, None]], 1)
        return by_x, concatenated([row_one[:, None], row_two[:, None]], 1)

    @cached_property
    def shown(self) -> Balls:
        """z_m times the sign of w_m over T_m, times the sign of the row there, (N, m, n)."""
        lifted = self.heights[0][:, None, :] - self.shift[..., None]
        value = (self.scale * self.a)[..., None] * lifted + (self.free * self.b)[..., None]
        return value * self.signs

    @cached_property
    def signs(self) -> Balls:
        """The rows of the upper units as numbers, (N, m, n)."""
        upper = self.batch.upper[self.index]
        return Balls.exact(1.0 * (upper == "+") - 1.0 * (upper == "-"))

    @cached_property
    def shown_slopes(self) -> tuple[Balls, Balls]:
        """Derivatives of these by (a, b) and by p, (N, m, n, 2) each."""
        by_s, by_k = self.scale_slopes
        lifted = self.heights[0][:, None, :] - self.shift[..., None]
        turned = self.heights[1][:, None, :] - self.shift_slope[..., None]
        signs = self.signs
        by_a = self.scale[..., None] * lifted * signs
        by_b = self.free[..., None] * signs
        along_s = (by_s * self.a)[..., None] * lifted * signs
        along_k = (by_k * self.a)[..., None] * lifted + (self.scale * self.a)[..., None] * turned
        pairs = ((by_a, by_b), (along_s, along_k * signs))
        return tuple(concatenated([one[..., None], two[..., None]], 3) for one, two in pairs)


def concatenated(parts: list[Balls], axis: int) -> Balls:
    """Concatenate balls."""
    return Balls(
        np.concatenate([part.mid for part in parts], axis),
        np.concatenate([part.rad for part in parts], axis),
    )


def either(where: np.ndarray, one: Balls, other: Balls) -> Balls:
    """Take entries of one array or of another."""
    return Balls(np.where(where, one.mid, other.mid), np.where(where, one.rad, other.rad))


@dataclass(frozen=True, eq=False)
class FanBranch:
    """The minimiser over boxes of (s, k).

    Parameters
    ----------
    boxes : ParameterBoxes
    centre : LocalEquations
        At the middle of each box.
    local : LocalEquations
        At all of it.
    slopes : Balls, (N, n + 5m, 2)
        Derivatives of x by p on the box.
    proved : (N,) array of bool
        Where this is an enclosure.
    error : (N, n + 5m) array
        How far x is at most from the centre's, at the middle.
    speeds : (N, n + 5m, 2) array
        Derivatives at the middle, in doubles.
    """

    boxes: ParameterBoxes
    centre: LocalEquations
    local: LocalEquations
    slopes: Balls
    proved: np.ndarray
    error: np.ndarray
    speeds: np.ndarray

    def ranges(self, value: Balls, by_x: Balls, by_p: Balls) -> tuple[Balls, Balls, Balls]:
        """Return values on the box and at its middle, and slopes along the branch.

        Parameters
        ----------
        value : Balls, (N, q)
            At the centre.
        by_x, by_p : Balls, (N, q, n + 5m) and (N, q, 2)
            Derivatives on the box.
        """
        slopes = by_x @ self.slopes + by_p
        error = Balls(np.zeros(self.error.shape), self.error)
        reach = Balls(np.zeros(self.boxes.reach.shape), self.boxes.reach)
        middle = value + (by_x @ error[..., None])[..., 0]
        return middle + (slopes @ reach[..., None])[..., 0], middle, slopes


def start_of(batch: FanBatch, boxes: ParameterBoxes, T: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Return x in doubles."""
    middle = boxes.middle
    seen = features(batch, boxes.index, middle[:, 0], middle[:, 1])
    a = np.einsum("bmi,bi->bm", seen.first, rho)
    b = np.einsum("bmi,bi->bm", seen.second, rho)
    P, Q = T * seen.scale * a, T * seen.free * b
    return np.concatenate([rho * batch.active[boxes.index], a, b, T, P, Q], 1)


def improved_start(
    batch: FanBatch, boxes: ParameterBoxes, x: np.ndarray, live: np.ndarray, steps: int = 3
) -> np.ndarray:
    """Improve x by Newton's method."""
    for _ in range(steps):
        here = LocalEquations(batch, boxes.index, Balls.exact(boxes.middle), Balls.exact(x), live)
        step = _inverse_applied(here.jacobian.mid, here.values.mid[..., None])[..., 0]
        x = x - np.nan_to_num(step)
    return x


def _inverse_applied(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    return _inverse(matrix) @ values


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Return approximate inverses; what is singular gives something useless."""
    matrix = np.where(np.isfinite(matrix), matrix, 0.0)
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        size = np.abs(matrix).max((1, 2), keepdims=True) + 1e-300
        return np.linalg.pinv(matrix / size) / size


def branch_over(
    batch: FanBatch, boxes: ParameterBoxes, x: np.ndarray, live: np.ndarray
) -> FanBranch:
    """Enclose the zero of the equations, as a function of (s, k), near an approximation."""
    index, p0 = boxes.index, Balls.exact(boxes.middle)
    centre = LocalEquations(batch, index, p0, Balls.exact(x), live)
    inverse = _inverse(centre.jacobian.mid)
    Y = Balls.exact(inverse)
    n = centre.first.shape[2]
    turning = Y[:, :, :n] @ centre.first_slope.mT
    drifts = centre.drifts.mid.copy()
    drifts[:, :n, 1] += np.einsum("bmi,bm->bi", centre.first_slope.mid, centre.P.mid)
    speeds = -(inverse @ drifts)
    reach = boxes.reach
    offset = (Y @ centre.values[..., None])[..., 0]
    far = (np.abs(speeds) @ reach[..., None])[..., 0] + 2 * offset.magnitude()
    # Second-order parts, also of what does not move at first order.
    m = batch.width
    blocks = np.abs(x)[:, n : n + 3 * m].reshape(-1, 3, m)
    sizes = np.maximum(blocks, 1e-2 * blocks.max(2, keepdims=True))
    effect = centre.scale.mid[..., None] * centre.first.mid**2 + centre.free.mid[..., None]
    effect = (effect * centre.masks.mid * batch.weights.mid[index][:, None]).sum(2)
    sizes[:, 2] = np.maximum(sizes[:, 2], NOTHING / effect)
    sizes = sizes.reshape(-1, 3 * m)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.nan_to_num(np.minimum(far[:, n : n + 3 * m] / sizes, 0.2))
    relative = shares.max(1, keepdims=True)
    far = far * INFLATION + (relative**2 + 1e-14) * np.abs(x) + 1e-200
    system = _Preconditioned(centre, Y, turning, boxes.balls)
    far = np.nan_to_num(far, nan=1e300, posinf=1e300)
    wide = x.shape[1]
    slopes, pulls = (Balls(np.zeros(shape), np.zeros(shape)) for shape in _shapes(len(boxes), wide))
    image, proved, todo = far.copy(), np.zeros(len(boxes), dtype=bool), np.arange(len(boxes))
    moved = Balls(np.zeros(reach.shape), reach)[..., None]
    for attempt in range(ATTEMPTS):
        if attempt:
            grown = np.where(image[todo] < far[todo], far[todo], image[todo] * INFLATION)
            far[todo] = np.nan_to_num(grown, nan=1e300, posinf=1e300)
        found, drift = system.derivatives(todo, far[todo])
        around = Balls(np.zeros((len(todo), wide, 1)), far[todo][..., None])
        bound = (Balls.exact(np.eye(wide)) - found) @ around - drift @ moved[todo]
        result = bound[..., 0] - offset[todo]
        image[todo] = result.magnitude() * GROWTH
        for whole, part in ((slopes, found), (pulls, drift)):
            whole.mid[todo], whole.rad[todo] = part.mid, part.rad
        proved[todo] = (image[todo] < far[todo]).all(1)
        todo = todo[~proved[todo]]
        if not len(todo):
            break
    enclosed = np.where(proved[:, None], np.fmin(image, far), far)
    local = LocalEquations(batch, index, boxes.balls, Balls(x, enclosed), live)
    rest = -(pulls + slopes @ Balls.exact(speeds))
    defect = (Balls.exact(np.eye(wide)) - slopes).magnitude()
    norm = ((defect @ far[..., None])[..., 0] / far).max(1) * GROWTH
    start = (offset.magnitude() / far).max(1) * GROWTH
    wrong = np.where(norm < 1, start / (1 - norm) * (1 + 8 * UNIT), np.inf)
    error = wrong[:, None] * far * GROWTH + TINY
    slopes = _branch_slopes(rest, norm, speeds, far)
    return FanBranch(boxes, centre, local, slopes, proved, error, speeds)


def _shapes(count: int, wide: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (count, wide, wide), (count, wide, 2)


@dataclass(frozen=True, eq=False)
class _Preconditioned:
    """Derivatives of the equations times an approximate inverse of the Jacobian at the centre.

    Parameters
    ----------
    centre : LocalEquations
    inverse : Balls, (N, n + 5m, n + 5m)
    turning : Balls, (N, n + 5m, m)
        Times the derivatives by k of the features in the fit.
    p : Balls, (N, 2)
        The boxes.
    """

    centre: LocalEquations
    inverse: Balls
    turning: Balls
    p: Balls

    def derivatives(self, rows: np.ndarray, far: np.ndarray) -> tuple[Balls, Balls]:
        """Return those by x and by p on boxes around the centre, for some rows."""
        centre, Y, turning = self.centre, self.inverse[rows], self.turning[rows]
        x = Balls(centre.x.mid[rows], far)
        local = LocalEquations(centre.batch, centre.index[rows], self.p[rows], x, centre.live[rows])
        product = Y @ local.jacobian_with(centre.first[rows])
        # The features in the fit are those at the centre, and a part that is linear in k.
        place = product.shape[2] - 2 * local.a.shape[1]
        end = place + local.a.shape[1]
        moved = Balls(np.zeros(len(rows)), self.p.rad[rows, 1])[:, None, None]
        added = product[:, :, place:end] + moved * turning
        drifts = Y @ local.drifts
        turned = drifts[:, :, 1] + (turning @ local.P[..., None])[..., 0]
        by_x = concatenated([product[:, :, :place], added, product[:, :, end:]], 2)
        return by_x, concatenated([drifts[:, :, :1], turned[..., None]], 2)


def _branch_slopes(rest: Balls, norm: np.ndarray, speeds: np.ndarray, far: np.ndarray) -> Balls:
    """Enclose the derivatives of x by p, in the norm max |x_j| / far_j.

    Parameters
    ----------
    rest : Balls
        Approximate inverse of the Jacobian times what is wrong with `speeds`.
    norm : (N,) array
        Of the identity minus that inverse times the Jacobian.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        size = (rest.magnitude() / far[..., None]).max(1) * GROWTH
        slack = (norm / (1 - norm) * (1 + 8 * UNIT))[:, None] * size * GROWTH
        slack = np.where((norm < 1)[:, None], slack, np.inf)
        wider = rest.rad + slack[:, None, :] * far[..., None] + 4 * UNIT * np.abs(speeds + rest.mid)
    return Balls(speeds + rest.mid, wider * GROWTH + TINY)
