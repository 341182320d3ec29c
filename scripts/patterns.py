"""Rule patterns: list the activation patterns of an instance, in batches."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import strata_document
from reluenum.experiments.steps import (
    examined_matrices,
    patterns_document,
    read_feasible,
    read_problem,
)
from reluenum.geometry.geometry import Geometry


def main(
    problem: Path, patterns_per_job: int, all_patterns: bool, force: bool, patterns: Path
) -> None:
    """Read a problem and write its patterns; refuse an astronomical one unless forced."""
    if (found := read_problem(problem)).upper:
        write_sealed(patterns, strata_document(found, patterns_per_job, force))
        return
    instance = read_feasible(problem, force)
    examined = examined_matrices(instance, force) if all_patterns else None
    write_sealed(patterns, patterns_document(Geometry.of(instance), patterns_per_job, examined))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.patterns_per_job,
            snakemake.params.all_patterns,
            snakemake.params.force,
            Path(snakemake.output.patterns),
        )
