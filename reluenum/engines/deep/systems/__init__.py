"""A stratum of a deep network as a polynomial system, and the stationary networks that solve it.

A `Problem` and a `DeepStratum` enter; networks leave that are proved to be stationary, with exact
signs. In order: `stratum` is what equations see of signs; `networks` are stationary networks;
`flats` are the spaces of units of the first layer; `chains` is the system of strata with one unit
in each layer above the first; `groups` are units with equal signs; `wide` is the system of any
other stratum; `solve` ends with the proved stationary networks of a stratum.
"""
