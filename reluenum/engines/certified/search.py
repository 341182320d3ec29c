"""Approximate a support's point in high precision where doubles fail.

Badly conditioned supports have their point at the end of a valley that doubles cannot see. The
search below goes down it with a few hundred bits. It proves nothing; `certified_box` does.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from flint import arb, arb_mat, ctx, fmpq_mat

from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import Support
from reluenum.problem import Problem

BITS = 384
"""Precision of the search."""

MOST_STEPS = 300
"""Steps after which a search is given up."""

FAINT = 1e-3
"""Length, relative to the longest, from which a search starts if nothing is known of a vector."""

LONGEST = 2
"""Largest change of the logarithm of a length in one step."""


def search(problem: Problem, support: Support, lengths: Sequence[float]) -> list[arb] | None:
    """Return approximate unknowns of a support's system: coordinates of unit vectors, squares.

    Parameters
    ----------
    problem : Problem
    support : Support
        Essential.
    lengths : (m,) sequence of float
        Where to start: positive approximations of |w_l|.

    Returns
    -------
    list of arb of radius 0, or None if the search does not settle.

    Notes
    -----
    The lengths t minimise the convex function min_w 1/2 P(w, t) with
    P = e' R e + Lambda sum(|w_l|^2 / t_l + t_l), here by Newton steps in log t, made downhill by a
    term that vanishes at the minimum.
    """
    with ctx.workprec(BITS):
        valley = _Valley(problem, support)
        place = [arb(float(length)).log() for length in lengths]
        for _ in range(MOST_STEPS):
            step, slope, height = valley.step(place)
            if step is None:
                return None
            size = max(abs(entry) for entry in step)
            if size < arb(2) ** (-BITS // 3):
                return valley.unknowns([entry.exp() for entry in place])
            step = [entry * min(arb(1), arb(LONGEST) / size).mid() for entry in step]
            gain = sum(s * d for s, d in zip(slope, step, strict=True)) / 10000
            scale = arb(1)
            while scale > arb(2) ** -60:
                tried = [(p + scale * d).mid() for p, d in zip(place, step, strict=True)]
                if valley.height(tried) <= height + scale * gain:
                    break
                scale /= 2
            place = tried
        return None


class _Valley:
    """The function of the lengths that a search minimises, at the current precision."""

    def __init__(self, problem: Problem, support: Support) -> None:
        moments = Moments.of(problem)
        self.ridge = arb(problem.effective_ridge)
        self.bases = [fmpq_mat([list(vector) for vector in face.basis]) for face in support]
        self.metrics = [basis * basis.transpose() for basis in self.bases]
        self.places = np.cumsum([0, *(face.dimension for face in support)]).tolist()
        rows, target = [], []
        for face, basis in zip(support, self.bases, strict=True):
            target += (basis * fmpq_mat([[entry] for entry in moments.response(face)])).entries()
            line = [
                basis * fmpq_mat(list(map(list, moments.gram(face, other)))) * right.transpose()
                for other, right in zip(support, self.bases, strict=True)
            ]
            parts = zip(*(block.tolist() for block in line), strict=True)
            rows += [list(chain(*part)) for part in parts]
        self.matrix, self.target = arb_mat(rows), arb_mat([[entry] for entry in target])

    def _solved(self, lengths: Sequence[arb]) -> tuple[arb_mat, list[arb_mat], arb_mat]:
        """Return the coordinates of w, the vectors (metric w_l) / t_l^2, and the matrix."""
        matrix = arb_mat(self.matrix)
        for f, length in enumerate(lengths):
            for j in range(self.metrics[f].nrows()):
                for k in range(self.metrics[f].nrows()):
                    place = (self.places[f] + j, self.places[f] + k)
                    matrix[place] = matrix[place] + self.ridge * arb(self.metrics[f][j, k]) / length
        found = matrix.solve(self.target).mid()
        pulls = []
        for f, length in enumerate(lengths):
            pull = arb_mat(self.places[-1], 1)
            own = arb_mat(self.metrics[f]) * self._own(found, f)
            for j in range(self.metrics[f].nrows()):
                pull[self.places[f] + j, 0] = own[j, 0] / length**2
            pulls.append(pull)
        return found, pulls, matrix

    def _own(self, found: arb_mat, face: int) -> arb_mat:
        first, last = self.places[face], self.places[face + 1]
        return arb_mat([[found[j, 0]] for j in range(first, last)])

    def _height(self, found: arb_mat, lengths: Sequence[arb]) -> arb:
        work = (self.target.transpose() * found)[0, 0]
        return ((self.ridge * sum(lengths, start=arb(0)) - work) / 2).mid()

    def height(self, place: Sequence[arb]) -> arb:
        """Return the value of the function at logarithms of lengths."""
        lengths = [entry.exp() for entry in place]
        try:
            return self._height(self._solved(lengths)[0], lengths)
        except ZeroDivisionError:
            return arb("inf")

    def step(self, place: Sequence[arb]) -> tuple[list[arb] | None, list[arb], arb]:
        """Return a step downhill (None where there is none), the slope and the height."""
        lengths = [entry.exp() for entry in place]
        try:
            found, pulls, matrix = self._solved(lengths)
            size = len(lengths)
            slope, bend = [], arb_mat(size, size)
            answers = [matrix.solve(pull) for pull in pulls]
            for f, length in enumerate(lengths):
                own = self._own(found, f)
                square = (own.transpose() * arb_mat(self.metrics[f]) * own)[0, 0] / length**2
                slope.append((self.ridge * length * (1 - square) / 2).mid())
                for m, other in enumerate(lengths):
                    mixed = (pulls[f].transpose() * answers[m])[0, 0]
                    bend[f, m] = -(self.ridge**2) * mixed * length * other
                bend[f, f] = bend[f, f] + self.ridge * square * length + abs(slope[f])
            answer = bend.mid().solve(arb_mat([[-entry] for entry in slope]))
            return [answer[f, 0].mid() for f in range(size)], slope, self._height(found, lengths)
        except ZeroDivisionError:
            return None, [], arb(0)

    def unknowns(self, lengths: Sequence[arb]) -> list[arb]:
        """Return coordinates of the unit vectors and the squares, at the minimum."""
        found, _, _ = self._solved(lengths)
        units = [
            (found[j, 0] / length).mid()
            for f, length in enumerate(lengths)
            for j in range(self.places[f], self.places[f + 1])
        ]
        return [*units, *(length.mid() for length in lengths)]
