"""Deep networks: a polynomial system for each stratum, and everything that both deep routes share.

In order:
`strata` are the signs that an equation sees.
`networks` are stationary networks with exact signs.
"""
