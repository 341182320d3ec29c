"""Rule sweep_radii: how far the targets of a batch of data sets may move, as rows of a table."""

from pathlib import Path

from reluenum.documents.parquet import write_frame
from reluenum.experiments.joblog import logged
from reluenum.experiments.sweep import radii_of_batch
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(documents: Path, settings: Settings, radii: Path) -> None:
    """Read the documents of a batch and write a row for each component of each."""
    write_frame(radii, radii_of_batch(documents, settings))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.documents),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.radii),
        )
