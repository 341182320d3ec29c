"""Approximate minimisers over T >= 0 at one first-layer vector: they prove nothing."""

from collections.abc import Sequence

from flint import arb, arb_mat

from .shapes import Shape

CALM, STEPS = 3, 40  # steps of T |Gamma|, and of Newton's method
SHARES = (1, 0.5, 0.2, 0.05, 0.01)  # of a step that must not climb
SETTLED, SHIFT = arb(2) ** -40, arb(2) ** -50  # relative size of the last step; of rounding
ALIVE = arb(2) ** -36  # part of the sum of all squares below which one is 0


class Place:
    """The reduced function of Theorem D22 at one first-layer vector, as a function of T."""

    def __init__(self, shape: Shape, vector: Sequence[arb], units: Sequence[int]) -> None:
        self.shape, self.units = shape, list(units)
        rows, self.owner = [], []
        for unit in self.units:
            for row in shape.duals(vector, unit):
                rows.append(row)
                self.owner.append(self.units.index(unit))
        self.stack = arb_mat(rows)
        self.diagonal, self.targets = shape.diagonal, shape.targets

    def at(self, squares: Sequence[arb]) -> "Value":
        """Return what is known at some T."""
        return Value(self, squares)


class Value:
    """Value, lengths |Gamma_m| and curvature of the reduced function at some T."""

    def __init__(self, place: Place, squares: Sequence[arb]) -> None:
        stack, owner, self.squares = place.stack, place.owner, list(squares)
        count = stack.nrows()
        weights = arb_mat(count, count)
        for k, unit in enumerate(owner):
            weights[k, k] = squares[unit]
        inverse = (place.diagonal + stack.transpose() * weights * stack).mid().inv().mid()
        self.rho = (inverse * place.targets).mid()
        self.height = (sum(squares, arb(0)) + (self.rho.transpose() * place.targets)[0, 0]).mid()
        self.duals = (stack * self.rho).mid()
        response = (stack * inverse * stack.transpose()).mid()
        units = range(len(place.units))
        self.lengths = [
            sum((self.duals[k, 0] ** 2 for k, u in enumerate(owner) if u == unit), arb(0)).mid()
            for unit in units
        ]
        self.curvature = arb_mat(len(place.units), len(place.units))
        for k, one in enumerate(owner):
            for j, other in enumerate(owner):
                self.curvature[one, other] += (
                    2 * self.duals[k, 0] * response[k, j] * self.duals[j, 0]
                )


def minimiser(place: Place, start: Sequence[arb], most: arb) -> Value:
    """Return an approximate minimum: T |Gamma| at first, then Newton's method, downhill."""
    found = place.at(start)
    for _ in range(CALM):
        moved = [(t * x.sqrt()).mid() for t, x in zip(found.squares, found.lengths, strict=True)]
        found = place.at(moved)
    for _ in range(STEPS):
        found, settled = _newton(place, found, most)
        if settled:
            break
    least = sum(found.squares, arb(0)) * ALIVE
    return place.at([t if t > least else arb(0) for t in found.squares])


def _newton(place: Place, here: Value, most: arb) -> tuple[Value, bool]:
    """Return the next place, and whether it is the last one."""
    kept = [t if _lives(here, k) else arb(0) for k, t in enumerate(here.squares)]
    step = _step(here, kept)
    for share in SHARES:
        moved = [
            (t + share * s).mid().max(arb(0)).min(most) for t, s in zip(kept, step, strict=True)
        ]
        there = place.at(moved)
        if there.height <= here.height * (1 + SHIFT):
            sizes = zip(moved, here.squares, strict=True)
            return there, all(abs(a - b) <= SETTLED * (a + b) for a, b in sizes)
    moved = [(t * x.sqrt()).mid() for t, x in zip(here.squares, here.lengths, strict=True)]
    return place.at(moved), False


def _step(here: Value, kept: Sequence[arb]) -> list[arb]:
    """Return a step of Newton's method for the units that are alive, or want to be."""
    pairs = enumerate(zip(kept, here.lengths, strict=True))
    alive = [k for k, (t, x) in pairs if t > 0 or x > 1]
    found = [arb(0)] * len(kept)
    if alive:
        table = arb_mat([[here.curvature[j, k] for k in alive] for j in alive])
        for k in range(len(alive)):
            table[k, k] += abs(table[k, k]) * SHIFT + SHIFT**4
        step = table.mid().solve(arb_mat([[here.lengths[k] - 1] for k in alive]))
        for k, s in zip(alive, step.mid().entries(), strict=True):
            found[k] = s
    return found


def _lives(here: Value, unit: int) -> bool:
    """Whether T of a unit would stay positive if it moved alone."""
    missing = 1 - here.lengths[unit]
    return bool(missing < here.squares[unit] * here.curvature[unit, unit])
