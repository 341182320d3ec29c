"""The whole path: events in the problem's own convention, and the exact list at any ridge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from flint import fmpq

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numberfield import FieldElement
from reluenum.algebra.numbers import rational_point
from reluenum.algebra.scalars import positive_fraction
from reluenum.engines.hinges.doubles import number_of_sets
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.route import HingeEngine
from reluenum.errors import InputError, TooManySupportsError
from reluenum.landscape.hinges import HingeComponent, ranked_hinges
from reluenum.paths.hinges.branches import HingeBranch, HingeBranches, HingeChange
from reluenum.paths.hinges.crossings import (
    Ridge,
    bracket,
    lowest_between,
    minimal_polynomial,
)
from reluenum.paths.hinges.lists import component_at, ridge_scale
from reluenum.paths.hinges.records import path_document
from reluenum.problem import Problem, parse_ridge, refuse_setting

MOST_SETS = 300_000
"""Sets of cells that are looked at without being asked twice: some minutes."""

LOWEST = "another minimum is the lowest"
"""The kind of a change in which losses cross."""

EVENT, CROSSING = "the list of minima changes", "two losses are equal"
"""What is the case at the ridge of an event."""


@dataclass(frozen=True, eq=False)
class HingeEvent:
    """A ridge at which the list changes, or at which another minimum becomes the lowest one.

    Parameters
    ----------
    ridge : Ridge
        In the problem's own convention.
    low, high : fmpq
        The ridge twice if it is rational; otherwise no other event is between these.
    changes : tuple of HingeChange
    """

    ridge: Ridge
    low: fmpq
    high: fmpq
    changes: tuple[HingeChange, ...]

    @property
    def is_rational(self) -> bool:
        """Whether its ridge is."""
        return not isinstance(self.ridge, FieldElement)

    @property
    def condition(self) -> str:
        """What is the case there."""
        return CROSSING if all(change.kind == LOWEST for change in self.changes) else EVENT

    @property
    def number(self) -> dict[str, Any]:
        """The ridge as others have it: its minimal polynomial, and a decimal."""
        real = rational_point().constant(self.ridge) if self.is_rational else self.ridge
        return {
            "minimal_polynomial": [str(c) for c in minimal_polynomial(self.ridge).coeffs()],
            "decimal": decimal_text(real),
            "condition": self.condition,
        }


@dataclass(frozen=True, eq=False)
class HingePath:
    """The local minima of a problem with free hidden biases at all ridges of an interval.

    Nothing is sampled: between two events the list is known everywhere (Lemmas 110 to 113).

    Parameters
    ----------
    problem : Problem
        Its ridge is the lower end.
    high : fmpq
        The upper end.
    grid : tuple of fmpq
        Ridges that are to be among those of samples.
    found : HingeBranches
        In ridges of the sum of squares.

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> data = Problem.from_text([[x] for x in "012"], list("101"), 1, "1/16", **free)
    >>> path = hinge_path(data, fmpq(1))
    >>> for event in path.events:
    ...     print(event.ridge, *(change.kind for change in event.changes))
    1/3 merge
    >>> [component.exact_loss for component in path.components_at("1/8")]
    [77/128, 77/128, 2/3, 2/3]
    """

    problem: Problem
    high: fmpq
    grid: tuple[fmpq, ...]
    found: HingeBranches

    @property
    def scale(self) -> fmpq:
        """Factor from the problem's own ridge to that of the sum of squares."""
        return ridge_scale(self.problem)

    @property
    def branches(self) -> tuple[HingeBranch, ...]:
        """Components for as long as their kind stays; their ridges are of the sum of squares."""
        return self.found.found

    @property
    def undecided(self) -> int:
        """Number of supports that stayed undecided at some ridge: none."""
        return 0

    @cached_property
    def lowest(self) -> list[tuple[fmpq, fmpq, list]]:
        """Which branches have the least loss: between any two neighbouring changes."""
        ends = sorted({self.found.low, self.found.high} | self.found.changes.keys())
        return [(a, b, lowest_between(self.found, a, b)) for a, b in pairwise(ends)]

    @cached_property
    def events(self) -> tuple[HingeEvent, ...]:
        """What happens, by rising ridge."""
        found: list[tuple[Ridge, tuple[HingeChange, ...]]] = []
        before: tuple[int, ...] | None = None
        for low, high, stretches in self.lowest:
            found += self._at_change(low, before, stretches[0].behind)
            for one, other in pairwise(stretches):
                change = HingeChange(LOWEST, one.behind, other.there, other.behind)
                found.append((other.ridge, (change,)))
            before = stretches[-1].behind
            if high == self.found.high:
                found += self._at_change(high, before, None)
        return tuple(self._event(ridge, changes, found) for ridge, changes in found)

    def _at_change(
        self, ridge: fmpq, before: tuple[int, ...] | None, after: tuple[int, ...] | None
    ) -> Iterator[tuple[Ridge, tuple[HingeChange, ...]]]:
        """Yield what happens at a ridge between two stretches, or at an end, if anything does."""
        changes = self.found.changes.get(ridge, ())
        there = self.lowest_at(ridge)
        sides = [side for side in (before, there, after) if side is not None]
        if len({frozenset(_parts_of_changes(side, changes)) for side in sides}) > 1:
            changes = (*changes, HingeChange(LOWEST, before or (), there, after or ()))
        if changes:
            yield ridge, changes

    def lowest_at(self, ridge: fmpq) -> tuple[int, ...]:
        """Return the branches with the least loss at a ridge of the sum of squares."""
        present = self._present(ridge)
        least = min(branch.loss(ridge) for _, branch in present)
        return tuple(number for number, branch in present if branch.loss(ridge) == least)

    def _present(self, ridge: fmpq) -> list[tuple[int, HingeBranch]]:
        """Return the branches that are there at a ridge of the sum of squares."""
        numbered = enumerate(self.branches)
        return [(number, branch) for number, branch in numbered if branch.exists_at(ridge)]

    def _event(
        self, ridge: Ridge, changes: tuple[HingeChange, ...], found: Iterable[tuple[Ridge, tuple]]
    ) -> HingeEvent:
        own = ridge / self.scale
        if isinstance(ridge, FieldElement):
            others = [other for other, _ in found]
            low, high = bracket(ridge, others, self.found.low, self.found.high)
            return HingeEvent(own, low / self.scale, high / self.scale, changes)
        return HingeEvent(own, own, own, changes)

    @property
    def ridges(self) -> tuple[fmpq, ...]:
        """Those of the grid and both ends: where all branches that are there have a sample."""
        return tuple(sorted({self.problem.ridge, self.high, *self.grid}))

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return path_document(self)

    def components_at(self, ridge: Any) -> tuple[HingeComponent, ...]:
        """Return all components of local minima at a ridge, the list of the engine.

        Parameters
        ----------
        ridge : number or text
            Read exactly, as that of a problem; within the interval.

        Raises
        ------
        InputError
            If it is outside.
        """
        asked = _read_ridge(ridge)
        if not self.problem.ridge <= asked <= self.high:
            expected = f"a number from {self.problem.ridge} to {self.high}"
            raise InputError("ridge", str(asked), expected)
        present = self._present(asked * self.scale)
        return ranked_hinges(component_at(self.problem, branch, asked) for _, branch in present)


