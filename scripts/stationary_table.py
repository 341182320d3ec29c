"""Rule stationary_table: write the stationary points of an instance as a table."""

from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.seals import place_of, read_sealed
from reluenum.experiments.joblog import logged
from reluenum.views.components import stationary_csv


def main(stationary: Path, table: Path) -> None:
    """Read the stationary points of an instance and write them as a table."""
    write_text(table, stationary_csv(read_sealed(stationary, place_of(stationary))))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.stationary), Path(snakemake.output.stationary))
