"""The second order of the loss of towers (m, 1), reduced to the squares T and X (section D5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, arb_mat, fmpq_mat

from reluenum.algebra.forms import doubles, is_positive_definite, matrix_of
from reluenum.algebra.linear import Vector, dot, null_space, projection
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class Bend:
    """The reduced loss of a stratum at T >= 0 and X > 0.

    Parameters
    ----------
    problem : Problem
    lower : sequence of str
        Signs of units, one a site.
    upper : str
        Signs of the unit above.
    """

    problem: Problem
    lower: Sequence[str]
    upper: str

    @cached_property
    def blocks(self) -> list[list[Vector]]:
        """For each unit and site the part of its input in the flat of the unit, if it is on."""
        found, rows = [], [site.row for site in self.problem.sites]
        for signs in self.lower:
            pairs = zip(rows, signs, self.upper, strict=True)
            zeros = [row for row, sign, above in pairs if sign == "0" and above != "-"]
            flat = projection(null_space(zeros, len(rows[0])), len(rows[0]))
            found.append(
                [
                    tuple(dot(line, row) * (sign == "+") for line in flat)
                    for row, sign in zip(rows, signs, strict=True)
                ]
            )
        return found

    def form(self, site: int) -> list:
        """Return f at a site as a form of (w, B)."""
        return [*(entry for block in self.blocks for entry in block[site]), 1]

    @cached_property
    def columns(self) -> list[int]:
        """The sites where the unit above is on, and some where it is 0 that imply the others."""
        kinks = [i for i, sign in enumerate(self.upper) if sign == "0"]
        found = [i for i, sign in enumerate(self.upper) if sign == "+"]
        if kinks:
            echelon, rank = fmpq_mat([self.form(i) for i in kinks]).transpose().rref()
            lines = echelon.tolist()[:rank]
            found += [kinks[next(k for k, x in enumerate(line) if x)] for line in lines]
        return found

    def hessian(self, squares: Sequence[arb], X: arb) -> np.ndarray:
        """Return the second derivatives by T and X, in balls."""
        ridge, size = arb(self.problem.effective_ridge), len(self.problem.sites[0].row)
        stack = arb_mat(fmpq_mat([self.form(i) for i in self.columns]).transpose())
        weights = [t / ridge for t in squares for _ in range(size)] + [X / ridge]
        count = len(weights)
        scaled = arb_mat(
            [[x * w for x in line] for line, w in zip(stack.tolist(), weights, strict=True)]
        )
        fit = [
            1 / arb(self.problem.sites[i].count) if self.upper[i] == "+" else arb(0)
            for i in self.columns
        ]
        targets = [self.problem.means[i] if self.upper[i] == "+" else 0 for i in self.columns]
        matrix = stack.transpose() * scaled
        for k, entry in enumerate(fit):
            matrix[k, k] += entry
        inverse = matrix.inv()
        values = (stack * inverse * arb_mat([[arb(y)] for y in targets])).entries()
        along = arb_mat(len(squares) + 1, count)
        for j in range(len(squares)):
            for k in range(j * size, (j + 1) * size):
                along[j, k] = values[k]
        along[len(squares), count - 1] = values[-1]
        spread = stack * inverse * stack.transpose()
        found = matrix_of(along * spread * along.transpose()) * (2 / (ridge * ridge))
        found[:-1, -1] -= ridge / (X * X)
        found[-1, :-1] -= ridge / (X * X)
        found[-1, -1] += 2 * ridge * sum(squares, arb(0)) / (X * X * X)
        return found

    def grows(self, squares: Sequence[arb], X: arb) -> bool | None:
        """Whether the form is positive definite; None if it may be neither this nor negative."""
        try:
            form = self.hessian(squares, X)
        except ZeroDivisionError:  # a kink that only a unit with T = 0 is bound by
            return None
        if is_positive_definite(form):
            return True
        vector = np.array([arb(x) for x in np.linalg.eigh(doubles(form))[1][:, 0]], dtype=object)
        return False if vector @ form @ vector < 0 else None
