"""Targets at which a support has another verdict: how near the end of a minimum is at most.

A condition of a support is linear in a residual, which is a smooth function of the targets as long
as its faces are needed. Newton's steps lead to the nearest targets at which the condition is an
equality; a little beyond, the margins say with proof what the verdict is. So what is found in
doubles is only a proposal.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from flint import arb, fmpq

from reluenum.algebra.balls import Balls
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.projections import minimise
from reluenum.geometry.arrangement import Face, answering_sites
from reluenum.geometry.frames import Frames
from reluenum.geometry.geometry import Geometry
from reluenum.paths.stability.margins import MarginFinder, VerdictMargins, with_smaller
from reluenum.problem import Problem

STEPS = 10
"""Newton's steps towards the targets at which a condition is an equality."""

SETTLED = 1e-9
"""Relative length of a step after which there is no further one."""

BEYOND = (1e-7, 1e-5, 1e-3, 1e-2)
"""How far beyond these targets others are proposed, relative to their distance."""

TRIED = 4
"""Conditions that are tried, the nearest first."""

DIGITS = 9
"""Of the largest change of a target, in proposals."""

SAME = 1e-9
"""Sine of an angle at which a vector is taken to be in a plane."""

EXCHANGED = str.maketrans("+-", "-+")

VANISHES = "a unit vanishes"

WALL, KINK = "a unit reaches a data point", "a unit leaves a data point"
"""What happens where a condition fails."""


@dataclass(frozen=True)
class MarginCondition:
    """One of the conditions for the verdict on a support: a form is positive at a residual.

    Parameters
    ----------
    event : str
        What happens where it fails.
    place : int
        Of the face in the support.
    support : tuple of int
        Whose residual it is.
    form : callable
        From the residual, (p,), to the form, (p,), and the number that is subtracted from it.
    beyond : tuple of int
        Numbers of the faces that the unit may be on then.
    """

    event: str
    place: int
    support: tuple[int, ...]
    form: Callable[[np.ndarray], tuple[np.ndarray, float]]
    beyond: tuple[int, ...] = ()


