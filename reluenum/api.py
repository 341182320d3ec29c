"""The Python interface: a `Problem` goes in, a `Landscape` comes out, or is read from a file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from reluenum.algebra.arrays import items
from reluenum.algebra.scalars import exact_text, parse_rational, shown
from reluenum.documents.files import write_text
from reluenum.documents.minima import (
    ALL,
    BASINS,
    FORMAT,
    VERSION,
    listed_minima,
    minima_document,
    read_minima,
    write_minima,
)
from reluenum.documents.results import to_json
from reluenum.documents.seals import check_kind, read_json
from reluenum.engines.choice import engine_for
from reluenum.errors import IncompleteRunError, InputError
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import DEFAULT_MEGABYTES, DEFAULT_SECONDS, Limits
from reluenum.interop import network_arrays
from reluenum.landscape.evaluation import DeepNetwork, Evaluated, Network
from reluenum.landscape.landscape import CertifiedLandscape, StationaryRow
from reluenum.problem import Names, Problem

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class RecordedComponent(Evaluated):
    """A component of a document.

    Parameters
    ----------
    problem : Problem
    record : dict
        As the document has it, all numbers as texts.

    Examples
    --------
    >>> from reluenum import Landscape, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
    >>> (best,) = Landscape.from_document(enumerate_minima(problem).document)
    >>> best.loss, best.dimension, best.global_at_every_width
    (Decimal('1.28921356237309504880168872421'), 0, True)
    >>> best.strata[0]["support"][0]["face"]
    '0+'
    """

    problem: Problem
    record: Mapping[str, Any]

    @property
    def loss(self) -> Decimal:
        """The loss, correctly rounded to the digits of the document."""
        return Decimal(self.record["loss"])

    @property
    def loss_interval(self) -> tuple[Fraction, Fraction]:
        """Rational numbers that enclose the loss."""
        low, high = map(Fraction, self.record["loss_interval"])
        return low, high

    @property
    def dimension(self) -> int:
        """Dimension of the component (0: isolated)."""
        return self.record["dimension"]

    @property
    def on_boundary(self) -> bool:
        """Whether some pre-activation is 0 somewhere on the component."""
        return self.record["on_boundary"]

    @property
    def global_at_width(self) -> bool | None:
        """Whether no network of the width is better; None if that stayed open."""
        return self.record["global_at_width"]

    @property
    def global_at_every_width(self) -> bool | None:
        """Whether no network of any width is better; None with several hidden layers."""
        return None if self.problem.upper else self.record["global_at_every_width"]

    @property
    def orbit_size(self) -> int:
        """Number of components that permuting the units makes of this one.

        With the activation `abs`, or a free linear part and bias, a unit can be replaced by its
        mirror image, too.
        """
        return self.record["orbit_size"]

    @property
    def strata(self) -> Sequence[Mapping[str, Any]]:
        """The records of the strata."""
        return self.record["strata"]

    @cached_property
    def network(self) -> Network | DeepNetwork:
        """The representative in doubles, for inputs other than the data."""
        network = self.record["representative"]
        if self.problem.upper:
            return DeepNetwork.of(self.problem, network)
        units = network["B"]
        if "c" in network:
            units = [[*row, c] for row, c in zip(units, network["c"], strict=True)]
        outer = network.get("m", "0"), network.get("beta", ())
        return Network.of(self.problem, network["a"], units, *outer)

    def __repr__(self) -> str:
        return f"RecordedComponent(loss={float(self.loss):.10g}, dimension {self.dimension})"


@dataclass(frozen=True, eq=False)
class Location:
    """Which minimum a trained network is at, or leads down to.

    Parameters
    ----------
    record : dict
        One of `networks` in a document of the format `reluenum-locations` (docs/trained.md has
        its keys).

    Examples
    --------
    >>> from reluenum import Problem, enumerate_minima
    >>> found = enumerate_minima(Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1))
    >>> near = found.locate(a=[1.04], B=[[-0.46]], c=[0.93])
    >>> near.kind, near.component, near.is_global
    ('minimum', 1, False)
    >>> near.excess < 0.01, near.distance < 0.1
    (True, True)
    >>> found.basins().locate(a=[1], B=[[-0.5]], c=[0.9]).barrier
    Decimal('2.02227416997969520780827019587')
    """

    record: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What the network is: a `minimum`, a `saddle`, `not stationary` and so on."""
        return self.record["kind"]

    @property
    def component(self) -> int | None:
        """The place in the landscape, from 0, of the minimum; None if it leads to none."""
        number = self.record.get("component")
        return None if number is None else number - 1

    @property
    def loss(self) -> Decimal | None:
        """The loss of the network, in the convention of the problem."""
        return _decimal_of(self.record, "loss")

    @property
    def excess(self) -> float | None:
        """What its loss is above that of where it leads."""
        return _float_of(self.record, "excess")

    @property
    def above_best(self) -> float | None:
        """What the loss of where it leads is above that of the best minimum."""
        return _float_of(self.record, "above_best")

    @property
    def distance(self) -> float | None:
        """How far its parameters are from where it leads, at most."""
        return _float_of(self.record, "distance")

    @property
    def is_global(self) -> bool | None:
        """Whether no network of the width is better than where it leads."""
        return self.record.get("global_at_width")

    @property
    def barrier(self) -> Decimal | None:
        """The least loss over which a way leads from there to a lower one.

        None where there is no lower one, and for lists of minima: `Landscape.basins` knows it.
        """
        return _decimal_of(self.record, "barrier")

    @property
    def nearest(self) -> Mapping[str, Any]:
        """The parameters of the nearest known point of where it leads."""
        return self.record.get("nearest", {})

    def __repr__(self) -> str:
        where = f" of component {self.component}" if self.component is not None else ""
        return f"Location({self.kind}{where}, loss {self.loss:.10g})"


