"""Dead units: whether one can stay dead, and whether units of a layer can share a direction.

A dead unit of layer k with small weights v, and a to the layer above, changes the loss by
lambda (|a|^2 + |v|^2) - 2 N(a, v) to second order (Theorem D14), N linear in a and in v on faces
of an arrangement whose rows are the inputs of the layer. On a face, N / |a||v| has no local maximum
but its largest singular value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from reluenum.algebra.forms import doubles, is_positive_definite, kernel_of, matrix_of, pivots_of
from reluenum.algebra.linear import Vector, dot, null_space
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.engines.deep.cells import (
    Cut,
    Jets,
    Surroundings,
    cell_multipliers,
    jets,
    linear_columns,
)
from reluenum.engines.deep.networks import ScaledNetwork, sign_of, sum_of
from reluenum.engines.deep.witnesses import (
    DeepDescent,
    Growth,
    Move,
    descent,
    positive_parts,
    step_length,
)
from reluenum.geometry.arrangement import covectors

MOST_GUESSED = 5
"""Rows up to which all arrays of signs are looked at, realisable or not."""


MOST_KINKS = 12
"""Dependent kinks of which all cells are looked at."""

MOST_CUTS = 12
"""How often the shares of multipliers are adapted."""


@dataclass(frozen=True, eq=False)
class Dormancy:
    """Whether dead units of a layer stay dead.

    Parameters
    ----------
    harmless : bool or None
        None if it cannot be told.
    reason : str
    move : Move or None
        How one grows, if one does.
    """

    harmless: bool | None
    reason: str
    move: Move | None = None


def harmless(network: ScaledNetwork, layer: int) -> bool | None:
    """Return whether a strict local minimum stays one with dead units in a layer (from 1).

    None if it cannot be told.
    """
    return dormancy(network, layer).harmless


def dormancy(network: ScaledNetwork, layer: int) -> Dormancy:
    """Decide what a dead unit of a layer (from 1) does (Lemmas D2, D3, D44 to D46, Theorem D14).

    Parameters
    ----------
    network : ScaledNetwork
        A strict local minimum in its live parameters.
    layer : int
        Live, or the highest dead one.
    """
    around, layer = Surroundings(network), layer - 1
    if not network.output:
        return _of_zero_network(around, layer)
    reason = _obstacle(around, layer)
    found = Dormancy(None, reason) if reason else _scanned(around, layer, split=False)
    if found.harmless is False or not around.kinks:
        return found
    spare = [
        width - len(units)
        for width, units in zip(network.problem.hidden, network.biases, strict=True)
    ]
    is_simple = around.is_strict or around.is_independent
    strict = _is_tame(around, layer) if is_simple else _is_strict_in_cells(around, layer)
    if found.harmless and strict and sum(spare) <= 1:
        return found
    split = _by_splits(network, layer, [k for k, count in enumerate(spare) if count or k == layer])
    if split is not None:
        return split
    if not strict:
        return Dormancy(None, "a dead unit beside a kink whose first order is not strict")
    return Dormancy(None, reason or "dead units beside a group, or beside dependent kinks")


def _by_splits(network: ScaledNetwork, layer: int, wide: Sequence[int]) -> Dormancy | None:
    """Decide by multipliers that the sites of groups share (Lemma D45); None if they do not tell.

    The shares are adapted to directions in which they let a unit grow, if this layer is the only
    one (from 0) with spare units: one choice has to serve all. Where shares leave no choice, a
    growth counts if a network below is found along it.
    """
    parts, cuts = tuple(_same_inputs(network, min(wide))), list[Cut]()
    for _ in range(MOST_CUTS if len(wide) == 1 else 1):
        around = Surroundings(network, parts, tuple(cuts))
        if not _is_tame(around, layer):
            return None
        found = _scanned(around, layer, split=True)
        if found.harmless:
            return found
        if found.move is None or found.move.growth is None:
            return None
        cuts.append(_cut_of(around, found.move.growth))
    return found if descent(around, found.move, found.reason) else None


def _cut_of(around: Surroundings, growth: Growth) -> Cut:
    """Return the direction of a growth as what multipliers shall not allow."""
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        outlook = _Outlook(jets(around, bits), growth.layer, split=True)
        rows = doubles(outlook.rows)[[outlook.places.index(s) for s in outlook.twins]]
        scales = [1.0]
        if not outlook.is_last:
            scales = [
                float(outlook._scale(growth.layer + 1, m).mid()) for m in range(outlook.above)
            ]
    gains = np.maximum(rows @ growth.incoming.astype(float), 0)
    weights = np.outer(growth.outgoing.astype(float) / scales, gains)
    return Cut(growth.layer + 1, weights, float(around.network.problem.effective_ridge))


def _is_tame(around: Surroundings, layer: int) -> bool:
    """Whether multipliers of a strict local minimum that are 0 do no harm (Lemma D44).

    Kinks of the layer itself (from 0) are strict to one side at least, and independent.
    """
    if around.is_strict:
        return True
    own = (pair for k, pair in zip(around.kinks, around.slopes, strict=True) if k.layer == layer)
    if not all(any(s.sign() > 0 for s in pair) for pair in own):
        return False
    if not (around.is_independent or _is_definite(around)):
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        return not layer or _Outlook(jets(around, bits), layer, False).has_independent_kinks()


def _is_definite(around: Surroundings) -> bool:
    """Whether the multipliers of dependent kinks show a strict minimum (Lemma D12(a))."""
    if any(slope.sign() < 0 for pair in around.slopes for slope in pair):
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        forms = _critical_forms(jets(around, bits))
        return all(found is not None and is_positive_definite(found[1]) for found in forms)


def _strict_kinks(around: Surroundings) -> list[int]:
    """Return the kinks that are strict to both sides, given that no slope is negative."""
    return [k for k, pair in enumerate(around.slopes) if all(slope.sign() for slope in pair)]


def _critical_forms(local: Jets) -> Iterator[tuple[np.ndarray, np.ndarray] | None]:
    """Yield, for each cell of kinks that leave at no cost, directions and the form on them.

    Other kinks vanish in these directions: (size, k) and (k, k) arrays of arb, or None if the rank
    of their gradients is in doubt.
    """
    held = _strict_kinks(local.around)
    free = [[side for side in (0, 1) if not pair[side].sign()] for pair in local.around.slopes]
    for sides in product(*(sides or [0] for sides in free)):
        cell = tuple(map(bool, sides))
        kernel = _kernel_of_dependent(local.gradients(cell)[held])
        yield None if kernel is None else (kernel, kernel.T @ local.hessian(cell) @ kernel)


def _open_sides(around: Surroundings, layer: int, unit: int) -> dict[int, str]:
    """Return the sites at which a unit (from 0) leaves its kink at no cost, and to which side."""
    return {
        site: side
        for kink, slopes in zip(around.kinks, around.slopes, strict=True)
        if (kink.layer, kink.unit) == (layer, unit)
        for slope, side in zip(slopes, "-+", strict=True)
        if slope.sign() == 0
        for site in kink.sites
    }


def _is_strict_in_cells(around: Surroundings, layer: int) -> bool:
    """Whether every cell around dependent kinks has positive multipliers.

    And the kinks of each unit of a layer (from 0) are independent, so that first order is strict
    for copies of it, too (Lemma D13).
    """
    if around.is_independent or len(around.kinks) > MOST_KINKS:
        return False
    bits = CERTIFICATION_BITS[0]
    with ctx.workprec(bits + 32):
        local = jets(around, bits)
        if not _Outlook(local, layer, split=False).has_independent_kinks():
            return False
        columns, everything = linear_columns(local), range(len(around.kinks))
        cells = product((False, True), repeat=len(around.kinks))
        return all(cell_multipliers(local, c, columns, everything) is not None for c in cells)


def grown_dead_unit(network: ScaledNetwork, layer: int) -> DeepDescent | None:
    """Return a network below, with a unit of a layer (from 1) that was dead; None if none is known.

    That of a network of which `harmless` says that it is not.
    """
    found = dormancy(network, layer)
    return descent(Surroundings(network), found.move, found.reason) if found.move else None


def _scanned(around: Surroundings, layer: int, split: bool) -> Dormancy:
    """Scan all faces, at rising precision."""
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            found = _Outlook(jets(around, bits), layer, split).scanned()
        if found.harmless is not None:
            break
    return found


def sharing(network: ScaledNetwork, layer: int) -> tuple[bool | None, ...]:
    """Return for each row of a layer (from 1) whether more units can share it (Lemma D13).

    They can if the other singular values of the row's matrix are below lambda, they cannot if
    one is above; None if it cannot be told. Under one unit there are no others.
    """
    around = Surroundings(network)
    rows = dict.fromkeys(network.stratum.layers[layer - 1])
    above = len(network.biases[layer]) if layer < network.depth else 1
    if above == 1 and (_is_tame(around, layer - 1) or _is_strict_in_cells(around, layer - 1)):
        return (True,) * len(rows)
    if not _is_tame(around, layer - 1):
        return (None,) * len(rows)
    return tuple(_row_shared(around, layer - 1, row) for row in rows)


def _row_shared(around: Surroundings, layer: int, row: str) -> bool | None:
    """Decide about one row by deflating the singular values that are lambda."""
    units = [j for j, text in enumerate(around.network.stratum.layers[layer]) if text == row]
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            outlook = _Outlook(jets(around, bits), layer, split=False)
            signs = around.network.signs[layer][units[0]]
            turned = _open_sides(around, layer, units[0])
            seen = [turned.get(s, signs[s]) for s in outlook.places]
            zeros, active = ([c for c, s in enumerate(seen) if s == sign] for sign in "0+")
            flat = kernel_of(outlook.rows[zeros])
            if flat is None:
                continue
            matrix = outlook.weights[active].T @ outlook.rows[active] @ flat
            outgoing = outlook.outgoing[:, units]
            square = matrix_of(arb_mat((flat.T @ flat).tolist()).inv())
            inverse = matrix_of(arb_mat((outgoing.T @ outgoing).tolist()).inv())
            rest = outlook.ridge**2 * outgoing @ inverse @ outgoing.T
            form = matrix @ square @ matrix.T - rest
            bound = np.diag(np.full(len(form), outlook.ridge**2))
            if is_positive_definite(bound - form):
                return True
            _, vectors = np.linalg.eigh(doubles(form))
            top = np.array([arb(entry) for entry in vectors[:, -1]], dtype=object)
            if top @ (form - bound) @ top > 0:
                return False if around.is_independent else None
    return None


def _of_zero_network(around: Surroundings, layer: int) -> Dormancy:
    """Decide about the zero network: |sum y| <= lambda, equality included (Lemma D2)."""
    force = sum_of(((r, 1) for r in around.residuals), fmpq(0))
    if abs(force) <= around.network.problem.effective_ridge:
        return Dormancy(True, "the zero network holds the sum of the targets")
    sign = 1.0 if force > 0 else -1.0
    growth = Growth(layer, np.array([1.0]), np.array([sign]))
    return Dormancy(False, "a constant grows out of the zero network", _growing((), (), growth))


def _growing(cell: tuple, held: tuple, growth: Growth, size: int = 0) -> Move:
    return Move(cell, np.zeros(size), held, growth)


def _obstacle(around: Surroundings, layer: int) -> str:
    """Return why kinks leave the form N of a dead unit of a layer unknown, '' if they do not."""
    network = around.network
    twins, above = _same_inputs(network, layer), _equal_inputs(network, layer + 1)
    for place, kink in enumerate(around.kinks):
        if kink.layer > layer + 1 and place not in around.basic:
            return "a dead unit below dependent kinks"
        between = network.signs[layer + 1 : kink.layer]
        reached = any(
            all(any(row[s] in "+0" for row in rows) for rows in between) for s in kink.sites
        )
        split = len({twins[s] for s in kink.sites}) > 1
        if split and reached and kink.layer > layer + 1:
            return "a dead unit that splits a group two layers above"
    here = {p: k for p, k in enumerate(around.kinks) if k.layer == layer + 1}
    groups = {(kink.unit, above[kink.sites[0]]) for kink in here.values()}
    return "" if len(groups) == len({*here} & {*around.basic}) else "a dead unit below a flat piece"


def _equal_inputs(network: ScaledNetwork, layer: int) -> list[int]:
    """Return, for each site, the first one that has the same inputs to a layer by its signs."""
    found = list(range(len(network.targets)))
    for rows in network.signs[:layer]:
        firsts: dict[Any, int] = {}
        keys = [
            tuple(found[s] if row[s] == "+" else None for row in rows) for s in range(len(found))
        ]
        found = [firsts.setdefault(key, s) for s, key in enumerate(keys)]
    return found


def _same_inputs(network: ScaledNetwork, layer: int) -> list[int]:
    """Return the same, where inputs may also be equal by coincidence."""
    found: list[int] = []
    rows = network.heights[layer - 1] if layer else ()
    for site, first in enumerate(_equal_inputs(network, layer)):
        alike = (
            other
            for other in dict.fromkeys(found)
            if layer and all(sign_of(row[first] - row[other]) == 0 for row in rows)
        )
        found.append(found[first] if first < site else next(alike, site))
    return found


@dataclass(frozen=True)
class _Group:
    """A kink of the layer above at sites that a dead unit tells apart (Theorem D14).

    Kinks that are nested in a group are part of it. The kink below one is kept, too, or moves.

    Parameters
    ----------
    unit : int
    places : tuple of int
        Rows of the arrangement.
    kinks : tuple of (int, int)
        For each of the places the number of the kink, and a site of it.
    multiplier : arb
    biddings : tuple of arb
        D, for each of the places.
    nested : tuple of (int, arb), or None
        At most one of the places with a kink of this layer below it, and the multiplier of that
        divided by the weight between them; None if the group is of another kind.
    """

    unit: int
    places: tuple[int, ...]
    kinks: tuple[tuple[int, int], ...]
    multiplier: arb
    biddings: tuple[arb, ...]
    nested: tuple[tuple[int, arb], ...] | None

    def sites(self, around: Surroundings) -> set[tuple[int, int]]:
        """Return its unit with each of its sites."""
        return {(self.unit, s) for number, _ in self.kinks for s in around.kinks[number].sites}


@dataclass(frozen=True)
class _Choice:
    """Of a group the place at which the kink stays, and the sign of the weight to its unit.

    At a nested place the kink stays as well, if the one below moves.
    """

    group: _Group
    kept: int
    sign: int
    moved: tuple[tuple[int, arb], ...] = ()


@dataclass(frozen=True, eq=False)
class _Tie:
    """A direction in which a dead unit gains exactly lambda (Lemma D46).

    Parameters
    ----------
    incoming : (below + 1,) array of arb
    outgoing : int
        The sign of its weight to the one unit above.
    """

    incoming: np.ndarray
    outgoing: int


@dataclass(frozen=True, eq=False)
class _Outlook:
    """What a dead unit of a layer sees, in balls and in the true scales.

    Parameters
    ----------
    local : Jets
    layer : int
        From 0.
    split : bool
        Whether the multiplier of a group is split among its sites once and for all, so that
        several dead units gain no more than each alone (Theorem D14).
    """

    local: Jets
    layer: int
    split: bool

    @property
    def network(self) -> ScaledNetwork:
        return self.local.around.network

    @cached_property
    def ridge(self) -> arb:
        """Lambda."""
        return arb(self.network.problem.effective_ridge)

    @cached_property
    def twins(self) -> list[int]:
        """For each site, the first one with the same inputs to the layer."""
        return _same_inputs(self.network, self.layer)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The first site of each set of sites with the same inputs to the layer."""
        return tuple(dict.fromkeys(self.twins))

    @cached_property
    def exact(self) -> list[Vector] | None:
        """The inputs of the layer at these sites, if they are rational."""
        if self.layer == 0:
            return [self.network.problem.sites[s].row for s in self.places]
        return None if self.network.biases[self.layer - 1] else [(fmpq(1),)] * len(self.places)

    @cached_property
    def rows(self) -> np.ndarray:
        """The inputs of the layer at these sites, (places, below + 1)."""
        if self.exact is not None:
            found = [[arb(entry) for entry in row] for row in self.exact]
            return np.array(found, dtype=object)
        scales = [self._scale(self.layer - 1, unit) for unit in range(self._width(self.layer - 1))]
        return self.local.heights[self.layer][list(self.places)] * np.array([*scales, arb(1)])

    def _width(self, layer: int) -> int:
        return len(self.network.biases[layer])

    def _scale(self, layer: int, unit: int) -> arb:
        return self.local.ball(self.network.squares[layer][unit]).sqrt()

    @property
    def is_last(self) -> bool:
        """Whether the layer above is the output."""
        return self.layer + 1 == self.network.depth

    @cached_property
    def above(self) -> int:
        """Number of units above."""
        return 1 if self.is_last else self._width(self.layer + 1)

    @cached_property
    def outgoing(self) -> np.ndarray:
        """Weights of the layer's units to those above, (above, units)."""
        rows = self.local.weights[self.layer + 1][:, : self._width(self.layer)]
        below = np.array([self._scale(self.layer, j) for j in range(self._width(self.layer))])
        if self.is_last:
            return rows / below
        above = np.array([self._scale(self.layer + 1, m) for m in range(self.above)])
        return rows * above[:, None] / below

    @cached_property
    def groups(self) -> tuple[_Group, ...]:
        """Kinks of the layer above at several of the places; none if multipliers are split."""
        if self.split:
            return ()
        around, joined = self.local.around, dict[tuple[int, int], list[int]]()
        above = _equal_inputs(self.network, self.layer + 1)
        for number, kink in enumerate(around.kinks):
            if kink.layer == self.layer + 1:
                joined.setdefault((kink.unit, above[kink.sites[0]]), []).append(number)
        found = (self._group(unit, numbers) for (unit, _), numbers in joined.items())
        return tuple(group for group in found if len(group.places) > 1)

    def _group(self, unit: int, numbers: list[int]) -> _Group:
        """Return the group of some kinks of a unit above."""
        around = self.local.around
        scale = self._scale(self.layer + 1, unit)
        arriving = around.backward.arriving[self.layer + 1][unit]
        parts: dict[int, list[tuple[int, int]]] = {}
        for number in numbers:
            for site in around.kinks[number].sites:
                parts.setdefault(self.twins[site], []).append((number, site))
        multiplier = sum_of(((around.multipliers[k], 1) for k in numbers), fmpq(0))
        biddings = (
            sum_of(((arriving[site], 1) for _, site in part), fmpq(0)) for part in parts.values()
        )
        return _Group(
            unit,
            tuple(map(self.places.index, parts)),
            tuple(part[0] for part in parts.values()),
            self.local.ball(multiplier) / scale,
            tuple(self.local.ball(bidding) / scale for bidding in biddings),
            self._nested(unit, tuple(map(self.places.index, parts)), numbers),
        )

    def _nested(
        self, unit: int, places: tuple[int, ...], numbers: list[int]
    ) -> tuple[tuple[int, arb], ...] | None:
        """Return the `nested` of a group."""
        around = self.local.around
        sites = {s for number in numbers for s in around.kinks[number].sites}
        below = [
            (number, kink)
            for number, kink in enumerate(around.kinks)
            if kink.layer <= self.layer and sites & {*kink.sites}
        ]
        if not below:
            return ()
        (number, kink), *others = below
        weight = self.local.weights[self.layer + 1][unit, kink.unit]
        seen = sum(row[kink.sites[0]] in "+0" for row in self.network.signs[self.layer + 1])
        if others or kink.layer < self.layer or seen > 1 or not weight > 0:
            return None
        ratio = self.local.ball(around.multipliers[number]) / weight
        place = places.index(self.places.index(self.twins[kink.sites[0]]))
        return ((place, ratio / self._scale(self.layer + 1, unit)),)

    @cached_property
    def weights(self) -> np.ndarray:
        """Errors of the units above at the places, without those of groups, (places, above)."""
        around, twins = self.local.around, self.twins
        found = np.full((len(self.places), self.above), arb(0), dtype=object)
        grouped = {pair for group in self.groups for pair in group.sites(around)}
        errors = [around.residuals] if self.is_last else around.backward.errors[self.layer + 1]
        for unit, line in enumerate(errors):
            scale = arb(1) if self.is_last else self._scale(self.layer + 1, unit)
            for site, error in enumerate(line):
                if (unit, site) not in grouped:
                    found[self.places.index(twins[site]), unit] += self.local.ball(error) / scale
        return found

    def _is_known(self) -> bool:
        """Whether kinks of live units of the layer are independent, and groups known."""
        if any(group.nested is None for group in self.groups):
            return False
        return self.layer == 0 or self.has_independent_kinks()

    def has_independent_kinks(self) -> bool:
        """Whether the inputs at the kinks of each live unit of the layer are independent."""
        kinks = [kink for kink in self.local.around.kinks if kink.layer == self.layer]
        for unit in range(self._width(self.layer)):
            places = {self.places.index(self.twins[k.sites[0]]) for k in kinks if k.unit == unit}
            if kernel_of(self.rows[sorted(places)]) is None:
                return False
        return True

    def scanned(self) -> Dormancy:
        """Look for a direction in which a dead unit grows, face by face."""
        live, unclear = self._live_faces(), not self._is_known()
        ties: list[_Tie] = []
        for choices in self._choices():
            rows, exact = self._refined(choices)
            try:
                for face in signs_of(rows, exact):
                    if face[: len(self.places)] in live:
                        continue
                    found = self._on_face(rows, exact, face, choices)
                    if isinstance(found, Dormancy):
                        return found
                    if isinstance(found, _Tie):
                        ties.append(found)
                    unclear |= found is None
            except ZeroDivisionError:
                unclear = True
        if unclear:
            return Dormancy(None, "a dead unit in a direction where its gain may be lambda")
        return self._tied(ties) if ties else Dormancy(True, "dead units stay dead")

    def _live_faces(self) -> set[str]:
        """Return faces of live units, and those into which they turn at no cost (Lemma D44)."""
        found: set[str] = set()
        for unit, row in enumerate(self.network.signs[self.layer]):
            turned = _open_sides(self.local.around, self.layer, unit)
            ways = (row[s] + turned.get(s, "") for s in self.places)
            found.update(map("".join, product(*ways)))
        return found

    def _choices(self) -> Iterator[tuple[_Choice, ...]]:
        """Yield what can be chosen at groups: where each kink stays, and signs of weights."""
        units = sorted({group.unit for group in self.groups})
        signs = (1, -1) if self.above == 1 else (1, -1, 0)
        for chosen in product(signs, repeat=len(units)):
            sign = dict(zip(units, chosen, strict=True))
            for kept in product(*(self._kept(group) for group in self.groups)):
                pairs = zip(self.groups, kept, strict=True)
                yield tuple(_Choice(group, k, sign[group.unit], m) for group, (k, m) in pairs)

    def _kept(self, group: _Group) -> Iterator[tuple[int, tuple[tuple[int, arb], ...]]]:
        """Yield the places at which the kink of a group can stay, and what moves below."""
        for kept in range(len(group.places)):
            yield kept, ()
            if group.nested and group.nested[0][0] != kept:
                yield kept, group.nested

    def _pairs(self, choices: tuple[_Choice, ...]) -> list[tuple[int, int]]:
        """Return the places of groups, each with the one at which its kink stays."""
        return [
            (place, choice.group.places[choice.kept])
            for choice in choices
            for place in choice.group.places
            if place != choice.group.places[choice.kept]
        ]

    def _refined(self, choices: tuple[_Choice, ...]) -> tuple[np.ndarray, list[Vector] | None]:
        """Return the rows of the places, then the differences from where kinks stay."""
        pairs = self._pairs(choices)
        rows = np.vstack([self.rows, *(self.rows[[one]] - self.rows[[k]] for one, k in pairs)])
        if self.exact is None:
            return rows, None
        differences = [
            tuple(a - b for a, b in zip(self.exact[one], self.exact[k], strict=True))
            for one, k in pairs
        ]
        return rows, [*self.exact, *differences]

    def _zeros(self, face: str, choices: tuple[_Choice, ...]) -> list[int]:
        """Return the rows that are 0 on a face, without differences of two that are."""
        count = len(self.places)
        return [k for k in range(count) if face[k] == "0"] + [
            count + k
            for k, (one, other) in enumerate(self._pairs(choices))
            if face[count + k] == "0" and not face[one] == face[other] == "0"
        ]

    def _matrix(self, face: str, choices: tuple[_Choice, ...]) -> np.ndarray | None:
        """Return the matrix of N on a face, (above, below + 1); None if a choice is impossible."""
        on = [place for place in range(len(self.places)) if face[place] == "+"]
        weights, rows = self.weights, self.rows
        matrix = weights[on].T @ rows[on] if on else np.full_like(rows[:1], arb(0))
        matrix = np.broadcast_to(matrix, (self.above, rows.shape[1])).copy()
        later = len(self.places)
        for choice in choices:
            group, kept = choice.group, choice.group.places[choice.kept]
            if choice.sign == 0:
                matrix[group.unit] = arb(0)
            base = rows[kept] if face[kept] == "+" else rows[kept] * 0
            line = group.multiplier * base
            ratios = dict(choice.moved)
            for number, (place, bidding) in enumerate(
                zip(group.places, group.biddings, strict=True)
            ):
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

    def _on_face(
        self,
        rows: np.ndarray,
        exact: list[Vector] | None,
        face: str,
        choices: tuple[_Choice, ...],
    ) -> Dormancy | _Tie | bool | None:
        """Return a growth or a tie on a face, True if there is none, None if that is unclear."""
        zeros = self._zeros(face, choices)
        flat = flat_of(rows[zeros], None if exact is None else [exact[k] for k in zeros])
        if flat is None:
            return None
        whole = self._matrix(face, choices)
        if whole is None:
            return True
        matrix = whole @ flat
        norms = flat.T @ flat
        if is_positive_definite(self.ridge**2 * norms - matrix.T @ matrix):
            return True
        try:
            vector = flat @ top_direction(matrix, norms)
        except (ValueError, ZeroDivisionError):
            return None
        expected = np.array([{"+": 1, "-": -1, "0": 0}[sign] for sign in face])
        heights = (rows @ vector)[expected != 0] * expected[expected != 0]
        outgoing = whole @ vector
        wanted = [outgoing[c.group.unit] * c.sign for c in choices if c.sign]
        found: bool | None = True
        for sign in (1, -1):
            tests = [entry * sign for entry in (*heights, *wanted)]
            if any(test < 0 for test in tests):
                continue
            gain = outgoing @ outgoing - self.ridge**2 * (vector @ vector)
            moving = any(choice.moved for choice in choices)
            if all(test > 0 for test in tests) and gain > 0 and not moving:
                return self._grown(vector * sign, outgoing * sign, choices)
            found = None
        return self._exactly(face) if found is None and not choices else found

    def _exactly(self, face: str) -> Dormancy | _Tie | bool | None:
        """Decide about a face below one unit and above rational inputs, by exact numbers."""
        if self.exact is None or self.above > 1 or self.is_last:
            return None
        errors = self.local.around.backward.errors[self.layer + 1][0]
        dimension = len(self.exact[0])
        pull = [
            sum_of(
                (
                    (errors[site], self.exact[self.places.index(self.twins[site])][c])
                    for site in range(len(errors))
                    if face[self.places.index(self.twins[site])] == "+"
                ),
                fmpq(0),
            )
            for c in range(dimension)
        ]
        zeros = [row for row, sign in zip(self.exact, face, strict=True) if sign == "0"]
        flat = fmpq_mat([list(vector) for vector in null_space(zeros, dimension)])
        projector = flat.transpose() * (flat * flat.transpose()).inv() * flat
        vector = [dot(row, pull) for row in projector.tolist()]
        heights = [sign_of(dot(row, vector)) for row in self.exact]
        wanted = [{"+": 1, "-": -1, "0": 0}[sign] for sign in face]
        if not any(heights) or wanted not in (heights, [-sign for sign in heights]):
            return True
        bound = self.network.squares[self.layer + 1][0] * self.network.problem.effective_ridge**2
        gain, turn = sign_of(dot(vector, vector) - bound), 1 if wanted == heights else -1
        incoming = np.array([self.local.ball(entry) * turn for entry in vector], dtype=object)
        if gain:
            outgoing = np.array([arb(turn)], dtype=object)
            return gain < 0 or self._grown(incoming, outgoing, ())
        return _Tie(incoming / (incoming @ incoming).sqrt(), turn)

    def _tied(self, ties: Sequence[_Tie]) -> Dormancy:
        """Decide by the second order where dead units gain exactly lambda (Lemma D46)."""
        around, layer = self.local.around, self.layer + 1
        unclear = Dormancy(None, "a dead unit in a direction where its gain is lambda")
        others = zip(self.network.problem.hidden, self.network.biases, strict=True)
        spare = [width - len(units) for width, units in others]
        if any(spare[: self.layer] + spare[layer:]) or not _is_tame(around, self.layer):
            return unclear
        seen = [self.places.index(self.twins[s]) for s in range(len(self.twins))]
        scale = self._scale(layer, 0)
        pushes = tuple(
            (layer, (positive_parts(self.rows[seen] @ tie.incoming) * tie.outgoing / scale)[None])
            for tie in ties
        )
        held = _strict_kinks(around)
        local = Jets(around, self.local.bits, pushes)
        forms = list(_critical_forms(local))
        if all(found is not None and is_positive_definite(found[1]) for found in forms):
            return Dormancy(True, "dead units stay dead, where their gain is lambda by curvature")
        if len(ties) > 1 or len(forms) > 1 or forms[0] is None:
            return unclear
        ((kernel, form),) = forms
        vector = np.array([arb(x) for x in np.linalg.eigh(doubles(form))[1][:, 0]], dtype=object)
        direction = kernel @ vector
        if len(held) + kernel.shape[1] > len(kernel) or not vector @ form @ vector < 0:
            return unclear
        if direction[-1] < 0:
            direction = -direction
        return self._suddenly_grown(ties[0], direction, held) if direction[-1] > 0 else unclear

    def _suddenly_grown(self, tie: _Tie, direction: np.ndarray, held: Sequence[int]) -> Dormancy:
        """Return the growth of a unit along a tie, while other parameters move as well."""
        cell = (False,) * len(self.local.around.kinks)
        kinks = self.local.around.kinks
        move = Move(cell, doubles(direction[:-1]), tuple((k, kinks[k].sites[0]) for k in held))
        length = float(step_length(self.local, move).mid()) or 1.0
        root = (float(direction[-1].mid()) * length) ** 0.5
        growth = Growth(
            self.layer,
            doubles(tie.incoming) * root,
            np.array([tie.outgoing * root]),
            is_sudden=True,
        )
        reason = f"a dead unit of layer {self.layer + 1} grows, and others with it"
        return Dormancy(False, reason, replace(move, growth=growth))

    def _grown(
        self, vector: np.ndarray, outgoing: np.ndarray, choices: tuple[_Choice, ...]
    ) -> Dormancy:
        """Return the growth in a direction; kinks above are kept where a choice says."""
        around = self.local.around
        grouped = {number for choice in choices for number, _ in choice.group.kinks}
        held = [(k, around.kinks[k].sites[0]) for k in around.basic if k not in grouped]
        held += [choice.group.kinks[choice.kept] for choice in choices]
        unit, target = doubles(vector), doubles(outgoing)
        growth = Growth(self.layer, unit / np.linalg.norm(unit), target / np.linalg.norm(target))
        move = _growing((False,) * len(around.kinks), tuple(held), growth, self.local.size)
        return Dormancy(False, f"a dead unit of layer {self.layer + 1} grows", move)


