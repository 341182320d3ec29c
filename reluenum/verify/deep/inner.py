"""The inner problem of Theorem D9, whose minimiser a certificate gives: at one X, and on intervals."""

from collections.abc import Sequence

from flint import arb, arb_mat, fmpq

from ..reals import norm
from .sites import Row
from .towers import State, Tower, Upper, squared

NEWTON_STEPS, INFLATIONS = 8, (1.25, 2, 4)


def total_squares(state: State) -> arb:
    """Claim 55: sum T + B^2 of the inner minimiser at X, by the duality gap of any T.

    With L = ridge / sqrt X and |tau Gamma_j| <= L for all faces, those with T_j = 0 as well, tau rho
    is dual feasible, so that the residual is in a ball around it (Theorem D9, as in Lemma 8), and
    sum T + B^2 = (X / ridge) rho . f (Lemma D1).
    """
    tower, ridge, x = state.tower, state.ridge, state.x
    bound, norms = ridge / x.sqrt(), [length.sqrt() for length in state.lengths]
    tau = min([(bound / norm.upper()).lower() for norm in norms if norm > 0] + [arb(1)])
    rho, counts = state.rho[: len(tower.counts)], tower.counts
    error = sum((r * r / n for r, n in zip(rho, counts, strict=True)), x * squared(state.total) / ridge)
    pairs = zip(state.squares, norms, strict=False)
    slack = sum((t * norm * (bound - tau * norm) for t, norm in pairs), arb(0))
    gap = ((1 - tau) * (1 - tau) * error + 2 * slack / ridge).upper().max(0)
    dual = [tau * r / n for r, n in zip(rho, counts, strict=True)]
    targets = tower.means
    middle = sum((n * r * (y - r) for n, r, y in zip(counts, dual, targets, strict=True)), arb(0))
    slope = sum((n * squared(y - 2 * r) for n, r, y in zip(counts, dual, targets, strict=True)), arb(0))
    return arb(middle, (gap.sqrt() * slope.sqrt() + gap).upper()) * x / ridge


def vanishing(upper: Upper, rows: Sequence[Row], top: arb) -> bool:
    """Claim 56: for all X <= top the inner minimiser is w = 0, with f = B constant (Theorem D9).

    If the upper unit is 0 nowhere, B grows with X, and |Gamma_j| is convex in B: at most as large
    as at B = 0 or at the last one. Otherwise B = 0, and a multiplier makes sum rho = 0.
    """
    sites, bound = upper.sites, (arb(upper.sites.ridge) / top.sqrt()).lower()
    nothing = [fmpq(0)] * sites.size
    sums = [sites.totals[i] if i in upper.positive else fmpq(0) for i in range(sites.size)]
    pull, counts = sum(sums, fmpq(0)), sum((sites.copies[i] for i in upper.positive), fmpq(0))

    def feasible(rho: list[arb]) -> bool:
        column = arb_mat([[x] for x in rho])
        maps = (arb_mat(upper.gamma(row)) * column for row in rows)
        return all(norm(gamma.entries()) < bound for gamma in maps)

    if upper.kinks:
        return any(feasible([*sums[:i], -pull, *sums[i + 1 :]]) for i in upper.kinks)
    level = arb(pull) / (arb(counts) + sites.ridge / top)
    last = [s - level * n if i in upper.positive else s for i, s, n in zip(range(sites.size), sums, sites.copies)]
    return feasible(sums) and feasible(last)


def slope_of(state: State) -> arb:
    """Return the second derivative of the reduced loss along a path: the last pivot (Schur)."""
    pivots = pivots_of(state.hessian())
    return pivots[-1] if all(pivot > 0 for pivot in pivots[:-1]) else arb(0, "inf")


def pivots_of(matrix: arb_mat) -> list[arb]:
    """Return the pivots of a symmetric matrix, all positive iff it is positive definite."""
    rows, pivots = matrix.tolist(), []
    for k in range(len(rows)):
        pivots.append(rows[k][k])
        for row in rows[k + 1 :]:
            factor = row[k] / rows[k][k]
            for j in range(k, len(rows)):
                row[j] -= factor * rows[k][j]
    return pivots


def path(tower: Tower, x: arb, start: Sequence[arb]) -> State | None:
    """Claim 57: enclose what is stationary in T, for all X in a ball, by interval Newton.

    The loss is convex in T where the matrix is positive definite, which it is on the box as at its
    points with T >= 0: if an inner minimiser has T > 0 on all rows, it is this one; if this one has
    T >= 0, it is the minimiser over T >= 0 on these rows.
    """
    middle, m = arb(x.mid()), len(start)
    centre = _nearby(tower, middle, start)
    exact, error = centre.squares, arb_mat([[p] for p in centre.gradient()[:m]])
    (inverse, drift), frame = _approximate(centre.hessian(), m), centre.frame()
    radii = [abs(d) * x.rad() + abs(t) * arb(2) ** -40 for d, t in zip(drift, exact, strict=True)]
    for inflation in INFLATIONS:
        box = [arb(t, (r * inflation).upper()) for t, r in zip(exact, radii, strict=True)]
        if not all(t.upper() > 0 for t in box):
            return None
        found = State(tower, box, x, frame).hessian().tolist()
        steps = arb_mat([[t - c] for t, c in zip([*box, x], [*exact, middle], strict=True)])
        by_squares = arb_mat([[*row[:m]] for row in found[:m]])
        by_x = arb_mat([[row[m] * steps[m, 0]] for row in found[:m]])
        moved = inverse * (error + by_x)
        left = (_identity(m) - inverse * by_squares) * arb_mat(steps.tolist()[:m])
        image = [t - d + s for t, d, s in zip(exact, moved.entries(), left.entries(), strict=True)]
        if all(t.contains_interior(s) for t, s in zip(box, image, strict=True)):
            return State(tower, image, x, frame)
    return None


def _nearby(tower: Tower, x: arb, start: Sequence[arb]) -> State:
    """Return an approximate minimiser at X, by Newton steps, which prove nothing.

    They are steps for 1 / |Gamma_j| = sqrt(X) / ridge, which is nearly linear in T.
    """
    squares = list(start)
    for _ in range(NEWTON_STEPS):
        state = State(tower, squares, x)
        inverse, _ = _approximate(state.hessian(), len(squares))
        lengths = [length.sqrt() for length in state.lengths[: len(squares)]]
        error = [(x.sqrt() * r / state.ridge - 1) * squared(r) * 2 / state.ridge for r in lengths]
        step = (inverse * arb_mat([[e] for e in error])).entries()
        squares = [arb((t + s.max(-arb(7) / 8 * t)).mid()) for t, s in zip(squares, step)]
        if all(abs(s) < t * arb(2) ** -60 for t, s in zip(squares, step, strict=True)):
            break
    return State(tower, squares, x)


def _approximate(hessian: arb_mat, m: int) -> tuple[arb_mat, list[arb]]:
    """Return the inverse of the part in T, and dT/dX, nearly."""
    rows = hessian.tolist()
    inverse = arb_mat([row[:m] for row in rows[:m]]).inv().mid()
    return inverse, (inverse * arb_mat([[row[m]] for row in rows[:m]])).entries()


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
