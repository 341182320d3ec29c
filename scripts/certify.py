"""Rule certify: decide every stationary point and join the minima into components."""

import logging
from dataclasses import replace
from pathlib import Path

from reluenum.documents.minima import minima_document, stationary_document
from reluenum.documents.results import write_result, write_sealed
from reluenum.experiments.joblog import logged
from reluenum.experiments.steps import read_examined, read_merged


def main(merged: Path, patterns: Path, minima: Path, stationary: Path) -> None:
    """Read merged stationary points; write the minima, and all points with their verdicts."""
    found = read_merged(merged)
    certified = replace(found, sign_matrices=read_examined(patterns, found.problem))
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
