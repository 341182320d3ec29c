"""Which residuals of records are one, and which strata are connected."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from flint import arb, ctx, fmpq, fmpz_poly

from ..hinges.joined import Component, copies, links_of, walked
from ..points import TEXT_BITS
from ..reals import LEVELS, dot, enclosure, require, sign
from .cores import Core
from .residuals import Residual
from .strata import Stratum, strata_of
from .units import Judged, mirrored, stands
from .weights import Columns, Weights


class Landing:
    """A residual of a record, with the strata of minima that have it; `group` is for `least`."""

    def __init__(self, judged: Judged) -> None:
        self.judged, self.core, self.group = judged, judged.core, self
        self._losses: dict[int, arb] = {}

    @cached_property
    def weights(self) -> Weights:
        """The weights of kinks."""
        return Weights(self.judged)

    @cached_property
    def strata(self) -> list[Stratum]:
        """The strata."""
        return list(strata_of(self.weights))

    def loss(self, residual: Residual) -> Any:
        """Claim 321: the loss is 2 r.y - |r|^2, and what no network fits (Lemma 83)."""
        sites = self.judged.sites
        pairs = zip(residual.forces, sites.copies, strict=True)
        square = sum((x * x * (1 / w) for x, w in pairs), start=-sites.scatter)
        return (dot(residual.forces, sites.y) * 2 - square) * sites.scale

    def loss_ball(self, bits: int = TEXT_BITS) -> arb:
        """Return an enclosure of the loss, by the exact residual if there is one."""
        if bits not in self._losses:
            residual = self.core.exact or next(self.core.residuals(bits), None)
            require(residual is not None, f"the loss of {self.core.name} is not known well enough")
            with ctx.workprec(bits):
                self._losses[bits] = enclosure(self.loss(residual), bits)
        return self._losses[bits]

    @cached_property
    def polynomial(self) -> fmpz_poly:
        """The minimal polynomial of the loss."""
        return self.loss(self.core.exact).minimal_polynomial()

    def has(self, core: Core) -> bool:
        """Claim 322: r_S is this residual if the creases of S are tight here, and weights fit.

        For y - r is a combination of the z_F with q_F >= 0, and of indicators: r is nearest to Ry.
        """
        if not self._is_near(core):
            return False
        first = {tight.crease: unit for unit, tight in reversed(self.judged.living)}
        if not set(core.creases) <= set(first):
            return False
        knots = [self.judged.knots(first[crease]) for crease in core.creases]
        every = frozenset().union(*knots)
        return len(every) == sum(map(len, knots)) and self._adds_up(knots, every)

    def _adds_up(self, knots: list[list[int]], every: frozenset[int]) -> bool:
        """Whether some weights on nodes are seen to be 0 at least for each crease."""
        ball = [self.core.ball(LEVELS[2])] if self.core.support else []
        exact = [self.core.exact] if self.core.exact else []
        with ctx.workprec(LEVELS[2]):
            return any(self._fits(residual, knots, every) for residual in (*ball, *exact))

    def _fits(self, residual: Residual, knots: list[list[int]], every: frozenset[int]) -> bool:
        for share in self._shares(residual):
            sums = (sum((share.get(k, fmpq(0)) for k in part), fmpq(0)) for part in knots)
            if every.issuperset(share) and {0, 1}.issuperset(map(sign, sums)):
                return True
        return False

    def _is_near(self, core: Core) -> bool:
        """Whether balls of both residuals have points in common."""
        one, other = next(self.core.residuals()), next(core.residuals())
        pairs = zip(one.forces, other.forces, strict=True)
        return not any(sign(enclosure(x, LEVELS[0]) - enclosure(y, LEVELS[0])) for x, y in pairs)

    def _shares(self, residual: Residual) -> Iterator[dict[int, Any]]:
        """Yield some ways to put weights on nodes that add up to y - r, some maybe negative."""
        yield from self.weights.flows(residual) or ()
        own = self.weights.own
        start = Columns(self.judged, residual, own).start(len(own)) if own else None
        if start is not None:
            yield dict(zip(own, start, strict=True))

    def components(self) -> Iterator[Component]:
        """Claim 323: strata are connected if one is in the closure of the other (Lemma 97)."""
        known = {stratum.units: stratum for stratum in self.strata}
        links, met = links_of(self.judged, known), set()
        for start in known:
            if start not in met:
                part, pairs, turns, _ = walked(start, links)
                met |= part
                yield [known[units] for units in part], copies(len(start), pairs, turns)


def landings(points: Sequence[Core]) -> list[Landing]:
    """Claim 324: minima have these residuals, each once: a set of creases has one (Lemma 93).

    Those whose own creases are not all tight are needed by no minimum (Lemma 94).
    """
    found: list[Landing] = []
    names: set[frozenset] = set()
    key = lambda core: (len(core.support), -sum(c.has_offset for c in core.creases))  # noqa: E731
    for core in sorted(points, key=key):
        if any(landing.has(core) for landing in found):
            continue
        landing = Landing(judged := Judged(core))
        if judged.is_stationary:
            found.append(landing)
    return [landing for landing in found if landing.strata and not known(landing, names)]


def forms_joined(landing: Landing) -> Iterator[Component]:
    """Claim 325: components that differ by mirror images of units are listed as one (Lemma 129).

    They have their strata in common, up to mirror images; of each the form stands where all units
    have the form that stands for both.
    """
    if landing.judged.sites.linear == "none":
        yield from landing.components()
        return
    found: dict[frozenset, Component] = {}
    for strata, number in landing.components():
        key = frozenset(map(unsided, strata))
        shown, total = found.get(key, ([], 0))
        found[key] = [*shown, *filter(is_shown, strata)], total + number
    yield from found.values()


def unsided(stratum: Stratum) -> tuple:
    """Return the units of a stratum up to mirror images."""
    faces = [stratum.judged.crease_of(unit).text if unit.sign else "" for unit in stratum.units]
    kinds = ("inactive" if unit.kind == "active" else unit.kind for unit in stratum.units)
    signs = (unit.sign for unit in stratum.units)
    forms = (min(face, mirrored(face)) for face in faces)
    return tuple(sorted(zip(forms, signs, kinds, strict=True)))


def is_shown(stratum: Stratum) -> bool:
    """Whether all units have the form that stands for both."""
    return all(
        stands(stratum.judged.crease_of(unit).text) if unit.sign else unit.kind != "active"
        for unit in stratum.units
    )


def known(landing: Landing, names: set[frozenset]) -> bool:
    """Claim 326: residuals with a set of creases of living units in common are one (Lemma 93)."""
    sets = {frozenset(unit_creases(stratum)) for stratum in landing.strata}
    met = not sets.isdisjoint(names)
    names |= sets
    return met


def unit_creases(stratum: Stratum) -> Iterator[str]:
    """Yield the creases of living units."""
    for unit, _ in stratum.groups:
        yield stratum.judged.crease_of(unit).text
