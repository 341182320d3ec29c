"""Rule merge: join the outcomes of all patterns into distinct stationary points."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.results import write_sealed
from reluenum.engines.formulations import Formulation, formulation
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import joined_document
from reluenum.experiments.steps import read_problem


def main(problem: Path, solved: Sequence[Path], route: Formulation, merged: Path) -> None:
    """Read a problem and all its solved patterns, and write its stationary points."""
    write_sealed(merged, joined_document(read_problem(problem), solved, route))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.problem),
            [Path(path) for path in snakemake.input.solved],
            formulation(snakemake.params.formulation),
            Path(snakemake.output.merged),
        )
