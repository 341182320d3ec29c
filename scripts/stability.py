"""Rule stability: how far the targets of an instance may move before its minima change."""

import logging
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result, to_json
from reluenum.experiments.joblog import logged
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits
from reluenum.paths.stability.radii import stability as found_stability


def main(minima: Path, settings: Settings, stability: Path) -> None:
    """Read the minima of an instance, or its basins, and write their radii."""
    found = found_stability(read_result(minima), settings=settings)
    logging.info("the list stays within %s", found["list"]["radius"])
    write_text(stability, to_json(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.stability),
        )
