"""Rule draft: list the minima on the leaves of all shards of an instance."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import draft
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(problem: Path, trees: Sequence[Path], settings: Settings, document: Path) -> None:
    """Read a problem and its shards, and write the document that nobody has checked yet."""
    logging.info("%r", draft(read_problem(problem), trees, settings, document))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            [*map(Path, snakemake.input.trees)],
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
                snakemake.threads,
            ),
            Path(snakemake.output.draft),
        )
