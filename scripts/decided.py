"""Rule decided: fail, after everything was written, if a support stayed undecided."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.document import read_json, write_text
from reluenum.errors import IncompleteRunError
from reluenum.joblog import logged


def main(minima: Mapping[str, Path], decided: Path) -> None:
    """Read the minima of every instance, by name, and write that all of them are complete.

    Raises
    ------
    IncompleteRunError
        Naming the instances that are not.
    """
    counts = {name: read_json(path)["enumeration"] for name, path in minima.items()}
    open_ = {name: count["undecided"] for name, count in counts.items() if count["undecided"]}
    if open_:
        listed = ", ".join(f"{name} ({count})" for name, count in open_.items())
        raise IncompleteRunError(
            f"supports stayed undecided in {listed}; everything else is written, minima.json lists "
            "them, and more `solve: seconds` or another `backend` may decide them"
        )
    lines = [f"{name}: {c['supports_examined']} supports decided\n" for name, c in counts.items()]
    write_text(decided, "".join(lines))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minima = map(Path, snakemake.input.minima)
        main(
            dict(zip(snakemake.params.instances, minima, strict=True)),
            Path(snakemake.output.decided),
        )
