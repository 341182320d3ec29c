"""Rule solve: find the stationary points of the patterns of one batch."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import Formulation, formulation
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import solved_batch
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(
    problem: Path,
    patterns: Path,
    batch: str,
    route: Formulation,
    settings: Settings,
    solved: Path,
) -> None:
    """Read a problem and its batches, and write the outcomes of the batch of the given name."""
    found = solved_batch(read_problem(problem), patterns, batch, route, settings)
    write_sealed(solved, found)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            Path(snakemake.input.patterns),
            snakemake.wildcards.batch,
            formulation(snakemake.params.formulation),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            Path(snakemake.output.solved),
        )
