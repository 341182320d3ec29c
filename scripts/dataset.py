"""Rule dataset: write the data of an instance, and the problem that they pose."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluenum.datasets.families import to_csv
from reluenum.documents.files import write_text
from reluenum.documents.results import write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import problem_document, problem_of


def main(instance: Mapping[str, Any], data: Path, problem: Path) -> None:
    """Read or generate the data of an instance (see `instances.instances`)."""
    found = problem_of(instance)
    logging.info("%r", found)
    write_text(data, to_csv(found.inputs, found.targets, found.weights))
    write_sealed(problem, problem_document(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.instance,
            Path(snakemake.output.data),
            Path(snakemake.output.problem),
        )
