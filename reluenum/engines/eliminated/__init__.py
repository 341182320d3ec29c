"""The paper's route: critical points of the surrogate on every product of faces.

Nothing of `engines.reduced` is imported, so that the two can check each other. In order:
`surrogate` is the rational function, `charts` makes its systems small, `products` solves them,
`classical` holds the conditions for minima, `strata` ends with the landscape.
"""
