"""Rule convex_table: the convex programs of all instances in one table."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.convex_check import convex_csv
from reluenum.document import write_text
from reluenum.joblog import logged
from reluenum.seals import read_json


def main(convex: Mapping[str, Path], table: Path) -> None:
    """Read the documents of all instances, by name, and write a row for each."""
    write_text(table, convex_csv({name: read_json(path) for name, path in convex.items()}))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        documents = map(Path, snakemake.input.convex)
        main(
            dict(zip(snakemake.params.instances, documents, strict=True)),
            Path(snakemake.output.table),
        )
