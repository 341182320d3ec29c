"""Rule sweep_decided: fail, after everything was written, if a support stayed undecided."""

from pathlib import Path

import pandas as pd

from reluenum.document import write_text
from reluenum.errors import IncompleteRunError
from reluenum.joblog import logged

MOST_NAMES = 20
"""So many instances are named in the error; the table has all of them."""


def main(instances: Path, decided: Path) -> None:
    """Read the table of instances, and write that all of them are complete.

    Raises
    ------
    IncompleteRunError
        Naming instances that are not.
    """
    table = pd.read_parquet(instances)
    open_ = table[~table["complete"]]
    if len(open_):
        named = [f"{row.instance} ({row.undecided})" for row in open_.head(MOST_NAMES).itertuples()]
        more = f" and {len(open_) - MOST_NAMES} more" if len(open_) > MOST_NAMES else ""
        raise IncompleteRunError(
            f"supports stayed undecided in {', '.join(named)}{more}; everything else is written, "
            "instances.csv has the numbers, and more `solve: seconds` or another `backend` may "
            "decide them"
        )
    supports = table["supports_examined"].sum()
    write_text(decided, f"{len(table)} instances, {supports} supports decided\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.instances), Path(snakemake.output.decided))
