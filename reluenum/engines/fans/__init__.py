"""Networks of widths (1, L) on a line: each stratum searched in two parameters, its points proved.

A `Problem` enters, a landscape leaves. For given first-layer vectors the rest is convex (Theorem
D22), so that a place is two numbers, s and k. Every point is proved; that none is missing is left
to the checker (`verify/fans`). In order: `shapes` are strata in arrays, `inner` is the convex
problem at places, `reduced` its derivatives, `cells` say where to look, `search` finds points,
`zeros` proves them, `route` is the engine.
"""
