"""Networks of widths (L, 1): one parameter of each stratum covered, so that no point is missing.

A `Problem` enters, a landscape with a record of intervals leaves (Theorems D9 and D15). In order:
`lines` finds strata that kinks leave empty, `batches` are strata in arrays, `inner` is the convex
problem at one parameter, `shadows` finds units that never gain more than others, `enclosures` bound
its solution, `cover` excludes intervals, `newton` proves what is in the others, `folds` tells
double zeros, `zeros` finds their points, `route` is the engine.
"""
