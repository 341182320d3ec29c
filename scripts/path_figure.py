"""Rule path_figure: draw the bifurcation diagram of a ridge path."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.figures import plot_path, save_figure
from reluenum.paths.path import read_path


def main(path: Path, formats: Sequence[str]) -> None:
    """Read a ridge path and write its diagram beside it."""
    save_figure(plot_path(read_path(path)), path.with_suffix(""), formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.path), snakemake.params.formats)
