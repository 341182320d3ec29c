"""Records of strata of towers in floats, to put before the checker: what a solver would propose."""

import numpy as np

from reluenum.verify.deep.strata import Stratum
from reluenum.verify.deep.towers import Upper


class Floats:
    """The inner problem of a stratum in doubles: least loss over T >= 0 at fixed X."""

    def __init__(self, stratum: Stratum):
        sites, upper = stratum.sites, Upper(stratum.sites, stratum.upper)
        self.basis = upper.independent(stratum.lower)
        self.upper, self.lower, self.ridge = upper, stratum.lower, float(sites.ridge)
        self.columns = upper.positive + upper.kinks
        maps = [np.array([[float(x) for x in r] for r in upper.gamma(f).tolist()]) for f in self.lower]
        self.maps = [m[:, self.columns] for m in maps]
        self.stack = np.array(self.maps)
        self.grams = [m.T @ m / self.ridge for m in self.maps]
        counts = [float(sites.copies[i]) for i in upper.positive]
        self.counts = np.array(counts)
        zeros = [0.0] * len(upper.kinks)
        self.y = np.array([float(sites.means[i]) for i in upper.positive] + zeros)
        self.base = np.diag([1 / c for c in counts] + zeros)
        self.top = max(
            sum(c * y * y for c, y in zip(counts, self.y) if s * y > 0) / (4 * self.ridge)
            for s in (1, -1)
        )

    def state(self, squares, x):
        grams = sum((t * g for t, g in zip(squares, self.grams)), self.base)
        matrix = grams + x / self.ridge
        inverse = np.linalg.inv(matrix + 1e-15 * np.eye(len(matrix)) * np.abs(matrix).max())
        return inverse, inverse @ self.y

    def minimiser(self, x):
        """Newton's method for 1 / |Gamma_j| = sqrt(X) / ridge, which is nearly linear in T."""
        squares = np.zeros(len(self.maps))
        for _ in range(60):
            inverse, rho = self.state(squares, x)
            gammas = self.stack @ rho
            size = np.linalg.norm(gammas, axis=1)
            k = np.einsum("jd,jdn->jn", gammas, self.stack)
            free = (squares > 0) | (size * np.sqrt(x) > self.ridge * (1 + 1e-13))
            matrix = np.eye(len(squares))
            slopes = (k @ inverse @ k.T) / self.ridge / size[:, None] ** 3
            matrix[np.ix_(free, free)] = slopes[np.ix_(free, free)]
            step = np.linalg.solve(matrix, np.where(free, np.sqrt(x) / self.ridge - 1 / size, 0))
            moved = np.maximum(squares + step, 0)
            done = (np.abs(moved - squares) <= 1e-14 * moved).all()
            squares = moved
            if done:
                break
        return squares

    def total(self, squares, x):
        rho = self.state(squares, x)[1]
        return squares.sum() + (x * rho.sum() / self.ridge) ** 2

    def lowest(self):
        """An X up to which w = 0 is the minimiser, by the largest |Gamma_j| there."""
        counts, y = self.counts, self.y[: len(self.counts)]
        n = len(counts)
        if self.upper.kinks:
            rho = np.concatenate([counts * y, np.zeros(len(self.upper.kinks))])
            rhos = [rho.copy() for _ in self.upper.kinks]
            for k, r in enumerate(rhos):
                r[n + k] = -(counts * y).sum()
            worst = min(max(np.linalg.norm(m @ r) for m in self.maps) for r in rhos)
            return min((self.ridge / worst) ** 2, 4 * self.top) * 0.999
        x = self.top
        while True:
            level = (counts * y).sum() / (counts.sum() + self.ridge / x)
            ends = [counts * y, counts * (y - level)]
            worst = max(np.linalg.norm(m @ r) for m in self.maps for r in ends)
            if worst < self.ridge / np.sqrt(x):
                return x
            x *= 0.9

    def record(self, width=1e-3):
        """Steps and blocks that cover (0, top]."""
        low = self.lowest()
        items, m = [[0, low, low, *[0.0] * len(self.maps)]], len(self.maps)
        if low >= self.top:
            return items
        grid = np.geomspace(low, self.top * (1 + 1e-9), 60)
        squares = [self.minimiser(x) for x in grid]
        signs = [np.sign(x * x - self.total(t, x)) for x, t in zip(grid, squares)]
        cuts = [low]
        for k in range(len(grid) - 1):
            if signs[k] != signs[k + 1]:
                a, b = grid[k], grid[k + 1]
                for _ in range(60):
                    c = np.sqrt(a * b)
                    a, b = (c, b) if np.sign(c * c - self.total(self.minimiser(c), c)) == signs[k] else (a, c)
                size, t = width, self.minimiser(a)
                while not np.allclose(self.minimiser(a * (1 - size)), t, rtol=0.1, atol=0) and size > 1e-9:
                    size /= 4
                items.append([a * (1 - size), a * (1 + size), a, *t])
                cuts += [a * (1 - size), a * (1 + size)]
        cuts.append(self.top * (1 + 1e-9))
        for a, b in zip(cuts[::2], cuts[1::2]):
            a, b = a * (1 - 1e-7), b * (1 + 1e-7)
            x = b
            up = np.sign(x * x - self.total(self.minimiser(x), x)) < 0
            x = a if up else b
            for _ in range(300):
                if (x >= b) if up else (x <= a):
                    break
                t = self.minimiser(x)
                items.append([x, *t])
                x = np.sqrt(self.total(t, x)) * (1 - 1e-8 if up else 1 + 1e-8)
        return [list(map(float, item)) for item in items]
