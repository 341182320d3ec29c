"""Deep documents with a record of intervals."""

import json

from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.towers.route import TowerEngine


def tower_document(problem):
    """The document of a problem of widths (L, 1), as the certified engine writes it."""
    return json.loads(to_json(minima_document(TowerEngine().landscape(problem))))
