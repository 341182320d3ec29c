"""The inner problem at one U_2, what follows for others (Lemma D18), and its path over intervals.

Without T and U_3 it is to minimise the sum of squares plus 2 ridge (sum |w_j| / root U_2 +
root(U_2 + B_3^2)) + ridge B_2^2 / U_2, and dual to it is to maximise 2 rho.y - sum rho^2 / copies -
U_2 S_2^2 / ridge + 2 root(U_2 (ridge^2 - S_3^2)) where |Gamma_j| <= ridge / root U_2.
"""

from collections.abc import Sequence
from functools import reduce

from flint import arb, arb_mat, fmpq

from ..arithmetic.matrices import column, pivots_of, tracked
from ..reals import dot, squared
from .strata import Spire
from .systems import Frame, Moved, State

NEWTON_STEPS, CAREFUL, INFLATIONS = 20, 12, (1.25, 2, 4)
HALVINGS, SHORTER = 50, (40, 24, 12, 6, 3)  # of where a step ends, as doubles see it
NEAR = arb(2) ** -50  # relative size of a Newton step that is the last one


def highest(spire: Spire) -> fmpq:
    """Claim 105: no U_2 is larger: U_2 <= U_3^2, and U_3 as in claim 64 (Theorem D9(5))."""
    found = max(spire.sites.pull(spire.top[0], side) for side in (1, -1))
    return (found / (4 * spire.sites.ridge)) ** 2


def levels(state: State) -> tuple[arb, arb]:
    """Claim 106: G = sum T + B_2^2 and V = 1 / U_3 of the inner minimiser, at U_2.

    The gap bounds the distance of the maximiser from tau rho, as its terms in rho, S_2 and S_3 are
    strongly concave, the last one with 2 root U_2 / ridge. V is root(ridge^2 - S_3^2) / ridge root
    U_2, and rho.f = ridge (G / U_2 + B_3^2 / U_3), U_3^2 = U_2 + B_3^2.
    """
    ridge, u, root = state.ridge, state.second, state.second.sqrt()
    gap, tau = duality_gap(state)
    radius, pull = gap.sqrt(), tau * state.totals[1]
    pull = arb(pull.mid(), (pull.rad() + radius * (ridge / root).sqrt()).upper())
    third = (squared(ridge) - squared(pull)).max(0).sqrt() / (ridge * root)
    values = zip(state.rho, state.frame.counts, state.frame.means, strict=False)
    scaled = [(tau * r / n, y, n) for r, n, y in values]
    middle = sum((n * r * (y - r) for r, y, n in scaled), arb(0))
    slope = sum((n * squared(y - 2 * r) for r, y, n in scaled), arb(0)).sqrt()
    work = middle + arb(0, (radius * slope + gap).upper())
    level = u * (work / ridge - 1 / third + u * third) if third > 0 else arb(0, "inf")
    return level.max(0), third.min(1 / root)


def duality_gap(state: State) -> tuple[arb, arb]:
    """Claim 107: w_j = T_j Gamma_j / ridge and B are feasible, and so is tau rho for the dual."""
    ridge, u, root = state.ridge, state.second, state.second.sqrt()
    (s2, s3), bound = state.totals, ridge / root
    longest, total = reduce(arb.max, state.norms, bound), abs(s3).max(ridge)
    tau = (bound / longest.upper()).lower().min((ridge / total.upper()).lower()).min(1)
    pairs = zip(state.rho, state.frame.counts, strict=False)
    errors = sum((r * r / n for r, n in pairs), u * squared(s2) / ridge)
    alive = [(state.squares[j], state.norms[j]) for j in state.system.active]
    slack = sum((t * norm * (bound - tau * norm) for t, norm in alive), arb(0))
    bias = state.third * s3 / ridge
    primal, dual = (u + squared(bias)).sqrt(), (squared(ridge) - squared(tau * s3)).max(0).sqrt()
    top = 2 * ridge * primal - 2 * root * dual - 2 * tau * bias * s3
    return (squared(1 - tau) * errors + 2 * slack / ridge + top).upper().max(0), tau


