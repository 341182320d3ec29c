"""Components of local minima of networks with several hidden layers.

A component is described by its distinct units, layer by layer, as if there were no others, and by
the ways in which the widths are shared among them (Lemma D13): some units of a layer may be copies
of one, which share its square, and some may be dead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, cmp_to_key
from itertools import repeat
from operator import or_
from typing import Any, Self

from flint import fmpq

from reluenum.algebra.decimals import Real, RootMultiple, decimal_text
from reluenum.algebra.numbers import Number, compare
from reluenum.landscape.evaluation import DeepNetwork, Evaluated
from reluenum.problem import Problem


@dataclass(frozen=True)
class DeepCounts:
    """How much there is to look at.

    Parameters
    ----------
    sign_arrays : int
        Ways to give each unit a sign at each data point.
    strata_examined : int
    """

    sign_arrays: int
    strata_examined: int

    @classmethod
    def of(cls, problem: Problem, strata_examined: int) -> Self:
        """Count the sign arrays of a problem."""
        return cls(3 ** (problem.size * sum(problem.hidden)), strata_examined)


ByLayer = tuple[tuple[int, ...], ...]
"""A whole number for each distinct unit of each hidden layer."""


@dataclass(frozen=True, eq=False)
class LayerUnit:
    """A distinct unit of a hidden layer.

    Parameters
    ----------
    signs : str
        Of its pre-activations, one a data point.
    square : Number
        |v|^2 = |outgoing weights|^2, v the incoming weights with the bias (Lemma D1).
    direction : list of Real
        v / |v|: an entry for each input or distinct unit of the layer below, then the bias.
    """

    signs: str
    square: Number
    direction: list[Real]


@dataclass(frozen=True, eq=False)
class DeepPoint:
    """A stationary point with distinct units, and what is known of it.

    Parameters
    ----------
    layers : tuple of tuples of str
        Signs of the units of each hidden layer, one a data point.
    loss : Number
    is_minimum : bool or None
        None if that stayed undecided.
    verdict, reason : str
    descent : mapping or None
        A step that lowers the loss, checked, of a point that is no minimum.
    """

    layers: tuple[tuple[str, ...], ...]
    loss: Number
    is_minimum: bool | None
    verdict: str
    reason: str
    descent: Mapping[str, Any] | None


@dataclass(frozen=True)
class Sharing:
    """A stratum of a component: how the widths are shared among the distinct units.

    Parameters
    ----------
    multiplicities : ByLayer
        Numbers of copies.
    dead : tuple of int
        Number of dead units of each layer.
    dimension : int
        Of the set of networks that are shared so.
    """

    multiplicities: ByLayer
    dead: tuple[int, ...]
    dimension: int


@dataclass(frozen=True, eq=False)
class DeepParameters:
    """A network, as exactly known real numbers.

    Parameters
    ----------
    matrices : list of (L_k, L_(k-1)) nested list of Real
        W, by layer; L_0 is the dimension of an input.
    biases : list of (L_k,) list of Real
        b, by layer.
    output : (L_Q,) list of Real
        w.
    """

    matrices: list[list[list[Any]]]
    biases: list[list[Any]]
    output: list[Any]

    @property
    def texts(self) -> dict[str, Any]:
        """The network in decimals, as documents have it."""
        return {
            "W": [[[*map(decimal_text, row)] for row in matrix] for matrix in self.matrices],
            "b": [[*map(decimal_text, bias)] for bias in self.biases],
            "w": [*map(decimal_text, self.output)],
        }


@dataclass(frozen=True, eq=False)
class DeepComponent(Evaluated):
    """A connected component of the set of local minimisers, up to permutation inside the layers.

    Parameters
    ----------
    problem : Problem
    loss : Number
    layers : tuple of tuples of LayerUnit
        The distinct units of each hidden layer; of a dead one, none.
    distinct : DeepParameters
        The network of the distinct units alone, its entries `RootMultiple`s.
    strata : tuple of Sharing
        The largest dimension first.
    orbit_size : int
        Number of components that permuting the units makes of this one.
    global_at_width : bool or None
        None if that cannot be told because the list is not complete.

    Examples
    --------
    >>> from reluenum import enumerate_minima
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=[1, 1], ridge=0.5)
    >>> for component in enumerate_minima(problem):
    ...     print(round(float(component.loss), 6), component.dimension, component.on_boundary)
    1.705388 0 True
    2.466246 0 True
    """

    problem: Problem
    loss: Number
    layers: tuple[tuple[LayerUnit, ...], ...]
    distinct: DeepParameters
    strata: tuple[Sharing, ...]
    orbit_size: int
    global_at_width: bool | None = None

    @property
    def dimension(self) -> int:
        """Dimension of the component (0: isolated)."""
        return self.strata[0].dimension

    @property
    def boundary_by_layer(self) -> tuple[bool, ...]:
        """Whether some pre-activation of each layer is 0 somewhere on the component."""
        kinks = [any("0" in unit.signs for unit in layer) for layer in self.layers]
        dead = [any(sharing.dead[k] for sharing in self.strata) for k in range(len(kinks))]
        return tuple(map(or_, kinks, dead))

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0 somewhere on the component."""
        return any(self.boundary_by_layer)

    @cached_property
    def representative(self) -> DeepParameters:
        """A network of the first stratum; the copies of a unit share its square equally."""
        sharing, zero = self.strata[0], self.loss.point.constant(0)
        layers = [
            [*_layer_copies(multiplicities), *[None] * dead]
            for multiplicities, dead in zip(sharing.multiplicities, sharing.dead, strict=True)
        ]

        def entry(row: Sequence[RootMultiple], below: Copy, above: Copy) -> Real:
            if below is None or above is None:
                return zero
            whole = row[below[0]]
            return RootMultiple(whole.factor, whole.radicand * fmpq(1, below[1] * above[1]))

        def rows(matrix: Sequence, below: Sequence[Copy], above: Sequence[Copy]) -> list:
            return [[entry(matrix[m[0]] if m else (), j, m) for j in below] for m in above]

        once: list[Copy] = [(0, 1)]
        under = [[(j, 1) for j in range(self.problem.dimension)], *layers]
        biases = [[[bias] for bias in layer] for layer in self.distinct.biases]
        return DeepParameters(
            [*map(rows, self.distinct.matrices, under, layers)],
            [[b for (b,) in rows(*layer)] for layer in zip(biases, repeat(once), layers)],
            rows([self.distinct.output], layers[-1], once)[0],
        )

    @cached_property
    def network(self) -> DeepNetwork:
        """The representative in doubles, for inputs other than the data."""
        return DeepNetwork.of(self.problem, self.representative.texts)

    @property
    def text(self) -> str:
        """The signs of the distinct units: rows joined by commas, layers by slashes."""
        return "/".join(",".join(unit.signs for unit in layer) for layer in self.layers)

    def __repr__(self) -> str:
        kind = "isolated" if self.dimension == 0 else f"dimension {self.dimension}"
        name = self.text.strip("/") and self.text
        return f"DeepComponent(loss={decimal_text(self.loss, 10)}, {kind}, {name or 'zero'})"