@dataclass(frozen=True)
class Change:
    """Targets at which a support has lost its verdict.

    Parameters
    ----------
    targets : (n,) tuple of fmpq
    distance : float
        An upper bound of sqrt(sum w_i (y'_i - y_i)^2).
    event : str
        What happens on the way.
    face : int
        The number of the face whose unit it happens to.
    successor : tuple of int or None
        The support on which the minimum goes on: that beyond the event, if it is one at these
        targets and was none before, or what is left if a unit vanishes and none can grow, () being
        the zero network. None if there is none.
    """

    targets: tuple[fmpq, ...]
    distance: float
    event: str
    face: int
    successor: tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class NearestTargets:
    """The data of a problem in doubles, and what its residuals do as the targets change.

    Parameters
    ----------
    here : MarginFinder
    """

    here: MarginFinder
    _cores: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)

    @property
    def frames(self) -> Frames:
        """The faces."""
        return self.here.frames

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.frames.problem

    @cached_property
    def weights(self) -> np.ndarray:
        """Of the sites, (p,)."""
        return np.array([in_doubles(site.weight) for site in self.problem.sites])

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the sites, (p, D)."""
        return np.array([[in_doubles(entry) for entry in site.row] for site in self.problem.sites])

    @cached_property
    def targets(self) -> np.ndarray:
        """The mean targets of the sites, (p,)."""
        return np.array([in_doubles(mean) for mean in self.problem.means])

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The numbers of the live faces, by their signs."""
        return {face.signs: k for k, face in enumerate(self.frames.faces)}

    @cached_property
    def below(self) -> dict[Face, list[Face]]:
        """The faces of one dimension less on the boundary of each face."""
        arrangement, found = self.here.escalation.geometry.arrangement, {}
        for low in arrangement.faces:
            for _, face in arrangement.around(low):
                found.setdefault(face, []).append(low)
        return found

    def residual(self, errors: np.ndarray) -> np.ndarray:
        """Return R e, (p, ...)."""
        weighted = (errors.T * self.weights).T
        left = weighted
        for column in self.problem.outer.columns:
            values, share = np.array(list(map(in_doubles, column.values))), in_doubles(column.share)
            level = share * (weighted.T * values).T.sum(axis=0)
            left = left - np.multiply.outer(self.weights * values, level)
        return left

    def columns(self, face: Face) -> np.ndarray:
        """Return the rows of the sites times the slopes of units on a face, (p, D)."""
        found = np.zeros_like(self.rows)
        for k, slope in answering_sites(self.problem, face):
            found[k] = self.rows[k] * float(slope)
        return found

    def pulls(self, support: Sequence[int]) -> np.ndarray:
        """Return the columns of units on some faces, in the bases of their flats, (p, N)."""
        faces, bases = self.frames.faces, self.frames.basis.mid
        parts = [self.columns(faces[face]) @ bases[face] for face in support]
        return np.concatenate([np.empty((len(self.targets), 0)), *parts], axis=1)

    def fitted(self, support: tuple[int, ...]) -> np.ndarray:
        """Return the residual of a support at the targets of the problem, (p,)."""
        core = self._core(support)
        return Response.of(self, self.pulls(core), np.ones(len(core)), self.targets).residual

    def conditions(
        self, support: tuple[int, ...], signs: Sequence[int]
    ) -> Iterator[MarginCondition]:
        """Yield the conditions for a support to be minimal, with these signs of its weights."""
        frames, arrangement = self.frames, self.here.escalation.geometry.arrangement
        for k, (face, sign) in enumerate(zip(support, signs, strict=True)):
            own, around = frames.faces[face], arrangement.around(frames.faces[face])
            columns, basis, rays = self.columns(own), frames.basis.mid[face], frames.rays.mid[face]
            for wall in np.unique(frames.walls.mid[face], axis=0):
                form = _constant(sign * columns @ basis @ wall)
                yield MarginCondition(WALL, k, support, form, self._across(face, basis @ wall))
            for y in np.flatnonzero(frames.ray_used[face] & (self.here.norms.ray[face] > 0)):
                beyond = around[y][1]
                form = _constant(-sign * self.columns(beyond) @ rays[y])
                yield MarginCondition(KINK, k, support, form, self._live([beyond], face))
            others = support[:k] + support[k + 1 :]
            yield MarginCondition(VANISHES, k, others, self._length(columns @ basis))

    def _length(self, pulls: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, float]]:
        """Return the form |u_F| - Lambda, whose derivative is that of u_F along itself."""

        def form(residual: np.ndarray) -> tuple[np.ndarray, float]:
            dual = pulls.T @ residual
            return pulls @ (dual / np.linalg.norm(dual)), in_doubles(self.problem.effective_ridge)

        return form

    def proposals(self, margins: VerdictMargins) -> Iterator[tuple[MarginCondition, np.ndarray]]:
        """Yield changes of the mean targets that make a condition of one support an equality.

        The nearest first.
        """
        support, signs = tuple(map(int, margins.supports[0])), margins.signs[0].tolist()
        found = []
        with np.errstate(all="ignore"):
            for condition in self.conditions(support, signs):
                step = self._newton(condition)
                if step is not None:
                    length = float(np.sqrt((self.weights * step**2).sum()))
                    found.append((length, len(found), condition, step))
        for _, _, condition, step in sorted(found, key=lambda entry: entry[:2])[:TRIED]:
            yield condition, step

    def _newton(self, condition: MarginCondition) -> np.ndarray | None:
        """Return the shortest change at which a condition is an equality, as far as is known."""
        core = self._core(condition.support)
        pulls, lengths = self.pulls(core), np.ones(len(core))
        step, longest = np.zeros(len(self.targets)), np.linalg.norm(self.targets)
        for _ in range(STEPS):
            there = Response.of(self, pulls, lengths, self.targets + step)
            if not np.isfinite(there.bend).all():
                return None
            form, level = condition.form(there.residual)
            slope, lengths = there.slope(form), there.lengths
            steep = slope / self.weights
            value = form @ there.residual - level
            new = steep * ((slope @ step - value) / (slope @ steep))
            if not np.linalg.norm(new) <= longest:
                return None
            moved, step = np.linalg.norm(new - step), new
            if moved <= SETTLED * np.linalg.norm(step):
                break
        return step

    def _core(self, support: tuple[int, ...]) -> tuple[int, ...]:
        """Return the faces of a support that its residual needs."""
        if support not in self._cores:
            core = support
            while core:
                needed = margins_of(self.here, [core])[core].needed[0]
                if needed.min() > 0:
                    break
                least = int(needed.argmin())
                core = core[:least] + core[least + 1 :]
            self._cores[support] = core
        return self._cores[support]

    def change(self, margins: VerdictMargins) -> Change | None:
        """Return near targets at which an accepted support is not one, proved; None if none is.

        Parameters
        ----------
        margins : VerdictMargins
            Of one support.
        """
        support = tuple(map(int, margins.supports[0]))
        for condition, step in self.proposals(margins):
            for beyond in BEYOND:
                targets = self._moved(step * (1 + beyond))
                there = self._at(targets)
                if margins_of(there, [support])[support].rejected[0] > 0:
                    successor = self._successor(there, support, condition)
                    face = support[condition.place]
                    distance = self._distance(targets)
                    return Change(targets, distance, condition.event, face, successor)
        return None

    def _moved(self, step: np.ndarray) -> tuple[fmpq, ...]:
        """Return the targets with the changes of their sites, rounded to a few digits."""
        largest = float(np.abs(step).max())
        places = DIGITS - int(np.ceil(np.log10(largest))) if largest > 0 else DIGITS
        unit = fmpq(10) ** -places
        changes = [fmpq(round(float(change) * 10.0**places)) * unit for change in step]
        number = {site.row: k for k, site in enumerate(self.problem.sites)}
        pairs = zip(self.problem.rows, self.problem.targets, strict=True)
        return tuple(target + changes[number[row]] for row, target in pairs)

    def _at(self, targets: tuple[fmpq, ...]) -> MarginFinder:
        """Return the surroundings at other targets."""
        problem = replace(self.problem, targets=targets)
        backends = self.here.escalation.backends
        frames = self.frames.with_targets(problem)
        escalation = Escalation(Geometry.of(problem), backends)
        return MarginFinder(escalation, frames, self.here.norms)

    def _distance(self, targets: tuple[fmpq, ...]) -> float:
        """Return an upper bound of the distance of other targets."""
        changes = zip(self.problem.weights, targets, self.problem.targets, strict=True)
        return root_bound(sum((w * (there - here) ** 2 for w, there, here in changes), fmpq(0)))

    def _successor(
        self, there: MarginFinder, support: tuple[int, ...], condition: MarginCondition
    ) -> tuple[int, ...] | None:
        """Return the support on which a minimum goes on at other targets."""
        others = support[: condition.place] + support[condition.place + 1 :]
        if condition.event == VANISHES:
            left = margins_of(there, [others])[others].flags[0] if others else there.zero_network()
            return others if left[0] > 0 else None
        candidates = [tuple(sorted((*others, f))) for f in condition.beyond if f not in others]
        before, after = margins_of(self.here, candidates), margins_of(there, candidates)
        fresh = [c for c in candidates if after[c].accepted[0] > 0 and not before[c].accepted[0]]
        place = NearestTargets(there)
        own = place.fitted(support)
        return min(fresh, key=lambda c: float(np.linalg.norm(place.fitted(c) - own)), default=None)

    def _across(self, face: int, wall: np.ndarray) -> tuple[int, ...]:
        """Return the live faces that meet a face in one of its walls, with this normal."""
        arrangement, faces = self.here.escalation.geometry.arrangement, self.frames.faces
        found = []
        for low in self.below.get(faces[face], []):
            inside = np.array([float(entry) for entry in low.interior])
            if abs(wall @ inside) <= SAME * np.linalg.norm(wall) * np.linalg.norm(inside):
                found += [low, *(beyond for _, beyond in arrangement.around(low))]
        return self._live(found, face)

    def _live(self, faces: Iterable[Face], but: int) -> tuple[int, ...]:
        """Return the numbers of live faces, or of opposite ones that stand for them."""
        names = ((face.signs, face.signs.translate(EXCHANGED)) for face in faces)
        found = {self.numbers.get(own, self.numbers.get(other)) for own, other in names}
        return tuple(sorted(found - {None, but}))


