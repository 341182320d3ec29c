"""Rule prove: join the blocks of an instance into its minima and their certificate."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.results import write_result
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.spool import Task
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_problem, read_surveyed
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(
    problem: Path,
    blocks: Sequence[Path],
    settings: Settings,
    minima: Path,
    certificate: Path,
) -> None:
    """Read a problem and all its records, and write its minima and the certificate."""
    instance = read_problem(problem)
    task = Task(instance, instance.width, settings)
    proof = prove(task, read_surveyed(blocks, task.key), beside=certificate, inline=0)
    logging.info("%r", proof.landscape)
    write_result(minima, proof.document)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            [Path(snakemake.input.smaller), *map(Path, snakemake.input.surveyed)],
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.minima),
            Path(snakemake.output.certificate),
        )
