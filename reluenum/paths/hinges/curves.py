"""Residuals of local minima as affine functions of the ridge, and where they can be such."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise, product

from flint import fmpq, fmpq_mat, fmpq_poly
from tqdm import tqdm

from reluenum.engines.hinges.doubles import number_of_sets
from reluenum.engines.hinges.hinges import SLOPE, Hinges
from reluenum.engines.hinges.states import cells

Stretch = tuple[fmpq, fmpq]
"""Both ends of a closed interval of ridges, which may be one number."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A residual that is an affine function of the ridge of the sum of squares (Lemma 110).

    Parameters
    ----------
    hinges : Hinges
        Their ridge does not matter.
    values : (p,) tuple of fmpq_poly
        The residual at the sites.
    stretches : tuple of Stretch
        Where it may be that of a local minimum, by rising ridge, without common points.
    """

    hinges: Hinges
    values: tuple[fmpq_poly, ...]
    stretches: tuple[Stretch, ...]

    def at(self, ridge: fmpq) -> list[fmpq]:
        """Return the residual at a ridge."""
        return [value(ridge) for value in self.values]

    @cached_property
    def tilt(self) -> fmpq_poly:
        """The sum of the residual times the inputs, weighted: that of a straight line."""
        triples = zip(self.hinges.weights, self.values, self.hinges.inputs, strict=True)
        return sum((w * value * x for w, value, x in triples), fmpq_poly())

    @cached_property
    def sums(self) -> list[fmpq_poly]:
        """What hinges are tight by, u of Lemma 83: in the order of their numbers."""
        if not self.hinges.count:
            return []
        value, derivative, right = self.tilt, fmpq_poly(), []
        inputs, weights = self.hinges.inputs, self.hinges.weights
        for j in range(1, self.hinges.size - 1):
            derivative = derivative + weights[j - 1] * self.values[j - 1]
            value = value + derivative * (inputs[j] - inputs[j - 1])
            right.append(value)
        return [self.tilt, *right, *(value - self.tilt for value in right)]

    @cached_property
    def rises(self) -> list[fmpq_poly]:
        """The slope of the fit in each gap."""
        h = self.hinges
        fit = [y - r for y, r in zip(h.targets, self.values, strict=True)]
        return [(fit[j + 1] - fit[j]) / (h.inputs[j + 1] - h.inputs[j]) for j in range(h.size - 1)]

    def meets(self, other: "Curve") -> fmpq | None:
        """Return the only ridge at which two residuals are equal, None if there is none."""
        found = None
        for one, two in zip(self.values, other.values, strict=True):
            if difference := one - two:
                ridge = root_of(difference)
                if ridge is None or found not in (None, ridge):
                    return None
                found = ridge
        return found


def constant_curve(curve: Curve, ridge: fmpq) -> Curve:
    """Return the residual of a curve at a ridge, as a constant there."""
    values = tuple(fmpq_poly([value]) for value in curve.at(ridge))
    return Curve(curve.hinges, values, ((ridge, ridge),))


def root_of(line: fmpq_poly) -> fmpq | None:
    """Return the zero of an affine function, None if it has none, or nothing else.

    Examples
    --------
    >>> root_of(fmpq_poly([1, -2])), root_of(fmpq_poly([1])), root_of(fmpq_poly())
    (1/2, None, None)
    """
    return -line[0] / line[1] if line.degree() == 1 else None


def curves_over(
    hinges: Hinges, width: int, low: fmpq, high: fmpq, progress: bool = False
) -> list[Curve]:
    """Return curves, among them that of every residual of a local minimum (Lemmas 83 and 110).

    Parameters
    ----------
    hinges : Hinges
    width : int
        Number of units.
    low, high : fmpq
        The interval of ridges, of the sum of squares.
    progress : bool
        Whether to show a bar on standard error.

    Examples
    --------
    >>> from reluenum.problem import Problem
    >>> data = Problem.from_text([[x] for x in "01"], list("01"), 1, "1/8")
    >>> for curve in curves_over(Hinges.of(data), 1, fmpq(1, 8), fmpq(1)):
    ...     print(*curve.values, *curve.stretches)
    (-1/2) 1/2 (1/8, 1)
    (-1)*x x (1/8, 1/2)
    """
    constant = tuple(fmpq_poly([value]) for value in hinges.residual((), ()))
    found: dict[tuple[str, ...], tuple[tuple[fmpq_poly, ...], list[Stretch]]] = {}
    found[tuple(map(str, constant))] = constant, [(low, high)]
    for edges, slopes, stretches in _signed_sets(hinges, width, (low, high), progress):
        begin = hinges.residual(edges, [line[0] for line in slopes])
        end = hinges.residual(edges, [line[0] + line[1] for line in slopes])
        values = tuple(fmpq_poly([a, b - a]) for a, b in zip(begin, end, strict=True))
        found.setdefault(tuple(map(str, values)), (values, []))[1].extend(stretches)
    return [Curve(hinges, values, _united(pieces)) for values, pieces in found.values()]


Found = tuple[tuple[int, ...], list[fmpq_poly], list[Stretch]]


def _signed_sets(hinges: Hinges, width: int, ends: Stretch, progress: bool) -> Iterator[Found]:
    """Yield forests of hinges, their factors as functions of the ridge, and where these can be."""
    every = cells(hinges) if hinges.count else []
    with tqdm(total=number_of_sets(hinges, width), unit="set", disable=not progress) as bar:
        for number in range(1, min(width, len(every)) + 1):
            for chosen in combinations(every, number):
                yield from _of_set(hinges, chosen, ends)
                bar.update()


def _of_set(
    hinges: Hinges, chosen: Sequence[Sequence[tuple[int, int]]], ends: Stretch
) -> Iterator[Found]:
    """Yield what is left of one set of cells, with each choice of their signs."""
    edges = tuple(edge for cell in chosen for edge, _ in cell)
    if hinges.rank(edges) < len(edges):
        return
    square = fmpq_mat([[hinges.gram[e, f] for f in edges] for e in edges])
    owners = [k for k, cell in enumerate(chosen) for _ in cell]
    factors = [factor for cell in chosen for _, factor in cell]
    wanted = [
        [hinges.gains[e], *(-f * (k == owner) for k in range(len(chosen)))]
        for e, f, owner in zip(edges, factors, owners, strict=True)
    ]
    solved = square.solve(fmpq_mat(wanted)).tolist()
    lone = [len(chosen[k]) == 1 for k in owners]
    for turned in product((1, -1), repeat=len(chosen)):
        slopes = [
            (
                row[0],
                sum((sign * entry for sign, entry in zip(turned, row[1:], strict=True)), fmpq(0)),
            )
            for row in solved
        ]
        signs = [f * turned[k] for f, k in zip(factors, owners, strict=True)]
        found = _positive(slopes, signs, ends)
        if found is None:
            continue
        lines = [fmpq_poly(list(pair)) for pair in slopes]
        stretches = _bendable(hinges, edges, lines, signs, lone, found)
        if stretches:
            yield edges, lines, stretches


def _positive(
    slopes: Sequence[tuple[fmpq, fmpq]], signs: Sequence[int], ends: Stretch
) -> Stretch | None:
    """Return the closure of where all factors have their signs, None if it is empty."""
    low, high = ends
    for (constant, linear), sign in zip(slopes, signs, strict=True):
        if linear:
            root = -constant / linear
            if (linear > 0) == (sign > 0):
                low = max(low, root)
            else:
                high = min(high, root)
        elif constant * sign <= 0:
            return None
        if low >= high:
            return None
    return low, high


def _bendable(
    hinges: Hinges,
    edges: Sequence[int],
    slopes: Sequence[fmpq_poly],
    signs: Sequence[int],
    lone: Sequence[bool],
    ends: Stretch,
) -> list[Stretch]:
    """Return the part of an interval that Lemma 87(1) leaves, for hinges that are no gap's."""
    sums, targets = hinges.tails
    pairs = []
    for edge, sign, alone in zip(edges, signs, lone, strict=True):
        if alone and edge != SLOPE:
            place = hinges.place(edge)
            before, behind = (
                (
                    sum((f * sums[k][e] for e, f in zip(edges, slopes, strict=True)), fmpq_poly())
                    - targets[k]
                )
                * sign
                for k in (place - 1, place)
            )
            pairs.append((before, behind))
    return [
        stretch
        for stretch in cut(ends, (line for pair in pairs for line in pair))
        if all(_can_bend(before, behind, stretch) for before, behind in pairs)
    ]


def _can_bend(before: fmpq_poly, behind: fmpq_poly, stretch: Stretch) -> bool:
    """Whether Lemma 87(1) allows a kink, from derivatives of one sign within a stretch."""
    middle = (stretch[0] + stretch[1]) / 2
    one, other = before(middle), behind(middle)
    return one >= 0 >= other or not one or not other


def cut(ends: Stretch, lines: Iterator[fmpq_poly]) -> list[Stretch]:
    """Return an interval as points and what is between these, so that no sign changes between.

    Examples
    --------
    >>> cut((fmpq(0), fmpq(2)), iter([fmpq_poly([-1, 1]), fmpq_poly([5, 1])]))
    [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]
    """
    low, high = ends
    roots = {root for line in lines if (root := root_of(line)) is not None and low < root < high}
    return alternating(sorted({low, high} | roots))


def alternating(points: Sequence[fmpq]) -> list[Stretch]:
    """Return points and the intervals between neighbours, in order."""
    found = [(points[0], points[0])]
    for left, right in pairwise(points):
        found += [(left, right), (right, right)]
    return found


def _united(pieces: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Return the union of closed intervals as intervals without common points."""
    found: list[Stretch] = []
    for low, high in sorted(pieces):
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)
