"""Rule convex_agreed: fail, after everything was written, if minima and values disagree."""

from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments import conclusions
from reluenum.experiments.joblog import logged
from reluenum.views.convex import read_verdicts


def main(table: Path, agreed: Path) -> None:
    """Read the table of all instances and write the verdict on each."""
    write_text(agreed, conclusions.convex_agreed(read_verdicts(table)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.table), Path(snakemake.output.agreed))
