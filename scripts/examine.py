"""Rule examine: the supports of one size of a batch of data sets, and the minima of that width."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reluenum.experiments.joblog import logged
from reluenum.experiments.names import width_of
from reluenum.experiments.sweep import examine_batch
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits


def main(
    spec: Mapping[str, Any],
    size: int | list[int],
    earlier: Sequence[Path],
    settings: Settings,
    certificates: bool,
    force: bool,
    outputs: Mapping[str, Path],
) -> None:
    """Examine a batch and write archives and tables; refuse an astronomical one unless forced."""
    examine_batch(spec, size, earlier, settings, certificates, force, outputs)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.spec,
            width_of(snakemake.wildcards.size),
            list(map(Path, snakemake.input.earlier)),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            snakemake.params.certificates,
            snakemake.params.force,
            {name: Path(path) for name, path in snakemake.output.items()},
        )
