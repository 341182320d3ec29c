"""Rule crosscheck: compare all measurements of an instance and write what comes of it."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.crosscheck import compare
from reluenum.crosscheck_page import summary, write_views
from reluenum.document import write_sealed
from reluenum.joblog import logged
from reluenum.measurement import read_measurement


def main(
    measured: Sequence[Path], title: str, formats: Sequence[str], folder: Path, agreement: Path
) -> None:
    """Read measurements; write tables, figure and page into a folder, and the agreement."""
    found = compare(map(read_measurement, measured))
    for line in summary(found):
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