Copy = tuple[int, int] | None
"""A copy of a distinct unit: its place, and how many copies there are; None for a dead unit."""


def _layer_copies(multiplicities: Sequence[int]) -> Iterator[Copy]:
    """Yield the copies of the distinct units of a layer."""
    for place, multiplicity in enumerate(multiplicities):
        yield from [(place, multiplicity)] * multiplicity


def ranked_deep(found: Iterable[DeepComponent], complete: bool) -> tuple[DeepComponent, ...]:
    """Sort components by loss, and settle which are global at the widths.

    Parameters
    ----------
    found : iterable of DeepComponent
    complete : bool
        Whether no component can be missing.
    """
    ordered = sorted(found, key=cmp_to_key(_deep_order))
    lowest = [compare(component.loss, ordered[0].loss) == 0 for component in ordered]
    flags = [True if best and complete else None if best else False for best in lowest]
    return tuple(replace(c, global_at_width=f) for c, f in zip(ordered, flags, strict=True))


def _deep_order(left: DeepComponent, right: DeepComponent) -> int:
    """Compare by loss, exactly, then by the signs, then by how the widths are shared."""
    keys = [(c.text, [s.multiplicities for s in c.strata]) for c in (left, right)]
    return compare(left.loss, right.loss) or (keys[0] > keys[1]) - (keys[0] < keys[1])
