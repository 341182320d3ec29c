"""Rule solve: find the stationary points of the patterns of one batch."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import Formulation, formulation
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import solve_strata
from reluenum.experiments.steps import read_problem, solve_batch
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
    instance = read_problem(problem)
    if instance.upper:
        found = solve_strata(instance, patterns, batch, settings)
    else:
        found = solve_batch(instance, patterns, batch, route, settings)
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