def _decimal_of(record: Mapping[str, Any], key: str) -> Decimal | None:
    return None if record.get(key) is None else Decimal(record[key])


def _float_of(record: Mapping[str, Any], key: str) -> float | None:
    return None if record.get(key) is None else float(record[key])


class Located:
    """A mixin: trained networks among the minima of a `document`."""

    document: Mapping[str, Any]

    def locate(self, a: Any, B: Any, c: Any = None, m: Any = 0, beta: Any = None) -> Location:
        """Say which minimum a trained network is at, or leads down to; of basins, the barrier out.

        `reluenum.interop` has the arrays of networks of scikit-learn, PyTorch and Keras.

        Parameters
        ----------
        a : (L,) array
        B : (L, d) array
        c : (L,) array, optional
            0 by default.
        m : number, optional
        beta : (d,) array, optional
            Of a linear part.

        Raises
        ------
        InputError
            If the network does not fit the list.
        """
        from reluenum.optimisers.studies.locate import locations

        found = locations(self.document, [network_arrays(a, B, c, m, beta)])
        return Location(found["networks"][0])


@dataclass(frozen=True, eq=False)
class Basins(Located):
    """Which minima are basins, how deep, and over which passes they join.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-basins` (docs/basins.md has its keys).
    folder : Path, optional
        Where the file of its certificate lies, if that is not inside.

    Examples
    --------
    >>> from reluenum import Problem, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> basins = enumerate_minima(problem).basins()
    >>> basins.components[1]["barrier"], basins.components[1]["joins"]
    ('2.02227416997969520780827019587', 0)
    >>> basins.merges[0]["passes"][0]["points"]  # the unit crosses the third data point
    [3]
    >>> basins.frame()["basin"].tolist()
    [True, True, True]
    >>> figures = basins.figure(), basins.profile(1, 0)
    """

    document: Mapping[str, Any]
    folder: Path | None = None

    @property
    def components(self) -> Sequence[Mapping[str, Any]]:
        """For each component of the list whether it is a basin, its barrier and its depth."""
        return self.document["components"]

    @property
    def leaves(self) -> Sequence[Mapping[str, Any]]:
        """The leaves of the tree."""
        return self.document["leaves"]

    @property
    def merges(self) -> Sequence[Mapping[str, Any]]:
        """The levels at which components become one, from low to high."""
        return self.document["merges"]

    def frame(self) -> "pd.DataFrame":
        """Return one row per component; numbers of components count from 1, as in figures."""
        from reluenum.views.basins import barriers_frame

        return barriers_frame(self.document)

    def figure(self) -> "Figure":
        """Return the disconnectivity graph, with the fits of a few basins."""
        from reluenum.figures import plot_tree

        return plot_tree(self.document)

    def profile(self, start: int, stop: int) -> "Figure":
        """Return a figure of the loss along the certified path between two basins.

        Parameters
        ----------
        start, stop : int
            Their places in the landscape, from 0.

        Raises
        ------
        InputError
            If they are not two different basins.
        """
        from reluenum.figures import plot_profile

        return plot_profile(self.document, start, stop)

    def save(self, path: str | Path) -> None:
        """Write the document to a file, whole or not at all; a certificate beside it goes along."""
        write_minima(Path(path), self.document, self.folder)

    def _repr_html_(self) -> str:
        """Return the figure, with its text alternative, for notebooks."""
        from reluenum.figures.pages import tree_section

        return tree_section(self.document)

    def __repr__(self) -> str:
        components, kind = len(self.components), "labelled" * self.document["labelled"]
        basins = sum(record["basin"] for record in self.components)
        lines = [f"Basins: {basins} of {components} components{kind and f', {kind}'}"]
        for merge in self.merges:
            joined = ", ".join(map(str, merge["basins"]))
            lines.append(f"loss {float(merge['loss']):.10g}: {joined} join ({merge['event']})")
        if every := self.document.get("every_width"):
            counts = ", ".join(f"{row['width']}: {row['basins']}" for row in every["widths"])
            lines.append(f"number at each width: {counts}")
        return "\n  ".join(lines)


