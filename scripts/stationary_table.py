"""Rule stationary_table: write the stationary points of an instance as a table."""

from pathlib import Path

from reluenum.document import read_json, write_text
from reluenum.joblog import logged
from reluenum.tables import stationary_csv


def main(stationary: Path, table: Path) -> None:
    """Read the stationary points of an instance and write them as a table."""
    write_text(table, stationary_csv(read_json(stationary)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.stationary), Path(snakemake.output.stationary))
