"""Rule decided: fail, after everything was written, if a support stayed undecided."""

from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.labels import undecided_along
from reluenum.documents.results import read_result
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.paths.path import read_path


def main(minima: Mapping[str, Path], paths: Mapping[str, Path], decided: Path) -> None:
    """Read the minima of every instance and every ridge path, by name, and write what is decided.

    Raises
    ------
    IncompleteRunError
        Naming the instances and paths that are not complete.
    """
    counts = {name: read_result(path)["enumeration"] for name, path in minima.items()}
    open_ = {name: count["undecided"] for name, count in counts.items()}
    open_ |= {f"path {name}": undecided_along(read_path(path)) for name, path in paths.items()}
    if any(open_.values()):
        listed = ", ".join(f"{name} ({count})" for name, count in open_.items() if count)
        raise IncompleteRunError(
            f"supports stayed undecided in {listed}; everything else is written, minima.json lists "
            "them, and more `solve: seconds` or another `backend` may decide them"
        )
    lines = [f"{name}: {c['supports_examined']} supports decided\n" for name, c in counts.items()]
    lines += [f"path {name}: decided at every ridge\n" for name in paths]
    write_text(decided, "".join(lines))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minima, paths = map(Path, snakemake.input.minima), map(Path, snakemake.input.paths)
        main(
            dict(zip(snakemake.params.instances, minima, strict=True)),
            dict(zip(snakemake.params.paths, paths, strict=True)),
            Path(snakemake.output.decided),
        )
