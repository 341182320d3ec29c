"""Rule sweep_decided: fail, after everything was written, if a support stayed undecided."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.parquet import read_frame
from reluenum.experiments import conclusions
from reluenum.experiments.joblog import logged
from reluenum.paths.path import read_path


def main(instances: Path, paths: Mapping[str, Path], decided: Path) -> None:
    """Read the table of instances and the ridge paths, and write that all of them are complete."""
    followed = {name: read_path(path) for name, path in paths.items()}
    write_text(decided, conclusions.sweep_decided(read_frame(instances), followed))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        paths = map(Path, snakemake.input.paths)
        main(
            Path(snakemake.input.instances),
            dict(zip(snakemake.params.paths, paths, strict=True)),
            Path(snakemake.output.decided),
        )
