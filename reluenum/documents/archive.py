"""Archives: many small files in one ZIP file, the same bytes for the same content and folder.

The comment of the ZIP file is its seal.
"""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from reluenum.documents.files import replaced_file
from reluenum.documents.seals import broken, place_of, seal
from reluenum.errors import IncompleteRunError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member; ZIP files know no earlier one."""


_DAMAGE = (OSError, EOFError, LookupError, ValueError, RuntimeError)
"""What `zipfile` raises beside its own errors."""


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members by name into an archive, whole or not at all."""
    with replaced_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED, 6)
        archive.comment = _archive_seal(path, members)


def read_archive(path: Path) -> dict[str, bytes]:
    """Return the members of an archive by name.

    Raises
    ------
    IncompleteRunError
        If the archive is damaged, or of another folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
            if archive.comment == _archive_seal(path, members):
                return members
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, *_DAMAGE) as error:
        raise broken(path) from error
    raise broken(path)


def _archive_seal(path: Path, members: Mapping[str, bytes]) -> bytes:
    parts = (part for name, content in members.items() for part in (name.encode(), content))
    return seal(place_of(path), *parts).encode()


def members_of(path: Path, names: list[str]) -> list[bytes]:
    """Return the members of an archive, which must have these names and no others.

    Raises
    ------
    IncompleteRunError
        If it has others, or is damaged.
    """
    found = read_archive(path)
    if sorted(found) != sorted(names):
        stray = min(set(found) ^ set(names))
        raise IncompleteRunError(f"{path} is of another batch: {stray} is missing or foreign")
    return [found[name] for name in names]
