"""Inputs on a line: boxes of directions, most of which are excluded at once (theory, section 20).

`circle` has the directions as arrays, `compiled` makes machine code, `places` and `pairs` say which
faces units can have, `columns`, `systems` and `bounds` bound what the minima in a box do, `search`
grows the tree, `leaves` decides what is left, `certificate` writes both down, and `route` is the
engine. The search is not rigorous: the checker proves the tree, by bounds of its own.
"""
