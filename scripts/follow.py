"""Rule follow: check a part of the boxes and records of an instance."""

import logging
from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.experiments.shards import follow, shard_of


def main(draft: Path, shard: str, threads: int, part: Path) -> None:
    """Read a document that nobody has checked yet, and write that a part is proved, or why not."""
    logging.info("shard %s: %s", shard, follow(draft, shard_of(shard), threads, part) or "proved")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.draft),
            snakemake.wildcards.shard,
            snakemake.threads,
            Path(snakemake.output.part),
        )
