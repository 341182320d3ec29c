"""Rule dataset: write the data of an instance, and the problem that they pose."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluenum.datasets import dataset, read_csv, to_csv
from reluenum.document import to_json, write_text
from reluenum.files import problem_document
from reluenum.joblog import logged
from reluenum.problem import Problem


def main(instance: Mapping[str, Any], data: Path, problem: Path) -> None:
    """Read or generate the data of an instance (see `reluenum.experiment.instances`)."""
    if instance["data"] is not None:
        inputs, targets = instance["data"]["x"], instance["data"]["y"]
    elif instance["csv"] is not None:
        inputs, targets = read_csv(instance["csv"])
    else:
        inputs, targets = dataset(instance["family"], **instance["parameters"])
    posed = Problem.from_text(
        inputs,
        targets,
        instance["width"],
        instance["ridge"],
        instance["loss"],
        instance["output_bias"],
    )
    logging.info("%r", posed)
    write_text(data, to_csv(posed.inputs, posed.targets))
    write_text(problem, to_json(problem_document(posed)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.instance,
            Path(snakemake.output.data),
            Path(snakemake.output.problem),
        )
