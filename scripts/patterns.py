"""Rule patterns: list the activation patterns of an instance, in batches."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import patterns_document, read_problem
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.sign_matrices import refuse_astronomical_matrices, refute_all
from reluenum.geometry.sizes import refuse_astronomical


def main(
    problem: Path, patterns_per_job: int, all_patterns: bool, force: bool, patterns: Path
) -> None:
    """Read a problem and write its patterns; refuse an astronomical one unless forced."""
    instance = read_problem(problem)
    if not force:
        refuse_astronomical(instance)
    if all_patterns and not force:
        refuse_astronomical_matrices(instance)
    geometry = Geometry.of(instance)
    examined = refute_all(geometry) if all_patterns else None
    write_sealed(patterns, patterns_document(geometry, patterns_per_job, examined))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.patterns_per_job,
            snakemake.params.all_patterns,
            snakemake.params.force,
            Path(snakemake.output.patterns),
        )
