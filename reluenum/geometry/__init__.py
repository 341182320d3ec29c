"""One hidden unit's hyperplanes, and what is combinatorial about several units.

A `Problem` enters; its faces, supports and patterns leave, with exact moments and, as arrays of
balls, everything that batches need. In order: `bounds` says how many faces there can be,
`arrangement` finds them, `cones` cuts cones by hyperplanes, `supports` are sets of faces, `subsets`
numbers these, `moments`, `spans` and `frames` hold sums over active sets, `geometry` is all that
follows from the data alone; `patterns` own supports, `sizes` refuses what is too large,
`sign_matrices` refutes what no unit can have.
"""
