"""Rule crosscheck: compare all measurements of an instance and write what comes of it."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.crosscheck.agreement import compare_measurements
from reluenum.crosscheck.measurement import read_measurement
from reluenum.crosscheck.page import crosscheck_summary, write_views
from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged


def main(
    measured: Sequence[Path], title: str, formats: Sequence[str], folder: Path, agreement: Path
) -> None:
    """Read measurements; write tables, figure and page into a folder, and the agreement."""
    found = compare_measurements(map(read_measurement, measured))
    for line in crosscheck_summary(found):
        logging.info("%s", line)
    write_views(found, folder, formats, title)
    write_sealed(agreement, found.to_document())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            [Path(path) for path in snakemake.input.measured],
            snakemake.wildcards.instance,
            snakemake.params.formats,
            Path(snakemake.output.page).parent,
            Path(snakemake.output.agreement),
        )
