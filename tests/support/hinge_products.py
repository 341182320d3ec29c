"""Minima with free hidden biases on a line by brute force: convex problems over products of cells.

A unit (a, b, c) with |a| = |b| is the vector |a| (b, c) and the sign of a. On a product of closed
cells with signs the loss is convex, and a network is a local minimum iff no product that holds it
has a smaller one. A penalty on a linear part is a further data point, with the weight of the ridge,
the target 0 and the value beta. Nothing is taken from the package.
"""

from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product


def solved(matrix, right):
    """Return the solution of a square system, None if it is singular."""
    rows = [
        [*map(Fraction, row), Fraction(value)] for row, value in zip(matrix, right, strict=True)
    ]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(len(rows)):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


class Products:
    """All strata of minima: losses, with the state of each unit as (kind, sign, side, place)."""

    def __init__(self, inputs, targets, weights, ridge, width, linear="none"):
        points = {}
        for x, y, w in zip(inputs, targets, weights, strict=True):
            points.setdefault(Fraction(x), []).append((Fraction(y), Fraction(w)))
        self.x = sorted(points)
        self.w = [sum(w for _, w in points[x]) for x in self.x]
        means = {x: sum(w * y for y, w in points[x]) / sum(w for _, w in points[x]) for x in points}
        self.y = [means[x] for x in self.x]
        self.scatter = sum(w * (y - means[x]) ** 2 for x in self.x for y, w in points[x])
        self.ridge, self.width, self.known = Fraction(ridge), width, {}
        self.more = [Fraction(0)] * (linear == "ridge")
        self.w += [self.ridge for _ in self.more]
        columns = [[Fraction(1)] * len(self.x) + self.more]
        if linear != "none":
            columns.append(self.x + [Fraction(1) for _ in self.more])
        self.outer = []
        for column in columns:
            left = self.left_of(column)
            self.outer += [left] if any(left) else []

    def left_of(self, values):
        """What the output bias and the linear part leave of values."""
        for column in self.outer:
            share = self.dot(values, column) / self.dot(column, column)
            values = [a - share * b for a, b in zip(values, column, strict=True)]
        return values

    def centred(self, values):
        return self.left_of([*values, *self.more])

    def dot(self, one, other):
        return sum(w * a * b for w, a, b in zip(self.w, one, other, strict=True))

    def column(self, key):
        """The output of a generator of a cell, less its mean: a kink at an input, or a line."""
        sign, side, place = key
        if not side:
            return self.centred([sign * x for x in self.x])
        return self.centred([sign * max(side * (x - self.x[place]), Fraction(0)) for x in self.x])

    def subsets(self, columns, target, ridge):
        """Yield independent columns with positive factors, whose columns are as tight as that."""
        for size in range(len(columns) + 1):
            for chosen in combinations(range(len(columns)), size):
                gram = [[self.dot(columns[i], columns[j]) for j in chosen] for i in chosen]
                factors = solved(gram, [self.dot(columns[i], target) - ridge for i in chosen])
                if factors is not None and all(factor > 0 for factor in factors):
                    left = list(target)
                    for i, factor in zip(chosen, factors, strict=True):
                        left = [a - factor * b for a, b in zip(left, columns[i], strict=True)]
                    yield chosen, factors, left

    def least(self, keys):
        """Return the least value on a product of cells with these generators, and the residual."""
        if keys not in self.known:
            columns = [self.column(key) for key in sorted(keys)]
            self.known[keys] = next(
                (self.dot(left, left) + 2 * self.ridge * sum(factors), left)
                for _, factors, left in self.subsets(columns, self.centred(self.y), self.ridge)
                if all(self.dot(column, left) <= self.ridge for column in columns)
            )
        return self.known[keys]

    def states(self):
        """Yield each state with the closed signed cells that hold it, and its own generators."""
        last = len(self.x) - 1
        cells = {"none": [()], "all": [((1, 0, 0), (-1, 0, 0))]}
        gaps = {}
        for sign, side, place in product((1, -1), (1, -1), range(last)):
            gaps[sign, side, place] = ((sign, side, place), (sign, side, place + 1))
        for sign, side, place in product((1, -1), (1, -1), range(last + 1)):
            beside = [gaps[key] for j in (place - 1, place) if (key := (sign, side, j)) in gaps]
            beside += cells["all"] * (place == (0 if side > 0 else last))
            beside += cells["none"] * (place == (last if side > 0 else 0))
            yield ("kink", sign, side, place), beside, [(sign, side, place)]
        for (sign, side, place), own in gaps.items():
            yield ("gap", sign, side, place), [own], own
        for sign, side in product((1, -1), (1, -1)):
            yield ("line", sign, side, 0), cells["all"], [(sign * side, 0, 0)]
        yield ("inactive", 0, 0, 0), cells["none"], []
        yield ("active", 0, 0, 0), cells["all"], []
        yield ("zero", 0, 0, 0), [*gaps.values(), *cells["all"], *cells["none"]], []

    def holds(self, units, residual):
        """Whether positive weights of all generators of all units leave the residual."""
        columns = [self.column(key) for _, _, own in units for key in own]
        if any(self.dot(column, residual) != self.ridge for column in columns):
            return False
        target = [a - b for a, b in zip(self.centred(self.y), residual, strict=True)]
        vertices = [set(v) for v, _, left in self.subsets(columns, target, 0) if not any(left)]
        return bool(vertices) and set().union(*vertices) == set(range(len(columns)))

    def strata(self):
        """Return the losses and states of all strata of local minima."""
        found = set()
        for units in combinations_with_replacement(list(self.states()), self.width):
            around = product(*(cells for _, cells, _ in units))
            values = [self.least(frozenset(key for c in cells for key in c)) for cells in around]
            value, residual = values[0]
            if all(other == value for other, _ in values) and self.holds(units, residual):
                found.add((value + self.scatter, tuple(sorted(state for state, *_ in units))))
        return found
