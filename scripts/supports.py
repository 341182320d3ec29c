"""Rule supports: share the supports of an instance among jobs of the certified engine."""

from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.certified.prove import CertifiedEngine
from reluenum.engines.certified.spool import Task, plan_document
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_feasible


def main(problem: Path, supports_per_job: int, force: bool, supports: Path) -> None:
    """Read a problem and write the plan; refuse an astronomical one unless forced."""
    instance = read_feasible(problem, force, CertifiedEngine().refuse_astronomical)
    task = Task(instance, instance.width)
    write_sealed(supports, plan_document(task, supports_per_job))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.supports_per_job,
            snakemake.params.force,
            Path(snakemake.output.supports),
        )
