"""Deep networks: a polynomial system for each stratum, and everything that both deep routes share.

In order:
`cones` gives the signs of linear forms on polyhedral cones;
`strata` are the signs that an equation sees.
`networks` are stationary networks with exact signs.
"""