@dataclass(frozen=True, eq=False)
class Stability:
    """How far the targets may move before minima change.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-stability` (docs/stability.md has its keys).

    Examples
    --------
    >>> from reluenum import Problem, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> found = enumerate_minima(problem).stability(errors=0.01)
    >>> found
    Stability of 3 components: the list stays within 0.0632455
    >>> found.components[0]["radius"], found.components[0]["nearest"]["distance"]
    ('0.0946289', '0.100001')
    >>> found.frame()["under_errors"].tolist()
    ['persists', 'persists', 'persists']
    """

    document: Mapping[str, Any]

    @property
    def components(self) -> Sequence[Mapping[str, Any]]:
        """For each component of the list its radius, and the nearest known targets without it."""
        return self.document["components"]

    def frame(self) -> "pd.DataFrame":
        """Return one row per component; numbers of components count from 1, as in figures."""
        from reluenum.views.stability import radii_frame

        return radii_frame(self.document)

    def figure(self) -> "Figure":
        """Return the radii, by loss."""
        from reluenum.figures import plot_radii

        return plot_radii(self.document)

    def save(self, path: str | Path) -> None:
        """Write the document to a file, whole or not at all."""
        write_text(Path(path), to_json(dict(self.document)))

    def _repr_html_(self) -> str:
        """Return the figure, with its text alternative, for notebooks."""
        from reluenum.figures.pages import radii_section

        return radii_section(self.document)

    def __repr__(self) -> str:
        radius = self.document["list"]["radius"] or "a radius that is not known"
        return f"Stability of {len(self.components)} components: the list stays within {radius}"


