"""Rule smaller: examine the supports of an instance that are smaller than the largest ones."""

import logging
from pathlib import Path

from reluenum.engines.certified.blocks import write_blocks, write_known
from reluenum.engines.certified.spool import Task, survey_smaller
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(problem: Path, settings: Settings, blocks: Path, known: Path) -> None:
    """Read a problem; write the records of its smaller supports, and what larger ones need."""
    instance = read_problem(problem)
    task = Task(instance, instance.width, settings)
    found, gained = survey_smaller(task)
    logging.info("%d supports", sum(len(block.kind) for block in found))
    write_blocks(blocks, task.key, found)
    write_known(known, task.key, gained)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.blocks),
            Path(snakemake.output.known),
        )
