"""Rule descent: run optimisers on an instance and explain every end point by its minima."""

import logging
from pathlib import Path

from reluenum.documents.results import read_result, write_result
from reluenum.experiments.joblog import logged
from reluenum.groebner.limits import Limits
from reluenum.optimisers.studies.runs import Descents, descents


def main(minima: Path, settings: Descents, limits: Limits, found: Path) -> None:
    """Read the minima of an instance and write what the optimisers find."""
    document = descents(read_result(minima), settings, limits)
    for summary in document["optimisers"]:
        logging.info("%s: %s", summary["name"], summary["kinds"])
    write_result(found, document)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            Descents(
                tuple(snakemake.params.optimisers),
                snakemake.params.starts,
                snakemake.params.seed,
                snakemake.params.steps,
            ),
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            Path(snakemake.output.descents),
        )
