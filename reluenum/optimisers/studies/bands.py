"""Passes as one finds them in practice: a string of networks between two minima, pulled tight.

The string method [1]_: the images between two minima move downhill, across the string only, and
are spread evenly again after every step. Where it comes to rest, it runs along the bottom of a
valley over a pass, though not always the lowest one; so several strings are tried. What they
propose is measured exactly: between two neighbouring images the loss, as a function of the unit
states (s, z) = (sign a, |a| v), is convex on each piece between walls, so that its maximum along
the broken line is at an image or at a wall. It is never below the barrier (Theorem G).

References
----------
.. [1] E, Ren and Vanden-Eijnden, J. Chem. Phys. 126 (2007) 164103.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.linear import Vector, dot
from reluenum.basins.passes import loss_of_states
from reluenum.optimisers.networks import Networks, Objective
from reluenum.optimisers.steps import ADAM_RATE, decay
from reluenum.problem import Problem

TINY = float(np.finfo(float).tiny)

NEAR = 1e-9
"""Points this near to the highest one in doubles, relative to it, are compared exactly."""


@dataclass(frozen=True)
class StringMethod:
    """Strings of networks that are pulled tight, by steps like those of Adam.

    Parameters
    ----------
    images : int
        On each string, ends included.
    steps : int
    """

    images: int = 33
    steps: int = 2000

    def __call__(self, objective: Objective, strings: np.ndarray) -> np.ndarray:
        """Return the strings, (P, K, N), at which some others, (P, J, N), come to rest."""
        theta = evenly(strings, self.images)
        inner = theta[:, 1:-1]
        mean, square = np.zeros_like(inner), np.zeros((*inner.shape[:2], 1))
        length = ADAM_RATE * objective.parameter_size
        for step in range(self.steps):
            flat = theta[:, 1:-1].reshape(-1, theta.shape[2])
            slopes = objective.evaluate(flat)[1].reshape(inner.shape)
            along = theta[:, 2:] - theta[:, :-2]
            along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), TINY)
            slopes -= (slopes * along).sum(axis=2, keepdims=True) * along
            mean = 0.9 * mean + 0.1 * slopes
            square = 0.99 * square + 0.01 * (slopes**2).mean(axis=2, keepdims=True)
            first = mean / (1 - 0.9 ** (step + 1))
            second = np.sqrt(square / (1 - 0.99 ** (step + 1)))
            theta[:, 1:-1] -= decay(step, self.steps) * length * first / (second + 1e-8)
            theta = evenly(theta, self.images)
        return theta


def evenly(strings: np.ndarray, images: int) -> np.ndarray:
    """Return so many images at equal distances along each broken line, (P, J, N).

    Examples
    --------
    >>> evenly(np.array([[[0.0], [3.0], [4.0]]]), 5)[0, :, 0].tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    lengths = np.linalg.norm(np.diff(strings, axis=1), axis=2)
    reach = np.concatenate([np.zeros((len(strings), 1)), np.cumsum(lengths, axis=1)], axis=1)
    wanted = reach[:, -1:] * np.linspace(0, 1, images)
    part = (reach[:, None, 1:-1] <= wanted[:, :, None]).sum(axis=2)
    start = np.take_along_axis(reach, part, axis=1)
    span = np.take_along_axis(lengths, part, axis=1)
    share = np.divide(wanted - start, span, out=np.zeros_like(span), where=span > 0)[..., None]
    low = np.take_along_axis(strings, part[..., None], axis=1)
    high = np.take_along_axis(strings, part[..., None] + 1, axis=1)
    found = low + share * (high - low)
    found[:, [0, -1]] = strings[:, [0, -1]]
    return found


