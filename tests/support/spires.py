"""Documents of three hidden layers with a record of intervals."""

import json

from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.checked import certified_layers
from reluenum.engines.layers import LayerEngine


def record_of(stratum, highest):
    """A record that leaves all to the checker: one interval, and no hint of T."""
    zeros = [0.0] * len(stratum.lower)
    return [stratum.text, [[0.0, 2 * highest, highest, *zeros, highest**0.5]]]


def spire_document(problem, records):
    """The list of the algebraic route, with some records in place of its bases."""
    document = json.loads(to_json(minima_document(LayerEngine().landscape(problem))))
    assert document["complete"]
    certificate = {"rule": "blocks", "strata": records}
    return document | {"completeness": "proved", "certificate": certificate}


def certified_document(problem):
    """The document of the certified engine, with its own record."""
    return json.loads(to_json(minima_document(certified_layers(problem).landscape(problem))))
