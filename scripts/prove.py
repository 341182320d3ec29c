"""Rule prove: join the blocks of an instance into its minima and their certificate."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from reluenum.documents.results import write_result
from reluenum.engines.certified.blocks import Block, read_blocks
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.spool import Task
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_problem
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
    proof = prove(task, _all(blocks, task), beside=certificate, inline=0)
    logging.info("%r", proof.landscape)
    write_result(minima, proof.document)


def _all(paths: Sequence[Path], task: Task) -> Iterator[Block]:
    for path in paths:
        found = read_blocks(path, task.key)
        if found is None:
            raise IncompleteRunError(f"{path} is damaged, or belongs to another problem")
        yield from found


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
