"""Rule branch: search the boxes of a shard of an instance."""

from pathlib import Path

from reluenum.engines.trees.shards import Shard
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import search_shard
from reluenum.experiments.plans import shard_of
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings


def main(problem: Path, shard: str, settings: Settings, force: bool, tree: Path) -> None:
    """Read a problem and write the trees below the boxes of a shard."""
    search_shard(read_problem(problem), Shard(*shard_of(shard)), settings, force, tree)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.wildcards.shard,
            Settings(jobs=snakemake.threads),
            snakemake.params.force,
            Path(snakemake.output.tree),
        )
