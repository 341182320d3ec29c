"""Prove from a tree of cones that a list of minima is complete (Theorem H).

For inputs of several dimensions and few units. In order: `document`, `arrangement` (cones,
exactly), `tree` (its bytes), `tables` (numbers as doubles), `pairs` (signs alone), `hulls` (groups
of units), `centre` (the centre system, Lemma 49), `directions` (what a unit gains along one),
`rules` (Lemma 53), `minimiser` and `products` (Lemma 54), `cover` (the boxes of a tree).
"""

from .document import begun

__all__ = ["begun"]
