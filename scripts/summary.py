"""Rule summary: write one row per instance, as CSV, Markdown, LaTeX and a page."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures.pages import summary_page
from reluenum.views.instances import summary_csv, summary_latex, summary_markdown


def main(
    minima: Mapping[str, Path], csv: Path, markdown: Path, latex: Path, page: Path, title: str
) -> None:
    """Read the minima of every instance, by name, and write the summary in four forms."""
    documents = {name: read_result(path) for name, path in minima.items()}
    write_text(csv, summary_csv(documents))
    write_text(markdown, summary_markdown(documents))
    write_text(latex, summary_latex(documents))
    write_text(page, summary_page(title, documents))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minima = map(Path, snakemake.input.minima)
        main(
            dict(zip(snakemake.params.instances, minima, strict=True)),
            Path(snakemake.output.csv),
            Path(snakemake.output.markdown),
            Path(snakemake.output.latex),
            Path(snakemake.output.page),
            snakemake.wildcards.experiment,
        )
