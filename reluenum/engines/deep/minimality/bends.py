"""The second order of the loss of towers (m, 1), reduced to the squares T and X (section D5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

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
        ridge = arb(self.problem.effective_ridge)
        size = len(self.problem.sites[0].row)
        values, spread = self._solved(squares, X)
        along = arb_mat(len(squares) + 1, len(values))
        for j in range(len(squares)):
            for k in range(j * size, (j + 1) * size):
                along[j, k] = values[k]
        along[len(squares), len(values) - 1] = values[-1]
        found = matrix_of(along * spread * along.transpose()) * (2 / (ridge * ridge))
        found[:-1, -1] -= ridge / (X * X)
        found[-1, :-1] -= ridge / (X * X)
        found[-1, -1] += 2 * ridge * sum(squares, arb(0)) / (X * X * X)
        return found

    def gradient(self, squares: Sequence[arb], X: arb) -> list[arb]:
        """Return the derivatives by T and X."""
        ridge, size = arb(self.problem.effective_ridge), len(self.problem.sites[0].row)
        values, _ = self._solved(squares, X)
        blocks = (values[k : k + size] for k in range(0, len(values) - 1, size))
        total = sum(squares, arb(0))
        last = ridge * (1 - total / (X * X)) - values[-1] * values[-1] / ridge
        return [*(ridge / X - sum(v * v for v in block) / ridge for block in blocks), last]

    def third(self, squares: Sequence[arb], X: arb) -> arb:
        """Return the third derivative by X along T(X), where the derivatives by T are 0.

        Raises
        ------
        ZeroDivisionError
            If T(X) may have no derivative.
        """
        ridge, size = arb(self.problem.effective_ridge), len(self.problem.sites[0].row)
        form, (values, spread) = self.hessian(squares, X), self._solved(squares, X)
        inner, cross = arb_mat(form[:-1, :-1].tolist()), arb_mat(form[:-1, -1:].tolist())
        speeds = [-rate for rate in inner.solve(cross).entries()]
        along = [s / ridge for s in speeds for _ in range(size)] + [1 / ridge]
        turned = arb_mat([[v * a] for v, a in zip(values, along, strict=True)])
        moved = (spread * turned).entries()
        again = arb_mat([[v * a] for v, a in zip(moved, along, strict=True)])
        fit = -6 * (turned.transpose() * spread * again)[0, 0]
        total, cube = sum(squares, arb(0)), X * X * X
        return fit + ridge * (6 * sum(speeds, arb(0)) / cube - 6 * total / (cube * X))

    def _solved(self, squares: Sequence[arb], X: arb) -> tuple[list[arb], arb_mat]:
        """Return all Gamma_j and S, and how they answer to what is added to the targets."""
        ridge, size = arb(self.problem.effective_ridge), len(self.problem.sites[0].row)
        stack = arb_mat(fmpq_mat([self.form(i) for i in self.columns]).transpose())
        weights = [t / ridge for t in squares for _ in range(size)] + [X / ridge]
        pairs = zip(stack.tolist(), weights, strict=True)
        matrix = stack.transpose() * arb_mat([[x * w for x in line] for line, w in pairs])
        targets = []
        for k, i in enumerate(self.columns):
            on = self.upper[i] == "+"
            matrix[k, k] += 1 / arb(self.problem.sites[i].count) if on else arb(0)
            targets.append([arb(self.problem.means[i]) if on else arb(0)])
        inverse = matrix.inv()
        values = (stack * inverse * arb_mat(targets)).entries()
        return values, stack * inverse * stack.transpose()

    def is_double(self, squares: Sequence[fmpq], X: fmpq) -> bool:
        """Whether the gradient and the determinant of the Hessian are 0, exactly."""
        ridge, size = self.problem.effective_ridge, len(self.problem.sites[0].row)
        stack = fmpq_mat([self.form(i) for i in self.columns]).transpose()
        weights = [t / ridge for t in squares for _ in range(size)] + [X / ridge]
        lines = stack.tolist()
        scaled = fmpq_mat([[x * w for x in line] for line, w in zip(lines, weights, strict=True)])
        matrix, targets = stack.transpose() * scaled, []
        for k, i in enumerate(self.columns):
            on = self.upper[i] == "+"
            matrix[k, k] += fmpq(int(on), self.problem.sites[i].count)
            targets.append([self.problem.means[i] if on else fmpq(0)])
        if not matrix.det():
            return False
        inverse = matrix.inv()
        values = (stack * inverse * fmpq_mat(targets)).entries()
        ends = [*range(0, len(lines), size), len(lines)]
        parts = [(low, high) for low, high in pairwise(ends)]
        lengths = [dot(values[low:high], values[low:high]) for low, high in parts]
        total = sum(squares, fmpq(0))
        if any(length * X != ridge * ridge for length in lengths[:-1]):
            return False
        if X * X * (ridge * ridge - lengths[-1]) != total * ridge * ridge:
            return False
        along = fmpq_mat(len(parts), len(lines))
        for j, (low, high) in enumerate(parts):
            for k in range(low, high):
                along[j, k] = values[k]
        spread = stack * inverse * stack.transpose()
        form = along * spread * along.transpose() * (2 / (ridge * ridge))
        last = len(parts) - 1
        for j in range(last):
            form[j, last] -= ridge / (X * X)
            form[last, j] -= ridge / (X * X)
        form[last, last] += 2 * ridge * total / (X * X * X)
        return not form.det()

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
