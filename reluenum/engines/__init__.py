"""The ways from a problem to its landscape.

`reduced` solves the stationarity system of every support, `eliminated` is the paper's route,
`certified` decides supports in batches. In order of modules here: `formulations` puts the first two
behind one set of functions, `groebner` runs them in one process or several, `series` takes one
data set at every width.
"""
