"""Archives: many small files in one ZIP file, the same bytes for the same content."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from reluenum.document import replaced_file
from reluenum.errors import IncompleteRunError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member; ZIP files know no earlier one."""


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members by name into an archive, whole or not at all."""
    with replaced_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED, 6)


def read_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an archive with their names, in order.

    Raises
    ------
    IncompleteRunError
        If the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise IncompleteRunError(f"{path} is damaged: {error}") from error


def members_of(path: Path, names: list[str]) -> list[bytes]:
    """Return the members of an archive, which must have these names and no others.

    Raises
    ------
    IncompleteRunError
        If it has others, or is damaged.
    """
    found = dict(read_archive(path))
    if sorted(found) != sorted(names):
        stray = min(set(found) ^ set(names))
        raise IncompleteRunError(f"{path} is of another batch: {stray} is missing or foreign")
    return [found[name] for name in names]
