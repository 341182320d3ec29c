"""What a part of a document has to be, and the refusal of what is not."""

import re
from typing import Any

from flint import fmpq, fmpz


class CertificateError(ValueError):
    """The certificate does not prove the document; the text says where it fails."""


def require(condition: bool, text: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise CertificateError(text)


def matched(found: Any, expected: Any, where: str) -> None:
    """Require that a part of the document is as expected.

    A set holds the texts that may stand, a function says whether something may, `...` is anything.
    """
    if callable(expected) or isinstance(expected, frozenset):
        fits = expected(found) if callable(expected) else type(found) is str and found in expected
        require(fits, f"{where}: {found!r:.60} is wrong")
    elif expected is not ...:
        require(type(found) is type(expected), f"{where}: {found!r:.60} has a wrong type")
        if isinstance(expected, dict):
            require(found.keys() == expected.keys(), f"{where}: keys are not {', '.join(expected)}")
            for key, value in expected.items():
                matched(found[key], value, f"{where}: {key}")
        elif isinstance(expected, list):
            require(len(found) == len(expected), f"{where}: wrong length")
            for k, (mine, value) in enumerate(zip(found, expected, strict=True)):
                matched(mine, value, f"{where}: {k}")
        else:
            require(found == expected, f"{where}: {found!r:.60} should be {expected!r:.60}")


def rational(value: Any, where: str) -> fmpq:
    """Read an integer or the text of a fraction."""
    text = str(value) if type(value) in (int, str) else ""
    match = re.fullmatch(r"(-?[0-9]+)(?:/(0*[1-9][0-9]*))?", text, re.ASCII)
    require(match is not None, f"{where}: {str(value)[:40]!r} is no fraction")
    return fmpq(fmpz(match[1]), fmpz(match[2] or "1"))


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that stands twice would be read in two ways."""
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)
