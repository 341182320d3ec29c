"""Rule cover: find and prove the minima of an instance, with the certificate inside."""

import logging
from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import cover
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(problem: Path, engine: str, settings: Settings, force: bool, minima: Path) -> None:
    """Read a problem and write its minima with their certificate."""
    logging.info("%r", cover(read_problem(problem), engine, settings, force, minima))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.engine,
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
                snakemake.threads,
            ),
            snakemake.params.force,
            Path(snakemake.output.minima),
        )
