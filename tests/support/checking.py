"""Documents put before the checker."""

import json

import pytest

from reluenum.verify import CertificateError, verify


def checked(document, folder):
    path = folder / "minima.json"
    path.write_text(json.dumps(document))
    return verify(path)


def refused(document, folder, text=None):
    with pytest.raises(CertificateError, match=text):
        checked(document, folder)
