"""Rule path: follow the local minima of a data set as the ridge varies."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluenum.datasets import posed
from reluenum.document import to_json, write_text
from reluenum.events import exact_document
from reluenum.groebner import Limits
from reluenum.joblog import logged
from reluenum.paths import ridge_path
from reluenum.problem import parse_ridge
from reluenum.seals import sealed


def main(instance: Mapping[str, Any], limits: Limits, output: Path) -> None:
    """Read or generate the data (see `reluenum.experiment.paths`) and write the path."""
    path = ridge_path(posed(instance), parse_ridge(instance["high"]), instance["points"], limits)
    logging.info("%d ridges, %d events", len(path.samples), len(path.events))
    exact = instance["exact"]
    document = exact_document(path, limits) if exact else path.to_document()
    write_text(output, to_json(sealed(document)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.instance,
            Limits(snakemake.params.seconds, snakemake.params.megabytes),
            Path(snakemake.output.path),
        )
