"""Rule basins: which minima of an instance are traps, how deep, and over which passes they join."""

import logging
from pathlib import Path

from reluenum.basins.disconnectivity import disconnectivity
from reluenum.documents.files import write_text
from reluenum.documents.results import read_result, to_json
from reluenum.experiments.joblog import logged
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(minima: Path, settings: Settings, basins: Path) -> None:
    """Read the minima of an instance and write their disconnectivity graph."""
    found = disconnectivity(read_result(minima), settings, folder=minima.parent)
    logging.info("%d leaves, %d merges", len(found["leaves"]), len(found["merges"]))
    write_text(basins, to_json(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.basins),
        )
