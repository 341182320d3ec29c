"""Rule tables: write the minima of an instance as a table."""

from pathlib import Path

from reluenum.document import read_json, write_text
from reluenum.joblog import logged
from reluenum.tables import minima_csv


def main(minima: Path, table: Path) -> None:
    """Read the minima of an instance and write them as a table."""
    write_text(table, minima_csv(read_json(minima)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.minima), Path(snakemake.output.minima))
