"""Rule settle: call the list of an instance complete if the checker has proved all of it."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.experiments.checks import settle_draft
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(
    problem: Path,
    draft: Path,
    parts: Sequence[Path],
    trees: Sequence[Path],
    settings: Settings,
    minima: Path,
) -> None:
    """Read a document and what was found of its parts, and write it as what it is."""
    doubt = settle_draft(read_problem(problem), draft, parts, trees, settings, minima)
    logging.info("%s", doubt or "proved, or not complete already")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            Path(snakemake.input.draft),
            [*map(Path, snakemake.input.parts)],
            [*map(Path, snakemake.input.trees)],
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
                snakemake.threads,
            ),
            Path(snakemake.output.minima),
        )
