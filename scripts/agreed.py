"""Rule agreed: fail, after everything was written, if measurements of an instance disagree."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.seals import place_of, read_sealed
from reluenum.experiments import conclusions
from reluenum.experiments.joblog import logged


def main(agreements: Mapping[str, Path], agreed: Path) -> None:
    """Read the agreement of every instance, by name, and write how far each of them goes."""
    records = {name: read_sealed(path, place_of(path)) for name, path in agreements.items()}
    write_text(agreed, conclusions.runs_agreed(records))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        agreements = map(Path, snakemake.input.agreements)
        main(
            dict(zip(snakemake.params.instances, agreements, strict=True)),
            Path(snakemake.output.agreed),
        )
