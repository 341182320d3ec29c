"""The signs of all units at all sites that states of a stratum lead to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from flint import arb, fmpq

from ..deep.sites import Row
from ..reals import dot, sign
from .strata import Spire
from .systems import State


@dataclass(frozen=True)
class Signs:
    """Pre-activations times all weights above, at all states of a box in which all T > 0.

    Where the signs of the stratum do not matter the true ones decide, as far as they are known.
    """

    spire: Spire
    state: State

    @cached_property
    def along(self) -> list[list[arb]]:
        """The numbers w_j . x of each unit at all sites."""
        spire, sites = self.spire, self.spire.sites
        found = [[dot(w, row) for row in sites.rows] for w in self.state.weights]
        for j, i in product(spire.units, range(sites.size)):
            if self.state.system.is_null(self._along_form(j, i)):
                found[j][i] = arb(0)
        return found

    def _along_form(self, j: int, site: int) -> list[fmpq]:
        frame = self.state.frame
        form = [fmpq(0)] * (len(self.state.squares) * frame.depth + 2)
        form[frame.block(j)] = self.spire.sites.rows[site]
        return form

    @cached_property
    def lower(self) -> list[list[int]]:
        """The signs that the product of the weights above each unit of layer 1 can have."""
        rows = zip(self.spire.lower, self.along, strict=True)
        return [_sides(row, self.spire.relevant, values) for row, values in rows]

    @cached_property
    def middle(self) -> list[arb | None]:
        """The same for layer 2, at all sites; None where it depends on signs that are not known."""
        spire, (bias, _) = self.spire, self.state.biases
        kinks = {i for kink in spire.kinks if kink.layer == 2 for i in kink.places}
        found: list[arb | None] = []
        for i in range(spire.sites.size):
            parts = [self._passed(j, i) for j in spire.units]
            known = all(part is not None for part in parts)
            found.append(arb(0) if i in kinks else sum(parts, bias) if known else None)
        return found

    def _passed(self, j: int, site: int) -> arb | None:
        """Return what unit j of layer 1 passes on at a site."""
        value, (plus, _) = self.along[j][site], self.spire.lower[j]
        if self.spire.relevant >> site & 1:
            return value if plus >> site & 1 else arb(0)
        return _relu(value, self.lower[j])

    @cached_property
    def second(self) -> list[int]:
        """The signs that the product of the weights above layer 2 can have."""
        return _sides(self.spire.middle, self.spire.seen, self.middle)

    @cached_property
    def top(self) -> list[arb | None]:
        """The same for layer 3: f where that is positive."""
        _, bias = self.state.biases
        kinks = {i for kink in self.spire.kinks if kink.layer == 3 for i in kink.places}
        passed = map(self._risen, range(self.spire.sites.size))
        sums = (None if part is None else part + bias for part in passed)
        return [arb(0) if i in kinks else value for i, value in enumerate(sums)]

    def _risen(self, site: int) -> arb | None:
        """Return what layer 2 passes on at a site."""
        spire, value = self.spire, self.middle[site]
        if spire.seen >> site & 1:
            return value if spire.middle[0] >> site & 1 else arb(0)
        return None if value is None else _relu(value, self.second)

    @cached_property
    def third(self) -> list[int]:
        """The signs that the output weight can have."""
        return _sides(self.spire.top, self.spire.sites.everything, self.top)

    @property
    def wrong(self) -> bool:
        """Claim 111: some unit has signs of neither its row nor the opposite one."""
        return not all([*self.lower, self.second, self.third])

    def known(self) -> tuple[list[int], int, int] | None:
        """Claim 112: the signs of the products of weights, if it is sure that all signs are right.

        Those above each unit of layer 1, of layer 2, of layer 3.
        """
        spire = self.spire
        rows = zip(spire.lower, self.along, strict=True)
        sure = [_all_signs(row, spire.relevant, values) for row, values in rows]
        sure.append(_all_signs(spire.middle, spire.seen, self.middle))
        sure.append(_all_signs(spire.top, spire.sites.everything, self.top))
        sides = [*self.lower, self.second, self.third]
        if not all(sure) or any(len(options) != 1 for options in sides):
            return None
        *lower, second, third = (options[0] for options in sides)
        return lower, second, third

    def rows(self) -> tuple[list[Row | None], Row | None, Row | None]:
        """Return the rows of all units at all sites, None if one is not known."""
        lower = [_row(v, s) for v, s in zip(self.along, self.lower, strict=True)]
        return lower, _row(self.middle, self.second), _row(self.top, self.third)


def _wanted(row: Row, mask: int, values: Sequence[arb | None]) -> Iterable[tuple[arb | None, int]]:
    """Yield numbers with the signs that a row has where it matters and is not 0."""
    for i, value in enumerate(values):
        if mask >> i & 1 and (found := (row[0] >> i & 1) - (row[1] >> i & 1)):
            yield value, found


def _sides(row: Row, mask: int, values: Sequence[arb | None]) -> list[int]:
    """Return with which signs numbers can have those of a row."""
    found = {1, -1}
    for value, wanted in _wanted(row, mask, values):
        if value is not None and (s := sign(value)) is not None:
            found &= {s * wanted}
    return sorted(found)


def _all_signs(row: Row, mask: int, values: Sequence[arb | None]) -> bool:
    """Whether the signs of all these numbers are known."""
    return all(value is not None and sign(value) for value, _ in _wanted(row, mask, values))


def _relu(value: arb, sides: Sequence[int]) -> arb | None:
    """Return what a unit passes on of a pre-activation, both times the weights above."""
    if value == 0:
        return arb(0)
    if len(sides) != 1:
        return None
    (side,) = sides
    return side * (side * value).max(0)


def _row(values: Sequence[arb | None], sides: Sequence[int]) -> Row | None:
    """Return the signs of pre-activations."""
    signs = [None if value is None else sign(value) for value in values]
    if None in signs or len(sides) != 1:
        return None
    plus = sum(1 << i for i, s in enumerate(signs) if s == sides[0])
    minus = sum(1 << i for i, s in enumerate(signs) if s == -sides[0])
    return plus, minus
