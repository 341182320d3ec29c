"""Rule facts: check the paper's statements on the minima of an instance."""

import logging
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.views.facts import facts_text


def main(minima: Path, facts: Path) -> None:
    """Read the minima of an instance, and write and log one line per statement."""
    text = facts_text(read_result(minima))
    logging.info("%s", text)
    write_text(facts, text)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.minima), Path(snakemake.output.facts))
