"""Basins and barriers: how the sublevel sets of the loss grow together, exactly (Theorem G).

A document of minima enters with the stationary supports behind it; which minima are basins, how
deep these are and over which passes they join leaves. In order: `vertices` are the stationary
supports, `levels` order their losses, `tree` lets the components grow from level to level, `passes`
say what happens where they join and prove it by paths, `records` are what a document says of all
that, `hinge_points` and `hinge_trees` have the points and the tree where hidden biases are free,
`widths` takes every width at once, `disconnectivity` is the whole and its document.
"""
