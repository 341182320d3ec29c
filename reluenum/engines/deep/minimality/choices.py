"""What kinks above do as a dead unit grows: N on each face, for each choice (Theorem D14).

A kink at several sites that the unit tells apart can stay at one of them only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from flint import arb

from reluenum.algebra.linear import Vector
from reluenum.engines.deep.minimality.outlook import Outlook, SplitGroup


@dataclass(frozen=True)
class Choice:
    """Of a group the place at which the kink stays, and the sign of the weight to its unit.

    At a nested place the kink stays as well, if the one below moves.
    """

    group: SplitGroup
    kept: int
    sign: int
    moved: tuple[tuple[int, arb], ...] = ()


def choices_at_groups(outlook: Outlook) -> Iterator[tuple[Choice, ...]]:
    """Yield what can be chosen at groups: where each kink stays, and signs of weights."""
    units = sorted({group.unit for group in outlook.groups})
    signs = (1, -1) if outlook.above == 1 else (1, -1, 0)
    for chosen in product(signs, repeat=len(units)):
        sign = dict(zip(units, chosen, strict=True))
        for kept in product(*(_ways_to_stay(group) for group in outlook.groups)):
            pairs = zip(outlook.groups, kept, strict=True)
            yield tuple(Choice(group, k, sign[group.unit], m) for group, (k, m) in pairs)


def _ways_to_stay(group: SplitGroup) -> Iterator[tuple[int, tuple[tuple[int, arb], ...]]]:
    """Yield the places at which the kink of a group can stay, and what moves below."""
    for kept in range(len(group.places)):
        yield kept, ()
        if group.nested and group.nested[0][0] != kept:
            yield kept, group.nested


def refined(
    outlook: Outlook, choices: tuple[Choice, ...]
) -> tuple[np.ndarray, list[Vector] | None]:
    """Return the rows of the places, then the differences from where kinks stay."""
    pairs = _pairs(choices)
    rows = np.vstack([outlook.rows, *(outlook.rows[[one]] - outlook.rows[[k]] for one, k in pairs)])
    if outlook.exact is None:
        return rows, None
    differences = [
        tuple(a - b for a, b in zip(outlook.exact[one], outlook.exact[k], strict=True))
        for one, k in pairs
    ]
    return rows, [*outlook.exact, *differences]


def _pairs(choices: tuple[Choice, ...]) -> list[tuple[int, int]]:
    """Return the places of groups, each with the one at which its kink stays."""
    return [
        (place, choice.group.places[choice.kept])
        for choice in choices
        for place in choice.group.places
        if place != choice.group.places[choice.kept]
    ]


def zeros_of_face(outlook: Outlook, face: str, choices: tuple[Choice, ...]) -> list[int]:
    """Return the rows that are 0 on a face, without differences of two that are."""
    count = len(outlook.places)
    return [k for k in range(count) if face[k] == "0"] + [
        count + k
        for k, (one, other) in enumerate(_pairs(choices))
        if face[count + k] == "0" and not face[one] == face[other] == "0"
    ]


def matrix_on_face(outlook: Outlook, face: str, choices: tuple[Choice, ...]) -> np.ndarray | None:
    """Return the matrix of N on a face, (above, below + 1); None if a choice is impossible."""
    on = [place for place in range(len(outlook.places)) if face[place] == "+"]
    weights, rows = outlook.weights, outlook.rows
    matrix = weights[on].T @ rows[on] if on else np.full_like(rows[:1], arb(0))
    matrix = np.broadcast_to(matrix, (outlook.above, rows.shape[1])).copy()
    later = len(outlook.places)
    for choice in choices:
        group, kept = choice.group, choice.group.places[choice.kept]
        if choice.sign == 0:
            matrix[group.unit] = arb(0)
        base = rows[kept] if face[kept] == "+" else rows[kept] * 0
        line = group.multiplier * base
        ratios = dict(choice.moved)
        for number, (place, bidding) in enumerate(zip(group.places, group.biddings, strict=True)):
            if place == kept:
                continue
            sides = face[place] == "+", face[kept] == "+"
            side = face[later] if all(sides) else "+-"[sides[1]] if any(sides) else "0"
            later += 1
            height = rows[place] if sides[0] else rows[place] * 0
            rises = side == "+-"[choice.sign < 0]
            if number in ratios and rises:
                return None
            if number in ratios:
                line = line + ratios[number] * (height - base)
            elif rises:
                line = line + bidding * (height - base)
        if choice.sign:
            matrix[group.unit] += line
    return matrix
