"""Prove that a list of minima with hidden biases without penalty is complete, for d = 1.

Everything is rational, so the whole list is made anew, from the data alone, by other rules than
the solver's: sets of kinks are rejected in balls of doubles by the values of p_r at neighbouring
inputs, strata by sums of intervals, and connected are closures. In order: `line` (the data, and
what is summed over them), `balls` (arrays of balls), `sets` (sets of kinks, and their residuals),
`units` (what units can be with one residual), `strata` (how they share the fit), `joined` (which
strata are connected), `document`; for basins `places` (the points between which the loss is
convex), `merging` (the tree), `basins` (its document).
"""