class Views(Located, Sequence):
    """A sequence of components, by loss, that belongs to a document."""

    problem: Problem
    components: tuple[Evaluated, ...]
    document: Mapping[str, Any]
    points: Sequence[StationaryRow] = ()
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.components)

    @overload
    def __getitem__(self, place: int) -> Evaluated: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Evaluated, ...]: ...
    def __getitem__(self, place: int | slice) -> Evaluated | tuple[Evaluated, ...]:
        return self.components[place if isinstance(place, slice) else index(place)]

    @property
    def named_document(self) -> Mapping[str, Any]:
        """The document and, for tables and figures only, the names of the columns of the data."""
        from reluenum.views.components import named

        return named(self.document, self.problem.names)

    def frame(self) -> "pd.DataFrame":
        """Return one row per component."""
        from reluenum.views.components import components_frame

        return components_frame(self.document)

    def units(self) -> "pd.DataFrame":
        """Return one row per hidden unit of each component's representative."""
        from reluenum.views.components import units_frame

        return units_frame(self.named_document)

    def basins(self, labelled: bool = False, force: bool = False) -> Basins:
        """Return the disconnectivity graph: which minima are basins, how deep, how they join.

        Parameters
        ----------
        labelled : bool
            Whether units keep their names, so that permuting them makes other leaves.
        force : bool
            Whether to start however large the graph is.

        Raises
        ------
        UndecidedError
            If the list is not complete.
        BackendError
            If two losses whose order matters may be equal, and no backend tells.

        Examples
        --------
        >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
        >>> enumerate_minima(problem).basins()
        Basins: 3 of 3 components
          loss 2.02227417: 1, 0 join (kink)
          loss 4.309137085: 2, 0 join (kink)
        """
        from reluenum.basins.disconnectivity import disconnectivity

        document = disconnectivity(
            self.document, labelled=labelled, folder=self.folder, points=self.points, force=force
        )
        return Basins(document, self.folder)

    def stability(self, errors: Any = None, force: bool = False) -> Stability:
        """Return how large errors of the targets may be before minima change.

        Parameters
        ----------
        errors : number, or (n,) sequence of numbers, optional
            Bounds of the errors of all targets, or of each, to say which minima persist.
        force : bool
            Whether to look at every support however many there are.

        Raises
        ------
        InputError
            If the list is one of every width, or the errors do not fit the data.
        UndecidedError
            If the list is not complete.
        """
        from reluenum.paths.stability.radii import stability

        bounds = None
        if errors is not None:
            each = errors if isinstance(errors, Iterable) else [errors] * self.problem.size
            bounds = [parse_rational(exact_text(error)) for error in each]
        return Stability(stability(self.document, bounds, force=force))

    def figures(self) -> "dict[str, Figure]":
        """Return every figure of one instance, by name."""
        from reluenum.figures import FIGURES

        return {name: draw(self.named_document) for name, draw in FIGURES.items()}

    def save(self, path: str | Path) -> None:
        """Write the document to a file, whole or not at all; a certificate beside it goes along."""
        write_minima(Path(path), self.document, self.folder)

    def _repr_html_(self) -> str:
        """Return a table and a small figure, for notebooks."""
        from reluenum.figures.pages import landscape_section

        return landscape_section(repr(self.problem), self.named_document)


