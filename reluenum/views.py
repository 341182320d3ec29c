"""What people do with a list of minima: go through it, and see it as table, figures and page."""

from collections.abc import Mapping, Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from reluenum.document import to_json, write_text
from reluenum.evaluation import Evaluated
from reluenum.problem import Problem

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Views(Sequence):
    """A sequence of components, by loss, that belongs to a document."""

    problem: Problem
    components: tuple[Evaluated, ...]
    document: Mapping[str, Any]

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
        from reluenum.tables import named

        return named(self.document, self.problem.names)

    def frame(self) -> "pd.DataFrame":
        """Return one row per component."""
        from reluenum.tables import components_frame

        return components_frame(self.document)

    def units(self) -> "pd.DataFrame":
        """Return one row per hidden unit of each component's representative."""
        from reluenum.tables import units_frame

        return units_frame(self.named_document)

    def figures(self) -> "dict[str, Figure]":
        """Return every figure of one instance, by name."""
        from reluenum.figures import FIGURES

        return {name: draw(self.named_document) for name, draw in FIGURES.items()}

    def save(self, path: str | Path) -> None:
        """Write the document to a file, whole or not at all."""
        write_text(Path(path), to_json(self.document))

    def _repr_html_(self) -> str:
        """Return a table and a small figure, for notebooks."""
        from reluenum.pages import landscape_section

        return landscape_section(repr(self.problem), self.named_document)
