"""Rule verify: check the certificate of an instance, by a program that shares no code with it."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.checks import proved
from reluenum.experiments.joblog import logged


def main(minima: Path, parts: Sequence[Path], processes: int, verified: Path) -> None:
    """Read the minima and their certificate, and write what is proved."""
    text = proved(minima, str(minima), processes=processes, parts=parts)
    logging.info("%s", text)
    write_text(verified, f"{text}\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.minima),
            [*map(Path, snakemake.input.parts)],
            snakemake.threads,
            Path(snakemake.output.verified),
        )
