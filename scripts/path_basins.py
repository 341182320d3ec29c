"""Rule path_basins: the disconnectivity graph at every ridge of a path."""

from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.groebner.limits import Limits
from reluenum.paths.path import read_path
from reluenum.paths.trees import trees_along, write_trees


def main(path: Path, limits: Limits, basins: Path) -> None:
    """Read a ridge path and write the graphs into an archive."""
    write_trees(basins, trees_along(read_path(path), limits))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.path),
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            Path(snakemake.output.basins),
        )
