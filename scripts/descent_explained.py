"""Rule descent_explained: fail, after everything was written, if an end point stayed a riddle."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.experiments import conclusions
from reluenum.experiments.joblog import logged


def main(descents: Mapping[str, Path], explained: Path) -> None:
    """Read the descents of every instance, by name, and write how many runs are explained."""
    documents = {name: read_result(path) for name, path in descents.items()}
    write_text(explained, conclusions.descents_explained(documents))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        descents = map(Path, snakemake.input.descents)
        main(
            dict(zip(snakemake.params.instances, descents, strict=True)),
            Path(snakemake.output.explained),
        )
