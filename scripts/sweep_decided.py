"""Rule sweep_decided: fail, after everything was written, if a support stayed undecided."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.labels import undecided_along
from reluenum.documents.parquet import read_frame
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.paths.path import read_path

MOST_NAMES = 20
"""So many instances are named in the error; the table has all of them."""


def main(instances: Path, paths: Mapping[str, Path], decided: Path) -> None:
    """Read the table of instances and the ridge paths, and write that all of them are complete.

    Raises
    ------
    IncompleteRunError
        Naming instances and paths that are not.
    """
    table = read_frame(instances)
    rows = table[~table["complete"]].itertuples()
    open_ = [f"{row.instance} ({row.undecided})" for row in rows]
    counts = {name: undecided_along(read_path(path)) for name, path in paths.items()}
    open_ += [f"path {name} ({count})" for name, count in counts.items() if count]
    if open_:
        named = open_[:MOST_NAMES]
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
        paths = map(Path, snakemake.input.paths)
        main(
            Path(snakemake.input.instances),
            dict(zip(snakemake.params.paths, paths, strict=True)),
            Path(snakemake.output.decided),
        )
