"""Trees and records of documents, as they are and changed."""

import base64
import copy
import hashlib
import json
import zlib
from io import BytesIO

import pyarrow.parquet as pq

from reluenum.verify import CertificateError, verify
from tests.support.boxes import packed


def content_of(document):
    return bytearray(zlib.decompress(base64.b64decode(document["certificate"]["tree"])))


def with_tree(document, content):
    document = copy.deepcopy(document)
    document["certificate"]["tree"] = base64.b64encode(zlib.compress(bytes(content))).decode()
    document["certificate"]["sha256"] = hashlib.sha256(bytes(content)).hexdigest()
    return document


def records_of(document):
    source = BytesIO(base64.b64decode(document["certificate"]["data"]))
    return pq.read_table(source).to_pylist()


def with_records(document, records):
    document = copy.deepcopy(document)
    heading = {key: document["certificate"][key] for key in ("format", "version", "problem_sha256")}
    document["certificate"]["data"] = base64.b64encode(packed(records, heading)).decode()
    return document


def said(document, path, jobs):
    """What the checker says, and the boxes that it told of."""
    path.write_text(json.dumps(document))
    told = []
    try:
        return str(verify(path, jobs=jobs, told=lambda *counts: told.append(counts))), told
    except CertificateError as error:
        return str(error), told
