"""A stationary point of a stratum: that it exists, its signs, and whether it is a local minimum."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from ..points import NUMBER_BITS
from ..reals import dot, require, sign
from .inner import pivots_of
from .sides import Sides, enclosed
from .sites import Row
from .strata import Stratum
from .towers import State, Tower

STEPS, EXACT_BITS = 40, 190  # Newton steps, and the bits of a box


def zero_near(tower: Tower, squares: Sequence[arb], x: arb) -> State | None:
    """Claim 61: there is one stationary point in the box of what is returned (interval Newton)."""
    with ctx.workprec(NUMBER_BITS):
        values = [arb(t.mid()) for t in (*squares, x)]
        for _ in range(STEPS):
            values, moved = _newton(tower, values)
            if values is None or not moved:
                break
        if values is None:
            return None
        state = State(tower, values[:-1], values[-1])
        inverse = state.hessian().inv().mid()
        steps = [arb(0, abs(v) * arb(2) ** -EXACT_BITS) for v in values]
        box = [v + s for v, s in zip(values, steps, strict=True)]
        derivative = State(tower, box[:-1], box[-1]).hessian()
        column = arb_mat([[s] for s in steps])
        identity = arb_mat(len(box), len(box), [int(i == j) for i in range(len(box)) for j in range(len(box))])
        left = (identity - inverse * derivative) * column
        moved = inverse * arb_mat([[p] for p in state.gradient()])
        image = [v - m + s for v, m, s in zip(values, moved.entries(), left.entries(), strict=True)]
        inside = all(b.contains_interior(i) for b, i in zip(box, image, strict=True))
        return State(tower, image[:-1], image[-1]) if inside else None


def _newton(tower: Tower, values: list[arb]) -> tuple[list[arb] | None, bool]:
    """Return the next values, None if one is not positive, and whether they moved much."""
    state = State(tower, values[:-1], values[-1])
    step = (state.hessian().inv() * arb_mat([[p] for p in state.gradient()])).entries()
    found = [arb((v - s).mid()) for v, s in zip(values, step, strict=True)]
    moved = any(abs(s) > abs(v) * arb(2) ** -(EXACT_BITS + 20) for s, v in zip(step, values, strict=True))
    return (found if all(v > 0 for v in found) else None), moved


class Zero:
    """A zero of E with all T > 0: a stationary point, if its signs are those of the stratum."""

    def __init__(self, stratum: Stratum, state: State) -> None:
        self.stratum, self.state, self.sites = stratum, state, stratum.sites

    def near(self, low: arb, high: arb) -> bool:
        """Whether X is between two numbers."""
        return low <= self.state.x <= high

    @cached_property
    def sides(self) -> tuple[int, ...] | None:
        """Claim 65: signs of a and a c_j with which this is a stationary point; None without."""
        with ctx.workprec(NUMBER_BITS):
            found = enclosed(self.stratum, self.state)
            if found.wrong:
                return None
            known = found.known()
        require(known is not None, f"{self.stratum.text}: a sign is exactly 0, or nearly")
        return known
