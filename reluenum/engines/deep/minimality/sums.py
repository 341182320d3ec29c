"""Several further units beside any kinks of widths (m, 1): what each adds at most (Lemma D74).

Slopes are looked for in doubles; that they suffice is decided exactly.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, fmpq

from reluenum.algebra.linear import Vector, row_space
from reluenum.engines.deep.cells.programs import highest_point
from reluenum.engines.deep.minimality.corners import Corners, FurtherUnit, Part, as_ball
from reluenum.engines.deep.systems.networks import sign_of, sum_of

BITS = 64

SHARE_BITS = 40
"""Shares are multiples of this power of 1/2."""

INWARDS = 1e-6
"""By which part of their ranges shares are moved towards the middles of these."""

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
    keys, ties = shares_of(corners), {(part.unit.signs, part.unit.side) for part in corners.tied}
    if keys is None or len(ties) > 1 or not all(_is_line(corners, signs) for signs, _ in ties):
        return False
    sums = (Sum(corners, corner, keys, next(iter(ties), None)) for corner in corners.corners)
    return all((shares := one.found()) is not None and one.holds(shares) for one in sums)


def _is_line(corners: Corners, signs: str) -> bool:
    """Whether the units of a face are multiples of one."""
    seen = zip(corners.seen, signs, strict=True)
    zeros = [corners.rows[i] for i, sign in seen if sign == "0"]
    return len(row_space(zeros)) == len(corners.rows[0]) - 1 if zeros else False


def shares_of(corners: Corners) -> list[Key] | None:
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
class _Capped(Part):
    """A part of a face on which what a unit gains at most is linear, for given shares.

    Parameters
    ----------
    shares : mapping
    """

    shares: Mapping[Key, fmpq] = field(default_factory=dict)

    @cached_property
    def terms(self) -> list[tuple[Any, Vector]]:
        """What is gained at most, a form of v."""
        fixed, shared = self.split_terms(tuple(self.shares))
        return [*fixed, *zip(self.shares.values(), shared, strict=True)]


@dataclass(frozen=True, eq=False)
class Sum:
    """What units gain at most with one answer of kinks, an affine function of shares.

    Parameters
    ----------
    corners : Corners
    corner : tuple of vectors
    every : list of Key
        Of the shares: slopes between 0 and an end.
    tie : (str, int), optional
        Signs of the units that may gain what they cost, and of their outputs.
    """

    corners: Corners
    corner: tuple[Vector, ...]
    every: list[Key]
    tie: tuple[str, int] | None

    def holds(self, shares: Mapping[Key, fmpq]) -> bool:
        """Whether, with shares in their ranges, each unit and each copy gains less than it costs.

        Exactly; units of a tie may gain what they cost.
        """
        capped = (_Capped(part.unit, part.marks, shares) for part in self.parts)
        return all(self._is_inside(k, shares) for k in shares) and all(map(self._is_small, capped))

    def _is_small(self, part: Part) -> bool:
        if isinstance(part.unit, _Copies):
            return sign_of(sum_of(((x, line[0]) for x, line in part.terms), fmpq(0))) == -1
        return part.gain() in ((0, -1) if self._is_tied(part) else (-1,))

    def _is_inside(self, key: Key, shares: Mapping[Key, fmpq]) -> bool:
        """Whether a share is between 0 and its end."""
        share, end = shares[key], self._end(key, shares)
        beyond = sign_of(sum_of([(end, fmpq(-1))], share))
        return share == 0 or (sign_of(share) == sign_of(end) and beyond in (0, -sign_of(end)))

    def _end(self, key: Key, shares: Mapping[Key, fmpq]) -> Any:
        """Return the end of the range of a share that is not 0."""
        j, i = key
        if j is not None and (None, i) in shares:
            return shares[None, i]
        return (self.corners.totals if j is None else self.corners.residuals)[i]

    def _is_tied(self, part: Part) -> bool:
        unit = part.unit
        return not isinstance(unit, _Copies) and (unit.signs, unit.side) == self.tie

    @cached_property
    def known(self) -> dict[Key, fmpq]:
        """The shares without which the bound of a unit in a tie is above its gain."""
        tied = [p for p in self.corners.tied if p.unit.corner == self.corner and self._is_tied(p)]
        gone = {key for key in self.every if any(self._turn(part, *key) < 0 for part in tied)}
        gone |= {(j, i) for j, i in self.every if (None, i) in gone}
        above = [(j, i) for j, i in self.every if j is None]
        whole = [key for key in above if any(self._turn(part, *key) > 0 for part in tied)]
        return dict.fromkeys(gone, fmpq(0)) | {key: self.corners.totals[key[1]] for key in whole}

    def _turn(self, part: Part, j: int | None, site: int) -> int:
        """Return whether a kink becomes positive (1) or negative (-1) with a part."""
        corners, on = self.corners, part.on
        form = corners.above(site, on) if j is None else corners.form(site, [j], 0)
        mark = part.mark(part.unit.along(form, site if j is None else None))
        return mark * corners.sides[0 if j is None else j + 1]

    @cached_property
    def keys(self) -> list[Key]:
        """Those of the shares that are to be found."""
        return [key for key in self.every if key not in self.known]

    @cached_property
    def parts(self) -> list[Part]:
        """The parts of all faces that matter, and what copies add at kinks."""
        return list(self._parts())

    def found(self) -> dict[Key, fmpq] | None:
        """Return shares with which, in doubles, each unit gains less than it costs, if any."""
        rows, sides = self._ranges()
        forms = [self._form(part) for part in self.parts if not self._is_tied(part)]
        for _ in range(CUTS):
            best = highest_point(rows, sides)
            if best is None or best[-1] < ROOM:
                return None
            cuts = [cut for form in forms if (cut := self._cut(form, best[:-1])) is not None]
            over = [
                (row[:-1] @ best[:-1] - side + row[-1] * ROOM / 2, row, side) for row, side in cuts
            ]
            excess, row, side = max(over, key=lambda cut: cut[0], default=(-1.0, None, None))
            if excess < NEGLIGIBLE:
                return self._rounded_shares(best[:-1])
            rows, sides = np.vstack([rows, row]), np.append(sides, side)
        return None

    def _rounded_shares(self, shares: np.ndarray) -> dict[Key, fmpq]:
        """Return shares as fractions, a little inside of their ranges."""
        found: dict[Key, fmpq] = dict(self.known)
        for key, x in sorted(zip(self.keys, shares.tolist(), strict=True), key=_below_last):
            middle = _rounded_off(self._end(key, found)) / 2
            inside = x + INWARDS * (middle - x)
            found[key] = fmpq(round(inside * 2**SHARE_BITS), 2**SHARE_BITS)
        return found

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
            end = _rounded_off(self.corners.totals[i] if nested else self._end((j, i), self.known))
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

    def _form(self, part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return the best direction, affine in shares, and the forms that are positive there."""
        flat = _rounded_table(part.flat)
        fixed, shared = part.split_terms(self.every)
        lines = dict(zip(self.every, shared, strict=True))
        fixed += [(share, lines[key]) for key, share in self.known.items()]
        best = sum(
            (_rounded_off(x) * _rounded_table([line])[0] for x, line in fixed), np.zeros(len(flat))
        )
        free = _rounded_table([lines[key] for key in self.keys]).reshape(-1, len(flat))
        marked = [[x * mark for x in line] for line, mark in part.marks.items() if mark]
        inside = None if isinstance(part.unit, _Copies) else _rounded_table(marked)
        return flat @ best, free @ flat.T, inside

    def _cut(self, form: tuple, shares: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Return the inequality of unknowns that some shares contradict most; None without any."""
        fixed, lines, inside = form
        best = fixed + shares @ lines
        if inside is None:
            return np.append(lines[:, 0], self._cost), -fixed[0]
        length = np.sqrt(best @ best)
        if not length or (inside @ best < NEGLIGIBLE).any():
            return None
        towards = best / length
        return np.append(lines @ towards, self._cost), self._cost - fixed @ towards


def _below_last(pair: tuple[Key, float]) -> bool:
    """Shares of kinks above come first: those of nested ones have these as their ends."""
    return pair[0][0] is not None


def _rounded_off(value: object) -> float:
    return float(as_ball(BITS, value).mid())


def _rounded_table(table: object) -> np.ndarray:
    return np.array([[float(arb(x)) for x in line] for line in table])
