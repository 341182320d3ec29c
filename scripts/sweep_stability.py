"""Rule sweep_stability: draw how far the targets of a sweep may move."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.parquet import read_frame
from reluenum.experiments.joblog import logged
from reluenum.figures import STABILITY_FIGURES, save_figures


def main(instances: Path, components: Path, folder: Path, formats: Sequence[str]) -> None:
    """Read the tables of a sweep and write every figure of its radii into a folder."""
    tables = {"instances": read_frame(instances), "components": read_frame(components)}
    save_figures(STABILITY_FIGURES, tables, folder, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.instances),
            Path(snakemake.input.components),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
