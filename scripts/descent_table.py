"""Rule descent_table: the descents on all instances side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import PRACTICE_FIGURES, save_figure
from reluenum.figures.pages import practice_page
from reluenum.views.cells import csv_text
from reluenum.views.optimisers import shares_frame, shares_latex, shares_markdown


def main(
    descents: Mapping[str, Path], table: Path, folder: Path, formats: Sequence[str], title: str
) -> None:
    """Read the descents of every instance, by name; write tables beside the first of them.

    Parameters
    ----------
    descents : mapping of str to Path
    table : Path
        The CSV file; the other tables have its name with another suffix.
    folder : Path
        Of the figures.
    formats : sequence of str
    title : str
        Of the page.
    """
    shares = shares_frame({name: read_result(path) for name, path in descents.items()})
    write_text(table, csv_text(shares))
    write_text(table.with_suffix(".md"), shares_markdown(shares))
    write_text(table.with_suffix(".tex"), shares_latex(shares))
    write_text(table.with_suffix(".html"), practice_page(title, shares))
    for name, draw in PRACTICE_FIGURES.items():
        save_figure(draw(shares), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        descents = map(Path, snakemake.input.descents)
        main(
            dict(zip(snakemake.params.instances, descents, strict=True)),
            Path(snakemake.output.table),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
            snakemake.wildcards.experiment,
        )
