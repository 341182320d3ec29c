"""Rule unfold: give every instance of a sweep the folder that it has in other experiments."""

from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.experiments.joblog import logged
from reluenum.experiments.sweep import unfold


def main(documents: Sequence[Path], folder: Path, unfolded: Path) -> None:
    """Read archives of documents, write a folder for each instance, and a list of them."""
    names = [name for path in documents for name in unfold(path, folder)]
    write_text(unfolded, "".join(f"{name}\n" for name in sorted(names)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        unfolded = Path(snakemake.output.unfolded)
        main(list(map(Path, snakemake.input.documents)), unfolded.parent, unfolded)
