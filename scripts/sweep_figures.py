"""Rule sweep_figures: draw what changes with n, the width and the ridge."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.parquet import read_frame
from reluenum.experiments.joblog import logged
from reluenum.figures import SWEEP_FIGURES, save_figure


def main(
    instances: Path, components: Path, times: Path, folder: Path, formats: Sequence[str]
) -> None:
    """Read the tables of a sweep and write every figure of them into a folder."""
    tables = {
        "instances": read_frame(instances),
        "components": read_frame(components),
        "times": read_frame(times),
    }
    for name, draw in SWEEP_FIGURES.items():
        save_figure(draw(tables), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.instances),
            Path(snakemake.input.components),
            Path(snakemake.input.times),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
