"""The inner problem of Theorem D9, at one X and on intervals, and its minimiser."""

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat, fmpq

from ..arithmetic.matrices import column, identity, pivots_of, tracked
from ..reals import dot, squared
from .sites import Row
from .towers import Moved, State, Tower, Upper

NEWTON_STEPS, CAREFUL = 9, 5
INFLATIONS, INFLATION = 4, arb(1.25)  # of a box that does not contain its image


class Rough:
    """The inner problem of a tower in doubles: what it says proves nothing."""

    def __init__(self, tower: Tower) -> None:
        self.size, self.ridge = len(tower.rows), float(arb(tower.sites.ridge))
        maps = [[list(map(double, line)) for line in m.tolist()] for m in tower.maps[: self.size]]
        self.maps = np.array(maps).reshape(self.size, tower.sites.depth, len(tower.columns))
        self.diagonal, self.targets = np.zeros((2, len(tower.columns)))
        self.diagonal[: len(tower.counts)] = [1 / double(n) for n in tower.counts]
        self.targets[: len(tower.counts)] = list(map(double, tower.means))

    @np.errstate(all="ignore")
    def improved(self, squares: np.ndarray, x: float) -> np.ndarray:
        """Return better squares: a Newton step for 1 / |Gamma_j| = sqrt(X) / ridge.

        This is nearly linear in T. A square may become negative, or none at all.
        """
        m, depth, size = self.maps.shape
        stack = self.maps.reshape(m * depth, size)
        matrix = np.diag(self.diagonal) + x / self.ridge
        matrix += stack.T @ (stack * np.repeat(squares / self.ridge, depth)[:, None])
        try:
            solved = np.linalg.solve(matrix, np.column_stack([self.targets, stack.T]))
            gammas = self.maps @ solved[:, 0]
            response = (stack @ solved[:, 1:]).reshape(m, depth, m, depth)
            hessian = np.einsum("jd,jdke,ke->jk", gammas, response, gammas) * 2 / self.ridge**2
            hessian += np.eye(m) * np.trace(hessian) * 2.0**-40
            lengths = (gammas**2).sum(1)
            error = (np.sqrt(x * lengths) / self.ridge - 1) * lengths * 2 / self.ridge
            return squares + np.linalg.solve(hessian, error)
        except np.linalg.LinAlgError:
            return squares


def double(number: fmpq) -> float:
    """Return a rational number, rounded."""
    return float(arb(number))


def total_squares(state: State) -> arb:
    """Claim 60: sum T + B^2 of the inner minimiser at X, by the duality gap of any T.

    With L = ridge / sqrt X and |tau Gamma_j| <= L for all units, those with T_j = 0 as well, tau
    rho is dual feasible: the residual is in a ball around it (Theorem D9, as in Lemma 8), and
    sum T + B^2 = (X / ridge) rho . f (Lemma D1).
    """
    tau, x = state.shrink, state.x
    column, system = state.solution, state.system
    square = (column.transpose() * (system.diagonal * column))[0, 0]
    product = (system.targets.transpose() * column)[0, 0]
    error = square + x * squared(state.total) / state.ridge
    gap = (squared(1 - tau) * error + state.slack).upper().max(0)
    middle = tau * (product - tau * square)
    slope = (system.energy - 4 * middle).upper().max(0)
    return arb(middle, (gap.sqrt() * slope.sqrt() + gap).upper()) * x / state.ridge


def vanishing(upper: Upper, rows: Sequence[Row], top: arb) -> bool:
    """Claim 61: for all X <= top the inner minimiser is w = 0, with f = B constant (Theorem D9).

    If the upper unit is 0 nowhere, B grows with X, and |Gamma_j| is convex in B: at most as large
    as at B = 0 or at the last one. Otherwise B = 0, and multipliers make sum rho = 0, for all X.
    """
    sites, positive = upper.sites, upper.positive
    sums, counts = [fmpq(0)] * sites.size, [fmpq(0)] * sites.size
    for i in positive:
        sums[i], counts[i] = sites.totals[i], sites.copies[i]
    pull = sum(sums, fmpq(0))
    if upper.kinks:
        state = State(Tower(upper, [], rows), [], top)
        if all(length * top < squared(state.ridge) for length in state.lengths):
            return True
        choices = ([*sums[:i], -pull, *sums[i + 1 :]] for i in upper.kinks)
        return any(_feasible(upper, rows, rho, top) for rho in choices)
    level = arb(pull) / (arb(sum(counts, fmpq(0))) + sites.ridge / top)
    last = [s - level * n for s, n in zip(sums, counts, strict=True)]
    return _feasible(upper, rows, sums, top) and _feasible(upper, rows, last, top)


