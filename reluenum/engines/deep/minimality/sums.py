"""Several further units beside any kinks of widths (m, 1): what each adds at most (Lemma D74).

In doubles: the checker looks for its own numbers, and proves them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, fmpq

from reluenum.algebra.linear import Vector, row_space
from reluenum.engines.deep.cells.programs import highest_point
from reluenum.engines.deep.minimality.corners import Corners, FurtherUnit, Part, as_ball
from reluenum.engines.deep.systems.networks import sign_of

BITS = 64

CUTS = 60
"""How often the shares of a corner are adapted."""

ROOM = 1e-4
"""By which part of its cost a unit has to gain less."""

NEGLIGIBLE = 1e-8
"""In doubles."""

Key = tuple[int | None, int]
"""A unit and a site: a kink of the unit, or of the unit above if there is no unit."""


def add_up(corners: Corners) -> bool:
    """Return whether any number of further units gain less than they cost.

    For each corner there are slopes, for which kinks count as linear, with which a unit gains at
    least what it adds to the gain of others, and less than it costs. Units of one direction may
    gain what they cost.
    """
    keys, ties = _keys(corners), {(part.unit.signs, part.unit.side) for part in corners.tied}
    if keys is None or len(ties) > 1 or not all(_is_line(corners, signs) for signs, _ in ties):
        return False
    sums = (_Sum(corners, corner, keys, next(iter(ties), None)) for corner in corners.corners)
    return all(one.is_small() for one in sums)


def _is_line(corners: Corners, signs: str) -> bool:
    """Whether the units of a face are multiples of one."""
    seen = zip(corners.seen, signs, strict=True)
    zeros = [corners.rows[i] for i, sign in seen if sign == "0"]
    return len(row_space(zeros)) == len(corners.rows[0]) - 1 if zeros else False


def _keys(corners: Corners) -> list[Key] | None:
    """Return the kinks that may count as linear; None if some may not and are no sums."""
    side, *sides = corners.sides
    kinks = [i for i in corners.seen if corners.upper[i] == "0"]
    found: list[Key] = [(None, i) for i in kinks if side * corners.totals[i] < 0]
    for j, i in corners.below:
        if corners.upper[i] == "+":
            costs = sides[j] * sign_of(corners.residuals[i]) < 0
        elif sides[j] == side:
            costs = (None, i) in found
        elif (None, i) in found:
            costs = False
        elif corners.totals[i]:
            return None
        else:
            costs = False
        found += [(j, i)] if costs else []
    return found


@dataclass(frozen=True, eq=False)
class _Copies(FurtherUnit):
    """What copies of a unit add to f where they leave a kink on both sides; v is one number.

    Parameters
    ----------
    site : int
    """

    site: int = 0

    @cached_property
    def shifts(self) -> list[Vector]:
        """By site, as forms of v."""
        return [(fmpq(self.side * (i == self.site)),) for i in self.corners.seen]


@dataclass(frozen=True, eq=False)
class _Sum:
    """What units gain at most with one answer of kinks, an affine function of shares.

    Parameters
    ----------
    corners : Corners
    corner : tuple of vectors
    keys : list of Key
        Of the shares: slopes between 0 and an end.
    tie : (str, int), optional
        Signs of the units that may gain what they cost, and of their outputs.
    """

    corners: Corners
    corner: tuple[Vector, ...]
    keys: list[Key]
    tie: tuple[str, int] | None

    def is_small(self) -> bool:
        """Return whether shares are found with which each unit gains less than it costs."""
        rows, sides = self._ranges()
        forms = [*map(self._form, self._parts())]
        for _ in range(CUTS):
            best = highest_point(rows, sides)
            if best is None or best[-1] < ROOM:
                return False
            cuts = [cut for form in forms if (cut := self._cut(form, best[:-1])) is not None]
            over = [
                (row[:-1] @ best[:-1] - side + row[-1] * ROOM / 2, row, side) for row, side in cuts
            ]
            excess, row, side = max(over, key=lambda cut: cut[0], default=(-1.0, None, None))
            if excess < NEGLIGIBLE:
                return True
            rows, sides = np.vstack([rows, row]), np.append(sides, side)
        return False

    @cached_property
    def _cost(self) -> float:
        ridge = float(arb(self.corners.network.problem.effective_ridge))
        return ridge / _rounded_off(self.corners.square) ** 0.5

    def _ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the inequalities of shares and of a margin, rows @ unknowns <= sides."""
        size = len(self.keys)
        rows, sides = [np.eye(size + 1)[size]], [1.0]
        for k, (j, i) in enumerate(self.keys):
            nested = j is not None and (None, i) in self.keys
            source = self.corners.totals if j is None or nested else self.corners.residuals
            end = _rounded_off(source[i])
            low, high = np.zeros((2, size + 1))
            low[k], high[k] = -np.sign(end), np.sign(end)
            if nested:
                high[self.keys.index((None, i))] = -np.sign(end)
            rows += [low, high]
            sides += [0.0, 0.0 if nested else abs(end)]
        return np.array(rows), np.array(sides)

    def _parts(self) -> Iterator[Part]:
        """Yield the parts of all faces that matter, and what copies add at kinks."""
        corners = self.corners
        for j, i in corners.below:
            unit = _Copies(corners, "", corners.sides[j + 1], self.corner, i)
            yield Part(unit, {line: sign_of(line[0]) for line in unit.kinks if line[0]})
        yield from corners.parts_at(self.corner, self._is_attached)

    def _is_attached(self, signs: str, side: int) -> bool:
        """Whether units of a face count as copies of a live one, but for its kinks."""
        rows = ([row[i] for i in self.corners.seen] for row in self.corners.lower)
        return any(
            s == side and all(x in ("0", y) for x, y in zip(row, signs, strict=True))
            for row, s in zip(rows, self.corners.sides[1:], strict=True)
        )

    def _form(self, part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, float]:
        """Return the best direction, affine in shares, and the forms that are positive there."""
        flat = _rounded_table(part.flat)
        fixed, shared = part.split_terms(self.keys)
        best = sum(
            (_rounded_off(x) * _rounded_table([line])[0] for x, line in fixed), np.zeros(len(flat))
        )
        lines = _rounded_table(shared).reshape(-1, len(flat))
        marked = [[x * mark for x in line] for line, mark in part.marks.items() if mark]
        inside = None if isinstance(part.unit, _Copies) else _rounded_table(marked)
        room = 0.0 if (part.unit.signs, part.unit.side) == self.tie else self._cost
        return flat @ best, lines @ flat.T, inside, room

    def _cut(self, form: tuple, shares: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Return the inequality of unknowns that some shares contradict most; None without any."""
        fixed, lines, inside, room = form
        best = fixed + shares @ lines
        if inside is None:
            return np.append(lines[:, 0], room), -fixed[0]
        length = np.sqrt(best @ best)
        if not length or (inside @ best < NEGLIGIBLE).any():
            return None
        towards = best / length
        return np.append(lines @ towards, room), self._cost - fixed @ towards


def _rounded_off(value: object) -> float:
    return float(as_ball(BITS, value).mid())


def _rounded_table(table: object) -> np.ndarray:
    return np.array([[float(arb(x)) for x in line] for line in table])
