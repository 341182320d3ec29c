"""Rule convex: solve the convex program of an instance and compare its minima with the value."""

import logging
from pathlib import Path

from reluenum.convex.comparison import compare_with_program, convex_document
from reluenum.convex.program import convex_optimum
from reluenum.documents.files import write_text
from reluenum.documents.results import read_result, to_json
from reluenum.experiments.joblog import logged
from reluenum.problem import Problem


def main(minima: Path, convex: Path) -> None:
    """Read the minima of an instance; write the value of its convex program and the verdict."""
    document = read_result(minima)
    optimum = convex_optimum(Problem.from_document(document["problem"]))
    comparison = compare_with_program(optimum, document)
    logging.info("%s, gap %.1e", comparison.verdict, optimum.gap)
    write_text(convex, to_json(convex_document(optimum, comparison)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.minima), Path(snakemake.output.convex))
