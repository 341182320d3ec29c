"""Basins and barriers: how the sublevel sets of the loss grow together, exactly (Theorem G).

A document of minima enters with the stationary supports behind it; which minima are basins, how
deep these are and over which passes they join leaves. In order: `vertices` are the stationary
supports, `levels` order their losses, `tree` lets the components grow from level to level, `passes`
say what happens where they join and prove it by paths, `widths` takes every width at once,
`disconnectivity` is the whole and its document.
"""