@dataclass(frozen=True, eq=False)
class RecordedLandscape(Views):
    """A list of minima that was read back, with the views of a `Landscape`.

    Data, ridge and faces are exact; losses and weights are the decimals of the document. Whether
    the document is right, `reluenum verify` says.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    problem : Problem
        Of a list for every width, at the width n, which all its entries fit into.
    components : tuple of RecordedComponent
    folder : Path, optional
        Where the document lies, if it was read from a file.

    Examples
    --------
    >>> from reluenum import Landscape, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
    >>> found = Landscape.from_document(enumerate_minima(problem).document)
    >>> found
    RecordedLandscape of Problem(n=2, d=1, width=1, ridge=1/2, loss=sum, output_bias=none): 1 ...
    >>> found.is_complete, found.every_width
    (True, False)
    """

    document: Mapping[str, Any]
    problem: Problem
    components: tuple[RecordedComponent, ...]
    folder: Path | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the document says that no component is missing."""
        return self.document["complete"]

    @property
    def every_width(self) -> bool:
        """Whether it is about all widths."""
        return self.document["problem"].get("width") == ALL

    def __repr__(self) -> str:
        number = len(self.components)
        width = ", at every width" if self.every_width else ""
        return (
            f"RecordedLandscape of {self.problem!r}{width}: {number} "
            f"component{'s' * (number != 1)} of local minima"
        )


class Landscape(Views, CertifiedLandscape):
    """A certified landscape: a sequence of its components with document, tables and figures.

    `landscape[0]` is the best component; a slice is a tuple of components. A landscape can be
    copied and pickled: what is exact stays so, and points are certified again when they are read.

    Examples
    --------
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
    >>> landscape = enumerate_minima(problem)
    >>> landscape.is_complete, len(landscape)
    (True, 1)
    >>> best = landscape[0]
    >>> best
    Component(loss=1.289213562, isolated, 0+x1)
    >>> best.predict([-1, 0, 1, 2]).round(2).tolist()
    [0.0, 0.82, 1.65, 2.47]
    >>> landscape.frame()[["kind", "support", "global_at_every_width"]].values.tolist()
    [['isolated', '(0+) a>0 x1', True]]
    >>> list(landscape.units().columns)
    ['component', 'unit', 'face', 'a', 'b_x', 'c']
    """

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `save` writes: the format `reluenum-minima` (results/README.md has its keys)."""
        return minima_document(self) if self.written is None else dict(self.written)

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> RecordedLandscape:
        """Return what a document says, which has decimals in the place of exact numbers.

        `read_landscape` does it with a file.

        Examples
        --------
        >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
        >>> found = Landscape.from_document(enumerate_minima(problem).document)
        >>> found.problem == problem, len(found), found[0].loss
        (True, 1, Decimal('1.28921356237309504880168872421'))
        """
        return recorded(document)


def enumerate_minima(
    problem: Problem,
    backend: str = "auto",
    seconds: float = DEFAULT_SECONDS,
    jobs: int = 1,
    progress: bool = False,
    force: bool = False,
    megabytes: int = DEFAULT_MEGABYTES,
    formulation: str = "reduced",
    all_patterns: bool = False,
    engine: str = "groebner",
    supports: Iterable[str] | None = None,
) -> Landscape:
    """Find every local minimum of a problem and prove that none is missing.

    Parameters
    ----------
    problem : Problem
    backend : str
        `auto`, or the name of one Groebner basis engine.
    seconds : float
        Time limit of one backend on one system; a support whose system no backend finishes is
        listed as undecided.
    jobs : int
        Number of processes.
    progress : bool
        Whether to show a bar on standard error.
    force : bool
        Whether to start even when the supports are astronomically many.
    megabytes : int
        Memory limit of one backend on one system, treated like that of time.
    formulation : str
        `reduced`: stationarity systems and Theorems A to E. `eliminated`: the paper's surrogate
        on every product of faces, and the classical conditions.
    all_patterns : bool
        Whether to go through all 2^(n L) sign matrices, as the paper does, and to refute those
        that are not realisable one by one.
    engine : str
        `groebner` solves the polynomial system of every support. `certified` decides supports in
        batches, by rigorous numerics, and adds a certificate to the document; it asks the backend
        only about what may be exactly 0, and has no formulations. `branch`, for widths
        up to 4 and inputs that no smaller line or plane contains, excludes whole boxes of
        directions before it does the same to what is left: of a hundred data points and more it
        is the one that ends. `auto` is the faster one
        of the latter two. With hidden biases that are free and inputs on a line there is one
        engine, exact and with a certificate, whichever of these but `branch` is named; of other
        inputs there are `groebner` and `certified`.
    supports : iterable of str, optional
        With several hidden layers, the only ones to look at: for each layer the signs of its
        distinct units, one a data point, joined by commas; layers joined by slashes, that of the
        inputs first. The list is then not complete.

    Returns
    -------
    Landscape

    Raises
    ------
    InputError
        If the problem is none, backend, formulation or engine are unknown, a number is none, or,
        without `force`, the problem is too large.

    Examples
    --------
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], width=1, ridge="1/2")
    >>> enumerate_minima(problem)  # doctest: +ELLIPSIS
    Landscape of Problem(n=2, d=1, width=1, ridge=1/2, loss=sum, output_bias=none): 1 compon...
    """
    if not isinstance(problem, Problem):
        found = f"{shown(problem)} of type {type(problem).__name__}"
        raise InputError("problem", found, "a Problem; `Problem.from_arrays` makes one")
    named = None if supports is None else _placed(supports)
    way = engine_for(problem, engine, formulation, all_patterns, named)
    settings = Settings(backend, Limits(seconds, megabytes), jobs, progress)
    if not force:
        way.refuse_astronomical(problem)
    found = way.landscape(problem, settings)
    return Landscape(**{field.name: getattr(found, field.name) for field in fields(found)})


