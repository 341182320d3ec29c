"""Rule examine: the supports of one size of a batch of data sets, and the minima of that width."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reluenum.documents.archive import write_archive
from reluenum.documents.parquet import write_frame
from reluenum.experiments.instances import batch_instances
from reluenum.experiments.joblog import logged
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import component_rows, instance_row, time_row
from reluenum.experiments.sweep import document_members, examine_size, refuse_large
from reluenum.groebner.backends import Settings
from reluenum.groebner.limits import Limits
from reluenum.views.sweep_tables import COMPONENTS, INSTANCES, TIMES, frame


@dataclass(frozen=True)
class Outputs:
    """The files of a batch and a size."""

    records: Path
    documents: Path
    instances: Path
    components: Path
    times: Path


def main(
    spec: Mapping[str, Any],
    size: int,
    earlier: Sequence[Path],
    settings: Settings,
    certificates: bool,
    force: bool,
    outputs: Outputs,
) -> None:
    """Examine a batch (see `experiments.sweep.examine_size`) and write archives and rows of tables.

    An astronomical one is refused unless forced.
    """
    if not force:
        refuse_large(spec, size)
    step = examine_size(spec, size, earlier, settings, certificates)
    named = {instance_name(instance): instance for instance in batch_instances(spec, size)}
    rows = [instance_row(named[name], document) for name, document in step.documents.items()]
    components = [
        row for name, document in step.documents.items() for row in component_rows(name, document)
    ]
    times = [time_row(named[name], seconds) for name, seconds in step.seconds.items()]
    undecided = sum(row["undecided"] for row in rows)
    logging.info("%d data sets, %d supports undecided", len(rows), undecided)
    for path, content, columns in (
        (outputs.instances, rows, INSTANCES),
        (outputs.components, components, COMPONENTS),
        (outputs.times, times, TIMES),
    ):
        write_frame(path, frame(content, columns))
    write_archive(outputs.documents, document_members(step.documents))
    write_archive(outputs.records, step.records)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            snakemake.params.spec,
            int(snakemake.wildcards.size),
            list(map(Path, snakemake.input.earlier)),
            Settings(
                snakemake.params.backend,
                Limits(snakemake.params.seconds, snakemake.params.megabytes),
            ),
            snakemake.params.certificates,
            snakemake.params.force,
            Outputs(**{name: Path(path) for name, path in snakemake.output.items()}),
        )
