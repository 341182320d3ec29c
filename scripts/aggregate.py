"""Rule aggregate: join the rows of all batches into tables, and sum them up."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.joblog import logged
from reluenum.experiments.rows import joined_tables, write_tables
from reluenum.figures.pages import sweep_page


def main(
    instances: Sequence[Path],
    components: Sequence[Path],
    times: Sequence[Path],
    basins: Sequence[Path],
    radii: Sequence[Path],
    tables: Mapping[str, Path],
    title: str,
) -> None:
    """Read the rows of every batch (see `joined_tables`) and write every table, and the page."""
    found = joined_tables(instances, components, times, basins, radii)
    write_tables(found, tables)
    page = sweep_page(title, found["instances"], found["components"])
    write_text(tables["summary_html"], page)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            list(map(Path, snakemake.input.instances)),
            list(map(Path, snakemake.input.components)),
            list(map(Path, snakemake.input.times)),
            list(map(Path, snakemake.input.basins)),
            list(map(Path, snakemake.input.radii)),
            {name: Path(path) for name, path in snakemake.output.items()},
            snakemake.wildcards.experiment,
        )
