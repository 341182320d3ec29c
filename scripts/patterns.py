"""Rule patterns: list the activation patterns of an instance, in batches."""

from pathlib import Path

from reluenum.arrangement import Arrangement
from reluenum.document import to_json, write_text
from reluenum.files import patterns_document, read_problem
from reluenum.joblog import logged
from reluenum.patterns import refuse_astronomical


def main(problem: Path, patterns_per_job: int, force: bool, patterns: Path) -> None:
    """Read a problem and write its patterns; refuse an astronomical one unless forced."""
    instance = read_problem(problem)
    if not force:
        refuse_astronomical(instance)
    document = patterns_document(instance, Arrangement.of(instance), patterns_per_job)
    write_text(patterns, to_json(document))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.params.patterns_per_job,
            snakemake.params.force,
            Path(snakemake.output.patterns),
        )