def reach(u: arb, level: arb, third: arb) -> arb:
    """Claim 108: how far from U_2 = u there is no zero of E_2 (Lemma D18); u if nothing is known.

    Above, G - u V x - (x - u) root x decreases in x. Below, with t = root x, t^3 + u V t^2 - u t -
    G is convex and not positive at 0, so that it is positive from where it is to the root of u.
    """

    def free(x: arb, above: bool) -> bool:
        root = x.sqrt()
        excess = level - u * third * x - (x - u) * root
        return bool(excess > 0) if above else bool(excess < 0)

    for above in (True, False):
        if free(u, above):
            guess = _crossing(float(u), float(level.mid()), float(third.mid()), above)
            ends = ((u + (arb(guess) - u) * (1 - arb(2) ** -k)).mid() for k in SHORTER)
            return next((end for end in ends if free(end, above)), u)
    return u


def _crossing(u: float, level: float, third: float, above: bool) -> float:
    """Return nearly the number x at which level = u third x + (x - u) root x, on a side of u."""
    good, bad = u, 0.0
    if above:
        bad = 2 * u
        while level > u * third * bad + (bad - u) * bad**0.5:
            good, bad = bad, 2 * bad
    for _ in range(HALVINGS):
        middle = (good + bad) / 2
        if (level > u * third * middle + (middle - u) * middle**0.5) == above:
            good = middle
        else:
            bad = middle
    return good


def polished(frame: Frame, u: arb, squares: Sequence[arb], third: arb) -> State:
    """Return a state nearer to the minimiser, by Newton steps that prove nothing.

    At first no square may become 0.
    """
    state = at(frame, squares, third, u)
    for k in range(NEWTON_STEPS):
        *squares, third = improved(state)
        if k < CAREFUL:
            squares = [t if t > 0 else s / 8 for t, s in zip(squares, state.squares, strict=True)]
        pairs = zip([*squares, third], [*state.squares, state.third], strict=True)
        if all(abs(new - old) <= abs(old) * NEAR for new, old in pairs):
            break
        state = at(frame, squares, third, u)
    return state


def at(frame: Frame, squares: Sequence[arb], third: arb, u: arb) -> State:
    """Return the state at squares, of which those that are not positive count as 0."""
    active = tuple(j for j, square in enumerate(squares) if square > 0)
    kept = [square if square > 0 else arb(0) for square in squares]
    return State(frame.system(active), kept, third, u)


def improved(state: State) -> list[arb]:
    """Return better T and U_3: a Newton step for 1 / |Gamma_j| and for the derivative by U_3."""
    active, size = state.system.active, len(state.system.active) + 1
    inverse, _ = _approximate(state.hessian(), size)
    root, error = state.second.sqrt() / state.ridge, []
    for j in active:
        error.append((root * state.norms[j] - 1) * state.lengths[j] * 2 / state.ridge)
    error.append(-state.gradient()[-2])
    step = (inverse * column(error)).entries()
    found = list(state.squares)
    for j, s in zip(active, step[:-1], strict=True):
        found[j] = arb((found[j] + s).mid())
    third = arb((state.third + step[-1]).mid())
    return [*found, third if third > 0 else state.third / 2]


def path(
    frame: Frame, active: tuple[int, ...], u: arb, squares: Sequence[arb], third: arb
) -> State | None:
    """Claim 109: enclose the inner minimiser for all U_2 in a ball, by interval Newton.

    The loss is convex in T and U_3 where the matrix is positive definite: where it is stationary in
    living T and U_3, with T > 0, it is least among all T >= 0 if no other |Gamma_j| is too large.
    """
    try:
        start = [square if j in active else arb(0) for j, square in enumerate(squares)]
        centre = _centre(State(frame.system(active), start, third, arb(u.mid())))
        positive = all(pivot > 0 for pivot in pivots_of(centre.matrix))
        return _enclosed(centre, u) if positive else None
    except ZeroDivisionError:  # a matrix that may be singular
        return None