def first_strings(
    objective: Objective,
    start: np.ndarray,
    stop: np.ndarray,
    bends: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return broken lines, (P, 4, N), between two networks, to begin with.

    For each order of the units of the last network: the straight line; for each unit a line on
    which it dies and is born again; and some lines that are bent at random.

    Parameters
    ----------
    objective : Objective
    start, stop : (N,) arrays
        Parameters of the networks.
    bends : int
        Number of bent lines for each order.
    generator : numpy.random.Generator
    """
    width, first = objective.problem.width, objective.unpack(start[None])
    last = objective.unpack(stop[None])
    ramp = np.linspace(0, 1, 4)[:, None]
    lines = []
    for order in map(list, permutations(range(width))):
        moved = replace(last, weights=last.weights[:, order], units=last.units[:, order])
        straight = start + ramp * (objective.pack(moved) - start)
        lines.append(straight)
        for unit in range(width):
            weights = np.repeat([first.weights[0], moved.weights[0]], 2, axis=0)
            units = np.repeat([first.units[0], moved.units[0]], 2, axis=0)
            weights[1:3, unit], units[1:3, unit] = 0, 0
            bias = np.repeat([first.bias[0], moved.bias[0]], 2)
            linear = np.repeat([first.linear[0], moved.linear[0]], 2, axis=0)
            lines.append(objective.pack(Networks(weights, units, bias, linear)))
        for _ in range(bends):
            bend = generator.standard_normal(len(start)) * objective.parameter_size
            lines.append(straight + np.sqrt(ramp * (1 - ramp)) * bend)
    return np.array(lines)


@dataclass(frozen=True, eq=False)
class Line:
    """A broken line of unit states: neighbours have equal sheets, or a zero unit.

    Parameters
    ----------
    signs : (K, L) array of int
        The sheets s; 0 for a zero unit.
    states : (K, L, D) array
        The vectors z.
    """

    signs: np.ndarray
    states: np.ndarray

    @classmethod
    def through(cls, networks: Networks) -> "Line":
        """Return the line through the states of some networks; a unit changes sheets at 0."""
        signs = np.sign(networks.weights).astype(int)
        states = np.abs(networks.weights)[..., None] * networks.units
        jumps = signs[:-1] * signs[1:] < 0
        middle = np.where(jumps[..., None], 0, (states[:-1] + states[1:]) / 2)
        sheets = np.where(jumps, 0, np.where(signs[:-1] == 0, signs[1:], signs[:-1]))
        places = np.flatnonzero(jumps.any(axis=1))
        return cls(
            np.insert(signs, places + 1, sheets[places], axis=0),
            np.insert(states, places + 1, middle[places], axis=0),
        )

    @cached_property
    def sheets(self) -> np.ndarray:
        """The sheets between corners, (K - 1, L)."""
        return np.where(self.signs[:-1] == 0, self.signs[1:], self.signs[:-1])

    def levels(self, objective: Objective) -> np.ndarray:
        """Return the losses, (K - 1, 2 + L n), that may be the highest on each segment.

        Those of its corners and where a unit crosses a data point, in doubles and for the sum of
        squares; minus infinity for data points that it does not cross.
        """
        start, step = self.states[:-1], np.diff(self.states, axis=0)
        with np.errstate(all="ignore"):
            crossed = -(start @ objective.rows.T) / (step @ objective.rows.T)
        crossed = crossed.reshape(len(step), -1)
        crossed[~((crossed > 0) & (crossed < 1))] = np.nan
        ends = np.tile([0.0, 1.0], (len(step), 1))
        share = np.concatenate([ends, crossed], axis=1)[..., None, None]
        states = start[:, None] + share * step[:, None]
        heights = objective.problem.activation.values(states @ objective.rows.T)
        fitted = self.sheets[:, None, :, None] * heights
        errors = objective.targets - fitted.sum(axis=2)
        weights = objective.data_weights
        best = objective.outer_gain(errors)
        lengths = np.linalg.norm(states, axis=3).sum(axis=2)
        found = (weights * errors**2).sum(axis=2) - best + 2 * objective.ridge * lengths
        return np.nan_to_num(found, nan=-np.inf)

    def point(self, problem: Problem, segment: int, place: int) -> list[Vector]:
        """Return the exact states at a place of `levels`."""
        start, stop = (
            [[fmpq(*float(entry).as_integer_ratio()) for entry in state] for state in corner]
            for corner in self.states[segment : segment + 2]
        )
        share = fmpq(place)
        if place > 1:
            unit, i = divmod(place - 2, problem.size)
            before, after = (dot(problem.rows[i], corner[unit]) for corner in (start, stop))
            share = before / (before - after)
        return [
            tuple(a + share * (b - a) for a, b in zip(first, last, strict=True))
            for first, last in zip(start, stop, strict=True)
        ]


def highest(objective: Objective, line: Line) -> fmpq:
    """Return the loss at the highest point of a broken line, or a little more (by 1e-38 of it).

    Doubles say which points may be the highest; their losses are exact.

    Parameters
    ----------
    objective : Objective
    line : Line
        Its coordinates are taken as they are: doubles are rational.
    """
    levels = line.levels(objective)
    near = np.argwhere(levels >= levels.max() - NEAR * abs(levels.max()))
    return max(
        loss_of_states(
            objective.problem,
            line.sheets[segment].tolist(),
            line.point(objective.problem, int(segment), int(place)),
        )
        for segment, place in near
    )


def lowest_line(
    objective: Objective,
    method: StringMethod,
    ends: Networks,
    bends: int,
    generator: np.random.Generator,
) -> Line:
    """Return the lowest line between two networks that any of several strings finds.

    Parameters
    ----------
    objective : Objective
    method : StringMethod
    ends : Networks
        Two.
    bends : int
        Number of strings that are bent at random, for each order of the units.
    generator : numpy.random.Generator

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> basins = enumerate_minima(problem).basins()
    >>> objective, method = Objective(problem), StringMethod(17, 300)
    >>> ends = listed_networks(basins.document["minima"]["components"])[[0, 1]]
    >>> line = lowest_line(objective, method, ends, 2, np.random.default_rng(0))
    >>> float(basins.merges[0]["loss"]) <= float(highest(objective, line)) < 2.03
    True
    """
    strings = first_strings(objective, *objective.pack(ends), bends, generator)
    found = method(objective, strings)
    lines = [Line.through(objective.unpack(images)) for images in found]
    return min(lines, key=lambda line: line.levels(objective).max())


def listed_networks(components: Sequence[Mapping[str, Any]]) -> Networks:
    """Return the representatives of the components of a document of minima, in doubles."""
    records = [component["representative"] for component in components]
    units = [
        [[*map(float, slopes), float(c)] for slopes, c in zip(r["B"], r["c"], strict=True)]
        for r in records
    ]
    linear = [[*map(float, r.get("beta", ()))] for r in records]
    return Networks(
        np.array([[float(weight) for weight in r["a"]] for r in records]),
        np.array(units),
        np.array([float(r.get("m", 0)) for r in records]),
        np.array(linear).reshape(len(records), -1),
    )


def leaves_within(document: Mapping[str, Any]) -> list[set[int]]:
    """Return the leaves of a document of basins below each merge."""
    inside: list[set[int]] = []
    for merge in document["merges"]:
        children = [{c["leaf"]} if "leaf" in c else inside[c["merge"]] for c in merge["children"]]
        inside.append(set().union(*children))
    return inside
