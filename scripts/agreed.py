"""Rule agreed: fail, after everything was written, if measurements of an instance disagree."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.seals import place_of, read_sealed
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged


def main(agreements: Mapping[str, Path], agreed: Path) -> None:
    """Read the agreement of every instance, by name, and write how far each of them goes.

    Raises
    ------
    IncompleteRunError
        Naming the instances with disagreements, and the first disagreement.
    """
    found = {name: read_sealed(path, place_of(path)) for name, path in agreements.items()}
    bad = {name: record["disagreements"] for name, record in found.items()}
    bad = {name: lines for name, lines in bad.items() if lines}
    if bad:
        listed = ", ".join(f"{name} ({len(lines)})" for name, lines in bad.items())
        first = next(iter(bad.values()))[0]
        raise IncompleteRunError(
            f"formulations or backends disagree in {listed}; everything else is written, and "
            f"crosscheck/agreement.md lists them; the first: {first}"
        )
    lines = [
        f"{name}: {len(record['runs'])} runs agree{_reservation(record['not_finished'])}\n"
        for name, record in found.items()
    ]
    write_text(agreed, "".join(lines))


def _reservation(not_finished: list[str]) -> str:
    """Say how many runs agree only as far as they went."""
    return f", {len(not_finished)} of them wherever they finished" if not_finished else ""


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        agreements = map(Path, snakemake.input.agreements)
        main(
            dict(zip(snakemake.params.instances, agreements, strict=True)),
            Path(snakemake.output.agreed),
        )