def _placed(supports: Iterable[str]) -> list[tuple[str, str]]:
    """Return supports with their places."""
    texts = items(supports, "supports", "a list of texts such as '++-/+++'")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"supports[{place}]", shown(text), "a text such as '++-/+++'")
    return [(f"supports[{place}]", text) for place, text in enumerate(texts)]


def recorded(
    document: Mapping[str, Any], names: Names | None = None, source: str = "the document"
) -> RecordedLandscape:
    """Return the list of minima that a document has.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, or one of basins with such a list inside.
    names : Names, optional
        Of the columns of the data, which documents do not have.
    source : str
        Names it in errors.

    Raises
    ------
    IncompleteRunError
        If it is none, or records are missing.
    InputError
        If the names do not fit the data.
    """
    document = listed_minima(document)
    check_kind(document, (FORMAT, VERSION), source)
    with _as_written(source):
        posed = dict(document["problem"])
        if posed.get("width") == ALL:
            posed["width"] = len(posed["y"])
        problem = Problem.from_document(posed)
    problem = replace(problem, names=names)
    with _as_written(source):
        components = tuple(RecordedComponent(problem, r) for r in document["components"])
        for component in components:
            component.loss, component.loss_interval, component.network  # noqa: B018, all are read
    return RecordedLandscape(document, problem, components)


@contextmanager
def _as_written(source: str) -> Iterator[None]:
    """Say of what cannot be read that no run writes it."""
    try:
        yield
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        reason = f"{source} is not as a run writes it: {type(error).__name__}: {error}"
        raise IncompleteRunError(reason) from error


def read_landscape(path: str | Path, names: Names | None = None) -> RecordedLandscape:
    """Read a list of minima from the file of a document.

    Parameters
    ----------
    path : str or Path
        Written by `Landscape.save`, `reluenum minima` or the workflow.
    names : Names, optional
        Of the columns of the data, which documents do not have.

    Raises
    ------
    IncompleteRunError
        If it is no document of minima, or damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from reluenum import enumerate_minima
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
    >>> with TemporaryDirectory() as folder:
    ...     enumerate_minima(problem).save(f"{folder}/minima.json")
    ...     found = read_landscape(f"{folder}/minima.json")
    >>> found.problem == problem, len(found)
    (True, 1)
    """
    found = recorded(read_minima(path, deep=True), names, str(path))
    return replace(found, folder=Path(path).parent)


def read_basins(path: str | Path) -> Basins:
    """Read a disconnectivity graph from the file of a document.

    Raises
    ------
    IncompleteRunError
        If it is no such document, or damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from reluenum import Problem, enumerate_minima
    >>> basins = enumerate_minima(Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)).basins()
    >>> with TemporaryDirectory() as folder:
    ...     basins.save(f"{folder}/basins.json")
    ...     read_basins(f"{folder}/basins.json")
    Basins: 1 of 1 components
    """
    document = read_json(path)
    check_kind(document, BASINS, path)
    return Basins(document, Path(path).parent)
