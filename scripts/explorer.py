"""Rule explorer: write the page on which a ridge path is explored."""

from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.joblog import logged
from reluenum.figures.explorer import explorer_page
from reluenum.paths.path import read_path


def main(path: Path, page: Path) -> None:
    """Read a ridge path and write its page."""
    write_text(page, explorer_page(read_path(path)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.path), Path(snakemake.output.page))
