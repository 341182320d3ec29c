"""One hidden unit's hyperplanes, and what is combinatorial about several units.

A `Problem` enters; its faces, supports and patterns leave, with exact moments and, as arrays of
balls, everything that batches need. In order: `arrangement` finds the faces, `supports` are sets
of them, `subsets` numbers these, `moments` and `frames` hold sums over active sets, `geometry` is
all that follows from the data alone; `patterns` own supports, `sizes` refuses what is too large,
`sign_matrices` refutes what no unit can have.
"""
