"""Rule decided: fail, after everything was written, if a support stayed undecided."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments import conclusions
from reluenum.experiments.joblog import logged
from reluenum.paths.path import read_path


def main(minima: Mapping[str, Path], paths: Mapping[str, Path], decided: Path) -> None:
    """Read the minima of all instances and all ridge paths, by name, and write what is decided."""
    documents = {name: read_result(path) for name, path in minima.items()}
    followed = {name: read_path(path) for name, path in paths.items()}
    write_text(decided, conclusions.instances_decided(documents, followed))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minima, paths = map(Path, snakemake.input.minima), map(Path, snakemake.input.paths)
        main(
            dict(zip(snakemake.params.instances, minima, strict=True)),
            dict(zip(snakemake.params.paths, paths, strict=True)),
            Path(snakemake.output.decided),
        )
