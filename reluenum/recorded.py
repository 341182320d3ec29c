"""A list of minima as a document has it: exact data, and decimals with what encloses them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from reluenum.document import FORMAT, VERSION, read_minima
from reluenum.errors import IncompleteRunError
from reluenum.evaluation import Evaluated, Network
from reluenum.problem import Names, Problem
from reluenum.views import Views
from reluenum.widths import ALL


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
    def global_at_every_width(self) -> bool:
        """Whether no network of any width is better."""
        return self.record["global_at_every_width"]

    @property
    def orbit_size(self) -> int:
        """Number of components that permuting the units makes of this one."""
        return self.record["orbit_size"]

    @property
    def strata(self) -> Sequence[Mapping[str, Any]]:
        """The records of the strata."""
        return self.record["strata"]

    @cached_property
    def network(self) -> Network:
        """The representative in doubles, for inputs other than the data."""
        network = self.record["representative"]
        units = [[*row, c] for row, c in zip(network["B"], network["c"], strict=True)]
        return Network.of(self.problem, network["a"], units, network.get("m", "0"))

    def __repr__(self) -> str:
        return f"RecordedComponent(loss={float(self.loss):.10g}, dimension {self.dimension})"


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

    @property
    def is_complete(self) -> bool:
        """Whether the document says that no component is missing."""
        return self.document["complete"]

    @property
    def every_width(self) -> bool:
        """Whether it is about all widths."""
        return self.document["problem"]["width"] == ALL

    def __repr__(self) -> str:
        number = len(self.components)
        width = ", at every width" if self.every_width else ""
        return (
            f"RecordedLandscape of {self.problem!r}{width}: {number} "
            f"component{'s' * (number != 1)} of local minima"
        )


def recorded(
    document: Mapping[str, Any], names: Names | None = None, source: str = "the document"
) -> RecordedLandscape:
    """Return the list of minima that a document has.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
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
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise IncompleteRunError(f"{source} is no document of kind {FORMAT}, version {VERSION}")
    with _as_written(source):
        posed = dict(document["problem"])
        if posed["width"] == ALL:
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
    return recorded(read_minima(path), names, str(path))
