"""Rule tables: write the minima and the stationary points of an instance as tables."""

from pathlib import Path

from reluenum.document import read_json, write_text
from reluenum.joblog import logged
from reluenum.tables import minima_csv, stationary_csv


def main(minima: Path, stationary: Path, minima_table: Path, stationary_table: Path) -> None:
    """Read the two documents of an instance and write each as a table."""
    write_text(minima_table, minima_csv(read_json(minima)))
    write_text(stationary_table, stationary_csv(read_json(stationary)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Path(snakemake.input.stationary),
            Path(snakemake.output.minima),
            Path(snakemake.output.stationary),
        )