def _kernel_of_dependent(rows: np.ndarray) -> np.ndarray | None:
    """Return a basis of {d : rows d = 0}, or of a larger space; None if the rank is in doubt."""
    rank = np.linalg.matrix_rank(doubles(rows), tol=1e-9) if len(rows) else 0
    return kernel_of(rows[pivots_of(doubles(rows).T)[:rank] if len(rows) else []])


def flat_of(rows: np.ndarray, exact: Sequence[Vector] | None) -> np.ndarray | None:
    """Return a basis of {v : rows v = 0}, or None if the rank is in doubt; rows may depend.

    Parameters
    ----------
    rows : (r, size) array of arb
    exact : sequence of vectors, or None
        The same, if they are rational.
    """
    if exact is not None:
        basis = null_space(exact, rows.shape[1])
        found = np.array([[arb(entry) for entry in vector] for vector in basis], dtype=object)
        return found.reshape(len(basis), rows.shape[1]).T
    count = len(rows)
    if not count:
        return kernel_of(rows)
    rank = np.linalg.matrix_rank(doubles(rows), tol=1e-9)
    for chosen in combinations(range(count), int(rank)):
        flat = kernel_of(rows[list(chosen)])
        if flat is not None:
            rest = rows @ flat
            others = [k for k in range(count) if k not in chosen]
            return flat if all(entry == 0 for entry in rest[others].ravel()) else None
    return None


