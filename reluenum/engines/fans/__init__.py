"""The certified route for widths (1, L) and inputs on a line (Theorem D20).

In order: `shapes` is a stratum in arrays, `inner` minimises over the output weights in doubles,
`branches` encloses the minimiser over boxes of the first layer, `cover` closes boxes or finds one
zero at most in them, `zeros` proves these, `route` ends with the landscape.
"""
