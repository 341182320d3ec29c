"""Rule explorer: write the page on which a ridge path is explored."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.joblog import logged
from reluenum.figures.explorer import explorer_page
from reluenum.paths.path import read_path
from reluenum.paths.trees import read_trees


def main(path: Path, basins: Sequence[Path], page: Path) -> None:
    """Read a ridge path and archives of its graphs, if there are any, and write its page."""
    trees = [tree for file in basins for tree in read_trees(file)]
    write_text(page, explorer_page(read_path(path), trees))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.path),
            list(map(Path, snakemake.input.basins)),
            Path(snakemake.output.page),
        )
