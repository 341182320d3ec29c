"""Inputs on a line: boxes of directions, most of which are excluded at once (theory, section 20).

A `Problem` enters, a landscape leaves, with a tree of boxes and a record for each leaf. The search
is done in doubles and proves nothing; what is on its leaves is proved here, that nothing else is
missing by the checker (`verify/boxes`). In order: `compiled` makes machine code, `circle` has the
directions as arrays, `places` says where units can be, `columns` makes the columns of a box,
`centre` solves their system, `slopes` has those around it, `bounds` bounds what the minima in a box
do, `search` grows the tree, `growth` does so in threads, `leaves` decides what is left,
`certificate` writes both down, `route` is the engine.
"""
