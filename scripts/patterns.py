"""Rule patterns: list the activation patterns of an instance, in batches."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import planned_document
from reluenum.experiments.steps import read_problem


def main(
    problem: Path, patterns_per_job: int, all_patterns: bool, force: bool, patterns: Path
) -> None:
    """Read a problem and write its patterns; refuse an astronomical one unless forced."""
    plan = planned_document(read_problem(problem), patterns_per_job, all_patterns, force)
    write_sealed(patterns, plan)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.patterns_per_job,
            snakemake.params.all_patterns,
            snakemake.params.force,
            Path(snakemake.output.patterns),
        )
