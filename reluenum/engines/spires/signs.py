"""Whether the signs of a branch can be those of its stratum."""

from collections.abc import Sequence

from flint import arb

from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.spires.branches import SpireBranch

SIDES = {"+": 1, "-": -1}


def is_excluded(branch: SpireBranch) -> bool:
    """Whether surely no stationary point of the stratum is on a branch.

    Either a unit is zero throughout (Theorem D9(2)), or some sign is not that of the stratum.
    """
    if branch.space.dead:
        return branch.is_minimal
    values = _first_layer(branch)
    sides = []
    for row, zs in zip(branch.space.inner.stratum.layers[0], values, strict=True):
        possible = _possible(row, zs)
        if not possible:
            return True
        sides.append(possible)
    below = _sums(branch.space.inner.stratum.layers[0], values, sides)
    for (row,), bias in zip(
        branch.space.inner.stratum.layers[1:], branch.whole.biases, strict=True
    ):
        zs = [z + bias for z in below]
        possible = _possible(row, zs)
        if not possible:
            return True
        below = _sums([row], [zs], [possible])
    return False


def _first_layer(branch: SpireBranch) -> list[list[arb]]:
    """Return xt_i . w_j by unit and site."""
    values, size = branch.values(branch.space.inner.inputs), len(branch.space.inner.problem.sites)
    return [values[k * size : (k + 1) * size] for k in branch.space.inner.units]


def _possible(row: str, values: Sequence[arb]) -> set[int]:
    """Return which signs of the weights above a unit agree with its row."""
    possible = {1, -1}
    for sign, value in zip(row, values, strict=True):
        if sign in SIDES and (found := ball_sign(value)):
            possible.discard(-found * SIDES[sign])
    return possible


def _sums(
    rows: Sequence[str], values: Sequence[Sequence[arb]], sides: Sequence[set[int]]
) -> list[arb]:
    """Return what the units of a layer pass on, by site; values have the weights above as factors.

    Where a row says nothing, a unit passes on what its sign tells.
    """
    found = [arb(0)] * len(values[0])
    for row, zs, possible in zip(rows, values, sides, strict=True):
        for i, (sign, z) in enumerate(zip(row, zs, strict=True)):
            if sign == "+":
                found[i] += z
            elif sign == ".":
                found[i] += _unknown(z, possible)
    return found


def _unknown(z: arb, possible: set[int]) -> arb:
    """Return relu(side z) side for the sides that are possible."""
    parts = [_relu_ball(z * side) * side for side in possible]
    return parts[0].union(parts[-1])


def _relu_ball(z: arb) -> arb:
    return z if z > 0 else arb(0) if z < 0 else z.union(arb(0))
