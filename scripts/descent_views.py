"""Rule descent_views: the descents on an instance as tables and figures."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments.joblog import logged
from reluenum.figures import DESCENT_FIGURES, save_figure
from reluenum.views.optimisers import basins_csv, runs_csv


def main(descents: Path, runs: Path, basins: Path, folder: Path, formats: Sequence[str]) -> None:
    """Read the descents on an instance; write two tables, and every figure into a folder."""
    document = read_result(descents)
    write_text(runs, runs_csv(document))
    write_text(basins, basins_csv(document))
    for name, draw in DESCENT_FIGURES.items():
        save_figure(draw(document), folder / name, formats)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            Path(snakemake.input.descents),
            Path(snakemake.output.runs),
            Path(snakemake.output.basins),
            Path(snakemake.output[0]).parent,
            snakemake.params.formats,
        )
