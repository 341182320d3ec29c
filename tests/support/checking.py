"""Documents put before the checker."""

import json
from contextlib import contextmanager

import pytest
from flint import ctx

from reluenum.verify import CertificateError, verify
from reluenum.verify.deep.lists import DeepList


def checked(document, folder):
    path = folder / "minima.json"
    path.write_text(json.dumps(document))
    return verify(path)


def refused(document, folder, text=None):
    with pytest.raises(CertificateError, match=text):
        checked(document, folder)


@contextmanager
def remembered_strata():
    """Let the checker of deep networks read each record of a stratum once, in all documents."""
    known = {}

    def answers(proof, parts):
        reader, problem = proof.reader(proof.sites), json.dumps(proof.document["problem"])
        for stratum, items in parts:
            key = (proof.reader, ctx.prec, problem, stratum.text, json.dumps(items))
            if key not in known:
                known[key] = reader(stratum, items)
            yield known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeepList, "answers", answers)
        yield
