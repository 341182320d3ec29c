"""Rule figures: draw the minima of an instance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reluenum.datasets.layout import Layout
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import FIGURES, save_figure
from reluenum.problem import Names
from reluenum.views.components import named


def main(minima: Path, folder: Path, formats: Sequence[str], layout: Mapping[str, Any]) -> None:
    """Write every figure of an instance into a folder, labelled by the columns of its layout."""
    document, columns = read_result(minima), Layout(**layout)
    dimension = len(document["problem"]["x"][0])
    document = named(document, Names.given(dimension, columns.inputs, columns.target))
    for name, draw in FIGURES.items():
        save_figure(draw(document), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
            snakemake.params.layout,
        )
