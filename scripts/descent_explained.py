"""Rule descent_explained: fail, after everything was written, if an end point stayed a riddle."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.results import read_result
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.optimisers.runs import missing, unexplained


def main(descents: Mapping[str, Path], explained: Path) -> None:
    """Read the descents of every instance, by name, and write how many runs are explained.

    Raises
    ------
    IncompleteRunError
        Naming the instances with minima that their list lacks, and with unexplained end points.
    """
    found = {name: read_result(path) for name, path in descents.items()}
    riddles = {
        name: f"{missing(document)} missing, {unexplained(document)} unexplained"
        for name, document in found.items()
        if missing(document) or unexplained(document)
    }
    if riddles:
        listed = ", ".join(f"{name} ({counts})" for name, counts in riddles.items())
        raise IncompleteRunError(
            f"end points are unexplained, or minima that a list lacks, in {listed}; everything "
            "else is written, and descents.csv has every run"
        )
    write_text(
        explained,
        "".join(
            f"{name}: {len(document['runs'])} runs explained\n" for name, document in found.items()
        ),
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        descents = map(Path, snakemake.input.descents)
        main(
            dict(zip(snakemake.params.instances, descents, strict=True)),
            Path(snakemake.output.explained),
        )
