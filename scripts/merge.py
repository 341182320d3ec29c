"""Rule merge: join the outcomes of all patterns into distinct stationary points."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import Formulation, formulation
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import merge_strata
from reluenum.experiments.steps import merge_files, merged_document, read_problem
from reluenum.geometry.geometry import Geometry


def main(problem: Path, solved: Sequence[Path], route: Formulation, merged: Path) -> None:
    """Read a problem and all its solved patterns, and write its stationary points."""
    instance = read_problem(problem)
    if instance.upper:
        write_sealed(merged, merge_strata(solved, instance))
        return
    points, outcomes = merge_files(solved, Geometry.of(instance), route)
    logging.info("%r", points)
    write_sealed(merged, merged_document(route, points, outcomes))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            [Path(path) for path in snakemake.input.solved],
            formulation(snakemake.params.formulation),
            Path(snakemake.output.merged),
        )
