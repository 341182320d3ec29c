"""Rule survey: examine one block of the largest supports of an instance."""

import logging
from pathlib import Path

from reluenum.engines.certified.blocks import read_known, write_blocks
from reluenum.engines.certified.spool import Task
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(problem: Path, known: Path, block: str, settings: Settings, surveyed: Path) -> None:
    """Read a problem and what is known of its smaller supports, and write a block's records."""
    instance = read_problem(problem)
    task = Task(instance, instance.width, settings)
    start, stop = map(int, block.split("-"))
    found = task.block(read_known(known, task.key), start, stop)
    logging.info("%d supports, %d undecided", len(found.kind), len(found.reasons))
    write_blocks(surveyed, task.key, [found])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            Path(snakemake.input.known),
            snakemake.wildcards.block,
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.surveyed),
        )
