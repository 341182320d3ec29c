"""Rule barriers: the disconnectivity graph of an instance as a table, a page and a figure."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import TREE_FIGURES, save_figures
from reluenum.figures.pages import barriers_page
from reluenum.views.basins import barriers_csv


def main(
    basins: Path, table: Path, page: Path, folder: Path, formats: Sequence[str], title: str
) -> None:
    """Read a graph; write its table, its page, and every figure of it into a folder."""
    tree = read_result(basins)
    write_text(table, barriers_csv(tree))
    write_text(page, barriers_page(title, tree))
    save_figures(TREE_FIGURES, tree, folder, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.basins),
            Path(snakemake.output.table),
            Path(snakemake.output.page),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
            snakemake.wildcards.instance,
        )
