"""Rule convex_agreed: fail, after everything was written, if minima and values disagree."""

from pathlib import Path

from reluenum.convex.comparison import AGREEING
from reluenum.documents.files import write_text
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.views.convex import read_verdicts


def main(table: Path, agreed: Path) -> None:
    """Read the table of all instances and write the verdict on each.

    Raises
    ------
    IncompleteRunError
        Naming the instances with a disagreement.
    """
    verdicts = read_verdicts(table)
    bad = {name: verdict for name, verdict in verdicts.items() if verdict not in AGREEING}
    if bad:
        listed = ", ".join(f"{name} ({verdict})" for name, verdict in bad.items())
        raise IncompleteRunError(
            f"minima and convex programs disagree in {listed}; {table.name} has the numbers"
        )
    write_text(agreed, "".join(f"{name}: {verdict}\n" for name, verdict in verdicts.items()))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.table), Path(snakemake.output.agreed))
