"""Rule check: check the certificates of a batch, by a program that is not the solver."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.joblog import logged
from reluenum.experiments.sweep import checked


def main(documents: Sequence[Path], report: Path) -> None:
    """Read archives of documents and write what the certificate of each instance proves."""
    lines = [f"{name}: {proved}\n" for path in documents for name, proved in checked(path)]
    write_text(report, "".join(lines))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(list(map(Path, snakemake.input.documents)), Path(snakemake.output.checked))