def _read_ridge(ridge: Any) -> fmpq:
    if isinstance(ridge, fmpq):
        return ridge
    return parse_ridge(positive_fraction(ridge, "ridge"))


def _parts_of_changes(numbers: Sequence[int], changes: Sequence[HingeChange]) -> Iterator[tuple]:
    """Yield for each branch the change that it takes part in, or itself."""
    for number in numbers:
        parts = (
            k
            for k, change in enumerate(changes)
            if number in (*change.before, *change.there, *change.after)
        )
        part = next(parts, None)
        yield ("branch", number) if part is None else ("change", part)


def _on_one_line(problem: Problem) -> Problem:
    """Refuse what has no exact path."""
    if problem.dimension > 1:
        found = f"free with {problem.dimension} columns of inputs, along a path"
        raise InputError("hidden_bias", found, "one column: elsewhere events are not rational")
    refuse_setting(problem, "linear", "with free hidden biases, along a path")
    return problem


def refuse_large_path(problem: Problem) -> None:
    """Refuse a path that is too large to be started without being asked twice.

    Raises
    ------
    TooManySupportsError
        If there are too many points or sets of hinges.
    """
    HingeEngine().refuse_astronomical(_on_one_line(problem))
    found = number_of_sets(Hinges.of(problem), problem.width)
    if found > MOST_SETS:
        raise TooManySupportsError(
            f"width {problem.width} with n = {len(problem.sites)}",
            f"{found:,} sets of places for the kinks",
            f"at most {MOST_SETS:,} for a path; lower the width or the number of points, or insist "
            "with --force",
        )


def hinge_path(
    problem: Problem, high: fmpq, grid: Iterable[fmpq] = (), progress: bool = False
) -> HingePath:
    """Find the local minima at all ridges of an interval, for hidden biases without penalty.

    Parameters
    ----------
    problem : Problem
        With free hidden biases and inputs on a line; its ridge is the lower end.
    high : fmpq
        The upper end, larger.
    grid : iterable of fmpq
        Ridges that are to be among those of samples.
    progress : bool
        Whether to show a bar on standard error.

    Raises
    ------
    InputError
        If the inputs have several columns, or the upper end is not larger.
    """
    if high <= problem.ridge:
        raise InputError("high", str(high), f"a ridge above the lower end, {problem.ridge}")
    hinges = Hinges.of(_on_one_line(problem))
    scale = ridge_scale(problem)
    ends = problem.ridge * scale, high * scale
    return HingePath(
        problem, high, tuple(grid), HingeBranches.over(hinges, problem.width, *ends, progress)
    )
