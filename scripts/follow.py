"""Rule follow: check a part of the boxes and records of an instance."""

import logging
from pathlib import Path

from reluenum.engines.trees.shards import Shard
from reluenum.experiments.checks import follow_part
from reluenum.experiments.joblog import logged
from reluenum.experiments.plans import shard_of


def main(draft: Path, shard: str, threads: int, part: Path) -> None:
    """Read a document that nobody has checked yet, and write that a part is proved, or why not."""
    doubt = follow_part(draft, Shard(*shard_of(shard)), threads, part)
    logging.info("shard %s: %s", shard, doubt or "proved, or not complete already")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.draft),
            snakemake.wildcards.shard,
            snakemake.threads,
            Path(snakemake.output.part),
        )
