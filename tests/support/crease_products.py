"""Losses of minima with free hidden biases by brute force: convex problems over products of cells.

A unit with |a| = |b| is the vector |a| (b, c) and the sign of a. On a product of closed cells with
signs the loss is convex; a network whose units live is a local minimum iff no product that holds
it has a smaller least value. In doubles, and nothing is taken from the package.
"""

from itertools import combinations_with_replacement, product

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_matrix

CLOSE = (1e-5, 1e-3)
"""Two distances up to which a unit counts as on a wall; where they disagree, nothing is said."""


class CreaseProducts:
    """Least values of the loss on products of signed closed cells of `width` units or fewer."""

    def __init__(self, inputs, targets, ridge, linear=False):
        self.x, self.y = np.array(inputs, dtype=float), np.array(targets, dtype=float)
        self.rows = np.c_[self.x, np.ones(len(self.x))]
        self.outer = np.c_[np.ones(len(self.x)), self.x] if linear else np.ones((len(self.x), 1))
        self.ridge, self.known = float(ridge), {}
        signs = product((False, True), repeat=len(self.x))
        self.cells = [cell for cell in signs if any(cell) and self.is_a_cell(cell)]

    def is_a_cell(self, cell):
        turned = np.where(cell, 1, -1)[:, None] * self.rows
        found = linprog(
            np.zeros(turned.shape[1]), -turned, -np.ones(len(turned)), bounds=(None, None)
        )
        return found.status == 0

    def least(self, units):
        """Return the least value with these signs and cells, and where it is attained."""
        if units not in self.known:
            self.known[units] = self._least(units)
        return self.known[units]

    def _least(self, units):
        import clarabel

        size, (n, first) = self.rows.shape[1], self.outer.shape
        last = first + len(units) * size
        total = last + len(units)
        design, walls, blocks = np.zeros((n, total)), [], []
        design[:, :first] = self.outer
        for k, (sign, cell) in enumerate(units):
            own, active = slice(first + k * size, first + (k + 1) * size), np.array(cell)
            rows = np.c_[self.x, np.zeros(n)] if all(cell) else self.rows
            design[:, own] = sign * active[:, None] * rows
            wall = np.zeros((0 if all(cell) else n, total))
            wall[:, own] = np.where(active, -1, 1)[:, None] * self.rows if len(wall) else 0
            walls.append(wall)
            block = np.zeros((size, total))
            block[0, last + k] = -1
            block[1:, own] = -np.eye(size)[:-1]
            blocks.append(block)
        price = -2 * design.T @ self.y
        price[last:] += 2 * self.ridge
        walls = np.vstack(walls)
        cones = [clarabel.NonnegativeConeT(len(walls))]
        cones += [clarabel.SecondOrderConeT(size) for _ in units]
        table = np.vstack([walls, *blocks])
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
        square = csc_matrix(np.triu(2 * design.T @ design))
        problem = square, price, csc_matrix(table), np.zeros(len(table)), cones, settings
        found = clarabel.DefaultSolver(*problem).solve()
        vectors = np.array(found.x)[first:last].reshape(len(units), size)
        return found.obj_val + self.y @ self.y, vectors

    def _around(self, unit, vector, close):
        """Return the signed cells that hold a unit."""
        sign, cell = unit
        if all(cell):  # its c may be as large as one likes
            return [unit]
        heights = self.rows @ vector / np.linalg.norm(vector[:-1])
        far = np.abs(heights) >= close
        return [
            (sign, other)
            for other in self.cells
            if not (far & ((heights > 0) != np.array(other))).any()
        ]

    def losses(self, width):
        """Return the losses of minima, and those of networks of which nothing is said."""
        left = self.y - self.outer @ np.linalg.lstsq(self.outer, self.y, rcond=None)[0]
        found, doubtful = [float((left**2).sum())], []
        signed = list(product((1, -1), self.cells))
        for number in range(1, width + 1):
            for units in combinations_with_replacement(signed, number):
                value, vectors = self.least(units)
                sizes = np.linalg.norm(vectors[:, :-1], axis=1)
                if sizes.min() < 1e-6:
                    continue
                good = {self._is_least(units, value, vectors, close) for close in CLOSE}
                if len(good) == 2 or sizes.min() < 1e-3:
                    doubtful.append(value)
                elif good == {True}:
                    found.append(value)
        return found, doubtful

    def _is_least(self, units, value, vectors, close):
        around = (self._around(*pair, close) for pair in zip(units, vectors, strict=True))
        products = (tuple(sorted(chosen, reverse=True)) for chosen in product(*around))
        return all(self.least(one)[0] > value - 1e-7 * (1 + abs(value)) for one in products)
