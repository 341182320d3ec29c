"""Networks whose layer 1 is dead: they are constant (Lemma D3)."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from flint import arb, arb_mat, fmpq

from ..arithmetic.matrices import pivots_of
from ..deep.components import Network, Unit, constant_network
from ..deep.further.constants import inside, level, pull
from ..deep.sites import Sites
from ..deep.strata import Face
from ..reals import dot, require, sign


class Constant:
    """A constant network, and whether it is a local minimum."""

    def __init__(self, network: Network, minimum: bool) -> None:
        self.network, self.minimum = network, minimum


def constants(sites: Sites, faces: Sequence[Face]) -> Iterator[Constant]:
    """Claim 119: one with layer 3 alone if |sum y| > ridge, and one for each root of claim 121."""
    if value := level(sites):
        yield Constant(constant_network(sites, value), top_is_minimal(value))
    for root in roots(sites):
        pair = Pair(sites, root)
        yield Constant(pair.network, pair.is_strict and pair.rests(faces))


def top_is_minimal(value: fmpq) -> bool:
    """Claim 120: with layer 3 alone it is a local minimum iff |b_3|^2 = |f| < 1, = 1 excepted."""
    require(abs(value) != 1, "whether the constant network is a local minimum is not clear")
    return abs(value) < 1


def roots(sites: Sites) -> list[arb]:
    """Claim 121: the roots a > 1 of n a^4 - |sum y| a + ridge, a convex function.

    It is least at the third root of |sum y| / 4 n, where it is ridge - 3 |sum y| a / 4.
    """
    size, total = fmpq(sites.points), abs(sum(sites.totals, fmpq(0)))

    def value(a: arb | fmpq) -> arb | fmpq:
        return size * a * a * a * a - total * a + sites.ridge

    ratio, at_one = total / (4 * size), value(fmpq(1))
    lowest = 64 * sites.ridge**3 - 27 * total**3 * ratio
    if ratio <= 1 and at_one >= 0:
        return []
    require(at_one < 0 or lowest != 0, "a constant network is a double root")
    bottom = (arb(ratio).log() / 3).exp() if ratio > 1 else arb(1)
    far = 1 + arb(total / size)
    if at_one < 0:
        return [_between(value, arb(1), far)]
    if lowest > 0:
        return []
    upper = [_between(value, arb(bottom.mid()), far)]
    return upper if at_one == 0 else [_between(value, arb(bottom.mid()), arb(1)), *upper]


def _between(value: Callable, below: arb, above: arb) -> arb:
    """Enclose a root between where a function is negative and where it is positive."""
    require(value(below) < 0 < value(above), "a constant network is nearly a double root")
    while True:
        middle = arb(((below + above) / 2).mid())
        found = sign(value(middle))
        if found not in (1, -1) or middle in (below, above):
            return below.union(above)
        below, above = (middle, above) if found < 0 else (below, middle)


class Pair:
    """A constant network of layers 2 and 3, f = a^3 up to its sign: b_3 = 1, c^2 = a^2 - 1."""

    def __init__(self, sites: Sites, a: arb) -> None:
        self.sites, self.a, self.c = sites, a, (a * a - 1).sqrt()
        self.side = 1 if sum(sites.totals, fmpq(0)) > 0 else -1
        self.value = self.side * a * a * a

    @cached_property
    def network(self) -> Network:
        """Its weights: layer 2 has the bias c, layer 3 the weight c and the bias 1."""
        sites, a, c = self.sites, self.a, self.c
        signs, total = "+" * sites.points, sum(sites.totals, fmpq(0))
        fit = sites.energy - 2 * self.value * total + sites.points * self.value * self.value
        loss = (fit + sites.ridge * (3 * a * a - 1)) * sites.scale
        middle = Unit(signs, c * c, ((c, False),))
        top = Unit(signs, a * a, ((c, False), (arb(1), False)))
        return Network(sites, [[], [middle], [top]], self.side * a, loss)

    @property
    def is_strict(self) -> bool:
        """Claim 122: its second derivative in the two weights and biases is positive definite."""
        a, c, n, ridge = self.a, self.c, self.sites.points, self.sites.ridge
        slopes, pull = [a * a, a * c, a * c, a], arb(ridge) / a  # of f, by w, c, b_2, b_3
        second = {(0, 1): c, (0, 2): c, (0, 3): arb(1), (1, 2): a}
        form = arb_mat([[n * x * y for y in slopes] for x in slopes])
        for k in range(4):
            form[k, k] += ridge
        for (j, k), x in second.items():
            form[j, k] -= pull * x
            form[k, j] -= pull * x
        pivots = pivots_of(form)
        strict = all(pivot > 0 for pivot in pivots)
        first = next((pivot for pivot in pivots if not pivot > 0), arb(1))
        require(strict or first < 0, "whether a constant network is a local minimum is not clear")
        return strict

    def rests(self, faces: Sequence[Face]) -> bool:
        """Claim 123: no unit of layer 1 gains: a c |u_F(r)| < ridge wherever u_F is in F or -F."""
        sites = self.sites
        for face in faces:
            parts = [pull(sites, face.row, column) for column in (sites.totals, sites.copies)]
            u = [x - self.value * y for x, y in zip(*parts, strict=True)]
            size = self.a * self.c
            excess = sign(size * size * dot(u, u) - sites.ridge * sites.ridge)
            gains = False if excess == -1 else inside(sites, face.row, u)
            if gains is not False:
                clear = gains and excess == 1
                require(clear, "whether a constant network is a local minimum is not clear")
                return False
        return True
