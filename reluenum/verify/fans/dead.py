"""Dead units of layer 2, the last one: whether a further one lowers the loss."""

from collections.abc import Iterator
from itertools import pairwise

from flint import arb, ctx

from ..arithmetic.decimals import NUMBER_BITS
from ..reals import require, sign
from .points import Zero
from .strata import changes


def harmless(zero: Zero) -> bool:
    """Claim 158: further units of layer 2 may be dead (Theorem D14).

    On each row but the live ones |u_F| < ridge, or u_F is in neither F nor -F.
    """
    with ctx.workprec(NUMBER_BITS):
        return all(_calm(zero, marks) for marks in other_rows(zero))


def places(zero: Zero) -> list[tuple[arb, list[int]]]:
    """Return the different inputs of layer 2 in ascending order, and their sites."""
    values, kinks = dict(enumerate(zero.linear)), zero.fan.kinks
    sure = all(v > 0 or v < 0 or i in kinks for i, v in values.items())
    plus = sorted((i for i in values if values[i] > 0), key=lambda i: float(values[i].mid()))
    require(
        sure and all(values[a] < values[b] for a, b in pairwise(plus)),
        f"{zero.fan.text}: two heights look equal",
    )
    plain = [i for i in values if i not in plus]
    return [*([(arb(0), plain)] if plain else []), *((values[i], [i]) for i in plus)]


def other_rows(zero: Zero) -> Iterator[list[tuple[str, arb, list[int]]]]:
    """Yield the rows of layer 2 that are not alive: marks with heights and sites."""
    found = places(zero)
    live = set(zero.fan.upper)
    for marks in changes(len(found)):
        row = [""] * zero.sites.size
        for mark, (_, sites) in zip(marks, found, strict=True):
            for i in sites:
                row[i] = mark
        if "+" in marks and "".join(row) not in live:
            yield [(m, h, sites) for m, (h, sites) in zip(marks, found, strict=True)]


def _calm(zero: Zero, marks: list[tuple[str, arb, list[int]]]) -> bool:
    """Whether a dead unit of one row gains less than it costs."""
    u, ridge = _pulled(zero, marks), zero.system.shape.ridge
    excess = sign(u[0] * u[0] + u[1] * u[1] - ridge * ridge)
    if excess == -1:
        return True
    values = ((u[0] * h + u[1]) * (1 if mark == "+" else -1) for mark, h, _ in marks if mark != "0")
    seen = set(map(sign, values))
    if {1, -1} <= seen:
        return True
    clear = excess == 1 and len(seen) == 1 and None not in seen
    require(clear, f"{zero.fan.text}: whether a dead unit is harmless is not clear")
    return False


def _pulled(zero: Zero, marks: list[tuple[str, arb, list[int]]]) -> list[arb]:
    """Return u_F: the sum of r times active inputs, inside the flat of a row."""
    u = [arb(0), arb(0)]
    for mark, height, sites in marks:
        if mark == "+":
            pull = sum(map(zero.residual, sites), arb(0))
            u = [u[0] + pull * height, u[1] + pull]
    for mark, height, _ in marks:
        if mark == "0":
            along = (u[0] - u[1] * height) / (1 + height * height)  # on (1, -height)
            u = [along, -along * height]
    return u


def splits(zero: Zero) -> bool:
    """Claim 159: the multipliers of groups can be split among their sites, D < mu < 0 (Lemma D19).

    This matters where a kink of the first-layer unit lies in a group of several sites.
    """
    fan = zero.fan
    if not fan.kinks or len(fan.group) < 2:
        return True
    with ctx.workprec(NUMBER_BITS):
        for k, row in enumerate(fan.upper):
            if row[fan.kinks[0]] == "0":
                w = zero.outputs[k]
                fine = all(w * zero.residual(i) < 0 for i in fan.group)
                if not (fine and zero.units[k][0] * w > 0):
                    return False
    return True
