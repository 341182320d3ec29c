"""Rule tables: write the minima of an instance as a table, and as a page."""

from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures.pages import instance_page
from reluenum.views.components import minima_csv


def main(minima: Path, table: Path, page: Path, title: str) -> None:
    """Read the minima of an instance and write them as a table, and as a page."""
    document = read_result(minima)
    write_text(table, minima_csv(document))
    write_text(page, instance_page(title, document))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Path(snakemake.output.minima),
            Path(snakemake.output.page),
            snakemake.wildcards.instance,
        )
