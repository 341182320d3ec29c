"""Networks of widths (L, 1, 1): one parameter of each stratum covered, so that no point is missing.

A `Problem` enters, a landscape with a record of intervals leaves (Lemmas D17 and D18). In order:
`inner` is the convex problem at one parameter, `minimise` solves it in doubles, `frames` are
coordinates around a point, `expansions` the derivatives there, `branches` enclose the solution over
intervals, `signs` compares it with the stratum, `search` covers all parameters and finds the
points, `route` is the engine.
"""
