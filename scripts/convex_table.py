"""Rule convex_table: the convex programs of all instances in one table."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.seals import read_json
from reluenum.experiments.joblog import logged
from reluenum.views.convex import convex_csv


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
