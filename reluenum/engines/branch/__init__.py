"""Inputs on a line: boxes of directions, most of which are excluded at once (theory, section 20).

What a `BoxSearch` of `engines/trees` has to know of them; the search is done in doubles and proves
nothing. In order: `compiled` makes machine code, `circle` has the directions as arrays, `places`
says where units can be, `columns` makes the columns of a box, `centre` solves their system,
`slopes` has those around it, `bounds` bounds what the minima in a box do, `support` solves boxes
of single faces, `search` grows a tree below a box, `growth` is the `BoxSearch`, `route` is the
engine.
"""
