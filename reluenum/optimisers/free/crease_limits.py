"""Where ways downhill end, certified: the residual is proved, and what is said of it is exact.

Doubles propose the creases of the units. The residual of a few of them is proved by interval
Newton, as the certified engine does it, and all others have to be tight for it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, ctx
from scipy.optimize import nnls

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.enclosures import CreaseTables
from reluenum.engines.creases.essential import Decider, unknowns_near
from reluenum.engines.creases.route import crease_components
from reluenum.engines.creases.systems import CreaseSystem, constant_network
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.errors import BackendError
from reluenum.groebner.backends import Backends
from reluenum.optimisers.explain import DEPENDENT
from reluenum.optimisers.free.crease_descent import (
    PLACES,
    CreaseCell,
    CreaseHinge,
    CreaseRest,
    Scaled,
    turned_cells,
)

CreaseKey = tuple[tuple[tuple[str, int, int], ...], tuple[int, int, int]]
"""Face, sign of a and number of units; units that are 0: inactive, active, on kinks."""

AGREED = 1e-6
"""How far the loss of a proposal may be from what is certified, beside the energy."""


@dataclass(frozen=True, eq=False)
class CreaseDestination:
    """A stationary set that networks end at, certified.

    Parameters
    ----------
    residual : CreaseResidual
    units : (L,) tuple of (str, int)
        The signs of each unit at the sites, `""` if it is 0, and the sign of a.
    states : (L,) tuple of HingeState
    component : int or None
        Its number in the list of minima, from 1.
    """

    residual: CreaseResidual
    units: tuple[tuple[str, int], ...]
    states: tuple[HingeState, ...]
    component: int | None

    @cached_property
    def is_minimum(self) -> bool:
        """Whether its points are local minima (Lemma 95)."""
        return set(self.states) <= set(self.residual.states)

    @property
    def creases(self) -> Creases:
        """The creases."""
        return self.residual.creases

    @property
    def height(self) -> float:
        """The loss, to sort by."""
        return float(self.residual.loss.ball(FIRST_BITS))

    @property
    def zero_units(self) -> int:
        """Number of units that are 0."""
        return sum(not state.is_living for state in self.states)

    @cached_property
    def key(self) -> CreaseKey:
        """What identifies its stratum: the creases determine the residual (Lemma 93)."""
        living = Counter(
            (_signs_at_data(self.creases, signs), sign) for signs, sign in self.units if signs
        )
        kinds = Counter(state.kind for state in self.states)
        zeros = kinds[Kind.INACTIVE], kinds[Kind.ACTIVE], kinds[Kind.ZERO]
        return tuple(sorted((*unit, number) for unit, number in living.items())), zeros

    def hinges(self, scaled: Scaled) -> list[tuple[CreaseHinge, ...]]:
        """Return for each unit the hinges of which it is a combination."""
        return [tuple(self._hinges_of(state, scaled)) for state in self.states]

    def _hinges_of(self, state: HingeState, scaled: Scaled) -> Iterator[CreaseHinge]:
        if state.is_living:
            vector = self.residual.direction(state.side).vector
            direction = np.array([float(entry.ball(FIRST_BITS)) for entry in vector])
            middle = scaled.centre @ direction
            for knot in state.knots(self.residual):
                level = float(self.residual.level(state.side, knot).ball(FIRST_BITS))
                yield CreaseHinge("", state.sign, direction, (level - middle) / scaled.reach)

    def fit(self, scaled: Scaled) -> np.ndarray:
        """Return what the hinges add up to, in `Scaled`."""
        rest = [float(entry.ball(FIRST_BITS)) for entry in self.residual.rest]
        return np.array(rest) / scaled.height

    def turns(self) -> Iterator[tuple[int, CreaseCell]]:
        """Yield the units that can turn downhill, and the cells that they enter."""
        good = set(self.residual.states)
        for unit, ((signs, sign), state) in enumerate(zip(self.units, self.states, strict=True)):
            if state.is_living and state not in good:
                crease = self.creases.by_signs[signs]
                for turn, beyond in turned_cells(self.creases, crease, sign):
                    if self.residual.sign_of(turn) * sign > 0:
                        yield unit, beyond

    def to_document(self) -> dict[str, Any]:
        """Return the record of a saddle, with a change that would lower the loss."""
        groups, _ = self.key
        return {
            "support": [
                {"face": face, "sign": sign, "multiplicity": number}
                for face, sign, number in groups
            ],
            "zero_neurons": self.zero_units,
            "loss": decimal_text(self.residual.loss),
            "descent": None if self.is_minimum else self._descent(),
        }

    def _descent(self) -> dict[str, Any]:
        """Return a unit that turns into a cell, or where one that is 0 grows (Lemma 95)."""
        for unit, beyond in self.turns():
            signs, sign = self.units[unit]
            face, into = (_signs_at_data(self.creases, found) for found in (signs, beyond.signs))
            return {"kind": "turn", "face": face, "sign": sign, "into": into}
        steep = [
            crease
            for crease in self.creases.live
            if not crease.is_open
            and self.residual.excesses[crease.signs] > 0
            and self.residual.signs(crease)
        ]
        crease = max(steep, key=self._pull)
        (sign,) = self.residual.signs(crease)
        return {"kind": "grow", "face": _signs_at_data(self.creases, crease.signs), "sign": sign}

    def _pull(self, crease: Crease) -> float:
        with ctx.workprec(FIRST_BITS):
            squares = (entry**2 for entry in self.residual.pull_balls(crease))
            return float(sum(squares, arb(0)).mid())


def _signs_at_data(creases: Creases, signs: str) -> str:
    """Return the signs at the data points of what has some at the sites."""
    places = {site.row: sign for site, sign in zip(creases.problem.sites, signs, strict=True)}
    return "".join(places[row] for row in creases.problem.rows)


@dataclass(frozen=True, eq=False)
class CreaseLimits:
    """Certifies where networks come to rest.

    Parameters
    ----------
    creases : Creases
    components : sequence of dict
        Those of the document of minima.
    backends : Backends
        Asked only about what may be exactly 0.
    """

    creases: Creases
    components: Sequence[Mapping[str, Any]]
    backends: Backends

    @cached_property
    def _listed(self) -> dict[CreaseKey, int]:
        """The number, from 1, of the component that a stratum belongs to."""
        return {
            _recorded_stratum_key(stratum): number
            for number, component in enumerate(self.components, start=1)
            for stratum in component["strata"]
        }

    @cached_property
    def _decider(self) -> Decider:
        return Decider(CreaseTables(self.creases), self.backends)

    @cached_property
    def _residuals(self) -> dict[tuple[str, ...], CreaseResidual | None]:
        return {}

    def limit(self, rest: CreaseRest) -> CreaseDestination:
        """Certify where networks come to rest.

        Raises
        ------
        BackendError
            If that cannot be done.
        """
        for near in PLACES:
            placed = rest.placed(near)
            if all(not signs or signs in self.creases.by_signs for signs in placed):
                found = self._certified(rest, placed, near)
                if found is not None:
                    return found
        raise BackendError("descents", "a settled network leaves its faces")

    def _certified(
        self, rest: CreaseRest, placed: tuple[str, ...], near: float
    ) -> CreaseDestination | None:
        """Return what is certified if units have some signs, None if these are wrong."""
        for support in _proposed_supports(rest, placed, near):
            residual = self._residual(support)
            if residual is None or not self._agrees(rest, residual):
                continue
            try:
                found = self._destination(rest, placed, residual)
            except KeyError:  # a crease that is not tight
                continue
            return found if found.component or self._exists(found) else None
        return None

    def _residual(self, support: Mapping[str, np.ndarray]) -> CreaseResidual | None:
        """Prove the residual of independent creases from slopes near those of their units."""
        names = tuple(sorted(support))
        if names not in self._residuals:
            chosen = [self.creases.by_signs[name] for name in names]
            slopes = np.array([support[name] for name in names])
            point = constant_network(self.creases)
            if chosen:
                independent = CreaseSystem(self.creases, tuple(chosen)).is_independent
                start = unknowns_near(chosen, slopes) if independent else None
                point = start and self._decider.point(chosen, range(len(chosen)), start)
            found = CreaseResidual(self.creases, point) if point else None
            self._residuals[names] = found if found and found.is_stationary else None
        return self._residuals[names]

    def _agrees(self, rest: CreaseRest, residual: CreaseResidual) -> bool:
        problem = self.creases.problem
        gap = float(residual.loss.ball(FIRST_BITS) / problem.loss_scale) - rest.height
        return abs(gap) <= AGREED * float(problem.energy or 1)

    def _destination(
        self, rest: CreaseRest, placed: tuple[str, ...], residual: CreaseResidual
    ) -> CreaseDestination:
        units = tuple((signs, c.sign) for signs, c in zip(placed, rest.cells, strict=True))
        states = tuple(
            residual.placed_states[unit] if unit[0] else _zero_state(cell)
            for unit, cell in zip(units, rest.cells, strict=True)
        )
        found = CreaseDestination(residual, units, states, None)
        component = self._listed.get(found.key) if found.is_minimum else None
        return CreaseDestination(residual, units, states, component)

    def _exists(self, found: CreaseDestination) -> bool:
        """Whether a stratum that is not listed has points, where it would be one of minima."""
        if not found.is_minimum:
            return True
        strata = (
            stratum
            for component in crease_components(found.residual, len(found.units))
            for stratum in component.strata
        )
        return found.key in map(_stratum_key, strata)


def _zero_state(cell: CreaseCell) -> HingeState:
    """Return what a unit without size is."""
    if cell.is_line:
        return HingeState(Kind.ACTIVE)
    return HingeState(Kind.INACTIVE if cell.is_dead and not cell.on_kink else Kind.ZERO)


def _stratum_key(stratum: Any) -> CreaseKey:
    """Return what identifies a stratum."""
    groups = ((g.face, g.sign, g.multiplicity) for g in stratum.groups)
    return tuple(sorted(groups)), (stratum.inactive, stratum.active, stratum.on_kink)


def _recorded_stratum_key(stratum: Mapping[str, Any]) -> CreaseKey:
    """Return the same of a record."""
    groups = ((g["face"], g["sign"], g["multiplicity"]) for g in stratum["support"])
    zeros = stratum["zero_units"]
    return tuple(sorted(groups)), (zeros["inactive"], zeros["active"], zeros["on_kink"])


def _proposed_supports(
    rest: CreaseRest, placed: Sequence[str], near: float
) -> Iterator[dict[str, np.ndarray]]:
    """Yield slopes on creases that may have a simple solution: the units', then some of hinges.

    The latter are those of a vertex of the polytope of weights (Lemma 96).
    """
    scale = rest.scaled.unit
    found: dict[str, np.ndarray] = {}
    for cell, signs in {c.shared: s for c, s in zip(rest.cells, placed, strict=True) if s}.items():
        slope = scale * cell.sign * rest.slope(cell)
        found[signs] = found.get(signs, np.zeros_like(slope)) + slope
    yield found
    hinges = {hinge.signs: hinge for own in rest.hinges(placed, near) for hinge in own}
    if hinges:
        columns = np.column_stack([rest.scaled.column(hinge) for hinge in hinges.values()])
        fit = rest.scaled.targets - rest.scaled.error(rest.vectors)
        weights = _to_a_vertex(columns, nnls(columns, fit)[0])
        pairs = zip(hinges.values(), weights, strict=True)
        yield {h.signs: scale * w * h.sign * h.direction for h, w in pairs if w}


def _to_a_vertex(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weights with the same sum of columns, those that have some being independent."""
    found = np.where(weights > DEPENDENT * weights.max(), weights, 0.0)
    while (used := np.flatnonzero(found)).size:
        _, sizes, axes = np.linalg.svd(columns[:, used])
        if len(sizes) == len(used) and sizes[-1] > DEPENDENT * sizes[0]:
            break
        way = axes[-1] if (axes[-1] < 0).any() else -axes[-1]
        steps = np.where(way < 0, found[used] / np.where(way < 0, -way, 1), np.inf)
        found[used] = np.maximum(found[used] + steps.min() * way, 0.0)
        found[used[steps.argmin()]] = 0.0
    return found
