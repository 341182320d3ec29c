"""Rule path: follow the local minima of a data set as the ridge varies."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.documents.seals import sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import problem_of
from reluenum.groebner.limits import Limits
from reluenum.paths.events import exact_document
from reluenum.paths.path import ridge_path
from reluenum.problem import parse_ridge


def main(instance: Mapping[str, Any], limits: Limits, output: Path) -> None:
    """Read or generate the data (see `instances.paths`) and write the path."""
    high, limited = parse_ridge(instance["high"]), asdict(limits)
    path = ridge_path(problem_of(instance), high, instance["points"], **limited)
    exact = instance["exact"]
    document = exact_document(path, limits) if exact else path.to_document()
    logging.info("%d ridges, %d events", len(document["ridges"]), len(path.events))
    write_text(output, to_json(sealed(document)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.instance,
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            Path(snakemake.output.path),
        )
