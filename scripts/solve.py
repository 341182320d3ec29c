"""Rule solve: find the stationary points of the patterns of one batch."""

import logging
from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import Formulation, formulation
from reluenum.experiments.joblog import logged
from reluenum.experiments.plans import batch_names
from reluenum.experiments.steps import read_batches, read_problem, solved_document
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import open_backends
from reluenum.groebner.limits import Limits


def main(
    problem: Path,
    patterns: Path,
    batch: str,
    route: Formulation,
    backend: str,
    limits: Limits,
    solved: Path,
) -> None:
    """Read a problem and its batches, and write the outcomes of the batch of the given name."""
    instance = read_problem(problem)
    Arrangement.of(instance)
    batches = read_batches(patterns, instance)
    todo = batches[batch_names(batches).index(batch)]
    outcomes = []
    with open_backends(backend, limits) as backends:
        solve = route.solver(Geometry.of(instance), backends)
        for pattern in todo:
            found = solve(pattern)
            logging.info("%s: %s", pattern, route.verdicts(found))
            outcomes += found
        write_sealed(solved, solved_document(instance, route, todo, outcomes, backends))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            Path(snakemake.input.patterns),
            snakemake.wildcards.batch,
            formulation(snakemake.params.formulation),
            snakemake.params.backend,
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            Path(snakemake.output.solved),
        )
