"""The minimum of the convex problem of a support, to any number of digits, whatever the scales.

Nothing here is a proof: what is found is where interval Newton starts. |b| is replaced by a smooth
function of it, nearer to it the smaller a parameter is (Lemma 132); Newton steps follow the minimum
while that becomes small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, ctx, fmpq_mat

from reluenum.engines.creases.systems import CreaseSystem

SHRINKING = 64
"""By how much the parameter becomes smaller once the minimum for it is near."""

MOST_STEPS = 400
"""Newton steps, of which far less are needed."""

NEEDED, SPARE = 2.0**32, 2.0**8
"""Weights of units that are needed are more at the end, those of others less."""

SHORT = 2.0**-40
"""What is not needed is known by then: the parameter, divided by (ridge / reach)^2."""


@dataclass(frozen=True)
class PathEnd:
    """Nearly the minimum: slopes summed over the units of each crease, and how far they are from 0.

    Parameters
    ----------
    coordinates : tuple of tuple of arb
        In the basis of each crease.
    lengths : tuple of arb
    weights : tuple of arb
        Lengths times the ridge, in units of the parameter: large where units are needed.
    """

    coordinates: tuple[tuple[arb, ...], ...]
    lengths: tuple[arb, ...]
    weights: tuple[arb, ...]

    def needed(self) -> list[tuple[int, ...]]:
        """Return sets of units that may be those that are needed, the likeliest one first."""
        order = sorted(range(len(self.weights)), key=lambda k: self.weights[k], reverse=True)
        clear = sum(bool(weight > 2.0**20) for weight in self.weights)
        sizes = sorted(range(len(order) + 1), key=lambda size: (size != clear, -size))
        return [tuple(sorted(order[:size])) for size in sizes]

    def unknowns(self, kept: Sequence[int]) -> list[arb]:
        """Return unit vectors, then squares, as the system of some of the creases has them."""
        units = [x / self.lengths[k] for k in kept for x in self.coordinates[k]]
        return [number.mid() for number in (*units, *(self.lengths[k] for k in kept))]


@dataclass(frozen=True, eq=False)
class InteriorPath:
    """The path to the minimum for the creases of a system, some others being held.

    Parameters
    ----------
    system : CreaseSystem
    bits : int
        Working precision.
    """

    system: CreaseSystem
    bits: int

    @cached_property
    def sizes(self) -> list[int]:
        """How many coordinates each crease has."""
        return [len(crease.basis) for crease in self.system.support]

    @cached_property
    def gram(self) -> list[list[arb]]:
        """What all responses have in common, in coordinates."""
        parts = [crease.responses for crease in self.system.support]
        blocks = [
            [arb_mat(forced * other).tolist() for other in parts] for forced in self.system.forced
        ]
        return [
            [x for block in blocks[f] for x in block[j]]
            for f, size in enumerate(self.sizes)
            for j in range(size)
        ]

    @cached_property
    def gains(self) -> list[arb]:
        """What responses and targets have in common."""
        means = fmpq_mat([[mean] for mean in self.system.creases.problem.means])
        return [arb(x) for forced in self.system.forced for x in (forced * means).entries()]

    @cached_property
    def metrics(self) -> list[arb_mat]:
        """The inner products of each basis."""
        bases = [fmpq_mat([*map(list, crease.basis)]) for crease in self.system.support]
        return [arb_mat(basis * basis.transpose()) for basis in bases]

    @cached_property
    def ridge(self) -> arb:
        """The ridge."""
        return arb(self.system.creases.ridge)

    def minimum(self) -> PathEnd | None:
        """Follow the path to its end; None if all gains are 0."""
        with ctx.workprec(self.bits):
            means, total = self.system.creases.problem.means, arb(0)
            flat = self.system.creases.problem.residual(means)
            for weight, value in zip(self.system.creases.weights, flat, strict=True):
                total += arb(weight * value * value)
            if total == 0 or not any(gain != 0 for gain in self.gains):
                return None
            return self._followed(total.mid())

    def _followed(self, parameter: arb) -> PathEnd:
        point, last = [arb(0)] * len(self.gains), parameter * arb(2) ** -self.bits
        late = SHORT * self.ridge**2 / sum((row[k] for k, row in enumerate(self.gram)), arb(0))
        for _ in range(MOST_STEPS):
            try:
                point, decrement = self._step(point, parameter)
            except ZeroDivisionError:
                break  # as far as so many bits lead
            if decrement < 0.25:
                if parameter < last or (parameter < late and self._is_clear(point, parameter)):
                    break
                parameter = (parameter / SHRINKING).mid()
        lengths = self._lengths(point)
        weights = self._weights(point, parameter)
        return PathEnd(tuple(map(tuple, self._parts(point))), tuple(lengths), tuple(weights))

    def _weights(self, point: Sequence[arb], parameter: arb) -> list[arb]:
        return [length * self.ridge / parameter for length in self._lengths(point)]

    def _is_clear(self, point: Sequence[arb], parameter: arb) -> bool:
        return all(w > NEEDED or w < SPARE for w in self._weights(point, parameter))

    def _parts(self, point: Sequence[arb]) -> list[list[arb]]:
        found, used = [], 0
        for size in self.sizes:
            found.append(list(point[used : used + size]))
            used += size
        return found

    def _lengths(self, point: Sequence[arb]) -> list[arb]:
        pairs = zip(self._parts(point), self.metrics, strict=True)
        return [
            _length_in_metric(part, (metric * _column_of_balls(part)).entries())
            for part, metric in pairs
        ]

    def _step(self, point: Sequence[arb], parameter: arb) -> tuple[list[arb], arb]:
        """Return where a damped Newton step leads, and how long it is in its own metric."""
        matrix, used = [list(row) for row in self.gram], 0
        image = (arb_mat(self.gram) * _column_of_balls(point)).entries()
        slope = [(x - gain).mid() for x, gain in zip(image, self.gains, strict=True)]
        for part, metric in zip(self._parts(point), self.metrics, strict=True):
            heavy = [x.mid() for x in (metric * _column_of_balls(part)).entries()]
            square = _length_in_metric(part, heavy) ** 2 * self.ridge**2
            root = (parameter**2 + square).sqrt().mid()
            factor = (self.ridge**2 / (root + parameter)).mid()
            rows = metric.tolist()
            for j, x in enumerate(heavy):
                slope[used + j] += factor * x
                for k, y in enumerate(heavy):
                    matrix[used + j][used + k] += factor * (rows[j][k] - factor / root * x * y)
            used += len(part)
        slope = [x.mid() for x in slope]
        step = arb_mat(matrix).mid().solve(_column_of_balls(slope)).mid().entries()
        square = sum((x * y for x, y in zip(slope, step, strict=True)), arb(0)) / parameter
        decrement = abs(square).mid().sqrt().mid()
        share = 1 if decrement < 0.25 else (1 / (1 + decrement)).mid()
        return [(x - share * y).mid() for x, y in zip(point, step, strict=True)], decrement


def _column_of_balls(numbers: Sequence[arb]) -> arb_mat:
    return arb_mat([[x] for x in numbers])


def _length_in_metric(part: Sequence[arb], heavy: Sequence[arb]) -> arb:
    square = sum((x * y for x, y in zip(part, heavy, strict=True)), arb(0)).mid()
    return square.sqrt().mid() if square > 0 else arb(0)
