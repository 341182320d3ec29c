"""Rule traps: draw how deep the traps of a ridge path are."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.figures import plot_traps, save_figure
from reluenum.paths.path import read_path
from reluenum.paths.trees import read_trees


def main(path: Path, basins: Path, figure: Path, formats: Sequence[str]) -> None:
    """Read a ridge path and its graphs; `figure` is the path of the picture without suffix."""
    save_figure(plot_traps(read_path(path), read_trees(basins)), figure, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.path),
            Path(snakemake.input.basins),
            Path(snakemake.output[0]).with_suffix(""),
            snakemake.params.formats,
        )