def _feasible(upper: Upper, rows: Sequence[Row], rho: Sequence, top: arb) -> bool:
    """Whether |Gamma_j| < ridge / sqrt X for all units, at X = top."""
    forces = column(rho)
    pulls = [(arb_mat(upper.gamma(row)) * forces).entries() for row in rows]
    return all(dot(u, u) * top < squared(arb(upper.sites.ridge)) for u in pulls)


def slope_of(state: State) -> arb:
    """Return the second derivative of the reduced loss along a path: the last pivot (Schur)."""
    pivots = pivots_of(state.hessian())
    return pivots[-1] if all(pivot > 0 for pivot in pivots[:-1]) else arb(0, "inf")


def path(tower: Tower, x: arb, start: Sequence[arb]) -> State | None:
    """Claim 62: enclose what is stationary in T, for all X in a ball, by interval Newton.

    The loss is convex in T where the matrix is positive definite, as it is at the centre and hence
    on the box: a minimiser with T > 0 on all rows is this one; if this one has T > 0, it is the
    minimiser over T >= 0 (Lemma D17).
    """
    try:
        centre = _nearby(tower, arb(x.mid()), start)
        if all(pivot > 0 for pivot in pivots_of(centre.matrix)):
            return _inflated(centre, x)
    except ZeroDivisionError:  # a matrix that may be singular
        pass
    return None


def _inflated(centre: State, x: arb) -> State | None:
    """Return the states of a box of T, for all X in a ball, that contains its image."""
    inverse, drift = _approximate(centre.hessian(), len(centre.squares))
    least = size_of(*centre.squares, x) * arb(2) ** -60
    pairs = zip(centre.squares, drift, strict=True)
    radii = [abs(d) * x.rad() + abs(t) * arb(2) ** -40 for t, d in pairs]
    for _ in range(INFLATIONS):
        radii = [(r * INFLATION + least).upper() for r in radii]
        box = [arb(t, r) for t, r in zip(centre.squares, radii, strict=True)]
        image = _image(centre, inverse, box, x)
        if all(t.contains_interior(s) for t, s in zip(box, image, strict=True)):
            return Moved(centre, image, x)
        radii = [abs(s - t) for s, t in zip(image, centre.squares, strict=True)]
    return None


def size_of(*values: arb) -> arb:
    """Return how large T is, or would be, from T and X."""
    *squares, x = (abs(arb(value.mid())) for value in values)
    return sum(squares, x * x)


def _image(centre: State, inverse: arb_mat, box: Sequence[arb], x: arb) -> list[arb]:
    """Return the image of a box under Krawczyk's operator, for all X."""
    gradient, hessian = centre.gradient()[: len(box)], Moved(centre, box, x).hessian()
    return tracked(centre.squares, box, gradient, hessian, inverse, x - centre.x)


def improved(state: State) -> list[arb]:
    """Return better squares: a step as that in doubles."""
    m, root = len(state.squares), state.x.sqrt() / state.ridge
    if not m:
        return []
    try:
        inverse, _ = _approximate(state.hessian(), m)
    except ZeroDivisionError:
        return state.squares
    error = [(root * r - 1) * squared(r) * 2 / state.ridge for r in state.norms[:m]]
    step = (inverse * column(error)).entries()
    return [arb((t + s).mid()) for t, s in zip(state.squares, step, strict=True)]


def _nearby(tower: Tower, x: arb, start: Sequence[arb]) -> State:
    """Return an approximate minimiser at X, by Newton steps, which prove nothing."""
    state = State(tower, start, x)
    for k in range(NEWTON_STEPS):
        found = improved(state)
        if k < CAREFUL:  # at first no square may change its sign
            pairs = zip(found, state.squares, strict=True)
            found = [t if t * old > 0 else old / 8 for t, old in pairs]
        moved = [
            abs(t - old) > t * arb(2) ** -60 for t, old in zip(found, state.squares, strict=True)
        ]
        state = State(tower, found, x)
        if not any(moved):
            break
    return state


def _approximate(hessian: arb_mat, m: int) -> tuple[arb_mat, list[arb]]:
    """Return the inverse of the part in T, and dT/dX, nearly; flat directions hardly count."""
    rows = hessian.tolist()
    part = arb_mat([row[:m] for row in rows[:m]]).mid()
    inverse = (part + identity(m) * part.trace() * arb(2) ** -40).inv().mid()
    return inverse, (inverse * arb_mat([[row[m]] for row in rows[:m]])).entries()
