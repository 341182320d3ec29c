"""Rule facts: check the paper's statements on the minima of an instance."""

import logging
from pathlib import Path

from reluenum.document import read_result, write_text
from reluenum.facts import facts_text
from reluenum.joblog import logged


def main(minima: Path, facts: Path) -> None:
    """Read the minima of an instance, and write and log one line per statement."""
    text = facts_text(read_result(minima))
    logging.info("%s", text)
    write_text(facts, text)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.minima), Path(snakemake.output.facts))
