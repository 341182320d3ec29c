"""Rule figures: draw the minima of an instance."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.document import read_result
from reluenum.figures import FIGURES, save_figure
from reluenum.joblog import logged


def main(minima: Path, folder: Path, formats: Sequence[str]) -> None:
    """Read the minima of an instance and write every figure of them into a folder."""
    document = read_result(minima)
    for name, draw in FIGURES.items():
        save_figure(draw(document), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
