"""The components that follow from the local minima, compared with the document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import factorial, prod
from typing import TYPE_CHECKING, Any, ClassVar

from flint import arb, ctx, fmpq

from ..arithmetic.decimals import NUMBER_BITS, Texts, interval, nearest
from ..exact import compositions
from ..reals import RATIONAL, Algebraic, dot, ends, matched, require, sign_changes, told
from .sites import Sites

if TYPE_CHECKING:
    from .points import Zero

Entry = tuple[arb, bool]  # a number, and whether it is exactly 0


def texts(ball: arb, vanishes: bool = False) -> Texts:
    """Claim 85: a decimal is correctly rounded to 30 digits, and 0 is exactly 0."""
    found = frozenset("0") if vanishes else nearest(ball, fmpq(1), NUMBER_BITS)
    require(found is not None, "a number is too close to 0 or to the middle of two decimals")
    return found


@dataclass(frozen=True)
class Unit:
    """A distinct unit: its signs at the data points, its square, its weights with the bias."""

    signs: str
    square: arb
    weights: tuple[Entry, ...]

    def share(self, copies: int) -> list[Texts]:
        """Return the weights and the bias of each of so many copies."""
        return [texts(x / arb(copies).sqrt(), gone) for x, gone in self.weights]

    def record(self, multiplicity: int) -> dict[str, Any]:
        """Return what a document says of it and its copies, whatever their number."""
        scale = self.square.sqrt()
        return {
            "signs": self.signs,
            "multiplicity": multiplicity,
            "sum_of_squares": texts(self.square),
            "direction": [texts(x / scale, gone) for x, gone in self.weights],
        }


class Network:
    """A local minimum with distinct units, or one whose first layer is dead.

    `layers` are its distinct units, `output` the weight of the upper one, `loss` its loss, `exact`
    says what that is in a number field, if that is known. `wide` is the layer of several units.
    """

    wide: ClassVar[int] = 0

    def __init__(
        self,
        sites: Sites,
        layers: list[list[Unit]],
        output: arb,
        loss: arb,
        exact: Callable[[], Algebraic] | None = None,
    ) -> None:
        self.sites, self.layers, self.output = sites, layers, output
        self.loss, self.exact = loss, exact

    @cached_property
    def signs(self) -> list[list[str]]:
        """Rows of signs by layer, sorted."""
        return [sorted(unit.signs for unit in layer) for layer in self.layers]

    def moved_signs(self, images: Sequence[int]) -> list[list[str]]:
        """Return the signs of a network that does at the images of sites what this one does."""
        at = self.sites.row_of
        places = [at.index(images.index(site)) for site in at]
        return [sorted("".join(row[p] for p in places) for row in layer) for layer in self.signs]

    def representative(self, copies: Sequence[int]) -> dict[str, Any]:
        """Return the network in which the units that are copies of one share its square equally."""
        none, dead = frozenset("0"), self.sites.hidden[0] - sum(copies)
        units = [(j, k) for j, k in enumerate(copies) for _ in range(k)]
        lower = [self.layers[0][j].share(k) for j, k in units] + [[none] * self.sites.depth] * dead
        tables, biases = [[row[:-1] for row in lower]], [[row[-1] for row in lower]]
        for layer in self.layers[1:]:
            *row, bias = layer[0].weights if layer else [(arb(0), True)]
            shares = [texts(row[j][0] / arb(k).sqrt()) for j, k in units]
            tables.append([shares + [none] * dead])
            biases.append([texts(*bias)])
            units, dead = [(0, 1)] * len(layer), 1 - len(layer)
        return {"W": tables, "b": biases, "w": [texts(self.output, not self.layers[-1])]}


def zero_network(sites: Sites) -> Network:
    """Return the network without live units."""
    nothing: list[list[Unit]] = [[] for _ in sites.hidden]
    loss = sites.energy * sites.scale
    return Network(sites, nothing, arb(0), arb(loss), lambda: Algebraic(RATIONAL, [loss]))


def constant_network(sites: Sites, value: fmpq) -> Network:
    """Return the network f = value: one live unit on top, whose bias is the root of its size."""
    root = arb(abs(value)).sqrt()
    nothing = sites.energy - 2 * value * sum(sites.totals, fmpq(0)) + sites.points * value * value
    loss = (nothing + 2 * sites.ridge * abs(value)) * sites.scale
    unit = Unit("+" * sites.points, root * root, ((root, False),))
    dead: list[list[Unit]] = [[] for _ in sites.hidden[1:]]
    layers, output = [*dead, [unit]], root if value > 0 else -root
    return Network(sites, layers, output, arb(loss), lambda: Algebraic(RATIONAL, [loss]))


def tower_network(zero: "Zero") -> Network:
    """Claim 86: the weights at a stationary point, from T, X, w_j = a c_j v_j and B = a b."""
    state, sites, (side, *sides) = zero.state, zero.sites, zero.sides
    root, lower, shares = state.x.sqrt(), [], []
    for j, (s, square, w) in enumerate(zip(sides, state.squares, state.weights, strict=True)):
        gone = [zero.gone(j, k) for k in range(sites.depth)]
        v = tuple((s * x / square.sqrt(), z) for x, z in zip(w, gone, strict=True))
        lower.append(Unit(zero.signs(j), square / state.x, v))
        shares.append((s * side * (square / state.x).sqrt(), False))
    bias = (side * state.bias / root, zero.sign(lambda state: state.bias) == 0)
    upper = Unit(sites.at_points(zero.stratum.upper), state.x, (*shares, bias))
    layers, output = [lower, [upper]], side * root
    return Network(sites, layers, output, zero.loss, lambda: zero.loss_at(zero.exact))


@dataclass(frozen=True)
class Component:
    """A connected set of local minima: a network, and ways to share the width of its wide layer."""

    network: Network
    ways: tuple[tuple[tuple[int, ...], int], ...]  # copies of each unit, and dead units
    orbit: int

    def copies(self, shares: Sequence[int]) -> Iterator[Sequence[tuple[Unit, int]]]:
        """Yield the units of each layer with their copies, as many as given in the wide one."""
        for k, layer in enumerate(self.network.layers):
            counts = shares if k == self.network.wide else [1] * len(layer)
            yield [*zip(layer, counts, strict=True)]

    def dead(self, units: int) -> tuple[int, ...]:
        """Return the dead units of each layer, as many as given in the wide one."""
        layers = enumerate(self.network.layers)
        return tuple(units if k == self.network.wide else 1 - len(layer) for k, layer in layers)

    def name(self, shares: Sequence[int], dead: int) -> tuple:
        """Return what tells a stratum from others: signs, copies and dead units."""
        rows = (tuple((unit.signs, k) for unit, k in row) for row in self.copies(shares))
        return *rows, self.dead(dead)

    @cached_property
    def names(self) -> dict[tuple, tuple[tuple[int, ...], int]]:
        """The strata by their names."""
        return {self.name(*way): way for way in self.ways}

    @staticmethod
    def dimension(way: tuple[tuple[int, ...], int]) -> int:
        """Claim 87: each copy of a unit but the first one is a dimension (Lemma D13)."""
        return sum(copies - 1 for copies in way[0])

    def boundary(self) -> list[bool]:
        """Return for each layer whether there is a kink or a dead unit somewhere."""
        gone = self.dead(max(dead for _, dead in self.ways))
        pairs = zip(self.network.layers, gone, strict=True)
        return [dead > 0 or "0" in "".join(unit.signs for unit in layer) for layer, dead in pairs]

    def record(self, names: Sequence[tuple], lowest: bool) -> dict[str, Any]:
        """Claim 88: what a document has to say of it, its strata in a given order."""
        ways = [self.names[name] for name in names]
        shares, dead = ways[0]
        return {
            "dimension": self.dimension(ways[0]),
            "loss": texts(self.network.loss),
            "loss_interval": ...,
            "on_boundary": any(self.boundary()),
            "boundary_by_layer": self.boundary(),
            "global_at_width": lowest,
            "orbit_size": self.orbit,
            "layers": [[unit.record(k) for unit, k in row] for row in self.copies(shares)],
            "dead_units": list(self.dead(dead)),
            "strata": [self.stratum(way) for way in ways],
            "representative": self.network.representative(shares),
        }

    def stratum(self, way: tuple[tuple[int, ...], int]) -> dict[str, Any]:
        """Return what a document has to say of a stratum."""
        *rows, dead = self.name(*way)
        signs = [[{"signs": s, "multiplicity": k} for s, k in part] for part in rows]
        return {"dimension": self.dimension(way), "layers": signs, "dead_units": list(dead)}


def shared(network: Network, calm: bool) -> Iterator[Component]:
    """Claim 89: spare units are copies of others; if dead ones do no harm all ways are connected.

    Otherwise each way to share the width is a component of its own (Lemma D13, Theorem D14).
    """
    width, distinct = network.sites.hidden[network.wide], len(network.layers[network.wide])
    if distinct == 0:
        yield Component(network, (((), width),), 1)
    elif calm and distinct < width:
        ways = (
            (copies, width - k)
            for k in range(distinct, width + 1)
            for copies in compositions(k, distinct)
        )
        yield Component(network, tuple(ways), 1)
    else:
        for copies in compositions(width, distinct):
            yield Component(
                network, ((copies, 0),), factorial(width) // prod(map(factorial, copies))
            )


def check(components: Sequence[Component], records: Any) -> None:
    """Claim 90: the document lists these components, each once and right, sorted by loss."""
    require(type(records) is list, "components: no list")
    left, previous = list(components), None
    best = least([component.network for component in components])
    for number, record in enumerate(records):
        with told(f"component {number}"):
            names = list(map(_name, record["strata"]))
            fitting = [c for c in left if set(c.names) == set(names) and len(c.names) == len(names)]
            require(len(fitting) > 0, f"no component {names[:1]!s:.200} is left")
            component = next((c for c in fitting if _loss_fits(c, record)), fitting[0])
            loss = component.network.loss
            require(previous is None or not loss < previous, "not sorted by loss")
            _matched(component, names, record, component.network in best)
            left.remove(component)
            previous = loss
    require(not left, f"components: {len(left)} are missing")


def _loss_fits(component: Component, record: Any) -> bool:
    return record["loss"] in texts(component.network.loss)


def _matched(component: Component, names: list[tuple], record: Any, lowest: bool) -> None:
    """Require that a record is that of a component."""
    with ctx.workprec(NUMBER_BITS):
        expected = component.record(names, lowest)
    sizes = [part["dimension"] for part in expected["strata"]]
    require(sizes == sorted(sizes, reverse=True), "its strata are not sorted by dimension")
    matched(record, expected | {"loss_interval": interval(record["loss"])}, "record")


def least(networks: Sequence[Network]) -> list[Network]:
    """Claim 91: no loss is lower; those of other points are surely higher."""
    best = min(networks, key=lambda network: network.loss.upper(), default=None)
    near = [n for n in networks if n is best or not n.loss > best.loss]
    same = all(n is best or mirrored(best, n, networks) or equal(best, n) for n in near)
    require(
        same, "components: the losses of two minima look equal, and nothing says whether they are"
    )
    return near


def equal(one: Network, other: Network) -> bool:
    """Whether two losses have one minimal polynomial, with one root near both."""
    if one.exact is None or other.exact is None:
        return False
    left, right = one.exact(), other.exact()
    chi, near = left.minimal_polynomial(), left.ball(NUMBER_BITS).union(right.ball(NUMBER_BITS))
    alike = chi == right.minimal_polynomial()
    return alike and (chi.degree() == 1 or sign_changes(chi, *ends(near)) == 1)


def mirrored(one: Network, other: Network, networks: Sequence[Network]) -> bool:
    """Whether a symmetry of the data takes one of all local minima to another: equal losses.

    The image is a local minimum, and only the other has its signs.
    """
    alone = all(n is other or n.signs != other.signs for n in networks)
    return alone and any(one.moved_signs(s) == other.signs for s in symmetries(one.sites))


def symmetries(sites: Sites, turn: int = 0, images: tuple[int, ...] = ()) -> Iterator[tuple]:
    """Yield where sites go by linear isometries that keep all targets, or turn all of them."""
    if not turn:
        yield from symmetries(sites, 1)
        yield from symmetries(sites, -1)
    elif len(images) == sites.size:
        yield images
    else:
        k, rows = len(images), sites.rows
        for i in set(range(sites.size)) - set(images):
            fits = sites.copies[i] == sites.copies[k] and sites.totals[i] == turn * sites.totals[k]
            pairs = enumerate((*images, i))
            if fits and all(dot(rows[i], rows[b]) == dot(rows[k], rows[a]) for a, b in pairs):
                yield from symmetries(sites, turn, (*images, i))


def _name(stratum: Any) -> tuple:
    """Return the name of a stratum as the document gives it."""
    rows = (
        tuple((unit["signs"], unit["multiplicity"]) for unit in layer)
        for layer in stratum["layers"]
    )
    return *rows, tuple(stratum["dead_units"])
