"""Rule summary_figures: draw the minima of all instances side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import SUMMARY_FIGURES, save_figure


def main(minima: Mapping[str, Path], folder: Path, formats: Sequence[str]) -> None:
    """Read the minima of every instance, by name, and write every figure into a folder."""
    documents = {name: read_result(path) for name, path in minima.items()}
    for name, draw in SUMMARY_FIGURES.items():
        save_figure(draw(documents), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minima = map(Path, snakemake.input.minima)
        main(
            dict(zip(snakemake.params.instances, minima, strict=True)),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
