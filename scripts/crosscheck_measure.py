"""Rule crosscheck_measure: solve an instance in one formulation by one backend, on record."""

import logging
from pathlib import Path

from reluenum.crosscheck.measurement import measure, refuse_unmeasurable, unfinished
from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_feasible
from reluenum.groebner.limits import Limits


def main(
    problem: Path, formulation: str, backend: str, limits: Limits, force: bool, measured: Path
) -> None:
    """Read a problem and write a measurement; refuse an astronomical one unless forced."""
    posed = read_feasible(problem, force, refuse_unmeasurable)
    found = measure(posed, formulation, backend, limits)
    logging.info(
        "%d systems, %d not finished, %.3f s",
        len(found["systems"]),
        len(unfinished(found)),
        found["seconds"],
    )
    write_sealed(measured, found)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            snakemake.wildcards.formulation,
            snakemake.wildcards.backend,
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            snakemake.params.force,
            Path(snakemake.output.measured),
        )
