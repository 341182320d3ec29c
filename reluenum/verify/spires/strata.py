"""All strata of three layers that can hold a local minimum, enumerated by exact arithmetic alone.

On the cone on which the two lower layers have some signs, the pre-activations of the third one are
linear in the weights, too: it is split once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, product

from flint import fmpq, fmpq_mat

from ..deep.sites import Row, Sites
from ..deep.strata import (
    Face,
    Generator,
    cone_of,
    faces_of,
    forms_of,
    holding,
    is_free,
    sign_vectors,
)
from ..exact import onto


@dataclass(frozen=True, order=True)
class Kink:
    """A zero of the unit of a layer, 2 or 3: at one site, or at a group (Lemma D5)."""

    layer: int
    places: tuple[int, ...]


@dataclass(frozen=True)
class Spire:
    """Signs of the units of layers 3 and 2, and of distinct ones of layer 1, where they matter."""

    sites: Sites
    top: Row
    middle: Row
    lower: tuple[Row, ...]  # in the order of their texts

    def __reduce__(self) -> tuple:
        """Send the signs alone."""
        return Spire, (self.sites, self.top, self.middle, self.lower)

    @property
    def seen(self) -> int:
        """The sites at which layer 2 matters (Lemma D4)."""
        return self.sites.everything & ~self.top[1]

    @property
    def relevant(self) -> int:
        """The sites at which layer 1 matters."""
        return self.seen & ~self.middle[1]

    @cached_property
    def lit(self) -> int:
        """The sites at which some unit of layer 1 is positive."""
        found = 0
        for plus, _ in self.lower:
            found |= plus
        return found

    @cached_property
    def kinks(self) -> list[Kink]:
        """The kinks of layers 2 and 3: sites that see the same biases only are one."""
        zeros = {2: self.relevant & ~self.middle[0], 3: self.seen & ~self.top[0]}
        passed, found = self.middle[0] & self.lit, []
        single = {2: zeros[2] & self.lit, 3: zeros[3] & passed}
        groups = [(2, zeros[2] & ~self.lit)]
        groups += [(3, zeros[3] & self.middle[0] & ~self.lit), (3, zeros[3] & ~self.middle[0])]
        for layer, mask in single.items():
            found += [Kink(layer, (i,)) for i in self.sites.inside(mask)]
        found += [Kink(layer, tuple(self.sites.inside(mask))) for layer, mask in groups if mask]
        return sorted(found)

    def reached(self, layer: int, site: int) -> tuple[list[int], bool]:
        """Return which units of layer 1, and whether layer 2, the unit of a layer sees at a site.

        Layer 2 sees itself.
        """
        inside = layer == 2 or bool(self.middle[0] >> site & 1)
        return [j for j, (plus, _) in enumerate(self.lower) if inside and plus >> site & 1], inside

    def form(self, layer: int, site: int) -> list[fmpq]:
        """Return a pre-activation as a form of (w_1, ..., w_m, B_2, B_3), w_j in its flat."""
        active, inside = self.reached(layer, site)
        nothing = [fmpq(0)] * self.sites.depth
        rows = enumerate(self.lower)
        parts = (self.flat_input(row, site) if j in active else nothing for j, row in rows)
        return [*(x for part in parts for x in part), fmpq(inside), fmpq(layer == 3)]

    @property
    def units(self) -> range:
        """The units of layer 1."""
        return range(len(self.lower))

    def zeros(self, row: Row) -> list[int]:
        """Return the relevant sites at which a unit of layer 1 is 0."""
        return self.sites.inside(self.relevant & ~row[0] & ~row[1])

    def flat_input(self, row: Row, site: int) -> list[fmpq]:
        """Return an input with a 1, inside the flat of a row of layer 1."""
        return (self._flat(row) * fmpq_mat(self.sites.depth, 1, self.sites.rows[site])).entries()

    @cached_property
    def _flat(self) -> Callable[[Row], fmpq_mat]:
        return cache(lambda row: _projector(self.sites, self.zeros(row)))

    @cached_property
    def text(self) -> str:
        """Return the text of the stratum."""
        lower = ",".join(self.sites.text(row, self.relevant) for row in self.lower)
        return f"{lower}/{self.sites.text(self.middle, self.seen)}/{self.sites.text(self.top)}"


def _projector(sites: Sites, zeros: list[int]) -> fmpq_mat:
    """Return the projector on what is orthogonal to some inputs."""
    whole = fmpq_mat([[fmpq(i == j) for j in range(sites.depth)] for i in range(sites.depth)])
    return whole - onto([sites.rows[i] for i in zeros]) if zeros else whole


def realised(sites: Sites) -> dict[str, Spire]:
    """Claim 97: every stratum of live layers that some network realises, by its text.

    The output weight is positive, without loss of generality; the weights below have either sign.
    """
    faces, found = faces_of(sites), {}
    for size in range(1, min(sites.hidden[0], len(faces)) + 1):
        for chosen in combinations(faces, size):
            for middle, cone in _middles(sites, chosen):
                for top in _tops(sites, chosen, middle, cone) if middle[0] else ():
                    spire = _spire(sites, top, middle, chosen)
                    if len(spire.lower) == size and _alive(spire):
                        found[spire.text] = spire
    return found


def _middles(sites: Sites, chosen: tuple[Face, ...]) -> Iterator[tuple[Row, list[Generator]]]:
    """Yield the signs of layer 2 above some faces, with the cone that has them."""
    forms, bias = forms_of(sites, chosen), (0,) * (len(chosen) * sites.depth) + (1,)
    for sides in product((1, -1), repeat=len(chosen)):
        yield from sign_vectors(cone_of(sites, chosen, sides), forms, bias)


def _tops(
    sites: Sites, chosen: tuple[Face, ...], middle: Row, cone: list[Generator]
) -> Iterator[Row]:
    """Yield the signs of layer 3 on a cone of the weights below, for either sign of its weight."""
    walls = [((*ray, 0), zeros << sites.size) for ray, zeros in cone]
    below = forms_of(sites, chosen)
    bias = (0,) * len(below[0]) + (1,)
    for side in (1, -1):
        forms = [
            (*(side * x if middle[0] >> i & 1 else 0 for x in form), form[-1])
            for i, form in enumerate(below)
        ]
        yield from (top for top, _ in sign_vectors(walls, forms, bias))


def _spire(sites: Sites, top: Row, middle: Row, chosen: tuple[Face, ...]) -> Spire:
    """Return the stratum of some signs, without those that do not matter."""
    seen = sites.everything & ~top[1]
    relevant = seen & ~middle[1]
    rows = {(face.row[0] & relevant, face.row[1] & relevant) for face in chosen}
    lower = sorted(rows, key=lambda row: sites.text(row, relevant))
    return Spire(sites, top, (middle[0] & seen, middle[1] & seen), tuple(lower))


def _alive(spire: Spire) -> bool:
    """Whether every unit is positive where it matters (Lemma D3)."""
    return all(plus for plus, _ in (spire.top, spire.middle, *spire.lower))


def kept(found: dict[str, Spire]) -> dict[str, Spire]:
    """Claim 98: the others hold no local minimum (Lemma D8, Lemma D27), for either output."""
    return holding(found, lambda spire: (spire.top, [kink.places for kink in free_kinks(spire)]))


def free_kinks(spire: Spire) -> list[Kink]:
    """Return kinks of layer 3 that the weights can leave while all others, of layer 2, too, stay.

    A group is one kink.
    """
    forms = [spire.form(kink.layer, kink.places[0]) for kink in spire.kinks]
    top = ((k, kink) for k, kink in enumerate(spire.kinks) if kink.layer == 3)
    return [kink for k, kink in top if is_free(forms, k)]