@dataclass(frozen=True, eq=False)
class Response:
    """The residual of a support, in doubles, and its derivative by the targets.

    Parameters
    ----------
    near : NearestTargets
    pulled : (p, N) array
        R times the columns of the units, in the bases of their flats.
    bend : (N, N) array
        The Hessian of the group lasso at its minimiser.
    lengths : (m,) array
        Of the sums of a v over the units on each face.
    residual : (p,) array
    """

    near: NearestTargets
    pulled: np.ndarray
    bend: np.ndarray
    lengths: np.ndarray
    residual: np.ndarray

    @classmethod
    def of(
        cls, near: NearestTargets, pulls: np.ndarray, start: np.ndarray, targets: np.ndarray
    ) -> Self:
        """Return that of a support with such columns, from lengths to start with."""
        pulled, ridge = near.residual(pulls), in_doubles(near.problem.effective_ridge)
        if not len(start):
            return cls(near, pulled, np.empty((0, 0)), start, near.residual(targets))
        bend = pulls.T @ pulled
        beta = minimise(bend[None], (pulled.T @ targets)[None], start[None], ridge)[0]
        lengths = np.linalg.norm(beta.reshape(len(start), -1), axis=1)
        wide = len(beta) // len(start)
        for k, length in enumerate(lengths):
            part = slice(k * wide, (k + 1) * wide)
            unit = beta[part] / length
            bend[part, part] += ridge / length * (np.eye(wide) - np.outer(unit, unit))
        return cls(near, pulled, bend, lengths, near.residual(targets - pulls @ beta))

    def slope(self, form: np.ndarray) -> np.ndarray:
        """Return the derivative of a form of the residual by the targets of the sites, (p,)."""
        answer = self.near.residual(form)
        if not len(self.bend):
            return answer
        return answer - self.pulled @ np.linalg.lstsq(self.bend, self.pulled.T @ form)[0]


def in_doubles(number: fmpq) -> float:
    """Return a number as a double, infinite beyond these."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else -float("inf")


def root_bound(square: fmpq) -> float:
    """Return an upper bound of a root, infinite beyond doubles."""
    return float(Balls.of([arb(square).sqrt()]).magnitude()[0])


def _constant(form: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, float]]:
    """Return a form that does not depend on the residual."""
    return lambda _: (form, 0.0)


def margins_of(
    there: MarginFinder, supports: Iterable[tuple[int, ...]]
) -> dict[tuple[int, ...], VerdictMargins]:
    """Return the margins of each of some supports alone."""
    wanted = set(supports)
    found = {}
    for margins in there.families(with_smaller(len(there.frames.faces), wanted)):
        for k, support in enumerate(map(tuple, margins.supports.tolist())):
            if support in wanted:
                found[support] = margins[k : k + 1]
    return found
