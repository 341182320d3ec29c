"""What is exactly known of a residual without a number field: it lies in an affine space."""

from collections.abc import Sequence
from functools import cache

from flint import fmpq, fmpq_mat

from ..exact import Forms, null_space, row_space
from .sites import Crease, Remover, Sites, Support


class Space:
    """Forces `origin` + `moves` times any numbers, exactly."""

    def __init__(self, origin: fmpq_mat, moves: fmpq_mat) -> None:
        self.origin, self.moves = origin, moves
        self.constants = cache(self._constants)

    @classmethod
    def around(cls, sites: Sites, support: Support, remover: Remover) -> "Space":
        """Claim 276: r_S is one of all R_S(y - sum X_F b_F) (Lemma 101)."""
        rows = [[fmpq(0)] * sites.size]
        for place in support:
            values = remover.forces.exact * sites.creases[place].values.exact
            rows += values.transpose().tolist()
        return cls(remover.pulls, row_space(rows).transpose())

    def _constants(self, forms: Forms) -> list[fmpq | None]:
        """Claim 277: the values of forms that are the same everywhere, None for others."""
        values, moved = forms.exact * self.origin, (forms.exact * self.moves).tolist()
        pairs = zip(values.entries(), moved, strict=True)
        return [None if any(row) else value for value, row in pairs]

    def within(self, form: Sequence[fmpq]) -> "Space":
        """Return the part where a form is 0, which is not empty."""
        row = fmpq_mat([list(form)])
        slopes, value = row * self.moves, (row * self.origin)[0, 0]
        k = next(k for k, slope in enumerate(slopes.entries()) if slope)
        column = fmpq_mat([[x] for x in (line[k] for line in self.moves.tolist())])
        return Space(self.origin - column * (value / slopes[0, k]), self.moves * null_space(slopes))

    def likeness(self, one: Crease, other: Crease) -> int:
        """Claim 278: 1 or -1 if two u are equal everywhere, or opposite (Lemma 101); else 0."""
        for side in (1, -1):
            if set(self.constants(self._difference(one, other, side))) == {fmpq(0)}:
                return side
        return 0

    def _difference(self, one: Crease, other: Crease, side: int) -> Forms:
        return Forms(one.u.exact - other.u.exact * side)

    def factored(
        self, one: Crease, other: Crease, side: int
    ) -> tuple[list[fmpq], list[fmpq]] | None:
        """Claim 279: h and d if u - s u' = h d everywhere, h not being constant (Lemma 101)."""
        table = self._difference(one, other, side).exact
        on_space = (table * self.origin).tolist(), (table * self.moves).tolist()
        rows = [a + b for a, b in zip(*on_space, strict=True)]
        lead = next((row for row in rows if any(row[1:])), None)
        if lead is None or fmpq_mat(rows).rank() > 1:
            return None
        k = next(k for k, x in enumerate(lead) if x)
        return table.tolist()[rows.index(lead)], [row[k] / lead[k] for row in rows]
