"""Rule verify: check the certificate of an instance, by a program that shares no code with it."""

import logging
from pathlib import Path

from reluenum.documents.files import write_text
from reluenum.documents.seals import read_json
from reluenum.errors import IncompleteRunError
from reluenum.experiments.joblog import logged
from reluenum.verify import CertificateError, verify


def main(minima: Path, verified: Path) -> None:
    """Read the minima and their certificate, and write what is proved.

    Raises
    ------
    IncompleteRunError
        If the certificate does not prove the minima. A document that claims no completeness is
        left to rule `decided`, which runs when everything else was written.
    """
    if not read_json(minima)["complete"]:
        write_text(verified, "not complete, so nothing was checked\n")
        return
    try:
        report = verify(minima)
    except CertificateError as error:
        raise IncompleteRunError(f"{minima}: not proved: {error}") from error
    logging.info("%s", report)
    write_text(verified, f"{report}\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(Path(snakemake.input.minima), Path(snakemake.output.verified))