def top_direction(matrix: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Return the vector with the largest quotient |matrix v|^2 / (v . norms v), in balls.

    Raises
    ------
    ValueError
        If the largest quotient is not proved to be a simple one.
    ZeroDivisionError
        If the norms are not proved to be positive.
    """
    if norms.shape == (1, 1):
        return np.array([arb(1)], dtype=object)
    inverse = matrix_of(arb_mat(norms.tolist()).inv())
    if len(matrix) == 1:
        return inverse @ matrix[0]
    values, vectors = arb_mat((inverse @ matrix.T @ matrix).tolist()).eig(right=True)
    best = max(range(len(values)), key=lambda k: float(values[k].real.mid()))
    return np.array([vectors[k, best].real for k in range(len(norms))], dtype=object)


def signs_of(rows: np.ndarray, exact: list[Vector] | None) -> Iterator[str]:
    """Yield signs of rows . v that contain those of all v != 0; more if rows are not exact.

    Raises
    ------
    ZeroDivisionError
        If rows are too near to dependent ones.
    """
    if exact is not None:
        yield from (signs for signs in covectors(exact) if signs.strip("0"))
    elif len(rows) <= MOST_GUESSED:
        yield from ("".join(signs) for signs in product("+-0", repeat=len(rows)))
    else:
        yield from _completed_rays(rows)


def _completed_rays(rows: np.ndarray) -> Iterator[str]:
    """Yield signs of faces as those of their rays, completed in all ways where rays are 0."""
    seen: set[str] = set()
    for chosen in combinations(range(len(rows)), rows.shape[1] - 1):
        ray = kernel_of(rows[list(chosen)])
        if ray is None:
            raise ZeroDivisionError("rows that may be dependent")
        products = rows @ ray[:, 0]
        for sign in (1, -1):
            texts = ["+" if p * sign > 0 else "-" if p * sign < 0 else "+-0" for p in products]
            for signs in product(*texts):
                text = "".join(signs)
                if text not in seen:
                    seen.add(text)
                    yield text