def _centre(state: State) -> State:
    """Return an approximate minimiser with the same living units, by Newton steps."""
    for _ in range(NEWTON_STEPS):
        *squares, third = improved(state)
        old, new = [*state.squares, state.third], [*squares, third]
        state = State(state.system, squares, third, state.second)
        if all(abs(a - b) <= abs(b) * NEAR for a, b in zip(new, old, strict=True)):
            break
    return state


def _enclosed(centre: State, u: arb) -> State | None:
    """Return the states on the path above a ball, if Krawczyk's operator finds it."""
    inverse, drift = _approximate(centre.hessian(), len(centre.system.active) + 1)
    middle = [*(centre.squares[j] for j in centre.system.active), centre.third]
    pairs = list(zip(middle, drift, strict=True))
    radii = [abs(d) * u.rad() + abs(v) * arb(2) ** -40 for v, d in pairs]
    for inflation in INFLATIONS:
        sizes = ((r * inflation).upper() for r in radii)
        box = [arb(v.mid(), size) for v, size in zip(middle, sizes, strict=True)]
        image = _image(centre, inverse, box, u)
        inside = all(b.contains_interior(i) for b, i in zip(box, image, strict=True))
        if inside and box[-1] > 0:
            return _moved(centre, image, u)
    return None


def _moved(centre: State, values: Sequence[arb], u: arb) -> Moved:
    """Return the states at living T and U_3 in a box."""
    squares = list(centre.squares)
    for j, value in zip(centre.system.active, values, strict=False):
        squares[j] = value
    return Moved(centre, squares, values[-1], u)


def _image(centre: State, inverse: arb_mat, box: Sequence[arb], u: arb) -> list[arb]:
    """Return the image of a box under Krawczyk's operator, for all U_2."""
    middle = [*(centre.squares[j] for j in centre.system.active), centre.third]
    gradient, hessian = centre.gradient()[: len(box)], _moved(centre, box, u).hessian()
    return tracked(middle, box, gradient, hessian, inverse, u - centre.second)


def _approximate(hessian: arb_mat, size: int) -> tuple[arb_mat, list[arb]]:
    """Return the inverse of the inner part, and the slopes by U_2, nearly."""
    rows = hessian.tolist()
    inverse = arb_mat([row[:size] for row in rows[:size]]).mid().inv().mid()
    return inverse, (inverse * arb_mat([[row[size]] for row in rows[:size]])).entries()


def vanishing(frame: Frame, top: arb) -> bool:
    """Claim 110: for all U_2 <= top the inner minimiser is w = 0, by a crude bound (Theorem D9(2)).

    |rho| <= |y| where layer 3 is positive. Without w, kinks say B_2 = 0, B_3 = 0 or B_2 + B_3 = 0;
    multipliers at one or two of them, at most 2 |S_2| + 2 |S_3| + ridge in sum, do what is asked of
    S_2 and S_3, which are formed without them.
    """
    sites, spire = frame.sites, frame.spire
    squares = [dot(row, row) for row in sites.rows]
    active = [(i, k) for k, i in enumerate(frame.positive) if spire.middle[0] >> i & 1]
    energy = arb(dot(frame.counts, [y * y for y in frame.means])).sqrt()
    seen = [frame.counts[k] for _, k in active]
    pull = arb(sum((n * squares[i] for n, (i, _) in zip(seen, active, strict=True)), fmpq(0)))
    sums = arb(sum(seen, fmpq(0))).sqrt() + arb(sum(frame.counts, fmpq(0))).sqrt()
    furthest = max((squares[kink.places[0]] for kink in spire.kinks), default=fmpq(0))
    ridge = arb(sites.ridge)
    bound = energy * pull.sqrt() + arb(furthest).sqrt() * (2 * energy * sums + ridge)
    return bool(bound * top.sqrt() < ridge)
