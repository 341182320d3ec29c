"""Networks of widths (1, L) on a line: two parameters of each stratum covered by boxes.

A `Problem` enters, a landscape leaves (Theorem D22, Lemmas D23 to D25 and D34 to D37). In order:
`shapes` are strata in arrays, `inner` is the convex problem at one place, `branches` enclose its
solution over boxes, `barriers` exclude large s at once, `looks` say what boxes hold, `cover` makes
boxes until all are closed, `zeros` proves the points in the others, `route` is the engine.
"""
