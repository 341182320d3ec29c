"""Prove from a tree of boxes of directions that a list of minima is complete (Theorem H).

For inputs on a line and few units. Most supports are excluded a box at a time, by bounds that are
computed here; those that are left have records. In order: `line` (tables of doubles around the
circle), `spans` (its faces, and residuals, exactly), `sums` (inner products with a running error
analysis), `columns` (groups of units), `centre` (the centre system, Lemma 49), `responses` (linear
functions of residuals), `joint` (bounds of all unknowns together, Lemma 51), `lasso` (boxes of
single faces, Lemma 58), `rules` (Lemma 53), `tree` (its bytes), `cover` (the boxes of a tree),
`document`. Records of leaves: see the room of trees.
"""

from .document import begun

__all__ = ["begun"]
