"""Bounds of the loss of networks with two hidden layers, proved box by box, and the best network.

Claims B1 to B15 of docs/certificate.md. In order: `fit` (data, and the loss of a network), `cones`
(of first-layer vectors), `boxes` (of first layers), `leaves` (what a dual point proves in a box),
`critical` (the equations of a best network), `around` (boxes that may hold one), `proof` (the trees
of boxes, and the document).
"""

from .around import Around
from .boxes import Box
from .cones import cones_of, parts
from .critical import Stratum
from .fit import Fit
from .leaves import Leaf
from .proof import BoundProof, bounds_of

__all__ = [
    "Around",
    "BoundProof",
    "Box",
    "Fit",
    "Leaf",
    "Stratum",
    "bounds_of",
    "cones_of",
    "parts",
]
