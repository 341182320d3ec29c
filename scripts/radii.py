"""Rule radii: the stability of an instance as a table and a figure."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import RADII_FIGURES, save_figures
from reluenum.views.stability import radii_csv


def main(stability: Path, table: Path, folder: Path, formats: Sequence[str]) -> None:
    """Read a document of stability; write its table, and every figure of it into a folder."""
    document = read_result(stability)
    write_text(table, radii_csv(document))
    save_figures(RADII_FIGURES, document, folder, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.stability),
            Path(snakemake.output.table),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
