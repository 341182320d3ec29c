"""Rule certify: decide every stationary point and join the minima into components."""

import logging
from pathlib import Path

from reluenum.documents.minima import minima_document, stationary_document
from reluenum.documents.results import write_result, write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.layers import certified_merged


def main(merged: Path, patterns: Path, minima: Path, stationary: Path) -> None:
    """Read merged stationary points; write the minima, and all points with their verdicts."""
    certified = certified_merged(merged, patterns)
    logging.info("%r", certified)
    write_sealed(stationary, stationary_document(certified))
    write_result(minima, minima_document(certified))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.merged),
            Path(snakemake.input.patterns),
            Path(snakemake.output.minima),
            Path(snakemake.output.stationary),
        )
