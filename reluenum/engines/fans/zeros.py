"""What boxes hold in which the reduced function has one stationary point at most."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb

from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.systems.networks import ScaledNetwork, sign_of
from reluenum.engines.deep.systems.wide import Wide
from reluenum.engines.fans.branches import FanBranch, ParameterBoxes, branch_over, start_of
from reluenum.engines.fans.branches import improved_start as improved
from reluenum.engines.fans.inner import inner_minimisers
from reluenum.engines.fans.looks import Look
from reluenum.engines.fans.shapes import Fan, FanBatch

WIDER = 0.25
"""By how much of its size a box is enlarged on all sides."""

STEPS = 12
"""Of Newton's method for a zero."""


@dataclass(frozen=True, eq=False)
class Zero:
    """The only zero of the gradient near a box.

    Parameters
    ----------
    network : ScaledNetwork or None
        None if it is not stationary with the signs of the stratum.
    parameters : list of arb
        s and k.
    box : ParameterBoxes
        That holds it and no other zero.
    """

    network: ScaledNetwork | None
    parameters: list[arb]
    box: ParameterBoxes

    def __eq__(self, other: object) -> bool:
        """Whether another zero of the same stratum lies in the box of this one."""
        return isinstance(other, Zero) and _lies_in(other.parameters, self.box)


def zero_near(
    batch: FanBatch, box: ParameterBoxes, start: np.ndarray, claim: Callable[[IsolatedPoint], Root]
) -> Zero | None:
    """Prove the only zero of the gradient near a single box; None if that fails.

    Parameters
    ----------
    batch : FanBatch
    box : ParameterBoxes
        One box, on which the gradient is known to have one zero at most.
    start : (1, m) array
        T near it.
    claim : callable
        From a point to its algebraic form, should that be needed.
    """
    # What overflows encloses all_boxes, and proves nothing.
    with np.errstate(all="ignore"):
        return _zero_in(batch, box, start, claim)


def _zero_in(
    batch: FanBatch, box: ParameterBoxes, start: np.ndarray, claim: Callable[[IsolatedPoint], Root]
) -> Zero | None:
    wider = enlarged(box)
    alive = np.ones(start.shape, dtype=bool)
    x, _ = _branch_start(batch, wider, start)
    look = Look(batch, branch_over(batch, wider, x, alive), alive)
    if not (look.critical & look.regular)[0]:
        return None
    centre = _newton_zero(batch, wider, x)
    if centre is None:
        return None
    fan = batch.fans[int(box.index[0])]
    return _proved_zero(fan, centre, wider, claim)


def enlarged(box: ParameterBoxes) -> ParameterBoxes:
    """Return larger boxes."""
    size = WIDER * (box.high - box.low)
    return ParameterBoxes(box.index, np.maximum(box.low - size, 0.5 * box.low), box.high + size)


def _branch_start(
    batch: FanBatch, box: ParameterBoxes, T: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    middle = box.middle
    T, rho = inner_minimisers(batch, box.index, middle[:, 0], middle[:, 1], T)
    alive = np.ones(T.shape, dtype=bool)
    return improved(batch, box, start_of(batch, box, T, rho), alive, 4), T


def _newton_zero(batch: FanBatch, box: ParameterBoxes, x: np.ndarray) -> FanBranch | None:
    """Return the branch at an approximate zero of the gradient, if that lies in a box."""
    alive = np.ones((1, batch.width), dtype=bool)
    point = box.middle
    turning = bool(batch.turning[box.index[0]])
    for _ in range(STEPS):
        here = ParameterBoxes(box.index, point, point)
        x = improved(batch, here, x, alive, 3)
        found = branch_over(batch, here, x, alive)
        gradient = found.centre.gradient
        _, _, along = found.ranges(gradient, *found.local.gradient_slopes)
        matrix, value = along.mid[0], gradient.mid[0]
        if not turning:
            matrix, value = np.diag([matrix[0, 0], 1.0]), value * np.array([1.0, 0.0])
        step = -np.linalg.solve(matrix, value)
        x = x + found.speeds[0] @ step
        point = point + step
        if not (np.isfinite(x).all() and (point >= box.low).all() and (point <= box.high).all()):
            return None
    here = ParameterBoxes(box.index, point, point)
    return branch_over(batch, here, improved(batch, here, x, alive, 2), alive)


def _proved_zero(
    fan: Fan, found: FanBranch, box: ParameterBoxes, claim: Callable[[IsolatedPoint], Root]
) -> Zero | None:
    """Prove the zero by the system of the stratum, and that it lies in a box."""
    wide = Wide(fan.problem, fan.stratum)
    near = _wide_unknowns(wide, fan, found)
    proof = certified_box(wide.system, lambda _: polished(wide.system, near))
    if proof is None:
        return None
    found_at = solution_parameters(wide, fan, proof)
    if not _lies_in(found_at, box):
        return None
    point = IsolatedPoint(wide.system, proof, claim)
    if any(sign_of(square) <= 0 for square in wide.squares(point.coordinates)):
        return Zero(None, found_at, box)
    network = wide.network(point)
    return Zero(network if network.is_stationary else None, found_at, box)


def _lies_in(point: list[arb], box: ParameterBoxes) -> bool:
    """Whether s and k surely lie in a single box."""
    ends = zip(point, box.low[0].tolist(), box.high[0].tolist(), strict=True)
    return all(arb(low) <= value <= arb(high) for value, low, high in ends)


def solution_parameters(wide: Wide, fan: Fan, values: list[arb]) -> list[arb]:
    """Return s and k of a solution of the system."""
    given = wide.valued(values)
    vector, (first, last) = list(given.spans[0]), fan.rays
    if fan.is_turning:
        one, two = (vector[0] * ray[1] - vector[1] * ray[0] for ray in (first, last))
        k = one / (one - two)
    else:
        k = arb(0)
    place = 0 if first[0] + k * (last[0] - first[0]) != 0 else 1
    ratio = vector[place] / (first[place] + k * (last[place] - first[place]))
    return [given.metrics[0][0, 0] * ratio * ratio, k]


def _wide_unknowns(wide: Wide, fan: Fan, found: FanBranch) -> list[arb]:
    """Return the variables of the system at an approximate zero."""
    local, ridge = found.centre, arb(fan.problem.effective_ridge)
    s, k = map(float, found.boxes.middle[0])
    first, last = fan.rays
    e = [a + arb(k) * (b - a) for a, b in zip(first, last, strict=True)]
    start = fan.problem.sites[fan.row.index("+")].row
    height = e[0] * start[0] + e[1] * start[1]
    # e / height = basis[0] + kappa basis[1]
    basis = wide.groups[0].basis
    coordinates = []
    if wide.groups[0].free:
        (a, b), (c, d) = basis
        rest = (e[0] / height - a, e[1] / height - b)
        coordinates = [rest[0] / c if c else rest[1] / d]
    values = {name: getattr(local, name).mid[0] for name in ("a", "b", "T", "P", "Q")}
    shift = local.shift.mid[0]
    weights, biases = {}, {}
    for m in range(len(fan.upper)):
        T, P = values["T"][m], values["P"][m]
        weights[m] = arb(P / (T * s)) / height
        biases[m] = arb((values["Q"][m] - P * shift[m]) / T)
    given = [*coordinates]
    given += [weights[unit] for _, unit, _ in wide.fed]
    given += [biases[m] for m in range(len(fan.upper))]
    given += [ridge * (biases[unit] - values["b"][unit]) for _, unit, _ in wide.constraints]
    given += [arb(s) * height * height]
    given += [arb(T) for T in values["T"]]
    return [arb(value).mid() for value in given]
