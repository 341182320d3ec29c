"""Dead units: whether one can stay dead, and whether units of a layer can share a direction.

A dead unit of layer k with small weights v, and a to the layer above, changes the loss by
lambda (|a|^2 + |v|^2) - 2 N(a, v) to second order (Theorem D14), N linear in a and in v on faces
of an arrangement whose rows are the inputs of the layer. On a face, N / |a||v| has no local maximum
but its largest singular value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from reluenum.algebra.forms import doubles, is_positive_definite, kernel_of, matrix_of
from reluenum.algebra.linear import Vector, null_space
from reluenum.algebra.newton import CERTIFICATION_BITS
from reluenum.engines.deep.cells import Jets, Surroundings, cell_multipliers, jets, linear_columns
from reluenum.engines.deep.networks import ScaledNetwork, sign_of, sum_of
from reluenum.engines.deep.witnesses import DeepDescent, Growth, Move, descent
from reluenum.geometry.arrangement import covectors

MOST_GUESSED = 5
"""Rows up to which all arrays of signs are looked at, realisable or not."""


MOST_KINKS = 12
"""Dependent kinks of which all cells are looked at."""


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
    """Decide what a dead unit of a layer (from 1) does (Lemmas D2, D3, Theorem D14).

    Parameters
    ----------
    network : ScaledNetwork
        A strict local minimum in its live parameters.
    layer : int
        Live, or the highest dead one.
    """
    around = Surroundings(network)
    if not network.output:
        return _of_zero_network(around, layer - 1)
    reason = _obstacle(around, layer - 1)
    found = Dormancy(None, reason) if reason else _scanned(around, layer - 1, split=False)
    if found.harmless is False or not around.kinks:
        return found
    if not (around.is_strict or _is_strict_in_cells(around, layer - 1)):
        return Dormancy(None, "a dead unit beside a kink whose first order is not strict")
    spare = sum(network.problem.hidden) - sum(map(len, network.biases))  # in all layers
    if found.harmless and spare <= 1:
        return found
    split = _scanned(around, layer - 1, split=True) if around.is_strict else found
    if split.harmless and around.is_strict:
        return split
    return Dormancy(None, reason or "dead units beside a group, or beside dependent kinks")


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
    if above == 1 and (around.is_strict or _is_strict_in_cells(around, layer - 1)):
        return (True,) * len(rows)
    if not around.is_strict:
        return (None,) * len(rows)
    return tuple(_row_shared(around, layer - 1, row) for row in rows)


def _row_shared(around: Surroundings, layer: int, row: str) -> bool | None:
    """Decide about one row by deflating the singular values that are lambda."""
    units = [j for j, text in enumerate(around.network.stratum.layers[layer]) if text == row]
    for bits in CERTIFICATION_BITS:
        with ctx.workprec(bits + 32):
            outlook = _Outlook(jets(around, bits), layer, split=False)
            signs = around.network.signs[layer][units[0]]
            zeros = [c for c, s in enumerate(outlook.places) if signs[s] == "0"]
            active = [c for c, s in enumerate(outlook.places) if signs[s] == "+"]
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
        passed = around.split if self.split else around.backward
        errors = [around.residuals] if self.is_last else passed.errors[self.layer + 1]
        for unit, line in enumerate(errors):
            scale = arb(1) if self.is_last else self._scale(self.layer + 1, unit)
            for site, error in enumerate(line):
                if (unit, site) not in grouped:
                    found[self.places.index(twins[site]), unit] += self.local.ball(error) / scale
        return found

    def _is_regular(self) -> bool:
        """Whether kinks of live units of the layer are independent, and splits strict."""
        around = self.local.around
        if any(group.nested is None for group in self.groups):
            return False
        if self.split and not all(
            self.local.ball(around.split.arriving[kink.layer][kink.unit][s]) < 0
            for kink in around.kinks
            for s in kink.sites
        ):
            return False
        return self.layer == 0 or self.has_independent_kinks()

    def has_independent_kinks(self) -> bool:
        """Whether the inputs at the kinks of each live unit of the layer are independent."""
        kinks = [kink for kink in self.local.around.kinks if kink.layer == self.layer]
        for unit in range(self._width(self.layer)):
            places = [self.places.index(self.twins[k.sites[0]]) for k in kinks if k.unit == unit]
            if len(set(places)) < len(places) or kernel_of(self.rows[places]) is None:
                return False
        return True

    def scanned(self) -> Dormancy:
        """Look for a direction in which a dead unit grows, face by face."""
        live = {"".join(row[s] for s in self.places) for row in self.network.signs[self.layer]}
        unclear = not self._is_regular()
        for choices in self._choices():
            rows, exact = self._refined(choices)
            try:
                for face in signs_of(rows, exact):
                    if face[: len(self.places)] in live:
                        continue
                    found = self._on_face(rows, exact, face, choices)
                    if isinstance(found, Dormancy):
                        return found
                    unclear |= found is None
            except ZeroDivisionError:
                unclear = True
        if unclear:
            return Dormancy(None, "a dead unit in a direction where its gain may be lambda")
        return Dormancy(True, "dead units stay dead")

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
    ) -> Dormancy | bool | None:
        """Return a growth on a face, True if there is none, None if that cannot be told."""
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
        return found

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
